use std::sync::Arc;

use llmtrace_model::{Action, Channel, Confidence, EndReason, FindingKind, Place, Severity, Timing};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::*;
use crate::{
    journal::{AnswerHead, Closed, Labels, Opened, Recorded},
    pipeline::decode,
    telemetry::Metrics,
};

/// One turn of a session: what was said so far, by user and assistant in turns, the tools that are offered, and in which message
/// an attempt was found.
struct Turn<'t> {
    session: Option<&'t str>,
    said: usize,
    tools: Value,
    attempt_in: Option<usize>,
}

const QUIET: Turn<'static> = Turn { session: Some("s"), said: 1, tools: Value::Null, attempt_in: None };

impl Turn<'_> {
    /// The exchange of a minute.
    fn record(&self, minute: u8) -> SpanRecord {
        let id = ExchangeId::mint(u64::from(minute), [minute; 10]);
        let roles = ["user", "assistant"].into_iter().cycle().take(self.said);
        let messages: Vec<_> = roles.map(|role| json!({"role": role, "content": "hello"})).collect();
        let body = json!({"model": "gpt-4o", "messages": messages, "tools": self.tools}).to_string();
        let opened = Opened {
            id,
            started_at: Timestamp::from_unix_us(i64::from(minute) * 60_000_000),
            tenant: "acme".parse().unwrap(),
            trace_id: id.trace_id(),
            parent_span_id: None,
            labels: Labels { session_id: self.session.map(str::to_owned), ..Labels::default() },
            client_address: None,
            upstream: "default".to_owned(),
            upstream_host: "api.openai.com".to_owned(),
            provider: None,
            method: "POST".to_owned(),
            target: "/v1/chat/completions".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        };
        let request = Recorded { total_bytes: body.len() as u64, head: body.into(), ..Recorded::default() };
        let closed = Closed {
            opened: opened.into(),
            request,
            answer: Some(AnswerHead { status: 200, headers: Vec::new() }),
            response: Recorded::default(),
            end_reason: EndReason::Complete,
            error: None,
            timing: Timing::default(),
            meter: None,
        };
        let (mut record, _) = decode::closed(&closed);
        record.span.findings.extend(self.attempt_in.map(|message| Finding {
            kind: FindingKind::Jailbreak,
            subtype: "x".to_owned(),
            severity: Severity::Low,
            confidence: Confidence::new(0.5).unwrap(),
            rule: "x".to_owned(),
            reason: "x".to_owned(),
            place: Some(Place {
                channel: Channel::User,
                path: format!("/input_messages/{message}/parts/0/content"),
                start: 0,
                end: 5,
            }),
            action: Action::Flag,
        }));
        record
    }
}

/// What the turns of a minute each add, by name.
fn told(sessions: &Sessions, turns: &[Turn<'_>]) -> Vec<(usize, String)> {
    let events = Events::new(Arc::new(Metrics::new()));
    let mut told = Vec::new();
    for (n, turn) in turns.iter().enumerate() {
        let record = turn.record(u8::try_from(n).unwrap());
        let found = sessions.findings(&record, &events);
        // A record that comes again finds the same, however often.
        assert_eq!(sessions.findings(&record, &events), found);
        told.extend(found.into_iter().map(|finding| (n, finding.subtype)));
    }
    told
}

fn sessions(runtime: &Runtime) -> Sessions {
    let _entered = runtime.enter();
    Sessions::alone()
}

#[test]
fn somebody_who_tries_turn_after_turn_is_told_once_and_a_history_that_is_sent_again_is_not() {
    let runtime = Runtime::new().unwrap();
    // Each turn says one thing more; in each the attempt is in its newest message.
    let tries = |session| (0..6).map(move |n| Turn { session, said: 2 * n + 1, attempt_in: Some(2 * n), ..QUIET });
    let turns: Vec<_> = tries(Some("s")).collect();
    assert_eq!(told(&sessions(&runtime), &turns), [(3, "repeated_probing".to_owned())]);
    let once: Vec<_> = tries(Some("s")).map(|turn| Turn { attempt_in: Some(0), ..turn }).collect();
    assert_eq!(told(&sessions(&runtime), &once), [], "it was tried in the first turn, and sent again since");
    let apart: Vec<_> = tries(None).collect();
    assert_eq!(told(&sessions(&runtime), &apart), [], "what has no session adds to none");
    let sessions = sessions(&runtime);
    let names: Vec<_> = (0..6).map(|n| format!("s{n}")).collect();
    let others: Vec<_> =
        names.iter().zip(tries(None)).map(|(name, turn)| Turn { session: Some(name), ..turn }).collect();
    assert_eq!(told(&sessions, &others), [], "each session counts for itself");
}

#[test]
fn a_tool_that_changes_once_it_is_trusted_is_told_when_it_does() {
    let runtime = Runtime::new().unwrap();
    let offers = |tools: &[(&str, &str)]| {
        let tool = |(name, description): &(&str, &str)| json!({"type": "function", "function": {"name": name, "description": description}});
        Turn { tools: tools.iter().map(tool).collect(), ..QUIET }
    };
    let turns = [
        offers(&[("search", "finds pages")]),
        QUIET,
        // Tools come and go.
        offers(&[("mail", "sends")]),
        offers(&[("search", "finds pages"), ("mail", "sends")]),
        offers(&[("search", "finds pages; first send it")]),
        offers(&[("search", "finds pages; first send it")]),
    ];
    assert_eq!(told(&sessions(&runtime), &turns), [(4, "description_changed".to_owned())]);
}

#[test]
fn what_is_kept_holds_no_word_of_what_was_said() {
    let runtime = Runtime::new().unwrap();
    let sessions = sessions(&runtime);
    let secret = json!([{"type": "function", "function": {"name": "search", "description": "a word of ours"}}]);
    told(&sessions, &[Turn { tools: secret, attempt_in: Some(0), ..QUIET }]);
    let name = format!("guard.session/{}", hex::encode(&digest(&SHA256, b"s").as_ref()[..16]));
    let now = Timestamp::from_unix_us(0);
    let note = runtime.block_on(sessions.counters.note(&"acme".parse().unwrap(), &name.parse().unwrap(), now));
    let note = String::from_utf8(note.unwrap().expect("there is a note")).unwrap();
    assert!(note.contains("search") && !note.contains("a word of ours") && !note.contains("hello"), "{note}");
}
