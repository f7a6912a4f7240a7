//! What is known of one kind of number.

use llmtrace_model::Severity;

use super::candidate::Candidate;

/// One kind of number.
pub(super) struct Recogniser {
    /// Its name in findings.
    pub(super) subtype: &'static str,
    /// What it looks like, for a sentence: `a card number`.
    pub(super) what: &'static str,
    /// How bad it is if it gets out.
    pub(super) severity: Severity,
    /// The lengths of groups in which it is written; a single group is without separators.
    pub(super) shapes: &'static [&'static [u8]],
    /// What may stand between groups.
    pub(super) separators: &'static str,
    /// Whether the letters and digits can be one: check digits, ranges, days.
    pub(super) check: fn(&Candidate<'_>) -> bool,
    /// When a word must stand nearby.
    pub(super) need: Need,
    /// The words that say what it is, in small letters.
    pub(super) words: &'static [&'static str],
}

/// When a word must stand nearby that says what a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Never: check digits and shape leave little to chance.
    Never,
    /// When it is written without separators.
    IfBare,
    /// Always.
    Always,
}
