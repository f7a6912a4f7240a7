//! A scripted answer: status, headers in order, a body in pieces, and what goes wrong while it is sent.

use std::{io::Write, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use flate2::{Compression, write::GzEncoder};
use tokio::sync::Semaphore;

/// What the fake provider answers. Build it with one constructor, then the modifiers in the order they should apply.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) kind: Kind,
    /// The HTTP status.
    pub status: u16,
    /// Header fields, sent in this order and case; a name may repeat.
    pub headers: Vec<(String, String)>,
    /// The body, one element per write (and per HTTP chunk).
    pub pieces: Vec<Bytes>,
    /// Trailer fields; they need [`Framing::Chunked`].
    pub trailers: Vec<(String, String)>,
    pub(crate) framing: Framing,
    pub(crate) head_delay: Duration,
    pub(crate) delay: Duration,
    pub(crate) gate: Option<Gate>,
    pub(crate) fault: Option<Fault>,
    pub(crate) bill: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A proper answer after the whole request.
    Proper,
    /// A proper answer before the request's body is read.
    BeforeBody,
    /// The pieces are the bytes on the wire, head included.
    Raw,
}

/// How the end of a body is told over HTTP/1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// `content-length`.
    Length,
    /// `transfer-encoding: chunked`, one chunk per piece.
    Chunked,
    /// Neither: the connection's end is the body's end.
    UntilClose,
}

/// How a body is cut into pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunking {
    /// One piece.
    Whole,
    /// Pieces of this many bytes.
    Bytes(usize),
    /// Cuts at these offsets, ascending.
    At(Vec<usize>),
}

/// What goes wrong. Counts are body bytes as sent (after compression).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// After so many bytes the connection is reset (RST).
    ResetAfter(usize),
    /// After so many bytes the connection is closed in good manners, though the body is not complete.
    TruncateAfter(usize),
    /// After so many bytes comes rubbish instead of the rest; the framing stays correct.
    GarbageAfter(usize),
    /// After so many bytes nothing more comes, until the client gives up.
    HangAfter(usize),
    /// The request is read, but there is no answer.
    NoAnswer,
    /// The request's body is not read, and there is no answer.
    NoRead,
    /// The connection is closed after the request, before any byte of an answer.
    CloseBeforeHead,
}

/// Holds pieces back until the test lets them go.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self::closed()
    }
}

impl Gate {
    /// A gate through which nothing passes yet.
    pub fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets the next `pieces` pieces pass.
    pub fn release(&self, pieces: usize) {
        self.0.add_permits(pieces);
    }

    /// Lets everything pass from now on.
    pub fn open(&self) {
        self.0.close();
    }

    pub(crate) async fn pass(&self) {
        // A closed semaphore is an open gate.
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}

impl Answer {
    /// An answer with this body and `content-type`.
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            kind: Kind::Proper,
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            pieces: vec![body.into()],
            trailers: Vec::new(),
            framing: Framing::Length,
            head_delay: Duration::ZERO,
            delay: Duration::ZERO,
            gate: None,
            fault: None,
            bill: None,
        }
    }

    /// A 200 with JSON.
    #[expect(clippy::needless_pass_by_value, reason = "reads better with json!(..) at the call")]
    pub fn json(value: serde_json::Value) -> Self {
        Self::new(200, "application/json", value.to_string())
    }

    /// A 200 with bytes of any kind.
    pub fn bytes(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::new(200, content_type, body)
    }

    /// A status without a body and without a content type.
    pub fn empty(status: u16) -> Self {
        let mut answer = Self::new(status, "", Bytes::new());
        answer.headers.clear();
        answer.pieces.clear();
        answer
    }

    /// A stream of server-sent events, one `data:` line and one piece each (OpenAI's shape; add `[DONE]` yourself).
    pub fn sse<S: AsRef<str>>(events: &[S]) -> Self {
        Self::stream("text/event-stream", events.iter().map(|e| format!("data: {}\n\n", e.as_ref())))
    }

    /// A stream of named server-sent events (Anthropic's shape), one piece each.
    pub fn sse_named<S: AsRef<str>, T: AsRef<str>>(events: &[(S, T)]) -> Self {
        let frame = |(name, data): &(S, T)| format!("event: {}\ndata: {}\n\n", name.as_ref(), data.as_ref());
        Self::stream("text/event-stream", events.iter().map(frame))
    }

    /// A 200 whose body is sent piece by piece, chunked.
    pub fn stream<B: Into<Bytes>>(content_type: &str, pieces: impl IntoIterator<Item = B>) -> Self {
        let mut answer = Self::new(200, content_type, Bytes::new());
        answer.pieces = pieces.into_iter().map(Into::into).collect();
        answer.framing = Framing::Chunked;
        answer
    }

    /// An error in OpenAI's shape, with the type OpenAI gives that status.
    pub fn http_error(status: u16, message: &str) -> Self {
        crate::behaviour::openai_error(status, message)
    }

    /// These bytes on the wire, head included, then the connection's end. HTTP/1.1 only.
    pub fn raw(wire: impl Into<Bytes>) -> Self {
        let mut answer = Self::empty(0);
        answer.kind = Kind::Raw;
        answer.pieces = vec![wire.into()];
        answer
    }

    /// Sets the status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header field at the end, in the case it is written.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds trailer fields and announces them; the body becomes chunked.
    pub fn trailers(mut self, trailers: &[(&str, &str)]) -> Self {
        let names: Vec<&str> = trailers.iter().map(|(name, _)| *name).collect();
        self.trailers.extend(trailers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        self.framing = Framing::Chunked;
        self.header("trailer", &names.join(", "))
    }

    /// Cuts the body anew; more than one piece makes it chunked.
    pub fn chunked(mut self, chunking: Chunking) -> Self {
        let whole = self.body();
        self.pieces = match chunking {
            Chunking::Whole => vec![whole],
            Chunking::Bytes(size) => whole.chunks(size.max(1)).map(|c| whole.slice_ref(c)).collect(),
            Chunking::At(offsets) => cut_at(&whole, &offsets),
        };
        if self.pieces.len() > 1 && self.framing == Framing::Length {
            self.framing = Framing::Chunked;
        }
        self
    }

    /// Sets how the body's end is told.
    pub fn framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Waits so long before the head.
    pub fn delay_head(mut self, delay: Duration) -> Self {
        self.head_delay = delay;
        self
    }

    /// Waits so long before each piece of the body.
    pub fn delay_between(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sends the head at once and each piece only when the test lets it pass.
    pub fn gate(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// Adds a fault.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Answers as soon as the request's head is there, without reading the body, and closes the connection.
    pub fn before_body(mut self) -> Self {
        self.kind = Kind::BeforeBody;
        self
    }

    /// Compresses the body; every piece is flushed, so that a stream stays a stream.
    pub fn gzip(mut self) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let last = self.pieces.len().saturating_sub(1);
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for (i, piece) in self.pieces.iter().enumerate() {
            encoder.write_all(piece).expect("a Vec takes every byte");
            if i < last {
                encoder.flush().expect("a Vec flushes");
                pieces.push(Bytes::from(std::mem::take(encoder.get_mut())));
            }
        }
        pieces.push(Bytes::from(encoder.finish().expect("a Vec takes every byte")));
        self.pieces = pieces;
        self.header("content-encoding", "gzip")
    }

    /// The body as sent, without faults.
    pub fn body(&self) -> Bytes {
        match self.pieces.as_slice() {
            [one] => one.clone(),
            many => many.iter().flat_map(|p| p.iter().copied()).collect::<BytesMut>().freeze(),
        }
    }

    /// The pieces that are really sent, and how the sending ends.
    pub(crate) fn plan(&self) -> (Vec<Bytes>, End) {
        let Some(fault) = self.fault else { return (self.pieces.clone(), End::Clean) };
        match fault {
            Fault::ResetAfter(n) => (first(&self.pieces, n), End::Reset),
            Fault::TruncateAfter(n) => (first(&self.pieces, n), End::Close),
            Fault::HangAfter(n) => (first(&self.pieces, n), End::Hang),
            Fault::GarbageAfter(n) => {
                let mut pieces = first(&self.pieces, n);
                let rest = self.body().len().saturating_sub(n);
                pieces.push(GARBAGE.iter().copied().cycle().take(rest).collect());
                (pieces, End::Clean)
            }
            Fault::NoAnswer | Fault::NoRead | Fault::CloseBeforeHead => (Vec::new(), End::Hang),
        }
    }
}

/// How the sending of an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Clean,
    Reset,
    Close,
    Hang,
}

/// Invalid UTF-8, NUL, a lone CR and something that looks like a frame.
pub(crate) const GARBAGE: &[u8] = b"\xff\xfe\x00\rdata: {\"broken\": \xc3\x28\n\n\x80";

fn cut_at(whole: &Bytes, offsets: &[usize]) -> Vec<Bytes> {
    let mut pieces = Vec::with_capacity(offsets.len() + 1);
    let mut from = 0;
    for &to in offsets.iter().chain([&whole.len()]) {
        let to = to.min(whole.len());
        if to > from {
            pieces.push(whole.slice(from..to));
            from = to;
        }
    }
    pieces
}

fn first(pieces: &[Bytes], bytes: usize) -> Vec<Bytes> {
    let mut left = bytes;
    let mut kept = Vec::new();
    for piece in pieces {
        if left == 0 {
            break;
        }
        kept.push(piece.slice(..piece.len().min(left)));
        left = left.saturating_sub(piece.len());
    }
    kept
}
