//! The pool in front of an upstream that is a socket of the test.

use std::net::SocketAddr;

use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::proxy::connect::Connection;

async fn upstream() -> (TcpListener, Pool) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pool = pool(listener.local_addr().unwrap());
    (listener, pool)
}

fn pool(addr: SocketAddr) -> Pool {
    let how = Connection { timeout: Duration::from_secs(10), ..Connection::default() };
    Pool::new(Scheme::HTTP, addr.to_string().parse().unwrap(), Client::new(&how).unwrap())
}

fn request(path: &str) -> Request<Outbound> {
    Request::get(path).header("host", "upstream").body(Outbound::held(Bytes::new(), None)).unwrap()
}

/// Reads one request head and answers it; gives back the request line.
async fn answer(stream: &mut TcpStream, answer: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(stream.read_u8().await.unwrap());
    }
    stream.write_all(answer.as_bytes()).await.unwrap();
    String::from_utf8(read).unwrap().lines().next().unwrap().to_owned()
}

async fn text(answered: Answered) -> String {
    let body = answered.response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_connection_is_used_again_until_the_upstream_closes_it() {
    let (listener, pool) = upstream().await;
    let serve = async {
        let mut first = listener.accept().await.unwrap().0;
        for n in ["1", "2"] {
            assert_eq!(answer(&mut first, OK).await, format!("GET /{n} HTTP/1.1"));
        }
        drop(first);
        let mut second = listener.accept().await.unwrap().0;
        assert_eq!(answer(&mut second, OK).await, "GET /3 HTTP/1.1");
    };
    let ask = async {
        let first = pool.send(request("/1"), None).await.unwrap();
        assert!(first.connecting.is_some());
        assert_eq!(text(first).await, "ok");
        let second = pool.send(request("/2"), None).await.unwrap();
        assert!(second.connecting.is_none(), "the kept connection was free");
        assert_eq!(text(second).await, "ok");
        // Until the upstream's end of the connection has arrived here; if it had before, the connection was not kept.
        while pool.0.state.lock().idle.first().is_some_and(|idle| !idle.link.is_disturbed()) {
            tokio::task::yield_now().await;
        }
        let third = pool.send(request("/3"), None).await.unwrap();
        assert!(third.connecting.is_some());
        assert_eq!(text(third).await, "ok");
    };
    tokio::join!(serve, ask);
}

#[tokio::test]
async fn a_connection_that_must_not_be_used_again_is_not_kept() {
    let (listener, pool) = upstream().await;
    let closing = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
    let mut streams = Vec::new();
    let serve = async {
        for reply in [closing, OK, OK] {
            let mut stream = listener.accept().await.unwrap().0;
            answer(&mut stream, reply).await;
            streams.push(stream);
        }
    };
    let ask = async {
        assert_eq!(text(pool.send(request("/"), None).await.unwrap()).await, "ok");
        assert!(pool.0.state.lock().idle.is_empty(), "the upstream said close");
        drop(pool.send(request("/"), None).await.unwrap());
        assert!(pool.0.state.lock().idle.is_empty(), "the answer was not read");
        assert_eq!(text(pool.send(request("/"), None).await.unwrap()).await, "ok");
        assert_eq!(pool.0.state.lock().idle.len(), 1);
    };
    tokio::join!(serve, ask);
}

#[tokio::test]
async fn frames_come_as_they_are_sent_and_a_broken_answer_is_an_error() {
    let (listener, pool) = upstream().await;
    let (go_on, mut may_go_on) = tokio::sync::mpsc::channel::<()>(1);
    let serve = async {
        let mut stream = listener.accept().await.unwrap().0;
        answer(&mut stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await;
        may_go_on.recv().await.unwrap();
        stream.write_all(b"1\r\nb\r\n").await.unwrap();
        may_go_on.recv().await.unwrap();
    };
    let ask = async {
        let mut body = pool.send(request("/"), None).await.unwrap().response.into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
        go_on.send(()).await.unwrap();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "b");
        go_on.send(()).await.unwrap();
        assert!(body.frame().await.unwrap().is_err());
        assert!(pool.0.state.lock().idle.is_empty());
    };
    tokio::join!(serve, ask);
}

#[tokio::test]
async fn a_silent_upstream_is_left_when_the_limit_has_passed() {
    let (listener, pool) = upstream().await;
    let due = Instant::now() + Duration::from_millis(50);
    let (accepted, sent) = tokio::join!(listener.accept(), pool.send(request("/"), Some(due)));
    assert!(matches!(sent, Err(SendError::Late)));
    let mut rest = Vec::new();
    accepted.unwrap().0.read_to_end(&mut rest).await.unwrap();
    assert!(rest.starts_with(b"GET / HTTP/1.1\r\n"), "the request was sent, and the connection is closed");
}
