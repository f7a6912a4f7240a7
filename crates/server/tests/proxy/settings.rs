//! Each setting changes what it says it changes.

use llmtrace_model::EndReason;
use llmtrace_server::boot;
use llmtrace_testkit::{Answer, Chunking, FakeProvider, Fault, Framing, tcp::RawClient};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::app::{TestApp, config, post};

const CHAT: &str = "/v1/chat/completions";
const HEALTH: &str = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn chat(model: &str) -> String {
    post(CHAT, &json!({"model": model, "messages": [{"role": "user", "content": "hi"}]}).to_string(), "")
}

/// An answer that used a million input tokens of a model.
fn million(model: &str) -> Answer {
    Answer::json(json!({
        "id": "c", "object": "chat.completion", "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1_000_000, "completion_tokens": 0, "total_tokens": 1_000_000}
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn max_connections_refuses_requests_but_not_our_own_routes() {
    let app = TestApp::with(&[("MAX_CONNECTIONS", "1")]).await;
    let mut first = app.client().await;
    first.send(chat("gpt-4o")).await.unwrap();
    assert_eq!(first.answer().await.unwrap().status, 200);
    let over = app.send(chat("gpt-4o")).await;
    assert_eq!((over.status, over.header("retry-after")), (503, Some("1")));
    assert_eq!(over.header("connection"), Some("close"));
    assert_eq!(app.send(HEALTH).await.status, 200);
    first.send(chat("gpt-4o")).await.unwrap();
    assert_eq!(first.answer().await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn held_bodies_share_buffer_max_bytes() {
    let app = TestApp::with(&[("BUFFER__MAX_BYTES", "1MiB"), ("MAX_REQUEST_SIZE_BYTES", "1MiB")]).await;
    app.provider.script(Answer::empty(200).fault(Fault::NoAnswer));
    let big = json!({"model": "gpt-4o", "messages": [], "x": "y".repeat(700_000)}).to_string();
    let mut first = app.client().await;
    first.send(post(CHAT, &big, "")).await.unwrap();
    app.provider.wait_for(|r| r.complete).await;
    let second = app.send(post(CHAT, &big, "")).await;
    assert_eq!((second.status, second.header("retry-after")), (503, Some("1")));
    drop(first);
    app.provider.wait_closed().await;
    app.provider.script(Answer::json(json!({})));
    assert_eq!(app.send(post(CHAT, &big, "")).await.status, 200);
    assert!(app.spans(3).await.iter().any(|r| r.span.end_reason == EndReason::Refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_queue_slows_clients_and_loses_nothing() {
    const CLIENTS: usize = 16;
    const EACH: usize = 6;
    let app = TestApp::with(&[("PIPELINE__QUEUE_MAX_BYTES", "64KiB")]).await;
    app.provider.on(CHAT, Answer::json(json!({"id": "x", "choices": []})));
    let prompt =
        json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "word ".repeat(12_000)}]}).to_string();
    let request = post(CHAT, &prompt, "");
    let one = async || {
        let mut client = app.client().await;
        for _ in 0..EACH {
            client.send(&request).await.unwrap();
            assert_eq!(client.answer().await.unwrap().status, 200);
        }
    };
    futures_util::future::join_all((0..CLIENTS).map(|_| one())).await;
    let stored = app.spans(CLIENTS * EACH).await;
    assert!(stored.iter().all(|r| r.content.is_some()));
    let metrics = app.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let metrics = String::from_utf8(metrics.body.to_vec()).unwrap();
    assert!(!metrics.contains("llmtrace_shed_total{"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn streaming_switched_off_holds_the_answer_until_it_is_complete() {
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n";
    let app = TestApp::with(&[("ENABLE_STREAMING", "false")]).await;
    let answer = || Answer::bytes("text/event-stream", text).framing(Framing::Chunked).chunked(Chunking::Bytes(20));
    let body = r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"messages":[]}"#;
    app.provider.script(answer());
    assert_eq!(app.send(post(CHAT, body, "")).await.body, text.as_bytes());
    // A stream that never completes shows the client nothing of its beginning.
    app.provider.script(answer().fault(Fault::ResetAfter(40)));
    let mut client = app.client().await;
    client.send(post(CHAT, body, "")).await.unwrap();
    client.head().await.unwrap();
    client.chunk().await.expect_err("no piece of a held answer may leave before its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn trusted_proxies_decide_whose_forwarded_for_is_believed() {
    let forwarded = "X-Forwarded-For: 203.0.113.9\r\n";
    for (trusted, expected) in [("[127.0.0.0/8]", "203.0.113.9"), ("[10.0.0.0/8]", "127.0.0.1")] {
        let app = TestApp::with(&[("TRUSTED_PROXIES", trusted)]).await;
        app.send(post(CHAT, "{}", forwarded)).await;
        assert_eq!(app.span().await.span.client_address.as_deref(), Some(expected));
        // Whoever it is believed of, the field itself is the client's and passes.
        assert_eq!(app.provider.next_received().await.header("x-forwarded-for"), Some("203.0.113.9"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trace_propagation_is_the_operators_choice() {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let headers = format!("traceparent: {parent}\r\ntracestate: a=b\r\n");
    let child = TestApp::with(&[("TRACE__PROPAGATE", "child")]).await;
    let got = child.send(post(CHAT, "{}", &headers)).await;
    let span = got.header("x-llmtrace-span-id").unwrap();
    let ours = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{span}-00");
    assert_eq!(child.provider.next_received().await.header("traceparent"), Some(ours.as_str()));
    let off = TestApp::with(&[("TRACE__PROPAGATE", "off")]).await;
    off.send(post(CHAT, "{}", &headers)).await;
    let received = off.provider.next_received().await;
    assert_eq!((received.header("traceparent"), received.header("tracestate")), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn models_without_a_price_follow_on_unknown_model() {
    let warn = TestApp::start().await;
    warn.provider.script(million("my-own-model"));
    warn.send(chat("my-own-model")).await;
    assert_eq!(warn.span().await.span.cost, None);

    let as_other = TestApp::with(&[("PRICES__ON_UNKNOWN_MODEL", "price_as:gpt-4o")]).await;
    as_other.provider.script(million("my-own-model"));
    as_other.send(chat("my-own-model")).await;
    assert_eq!(as_other.span().await.span.cost.map(|c| c.to_string()).as_deref(), Some("2.5"));

    let deny = TestApp::with(&[("PRICES__ON_UNKNOWN_MODEL", "deny")]).await;
    let refused = deny.send(chat("my-own-model")).await;
    assert_eq!(refused.status, 403);
    assert!(String::from_utf8_lossy(&refused.body).contains("my-own-model"));
    assert_eq!(deny.send(chat("gpt-4o")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn price_overrides_win_and_are_read_again_when_they_change() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("prices.yaml");
    let price = |dollars: &str| std::fs::write(&file, format!("{}\n", override_of("my-own-model", dollars))).unwrap();
    price("3");
    let path = file.display().to_string();
    let app = TestApp::with(&[("PRICES__OVERRIDES", &path)]).await;
    app.provider.on(CHAT, million("my-own-model"));
    app.send(chat("my-own-model")).await;
    assert_eq!(app.spans(1).await[0].span.cost.map(|c| c.to_string()).as_deref(), Some("3"));
    price("4");
    app.running.upkeep_done().await;
    app.send(chat("my-own-model")).await;
    assert_eq!(app.spans(2).await[1].span.cost.map(|c| c.to_string()).as_deref(), Some("4"));
    std::fs::write(&file, "nonsense: [").unwrap();
    app.running.upkeep_done().await;
    app.send(chat("my-own-model")).await;
    let kept = app.spans(3).await.remove(2);
    assert_eq!(kept.span.cost.map(|c| c.to_string()).as_deref(), Some("4"), "a broken file changes nothing");
}

fn override_of(model: &str, dollars_per_million_input: &str) -> String {
    format!(
        "models:\n  - model: {model}\n    usd_per_million_tokens: {{input: {dollars_per_million_input}, output: 1}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_listener_takes_the_api_along() {
    let app = TestApp::with(&[("ADMIN__LISTEN_ADDR", "127.0.0.1:0")]).await;
    let list = "GET /api/v1/spans HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let page = "GET /dashboard HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(app.send(list).await.status, 404);
    assert_eq!(app.send(page).await.status, 404);
    assert_eq!(app.send(HEALTH).await.status, 200);
    let mut admin = RawClient::connect(app.running.admin_addr.unwrap()).await.unwrap();
    for own in [list, page] {
        admin.send(own).await.unwrap();
        assert_eq!(admin.answer().await.unwrap().status, 200);
    }
    admin.send(chat("gpt-4o")).await.unwrap();
    assert_eq!(admin.answer().await.unwrap().status, 404);
    assert!(app.provider.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn allowed_hosts_open_the_api_to_a_name() {
    let ask = |host: &str| format!("GET /api/v1/spans HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let app = TestApp::with(&[("ALLOWED_HOSTS", "[traces.example]")]).await;
    assert_eq!(app.send(ask("traces.example")).await.status, 200);
    assert_eq!(app.send(ask("evil.example")).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_is_shown_to_served_hosts_and_never_forwarded() {
    let ask = |path: &str, host: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let app = TestApp::start().await;
    for path in ["/dashboard", "/dashboard/", "/dashboard/traces/0a"] {
        let answer = app.send(ask(path, "localhost")).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(String::from_utf8_lossy(&answer.body).contains("<title>LLMTrace"), "{path}");
        assert_eq!(app.send(ask(path, "evil.example")).await.status, 403, "{path}");
    }
    assert_eq!(app.send(ask("/", "localhost")).await.status, 404, "the root is the provider's");
    assert_eq!(app.provider.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn own_paths_without_an_owner_are_not_forwarded() {
    let app = TestApp::start().await;
    for request in [
        "GET /dashboard/assets/x HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        post("/v1/traces", "{}", ""),
        post("/v1/logs", "{}", ""),
    ] {
        assert_eq!(app.send(request).await.status, 404);
    }
    assert!(app.provider.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_profile_leaves_nothing_on_disk() {
    let app = TestApp::with(&[("STORAGE__PROFILE", "memory")]).await;
    app.send(chat("gpt-4o")).await;
    assert_eq!(app.span().await.span.end_reason, EndReason::Complete);
    let files: Vec<_> = walk(app.folder.path());
    assert!(files.is_empty(), "{files:?}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn without_auto_migrate_a_new_database_is_refused() {
    let folder = TempDir::new().unwrap();
    let provider = FakeProvider::start().await;
    let refused = boot::start(&config(&folder, &provider.url(), &[("STORAGE__AUTO_MIGRATE", "false")])).await;
    let message = format!("{:#}", refused.err().unwrap());
    assert!(message.contains("storage.") && message.contains("migrate"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_never_stops_forwarding_and_shows_in_health() {
    let app = TestApp::start().await;
    app.send(chat("gpt-4o")).await;
    app.spans(1).await;
    let database = app.folder.path().join("data/llmtrace.db");
    let lock = rusqlite::Connection::open(database).unwrap();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    for _ in 0..5 {
        assert_eq!(app.send(chat("gpt-4o")).await.status, 200);
    }
    let health: Value = serde_json::from_slice(&app.send(HEALTH).await.body).unwrap();
    assert_eq!(health["status"], "degraded", "{health}");
    lock.execute_batch("COMMIT").unwrap();
    app.spans(6).await;
}
