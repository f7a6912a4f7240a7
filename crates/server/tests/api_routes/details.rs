//! One span and one trace, and the names that are promised.

use std::collections::BTreeSet;

use llmtrace_model::{Content, Part, Status};
use serde_json::{Value, json};

use crate::world::{app, changed, get, record, stores_of};

#[tokio::test]
async fn one_span_holds_every_promised_name() {
    let (stores, _folder) = stores_of(vec![record(0)]).await;
    let span = record(0).span;
    let expected = json!({
        "exchange_id": span.exchange_id.to_string(),
        "trace_id": span.trace_id.to_string(),
        "span_id": span.span_id.to_string(),
        "parent_span_id": "0909090909090909",
        "tenant_id": "default",
        "agent_id": "agent-1",
        "session_id": "session-1",
        "user_id": "user-1",
        "tags": ["blue"],
        "environment": "test",
        "release": "1.2.3",
        "client_address": "127.0.0.1",
        "source": "proxy",
        "operation": "chat",
        "provider": "openai",
        "dialect": "openai_chat",
        "upstream": "default",
        "method": "POST",
        "path": "/v1/chat/completions",
        "request_model": "gpt-4o",
        "response_model": "gpt-4o-2024-08-06",
        "params": { "temperature": 0.5 },
        "stream": true,
        "status": "ok",
        "http_status": 200,
        "end_reason": "complete",
        "error": null,
        "usage": {
            "input": 10, "cache_read": 5, "cache_write_5m": 0, "cache_write_1h": 0, "output": 7, "reasoning": 0,
            "audio_input": 0, "audio_output": 0, "image_input": 0, "image_output": 0, "audio_cache_read": 0,
            "image_cache_read": 0, "total": 22
        },
        "usage_source": "provider",
        "units": {},
        "cost_usd": "0.00025",
        "price_version": "2026-01",
        "started_at": "2025-10-09T08:53:20.000000Z",
        "connect_ms": 1.5,
        "time_to_first_byte_ms": 20.25,
        "time_to_first_token_ms": 30.001,
        "duration_ms": 120.0,
        "overhead_us": 42,
        "request_bytes": 100,
        "response_bytes": 2000,
        "finish_reasons": ["stop"],
        "response_id": "chatcmpl-0",
        "provider_request_id": "req-0",
        "rate_limits": { "x-ratelimit-remaining-requests": "99" },
        "findings": [],
        "coverage": {
            "request": { "seen": "whole", "reason": null },
            "response": { "seen": "whole", "reason": null },
            "not_read": [], "unknown": [], "not_priced": [], "analysis": "disabled", "not_analysed": [],
            "withheld": [], "policy": null
        },
        "version": 0,
        "system_instructions": [],
        "input_messages": [{ "role": "user", "parts": [{ "type": "text", "content": "question 0" }] }],
        "output_messages": [
            { "role": "assistant", "parts": [{ "type": "text", "content": "answer 0" }], "finish_reason": "stop" }
        ],
        "tool_definitions": [],
    });
    for store in stores {
        let app = app(store);
        for id in [span.span_id.to_string(), span.exchange_id.to_string()] {
            let answer = get(&app, &format!("/api/v1/spans/{id}")).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(answer.json(), expected);
        }
    }
}

#[tokio::test]
async fn what_is_not_known_is_null_and_never_absent() {
    let bare = changed(0, |r| {
        r.content = None;
        let s = &mut r.span;
        (s.parent_span_id, s.agent_id, s.session_id, s.user_id) = (None, None, None, None);
        (s.environment, s.release, s.client_address) = (None, None, None);
        (s.request_model, s.response_model, s.http_status) = (None, None, None);
        (s.usage, s.cost, s.price_version) = (None, None, None);
        (s.response_id, s.provider_request_id) = (None, None);
        (s.timing.connect_us, s.timing.first_byte_us, s.timing.first_token_us) = (None, None, None);
    });
    let id = bare.span.span_id;
    let (stores, _folder) = stores_of(vec![bare, record(1)]).await;
    for store in stores {
        let app = app(store);
        let (bare, full) = (
            get(&app, &format!("/api/v1/spans/{id}")).await.json(),
            get(&app, &format!("/api/v1/spans/{}", record(1).span.span_id)).await.json(),
        );
        let names = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(&bare), names(&full));
        let null: Vec<&String> =
            bare.as_object().unwrap().iter().filter(|(_, v)| v.is_null()).map(|(k, _)| k).collect();
        assert_eq!(null.len(), 23, "{null:?}");
    }
}

#[tokio::test]
async fn a_trace_adds_up_its_spans_oldest_first() {
    let records = (0..12).map(|n| {
        changed(n, |r| {
            if n == 3 {
                r.span.status = Status::Error;
                r.span.cost = None;
                r.span.usage = None;
                r.span.response_model = None;
                r.span.request_model = Some("another".into());
            }
        })
    });
    let (stores, _folder) = stores_of(records.collect()).await;
    let id = record(0).span.trace_id;
    for store in stores {
        let app = app(store);
        let mut trace = get(&app, &format!("/api/v1/traces/{id}")).await.json();
        let spans = trace.as_object_mut().unwrap().remove("spans").unwrap();
        let order: Vec<&str> = spans.as_array().unwrap().iter().map(|s| s["exchange_id"].as_str().unwrap()).collect();
        let expected: Vec<String> = (0..10).map(|n| record(n).span.exchange_id.to_string()).collect();
        assert_eq!(order, expected);
        assert_eq!(spans[4]["input_messages"][0]["parts"][0]["content"], "question 4");
        assert_eq!(trace.as_object_mut().unwrap().remove("truncated"), Some(Value::Bool(false)));
        let summary = json!({
            "trace_id": id.to_string(),
            "tenant_id": "default",
            "session_id": "session-1",
            "started_at": "2025-10-09T08:53:20.000000Z",
            "duration_ms": 9120.0,
            "span_count": 10,
            "error_count": 1,
            "models": ["another", "gpt-4o-2024-08-06"],
            "total_tokens": 198,
            "cost_usd": "0.00225",
        });
        assert_eq!(trace, summary);
        let listed = get(&app, &format!("/api/v1/traces?trace_id={id}")).await.json();
        assert_eq!(listed["items"], json!([summary]), "the list says the same as the detail");
    }
}

#[tokio::test]
async fn a_trace_of_more_than_a_thousand_spans_says_that_it_is_cut() {
    let id = record(0).span.trace_id;
    let records = (0..1005).map(|n| changed(n, |r| r.span.trace_id = id));
    let (stores, _folder) = stores_of(records.collect()).await;
    for store in stores {
        let trace = get(&app(store), &format!("/api/v1/traces/{id}")).await.json();
        assert_eq!(trace["spans"].as_array().unwrap().len(), 1000);
        assert_eq!((&trace["span_count"], &trace["truncated"]), (&json!(1005), &json!(true)));
    }
}

#[tokio::test]
async fn hostile_content_stays_text() {
    let hostile = "<script>alert(1)</script>\u{202e}\u{0}\r\n\u{2028}\"\\'; DROP TABLE spans;--";
    let bad = changed(0, |r| {
        r.span.user_id = Some(hostile.to_owned());
        r.content = Some(Content {
            system_instructions: vec![Part::Text { content: hostile.to_owned() }],
            ..Content::default()
        });
    });
    let id = bad.span.span_id;
    let (stores, _folder) = stores_of(vec![bad]).await;
    for store in stores {
        let answer = get(&app(store), &format!("/api/v1/spans/{id}")).await;
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.json()["user_id"], hostile);
        assert_eq!(answer.json()["system_instructions"][0]["content"], hostile);
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_404_problem() {
    let (stores, _folder) = stores_of(vec![record(0)]).await;
    for store in stores {
        let app = app(store);
        for path in [
            "/api/v1/spans/00000000000000ff",
            "/api/v1/spans/0199c8a4-7c00-7000-8000-0000000000ff",
            "/api/v1/traces/000000000000000000000000000000ff",
        ] {
            let answer = get(&app, path).await;
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.json()["type"], "urn:llmtrace:problem:not-found");
            assert!(path.ends_with(answer.json()["found"].as_str().unwrap()));
        }
    }
}
