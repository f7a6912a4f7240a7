//! Finds a few members of one large JSON document without keeping it: hundreds of megabytes pass through some bytes of
//! state.

use memchr::memchr2;

/// Longest value that is kept; usage and error objects are far below it.
const MAX_VALUE: usize = 16 * 1024;
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
        let from = if escape == Escape::Yes { start + 1 } else { start };
        let found = memchr2(b'"', b'\\', &chunk[from..]).map(|n| from + n);
        let (end, text) = match found {
            None => (chunk.len(), Text::Inside(Escape::No)),
            Some(at) if chunk[at] == b'\\' => (at + 1, Text::Inside(Escape::Yes)),
            Some(at) => (at + 1, Text::Outside),
        };
        self.keep(&chunk[start..end]);
        if self.is_key() {
            let room = (MAX_KEY + 1).saturating_sub(self.key.len());
            self.key.extend_from_slice(&chunk[start..end][..room.min(end - start)]);
        }
        self.text = text;
        end
    }

    /// Takes the bytes between strings, up to the next string or the chunk's end.
    fn outside(&mut self, chunk: &[u8], start: usize, wanted: &[&str], each: &mut impl FnMut(&str, &[u8])) -> usize {
        for (at, &byte) in chunk.iter().enumerate().skip(start) {
            match byte {
                b'"' => {
                    self.keep(&[byte]);
                    if self.is_key() {
                        self.key.clear();
                    }
                    self.text = Text::Inside(Escape::No);
                    return at + 1;
                }
                b'{' | b'[' => {
                    // The outermost value must be an object: another one has no members to find.
                    self.over |= self.depth == 0 && byte == b'[';
                    self.expects_key = self.depth == 0;
                    self.depth += 1;
                    self.keep(&[byte]);
                }
                b'}' | b']' => {
                    if self.depth == 1 {
                        self.close_value(each);
                    }
                    self.depth = self.depth.saturating_sub(1);
                    self.keep(&[byte]);
                    self.over |= self.depth == 0;
                }
                b',' if self.depth == 1 => {
                    self.close_value(each);
                    self.expects_key = true;
                }
                b':' if self.depth == 1 => {
                    self.expects_key = false;
                    let key = self.key();
                    let is_wanted = wanted.iter().any(|name| name.as_bytes() == key);
                    self.value = is_wanted.then(Vec::new);
                }
                _ => self.keep(&[byte]),
            }
            if self.over {
                return at + 1;
            }
        }
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
