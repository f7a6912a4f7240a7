//! A stretch of text that may be a number of some kind.

use std::ops::Range;

/// The longest number with a recogniser: an IBAN has 34 characters.
pub(super) const LONGEST: usize = 40;
/// In how many groups a number may be written.
pub(super) const MOST_GROUPS: usize = 10;

/// Groups of letters and digits with separators between them.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'t> {
    /// The whole text.
    pub(super) text: &'t str,
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// Its letters and digits, letters in capitals.
    pub(super) compact: &'t [u8],
    /// The lengths of its groups.
    pub(super) groups: &'t [u8],
    /// What stands between them: one less than groups.
    pub(super) separators: &'t [u8],
}

impl Candidate<'_> {
    /// Whether it is written without separators.
    pub(super) fn is_bare(&self) -> bool {
        self.separators.is_empty()
    }

    /// Whether all separators are among these.
    pub(super) fn is_separated_by(&self, allowed: &str) -> bool {
        self.separators.iter().all(|separator| allowed.as_bytes().contains(separator))
    }

    /// Whether it is written as it reads, without small letters.
    pub(super) fn is_capital(&self) -> bool {
        !self.text[self.range.clone()].bytes().any(|byte| byte.is_ascii_lowercase())
    }

    /// The value of the digit at a place; a letter has none.
    pub(super) fn digit(&self, at: usize) -> Option<u32> {
        self.compact.get(at).and_then(|byte| char::from(*byte).to_digit(10))
    }

    /// The number that some digits say.
    pub(super) fn number(&self, range: Range<usize>) -> Option<u64> {
        range.map(|at| self.digit(at).map(u64::from)).try_fold(0_u64, |number, digit| Some(number * 10 + digit?))
    }

    /// Whether all of it are digits.
    pub(super) fn is_number(&self) -> bool {
        self.compact.iter().all(u8::is_ascii_digit)
    }
}
