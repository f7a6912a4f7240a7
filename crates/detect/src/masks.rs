//! What stands in the place of text that is hidden.
//!
//! In a request that is forwarded: placeholders with numbers, [`Masks`], which [`Restorer`] turns back in the answer. In what is
//! stored: [`stable`], the same for the same text of a tenant, so that what belongs together can be told, and nothing more.

mod restorer;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, ops::Range, sync::OnceLock};

use aho_corasick::{AhoCorasick, MatchKind};
use ring::hmac;

pub use self::restorer::Restorer;

/// The shortest text that is hidden by its value, in bytes: a shorter one stands everywhere in others.
pub const SHORTEST_HIDDEN: usize = 3;

/// Placeholders of one request, and what they stand for.
///
/// They are numbered by sort and first appearance, `[EMAIL_1]`. The next turn of a conversation has the turns before it as its
/// beginning and gets the same numbers, so that a provider which keeps the beginnings of prompts finds it again.
#[derive(Debug, Default)]
pub struct Masks {
    /// Original and placeholder.
    pairs: Vec<(String, String)>,
    known: HashMap<String, usize>,
    /// The last number of each sort.
    last: HashMap<String, usize>,
    replacer: OnceLock<Replacer>,
}

/// Puts other words in the place of texts, in the spellings in which these come.
#[derive(Debug)]
pub struct Replacer {
    spellings: AhoCorasick,
    /// For each spelling what stands in its place.
    by: Vec<String>,
}

/// A text in which something was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The text as it is now.
    pub text: String,
    /// What was replaced, in order: where it stood in the text before, and the bytes of what stands there now.
    pub changes: Vec<(Range<usize>, usize)>,
}

impl Masks {
    /// Gives a text a placeholder; a text that has one keeps it. `is_taken` says of a placeholder that it stands in the request
    /// already and would be mistaken. False for a text that is too short to be hidden.
    pub fn mask(&mut self, subtype: &str, text: &str, is_taken: impl Fn(&str) -> bool) -> bool {
        if text.len() < SHORTEST_HIDDEN {
            return false;
        }
        if self.known.contains_key(text) {
            return true;
        }
        let label = label(subtype);
        let last = self.last.entry(label.clone()).or_default();
        let placeholder = loop {
            *last += 1;
            let placeholder = format!("[{label}_{last}]");
            if !is_taken(&placeholder) {
                break placeholder;
            }
        };
        self.known.insert(text.to_owned(), self.pairs.len());
        self.pairs.push((text.to_owned(), placeholder));
        self.replacer = OnceLock::new();
        true
    }

    /// Whether nothing is hidden.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// A text with placeholders for what is hidden, also where that stands as JSON inside JSON; `None` where nothing of it is.
    pub fn hide(&self, text: &str) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let replacer = self.replacer.get_or_init(|| Replacer::new(&self.pairs));
        replacer.replaced(text).map(|replaced| replaced.text)
    }

    /// What a placeholder stands for.
    fn original(&self, placeholder: &str) -> Option<&str> {
        self.pairs.iter().find(|(_, own)| own == placeholder).map(|(original, _)| original.as_str())
    }

    /// Whether a placeholder may begin like this.
    fn may_begin(&self, start: &str) -> bool {
        self.pairs.iter().any(|(_, placeholder)| placeholder.starts_with(start))
    }
}

impl Replacer {
    /// For texts, each with what stands in its place. A text is found as it is, and as it is written in JSON, once and twice.
    pub fn new(pairs: &[(String, String)]) -> Self {
        let (mut texts, mut by) = (Vec::new(), Vec::new());
        for (text, placeholder) in pairs {
            for spelling in spellings(text) {
                texts.push(spelling);
                by.push(placeholder.clone());
            }
        }
        let spellings = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts);
        Self { spellings: spellings.expect("texts of an exchange are far below the automaton's limit"), by }
    }

    /// A text with everything replaced; `None` where there is nothing of it.
    pub fn replaced(&self, text: &str) -> Option<Replaced> {
        let mut found = self.spellings.find_iter(text).peekable();
        found.peek()?;
        let (mut replaced, mut changes, mut from) = (String::with_capacity(text.len()), Vec::new(), 0);
        for one in found {
            let by = &self.by[one.pattern().as_usize()];
            replaced.push_str(&text[from..one.start()]);
            replaced.push_str(by);
            changes.push((one.range(), by.len()));
            from = one.end();
        }
        replaced.push_str(&text[from..]);
        Some(Replaced { text: replaced, changes })
    }
}

impl Replaced {
    /// Where a stretch of the text before is now: what was replaced counts whole.
    pub fn moved(&self, stretch: Range<usize>) -> Range<usize> {
        let moved = |at: usize, is_end: bool| {
            let mut now = at;
            for (was, is) in self.changes.iter().rev() {
                if was.end <= at {
                    now = now - was.len() + is;
                } else if was.start < at {
                    // In the middle of it.
                    now = if is_end { now + was.end - at - was.len() + is } else { now - (at - was.start) };
                }
            }
            now
        };
        moved(stretch.start, false)..moved(stretch.end, true)
    }
}

/// A text as it is, and as it is written in JSON, and in JSON inside JSON.
fn spellings(text: &str) -> Vec<String> {
    let once = in_json(text);
    if once == text {
        return vec![once];
    }
    vec![text.to_owned(), in_json(&once), once]
}

/// A text as it is written between the quotes of a JSON string.
pub(crate) fn in_json(text: &str) -> String {
    let quoted = serde_json::to_string(text).expect("text is JSON");
    quoted[1..quoted.len() - 1].to_owned()
}

/// The sort of a finding as it stands in placeholders: `EMAIL`.
pub(crate) fn label(subtype: &str) -> String {
    subtype.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// What stands for a text in what is stored: `[EMAIL:9f2c41d07a3b]`, the same for the same text and sort of one tenant.
///
/// Without the key nobody can try what it stands for; without one at all, it is `[EMAIL]`.
pub fn stable(key: Option<&hmac::Key>, tenant: &str, subtype: &str, text: &str) -> String {
    let label = label(subtype);
    let Some(key) = key else { return format!("[{label}]") };
    let mut context = hmac::Context::with_key(key);
    for part in [tenant, subtype, text] {
        // With its length, so that no border between two of them moves unseen.
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part.as_bytes());
    }
    format!("[{label}:{}]", hex::encode(&context.sign().as_ref()[..6]))
}

/// Stretches that overlap or touch become one, under the name of the first; in the order of the text.
pub fn merged<T>(mut stretches: Vec<(Range<usize>, T)>) -> Vec<(Range<usize>, T)> {
    stretches.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    let mut merged: Vec<(Range<usize>, T)> = Vec::with_capacity(stretches.len());
    for (range, of) in stretches {
        match merged.last_mut() {
            Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
            Some(_) | None => merged.push((range, of)),
        }
    }
    merged
}
