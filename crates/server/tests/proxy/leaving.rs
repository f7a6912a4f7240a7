//! Between the signal and the end of accepting (`shutdown.delay_seconds`): everything is served, and clients are sent away.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use llmtrace_model::EndReason;
use llmtrace_server::boot;
use llmtrace_testkit::{Answer, Chunking, FakeProvider, Framing, Gate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::app::{TestApp, config, post, stored};

const CHAT: &str = "/v1/chat/completions";
const BODY: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;
const READY: &str = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_leaving_process_is_not_ready_and_serves_everything() {
    let app = TestApp::start().await;
    let gate = Gate::closed();
    app.provider.script(
        Answer::bytes("text/event-stream", "data: 1\n\ndata: 2\n\n")
            .framing(Framing::Chunked)
            .chunked(Chunking::Bytes(9))
            .gate(&gate),
    );
    let mut streaming = app.client().await;
    streaming.send(post(CHAT, r#"{"model":"gpt-4o","stream":true,"messages":[]}"#, "")).await.unwrap();
    gate.release(1);
    streaming.head().await.unwrap();
    streaming.chunk().await.unwrap();
    let mut idle = app.client().await;
    idle.send(READY).await.unwrap();
    let before = idle.answer().await.unwrap();
    assert_eq!((before.status, before.header("connection")), (200, None));

    app.running.leave();
    let asked = app.send(READY).await;
    assert_eq!((asked.status, &asked.body[..], asked.header("connection")), (503, &b"stopping\n"[..], Some("close")));
    assert_eq!(app.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.status, 200);
    // Over a new connection, and over one that was idle.
    let fresh = app.send(post(CHAT, BODY, "")).await;
    assert_eq!((fresh.status, fresh.header("connection")), (200, Some("close")));
    idle.send(post(CHAT, BODY, "")).await.unwrap();
    let last = idle.answer().await.unwrap();
    assert_eq!((last.status, last.header("connection")), (200, Some("close")));
    assert!(idle.rest().await.unwrap().is_empty(), "it is closed as it says");

    let ending = tokio::spawn(app.running.shutdown());
    gate.open();
    while streaming.chunk().await.unwrap().is_some() {}
    tokio::time::timeout(Duration::from_secs(10), ending).await.unwrap().unwrap();
    let next = boot::start(&config(&app.folder, &app.provider.url(), &[])).await.unwrap();
    let spans = stored(&next.spans, 3).await;
    assert!(spans.iter().all(|record| record.span.end_reason == EndReason::Complete));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http2_client_is_told_after_an_answer_and_keeps_its_open_streams() {
    let app = TestApp::start().await;
    let gate = Gate::closed();
    app.provider.script(
        Answer::bytes("text/event-stream", "data: 1\n\ndata: 2\n\n")
            .framing(Framing::Chunked)
            .chunked(Chunking::Bytes(9))
            .gate(&gate),
    );
    let addr = app.running.addr;
    let request = |body: &'static str| {
        let request = http::Request::post(format!("http://{addr}{CHAT}")).header("content-type", "application/json");
        request.body(Full::<Bytes>::from(body)).unwrap()
    };
    let io = TokioIo::new(tokio::net::TcpStream::connect(addr).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let connection = tokio::spawn(connection);
    gate.release(1);
    let open = sender.send_request(request(r#"{"model":"gpt-4o","stream":true,"messages":[]}"#)).await.unwrap();

    app.running.leave();
    let answer = sender.send_request(request(BODY)).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.into_body().collect().await.unwrap();
    gate.open();
    assert_eq!(open.into_body().collect().await.unwrap().to_bytes(), "data: 1\n\ndata: 2\n\n");
    // The connection ends by itself, since it was told that nothing new is taken over it.
    tokio::time::timeout(Duration::from_secs(10), connection).await.unwrap().unwrap().unwrap();
    assert_eq!(app.send(post(CHAT, BODY, "")).await.status, 200, "a connection of its own is still taken");
    app.spans(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switched_protocol_is_not_told_to_close() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let upstream = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream
    });
    let app = TestApp::in_front_of(FakeProvider::start().await, &url, &[]).await;
    app.running.leave();
    let mut client = app.client().await;
    client.send("GET /v1/realtime HTTP/1.1\r\nHost: p\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n").await.unwrap();
    let head = client.head().await.unwrap();
    assert_eq!(
        (head.status, head.header("connection").map(str::to_ascii_lowercase).as_deref()),
        (101, Some("upgrade"))
    );
    upstream.await.unwrap();
}
