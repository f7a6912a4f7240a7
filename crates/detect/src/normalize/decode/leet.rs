//! Digits and signs for letters: `1gn0r3 4ll`.

use super::{
    How, Pieces, Signs, Source,
    edit::{Edit, Said, apply},
};
use crate::normalize::vocabulary::{Key, LONGEST, vocabulary};

/// How many letters a single word has at least that is read so on its own.
const ALONE: usize = 4;
/// How many signs with two readings are tried both ways in a word.
const OPEN: usize = 4;

/// A word that may be written so.
struct Token {
    start: usize,
    end: usize,
    /// Which readings make it a word, where some do.
    choice: Option<usize>,
    known: bool,
}

/// Reads words that mix letters with digits and signs.
pub(super) fn decode(source: &Source<'_>, signs: &Signs, pieces: &mut Pieces) {
    if signs.mixed.count == 0 {
        return;
    }
    let bytes = source.text.as_bytes();
    // Words at both ends may have no letter left beside the one that was seen.
    let from = source.text.floor_char_boundary(signs.mixed.start.saturating_sub(64));
    let to = source.text.ceil_char_boundary((signs.mixed.end + 64).min(bytes.len()));
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = from;
    while at < to {
        // Most words have letters alone.
        let (mut end, mut kinds) = (at, 0);
        while end < to && KINDS[usize::from(bytes[end])] != 0 {
            kinds |= KINDS[usize::from(bytes[end])];
            end += 1;
        }
        if kinds & SIGN == 0 {
            at = end + 1;
            continue;
        }
        // What follows these is an escape.
        if at == 0 || !matches!(bytes[at - 1], b'%' | b'\\' | b'#' | b'=' | b'&') {
            tokens.extend(token(bytes, at, end));
        }
        at = end;
    }
    let known = tokens.iter().filter(|token| token.known && token.end - token.start > 2);
    let (count, longest) =
        known.fold((0, 0), |(count, longest), token| (count + 1, longest.max(token.end - token.start)));
    if count == 0 || count == 1 && longest < ALONE {
        return;
    }
    // Others are read so only among words that are.
    let near = |nth: usize| {
        let before = tokens[..nth].iter().rev().take(2).any(|token| token.known);
        before || tokens[nth + 1..].iter().take(2).any(|token| token.known)
    };
    let wanted: Vec<bool> = (0..tokens.len()).map(|nth| tokens[nth].known || count > 1 && near(nth)).collect();
    let edits: Vec<Edit> = tokens
        .into_iter()
        .zip(wanted)
        .filter(|(_, wanted)| *wanted)
        .map(|(token, _)| {
            let range = token.start..token.end;
            let said = spell(&bytes[range.clone()], token.choice.unwrap_or(0)).map(char::from).collect();
            Edit { range, text: Said::Whole(said) }
        })
        .collect();
    apply(source.text, &edits, How::Leet, pieces);
}

/// That a byte is a letter, and that it stands for one.
const LETTER: u8 = 1;
const SIGN: u8 = 2;

/// Which of these each byte is.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut c = b'!';
    while c < 0x7f {
        kinds[c as usize] = if c.is_ascii_lowercase() {
            LETTER
        } else if readings(c).is_empty() {
            0
        } else {
            SIGN
        };
        c += 1;
    }
    kinds
};

/// The letters that a digit or sign stands for.
const fn readings(c: u8) -> &'static [u8] {
    match c {
        b'0' => b"o",
        b'1' | b'|' => b"il",
        b'!' => b"il",
        b'2' => b"z",
        b'3' => b"e",
        b'4' | b'@' => b"a",
        b'5' | b'$' => b"s",
        b'6' => b"gb",
        b'7' => b"tl",
        b'+' => b"t",
        b'8' => b"b",
        b'9' => b"gq",
        _ => b"",
    }
}

/// Reads one word, if it is written so.
fn token(bytes: &[u8], start: usize, end: usize) -> Option<Token> {
    // A mark at the end is a mark, unless only it makes the word one.
    let marks = bytes[start..end].iter().rev().take_while(|c| matches!(c, b'!' | b'|' | b'+')).count();
    let lettered = bytes[start..end].iter().any(u8::is_ascii_lowercase);
    let token = |end: usize, choice: Option<usize>| Token { start, end, choice, known: lettered && choice.is_some() };
    let (bare, whole) = (&bytes[start..end - marks], &bytes[start..end]);
    match (read(bare), marks) {
        (Some(choice), 0) => Some(token(end, choice)),
        (Some(Some(choice)), _) => Some(token(end - marks, Some(choice))),
        (Some(None), _) => {
            Some(read(whole).flatten().map_or(token(end - marks, None), |choice| token(end, Some(choice))))
        }
        // A word with a mark behind it.
        (None, _) if bytes[end - marks..end].iter().all(|c| *c == b'!') => None,
        (None, _) => read(whole).flatten().map(|choice| token(end, Some(choice))),
    }
}

/// Which of its readings makes a word a common one, if any does; `None` where it has letters or digits alone or is too long.
fn read(word: &[u8]) -> Option<Option<usize>> {
    let letters = word.iter().filter(|c| c.is_ascii_lowercase()).count();
    if letters == word.len() || word.is_empty() || word.len() > 24 || letters == 0 && word.len() > 3 {
        return None;
    }
    if word.len() > LONGEST {
        return Some(None);
    }
    let words = vocabulary();
    let open = word.iter().filter(|c| readings(**c).len() > 1).count().min(OPEN);
    let is_known = |choice: &usize| words.is_word(spell(word, *choice).fold(Key::default(), Key::with));
    let choice = (0..1 << open).find(is_known);
    // A number is a number unless its digits spell a word.
    (letters > 0 || choice.is_some()).then_some(choice)
}

/// The letters of a word where each sign with two readings has the one that its bit says.
fn spell(word: &[u8], choice: usize) -> impl Iterator<Item = u8> + '_ {
    let mut open = 0;
    word.iter().map(move |c| match readings(*c) {
        [] => *c,
        [only] => *only,
        [first, second, ..] => {
            let bit = if open < OPEN { choice >> open & 1 } else { 0 };
            open += 1;
            if bit == 0 { *first } else { *second }
        }
    })
}
