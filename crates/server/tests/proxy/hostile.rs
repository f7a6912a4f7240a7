//! Bad input: forwarded unchanged or refused with a clear status; never a panic, never a hang.

use std::time::Duration;

use llmtrace_model::{BodyCoverage, EndReason};
use llmtrace_testkit::{Answer, Chunking, Framing};

use crate::app::{TestApp, post};

const CHAT: &str = "/v1/chat/completions";

/// The proxy still serves.
async fn is_well(app: &TestApp) {
    let health = app.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(health.status, 200);
}

async fn metric(app: &TestApp, start: &str) -> String {
    let metrics = app.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let text = String::from_utf8_lossy(&metrics.body).into_owned();
    text.lines().find(|l| l.starts_with(start)).map(str::to_owned).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_bodies_are_forwarded_as_they_are_and_become_opaque_spans() {
    let app = TestApp::start().await;
    let deep = "[".repeat(100_000);
    let long_line = format!("{{\"model\":\"gpt-4o\",\"messages\":[],\"x\":\"{}\"}}", "y".repeat(10 << 20));
    let bodies: [Vec<u8>; 6] = [
        b"{\"model\":".to_vec(),
        b"\xff\xfe\x00\x01".to_vec(),
        deep.into_bytes(),
        br#"{"model":"a","model":"b","stream":true,"stream":false}"#.to_vec(),
        long_line.into_bytes(),
        b"null".to_vec(),
    ];
    for body in &bodies {
        let head = format!(
            "POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        app.provider.script(Answer::json(serde_json::json!({"id": "x", "choices": [], "model": "gpt-4o"})));
        let got = app.send([head.as_bytes(), body].concat()).await;
        assert_eq!(got.status, 200);
        assert_eq!(app.provider.next_received().await.body, body);
    }
    let spans = app.spans(bodies.len()).await;
    for record in [&spans[0], &spans[1], &spans[2], &spans[5]] {
        assert!(matches!(record.span.coverage.request, BodyCoverage::Opaque(_)), "{:?}", record.span.coverage);
    }
    assert_eq!(spans[4].span.coverage.request, BodyCoverage::Truncated);
    assert_eq!(spans[4].span.request_bytes, bodies[4].len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_cut_streams_are_forwarded_and_never_panic() {
    let app = TestApp::start().await;
    let body = r#"{"model":"gpt-4o","stream":true,"messages":[]}"#;
    let long = format!("data: {}\n\n", "z".repeat(3 << 20));
    let streams: [Vec<u8>; 5] = [
        b"data: {\"choices\":[{\"delta\":{\"content\":\"\xf0\x9f".to_vec(),
        b"\x00\xff\xfe not an event at all \n\n\n\n::::data".to_vec(),
        long.into_bytes(),
        b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":1e99}}\n\ndata: [DONE]\n\n"
            .to_vec(),
        b"event: error\ndata: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}\n\n".to_vec(),
    ];
    for stream in &streams {
        let answer = Answer::bytes("text/event-stream", stream.clone()).framing(Framing::Chunked);
        app.provider.script(answer.chunked(Chunking::Bytes(1000)));
        let got = app.send(post(CHAT, body, "")).await;
        if stream != &streams[3] {
            assert_eq!(got.body, stream[..], "a stream that was not ours to change");
        }
    }
    let spans = app.spans(streams.len()).await;
    assert_eq!(spans[4].span.end_reason, EndReason::UpstreamFailed);
    assert!(spans[4].span.error.as_ref().is_some_and(|e| e.message.contains("overloaded")));
    is_well(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compression_bomb_is_forwarded_and_not_unpacked() {
    let app = TestApp::start().await;
    // 256 MiB of zeros in 256 KiB.
    let bomb = {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = vec![b' '; 1 << 20];
        for _ in 0..256 {
            gzip.write_all(&zeros).unwrap();
        }
        gzip.finish().unwrap()
    };
    app.provider.script(Answer::bytes("application/json", bomb.clone()).header("content-encoding", "gzip"));
    let got = app.send(post(CHAT, r#"{"model":"gpt-4o","messages":[]}"#, "")).await;
    assert_eq!(got.body, bomb);
    let span = app.span().await.span;
    assert!(matches!(span.coverage.response, BodyCoverage::Opaque(_) | BodyCoverage::Truncated), "{:?}", span.coverage);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_heads_are_refused_and_counted() {
    let app = TestApp::start().await;
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let heads = [
        "NOT HTTP AT ALL\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello".to_owned(),
        "POST / HTTP/1.1\r\nHost: p\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked, gzip\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: p\r\nbad header\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nHost: p\r\n{many}\r\n"),
        format!("GET /{} HTTP/1.1\r\nHost: p\r\n\r\n", "a".repeat(100_000)),
    ];
    for head in &heads {
        let mut client = app.client().await;
        client.send(head).await.unwrap();
        let got = client.head().await.map_or(0, |a| a.status);
        assert!((400..500).contains(&got) || got == 0, "{got} for {}", &head[..head.len().min(60)]);
    }
    assert!(app.provider.received().is_empty(), "nothing of it may reach the provider");
    is_well(&app).await;
    assert_eq!(
        metric(&app, "llmtrace_connection_rejected_total{reason=\"bad_head\"").await.rsplit(' ').next(),
        Some("7")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_request_cannot_be_smuggled_in_a_body() {
    let app = TestApp::start().await;
    // Both lengths: RFC 9112 lets a server refuse, or drop Content-Length; what it may not do is forward both.
    let smuggled = "GET /admin HTTP/1.1\r\nHost: p\r\n\r\n";
    let request = format!(
        "POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: \
         chunked\r\n\r\n{:x}\r\n{smuggled}\r\n0\r\n\r\n",
        smuggled.len()
    );
    let mut client = app.client().await;
    client.send(request).await.unwrap();
    let status = client.answer().await.map_or(0, |a| a.status);
    for received in app.provider.received() {
        assert_eq!(received.method, "POST");
        assert_eq!(received.body, smuggled.as_bytes());
        assert!(received.header("transfer-encoding").is_none() || received.header("content-length").is_none());
    }
    assert!(status == 0 || status < 500, "{status}");
    is_well(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_head_costs_a_connection_and_nothing_else() {
    let app = TestApp::start().await;
    let mut slow = app.client().await;
    slow.send("GET / HTTP/1.1\r\nHost: p\r\nX-").await.unwrap();
    let mut slow_body = app.client().await;
    let head =
        format!("POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{");
    slow_body.send(head).await.unwrap();
    slow_body.drip(b"\"a\"", Duration::from_millis(1)).await.unwrap();
    is_well(&app).await;
    drop((slow, slow_body));
    let span = app.span().await.span;
    assert_eq!(span.end_reason, EndReason::ClientGone);
    assert!(app.provider.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_tenants_are_refused_and_strange_labels_are_not() {
    let app = TestApp::start().await;
    let refused = app.send(post(CHAT, "{}", "X-LLMTrace-Tenant-ID: a b\r\n")).await;
    assert_eq!(refused.status, 400);
    let text = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(text.contains("X-LLMTrace-Tenant-ID") && text.contains("1 to 64"), "{text}");
    let long = "v".repeat(20_000);
    let labels = format!("X-LLMTrace-Session-ID: {long}\r\nX-LLMTrace-Nonsense: \u{1F600}\r\nX-LLMTrace-Tags: ,,,\r\n");
    let body = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;
    let got = app.send(post(CHAT, body, &labels)).await;
    assert_eq!(got.status, 200);
    let span = app.span().await.span;
    assert_eq!(span.session_id.map(|s| s.len()), Some(256));
    assert!(app.provider.next_received().await.header("x-llmtrace-nonsense").is_none());
}
