//! How an answer ends that is cut off: in the words in which its format says that something was filtered.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    event::Event,
    frames::{Held, packed},
};
use crate::{Dialect, eventstream, framing::Framing};

/// What of an answer its ending repeats.
#[derive(Default)]
pub(super) struct Seen {
    /// Its first event.
    first: Option<Value>,
    /// The block that has begun and not ended.
    block: Option<u64>,
    /// The number of its last event.
    sequence: u64,
}

impl Seen {
    /// Takes note of an event.
    pub(super) fn note(&mut self, dialect: Dialect, event: &Event, held: &Held) {
        if self.first.is_none() && dialect != Dialect::BedrockConverse {
            self.first = serde_json::from_str(&held.json).ok();
        }
        self.sequence = self.sequence.max(event.sequence);
        match &*event.name {
            "content_block_start"
            | "contentBlockStart"
            | "content_block_delta"
            | "contentBlockDelta"
            | "content-start" => {
                self.block = Some(event.block);
            }
            "content_block_stop" | "contentBlockStop" | "content-end" => self.block = None,
            _ => {}
        }
    }

    fn of_first(&self, keys: &[&str]) -> serde_json::Map<String, Value> {
        let first = self.first.as_ref().and_then(Value::as_object);
        let kept =
            keys.iter().filter_map(|key| first.and_then(|first| Some(((*key).to_owned(), first.get(*key)?.clone()))));
        kept.collect()
    }
}

/// The events that end an answer; none where its format has no word for it.
pub(super) fn of(dialect: Dialect, framing: Framing, seen: &Seen, inserted: u64, left_out: u64) -> Vec<Bytes> {
    let block = seen.block.map(|block| block.saturating_sub(left_out));
    match dialect {
        Dialect::OpenaiChat => {
            chat(seen, &json!({"index": 0, "delta": {}, "logprobs": null, "finish_reason": "content_filter"}))
        }
        Dialect::OpenaiCompletions => {
            chat(seen, &json!({"index": 0, "text": "", "logprobs": null, "finish_reason": "content_filter"}))
        }
        Dialect::OpenaiResponses | Dialect::OpenaiResponsesRetrieve => vec![responses(seen, inserted)],
        Dialect::AnthropicMessages => anthropic(seen, block).into_iter().map(|event| sse(&event)).collect(),
        Dialect::Gemini => vec![gemini(seen, framing)],
        Dialect::OllamaChat | Dialect::OllamaGenerate => vec![ollama(dialect, seen)],
        Dialect::BedrockConverse => converse(block),
        Dialect::BedrockInvoke => invoke(seen, block),
        Dialect::CohereChat => cohere(seen),
        _ => Vec::new(),
    }
}

fn sse(event: &Value) -> Bytes {
    let name = event.get("type").and_then(Value::as_str).unwrap_or("message");
    Bytes::from(format!("event: {name}\ndata: {event}\n\n"))
}

fn chat(seen: &Seen, choice: &Value) -> Vec<Bytes> {
    let mut event = seen.of_first(&["id", "object", "created", "model", "system_fingerprint"]);
    event.insert("choices".to_owned(), json!([choice]));
    vec![Bytes::from(format!("data: {}\n\n", Value::Object(event))), Bytes::from_static(b"data: [DONE]\n\n")]
}

fn responses(seen: &Seen, inserted: u64) -> Bytes {
    let first = seen.first.as_ref().and_then(|first| first.get("response")).cloned();
    let mut response = first.unwrap_or_else(|| json!({"object": "response", "output": []}));
    if let Some(response) = response.as_object_mut() {
        response.insert("status".to_owned(), json!("incomplete"));
        response.insert("incomplete_details".to_owned(), json!({"reason": "content_filter"}));
    }
    let sequence = seen.sequence + inserted + 1;
    sse(&json!({"type": "response.incomplete", "sequence_number": sequence, "response": response}))
}

fn anthropic(seen: &Seen, block: Option<u64>) -> Vec<Value> {
    let usage = seen.first.as_ref().and_then(|first| first.pointer("/message/usage/output_tokens")).cloned();
    let delta = json!({"stop_reason": "refusal", "stop_sequence": null});
    let mut events: Vec<_> =
        block.map(|block| json!({"type": "content_block_stop", "index": block})).into_iter().collect();
    events
        .push(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": usage.unwrap_or(json!(0))}}));
    events.push(json!({"type": "message_stop"}));
    events
}

fn gemini(seen: &Seen, framing: Framing) -> Bytes {
    let mut event = seen.of_first(&["modelVersion", "responseId"]);
    let content = json!({"role": "model", "parts": [{"text": ""}]});
    event.insert("candidates".to_owned(), json!([{"index": 0, "content": content, "finishReason": "SAFETY"}]));
    let event = Value::Object(event);
    match framing {
        Framing::JsonArray => Bytes::from(format!(",\n{event}]")),
        Framing::Sse | Framing::Ndjson | Framing::EventStream => Bytes::from(format!("data: {event}\r\n\r\n")),
    }
}

fn ollama(dialect: Dialect, seen: &Seen) -> Bytes {
    let mut event = seen.of_first(&["model", "created_at"]);
    let (key, text) = match dialect {
        Dialect::OllamaGenerate => ("response", json!("")),
        _ => ("message", json!({"role": "assistant", "content": ""})),
    };
    event.insert(key.to_owned(), text);
    event.insert("done".to_owned(), json!(true));
    event.insert("done_reason".to_owned(), json!("stop"));
    Bytes::from(format!("{}\n", Value::Object(event)))
}

fn message(name: &str, payload: &[u8]) -> Bytes {
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    Bytes::from(eventstream::encode(&headers, payload))
}

fn converse(block: Option<u64>) -> Vec<Bytes> {
    let stop =
        block.map(|block| message("contentBlockStop", json!({"contentBlockIndex": block}).to_string().as_bytes()));
    let usage = json!({"inputTokens": 0, "outputTokens": 0, "totalTokens": 0});
    let metadata = json!({"usage": usage, "metrics": {"latencyMs": 0}});
    let end = [
        message("messageStop", json!({"stopReason": "content_filtered"}).to_string().as_bytes()),
        message("metadata", metadata.to_string().as_bytes()),
    ];
    stop.into_iter().chain(end).collect()
}

fn invoke(seen: &Seen, block: Option<u64>) -> Vec<Bytes> {
    // Claude's events begin with their message; other models of Bedrock have no word of their own.
    let is_claude =
        seen.first.as_ref().and_then(|first| first.get("type")).and_then(Value::as_str) == Some("message_start");
    let events = if is_claude { anthropic(seen, block) } else { Vec::new() };
    events.iter().map(|event| message("chunk", &packed(&event.to_string()))).collect()
}

fn cohere(seen: &Seen) -> Vec<Bytes> {
    let end = seen.block.map(|block| json!({"type": "content-end", "index": block}));
    let last = json!({"type": "message-end", "delta": {"finish_reason": "ERROR"}});
    end.into_iter().chain([last]).map(|event| sse(&event)).collect()
}
