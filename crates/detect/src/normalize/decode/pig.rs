//! Pig Latin: the consonants a word starts with are at its end, with `ay`.

use super::{
    How, Pieces, Signs, Source,
    edit::{Edit, Said, apply},
};
use crate::normalize::vocabulary::{is_english, is_word};

/// The fewest words that are a text.
const FEWEST: usize = 3;

/// What English words start with, the longest first.
const STARTS: [&str; 36] = [
    "str", "spr", "scr", "spl", "squ", "thr", "shr", "sch", "bl", "br", "ch", "cl", "cr", "dr", "fl", "fr", "gl", "gr",
    "ph", "pl", "pr", "sc", "sh", "sk", "sl", "sm", "sn", "sp", "st", "sw", "th", "tr", "tw", "wh", "wr", "kn",
];

/// Reads rows of words that end in `ay`.
pub(super) fn decode(source: &Source<'_>, signs: &Signs, pieces: &mut Pieces) {
    if !signs.ays {
        return;
    }
    let text = source.text;
    let mut edits: Vec<Edit> = Vec::new();
    // The row being read: where it starts and ends, what it says, and how many words of it end so.
    let mut row: Option<(usize, usize, String, usize)> = None;
    let mut at = 0;
    for token in text.split_inclusive(char::is_whitespace) {
        let start = at;
        at += token.len();
        let word_end = token.rfind(|c: char| c.is_ascii_alphabetic()).map_or(0, |at| at + 1);
        let word_start = token.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(0);
        let word = token.get(word_start..word_end).unwrap_or("");
        match (undo(word), &mut row) {
            (Some(said), Some((_, end, all, count))) => {
                all.push_str(&text[*end..start + word_start]);
                all.push_str(&said);
                (*end, *count) = (start + word_end, *count + 1);
            }
            (Some(said), None) => row = Some((start + word_start, start + word_end, said, 1)),
            // Numbers and marks stand among them.
            (None, Some(_)) if word.is_empty() => {}
            (None, _) => edits.extend(row.take().and_then(edit)),
        }
    }
    edits.extend(row.and_then(edit));
    apply(text, &edits, How::PigLatin, pieces);
}

fn edit((start, end, text, count): (usize, usize, String, usize)) -> Option<Edit> {
    (count >= FEWEST && is_english(&text)).then_some(Edit { range: start..end, text: Said::Whole(text) })
}

/// The word it was; `None` for a word that does not end so.
fn undo(word: &str) -> Option<String> {
    let stem =
        word.strip_suffix("ay").filter(|stem| stem.len() >= 2 && stem.bytes().all(|c| c.is_ascii_alphabetic()))?;
    let is_vowel = |c: &u8| matches!(c, b'a' | b'e' | b'i' | b'o' | b'u');
    if !stem.bytes().any(|c| is_vowel(&c)) {
        return Some(stem.to_owned());
    }
    // A word that starts with a vowel has `way` or `yay` behind it.
    let plain = stem.strip_suffix(['w', 'y']).filter(|plain| plain.as_bytes().first().is_some_and(is_vowel));
    let is_moved = stem.ends_with('y') && is_word(moved(stem, 1).as_bytes());
    if let Some(plain) = plain.filter(|plain| !is_moved && is_word(plain.as_bytes())) {
        return Some(plain.to_owned());
    }
    if let Some(rest) = stem.strip_suffix("qu") {
        return Some(format!("qu{rest}"));
    }
    let consonants = stem.bytes().rev().take_while(|c| !is_vowel(c)).count();
    let most = consonants.clamp(1, 4).min(stem.len() - 1);
    if let Some(known) = (1..=most).map(|count| moved(stem, count)).find(|word| is_word(word.as_bytes())) {
        return Some(known);
    }
    let start = STARTS.iter().find(|start| stem.ends_with(**start)).map_or(1, |start| start.len());
    Some(plain.map_or_else(|| moved(stem, start), str::to_owned))
}

/// With so many letters moved from its end to its start.
fn moved(stem: &str, count: usize) -> String {
    let (rest, start) = stem.split_at(stem.len() - count);
    format!("{start}{rest}")
}
