//! Finds a few members of one large JSON document without keeping it: hundreds of megabytes pass through some bytes of
//! state.

use memchr::memchr;

/// Longest value that is kept; usage and error objects are far below it.
const MAX_VALUE: usize = 16 * 1024;
/// Longest string in it that is kept as a whole: ids, words and messages of errors are shorter, and what a model said is
/// not looked at here.
const MAX_TEXT: usize = 2048;
/// Longer than an escape, a pair of surrogates included.
const WINDOW: usize = 13;
/// Longest key that is kept.
const MAX_KEY: usize = 40;

/// The place in the document.
#[derive(Debug, Default)]
pub(super) struct Document {
    depth: u32,
    text: Text,
    /// The last string at depth 1 that was not a value: the key of the member at hand.
    key: Vec<u8>,
    /// At depth 1: whether the next string is a key.
    expects_key: bool,
    /// The value of a member we want, while it passes.
    value: Option<Vec<u8>>,
    over: bool,
    /// How much of the string at hand the value holds; `None` after it was shortened.
    kept: Option<usize>,
}

/// Whether the place is inside a string.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Text {
    #[default]
    Outside,
    Inside(Escape),
}

/// Whether the next byte of a string is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    No,
    Yes,
}

impl Document {
    /// Takes the next bytes, and calls `each` with key and value of every member in `wanted` that is complete with them.
    pub(super) fn feed(&mut self, chunk: &[u8], wanted: &[&str], mut each: impl FnMut(&str, &[u8])) {
        let mut pos = 0;
        while pos < chunk.len() && !self.over {
            pos = match self.text {
                Text::Inside(escape) => self.inside(chunk, pos, escape),
                Text::Outside => self.outside(chunk, pos, wanted, &mut each),
            };
        }
    }

    /// Says whether the outermost value has ended.
    pub(super) fn is_complete(&self) -> bool {
        self.over && self.depth == 0
    }

    /// Goes on inside a string, up to its end or the chunk's.
    fn inside(&mut self, chunk: &[u8], start: usize, escape: Escape) -> usize {
        // Escapes other than of quotes need no stop: texts are full of them.
        let mut from = start;
        let (end, text) = loop {
            let quote = memchr(b'"', &chunk[from..]).map(|n| from + n);
            let before = &chunk[start..quote.unwrap_or(chunk.len())];
            let slashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
            let pending = usize::from(slashes == before.len() && escape == Escape::Yes);
            let is_escaped = (slashes + pending) % 2 == 1;
            match quote {
                Some(at) if is_escaped => from = at + 1,
                Some(at) => break (at + 1, Text::Outside),
                None if is_escaped => break (chunk.len(), Text::Inside(Escape::Yes)),
                None => break (chunk.len(), Text::Inside(Escape::No)),
            }
        };
        self.keep_text(&chunk[start..end], text);
        if self.is_key() {
            let room = (MAX_KEY + 1).saturating_sub(self.key.len());
            self.key.extend_from_slice(&chunk[start..end][..room.min(end - start)]);
        }
        self.text = text;
        end
    }

    /// Takes the bytes between strings, up to the next string or the chunk's end.
    fn outside(&mut self, chunk: &[u8], start: usize, wanted: &[&str], each: &mut impl FnMut(&str, &[u8])) -> usize {
        // What belongs to a value is kept in runs.
        let mut run = start;
        for (at, &byte) in chunk.iter().enumerate().skip(start) {
            match byte {
                b'"' => {
                    self.keep(&chunk[run..=at]);
                    if self.is_key() {
                        self.key.clear();
                    }
                    self.text = Text::Inside(Escape::No);
                    self.kept = Some(0);
                    return at + 1;
                }
                b'{' | b'[' => {
                    // The outermost value must be an object: another one has no members to find.
                    self.over |= self.depth == 0 && byte == b'[';
                    self.expects_key = self.depth == 0;
                    self.depth += 1;
                }
                b'}' | b']' => {
                    if self.depth == 1 {
                        self.keep(&chunk[run..at]);
                        self.close_value(each);
                        run = at;
                    }
                    self.depth = self.depth.saturating_sub(1);
                    self.over |= self.depth == 0;
                }
                b',' if self.depth == 1 => {
                    self.keep(&chunk[run..at]);
                    self.close_value(each);
                    self.expects_key = true;
                    run = at + 1;
                }
                b':' if self.depth == 1 => {
                    self.expects_key = false;
                    let key = self.key();
                    let is_wanted = wanted.iter().any(|name| name.as_bytes() == key);
                    self.value = is_wanted.then(Vec::new);
                    run = at + 1;
                }
                _ => continue,
            }
            if self.over {
                return at + 1;
            }
        }
        self.keep(&chunk[run..]);
        chunk.len()
    }

    fn is_key(&self) -> bool {
        self.depth == 1 && self.expects_key
    }

    fn keep(&mut self, piece: &[u8]) {
        let Some(value) = &mut self.value else { return };
        if value.len() + piece.len() > MAX_VALUE {
            self.value = None;
        } else {
            value.extend_from_slice(piece);
        }
    }

    /// Keeps a piece of a string, of a long one its beginning.
    fn keep_text(&mut self, piece: &[u8], then: Text) {
        let Some(value) = &mut self.value else { return };
        if let Some(kept) = self.kept {
            if kept + piece.len() <= MAX_TEXT {
                self.kept = Some(kept + piece.len());
                return self.keep(piece);
            }
            let start = value.len() - kept;
            value.extend_from_slice(&piece[..MAX_TEXT - kept]);
            // An escape is shorter than a window, so none is cut behind one without a backslash.
            let is_plain = |window: &[u8]| window.iter().all(|byte| byte.is_ascii() && *byte != b'\\');
            let end = value[start..].windows(WINDOW).rposition(is_plain).map_or(start, |at| start + at + WINDOW);
            value.truncate(end);
            self.kept = None;
        }
        if then == Text::Outside {
            self.keep(b"\"");
        }
    }

    /// The key at hand, without its closing quote.
    fn key(&self) -> &[u8] {
        self.key.strip_suffix(b"\"").unwrap_or(&self.key)
    }

    fn close_value(&mut self, each: &mut impl FnMut(&str, &[u8])) {
        if let (Some(value), Ok(key)) = (self.value.take(), std::str::from_utf8(self.key())) {
            each(key, &value);
        }
    }
}
