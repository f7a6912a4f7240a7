//! How an answer that comes in pieces is cut into events: one decoder for each media type, all with the same face.

use crate::{
    Dialect,
    decode::path_of,
    dialects::{Arrays, Format, format},
    eventstream,
    headers::{essence, is_json},
    json_array, ndjson, sse,
};

/// What a decoder hands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// One event with data.
    Event {
        /// The name its frame gives it; empty where it has none.
        name: &'a [u8],
        /// Its data.
        data: &'a [u8],
    },
    /// The sender says that the stream failed.
    Failure {
        /// What kind of failure it was.
        name: &'a [u8],
        /// A JSON document with a `message`, or the text of one.
        data: &'a [u8],
    },
    /// An event, or a line of it, was over the bound; its data is lost.
    TooLong,
    /// Bytes that cannot be what was sent, and why; what they said is lost.
    Broken(&'static str),
}

/// How events are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `text/event-stream`.
    Sse,
    /// `application/x-ndjson`: one JSON document a line.
    Ndjson,
    /// `application/vnd.amazon.eventstream`: binary messages with checksums.
    EventStream,
    /// A JSON array whose elements are sent one by one.
    JsonArray,
}

impl Framing {
    /// The framing a media type names; `None` for an answer that is one document.
    pub(crate) fn of(media: &str) -> Option<Self> {
        let is = |known: &str| essence(media).eq_ignore_ascii_case(known);
        if is("text/event-stream") {
            Some(Self::Sse)
        } else if is("application/x-ndjson") || is("application/jsonl") || is("application/x-jsonl") {
            Some(Self::Ndjson)
        } else if is("application/vnd.amazon.eventstream") {
            Some(Self::EventStream)
        } else {
            None
        }
    }
}

/// Says whether the answer to a request is a stream of events rather than one document, as far as its head tells.
pub fn is_stream(dialect: Option<Dialect>, target: &str, media: Option<&str>) -> bool {
    let Some(media) = media else { return false };
    let in_array =
        |format: &Format| format.arrays == Arrays::Streams && is_json(media) && (format.streams)(path_of(target), None);
    Framing::of(media).is_some() || dialect.is_some_and(|dialect| in_array(format(dialect)))
}

/// Cuts bytes into events. The events do not depend on how the bytes were cut.
#[derive(Debug)]
pub(crate) enum Decoder {
    Sse(sse::Decoder),
    Ndjson(ndjson::Decoder),
    EventStream(eventstream::Decoder),
    JsonArray(json_array::Decoder),
}

impl Decoder {
    /// Makes a decoder that keeps at most about `max_frame` bytes.
    pub(crate) fn new(framing: Framing, max_frame: usize) -> Self {
        match framing {
            Framing::Sse => Self::Sse(sse::Decoder::new(max_frame)),
            Framing::Ndjson => Self::Ndjson(ndjson::Decoder::new(max_frame)),
            Framing::EventStream => Self::EventStream(eventstream::Decoder::new(max_frame)),
            Framing::JsonArray => Self::JsonArray(json_array::Decoder::new(max_frame)),
        }
    }

    /// Takes the next bytes, and calls `each` for every event that is complete with them.
    pub(crate) fn feed(&mut self, chunk: &[u8], each: impl FnMut(Frame<'_>)) {
        match self {
            Self::Sse(decoder) => decoder.feed(chunk, each),
            Self::Ndjson(decoder) => decoder.feed(chunk, each),
            Self::EventStream(decoder) => decoder.feed(chunk, each),
            Self::JsonArray(decoder) => decoder.feed(chunk, each),
        }
    }

    /// Says that the stream ended: what is open is handed out as it is.
    pub(crate) fn finish(&mut self, each: impl FnMut(Frame<'_>)) {
        match self {
            Self::Sse(decoder) => decoder.finish(each),
            Self::Ndjson(decoder) => decoder.finish(each),
            Self::EventStream(decoder) => decoder.finish(each),
            Self::JsonArray(decoder) => decoder.finish(each),
        }
    }

    /// Forgets what is open: the next bytes come after a gap, somewhere inside an event, whose rest is dropped.
    pub(crate) fn skip_to_next(&mut self) {
        match self {
            Self::Sse(decoder) => decoder.skip_to_next(),
            Self::Ndjson(decoder) => decoder.skip_to_next(),
            Self::EventStream(decoder) => decoder.skip_to_next(),
            Self::JsonArray(decoder) => decoder.skip_to_next(),
        }
    }
}
