//! Checks rule files and builds the rules.

use std::collections::{BTreeMap, BTreeSet};

use llmtrace_model::Channel;
use serde_saphyr::Spanned;

use super::{
    Index, Needed, Rule, Rules, Wake,
    file::{Entry, File},
    pattern, place,
    scan::Around,
};
use crate::{
    expression::Expression,
    literals::{Literals, Place},
};

/// How big one expression may become: far over what any of ours needs.
const MAX_EXPRESSION: usize = 1 << 20;
/// How many rules there may be, an operator's included.
const MAX_RULES: usize = 4096;

/// Says what is wrong with a rule file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The file is no YAML, or has a field or word that is unknown, or lacks one.
    #[error("{file}: {message}")]
    File {
        /// The file's name.
        file: String,
        /// Where in it and what is wrong.
        message: String,
    },
    /// A rule can be read but does not make sense.
    #[error("{file}, line {line}: rule {id:?}: {message}")]
    Rule {
        /// The file's name.
        file: String,
        /// The line on which the rule begins, counted from 1.
        line: u64,
        /// The rule.
        id: String,
        /// What is wrong and what was expected.
        message: String,
    },
}

/// A set of channels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Channels(u8);

impl Channels {
    fn of(list: &[Channel]) -> Self {
        Self(list.iter().fold(0, |bits, channel| bits | Self::bit(*channel)))
    }

    pub(super) fn has(self, channel: Channel) -> bool {
        self.0 & Self::bit(channel) != 0
    }

    fn bit(channel: Channel) -> u8 {
        1 << place(channel)
    }
}

type Words = BTreeMap<String, Vec<String>>;

/// When expressions are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checking {
    /// At once: they are somebody's who wants to hear what is wrong.
    Now,
    /// When they are asked: a test has looked at them.
    Later,
}

pub(super) fn load(files: &[(&str, &str)], checking: Checking) -> Result<Rules, RuleError> {
    let parsed = files.iter().map(|(name, yaml)| Ok((*name, parse(name, yaml)?))).collect::<Result<Vec<_>, _>>()?;
    let words = collect_words(&parsed)?;
    let mut rules = Vec::new();
    let mut needs = Vec::new();
    let mut ids = BTreeSet::new();
    for (file, entry) in parsed.iter().flat_map(|(name, file)| file.rules.iter().map(move |entry| (*name, entry))) {
        let built = build(&entry.value, &words, checking, &mut ids).map_err(|message| wrong(file, entry, message))?;
        if rules.len() == MAX_RULES {
            return Err(wrong(file, entry, format!("is one too many, expected at most {MAX_RULES}")));
        }
        rules.push(built.0);
        needs.push(built.1);
    }
    let channels = [Channel::User, Channel::Untrusted, Channel::Output, Channel::System];
    let index = Index(channels.map(|channel| needed(&needs, |rule| rules[rule].reads(channel))));
    Ok(Rules { rules, index })
}

/// The literals of one rule: `needs`, `with` and `also`.
type Needs = [Vec<String>; 3];

/// The literals of those rules that `takes` says; `needs` has those of all, by the number of the rule.
fn needed(needs: &[Needs], takes: impl Fn(usize) -> bool) -> Needed {
    let mut all: BTreeMap<(&str, Place), BTreeSet<Wake>> = BTreeMap::new();
    for (rule, needs) in (0u16..).zip(needs).filter(|(rule, _)| takes(usize::from(*rule))) {
        for (list, literal) in (0..).zip(needs).flat_map(|(i, list)| list.iter().map(move |l| (i, l))) {
            all.entry(pattern::placed(literal)).or_default().insert(Wake { rule, list: 1 << list });
        }
    }
    let literals = Literals::new(all.keys().copied());
    Needed { literals, wakes: all.into_values().map(|wakes| wakes.into_iter().collect()).collect() }
}

/// The texts a rule was written with, for the test that runs them all.
#[cfg(test)]
pub(super) fn examples(files: &[(&str, &str)]) -> Vec<Entry> {
    files.iter().flat_map(|(name, yaml)| parse(name, yaml).unwrap().rules).map(|entry| entry.value).collect()
}

fn parse(name: &str, yaml: &str) -> Result<File, RuleError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_events: 400_000, max_nodes: 200_000, max_aliases: 0, max_anchors: 0, max_depth: 8, max_documents: 1 },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::Error,
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(yaml, options)
        .map_err(|e| RuleError::File { file: name.to_owned(), message: e.to_string() })
}

fn wrong(file: &str, entry: &Spanned<Entry>, message: String) -> RuleError {
    RuleError::Rule { file: file.to_owned(), line: entry.defined.line(), id: entry.value.id.clone(), message }
}

fn collect_words(files: &[(&str, File)]) -> Result<Words, RuleError> {
    let mut all = Words::new();
    for (name, file) in files {
        for (word, alternatives) in &file.words {
            let wrong = |message: String| RuleError::File { file: (*name).to_owned(), message };
            if !is_word(word) {
                return Err(wrong(format!("words {word:?}: expected a name of a-z, 0-9 and _")));
            }
            if alternatives.is_empty() {
                return Err(wrong(format!("words {word:?}: are none, expected at least one")));
            }
            if all.insert(word.clone(), alternatives.clone()).is_some() {
                return Err(wrong(format!("words {word:?}: are named twice, expected one list for a name")));
            }
        }
    }
    Ok(all)
}

fn build(
    entry: &Entry,
    words: &Words,
    checking: Checking,
    ids: &mut BTreeSet<String>,
) -> Result<(Rule, Needs), String> {
    check(entry)?;
    if !ids.insert(entry.id.clone()) {
        return Err("is there twice, expected an id of its own".to_owned());
    }
    let literals = |name: &str, list: &[String]| {
        let lists = list.iter().map(|need| pattern::literals(need, words)).collect::<Result<Vec<_>, _>>();
        lists.map(|lists| lists.concat()).map_err(|message| format!("{name}: {message}"))
    };
    let needs = [literals("needs", &entry.needs)?, literals("with", &entry.with)?, literals("also", &entry.also)?];
    let one = |name, short: &String| expression(name, short, words, checking);
    let optional = |name, short: &Option<String>| short.as_ref().map(|short| one(name, short)).transpose();
    let expression = Around {
        pattern: one("pattern", &entry.pattern)?,
        near: entry.near.iter().map(|short| one("near", short)).collect::<Result<_, _>>()?,
        unless_before: optional("unless_before", &entry.unless_before)?,
        unless_behind: optional("unless_behind", &entry.unless_behind)?,
    };
    let rule = Rule {
        id: entry.id.clone(),
        kind: entry.kind,
        subtype: entry.subtype.clone(),
        severity: entry.severity,
        points: entry.points,
        reason: entry.reason.clone(),
        reference: entry.reference.clone(),
        channels: Channels::of(&entry.channels),
        expression,
        reach: entry.reach,
        lists: needs.iter().enumerate().fold(0, |bits, (i, list)| bits | u8::from(!list.is_empty()) << i),
    };
    Ok((rule, needs))
}

fn check(entry: &Entry) -> Result<(), String> {
    let id_is_good = entry.id.split('.').count() >= 2 && entry.id.split('.').all(is_word);
    let wrong = if !id_is_good {
        "id: expected words of a-z, 0-9 and _ with points between them, as in injection.ignore_previous"
    } else if !is_word(&entry.subtype) {
        "subtype: expected a word of a-z, 0-9 and _"
    } else if !(1..=5).contains(&entry.points) {
        "points: expected 1 to 5"
    } else if entry.channels.is_empty() {
        "channels: are none, expected at least one of user, untrusted, output, system"
    } else if entry.needs.is_empty() {
        "needs: are none, expected at least one literal that every match holds"
    } else if entry.reason.trim().is_empty() {
        "reason: is empty, expected a sentence"
    } else if entry.must_match.len() < 2 || entry.must_not_match.len() < 2 {
        "must_match, must_not_match: expected at least two texts each"
    } else {
        return Ok(());
    };
    Err(wrong.to_owned())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn expression(name: &str, short: &str, words: &Words, checking: Checking) -> Result<Expression, String> {
    let full = pattern::expand(short, words).map_err(|message| format!("{name}: {message}"))?;
    let expression = Expression::new(full, MAX_EXPRESSION);
    if checking == Checking::Now {
        // The error repeats the expression as written out in full; what is wrong stands in its last line.
        let last = |e: Box<regex::Error>| format!("{name}: {}", e.to_string().lines().last().unwrap_or_default());
        if expression.check().map_err(last)?.is_match(b"") {
            return Err(format!("{name}: matches the empty text, expected one that needs something"));
        }
    }
    Ok(expression)
}
