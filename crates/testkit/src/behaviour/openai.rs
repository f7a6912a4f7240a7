//! OpenAI's side: chat completions, completions, embeddings, models.
//!
//! Shapes: OpenAI API reference, "Chat", "Completions", "Embeddings", "Models" and "Rate limits" (synthetic).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Effect, Scene, arguments, count_tokens, openai_error, read_messages};
use crate::Answer;

const CREATED: u64 = 1_767_225_600;
const MODELS: [&str; 4] = ["gpt-4o", "gpt-4o-mini", "o4-mini", "text-embedding-3-small"];

/// What one chat completion says.
struct Said {
    text: Option<String>,
    refusal: Option<String>,
    tool: Option<(String, String)>,
    finish: &'static str,
    usage: Value,
}

/// `POST /v1/chat/completions`.
pub(super) fn chat(body: &Value, scene: &Scene, id: &str) -> Answer {
    if body["messages"].as_array().is_none_or(Vec::is_empty) {
        return openai_error(400, "Missing required parameter: 'messages'.");
    }
    let said = say(body, scene);
    let id = format!("chatcmpl-{id}");
    let mut answer =
        if body["stream"] == true { stream(body, scene, &said, &id) } else { plain(body, scene, &said, &id) };
    answer.bill = Some(said.usage);
    answer
}

fn say(body: &Value, scene: &Scene) -> Said {
    let (prompt, said) = read_messages(body);
    let last_is_tool = body["messages"].as_array().and_then(|m| m.last()).is_some_and(|m| m["role"] == "tool");
    let tool = (!last_is_tool && body["tool_choice"] != "none").then(|| pick_tool(body)).flatten();
    let wants_json = matches!(body["response_format"]["type"].as_str(), Some("json_object" | "json_schema"));
    let full = if wants_json { json!({ "answer": said }).to_string() } else { format!("You said: {said}") };
    let full = scene.text(full);
    let limit = body["max_completion_tokens"].as_u64().or(body["max_tokens"].as_u64()).unwrap_or(u64::MAX);
    let (text, limited) = limit_text(&full, limit);
    let choices = body["n"].as_u64().unwrap_or(1).clamp(1, 8);
    let refused = scene.has(Effect::Refusal);
    let written = match &tool {
        Some((name, arguments)) => count_tokens(name) + count_tokens(arguments),
        None => count_tokens(&text),
    };
    let reasoning = if scene.model.starts_with('o') || body["reasoning_effort"].is_string() { 16 } else { 0 };
    let cached = if scene.has(Effect::Cached) { prompt / 2 } else { 0 };
    let completion = (written + reasoning) * choices;
    let usage = json!({
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning * choices, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    });
    let finish = match (&tool, limited) {
        (Some(_), _) => "tool_calls",
        (None, true) => "length",
        (None, false) => "stop",
    };
    let text = tool.is_none().then_some(text);
    if refused {
        Said { text: None, refusal: text, tool, finish, usage }
    } else {
        Said { text, refusal: None, tool, finish, usage }
    }
}

pub(super) fn limit_text(text: &str, tokens: u64) -> (String, bool) {
    let bytes = usize::try_from(tokens.saturating_mul(4)).unwrap_or(usize::MAX);
    if text.len() <= bytes {
        return (text.to_owned(), false);
    }
    let end = (0..=bytes).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    (text[..end].to_owned(), true)
}

/// The tool to call: the one demanded, else the first.
fn pick_tool(body: &Value) -> Option<(String, String)> {
    let tools = body["tools"].as_array()?;
    let demanded = body["tool_choice"]["function"]["name"].as_str();
    let tool = tools.iter().find(|t| demanded.is_none_or(|name| t["function"]["name"] == name))?;
    let name = tool["function"]["name"].as_str()?;
    Some((name.to_owned(), arguments(&tool["function"]["parameters"]).to_string()))
}

fn call_id(id: &str) -> String {
    format!("call_{}", id.trim_start_matches("chatcmpl-"))
}

fn plain(body: &Value, scene: &Scene, said: &Said, id: &str) -> Answer {
    let mut message = json!({"role": "assistant", "content": said.text, "refusal": said.refusal, "annotations": []});
    if let Some((name, arguments)) = &said.tool {
        let function = json!({"name": name, "arguments": arguments});
        message["tool_calls"] = json!([{"id": call_id(id), "type": "function", "function": function}]);
    }
    let choices: Vec<Value> = (0..body["n"].as_u64().unwrap_or(1).clamp(1, 8))
        .map(|i| json!({"index": i, "message": message, "logprobs": null, "finish_reason": said.finish}))
        .collect();
    Answer::json(json!({
        "id": id, "object": "chat.completion", "created": CREATED, "model": scene.model, "choices": choices,
        "usage": said.usage, "service_tier": "default", "system_fingerprint": "fp_fake",
    }))
}

fn stream(body: &Value, scene: &Scene, said: &Said, id: &str) -> Answer {
    let wants_usage = body["stream_options"]["include_usage"] == true;
    let chunk = |choices: Value, usage: Option<&Value>| {
        let mut chunk = json!({
            "id": id, "object": "chat.completion.chunk", "created": CREATED, "model": scene.model,
            "service_tier": "default", "system_fingerprint": "fp_fake", "choices": choices,
        });
        if wants_usage {
            chunk["usage"] = usage.cloned().unwrap_or(Value::Null);
        }
        chunk.to_string()
    };
    let mut events = Vec::new();
    for index in 0..body["n"].as_u64().unwrap_or(1).clamp(1, 8) {
        let mut delta = |delta: Value, finish: Option<&str>| {
            let choice = json!([{"index": index, "delta": delta, "logprobs": null, "finish_reason": finish}]);
            events.push(chunk(choice, None));
        };
        delta(json!({"role": "assistant", "content": "", "refusal": null}), None);
        for piece in said.text.iter().flat_map(|t| scene.cut(t)) {
            delta(json!({"content": piece}), None);
        }
        for piece in said.refusal.iter().flat_map(|t| scene.cut(t)) {
            delta(json!({"refusal": piece}), None);
        }
        if let Some((name, arguments)) = &said.tool {
            let first = json!({"index": 0, "id": call_id(id), "type": "function",
                "function": {"name": name, "arguments": ""}});
            delta(json!({"tool_calls": [first]}), None);
            for piece in arguments.split_inclusive([':', ',']) {
                delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}), None);
            }
        }
        delta(json!({}), Some(said.finish));
    }
    if scene.has(Effect::ErrorInStream) {
        events.truncate(events.len() / 2);
        let error = json!({"message": "The server had an error while processing your request.",
            "type": "server_error", "param": null, "code": null});
        events.push(json!({ "error": error }).to_string());
        return Answer::sse(&events);
    }
    if wants_usage {
        events.push(chunk(json!([]), Some(&said.usage)));
    }
    events.push("[DONE]".to_owned());
    Answer::sse(&events)
}

/// `POST /v1/completions`.
pub(super) fn completions(body: &Value, scene: &Scene, id: &str) -> Answer {
    let prompt = body["prompt"].as_str().map_or_else(|| body["prompt"].to_string(), str::to_owned);
    let limit = body["max_tokens"].as_u64().unwrap_or(16);
    let (text, limited) = limit_text(&scene.text(format!("You said: {prompt}")), limit);
    let finish = if limited { "length" } else { "stop" };
    let (input, output) = (count_tokens(&prompt), count_tokens(&text));
    let usage = json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output});
    let base = |choices: Value| {
        json!({"id": format!("cmpl-{id}"), "object": "text_completion", "created": CREATED, "model": scene.model,
            "choices": choices})
    };
    let choice = |text: &str, finish: Option<&str>| json!([{"text": text, "index": 0, "logprobs": null, "finish_reason": finish}]);
    let mut answer = if body["stream"] == true {
        let wants_usage = body["stream_options"]["include_usage"] == true;
        let chunk = |choices: Value, usage: Value| {
            let mut chunk = base(choices);
            if wants_usage {
                chunk["usage"] = usage;
            }
            chunk.to_string()
        };
        let mut events: Vec<String> =
            scene.cut(&text).iter().map(|piece| chunk(choice(piece, None), Value::Null)).collect();
        events.push(chunk(choice("", Some(finish)), Value::Null));
        if wants_usage {
            events.push(chunk(json!([]), usage.clone()));
        }
        events.push("[DONE]".to_owned());
        Answer::sse(&events)
    } else {
        let mut whole = base(choice(&text, Some(finish)));
        whole["usage"] = usage.clone();
        Answer::json(whole)
    };
    answer.bill = Some(usage);
    answer
}

/// `POST /v1/embeddings`: eight numbers per input, as floats or as little-endian base64.
pub(super) fn embeddings(body: &Value, scene: &Scene, _id: &str) -> Answer {
    let inputs: Vec<String> = match &body["input"] {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect(),
        _ => return openai_error(400, "Missing required parameter: 'input'."),
    };
    let as_base64 = body["encoding_format"] == "base64";
    let vector = |text: &str| -> Value {
        let byte = |i: usize| f32::from(text.as_bytes().get(i).copied().unwrap_or(0)) / 256.0;
        let numbers: Vec<f32> = (0..8).map(byte).collect();
        if as_base64 {
            let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
            json!(STANDARD.encode(bytes))
        } else {
            json!(numbers)
        }
    };
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(i, text)| json!({"object": "embedding", "index": i, "embedding": vector(text)}))
        .collect();
    let tokens: u64 = inputs.iter().map(|t| count_tokens(t)).sum();
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    let mut answer = Answer::json(json!({"object": "list", "data": data, "model": scene.model, "usage": usage}));
    answer.bill = Some(usage);
    answer
}

fn describe(model: &str) -> Value {
    json!({"id": model, "object": "model", "created": CREATED, "owned_by": "system"})
}

/// `GET /v1/models`.
pub(super) fn models() -> Answer {
    Answer::json(json!({"object": "list", "data": MODELS.map(describe)}))
}

/// `GET /v1/models/{model}`.
pub(super) fn model(name: &str) -> Answer {
    if MODELS.contains(&name) {
        Answer::json(describe(name))
    } else {
        openai_error(404, &format!("The model '{name}' does not exist"))
    }
}

/// Adds the headers OpenAI sends with every answer.
pub(super) fn with_headers(answer: Answer, id: &str) -> Answer {
    let fields = [
        ("x-request-id", format!("req_{id}")),
        ("openai-processing-ms", "12".to_owned()),
        ("openai-version", "2020-10-01".to_owned()),
        ("openai-organization", "fake-org".to_owned()),
        ("x-ratelimit-limit-requests", "10000".to_owned()),
        ("x-ratelimit-limit-tokens", "200000".to_owned()),
        ("x-ratelimit-remaining-requests", "9999".to_owned()),
        ("x-ratelimit-remaining-tokens", "199000".to_owned()),
        ("x-ratelimit-reset-requests", "8.64s".to_owned()),
        ("x-ratelimit-reset-tokens", "6ms".to_owned()),
    ];
    fields.iter().fold(answer, |answer, (name, value)| answer.header(name, value))
}
