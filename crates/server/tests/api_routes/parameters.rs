//! Parameters: wrong in every way, forged, hostile; and a store that fails.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderValue, Request},
};
use llmtrace_server::api::{Access, router};
use llmtrace_store::{ErrorKind, SpanStore};
use serde_json::{Value, json};

use crate::world::{Fickle, FickleMeta, Mood, api, app, ask, events, get, stores};

async fn memory() -> Arc<dyn SpanStore> {
    stores().await.0.swap_remove(0)
}

async fn refused(app: &Router, uri: &str) -> Value {
    let answer = get(app, uri).await;
    assert_eq!(answer.status, 400, "{uri}: {:?}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{uri}");
    answer.json()
}

/// One query parameter of one route, as the document says.
struct Documented {
    /// A question the route answers.
    uri: String,
    name: String,
    schema: Value,
    example: Value,
}

/// Every query parameter of every route that the document has.
fn documented() -> Vec<Documented> {
    let document: Value = serde_json::from_str(&llmtrace_server::api::openapi()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let parameters = || item["get"]["parameters"].as_array().into_iter().flatten();
        let path = path
            .replace("{trace_id}", "000000000000000000000000000000ff")
            .replace("{span_id}", "00000000000000ff")
            .replace("{key_id}", "00000000-0000-4000-8000-0000000000ff")
            .replace("{user_id}", "00000000-0000-4000-8000-0000000000ff")
            .replace("{view_id}", "00000000-0000-4000-8000-0000000000ff")
            .replace("{erasure_id}", "00000000-0000-4000-8000-0000000000ff")
            .replace("{tenant_id}", "nobody")
            .replace("{session_id}", "nobody");
        for parameter in parameters().filter(|parameter| parameter["in"] == "query") {
            let others = parameters().filter(|other| other["required"] == true && other["in"] == "query");
            let needed = others.filter(|other| other["name"] != parameter["name"]);
            let needed: String =
                needed.map(|other| format!("{}={}&", text(&other["name"]), text(&other["example"]))).collect();
            all.push(Documented {
                uri: format!("{path}?{needed}"),
                name: text(&parameter["name"]),
                schema: parameter["schema"].clone(),
                example: parameter["example"].clone(),
            });
        }
    }
    all
}

/// A value as it is written in a query, not encoded.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Values that are wrong for a parameter, percent-encoded.
fn wrong(name: &str, schema: &Value) -> Vec<String> {
    let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    match name {
        "from" | "until" => owned(&[
            "yesterday",
            "2026-01-01",
            "1760000000",
            "2026-13-01T00:00:00Z",
            "2026-01-01T00:00:00",
            "%00",
            "2026-01-01T00:00:00+02:00",
            "99999-01-01T00:00:00Z",
            "-000001-01-01T00:00:00Z",
            "20260101T000000Z",
        ]),
        "trace_id" => owned(&["abc", "00000000000000000000000000000000", "zz7651916cd43dd8448eb211c80319cz"]),
        "session_id" | "agent_id" | "user_id" | "tag" | "environment" | "release" | "provider" | "dialect"
        | "operation" | "model" => vec!["x".repeat(1025), "%C3%BC".repeat(1025)],
        "source" => owned(&["Proxy", "file", "proxy,otlp"]),
        "status" => owned(&["OK", "200", "ok,error", "ok%20"]),
        "http_status" => owned(&["99", "600", "-200", "2xx", "200.0", "4e2", "%20200", "99999999999999999999"]),
        "end_reason" => owned(&["Complete", "done"]),
        "finding" => owned(&["none", "Pii", "pii,leak", "*"]),
        "min_cost_usd" | "max_cost_usd" => owned(&[
            "-1",
            "-0",
            "%2B1",
            "1e-3",
            "NaN",
            "inf",
            "Infinity",
            "$1",
            "1,5",
            "1.",
            ".5",
            "0.0000000001",
            "1000000000",
            "0x1",
            "99999999999999999999999999",
            "%D9%A3",
        ]),
        "min_duration_ms" | "max_duration_ms" | "min_time_to_first_token_ms" | "max_time_to_first_token_ms" => {
            owned(&[
                "-1",
                "-0",
                "%2B1",
                "1e3",
                "NaN",
                "inf",
                "1s",
                "1.",
                ".5",
                "0.0001",
                "1000000000000",
                "0x1",
                "99999999999999999999999999",
            ])
        }
        "min_tokens" | "max_tokens" => {
            owned(&["-1", "%2B1", "1.0", "1e3", "NaN", "9007199254740992", "18446744073709551616", "0x1", "1_000"])
        }
        "text" => {
            vec!["%20".to_owned(), "!%3F*".to_owned(), "%00".to_owned(), "x".repeat(1025), sixteen() + "+one+more"]
        }
        "tenant_id" => vec!["-a".into(), "a/b".into(), "a%20b".into(), "%27--".into(), "x".repeat(65)],
        "limit" => {
            let mut values =
                owned(&["0", "-1", "+5", "1.5", "0x10", "99999999999", "ten", "%205", "18446744073709551616"]);
            values.push((schema["maximum"].as_u64().expect("every limit has one") + 1).to_string());
            values
        }
        "after" => owned(&[
            "x",
            "1.2",
            ".",
            "null",
            "1760000000000000.0199c8a4-7c00-7000-8000-000000000001",
            "1%27--.2",
            "%F0%9F%92%A9",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ]),
        "actor" => owned(&["root", "key", "key:", "key:x", "Cli", "cli,system", "group:1", "user:%F0%9F%92%A9"]),
        "action" => vec!["x".repeat(1025), "%C3%BC".repeat(1025)],
        "format" => owned(&["xml", "JSONL", "jsonl,csv"]),
        "part" => owned(&["both", "Request", "request,response", "1"]),
        "by" => owned(&["tag", "Model", "model,agent_id", "1"]),
        "group_by" => owned(&[
            "tag",
            "Model",
            "model,",
            ",",
            "model,model",
            "model;agent_id",
            "model,agent_id,user_id,status",
            "model,%20agent_id",
        ]),
        "interval" => owned(&["1", "2m", "1M", "60m", "1h,1d", "0m", "-1h", "1m"]),
        "compare" => owned(&["next", "Previous", "true", "1"]),
        "order" => owned(&["Requests", "-cost", "cost,errors", "model"]),
        "measure" => owned(&["Cost", "p95", "duration_p50", "usage"]),
        new => panic!("say here which values of {new} are wrong"),
    }
}

fn sixteen() -> String {
    (0..16).map(|n| format!("t{n}")).collect::<Vec<_>>().join("+")
}

#[tokio::test]
async fn every_parameter_that_is_wrong_is_refused_by_name() {
    let app = app(memory().await);
    let all = documented();
    assert!(all.len() > 150, "the document was read");
    for Documented { uri, name, schema, .. } in all {
        for value in wrong(&name, &schema).iter().chain([&String::new()]) {
            let uri = format!("{uri}{name}={value}");
            let problem = refused(&app, &uri).await;
            assert_eq!(problem["type"], "urn:llmtrace:problem:bad-parameter", "{uri}");
            assert_eq!(problem["parameter"], *name, "{uri}");
            assert!(problem["expected"].as_str().is_some_and(|e| !e.is_empty()), "{uri}");
            assert!(problem["found"].as_str().is_some_and(|f| f.chars().count() <= 65), "{uri}");
        }
    }
}

#[tokio::test]
async fn every_example_of_the_document_is_answered() {
    let app = app(memory().await);
    for Documented { uri, name, example, .. } in documented() {
        if name == "after" {
            assert_eq!(example, Value::Null, "nobody can make up a cursor");
            continue;
        }
        let uri = format!("{uri}{name}={}", text(&example).replace(' ', "%20"));
        let status = get(&app, &uri).await.status.as_u16();
        let of_nothing = uri.contains("ff?") || uri.contains("ff/raw?");
        assert!(status == 200 || (status == 404 && of_nothing) || uri.contains("nobody"), "{uri}: {status}");
    }
}

#[tokio::test]
async fn every_parameter_but_tags_is_refused_when_it_is_given_twice() {
    let app = app(memory().await);
    for Documented { uri, name, example, .. } in documented() {
        let value = if name == "after" { "x".to_owned() } else { text(&example).replace(' ', "%20") };
        let twice = format!("{uri}{name}={value}&{name}={value}");
        if name == "tag" {
            assert_eq!(get(&app, &twice).await.status, 200, "{twice}");
            let nine = format!("{uri}{}", "tag=x&".repeat(9));
            assert_eq!(refused(&app, &nine).await["expected"], "the parameter at most 8 times");
        } else {
            let problem = refused(&app, &twice).await;
            assert!(problem["expected"].as_str().unwrap().contains("twice"), "{problem}");
        }
    }
}

#[tokio::test]
async fn ranges_that_end_before_they_begin_are_refused() {
    let app = app(memory().await);
    for (range, name) in [
        ("from=2026-01-02T00:00:00Z&until=2026-01-01T23:59:59.999999Z", "until"),
        ("min_cost_usd=0.000000002&max_cost_usd=0.000000001", "max_cost_usd"),
        ("min_duration_ms=1&max_duration_ms=0.999", "max_duration_ms"),
        ("min_time_to_first_token_ms=999999999999.999&max_time_to_first_token_ms=0", "max_time_to_first_token_ms"),
        ("min_tokens=9007199254740991&max_tokens=9007199254740990", "max_tokens"),
    ] {
        for path in ["spans", "traces", "sessions", "export", "stats", "users", "agents", "top?by=model&"] {
            let uri = format!("/api/v1/{path}?{range}").replace("&?", "&");
            assert_eq!(refused(&app, &uri).await["parameter"], name, "{uri}");
        }
    }
    for path in ["stats", "users", "agents", "models/prices"] {
        let uri = format!("/api/v1/{path}?from=2026-11-01T00:00:00.000001Z");
        assert_eq!(refused(&app, &uri).await["parameter"], "from", "it begins after now: {uri}");
    }
    for equal in ["min_tokens=5&max_tokens=5", "from=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00Z"] {
        assert_eq!(get(&app, &format!("/api/v1/spans?{equal}")).await.status, 200, "{equal}");
    }
}

#[tokio::test]
async fn what_must_be_given_is_asked_for() {
    let problem = refused(&app(memory().await), "/api/v1/top").await;
    assert_eq!((&problem["parameter"], &problem["found"]), (&json!("by"), &json!("")));
}

#[tokio::test]
async fn a_search_without_terms_is_told_what_a_term_is() {
    let problem = refused(&app(memory().await), "/api/v1/spans?text=%3F%21").await;
    assert_eq!(
        problem["expected"],
        "1 to 16 different terms in at most 1024 characters; a term is a run of letters and digits, everything else stands \
         between terms"
    );
    assert_eq!(get(&app(memory().await), &format!("/api/v1/spans?text={}", sixteen())).await.status, 200);
}

#[tokio::test]
async fn an_unknown_parameter_is_refused_and_the_known_ones_are_named() {
    let app = app(memory().await);
    for (uri, name) in [
        ("/api/v1/spans?modle=x", "modle"),
        ("/api/v1/spans?Limit=1", "Limit"),
        ("/api/v1/traces?format=jsonl", "format"),
        ("/api/v1/users?group_by=model", "group_by"),
        ("/api/v1/stats?after=x", "after"),
        ("/api/v1/sessions/a?model=x", "model"),
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
async fn a_failing_store_is_a_problem_that_tells_nothing_of_the_store() {
    let paths = [
        "/api/v1/spans",
        "/api/v1/traces",
        "/api/v1/sessions",
        "/api/v1/sessions/nobody",
        "/api/v1/stats",
        "/api/v1/top?by=model",
        "/api/v1/users",
        "/api/v1/agents",
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
    assert!(metrics.contains("llmtrace_store_failures_total{kind=\"corrupt\"} 14"), "{metrics}");
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
