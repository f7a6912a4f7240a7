//! Reads usage, first token, end and errors of an answer while its bytes pass; keeps no text.
//!
//! Runs on the front lane for every chunk, so the common event (a delta after the first token) costs a search for a few
//! words. Compressed answers are expanded piece by piece. Every state is bounded.

use std::io::{self, Write};

use llmtrace_model::{ErrorInfo, Usage};
use memchr::memmem;

use crate::{
    Dialect, Family,
    dialects::error::{bare_error, error_of},
    headers::{is_event_stream, is_json},
    inflate::{Coding, Inflate},
    json::{Json, Rules, parse},
    sse::{Decoder, Frame},
    usage::{AnthropicUsage, may_have_usage, openai_usage},
};

mod document;

use document::Document;

/// Longest event that is kept while it is incomplete.
const MAX_EVENT: usize = 1 << 20;
/// Most bytes a compressed answer may expand to; beyond it nothing more is read.
const MAX_INFLATED: u64 = 256 << 20;

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
        let format = if is_event_stream(media) {
            Format::Events(Decoder::new(MAX_EVENT))
        } else if is_json(media) {
            Format::Document(Document::default())
        } else {
            return Self { body: Body::Off };
        };
        let reader = Reader { format, signs: Signs::new(dialect), inflated: 0 };
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
                    self.body = inflate.sink().map_or(Body::Off, |reader| Body::Plain(Box::new(reader.ended())));
                }
            }
            Body::Off => {}
        }
    }

    /// Says whether the first token of a stream has passed.
    pub fn first_token(&self) -> bool {
        self.signs().is_some_and(|s| s.first_token)
    }

    /// Says whether the terminal event passed (`[DONE]`, `message_stop`), or a JSON document is complete.
    pub fn finished(&self) -> bool {
        self.signs().is_some_and(|s| s.finished)
    }

    /// The usage reported so far.
    pub fn usage(&self) -> Option<Usage> {
        self.signs().and_then(Signs::usage)
    }

    /// The error the answer reported: inside a stream whose status was 200, or in an error document.
    pub fn error(&self) -> Option<&ErrorInfo> {
        self.signs().and_then(|s| s.error.as_ref())
    }

    fn signs(&self) -> Option<&Signs> {
        match &self.body {
            Body::Plain(reader) => Some(&reader.signs),
            Body::Compressed(inflate) => inflate.sink().map(|reader| &reader.signs),
            Body::Off => None,
        }
    }
}

/// The uncompressed side.
struct Reader {
    format: Format,
    signs: Signs,
    inflated: u64,
}

enum Format {
    Events(Decoder),
    Document(Document),
    /// Nothing more is read.
    Ended,
}

impl Reader {
    fn feed(&mut self, chunk: &[u8]) {
        match &mut self.format {
            Format::Events(decoder) => decoder.feed(chunk, |frame| self.signs.frame(frame)),
            Format::Document(document) => document.feed(chunk, &mut self.signs),
            Format::Ended => {}
        }
    }

    /// The same signs, reading no further.
    fn ended(&self) -> Self {
        Self { format: Format::Ended, signs: self.signs.clone(), inflated: self.inflated }
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

/// What is known so far.
#[derive(Clone)]
pub(crate) struct Signs {
    family: Family,
    first_token: bool,
    finished: bool,
    openai: Option<Usage>,
    anthropic: AnthropicUsage,
    error: Option<ErrorInfo>,
}

impl Signs {
    fn new(dialect: Dialect) -> Self {
        Self {
            family: dialect.family(),
            first_token: false,
            finished: false,
            openai: None,
            anthropic: AnthropicUsage::default(),
            error: None,
        }
    }

    fn usage(&self) -> Option<Usage> {
        match self.family {
            Family::OpenAi => self.openai,
            Family::Anthropic => self.anthropic.usage(),
            Family::Other => None,
        }
    }

    fn frame(&mut self, frame: Frame<'_>) {
        let Frame::Event { name, data } = frame else { return };
        match self.family {
            Family::OpenAi => self.openai_event(name, data),
            Family::Anthropic => self.anthropic_event(name, data),
            Family::Other => {}
        }
    }

    fn openai_event(&mut self, name: &[u8], data: &[u8]) {
        if data == b"[DONE]" {
            self.finished = true;
            return;
        }
        if self.first_token && name != b"error" && !may_have_usage(data) && memmem::find(data, b"\"error\"").is_none() {
            return;
        }
        let Some(chunk) = read(data) else { return };
        let usage = chunk.get("usage").or_else(|| chunk.get("x_groq").and_then(|groq| groq.get("usage")));
        if let Some(usage) = usage.and_then(openai_usage) {
            self.openai = Some(usage);
        }
        self.note_error(name, &chunk);
        self.first_token |= has_token(&chunk);
    }

    fn anthropic_event(&mut self, name: &[u8], data: &[u8]) {
        let plain_delta = name == b"content_block_delta" || name == b"ping";
        if self.first_token && plain_delta {
            return;
        }
        let Some(event) = read(data) else { return };
        match event.str_at("type") {
            Some("message_start") => {
                if let Some(usage) = event.get("message").and_then(|m| m.get("usage")) {
                    self.anthropic.take(usage);
                }
            }
            Some("message_delta") => {
                if let Some(usage) = event.get("usage") {
                    self.anthropic.take(usage);
                }
            }
            Some("content_block_delta") => self.first_token = true,
            Some("message_stop") => self.finished = true,
            _ => self.note_error(name, &event),
        }
    }

    fn note_error(&mut self, name: &[u8], event: &Json<'_>) {
        if self.error.is_none() {
            let bare = || if name == b"error" { bare_error(event) } else { None };
            self.error = error_of(event).or_else(bare);
        }
    }

    /// Takes a member of an answer that is one document.
    fn member(&mut self, key: &[u8], value: &[u8]) {
        let Some(value) = read(value) else { return };
        match (key, self.family) {
            (b"usage", Family::OpenAi) => self.openai = openai_usage(&value).or(self.openai),
            (b"usage", Family::Anthropic) => self.anthropic.take(&value),
            (b"error", _) if self.error.is_none() => {
                self.error = error_of(&Json::Object(vec![("error".into(), value)]));
            }
            _ => {}
        }
    }
}

/// Says whether a chunk of an OpenAI stream carries something the model said.
fn has_token(chunk: &Json<'_>) -> bool {
    let Some(Json::Array(choices)) = chunk.get("choices") else { return false };
    let said = |value: &Json<'_>| match value {
        Json::Str(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(members) => !members.is_empty(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Skipped => false,
    };
    choices.iter().any(|choice| {
        let in_delta = match choice.get("delta") {
            Some(Json::Object(delta)) => delta.iter().any(|(key, value)| key != "role" && said(value)),
            _ => false,
        };
        in_delta || choice.get("text").is_some_and(said)
    })
}

fn read(data: &[u8]) -> Option<Json<'_>> {
    parse(std::str::from_utf8(data).ok()?, &Rules { skip: &["logprobs"], ..Rules::default() }).ok()
}

#[cfg(test)]
mod tests;
