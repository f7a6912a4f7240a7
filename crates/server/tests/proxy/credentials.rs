//! Credentials that tenants have stored, on the front lane: what the provider gets, over which protocol, and that nothing of it
//! is kept; and what of them outlives a change of the master key.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use llmtrace_model::TenantScope;
use llmtrace_server::{boot, config::MasterKey};
use llmtrace_testkit::{Answer, FakeProvider, tcp::RawClient};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    app::{TestApp, config, post, stored},
    keys::{BODY, CHAT, Guarded, json_of},
};

/// What must be found nowhere but at the provider.
const SECRET: &str = "of-a-provider-and-nobody-elses";

#[tokio::test(flavor = "multi_thread")]
async fn each_providers_header_carries_the_stored_credential() {
    let house = Guarded::start().await;
    let key = house.key("team", "operator").await;
    house.store("team", "default", SECRET).await;
    let headers = [("Authorization", "Bearer "), ("x-api-key", ""), ("api-key", ""), ("x-goog-api-key", "")];
    for (name, before) in headers {
        // Beside it the same key where it belongs: it goes no further, as always.
        let sent = format!("{name}: {before}{key}\r\nX-LLMTrace-Token: {key}\r\n");
        assert_eq!(house.chat(&sent).await.status, 200, "{name}");
        let received = house.app.provider.next_received().await;
        assert_eq!(received.header(name), Some(&*format!("{before}{SECRET}")));
        assert!(!format!("{received:?}").contains("llmt_"), "{received:?}");
    }
    let spans = house.app.spans(4).await;
    assert!(spans.iter().all(|it| it.span.tenant_id.as_str() == "team"));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_the_tenants_and_the_upstreams_and_nobody_elses() {
    let provider = FakeProvider::start().await;
    let (url, named) = (provider.url(), format!("[{{name: other, url: '{}'}}]", provider.url()));
    let settings = [("AUTH__MODE", "required"), ("UPSTREAMS", &named)];
    let house = Guarded::of(TestApp::in_front_of(provider, &url, &settings).await);
    house.store("team", "default", SECRET).await;
    house.store("team", "other", "of-the-other-provider").await;
    let (ours, viewers) = (house.key("team", "operator").await, house.key("team", "viewer").await);
    let theirs = house.key("theirs", "operator").await;
    let ask = async |path: &str, key: &str, more: &str| {
        let answer = house.app.send(post(path, BODY, &format!("Authorization: Bearer {key}\r\n{more}"))).await;
        (answer.status, json_of(&answer)["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(ask(CHAT, &ours, "").await.0, 200);
    assert_eq!(ask(&format!("/up/other{CHAT}"), &ours, "").await.0, 200);
    let sent = house.app.provider.received();
    let sent: Vec<_> = sent.iter().map(|it| it.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(sent, [format!("Bearer {SECRET}"), "Bearer of-the-other-provider".to_owned()]);
    let none = (401, "no_stored_credential".to_owned());
    assert_eq!(ask(CHAT, &theirs, "").await, none);
    assert_eq!(ask(CHAT, &house.admin, "").await, none, "the platform's key sends for the default tenant");
    assert_eq!(ask(CHAT, &house.admin, "X-LLMTrace-Tenant-ID: team\r\n").await.0, 200);
    assert_eq!(ask(CHAT, &theirs, "X-LLMTrace-Tenant-ID: team\r\n").await, (403, "foreign_tenant".to_owned()));
    assert_eq!(ask(CHAT, &viewers, "").await, (403, "role_too_low".to_owned()));
    assert_eq!(house.app.provider.received().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_and_both_versions_of_http_carry_it() {
    let provider = FakeProvider::start().await;
    let (url, named) =
        (provider.url(), format!("[{{name: plain, url: '{}', http2: prior_knowledge}}]", provider.url()));
    let settings = [("AUTH__MODE", "required"), ("UPSTREAMS", &named)];
    let house = Guarded::of(TestApp::in_front_of(provider, &url, &settings).await);
    let key = house.key("team", "operator").await;
    house.store("team", "default", SECRET).await;
    house.store("team", "plain", SECRET).await;
    let body = r#"{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    for (path, version) in [(CHAT.to_owned(), "HTTP/1.1"), (format!("/up/plain{CHAT}"), "HTTP/2.0")] {
        let io = TokioIo::new(TcpStream::connect(house.app.running.addr).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::post(format!("http://{}{path}", house.app.running.addr))
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Full::<Bytes>::from(body));
        let answer = sender.send_request(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let said = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(said.ends_with(b"data: [DONE]\n\n"));
        let received = house.app.provider.next_received().await;
        assert_eq!((received.version, received.header("authorization")), (version, Some(&*format!("Bearer {SECRET}"))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browsers_subprotocol_carries_it_within_its_list() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let upstream = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                      Sec-WebSocket-Protocol: realtime\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(head).unwrap()
    });
    let settings = [("AUTH__MODE", "required")];
    let house = Guarded::of(TestApp::in_front_of(FakeProvider::start().await, &url, &settings).await);
    let key = house.key("team", "operator").await;
    house.store("team", "default", SECRET).await;
    let mut client = RawClient::connect(house.app.running.addr).await.unwrap();
    let ask = format!(
        "GET /v1/realtime?model=m HTTP/1.1\r\nHost: p\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: realtime, openai-insecure-api-key.{key},x-beta\r\n\r\n"
    );
    client.send(ask).await.unwrap();
    assert_eq!(client.head().await.unwrap().status, 101);
    let head = upstream.await.unwrap();
    assert!(head.contains(&format!("realtime, openai-insecure-api-key.{SECRET},x-beta\r\n")), "{head}");
    assert!(!head.contains("llmt_"), "{head}");
    drop(client);
    assert!(!format!("{:?}", house.app.span().await).contains(SECRET));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_it_is_recorded() {
    let house = Guarded::with(&[("CAPTURE__RAW", "all"), ("JOURNAL__FSYNC", "each")]).await;
    let key = house.key("team", "operator").await;
    house.store("team", "default", SECRET).await;
    house.app.provider.on("/v1/fails", Answer::json(json!({"error": {"message": "no"}})).status(500));
    for path in [CHAT, "/v1/fails"] {
        house.app.send(post(path, BODY, &format!("Authorization: Bearer {key}\r\nx-api-key: {key}\r\n"))).await;
    }
    house.app.running.journal_flush();
    let spans = house.app.spans(2).await;
    let raw = house.app.running.spans.raw(&TenantScope::All, spans[0].span.exchange_id).await.unwrap().unwrap();
    let mut said = format!("{spans:?} {raw:?}");
    for path in ["/metrics", "/health", "/api/v1/export", "/api/v1/tenants/team/credentials"] {
        let ask = format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-LLMTrace-Token: {}\r\n\r\n", house.admin);
        let answer = house.app.send(ask).await;
        assert_eq!(answer.status, 200, "{path}");
        said += &String::from_utf8_lossy(&answer.body);
    }
    assert!(!said.contains(SECRET) && !said.contains(&key), "{said}");
    assert_eq!(house.app.provider.received()[0].header("x-api-key"), Some(SECRET));
    let TestApp { folder, running, .. } = house.app;
    running.shutdown().await;
    let mut files = 0;
    each_file(folder.path(), &mut |path, bytes| {
        files += 1;
        for text in [SECRET, &*key] {
            let found = memchr::memmem::find(bytes, text.as_bytes());
            assert_eq!(found, None, "{} in {}", if text == SECRET { "the secret" } else { "the key" }, path.display());
        }
    });
    assert!(files > 2, "{files}");
}

fn each_file(folder: &Path, look: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { each_file(&path, look) } else { look(&path, &std::fs::read(&path).unwrap()) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_can_be_changed_and_a_lost_one_is_told() {
    let first = Guarded::start().await;
    let key = first.key("team", "operator").await;
    first.store("team", "default", SECRET).await;
    let Guarded { app: TestApp { provider, running, folder }, admin } = first;
    running.shutdown().await;
    let (url, file) = (provider.url(), folder.path().join("data/master.key").display().to_string());
    let new = "08".repeat(32);
    let previous = format!("['file:{file}']");
    let start = async |keys: &[(&str, &str)]| {
        let settings = [&[("AUTH__MODE", "required")], keys].concat();
        boot::start(&config(&folder, &url, &settings)).await.unwrap()
    };
    let ask = async |running: &boot::Running| {
        let mut client = RawClient::connect(running.addr).await.unwrap();
        client.send(post(CHAT, BODY, &format!("Authorization: Bearer {key}\r\n"))).await.unwrap();
        client.answer_to("POST").await.unwrap()
    };

    // The new key alone does not open it. It says so, and destroys nothing.
    let lost = start(&[("SECRETS__MASTER_KEY", &new)]).await;
    let refused = ask(&lost).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, None));
    let error = &json_of(&refused)["error"];
    assert_eq!(error["code"], "unreadable_credential");
    let said = error["message"].as_str().unwrap();
    assert!(said.contains("team") && said.contains("upstream default") && said.contains("store it again"), "{said}");
    assert_eq!(stored(&lost.spans, 1).await[0].span.error.as_ref().unwrap().kind, "unreadable_credential");
    lost.shutdown().await;

    // With the former one beside it, it is sent at once, and soon sealed under the new one.
    let both = start(&[("SECRETS__MASTER_KEY", &new), ("SECRETS__PREVIOUS_MASTER_KEYS", &previous)]).await;
    assert_eq!(ask(&both).await.status, 200);
    assert_eq!(provider.next_received().await.header("authorization"), Some(&*format!("Bearer {SECRET}")));
    let until = Instant::now() + Duration::from_secs(20);
    let newest = new.parse::<MasterKey>().unwrap().id();
    while both.meta.credentials(&TenantScope::All).await.unwrap()[0].sealed_with != newest {
        assert!(Instant::now() < until, "it is sealed anew");
        tokio::task::yield_now().await;
    }
    both.shutdown().await;

    // Then the former one may go.
    std::fs::remove_file(file).unwrap();
    let alone = start(&[("SECRETS__MASTER_KEY", &new)]).await;
    assert_eq!(ask(&alone).await.status, 200);
    assert_eq!(provider.next_received().await.header("authorization"), Some(&*format!("Bearer {SECRET}")));
    drop(admin);
    alone.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_cannot_be_had_before_the_store_has_answered() {
    // Nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let postgres = format!("postgres://nobody@{}/none", closed.local_addr().unwrap());
    drop(closed);
    let admin = format!("llmt_{}", "A".repeat(43));
    let settings = [
        ("AUTH__MODE", "required"),
        ("AUTH__ADMIN_KEY", &*admin),
        ("STORAGE__META", "postgres:"),
        ("POSTGRES__URL", &postgres),
        ("SECRETS__MASTER_KEY", &"08".repeat(32)),
    ];
    let app = TestApp::with(&settings).await;
    let answer = app.send(post(CHAT, BODY, &format!("Authorization: Bearer {admin}\r\n"))).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert_eq!(json_of(&answer)["error"]["code"], "credentials_unavailable");
    let theirs = format!("X-LLMTrace-Token: {admin}\r\nAuthorization: Bearer sk-theirs\r\n");
    assert_eq!(app.send(post(CHAT, BODY, &theirs)).await.status, 200, "who brings a credential is served");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tenant_lets_be_kept_applies_in_every_process_within_two_seconds() {
    let shared = TempDir::new().unwrap();
    let meta = format!("sqlite:{}", shared.path().join("meta.db").display());
    let settings = [("STORAGE__META", &*meta), ("PIPELINE__BATCH_MS", "1")];
    let (here, there) = (TestApp::with(&settings).await, TestApp::with(&settings).await);
    let as_team = "X-LLMTrace-Tenant-ID: team\r\n";
    assert_eq!(there.send(post(CHAT, BODY, as_team)).await.status, 200);
    assert!(there.span().await.content.is_some());
    let body = json!({"capture_content": "metadata", "capture_raw": null}).to_string();
    let put = post("/api/v1/tenants/team/settings", &body, "If-Match: \"0\"\r\n");
    let put = put.replacen("POST", "PUT", 1).replace("Host: proxy", "Host: localhost");
    assert_eq!(here.send(put).await.status, 200);
    let (changed, mut sent) = (Instant::now(), 1);
    loop {
        let asked = changed.elapsed();
        assert_eq!(there.send(post(CHAT, BODY, as_team)).await.status, 200);
        sent += 1;
        let newest = there.spans(sent).await.remove(sent - 1);
        if newest.content.is_none() {
            break;
        }
        assert!(asked < Duration::from_secs(2), "its messages are still stored after {asked:?}");
    }
    assert_eq!(there.send(post(CHAT, BODY, "")).await.status, 200);
    assert!(there.spans(sent + 1).await[sent].content.is_some(), "another tenant's are as before");
}
