//! Personal data with a form: numbers of cards, accounts and persons, e-mail, telephone, addresses of machines, keys of money.
//!
//! One pass over the text looks for digits and `@`; prose has few, and costs next to nothing. Around a digit, runs of letters
//! and digits and the separators between them are put together into candidates ([`numbers`]), and each candidate is shown to
//! the recognisers of its length. A recogniser knows the shapes in which its number is written and its check digits; where
//! that leaves too much to chance, it wants a word nearby that says what the number is (`iban`, `Steuer-ID`, `身份证`).
//!
//! These are own recognisers. The library at hand (`redact-core`) takes 49 to 92 µs per KB, for a form of regular expressions
//! each; with candidates it is below one.
//!
//! Not here: names of persons and postal addresses, which have no form and need a model that reads; numbers without check
//! digits and without a word that names them.

mod candidate;
mod context;
mod date;
mod digits;
mod hash;
mod machines;
mod mail;
mod national;
mod numbers;
mod phone;
mod recogniser;
#[cfg(test)]
pub(crate) mod tests;
mod trade;

use std::ops::Range;

use llmtrace_model::{Channel, Confidence, FindingKind, Severity};

use crate::{Deadline, Detector, Hit, Input};

/// Finds personal data, in all channels.
pub(crate) struct Pii {
    numbers: numbers::Numbers,
    words: context::Words,
    phone_words: context::List,
    days: date::Written,
    birth_words: context::List,
}

/// One thing found in one text.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    subtype: &'static str,
    /// What it looks like, for a sentence: `a card number`.
    what: &'static str,
    score: f32,
    severity: Severity,
    range: Range<usize>,
}

impl Pii {
    /// Sorts the recognisers by the lengths they read.
    pub(crate) fn new() -> Self {
        let mut words = context::Builder::default();
        let numbers = numbers::Numbers::new(&mut words);
        let phone_words = words.add(phone::WORDS);
        let birth_words = words.add(date::WORDS);
        Self { numbers, phone_words, birth_words, days: date::Written::new(), words: words.build() }
    }

    fn find(&self, text: &str, deadline: Deadline) -> Vec<Found> {
        let mut found = Vec::new();
        if !has_marks(text.as_bytes()) {
            return found;
        }
        let context = context::Context::new(text, &self.words);
        mail::find(text, &mut found);
        self.numbers.find(text, &context, deadline, &mut found);
        if !deadline.is_over() {
            machines::find(text, &mut found);
            self.days.find(text, &context, self.birth_words, &mut found);
            phone::find(text, &context, self.phone_words, &mut found);
        }
        without_overlaps(found)
    }
}

/// Whether there is anything to look at: a digit or `@`.
fn has_marks(bytes: &[u8]) -> bool {
    // In chunks without an early end, so that it is done many bytes at a time.
    bytes.chunks(64).any(|chunk| chunk.iter().fold(false, |any, byte| any | byte.is_ascii_digit() | (*byte == b'@')))
}

/// Keeps the surer of two that overlap, then the longer.
fn without_overlaps(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|one| (one.range.start, std::cmp::Reverse(one.range.end)));
    let mut kept: Vec<Found> = Vec::with_capacity(found.len());
    for one in found {
        match kept.last_mut() {
            Some(last) if one.range.start < last.range.end => {
                if (one.score, one.range.len()) > (last.score, last.range.len()) {
                    *last = one;
                }
            }
            Some(_) | None => kept.push(one),
        }
    }
    kept
}

impl Detector for Pii {
    fn name(&self) -> &'static str {
        "pii"
    }

    fn reads(&self, channel: Channel) -> bool {
        match channel {
            Channel::User | Channel::Untrusted | Channel::Output | Channel::System => true,
        }
    }

    fn scan(&self, input: &Input<'_>, hits: &mut Vec<Hit>) {
        let found = self.find(input.views.original, input.deadline);
        hits.extend(found.into_iter().map(|one| Hit {
            kind: FindingKind::Pii,
            subtype: one.subtype.into(),
            rule: format!("pii.{}", one.subtype).into(),
            score: Confidence::new(one.score).expect("constants between 0 and 1"),
            severity: one.severity,
            range: one.range,
            quote: None,
            reason: format!("Looks like {}", one.what).into(),
        }));
    }
}
