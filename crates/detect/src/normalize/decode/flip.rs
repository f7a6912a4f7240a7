//! Letters that are upside down, read from the right.

use super::{
    How, Pieces, Signs, Source,
    edit::{Edit, Said, apply},
};
use crate::normalize::vocabulary::{is_english, is_word};

/// The fewest letters in a row of which some stand upside down.
const FEWEST: usize = 5;

/// Turns rows of such letters around.
pub(super) fn decode(source: &Source<'_>, signs: &Signs, pieces: &mut Pieces) {
    if !signs.flipped {
        return;
    }
    let text = source.text;
    let mut edits = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let begin = at;
        at += line.len();
        let turned = |c: char| upright(c).is_some() && !c.is_ascii();
        // Words that look alike either way stand among those that do not.
        let words = line.split_inclusive(char::is_whitespace).scan(begin, |at, word| {
            let start = *at;
            *at += word.len();
            Some((start, word))
        });
        let mut row: Option<(usize, usize)> = None;
        for (start, word) in words {
            let plain = word.trim_end();
            if plain.chars().any(turned) {
                row = Some((row.map_or(start, |row| row.0), start + plain.len()));
            } else if !plain.chars().all(|c| upright(c).is_some()) || is_word(plain.as_bytes()) && plain.len() > 2 {
                edits.extend(row.take().and_then(|row| edit(text, row)));
            }
        }
        edits.extend(row.and_then(|row| edit(text, row)));
    }
    apply(text, &edits, How::Flipped, pieces);
}

fn edit(text: &str, (start, end): (usize, usize)) -> Option<Edit> {
    let said: String = text[start..end].chars().rev().map(|c| upright(c).unwrap_or(c)).collect();
    let known = is_english(&said) || is_word(said.as_bytes());
    (said.len() >= FEWEST && known).then_some(Edit { range: start..end, text: Said::Whole(said) })
}

/// The letter or mark this one is upside down.
fn upright(c: char) -> Option<char> {
    Some(match c {
        'ɐ' => 'a',
        'q' => 'b',
        'ɔ' => 'c',
        'p' => 'd',
        'ǝ' => 'e',
        'ɟ' => 'f',
        'ƃ' | 'ɓ' | 'ᵷ' => 'g',
        'ɥ' => 'h',
        'ᴉ' | 'ı' | 'ᵎ' => 'i',
        'ɾ' | 'ſ' => 'j',
        'ʞ' => 'k',
        'l' | 'ʃ' | 'ꞁ' => 'l',
        'ɯ' => 'm',
        'u' => 'n',
        'o' => 'o',
        'd' => 'p',
        'b' => 'q',
        'ɹ' => 'r',
        's' => 's',
        'ʇ' => 't',
        'n' => 'u',
        'ʌ' => 'v',
        'ʍ' => 'w',
        'x' => 'x',
        'ʎ' => 'y',
        'z' => 'z',
        '˙' => '.',
        '\'' => ',',
        '¡' => '!',
        '¿' => '?',
        ' ' => ' ',
        _ => return None,
    })
}
