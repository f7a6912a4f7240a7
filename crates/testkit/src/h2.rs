//! The provider's side of an HTTP/2 connection with prior knowledge, on hyper.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpStream, sync::mpsc};

use crate::{
    Answer, Fault, Received,
    answer::{End, Kind},
    provider::{Exchange, State},
};

#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken off by script")
    }
}

impl std::error::Error for Broken {}

type Piece = Result<Frame<Bytes>, Broken>;

/// A body fed by a task; the task sees when it is dropped.
struct Body(mpsc::Receiver<Piece>);

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        self.0.poll_recv(cx)
    }
}

pub(crate) async fn serve(stream: TcpStream, connection: u64, state: Arc<State>) {
    let service = hyper::service::service_fn(move |request| answer(request, connection, Arc::clone(&state)));
    let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    builder.auto_date_header(false);
    // A client that breaks off is part of the tests; each of its requests has noted it.
    drop(builder.serve_connection(TokioIo::new(stream), service).await);
}

async fn answer(request: Request<Incoming>, connection: u64, state: Arc<State>) -> Result<Response<Body>, Broken> {
    let (parts, mut body) = request.into_parts();
    let (exchange, scripted) = state.open(head(&parts, connection));
    let is_head = parts.method == http::Method::HEAD;
    let early = scripted.as_ref().is_some_and(|a| a.kind == Kind::BeforeBody);
    // Held until the answer's end; a dropped guard means that the client cancelled the stream.
    let mut watch = Cancelled { exchange, armed: true };
    if scripted.as_ref().is_some_and(|a| a.fault == Some(Fault::NoRead)) {
        std::future::pending::<Infallible>().await;
    }
    if !early {
        read(&mut body, &watch.exchange).await.map_err(|_| Broken)?;
    }
    let answer = scripted.unwrap_or_else(|| watch.exchange.default_answer());
    match answer.fault {
        Some(Fault::NoAnswer | Fault::NoRead) => {
            std::future::pending::<Infallible>().await;
        }
        Some(Fault::CloseBeforeHead) => {
            watch.armed = false;
            return Err(Broken);
        }
        Some(Fault::ResetAfter(_) | Fault::TruncateAfter(_) | Fault::GarbageAfter(_) | Fault::HangAfter(_)) | None => {}
    }
    if !answer.head_delay.is_zero() {
        tokio::time::sleep(answer.head_delay).await;
    }
    Ok(respond(answer, watch, is_head))
}

fn head(parts: &http::request::Parts, connection: u64) -> Received {
    let mut headers: Vec<(String, Bytes)> = Vec::new();
    if let Some(authority) = parts.uri.authority() {
        headers.push((":authority".to_owned(), Bytes::copy_from_slice(authority.as_str().as_bytes())));
    }
    headers.extend(copy_fields(&parts.headers));
    Received {
        connection,
        version: "HTTP/2.0",
        method: parts.method.to_string(),
        target: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers,
        ..Received::default()
    }
}

fn copy_fields(map: &HeaderMap) -> Vec<(String, Bytes)> {
    map.iter().map(|(n, v)| (n.to_string(), Bytes::copy_from_slice(v.as_bytes()))).collect()
}

async fn read(body: &mut Incoming, exchange: &Exchange) -> Result<(), hyper::Error> {
    let mut trailers = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame?.into_data() {
            Ok(data) => {
                exchange.chunk();
                exchange.body(&data);
            }
            Err(frame) => trailers = frame.trailers_ref().map(copy_fields).unwrap_or_default(),
        }
    }
    exchange.complete(trailers);
    Ok(())
}

fn map(fields: &[(String, String)]) -> HeaderMap {
    // HTTP/2 has no connection-level fields.
    const NOT_HERE: [&str; 4] = ["connection", "transfer-encoding", "keep-alive", "upgrade"];
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        if NOT_HERE.iter().any(|n| n.eq_ignore_ascii_case(name)) {
            continue;
        }
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a scripted header name is one");
        map.append(name, HeaderValue::from_str(value).expect("a scripted header value is one"));
    }
    map
}

fn respond(answer: Answer, mut watch: Cancelled, is_head: bool) -> Response<Body> {
    let (sender, body) = mpsc::channel(1);
    let mut response = Response::new(Body(body));
    *response.status_mut() = http::StatusCode::from_u16(answer.status).expect("a scripted status is one");
    *response.headers_mut() = map(&answer.headers);
    if is_head || matches!(answer.status, 204 | 304) {
        watch.finish();
        return response;
    }
    tokio::spawn(async move {
        tokio::select! {
            biased;
            () = send(answer, &sender, &mut watch) => {}
            () = sender.closed() => {}
        }
    });
    response
}

async fn send(answer: Answer, sender: &mpsc::Sender<Piece>, watch: &mut Cancelled) {
    let (pieces, end) = answer.plan();
    for piece in pieces {
        if !answer.delay.is_zero() {
            tokio::time::sleep(answer.delay).await;
        }
        if let Some(gate) = &answer.gate {
            gate.pass().await;
        }
        if sender.send(Ok(Frame::data(piece))).await.is_err() {
            return; // The guard notes that the client cancelled.
        }
    }
    match end {
        End::Clean => {
            let trailers = (!answer.trailers.is_empty()).then(|| Frame::trailers(map(&answer.trailers)));
            if let Some(trailers) = trailers
                && sender.send(Ok(trailers)).await.is_err()
            {
                return;
            }
            watch.finish();
        }
        End::Reset | End::Close => {
            watch.armed = false;
            // Nobody to tell when the client is gone as well.
            drop(sender.send(Err(Broken)).await);
        }
        End::Hang => std::future::pending().await,
    }
}

/// Notes that the client cancelled, unless the answer was finished or broken off by script.
struct Cancelled {
    exchange: Exchange,
    armed: bool,
}

impl Cancelled {
    fn finish(&mut self) {
        self.armed = false;
        self.exchange.answered();
    }
}

impl Drop for Cancelled {
    fn drop(&mut self) {
        if self.armed {
            self.exchange.closed_early();
        }
    }
}
