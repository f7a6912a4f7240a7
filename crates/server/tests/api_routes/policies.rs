//! Drafts of policies, held against what is stored: of whom, how much of it, and what is answered.

use axum::http::Method;
use llmtrace_model::{Content, Message, Part, Role, SpanRecord, Timestamp};
use llmtrace_server::tenancy::Token;
use llmtrace_store::{Options, open_meta};
use serde_json::{Value, json};

use crate::world::{Answer, House, START, changed, record, stores_of};

const URI: &str = "/api/v1/policies/evaluate";

/// An access key of nobody: letters of its alphabet in their order on the keyboard.
fn key() -> String {
    ["AKIA", "Q2W3E4R5T6Y7UIOP"].concat()
}

/// The `n`th exchange, of a tenant, in which this was said.
fn said(n: u16, tenant: &str, text: &str) -> SpanRecord {
    changed(n, |record| {
        record.span.tenant_id = tenant.parse().unwrap();
        let parts = vec![Part::Text { content: text.to_owned() }];
        let content = record.content.as_mut().unwrap();
        content.input_messages = vec![Message { role: Role::User, name: None, parts, finish_reason: None }];
    })
}

/// Two tenants, with and without something to find; what they need lives as long as the test keeps it.
async fn house() -> (House, tempfile::TempDir) {
    let bare = changed(4, |record| {
        record.span.tenant_id = "a".parse().unwrap();
        record.content = None;
    });
    let records = vec![
        said(1, "a", &format!("it opens with {}", key())),
        said(2, "a", "good morning"),
        said(3, "b", &key()),
        bare,
        changed(5, |record| record.content = Some(Content::default())),
    ];
    let (mut spans, folder) = stores_of(records).await;
    let meta = open_meta("storage.meta", "memory:", &Options::default()).await.unwrap();
    (House::with(spans.swap_remove(1), meta, &Token::mint().unwrap()).await, folder)
}

async fn evaluate(house: &House, who: &str, body: Value) -> Answer {
    house.ask(Some(who), Method::POST, URI, &[], &body).await
}

async fn operator(house: &House, tenant: &str) -> String {
    house.key(tenant, "operator").await["key"].as_str().unwrap().to_owned()
}

fn block() -> Value {
    json!({"rules": [{"kinds": ["secret"], "channels": ["user"], "action": "block"}]})
}

#[tokio::test]
async fn a_draft_says_what_it_would_change_of_ones_own_and_shows_no_text() {
    let (house, _folder) = house().await;
    let of_a = operator(&house, "a").await;
    let answer = evaluate(&house, &of_a, json!({"policy": block()})).await;
    let found = answer.json();
    assert_eq!(answer.status, 200, "{found}");
    assert_eq!((&found["looked_at"], &found["without_content"], &found["late"]), (&json!(3), &json!(1), &json!(0)));
    assert_eq!(found["is_whole"], true);
    assert_eq!(found["now"], json!({"nothing": 1, "observe": 0, "flag": 1, "redact": 0, "block": 0}));
    assert_eq!(found["then"], json!({"nothing": 1, "observe": 0, "flag": 0, "redact": 0, "block": 1}));
    let [one] = found["changed"].as_array().unwrap().as_slice() else { panic!("{found}") };
    assert_eq!(one["span_id"], record(1).span.span_id.to_string());
    assert_eq!((&one["tenant_id"], &one["now"], &one["then"]), (&json!("a"), &json!("flag"), &json!("block")));
    let finding = &one["findings"][0];
    assert_eq!((&finding["kind"], &finding["channel"]), (&json!("secret"), &json!("user")), "{finding}");
    assert!(!found.to_string().contains(&key()), "{found}");

    let all = evaluate(&house, house.admin.expose(), json!({"policy": block()})).await.json();
    assert_eq!((&all["looked_at"], &all["then"]["block"]), (&json!(5), &json!(2)), "{all}");
    let changed: Vec<_> = all["changed"].as_array().unwrap().iter().map(|it| it["tenant_id"].clone()).collect();
    assert_eq!(changed, ["b", "a"], "newest first");
}

#[tokio::test]
async fn a_draft_is_held_against_what_the_tenant_has_set() {
    let (house, _folder) = house().await;
    let of_a = operator(&house, "a").await;
    let settings = json!({"capture_content": null, "capture_raw": null, "guard": block()});
    let with = [("if-match", "*")];
    let put = house.ask(Some(house.admin.expose()), Method::PUT, "/api/v1/tenants/a/settings", &with, &settings).await;
    assert_eq!(put.status, 200, "{:?}", put.json());
    let same = evaluate(&house, &of_a, json!({"policy": block()})).await.json();
    assert_eq!((&same["now"], &same["changed"]), (&same["then"], &json!([])), "{same}");
    let shadow = json!({"mode": "shadow", "rules": block()["rules"]});
    let shadow = evaluate(&house, &of_a, json!({"policy": shadow})).await.json();
    assert_eq!((&shadow["now"]["block"], &shadow["then"]["flag"]), (&json!(1), &json!(1)), "{shadow}");
    let gone = evaluate(&house, &of_a, json!({"policy": {"allow": [{"text": key()}]}})).await.json();
    assert_eq!(gone["changed"][0]["findings"][0]["then"], "flag", "the installation allows nothing: {gone}");
}

#[tokio::test]
async fn spans_are_named_or_taken_from_a_time_and_those_of_others_are_left_out() {
    let (house, _folder) = house().await;
    let of_a = operator(&house, "a").await;
    let id = |n: u16| record(n).span.span_id.to_string();
    for (ids, looked_at, changed) in [
        (vec![id(1)], 1, 1),
        (vec![id(2), id(1)], 2, 1),
        (vec![id(3)], 0, 0),
        (vec![id(3), id(1), id(9)], 1, 1),
        (vec!["1".repeat(16)], 0, 0),
    ] {
        let found = evaluate(&house, &of_a, json!({"policy": block(), "span_ids": ids})).await.json();
        let told = (&found["looked_at"], found["changed"].as_array().unwrap().len());
        assert_eq!(told, (&json!(looked_at), changed), "{ids:?}: {found}");
    }
    let at = |n: i64| Timestamp::from_unix_us(START + n * 1_000_000).to_string();
    for (since, until, looked_at) in [(Some(2), None, 2), (None, Some(2), 1), (Some(2), Some(2), 0), (None, None, 3)] {
        let body = json!({"policy": {}, "since": since.map(at), "until": until.map(at)});
        let found = evaluate(&house, &of_a, body).await.json();
        assert_eq!(found["looked_at"], looked_at, "{since:?} {until:?}: {found}");
    }
    let newest = evaluate(&house, &of_a, json!({"policy": {}, "limit": 1})).await.json();
    assert_eq!((&newest["looked_at"], &newest["without_content"]), (&json!(1), &json!(1)), "{newest}");
}

#[tokio::test]
async fn what_is_no_question_is_refused_with_its_place() {
    let (house, _folder) = house().await;
    let of_a = operator(&house, "a").await;
    let many: Vec<_> = (0..101).map(|n| format!("{:016x}", n + 1)).collect();
    for (body, place) in [
        (json!({"policy": {"rules": [{"action": "explode"}]}}), "policy.rules[0].action"),
        (json!({"policy": {}, "limit": 0}), "limit"),
        (json!({"policy": {}, "limit": 1001}), "limit"),
        (json!({"policy": {}, "span_ids": []}), "span_ids"),
        (json!({"policy": {}, "span_ids": many}), "span_ids"),
        (json!({"policy": {}, "span_ids": ["x"]}), "span_ids[0]"),
        (json!({"policy": {}, "since": "yesterday"}), "since"),
        (json!({"policy": null}), "policy"),
    ] {
        let answer = evaluate(&house, &of_a, body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["parameter"]),
            (400, &json!(place)),
            "{body}: {:?}",
            answer.json()
        );
    }
    assert_eq!(evaluate(&house, &of_a, json!({})).await.status, 400);
    let viewer = house.key("a", "viewer").await["key"].as_str().unwrap().to_owned();
    assert_eq!(evaluate(&house, &viewer, json!({"policy": {}})).await.status, 403);
}
