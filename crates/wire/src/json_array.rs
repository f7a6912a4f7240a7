//! A JSON array that is sent element by element (Gemini without `alt=sse`): bytes in any chunks to elements, the same
//! however the bytes were cut.

use memchr::memchr2;

pub use crate::framing::Frame;

/// Splits the outermost array into its elements, frames without a name.
///
/// An object or list is handed out at its closing bracket, not at the comma behind it, which comes with the next one.
/// What stands inside an element is crossed, not checked. An element over `max_element` bytes is reported as
/// [`Frame::TooLong`]; one that lies in one chunk is handed out without a copy. Nesting costs a counter, no stack.
#[derive(Debug)]
pub struct Decoder {
    max_element: usize,
    /// The element the last chunk ended in.
    element: Vec<u8>,
    state: State,
    depth: u32,
    text: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the opening bracket.
    Before,
    /// Between two elements.
    Between,
    /// In an element that is kept.
    Keeping,
    /// In an element over the bound: its rest is dropped.
    TooLong,
    /// After a gap, somewhere: whether a line has just begun.
    Seeking(Line),
    /// After the closing bracket, or no array at all.
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Begins,
    GoesOn,
}

/// Whether the place is inside a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Outside,
    Inside,
    /// The next byte is escaped.
    Escaped,
}

impl Decoder {
    /// Makes a decoder that keeps at most `max_element` bytes.
    pub fn new(max_element: usize) -> Self {
        Self { max_element, element: Vec::new(), state: State::Before, depth: 0, text: Text::Outside }
    }

    /// Takes the next bytes, and calls `each` for every element that is complete with them.
    pub fn feed(&mut self, chunk: &[u8], mut each: impl FnMut(Frame<'_>)) {
        let mut rest = chunk;
        while !rest.is_empty() {
            rest = match self.state {
                State::Before => self.open(rest),
                State::Between => self.between(rest),
                State::Keeping | State::TooLong => self.inside(rest, &mut each),
                State::Seeking(line) => self.seek(rest, line),
                State::Ended => return,
            };
        }
    }

    /// Says that the stream ended: an element that was cut off is handed out as far as it goes.
    pub fn finish(&mut self, mut each: impl FnMut(Frame<'_>)) {
        self.end_element(&mut each);
        self.state = State::Ended;
    }

    /// Forgets what is open: the next bytes come after a gap. How deep they are nested is unknown, so an element is found
    /// again only where it opens at the start of a line, as Google writes them; a newline is never inside a string. In an
    /// array without such lines nothing more is read.
    pub fn skip_to_next(&mut self) {
        self.element.clear();
        self.state = State::Seeking(Line::GoesOn);
    }

    fn open<'c>(&mut self, chunk: &'c [u8]) -> &'c [u8] {
        let rest = chunk.trim_ascii_start();
        match rest.split_first() {
            Some((b'[', rest)) => {
                self.state = State::Between;
                rest
            }
            Some(_) => {
                self.state = State::Ended;
                &[]
            }
            None => &[],
        }
    }

    fn between<'c>(&mut self, chunk: &'c [u8]) -> &'c [u8] {
        let Some(at) = chunk.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != b',') else { return &[] };
        let rest = &chunk[at..];
        self.state = if rest[0] == b']' { State::Ended } else { State::Keeping };
        (self.depth, self.text) = (0, Text::Outside);
        rest
    }

    fn inside<'c>(&mut self, chunk: &'c [u8], each: &mut impl FnMut(Frame<'_>)) -> &'c [u8] {
        let Some(end) = self.element_end(chunk) else {
            self.keep(chunk);
            return &[];
        };
        let (last, rest) = chunk.split_at(end);
        if self.element.is_empty() && self.state == State::Keeping {
            self.state = State::Between;
            hand_out(last, self.max_element, each);
        } else {
            self.keep(last);
            self.end_element(each);
        }
        rest
    }

    /// The position after the open element; `None` where it goes on behind the chunk.
    fn element_end(&mut self, chunk: &[u8]) -> Option<usize> {
        let mut pos = 0;
        loop {
            if self.text != Text::Outside {
                pos = self.string_end(chunk, pos)?;
            }
            let mut depth = self.depth;
            let quote = loop {
                let Some(&byte) = chunk.get(pos) else { break None };
                pos += 1;
                match MEANING[usize::from(byte)] {
                    Meaning::None => {}
                    Meaning::Comma if depth > 0 => {}
                    Meaning::Line => pos = after_indent(chunk, pos),
                    Meaning::Quote => break Some(()),
                    Meaning::Opens => depth = depth.saturating_add(1),
                    Meaning::Comma => return Some(pos - 1),
                    Meaning::Closes if depth > 1 => depth -= 1,
                    Meaning::Closes if depth == 1 => return Some(pos),
                    Meaning::Closes if byte == b']' => return Some(pos - 1),
                    Meaning::Closes => {}
                }
            };
            self.depth = depth;
            quote?;
            self.text = Text::Inside;
        }
    }

    /// The position after the string at hand; `None` where it goes on behind the chunk.
    fn string_end(&mut self, chunk: &[u8], start: usize) -> Option<usize> {
        let mut pos = start;
        if self.text == Text::Escaped && pos < chunk.len() {
            self.text = Text::Inside;
            pos += 1;
        }
        loop {
            pos += memchr2(b'"', b'\\', chunk.get(pos..)?)?;
            if chunk[pos] == b'"' {
                self.text = Text::Outside;
                return Some(pos + 1);
            }
            pos += 2;
            if pos > chunk.len() {
                self.text = Text::Escaped;
                return None;
            }
        }
    }

    fn seek<'c>(&mut self, chunk: &'c [u8], mut line: Line) -> &'c [u8] {
        for (at, byte) in chunk.iter().enumerate() {
            line = match (line, byte) {
                (_, b'\n' | b'\r') | (Line::Begins, b',') => Line::Begins,
                (Line::Begins, b'{') => {
                    self.state = State::Between;
                    return &chunk[at..];
                }
                (Line::Begins | Line::GoesOn, _) => Line::GoesOn,
            };
        }
        self.state = State::Seeking(line);
        &[]
    }

    fn keep(&mut self, piece: &[u8]) {
        if self.state == State::Keeping && self.element.len() + piece.len() <= self.max_element {
            self.element.extend_from_slice(piece);
        } else {
            self.element.clear();
            self.state = State::TooLong;
        }
    }

    fn end_element(&mut self, each: &mut impl FnMut(Frame<'_>)) {
        match std::mem::replace(&mut self.state, State::Between) {
            State::Keeping => hand_out(&self.element, self.max_element, each),
            State::TooLong => each(Frame::TooLong),
            State::Before | State::Between | State::Seeking(_) | State::Ended => {}
        }
        self.element.clear();
    }
}

/// What a byte outside strings means here.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    None,
    /// A line begins behind it.
    Line,
    Quote,
    Opens,
    Closes,
    Comma,
}

static MEANING: [Meaning; 256] = {
    let mut table = [Meaning::None; 256];
    table[b'"' as usize] = Meaning::Quote;
    (table[b'{' as usize], table[b'[' as usize]) = (Meaning::Opens, Meaning::Opens);
    (table[b'}' as usize], table[b']' as usize]) = (Meaning::Closes, Meaning::Closes);
    table[b',' as usize] = Meaning::Comma;
    table[b'\n' as usize] = Meaning::Line;
    table
};

/// The position after the spaces that begin at `pos`, or before the last one: much of what Google sends are indents.
fn after_indent(chunk: &[u8], mut pos: usize) -> usize {
    while chunk.get(pos..pos + 8) == Some(&[b' '; 8]) {
        pos += 8;
    }
    while chunk.get(pos..pos + 2) == Some(&[b' '; 2]) {
        pos += 2;
    }
    pos
}

fn hand_out(element: &[u8], max: usize, each: &mut impl FnMut(Frame<'_>)) {
    if element.len() > max {
        each(Frame::TooLong);
    } else if !element.is_empty() {
        each(Frame::Event { name: b"", data: element.trim_ascii_end() });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn elements<'a>(pieces: impl Iterator<Item = &'a [u8]>, max: usize) -> Vec<Option<String>> {
        let mut decoder = Decoder::new(max);
        let mut seen = Vec::new();
        let mut note = |frame: Frame<'_>| match frame {
            Frame::Event { data, .. } => {
                assert!(data.len() <= max, "a frame over the bound");
                seen.push(Some(String::from_utf8_lossy(data).into_owned()));
            }
            Frame::TooLong => seen.push(None),
            Frame::Failure { .. } | Frame::Broken(_) => panic!("an array has no such frames"),
        };
        for piece in pieces {
            decoder.feed(piece, &mut note);
        }
        decoder.finish(&mut note);
        seen
    }

    fn whole(text: &str, max: usize) -> Vec<Option<String>> {
        elements(std::iter::once(text.as_bytes()), max)
    }

    fn some(texts: &[&str]) -> Vec<Option<String>> {
        texts.iter().map(|text| Some((*text).to_owned())).collect()
    }

    #[test]
    fn the_elements_of_the_outermost_array_are_frames() {
        let text = " [{\"a\":[1,{\"b\":\"],[\\\"}\"}]}\n,\r\n{}, [2,3] ,\"x,]\" , 4 ] {\"after\":1}";
        let expected = some(&["{\"a\":[1,{\"b\":\"],[\\\"}\"}]}", "{}", "[2,3]", "\"x,]\"", "4"]);
        assert_eq!(whole(text, 100), expected);
        assert_eq!(whole("[]", 100), []);
        assert_eq!(whole("{\"no\":[{\"array\":1}]}", 100), [], "an object has no elements");
    }

    #[test]
    fn an_element_is_handed_out_at_its_closing_bracket() {
        let mut decoder = Decoder::new(100);
        let mut seen = 0;
        decoder.feed(b"[{\"a\":1}", |_| seen += 1);
        assert_eq!(seen, 1, "the comma comes with the next element");
    }

    #[test]
    fn an_element_that_was_cut_off_is_handed_out_as_far_as_it_goes() {
        assert_eq!(whole("[{\"a\":1},{\"b\":", 100), some(&["{\"a\":1}", "{\"b\":"]));
    }

    #[test]
    fn an_element_over_the_bound_is_reported_and_the_next_is_read() {
        let expected = [None, Some("{}".to_owned())];
        assert_eq!(whole("[{\"long\":\"0123456789\"},{}]", 12), expected);
    }

    #[test]
    fn after_a_gap_the_next_element_at_the_start_of_a_line_is_found() {
        for (tail, expected) in [
            ("ext\": \"cut } [ \"}\n  ]}\n,\r\n{\n  \"b\": 2\n}\n]", vec!["{\n  \"b\": 2\n}"]),
            ("}\n,{\"c\":3}\n,{\"d\":4}]", vec!["{\"c\":3}", "{\"d\":4}"]),
            ("},{\"nobody knows how deep\":1},{\"x\":1}]", vec![]),
        ] {
            let mut decoder = Decoder::new(100);
            let mut seen = Vec::new();
            let mut note = |frame: Frame<'_>| {
                if let Frame::Event { data, .. } = frame {
                    seen.push(String::from_utf8_lossy(data).into_owned());
                }
            };
            decoder.feed(b"[{\"a\": [{\"t", &mut note);
            decoder.skip_to_next();
            decoder.feed(tail.as_bytes(), &mut note);
            decoder.finish(&mut note);
            assert_eq!(seen, expected, "{tail}");
        }
    }

    #[test]
    fn nesting_costs_no_stack() {
        let deep = format!("[{}{}]", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(whole(&deep, 3_000_000).len(), 1);
    }

    proptest! {
        #[test]
        fn frames_do_not_depend_on_how_the_bytes_were_cut(
            text in proptest::collection::vec(proptest::sample::select(b"[]{},\"\\ \n1a".to_vec()), 0..200),
            size in 1usize..9,
            max in 1usize..12,
        ) {
            let text = [b"[", &text[..]].concat();
            let whole = elements(std::iter::once(&text[..]), max);
            prop_assert_eq!(elements(text.chunks(size), max), whole.clone());
            prop_assert_eq!(elements(text.chunks(1), max), whole);
        }
    }
}
