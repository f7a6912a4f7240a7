//! Canary tokens: words without meaning that an operator puts into a prompt or document, so that an answer that holds one shows
//! where it came from.
//!
//! A token is made of a key, a tenant and a day, so that nobody has to keep it. It is found in any case, with signs or spaces
//! between its letters, reversed, in rot13, hexadecimal and base64, and by its first or second half where the rest is cut off.
//! Not found: translations of its letters into words, ciphers with a key.

use std::{borrow::Cow, fmt::Write as _, ops::Range};

use aho_corasick::AhoCorasick;
use llmtrace_model::{FindingKind, Severity};
use ring::hmac::{HMAC_SHA256, Key, sign};

use crate::{Hit, detectors::sure};

#[cfg(test)]
mod tests;

/// Letters of a token: no 0, 1, l, o, u, which are misread or make words.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstvwxyz23456789q";
/// Letters in a token: five bits each, less the one letter that stands twice.
const LENGTH: usize = 24;
/// A text is read in pieces of so many letters, so that memory is bounded.
const PIECE: usize = 16 * 1024;

/// The token of a tenant for a day (days since 1970-01-01): 24 small letters and digits.
///
/// `key` is secret and the operator's; equal arguments give equal tokens.
pub fn canary(key: &[u8], tenant: &str, day: u32) -> String {
    let mut text = Vec::with_capacity(tenant.len() + 16);
    text.extend_from_slice(b"canary\0");
    text.extend_from_slice(&day.to_le_bytes());
    text.extend_from_slice(tenant.as_bytes());
    let tag = sign(&Key::new(HMAC_SHA256, key), &text);
    tag.as_ref().iter().take(LENGTH).map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect()
}

/// Tokens to look for, in every form in which they are known to come. Built once for the tokens of a tenant.
#[derive(Debug)]
pub struct Canaries {
    forms: AhoCorasick,
    how: Vec<Form>,
}

/// How a token came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Whole,
    Encoded,
    Half,
}

impl Canaries {
    /// Takes tokens that [`canary`] made; others are taken where they have at least 16 letters and digits of ASCII.
    pub fn new(tokens: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut forms = Vec::new();
        for token in tokens {
            let token: String = token.as_ref().chars().filter(char::is_ascii_alphanumeric).collect();
            let token = token.to_ascii_lowercase();
            if token.len() >= 16 {
                forms.extend(forms_of(&token));
            }
        }
        let (texts, how): (Vec<_>, Vec<_>) = forms.into_iter().unzip();
        // Leftmost-longest cannot be had with overlaps; whole tokens come before their halves by being tried first.
        let automaton = AhoCorasick::builder().match_kind(aho_corasick::MatchKind::LeftmostFirst).build(texts);
        Self { forms: automaton.expect("a few short literals"), how }
    }

    /// The tokens in a text. Linear; a long text costs no more memory than a short one.
    pub fn find(&self, text: &str) -> Vec<Hit> {
        let mut found = Vec::new();
        if self.how.is_empty() {
            return found;
        }
        let mut letters = String::with_capacity(text.len().min(PIECE));
        let mut places: Vec<usize> = Vec::with_capacity(text.len().min(PIECE));
        for (at, byte) in text.bytes().enumerate() {
            if byte.is_ascii_alphanumeric() {
                letters.push(char::from(byte.to_ascii_lowercase()));
                places.push(at);
            }
            if letters.len() == PIECE {
                self.find_in(&letters, &places, &mut found);
                // A token may reach over the border.
                letters.drain(..PIECE - 128);
                places.drain(..PIECE - 128);
            }
        }
        self.find_in(&letters, &places, &mut found);
        found.dedup_by(|b, a| a.range == b.range);
        found
    }

    fn find_in(&self, letters: &str, places: &[usize], found: &mut Vec<Hit>) {
        for token in self.forms.find_iter(letters) {
            let range = places[token.start()]..places[token.end() - 1] + 1;
            if found.last().is_none_or(|last| last.range.start < range.start) {
                found.push(hit(self.how[token.pattern().as_usize()], range));
            }
        }
    }
}

fn hit(form: Form, range: Range<usize>) -> Hit {
    let (subtype, score, reason) = match form {
        Form::Whole => ("canary", 0.99, "a canary token"),
        Form::Encoded => ("canary_encoded", 0.99, "a canary token in another form"),
        Form::Half => ("canary_cut", 0.95, "half a canary token"),
    };
    Hit {
        kind: FindingKind::CanaryLeak,
        subtype: Cow::Borrowed(subtype),
        rule: Cow::Owned(format!("canary_leak.{subtype}")),
        score: sure(score),
        severity: Severity::Critical,
        range,
        quote: None,
        reason: Cow::Borrowed(reason),
    }
}

/// The forms of a token as they read in small letters and digits without anything between.
fn forms_of(token: &str) -> Vec<(String, Form)> {
    let mut forms = vec![(token.to_owned(), Form::Whole)];
    forms.push((token.chars().rev().collect(), Form::Encoded));
    forms.push((token.chars().map(rot13).collect(), Form::Encoded));
    for spelled in [token.to_owned(), token.to_ascii_uppercase()] {
        let hex = spelled.bytes().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            write!(hex, "{byte:02x}").expect("a string takes everything");
            hex
        });
        forms.push((hex, Form::Encoded));
        forms.extend((0..3).map(|shift| (base64_core(spelled.as_bytes(), shift), Form::Encoded)));
    }
    let (first, second) = token.split_at(token.len() / 2);
    // Halves of a token of our own have 60 bits; shorter ones would come up by chance.
    if first.len() >= 12 {
        forms.extend([(first.to_owned(), Form::Half), (second.to_owned(), Form::Half)]);
    }
    forms
}

fn rot13(c: char) -> char {
    match c {
        'a'..='m' => char::from_u32(u32::from(c) + 13).unwrap_or(c),
        'n'..='z' => char::from_u32(u32::from(c) - 13).unwrap_or(c),
        other => other,
    }
}

/// What base64 makes of bytes that begin at this place in a group of three, without the letters that what is around would change,
/// in small letters. Letters and digits never make the signs `+` and `/` here, or they are left out as in the text.
fn base64_core(bytes: &[u8], shift: usize) -> String {
    const SIX: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789+/";
    let start = (3 - shift) % 3;
    bytes[start..]
        .chunks_exact(3)
        .flat_map(|three| {
            let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
            [18, 12, 6, 0].map(|down| char::from(SIX[(bits >> down & 63) as usize]))
        })
        .filter(char::is_ascii_alphanumeric)
        .collect()
}
