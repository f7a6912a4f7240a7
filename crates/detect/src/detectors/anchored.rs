//! Rules that are an expression with anchors: dangerous code and harmful speech, read from `rules/output/*.yaml` when first needed.
//!
//! One pass for the anchors of all rules; a rule's expression is tried only around an anchor of its own, on one line, statement
//! or sentence of bounded size, so that the time is linear in the text. Read by `code_risk` (answers), `harm` (users and answers)
//! and `exchange/tool_misuse` (commands and queries).

use std::{
    collections::BTreeMap,
    ops::{ControlFlow, Range},
    sync::LazyLock,
};

use llmtrace_model::{Confidence, Severity};
use regex::Regex;
use serde::Deserialize;

use crate::{
    Deadline,
    literals::{Literals, Place, SHORTEST},
};

#[cfg(test)]
mod tests;

/// How far a line or statement is read before and behind an anchor.
const REACH_BACK: usize = 240;
const REACH_AHEAD: usize = 640;
/// Matches in one text beyond these are not reported.
const MAX_MATCHES: usize = 64;

/// The rules for code of this version.
pub(crate) static CODE: LazyLock<Rules> = LazyLock::new(|| {
    let files = [include_str!("../../rules/output/code_risk.yaml")];
    Rules::read(&files).expect("the rules that are compiled in are read by a test")
});

/// The rules for speech of this version.
pub(crate) static SPEECH: LazyLock<Rules> = LazyLock::new(|| {
    let files = [include_str!("../../rules/output/toxicity.yaml"), include_str!("../../rules/output/self_harm.yaml")];
    Rules::read(&files).expect("the rules that are compiled in are read by a test")
});

/// What a rule is about: who reads it, and what kind of finding it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Family {
    /// A command line.
    Shell,
    /// A query.
    Sql,
    /// A programming language, or a command that is bad style rather than harm.
    Code,
    /// Insults, threats, hatred.
    Toxicity,
    /// Somebody who may harm themselves, or is told to.
    SelfHarm,
}

/// How much of the text around an anchor an expression sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reach {
    /// Its line.
    #[default]
    Line,
    /// From the beginning of its line on over the next ones.
    Statement,
    /// Its sentence; what excuses a match may stand anywhere in it.
    Sentence,
}

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// Its stable name.
    pub(crate) id: String,
    pub(crate) family: Family,
    pub(crate) severity: Severity,
    pub(crate) score: Confidence,
    pub(crate) reason: String,
    anchors: Vec<String>,
    #[serde(default)]
    reach: Reach,
    pattern: String,
    #[serde(default)]
    unless: Option<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by tests"))]
    must_match: Vec<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by tests"))]
    must_not_match: Vec<String>,
}

/// All rules, ready to run.
#[derive(Debug)]
pub(crate) struct Rules {
    rules: Vec<Compiled>,
    anchors: Literals,
    /// The length of each anchor, and whose it is.
    owners: Vec<(usize, Vec<usize>)>,
}

#[derive(Debug)]
struct Compiled {
    rule: Rule,
    pattern: Regex,
    unless: Option<Regex>,
}

/// One rule that holds, and where.
#[derive(Debug, Clone)]
pub(crate) struct Match<'r> {
    pub(crate) rule: &'r Rule,
    /// Bytes of the text that was read.
    pub(crate) range: Range<usize>,
}

/// Why a file of rules is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("rules: {0}")]
    Yaml(#[from] serde_saphyr::Error),
    #[error("rule {id}: {source}")]
    Pattern { id: String, source: Box<regex::Error> },
    #[error("rule {id}: anchor {anchor:?} has fewer than {SHORTEST} bytes")]
    Anchor { id: String, anchor: String },
}

impl Rules {
    fn read(files: &[&str]) -> Result<Self, Error> {
        let files =
            files.iter().map(|yaml| serde_saphyr::from_str::<Vec<Rule>>(yaml)).collect::<Result<Vec<_>, _>>()?;
        let rules = files.into_iter().flatten();
        let mut owners: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut compiled = Vec::new();
        for (i, rule) in rules.enumerate() {
            for anchor in &rule.anchors {
                if anchor.len() < SHORTEST {
                    return Err(Error::Anchor { id: rule.id.clone(), anchor: anchor.clone() });
                }
                owners.entry(anchor.clone()).or_default().push(i);
            }
            let build = |pattern: &str| {
                Regex::new(pattern).map_err(|source| Error::Pattern { id: rule.id.clone(), source: Box::new(source) })
            };
            let pattern = build(&rule.pattern)?;
            let unless = rule.unless.as_deref().map(build).transpose()?;
            compiled.push(Compiled { rule, pattern, unless });
        }
        let anchors = Literals::new(owners.keys().map(|anchor| (anchor.as_str(), Place::Anywhere)));
        let owners = owners.into_iter().map(|(anchor, rules)| (anchor.len(), rules)).collect();
        Ok(Self { rules: compiled, anchors, owners })
    }

    /// The rules that hold in a text in lower case, each at most once a place, in the order of the text.
    /// Stops soon after the deadline.
    pub(crate) fn matches(&self, text: &str, deadline: Deadline) -> Vec<Match<'_>> {
        let mut found: Vec<Match<'_>> = Vec::new();
        // To where each rule has spoken.
        let mut done: Vec<usize> = Vec::new();
        let mut tried = 0usize;
        self.anchors.each(text.as_bytes(), |anchor, at| {
            let (len, rules) = &self.owners[anchor];
            let place = at..at + len;
            tried += 1;
            if tried.is_multiple_of(64) && deadline.is_over() {
                return ControlFlow::Break(());
            }
            for &owner in rules {
                if done.get(owner).is_some_and(|&done| place.start < done) {
                    continue;
                }
                let compiled = &self.rules[owner];
                let window = window(text, place.clone(), compiled.rule.reach);
                let Some(range) = compiled.find(&text[window.clone()]) else { continue };
                let range = window.start + range.start..window.start + range.end;
                done.resize(self.rules.len(), 0);
                done[owner] = range.end.max(place.end);
                found.push(Match { rule: &compiled.rule, range });
            }
            if found.len() >= MAX_MATCHES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        found.sort_by_key(|found| found.range.start);
        // One match may be found from two anchors.
        found.dedup_by(|b, a| a.range == b.range && a.rule.id == b.rule.id);
        found
    }
}

impl Compiled {
    fn find(&self, window: &str) -> Option<Range<usize>> {
        let range = self.pattern.find(window)?.range();
        let is_excused = self.unless.as_ref().is_some_and(|unless| {
            unless.is_match(match self.rule.reach {
                Reach::Sentence => window,
                Reach::Line | Reach::Statement => &window[range.clone()],
            })
        });
        (!is_excused).then_some(range)
    }
}

fn window(text: &str, anchor: Range<usize>, reach: Reach) -> Range<usize> {
    let bytes = text.as_bytes();
    let floor = text.floor_char_boundary(anchor.start.saturating_sub(REACH_BACK));
    let ceiling = text.floor_char_boundary(anchor.end + REACH_AHEAD);
    let (before, after) = (&bytes[floor..anchor.start], &bytes[anchor.end..ceiling]);
    let line_start = memchr::memrchr(b'\n', before).map_or(floor, |i| floor + i + 1);
    match reach {
        Reach::Line => line_start..memchr::memchr(b'\n', after).map_or(ceiling, |i| anchor.end + i),
        Reach::Statement => line_start..ceiling,
        Reach::Sentence => {
            let start = before.iter().rposition(|b| b".!?\n".contains(b)).map_or(floor, |i| floor + i + 1);
            let end = after.iter().position(|b| b".!?\n".contains(b)).map_or(ceiling, |i| anchor.end + i);
            start..end
        }
    }
}
