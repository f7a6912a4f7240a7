//! Base64, base32, hexadecimal and binary digits in one stretch, over lines where they are broken.

use std::ops::Range;

use super::{
    How, Pieces, Signs, Source,
    edit::{Edit, Said, apply},
};
use crate::{
    base64_bytes::base64_bytes,
    normalize::{
        scan::is_digit_of_bytes,
        vocabulary::{is_readable, is_word},
    },
};

/// The shortest line that may go on in the next one.
const LINE: usize = 40;
/// How many digits of one stretch are decoded.
const DIGITS: usize = 80_000;
/// How often a part of a stretch is tried.
const TRIES: usize = 6;
/// The shortest stretch that is worth decoding.
const SHORTEST: usize = 12;

/// Decodes the long stretches.
pub(super) fn decode(source: &Source<'_>, signs: &Signs, pieces: &mut Pieces) {
    let mut edits: Vec<Edit> = Vec::new();
    let mut nth = 0;
    while let Some(first) = signs.long.get(nth) {
        let (count, lines) = joined(source.text, &signs.long[nth..]);
        // The line behind it may be another matter.
        if let Some((how, text, origin)) = part(source, &lines) {
            pieces.add_stretch(how, &text, origin);
            nth += count;
            continue;
        }
        nth += 1;
        if lines != *first
            && let Some((how, text, origin)) = part(source, first)
        {
            pieces.add_stretch(how, &text, origin);
        } else if let Some(text) = words(&source.text[first.clone()]) {
            edits.push(Edit { range: first.clone(), text: Said::Same(text) });
        }
    }
    apply(source.text, &edits, How::Joined, pieces);
}

/// What a part of a source says, and which part of that says it.
fn part(source: &Source<'_>, range: &Range<usize>) -> Option<(How, String, Range<usize>)> {
    let written = source.written(range.clone());
    let (how, text, part) = stretch(written)?;
    // Where the stretch has other offsets than what was written, all of it is the origin.
    let exact = written.len() == range.len();
    Some((how, text, if exact { range.start + part.start..range.start + part.end } else { range.clone() }))
}

/// How many stretches go together because only the end of a line is between them, and the stretch they are.
fn joined(text: &str, long: &[Range<usize>]) -> (usize, Range<usize>) {
    let bytes = text.as_bytes();
    let mut range = long[0].clone();
    let mut line = range.len();
    let mut count = 1;
    while line >= LINE && range.len() < 2 * DIGITS {
        let gap = bytes[range.end..].iter().take(16).take_while(|c| matches!(c, b'\r' | b'\n' | b' ' | b'>')).count();
        let next = range.end + gap;
        if bytes[range.end..next].iter().filter(|c| **c == b'\n').count() != 1 {
            break;
        }
        // The last line may be short.
        let len = bytes[next..].iter().take_while(|c| is_digit_of_bytes(**c)).count();
        if len == 0 || len > line {
            break;
        }
        line = len;
        range.end = next + len;
        count += usize::from(long.get(count).is_some_and(|long| long.start == next));
    }
    (count, range)
}

/// What a stretch says in the encoding it fits, and the part of it that says so.
fn stretch(written: &str) -> Option<(How, String, Range<usize>)> {
    if let Some((how, text)) = digits(written) {
        return Some((how, text, 0..written.len()));
    }
    // A name before it (`data=…`, `path/…`), or what follows it.
    let mut at = 0;
    let mut tries = TRIES;
    for piece in written.split_inclusive(['=', '/', '-', '_', '+']) {
        let start = at;
        at += piece.len();
        let rest = &written[start..];
        let piece = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if rest.len() < SHORTEST || rest.len() > DIGITS || tries == 0 {
            return None;
        }
        if start > 0 {
            tries -= 1;
            // What is left of the stretch may hold the other signs of base64.
            if let Some((how, text)) = digits(rest) {
                return Some((how, text, start..written.len()));
            }
        }
        if piece.len() >= SHORTEST
            && piece.len() < rest.len()
            && let Some((how, text)) = digits(piece)
        {
            return Some((how, text, start..start + piece.len()));
        }
    }
    None
}

/// What digits say in the encoding they fit.
fn digits(written: &str) -> Option<(How, String)> {
    let digits: Vec<u8> = written.bytes().filter(|c| is_digit_of_bytes(*c)).take(DIGITS).collect();
    let digits = digits.strip_prefix(b"0x").unwrap_or(&digits);
    if digits.len() < SHORTEST {
        return None;
    }
    if digits.iter().all(|c| matches!(c, b'0' | b'1')) {
        return bits(digits).map(|text| (How::Binary, text));
    }
    if digits.iter().all(u8::is_ascii_hexdigit) {
        let value = |c: u8| char::from(c).to_digit(16).and_then(|n| u8::try_from(n).ok()).unwrap_or(0);
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect();
        if let Some(text) = readable(bytes) {
            return Some((How::Hex, text));
        }
    }
    if let Some(text) = base32(digits) {
        return Some((How::Base32, text));
    }
    let backwards = || base64(&digits.iter().rev().copied().collect::<Vec<_>>()).and_then(readable);
    base64(digits).and_then(readable).or_else(backwards).map(|text| (How::Base64, text))
}

/// The text of binary digits, eight or seven a character.
pub(super) fn bits(digits: &[u8]) -> Option<String> {
    [8, 7].into_iter().filter(|width| digits.len().is_multiple_of(*width)).find_map(|width| {
        readable(digits.chunks_exact(width).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | (bit & 1))).collect())
    })
}

fn base32(digits: &[u8]) -> Option<String> {
    let digits = trim_padding(digits);
    let one_case = !digits.iter().any(u8::is_ascii_lowercase) || !digits.iter().any(u8::is_ascii_uppercase);
    if digits.len() < 16 || !one_case || !digits.iter().all(|c| c.is_ascii_alphabetic() || matches!(c, b'2'..=b'7')) {
        return None;
    }
    let value = |c: &u8| match c {
        b'2'..=b'7' => c - b'2' + 26,
        letter => letter.to_ascii_lowercase() - b'a',
    };
    readable(pack(digits.iter().map(value)))
}

/// The bytes of base64 of either alphabet; `None` where it is none, found in the first bytes mostly.
fn base64(digits: &[u8]) -> Option<Vec<u8>> {
    let digits = trim_padding(digits);
    if digits.len() < SHORTEST - 2 || digits.len() % 4 == 1 || digits.contains(&b'=') {
        return None;
    }
    let head = base64_bytes(&digits[..digits.len().min(8)]);
    let strange = |c: &u8| *c < 32 && !matches!(c, 0 | 9 | 10 | 13) || *c == 127;
    if head.iter().any(strange) {
        return None;
    }
    Some(base64_bytes(digits))
}

fn trim_padding(digits: &[u8]) -> &[u8] {
    let padding = digits.iter().rev().take_while(|c| **c == b'=').count();
    &digits[..digits.len() - padding]
}

/// Joins values of five bits to bytes; bits left over are dropped.
fn pack(values: impl Iterator<Item = u8>) -> Vec<u8> {
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut bytes = Vec::new();
    for value in values {
        bits = bits << 5 | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap_or(0));
            bits &= (1 << held) - 1;
        }
    }
    bytes
}

/// These bytes as text, if they are; UTF-16 as well, as some shells write it.
pub(super) fn readable(bytes: Vec<u8>) -> Option<String> {
    let wide = bytes.len() >= 8 && bytes.iter().skip(1).step_by(2).take(64).all(|c| *c == 0);
    let bytes = if wide { bytes.iter().step_by(2).copied().collect() } else { bytes };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        // Cut in a character, or what follows is no part of it.
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            if bytes.len() - valid > 3 && valid < DIGITS / 2 {
                return None;
            }
            bytes.truncate(valid);
            String::from_utf8(bytes).ok()?
        }
    };
    is_readable(&text).then_some(text)
}

/// The words of `ignore_all_previous-instructions` with spaces between them; `None` where not all are common words.
fn words(text: &str) -> Option<String> {
    let is_mark = |c: char| matches!(c, '_' | '-' | '+' | '/' | '=');
    let words = text.split(is_mark);
    let all = words.clone().count();
    let known = words.clone().filter(|word| is_word(word.as_bytes())).count();
    (known >= 4 && all - known <= all / 4).then(|| text.replace(is_mark, " "))
}
