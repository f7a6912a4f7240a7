//! Server-sent events: bytes in any chunks to events, the same however the bytes were cut.

use memchr::memchr2;

pub use crate::framing::Frame;

const BOM: &[u8] = b"\xEF\xBB\xBF";
/// Longest event name that is kept.
const MAX_NAME: usize = 128;

/// Splits a server-sent-event byte stream into frames.
///
/// Feed arbitrary chunks; the frames are the same however the bytes were cut. Lines end in `\n`, `\r\n` or `\r`, comments
/// and the fields `id` and `retry` are dropped, a byte-order mark at the start is skipped (WHATWG HTML, "Parsing an event
/// stream"). An event whose data or one of whose lines is over `max_frame` bytes is reported as [`Frame::TooLong`].
/// An event that lies in one chunk is handed out without a copy.
#[derive(Debug)]
pub struct Decoder {
    max_frame: usize,
    /// The line the last chunk ended in.
    line: Vec<u8>,
    /// The data of the open event, as far as it came in earlier chunks or in several lines.
    data: Vec<u8>,
    name: Vec<u8>,
    has_data: bool,
    too_long: bool,
    line_too_long: bool,
    /// The last line ended in `\r`: a `\n` now belongs to it.
    skip_lf: bool,
    /// Bytes of a byte-order mark seen at the start; 3 when the start is over.
    bom: usize,
}

impl Decoder {
    /// Makes a decoder that keeps at most about `max_frame` bytes.
    pub fn new(max_frame: usize) -> Self {
        Self {
            max_frame,
            line: Vec::new(),
            data: Vec::new(),
            name: Vec::new(),
            has_data: false,
            too_long: false,
            line_too_long: false,
            skip_lf: false,
            bom: 0,
        }
    }

    /// Takes the next bytes, and calls `each` for every event that is complete with them.
    pub fn feed(&mut self, chunk: &[u8], mut each: impl FnMut(Frame<'_>)) {
        let mut rest = self.after_bom(chunk);
        // The first data line of an event that started in this chunk; copied only if the event goes on.
        let mut held: Option<&[u8]> = None;
        loop {
            if self.skip_lf && !rest.is_empty() {
                self.skip_lf = false;
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
            let Some(end) = memchr2(b'\n', b'\r', rest) else { break };
            self.skip_lf = rest[end] == b'\r';
            let piece = &rest[..end];
            rest = &rest[end + 1..];
            if self.line.is_empty() && !self.line_too_long {
                self.whole_line(piece, &mut held, &mut each);
            } else {
                self.keep(piece);
                let line = std::mem::take(&mut self.line);
                self.owned_line(&line, &mut held, &mut each);
                self.line = line;
                self.line.clear();
            }
        }
        if let Some(data) = held {
            self.data.extend_from_slice(data);
        }
        self.keep(rest);
    }

    /// Says that the stream ended: an event whose blank line never came is handed out as it is.
    pub fn finish(&mut self, mut each: impl FnMut(Frame<'_>)) {
        let mut held = None;
        if !self.line.is_empty() || self.line_too_long {
            let line = std::mem::take(&mut self.line);
            self.owned_line(&line, &mut held, &mut each);
        }
        self.dispatch(None, &mut each);
    }

    /// Forgets what is open: the next bytes come after a gap, somewhere inside an event, whose rest is dropped.
    pub fn skip_to_next(&mut self) {
        self.line.clear();
        self.data.clear();
        self.name.clear();
        (self.has_data, self.too_long, self.skip_lf, self.bom) = (false, false, false, BOM.len());
        // A line whose start is unknown must not be taken for a field: it counts as one that was too long.
        self.line_too_long = true;
    }

    fn after_bom<'a>(&mut self, chunk: &'a [u8]) -> &'a [u8] {
        let mut rest = chunk;
        while self.bom < BOM.len() {
            match rest.first() {
                None => break,
                Some(byte) if *byte == BOM[self.bom] => {
                    self.bom += 1;
                    rest = &rest[1..];
                }
                Some(_) => {
                    // It was none: its bytes are the start of the first line.
                    self.line.extend_from_slice(&BOM[..self.bom]);
                    self.bom = BOM.len();
                }
            }
        }
        rest
    }

    /// Keeps a piece of an unfinished line.
    fn keep(&mut self, piece: &[u8]) {
        if self.line_too_long || self.line.len() + piece.len() > self.max_frame {
            self.line_too_long = true;
            self.line.clear();
        } else {
            self.line.extend_from_slice(piece);
        }
    }

    /// Takes a line that was collected in `line`; what it holds must be copied.
    fn owned_line(&mut self, line: &[u8], held: &mut Option<&[u8]>, each: &mut impl FnMut(Frame<'_>)) {
        if std::mem::take(&mut self.line_too_long) {
            self.too_long = true;
            return;
        }
        if line.is_empty() {
            return self.dispatch(held.take(), each);
        }
        if let Some((b"data", value)) = field(line) {
            self.settle(held.take());
            self.add_data(value);
        } else {
            self.other_field(line);
        }
    }

    /// Takes a line that lies in the chunk as a whole.
    fn whole_line<'a>(&mut self, line: &'a [u8], held: &mut Option<&'a [u8]>, each: &mut impl FnMut(Frame<'_>)) {
        if line.is_empty() {
            return self.dispatch(held.take(), each);
        }
        if line.len() > self.max_frame {
            self.too_long = true;
            return;
        }
        match field(line) {
            Some((b"data", value)) if !self.has_data => {
                self.has_data = true;
                *held = Some(value);
            }
            Some((b"data", value)) => {
                self.settle(held.take());
                self.add_data(value);
            }
            _ => self.other_field(line),
        }
    }

    fn settle(&mut self, held: Option<&[u8]>) {
        if let Some(data) = held {
            self.data.extend_from_slice(data);
        }
    }

    fn add_data(&mut self, value: &[u8]) {
        let more = value.len() + usize::from(self.has_data);
        if self.data.len() + more > self.max_frame {
            self.too_long = true;
            return;
        }
        if self.has_data {
            self.data.push(b'\n');
        }
        self.has_data = true;
        self.data.extend_from_slice(value);
    }

    fn other_field(&mut self, line: &[u8]) {
        if let Some((b"event", value)) = field(line) {
            self.name.clear();
            self.name.extend_from_slice(&value[..value.len().min(MAX_NAME)]);
        }
    }

    fn dispatch(&mut self, held: Option<&[u8]>, each: &mut impl FnMut(Frame<'_>)) {
        if self.too_long {
            each(Frame::TooLong);
        } else if self.has_data {
            each(Frame::Event { name: &self.name, data: held.unwrap_or(&self.data) });
        }
        self.data.clear();
        self.name.clear();
        self.has_data = false;
        self.too_long = false;
    }
}

/// Splits a line into field and value; `None` for a comment.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(value) = line.strip_prefix(b"data:") {
        return Some((b"data", value.strip_prefix(b" ").unwrap_or(value)));
    }
    match memchr::memchr(b':', line) {
        Some(0) => None,
        Some(at) => Some((&line[..at], line[at + 1..].strip_prefix(b" ").unwrap_or(&line[at + 1..]))),
        None => Some((line, b"")),
    }
}

#[cfg(test)]
mod tests;
