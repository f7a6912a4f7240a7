//! Ollama's side: chat, generate, embed, and the list of models.
//!
//! Shapes: Ollama docs/api.md (synthetic). Streams unless told not to, one JSON document a line.

use serde_json::{Value, json};

use super::{Effect, Scene, arguments, count_tokens, read_messages};
use crate::Answer;

const CREATED: &str = "2026-01-01T00:00:00Z";

/// `POST /api/chat`.
pub(super) fn chat(body: &Value, scene: &Scene, _id: &str) -> Answer {
    let (prompt, said) = read_messages(body);
    let images: usize =
        body["messages"].as_array().into_iter().flatten().filter_map(|m| m["images"].as_array()).map(Vec::len).sum();
    let prompt = prompt + 85 * images as u64;
    let last_is_tool = body["messages"].as_array().and_then(|m| m.last()).is_some_and(|m| m["role"] == "tool");
    let tool = (!last_is_tool).then(|| body["tools"][0]["function"].as_object()).flatten();
    let text = scene.text(format!("You said: {said}"));
    let message = |content: &str| json!({"role": "assistant", "content": content});
    let mut frames: Vec<Value> = Vec::new();
    let mut output = 0;
    if body["think"] == true {
        output += count_tokens("It repeats.");
        frames.push(json!({"message": {"role": "assistant", "content": "", "thinking": "It repeats."}}));
    }
    if let Some(function) = tool {
        let call = json!({"function": {"name": function["name"], "arguments": arguments(&function["parameters"])}});
        output += count_tokens(&call.to_string());
        frames.push(json!({"message": {"role": "assistant", "content": "", "tool_calls": [call]}}));
    } else {
        output += count_tokens(&text);
        frames.extend(scene.cut(&text).iter().map(|piece| json!({"message": message(piece)})));
    }
    answer(body, scene, frames, json!({"message": message("")}), prompt, output)
}

/// `POST /api/generate`.
pub(super) fn generate(body: &Value, scene: &Scene, _id: &str) -> Answer {
    let said = body["prompt"].as_str().unwrap_or("");
    let text = scene.text(format!("You said: {said}"));
    let frames = scene.cut(&text).iter().map(|piece| json!({"response": piece})).collect();
    let last = json!({"response": "", "context": [1, 2, 3]});
    answer(body, scene, frames, last, count_tokens(said), count_tokens(&text))
}

/// The frames as a stream or, joined, as one document.
fn answer(body: &Value, scene: &Scene, frames: Vec<Value>, last: Value, prompt: u64, output: u64) -> Answer {
    let usage = json!({"prompt_eval_count": prompt, "eval_count": output});
    let head = json!({"model": scene.model, "created_at": CREATED});
    let end = json!({"done": true, "done_reason": "stop", "total_duration": 9_000_000, "load_duration": 1_000_000,
        "prompt_eval_duration": 2_000_000, "eval_duration": 6_000_000});
    let mut answer = if body["stream"] == false {
        let whole = frames.into_iter().fold(last, joined);
        Answer::json([head, whole, end, usage.clone()].into_iter().fold(json!({}), merged))
    } else {
        let mut lines: Vec<Value> =
            frames.into_iter().map(|f| merged(merged(head.clone(), f), json!({"done": false}))).collect();
        if scene.has(Effect::ErrorInStream) {
            lines.truncate(lines.len() / 2 + 1);
            lines.push(json!({"error": "an error was encountered while running the model"}));
        } else {
            lines.push([last, end, usage.clone()].into_iter().fold(head, merged));
        }
        Answer::stream("application/x-ndjson", lines.iter().map(|line| format!("{line}\n")))
    };
    answer.bill = Some(usage);
    answer
}

/// The members of both; the second's win.
fn merged(mut into: Value, more: Value) -> Value {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
    into
}

/// What two frames say together: texts are appended.
fn joined(mut into: Value, frame: Value) -> Value {
    let Value::Object(members) = frame else { return into };
    for (key, value) in members {
        into[&key] = match (into[&key].take(), value) {
            (Value::String(text), Value::String(more)) if key != "role" => Value::String(text + &more),
            (old @ Value::Object(_), value @ Value::Object(_)) => joined(old, value),
            (_, value) => value,
        };
    }
    into
}

/// `POST /api/embed`.
pub(super) fn embed(body: &Value, scene: &Scene, _id: &str) -> Answer {
    let texts: Vec<&str> = match &body["input"] {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        text => text.as_str().into_iter().collect(),
    };
    let tokens: u64 = texts.iter().map(|text| count_tokens(text)).sum();
    let vectors: Vec<Value> = texts.iter().map(|text| json!([text.len() as f64 / 100.0, 0.5])).collect();
    let mut answer = Answer::json(json!({"model": scene.model, "embeddings": vectors, "total_duration": 9_000_000,
        "load_duration": 1_000_000, "prompt_eval_count": tokens}));
    answer.bill = Some(json!({"prompt_eval_count": tokens}));
    answer
}

/// An error in Ollama's shape.
pub(super) fn error(status: u16, message: &str) -> Answer {
    Answer::json(json!({ "error": message })).status(status)
}
