//! The forms of a text that detectors read, each with the way back to the bytes it was made of.
//!
//! [`views`] shows the order: the text is folded, what it hides is listed, and what is encoded in it is decoded, twice at most.
//! Each step is linear in what it reads and bounded in what it makes.

mod decode;
mod fold;
mod glyphs;
mod hidden;
mod offsets;
mod scan;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::{borrow::Cow, ops::Range, sync::Arc};

pub use hidden::{Hidden, HiddenKind};
use offsets::Offsets;

/// How many bytes of a text are looked at; of a longer one, its head and its tail.
pub const LONGEST_TEXT: usize = 1 << 20;
/// How many of these are the tail.
const TAIL: usize = 1 << 18;

/// A text and the forms it was brought into.
#[derive(Debug, Clone)]
pub struct Views<'t> {
    /// The text as it was sent.
    pub original: &'t str,
    /// The text as a reader sees it, in lower case: what rules and models read. Always there.
    pub folded: View<'t>,
    /// What was decoded out of parts of it, in the same form, bounded in number and size.
    pub decoded: Vec<View<'t>>,
    /// Whether more is encoded in it than was decoded, because the bounds were reached.
    pub undecoded: bool,
    /// What a human reader of the text would not see, in the order of the text.
    pub hidden: Vec<Hidden>,
    /// The bytes of the original that were not looked at, because it is longer than [`LONGEST_TEXT`].
    pub truncated: Option<Range<usize>>,
}

/// One form of a text, or of a part of it.
#[derive(Debug, Clone)]
pub struct View<'t> {
    /// How it was made: the steps in their order, the last of which is always [`How::Folded`].
    pub how: Vec<How>,
    /// The text in this form.
    pub text: Cow<'t, str>,
    original: &'t str,
    /// The ways back, the last one first.
    ways: Vec<Arc<Offsets>>,
}

/// A step by which a form was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum How {
    /// Lower case, compatibility forms, without what is not seen.
    Folded,
    /// Out of tag characters, zero-width characters or variation selectors.
    Hidden,
    /// Base64, standard or for URLs.
    Base64,
    /// Base32 (RFC 4648).
    Base32,
    /// Bytes as hexadecimal digits.
    Hex,
    /// Bytes as binary digits.
    Binary,
    /// Codes of characters as decimal or octal numbers, or places in the alphabet.
    Codes,
    /// Percent-encoding (RFC 3986).
    Percent,
    /// Character references of HTML.
    Entities,
    /// Escapes of programming languages: `\x69`, `\u0069`, `\151`.
    Escapes,
    /// Quoted-printable (RFC 2045).
    QuotedPrintable,
    /// Letters shifted by so many places in the alphabet; rot13 among them.
    Caesar(u8),
    /// Printable ASCII shifted by 47.
    Rot47,
    /// The alphabet backwards.
    Atbash,
    /// Read from its end.
    Reversed,
    /// Each word read from its end.
    ReversedWords,
    /// The words in the opposite order.
    ReversedOrder,
    /// Digits and signs for letters.
    Leet,
    /// Letters with spaces or signs between them.
    Spaced,
    /// Words without spaces between them.
    Joined,
    /// Morse code.
    Morse,
    /// Pig Latin.
    PigLatin,
    /// Letters that are upside down.
    Flipped,
}

impl View<'_> {
    /// The bytes of the original text that a range of this form was made of, on borders of characters.
    ///
    /// Not empty unless the range is; a range that reaches beyond the form is cut to it.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        let end = range.end.min(self.text.len());
        let mut range = range.start.min(end)..end;
        for way in &self.ways {
            range = way.origin(range);
        }
        let start = self.original.floor_char_boundary(range.start);
        start..self.original.ceil_char_boundary(range.end.max(start))
    }
}

/// Brings a text into the forms that detectors read.
pub fn views(text: &str) -> Views<'_> {
    let (parts, truncated) = parts(text);
    let folded = fold::fold(text, &parts);
    let hidden = hidden::find(text, &parts);
    let way = Arc::new(folded.map);
    let root = decode::Source { before: text, text: &folded.text, way: &way };
    let (decoded, undecoded) = decode::decode(text, &root, &way, &hidden);
    let folded = View { how: vec![How::Folded], text: Cow::Owned(folded.text), original: text, ways: vec![way] };
    Views { original: text, folded, decoded, undecoded, hidden, truncated }
}

/// The parts of a text that are looked at, and the one between them that is not.
fn parts(text: &str) -> (Vec<Range<usize>>, Option<Range<usize>>) {
    if text.len() <= LONGEST_TEXT {
        return (std::iter::once(0..text.len()).collect(), None);
    }
    let head = text.floor_char_boundary(LONGEST_TEXT - TAIL);
    let tail = text.ceil_char_boundary(text.len() - TAIL);
    // Offsets have 32 bits.
    if u32::try_from(text.len()).is_err() {
        return (std::iter::once(0..head).collect(), Some(head..text.len()));
    }
    (vec![0..head, tail..text.len()], Some(head..tail))
}
