//! Codes of characters as numbers in a row: decimal, octal, hexadecimal, binary, places in the alphabet.

use std::ops::Range;

use super::{
    How, Pieces, Signs, Source,
    bytes::{bits, readable},
};
use crate::normalize::vocabulary::{is_english, is_readable, word_starts};

/// The fewest numbers that are a text.
const FEWEST: usize = 4;
/// The widest gap between two numbers.
const WIDEST: usize = 10;
/// How many numbers of one row are decoded.
const MOST: usize = 1 << 16;

/// Numbers in a row, as they stand in a text.
#[derive(Default)]
struct Row {
    numbers: Vec<Range<usize>>,
}

/// Decodes rows of numbers.
pub(super) fn decode(source: &Source<'_>, signs: &Signs, pieces: &mut Pieces) {
    if !signs.numbers {
        return;
    }
    let bytes = source.text.as_bytes();
    let mut row = Row::default();
    let mut at = 0;
    while let Some(c) = bytes.get(at) {
        if !c.is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let len = bytes[at..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
        let token = number(bytes, at..at + len);
        at += len;
        let gap = token
            .as_ref()
            .map_or(usize::MAX, |token| token.start - row.numbers.last().map_or(token.start, |last| last.end));
        if let Some(token) = token {
            if gap > WIDEST || row.numbers.len() >= MOST {
                std::mem::take(&mut row).add(source, pieces);
            }
            row.numbers.push(token);
        } else if !is_name(&bytes[at - len..at]) {
            std::mem::take(&mut row).add(source, pieces);
        }
    }
    row.add(source, pieces);
}

/// What stands before each number in some languages: `chr(105)`, `U+0069`.
fn is_name(word: &[u8]) -> bool {
    matches!(word, b"chr" | b"char" | b"u" | b"x" | b"string" | b"n" | b"fromcharcode")
}

/// The digits of a word that is a number of any base, without what says which.
fn number(bytes: &[u8], word: Range<usize>) -> Option<Range<usize>> {
    let prefixed = word.len() > 2 && bytes[word.start] == b'0' && matches!(bytes[word.start + 1], b'x' | b'b' | b'o');
    let digits = if prefixed { word.start + 2..word.end } else { word };
    let text = &bytes[digits.clone()];
    let hexadecimal = text.iter().all(u8::is_ascii_hexdigit);
    (text.len() <= 8 && hexadecimal && (text.len() == 2 || text.iter().any(u8::is_ascii_digit))).then_some(digits)
}

impl Row {
    fn add(self, source: &Source<'_>, pieces: &mut Pieces) {
        let (Some(first), Some(last)) = (self.numbers.first(), self.numbers.last()) else { return };
        if self.numbers.len() < FEWEST {
            return;
        }
        let range = first.start..last.end;
        if let Some((how, text)) = self.said(source.text) {
            pieces.add_stretch(how, &text, range);
        }
    }

    /// What the numbers say in the base they fit.
    fn said(&self, text: &str) -> Option<(How, String)> {
        let all = |fits: fn(&[u8]) -> bool| self.numbers.iter().all(|number| fits(&text.as_bytes()[number.clone()]));
        if all(|digits| matches!(digits.len(), 7 | 8) && digits.iter().all(|c| matches!(c, b'0' | b'1'))) {
            return self.binary(text).map(|text| (How::Binary, text));
        }
        if all(|digits| digits.len() == 2)
            && let Some(said) = readable(self.values(text, 16).filter_map(|value| u8::try_from(value).ok()).collect())
        {
            return Some((How::Hex, said));
        }
        if all(|digits| digits.len() == 4)
            && let Some(said) = self.chars(text, 16)
        {
            return Some((How::Codes, said));
        }
        if !all(|digits| digits.iter().all(u8::is_ascii_digit)) {
            return None;
        }
        let octal = all(|digits| digits.iter().all(|c| *c < b'8'));
        let said = self.chars(text, 10).or_else(|| if octal { self.chars(text, 8) } else { None });
        said.or_else(|| self.alphabet(text)).map(|said| (How::Codes, said))
    }

    fn values<'s>(&'s self, text: &'s str, radix: u32) -> impl Iterator<Item = u32> + 's {
        self.numbers.iter().map(move |number| u32::from_str_radix(&text[number.clone()], radix).unwrap_or(0))
    }

    /// As codes of characters; `None` as soon as one is no character of a text.
    fn chars(&self, text: &str, radix: u32) -> Option<String> {
        let printable = |value| char::from_u32(value).filter(|c| !c.is_control() || c.is_ascii_whitespace());
        let said: String = self.values(text, radix).map(printable).collect::<Option<String>>()?;
        is_readable(&said).then_some(said)
    }

    fn binary(&self, text: &str) -> Option<String> {
        let digits: Vec<u8> = self.numbers.iter().flat_map(|number| text[number.clone()].bytes()).collect();
        bits(&digits)
    }

    /// As places in the alphabet, words apart where the gap is wider than usual, or where the vocabulary says so.
    fn alphabet(&self, text: &str) -> Option<String> {
        let letter =
            |value: u32| (1..=26).contains(&value).then(|| u8::try_from(value).ok().map(|value| b'a' + value - 1))?;
        let letters: Vec<u8> = self.values(text, 10).map(letter).collect::<Option<_>>()?;
        if letters.len() < 2 * FEWEST {
            return None;
        }
        let gap = |nth: usize| &text[self.numbers[nth - 1].end..self.numbers[nth].start];
        let same = (1..letters.len()).all(|nth| gap(nth) == gap(1));
        // The gap within words is the commoner one: of the first two that differ, the other stands between words.
        let count = |wanted: &str| (1..letters.len()).filter(|nth| gap(*nth) == wanted).count();
        let usual = (1..letters.len().min(32)).map(gap).max_by_key(|gap| count(gap))?;
        let guessed = if same { word_starts(&letters) } else { Vec::new() };
        let mut said = String::with_capacity(letters.len() * 2);
        for (nth, c) in letters.iter().enumerate() {
            if nth > 0 && (!same && gap(nth) != usual || guessed.binary_search(&nth).is_ok()) {
                said.push(' ');
            }
            said.push(char::from(*c));
        }
        is_english(&said).then_some(said)
    }
}
