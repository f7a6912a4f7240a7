//! Cohere's side: chat, embed and rerank, version 2.
//!
//! Shapes: Cohere API reference v2 (synthetic). The bill has fewer tokens than the model saw: the instructions Cohere adds
//! are not on it.

use serde_json::{Value, json};

use super::{Effect, Scene, arguments, count_tokens, read_messages};
use crate::Answer;

/// Tokens of the instructions that Cohere adds, and bills to nobody.
const PREAMBLE: u64 = 60;

fn usage(input: u64, output: u64) -> Value {
    json!({
        "billed_units": {"input_tokens": input, "output_tokens": output},
        "tokens": {"input_tokens": input + PREAMBLE, "output_tokens": output},
    })
}

/// `POST /v2/chat`.
pub(super) fn chat(body: &Value, scene: &Scene, id: &str) -> Answer {
    let (input, said) = read_messages(body);
    let last_is_tool = body["messages"].as_array().and_then(|m| m.last()).is_some_and(|m| m["role"] == "tool");
    let tool = (!last_is_tool).then(|| body["tools"][0]["function"].as_object()).flatten().map(|function| {
        (function["name"].as_str().unwrap_or("").to_owned(), arguments(&function["parameters"]).to_string())
    });
    let text = scene.text(format!("You said: {said}"));
    let output = tool.as_ref().map_or(count_tokens(&text), |(name, given)| count_tokens(name) + count_tokens(given));
    let usage = usage(input, output);
    let finish = if tool.is_some() { "TOOL_CALL" } else { "COMPLETE" };
    let mut answer = if body["stream"] == true {
        stream(scene, &text, tool.as_ref(), finish, &usage, id)
    } else {
        let message = match &tool {
            Some((name, given)) => json!({"role": "assistant", "tool_plan": "I will call it.", "tool_calls": [
                {"id": format!("{name}_0"), "type": "function", "function": {"name": name, "arguments": given}}]}),
            None => json!({"role": "assistant", "content": [{"type": "text", "text": text}]}),
        };
        Answer::json(json!({"id": id, "finish_reason": finish, "message": message, "usage": usage}))
    };
    answer.bill = Some(usage);
    answer
}

fn stream(scene: &Scene, text: &str, tool: Option<&(String, String)>, finish: &str, usage: &Value, id: &str) -> Answer {
    let delta =
        |kind: &str, index: u64, message: Value| json!({"type": kind, "index": index, "delta": {"message": message}});
    let mut events = vec![json!({"type": "message-start", "id": id, "delta": {"message":
        {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}})];
    match tool {
        Some((name, given)) => {
            events.push(json!({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will call it."}}}));
            let call =
                json!({"id": format!("{name}_0"), "type": "function", "function": {"name": name, "arguments": ""}});
            events.push(delta("tool-call-start", 0, json!({ "tool_calls": call })));
            let pieces = given.split_inclusive([':', ',']).map(|piece| json!({"function": {"arguments": piece}}));
            events.extend(pieces.map(|piece| delta("tool-call-delta", 0, json!({ "tool_calls": piece }))));
            events.push(json!({"type": "tool-call-end", "index": 0}));
        }
        None => {
            events.push(delta("content-start", 0, json!({"content": {"type": "text", "text": ""}})));
            events.extend(scene.cut(text).iter().map(|t| delta("content-delta", 0, json!({"content": {"text": t}}))));
            events.push(json!({"type": "content-end", "index": 0}));
        }
    }
    let end = if scene.has(Effect::ErrorInStream) {
        events.truncate(events.len() / 2 + 1);
        json!({"finish_reason": "ERROR", "error": "internal server error", "usage": usage})
    } else {
        json!({"finish_reason": finish, "usage": usage})
    };
    events.push(json!({"type": "message-end", "id": id, "delta": end}));
    let named: Vec<(String, String)> =
        events.iter().map(|e| (e["type"].as_str().unwrap_or("").to_owned(), e.to_string())).collect();
    Answer::sse_named(&named)
}

/// `POST /v2/embed`.
pub(super) fn embed(body: &Value, _scene: &Scene, id: &str) -> Answer {
    let texts: Vec<&str> = body["texts"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let tokens: u64 = texts.iter().map(|text| count_tokens(text)).sum();
    let vectors: Vec<Value> = texts.iter().map(|text| json!([text.len() as f64 / 100.0, 0.5])).collect();
    let meta = json!({"api_version": {"version": "2"}, "billed_units": {"input_tokens": tokens}});
    let mut answer = Answer::json(json!({"id": id, "embeddings": {"float": vectors}, "texts": texts, "meta": meta,
        "response_type": "embeddings_by_type"}));
    answer.bill = Some(meta);
    answer
}

/// `POST /v2/rerank`: the documents in reverse.
pub(super) fn rerank(body: &Value, _scene: &Scene, id: &str) -> Answer {
    let count = body["documents"].as_array().map_or(0, Vec::len);
    let results: Vec<Value> = (0..count).rev().map(|i| json!({"index": i, "relevance_score": 0.5})).collect();
    let meta = json!({"api_version": {"version": "2"}, "billed_units": {"search_units": 1}});
    let mut answer = Answer::json(json!({"id": id, "results": results, "meta": meta}));
    answer.bill = Some(meta);
    answer
}

/// An error in Cohere's shape.
pub(super) fn error(status: u16, message: &str) -> Answer {
    Answer::json(json!({ "message": message })).status(status)
}
