//! What a policy hides or cuts while an exchange passes: of the request before it leaves, of the answer before it arrives.

use llmtrace_model::{Action, EndReason, FindingKind};
use llmtrace_testkit::{Answer, Chunking};
use serde_json::{Value, json};

use crate::app::{TestApp, post};

/// A busy machine is not what these tests are about.
const PATIENT: (&str, &str) = ("GUARD__TIMEOUT_MS", "10000");
const REDACT: (&str, &str) = ("GUARD__RULES", "[{kinds: [secret, pii], action: redact}]");
const HOLD: (&str, &str) = ("GUARD__ANSWERS", "hold");
const CHAT: &str = "/v1/chat/completions";
const EMAIL: &str = "jane.roe@example.com";

/// An access key of nobody: letters of its alphabet in their order on the keyboard.
fn key() -> String {
    ["AKIA", "Q2W3E4R5T6Y7UIOP"].concat()
}

fn chat(text: &str, stream: bool) -> String {
    json!({"model": "gpt-4o", "stream": stream, "messages": [{"role": "user", "content": text}]}).to_string()
}

fn completion(text: &str) -> Answer {
    Answer::json(json!({
        "id": "c", "object": "chat.completion", "model": "gpt-4o",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
    }))
}

/// A stream that says the text in pieces of so many characters.
fn pieces(text: &str, size: usize) -> Answer {
    let letters: Vec<char> = text.chars().collect();
    let delta = |delta: Value, reason: Value| {
        json!({"id": "c", "object": "chat.completion.chunk", "model": "gpt-4o",
               "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
        .to_string()
    };
    let mut events = vec![delta(json!({"role": "assistant", "content": ""}), Value::Null)];
    events.extend(letters.chunks(size).map(|piece| delta(json!({"content": String::from_iter(piece)}), Value::Null)));
    events.push(delta(json!({}), json!("stop")));
    let usage = json!({"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12});
    events.push(json!({"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": usage}).to_string());
    events.push("[DONE]".to_owned());
    Answer::sse(&events)
}

/// What a stream says, put together.
fn said(body: &[u8]) -> (String, Vec<String>) {
    let body = std::str::from_utf8(body).unwrap();
    let (mut text, mut reasons) = (String::new(), Vec::new());
    for data in body.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]") {
        let event: Value = serde_json::from_str(data).unwrap_or_else(|_| panic!("{data}"));
        let Some(choice) = event["choices"].get(0) else { continue };
        text.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
        reasons.extend(choice["finish_reason"].as_str().map(str::to_owned));
    }
    assert!(body.ends_with("data: [DONE]\n\n"), "{body}");
    (text, reasons)
}

fn content(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(body)));
    body.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap_or_else(|| panic!("{body}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_of_a_request_never_leaves_and_the_client_gets_it_back() {
    let app = TestApp::with(&[REDACT, PATIENT]).await;
    let body = format!(
        "{{\"model\": \"gpt-4o\",\n \"metadata\": {{\"of\": \"gr\\u00fcn\"}}, \"messages\": [{{\"role\":\"user\",\"content\":\"Write to {EMAIL}, not {EMAIL}, with {}\"}}]}}",
        key()
    );
    app.provider.script(completion("Done: [EMAIL_1] has been told."));
    let answer = app.send(post(CHAT, &body, "")).await;
    let sent = String::from_utf8(app.provider.received()[0].body.to_vec()).unwrap();
    assert!(!sent.contains(EMAIL) && !sent.contains(&key()), "{sent}");
    let expected = body.replace(EMAIL, "[EMAIL_1]");
    let (head, _) = expected.split_once("AKIA").unwrap();
    assert!(sent.starts_with(head), "all else as it came: {sent}");
    assert_eq!(content(&answer.body), format!("Done: {EMAIL} has been told."));
    assert_eq!(answer.header("content-length"), Some(&*answer.body.len().to_string()));
    let span = app.span().await.span;
    let redacted = span.findings.iter().filter(|finding| finding.action == Action::Redact).count();
    assert!(redacted >= 3, "{:?}", span.findings);
    assert_eq!((span.end_reason, span.http_status), (EndReason::Complete, Some(200)));
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholders_come_back_in_a_stream_however_it_is_cut() {
    for size in [1, 3, 1_000] {
        let app = TestApp::with(&[REDACT, PATIENT]).await;
        app.provider.script(pieces("To [EMAIL_1]: hello [EMAIL_2] and [EMA", size).chunked(Chunking::Bytes(7)));
        let answer = app.send(post(CHAT, &chat(&format!("tell {EMAIL}"), true), "")).await;
        let (text, reasons) = said(&answer.body);
        assert_eq!(text, format!("To {EMAIL}: hello [EMAIL_2] and [EMA"), "pieces of {size}");
        assert_eq!(reasons, ["stop"]);
        assert_eq!(app.span().await.span.usage.unwrap().total(), 12);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholders_stay_where_the_operator_wants_that() {
    let app = TestApp::with(&[REDACT, PATIENT, ("GUARD__RESTORE", "false")]).await;
    app.provider.script(completion("Done: [EMAIL_1]"));
    let answer = app.send(post(CHAT, &chat(EMAIL, false), "")).await;
    assert_eq!(content(&answer.body), "Done: [EMAIL_1]");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_to_be_hidden_and_cannot_be_is_not_sent() {
    let app = TestApp::with(&[REDACT, PATIENT]).await;
    let signed = "Content-Digest: sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:\r\n";
    let answer = app.send(post(CHAT, &chat(&key(), false), signed)).await;
    assert_eq!(answer.status, 403);
    let told = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(told.contains("unredactable_request") && told.contains("signed") && !told.contains(&key()), "{told}");
    assert!(app.provider.received().is_empty());
    assert_eq!(app.span().await.span.end_reason, EndReason::Blocked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_the_model_does_not_reach_the_client_in_any_piece() {
    let text = format!("The key is {} and the address {EMAIL}, as you asked.", key());
    for size in [1, 5, 1_000] {
        let app = TestApp::with(&[REDACT, HOLD, PATIENT]).await;
        app.provider.script(pieces(&text, size).chunked(Chunking::Bytes(11)));
        let answer = app.send(post(CHAT, &chat("what is it?", true), "")).await;
        let all = String::from_utf8(answer.body.to_vec()).unwrap();
        let (text, reasons) = said(&answer.body);
        assert!(text.starts_with("The key is [") && text.ends_with("], as you asked."), "{text}");
        assert!(text.contains("[EMAIL]") && !text.contains("AKIA") && !text.contains("roe@"), "{text}");
        assert!(!all.contains(&key()) && !all.contains(EMAIL));
        assert_eq!(reasons, ["stop"]);
        assert_eq!(app.provider.received()[0].header("accept-encoding"), Some("identity"));
        let span = app.span().await.span;
        assert_eq!((span.end_reason, span.usage.unwrap().total()), (EndReason::Complete, 12));
    }
    let app = TestApp::with(&[REDACT, HOLD, PATIENT]).await;
    app.provider.script(completion(&text));
    let answer = app.send(post(CHAT, &chat("what is it?", false), "")).await;
    let whole = content(&answer.body);
    assert!(whole.starts_with("The key is [") && whole.ends_with("], as you asked."), "{whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_nothing_to_hide_passes_byte_for_byte_also_where_it_is_held() {
    let app = TestApp::with(&[REDACT, HOLD, PATIENT]).await;
    let answer = pieces("Nothing to hide here, in 3 lines.\nOne.\nTwo.", 4);
    let sent = answer.body();
    app.provider.script(answer);
    let request = json!({"model": "gpt-4o", "stream": true, "stream_options": {"include_usage": true}, "messages": []});
    let passed = app.send(post(CHAT, &request.to_string(), "")).await;
    assert_eq!(said(&passed.body), said(&sent));
    let answer = completion("Nothing to hide here.");
    let sent = answer.body();
    app.provider.script(answer);
    assert_eq!(app.send(post(CHAT, &chat("hello", false), "")).await.body, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_policy_blocks_is_cut_off_in_its_own_words() {
    let block = ("GUARD__RULES", "[{kinds: [secret], channels: [output], action: block}]");
    let text = format!("The key is {} and more.", key());
    let app = TestApp::with(&[block, HOLD, PATIENT]).await;
    app.provider.script(pieces(&text, 4));
    let answer = app.send(post(CHAT, &chat("what is it?", true), "")).await;
    let (text_left, reasons) = said(&answer.body);
    assert!(text.starts_with(&text_left) && !text_left.contains("AKIA"), "{text_left}");
    assert_eq!(reasons, ["content_filter"]);
    let span = app.span().await.span;
    assert_eq!(span.end_reason, EndReason::Cut);
    let secret = span.findings.iter().find(|finding| finding.kind == FindingKind::Secret).unwrap();
    assert_eq!(secret.action, Action::Block);

    app.provider.script(completion(&text));
    let answer = app.send(post(CHAT, &chat("what is it?", false), "")).await;
    let told = String::from_utf8(answer.body.to_vec()).unwrap();
    assert_eq!(answer.status, 403, "{told}");
    assert!(told.contains("blocked_by_policy") && !told.contains("AKIA"), "{told}");
    let span = app.spans(2).await.remove(1).span;
    assert_eq!(span.end_reason, EndReason::Cut);
    assert_eq!(span.usage.unwrap().total(), 12, "what was answered is paid for");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_read_follows_the_operators_stance() {
    for (stance, status) in [("allow", 200), ("block", 502)] {
        let app = TestApp::with(&[REDACT, HOLD, PATIENT, ("GUARD__OPAQUE", stance)]).await;
        app.provider.script(completion(&key()).gzip());
        let answer = app.send(post(CHAT, &chat("hello", false), "")).await;
        assert_eq!(answer.status, status, "compressed, {stance}");
        app.provider.script(Answer::bytes("application/json", "{\"choices\": [{\"mess"));
        let answer = app.send(post(CHAT, &chat("hello", false), "")).await;
        assert_eq!(answer.status, status, "no JSON, {stance}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_leave_as_they_come_where_nobody_asked_for_them_to_be_held() {
    let app = TestApp::with(&[REDACT, PATIENT]).await;
    let answer = pieces(&format!("The key is {}.", key()), 3);
    app.provider.script(answer);
    let answer = app.send(post(CHAT, &chat("what is it?", true), "")).await;
    assert!(said(&answer.body).0.contains(&key()));
}
