//! Without a script the fake provider answers as Amazon Bedrock would, in JSON and in binary streams.

#![allow(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use llmtrace_testkit::{
    AwsAccount, FakeProvider, count_tokens,
    tcp::{RawAnswer, RawClient},
};
use llmtrace_wire::eventstream::{Decoder, Frame};
use serde_json::{Value, json};

async fn post(provider: &FakeProvider, path: &str, headers: &str, body: &Value) -> RawAnswer {
    let body = body.to_string();
    let head = format!("POST {path} HTTP/1.1\r\nhost: h\r\n{headers}content-length: {}\r\n\r\n", body.len());
    let mut client = RawClient::connect(provider.addr()).await.unwrap();
    client.send(format!("{head}{body}")).await.unwrap();
    client.answer().await.unwrap()
}

fn events(answer: &RawAnswer) -> Vec<(String, Value)> {
    assert_eq!(answer.header("content-type"), Some("application/vnd.amazon.eventstream"));
    let (mut decoder, mut seen) = (Decoder::new(1 << 20), Vec::new());
    let mut note = |frame: Frame<'_>| match frame {
        Frame::Event { name, data } | Frame::Failure { name, data } => {
            seen.push((String::from_utf8_lossy(name).into_owned(), serde_json::from_slice(data).unwrap()));
        }
        Frame::TooLong | Frame::Broken(_) => panic!("{frame:?}"),
    };
    decoder.feed(&answer.body, &mut note);
    decoder.finish(&mut note);
    seen
}

fn converse(text: &str) -> Value {
    json!({
        "system": [{"text": "A long manual."}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
        "messages": [{"role": "user", "content": [{"text": text}]}],
    })
}

#[tokio::test]
async fn converse_says_the_same_plain_and_streamed_and_bills_it() {
    let provider = FakeProvider::start().await;
    let plain = post(&provider, "/model/us.amazon.nova-lite-v1%3A0/converse", "", &converse("Hello there")).await;
    let plain: Value = serde_json::from_slice(&plain.body).unwrap();
    assert_eq!(plain["output"]["message"]["content"], json!([{"text": "You said: Hello there"}]));
    let usage = &plain["usage"];
    assert_eq!(usage["inputTokens"], 4 + count_tokens("Hello there"));
    assert_eq!(usage["cacheDetails"], json!([{"ttl": "1h", "inputTokens": count_tokens("A long manual.")}]));
    let sum: u64 = ["inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"]
        .iter()
        .map(|name| usage[name].as_u64().unwrap())
        .sum();
    assert_eq!(usage["totalTokens"], sum);

    let path = "/model/us.amazon.nova-lite-v1%3A0/converse-stream";
    let streamed = events(&post(&provider, path, "", &converse("Hello there")).await);
    let text: String = streamed.iter().filter_map(|(_, event)| event["delta"]["text"].as_str()).collect();
    assert_eq!(text, "You said: Hello there");
    let (last, about) = streamed.last().unwrap();
    assert_eq!((last.as_str(), &about["usage"]), ("metadata", usage));
    let bill = provider.bill();
    assert_eq!((&bill[0].usage, &bill[1].usage), (usage, usage));
    assert_eq!(bill[1].model, "us.amazon.nova-lite-v1:0");
}

#[tokio::test]
async fn claudes_events_come_in_chunks_and_the_last_one_counts() {
    let provider = FakeProvider::start().await;
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 100,
        "messages": [{"role": "user", "content": "Hi"}],
    });
    let path = "/model/anthropic.claude-sonnet-4-20250514-v1%3A0/invoke-with-response-stream";
    let streamed = events(&post(&provider, path, "", &body).await);
    let inner = |event: &Value| -> Value {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        serde_json::from_slice(&STANDARD.decode(event["bytes"].as_str().unwrap()).unwrap()).unwrap()
    };
    let last = inner(&streamed.last().unwrap().1);
    assert_eq!(last["type"], "message_stop");
    let bill = provider.bill();
    assert_eq!(last["amazon-bedrock-invocationMetrics"]["outputTokenCount"], bill[0].usage["output_tokens"]);

    let plain = post(&provider, &path.replace("-with-response-stream", ""), "", &body).await;
    let count = plain.header("x-amzn-bedrock-output-token-count").unwrap();
    assert_eq!(count, bill[0].usage["output_tokens"].to_string());
}

#[tokio::test]
async fn a_stream_can_end_in_an_exception_and_a_request_be_refused() {
    let provider = FakeProvider::start().await;
    let path = "/model/amazon.nova-lite-v1%3A0+error-in-stream/converse-stream";
    let streamed = events(&post(&provider, path, "", &converse("Hello")).await);
    assert_eq!(streamed.last().unwrap().0, "modelStreamErrorException");
    let refused = post(&provider, "/model/error-429/converse", "", &converse("Hello")).await;
    assert_eq!(refused.status, 429);
    assert!(refused.header("x-amzn-errortype").unwrap().starts_with("ThrottlingException"));
}

#[tokio::test]
async fn an_account_lets_only_its_own_requests_through() {
    let provider = FakeProvider::start().await;
    provider.require_aws(AwsAccount { api_key: Some("bedrock-key".to_owned()), ..AwsAccount::default() });
    let path = "/model/amazon.nova-lite-v1%3A0/converse";
    for (headers, status) in [
        ("", 403),
        ("authorization: Bearer bedrock-key\r\n", 200),
        ("authorization: Bearer other\r\n", 403),
        ("authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0\r\n", 403),
    ] {
        let answer = post(&provider, path, headers, &converse("Hello")).await;
        assert_eq!(answer.status, status, "{headers}");
        assert_eq!(answer.header("x-amzn-errortype").is_some(), status == 403);
    }
    assert_eq!(post(&provider, "/v1/chat/completions", "", &json!({"messages": [{}]})).await.status, 200);
}
