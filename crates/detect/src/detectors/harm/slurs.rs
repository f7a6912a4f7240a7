//! Slurs by the hash of the word, so that neither the source nor the program spells them out.
//!
//! The hash hides words from a reader, not from somebody who guesses them. A line of `rules/output/slurs.txt` is the hash of a
//! word in lower case ([`hash`]), then the hashes of two four-byte pieces of it at places in a row, the rarest in prose
//! (`piece_hash`): every second place of a text is looked at, and one of the two begins there. A word of four letters has one
//! such piece; in place of the other it lists those of a sign and its first three letters.

use std::{collections::HashSet, ops::Range};

use super::pieces::{Filter, Go, PIECE};

#[cfg(test)]
mod tests;

/// How a slur is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// At somebody: "you …", "those …".
    Aimed,
    /// In some other way.
    Said,
    /// The text speaks about the word.
    Spoken,
}

/// A set of words.
#[derive(Debug)]
pub(super) struct Slurs {
    hashes: HashSet<u64>,
    filter: Filter,
}

/// No word of the list is longer.
const LONGEST: usize = 16;
/// Words of one text beyond these are not reported.
const MAX_FOUND: usize = 64;

impl Slurs {
    /// The words of this version.
    pub(super) fn known() -> Self {
        Self::read(include_str!("../../../rules/output/slurs.txt"))
            .expect("a file that is compiled in and read by a test")
    }

    fn read(lines: &str) -> Result<Self, std::num::ParseIntError> {
        let mut slurs = Self { hashes: HashSet::new(), filter: Filter::default() };
        for line in lines.lines().filter(|line| !line.starts_with('#')) {
            let mut numbers = line.split(' ');
            slurs.hashes.insert(u64::from_str_radix(numbers.next().unwrap_or(""), 16)?);
            for piece in numbers {
                slurs.filter.add(u16::from_str_radix(piece, 16)?);
            }
        }
        Ok(slurs)
    }

    /// The words of the set in a text in lower case, with how they are used.
    pub(super) fn find(&self, text: &str) -> Vec<(Range<usize>, Use)> {
        let mut found: Vec<(Range<usize>, Use)> = Vec::new();
        self.filter.each(text.as_bytes(), |at| {
            let Some(range) = word(text.as_bytes(), at) else { return Go::On };
            let is_new = found.last().is_none_or(|(last, _)| last.end <= range.start);
            if is_new && self.hashes.contains(&hash(&text.as_bytes()[range.clone()])) {
                let usage = usage(text, range.clone());
                found.push((range, usage));
            }
            if found.len() < MAX_FOUND { Go::On } else { Go::Stop }
        });
        found
    }
}

/// The word around a place, or behind it where a sign stands there. Bytes beyond ASCII belong to words, so that its borders are
/// borders of characters.
fn word(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let inside = if is_letter(bytes[at]) { at } else { at + 1 };
    let before = bytes[inside.saturating_sub(LONGEST)..inside].iter().rev().take_while(|b| is_letter(**b)).count();
    let after = bytes[inside..].iter().take(LONGEST + 1).take_while(|b| is_letter(**b)).count();
    (PIECE..=LONGEST).contains(&(before + after)).then(|| inside - before..inside + after)
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte >= 0x80
}

/// FNV-1a, with a last mix.
fn hash(word: &[u8]) -> u64 {
    let hash = word
        .iter()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn usage(text: &str, range: Range<usize>) -> Use {
    const ABOUT: &[&str] = &[
        "slur",
        "the word",
        "term",
        "offensive",
        "derogatory",
        "racist",
        "racism",
        "pejorative",
        "insult",
        "etymology",
        "lyrics",
        "novel",
        "history",
        "historical",
        "hate speech",
        "moderation",
        "censor",
        "translate",
        "called him",
        "called her",
        "called me",
        "quote",
    ];
    const AIMED: &[&str] = &[
        "you ",
        "you're a ",
        "youre a ",
        " u ",
        "those ",
        "these ",
        "all ",
        "fucking ",
        "filthy ",
        "dirty ",
        "stupid ",
        "hate ",
    ];
    let before = &text[text.floor_char_boundary(range.start.saturating_sub(160))..range.start];
    let after = &text[range.end..text.floor_char_boundary(range.end + 160)];
    let is_quoted = before.ends_with(['"', '\'', '“', '‘'])
        && after.trim_start_matches([',', '.', ' ']).starts_with(['"', '\'', '”', '’']);
    if is_quoted || ABOUT.iter().any(|word| before.contains(word) || after.contains(word)) {
        return Use::Spoken;
    }
    if AIMED.iter().any(|word| before.ends_with(word)) { Use::Aimed } else { Use::Said }
}
