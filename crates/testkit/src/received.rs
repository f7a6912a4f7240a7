//! What the fake provider received, exactly as it came.

use bytes::Bytes;
use serde_json::{Value, json};

/// One request as it came over the wire.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// Counts requests of this provider, from 0.
    pub number: u64,
    /// Counts connections of this provider, from 0: two requests with the same number shared one.
    pub connection: u64,
    /// `HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`.
    pub version: &'static str,
    /// The method.
    pub method: String,
    /// The request target (path and query) as sent.
    pub target: String,
    /// Header fields in order; over HTTP/1 in their original case, over HTTP/2 with `:authority` first.
    pub headers: Vec<(String, Bytes)>,
    /// The body, without transfer coding; grows while the request is still coming in.
    pub body: Bytes,
    /// How many HTTP chunks or frames the body came in; 0 where it had a length.
    pub chunks: usize,
    /// Trailer fields.
    pub trailers: Vec<(String, Bytes)>,
    /// Whether the body ended as announced.
    pub complete: bool,
    /// Whether the answer was sent to its end.
    pub answered: bool,
    /// Whether the client closed the connection (or the stream) before the answer's end.
    pub closed_early: bool,
    /// Whether nothing more will happen to this exchange.
    pub over: bool,
}

impl Received {
    /// The first value of a header field, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).and_then(|(_, v)| std::str::from_utf8(v).ok())
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The body as JSON, `Null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The form `/_received` answers: bytes as lossy text.
    pub(crate) fn describe(&self) -> Value {
        let fields = |list: &[(String, Bytes)]| -> Value {
            list.iter().map(|(n, v)| json!([n, String::from_utf8_lossy(v)])).collect()
        };
        json!({
            "number": self.number, "connection": self.connection, "version": self.version,
            "method": self.method, "target": self.target, "headers": fields(&self.headers),
            "body": String::from_utf8_lossy(&self.body), "body_bytes": self.body.len(), "chunks": self.chunks,
            "trailers": fields(&self.trailers), "complete": self.complete, "answered": self.answered,
            "closed_early": self.closed_early, "over": self.over,
        })
    }
}
