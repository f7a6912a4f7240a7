//! Newline-delimited JSON: bytes in any chunks to lines, the same however the bytes were cut.

use memchr::memchr;

pub use crate::framing::Frame;

/// Splits newline-delimited JSON into frames without a name.
///
/// Lines end in `\n` or `\r\n`; empty ones are skipped. A line over `max_line` bytes is reported as [`Frame::TooLong`].
/// A line that lies in one chunk is handed out without a copy.
#[derive(Debug)]
pub struct Decoder {
    max_line: usize,
    /// The line the last chunk ended in.
    line: Vec<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The open line is kept.
    Keeping,
    /// The open line was over the bound: its rest is dropped.
    TooLong,
    /// The start of the open line is unknown: its rest is dropped, and it is no frame.
    Unknown,
}

impl Decoder {
    /// Makes a decoder that keeps at most `max_line` bytes.
    pub fn new(max_line: usize) -> Self {
        Self { max_line, line: Vec::new(), state: State::Keeping }
    }

    /// Takes the next bytes, and calls `each` for every line that is complete with them.
    pub fn feed(&mut self, chunk: &[u8], mut each: impl FnMut(Frame<'_>)) {
        let mut rest = chunk;
        while let Some(end) = memchr(b'\n', rest) {
            let piece = &rest[..end];
            rest = &rest[end + 1..];
            if self.line.is_empty() && self.state == State::Keeping {
                hand_out(piece, self.max_line, &mut each);
            } else {
                self.keep(piece);
                self.end_line(&mut each);
            }
        }
        self.keep(rest);
    }

    /// Says that the stream ended: a last line without its newline counts.
    pub fn finish(&mut self, mut each: impl FnMut(Frame<'_>)) {
        self.end_line(&mut each);
    }

    /// Forgets what is open: the next bytes come after a gap, inside a line whose rest is dropped.
    pub fn skip_to_next(&mut self) {
        self.line.clear();
        self.state = State::Unknown;
    }

    fn keep(&mut self, piece: &[u8]) {
        match self.state {
            State::TooLong | State::Unknown => {}
            // One more than the bound, for the `\r` of an ending that is cut in two.
            State::Keeping if self.line.len() + piece.len() > self.max_line + 1 => {
                self.line.clear();
                self.state = State::TooLong;
            }
            State::Keeping => self.line.extend_from_slice(piece),
        }
    }

    fn end_line(&mut self, each: &mut impl FnMut(Frame<'_>)) {
        match std::mem::replace(&mut self.state, State::Keeping) {
            State::Keeping => hand_out(&self.line, self.max_line, each),
            State::TooLong => each(Frame::TooLong),
            State::Unknown => {}
        }
        self.line.clear();
    }
}

fn hand_out(line: &[u8], max: usize, each: &mut impl FnMut(Frame<'_>)) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > max {
        each(Frame::TooLong);
    } else if !line.trim_ascii().is_empty() {
        each(Frame::Event { name: b"", data: line });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines<'a>(pieces: impl Iterator<Item = &'a [u8]>, max: usize) -> Vec<Option<Vec<u8>>> {
        let mut decoder = Decoder::new(max);
        let mut seen = Vec::new();
        let mut note = |frame: Frame<'_>| match frame {
            Frame::Event { data, .. } => seen.push(Some(data.to_vec())),
            Frame::Failure { .. } | Frame::TooLong | Frame::Broken(_) => seen.push(None),
        };
        for piece in pieces {
            decoder.feed(piece, &mut note);
        }
        decoder.finish(&mut note);
        seen
    }

    #[test]
    fn lines_are_frames_and_empty_ones_are_not() {
        let seen = lines([&b"{\"a\":1}\r\n\n \n{\"b\":2}\nlonger than ten\n{}"[..]].into_iter(), 10);
        assert_eq!(seen, [Some(b"{\"a\":1}".to_vec()), Some(b"{\"b\":2}".to_vec()), None, Some(b"{}".to_vec())]);
    }

    #[test]
    fn after_a_gap_the_rest_of_a_line_is_dropped() {
        let mut decoder = Decoder::new(100);
        let mut seen = Vec::new();
        let mut note = |frame: Frame<'_>| {
            if let Frame::Event { data, .. } = frame {
                seen.push(data.to_vec());
            }
        };
        decoder.feed(b"{\"cut", &mut note);
        decoder.skip_to_next();
        decoder.feed(b"off\":1}\n{\"whole\":2}\n", &mut note);
        assert_eq!(seen, [b"{\"whole\":2}".to_vec()]);
    }

    proptest! {
        #[test]
        fn frames_do_not_depend_on_how_the_bytes_were_cut(
            text in proptest::collection::vec(proptest::sample::select(b"ab{}\r\n ".to_vec()), 0..200),
            size in 1usize..9,
            max in 1usize..12,
        ) {
            let whole = lines(std::iter::once(&text[..]), max);
            prop_assert_eq!(lines(text.chunks(size), max), whole.clone());
            prop_assert_eq!(lines(text.chunks(1), max), whole);
        }
    }
}
