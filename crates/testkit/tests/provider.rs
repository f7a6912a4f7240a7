//! The fake provider does on the wire what a script says, and logs what came in as it came.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests: a panic is the report, tasks end with them")]

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use llmtrace_testkit::{
    Answer, Chunking, FakeProvider, Fault, Framing, Gate,
    tcp::{FaultProxy, RawAnswer, RawClient, Trouble},
};
use tokio::net::TcpStream;

async fn ask(provider: &FakeProvider, request: &str) -> std::io::Result<RawAnswer> {
    let mut client = RawClient::connect(provider.addr()).await?;
    client.send(request).await?;
    client.answer().await
}

fn post(body: &str) -> String {
    format!("POST /v1/x HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn request_heads_are_logged_in_order_and_case() {
    let provider = FakeProvider::start().await;
    provider.script(Answer::empty(204));
    let request =
        "PATCH /a%20b?x=1&x=2 HTTP/1.1\r\nHost: h\r\nX-B: 1\r\nx-a: 2\r\nX-B: 3\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(ask(&provider, request).await.unwrap().status, 204);
    let received = provider.next_received().await;
    let names: Vec<&str> = received.headers.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["Host", "X-B", "x-a", "X-B", "Content-Length"]);
    assert_eq!((received.method.as_str(), received.target.as_str()), ("PATCH", "/a%20b?x=1&x=2"));
    assert_eq!((&received.body[..], received.complete, received.chunks), (&b"hi"[..], true, 0));
}

#[tokio::test]
async fn chunked_requests_keep_their_trailers() {
    let provider = FakeProvider::start().await;
    let request =
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 7\r\n\r\n";
    provider.script(Answer::empty(200));
    ask(&provider, request).await.unwrap();
    let received = provider.next_received().await;
    assert_eq!((&received.body[..], received.chunks), (&b"abcde"[..], 2));
    assert_eq!(received.trailers, [("X-Sum".to_owned(), Bytes::from("7"))]);
}

#[tokio::test]
async fn answers_keep_header_case_order_and_repeats() {
    let provider = FakeProvider::start().await;
    provider.script(Answer::empty(200).header("X-One", "1").header("set-cookie", "a").header("Set-Cookie", "b"));
    let answer = ask(&provider, &post("")).await.unwrap();
    assert_eq!(
        &answer.head[..],
        b"HTTP/1.1 200 OK\r\nX-One: 1\r\nset-cookie: a\r\nSet-Cookie: b\r\ncontent-length: 0\r\n\r\n"
    );
}

#[tokio::test]
async fn chunk_borders_are_the_scripted_ones() {
    let provider = FakeProvider::start().await;
    provider.script(Answer::bytes("text/plain", "abcdef").chunked(Chunking::At(vec![1, 4])).trailers(&[("X-T", "v")]));
    let mut client = RawClient::connect(provider.addr()).await.unwrap();
    client.send(post("")).await.unwrap();
    client.head().await.unwrap();
    let mut chunks = Vec::new();
    while let Some(chunk) = client.chunk().await.unwrap() {
        chunks.push(chunk);
    }
    assert_eq!(chunks, ["a", "bcd", "ef"]);
    assert_eq!(client.trailers().await.unwrap(), [("X-T".to_owned(), Bytes::from("v"))]);
}

#[tokio::test]
async fn a_gate_lets_one_piece_pass_at_a_time() {
    let (provider, gate) = (FakeProvider::start().await, Gate::closed());
    provider.script(Answer::sse(&["1", "2"]).gate(&gate));
    let mut client = RawClient::connect(provider.addr()).await.unwrap();
    client.send(post("")).await.unwrap();
    client.head().await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(30), client.chunk()).await;
    assert!(early.is_err(), "a chunk passed a closed gate");
    gate.release(1);
    assert_eq!(client.chunk().await.unwrap().unwrap(), "data: 1\n\n");
    gate.open();
    assert_eq!(client.chunk().await.unwrap().unwrap(), "data: 2\n\n");
    assert_eq!(client.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn faults_happen_where_the_script_says() {
    let provider = FakeProvider::start().await;
    let answer = || Answer::bytes("text/plain", "0123456789");
    provider.script(answer().fault(Fault::TruncateAfter(4)));
    let error = ask(&provider, &post("")).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    provider.script(answer().fault(Fault::ResetAfter(4)));
    let error = ask(&provider, &post("")).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    provider.script(answer().fault(Fault::CloseBeforeHead));
    let error = ask(&provider, &post("")).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    provider.script(answer().fault(Fault::GarbageAfter(4)));
    let body = ask(&provider, &post("")).await.unwrap().body;
    assert_eq!((&body[..4], body.len()), (&b"0123"[..], 10));
    assert_ne!(&body[4..], b"456789");
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    for fault in [Fault::NoAnswer, Fault::NoRead, Fault::HangAfter(1)] {
        let provider = FakeProvider::start().await;
        provider.script(Answer::bytes("text/plain", "0123").fault(fault));
        let mut client = RawClient::connect(provider.addr()).await.unwrap();
        client.send(post("body")).await.unwrap();
        provider.wait_for(|r| r.number == 0).await;
        drop(client);
        let received = provider.wait_closed().await;
        assert!(!received.answered, "{fault:?}");
    }
}

#[tokio::test]
async fn an_answer_may_come_before_the_body() {
    let provider = FakeProvider::start().await;
    provider.script(Answer::http_error(413, "too large").before_body());
    let answer = ask(&provider, "POST / HTTP/1.1\r\ncontent-length: 1000000\r\n\r\nonly the start").await.unwrap();
    assert_eq!(answer.status, 413);
    assert!(!provider.received()[0].complete);
}

#[tokio::test]
async fn raw_answers_and_endless_bodies_go_out_as_they_are() {
    let provider = FakeProvider::start().await;
    provider.script(Answer::raw("HTTP/1.1 200 Fine\r\nbad header\r\n\r\n"));
    let mut client = RawClient::connect(provider.addr()).await.unwrap();
    client.send(post("")).await.unwrap();
    assert_eq!(client.rest().await.unwrap(), "HTTP/1.1 200 Fine\r\nbad header\r\n\r\n");
    provider.script(Answer::bytes("text/plain", "to the end").framing(Framing::UntilClose));
    assert_eq!(ask(&provider, &post("")).await.unwrap().body, "to the end");
}

#[tokio::test]
async fn expect_continue_is_answered_before_the_body() {
    let provider = FakeProvider::start().await;
    provider.script(Answer::empty(200));
    let mut client = RawClient::connect(provider.addr()).await.unwrap();
    client.send("PUT / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n").await.unwrap();
    assert_eq!(client.head().await.unwrap().status, 100);
    client.send("ok").await.unwrap();
    assert_eq!(client.answer().await.unwrap().status, 200);
}

#[tokio::test]
async fn http2_with_prior_knowledge_works_on_the_same_port() {
    let provider = FakeProvider::start().await;
    provider.script(Answer::stream("text/plain", ["a", "b"]).trailers(&[("x-t", "v")]));
    let stream = TcpStream::connect(provider.addr()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post(format!("{}/v1/x?y", provider.url())).body(Full::new(Bytes::from("in"))).unwrap();
    let answer = sender.send_request(request).await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(answer.trailers().unwrap()["x-t"], "v");
    assert_eq!(answer.to_bytes(), "ab");
    let received = provider.next_received().await;
    assert_eq!((received.version, received.target.as_str(), &received.body[..]), ("HTTP/2.0", "/v1/x?y", &b"in"[..]));
    assert_eq!(received.header(":authority"), Some(provider.host().as_str()));

    provider.script(Answer::stream("text/plain", ["abc"]).fault(Fault::HangAfter(1)));
    let request = http::Request::get(provider.url()).body(Full::default()).unwrap();
    drop(sender.send_request(request).await.unwrap());
    assert!(!provider.wait_closed().await.answered);
}

#[tokio::test]
async fn the_fault_proxy_passes_swallows_and_resets() {
    let provider = FakeProvider::start().await;
    let proxy = FaultProxy::start(provider.addr()).await.unwrap();
    provider.on("/v1/x", Answer::bytes("text/plain", "fine"));
    let mut client = RawClient::connect(proxy.addr()).await.unwrap();
    client.send(post("a")).await.unwrap();
    assert_eq!(client.answer().await.unwrap().body, "fine");
    proxy.set(Trouble::Deaf);
    client.send(post("b")).await.unwrap();
    provider.wait_for(|r| r.number == 1 && r.answered).await;
    let silent = tokio::time::timeout(Duration::from_millis(30), client.answer()).await;
    assert!(silent.is_err(), "an answer passed a deaf proxy");
    proxy.set(Trouble::Reset);
    let error = client.answer().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}
