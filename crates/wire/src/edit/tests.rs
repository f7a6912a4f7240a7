use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Dialect;

/// Puts `[X]` in the place of a word, and cuts where another one comes.
#[derive(Default)]
struct Hides {
    is_cut: bool,
    held: std::collections::BTreeMap<TextOf, String>,
}

const WORD: &str = "hush";
const CUT: &str = "STOP";

impl Censor for Hides {
    fn more(&mut self, of: TextOf, piece: &str) -> String {
        let mut text = self.held.remove(&of).unwrap_or_default() + piece;
        if let Some(at) = text.find(CUT) {
            text.truncate(at);
            self.is_cut = true;
        }
        let mut text = text.replace(WORD, "[X]");
        let open = (1..WORD.len()).rev().find(|n| text.ends_with(&WORD[..*n])).unwrap_or(0);
        self.held.insert(of, text.split_off(text.len() - open));
        text
    }

    fn end(&mut self, of: TextOf) -> String {
        self.held.remove(&of).unwrap_or_default()
    }

    fn whole(&mut self, _: TextOf, text: &str) -> Option<String> {
        text.contains(WORD).then(|| text.replace(WORD, "[X]"))
    }

    fn holds_signed(&self) -> bool {
        true
    }

    fn is_cut(&self) -> bool {
        self.is_cut
    }
}

fn hidden(body: &str) -> Result<Option<String>, NotEditable> {
    let edited = strings(body.as_bytes(), &mut |text| text.contains(WORD).then(|| text.replace(WORD, "[X]")));
    edited.map(|body| body.map(|body| String::from_utf8(body).unwrap()))
}

fn streamed(dialect: Dialect, media: &str, events: &[Bytes]) -> Vec<u8> {
    let (mut censor, mut out) = (Hides::default(), Vec::new());
    let mut stream = Stream::new(Some(dialect), media, 1 << 20).unwrap();
    for event in events {
        stream.push(event.clone(), &mut censor, &mut out).unwrap();
    }
    stream.finish(&mut censor, &mut out).unwrap();
    out.concat()
}

fn sse(events: &[Value]) -> Vec<Bytes> {
    events.iter().map(|event| Bytes::from(format!("data: {event}\n\n"))).collect()
}

#[test]
fn a_changed_string_is_spliced_and_every_other_byte_stays() {
    let body = "{ \"a\" : \"\\u0068ush \\\"now\\\"\",\n\t\"hush\": 1.50, \"b\":[true,\"x\\/y\", \"hush hush\"] }";
    let expected = "{ \"a\" : \"[X] \\\"now\\\"\",\n\t\"hush\": 1.50, \"b\":[true,\"x\\/y\", \"[X] [X]\"] }";
    assert_eq!(hidden(body).unwrap().unwrap(), expected);
    assert_eq!(hidden("{\"a\": \"b\"}"), Ok(None));
    for bad in ["", "{", "{\"a\":}", "{\"a\":\"hush}", "[1,]", "{} {}"] {
        assert_eq!(hidden(bad), Err(NotEditable::Syntax), "{bad}");
    }
    assert_eq!(hidden(&format!("{}1{}", "[".repeat(200), "]".repeat(200))), Err(NotEditable::TooDeep));
}

#[test]
fn a_document_inside_a_string_stays_one() {
    let arguments = json!({"path": "a \"hush\" b", "n": [1, "hush"]}).to_string();
    let edited = hidden(&json!({"function": {"arguments": arguments}}).to_string()).unwrap().unwrap();
    let edited: Value = serde_json::from_str(&edited).unwrap();
    let arguments: Value = serde_json::from_str(edited["function"]["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments, json!({"path": "a \"[X]\" b", "n": [1, "[X]"]}));
    assert_eq!(hidden(r#"{"a": "[hush"}"#).unwrap().unwrap(), r#"{"a": "[[X]"}"#);
}

#[test]
fn what_is_signed_is_not_changed() {
    let thinking = |signature: &str| {
        json!({"content": [{"type": "thinking", "thinking": "hush", "signature": signature}]}).to_string()
    };
    assert_eq!(hidden(&thinking("c2ln")), Err(NotEditable::Signed));
    assert!(hidden(&thinking("")).unwrap().unwrap().contains("[X]"), "nothing holds for it");
    assert_eq!(hidden(r#"{"encrypted_content": "hush"}"#), Err(NotEditable::Signed));
}

#[test]
fn a_thought_under_a_signature_goes_whole_and_so_does_what_went_by_the_letters() {
    let thought = json!({"type": "thinking", "thinking": "hush", "signature": "c2ln"});
    let text = json!({"type": "text", "text": "say hush", "annotations": [{"start_index": 4}]});
    let body = json!({"content": [thought, text, thought], "logprobs": {"hush": -1}}).to_string();
    let edited = document(body.as_bytes(), &mut Hides::default()).unwrap().unwrap();
    let edited: Value = serde_json::from_slice(&edited).unwrap();
    let text = json!({"type": "text", "text": "say [X]", "annotations": []});
    assert_eq!(edited, json!({"content": [text], "logprobs": null}));
    assert_eq!(document(b"{\"a\": \"b\", \"logprobs\": {}}", &mut Hides::default()), Ok(None));
}

#[test]
fn a_block_of_thoughts_that_would_change_is_left_out_of_a_stream_and_the_others_are_numbered_anew() {
    let start = |n: u64, block: Value| json!({"type": "content_block_start", "index": n, "content_block": block});
    let delta = |n: u64, delta: Value| json!({"type": "content_block_delta", "index": n, "delta": delta});
    let stop = |n: u64| json!({"type": "content_block_stop", "index": n});
    let thinking = |word: &str| {
        vec![
            start(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
            delta(0, json!({"type": "thinking_delta", "thinking": word})),
            json!({"type": "ping"}),
            delta(0, json!({"type": "signature_delta", "signature": "c2ln"})),
            stop(0),
            start(1, json!({"type": "text", "text": ""})),
            delta(1, json!({"type": "text_delta", "text": "well"})),
            stop(1),
        ]
    };
    let left = |events: &[Value]| -> Vec<Value> {
        let out = streamed(Dialect::AnthropicMessages, "text/event-stream", &sse(events));
        let text = String::from_utf8(out).unwrap();
        text.lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .map(|data| serde_json::from_str(data).unwrap())
            .collect()
    };
    let kept = left(&thinking("well"));
    assert_eq!(kept.len(), 8, "{kept:?}");
    let ping = json!({"type": "ping"});
    let expected = [
        ping,
        start(0, json!({"type": "text", "text": ""})),
        delta(0, json!({"type": "text_delta", "text": "well"})),
        stop(0),
    ];
    assert_eq!(left(&thinking("hush")), expected);
}

#[test]
fn what_is_left_of_a_text_comes_before_what_ends_it_and_later_events_are_numbered_anew() {
    let delta = |n: u64, delta: &str| json!({"type": "response.output_text.delta", "sequence_number": n, "output_index": 0, "content_index": 0, "delta": delta});
    let done = |n: u64| json!({"type": "response.output_text.done", "sequence_number": n, "output_index": 0, "content_index": 0, "text": "say hu"});
    let out = streamed(Dialect::OpenaiResponses, "text/event-stream", &sse(&[delta(3, "say hu"), done(4)]));
    let expected: Vec<u8> = sse(&[delta(3, "say "), delta(4, "hu"), done(5)]).concat();
    assert_eq!(String::from_utf8(out), String::from_utf8(expected));
}

#[test]
fn an_answer_that_is_cut_ends_in_the_words_of_its_format() {
    let chat = |text: &str| json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]});
    let out =
        streamed(Dialect::OpenaiChat, "text/event-stream", &sse(&[chat("fine, "), chat("now STOP it"), chat("more")]));
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("\"now \"") && !out.contains(CUT) && !out.contains("more"), "{out}");
    assert!(out.contains("\"finish_reason\":\"content_filter\"") && out.ends_with("data: [DONE]\n\n"), "{out}");

    let block = json!({"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "STOP"}});
    let out = String::from_utf8(streamed(Dialect::AnthropicMessages, "text/event-stream", &sse(&[block]))).unwrap();
    let data = out.lines().filter_map(|line| line.strip_prefix("data: "));
    let events: Vec<Value> = data.map(|data| serde_json::from_str(data).unwrap()).collect();
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["content_block_delta", "content_block_stop", "message_delta", "message_stop"]);
    assert_eq!((&events[1]["index"], &events[2]["delta"]["stop_reason"]), (&json!(2), &json!("refusal")));

    let line = Bytes::from(json!({"model": "m", "message": {"content": "STOP"}, "done": false}).to_string() + "\n");
    let out = String::from_utf8(streamed(Dialect::OllamaChat, "application/x-ndjson", &[line])).unwrap();
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["done"], &last["done_reason"], &last["model"]), (&json!(true), &json!("stop"), &json!("m")));

    let part =
        Bytes::from(format!("[{}", json!({"candidates": [{"index": 0, "content": {"parts": [{"text": "STOP"}]}}]})));
    let out = streamed(Dialect::Gemini, "application/json", &[part]);
    let list: Value = serde_json::from_slice(&out).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out)));
    assert_eq!(list[1]["candidates"][0]["finishReason"], "SAFETY");

    let headers = [(":event-type", "contentBlockDelta"), (":message-type", "event")];
    let payload = json!({"contentBlockIndex": 0, "delta": {"text": "STOP"}}).to_string();
    let message = Bytes::from(crate::eventstream::encode(&headers, payload.as_bytes()));
    let out = streamed(Dialect::BedrockConverse, "application/vnd.amazon.eventstream", &[message]);
    let (mut names, mut decoder) = (Vec::new(), crate::eventstream::Decoder::new(1 << 20));
    decoder.feed(&out, |frame| match frame {
        crate::eventstream::Frame::Event { name, .. } => names.push(String::from_utf8_lossy(name).into_owned()),
        other => panic!("{other:?}"),
    });
    assert_eq!(names, ["contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]);
}

#[test]
fn who_gives_up_gets_everything_that_has_come() {
    let (mut censor, mut out) = (Hides::default(), Vec::new());
    let mut stream = Stream::new(Some(Dialect::OpenaiChat), "text/event-stream", 64).unwrap();
    let broken = b"data: {\"choices\": [}\n\ndata: {\"more\"";
    assert_eq!(stream.push(Bytes::from_static(broken), &mut censor, &mut out), Err(NotEditable::Syntax));
    stream.give_up(&mut censor, &mut out);
    stream.push(Bytes::from_static(b"rest"), &mut censor, &mut out).unwrap();
    assert_eq!(out.concat(), [&broken[..], b"rest"].concat());
    let mut stream = Stream::new(Some(Dialect::OpenaiChat), "text/event-stream", 8).unwrap();
    assert_eq!(stream.push(Bytes::from_static(b"data: {\"a\": 1"), &mut censor, &mut out), Err(NotEditable::TooLong));
    assert!(Stream::new(Some(Dialect::OpenaiEmbeddings), "text/event-stream", 8).is_none());
}

proptest! {
    #[test]
    fn what_was_text_before_is_the_text_after_but_for_the_word(texts in proptest::collection::vec("\\PC{0,8}(hush)?\\PC{0,8}", 0..6)) {
        let body = json!({"messages": texts.iter().map(|text| json!({"content": text})).collect::<Vec<_>>()}).to_string();
        let edited = hidden(&body).unwrap().unwrap_or(body);
        let edited: Value = serde_json::from_str(&edited).unwrap();
        for (n, text) in texts.iter().enumerate() {
            prop_assert_eq!(edited["messages"][n]["content"].as_str().unwrap(), text.replace(WORD, "[X]"));
        }
    }
}
