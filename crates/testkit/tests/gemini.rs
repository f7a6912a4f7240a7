//! The fake provider answers as Google would, with usage one can recompute.

#![allow(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use llmtrace_testkit::{
    FakeProvider, count_tokens,
    tcp::{RawAnswer, RawClient},
};
use serde_json::{Value, json};

const MODEL: &str = "/v1beta/models/gemini-2.5-flash";

async fn send(provider: &FakeProvider, target: &str, body: &Value) -> RawAnswer {
    let body = body.to_string();
    let mut client = RawClient::connect(provider.addr()).await.unwrap();
    let head = format!("POST {target} HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n", body.len());
    client.send(format!("{head}{body}")).await.unwrap();
    client.answer().await.unwrap()
}

fn json_of(answer: &RawAnswer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn ask(text: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": text}]}]})
}

fn text_of(events: &[Value]) -> String {
    events.iter().filter_map(|e| e["candidates"][0]["content"]["parts"][0]["text"].as_str()).collect()
}

#[tokio::test]
async fn a_document_events_and_an_array_say_the_same_for_the_same_bill() {
    let provider = FakeProvider::start().await;
    let whole = json_of(&send(&provider, &format!("{MODEL}:generateContent"), &ask("Hello there")).await);
    assert_eq!(whole["usageMetadata"]["promptTokenCount"], 4 + count_tokens("Hello there"));

    let sse = send(&provider, &format!("{MODEL}:streamGenerateContent?alt=sse"), &ask("Hello there")).await;
    assert_eq!(sse.header("content-type"), Some("text/event-stream"));
    let text = String::from_utf8(sse.body.to_vec()).unwrap();
    let data = |frame: &str| serde_json::from_str(frame.strip_prefix("data: ")?).ok();
    let events: Vec<Value> = text.split("\n\n").filter_map(data).collect();

    let array = send(&provider, &format!("{MODEL}:streamGenerateContent"), &ask("Hello there")).await;
    assert_eq!(array.header("content-type"), Some("application/json; charset=UTF-8"));
    let elements = json_of(&array).as_array().unwrap().clone();

    let said = whole["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap();
    assert_eq!(said, "You said: Hello there");
    for events in [&events, &elements] {
        assert!(events.len() > 3);
        assert_eq!(text_of(events), said);
        let last = events.last().unwrap();
        assert_eq!(last["usageMetadata"], whole["usageMetadata"]);
        assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    }
    let bill = provider.bill();
    assert_eq!(bill.len(), 3);
    assert!(bill.iter().all(|line| line.usage == whole["usageMetadata"] && line.model == "gemini-2.5-flash"));
}

#[tokio::test]
async fn the_total_is_the_sum_of_its_counters_whatever_was_used() {
    let provider = FakeProvider::start().await;
    let request = json!({
        "contents": [{"role": "user", "parts": [{"text": "Look and listen, please."},
            {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}, {"inlineData": {"mimeType": "audio/wav", "data": "AAAA"}}]}],
        "cachedContent": "cachedContents/a", "tools": [{"codeExecution": {}}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": true}, "candidateCount": 2, "responseModalities": ["TEXT", "IMAGE"]},
    });
    let usage = &json_of(&send(&provider, &format!("{MODEL}:generateContent"), &request).await)["usageMetadata"];
    let counter = |name: &str| usage[name].as_u64().unwrap();
    let sum = ["promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount"];
    assert_eq!(counter("totalTokenCount"), sum.into_iter().map(counter).sum::<u64>());
    assert!(counter("cachedContentTokenCount") < counter("promptTokenCount"));
    for (details, total) in [
        ("promptTokensDetails", "promptTokenCount"),
        ("cacheTokensDetails", "cachedContentTokenCount"),
        ("candidatesTokensDetails", "candidatesTokenCount"),
    ] {
        let all = usage[details].as_array().unwrap().iter().map(|d| d["tokenCount"].as_u64().unwrap()).sum::<u64>();
        assert_eq!(all, counter(total), "{details}");
    }
}

#[tokio::test]
async fn functions_are_called_until_their_answer_is_there() {
    let provider = FakeProvider::start().await;
    let mut request = ask("Weather in Paris?");
    request["tools"] = json!([{"functionDeclarations": [{"name": "weather",
        "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}, "days": {"type": "INTEGER"}}}}]}]);
    let first = json_of(&send(&provider, &format!("{MODEL}:generateContent"), &request).await);
    let part = &first["candidates"][0]["content"]["parts"][0];
    assert_eq!(part["functionCall"]["args"], json!({"city": "Paris", "days": 1}));
    let contents = request["contents"].as_array_mut().unwrap();
    contents.push(first["candidates"][0]["content"].clone());
    contents.push(
        json!({"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"sky": "clear"}}}]}),
    );
    let second = json_of(&send(&provider, &format!("{MODEL}:generateContent"), &request).await);
    assert!(second["candidates"][0]["content"]["parts"][0]["text"].is_string());
}

#[tokio::test]
async fn errors_are_statuses_alone_in_an_array_and_inside_a_stream() {
    let provider = FakeProvider::start().await;
    let plain = send(&provider, "/v1beta/models/error-429:generateContent", &ask("x")).await;
    assert_eq!((plain.status, &json_of(&plain)["error"]["status"]), (429, &json!("RESOURCE_EXHAUSTED")));
    let array = send(&provider, "/v1beta/models/error-400:streamGenerateContent", &ask("x")).await;
    assert_eq!((array.status, &json_of(&array)[0]["error"]["code"]), (400, &json!(400)));
    let inside =
        send(&provider, "/v1beta/models/gemini-2.5-pro+error-in-stream:streamGenerateContent", &ask("x")).await;
    let events = json_of(&inside);
    assert_eq!((inside.status, &events.as_array().unwrap().last().unwrap()["error"]["code"]), (200, &json!(503)));
    let blocked = send(&provider, "/v1beta/models/gemini-2.5-pro+refusal:generateContent", &ask("x")).await;
    assert_eq!(json_of(&blocked)["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
}

#[tokio::test]
async fn vertex_paths_counting_embeddings_and_models_are_served() {
    let provider = FakeProvider::start().await;
    let vertex = "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:generateContent";
    assert_eq!(json_of(&send(&provider, vertex, &ask("x")).await)["usageMetadata"]["trafficType"], "ON_DEMAND");
    let counted = json_of(&send(&provider, &format!("{MODEL}:countTokens"), &ask("Hello there")).await);
    assert_eq!(counted["totalTokens"], 4 + count_tokens("Hello there"));
    let request = json!({"content": {"parts": [{"text": "Hello there"}]}, "outputDimensionality": 4});
    let one = json_of(&send(&provider, "/v1beta/models/gemini-embedding-001:embedContent", &request).await);
    assert_eq!(one["embedding"]["values"].as_array().map(Vec::len), Some(4));
    let cache = json_of(&send(&provider, "/v1beta/cachedContents", &ask("Long")).await);
    assert!(cache["name"].as_str().unwrap().starts_with("cachedContents/"));
    let mut client = RawClient::connect(provider.addr()).await.unwrap();
    client.send("GET /v1beta/models HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    assert_eq!(json_of(&client.answer().await.unwrap())["models"][0]["name"], "models/gemini-2.5-pro");
}
