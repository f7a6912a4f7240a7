#![allow(clippy::needless_pass_by_value, reason = "reads better with json!(..) at the call")]

use llmtrace_model::{Unit, Usage};
use serde_json::{Value, json};

use super::*;

/// A session that is fed by hand; `at` counts milliseconds.
struct Told {
    session: Option<Session>,
    steps: Vec<Step>,
}

impl Told {
    fn new(dialect: Dialect) -> Self {
        Self { session: Session::new(dialect, 1 << 20), steps: Vec::new() }
    }

    fn says(&mut self, side: Side, at_ms: u64, message: &Value) -> &mut Self {
        let (session, steps) = (self.session.as_mut().unwrap(), &mut self.steps);
        session.says(side, message.to_string().as_bytes(), at_ms * 1000, |step| steps.push(step));
        self
    }

    fn client(&mut self, at_ms: u64, message: Value) -> &mut Self {
        self.says(Side::Client, at_ms, &message)
    }

    fn server(&mut self, at_ms: u64, message: Value) -> &mut Self {
        self.says(Side::Server, at_ms, &message)
    }

    fn finish(&mut self, at_ms: u64) -> (Vec<Turn>, Rest) {
        let rest = self.session.take().unwrap().finish(at_ms * 1000, None, |step| self.steps.push(step));
        let mut open = Vec::new();
        let mut turns = Vec::new();
        for step in self.steps.drain(..) {
            match step {
                Step::Began { turn, started_us } => open.push((turn, started_us)),
                Step::Ended(turn) => {
                    let at = open.iter().position(|(t, _)| *t == turn.turn).expect("it began");
                    assert_eq!(open.remove(at).1, turn.started_us);
                    turns.push(*turn);
                }
            }
        }
        assert!(open.is_empty(), "every turn ends");
        (turns, rest)
    }
}

fn kinds(copied: &Copied) -> Vec<String> {
    let all = [&copied.head[..], &copied.tail[..]].concat();
    assert_eq!(all.len() as u64, copied.total_bytes, "nothing is missing");
    let lines = std::str::from_utf8(&all).unwrap().lines();
    lines
        .map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            let first = event.as_object().unwrap().keys().find(|key| !key.starts_with("llmtrace")).cloned().unwrap();
            event["type"].as_str().map_or(first, str::to_owned)
        })
        .collect()
}

fn openai(kind: &str) -> Value {
    json!({ "type": kind })
}

fn created(id: &str) -> Value {
    json!({"type": "response.created", "response": {"id": id, "status": "in_progress"}})
}

fn delta(id: &str) -> Value {
    json!({"type": "response.output_text.delta", "response_id": id, "delta": "hi"})
}

fn done(id: &str, tokens: u64) -> Value {
    json!({"type": "response.done", "response": {"id": id, "status": "completed", "output": [],
        "usage": {"input_tokens": tokens, "output_tokens": 1, "total_tokens": tokens + 1}}})
}

fn input(turn: &Turn) -> u64 {
    turn.meter.usage.map_or(0, |usage| usage.input)
}

#[test]
fn each_response_is_a_turn_with_what_was_asked_for_it() {
    let mut told = Told::new(Dialect::OpenaiRealtime);
    told.server(0, json!({"type": "session.created", "session": {"model": "gpt-realtime"}}))
        .client(10, json!({"type": "session.update", "session": {"instructions": "be kind"}}))
        .server(20, json!({"type": "session.updated", "session": {"model": "gpt-realtime", "instructions": "be kind"}}))
        .client(30, json!({"type": "conversation.item.create", "item": {"type": "message"}}))
        .client(40, openai("response.create"))
        .server(60, created("r1"))
        .client(70, json!({"type": "conversation.item.create", "item": {"type": "message"}}))
        .server(80, delta("r1"))
        .server(100, done("r1", 10))
        .client(110, openai("response.create"))
        .server(130, created("r2"))
        .client(135, openai("response.cancel"))
        .server(140, done("r2", 20));
    let (turns, rest) = told.finish(200);
    assert_eq!(
        turns.iter().map(|turn| (turn.end, input(turn))).collect::<Vec<_>>(),
        [(End::Done, 10), (End::Done, 20)]
    );
    let times = |turn: &Turn| (turn.started_us, turn.first_byte_us, turn.first_token_us, turn.ended_us);
    assert_eq!(times(&turns[0]), (40_000, Some(60_000), Some(80_000), 100_000));
    assert_eq!(times(&turns[1]), (110_000, Some(130_000), None, 140_000));
    assert_eq!(kinds(&turns[0].request), ["session.update", "conversation.item.create", "response.create"]);
    assert_eq!(
        kinds(&turns[0].response),
        ["session.updated", "response.created", "response.output_text.delta", "response.done"]
    );
    assert_eq!(kinds(&turns[1].request), ["conversation.item.create", "response.create", "response.cancel"]);
    assert_eq!(kinds(&turns[1].response), ["session.updated", "response.created", "response.done"]);
    assert_eq!(kinds(&rest.request), ["session.update", "llmtrace.session"]);
    assert_eq!(kinds(&rest.response), ["session.created", "session.updated", "llmtrace.session"]);
}

#[test]
fn audio_is_counted_and_never_copied() {
    let sound = "QUJD".repeat(1000);
    let mut told = Told::new(Dialect::OpenaiRealtime);
    for _ in 0..3 {
        told.client(0, json!({"type": "input_audio_buffer.append", "audio": sound}));
    }
    told.server(10, openai("input_audio_buffer.speech_started"))
        .server(300, openai("input_audio_buffer.speech_stopped"))
        .server(310, openai("input_audio_buffer.committed"))
        .server(320, created("r1"));
    for at in [400, 420] {
        told.server(at, json!({"type": "response.output_audio.delta", "response_id": "r1", "delta": sound}));
    }
    told.server(500, done("r1", 7)).client(510, json!({"type": "input_audio_buffer.append", "audio": sound}));
    let (turns, rest) = told.finish(600);
    let [turn] = &turns[..] else { panic!("one turn: {turns:?}") };
    // Voice detection hands over to the model.
    assert_eq!((turn.started_us, turn.first_token_us), (300_000, Some(400_000)));
    let copies = [&turn.request, &turn.response, &rest.request].map(|c| String::from_utf8(c.head.clone()).unwrap());
    assert!(copies.iter().all(|copy| !copy.contains("QUJD")), "{copies:?}");
    assert!(copies[0].contains(r#""audio":"[12000 bytes inline]","llmtrace_events":3"#), "{}", copies[0]);
    assert!(copies[1].contains(r#""delta":"[8000 bytes inline]","llmtrace_events":2"#), "{}", copies[1]);
    assert!(copies[1].trim_end().lines().last().unwrap().contains("response.done"), "{}", copies[1]);
    assert!(copies[2].contains("[4000 bytes inline]"), "{}", copies[2]);
}

#[test]
fn responses_side_by_side_are_kept_apart() {
    let mut told = Told::new(Dialect::OpenaiRealtime);
    told.client(0, json!({"type": "response.create", "event_id": "a"}))
        .client(1, json!({"type": "response.create", "event_id": "b"}))
        .server(2, created("r1"))
        .server(3, created("r2"))
        .server(4, delta("r2"))
        .server(5, delta("r1"))
        .server(6, done("r2", 2))
        .server(7, done("r1", 1));
    let (turns, _) = told.finish(10);
    let seen: Vec<_> = turns.iter().map(|t| (input(t), String::from_utf8(t.request.head.clone()).unwrap())).collect();
    assert!(matches!(&seen[..], [(2, b), (1, a)] if a.contains(r#""a""#) && b.contains(r#""b""#)), "{seen:?}");
}

#[test]
fn a_refused_request_is_asked_with_the_next_one() {
    let mut told = Told::new(Dialect::OpenaiRealtime);
    told.client(0, json!({"type": "response.create", "event_id": "a"}))
        .server(1, json!({"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}))
        .client(2, json!({"type": "response.create", "event_id": "b"}))
        .server(3, created("r1"))
        .server(4, done("r1", 1));
    let (turns, rest) = told.finish(10);
    assert_eq!(turns.len(), 1);
    assert_eq!((turns[0].started_us, kinds(&turns[0].request).len()), (2_000, 2));
    assert_eq!(kinds(&rest.response), ["error", "llmtrace.session"]);
}

#[test]
fn a_transcription_is_billed_apart() {
    let transcribed = |usage: Value| {
        json!({"type": "conversation.item.input_audio_transcription.completed", "item_id": "i", "transcript": "hello",
            "usage": usage})
    };
    let mut told = Told::new(Dialect::OpenaiRealtime);
    told.server(
        0,
        json!({"type": "session.created", "session": {"model": "gpt-realtime",
            "audio": {"input": {"transcription": {"model": "whisper-1"}}}}}),
    )
    .server(10, openai("input_audio_buffer.committed"))
    .server(20, created("r1"))
    .server(30, transcribed(json!({"type": "duration", "seconds": 1.5})))
    .server(40, done("r1", 3));
    let (turns, _) = told.finish(50);
    let [words, answer] = &turns[..] else { panic!("two turns: {turns:?}") };
    assert_eq!((words.meter.units.get(Unit::AudioInMs), words.meter.usage), (1500, None));
    assert_eq!((words.started_us, words.ended_us), (10_000, 30_000));
    assert_eq!(kinds(&words.response), ["llmtrace.turn", "conversation.item.input_audio_transcription.completed"]);
    assert!(String::from_utf8_lossy(&words.response.head).contains("whisper-1"));
    assert_eq!((input(answer), answer.meter.units.is_empty()), (3, true));
    assert_eq!(kinds(&answer.response).len(), 5);
}

#[test]
fn what_the_server_heard_belongs_to_the_answer_that_comes_next() {
    let mut told = Told::new(Dialect::OpenaiRealtime);
    told.client(0, openai("input_audio_buffer.commit"))
        .client(1, openai("response.create"))
        .client(2, openai("input_audio_buffer.clear"))
        .server(3, json!({"type": "conversation.item.input_audio_transcription.completed", "transcript": "hello"}))
        .server(4, created("r1"))
        .server(5, done("r1", 1));
    let (turns, _) = told.finish(10);
    assert_eq!(kinds(&turns[0].response)[0], "conversation.item.input_audio_transcription.completed");
    assert_eq!(kinds(&turns[0].request), ["input_audio_buffer.commit", "response.create"]);
}

#[test]
fn a_session_that_ends_early_leaves_what_was_said() {
    let mut told = Told::new(Dialect::OpenaiRealtime);
    told.client(0, openai("response.create"))
        .server(10, created("r1"))
        .server(20, delta("r1"))
        .client(30, openai("response.create"))
        .client(40, openai("input_audio_buffer.clear"));
    let (turns, rest) = told.finish(50);
    let seen: Vec<_> = turns.iter().map(|t| (t.end, t.first_byte_us, t.meter.usage, kinds(&t.response))).collect();
    let said = vec!["response.created".to_owned(), "response.output_text.delta".to_owned()];
    assert_eq!(seen, [(End::Open, Some(10_000), None, said), (End::Open, None, None, Vec::new())]);
    assert_eq!(kinds(&rest.request), ["llmtrace.session", "input_audio_buffer.clear"]);
}

#[test]
fn geminis_turns_end_with_turn_complete_or_a_tool_call() {
    let usage = |n: u64| json!({"promptTokenCount": n, "responseTokenCount": 1, "totalTokenCount": n + 1});
    let text = |t: &str| json!({"serverContent": {"modelTurn": {"parts": [{"text": t}]}}});
    let mut told = Told::new(Dialect::GeminiLive);
    told.client(0, json!({"setup": {"model": "models/gemini-live-2.5-flash"}}))
        .server(5, json!({"setupComplete": {}}))
        .client(10, json!({"client_content": {"turns": [{"parts": [{"text": "hi"}]}], "turn_complete": true}}))
        .server(20, text("a"))
        .server(30, json!({"serverContent": {"generationComplete": true}}))
        .server(40, json!({"serverContent": {"turnComplete": true}, "usageMetadata": usage(10)}))
        .client(50, json!({"realtimeInput": {"text": "again"}}))
        .server(60, json!({"toolCall": {"functionCalls": [{"id": "f", "name": "n", "args": {}}]}}))
        .server(
            65,
            json!({"usageMetadata": usage(20), "sessionResumptionUpdate": {"newHandle": "h", "resumable": true}}),
        )
        .client(70, json!({"toolResponse": {"functionResponses": [{"id": "f", "response": {}}]}}))
        .server(80, text("b"))
        .server(90, json!({"serverContent": {"interrupted": true}}))
        .server(95, json!({"serverContent": {"turnComplete": true}}))
        .client(100, json!({"realtimeInput": {"audio": {"mimeType": "audio/pcm", "data": "QUJD"}}}));
    let (turns, rest) = told.finish(200);
    let seen: Vec<_> = turns.iter().map(|t| (input(t), t.started_us, t.first_token_us, t.ended_us, t.end)).collect();
    let expected = [
        (10, 10_000, Some(20_000), 40_000, End::Done),
        (20, 50_000, Some(60_000), 60_000, End::Done),
        (0, 70_000, Some(80_000), 95_000, End::Done),
    ];
    assert_eq!(seen, expected);
    assert_eq!(kinds(&turns[1].request), ["setup", "realtimeInput"]);
    assert!(String::from_utf8_lossy(&turns[1].response.head).contains(r#""newHandle":"REDACTED""#));
    assert_eq!(
        (kinds(&rest.request), kinds(&rest.response)),
        (
            vec!["setup".into(), "llmtrace.session".into(), "realtimeInput".into()],
            vec!["setupComplete".into(), "llmtrace.session".into()]
        )
    );
}

#[test]
fn a_turn_nobody_is_known_to_have_asked_for_has_no_time_to_its_first_token() {
    let mut told = Told::new(Dialect::GeminiLive);
    told.client(0, json!({"realtimeInput": {"mediaChunks": [{"mimeType": "audio/pcm", "data": "QUJD"}]}}))
        .server(20, json!({"serverContent": {"inputTranscription": {"text": "hello"}}}))
        .server(30, json!({"serverContent": {"outputTranscription": {"text": "hi"}}}))
        .server(40, json!({"serverContent": {"turnComplete": true}, "usageMetadata": {"promptTokenCount": 1}}));
    let (turns, _) = told.finish(50);
    assert_eq!((turns[0].started_us, turns[0].first_token_us), (30_000, None));
    assert_eq!(kinds(&turns[0].response).len(), 3);
    assert_eq!(turns[0].meter.usage, Some(Usage { input: 1, ..Usage::default() }));
}

#[test]
fn messages_that_are_no_events_never_panic() {
    for dialect in [Dialect::OpenaiRealtime, Dialect::GeminiLive] {
        let mut session = Session::new(dialect, 1000).unwrap();
        let odd: [&[u8]; 9] = [
            b"",
            b"{",
            b"[]",
            b"{}",
            b"\xff\xfe",
            b"{\"type\":1}",
            b"{\"type\":\"response.done\"}",
            b"{\"type\":\"response.created\",\"response\":\"x\"}",
            b"{\"serverContent\":[],\"toolCall\":null}",
        ];
        for message in odd {
            for side in [Side::Client, Side::Server] {
                session.says(side, message, 1, |_| {});
            }
        }
        session.says_too_much(Side::Client, 99);
        session.is_not_read(Side::Server, "why");
        session.finish(2, None, |_| {});
    }
}
