//! Rot13 and other shifts, rot47, atbash, text read backwards: found by the forms that common words have in them.

use std::ops::Range;

use super::{
    How, Pieces, Signs, Source,
    edit::{Edit, Said, apply},
};
use crate::normalize::vocabulary::{Ciphers, atbash, is_english, is_word, shift};

/// How far apart words of one stretch are.
const APART: usize = 64;
/// How far a stretch reaches beyond the words that were known, over words that are none.
const BEYOND: usize = 160;
/// How far around two words in the wrong order the others are put in the other order.
const LINE: usize = 1024;
/// How long a stretch is at most, but for what is around its words.
const LONGEST: usize = 1 << 14;
/// How many letters the known words of a stretch have at least.
const LETTERS: usize = 8;

/// Decodes each cipher in which some words are common ones.
pub(super) fn decode(source: &Source<'_>, signs: &Signs, pieces: &mut Pieces) {
    rot47(source, signs, pieces);
    reordered(source, signs, pieces);
    let seen = signs.ciphers.iter().fold(0, |all, (_, ciphers)| all | ciphers.0);
    if seen == 0 || signs.ciphers.len() < 2 {
        return;
    }
    for places in 1..26_u8 {
        let words = if places == 13 || places == 3 { 2 } else { 3 };
        letters(source, signs, pieces, (Ciphers::shift(places), words), How::Caesar(places), |c| shift(c, 26 - places));
    }
    letters(source, signs, pieces, (Ciphers::ATBASH, 2), How::Atbash, atbash);
    for (cipher, undo) in [(Ciphers::REVERSED, 0), (Ciphers::REVERSED_ROT13, 13)] {
        let found = stretches(source.text, &hits(signs, cipher), 2);
        let said = |text: &str| text.bytes().map(|c| char::from(shift(c, undo))).collect::<String>();
        let whole =
            |text: &str| if undo == 0 { text.chars().rev().collect() } else { said(text).chars().rev().collect() };
        let edits = edits(source.text, &found, |text| Said::Whole(whole(text)));
        apply(source.text, &edits, How::Reversed, pieces);
        let edits = self::edits(source.text, &found, |text| {
            Said::Whole(each_word_reversed(&if undo == 0 { text.to_owned() } else { said(text) }))
        });
        apply(source.text, &edits, How::ReversedWords, pieces);
    }
}

/// The words that are common ones in this cipher.
fn hits(signs: &Signs, cipher: Ciphers) -> Vec<Range<usize>> {
    signs.ciphers.iter().filter(|(_, ciphers)| ciphers.has(cipher)).map(|(range, _)| range.clone()).collect()
}

/// Decodes a cipher that changes letters one by one.
fn letters(
    source: &Source<'_>,
    signs: &Signs,
    pieces: &mut Pieces,
    looked_for: (Ciphers, usize),
    how: How,
    undo: impl Fn(u8) -> u8,
) {
    let (cipher, words) = looked_for;
    let hits = hits(signs, cipher);
    if hits.len() < words {
        return;
    }
    let found = stretches(source.text, &hits, words);
    let each = |c: char| if c.is_ascii() { u8::try_from(c).map_or(c, |c| char::from(undo(c))) } else { c };
    let edits = edits(source.text, &found, |text| Said::Same(text.chars().map(each).collect()));
    apply(source.text, &edits, how, pieces);
}

/// What these stretches say, where it is English.
fn edits(text: &str, stretches: &[Range<usize>], say: impl Fn(&str) -> Said) -> Vec<Edit> {
    let made = stretches.iter().map(|range| Edit { range: range.clone(), text: say(&text[range.clone()]) });
    made.filter(|edit| is_english(&edit.text.text())).collect()
}

/// The stretches of a text around words that are known in a cipher: from the first to the last, and on over words that are none.
fn stretches(text: &str, hits: &[Range<usize>], words: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut rest = hits;
    while let Some(first) = rest.first() {
        // The stretch before may have reached over it.
        if found.last().is_some_and(|last| first.start < last.end) {
            rest = &rest[1..];
            continue;
        }
        let near = |pair: &[Range<usize>]| {
            pair[1].start.saturating_sub(pair[0].end) <= APART && pair[1].end - first.start <= LONGEST
        };
        let count = 1 + rest.windows(2).take_while(|pair| near(pair)).count();
        let (group, others) = rest.split_at(count);
        rest = others;
        let known: usize = group.iter().map(Range::len).sum();
        let all = group[count - 1].end - first.start;
        if count < words || known < LETTERS || known * 5 < all {
            continue;
        }
        let from = found.last().map_or(0, |last| last.end);
        let to = others.first().map_or(text.len(), |next| next.start);
        found.push(widened(text, first.start..group[count - 1].end, from..to));
    }
    found
}

/// With the words around it up to a common one, the end of the line or of where it may reach.
fn widened(text: &str, range: Range<usize>, within: Range<usize>) -> Range<usize> {
    let first = text.floor_char_boundary(range.start.saturating_sub(BEYOND)).max(within.start);
    let before = &text[first..range.start];
    let before = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let after = &text[range.end..text.floor_char_boundary(range.end + BEYOND).min(within.end)];
    let after = &after[..after.find('\n').unwrap_or(after.len())];
    range.start - strange(before.split_inclusive(' ').collect::<Vec<_>>().into_iter().rev())
        ..range.end + strange(after.split_inclusive(' '))
}

/// How many bytes of these words come before common ones. A single short one among others may be one in the cipher too.
fn strange<'w>(words: impl Iterator<Item = &'w str>) -> usize {
    let (mut len, mut held, mut stopped) = (0, 0, false);
    for word in words {
        let letters = word.trim_matches(|c: char| !c.is_ascii_alphabetic());
        if !is_word(letters.as_bytes()) {
            len += held + word.len();
            held = 0;
        } else if held > 0 || letters.len() > 3 {
            stopped = true;
            break;
        } else {
            held = word.len();
        }
    }
    // At the end of the line a short one belongs to it.
    if stopped { len } else { len + held }
}

/// Each run of letters backwards in its place.
fn each_word_reversed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word: Vec<char> = Vec::new();
    for c in text.chars() {
        if c.is_alphanumeric() {
            word.push(c);
        } else {
            out.extend(word.drain(..).rev());
            out.push(c);
        }
    }
    out.extend(word.drain(..).rev());
    out
}

/// Reads lines from the last word to the first in which pairs of words stand in the wrong order.
fn reordered(source: &Source<'_>, signs: &Signs, pieces: &mut Pieces) {
    let mut rest = signs.backwards.as_slice();
    while let [first, second, ..] = rest {
        if second.start - first.end > APART {
            rest = &rest[1..];
            continue;
        }
        let text = source.text;
        let from = text.ceil_char_boundary(first.start.saturating_sub(LINE));
        let to = text.floor_char_boundary(second.end + LINE);
        let start = text[from..first.start].rfind('\n').map_or(from, |at| from + at + 1);
        let end = text[second.end..to].find('\n').map_or(to, |at| second.end + at);
        let words: Vec<&str> = text[start..end].split_whitespace().rev().collect();
        pieces.add_stretch(How::ReversedOrder, &words.join(" "), start..end);
        let behind = rest.iter().take_while(|pair| pair.start < end).count();
        rest = &rest[behind..];
    }
}

/// Decodes rot47, in which lower-case letters are digits, signs and a few capitals.
fn rot47(source: &Source<'_>, signs: &Signs, pieces: &mut Pieces) {
    if signs.mixed.count < 2 {
        return;
    }
    let undo = |c: char| match c {
        '!'..='~' => char::from_u32(33 + (u32::from(c) - 33 + 47) % 94).unwrap_or(c),
        c => c,
    };
    let written = |range: Range<usize>| -> String { source.written(range).chars().map(undo).collect() };
    // Its words have a letter beside a sign, but not all of them.
    let from = source.text[..signs.mixed.start].rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let from = source.text.floor_char_boundary(from.saturating_sub(BEYOND));
    let to = source.text.ceil_char_boundary((signs.mixed.end + BEYOND).min(source.text.len()));
    let mut at = from;
    let mut hits = Vec::new();
    for token in source.text[from..to].split_inclusive(char::is_whitespace) {
        let start = at;
        at += token.len();
        let token = token.trim_end();
        if is_rot47(token.as_bytes()) {
            let said = written(start..start + token.len());
            let word = said.trim_matches(|c: char| c.is_ascii_punctuation());
            if word.len() >= 2 && is_word(word.as_bytes()) && hits.len() < 4096 {
                hits.push(start..start + token.len());
            }
        }
    }
    let made = stretches(source.text, &hits, 2)
        .into_iter()
        .map(|range| Edit { text: Said::Whole(written(range.clone())), range });
    let edits: Vec<Edit> = made.filter(|edit| is_english(&edit.text.text())).collect();
    apply(source.text, &edits, How::Rot47, pieces);
}

/// Whether a word may be lower-case letters in rot47: digits, some signs, and capitals that were folded.
fn is_rot47(word: &[u8]) -> bool {
    let letter = |c: &u8| matches!(c, b'2'..=b'@' | b'a'..=b'k');
    let signs = word.iter().filter(|c| !c.is_ascii_alphabetic()).count();
    (2..=16).contains(&word.len()) && signs > 0 && word.iter().filter(|c| !letter(c)).count() <= 2
}
