//! Amazon Bedrock's side: Converse, InvokeModel for Claude, Llama and Titan embeddings, their streams, CountTokens,
//! ApplyGuardrail.
//!
//! Shapes: Amazon Bedrock API reference, "Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream",
//! "CountTokens", "ApplyGuardrail" (synthetic). A stream is binary; its messages are written by `wire`'s encoder, whose
//! bytes tests compare with published ones.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use llmtrace_wire::eventstream::encode;
use serde_json::{Value, json};

use super::{Effect, Scene, anthropic, arguments, count_tokens};
use crate::{Answer, Received};

const THOUGHT: &str = "The user wants an answer, so I repeat what was said.";
/// Opaque to clients, who must send it back byte for byte.
const SIGNATURE: &str = "RmFrZVNpZ25hdHVyZTpkbytub3QvbW9kaWZ5Kz09Cg==";
/// Pads events, so that their length tells nothing.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// What a path asks for: the model (or guardrail), decoded, and the operation.
pub(super) fn asked(path: &str) -> Option<(String, &str)> {
    let (rest, operation) = path.rsplit_once('/')?;
    let known = ["converse", "converse-stream", "invoke", "invoke-with-response-stream", "count-tokens"];
    if operation == "apply" {
        return rest.split_once("/guardrail/").map(|(_, id)| (decoded(id), operation));
    }
    let (_, id) = rest.split_once("/model/").filter(|_| known.contains(&operation))?;
    Some((decoded(id), operation))
}

/// Percent escapes resolved.
pub(crate) fn decoded(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let [byte, behind @ ..] = rest {
        let hex = behind.get(..2).filter(|_| *byte == b'%').and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(code) => {
                out.push(code);
                rest = &behind[2..];
            }
            None => {
                out.push(*byte);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Answers a request for a model.
pub(super) fn answer(received: &Received, model: &str, operation: &str, id: &str) -> Answer {
    let body = received.json();
    if !body.is_object() {
        return error(400, "The request body could not be parsed.");
    }
    let scene = Scene::of(received, &json!({ "model": model }));
    if let Some(status) = scene.error() {
        return error(status, &format!("This request fails with {status} on purpose."));
    }
    let answer = match operation {
        "converse" | "converse-stream" => converse(&body, &scene, operation == "converse-stream", id),
        "count-tokens" => Answer::json(json!({"inputTokens": input(&body["input"]["converse"], &scene).uncached})),
        "apply" => guardrail(&body),
        _ => invoke(&body, &scene, operation == "invoke-with-response-stream", id),
    };
    scene.apply(answer)
}

/// An error in AWS's shape: its kind stands in a header.
pub(crate) fn error(status: u16, message: &str) -> Answer {
    let kind = match status {
        400 => "ValidationException",
        401 | 403 => "AccessDeniedException",
        404 => "ResourceNotFoundException",
        408 => "ModelTimeoutException",
        424 => "ModelErrorException",
        429 => "ThrottlingException",
        503 => "ServiceUnavailableException",
        _ => "InternalServerException",
    };
    error_of(status, kind, message)
}

/// An error of this kind.
pub(crate) fn error_of(status: u16, kind: &str, message: &str) -> Answer {
    let kind = format!("{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/");
    Answer::json(json!({ "message": message })).status(status).header("x-amzn-errortype", &kind)
}

/// Adds the headers Bedrock sends with every answer.
pub(super) fn with_headers(answer: Answer, id: &str) -> Answer {
    answer.header("x-amzn-requestid", &format!("00000000-0000-4000-8000-{:0>12.12}", id))
}

/// Input tokens by bucket.
#[derive(Default)]
struct Input {
    uncached: u64,
    read: u64,
    write_5m: u64,
    write_1h: u64,
}

/// The texts of content blocks, with those in documents and guarded ones.
fn texts(blocks: &Value) -> Vec<&str> {
    const PATHS: [&str; 3] = ["/text", "/guardContent/text/text", "/document/source/text"];
    let blocks = blocks.as_array().into_iter().flatten();
    blocks.flat_map(|block| PATHS.iter().filter_map(|path| block.pointer(path)?.as_str())).collect()
}

/// Counts the input; instructions with a cache point behind them go to the cache.
fn input(body: &Value, scene: &Scene) -> Input {
    let mut uncached = 12 * body["toolConfig"]["tools"].as_array().map_or(0, |tools| tools.len() as u64);
    for message in body["messages"].as_array().into_iter().flatten() {
        let images = message["content"].as_array().into_iter().flatten().filter(|block| block["image"].is_object());
        uncached += 4 + count_tokens(&texts(&message["content"]).join(" ")) + 85 * images.count() as u64;
    }
    let system = count_tokens(&texts(&body["system"]).join(" "));
    let points = || body["system"].as_array().into_iter().flatten().map(|block| &block["cachePoint"]);
    let (marked, hour) = (points().any(Value::is_object), points().any(|point| point["ttl"] == "1h"));
    match (marked, scene.has(Effect::Cached), hour) {
        (false, _, _) => Input { uncached: uncached + system, ..Input::default() },
        (true, true, _) => Input { uncached, read: system, ..Input::default() },
        (true, false, true) => Input { uncached, write_1h: system, ..Input::default() },
        (true, false, false) => Input { uncached, write_5m: system, ..Input::default() },
    }
}

/// `TokenUsage`: input without what the cache read or wrote, and a total with it.
fn usage(input: &Input, output: u64) -> Value {
    let written = input.write_5m + input.write_1h;
    let mut usage = json!({
        "inputTokens": input.uncached, "outputTokens": output,
        "totalTokens": input.uncached + input.read + written + output,
        "cacheReadInputTokens": input.read, "cacheWriteInputTokens": written,
    });
    let details = [("1h", input.write_1h), ("5m", input.write_5m)].into_iter().filter(|(_, tokens)| *tokens > 0);
    let details: Vec<Value> = details.map(|(ttl, tokens)| json!({"ttl": ttl, "inputTokens": tokens})).collect();
    if !details.is_empty() {
        usage["cacheDetails"] = json!(details);
    }
    usage
}

/// `POST /model/{id}/converse` and `converse-stream`.
fn converse(body: &Value, scene: &Scene, streamed: bool, id: &str) -> Answer {
    let Some(last) = body["messages"].as_array().and_then(|messages| messages.last()) else {
        return error(400, "The messages field is required.");
    };
    let mut blocks = Vec::new();
    if body["additionalModelRequestFields"]["thinking"]["type"] == "enabled" {
        blocks.push(json!({"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": SIGNATURE}}}));
    }
    let said = texts(&last["content"]).join(" ");
    blocks.push(json!({"text": scene.text(format!("You said: {said}"))}));
    let answers_tool =
        last["content"].as_array().is_some_and(|content| content.iter().any(|b| b["toolResult"].is_object()));
    let tools = body["toolConfig"]["tools"].as_array().into_iter().flatten().map(|tool| &tool["toolSpec"]);
    let demanded = body["toolConfig"]["toolChoice"]["tool"]["name"].as_str();
    let mut tools = tools.filter(|tool| tool.is_object() && demanded.is_none_or(|name| tool["name"] == name));
    if let Some(tool) = tools.next().filter(|_| !answers_tool) {
        let input = arguments(&tool["inputSchema"]["json"]);
        blocks.push(json!({"toolUse": {"toolUseId": format!("tooluse_{id}"), "name": tool["name"], "input": input}}));
    }
    let written: u64 = blocks.iter().map(weigh).sum();
    let limit = body["inferenceConfig"]["maxTokens"].as_u64().unwrap_or(u64::MAX);
    let stop = match blocks.last() {
        Some(block) if block["toolUse"].is_object() => "tool_use",
        _ if written > limit => "max_tokens",
        _ if scene.has(Effect::Refusal) => "content_filtered",
        _ => "end_turn",
    };
    let usage = usage(&input(body, scene), written.min(limit));
    let about = json!({"usage": usage, "metrics": {"latencyMs": 321}});
    let mut answer = if streamed {
        converse_stream(scene, &blocks, stop, about)
    } else {
        let mut whole = json!({"output": {"message": {"role": "assistant", "content": blocks}}, "stopReason": stop});
        whole["usage"] = about["usage"].clone();
        whole["metrics"] = about["metrics"].clone();
        Answer::json(whole)
    };
    answer.bill = Some(usage);
    answer
}

fn weigh(block: &Value) -> u64 {
    let text = block["text"].as_str().or_else(|| block.pointer("/reasoningContent/reasoningText/text")?.as_str());
    text.map_or_else(|| count_tokens(&block["toolUse"]["input"].to_string()), count_tokens)
}

fn converse_stream(scene: &Scene, blocks: &[Value], stop: &str, about: Value) -> Answer {
    let mut events = vec![("messageStart", json!({"role": "assistant"}))];
    for (index, block) in blocks.iter().enumerate() {
        let (start, deltas) = deltas(scene, block);
        if let Some(start) = start {
            events.push(("contentBlockStart", json!({"contentBlockIndex": index, "start": start})));
        }
        for delta in deltas {
            events.push(("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta})));
        }
        events.push(("contentBlockStop", json!({ "contentBlockIndex": index })));
    }
    events.push(("messageStop", json!({ "stopReason": stop })));
    events.push(("metadata", about));
    let mut frames: Vec<Bytes> = events.iter().map(|(name, payload)| event(name, payload)).collect();
    fail_midway(scene, &mut frames);
    Answer::stream("application/vnd.amazon.eventstream", frames)
}

/// How a block starts, where it says so, and the deltas that fill it.
fn deltas(scene: &Scene, block: &Value) -> (Option<Value>, Vec<Value>) {
    if let Some(text) = block["text"].as_str() {
        return (None, scene.cut(text).into_iter().map(|text| json!({ "text": text })).collect());
    }
    if let Some(text) = block.pointer("/reasoningContent/reasoningText/text").and_then(Value::as_str) {
        let words = text.split_inclusive(' ').map(|text| json!({"reasoningContent": {"text": text}}));
        let signature = json!({"reasoningContent": {"signature": SIGNATURE}});
        return (None, words.chain([signature]).collect());
    }
    let call = &block["toolUse"];
    let input = call["input"].to_string();
    let pieces = [""].into_iter().chain(input.split_inclusive([':', ',']));
    let start = json!({"toolUse": {"toolUseId": call["toolUseId"], "name": call["name"]}});
    (Some(start), pieces.map(|piece| json!({"toolUse": {"input": piece}})).collect())
}

/// One message of a stream, padded.
fn event(name: &str, payload: &Value) -> Bytes {
    let mut payload = payload.clone();
    payload["p"] = json!(PADDING[..1 + payload.to_string().len() % PADDING.len()]);
    message(":event-type", name, "event", &payload)
}

fn message(kind: &str, name: &str, message_type: &str, payload: &Value) -> Bytes {
    let headers = [(kind, name), (":content-type", "application/json"), (":message-type", message_type)];
    encode(&headers, payload.to_string().as_bytes()).into()
}

/// Puts an exception into the middle of a stream, if the scene wants one.
fn fail_midway(scene: &Scene, frames: &mut Vec<Bytes>) {
    if scene.has(Effect::ErrorInStream) {
        frames.truncate(frames.len() / 2);
        let payload = json!({"message": "The system encountered an unexpected error.", "originalStatusCode": 500});
        frames.push(message(":exception-type", "modelStreamErrorException", "exception", &payload));
    }
}

/// `POST /model/{id}/invoke` and `invoke-with-response-stream`.
fn invoke(body: &Value, scene: &Scene, streamed: bool, id: &str) -> Answer {
    let mut answer = if body["anthropic_version"].is_string() {
        claude(body, scene, streamed, id)
    } else if body["inputText"].is_string() {
        let tokens = count_tokens(body["inputText"].as_str().unwrap_or(""));
        let vector = [0.25, -0.5, 0.125];
        let mut answer = Answer::json(json!({
            "embedding": vector, "embeddingsByType": {"float": vector}, "inputTextTokenCount": tokens,
        }));
        answer.bill = Some(json!({"inputTokens": tokens, "outputTokens": 0, "totalTokens": tokens}));
        answer
    } else if let Some(prompt) = body["prompt"].as_str() {
        llama(prompt, body, scene, streamed)
    } else {
        return error(400, "Malformed input request, please reformat your input and try again.");
    };
    if let (false, Some(bill)) = (streamed, answer.bill.clone()) {
        let count = |names: [&str; 2]| names.iter().find_map(|name| bill[*name].as_u64()).unwrap_or(0).to_string();
        for (header, names) in COUNTERS {
            answer = answer.header(header, &count(names));
        }
    }
    answer
}

/// The headers of InvokeModel, and the members of the bill they repeat.
const COUNTERS: [(&str, [&str; 2]); 4] = [
    ("x-amzn-bedrock-input-token-count", ["input_tokens", "inputTokens"]),
    ("x-amzn-bedrock-output-token-count", ["output_tokens", "outputTokens"]),
    ("x-amzn-bedrock-cache-read-input-token-count", ["cache_read_input_tokens", "cacheReadInputTokens"]),
    ("x-amzn-bedrock-cache-write-input-token-count", ["cache_creation_input_tokens", "cacheWriteInputTokens"]),
];

/// Claude: Anthropic's own answer, its stream packed event by event.
fn claude(body: &Value, scene: &Scene, streamed: bool, id: &str) -> Answer {
    let mut body = body.clone();
    body["stream"] = json!(streamed);
    // An error inside the stream is Bedrock's to tell, not Anthropic's.
    let mut quiet = scene.clone();
    quiet.effects.retain(|effect| *effect != Effect::ErrorInStream);
    let said = anthropic::messages(&body, &quiet, id);
    if said.status != 200 || !streamed {
        return said;
    }
    let bill = said.bill.clone().unwrap_or_default();
    let mut inner: Vec<Value> = said.pieces.iter().filter_map(data_of).collect();
    if let Some(last) = inner.last_mut() {
        last["amazon-bedrock-invocationMetrics"] = json!({
            "inputTokenCount": bill["input_tokens"], "outputTokenCount": bill["output_tokens"],
            "cacheReadInputTokenCount": bill["cache_read_input_tokens"],
            "cacheWriteInputTokenCount": bill["cache_creation_input_tokens"],
            "invocationLatency": 321, "firstByteLatency": 123,
        });
    }
    packed(scene, &inner, bill)
}

/// The document of a server-sent event; pings do not come through Bedrock.
fn data_of(piece: &Bytes) -> Option<Value> {
    let text = std::str::from_utf8(piece).ok()?;
    let data: Value = serde_json::from_str(text.lines().find_map(|line| line.strip_prefix("data: "))?).ok()?;
    (data["type"] != "ping").then_some(data)
}

/// Events of a vendor in Bedrock's chunks.
fn packed(scene: &Scene, inner: &[Value], bill: Value) -> Answer {
    let chunk = |event_: &Value| event("chunk", &json!({"bytes": STANDARD.encode(event_.to_string())}));
    let mut frames: Vec<Bytes> = inner.iter().map(chunk).collect();
    fail_midway(scene, &mut frames);
    let mut answer = Answer::stream("application/vnd.amazon.eventstream", frames)
        .header("x-amzn-bedrock-content-type", "application/json");
    answer.bill = Some(bill);
    answer
}

/// Llama: a prompt in, text and counters out.
fn llama(prompt: &str, body: &Value, scene: &Scene, streamed: bool) -> Answer {
    let text = scene.text(format!("You said: {prompt}"));
    let (input, written) = (count_tokens(prompt), count_tokens(&text));
    let limit = body["max_gen_len"].as_u64().unwrap_or(512);
    let output = written.min(limit);
    let stop = if written > limit { "length" } else { "stop" };
    let bill = json!({"inputTokens": input, "outputTokens": output, "totalTokens": input + output});
    if !streamed {
        let mut answer = Answer::json(json!({
            "generation": text, "prompt_token_count": input, "generation_token_count": output, "stop_reason": stop,
        }));
        answer.bill = Some(bill);
        return answer;
    }
    let pieces = scene.cut(&text);
    let piece = |text: &str| json!({"generation": text, "prompt_token_count": null, "generation_token_count": 1, "stop_reason": null});
    let mut inner: Vec<Value> = pieces.iter().map(|text| piece(text)).collect();
    if let Some(first) = inner.first_mut() {
        first["prompt_token_count"] = json!(input);
    }
    inner.push(json!({
        "generation": "", "prompt_token_count": null, "generation_token_count": output, "stop_reason": stop,
        "amazon-bedrock-invocationMetrics": {
            "inputTokenCount": input, "outputTokenCount": output, "invocationLatency": 321, "firstByteLatency": 123,
        },
    }));
    packed(scene, &inner, bill)
}

/// `POST /guardrail/{id}/version/{version}/apply`: whoever says "forbidden" is stopped.
fn guardrail(body: &Value) -> Answer {
    let content = body["content"].as_array().into_iter().flatten();
    let said: Vec<&str> = content.filter_map(|item| item["text"]["text"].as_str()).collect();
    let stopped = said.iter().any(|text| text.contains("forbidden"));
    let outputs = if stopped { json!([{"text": "This is not allowed here."}]) } else { json!([]) };
    Answer::json(json!({
        "action": if stopped { "GUARDRAIL_INTERVENED" } else { "NONE" }, "outputs": outputs, "assessments": [],
        "usage": {"topicPolicyUnits": 0, "contentPolicyUnits": 1, "wordPolicyUnits": 1},
    }))
}
