//! The fake provider's Responses: one meaning at once, as a stream, and read again; one line on the bill for each.

#![allow(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use llmtrace_testkit::{FakeProvider, tcp::RawClient};
use serde_json::{Value, json};

async fn send(provider: &FakeProvider, method: &str, target: &str, body: Option<&Value>) -> (u16, String) {
    let body = body.map(Value::to_string).unwrap_or_default();
    let head = format!("{method} {target} HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut client = RawClient::connect(provider.addr()).await.unwrap();
    client.send(format!("{head}{body}")).await.unwrap();
    let answer = client.answer().await.unwrap();
    (answer.status, String::from_utf8(answer.body.to_vec()).unwrap())
}

async fn ask(provider: &FakeProvider, method: &str, target: &str, body: Option<&Value>) -> Value {
    serde_json::from_str(&send(provider, method, target, body).await.1).unwrap()
}

fn events(stream: &str) -> Vec<Value> {
    stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

#[tokio::test]
async fn a_stream_says_what_the_whole_says_and_counts_its_events() {
    let provider = FakeProvider::start().await;
    let tools = json!([{"type": "web_search"}]);
    let mut request = json!({"model": "o4-mini", "input": "Name a river, please", "tools": tools});
    let whole = ask(&provider, "POST", "/v1/responses", Some(&request)).await;
    request["stream"] = json!(true);
    let told = events(&send(&provider, "POST", "/v1/responses", Some(&request)).await.1);
    let last = &told.last().unwrap()["response"];
    for key in ["status", "usage", "tool_usage"] {
        assert_eq!(last[key], whole[key], "{key}");
    }
    let text: String =
        told.iter().filter(|e| e["type"] == "response.output_text.delta").filter_map(|e| e["delta"].as_str()).collect();
    assert_eq!(text, whole["output"][2]["content"][0]["text"].as_str().unwrap());
    assert!(told.iter().enumerate().all(|(n, event)| event["sequence_number"] == n));
    assert_eq!(whole["usage"]["output_tokens_details"]["reasoning_tokens"], 16);
    assert_eq!(provider.bill().len(), 2);
    assert_eq!(provider.bill()[0].usage["tool_usage"]["web_search"]["num_requests"], 1);
}

#[tokio::test]
async fn a_background_response_is_read_as_often_as_one_likes_and_charged_once() {
    let provider = FakeProvider::start().await;
    let request = json!({"model": "gpt-4.1", "input": "Rivers?", "background": true});
    let queued = ask(&provider, "POST", "/v1/responses", Some(&request)).await;
    assert_eq!((&queued["status"], &queued["usage"]), (&json!("queued"), &Value::Null));
    let path = format!("/v1/responses/{}", queued["id"].as_str().unwrap());
    let read = ask(&provider, "GET", &path, None).await;
    assert_eq!((&read["status"], &read["id"], &read["background"]), (&json!("completed"), &queued["id"], &json!(true)));
    assert_eq!(ask(&provider, "GET", &path, None).await, read);
    assert_eq!(ask(&provider, "POST", &format!("{path}/cancel"), None).await, read);
    let all = events(&send(&provider, "GET", &format!("{path}?stream=true"), None).await.1);
    let rest = events(&send(&provider, "GET", &format!("{path}?stream=true&starting_after=2"), None).await.1);
    assert_eq!((rest[0]["sequence_number"].as_u64(), &rest[..]), (Some(3), &all[3..]));
    assert_eq!(all.last().unwrap()["response"]["usage"], read["usage"]);
    let bill = provider.bill();
    assert_eq!((bill.len(), &bill[0].usage), (1, &read["usage"]));
}

#[tokio::test]
async fn what_is_beside_a_response_has_its_shape() {
    let provider = FakeProvider::start().await;
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let request = json!({"model": "gpt-4.1", "input": [{"role": "user", "content": "Weather?"}],
        "tools": [{"type": "function", "name": "weather", "parameters": parameters}]});
    let called = ask(&provider, "POST", "/v1/responses", Some(&request)).await;
    assert_eq!(called["output"][0]["arguments"], r#"{"city":"Paris"}"#);
    let path = format!("/v1/responses/{}", called["id"].as_str().unwrap());
    assert_eq!(ask(&provider, "GET", &format!("{path}/input_items"), None).await["data"][0]["role"], "user");
    assert_eq!(send(&provider, "POST", &format!("{path}/cancel"), None).await.0, 400);
    assert_eq!(ask(&provider, "DELETE", &path, None).await["deleted"], true);
    assert_eq!(send(&provider, "GET", "/v1/responses/resp_unknown", None).await.0, 404);
    let counted = ask(&provider, "POST", "/v1/responses/input_tokens", Some(&request)).await;
    assert_eq!(counted["input_tokens"], called["usage"]["input_tokens"]);
    let compact = ask(&provider, "POST", "/v1/responses/compact", Some(&request)).await;
    assert_eq!(compact["output"][0]["type"], "compaction");
    assert_eq!(provider.bill().len(), 2, "the call and the compaction");
    let broken = json!({"model": "gpt-4.1+error-in-stream", "input": "x", "stream": true});
    let told = events(&send(&provider, "POST", "/v1/responses", Some(&broken)).await.1);
    assert_eq!(told.last().unwrap()["type"], "error");
}
