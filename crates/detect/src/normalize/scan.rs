//! One look at a folded text that says which decoders may have something to do.
//!
//! Ordinary prose costs this look (about a nanosecond a byte) and nothing else.

use std::ops::Range;

use super::vocabulary::{Ciphers, Key, LONGEST, Vocabulary, vocabulary};

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Signs {
    /// Words that are common words in a cipher.
    pub(super) ciphers: Vec<(Range<usize>, Ciphers)>,
    /// Words with digits or signs among their letters: how many, and from where to where.
    pub(super) mixed: Mixed,
    /// Stretches without spaces long enough for an encoding of bytes.
    pub(super) long: Vec<Range<usize>>,
    /// Words too long for a word.
    pub(super) glued: Vec<Range<usize>>,
    /// The gaps between two words that stand in an order English does not have.
    pub(super) backwards: Vec<Range<usize>>,
    /// Single letters in a row.
    pub(super) singles: Vec<Range<usize>>,
    /// Numbers in a row.
    pub(super) numbers: bool,
    /// Dots and dashes in a row.
    pub(super) morse: bool,
    /// Words in a row that end in `ay`, and are no common words.
    pub(super) ays: bool,
    /// Whether there is a `%`, a `&`, a `\` or a `=`.
    pub(super) percent: bool,
    pub(super) ampersand: bool,
    pub(super) backslash: bool,
    pub(super) equals: bool,
    /// Whether there are letters upside down.
    pub(super) flipped: bool,
}

/// Words with digits or signs among their letters.
#[derive(Debug, Default)]
pub(super) struct Mixed {
    pub(super) count: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// How many of each kind of sign are kept.
const MOST: usize = 8192;
/// The shortest stretch that may be an encoding of bytes.
const LONG: usize = 12;
/// The shortest word that may be several.
const GLUED: usize = 13;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    /// A sign that stands for a letter among letters.
    Sign,
    /// A dot or a dash.
    Mark,
    /// What an escape starts with.
    Escape,
    High,
    Other,
}

const CLASSES: [Class; 256] = {
    let mut table = [Class::Other; 256];
    let mut c = 0;
    while c < 256 {
        // A table of bytes has no other index.
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let byte = c as u8;
        table[c] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b'@' | b'$' | b'!' | b'|' | b'+' => Class::Sign,
            b'.' | b'-' => Class::Mark,
            b'%' | b'&' | b'\\' | b'=' => Class::Escape,
            0x80.. => Class::High,
            _ => Class::Other,
        };
        c += 1;
    }
    table
};

fn class(c: u8) -> Class {
    CLASSES[usize::from(c)]
}

/// Looks at a folded text.
pub(super) fn scan(text: &str) -> Signs {
    let bytes = text.as_bytes();
    let mut signs = Signs { long: long(bytes), ..Signs::default() };
    Scanner { bytes, words: vocabulary(), signs: &mut signs, rows: Rows::default() }.run();
    signs
}

/// Things in a row.
#[derive(Default)]
struct Rows {
    /// The word before, and where it ended.
    word: (Key, usize),
    /// Where single letters in a row start and end, and how many there are.
    single: (usize, usize, u32),
    /// Where the last word in `ay` ended, and how many there were in a row.
    ay: (usize, u32),
    /// Where the last number ended, and how many there were in a row.
    number: (usize, u32),
    /// The same for dots and dashes.
    mark: (usize, u32),
    /// How many letters upside down there were.
    turned: u32,
}

struct Scanner<'b, 's> {
    bytes: &'b [u8],
    words: &'static Vocabulary,
    signs: &'s mut Signs,
    rows: Rows,
}

impl Scanner<'_, '_> {
    fn run(mut self) {
        let mut at = 0;
        while let Some(c) = self.bytes.get(at) {
            at = match class(*c) {
                Class::Letter => self.word(at),
                Class::Digit => self.number(at),
                Class::Mark => self.mark(at),
                Class::High => self.high(at),
                Class::Escape => self.escape(*c, at),
                Class::Sign | Class::Other => at + 1,
            };
        }
    }

    fn word(&mut self, start: usize) -> usize {
        let mut key = Key::default();
        let mut end = start;
        for c in self.bytes[start..].iter().take_while(|c| c.is_ascii_alphabetic()) {
            key = key.with(*c);
            end += 1;
        }
        let len = end - start;
        let next = match self.bytes.get(end).map_or(Class::Other, |c| class(*c)) {
            // At the end of a word it is a mark.
            Class::Sign if !self.bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric) => Class::Other,
            next => next,
        };
        let before = start.checked_sub(1).map_or(Class::Other, |at| class(self.bytes[at]));
        if len == 1 {
            self.single(start, end);
        } else {
            self.rows.single.2 = 0;
        }
        if matches!(next, Class::Digit | Class::Sign) || matches!(before, Class::Digit | Class::Sign) {
            let mixed = &mut self.signs.mixed;
            if mixed.count == 0 {
                mixed.start = start;
            }
            mixed.count += 1;
            mixed.end = end;
        }
        if len > LONGEST {
            if key.ends_in(*b"ay") {
                self.ay(start, end);
            }
            if len >= GLUED && self.signs.glued.len() < MOST {
                self.signs.glued.push(start..end);
            }
            return end;
        }
        let is_known = self.words.is_word(key);
        if is_known {
            self.known(key, start..end);
        } else if len > 1 {
            if key.ends_in(*b"ay") {
                self.ay(start, end);
            }
            self.strange(key, start..end);
        }
        // Mostly a space follows, and then a word.
        end + usize::from(self.bytes.get(end) == Some(&b' '))
    }

    /// Looks at a common word: whether it and the one before stand in the wrong order.
    #[inline]
    fn known(&mut self, key: Key, range: Range<usize>) {
        let (last, last_end) = std::mem::replace(&mut self.rows.word, (key, range.end));
        if range.start - last_end <= 2 && self.words.is_backwards(last, key) && self.signs.backwards.len() < MOST {
            self.signs.backwards.push(last_end..range.start);
        }
    }

    /// Looks at a word that is no common one.
    fn strange(&mut self, key: Key, range: Range<usize>) {
        if range.len() < 3 {
            return;
        }
        let ciphers = self.words.ciphers(key);
        if ciphers != Ciphers::default() && self.signs.ciphers.len() < MOST {
            self.signs.ciphers.push((range, ciphers));
        }
    }

    /// Counts words that end in `ay`.
    fn ay(&mut self, start: usize, end: usize) {
        let (last, row) = self.rows.ay;
        let row = if start - last <= 24 { row + 1 } else { 1 };
        self.rows.ay = (end, row);
        self.signs.ays |= row >= 3;
    }

    fn number(&mut self, start: usize) -> usize {
        let len = self.bytes[start..].iter().take_while(|c| c.is_ascii_digit()).count();
        let (last, row) = self.rows.number;
        let row = if start - last <= 10 && row > 0 { row + 1 } else { 1 };
        self.rows.number = (start + len, row);
        self.signs.numbers |= row >= 5;
        start + len
    }

    fn escape(&mut self, lead: u8, start: usize) -> usize {
        match lead {
            b'%' => self.signs.percent = true,
            b'&' => self.signs.ampersand = true,
            b'=' => self.signs.equals = true,
            _ => self.signs.backslash = true,
        }
        start + 1
    }

    fn mark(&mut self, start: usize) -> usize {
        let next = self.bytes.get(start + 1).copied().unwrap_or(b' ');
        if matches!(next, b'.' | b'-' | b' ' | b'/' | b'\n') {
            let (last, row) = self.rows.mark;
            let row = if start - last <= 3 { row + 1 } else { 1 };
            self.rows.mark = (start + 1, row);
            self.signs.morse |= row >= 10;
        }
        start + 1
    }

    /// Characters that are not ASCII: letters upside down are of the phonetic alphabet, of few more.
    fn high(&mut self, start: usize) -> usize {
        let mut end = start;
        while let Some(c) = self.bytes.get(end).filter(|c| !c.is_ascii()) {
            let next = self.bytes.get(end + 1);
            if matches!(
                (c, next),
                (0xc6, Some(0x83 | 0x8e)) | (0xc7, Some(0x9d)) | (0xc9 | 0xca, _) | (0xc4, Some(0xb1))
            ) {
                self.rows.turned += 1;
                self.signs.flipped |= self.rows.turned >= 3;
            }
            end += 1;
        }
        // A letter of another script among others is spaced too.
        if end - start <= 3 {
            self.single(start, end);
        } else {
            self.rows.single.2 = 0;
        }
        end
    }

    /// Counts a single letter.
    fn single(&mut self, start: usize, end: usize) {
        let (first, last, row) = self.rows.single;
        let (first, row) = if start - last <= 8 && row > 0 { (first, row + 1) } else { (start, 1) };
        self.rows.single = (first, end, row);
        if row >= 5 {
            let singles = &mut self.signs.singles;
            if singles.last().is_some_and(|last| last.start == first) {
                singles.pop();
            }
            if singles.len() < MOST {
                singles.push(first..end);
            }
        }
    }
}

/// Whether a byte may stand in base64, base32 or hexadecimal digits.
pub(super) fn is_digit_of_bytes(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// The stretches of at least [`LONG`] such bytes. Looks at every twelfth byte, and around it where that may be one.
fn long(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(probe) = bytes.get(from + LONG - 1) {
        if !is_digit_of_bytes(*probe) {
            from += LONG;
            continue;
        }
        let before = bytes[from..from + LONG - 1].iter().rev().take_while(|c| is_digit_of_bytes(**c)).count();
        let start = from + LONG - 1 - before;
        // Everything behind the byte before `start` is to be looked at once.
        let behind = bytes[from + LONG..].iter().take_while(|c| is_digit_of_bytes(**c)).count();
        let end = from + LONG + behind;
        if end - start >= LONG && found.len() < MOST {
            found.push(start..end);
        }
        from = end + 1;
    }
    found
}
