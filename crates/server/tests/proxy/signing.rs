//! `credential: aws`: requests are signed for AWS with the operator's keys, over exactly what is sent.

use llmtrace_model::EndReason;
use llmtrace_testkit::{AwsAccount, FakeProvider};
use llmtrace_wire::eventstream::{Decoder, Frame};
use tempfile::TempDir;

use crate::{
    app::{TestApp, post},
    keys::json_of,
    outside::write,
};

const CONVERSE: &str = "/up/aws/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse";
const BODY: &str =
    r#"{"messages": [{"role":"user","content":[{"text":"hi – ω"}]}] , "inferenceConfig":{"maxTokens":50}}"#;

/// Keys made up for these tests.
fn account() -> AwsAccount {
    AwsAccount {
        access_key_id: "AKIDMADEUP".to_owned(),
        secret_access_key: "made-up+secret/for=this-test".to_owned(),
        session_token: Some("made-up//token==".to_owned()),
        region: "eu-north-1".to_owned(),
        api_key: Some("made-up-api-key".to_owned()),
        clock_ahead: 0,
    }
}

/// A proxy whose upstream `aws` signs with [`account`]'s keys, in front of a provider that asks for `required`.
async fn app(required: AwsAccount) -> TestApp {
    let provider = FakeProvider::start().await;
    provider.require_aws(required.clone());
    let (url, folder, ours) = (provider.url(), TempDir::new().unwrap(), account());
    let id = write(folder.path(), "id", &ours.access_key_id);
    let secret = write(folder.path(), "secret", &ours.secret_access_key);
    // Keys that do not expire have no token.
    let token = match required.session_token {
        Some(_) => {
            let path = write(folder.path(), "token", &ours.session_token.unwrap());
            format!(", session_token: 'file:{path}'")
        }
        None => String::new(),
    };
    let named = format!(
        "[{{name: aws, url: '{url}', provider: aws.bedrock, credential: aws, aws: {{region: eu-north-1, \
         access_key_id: 'file:{id}', secret_access_key: 'file:{secret}'{token}}}}}]"
    );
    TestApp::in_front_of(provider, &url, &[("UPSTREAMS", &named)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_credentials_is_signed_for_plain_and_streamed() {
    for token in [account().session_token, None] {
        let app = app(AwsAccount { session_token: token, ..account() }).await;
        let answer = app.send(post(CONVERSE, BODY, "X-Note: kept\r\n")).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let streamed = app.send(post(&format!("{CONVERSE}-stream?b=2&a=x%20y"), BODY, "")).await;
        assert_eq!(streamed.status, 200, "{}", String::from_utf8_lossy(&streamed.body));
        let mut last = String::new();
        Decoder::new(1 << 20).feed(&streamed.body, |frame| {
            if let Frame::Event { name, .. } = frame {
                last = String::from_utf8_lossy(name).into_owned();
            }
        });
        assert_eq!(last, "metadata");
        let received = app.provider.received();
        assert!(received.iter().all(|request| request.body == BODY.as_bytes()), "bytes out = bytes in");
        assert_eq!(received[0].header("x-note"), Some("kept"));
        let (spans, bill) = (app.spans(2).await, app.provider.bill());
        for (record, line) in spans.iter().zip(&bill) {
            assert_eq!(record.span.end_reason, EndReason::Complete);
            assert_eq!(record.span.usage.unwrap().total(), line.usage["totalTokens"].as_u64().unwrap());
            let cost = record.span.cost.expect("the model has a price");
            // Claude Sonnet 4.5 in a region: 3.30 and 16.50 dollars per million.
            let tokens = |name: &str| line.usage[name].as_i64().unwrap();
            assert_eq!(cost.nanos(), tokens("inputTokens") * 3300 + tokens("outputTokens") * 16_500);
        }
        let stored = format!("{spans:?}");
        for secret in ["AKIDMADEUP", "made-up+secret", "made-up//token", "AWS4-HMAC"] {
            assert!(!stored.contains(secret), "a span holds {secret}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_own_signature_is_replaced_and_an_api_key_passes() {
    let app = app(account()).await;
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=AKIDTHEIRS/20260101/us-east-1/bedrock/aws4_request, \
                  SignedHeaders=host, Signature=00\r\nX-Amz-Date: 20260101T000000Z\r\nX-Amz-Security-Token: theirs\r\n\
                  X-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\nX-Amz-User-Agent: aws-sdk  js\r\n";
    assert_eq!(app.send(post(CONVERSE, BODY, signed)).await.status, 200);
    let request = app.provider.next_received().await;
    assert!(!request.header("authorization").unwrap().contains("AKIDTHEIRS"));
    assert_eq!(request.header("x-amz-security-token"), Some("made-up//token=="));
    assert_eq!(request.header("x-amz-content-sha256"), None);
    assert_eq!(request.header("x-amz-user-agent"), Some("aws-sdk  js"));

    assert_eq!(app.send(post(CONVERSE, BODY, "Authorization: Bearer made-up-api-key\r\n")).await.status, 200);
    let request = app.provider.next_received().await;
    assert_eq!(request.header("authorization"), Some("Bearer made-up-api-key"));
    assert_eq!(request.header("x-amz-date"), None, "nothing is signed");
    assert_eq!(app.send(post(CONVERSE, BODY, "Authorization: Bearer other\r\n")).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_key_is_taken_out_and_signed_for_and_a_stored_api_key_takes_its_place() {
    let app = app(account()).await;
    let local = |request: String| request.replace("Host: proxy", "Host: localhost");
    let body = r#"{"name":"test","role":"operator"}"#;
    let made = app.send(local(post("/api/v1/keys?tenant_id=team", body, ""))).await;
    let key = json_of(&made)["key"].as_str().unwrap().to_owned();
    for header in ["Authorization: Bearer ", "x-api-key: "] {
        assert_eq!(app.send(post(CONVERSE, BODY, &format!("{header}{key}\r\n"))).await.status, 200, "{header}");
        let request = app.provider.next_received().await;
        assert!(request.header("authorization").unwrap().starts_with("AWS4-HMAC-SHA256 Credential=AKIDMADEUP/"));
        assert_eq!(request.header("x-api-key"), None);
    }
    let store = post("/api/v1/tenants/team/credentials/aws", r#"{"secret":"made-up-api-key"}"#, "If-None-Match: *\r\n");
    assert_eq!(app.send(local(store).replacen("POST", "PUT", 1)).await.status, 201);
    assert_eq!(app.send(post(CONVERSE, BODY, &format!("Authorization: Bearer {key}\r\n"))).await.status, 200);
    let request = app.provider.next_received().await;
    assert_eq!((request.header("authorization"), request.header("x-amz-date")), (Some("Bearer made-up-api-key"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_awss_to_refuse_and_is_recorded() {
    let app = app(AwsAccount { clock_ahead: 3600, ..account() }).await;
    let answer = app.send(post(CONVERSE, BODY, "")).await;
    assert_eq!(answer.status, 403);
    assert!(answer.header("x-amzn-errortype").unwrap().starts_with("InvalidSignatureException"));
    let error = app.span().await.span.error.expect("an error");
    assert_eq!(error.kind, "InvalidSignatureException");
    assert!(error.message.starts_with("Signature expired"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_would_be_streamed_cannot_be_signed_and_is_refused() {
    let app = app(account()).await;
    let upload = format!(
        "POST {CONVERSE} HTTP/1.1\r\nHost: proxy\r\nContent-Type: application/octet-stream\r\nContent-Length: 3\r\n\r\nabc"
    );
    let answer = app.send(upload).await;
    assert_eq!(answer.status, 415);
    assert!(String::from_utf8_lossy(&answer.body).contains("only a JSON body can be signed"));
    assert!(app.provider.received().is_empty(), "nothing was sent");
    assert_eq!(app.span().await.span.end_reason, EndReason::Refused);
}
