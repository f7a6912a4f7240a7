//! What leaves a line in the log, and what stands in it.

use std::sync::Arc;

use llmtrace_model::Actor;
use llmtrace_server::api::{Access, router};
use serde_json::{Value, json};

use super::house::{Audited, PEER};
use crate::world::{FickleMeta, Mood, api, events, get, houses, record, stores_of};

/// Everything that is done in one test, as `METHOD URI`, with the body, and the line it leaves: action, target, outcome.
struct Done {
    who: &'static str,
    what: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Value,
    status: u16,
    line: (&'static str, String, &'static str),
}

fn done(who: &'static str, what: &str, status: u16, action: &'static str, target: &str) -> Done {
    let outcome = match status {
        200..300 => "done",
        403 => "refused",
        _ => "failed",
    };
    let line = (action, target.to_owned(), outcome);
    Done { who, what: what.to_owned(), headers: Vec::new(), body: Value::Null, status, line }
}

impl Done {
    fn with(self, body: Value) -> Self {
        Self { body, ..self }
    }

    fn if_match(self, tag: &'static str) -> Self {
        Self { headers: vec![("if-match", tag)], ..self }
    }
}

/// Does it, and returns the one line that it left.
async fn line_of(house: &Audited, done: &Done) -> Value {
    house.settle().await;
    let before = house.log("root", "?limit=500").await.len();
    let (method, uri) = done.what.split_once(' ').unwrap();
    let answer = house.ask(done.who, method, uri, &done.headers, &done.body).await;
    assert_eq!(answer.status.as_u16(), done.status, "{}: {:?}", done.what, answer.body);
    let mut log = house.log("root", "?limit=500").await;
    assert_eq!(log.len(), before + 1, "{} leaves one line", done.what);
    log.swap_remove(0)
}

async fn assert_leaves_its_line(house: &Audited, done: Done) -> Value {
    let line = line_of(house, &done).await;
    let (action, target, outcome) = &done.line;
    let found = (&line["action"], &line["target"], &line["outcome"]);
    assert_eq!(found, (&json!(action), &json!(target), &json!(outcome)), "{}", done.what);
    assert_eq!(line["actor"], json!({ "kind": "key", "id": house.id(done.who) }), "{}", done.what);
    assert_eq!(line["client_address"], PEER, "{}", done.what);
    line
}

#[tokio::test]
async fn a_read_of_content_leaves_one_line() {
    let houses = houses().await;
    let span = record(0).span;
    let (trace, one) = (span.trace_id.to_string(), span.span_id.to_string());
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        for read in [
            done("viewer of a", &format!("GET /api/v1/traces/{trace}"), 200, "traces.read", &trace),
            done("viewer of a", &format!("GET /api/v1/spans/{one}"), 200, "spans.read", &one),
            done("viewer of a", &format!("HEAD /api/v1/spans/{one}"), 200, "spans.read", &one),
            done("viewer of a", &format!("GET /api/v1/spans/{one}/raw"), 404, "raw.read", &one),
            done("viewer of a", "GET /api/v1/sessions/chat%20of%20a", 200, "sessions.read", "chat of a"),
            done("operator of a", "GET /api/v1/export?model=gpt-4o", 200, "spans.export", "model=gpt-4o"),
            done("admin of a", "GET /api/v1/audit/chain?after=1", 200, "audit.export", "after=1"),
            done("the settings", "GET /api/v1/export?tenant_id=a", 200, "spans.export", "tenant_id=a"),
            done("viewer of a", "GET /api/v1/spans/00000000000000ff", 404, "spans.read", "00000000000000ff"),
            done("viewer of a", "GET /api/v1/spans/x", 400, "spans.read", "x"),
        ] {
            let line = assert_leaves_its_line(&house, read).await;
            assert_eq!(line["tenant_id"], "a");
            assert_eq!((&line["before"], &line["after"]), (&Value::Null, &Value::Null));
        }
        let whole = line_of(&house, &done("root", "GET /api/v1/export", 200, "spans.export", "")).await;
        assert_eq!(whole["tenant_id"], Value::Null, "what is of all tenants stands in the chain of the installation");
    }
}

#[tokio::test]
async fn what_is_a_tenants_own_stands_in_its_chain_also_where_nobody_names_the_tenant() {
    let houses = houses().await;
    let span = record(0).span;
    let (trace, one, exchange) = (span.trace_id.to_string(), span.span_id.to_string(), span.exchange_id.to_string());
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        let body = json!({ "name": "of a", "page": "traces", "query": {} });
        let view =
            line_of(&house, &done("operator of a", "POST /api/v1/views", 201, "views.create", "").with(body)).await;
        let view = view["target"].as_str().unwrap().to_owned();
        let person = json!({ "name": "ada", "display": "", "role": "viewer" });
        let made = done("admin of a", "POST /api/v1/accounts", 201, "accounts.create", "").with(person);
        let account = line_of(&house, &made).await["target"].as_str().unwrap().to_owned();
        let key = house.id("viewer of a");
        for it in [
            done("root", &format!("GET /api/v1/spans/{one}"), 200, "spans.read", &one),
            done("root", &format!("GET /api/v1/spans/{one}/raw"), 404, "raw.read", &one),
            done("root", &format!("GET /api/v1/spans/{exchange}/raw"), 404, "raw.read", &exchange),
            done("root", "GET /api/v1/sessions/chat%20of%20a", 200, "sessions.read", "chat of a"),
            done("root", &format!("DELETE /api/v1/views/{view}"), 204, "views.delete", &view).if_match("*"),
            done("root", &format!("POST /api/v1/accounts/{account}/logout"), 204, "accounts.logout", &account),
            done("root", &format!("DELETE /api/v1/keys/{key}"), 200, "keys.revoke", &key),
        ] {
            assert_eq!(assert_leaves_its_line(&house, it).await["tenant_id"], "a");
        }
        // Its spans are of two tenants.
        let both = done("root", &format!("GET /api/v1/traces/{trace}"), 200, "traces.read", &trace);
        assert_eq!(assert_leaves_its_line(&house, both).await["tenant_id"], Value::Null);
    }
}

#[tokio::test]
async fn what_shows_no_content_and_the_log_itself_are_read_without_a_line() {
    let houses = houses().await;
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        for path in ["spans", "traces", "sessions", "stats", "users", "info", "tenants", "views", "erasures", "audit"] {
            assert_eq!(house.get("admin of a", &format!("/api/v1/{path}")).await.status, 200, "{path}");
        }
        assert_eq!(house.log("root", "").await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_change_of_a_view_leaves_what_it_was_and_what_it_is() {
    let houses = houses().await;
    let body = |name: &str| json!({ "name": name, "page": "traces", "query": { "model": "gpt-4o" } });
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        let who = "operator of a";
        let made = line_of(&house, &done(who, "POST /api/v1/views", 201, "", "").with(body("mine"))).await;
        let id = made["target"].as_str().unwrap().to_owned();
        assert_eq!(
            (&made["action"], &made["before"], &made["outcome"]),
            (&json!("views.create"), &json!(null), &json!("done"))
        );
        assert_eq!((&made["after"]["view_id"], &made["after"]["name"]), (&json!(id), &json!("mine")));
        assert_eq!(made["tenant_id"], "a");

        let at = |method: &str| format!("{method} /api/v1/views/{id}");
        let change = done(who, &at("PUT"), 200, "views.change", &id).with(body("ours")).if_match("\"1\"");
        let changed = assert_leaves_its_line(&house, change).await;
        assert_eq!((&changed["before"]["name"], &changed["after"]["name"]), (&json!("mine"), &json!("ours")));
        assert_eq!(changed["before"], made["after"]);

        for failed in [
            done(who, &at("PUT"), 412, "views.change", &id).with(body("late")).if_match("\"1\""),
            done(who, &at("PUT"), 428, "views.change", &id).with(body("bare")),
            done(who, &at("PUT"), 400, "views.change", &id).with(json!({ "name": 1 })).if_match("\"2\""),
            done("viewer of a", &at("PUT"), 403, "views.change", &id).with(body("low")).if_match("\"2\""),
            done("admin of b", &at("DELETE"), 404, "views.delete", &id).if_match("\"2\""),
        ] {
            let line = assert_leaves_its_line(&house, failed).await;
            assert_eq!((&line["before"], &line["after"]), (&Value::Null, &Value::Null));
        }
        let gone =
            assert_leaves_its_line(&house, done(who, &at("DELETE"), 204, "views.delete", &id).if_match("\"2\"")).await;
        assert_eq!((&gone["before"], &gone["after"]), (&changed["after"], &Value::Null));
    }
}

#[tokio::test]
async fn a_change_of_retention_leaves_what_applied_and_what_applies() {
    let houses = houses().await;
    let of = |days: [u32; 2], source: &str| json!({ "tenant_id": "a", "content_days": days[0], "span_days": days[1], "source": source });
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        let uri = "/api/v1/tenants/a/retention";
        let put = done("admin of a", &format!("PUT {uri}"), 200, "retention.change", "a");
        let line = assert_leaves_its_line(&house, put.with(json!({ "content_days": 7, "span_days": 9 }))).await;
        assert_eq!((&line["before"], &line["after"]), (&of([30, 90], "setting"), &of([7, 9], "tenant")));
        let delete = done("root", &format!("DELETE {uri}"), 204, "retention.delete", "a");
        let line = assert_leaves_its_line(&house, delete).await;
        assert_eq!((&line["before"], &line["after"]), (&of([7, 9], "tenant"), &of([30, 90], "setting")));

        let refused = done("operator of a", &format!("DELETE {uri}"), 403, "retention.delete", "a");
        assert_eq!(assert_leaves_its_line(&house, refused).await["tenant_id"], "a");
        let foreign = done("admin of b", &format!("DELETE {uri}"), 404, "retention.delete", "a");
        let line = assert_leaves_its_line(&house, foreign).await;
        assert_eq!(line["tenant_id"], "b", "whoever reaches for another tenant stands in the chain of their own");
    }
}

#[tokio::test]
async fn an_erasure_and_a_deleted_tenant_leave_what_was_asked_for() {
    let houses = houses().await;
    let trace = record(0).span.trace_id.to_string();
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        let body = json!({ "subject": "user", "subject_id": "alice" });
        let made = line_of(&house, &done("admin of a", "POST /api/v1/erasures", 202, "", "").with(body)).await;
        assert_eq!((&made["action"], &made["target"]), (&json!("erasures.create"), &made["after"]["erasure_id"]));
        assert_eq!((&made["after"]["subject_id"], &made["after"]["tenant_id"]), (&json!("alice"), &json!("a")));
        let of_trace = done("admin of a", &format!("DELETE /api/v1/traces/{trace}"), 202, "traces.erase", &trace);
        assert_eq!(assert_leaves_its_line(&house, of_trace).await["after"]["subject"], "trace");
        let low = done("viewer of a", &format!("DELETE /api/v1/traces/{trace}"), 403, "traces.erase", &trace);
        assert_leaves_its_line(&house, low).await;
        let everything = done("root", "POST /api/v1/erasures", 400, "erasures.create", "");
        assert_leaves_its_line(&house, everything.with(json!({ "subject": "everything" }))).await;

        let seen = (["a".parse().unwrap()], llmtrace_model::Timestamp::from_unix_us(crate::world::START));
        house.meta.touch_tenants(&seen.0.map(|tenant| (tenant, seen.1))).await.unwrap();
        let not_theirs = done("admin of a", "DELETE /api/v1/tenants/a", 403, "tenants.delete", "a");
        assert_leaves_its_line(&house, not_theirs).await;
        let gone =
            assert_leaves_its_line(&house, done("root", "DELETE /api/v1/tenants/a", 202, "tenants.delete", "a")).await;
        assert_eq!(gone["before"]["tenant"]["first_seen"], "2025-10-09T08:53:20.000000Z");
        assert_eq!((&gone["before"]["retention"], &gone["before"]["saved_views"]), (&Value::Null, &json!(0)));
        assert_eq!(gone["after"]["erasure"]["subject"], "everything");
        let left = house.log("root", "?tenant_id=a").await;
        assert_eq!((left.len(), &left[0]["action"]), (5, &json!("tenants.delete")), "its chain stays");
    }
}

#[tokio::test]
async fn a_flood_of_refusals_is_a_few_lines() {
    let houses = houses().await;
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        for n in 0..300 {
            let key = format!("llmt_{n:043}");
            assert!(matches!(house.get(&key, "/api/v1/spans").await.status.as_u16(), 401 | 429));
        }
        for _ in 0..100 {
            assert_eq!(house.get("llmt_short", "/api/v1/export").await.status, 401);
        }
        let log = house.log("root", "?action=access.").await;
        assert!(log.len() <= 3, "{log:?}");
        let times: u64 = log.iter().map(|line| line["after"]["times"].as_u64().unwrap()).sum();
        assert_eq!(times, 400, "{log:?}");
        for line in &log {
            assert_eq!((&line["outcome"], &line["client_address"]), (&json!("refused"), &json!(PEER)));
            assert_eq!((&line["tenant_id"], &line["actor"]["kind"]), (&Value::Null, &json!("anonymous")));
        }
        assert_eq!(house.log("root", "").await.len(), log.len(), "nothing else was written");
    }
}

#[tokio::test]
async fn the_address_is_the_one_that_a_trusted_proxy_names() {
    let houses = houses().await;
    let span = record(0).span.span_id;
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        let from = [("x-forwarded-for", "198.51.100.7")];
        assert_eq!(
            house.ask("viewer of a", "GET", &format!("/api/v1/spans/{span}"), &from, &Value::Null).await.status,
            200
        );
        assert_eq!(house.log("root", "").await[0]["client_address"], "198.51.100.7");
    }
}

#[tokio::test]
async fn a_key_in_the_wrong_place_is_kept_out_of_the_log() {
    let houses = houses().await;
    let key = format!("llmt_{:043}", 7);
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        for wrong in [
            done("admin of a", &format!("DELETE /api/v1/keys/{key}"), 400, "keys.revoke", "***"),
            done("admin of a", &format!("GET /api/v1/sessions/x%20{key}"), 404, "sessions.read", "***"),
            done("operator of a", &format!("GET /api/v1/export?key={key}"), 400, "spans.export", "***"),
        ] {
            let line = assert_leaves_its_line(&house, wrong).await;
            assert!(!line.to_string().contains(&key));
        }
    }
}

#[tokio::test]
async fn content_is_not_read_out_where_the_log_takes_no_more() {
    let meta = FickleMeta::new(Mood::Hangs);
    let (spans, _folder) = stores_of(vec![record(0)]).await;
    let api = api(Arc::clone(&spans[0]), meta, events(), Arc::new(Access::default()));
    let app = router(api.clone());
    let one = format!("/api/v1/spans/{}", record(0).span.span_id);
    assert_eq!(get(&app, &one).await.status, 200, "what can wait is read");
    let trail = api.tenancy.trail();
    for _ in 0..2 {
        while trail.note(api.tenancy.entry(Actor::System, None, "tests.run")).is_ok() {}
        // What writes the log takes a batch, and is stuck with it.
        tokio::task::yield_now().await;
    }
    let refused = get(&app, &one).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "1"));
    assert_eq!(refused.json()["type"], "urn:llmtrace:problem:log-full");
    assert!(!String::from_utf8_lossy(&refused.body).contains("question 0"), "nothing of it is told");
    assert_eq!(get(&app, "/api/v1/spans").await.status, 200, "what leaves no line goes on");
    assert!(api.events.metrics().render().contains("llmtrace_notices_total{event=\"audit_full\"} 3"));
}
