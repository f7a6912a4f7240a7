//! Keys on the front lane: who is let through, what reaches the provider, and what is recorded of it.

use llmtrace_server::tenancy::Token;
use llmtrace_testkit::tcp::RawAnswer;
use serde_json::{Value, json};

use crate::app::{TestApp, post};

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const BODY: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;

/// An installation that asks for keys.
pub(crate) struct Guarded {
    pub(crate) app: TestApp,
    pub(crate) admin: String,
}

impl Guarded {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::of(TestApp::with(&[&[("AUTH__MODE", "required")], settings].concat()).await)
    }

    pub(crate) fn of(app: TestApp) -> Self {
        let file = app.folder.path().join("data/admin.key");
        let admin = std::fs::read_to_string(file).unwrap().trim().to_owned();
        Self { app, admin }
    }

    /// Makes a key of a tenant.
    pub(crate) async fn key(&self, tenant: &str, role: &str) -> String {
        let body = json!({"name": "test", "role": role}).to_string();
        let header = format!("X-LLMTrace-Token: {}\r\n", self.admin);
        let made = self.app.send(post(&format!("/api/v1/keys?tenant_id={tenant}"), &body, &header)).await;
        assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
        json_of(&made)["key"].as_str().unwrap().to_owned()
    }

    /// Stores a credential of a tenant, a new one or in the place of one.
    pub(crate) async fn store(&self, tenant: &str, upstream: &str, secret: &str) {
        let uri = format!("/api/v1/tenants/{tenant}/credentials/{upstream}");
        let body = json!({"secret": secret}).to_string();
        let mut status = 412;
        for condition in ["If-None-Match: *", "If-Match: *"] {
            if status == 412 {
                let header = format!("X-LLMTrace-Token: {}\r\n{condition}\r\n", self.admin);
                status = self.app.send(post(&uri, &body, &header).replacen("POST", "PUT", 1)).await.status;
            }
        }
        assert!(matches!(status, 200 | 201), "{status}");
    }

    pub(crate) async fn chat(&self, headers: &str) -> RawAnswer {
        self.app.send(post(CHAT, BODY, headers)).await
    }
}

pub(crate) fn json_of(answer: &RawAnswer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_needed_and_the_providers_key_stays_where_it_is() {
    let house = Guarded::start().await;
    let key = house.key("team-a", "operator").await;
    let theirs = "Authorization: Bearer sk-theirs\r\n";
    let refused = house.chat(theirs).await;
    assert_eq!((refused.status, json_of(&refused)["error"]["code"].as_str()), (401, Some("key_missing")));
    let answer = house.chat(&format!("{theirs}X-LLMTrace-Token: {key}\r\n")).await;
    assert_eq!(answer.status, 200);
    let received = house.app.provider.received();
    assert_eq!(received.len(), 1, "the refused one was not sent");
    let sent = format!("{:?}", received[0].headers).to_lowercase();
    assert!(sent.contains("bearer sk-theirs") && !sent.contains("llmt_") && !sent.contains("x-llmtrace"), "{sent}");
    let span = house.app.span().await.span;
    assert_eq!(span.tenant_id.as_str(), "team-a");
    assert!(!format!("{span:?}").contains(&key));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_chooses_no_tenant_that_the_key_is_not_for() {
    let house = Guarded::start().await;
    let key = house.key("team-a", "operator").await;
    let as_tenant = |key: &str, tenant: &str| format!("X-LLMTrace-Token: {key}\r\nX-LLMTrace-Tenant-ID: {tenant}\r\n");
    let foreign = house.chat(&as_tenant(&key, "team-b")).await;
    assert_eq!((foreign.status, json_of(&foreign)["error"]["code"].as_str()), (403, Some("foreign_tenant")));
    assert_eq!(house.chat(&as_tenant(&key, "team-a")).await.status, 200);
    assert_eq!(house.chat(&as_tenant(&house.admin, "team-c")).await.status, 200, "the platform's sends for all");
    let viewer = house.key("team-a", "viewer").await;
    let low = house.chat(&format!("X-LLMTrace-Token: {viewer}\r\n")).await;
    assert_eq!((low.status, json_of(&low)["error"]["code"].as_str()), (403, Some("role_too_low")));
    let tenants: Vec<String> = house.app.spans(2).await.iter().map(|it| it.span.tenant_id.to_string()).collect();
    assert_eq!(tenants, ["team-a", "team-c"], "what was refused is no span");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_key_never_reaches_a_provider() {
    let house = Guarded::start().await;
    let key = house.key("team-a", "operator").await;
    let misplaced = [
        format!("Cookie: session={key}\r\n"),
        format!("X-Trace: {key}\r\nX-LLMTrace-Token: {key}\r\n"),
        format!("Authorization: Basic {key}\r\n"),
        format!("Authorization: Bearer {}\r\nX-LLMTrace-Token: {key}\r\n", Token::mint().unwrap().expose()),
    ];
    for headers in misplaced {
        let answer = house.chat(&headers).await;
        assert_eq!((answer.status, json_of(&answer)["error"]["code"].as_str()), (400, Some("misplaced_key")));
        assert!(!String::from_utf8_lossy(&answer.body).contains(&key));
    }
    let in_query = house.app.send(post(&format!("{CHAT}?key={key}"), BODY, "")).await;
    assert_eq!(in_query.status, 400);
    // In the place of the provider's key it stands for a credential that the tenant has stored; it has none.
    for header in ["Authorization: Bearer ", "x-api-key: ", "api-key: ", "x-goog-api-key: "] {
        let answer = house.chat(&format!("{header}{key}\r\n")).await;
        assert_eq!((answer.status, json_of(&answer)["error"]["code"].as_str()), (401, Some("no_stored_credential")));
    }
    assert!(house.app.provider.received().is_empty());
    let spans = house.app.spans(4).await;
    assert!(spans.iter().all(|it| it.span.end_reason == llmtrace_model::EndReason::Refused));
    assert!(!format!("{spans:?}").contains("llmt_"), "and it is not stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_speaks_the_clients_dialect() {
    let house = Guarded::start().await;
    let refused = |path: &'static str| house.app.send(post(path, "{}", ""));
    assert_eq!(json_of(&refused(CHAT).await)["error"]["type"], "invalid_request_error");
    assert_eq!(json_of(&refused("/v1/messages").await)["error"]["type"], "authentication_error");
    let google = json_of(&refused("/v1beta/models/gemini-2.5-pro:generateContent").await);
    assert_eq!((&google["error"]["code"], &google["error"]["status"]), (&json!(401), &json!("UNAUTHENTICATED")));
}

#[tokio::test(flavor = "multi_thread")]
async fn tricks_with_host_path_and_method_open_nothing() {
    let house = Guarded::start().await;
    let own = ["/api/v1/spans", "/api/v1/keys", "/api/v1/tenants"];
    for path in own {
        for host in ["localhost", "127.0.0.1", "evil.example", "localhost, evil.example"] {
            let answer = house.app.send(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
            assert_eq!(answer.status, 401, "{path} of {host}");
        }
        for method in ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "get"] {
            let answer = house.app.send(format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
            assert!(matches!(answer.status, 400 | 401 | 405), "{method} {path}: {}", answer.status);
        }
    }
    // Anything that only looks like a path of ours is the provider's, and takes a key as all of them do.
    for path in [
        "//api/v1/spans",
        "/api//v1/spans",
        "/API/v1/spans",
        "/%61pi/v1/spans",
        "/x/../api/v1/spans",
        "/api/v1%2fspans",
    ] {
        let answer = house.app.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        assert!(matches!(answer.status, 400 | 401 | 404), "{path}: {}", answer.status);
    }
    for path in
        ["/api/v1/spans/%2e%2e/keys", "/api/v1/./keys", "/api/v1/spans/../keys", "/api/v1/keys/", "/api/v1/%6beys"]
    {
        let answer = house.app.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        assert!(matches!(answer.status, 400 | 401 | 404), "{path}: {}", answer.status);
    }
    let absolute = house.app.send("GET http://localhost/api/v1/keys HTTP/1.1\r\nHost: evil\r\n\r\n").await;
    assert_eq!(absolute.status, 401);
    assert!(house.app.provider.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_need_no_key_and_say_no_secret() {
    let house = Guarded::start().await;
    house.key("team-a", "operator").await;
    for path in ["/health", "/livez", "/readyz", "/metrics", "/api/v1/openapi.json"] {
        let answer = house.app.send(format!("GET {path} HTTP/1.1\r\nHost: any.example\r\n\r\n")).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!String::from_utf8_lossy(&answer.body).contains(&house.admin), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_shown_counts_where_nobody_is_asked_for_one() {
    let app = TestApp::start().await;
    let wrong = app.send(post(CHAT, BODY, &format!("X-LLMTrace-Token: {}\r\n", Token::mint().unwrap().expose()))).await;
    assert_eq!(wrong.status, 401, "a key that does not work is found out before it is needed");
    let body = json!({"name": "test", "role": "operator"}).to_string();
    let made = json_of(
        &app.send(post("/api/v1/keys?tenant_id=team-a", &body, "").replace("Host: proxy", "Host: localhost")).await,
    );
    let header = format!("X-LLMTrace-Token: {}\r\n", made["key"].as_str().unwrap());
    assert_eq!(app.send(post(CHAT, BODY, &header)).await.status, 200);
    assert_eq!(app.span().await.span.tenant_id.as_str(), "team-a");
}
