//! How exchanges end: every one becomes exactly one span that says so.

use std::{sync::Arc, time::Duration};

use llmtrace_model::{EndReason, Status};
use llmtrace_server::boot;
use llmtrace_testkit::{Answer, Chunking, FakeProvider, Fault, Framing, Gate};

use crate::app::{TestApp, config, post, stored};

const CHAT: &str = "/v1/chat/completions";
const STREAM: &str = r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"messages":[]}"#;

fn chunk(text: &str) -> String {
    format!(r#"data: {{"id":"c","model":"gpt-4o","choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#) + "\n\n"
}

fn sse(text: String) -> Answer {
    Answer::bytes("text/event-stream", text).framing(Framing::Chunked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_cancels_the_upstream_and_is_recorded() {
    let app = TestApp::start().await;
    let gate = Gate::closed();
    app.provider.script(sse(chunk("a") + &chunk("b")).chunked(Chunking::Bytes(chunk("a").len())).gate(&gate));
    let mut client = app.client().await;
    client.send(post(CHAT, STREAM, "")).await.unwrap();
    gate.release(1);
    client.head().await.unwrap();
    assert!(client.chunk().await.unwrap().is_some());
    drop(client);
    app.provider.wait_closed().await;
    let record = app.span().await;
    assert_eq!(record.span.end_reason, EndReason::ClientGone);
    assert_eq!(record.span.http_status, Some(200));
    assert!(record.span.timing.first_token_us.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_before_the_head_is_recorded() {
    let app = TestApp::start().await;
    app.provider.script(Answer::empty(200).fault(Fault::NoAnswer));
    let mut client = app.client().await;
    client.send(post(CHAT, STREAM, "")).await.unwrap();
    app.provider.next_received().await;
    drop(client);
    let span = app.span().await.span;
    assert_eq!((span.end_reason, span.http_status), (EndReason::ClientGone, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_that_comes_after_the_client_left_at_done_is_still_read() {
    let app = TestApp::start().await;
    let gate = Gate::closed();
    let (head, done) = (chunk("a"), "data: [DONE]\n\n".to_owned());
    let usage = "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1,\"total_tokens\":8}}\n\n";
    let cut = Chunking::At(vec![head.len() + done.len()]);
    app.provider.script(sse(head + &done + usage).chunked(cut).gate(&gate));
    let mut client = app.client().await;
    client.send(post(CHAT, STREAM, "")).await.unwrap();
    gate.release(1);
    client.head().await.unwrap();
    assert!(client.chunk().await.unwrap().is_some());
    drop(client);
    gate.open();
    let span = app.span().await.span;
    assert_eq!(span.end_reason, EndReason::Complete);
    assert_eq!(span.usage.unwrap().total(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_client_gone_drain_reads_to_the_end() {
    let app = TestApp::with(&[("ON_CLIENT_GONE", "drain")]).await;
    let gate = Gate::closed();
    let usage = "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1,\"total_tokens\":8}}\n\n";
    let text = chunk("a") + usage + "data: [DONE]\n\n";
    app.provider.script(sse(text).chunked(Chunking::At(vec![chunk("a").len()])).gate(&gate));
    let mut client = app.client().await;
    client.send(post(CHAT, STREAM, "")).await.unwrap();
    gate.release(1);
    client.head().await.unwrap();
    client.chunk().await.unwrap();
    drop(client);
    // The proxy has noticed once the connection that asks is the only one.
    let metrics = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    while !String::from_utf8_lossy(&app.send(metrics).await.body).contains("llmtrace_client_connections 1\n") {}
    gate.open();
    let span = app.span().await.span;
    assert_eq!((span.end_reason, span.usage.unwrap().total()), (EndReason::ClientGone, 8));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_breaks_off_aborts_the_client_and_fails_the_span() {
    let app = TestApp::start().await;
    app.provider.script(sse(chunk("a") + &chunk("b")).fault(Fault::ResetAfter(20)));
    let mut client = app.client().await;
    client.send(post(CHAT, STREAM, "")).await.unwrap();
    client.answer().await.expect_err("the answer must not look complete");
    let span = app.span().await.span;
    assert_eq!((span.end_reason, span.status), (EndReason::UpstreamFailed, Status::Error));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_cannot_be_reached_is_a_502_in_the_clients_dialect() {
    let provider = FakeProvider::start().await;
    // Bound and not listening: it refuses, and no other test gets its port meanwhile.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = closed.local_addr().unwrap();
    let app = TestApp::in_front_of(provider, &format!("http://{address}"), &[]).await;
    let openai = app.send(post(CHAT, "{}", "")).await;
    let error: serde_json::Value = serde_json::from_slice(&openai.body).unwrap();
    assert_eq!((openai.status, error["error"]["code"].as_str()), (502, Some("upstream_unreachable")));
    let anthropic = app.send(post("/v1/messages", "{}", "")).await;
    let error: serde_json::Value = serde_json::from_slice(&anthropic.body).unwrap();
    assert_eq!((error["type"].as_str(), error["error"]["type"].as_str()), (Some("error"), Some("api_error")));
    let spans = app.spans(2).await;
    assert!(spans.iter().all(|r| r.span.end_reason == EndReason::UpstreamFailed && r.span.http_status == Some(502)));
}

#[tokio::test(flavor = "multi_thread")]
async fn timeouts_end_exchanges_and_name_their_setting() {
    let app = TestApp::with(&[("TIMEOUT_MS", "150"), ("RESPONSE_TIMEOUT_MS", "300"), ("IDLE_TIMEOUT_MS", "150")]).await;
    app.provider.on(CHAT, Answer::empty(200).fault(Fault::NoAnswer));
    let streamed = app.send(post(CHAT, STREAM, "")).await;
    assert_eq!(streamed.status, 504);
    assert!(String::from_utf8_lossy(&streamed.body).contains("timeout_ms"));
    let plain = app.send(post(CHAT, r#"{"model":"gpt-4o","messages":[]}"#, "")).await;
    assert_eq!(plain.status, 504);
    assert!(String::from_utf8_lossy(&plain.body).contains("response_timeout_ms"));
    app.provider.on(CHAT, sse(chunk("a") + &chunk("b")).fault(Fault::HangAfter(30)));
    let mut client = app.client().await;
    client.send(post(CHAT, STREAM, "")).await.unwrap();
    client.answer().await.expect_err("an idle stream must be aborted");
    let spans = app.spans(3).await;
    assert!(spans.iter().all(|r| r.span.end_reason == EndReason::TimedOut), "{spans:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_bodies_are_refused_before_they_are_read() {
    let app = TestApp::with(&[("MAX_REQUEST_SIZE_BYTES", "1024")]).await;
    let mut client = app.client().await;
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nContent-Length: 1025\r\nExpect: \
         100-continue\r\n\r\n"
    );
    client.send(head).await.unwrap();
    let got = client.answer().await.unwrap();
    assert_eq!(got.status, 413);
    let mut client = app.client().await;
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    client.send(head).await.unwrap();
    client.send(format!("7d0\r\n{}\r\n0\r\n\r\n", "x".repeat(2000))).await.unwrap();
    assert_eq!(client.answer().await.unwrap().status, 413);
    let spans = app.spans(2).await;
    assert!(spans.iter().all(|r| r.span.end_reason == EndReason::Refused));
    assert!(app.provider.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_finds_no_upstream_is_refused_and_becomes_a_span() {
    let provider = FakeProvider::start().await;
    let with_a_path = format!("{}/base", provider.url());
    let app = TestApp::in_front_of(provider, &with_a_path, &[]).await;
    let labels = "X-LLMTrace-Tenant-ID: team-1\r\nX-LLMTrace-Session-ID: s1\r\n";
    let by_path = app.send(post(&format!("/up/nobody{CHAT}?key=hidden"), "{}", labels)).await;
    let by_header = app.send(post("/v1/messages", "{}", "X-LLMTrace-Upstream: http://evil.example\r\n")).await;
    // As long as a path may be, so that nothing can be put before it.
    let long = format!("/{}", "a".repeat(65_530));
    let by_length = app.send(post(&long, "{}", "")).await;
    let answers = [by_path, by_header, by_length];
    assert_eq!(answers.each_ref().map(|a| a.status), [404, 404, 400]);
    assert!(String::from_utf8_lossy(&answers[1].body).contains("\"not_found_error\""), "Anthropic's dialect");
    assert!(app.provider.received().is_empty());
    let spans = app.spans(3).await;
    for (answer, record) in answers.iter().zip(&spans) {
        let span = &record.span;
        assert_eq!((span.end_reason, span.status), (EndReason::Refused, Status::Error));
        assert_eq!(span.http_status, Some(answer.status));
        assert_eq!((span.upstream.as_str(), span.provider.as_str()), ("", "unknown"));
        assert_eq!(answer.header("x-llmtrace-span-id"), Some(span.span_id.to_string().as_str()));
    }
    let kinds: Vec<_> = spans.iter().map(|r| r.span.error.as_ref().unwrap().kind.as_str()).collect();
    assert_eq!(kinds, ["unknown_upstream", "unknown_upstream", "invalid_path"]);
    let first = &spans[0].span;
    assert_eq!((first.tenant_id.as_str(), first.session_id.as_deref()), ("team-1", Some("s1")));
    assert!(first.path.starts_with("/up/nobody/v1/chat/completions"), "{}", first.path);
    assert!(!first.path.contains("hidden"), "{}", first.path);
}

#[tokio::test(flavor = "multi_thread")]
async fn expect_continue_is_answered_when_the_body_is_wanted() {
    let app = TestApp::start().await;
    let mut client = app.client().await;
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: \
         100-continue\r\n\r\n"
    );
    client.send(head).await.unwrap();
    assert_eq!(client.head().await.unwrap().status, 100);
    client.send("{}").await.unwrap();
    client.answer().await.unwrap();
    assert!(app.provider.next_received().await.header("expect").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_exchange_is_stored_as_interrupted_by_the_next_start() {
    let app = TestApp::start().await;
    app.provider.script(Answer::empty(200).fault(Fault::NoAnswer));
    let mut client = app.client().await;
    client.send(post(CHAT, STREAM, "X-LLMTrace-Session-ID: s1\r\n")).await.unwrap();
    app.provider.next_received().await;
    let copy = tempfile::TempDir::new().unwrap();
    app.running.journal_flush();
    copy_folder(&app.folder.path().join("data"), &copy.path().join("data"));
    let next = boot::start(&config(&copy, &app.provider.url(), &[])).await.unwrap();
    let record = stored(&next.spans, 1).await.remove(0);
    assert_eq!((record.span.end_reason, record.span.status), (EndReason::Interrupted, Status::Error));
    assert_eq!(record.span.session_id.as_deref(), Some("s1"));
}

pub(crate) fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_lets_streams_finish_and_stores_everything() {
    let app = TestApp::start().await;
    let gate = Gate::closed();
    let text = chunk("a") + "data: [DONE]\n\n";
    app.provider.script(sse(text.clone()).chunked(Chunking::At(vec![chunk("a").len()])).gate(&gate));
    let mut client = app.client().await;
    client.send(post(CHAT, STREAM, "X-LLMTrace-Tenant-ID: late\r\n")).await.unwrap();
    gate.release(1);
    client.head().await.unwrap();
    client.chunk().await.unwrap();
    let (addr, spans, meta) = (app.running.addr, Arc::clone(&app.running.spans), Arc::clone(&app.running.meta));
    let data = app.folder.path().join("data");
    let ending = tokio::spawn(app.running.shutdown());
    gate.open();
    while client.chunk().await.unwrap().is_some() {}
    tokio::time::timeout(Duration::from_secs(10), ending).await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(addr).await.is_err(), "the listener must be closed");
    assert!(spans.ping().await.is_err() && meta.ping().await.is_err(), "both stores must be closed");
    let left = std::fs::read_dir(data.join("journal")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "everything was stored, so nothing is left in the journal");
    assert!(!data.join("llmtrace.db-wal").exists(), "the last connection has folded the log into the file");
    // What the back lane wrote last came before the closing, in both stores.
    let next = boot::start(&config(&app.folder, &app.provider.url(), &[])).await.unwrap();
    assert_eq!(stored(&next.spans, 1).await[0].span.end_reason, EndReason::Complete);
    let tenants = next.meta.tenants().await.unwrap();
    assert!(tenants.iter().any(|tenant| tenant.id.as_str() == "late"), "{tenants:?}");
}
