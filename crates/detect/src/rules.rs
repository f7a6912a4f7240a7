//! Attack rules: what text must say to speak for an attack, as data.
//!
//! Rules live in YAML files (`rules/attacks/` of this crate, and an operator's own through the same loader). They give
//! [`Evidence`], no findings: how much all of it together says is decided where it is put together with the models.
//!
//! A text costs one pass that looks for every literal of every rule at once; a rule's expression runs only around literals it
//! needs. `file` is what a rule file says, `pattern` what the short forms in expressions stand for, `load` checks and builds,
//! `scan` looks at a text.

mod file;
mod load;
mod pattern;
mod scan;
#[cfg(test)]
mod tests;

use std::{ops::Range, sync::LazyLock};

use llmtrace_model::{Channel, FindingKind, Severity};

use crate::{Input, literals::Literals};
pub use load::RuleError;

/// The rule files of this version: name and text.
const EMBEDDED: &[(&str, &str)] = &[
    ("attacks/words.yaml", include_str!("../rules/attacks/words.yaml")),
    ("attacks/direct.yaml", include_str!("../rules/attacks/direct.yaml")),
    ("attacks/extraction.yaml", include_str!("../rules/attacks/extraction.yaml")),
    ("attacks/hijack.yaml", include_str!("../rules/attacks/hijack.yaml")),
    ("attacks/indirect.yaml", include_str!("../rules/attacks/indirect.yaml")),
    ("attacks/jailbreak.yaml", include_str!("../rules/attacks/jailbreak.yaml")),
    ("attacks/multilingual_asia.yaml", include_str!("../rules/attacks/multilingual_asia.yaml")),
    ("attacks/multilingual_east.yaml", include_str!("../rules/attacks/multilingual_east.yaml")),
    ("attacks/multilingual_europe.yaml", include_str!("../rules/attacks/multilingual_europe.yaml")),
    ("attacks/override.yaml", include_str!("../rules/attacks/override.yaml")),
    ("attacks/tools.yaml", include_str!("../rules/attacks/tools.yaml")),
];

/// Every rule, built once and shared by all requests.
pub struct Rules {
    rules: Vec<Rule>,
    index: Index,
}

/// The literals to look for, by channel.
struct Index([Needed; Channel::ALL.len()]);

/// The literals of the rules of one channel, and what each of them wakes.
struct Needed {
    literals: Literals,
    wakes: Vec<Vec<Wake>>,
}

/// A rule, and which of its lists a literal stands in, as a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wake {
    rule: u16,
    list: u8,
}

impl Index {
    fn of(&self, channel: Channel) -> &Needed {
        &self.0[place(channel)]
    }
}

/// The channel's place in [`Channel::ALL`].
const fn place(channel: Channel) -> usize {
    match channel {
        Channel::User => 0,
        Channel::Untrusted => 1,
        Channel::Output => 2,
        Channel::System => 3,
    }
}

/// What one rule says about itself.
#[derive(Debug)]
pub struct Rule {
    /// Its name: family and what it looks for, `injection.ignore_previous`.
    pub id: String,
    /// What a text it matches is.
    pub kind: FindingKind,
    /// Which sort of it, in snake_case.
    pub subtype: String,
    /// How bad that is.
    pub severity: Severity,
    /// How strongly a match speaks for an attack, from 1 to 5: 1 is seen in one benign text of a hundred, 4 and 5 in none of
    /// those it was measured on.
    pub points: u8,
    /// Why, for a person.
    pub reason: String,
    /// Where the attack is described; empty where it is common knowledge.
    pub reference: String,
    channels: load::Channels,
    expression: scan::Around,
    /// How far its literals may stand apart.
    reach: u16,
    /// Which lists of literals it has, a bit each: one of each list must be there.
    lists: u8,
}

/// One place in a text that speaks for an attack.
#[derive(Debug, Clone)]
pub struct Evidence<'r> {
    /// The rule that says so.
    pub rule: &'r Rule,
    /// Where: bytes of the original text, on borders of characters.
    pub range: Range<usize>,
    /// In which form of the text it was seen.
    pub seen: Seen,
}

/// The form of a text in which something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// In the text as a reader sees it.
    Folded,
    /// Only in what was decoded out of it: the place of that form in [`crate::Views::decoded`].
    Decoded(usize),
}

impl Rules {
    /// The rules of this version, built on first use.
    pub fn embedded() -> &'static Self {
        static RULES: LazyLock<Rules> = LazyLock::new(|| {
            load::load(EMBEDDED, load::Checking::Later).expect("a test loads the rule files that are compiled in")
        });
        &RULES
    }

    /// Builds rules from files: name, which errors give, and text. Words that one file names are known in all of them.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with file, line and what was expected.
    pub fn load(files: &[(&str, &str)]) -> Result<Self, RuleError> {
        load::load(files, load::Checking::Now)
    }

    /// Builds the expressions of all of them, which are else built when they are first asked.
    pub(crate) fn prepare(&self) {
        self.rules.iter().for_each(|rule| rule.expression.prepare());
    }

    /// All of them, in the order of their files.
    pub fn all(&self) -> &[Rule] {
        &self.rules
    }

    /// What speaks for an attack in one text: each rule at most once, at its first place, at most 64 in all, in the order of
    /// the text, what is visible first. Stops soon after the deadline.
    pub fn evidence(&self, input: &Input<'_>) -> Vec<Evidence<'_>> {
        let mut found = Vec::new();
        scan::scan(self, input, &mut found);
        found
    }
}

impl Rule {
    /// Whether it has anything to say about texts of this channel.
    pub fn reads(&self, channel: Channel) -> bool {
        self.channels.has(channel)
    }
}
