//! Bytes out equal bytes in, in both directions.

use bytes::Bytes;
use llmtrace_testkit::{Answer, Chunking, FakeProvider, Framing};

use crate::app::{TestApp, post};

const CHAT: &str = "/v1/chat/completions";

/// Header fields as `name: value` lines, in order and case, without those that belong to one connection.
fn lines(fields: &[(String, Bytes)]) -> Vec<String> {
    let of_connection = |name: &str| {
        let name = name.to_ascii_lowercase();
        matches!(name.as_str(), "host" | "connection" | "transfer-encoding" | "content-length")
            || name.starts_with("x-llmtrace-")
    };
    let text = |v: &Bytes| v.iter().map(|b| char::from(*b)).collect::<String>();
    fields.iter().filter(|(n, _)| !of_connection(n)).map(|(n, v)| format!("{n}: {}", text(v))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_arrives_upstream_as_it_was_sent() {
    let app = TestApp::start().await;
    let body = "{ \"model\":\"gpt-4o\" ,\"messages\" : [ {\"role\":\"user\",\"content\":\"h\\u00e9llo  \u{1F600}\"} ],\n\"unknown\":1e400 }";
    let headers = "X-Custom-CASE: One\r\nAuthorization: Bearer abc\r\nx-dup: 1\r\nX-Dup: 2\r\nUser-Agent: \
                   test/1\r\nX-Latin: caf\u{e9}\r\nX-LLMTrace-Tags: hidden\r\nCookie: a=b; c=d\r\n";
    app.send(post(&format!("{CHAT}?a=%20b&&c"), body, headers)).await;
    let received = app.provider.next_received().await;
    assert_eq!(received.body, body.as_bytes());
    assert_eq!(received.target, format!("{CHAT}?a=%20b&&c"));
    assert_eq!(received.header("host"), Some(app.provider.host().as_str()));
    let expected = [
        "Content-Type: application/json",
        "X-Custom-CASE: One",
        "Authorization: Bearer abc",
        "x-dup: 1",
        "X-Dup: 2",
        "User-Agent: test/1",
        "X-Latin: caf\u{c3}\u{a9}",
        "Cookie: a=b; c=d",
    ];
    assert_eq!(lines(&received.headers), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_arrives_at_the_client_as_it_was_sent() {
    let app = TestApp::start().await;
    let body = Bytes::from((0..50_000u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>());
    let answer = Answer::bytes("application/octet-stream", body.clone())
        .status(299)
        .header("Set-Cookie", "a=1")
        .header("X-Request-ID", "req_1")
        .header("set-cookie", "b=2");
    app.provider.script(answer);
    let got = app.send(post(CHAT, "{}", "")).await;
    assert_eq!((got.status, &got.body), (299, &body));
    let expected =
        ["content-type: application/octet-stream", "Set-Cookie: a=1", "X-Request-ID: req_1", "set-cookie: b=2"];
    let got_lines: Vec<String> = lines(&got.headers);
    for line in expected {
        assert!(got_lines.iter().any(|l| l.eq_ignore_ascii_case(line)), "{line} is missing in {got_lines:?}");
    }
    assert!(got.header("date").is_none(), "a Date that the provider did not send");
    assert!(got.header("x-llmtrace-trace-id").is_some_and(|id| id.len() == 32));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_the_same_however_it_is_cut() {
    let stream = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\
                  \"delta\":{\"content\":\"h\u{e9}\u{1F600}\"}}]}\r\n\r\n: ping\n\ndata: [DONE]\n\n";
    let app = TestApp::start().await;
    let body = r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"messages":[]}"#;
    for size in [1, 2, 3, 5, 7, 64, 4096] {
        let answer =
            Answer::bytes("text/event-stream", stream).chunked(Chunking::Bytes(size)).framing(Framing::Chunked);
        app.provider.script(answer);
        let got = app.send(post(CHAT, body, "")).await;
        assert_eq!(got.body, stream.as_bytes(), "cut into {size}");
        assert_eq!(app.provider.next_received().await.body, body.as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usage_event_is_asked_for_and_taken_out_again() {
    let first = r#"{"id":"c","object":"chat.completion.chunk","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"hi"}}],"usage":null}"#;
    let usage = r#"{"id":"c","object":"chat.completion.chunk","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#;
    let asked = format!("data: {first}\n\ndata: {usage}\n\ndata: [DONE]\n\n");
    let wanted = format!("data: {first}\n\ndata: [DONE]\n\n");
    let app = TestApp::start().await;
    let body = r#"{"model":"gpt-4o","stream":true,"messages":[]}"#;
    let sizes = [1, 3, 50, 10_000];
    for size in sizes {
        let answer = Answer::bytes("text/event-stream", asked.clone()).chunked(Chunking::Bytes(size));
        app.provider.script(answer.framing(Framing::Chunked));
        let got = app.send(post(CHAT, body, "Accept-Encoding: gzip\r\n")).await;
        assert_eq!(got.body, wanted.as_bytes(), "cut into {size}");
        let received = app.provider.next_received().await;
        assert_eq!(received.json()["stream_options"]["include_usage"], true);
        assert_eq!(received.header("accept-encoding"), Some("identity"));
        let length = received.body.len().to_string();
        assert_eq!(received.header("content-length"), Some(length.as_str()));
    }
    for record in app.spans(sizes.len()).await {
        assert_eq!(record.span.usage.unwrap().total(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_says_no_to_the_usage_event_is_respected() {
    let app = TestApp::start().await;
    for body in [
        r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":false},"messages":[]}"#,
        r#"{"model":"gpt-4o","stream":false,"messages":[]}"#,
        r#"{"model":"gpt-4o","messages":[]}"#,
        r#"not json at all"#,
        r#""#,
    ] {
        app.send(post(CHAT, body, "")).await;
        assert_eq!(app.provider.next_received().await.body, body.as_bytes());
    }
    let off = TestApp::with(&[("STREAM_USAGE", "off")]).await;
    let body = r#"{"model":"gpt-4o","stream":true,"messages":[]}"#;
    off.send(post(CHAT, body, "")).await;
    assert_eq!(off.provider.next_received().await.body, body.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_whose_named_provider_takes_no_usage_option_is_not_asked() {
    let provider = FakeProvider::start().await;
    let url = provider.url();
    let named =
        format!("[{{name: strict, url: '{url}', provider: mistral_ai}}, {{name: vllm, url: '{url}', provider: vllm}}]");
    let app = TestApp::in_front_of(provider, &url, &[("UPSTREAMS", &named)]).await;
    let body = r#"{"model":"gpt-4o","stream":true,"messages":[]}"#;
    app.send(post(&format!("/up/strict{CHAT}"), body, "")).await;
    assert_eq!(app.provider.next_received().await.body, body.as_bytes());
    app.send(post(&format!("/up/vllm{CHAT}"), body, "")).await;
    assert_eq!(app.provider.next_received().await.json()["stream_options"]["include_usage"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_media_stream_through_with_their_trailers() {
    let app = TestApp::start().await;
    app.provider.script(Answer::bytes("audio/mpeg", vec![7u8; 300_000]).trailers(&[("X-Sum", "abc")]));
    let mut client = app.client().await;
    let head = "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: p\r\nContent-Type: multipart/form-data; boundary=x\r\n\
                TE: trailers\r\nTrailer: X-Check\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.send(head).await.unwrap();
    client.send("4\r\n--x\n\r\n").await.unwrap();
    // The first piece is upstream before the second one is sent: nothing is held.
    let early = app.provider.wait_for(|r| r.body == "--x\n").await;
    assert!(!early.complete);
    client.send("5\r\nhello\r\n0\r\nX-Check: 42\r\n\r\n").await.unwrap();
    let got = client.answer().await.unwrap();
    assert_eq!(got.body.len(), 300_000);
    assert!(got.trailers.iter().any(|(n, v)| n.eq_ignore_ascii_case("x-sum") && v == "abc"), "{:?}", got.trailers);
    let received = app.provider.wait_for(|r| r.complete).await;
    assert_eq!(received.body, "--x\nhello");
    assert!(received.trailers.iter().any(|(n, v)| n.eq_ignore_ascii_case("x-check") && v == "42"));
    let span = app.span().await.span;
    assert_eq!((span.dialect.as_str(), span.request_bytes, span.response_bytes), ("openai_transcription", 9, 300_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn head_requests_keep_the_length_they_are_told() {
    let app = TestApp::start().await;
    app.provider.script(Answer::bytes("text/plain", "12345"));
    let got = app.send("HEAD /v1/files/x HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert_eq!((got.header("content-length"), got.body.len()), (Some("5"), 0));
    assert_eq!(app.span().await.span.method, "HEAD");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_path_never_chooses_the_host() {
    let app = TestApp::start().await;
    app.send("GET http://169.254.169.254/latest/meta-data HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n").await;
    let received = app.provider.next_received().await;
    assert_eq!((received.target.as_str(), received.header("host")), ("/latest/meta-data", Some(&*app.provider.host())));
    let refused = app.send("GET /up/evil.example/x HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert_eq!(refused.status, 404);
    assert!(String::from_utf8_lossy(&refused.body).contains("expected one of default"));
}

#[tokio::test(flavor = "multi_thread")]
async fn trace_context_passes_and_becomes_the_parent() {
    let app = TestApp::start().await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = format!("traceparent: {parent}\r\ntracestate: a=b\r\n");
    let got = app.send(post(CHAT, r#"{"model":"gpt-4o","messages":[]}"#, &headers)).await;
    let received = app.provider.next_received().await;
    assert_eq!((received.header("traceparent"), received.header("tracestate")), (Some(parent), Some("a=b")));
    let span = app.span().await.span;
    assert_eq!(span.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(span.parent_span_id.unwrap().to_string(), "00f067aa0ba902b7");
    assert_eq!(got.header("x-llmtrace-span-id"), Some(span.span_id.to_string().as_str()));
}
