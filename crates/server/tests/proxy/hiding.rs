//! What the policy hides is nowhere behind the journal: not in a file, a log, a metric or an answer of the API.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    sync::{Arc, LazyLock, Mutex},
};

use llmtrace_model::{Action, Channel, SpanRecord};
use llmtrace_testkit::{Answer, Chunking};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::app::{TestApp, post};

const REDACT: (&str, &str) = ("GUARD__RULES", "[{kinds: [secret, pii], action: redact}]");
const PATIENT: (&str, &str) = ("GUARD__TIMEOUT_MS", "10000");
const RAW: (&str, &str) = ("CAPTURE__RAW", "all");
const CHAT: &str = "/v1/chat/completions";
const EMAIL: &str = "noa.brandt@mail.example.org";
const CARD: &str = "4012 8888 8888 1881";

/// An access key of nobody, which no other test knows.
fn key() -> String {
    ["AKIA", "Z7X6C5V4B3N2M7LK"].concat()
}

/// Every text that has to be hidden, in the spellings in which it might be found.
fn hidden() -> Vec<String> {
    let percent: String = EMAIL.replace('@', "%40");
    vec![key(), EMAIL.to_owned(), percent, CARD.to_owned(), CARD.replace(' ', "%20"), CARD.replace(' ', "+")]
}

/// Says where hidden text stands, if it does.
fn check(place: &str, bytes: &[u8]) {
    for text in hidden() {
        let found = memchr::memmem::find(bytes, text.as_bytes());
        let around =
            |at: usize| String::from_utf8_lossy(&bytes[at.saturating_sub(80)..(at + 80).min(bytes.len())]).into_owned();
        assert!(found.is_none(), "{place} holds {text}: {:?}", found.map(around));
    }
}

fn check_folder(folder: &Path) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += check_folder(&path);
        } else if let Ok(bytes) = fs::read(&path) {
            // What was removed meanwhile is nowhere.
            check(&path.display().to_string(), &bytes);
            files += 1;
        }
    }
    files
}

/// Everything that is logged by this process, at the finest level.
static LOG: LazyLock<Log> = LazyLock::new(Log::default);

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

fn chat(stream: bool) -> String {
    let arguments = json!({"to": EMAIL, "body": format!("card {CARD}")}).to_string();
    let call = json!({"id": "t", "type": "function", "function": {"name": "mail", "arguments": arguments}});
    json!({
        "model": "gpt-4o", "stream": stream, "user": EMAIL, "metadata": {"who": EMAIL},
        "tools": [{"type": "function", "function": {"name": "mail", "description": format!("mails {EMAIL}")}}],
        "messages": [
            {"role": "system", "content": format!("The key is {}.", key())},
            {"role": "user", "content": format!("ü: use {} and {CARD}, then write to {EMAIL}", key())},
            {"role": "assistant", "content": null, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "t", "content": format!("sent to {EMAIL} with \"{}\"", key())},
        ],
    })
    .to_string()
}

fn answer(stream: bool) -> Answer {
    let text = format!("Sent with {} to {EMAIL}, card {CARD}.", key());
    if !stream {
        return Answer::json(json!({
            "id": "c", "object": "chat.completion", "model": "gpt-4o",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        }));
    }
    let delta = |text: &str| {
        json!({"id": "c", "object": "chat.completion.chunk", "model": "gpt-4o",
               "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]})
        .to_string()
    };
    let mut events: Vec<_> = text.chars().map(|c| delta(&c.to_string())).collect();
    events.push("[DONE]".to_owned());
    Answer::sse(&events).chunked(Chunking::Bytes(5))
}

/// The stretch that each finding points at.
fn found(record: &SpanRecord) -> Vec<(Action, Channel, String)> {
    let content = serde_json::to_value(record.content.as_ref().unwrap()).unwrap();
    let findings = record.span.findings.iter().filter_map(|finding| Some((finding.action, finding.place.as_ref()?)));
    findings
        .map(|(action, place)| {
            let text = content.pointer(&place.path).and_then(Value::as_str).unwrap_or_else(|| panic!("{place:?}"));
            let range = usize::try_from(place.start).unwrap()..usize::try_from(place.end).unwrap();
            (action, place.channel, text.get(range).unwrap_or_else(|| panic!("{place:?} in {text}")).to_owned())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_hides_is_in_no_file_log_metric_or_answer() {
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(LOG.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).expect("no other test sets one");
    let app = TestApp::with(&[REDACT, PATIENT, RAW]).await;
    let labels =
        format!("X-LLMTrace-User-ID: {EMAIL}\r\nX-LLMTrace-Session-ID: s-{}\r\nX-LLMTrace-Tags: {EMAIL}\r\n", key());
    let target = format!("{CHAT}?to={}&card={}", EMAIL.replace('@', "%40"), CARD.replace(' ', "+"));
    for stream in [false, true] {
        app.provider.script(answer(stream));
        assert_eq!(app.send(post(&target, &chat(stream), &labels)).await.status, 200);
        check_folder(app.folder.path());
    }
    let message = format!("Incorrect API key provided: {}", key());
    app.provider.script(Answer::http_error(401, &message));
    assert_eq!(app.send(post(CHAT, &chat(false), &labels)).await.status, 401);
    let spans = app.spans(3).await;
    assert!(check_folder(app.folder.path()) >= 2, "the journal and the store");
    for record in &spans {
        check("the span", format!("{record:?}").as_bytes());
        assert!(record.raw.is_none());
        let findings = found(record);
        let redacted = findings.iter().filter(|(action, ..)| *action == Action::Redact);
        assert!(redacted.clone().count() >= 4, "{findings:?}");
        assert!(redacted.clone().all(|(_, _, text)| text.starts_with('[') && text.ends_with(']')), "{findings:?}");
        assert!(record.span.coverage.withheld.iter().any(|what| what.starts_with("raw bytes")));
    }
    // The same text has the same token, in every message and every exchange.
    let token = spans[0].span.user_id.clone().unwrap();
    assert!(token.starts_with("[EMAIL:") && spans.iter().all(|record| record.span.user_id.as_ref() == Some(&token)));
    assert!(serde_json::to_string(&spans[1].content).unwrap().matches(&token).count() >= 5);

    let id = spans[0].span.span_id;
    let trace = spans[0].span.trace_id;
    for path in [
        "/api/v1/spans",
        "/api/v1/traces",
        "/api/v1/sessions",
        "/api/v1/users",
        "/api/v1/stats?group_by=user_id",
        "/api/v1/export",
        "/api/v1/audit",
        "/metrics",
        &format!("/api/v1/spans/{id}"),
        &format!("/api/v1/spans/{id}/raw"),
        &format!("/api/v1/traces/{trace}"),
    ] {
        let answer = app.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        assert!(answer.status == 200 || path.ends_with("/raw"), "{path}: {}", answer.status);
        check(path, &answer.body);
    }
    let log = LOG.0.lock().unwrap().clone();
    assert!(log.len() > 1_000, "something was logged");
    check("the log", &log);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_had_time_to_look_at_is_not_stored_where_the_policy_redacts() {
    let late = ("GUARD__ANALYSIS_TIMEOUT_MS", "1");
    let app = TestApp::with(&[REDACT, ("GUARD__ON_TIMEOUT", "allow"), late]).await;
    app.provider.script(answer(false));
    let long = format!("{} {EMAIL}", "a fine day in the hills ".repeat(300_000));
    let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": long}]}).to_string();
    app.send(post(CHAT, &body, "")).await;
    let record = app.span().await;
    check("the span", format!("{record:?}").as_bytes());
    let content = record.content.unwrap();
    assert!(content.segments().iter().all(|segment| segment.text == "[not stored: not analysed]"), "{content:?}");
    assert!(!record.span.coverage.withheld.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_policy_that_redacts_everything_is_kept_as_it_was_said() {
    let shadow = ("GUARD__MODE", "shadow");
    let app = TestApp::with(&[REDACT, RAW, shadow]).await;
    app.provider.script(answer(false));
    app.send(post(CHAT, &chat(false), "")).await;
    let record = app.span().await;
    let said = serde_json::to_string(&record.content).unwrap();
    assert!(said.contains(EMAIL) && said.contains(&key()) && record.span.user_id.as_deref() == Some(EMAIL));
    assert!(record.span.coverage.withheld.is_empty());
}
