//! The provider's side of an HTTP/1.1 connection, written by hand: what a test scripts goes onto the wire as it is
//! (header case and order, chunk borders, broken endings), and what comes in is logged as it came.

use std::{io, sync::Arc, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::TcpStream,
};

use crate::{
    Answer, Fault, Framing, Received,
    answer::{End, Kind},
    behaviour::realtime,
    provider::{Exchange, State},
    websocket::Socket,
};

const MAX_HEAD: usize = 1 << 20;

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Keep,
    /// FIN, and wait until the client is gone too: closing on unread bytes would send RST and destroy the answer.
    Close,
    Reset,
}

/// How a request's body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Incoming {
    Empty,
    Length(usize),
    Chunked,
}

struct Head {
    received: Received,
    incoming: Incoming,
    keep_alive: bool,
    expects_continue: bool,
}

struct Wire {
    stream: TcpStream,
    buf: BytesMut,
    number: u64,
}

pub(crate) async fn serve(stream: TcpStream, number: u64, state: Arc<State>) {
    let mut wire = Wire { stream, buf: BytesMut::with_capacity(16 * 1024), number };
    loop {
        let next = match wire.read_head().await {
            Ok(Some(head)) => match realtime::talk_of(&head.received) {
                // Whoever hangs up inside a session has had what it wanted.
                Some(talk) => return drop(wire.talk(head, talk, &state).await),
                None => wire.exchange(head, &state).await.unwrap_or(Next::Reset),
            },
            Ok(None) => return,
            Err(_) => Next::Reset,
        };
        match next {
            Next::Keep => {}
            Next::Close => return wire.close().await,
            Next::Reset => return wire.reset(),
        }
    }
}

impl Wire {
    /// Switches to a WebSocket and talks on it, unless a script answers instead.
    async fn talk(mut self, head: Head, talk: realtime::Talk, state: &Arc<State>) -> io::Result<()> {
        let received = head.received;
        let (exchange, scripted) = state.open(received.clone());
        exchange.complete(Vec::new());
        if let Some(answer) = scripted {
            return self.send(&answer, &exchange, false).await.map(|_| ());
        }
        let received = Received { number: exchange.number(), ..received };
        let id = state.id(exchange.number());
        let offers_deflate =
            received.header("sec-websocket-extensions").is_some_and(|offer| offer.contains("permessage-deflate"));
        let chosen = received.header("sec-websocket-protocol").and_then(|offer| offer.split(',').next()).map(str::trim);
        let protocol = chosen.map_or_else(String::new, |name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
        let extra = format!("x-request-id: req_{id}\r\n{protocol}");
        let key = received.header("sec-websocket-key").unwrap_or_default();
        let socket = Socket::accept(self.stream, self.buf, key, offers_deflate, &extra).await?;
        let bill = |line| state.charge(line);
        let talked = realtime::Session::new(socket, &received, &id, &bill).run(talk).await;
        match &talked {
            Ok(()) => exchange.answered(),
            Err(_) => exchange.closed_early(),
        }
        talked
    }

    async fn exchange(&mut self, head: Head, state: &Arc<State>) -> io::Result<Next> {
        let Head { received, incoming, keep_alive, expects_continue } = head;
        let (is_head, http10) = (received.method == "HEAD", received.version == "HTTP/1.0");
        let (exchange, scripted) = state.open(received);
        match scripted.as_ref().map(|a| (a.kind, a.fault)) {
            Some((_, Some(Fault::NoRead))) => return self.until_gone(&exchange).await,
            Some((Kind::BeforeBody, _)) => {
                let answer = scripted.expect("matched just now");
                self.send(&answer, &exchange, is_head).await?;
                return Ok(Next::Close);
            }
            Some((Kind::Proper | Kind::Raw, _)) | None => {}
        }
        if expects_continue {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        if let Err(e) = self.read_body(incoming, &exchange).await {
            exchange.closed_early();
            return Err(e);
        }
        let answer = scripted.unwrap_or_else(|| exchange.default_answer());
        match answer.fault {
            Some(Fault::NoAnswer | Fault::NoRead) => return self.until_gone(&exchange).await,
            Some(Fault::CloseBeforeHead) => return Ok(Next::Close),
            Some(Fault::ResetAfter(_) | Fault::TruncateAfter(_) | Fault::GarbageAfter(_) | Fault::HangAfter(_))
            | None => {}
        }
        let next = self.send(&answer, &exchange, is_head).await?;
        let closes =
            |(n, v): &(String, String)| n.eq_ignore_ascii_case("connection") && v.eq_ignore_ascii_case("close");
        let close = !keep_alive || http10 || answer.headers.iter().any(closes);
        Ok(if next == Next::Keep && close { Next::Close } else { next })
    }

    async fn send(&mut self, answer: &Answer, exchange: &Exchange, is_head: bool) -> io::Result<Next> {
        if !answer.head_delay.is_zero() && self.gone_during(tokio::time::sleep(answer.head_delay)).await {
            exchange.closed_early();
            return Ok(Next::Reset);
        }
        let (pieces, end) = answer.plan();
        let bodiless = is_head || matches!(answer.status, 204 | 304);
        let pieces = if bodiless { Vec::new() } else { pieces };
        let mut out = head_bytes(answer);
        let at_once = pieces.len() <= 1 && answer.gate.is_none() && answer.delay.is_zero();
        if !at_once && !out.is_empty() {
            self.write(&mut out, exchange).await?;
        }
        for piece in &pieces {
            if !self.may_send(answer).await {
                exchange.closed_early();
                return Ok(Next::Reset);
            }
            frame(answer, piece, &mut out);
            if !at_once {
                self.write(&mut out, exchange).await?;
            }
        }
        if end == End::Clean && !bodiless {
            finish(answer, &mut out);
        }
        self.write(&mut out, exchange).await?;
        self.end(answer, end, exchange).await
    }

    async fn end(&mut self, answer: &Answer, end: End, exchange: &Exchange) -> io::Result<Next> {
        match end {
            End::Reset => Ok(Next::Reset),
            End::Close => Ok(Next::Close),
            End::Hang => self.until_gone(exchange).await,
            End::Clean => {
                exchange.answered();
                let unframed = answer.kind == Kind::Raw || answer.framing == Framing::UntilClose;
                Ok(if unframed { Next::Close } else { Next::Keep })
            }
        }
    }

    /// Waits for the delay and the gate before a piece; false when the client went away meanwhile.
    async fn may_send(&mut self, answer: &Answer) -> bool {
        if answer.delay.is_zero() && answer.gate.is_none() {
            return true;
        }
        let (delay, gate) = (answer.delay, answer.gate.clone());
        let wait = async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            if let Some(gate) = gate {
                gate.pass().await;
            }
        };
        !self.gone_during(wait).await
    }

    async fn write(&mut self, out: &mut BytesMut, exchange: &Exchange) -> io::Result<()> {
        let written = self.stream.write_all(out).await;
        out.clear();
        written.inspect_err(|_| exchange.closed_early())
    }

    /// Runs `wait`, watching the connection: true when the client closed it first.
    async fn gone_during(&mut self, wait: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            () = wait => false,
            () = gone(&mut self.stream, &mut self.buf) => true,
        }
    }

    async fn until_gone(&mut self, exchange: &Exchange) -> io::Result<Next> {
        // Readiness tells of the hang-up without reading: an unread body must stay unread for the client to feel it.
        while !self.stream.ready(Interest::READABLE).await?.is_read_closed() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        exchange.closed_early();
        Ok(Next::Reset)
    }

    async fn close(mut self) {
        const LINGER: Duration = Duration::from_secs(2);
        if self.stream.shutdown().await.is_ok() {
            // Either way the connection is dropped next.
            drop(tokio::time::timeout(LINGER, gone(&mut self.stream, &mut self.buf)).await);
        }
    }

    fn reset(self) {
        // Fails only when the connection is already down, which is what was wanted.
        drop(SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)));
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buf).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// The next request's head; `None` when the client closed between requests.
    async fn read_head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if !self.buf.is_empty()
                && let Some((head, length)) = parse_head(&self.buf, self.number)?
            {
                self.buf.advance(length);
                return Ok(Some(head));
            }
            if self.buf.len() > MAX_HEAD {
                return Err(io::Error::other("request head over 1 MiB"));
            }
            let was_empty = self.buf.is_empty();
            match self.fill().await {
                Err(e) if was_empty && e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                other => other?,
            }
        }
    }

    async fn read_body(&mut self, incoming: Incoming, exchange: &Exchange) -> io::Result<()> {
        let mut trailers = Vec::new();
        match incoming {
            Incoming::Empty => {}
            Incoming::Length(length) => self.read_exactly(length, exchange).await?,
            Incoming::Chunked => {
                loop {
                    let size = self.read_chunk_size().await?;
                    if size == 0 {
                        break;
                    }
                    exchange.chunk();
                    self.read_exactly(size, exchange).await?;
                    while self.buf.len() < 2 {
                        self.fill().await?;
                    }
                    self.buf.advance(2);
                }
                trailers = self.read_trailers().await?;
            }
        }
        exchange.complete(trailers);
        Ok(())
    }

    async fn read_exactly(&mut self, mut left: usize, exchange: &Exchange) -> io::Result<()> {
        while left > 0 {
            if self.buf.is_empty() {
                self.fill().await?;
            }
            let take = left.min(self.buf.len());
            exchange.body(&self.buf[..take]);
            self.buf.advance(take);
            left -= take;
        }
        Ok(())
    }

    async fn read_chunk_size(&mut self) -> io::Result<usize> {
        loop {
            let parsed = httparse::parse_chunk_size(&self.buf).map_err(|_| io::Error::other("bad chunk size"))?;
            if let httparse::Status::Complete((length, size)) = parsed {
                self.buf.advance(length);
                return usize::try_from(size).map_err(io::Error::other);
            }
            self.fill().await?;
        }
    }

    async fn read_trailers(&mut self) -> io::Result<Vec<(String, Bytes)>> {
        loop {
            let mut fields = [httparse::EMPTY_HEADER; 64];
            if let httparse::Status::Complete((length, fields)) =
                httparse::parse_headers(&self.buf, &mut fields).map_err(io::Error::other)?
            {
                let trailers = copy_fields(fields);
                self.buf.advance(length);
                return Ok(trailers);
            }
            self.fill().await?;
        }
    }
}

/// Resolves when the client closed; bytes it sends meanwhile are kept for the next request. Cancel-safe.
async fn gone(stream: &mut TcpStream, buf: &mut BytesMut) {
    while let Ok(1..) = stream.read_buf(buf).await {}
}

fn copy_fields(fields: &[httparse::Header<'_>]) -> Vec<(String, Bytes)> {
    fields.iter().map(|f| (f.name.to_owned(), Bytes::copy_from_slice(f.value))).collect()
}

fn parse_head(buf: &[u8], connection: u64) -> io::Result<Option<(Head, usize)>> {
    let mut fields = vec![httparse::EMPTY_HEADER; 256];
    let mut request = httparse::Request::new(&mut fields);
    let parsed = request.parse(buf).map_err(io::Error::other)?;
    let httparse::Status::Complete(length) = parsed else { return Ok(None) };
    let headers = copy_fields(request.headers);
    let find = |name: &str| {
        headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).and_then(|(_, v)| std::str::from_utf8(v).ok())
    };
    let is = |name: &str, value: &str| find(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
    let incoming = match (find("transfer-encoding"), find("content-length")) {
        (Some(_), _) => Incoming::Chunked,
        (None, Some(text)) => Incoming::Length(text.trim().parse().map_err(io::Error::other)?),
        (None, None) => Incoming::Empty,
    };
    let (keep_alive, expects_continue) = (!is("connection", "close"), is("expect", "100-continue"));
    let received = Received {
        connection,
        version: if request.version == Some(0) { "HTTP/1.0" } else { "HTTP/1.1" },
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        headers,
        ..Received::default()
    };
    Ok(Some((Head { received, incoming, keep_alive, expects_continue }, length)))
}

fn head_bytes(answer: &Answer) -> BytesMut {
    let mut out = BytesMut::with_capacity(1024);
    if answer.kind == Kind::Raw {
        return out;
    }
    let reason = http::StatusCode::from_u16(answer.status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Status");
    out.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", answer.status).as_bytes());
    for (name, value) in &answer.headers {
        line(&mut out, name, value);
    }
    let has = |name: &str| answer.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    match answer.framing {
        Framing::Length if !has("content-length") && !matches!(answer.status, 204 | 304) => {
            line(&mut out, "content-length", &answer.body().len().to_string());
        }
        Framing::Chunked if !has("transfer-encoding") => line(&mut out, "transfer-encoding", "chunked"),
        Framing::UntilClose if !has("connection") => line(&mut out, "connection", "close"),
        Framing::Length | Framing::Chunked | Framing::UntilClose => {}
    }
    out.extend_from_slice(b"\r\n");
    out
}

fn line(out: &mut BytesMut, name: &str, value: &str) {
    for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
        out.extend_from_slice(part);
    }
}

fn frame(answer: &Answer, piece: &Bytes, out: &mut BytesMut) {
    if answer.kind == Kind::Raw || answer.framing != Framing::Chunked {
        out.extend_from_slice(piece);
    } else if !piece.is_empty() {
        // An empty chunk would end the body.
        out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
}

fn finish(answer: &Answer, out: &mut BytesMut) {
    if answer.kind == Kind::Raw || answer.framing != Framing::Chunked {
        return;
    }
    out.extend_from_slice(b"0\r\n");
    for (name, value) in &answer.trailers {
        line(out, name, value);
    }
    out.extend_from_slice(b"\r\n");
}
