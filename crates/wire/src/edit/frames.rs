//! Cuts a stream into its events as they are, byte for byte, and finds the JSON in each.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::NotEditable;
use crate::{eventstream, framing::Framing};

/// The bytes of a stream that have not become whole events.
pub(super) struct Frames {
    framing: Framing,
    max: usize,
    buffer: BytesMut,
    /// How far the buffer was looked through.
    seen: usize,
    /// Inside an element of a list: how deep, and whether in a string.
    depth: usize,
    string: InString,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InString {
    No,
    Yes,
    Escaped,
}

/// What an event holds.
#[derive(Clone)]
pub(super) struct Held {
    /// The name that its frame gives it.
    pub(super) name: String,
    /// The JSON document in it.
    pub(super) json: String,
    place: Place,
}

/// Where the JSON document of an event stands.
#[derive(Clone)]
enum Place {
    /// In these bytes.
    At(Range<usize>),
    /// In several lines of `data`.
    Lines,
    /// In the payload of a message.
    Payload,
    /// In the payload of a message, in base64, as `bytes`.
    Packed,
}

impl Frames {
    pub(super) fn new(framing: Framing, max: usize) -> Self {
        Self { framing, max, buffer: BytesMut::new(), seen: 0, depth: 0, string: InString::No }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// The next whole event.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, NotEditable> {
        let end = match self.framing {
            Framing::Sse => self.blank_line(),
            Framing::Ndjson => memchr::memchr(b'\n', &self.buffer[self.seen..]).map(|n| self.seen + n + 1),
            Framing::EventStream => self.message()?,
            Framing::JsonArray => self.element(),
        };
        match end {
            Some(end) => {
                self.seen = 0;
                Ok(Some(self.buffer.split_to(end).freeze()))
            }
            None if self.buffer.len() > self.max => Err(NotEditable::TooLong),
            None => {
                if let Framing::Ndjson = self.framing {
                    self.seen = self.buffer.len();
                }
                Ok(None)
            }
        }
    }

    /// Puts an event back in front of what has come since.
    pub(super) fn put_back(&mut self, event: &[u8]) {
        let behind = self.buffer.split();
        self.buffer.extend_from_slice(event);
        self.buffer.extend_from_slice(&behind);
        self.seen = 0;
    }

    /// What has come and is no whole event.
    pub(super) fn rest(&mut self) -> Bytes {
        self.seen = 0;
        self.buffer.split().freeze()
    }

    /// Behind the next empty line, in whichever way lines end.
    fn blank_line(&mut self) -> Option<usize> {
        let bytes = &self.buffer;
        // Always where a line begins.
        let mut at = self.seen;
        while let Some(end) = memchr::memchr2(b'\n', b'\r', &bytes[at..]).map(|n| at + n) {
            let next = match (bytes[end], bytes.get(end + 1)) {
                (b'\r', Some(b'\n')) => end + 2,
                // The other half may be on its way.
                (b'\r', None) => break,
                (_, _) => end + 1,
            };
            if at == end {
                return Some(next);
            }
            at = next;
        }
        self.seen = at;
        None
    }

    fn message(&self) -> Result<Option<usize>, NotEditable> {
        let Some(length) = self.buffer.first_chunk::<4>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > self.max || length < 16 {
            return Err(if length < 16 { NotEditable::Syntax } else { NotEditable::TooLong });
        }
        Ok((self.buffer.len() >= length).then_some(length))
    }

    /// Behind the next element of the outermost list, and what stands before it.
    fn element(&mut self) -> Option<usize> {
        while let Some(byte) = self.buffer.get(self.seen) {
            self.seen += 1;
            match (self.string, byte) {
                (InString::Escaped, _) | (InString::No, b'"') => self.string = InString::Yes,
                (InString::Yes, b'\\') => self.string = InString::Escaped,
                (InString::Yes, b'"') => self.string = InString::No,
                (InString::Yes, _) => {}
                (InString::No, b'{' | b'[') => self.depth += 1,
                (InString::No, b'}' | b']') => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 1 && *byte == b'}' {
                        return Some(self.seen);
                    }
                }
                (InString::No, _) => {}
            }
        }
        None
    }
}

impl Held {
    /// What an event holds; `None` where there is no JSON document in it.
    pub(super) fn of(framing: Framing, event: &[u8], is_packed: bool) -> Result<Option<Self>, NotEditable> {
        match framing {
            Framing::Sse => sse(event),
            Framing::Ndjson | Framing::JsonArray => {
                let Some(start) = event.iter().position(|byte| *byte == b'{') else { return Ok(None) };
                let end = event.iter().rposition(|byte| *byte == b'}').map_or(event.len(), |n| n + 1);
                let range = start..end.max(start);
                Ok(Some(Self { name: String::new(), json: text(&event[range.clone()])?, place: Place::At(range) }))
            }
            Framing::EventStream => message(event, is_packed),
        }
    }

    /// The event with another document in the place of its own.
    pub(super) fn with(&self, event: &[u8], json: &str) -> Vec<u8> {
        match &self.place {
            Place::At(range) => [&event[..range.start], json.as_bytes(), &event[range.end..]].concat(),
            Place::Lines => {
                let name = if self.name.is_empty() { String::new() } else { format!("event: {}\n", self.name) };
                let data: String = json.lines().map(|line| format!("data: {line}\n")).collect();
                format!("{name}{data}\n").into_bytes()
            }
            Place::Payload => eventstream::with_payload(event, json.as_bytes()),
            Place::Packed => eventstream::with_payload(event, &packed(json)),
        }
    }
}

/// The payload of an event of `InvokeModelWithResponseStream`.
pub(super) fn packed(json: &str) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("{{\"bytes\":\"{}\"}}", STANDARD.encode(json)).into_bytes()
}

fn text(bytes: &[u8]) -> Result<String, NotEditable> {
    String::from_utf8(bytes.to_vec()).map_err(|_| NotEditable::Syntax)
}

fn sse(event: &[u8]) -> Result<Option<Held>, NotEditable> {
    let (mut name, mut lines) = (String::new(), Vec::new());
    let mut at = 0;
    while at < event.len() {
        let end = memchr::memchr2(b'\n', b'\r', &event[at..]).map_or(event.len(), |n| at + n);
        let line = &event[at..end];
        if let Some(value) = line.strip_prefix(b"data:") {
            let value = value.strip_prefix(b" ").unwrap_or(value);
            lines.push(end - value.len()..end);
        } else if let Some(value) = line.strip_prefix(b"event:") {
            name = text(value.strip_prefix(b" ").unwrap_or(value))?;
        }
        at = end + 1;
    }
    let json = match lines.as_slice() {
        [] => return Ok(None),
        [only] => text(&event[only.clone()])?,
        several => several.iter().map(|line| text(&event[line.clone()])).collect::<Result<Vec<_>, _>>()?.join("\n"),
    };
    if !json.trim_start().starts_with('{') {
        return Ok(None);
    }
    let place = match lines.pop() {
        Some(only) if lines.is_empty() => Place::At(only),
        Some(_) | None => Place::Lines,
    };
    Ok(Some(Held { name, json, place }))
}

fn message(event: &[u8], is_packed: bool) -> Result<Option<Held>, NotEditable> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let mut found = Err(NotEditable::Syntax);
    let mut decoder = eventstream::Decoder::new(event.len());
    decoder.feed(event, |frame| {
        found = match frame {
            eventstream::Frame::Event { name, data } => Ok((text(name), text(data), is_packed)),
            eventstream::Frame::Failure { name, data } => Ok((text(name), text(data), false)),
            eventstream::Frame::TooLong | eventstream::Frame::Broken(_) => Err(NotEditable::Syntax),
        };
    });
    let (name, json, is_packed) = found?;
    let (name, json) = (name?, json?);
    if !is_packed {
        return Ok(json.trim_start().starts_with('{').then_some(Held { name, json, place: Place::Payload }));
    }
    let wrapped: serde_json::Value = serde_json::from_str(&json).map_err(|_| NotEditable::Syntax)?;
    let bytes = wrapped.get("bytes").and_then(serde_json::Value::as_str).ok_or(NotEditable::Syntax)?;
    let json = text(&STANDARD.decode(bytes).map_err(|_| NotEditable::Syntax)?)?;
    Ok(Some(Held { name, json, place: Place::Packed }))
}
