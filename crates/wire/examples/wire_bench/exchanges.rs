//! Exchanges of about the same size in every format, with the same kind of text.

use std::ops::Range;

use llmtrace_model::Part;
use llmtrace_wire::{BodyCopy, Decoded, Exchange, Head, Limits, Scanner, Signed, View, decode, dialect_of, inspect};

use crate::shapes::{SHAPES, Shape};

/// What the text of a stream is made of, in turn: pieces of one length, as tokens are on average.
const PIECES: [&str; 8] = [" lamp", " blue", " ever", "ing, ", " zoo.", "\n\nAnd", " them", "ation"];
/// The text of messages and of an answer that is one document, again and again.
const SENTENCE: &str = "The quick brown fox jumps over the lazy dog, and \"says\" so; nobody asked it why.\n";

/// One exchange in one format.
pub(crate) struct Case {
    shape: &'static Shape,
    stream: bool,
    /// The request body.
    pub request: Vec<u8>,
    /// The answer body.
    pub answer: Vec<u8>,
    /// Where its events are; the whole of a document.
    pub events: Vec<Range<usize>>,
    /// How many of them are deltas.
    pub deltas: usize,
    /// What it says.
    pub text: String,
    request_headers: Vec<(String, String)>,
    answer_headers: Vec<(String, String)>,
}

impl Case {
    /// An exchange whose bodies have about `size` bytes each; `None` where the answer of another row is the same.
    pub(crate) fn new(shape: &'static Shape, stream: bool, size: usize) -> Option<Self> {
        let messages = size.div_ceil(SENTENCE.len() * 5 + 40);
        let request = (shape.request)(&vec![quoted(&SENTENCE.repeat(5)); messages], stream).into_bytes();
        let media = if stream { shape.stream_media } else { "application/json" };
        let header = |media: &str| vec![("content-type".to_owned(), media.to_owned())];
        let mut case = Self {
            shape,
            stream,
            request,
            answer: Vec::new(),
            events: Vec::new(),
            deltas: 0,
            text: String::new(),
            request_headers: header("application/json"),
            answer_headers: header(media),
        };
        if stream {
            case.write_events(size);
        } else {
            case.text = SENTENCE.repeat(size.div_ceil(SENTENCE.len() + 3));
            case.answer = shape.answer?(&quoted(&case.text)).into_bytes();
            case.events.push(0..case.answer.len());
        }
        Some(case)
    }

    fn write_events(&mut self, size: usize) {
        let shape = self.shape;
        for event in (shape.open)() {
            self.write(&(shape.frame)(self.events.len(), &event));
        }
        while self.answer.len() < size {
            let piece = PIECES[self.deltas % PIECES.len()];
            self.text.push_str(piece);
            let event = (shape.delta)(self.deltas, &quoted(piece));
            self.write(&(shape.frame)(self.events.len(), &event));
            self.deltas += 1;
        }
        for event in (shape.close)(self.deltas, &quoted(&self.text)) {
            self.write(&(shape.frame)(self.events.len(), &event));
        }
    }

    fn write(&mut self, event: &[u8]) {
        let start = self.answer.len();
        self.answer.extend_from_slice(event);
        self.events.push(start..self.answer.len());
    }

    fn target(&self) -> &'static str {
        if self.stream { self.shape.stream_target } else { self.shape.plain_target }
    }

    /// What the front lane asks of the request.
    pub(crate) fn inspect(&self) -> View {
        let (path, query) = self.target().split_once('?').map_or((self.target(), None), |(p, q)| (p, Some(q)));
        let head = Head {
            method: "POST",
            provider: None,
            host: self.shape.host,
            path,
            query,
            content_type: Some("application/json"),
            content_encoding: None,
            signed: Signed::No,
        };
        inspect(&head, &self.request)
    }

    /// What the front lane asks of the answer, which comes in these pieces.
    pub(crate) fn scan<'a>(&self, pieces: impl Iterator<Item = &'a [u8]>) -> Scanner {
        let path = self.target().split('?').next().unwrap_or("");
        let media = &self.answer_headers[0].1;
        let mut scanner = Scanner::new(dialect_of("POST", path), Some(media), None);
        pieces.for_each(|piece| scanner.feed(piece));
        scanner
    }

    /// What the back lane asks of both.
    pub(crate) fn decode(&self) -> Decoded {
        let whole = |bytes| BodyCopy { head: bytes, tail: &[], total_bytes: bytes.len() as u64 };
        let exchange = Exchange {
            host: self.shape.host,
            method: "POST",
            target: self.target(),
            request_headers: &self.request_headers,
            request: whole(&self.request[..]),
            status: Some(200),
            answer_headers: &self.answer_headers,
            response: whole(&self.answer[..]),
            scanned: None,
        };
        decode(&exchange, &Limits::default())
    }
}

/// Every format's exchanges of one size, plain and streamed; the first are those that the others are compared to.
pub(crate) fn all(size: usize) -> Vec<(&'static str, Option<Case>, Case)> {
    let streamed = |shape| Case::new(shape, true, size).expect("every format has streams");
    SHAPES.iter().map(|shape| (shape.name, Case::new(shape, false, size), streamed(shape))).collect()
}

/// Says what is wrong with how a case was read; measuring what was not read would flatter.
pub(crate) fn fault(case: &Case) -> Option<String> {
    let decoded = case.decode();
    let said = |part: &Part| match part {
        Part::Text { content } => content.clone(),
        other => format!("{other:?}"),
    };
    let parts = decoded.content.output_messages.iter().flat_map(|message| &message.parts);
    let text: String = parts.map(said).collect();
    let asked = decoded.content.input_messages.len();
    let pieces = case.events.iter().map(|at| &case.answer[at.clone()]);
    let scanner = case.scan(pieces);
    if text != case.text {
        return Some(format!("said {text:?}"));
    }
    if asked < 2 || decoded.stream != case.stream || !decoded.coverage.unknown.is_empty() {
        return Some(format!("{asked} messages, coverage {:?}", decoded.coverage));
    }
    if decoded.usage.is_none() || scanner.usage() != decoded.usage || !scanner.finished() {
        return Some(format!("usage {:?}, scanned {:?}", decoded.usage, scanner.usage()));
    }
    if let View::Opaque(reason) = case.inspect() {
        return Some(format!("request: {}", reason.as_str()));
    }
    None
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
