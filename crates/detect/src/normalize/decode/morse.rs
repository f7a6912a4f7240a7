//! Morse code.

use super::{How, Pieces, Signs, Source};
use crate::normalize::vocabulary::is_english;

/// The letters and digits in the order of the places that `place` finds.
const CODES: [(&str, char); 36] = [
    (".-", 'a'),
    ("-...", 'b'),
    ("-.-.", 'c'),
    ("-..", 'd'),
    (".", 'e'),
    ("..-.", 'f'),
    ("--.", 'g'),
    ("....", 'h'),
    ("..", 'i'),
    (".---", 'j'),
    ("-.-", 'k'),
    (".-..", 'l'),
    ("--", 'm'),
    ("-.", 'n'),
    ("---", 'o'),
    (".--.", 'p'),
    ("--.-", 'q'),
    (".-.", 'r'),
    ("...", 's'),
    ("-", 't'),
    ("..-", 'u'),
    ("...-", 'v'),
    (".--", 'w'),
    ("-..-", 'x'),
    ("-.--", 'y'),
    ("--..", 'z'),
    ("-----", '0'),
    (".----", '1'),
    ("..---", '2'),
    ("...--", '3'),
    ("....-", '4'),
    (".....", '5'),
    ("-....", '6'),
    ("--...", '7'),
    ("---..", '8'),
    ("----.", '9'),
];

/// The fewest letters that are a text.
const FEWEST: usize = 5;

/// Reads rows of dots and dashes.
pub(super) fn decode(source: &Source<'_>, signs: &Signs, pieces: &mut Pieces) {
    if !signs.morse {
        return;
    }
    let text = source.text;
    let (mut start, mut end, mut said, mut letters) = (0, 0, String::new(), 0);
    let mut at = 0;
    for token in text.split_inclusive([' ', '\n', '\t', '/', '|']) {
        let begin = at;
        at += token.len();
        let code = token.trim_end_matches([' ', '\n', '\t', '/', '|']);
        let behind = &token[code.len()..];
        // What it is quoted by is no part of it.
        let quotes = ['"', '\'', '`', '(', ')', '[', ']', '“', '”', ','];
        let begin = begin + code.len() - code.trim_start_matches(quotes).len();
        let code = code.trim_matches(quotes);
        if code.is_empty() {
            // A second gap, or a stroke, is between words.
            if !said.is_empty() && !said.ends_with(' ') {
                said.push(' ');
            }
            continue;
        }
        if let Some(c) = letter(code) {
            if said.is_empty() {
                start = begin;
            }
            said.push(c);
            letters += 1;
            end = begin + code.len();
            if matches!(behind, "/" | "|" | "\n") {
                said.push(' ');
            }
        } else {
            add(pieces, &std::mem::take(&mut said), letters, start..end);
            letters = 0;
        }
    }
    add(pieces, &said, letters, start..end);
}

fn add(pieces: &mut Pieces, said: &str, letters: usize, range: std::ops::Range<usize>) {
    if letters >= FEWEST && is_english(said) {
        pieces.add_stretch(How::Morse, said.trim_end(), range);
    }
}

fn letter(code: &str) -> Option<char> {
    let plain: String = code
        .chars()
        .take(8)
        .map(|c| match c {
            '·' | '•' | '.' => '.',
            '-' | '_' | '–' | '—' | '−' | '‐' => '-',
            c => c,
        })
        .collect();
    CODES.iter().find(|(known, _)| *known == plain).map(|(_, c)| *c)
}
