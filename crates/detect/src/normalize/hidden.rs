//! What a text holds that a human reader of it does not see.
//!
//! Marked, not removed: comments and unseen elements stay in the folded form, where rules read them. What is written in
//! characters that are not seen is decoded, and read as a decoded view. Uses that do no harm are not listed: emoji with joiners
//! and selectors, flags, a byte order mark, soft hyphens, direction marks in text that runs from right to left.

mod markup;

use std::ops::Range;

use memchr::memchr3_iter;

use super::vocabulary::is_readable;

/// One stretch that is not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Where: bytes of the original text, on borders of characters.
    pub range: Range<usize>,
    /// How it is hidden.
    pub kind: HiddenKind,
    /// What it says, where that can be read; at most `LONGEST` bytes.
    pub text: String,
}

/// How text is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HiddenKind {
    /// In tag characters (U+E0000 and on), which no font draws.
    Tags,
    /// In zero-width characters: a long run of them, or words split by them.
    ZeroWidth,
    /// In variation selectors behind a character.
    Selectors,
    /// Shown in another order than it is read.
    Bidi,
    /// In a comment of HTML or Markdown.
    Comment,
    /// In an element that is not drawn, or drawn too small or too pale to see.
    Unseen,
}

impl HiddenKind {
    /// Whether the text was written in characters of its own, so that it stands nowhere else.
    pub(super) fn is_encoding(self) -> bool {
        match self {
            Self::Tags | Self::ZeroWidth | Self::Selectors => true,
            Self::Bidi | Self::Comment | Self::Unseen => false,
        }
    }
}

/// How much of a hidden text is kept.
const LONGEST: usize = 4096;
/// How many stretches are listed.
const MOST: usize = 64;
/// Zero-width characters in a row from which on they are no typography.
const LONG_RUN: usize = 8;
/// Letters of one text split by zero-width characters from which on that is no accident.
const SPLITS: usize = 4;

/// Lists what is hidden in these parts of a text.
pub(super) fn find(text: &str, parts: &[Range<usize>]) -> Vec<Hidden> {
    let mut found = Vec::new();
    for part in parts {
        let piece = &text[part.clone()];
        if has_carrier(piece.as_bytes()) {
            Characters { text: piece, base: part.start, found: &mut found }.scan();
        }
        markup::scan(piece, part.start, &mut found);
    }
    found.sort_by_key(|hidden| (hidden.range.start, hidden.range.end));
    found.truncate(MOST);
    found
}

/// Whether a text may have a character that is not seen, by the bytes such characters start with.
fn has_carrier(bytes: &[u8]) -> bool {
    let at = |nth: usize| bytes.get(nth).copied().unwrap_or(0);
    let common = memchr3_iter(0xe2, 0xef, 0xf3, bytes).any(|nth| match (bytes[nth], at(nth + 1)) {
        (0xe2, 0x80) => matches!(at(nth + 2), 0x8b..=0x8f | 0xaa..=0xae),
        (0xe2, second) => matches!(second, 0x81 | 0xa0),
        (0xef, second) => matches!(second, 0xb8 | 0xbb | 0xbe),
        _ => true,
    });
    common
        || memchr3_iter(0xe1, 0xe3, 0xcd, bytes)
            .any(|nth| matches!((bytes[nth], at(nth + 1)), (0xe1, 0x85 | 0xa0) | (0xe3, 0x85) | (0xcd, 0x8f)))
}

/// The start of a text that is not too long to keep.
fn kept(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST)].trim().to_owned()
}

/// What a character that is not seen may be part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Tag,
    Selector,
    ZeroWidth,
}

fn carrier(c: char) -> Option<Carrier> {
    match c {
        '\u{e0001}' | '\u{e0020}'..='\u{e007f}' => Some(Carrier::Tag),
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => Some(Carrier::Selector),
        '\u{200b}'..='\u{200f}'
        | '\u{2060}'..='\u{2064}'
        | '\u{206a}'..='\u{206f}'
        | '\u{feff}'
        | '\u{180e}'
        | '\u{34f}'
        | '\u{ad}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{115f}'
        | '\u{1160}' => Some(Carrier::ZeroWidth),
        _ => None,
    }
}

struct Characters<'t, 'f> {
    text: &'t str,
    base: usize,
    found: &'f mut Vec<Hidden>,
}

impl Characters<'_, '_> {
    fn scan(mut self) {
        let text = self.text;
        let right_to_left = text.chars().any(|c| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fefc}'));
        let (mut before, mut chars) = (None, text.char_indices().peekable());
        let mut turned = 0;
        let mut splits: (usize, Option<Range<usize>>) = (0, None);
        while let Some((start, c)) = chars.next() {
            if c.is_ascii() {
                before = Some(c);
                continue;
            }
            if let Some(kind) = carrier(c) {
                let mut end = start + c.len_utf8();
                while let Some((at, c)) = chars.next_if(|(_, c)| carrier(*c) == Some(kind)) {
                    end = at + c.len_utf8();
                }
                self.run(kind, start..end, before);
                let between = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
                if kind == Carrier::ZeroWidth
                    && c != '\u{ad}'
                    && between(before)
                    && between(chars.peek().map(|(_, c)| *c))
                {
                    splits = (splits.0 + 1, Some(splits.1.map_or(start, |all| all.start)..end));
                }
            } else if start >= turned
                && (matches!(c, '\u{202d}' | '\u{202e}') || !right_to_left && matches!(c, '\u{202b}' | '\u{2067}'))
            {
                turned = self.turned(start);
            }
            before = Some(c);
        }
        if let (SPLITS.., Some(range)) = splits {
            self.add(range, HiddenKind::ZeroWidth, String::new());
        }
    }

    /// Looks at a run of characters that are not seen.
    fn run(&mut self, kind: Carrier, range: Range<usize>, before: Option<char>) {
        let run = &self.text[range.clone()];
        let count = run.chars().take(LONGEST * 8).count();
        match kind {
            // A flag of a region is a black flag with up to six tags and their end.
            Carrier::Tag if before == Some('\u{1f3f4}') && count <= 7 => {}
            Carrier::Tag => {
                let said: String = run
                    .chars()
                    .filter_map(|c| char::from_u32(u32::from(c).checked_sub(0xe0000)?))
                    .take(LONGEST)
                    .collect();
                self.add(range, HiddenKind::Tags, said.chars().filter(|c| (' '..='~').contains(c)).collect());
            }
            Carrier::Selector if count < 4 => {}
            Carrier::Selector => {
                let bytes: Vec<u8> = run.chars().filter_map(selector_byte).take(LONGEST).collect();
                self.add(range, HiddenKind::Selectors, readable(&bytes));
            }
            Carrier::ZeroWidth if count < LONG_RUN || run.chars().all(|c| matches!(c, '\u{2800}' | '\u{ad}')) => {}
            Carrier::ZeroWidth => self.add(range, HiddenKind::ZeroWidth, binary(run)),
        }
    }

    /// Marks the text behind a character that turns it around, up to the end of that; returns where that is.
    fn turned(&mut self, start: usize) -> usize {
        let rest = &self.text[start..self.text.ceil_char_boundary((start + LONGEST).min(self.text.len()))];
        let ends = |c: char| matches!(c, '\n' | '\u{202c}' | '\u{2069}');
        let end = rest.find(ends).unwrap_or(rest.len());
        if rest[..end].chars().any(|c| c.is_ascii_alphabetic()) {
            let said = rest[..end]
                .chars()
                .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
                .collect();
            self.add(start..start + end, HiddenKind::Bidi, said);
        }
        start + end
    }

    fn add(&mut self, range: Range<usize>, kind: HiddenKind, text: String) {
        if self.found.len() < 2 * MOST {
            self.found.push(Hidden { range: self.base + range.start..self.base + range.end, kind, text });
        }
    }
}

/// The byte a variation selector stands for where there is one for each.
fn selector_byte(c: char) -> Option<u8> {
    let nth = match c {
        '\u{fe00}'..='\u{fe0f}' => u32::from(c) - 0xfe00,
        _ => (u32::from(c)).checked_sub(0xe0100)? + 16,
    };
    u8::try_from(nth).ok()
}

/// The text in these bytes, if they hold any.
fn readable(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).ok().filter(|said| is_readable(said)).map(str::to_owned).unwrap_or_default()
}

/// The text in a run of zero-width characters two of which are the binary digits.
fn binary(run: &str) -> String {
    let mut kinds: Vec<char> = Vec::new();
    for c in run.chars() {
        if !kinds.contains(&c) {
            kinds.push(c);
        }
        if kinds.len() > 4 {
            return String::new();
        }
    }
    // A third one is between the characters; which of two is the zero is tried.
    for zero in &kinds {
        for one in kinds.iter().filter(|one| *one != zero) {
            for width in [8, 7] {
                let bits: Vec<u8> = run
                    .chars()
                    .filter(|c| c == zero || c == one)
                    .map(|c| u8::from(c == *one))
                    .take(LONGEST * 8)
                    .collect();
                if bits.len() < 4 * width || !bits.len().is_multiple_of(width) {
                    continue;
                }
                let said = readable(
                    &bits.chunks(width).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).collect::<Vec<u8>>(),
                );
                if !said.is_empty() {
                    return said;
                }
            }
        }
    }
    String::new()
}
