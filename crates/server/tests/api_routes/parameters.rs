//! Parameters: wrong in every way, forged, hostile; and a store that fails.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderValue, Request},
};
use llmtrace_server::api::{Access, router};
use llmtrace_store::{ErrorKind, SpanStore};
use serde_json::Value;

use crate::world::{Fickle, FickleMeta, Mood, api, app, ask, events, get, record, stores, stores_of};

async fn memory() -> Arc<dyn SpanStore> {
    stores().await.0.swap_remove(0)
}

async fn refused(app: &Router, uri: &str) -> Value {
    let answer = get(app, uri).await;
    assert_eq!(answer.status, 400, "{uri}: {:?}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{uri}");
    answer.json()
}

#[tokio::test]
async fn every_parameter_that_is_wrong_is_refused_by_name() {
    let app = app(memory().await);
    let long = "x".repeat(1025);
    let wrong: &[(&str, &[&str])] = &[
        ("from", &["", "yesterday", "2026-01-01", "1760000000", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00"]),
        ("until", &["", "%00", "2026-01-01T00:00:00+02:00", "99999-01-01T00:00:00Z"]),
        ("trace_id", &["", "abc", "00000000000000000000000000000000", "zz7651916cd43dd8448eb211c80319cz"]),
        ("session_id", &["", &long]),
        ("agent_id", &["", &long]),
        ("user_id", &["", &long]),
        ("provider", &["", &long]),
        ("model", &["", &long]),
        ("status", &["", "OK", "200", "ok,error", "ok%20"]),
        ("end_reason", &["", "Complete", "done"]),
        ("tenant_id", &["", "-a", "a/b", "a%20b", "%27--", &long]),
    ];
    let paging: &[(&str, &[&str])] = &[
        ("limit", &["", "0", "1001", "-1", "+5", "1.5", "0x10", "99999999999", "ten", "%205"]),
        ("after", &["", "x", "1.2", "1760000000000000.", ".", "9e99.0199c8a4-7c00-7000-8000-000000000001"]),
    ];
    for path in ["/api/v1/spans", "/api/v1/traces", "/api/v1/export"] {
        let table = wrong.iter().chain(if path.ends_with("export") { &[][..] } else { paging });
        for (name, values) in table {
            for value in *values {
                let problem = refused(&app, &format!("{path}?{name}={value}")).await;
                assert_eq!(problem["type"], "urn:llmtrace:problem:bad-parameter", "{path} {name}={value}");
                assert_eq!(problem["parameter"], *name, "{value}");
                assert!(problem["expected"].as_str().is_some_and(|e| !e.is_empty()), "{name}={value}");
                assert!(problem["found"].as_str().is_some_and(|f| f.chars().count() <= 65), "{name}");
            }
        }
    }
    let problem = refused(&app, "/api/v1/export?format=csv").await;
    assert_eq!(problem["detail"], "format: found \"csv\", expected jsonl");
    let problem = refused(&app, "/api/v1/spans?from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z").await;
    assert_eq!(problem["parameter"], "until");
}

#[tokio::test]
async fn an_unknown_parameter_is_refused_and_the_known_ones_are_named() {
    let app = app(memory().await);
    for (uri, name) in [
        ("/api/v1/spans?modle=x", "modle"),
        ("/api/v1/spans?Limit=1", "Limit"),
        ("/api/v1/traces?format=jsonl", "format"),
        ("/api/v1/export?limit=5", "limit"),
        ("/api/v1/spans/00000000000000ff?limit=5", "limit"),
        ("/api/v1/traces/000000000000000000000000000000ff?x", "x"),
        ("/api/v1/spans?=5", ""),
        ("/api/v1/spans?%3Cscript%3E=1", "<script>"),
    ] {
        let problem = refused(&app, uri).await;
        assert_eq!(problem["type"], "urn:llmtrace:problem:unknown-parameter", "{uri}");
        assert_eq!(problem["parameter"], name, "{uri}");
        assert!(problem["expected"].as_str().unwrap().contains("tenant_id"), "{uri}");
    }
}

#[tokio::test]
async fn a_parameter_given_twice_is_refused() {
    let app = app(memory().await);
    for uri in ["/api/v1/spans?limit=1&limit=1", "/api/v1/spans?status=ok&model=m&status=error"] {
        let problem = refused(&app, uri).await;
        assert!(problem["expected"].as_str().unwrap().contains("twice"), "{problem}");
    }
}

#[tokio::test]
async fn broken_escapes_are_refused() {
    let app = app(memory().await);
    for uri in ["/api/v1/spans?model=%", "/api/v1/spans?model=%zz", "/api/v1/spans?model=%ff", "/api/v1/spans?%c3=x"] {
        assert_eq!(refused(&app, uri).await["type"], "urn:llmtrace:problem:bad-query", "{uri}");
    }
    assert_eq!(get(&app, "/api/v1/spans?&&").await.status, 200, "empty pairs say nothing");
}

#[tokio::test]
async fn path_parts_that_are_no_ids_are_refused() {
    let app = app(memory().await);
    for (path, name) in [
        ("/api/v1/spans/xyz", "span_id"),
        ("/api/v1/spans/0000000000000000", "span_id"),
        ("/api/v1/spans/%27%20OR%201=1--", "span_id"),
        ("/api/v1/spans/%ff", "span_id"),
        ("/api/v1/spans/..%2f..%2fetc%2fpasswd", "span_id"),
        ("/api/v1/traces/0af7651916cd43dd8448eb211c80319", "trace_id"),
        ("/api/v1/traces/%00", "trace_id"),
    ] {
        assert_eq!(refused(&app, path).await["parameter"], name, "{path}");
    }
}

#[tokio::test]
async fn the_tenant_header_is_checked_as_the_parameter_is() {
    let app = app(memory().await);
    for bad in ["", "a b", "a/b", "-a", "a,b", "\u{fc}", &"x".repeat(65)] {
        let header = HeaderValue::from_bytes(bad.as_bytes()).unwrap();
        let request = Request::get("/api/v1/spans").header("host", "localhost").header("x-llmtrace-tenant-id", header);
        let answer = ask(&app, request).await;
        assert_eq!(answer.status, 400, "{bad}");
        assert_eq!(answer.json()["parameter"], "X-LLMTrace-Tenant-ID");
    }
    let two = |uri: &str| Request::get(uri.to_owned()).header("host", "localhost").header("x-llmtrace-tenant-id", "a");
    assert_eq!(ask(&app, two("/api/v1/spans").header("x-llmtrace-tenant-id", "b")).await.status, 400);
    assert_eq!(ask(&app, two("/api/v1/spans?tenant_id=b")).await.status, 400);
    assert_eq!(ask(&app, two("/api/v1/spans").header("x-llmtrace-tenant-id", "a")).await.status, 200);
}

#[tokio::test]
async fn forged_cursors_are_refused_or_find_nothing_strange() {
    let (stores, _folder) = stores_of((0..3).map(record).collect()).await;
    let id = record(1).span.exchange_id;
    for store in stores {
        let app = app(store);
        for (cursor, rows) in [
            (format!("{}.{id}", i64::MAX), 3),
            (format!("{}.{id}", i64::MIN), 0),
            (format!("0.{id}"), 0),
            (format!("{}.00000000-0000-0000-0000-000000000000", i64::MAX), 3),
            (format!("{}.ffffffff-ffff-ffff-ffff-ffffffffffff", i64::MAX), 3),
        ] {
            let answer = get(&app, &format!("/api/v1/spans?after={cursor}")).await;
            assert_eq!((answer.status.as_u16(), answer.exchanges().len()), (200, rows), "{cursor}");
            assert_eq!(get(&app, &format!("/api/v1/traces?after={cursor}")).await.status, 200, "{cursor}");
        }
        for cursor in ["9223372036854775808.x", "1'--.2", "%F0%9F%92%A9", &format!("{id}"), "null"] {
            assert_eq!(refused(&app, &format!("/api/v1/spans?after={cursor}")).await["parameter"], "after");
        }
    }
}

#[tokio::test]
async fn sql_in_a_filter_is_only_text() {
    let (stores, _folder) = stores_of((0..3).map(record).collect()).await;
    for store in stores {
        let app = app(store);
        for text in
            ["%27%20OR%20%271%27=%271", "%25", "_", "*", "x%27;DROP%20TABLE%20spans;--", "%22", "%5C", "%00", "NULL"]
        {
            for name in ["session_id", "agent_id", "user_id", "provider", "model"] {
                for path in ["/api/v1/spans", "/api/v1/traces"] {
                    let answer = get(&app, &format!("{path}?{name}={text}")).await;
                    assert_eq!(answer.status, 200, "{path}?{name}={text}");
                    assert_eq!(answer.json()["items"], Value::Array(Vec::new()), "{path}?{name}={text}");
                }
            }
        }
        assert_eq!(get(&app, "/api/v1/spans").await.exchanges().len(), 3);
    }
}

#[tokio::test]
async fn a_failing_store_is_a_problem_that_tells_nothing_of_the_store() {
    let paths = [
        "/api/v1/spans",
        "/api/v1/traces",
        "/api/v1/export",
        "/api/v1/tenants",
        "/api/v1/models/prices",
        "/api/v1/spans/00000000000000ff",
        "/api/v1/spans/0199c8a4-7c00-7000-8000-0000000000ff",
        "/api/v1/traces/000000000000000000000000000000ff",
    ];
    let fickle = Fickle::new(memory().await, Mood::Well);
    let events = events();
    let meta = FickleMeta::new(Mood::Well);
    let access = Arc::new(Access::default());
    let api = api(fickle.clone(), meta.clone(), events.clone(), access);
    let app = router(api);
    for (kind, status, retry) in [
        (ErrorKind::Timeout, 503, "1"),
        (ErrorKind::Unavailable, 503, "1"),
        (ErrorKind::Conflict, 503, "1"),
        (ErrorKind::Rejected, 500, ""),
        (ErrorKind::Corrupt, 500, ""),
        (ErrorKind::Config, 500, ""),
        (ErrorKind::TooLarge, 422, ""),
    ] {
        *fickle.mood.lock() = Mood::Fails(kind);
        *meta.mood.lock() = Mood::Fails(kind);
        for path in paths {
            let answer = get(&app, path).await;
            assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (status, retry), "{path} {kind}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            let text = String::from_utf8_lossy(&answer.body);
            assert!(!text.contains("SELECT") && !text.contains("/var"), "{text}");
        }
    }
    let metrics = events.metrics().render();
    assert!(metrics.contains("llmtrace_store_failures_total{kind=\"corrupt\"} 8"), "{metrics}");
    assert!(metrics.contains("route=\"/api/v1/traces/{trace_id}\",status_class=\"5xx\"} 6"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_is_given_up() {
    let fickle = Fickle::new(memory().await, Mood::Hangs);
    let app = app(fickle);
    let started = tokio::time::Instant::now();
    let answer = get(&app, "/api/v1/spans").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["type"], "urn:llmtrace:problem:store-timed-out");
    assert_eq!(started.elapsed(), Duration::from_secs(30));
}
