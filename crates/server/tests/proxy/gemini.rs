//! Gemini through the proxy: a stream that is a JSON array, and keys that are nowhere kept.

use llmtrace_model::EndReason;
use llmtrace_testkit::{Answer, Gate};
use serde_json::Value;

use crate::app::{TestApp, post};

const STREAM: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?key=AIzaInTheQuery";
const ASK: &str = r#"{"contents":[{"role":"user","parts":[{"text":"Hello there"}]}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_array_is_a_stream_with_its_first_token_and_the_usage_of_the_bill() {
    let app = TestApp::start().await;
    let answer = app.send(post(STREAM, ASK, "x-goog-api-key: AIzaInTheHeader\r\n")).await;
    let elements: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
    assert!(elements.len() > 3, "the client has the array as it was sent");
    let record = app.span().await;
    let span = &record.span;
    assert_eq!((span.dialect.as_str(), span.provider.as_str()), ("gemini", "gcp.gemini"));
    assert_eq!(span.end_reason, EndReason::Complete);
    assert!(span.stream && span.timing.first_token_us.is_some());
    let bill = app.provider.bill();
    assert_eq!(Some(span.usage.unwrap().total()), bill[0].usage["totalTokenCount"].as_u64());
    assert!(span.cost.is_some());

    let received = app.provider.next_received().await;
    assert_eq!(received.header("x-goog-api-key"), Some("AIzaInTheHeader"), "the provider needs its key");
    assert!(received.target.ends_with("?key=AIzaInTheQuery"));
    let kept = format!("{record:?}");
    assert!(kept.contains("key=REDACTED") && !kept.contains("AIza"), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_token_of_an_array_is_timed_before_its_end() {
    let app = TestApp::start().await;
    let gate = Gate::closed();
    let first = "[{\n  \"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Hi\"}], \"role\": \"model\"}}]\n}\n";
    let pieces = [first, ",\r\n{\"usageMetadata\": {\"promptTokenCount\": 3}}\n", "]"];
    app.provider.script(Answer::stream("application/json; charset=UTF-8", pieces).gate(&gate));
    let mut client = app.client().await;
    client.send(post(STREAM, ASK, "")).await.unwrap();
    gate.release(1);
    client.head().await.unwrap();
    assert!(client.chunk().await.unwrap().is_some());
    drop(client);
    app.provider.wait_closed().await;
    let span = app.span().await.span;
    assert_eq!(span.end_reason, EndReason::ClientGone);
    assert!(span.timing.first_token_us.is_some());
}
