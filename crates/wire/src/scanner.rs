//! Reads usage, first token, end and errors of an answer while its bytes pass; keeps no text.
//!
//! Runs on the front lane for every chunk, so the common event (a delta after the first token) costs a search for a few
//! words. Compressed answers are expanded piece by piece. Every state is bounded. What an event means is the format's
//! affair: each has a [`Scan`].

use std::io::{self, Write};

use llmtrace_model::{ErrorInfo, Meter, Usage};

use crate::{
    Dialect,
    dialects::{
        Arrays, Format,
        error::{bare_error, error_of, failure},
        format,
    },
    framing::{Decoder, Frame, Framing},
    headers::is_json,
    inflate::{Coding, Inflate},
    json::{Json, Rules, parse},
};

mod document;

use document::Document;

/// Longest event that is kept while it is incomplete.
const MAX_EVENT: usize = 1 << 20;
/// Most bytes a compressed answer may expand to; beyond it nothing more is read.
const MAX_INFLATED: u64 = 256 << 20;

/// What one format's answers say while they pass.
pub(crate) trait Scan: Send {
    /// Takes one event of a stream.
    fn event(&mut self, name: &[u8], data: &[u8], vital: &mut Vital);

    /// What will be billed by now, where that is only worked out when somebody asks.
    fn late_meter(&self, _vital: &Vital) -> Option<Meter> {
        None
    }

    /// Members inside of those that are not read, since they are long and tell nothing here.
    fn skip(&self) -> &'static [&'static str] {
        SKIP
    }

    /// Takes one of the format's vital members of an answer that is one document.
    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital);
}

/// Reads nothing but errors: for formats whose answers are not billed.
pub(crate) struct Unread;

impl Scan for Unread {
    fn event(&mut self, _name: &[u8], _data: &[u8], _vital: &mut Vital) {}

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        if key == "error" {
            vital.note_error_member(value);
        }
    }
}

/// What is known of an answer so far.
#[derive(Default)]
pub(crate) struct Vital {
    /// Whether the model has said something.
    pub first_token: bool,
    /// Whether the terminal event passed.
    pub finished: bool,
    /// What will be billed.
    pub meter: Meter,
    /// The first error it reported.
    pub error: Option<ErrorInfo>,
}

impl Vital {
    /// Notes the error of an event: its member `error`, or all of it where the event is called `error`.
    pub(crate) fn note_error(&mut self, name: &[u8], event: &Json<'_>) {
        if self.error.is_none() {
            let bare = || if name == b"error" { bare_error(event) } else { None };
            self.error = error_of(event).or_else(bare);
        }
    }

    /// Notes the value of a document's member `error`.
    pub(crate) fn note_error_member(&mut self, value: Json<'_>) {
        if self.error.is_none() {
            self.error = error_of(&Json::Object(vec![("error".into(), value)]));
        }
    }
}

/// Reads an answer's vital signs incrementally. What it says does not depend on how the bytes were cut.
pub struct Scanner {
    body: Body,
}

enum Body {
    Plain(Box<Reader>),
    /// Boxed: the decoders' windows are large, and few answers need one.
    Compressed(Box<Inflate<Reader>>),
    /// A format we do not read.
    Off,
}

impl Scanner {
    /// Makes a scanner for an answer to a request of `dialect` with these headers.
    pub fn new(dialect: Option<Dialect>, content_type: Option<&str>, content_encoding: Option<&str>) -> Self {
        let Some((dialect, media)) = dialect.zip(content_type) else { return Self { body: Body::Off } };
        let format = format(dialect);
        let shape = match Framing::of(media) {
            Some(framing) => Shape::Events(Decoder::new(framing, MAX_EVENT)),
            None if !is_json(media) => return Self { body: Body::Off },
            None if format.arrays == Arrays::Streams => Shape::Unseen,
            None => Shape::Document(Document::default()),
        };
        let reader = Reader { shape, format, scan: (format.scan)(), vital: Vital::default(), inflated: 0 };
        let body = match Coding::of(content_encoding) {
            Coding::Identity => Body::Plain(Box::new(reader)),
            coding => Inflate::new(coding, reader).map_or(Body::Off, |inflate| Body::Compressed(Box::new(inflate))),
        };
        Self { body }
    }

    /// Takes the next bytes of the answer.
    pub fn feed(&mut self, chunk: &[u8]) {
        match &mut self.body {
            Body::Plain(reader) => reader.feed(chunk),
            Body::Compressed(inflate) => {
                // Broken or too large: what was read so far stays, and no more can be.
                if inflate.feed(chunk).is_err() {
                    self.body = inflate.sink_mut().map_or(Body::Off, |reader| Body::Plain(Box::new(reader.ended())));
                }
            }
            Body::Off => {}
        }
    }

    /// Says whether the first token of a stream has passed.
    pub fn first_token(&self) -> bool {
        self.vital().is_some_and(|vital| vital.first_token)
    }

    /// Says whether the terminal event passed (`[DONE]`, `message_stop`), or a JSON document is complete.
    pub fn finished(&self) -> bool {
        self.vital().is_some_and(|vital| vital.finished)
    }

    /// The usage reported so far.
    pub fn usage(&self) -> Option<Usage> {
        let reader = self.reader()?;
        reader.scan.late_meter(&reader.vital).map_or(reader.vital.meter.usage, |meter| meter.usage)
    }

    /// Everything reported so far that the bill follows from.
    pub fn meter(&self) -> Meter {
        self.reader().map_or_else(Meter::default, Reader::meter)
    }

    /// The error the answer reported: inside a stream whose status was 200, or in an error document.
    pub fn error(&self) -> Option<&ErrorInfo> {
        self.vital().and_then(|vital| vital.error.as_ref())
    }

    fn vital(&self) -> Option<&Vital> {
        self.reader().map(|reader| &reader.vital)
    }

    fn reader(&self) -> Option<&Reader> {
        match &self.body {
            Body::Plain(reader) => Some(reader),
            Body::Compressed(inflate) => inflate.sink(),
            Body::Off => None,
        }
    }
}

/// The uncompressed side.
struct Reader {
    shape: Shape,
    format: &'static Format,
    scan: Box<dyn Scan>,
    vital: Vital,
    inflated: u64,
}

enum Shape {
    Events(Decoder),
    Document(Document),
    /// A document, or an array of events: its first byte will tell.
    Unseen,
    /// Nothing more is read.
    Ended,
}

impl Reader {
    fn feed(&mut self, chunk: &[u8]) {
        if let (Shape::Unseen, Some(first)) = (&self.shape, first_byte(chunk)) {
            self.shape = match first {
                b'[' => Shape::Events(Decoder::new(Framing::JsonArray, MAX_EVENT)),
                _ => Shape::Document(Document::default()),
            };
        }
        let (scan, vital) = (&mut *self.scan, &mut self.vital);
        match &mut self.shape {
            Shape::Events(decoder) => decoder.feed(chunk, |frame| match frame {
                Frame::Event { name, data } => scan.event(name, data, vital),
                Frame::Failure { name, data } => {
                    vital.error.get_or_insert_with(|| failure(name, data));
                }
                Frame::TooLong | Frame::Broken(_) => {}
            }),
            Shape::Document(document) => {
                document.feed(chunk, self.format.vital, |key, value| {
                    if let Some(value) = read_without(scan.skip(), value) {
                        scan.member(key, value, vital);
                    }
                });
                vital.finished |= document.is_complete();
            }
            Shape::Unseen | Shape::Ended => {}
        }
    }

    fn meter(&self) -> Meter {
        self.scan.late_meter(&self.vital).unwrap_or_else(|| self.vital.meter.clone())
    }

    /// The same signs, reading no further.
    fn ended(&mut self) -> Self {
        self.vital.meter = self.meter();
        Self {
            shape: Shape::Ended,
            format: self.format,
            scan: Box::new(Unread),
            vital: std::mem::take(&mut self.vital),
            inflated: self.inflated,
        }
    }
}

impl Write for Reader {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.inflated += piece.len() as u64;
        if self.inflated > MAX_INFLATED {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.feed(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The first byte that is no white space.
pub(crate) fn first_byte(text: &[u8]) -> Option<u8> {
    text.trim_ascii_start().first().copied()
}

/// What no scanner reads.
const SKIP: &[&str] = &["logprobs"];

/// Reads an event or a member's value.
pub(crate) fn read(data: &[u8]) -> Option<Json<'_>> {
    read_without(SKIP, data)
}

/// The same without these members.
pub(crate) fn read_without<'d>(skip: &'static [&'static str], data: &'d [u8]) -> Option<Json<'d>> {
    parse(std::str::from_utf8(data).ok()?, &Rules { skip, ..Rules::default() }).ok()
}

#[cfg(test)]
mod tests;
