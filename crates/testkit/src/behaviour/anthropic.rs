//! Anthropic's side: messages, their stream, token counting, models.
//!
//! Shapes: Anthropic API reference, "Messages", "Streaming messages", "Extended thinking", "Prompt caching", "Count
//! message tokens" and "Rate limits" (synthetic).

use serde_json::{Value, json};

use super::{Effect, Scene, anthropic_error, arguments, content, count_tokens, read_messages};
use crate::Answer;

const MODELS: [&str; 3] = ["claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-1"];
const THOUGHT: &str = "The user wants an answer, so I repeat what was said.";
/// Opaque to clients, who must send it back byte for byte.
const SIGNATURE: &str = "RmFrZVNpZ25hdHVyZTpkbytub3QvbW9kaWZ5Kz09Cg==";

/// Input tokens by bucket.
struct Input {
    uncached: u64,
    write_5m: u64,
    write_1h: u64,
    read: u64,
}

/// `POST /v1/messages`.
pub(super) fn messages(body: &Value, scene: &Scene, id: &str) -> Answer {
    let Some(limit) = body["max_tokens"].as_u64() else {
        return anthropic_error(400, "max_tokens: Field required");
    };
    let Some(last) = body["messages"].as_array().and_then(|m| m.last()) else {
        return anthropic_error(400, "messages: Field required");
    };
    let (_, said) = read_messages(body);
    let blocks = blocks(body, scene, &said, last, id);
    let written: u64 = blocks.iter().map(weigh).sum();
    let output = written.min(limit);
    let stop = match blocks.last().map(|b| &b["type"]) {
        Some(kind) if kind == "tool_use" => "tool_use",
        _ if written > limit => "max_tokens",
        _ if scene.has(Effect::Refusal) => "refusal",
        _ => "end_turn",
    };
    let usage = usage(&input(body, scene), output);
    let id = format!("msg_{id}");
    let mut answer = if body["stream"] == true {
        stream(scene, &blocks, stop, &usage, &id)
    } else {
        Answer::json(json!({
            "id": id, "type": "message", "role": "assistant", "model": scene.model, "content": blocks,
            "stop_reason": stop, "stop_sequence": null, "usage": usage,
        }))
    };
    answer.bill = Some(usage);
    answer
}

fn blocks(body: &Value, scene: &Scene, said: &str, last: &Value, id: &str) -> Vec<Value> {
    let mut blocks = Vec::new();
    if body["thinking"]["type"] == "enabled" {
        blocks.push(json!({"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE}));
    }
    blocks.push(json!({"type": "text", "text": scene.text(format!("You said: {said}"))}));
    let answers_tool = last["content"].as_array().is_some_and(|c| c.iter().any(|b| b["type"] == "tool_result"));
    let demanded = body["tool_choice"]["name"].as_str();
    let tools = body["tools"].as_array();
    let tool = tools.and_then(|t| t.iter().find(|t| demanded.is_none_or(|name| t["name"] == name)));
    if let Some(tool) = tool.filter(|_| !answers_tool && body["tool_choice"]["type"] != "none") {
        let call = format!("toolu_{id}");
        let input = arguments(&tool["input_schema"]);
        blocks.push(json!({"type": "tool_use", "id": call, "name": tool["name"], "input": input}));
    }
    blocks
}

fn weigh(block: &Value) -> u64 {
    let text = block["text"].as_str().or(block["thinking"].as_str());
    text.map_or_else(|| count_tokens(&block["input"].to_string()), count_tokens)
}

/// Counts the input; the system prompt goes to the cache if one of its blocks carries `cache_control`.
fn input(body: &Value, scene: &Scene) -> Input {
    let (messages, _) = read_messages(body);
    let system = count_tokens(&content(&body["system"]).0);
    let marks = || body["system"].as_array().into_iter().flatten().map(|b| &b["cache_control"]);
    let (marked, hour) = (marks().any(|m| m.is_object()), marks().any(|m| m["ttl"] == "1h"));
    match (marked, scene.has(Effect::Cached), hour) {
        (false, _, _) => Input { uncached: messages + system, write_5m: 0, write_1h: 0, read: 0 },
        (true, true, _) => Input { uncached: messages, write_5m: 0, write_1h: 0, read: system },
        (true, false, true) => Input { uncached: messages, write_5m: 0, write_1h: system, read: 0 },
        (true, false, false) => Input { uncached: messages, write_5m: system, write_1h: 0, read: 0 },
    }
}

fn usage(input: &Input, output: u64) -> Value {
    json!({
        "input_tokens": input.uncached, "cache_creation_input_tokens": input.write_5m + input.write_1h,
        "cache_read_input_tokens": input.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": input.write_5m, "ephemeral_1h_input_tokens": input.write_1h,
        },
        "output_tokens": output, "service_tier": "standard",
    })
}

fn stream(scene: &Scene, blocks: &[Value], stop: &str, usage: &Value, id: &str) -> Answer {
    let mut events: Vec<(&str, Value)> = Vec::new();
    let mut first = usage.clone();
    first["output_tokens"] = json!(1);
    let message = json!({"id": id, "type": "message", "role": "assistant", "model": scene.model, "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": first});
    events.push(("message_start", json!({ "message": message })));
    for (index, block) in blocks.iter().enumerate() {
        let (empty, deltas) = deltas(scene, block);
        events.push(("content_block_start", json!({"index": index, "content_block": empty})));
        if index == 0 {
            events.push(("ping", json!({})));
        }
        for delta in deltas {
            events.push(("content_block_delta", json!({"index": index, "delta": delta})));
        }
        events.push(("content_block_stop", json!({ "index": index })));
    }
    if scene.has(Effect::ErrorInStream) {
        events.truncate(events.len() / 2);
        events.push(("error", json!({"error": {"type": "overloaded_error", "message": "Overloaded"}})));
    } else {
        let delta = json!({"stop_reason": stop, "stop_sequence": null});
        let last = json!({"output_tokens": usage["output_tokens"]});
        events.push(("message_delta", json!({"delta": delta, "usage": last})));
        events.push(("message_stop", json!({})));
    }
    let named = |(name, mut data): (&'static str, Value)| {
        data["type"] = json!(name);
        (name, data.to_string())
    };
    let events: Vec<(&str, String)> = events.into_iter().map(named).collect();
    Answer::sse_named(&events)
}

/// The block as `content_block_start` carries it, and the deltas that fill it.
fn deltas(scene: &Scene, block: &Value) -> (Value, Vec<Value>) {
    let mut empty = block.clone();
    if let Some(text) = block["text"].as_str() {
        empty["text"] = json!("");
        let deltas = scene.cut(text).into_iter().map(|t| json!({"type": "text_delta", "text": t}));
        return (empty, deltas.collect());
    }
    if let Some(thinking) = block["thinking"].as_str() {
        (empty["thinking"], empty["signature"]) = (json!(""), json!(""));
        let words = thinking.split_inclusive(' ').map(|t| json!({"type": "thinking_delta", "thinking": t}));
        let signature = json!({"type": "signature_delta", "signature": block["signature"]});
        return (empty, words.chain([signature]).collect());
    }
    empty["input"] = json!({});
    let input = block["input"].to_string();
    let pieces = [""].into_iter().chain(input.split_inclusive([':', ',']));
    (empty, pieces.map(|p| json!({"type": "input_json_delta", "partial_json": p})).collect())
}

/// `POST /v1/messages/count_tokens`.
pub(super) fn count(body: &Value, _scene: &Scene, _id: &str) -> Answer {
    let (messages, _) = read_messages(body);
    Answer::json(json!({"input_tokens": messages + count_tokens(&content(&body["system"]).0)}))
}

fn describe(model: &str) -> Value {
    json!({"type": "model", "id": model, "display_name": model, "created_at": "2026-01-01T00:00:00Z"})
}

/// `GET /v1/models`.
pub(super) fn models() -> Answer {
    let data = MODELS.map(describe);
    let (first, last) = (MODELS[0], MODELS[MODELS.len() - 1]);
    Answer::json(json!({"data": data, "has_more": false, "first_id": first, "last_id": last}))
}

/// `GET /v1/models/{model}`.
pub(super) fn model(name: &str) -> Answer {
    if MODELS.contains(&name) { Answer::json(describe(name)) } else { anthropic_error(404, &format!("model: {name}")) }
}

/// Adds the headers Anthropic sends with every answer.
pub(super) fn with_headers(answer: Answer, id: &str) -> Answer {
    let fields = [
        ("request-id", format!("req_{id}")),
        ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000".to_owned()),
        ("anthropic-ratelimit-requests-limit", "4000".to_owned()),
        ("anthropic-ratelimit-requests-remaining", "3999".to_owned()),
        ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:00Z".to_owned()),
        ("anthropic-ratelimit-input-tokens-limit", "400000".to_owned()),
        ("anthropic-ratelimit-input-tokens-remaining", "399000".to_owned()),
        ("anthropic-ratelimit-output-tokens-limit", "80000".to_owned()),
        ("anthropic-ratelimit-output-tokens-remaining", "79000".to_owned()),
    ];
    fields.iter().fold(answer, |answer, (name, value)| answer.header(name, value))
}
