//! The bytes of an exchange as they passed, from the wire to the API: what was sent, what was answered, and nothing that is
//! a credential.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use llmtrace_model::{EndReason, SpanRecord};
use llmtrace_testkit::{Answer, Chunking, Fault, tcp::RawAnswer};
use serde_json::{Value, json};

use crate::app::{TestApp, post};

const CHAT: &str = "/v1/chat/completions";

async fn ask(app: &TestApp, record: &SpanRecord, part: &str) -> RawAnswer {
    let id = record.span.span_id;
    app.send(format!("GET /api/v1/spans/{id}/raw{part} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await
}

/// One body of the one stored span, through the API.
async fn bytes(app: &TestApp, part: &str) -> Vec<u8> {
    let answer = ask(app, &app.span().await, &format!("?part={part}")).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body.to_vec()
}

async fn view(app: &TestApp) -> Value {
    serde_json::from_slice(&ask(app, &app.span().await, "").await.body).unwrap()
}

fn usage_stream() -> Vec<String> {
    let chunk = |value: Value| format!("data: {value}\n\n");
    let delta = |text: &str| {
        chunk(json!({"id": "c", "object": "chat.completion.chunk", "model": "gpt-4o",
            "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}], "usage": null}))
    };
    let usage = chunk(json!({"id": "c", "object": "chat.completion.chunk", "model": "gpt-4o", "choices": [],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}));
    vec![delta("Grüße, "), delta("東京"), usage, "data: [DONE]\n\n".to_owned()]
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_is_what_was_sent_and_what_was_answered() {
    let app = TestApp::start().await;
    // Neither order nor white space is what a reader would write.
    let request = "{ \"model\" : \"gpt-4o\",\n\t\"messages\":[{\"role\":\"user\",\"content\":\"h\\u0069\"}] }\n";
    let answer = Answer::bytes("application/json", "{\"id\":\"c\" , \"choices\":[]}\r\n");
    let answered = answer.body();
    app.provider.script(answer);
    let got = app.send(post(CHAT, request, "")).await;
    assert_eq!(bytes(&app, "request").await, request.as_bytes());
    assert_eq!(bytes(&app, "response").await, answered);
    assert_eq!(got.body, answered);
    let view = view(&app).await;
    let expected = json!({"media_type": "application/json", "content_encoding": null, "size_bytes": request.len(),
        "omitted_bytes": 0, "encoding": "utf8", "head": request, "tail": ""});
    assert_eq!(view["request"], expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_answer_is_kept_compressed() {
    let app = TestApp::start().await;
    let answer = Answer::json(json!({"id": "c", "choices": [], "padding": "x".repeat(2000)})).gzip();
    let sent = answer.body();
    app.provider.script(answer);
    let got = app.send(post(CHAT, r#"{"model":"gpt-4o","messages":[]}"#, "Accept-Encoding: gzip\r\n")).await;
    assert_eq!(got.body, sent);
    assert_eq!(bytes(&app, "response").await, sent);
    let response = &view(&app).await["response"];
    assert_eq!((&response["content_encoding"], &response["encoding"]), (&json!("gzip"), &json!("base64")));
    assert_eq!(response["head"], STANDARD.encode(&sent));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_kept_as_upstream_sent_it_with_the_event_we_took_out() {
    for chunking in [Chunking::Bytes(1), Chunking::Bytes(7), Chunking::Whole] {
        let app = TestApp::start().await;
        let sent = usage_stream().concat();
        app.provider.script(Answer::bytes("text/event-stream", sent.clone()).chunked(chunking));
        let request = r#"{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
        let got = app.send(post(CHAT, request, "")).await;
        let mut shown = usage_stream();
        shown.remove(2);
        assert_eq!(got.body, shown.concat(), "the client does not see the event");
        assert_eq!(bytes(&app, "request").await, request.as_bytes(), "and did not ask for it");
        assert_eq!(bytes(&app, "response").await, sent.as_bytes(), "upstream sent it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_copy_keeps_head_and_tail() {
    let app = TestApp::with(&[("CAPTURE__MAX_BYTES", "2000")]).await;
    let sent: String = (0..30_000).map(|n| format!("{n:06} ")).collect();
    app.provider.script(Answer::bytes("text/plain", sent.clone()));
    let said = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": sent.clone()}]}).to_string();
    app.send(post(CHAT, &said, "")).await;
    for (part, whole) in [("request", &said), ("response", &sent)] {
        let answer = ask(&app, &app.span().await, &format!("?part={part}")).await;
        let expected = [&whole[..2000], &whole[whole.len() - 65_536..]].concat();
        assert_eq!(answer.body, expected, "{part}");
        let omitted = (whole.len() - expected.len()).to_string();
        assert_eq!(answer.header("x-llmtrace-omitted-bytes"), Some(omitted.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_answer_is_kept_as_far_as_it_came() {
    let app = TestApp::start().await;
    let sent = usage_stream().concat();
    app.provider.script(Answer::bytes("text/event-stream", sent.clone()).fault(Fault::ResetAfter(100)));
    let mut client = app.client().await;
    client.send(post(CHAT, r#"{"model":"gpt-4o","stream":true,"messages":[]}"#, "")).await.unwrap();
    client.head().await.unwrap();
    client.rest().await.ok();
    let record = app.span().await;
    assert_eq!(record.span.end_reason, EndReason::UpstreamFailed);
    let got = bytes(&app, "response").await;
    assert_eq!((got.len() as u64, &got[..]), (record.span.response_bytes, &sent.as_bytes()[..got.len()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_browser_takes_the_bytes_for_a_page() {
    let app = TestApp::start().await;
    app.provider.script(Answer::bytes("text/html", "<script>alert(1)</script>"));
    app.send(post(CHAT, "<script>", "")).await;
    let record = app.span().await;
    for (part, media) in [
        ("?part=request", "application/octet-stream"),
        ("?part=response", "application/octet-stream"),
        ("", "application/json"),
    ] {
        let answer = ask(&app, &record, part).await;
        assert_eq!(answer.header("content-type"), Some(media));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("content-security-policy"), Some("sandbox; default-src 'none'"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let disposition = answer.header("content-disposition").unwrap_or_default();
        assert_eq!(disposition.starts_with("attachment; "), !part.is_empty(), "{disposition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn capture_raw_says_whose_bytes_are_kept() {
    let well = || Answer::json(json!({"id": "c", "choices": []}));
    let failed = || Answer::http_error(500, "broken");
    let unread = || Answer::bytes("text/html", "<html>");
    let settings: [(&[_], [bool; 3]); 5] = [
        (&[], [true, true, true]),
        (&[("CAPTURE__RAW", "all")], [true, true, true]),
        (&[("CAPTURE__RAW", "errors")], [false, true, true]),
        (&[("CAPTURE__RAW", "off")], [false, false, false]),
        (&[("CAPTURE__CONTENT", "metadata"), ("CAPTURE__RAW", "all")], [false, false, false]),
    ];
    for (settings, kept) in settings {
        let app = TestApp::with(settings).await;
        for answer in [well(), failed(), unread()] {
            app.provider.script(answer);
            app.send(post(CHAT, r#"{"model":"gpt-4o","messages":[]}"#, "")).await;
        }
        for (record, kept) in app.spans(3).await.iter().zip(kept) {
            let answer = ask(&app, record, "").await;
            assert_eq!(answer.status, if kept { 200 } else { 404 }, "{settings:?} {:?}", record.span.http_status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_in_a_body_is_in_no_copy_of_it() {
    let app = TestApp::start().await;
    let request = json!({"model": "gpt-4o", "input": "hi", "tools": [{"type": "mcp", "server_label": "shop",
        "authorization": "top-token-1", "headers": {"X-Key": "top-token-2"}}]});
    app.provider.script(Answer::json(json!({"value": "ek_top-token-3", "object": "realtime.client_secret"})));
    let got = app.send(post("/v1/realtime/client_secrets", &request.to_string(), "")).await;
    assert!(String::from_utf8_lossy(&got.body).contains("top-token-3"), "the client gets it");
    assert!(app.provider.next_received().await.body.windows(9).any(|w| w == b"top-token"), "the upstream gets it");
    let masked = request.to_string().replace("top-token-1", "***********").replace("top-token-2", "***********");
    assert_eq!(bytes(&app, "request").await, masked.as_bytes());
    let response = String::from_utf8(bytes(&app, "response").await).unwrap();
    assert!(response.contains(r#""value":"**************""#), "{response}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_request_with_a_credential_keeps_its_size_only() {
    let app = TestApp::start().await;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(br#"{"model":"gpt-4o","input":"x","tools":[{"type":"mcp","authorization":"top-token"}]}"#).unwrap();
    let body = gzip.finish().unwrap();
    let head = format!(
        "POST /v1/responses HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    app.send([head.as_bytes(), &body].concat()).await;
    let request = &view(&app).await["request"];
    assert_eq!((&request["head"], &request["tail"]), (&json!(""), &json!("")));
    assert_eq!((&request["size_bytes"], &request["omitted_bytes"]), (&json!(body.len()), &json!(body.len())));
}
