//! How the two sides are reached: TLS, HTTP/2, switched protocols, named upstreams.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use llmtrace_model::EndReason;
use llmtrace_testkit::{Answer, Chunking, FakeProvider, Framing, tcp::RawClient};
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    app::{TestApp, post},
    outside::{Authority, tls_front, write},
};

const CHAT: &str = "/v1/chat/completions";
const BODY: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;

fn request(addr: SocketAddr) -> http::Request<Full<Bytes>> {
    http::Request::post(format!("http://{addr}{CHAT}"))
        .header("content-type", "application/json")
        .header("te", "trailers")
        .body(Full::from(BODY))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_may_speak_http2_without_tls() {
    let app = TestApp::start().await;
    let io = TokioIo::new(TcpStream::connect(app.running.addr).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let answer = sender.send_request(request(app.running.addr)).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(!answer.into_body().collect().await.unwrap().to_bytes().is_empty());
    let received = app.provider.next_received().await;
    assert_eq!((received.version, received.header("host")), ("HTTP/1.1", Some(app.provider.host().as_str())));
    assert_eq!(received.body, BODY);
    assert_eq!(app.span().await.span.end_reason, EndReason::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tls_listener_speaks_both_versions_and_reloads_its_certificate() {
    let (folder, old, new) = (TempDir::new().unwrap(), Authority::new(), Authority::new());
    let first = old.issue();
    let cert = write(folder.path(), "cert.pem", &first.cert);
    let key = write(folder.path(), "key.pem", &first.key);
    let app = TestApp::with(&[("TLS__CERT", &cert), ("TLS__KEY", &key)]).await;
    let name = || ServerName::try_from("localhost").unwrap();
    for protocol in ["h2", "http/1.1"] {
        let tcp = TcpStream::connect(app.running.addr).await.unwrap();
        let mut secure = old.client(&[protocol]).connect(name(), tcp).await.unwrap();
        assert_eq!(secure.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
        if protocol == "http/1.1" {
            secure.write_all(post(CHAT, BODY, "Connection: close\r\n").as_bytes()).await.unwrap();
            let mut answer = String::new();
            secure.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
    }
    let second = new.issue();
    write(folder.path(), "cert.pem", &second.cert);
    write(folder.path(), "key.pem", &second.key);
    app.running.upkeep_done().await;
    let tcp = TcpStream::connect(app.running.addr).await.unwrap();
    new.client(&[]).connect(name(), tcp).await.unwrap();
    write(folder.path(), "cert.pem", "no certificate");
    app.running.upkeep_done().await;
    let tcp = TcpStream::connect(app.running.addr).await.unwrap();
    new.client(&[]).connect(name(), tcp).await.expect("a broken file leaves the old certificate in force");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_with_a_private_authority_and_client_certificates_is_reached() {
    let (folder, servers, clients) = (TempDir::new().unwrap(), Authority::new(), Authority::new());
    let provider = FakeProvider::start().await;
    let front = tls_front(provider.addr(), &servers.issue(), Some(&clients), "http/1.1").await;
    let ours = clients.issue();
    let ca = write(folder.path(), "ca.pem", &servers.pem());
    let cert = write(folder.path(), "cert.pem", &ours.cert);
    let key = write(folder.path(), "key.pem", &ours.key);
    let url = format!("https://localhost:{}", front.port());
    let both = [
        ("UPSTREAM_TLS__CA_BUNDLE", ca.as_str()),
        ("UPSTREAM_TLS__CLIENT_CERT", &cert),
        ("UPSTREAM_TLS__CLIENT_KEY", &key),
    ];
    let app = TestApp::in_front_of(provider, &url, &both).await;
    assert_eq!(app.send(post(CHAT, BODY, "")).await.status, 200);
    assert!(app.span().await.span.timing.connect_us.is_some());
    let stranger = TestApp::in_front_of(FakeProvider::start().await, &url, &[]).await;
    assert_eq!(stranger.send(post(CHAT, BODY, "")).await.status, 502, "an unknown authority must not be believed");
}

#[tokio::test(flavor = "multi_thread")]
async fn upstreams_speak_http2_by_alpn_and_by_prior_knowledge() {
    let (folder, servers) = (TempDir::new().unwrap(), Authority::new());
    let provider = FakeProvider::start().await;
    let front = tls_front(provider.addr(), &servers.issue(), None, "h2").await;
    let ca = write(folder.path(), "ca.pem", &servers.pem());
    let url = format!("https://localhost:{}", front.port());
    let named = format!("[{{name: plain, url: \"{}\", http2: prior_knowledge}}]", provider.url());
    let settings = [("UPSTREAM_TLS__CA_BUNDLE", ca.as_str()), ("UPSTREAMS", &named)];
    let app = TestApp::in_front_of(provider, &url, &settings).await;
    for path in [CHAT.to_owned(), format!("/up/plain{CHAT}")] {
        assert_eq!(app.send(post(&path, BODY, "")).await.status, 200, "{path}");
        let received = app.provider.next_received().await;
        assert_eq!((received.version, &received.body[..]), ("HTTP/2.0", BODY.as_bytes()), "{path}");
    }
    let spans = app.spans(2).await;
    assert_eq!(spans[1].span.upstream, "plain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_upstream_is_chosen_by_path_or_header_and_may_name_its_provider() {
    let provider = FakeProvider::start().await;
    let named = format!("[{{name: mine, url: \"{}/base/\", provider: groq}}]", provider.url());
    let url = provider.url();
    let app = TestApp::in_front_of(provider, &url, &[("UPSTREAMS", &named)]).await;
    app.provider.on(&format!("/base{CHAT}"), Answer::json(serde_json::json!({"model": "x", "choices": []})));
    app.send(post(&format!("/up/mine{CHAT}?q=1"), BODY, "")).await;
    app.send(post(CHAT, BODY, "X-LLMTrace-Upstream: mine\r\n")).await;
    assert_eq!(app.provider.next_received().await.target, format!("/base{CHAT}?q=1"));
    assert_eq!(app.provider.next_received().await.target, format!("/base{CHAT}"));
    for record in app.spans(2).await {
        assert_eq!((record.span.upstream.as_str(), record.span.provider.as_str()), ("mine", "groq"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switched_protocol_passes_both_ways_and_becomes_a_span() {
    let provider = FakeProvider::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        assert!(head.contains("upgrade: websocket") && head.contains("connection: upgrade"), "{head}");
        let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        let mut four = [0; 4];
        stream.read_exact(&mut four).await.unwrap();
        four.reverse();
        stream.write_all(&four).await.unwrap();
    });
    let app = TestApp::in_front_of(provider, &url, &[]).await;
    let mut client = RawClient::connect(app.running.addr).await.unwrap();
    let ask = "GET /v1/realtime?model=m HTTP/1.1\r\nHost: p\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    client.send(ask).await.unwrap();
    let head = client.head().await.unwrap();
    assert_eq!((head.status, head.header("upgrade")), (101, Some("websocket")));
    client.send("abcd").await.unwrap();
    assert_eq!(client.exactly(4).await.unwrap(), "dcba");
    drop(client);
    let span = app.span().await.span;
    assert_eq!((span.http_status, span.request_bytes, span.response_bytes), (Some(101), 4, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_answers_pass_as_they_are_and_are_read() {
    let app = TestApp::start().await;
    let text = serde_json::json!({
        "id": "c", "object": "chat.completion", "model": "gpt-4o",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
    });
    let plain = Answer::json(text).gzip();
    let bytes = plain.body();
    app.provider.script(plain);
    let got = app.send(post(CHAT, BODY, "Accept-Encoding: gzip\r\n")).await;
    assert_eq!((got.header("content-encoding"), &got.body), (Some("gzip"), &bytes));
    let stream = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":4,\"total_tokens\":6}}\n\ndata: [DONE]\n\n";
    // Compressed although identity was asked for: forwarded as it is, the usage event included.
    let zipped =
        Answer::bytes("text/event-stream", stream).gzip().chunked(Chunking::Bytes(7)).framing(Framing::Chunked);
    let bytes = zipped.body();
    app.provider.script(zipped);
    let got = app.send(post(CHAT, r#"{"model":"gpt-4o","stream":true,"messages":[]}"#, "")).await;
    assert_eq!(got.body, bytes);
    let totals: Vec<_> = app.spans(2).await.iter().map(|r| r.span.usage.unwrap().total()).collect();
    assert_eq!(totals, [5, 6]);
}
