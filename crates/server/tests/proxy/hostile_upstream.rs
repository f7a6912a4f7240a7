//! Bad input from the upstream: passed on as it is, or a clear failure; never a panic, never a hang; a span each.

use std::io::Write;

use llmtrace_model::{BodyCoverage, EndReason};
use llmtrace_testkit::{Answer, Chunking, Fault, Framing};

use crate::{
    app::{TestApp, post},
    hostile::{gzip, is_well},
};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const PLAIN: &str = r#"{"model":"gpt-4o","messages":[]}"#;
const STREAM: &str = r#"{"model":"gpt-4o","stream":true,"messages":[]}"#;

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
async fn compression_bombs_are_forwarded_and_not_unpacked() {
    let app = TestApp::start().await;
    let twice = {
        let mut outer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        outer.write_all(&gzip(256 << 20)).unwrap();
        outer.finish().unwrap()
    };
    let deflated = {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..256 {
            zlib.write_all(&[b' '; 1 << 20]).unwrap();
        }
        zlib.finish().unwrap()
    };
    // 256 MiB of spaces in some hundred KiB, as the answer and as a stream.
    let bombs = [("gzip", gzip(256 << 20)), ("gzip, gzip", twice), ("deflate", deflated), ("br", gzip(1 << 20))];
    for (coding, bomb) in &bombs {
        for (media, body) in [("application/json", PLAIN), ("text/event-stream", STREAM)] {
            app.provider.script(Answer::bytes(media, bomb.clone()).header("content-encoding", coding));
            assert_eq!(app.send(post(CHAT, body, "")).await.body, bomb, "{coding} {media}");
        }
    }
    for record in app.spans(2 * bombs.len()).await {
        let coverage = &record.span.coverage.response;
        assert!(matches!(coverage, BodyCoverage::Opaque(_) | BodyCoverage::Truncated), "{coverage:?}");
    }
    is_well(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_speaks_no_proper_http_is_a_502_or_breaks_off() {
    let app = TestApp::start().await;
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let heads = [
        "220 mail.example ESMTP\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{many}\r\n"),
        format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\n\r\n", "v".repeat(1 << 20)),
        String::new(),
    ];
    for head in &heads {
        app.provider.script(Answer::raw(head.clone()));
        let got = app.send(post(CHAT, PLAIN, "")).await;
        assert_eq!(got.status, 502, "{}", &head[..head.len().min(60)]);
    }
    // The head is proper, the framing of the body is not: the client must not take it for a whole answer.
    let chunked = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n";
    for rest in ["zz\r\n", "-1\r\n", "fffffffffffffffff\r\n", "5\r\nab"] {
        app.provider.script(Answer::raw(format!("{chunked}{rest}")));
        let mut client = app.client().await;
        client.send(post(CHAT, PLAIN, "")).await.unwrap();
        client.answer().await.expect_err("a broken body must not look complete");
    }
    let spans = app.spans(heads.len() + 4).await;
    assert!(spans.iter().all(|r| r.span.end_reason == EndReason::UpstreamFailed), "{spans:#?}");
    is_well(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_ten_megabytes_passes_in_both_dialects() {
    let app = TestApp::start().await;
    let text = "z".repeat(10 << 20);
    let openai = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\ndata: [DONE]\n\n");
    let anthropic =
        format!("event: ping\ndata: {text}\n\nevent: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n");
    for (path, stream) in [(CHAT, openai), (MESSAGES, anthropic)] {
        let answer = Answer::bytes("text/event-stream", stream.clone()).chunked(Chunking::Bytes(64 << 10));
        app.provider.script(answer.framing(Framing::Chunked));
        let got = app.send(post(path, STREAM, "")).await;
        assert!(got.body == stream.as_bytes(), "{path}: {} bytes of {}", got.body.len(), stream.len());
    }
    for record in app.spans(2).await {
        assert_eq!(record.span.end_reason, EndReason::Complete);
        assert_eq!(record.span.coverage.response, BodyCoverage::Truncated);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nest_too_deep_are_forwarded_and_opaque() {
    let app = TestApp::start().await;
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let object = format!("{{\"choices\":{deep},\"usage\":{deep}}}");
    let event = format!("data: {object}\n\ndata: [DONE]\n\n");
    let named = format!("event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{deep}}}\n\n");
    let cases = [
        (CHAT, PLAIN, "application/json", object.clone()),
        (MESSAGES, PLAIN, "application/json", object),
        (CHAT, STREAM, "text/event-stream", event),
        (MESSAGES, STREAM, "text/event-stream", named),
    ];
    for (path, body, media, answer) in &cases {
        app.provider.script(Answer::bytes(media, answer.clone()));
        let got = app.send(post(path, body, "")).await;
        assert!(got.body == answer.as_bytes(), "{path} {media}");
    }
    for record in &app.spans(cases.len()).await[..2] {
        assert!(matches!(record.span.coverage.response, BodyCoverage::Opaque(_)), "{:?}", record.span.coverage);
    }
    is_well(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_cuts_inside_a_stream_become_a_span_wherever_they_come() {
    let app = TestApp::start().await;
    let openai = "data: {\"id\":\"c\",\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\u{e9}\"}}]}\n\n\
                  data: [DONE]\n\n";
    let anthropic = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":\
                     {\"type\":\"text_delta\",\"text\":\"h\u{e9}\"}}\n\nevent: message_stop\ndata: {\"type\":\
                     \"message_stop\"}\n\n";
    let cuts: Vec<usize> = (0..60).step_by(7).collect();
    for (path, stream) in [(CHAT, openai), (MESSAGES, anthropic)] {
        for &cut in &cuts {
            let answer = || Answer::bytes("text/event-stream", stream).framing(Framing::Chunked);
            app.provider.script(answer().fault(Fault::GarbageAfter(cut)));
            let got = app.send(post(path, STREAM, "")).await;
            assert_eq!(got.body.len(), stream.len(), "{path}, garbage after {cut}");
            assert_eq!(got.body[..cut], stream.as_bytes()[..cut]);
            app.provider.script(answer().fault(Fault::TruncateAfter(cut)));
            let mut client = app.client().await;
            client.send(post(path, STREAM, "")).await.unwrap();
            client.answer().await.expect_err("a cut stream must not look complete");
        }
    }
    let spans = app.spans(4 * cuts.len()).await;
    let failed = spans.iter().filter(|r| r.span.end_reason == EndReason::UpstreamFailed).count();
    assert!(failed >= 2 * cuts.len(), "every cut stream has failed: {failed}");
    is_well(&app).await;
}
