//! Says whether a part of a URL carries data rather than naming a thing.
//!
//! What it knows: placeholders that a model is told to fill in, encoded text, free text, credentials by the name of their
//! parameter, and long values of high entropy. It does not know whose data it is. Read by `exfiltration` and
//! `exchange/tool_misuse`.

use names::{CONTENT_NAMES, CREDENTIAL_NAMES, HOLE_WORDS, ORDINARY_NAMES, STRONG_HOLE_WORDS};

use super::url::{Url, percent_decoded};
use crate::base64_bytes::{base64_bytes, digit};

mod names;
#[cfg(test)]
mod tests;

/// What a URL carries, the more telling the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Payload {
    /// A value in a parameter that is named after content (`data`, `q`), as a beacon has it.
    Named,
    /// A long value that looks random.
    Opaque,
    /// Several words of text.
    Text,
    /// Base64 or hexadecimal that decodes to text.
    Encoded,
    /// A value under the name of a password, key or cookie.
    Credential,
    /// A hole to be filled with the conversation or a secret: `{conversation}`, `[SYSTEM PROMPT]`.
    Placeholder,
}

/// A hole is no longer than this.
const MAX_HOLE_BYTES: usize = 80;

/// The most telling thing that a URL carries in its query, fragment, path or host.
pub(crate) fn carried(url: &Url<'_>) -> Option<Payload> {
    let mut found = url.pairs().filter_map(|(name, value)| in_pair(name, value)).max();
    if url.query.is_empty() || found.is_none() {
        found = found.max(in_free_part(url.fragment).filter(|_| url.fragment.len() >= 24));
        let segments = url.path.split('/').filter(|segment| segment.len() >= 8);
        found = found.max(segments.filter_map(in_free_part).max());
        let labels = url.host.split('.').filter(|label| label.len() >= 20);
        found = found.max(labels.filter_map(in_label).max());
    }
    found
}

/// Whether a URL has a hole that stands for a whole conversation or a secret.
pub(crate) fn has_strong_hole(url: &Url<'_>) -> bool {
    [url.query, url.path, url.fragment].iter().any(|part| hole(&percent_decoded(part), STRONG_HOLE_WORDS))
}

/// Whether a query ends with a name that waits for its value, as an attacker writes it whom the model shall complete: `?q=`.
pub(crate) fn waits_for_data(url: &Url<'_>) -> bool {
    let Some(name) = url.query.rsplit(['&', ';']).next().and_then(|last| last.strip_suffix('=')) else { return false };
    CONTENT_NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn in_pair(name: &str, value: &str) -> Option<Payload> {
    if value.is_empty() {
        return None;
    }
    let decoded = percent_decoded(value);
    if hole(&decoded, HOLE_WORDS) {
        return Some(Payload::Placeholder);
    }
    let is = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
    let is_content = name.is_empty() || is(CONTENT_NAMES);
    if is(CREDENTIAL_NAMES) && decoded.len() >= 4 && !is_blank(&decoded) {
        return Some(Payload::Credential);
    }
    // Amazon, Google and Azure sign with long families of parameters.
    let is_signed = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x-"));
    if is_signed || (is(ORDINARY_NAMES) && !is_content) {
        return None;
    }
    if decodes_to_text(&decoded) {
        return Some(Payload::Encoded);
    }
    // Spaces come as %20 or as plus signs.
    if is_prose(&decoded) {
        return Some(Payload::Text);
    }
    if is_random(&decoded, 40) {
        return Some(Payload::Opaque);
    }
    (is_content && !name.is_empty() && decoded.chars().filter(|c| c.is_alphabetic()).count() >= 8)
        .then_some(Payload::Named)
}

/// A segment of the path, or a fragment.
fn in_free_part(part: &str) -> Option<Payload> {
    let decoded = percent_decoded(part);
    if hole(&decoded, STRONG_HOLE_WORDS) {
        return Some(Payload::Placeholder);
    }
    let stem = decoded.rsplit_once('.').filter(|(_, end)| end.len() <= 5).map_or(&*decoded, |(stem, _)| stem);
    if decodes_to_text(stem) {
        return Some(Payload::Encoded);
    }
    (stem.contains(' ') && is_prose(stem) && stem.len() >= 48).then_some(Payload::Text)
}

/// A label of the host: it reaches whoever serves its domain as soon as it is looked up.
fn in_label(label: &str) -> Option<Payload> {
    if hole(label, STRONG_HOLE_WORDS) {
        return Some(Payload::Placeholder);
    }
    decodes_to_text(label).then_some(Payload::Encoded).or_else(|| is_random(label, 40).then_some(Payload::Opaque))
}

fn is_blank(value: &str) -> bool {
    value.bytes().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'_'))
}

/// Whether something in brackets of any kind contains one of the words.
fn hole(value: &str, words: &[&str]) -> bool {
    let mut rest = value;
    while let Some(open) = rest.find(['{', '[', '<', '$']) {
        // A lone dollar opens nothing; `${` and `$(` do.
        let is_dollar = rest.as_bytes()[open] == b'$';
        rest = &rest[open + 1..];
        if is_dollar && !rest.starts_with(['{', '(']) {
            continue;
        }
        let Some(end) = rest.bytes().take(MAX_HOLE_BYTES).position(|b| matches!(b, b'}' | b']' | b'>' | b')')) else {
            continue;
        };
        let inside = rest[..end].to_ascii_lowercase();
        if words.iter().any(|word| inside.contains(word)) {
            return true;
        }
    }
    false
}

/// Four words or more, mostly letters.
fn is_prose(value: &str) -> bool {
    if value.len() < 24 {
        return false;
    }
    let words =
        value.split(['+', ' ', '_', ',', '\n']).filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() >= 2);
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    words.count() >= 4 && letters * 10 >= value.chars().count() * 6
}

/// Whether it is base64 (either alphabet) or hexadecimal of at least twelve characters of text.
fn decodes_to_text(value: &str) -> bool {
    let value = value.trim_end_matches('=');
    if value.len() < 16 {
        return false;
    }
    match hex::decode(value) {
        Ok(bytes) => is_readable(&bytes),
        Err(_) => value.bytes().all(|byte| digit(byte).is_some()) && is_readable(&base64_bytes(value.as_bytes())),
    }
}

/// Text as people or programs write it: UTF-8, printable, with letters. Words that happen to be base64 decode to noise.
fn is_readable(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    let (mut all, mut plain, mut letters) = (0usize, 0usize, 0usize);
    for c in text.chars() {
        if c.is_control() && !matches!(c, '\n' | '\r' | '\t') {
            return false;
        }
        all += 1;
        plain +=
            usize::from(c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | ',' | ':' | '"' | '@' | '-' | '_' | '\n'));
        letters += usize::from(c.is_alphabetic());
    }
    // Scripts that are not Latin have no plain characters; they take at least two bytes for each.
    let is_foreign = letters * 10 >= all * 7 && text.len() >= all * 3 / 2;
    all >= 8 && bytes.len() >= 12 && letters * 2 >= all && (plain * 20 >= all * 17 || is_foreign)
}

/// A run of letters and digits of at least so many bytes, of more than 3.6 bits of entropy each, with digits in it.
fn is_random(value: &str, at_least: usize) -> bool {
    if value.len() < at_least
        || !value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_'))
    {
        return false;
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    digits * 20 >= value.len() && bits_per_byte(value.as_bytes()) >= 3.6
}

/// Shannon entropy of the bytes.
fn bits_per_byte(bytes: &[u8]) -> f32 {
    let mut counts = [0u16; 256];
    for &byte in bytes {
        counts[usize::from(byte)] = counts[usize::from(byte)].saturating_add(1);
    }
    let all: f32 = counts.iter().map(|&n| f32::from(n)).sum();
    counts.iter().filter(|&&n| n > 0).map(|&n| f32::from(n) / all).map(|p| -p * p.log2()).sum()
}
