//! Settings of the way to an upstream: forward proxies, certificates of a named one, the time to connect.

use std::time::Instant;

use llmtrace_model::EndReason;
use llmtrace_testkit::FakeProvider;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::{
    app::{TestApp, post},
    outside::{Authority, forward_proxy, tls_front, write},
};

const CHAT: &str = "/v1/chat/completions";
const BODY: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_forward_proxy_is_used_except_for_no_proxy() {
    let provider = FakeProvider::start().await;
    let to = provider.addr();
    let (forward, mut heard) = forward_proxy(to).await;
    let url = format!("http://provider.example:{}", to.port());
    let via = format!("http://user:pass-word@{forward}");
    let app = TestApp::in_front_of(provider, &url, &[("PROXY__HTTP", &via)]).await;
    assert_eq!(app.send(post(CHAT, BODY, "")).await.status, 200);
    let head = heard.recv().await.unwrap();
    assert!(head.starts_with(&format!("CONNECT provider.example:{} HTTP/1.1", to.port())), "{head}");
    assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic"), "{head}");
    let direct = TestApp::in_front_of(
        FakeProvider::start().await,
        &app.provider.url(),
        &[("PROXY__HTTP", &via), ("PROXY__NO_PROXY", "127.0.0.1")],
    )
    .await;
    assert_eq!(direct.send(post(CHAT, BODY, "")).await.status, 200);
    assert!(heard.try_recv().is_err(), "no_proxy was not respected");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scheme_has_a_forward_proxy_of_its_own() {
    let (folder, servers) = (TempDir::new().unwrap(), Authority::new());
    let provider = FakeProvider::start().await;
    let front = tls_front(provider.addr(), &servers.issue(), None, "http/1.1").await;
    let (forward, mut heard) = forward_proxy(front).await;
    let ca = write(folder.path(), "ca.pem", &servers.pem());
    let via = format!("http://{forward}");
    let plain = format!("[{{name: plain, url: \"{}\"}}]", provider.url());
    let settings = [("PROXY__HTTPS", via.as_str()), ("UPSTREAM_TLS__CA_BUNDLE", &ca), ("UPSTREAMS", &plain)];
    let url = format!("https://localhost:{}", front.port());
    let app = TestApp::in_front_of(provider, &url, &settings).await;
    assert_eq!(app.send(post(CHAT, BODY, "")).await.status, 200);
    let head = heard.recv().await.unwrap();
    assert!(head.starts_with(&format!("CONNECT localhost:{} HTTP/1.1", front.port())), "{head}");
    assert_eq!(app.send(post(&format!("/up/plain{CHAT}"), BODY, "")).await.status, 200);
    assert!(heard.try_recv().is_err(), "an http:// upstream went through proxy.https");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_upstream_has_its_own_authorities_certificate_and_proxy() {
    let (folder, servers, clients) = (TempDir::new().unwrap(), Authority::new(), Authority::new());
    let provider = FakeProvider::start().await;
    let front = tls_front(provider.addr(), &servers.issue(), Some(&clients), "http/1.1").await;
    let (forward, mut heard) = forward_proxy(front).await;
    let ours = clients.issue();
    let ca = write(folder.path(), "ca.pem", &servers.pem());
    let cert = write(folder.path(), "cert.pem", &ours.cert);
    let key = write(folder.path(), "key.pem", &ours.key);
    let url = format!("https://localhost:{}", front.port());
    let named = format!(
        "[{{name: whole, url: '{url}', ca_bundle: {ca}, client_cert: {cert}, client_key: {key}, proxy: \
         'http://{forward}'}}, {{name: stranger, url: '{url}'}}, {{name: nobody, url: '{url}', ca_bundle: {ca}}}]"
    );
    let default = provider.url();
    let app = TestApp::in_front_of(provider, &default, &[("UPSTREAMS", &named)]).await;
    for (name, status) in [("whole", 200), ("stranger", 502), ("nobody", 502)] {
        assert_eq!(app.send(post(&format!("/up/{name}{CHAT}"), BODY, "")).await.status, status, "{name}");
    }
    assert!(heard.recv().await.unwrap().starts_with("CONNECT localhost:"));
    assert!(heard.try_recv().is_err(), "the proxy of one upstream was used for another");
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_timeout_ms_bounds_a_connection_that_never_gets_ready() {
    // It takes connections, and never says a word of TLS.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let app = TestApp::in_front_of(FakeProvider::start().await, &url, &[("CONNECT_TIMEOUT_MS", "200")]).await;
    let started = Instant::now();
    let got = app.send(post(CHAT, BODY, "")).await;
    assert_eq!(got.status, 504);
    let text = String::from_utf8_lossy(&got.body).into_owned();
    assert!(text.contains("200 ms (connect_timeout_ms)"), "{text}");
    // The default is 5 s.
    assert!((200..4000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    let span = app.span().await.span;
    assert_eq!((span.end_reason, span.http_status), (EndReason::TimedOut, Some(504)));
}
