//! What a rule file says, as it is written.

use std::collections::BTreeMap;

use llmtrace_model::{Channel, FindingKind, Severity};
use serde::Deserialize;
use serde_saphyr::Spanned;

/// A rule file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Alternatives with a name, for `{name}` in expressions and `needs` of any file.
    #[serde(default)]
    pub(super) words: BTreeMap<String, Vec<String>>,
    /// The rules.
    #[serde(default)]
    pub(super) rules: Vec<Spanned<Entry>>,
}

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) kind: FindingKind,
    pub(super) subtype: String,
    pub(super) severity: Severity,
    pub(super) channels: Vec<Channel>,
    pub(super) points: u8,
    /// Lower-case literals; a text without any of them is not looked at. `{name}` takes a part of each of the named words.
    pub(super) needs: Vec<String>,
    /// The same again: one of these must stand close to one of those.
    #[serde(default)]
    pub(super) with: Vec<String>,
    /// And one of these.
    #[serde(default)]
    pub(super) also: Vec<String>,
    /// How far such literals may stand apart, in bytes.
    #[serde(default = "usual_reach")]
    pub(super) reach: u16,
    /// What must be there: an expression over the folded text, in the short forms of `pattern.rs`.
    pub(super) pattern: String,
    /// What must stand within 200 bytes of it, each of them.
    #[serde(default)]
    pub(super) near: Vec<String>,
    /// What must not stand in the 120 bytes before it: how people talk about an attack. `$` is where the match begins.
    #[serde(default)]
    pub(super) unless_before: Option<String>,
    /// What must not stand in it and the 80 bytes behind it. `^` is where the match begins.
    #[serde(default)]
    pub(super) unless_behind: Option<String>,
    pub(super) reason: String,
    #[serde(default)]
    pub(super) reference: String,
    /// Texts the rule must match, at least two.
    pub(super) must_match: Vec<String>,
    /// Texts it must not match although they come close, at least two.
    pub(super) must_not_match: Vec<String>,
}

fn usual_reach() -> u16 {
    100
}
