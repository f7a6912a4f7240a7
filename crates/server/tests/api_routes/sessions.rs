//! Sessions: lists, and one with its traces.

use llmtrace_model::{SpanRecord, Status, TraceId};
use serde_json::{Value, json};

use crate::world::{app, changed, get, record, stores_of};

/// The `n`th exchange, of a session and a tenant.
fn span(n: u16, session: Option<&str>, tenant: &str) -> SpanRecord {
    changed(n, |record| {
        record.span.session_id = session.map(str::to_owned);
        record.span.tenant_id = tenant.parse().unwrap();
    })
}

fn ids(list: &Value, name: &str) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_session_adds_up_all_its_spans_whatever_matches() {
    let records = vec![
        span(0, Some("chat"), "a"),
        changed(9, |record| {
            *record = span(9, Some("chat"), "a");
            record.span.status = Status::Error;
            record.span.agent_id = Some("agent-0".into());
            record.span.response_model = Some("other".into());
        }),
        changed(15, |record| {
            *record = span(15, Some("chat"), "a");
            (record.span.user_id, record.span.usage, record.span.cost) = (None, None, None);
        }),
        span(16, None, "a"),
        span(17, Some("later"), "a"),
    ];
    let expected = json!({
        "session_id": "chat", "tenant_id": "a", "started_at": "2025-10-09T08:53:20.000000Z",
        "last_started_at": "2025-10-09T08:53:35.000000Z", "duration_ms": 15_120.0, "spans": 3, "traces": 2, "errors": 1,
        "models": ["gpt-4o-2024-08-06", "other"], "agent_ids": ["agent-0", "agent-1"], "user_ids": ["user-1"],
        "total_tokens": 44, "cost_usd": "0.0005",
    });
    let (stores, _folder) = stores_of(records).await;
    for store in stores {
        let app = app(store);
        let all = get(&app, "/api/v1/sessions").await.json();
        assert_eq!(ids(&all, "session_id"), ["later", "chat"]);
        assert_eq!(all["items"][1], expected);
        assert_eq!((&all["next"], &all["text_index"]), (&Value::Null, &Value::Null));
        let some = get(&app, "/api/v1/sessions?status=error").await.json();
        assert_eq!(some["items"], json!([expected]));

        let one = get(&app, "/api/v1/sessions/chat").await.json();
        let [own, of_list] = [&one, &expected].map(|value| {
            let mut value = value.clone();
            value.as_object_mut().unwrap().remove("traces");
            value
        });
        assert_eq!(own, of_list, "the detail says the same as the list");
        let traces = [record(15), record(0)].map(|r| r.span.trace_id.to_string());
        assert_eq!(ids(&one["traces"], "trace_id"), traces, "newest first");
        assert_eq!(one["traces"]["items"][1]["span_count"], 2);
    }
}

#[tokio::test]
async fn the_traces_of_a_session_come_in_pages() {
    let records = (0..7)
        .map(|n| changed(n, |record| record.span.trace_id = TraceId::new([u8::try_from(n).unwrap() + 1; 16]).unwrap()));
    let (stores, _folder) = stores_of(records.collect()).await;
    for store in stores {
        let app = app(store);
        let (mut seen, mut uri) = (Vec::new(), "/api/v1/sessions/session-1?limit=3".to_owned());
        loop {
            let one = get(&app, &uri).await.json();
            assert_eq!(one["spans"], 7, "every page says what the whole session adds up to");
            seen.extend(ids(&one["traces"], "trace_id"));
            let Some(next) = one["traces"]["next"].as_str() else { break };
            uri = format!("/api/v1/sessions/session-1?limit=3&after={next}");
        }
        let expected: Vec<String> = (1..=7).rev().map(|n: u8| TraceId::new([n; 16]).unwrap().to_string()).collect();
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn any_text_can_be_the_name_of_a_session() {
    let names = [
        "a/b",
        "a b",
        "ü→🦀",
        "100%",
        "a+b",
        "?x=1#y",
        "..%2f",
        "'; DROP TABLE spans;--",
        "a&b=c",
        "\"",
        &"x".repeat(1024),
    ];
    let records = names.iter().zip(0..).map(|(name, n)| span(n, Some(name), "a"));
    let (stores, _folder) = stores_of(records.collect()).await;
    for store in stores {
        let app = app(store);
        for name in names {
            let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let one = get(&app, &format!("/api/v1/sessions/{encoded}")).await;
            assert_eq!((one.status.as_u16(), &one.json()["session_id"]), (200, &json!(name)));
            assert_eq!(one.json()["traces"]["items"].as_array().map(Vec::len), Some(1), "{name}");
        }
        let long = get(&app, &format!("/api/v1/sessions/{}", "x".repeat(1025))).await;
        assert_eq!((long.status.as_u16(), &long.json()["parameter"]), (400, &json!("session_id")));
        let broken = get(&app, "/api/v1/sessions/%ff").await;
        assert_eq!((broken.status.as_u16(), &broken.json()["parameter"]), (400, &json!("session_id")));
    }
}

#[tokio::test]
async fn a_name_that_several_tenants_use_needs_a_tenant() {
    let records = vec![span(0, Some("chat"), "b"), span(20, Some("chat"), "a"), span(40, Some("own"), "a")];
    let (stores, _folder) = stores_of(records).await;
    for store in stores {
        let app = app(store);
        let refused = get(&app, "/api/v1/sessions/chat").await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.json()["parameter"], "tenant_id");
        assert_eq!(refused.json()["expected"], "one of the tenants that have this session: a, b");
        for tenant in ["a", "b"] {
            let one = get(&app, &format!("/api/v1/sessions/chat?tenant_id={tenant}")).await.json();
            assert_eq!((&one["tenant_id"], &one["spans"]), (&json!(tenant), &json!(1)));
        }
        assert_eq!(get(&app, "/api/v1/sessions/own").await.json()["tenant_id"], "a");
        for missing in ["own?tenant_id=b", "chat?tenant_id=c", "nobody"] {
            let answer = get(&app, &format!("/api/v1/sessions/{missing}")).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["type"]),
                (404, &json!("urn:llmtrace:problem:not-found"))
            );
        }
    }
}
