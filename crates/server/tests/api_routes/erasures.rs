//! Erasures, tenants that are deleted, rules of retention: what is asked for is written down, strictly, and told back.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Method, Request},
};
use http_body_util::BodyExt;
use llmtrace_model::{Erased, ErasureId, TenantScope, Timestamp};
use llmtrace_server::api::{Access, router};
use llmtrace_store::{CarriedOut, ErrorKind, MetaStore, Options, open_meta};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::world::{Answer, FickleMeta, Mood, NOW, api, events, get, stores};

const ERASURES: &str = "/api/v1/erasures";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const ID: &str = "7d444840-9dc0-41d1-b245-5ffdce74fad2";

/// The router over each engine's meta store, beside that store.
async fn apps() -> (Vec<(Router, Arc<dyn MetaStore>)>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("meta.db").display());
    let mut apps = Vec::new();
    for url in ["memory:", &sqlite] {
        let meta = open_meta("storage.meta", url, &Options::default()).await.unwrap();
        apps.push((app(Arc::clone(&meta)).await, meta));
    }
    (apps, folder)
}

async fn app(meta: Arc<dyn MetaStore>) -> Router {
    let spans = stores().await.0.swap_remove(0);
    router(api(spans, meta, events(), Arc::new(Access::default())))
}

/// Sends with a body where there is one, and these headers.
async fn send(app: &Router, method: Method, uri: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::builder().method(method).uri(uri).header("host", "localhost:8080");
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    Answer { status: head.status, headers: head.headers, body: body.collect().await.unwrap().to_bytes() }
}

async fn post(app: &Router, uri: &str, body: &Value) -> Answer {
    send(app, Method::POST, uri, &[], &body.to_string()).await
}

async fn put(app: &Router, uri: &str, body: &Value) -> Answer {
    send(app, Method::PUT, uri, &[], &body.to_string()).await
}

async fn delete(app: &Router, uri: &str) -> Answer {
    send(app, Method::DELETE, uri, &[], "").await
}

fn is_problem(answer: &Answer, status: u16, kind: &str) {
    let found = answer.json()["type"].as_str().unwrap_or_default().replace("urn:llmtrace:problem:", "");
    assert_eq!((answer.status.as_u16(), found.as_str()), (status, kind), "{:?}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

async fn count(app: &Router, uri: &str) -> usize {
    get(app, uri).await.json()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_is_asked_for_is_written_down_and_its_receipt_told() {
    let (apps, _folder) = apps().await;
    for (app, meta) in apps {
        let made =
            post(&app, &format!("{ERASURES}?tenant_id=a"), &json!({ "subject": "user", "subject_id": "ü 4711" })).await;
        assert_eq!(made.status, 202, "{:?}", made.body);
        let id = made.json()["erasure_id"].as_str().unwrap().to_owned();
        let place = made.header("location").to_owned();
        assert_eq!(place, format!("{ERASURES}/{id}"));
        let asked = json!({
            "erasure_id": id, "tenant_id": "a", "subject": "user", "subject_id": "ü 4711", "state": "pending",
            "requested_at": "2026-11-01T00:00:00.000000Z", "done_at": null,
            "repeat_until": "2026-11-08T00:00:00.000000Z", "erased_spans": 0, "erased_contents": 0,
        });
        assert_eq!(made.json(), asked);
        assert_eq!(get(&app, &place).await.json(), asked);
        assert_eq!(get(&app, ERASURES).await.json(), json!({ "items": [asked] }));

        let erasure: ErasureId = id.parse().unwrap();
        let now = Timestamp::from_unix_us(NOW);
        for (due_at, state) in [(Some(now), "repeating"), (None, "done")] {
            let carried_out = CarriedOut { at: now, removed: Erased { spans: 2, contents: 1 }, due_at };
            meta.note_erased(erasure, &carried_out).await.unwrap();
            let receipt = get(&app, &place).await.json();
            assert_eq!((&receipt["state"], &receipt["done_at"]), (&json!(state), &asked["requested_at"]));
        }
        let receipt = get(&app, &place).await.json();
        assert_eq!((&receipt["erased_spans"], &receipt["erased_contents"]), (&json!(4), &json!(2)));
    }
}

#[tokio::test]
async fn every_subject_can_be_asked_for() {
    let (apps, _folder) = apps().await;
    for (app, _) in apps {
        for (subject, id, tenant) in [
            ("trace", json!(TRACE), Value::Null),
            ("span", json!("b7ad6b7169203331"), json!("a")),
            ("session", json!("s\u{0}1"), Value::Null),
            ("user", json!("x".repeat(1024)), json!("a")),
            ("everything", Value::Null, json!("a")),
        ] {
            let uri = tenant.as_str().map_or(ERASURES.to_owned(), |tenant| format!("{ERASURES}?tenant_id={tenant}"));
            let made = post(&app, &uri, &json!({ "subject": subject, "subject_id": id })).await;
            assert_eq!(made.status, 202, "{:?}", made.body);
            let receipt = get(&app, made.header("location")).await.json();
            let found = (&receipt["subject"], &receipt["subject_id"], &receipt["tenant_id"]);
            assert_eq!(found, (&json!(subject), &id, &tenant));
        }
        let of_trace = delete(&app, &format!("/api/v1/traces/{TRACE}?tenant_id=b")).await;
        assert_eq!(of_trace.status, 202, "there need not be such a trace");
        let receipt = get(&app, of_trace.header("location")).await.json();
        let found = (&receipt["subject"], &receipt["subject_id"], &receipt["tenant_id"]);
        assert_eq!(found, (&json!("trace"), &json!(TRACE), &json!("b")));
        assert_eq!(count(&app, ERASURES).await, 6);
    }
}

#[tokio::test]
async fn an_id_of_the_callers_choice_makes_one_erasure() {
    let (apps, _folder) = apps().await;
    for (app, _) in apps {
        let body = json!({ "subject": "session", "subject_id": "s", "erasure_id": ID });
        let first = post(&app, ERASURES, &body).await;
        let again = post(&app, ERASURES, &body).await;
        assert_eq!((again.status.as_u16(), again.json()), (202, first.json()));
        assert_eq!(first.header("location"), format!("{ERASURES}/{ID}"));
        let another = json!({ "subject": "session", "subject_id": "t", "erasure_id": ID });
        is_problem(&post(&app, ERASURES, &another).await, 409, "id-taken");
        let of_a = post(&app, &format!("{ERASURES}?tenant_id=a"), &body).await;
        is_problem(&of_a, 409, "id-taken");
        assert!(!String::from_utf8_lossy(&of_a.body).contains("session"), "nothing of the other is told");
        assert_eq!(count(&app, ERASURES).await, 1);
    }
}

#[tokio::test]
async fn an_erasure_of_one_tenant_does_not_exist_for_another() {
    let (apps, _folder) = apps().await;
    for (app, _) in apps {
        let body = json!({ "subject": "user", "subject_id": "u" });
        let mut places = Vec::new();
        for tenant in ["?tenant_id=a", "?tenant_id=b", ""] {
            places.push(post(&app, &format!("{ERASURES}{tenant}"), &body).await.header("location").to_owned());
        }
        assert_eq!(count(&app, &format!("{ERASURES}?tenant_id=a")).await, 1);
        assert_eq!(count(&app, ERASURES).await, 3);
        for (place, status) in places.iter().zip([200, 404, 404]) {
            assert_eq!(get(&app, &format!("{place}?tenant_id=a")).await.status, status);
            assert_eq!(get(&app, place).await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_body_is_strict_and_the_answer_names_what_is_wrong() {
    let (apps, _folder) = apps().await;
    let (app, _) = &apps[0];
    let with = |subject: &str, id: Value| json!({ "subject": subject, "subject_id": id }).to_string();
    for (sent, parameter, says) in [
        (json!({}).to_string(), "", "missing field `subject`"),
        (json!({ "subject": "agent", "subject_id": "x" }).to_string(), "subject", "unknown variant `agent`"),
        (json!({ "subject": "user" }).to_string(), "subject_id", "found nothing, expected 1 to 1024 characters"),
        (with("user", json!("")), "subject_id", "found \"\", expected 1 to 1024 characters"),
        (with("session", json!("ü".repeat(1025))), "subject_id", "expected 1 to 1024 characters"),
        (with("user", json!(7)), "subject_id", "invalid type"),
        (with("trace", json!("abc")), "subject_id", "found \"abc\", expected 32 hex digits, not all zero"),
        (with("trace", json!("0".repeat(32))), "subject_id", "32 hex digits, not all zero"),
        (with("span", json!(TRACE)), "subject_id", "expected 16 hex digits, not all zero"),
        (with("everything", json!("a")), "subject_id", "found \"a\", expected none"),
        (json!({ "subject": "user", "subject_id": "u", "erasure_id": "7" }).to_string(), "erasure_id", "UUID"),
        (json!({ "subject": "user", "subject_id": "u", "tenant_id": "a" }).to_string(), "tenant_id", "unknown field"),
        ("[]".to_owned(), "", "found an array, expected an object"),
    ] {
        let answer = send(app, Method::POST, &format!("{ERASURES}?tenant_id=a"), &[], &sent).await;
        is_problem(&answer, 400, "bad-body");
        let said = answer.json();
        assert!(said["detail"].as_str().unwrap().contains(says), "{sent}: {said}");
        assert_eq!(said["parameter"].as_str().unwrap_or_default(), parameter, "{sent}: {said}");
    }
    let of_all = post(app, ERASURES, &json!({ "subject": "everything" })).await;
    is_problem(&of_all, 400, "bad-parameter");
    assert_eq!(of_all.json()["parameter"], "tenant_id");
    assert_eq!(count(app, ERASURES).await, 0);
}

#[tokio::test]
async fn what_is_no_id_is_refused_by_name() {
    let (apps, _folder) = apps().await;
    let (app, _) = &apps[0];
    for (method, uri, name) in [
        (Method::GET, "/api/v1/erasures/7", "erasure_id"),
        (Method::DELETE, "/api/v1/traces/abc", "trace_id"),
        (Method::DELETE, "/api/v1/traces/00000000000000000000000000000000", "trace_id"),
        (Method::DELETE, "/api/v1/tenants/a%20b", "tenant_id"),
        (Method::GET, "/api/v1/tenants/-a/retention", "tenant_id"),
        (Method::DELETE, "/api/v1/tenants/%ff/retention", "tenant_id"),
    ] {
        let answer = send(app, method, uri, &[], "").await;
        is_problem(&answer, 400, "bad-parameter");
        assert_eq!(answer.json()["parameter"], name, "{uri}");
    }
    is_problem(&get(app, &format!("{ERASURES}/{ID}")).await, 404, "not-found");
    is_problem(&delete(app, "/api/v1/tenants/a?tenant_id=a").await, 400, "unknown-parameter");
    assert_eq!(count(app, ERASURES).await, 0);
}

#[tokio::test]
async fn a_deleted_tenant_leaves_its_receipts() {
    let (apps, _folder) = apps().await;
    for (app, meta) in apps {
        let now = Timestamp::from_unix_us(NOW);
        meta.touch_tenants(&[("a".parse().unwrap(), now), ("b".parse().unwrap(), now)]).await.unwrap();
        put(&app, "/api/v1/tenants/a/retention", &json!({ "content_days": 1, "span_days": 2 })).await;
        let view = json!({ "name": "v", "page": "traces", "query": {} });
        post(&app, "/api/v1/views?tenant_id=a", &view).await;
        post(&app, &format!("{ERASURES}?tenant_id=a"), &json!({ "subject": "user", "subject_id": "u" })).await;

        let as_b = send(&app, Method::DELETE, "/api/v1/tenants/a", &[("x-llmtrace-tenant-id", "b")], "").await;
        is_problem(&as_b, 404, "not-found");
        let deleted = send(&app, Method::DELETE, "/api/v1/tenants/a", &[("x-llmtrace-tenant-id", "a")], "").await;
        assert_eq!(deleted.status, 202, "{:?}", deleted.body);
        let receipt = get(&app, deleted.header("location")).await.json();
        assert_eq!((&receipt["subject"], &receipt["tenant_id"]), (&json!("everything"), &json!("a")));

        assert_eq!(count(&app, "/api/v1/tenants").await, 1);
        assert_eq!(count(&app, "/api/v1/views").await, 0);
        assert_eq!(get(&app, "/api/v1/tenants/a/retention").await.json()["source"], "setting");
        assert_eq!(count(&app, &format!("{ERASURES}?tenant_id=a")).await, 2, "receipts stay");
        assert_eq!(delete(&app, "/api/v1/tenants/never-seen").await.status, 202, "its spans may be on their way");
    }
}

#[tokio::test]
async fn a_tenants_own_rule_applies_until_it_is_taken_away() {
    let (apps, _folder) = apps().await;
    for (app, meta) in apps {
        let place = "/api/v1/tenants/a/retention";
        let rule = |content: Value, span: Value, source: &str| json!({ "tenant_id": "a", "content_days": content, "span_days": span, "source": source });
        assert_eq!(get(&app, place).await.json(), rule(json!(30), json!(90), "setting"));
        for (content, span) in [(json!(1), json!(36_500)), (Value::Null, json!(7)), (Value::Null, Value::Null)] {
            let set = put(&app, place, &json!({ "content_days": content, "span_days": span })).await;
            assert_eq!((set.status.as_u16(), set.json()), (200, rule(content, span, "tenant")));
            assert_eq!(get(&app, place).await.json(), set.json());
        }
        assert_eq!(get(&app, "/api/v1/tenants/b/retention").await.json()["source"], "setting");
        for _again in 0..2 {
            let removed = delete(&app, place).await;
            assert_eq!((removed.status.as_u16(), removed.body.len()), (204, 0));
        }
        assert_eq!(get(&app, place).await.json(), rule(json!(30), json!(90), "setting"));
        assert!(meta.retentions().await.unwrap().is_empty());
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let body = json!({ "content_days": 1, "span_days": 1 }).to_string();
            let body = if method == Method::PUT { body } else { String::new() };
            let as_b = send(&app, method, place, &[("x-llmtrace-tenant-id", "b")], &body).await;
            is_problem(&as_b, 404, "not-found");
        }
    }
}

#[tokio::test]
async fn a_rule_says_both_in_days_or_null() {
    let (apps, _folder) = apps().await;
    let (app, meta) = &apps[0];
    for (sent, says) in [
        (json!({ "content_days": 1 }), "missing field `span_days`"),
        (json!({ "span_days": 1 }), "missing field `content_days`"),
        (json!({ "content_days": 0, "span_days": 1 }), "found 0, expected 1 to 36500 days, or null for ever"),
        (json!({ "content_days": 1, "span_days": 36_501 }), "found 36501, expected 1 to 36500 days"),
        (json!({ "content_days": -1, "span_days": 1 }), "invalid value"),
        (json!({ "content_days": 1.5, "span_days": 1 }), "invalid type"),
        (json!({ "content_days": "forever", "span_days": 1 }), "invalid type"),
        (json!({ "content_days": 1, "span_days": 1, "days": 1 }), "unknown field `days`"),
        (json!([null, null]), "found an array, expected an object"),
    ] {
        let answer = put(app, "/api/v1/tenants/a/retention", &sent).await;
        is_problem(&answer, 400, "bad-body");
        assert!(answer.json()["detail"].as_str().unwrap().contains(says), "{sent}: {:?}", answer.body);
    }
    assert!(meta.retentions().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_web_page_of_another_origin_erases_nothing() {
    let (apps, _folder) = apps().await;
    let (app, meta) = &apps[0];
    let body = json!({ "subject": "user", "subject_id": "u" }).to_string();
    let rule = json!({ "content_days": 1, "span_days": 1 }).to_string();
    let trace = format!("/api/v1/traces/{TRACE}");
    for (method, uri, body) in [
        (Method::POST, ERASURES, body.as_str()),
        (Method::DELETE, &trace, ""),
        (Method::DELETE, "/api/v1/tenants/a", ""),
        (Method::PUT, "/api/v1/tenants/a/retention", &rule),
        (Method::DELETE, "/api/v1/tenants/a/retention", ""),
    ] {
        for origin in ["http://evil.example", "null", "http://localhost:9999"] {
            let answer = send(app, method.clone(), uri, &[("origin", origin)], body).await;
            is_problem(&answer, 403, "origin-refused");
        }
    }
    let plain = Request::post(ERASURES).header("host", "localhost").header("content-type", "text/plain");
    let response = app.clone().oneshot(plain.body(Body::from(body)).unwrap()).await.unwrap();
    assert_eq!(response.status(), 415, "what a form may send is not taken");
    assert!(meta.erasures(&TenantScope::All).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_store_that_is_away_is_a_503() {
    let app = app(FickleMeta::new(Mood::Fails(ErrorKind::Unavailable))).await;
    let rule = json!({ "content_days": 1, "span_days": 1 });
    for answer in [
        get(&app, ERASURES).await,
        get(&app, &format!("{ERASURES}/{ID}")).await,
        post(&app, ERASURES, &json!({ "subject": "user", "subject_id": "u" })).await,
        delete(&app, &format!("/api/v1/traces/{TRACE}")).await,
        delete(&app, "/api/v1/tenants/a").await,
        get(&app, "/api/v1/tenants/a/retention").await,
        put(&app, "/api/v1/tenants/a/retention", &rule).await,
        delete(&app, "/api/v1/tenants/a/retention").await,
    ] {
        is_problem(&answer, 503, "store-away");
    }
}
