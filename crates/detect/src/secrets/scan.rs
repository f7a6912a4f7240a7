//! Finds the values of all rules in one text.

use std::ops::{ControlFlow, Range};

use super::{
    base64, checksum, placeholder,
    rule::{Check, Edge, Rule},
};
use crate::{
    Deadline,
    literals::{Literals, Place},
};

/// How many literals are looked at between two looks at the clock.
const BETWEEN_CLOCKS: usize = 64;

/// How many bytes before a keyword the name it is part of may begin.
const NAME: usize = 12;

/// All rules, by the literals that begin them.
pub(super) struct Scanner {
    rules: Vec<Rule>,
    literals: Literals,
    /// For each literal: the rules it may begin.
    uses: Vec<Vec<Use>>,
}

/// A rule that a literal may begin.
struct Use {
    rule: usize,
    /// The literal in the only case that counts.
    exact: Option<Box<[u8]>>,
}

/// A value that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The number of the rule.
    pub(super) rule: usize,
    /// The bytes of the value.
    pub(super) range: Range<usize>,
    /// What speaks for it.
    pub(super) proof: Proof,
}

/// What speaks for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Proof {
    /// Its format, though its checksum is wrong: cut, edited or made up.
    BadChecksum,
    /// Its format.
    Format,
    /// Its checksum.
    Checksum,
}

impl Scanner {
    /// Builds the expressions of all rules, which are else built when they are first asked.
    pub(super) fn prepare(&self) {
        for rule in &self.rules {
            rule.regex.get();
        }
    }

    pub(super) fn new(rules: Vec<Rule>) -> Self {
        let mut texts: Vec<String> = Vec::new();
        let mut uses: Vec<Vec<Use>> = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            let exact = rule.literals.iter().map(|text| (text, Some(text.as_bytes().into())));
            for (text, exact) in exact.chain(rule.keywords.iter().map(|text| (text, None))) {
                let text = text.to_ascii_lowercase();
                let place = texts.iter().position(|known| *known == text).unwrap_or_else(|| {
                    texts.push(text);
                    uses.push(Vec::new());
                    uses.len() - 1
                });
                uses[place].push(Use { rule: number, exact });
            }
        }
        let literals = Literals::new(texts.iter().map(|text| (text.as_str(), Place::Anywhere)));
        Self { rules, literals, uses }
    }

    pub(super) fn rule(&self, number: usize) -> &Rule {
        &self.rules[number]
    }

    /// The values in a text and in the base64 in it, in their order, none over another.
    pub(super) fn scan(&self, text: &str, deadline: Deadline) -> Vec<Found> {
        let mut found = Vec::new();
        self.search(text, deadline, &mut found);
        base64::each_run(text, deadline, |run, decoded| {
            let mut inside = Vec::new();
            self.search(decoded, deadline, &mut inside);
            // The whole run hides it: what was decoded has no bytes of its own in the text.
            found.extend(inside.into_iter().max_by_key(|one| self.rank(one)).map(|one| Found { range: run, ..one }));
        });
        self.without_overlaps(found)
    }

    fn search(&self, text: &str, deadline: Deadline, found: &mut Vec<Found>) {
        // Where each rule that found something ended: it does not look again at what it has.
        let mut done: Vec<(usize, usize)> = Vec::new();
        let mut count = 0_usize;
        self.literals.each(text.as_bytes(), |number, at| {
            count += 1;
            if count.is_multiple_of(BETWEEN_CLOCKS) && deadline.is_over() {
                return ControlFlow::Break(());
            }
            for wanted in &self.uses[number] {
                let is_case = wanted.exact.as_ref().is_none_or(|exact| text.as_bytes()[at..].starts_with(exact));
                let has = || done.iter().any(|(rule, end)| *rule == wanted.rule && at < *end);
                // A keyword may stand within a longer name; a literal is where the value begins.
                let rule = &self.rules[wanted.rule];
                let begins =
                    || wanted.exact.is_none() || rule.behind > 0 || rule.edge == Edge::Any || may_begin(text, at);
                if !is_case || !begins() || has() {
                    continue;
                }
                if let Some(one) = self.try_rule(wanted.rule, text, at) {
                    done.retain(|(rule, _)| *rule != wanted.rule);
                    done.push((wanted.rule, one.range.end));
                    found.push(one);
                }
            }
            ControlFlow::Continue(())
        });
    }

    /// Whether a rule finds its value around a literal.
    fn try_rule(&self, number: usize, text: &str, at: usize) -> Option<Found> {
        let rule = &self.rules[number];
        let start = text.ceil_char_boundary(at.saturating_sub(rule.behind));
        let end = text.floor_char_boundary(text.len().min(at + rule.ahead));
        let window = &text[start..end];
        let groups = rule.regex.get().captures(window.as_bytes())?;
        let all = groups.get(0)?;
        let value = groups.name("secret").unwrap_or(all);
        // An expression counts bytes: where it ends within a character, all of that is meant.
        let range = text.floor_char_boundary(start + value.start())..text.ceil_char_boundary(start + value.end());
        if all.end() + start <= at || range.is_empty() {
            return None;
        }
        if rule.edge == Edge::Word && !(may_begin(text, range.start) && may_end(text, range.end)) {
            return None;
        }
        if !rule.unless.is_empty() {
            let name = text[text.floor_char_boundary(at.saturating_sub(NAME))..range.start].to_ascii_lowercase();
            if rule.unless.iter().any(|word| name.contains(&**word)) {
                return None;
            }
        }
        let proof = prove(rule, &text[range.clone()])?;
        Some(Found { rule: number, range, proof })
    }

    fn rank(&self, found: &Found) -> (bool, Proof, usize) {
        let is_exact = !self.rules[found.rule].is_generic();
        (is_exact, found.proof, found.range.len())
    }

    fn without_overlaps(&self, mut found: Vec<Found>) -> Vec<Found> {
        found.sort_by_key(|one| (one.range.start, one.rule));
        let mut kept: Vec<Found> = Vec::with_capacity(found.len());
        for one in found {
            match kept.last_mut() {
                Some(last) if one.range.start < last.range.end => {
                    if self.rank(&one) > self.rank(last) {
                        *last = one;
                    }
                }
                Some(_) | None => kept.push(one),
            }
        }
        kept
    }
}

fn prove(rule: &Rule, value: &str) -> Option<Proof> {
    if rule.entropy > 0.0 && checksum::entropy(value) < rule.entropy {
        return None;
    }
    let plausible = |is_real: bool| is_real.then_some(Proof::Format);
    match rule.check {
        Check::Nothing => Some(Proof::Format),
        Check::Placeholder => plausible(!placeholder::is_placeholder(value)),
        Check::Password => plausible(placeholder::is_password(value)),
        Check::Token => plausible(placeholder::is_token(value)),
        Check::WeakPassword => plausible(placeholder::is_weak_password(value)),
        Check::AnyPassword => plausible(!placeholder::is_no_value(value)),
        Check::JwtHeader => plausible(base64::is_jwt_header(value)),
        Check::GithubCrc32 if placeholder::is_placeholder(value) => None,
        Check::GithubCrc32 if checksum::is_github(value) => Some(Proof::Checksum),
        Check::GithubCrc32 => Some(Proof::BadChecksum),
    }
}

/// Whether a value may begin here: not within a word. The letter of an escape (`\n`) and of a percent escape is none.
fn may_begin(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    match before {
        [] => true,
        [.., b'\\', b'n' | b't' | b'r'] => true,
        [.., b'\\', b'u', a, b, c, d] if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) => true,
        [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => true,
        [.., last] => !last.is_ascii_alphanumeric(),
    }
}

fn may_end(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_none_or(|next| !next.is_ascii_alphanumeric() && *next != b'_')
}
