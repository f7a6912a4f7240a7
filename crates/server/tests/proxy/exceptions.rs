//! The exceptions to "bytes out = bytes in" that are about framing, connection-level fields and trailers, one by one
//! (`docs/reference/transparency.md`).

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use llmtrace_model::{EndReason, Status};
use llmtrace_server::boot;
use llmtrace_testkit::{Answer, Chunking, FakeProvider, Gate, tcp::RawClient};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    app::{TestApp, config, post, stored},
    keys::{BODY, Guarded},
};

const CHAT: &str = "/v1/chat/completions";
const STREAM: &str = r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"messages":[]}"#;

/// The names of a head's fields, in order and case.
fn names(fields: &[(String, Bytes)]) -> Vec<&str> {
    fields.iter().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_stream_over_its_bound_passes_from_there_on() {
    let settings = [("ENABLE_STREAMING", "false"), ("MAX_REQUEST_SIZE_BYTES", "1KiB")];
    let app = TestApp::with(&settings).await;
    let text = format!("data: {}\n\n", "x".repeat(2_092));
    let gate = Gate::closed();
    app.provider.script(Answer::bytes("text/event-stream", text.clone()).chunked(Chunking::Bytes(700)).gate(&gate));
    let mut client = app.client().await;
    client.send(post(CHAT, STREAM, "")).await.unwrap();
    // Two pieces of three are over the bound; the third is not on its way yet when they reach the client.
    gate.release(2);
    client.head().await.unwrap();
    let mut got = Vec::new();
    while got.len() < 1_400 {
        got.extend_from_slice(&client.chunk().await.unwrap().expect("the stream is not over"));
    }
    gate.open();
    while let Some(chunk) = client.chunk().await.unwrap() {
        got.extend_from_slice(&chunk);
    }
    assert_eq!(got, text.as_bytes());
    let span = app.span().await.span;
    assert_eq!((span.end_reason, span.response_bytes), (EndReason::Complete, text.len() as u64));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_is_closed_by_shutdown_and_its_span_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let upstream = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        let mut said = [0; 3];
        stream.read_exact(&mut said).await.unwrap();
        stream.write_all(b"hello").await.unwrap();
        stream.read_u8().await.expect_err("nothing follows but the end")
    });
    let app = TestApp::in_front_of(FakeProvider::start().await, &url, &[]).await;
    let mut client = RawClient::connect(app.running.addr).await.unwrap();
    let ask = "GET /v1/realtime HTTP/1.1\r\nHost: p\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    client.send(ask).await.unwrap();
    assert_eq!(client.head().await.unwrap().status, 101);
    client.send("abc").await.unwrap();
    assert_eq!(client.exactly(5).await.unwrap(), "hello");
    // Far below shutdown.timeout_seconds: a tunnel has no end of its own that would be worth waiting for.
    tokio::time::timeout(Duration::from_secs(15), app.running.shutdown()).await.unwrap();
    assert_eq!(client.rest().await.unwrap(), "", "the client sees an orderly end");
    assert_eq!(upstream.await.unwrap().kind(), std::io::ErrorKind::UnexpectedEof, "and so does the upstream");
    let next = boot::start(&config(&app.folder, &url, &[])).await.unwrap();
    let span = stored(&next.spans, 1).await.remove(0).span;
    assert_eq!((span.end_reason, span.status), (EndReason::Interrupted, Status::Error));
    assert_eq!((span.http_status, span.request_bytes, span.response_bytes), (Some(101), 3, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_body_in_chunks_is_sent_on_with_its_length_unless_it_has_trailers() {
    let app = TestApp::start().await;
    let head = |more: &str| {
        format!(
            "POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Type: application/json\r\nTransfer-Encoding: \
             chunked\r\n{more}\r\n"
        )
    };
    app.send(format!("{}6\r\n{{\"a\": \r\n2\r\n1}}\r\n0\r\n\r\n", head(""))).await;
    let received = app.provider.next_received().await;
    assert_eq!((received.header("content-length"), received.header("transfer-encoding")), (Some("8"), None));
    assert_eq!(received.body, "{\"a\": 1}");

    let request = format!("{}6\r\n{{\"a\": \r\n2\r\n1}}\r\n0\r\nX-Check: 42\r\n\r\n", head("Trailer: X-Check\r\n"));
    app.send(request).await;
    let received = app.provider.next_received().await;
    assert_eq!((received.header("content-length"), received.header("transfer-encoding")), (None, Some("chunked")));
    assert_eq!(received.body, "{\"a\": 1}");
    assert_eq!(received.trailers, [("x-check".to_owned(), Bytes::from("42"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_level_fields_of_an_answer_end_here_and_the_others_keep_their_order() {
    let app = TestApp::start().await;
    let answer = "HTTP/1.1 200 OK\r\nX-First: 1\r\nConnection: keep-alive, X-Hop\r\nX-Hop: gone\r\nKeep-Alive: \
                  timeout=5\r\nContent-Type: text/plain\r\nProxy-Connection: keep-alive\r\nUpgrade: \
                  h2c\r\nx-second: 2\r\nX-FIRST: 3\r\nTransfer-Encoding: chunked\r\nX-Last: \
                  4\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    app.provider.script(Answer::raw(answer));
    let got = app.send(post(CHAT, "{}", "")).await;
    assert_eq!(got.body, "hi");
    let ours = |name: &&str| !name.starts_with("x-llmtrace-") && !name.eq_ignore_ascii_case("transfer-encoding");
    let kept: Vec<&str> = names(&got.headers).into_iter().filter(ours).collect();
    // Fields of one name stand together, where the first of them stood.
    assert_eq!(kept, ["X-First", "X-FIRST", "Content-Type", "x-second", "X-Last"]);
    for gone in ["connection", "x-hop", "keep-alive", "proxy-connection", "upgrade"] {
        assert_eq!(got.header(gone), None, "{gone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_loses_its_usage_event_loses_its_length_and_no_other_field() {
    let app = TestApp::start().await;
    let first = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}}\n\n";
    let done = "data: [DONE]\n\n";
    let head = |length| {
        format!(
            "HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: {length}\r\nX-B: 2\r\nContent-Type: \
             text/event-stream\r\nX-C: 3\r\n\r\n"
        )
    };
    let sent = format!("{first}{usage}{done}");
    app.provider.script(Answer::raw(format!("{}{sent}", head(sent.len()))));
    let got = app.send(post(CHAT, r#"{"model":"gpt-4o","stream":true,"messages":[]}"#, "")).await;
    assert_eq!(got.body, format!("{first}{done}"));
    let kept: Vec<&str> =
        names(&got.headers).into_iter().filter(|n| n.starts_with("X-") || *n == "Content-Type").collect();
    assert_eq!(kept, ["X-A", "X-B", "Content-Type", "X-C"]);
    assert_eq!(got.header("content-length"), None);

    // Whoever asked for the usage event gets the same answer whole, with its length where it stood.
    app.provider.script(Answer::raw(format!("{}{sent}", head(sent.len()))));
    let whole = app.send(post(CHAT, STREAM, "")).await;
    assert_eq!(whole.body, sent);
    assert_eq!(names(&whole.headers)[..5], ["X-A", "Content-Length", "X-B", "Content-Type", "X-C"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_that_were_not_announced_not_asked_for_or_not_allowed_do_not_travel_on() {
    let app = TestApp::start().await;
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nTrailer: X-Sum\r\nTransfer-Encoding: \
                  chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: abc\r\nX-Hidden: 1\r\n\r\n";
    let ask = |te: &str| {
        format!(
            "POST /v1/audio/speech HTTP/1.1\r\nHost: p\r\nContent-Type: text/plain\r\n{te}Trailer: \
             X-Check, Host, Authorization, Content-Length\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nHost: \
             x\r\nContent-Length: 9\r\nX-Check: 42\r\nAuthorization: a\r\nX-Extra: 1\r\n\r\n"
        )
    };
    app.provider.script(Answer::raw(answer));
    let told = app.send(ask("TE: trailers\r\n")).await;
    assert_eq!((told.body, names(&told.trailers)), ("hi".into(), vec!["x-sum"]));
    let received = app.provider.next_received().await;
    assert_eq!((received.body, names(&received.trailers)), ("hi".into(), vec!["x-check"]));

    app.provider.script(Answer::raw(answer));
    let untold = app.send(ask("")).await;
    assert_eq!((untold.body, names(&untold.trailers)), ("hi".into(), Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn our_key_in_the_place_of_the_providers_is_replaced_by_the_stored_one_and_nothing_else_is() {
    let house = Guarded::start().await;
    let key = house.key("team", "operator").await;
    house.store("team", "default", "of-a-provider").await;
    let sent = |key: &str| {
        format!(
            "POST {CHAT} HTTP/1.1\r\nHost: proxy\r\nX-First: 1\r\nAuthorization: bearer  {key}\r\nx-second: 2\r\n\
             X-API-Key: {key}\r\napi-key: theirs\r\nx-goog-api-key: {key}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nX-Last: 3\r\n\r\n{BODY}",
            BODY.len()
        )
    };
    assert_eq!(house.app.send(sent(&key)).await.status, 200);
    let received = house.app.provider.next_received().await;
    // The same request of a client that has the provider's key itself, but for the key that lets it in.
    let mut direct = sent("of-a-provider");
    let end = direct.find("Content-Type").unwrap();
    direct.insert_str(end, &format!("X-LLMTrace-Token: {key}\r\n"));
    assert_eq!(house.app.send(direct).await.status, 200);
    let plain = house.app.provider.next_received().await;
    assert_eq!(received.headers, plain.headers);
    assert_eq!(received.header("authorization"), Some("bearer  of-a-provider"));
    assert_eq!(names(&received.headers)[1..6], ["X-First", "Authorization", "x-second", "X-API-Key", "api-key"]);
    assert_eq!(received.header("api-key"), Some("theirs"), "another's key is nobody's to replace");
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_is_answered_405_over_both_versions() {
    let app = TestApp::start().await;
    let mut client = app.client().await;
    client.send("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n").await.unwrap();
    assert_eq!(client.answer_to("CONNECT").await.unwrap().status, 405);

    let io = TokioIo::new(TcpStream::connect(app.running.addr).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let plain = http::Request::connect("example.com:443").body(Empty::<Bytes>::new()).unwrap();
    let answer = sender.send_request(plain).await.unwrap();
    assert_eq!(answer.status(), 405);
    assert!(!answer.into_body().collect().await.unwrap().to_bytes().is_empty());

    // The extended one (RFC 8441) needs the server's consent, which is not given: asking all the same breaks the protocol.
    let extended = http::Request::connect(format!("http://{}/v1/realtime", app.running.addr));
    let extended = extended.extension(Protocol::from_static("websocket")).body(Empty::<Bytes>::new()).unwrap();
    let reset = format!("{:?}", sender.send_request(extended).await.expect_err("there is no tunnel over HTTP/2"));
    assert!(reset.contains("PROTOCOL_ERROR"), "{reset}");
    assert!(app.provider.received().is_empty());
}
