//! Whatever stands in a parameter is only text: never a failure of ours, never more rows.

use std::sync::Arc;

use axum::Router;
use llmtrace_store::SpanStore;
use serde_json::Value;

use crate::world::{app, get, record, stores_of};

/// What means something to SQL, to full-text search, to shells, to paths and to browsers.
const HOSTILE: &[&str] = &[
    "' OR '1'='1",
    "x';DROP TABLE spans;--",
    "\"",
    "\"unclosed",
    "`",
    "%",
    "_",
    "*",
    "a*",
    "^a",
    "-a",
    "+a",
    "NEAR(a b)",
    "a NEAR/2 b",
    "a AND b",
    "a OR NOT b",
    "content:a",
    "{content}:a",
    "(",
    ")",
    "a)(",
    "?1",
    ":tenant",
    "@x",
    "$1",
    "${jndi:x}",
    "{{7*7}}",
    "[]",
    "{}",
    "null",
    "NULL",
    "true",
    "\\",
    "\\x00",
    "\0",
    "a\0b",
    "\r\nx: y",
    "../../etc/passwd",
    "<script>",
    "\u{202e}abc",
    "\u{feff}",
    "🦀",
    "e\u{301}",
    "ＡＢＣ",
    "1e999",
    "0x7fffffffffffffff",
    "9223372036854775808",
    "-9223372036854775809",
    "NaN",
];

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Every route with every parameter of the document.
fn questions() -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&llmtrace_server::api::openapi()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for parameter in item["get"]["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let path =
                path.replace("{trace_id}", "000000000000000000000000000000ff").replace("{span_id}", "00000000000000ff");
            let path = path.replace("{session_id}", "nobody");
            if parameter["in"] == "query" {
                all.push((
                    if name == "by" { format!("{path}?") } else { format!("{path}?by=model&") },
                    name.to_owned(),
                ));
            }
        }
    }
    let only_top = |path: String| if path.contains("/top?") { path } else { path.replace("by=model&", "") };
    all.into_iter().map(|(path, name)| (only_top(path), name)).collect()
}

async fn hostile(store: Arc<dyn SpanStore>) -> Router {
    let app = app(store);
    for (uri, name) in questions() {
        for value in HOSTILE {
            let uri = format!("{uri}{name}={}", encoded(value));
            let answer = get(&app, &uri).await;
            assert!(matches!(answer.status.as_u16(), 200 | 400 | 404), "{uri}: {} {:?}", answer.status, answer.body);
        }
    }
    app
}

#[tokio::test]
async fn nothing_in_a_parameter_makes_a_store_fail() {
    let (stores, _folder) = stores_of((0..3).map(record).collect()).await;
    for store in stores {
        let app = hostile(store).await;
        assert_eq!(get(&app, "/api/v1/spans").await.exchanges().len(), 3, "and the rows are still there");
    }
}

#[tokio::test]
async fn hostile_text_matches_nothing_that_does_not_hold_it() {
    let (stores, _folder) = stores_of((0..3).map(record).collect()).await;
    for store in stores {
        let app = app(store);
        for name in [
            "session_id",
            "agent_id",
            "user_id",
            "tag",
            "environment",
            "release",
            "provider",
            "dialect",
            "operation",
            "model",
        ] {
            for value in HOSTILE {
                for path in ["spans", "traces", "sessions"] {
                    let answer = get(&app, &format!("/api/v1/{path}?{name}={}", encoded(value))).await;
                    assert_eq!(answer.status, 200, "{path} {name}={value}");
                    assert_eq!(answer.json()["items"], Value::Array(Vec::new()), "{path} {name}={value}");
                }
                let sums =
                    get(&app, &format!("/api/v1/stats?{name}={}&until=2026-01-01T00:00:00Z", encoded(value))).await;
                assert_eq!(sums.json()["total"]["requests"], 0, "{name}={value}");
            }
        }
    }
}
