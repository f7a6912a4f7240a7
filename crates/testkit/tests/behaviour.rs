//! Without a script the fake provider answers as OpenAI and Anthropic would, with usage one can recompute.

#![allow(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::io::Read;

use llmtrace_testkit::{
    FakeProvider, count_tokens,
    tcp::{RawAnswer, RawClient},
};
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

async fn send(provider: &FakeProvider, path: &str, headers: &str, body: &Value) -> std::io::Result<RawAnswer> {
    let body = body.to_string();
    let head = format!("POST {path} HTTP/1.1\r\nhost: h\r\n{headers}content-length: {}\r\n\r\n", body.len());
    let mut client = RawClient::connect(provider.addr()).await?;
    client.send(format!("{head}{body}")).await?;
    client.answer().await
}

async fn post(provider: &FakeProvider, path: &str, body: &Value) -> Value {
    let answer = send(provider, path, "", body).await.unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

async fn events(provider: &FakeProvider, path: &str, body: &Value) -> Vec<String> {
    let answer = send(provider, path, "", body).await.unwrap();
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let data = |frame: &str| frame.lines().find_map(|l| l.strip_prefix("data: ")).map(str::to_owned);
    text.split("\n\n").filter_map(data).collect()
}

/// Ids differ between requests; everything else is the same.
fn without_ids(text: &str) -> String {
    let mut parts = text.split("\"id\":\"chatcmpl-");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + &part[16..])
}

fn chat(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}]})
}

#[tokio::test]
async fn usage_follows_from_the_request() {
    let provider = FakeProvider::start().await;
    let answer = post(&provider, CHAT, &chat("gpt-4o-mini", "Hello there")).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "You said: Hello there");
    assert_eq!(answer["usage"]["prompt_tokens"], 4 + count_tokens("Hello there"));
    assert_eq!(answer["usage"]["completion_tokens"], count_tokens("You said: Hello there"));
    let bill = provider.bill();
    assert_eq!((bill.len(), &bill[0].usage), (1, &answer["usage"]));
}

#[tokio::test]
async fn a_stream_says_the_same_and_tells_usage_only_when_asked() {
    let provider = FakeProvider::start().await;
    let mut request = chat("gpt-4o", "Tell me a story, please");
    let plain = post(&provider, CHAT, &request).await;
    request["stream"] = json!(true);
    let silent = events(&provider, CHAT, &request).await;
    assert!(silent.iter().all(|e| !e.contains("usage")));
    request["stream_options"] = json!({"include_usage": true});
    let told = events(&provider, CHAT, &request).await;
    assert_eq!(told.len(), silent.len() + 1);
    assert_eq!(told.last().unwrap(), "[DONE]");
    let chunks: Vec<Value> = told.iter().filter_map(|e| serde_json::from_str(e).ok()).collect();
    let (last, before) = chunks.split_last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &plain["usage"]));
    assert!(before.iter().all(|c| c["usage"].is_null()));
    let text: String = before.iter().filter_map(|c| c["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, plain["choices"][0]["message"]["content"].as_str().unwrap());
}

#[tokio::test]
async fn tools_are_called_until_their_result_is_there() {
    let provider = FakeProvider::start().await;
    let mut request = chat("gpt-4o", "Weather in Paris?");
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    request["tools"] = json!([{"type": "function", "function": {"name": "weather", "parameters": parameters}}]);
    let first = post(&provider, CHAT, &request).await;
    let call = &first["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(
        (&call["function"]["name"], &call["function"]["arguments"]),
        (&json!("weather"), &json!(r#"{"city":"Paris"}"#))
    );
    let messages = request["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "sunny"}));
    let second = post(&provider, CHAT, &request).await;
    assert_eq!(second["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn anthropic_streams_thinking_text_and_tool_use_with_cumulative_usage() {
    let provider = FakeProvider::start().await;
    let mut request = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 2048, "thinking": {"type": "enabled", "budget_tokens": 1024},
        "system": [{"type": "text", "text": "Be brief, always.", "cache_control": {"type": "ephemeral"}}],
        "tools": [{"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}],
        "messages": [{"role": "user", "content": "Weather in Paris?"}],
    });
    let plain = post(&provider, MESSAGES, &request).await;
    assert_eq!(plain["usage"]["cache_creation_input_tokens"], count_tokens("Be brief, always."));
    request["stream"] = json!(true);
    let events: Vec<Value> =
        events(&provider, MESSAGES, &request).await.iter().map(|e| serde_json::from_str(e).unwrap()).collect();
    let join = |field: &str| -> String { events.iter().filter_map(|e| e["delta"][field].as_str()).collect() };
    assert_eq!(join("thinking"), plain["content"][0]["thinking"].as_str().unwrap());
    assert_eq!(join("text"), plain["content"][1]["text"].as_str().unwrap());
    assert_eq!(serde_json::from_str::<Value>(&join("partial_json")).unwrap(), plain["content"][2]["input"]);
    let delta = events.iter().find(|e| e["type"] == "message_delta").unwrap();
    assert_eq!(delta["usage"]["output_tokens"], plain["usage"]["output_tokens"]);
    assert_eq!(delta["delta"]["stop_reason"], "tool_use");
}

#[tokio::test]
async fn effects_change_the_bytes_not_the_meaning() {
    let provider = FakeProvider::start().await;
    let mut request = chat("gpt-4o", "one two three");
    request["stream"] = json!(true);
    let clean = send(&provider, CHAT, "", &request).await.unwrap().body;
    let strip = |body: &[u8]| without_ids(&String::from_utf8_lossy(body));
    let of = |effect: &'static str| {
        let (provider, request) = (&provider, &request);
        async move { send(provider, CHAT, &format!("x-fake: {effect}\r\n"), request).await.unwrap() }
    };
    assert_eq!(strip(&of("crlf").await.body).replace("\r\n", "\n"), strip(&clean));
    assert_eq!(strip(&of("one-byte-chunks").await.body), strip(&clean));
    assert_eq!(strip(&of("comments").await.body).replace(": ping\n\n", ""), strip(&clean));
    let zipped = of("gzip").await;
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&zipped.body[..]).read_to_end(&mut text).unwrap();
    assert_eq!((zipped.header("content-encoding"), strip(&text)), (Some("gzip"), strip(&clean)));
    let broken = of("error-in-stream").await.body;
    assert!(String::from_utf8_lossy(&broken).contains("\"error\":") && !broken.ends_with(b"[DONE]\n\n"));
    assert!(!of("truncated-frame").await.body.ends_with(b"\n\n"));
    assert!(String::from_utf8(of("garbage").await.body.to_vec()).is_err());
}

#[tokio::test]
async fn errors_come_in_the_dialects_own_shape() {
    let provider = FakeProvider::start().await;
    let limited = send(&provider, CHAT, "", &chat("error-429", "x")).await.unwrap();
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("1")));
    let body: Value = serde_json::from_slice(&limited.body).unwrap();
    assert_eq!(body["error"]["code"], "rate_limit_exceeded");
    let failed = send(&provider, MESSAGES, "", &json!({"model": "error-529", "max_tokens": 1})).await.unwrap();
    let body: Value = serde_json::from_slice(&failed.body).unwrap();
    assert_eq!((failed.status, &body["error"]["type"]), (529, &json!("overloaded_error")));
    assert!(provider.bill().is_empty());
    send(&provider, CHAT, "", &chat("gpt-4o+reset-mid-stream", "x")).await.unwrap_err();
}

#[tokio::test]
async fn embeddings_are_the_same_as_floats_and_as_base64() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let provider = FakeProvider::start().await;
    let mut request = json!({"model": "text-embedding-3-small", "input": ["ab", "c"]});
    let floats = post(&provider, "/v1/embeddings", &request).await;
    request["encoding_format"] = json!("base64");
    let packed = post(&provider, "/v1/embeddings", &request).await;
    let bytes = STANDARD.decode(packed["data"][0]["embedding"].as_str().unwrap()).unwrap();
    let numbers: Vec<f64> = bytes.chunks(4).map(|c| f64::from(f32::from_le_bytes(c.try_into().unwrap()))).collect();
    assert_eq!(json!(numbers), floats["data"][0]["embedding"]);
}
