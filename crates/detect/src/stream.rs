//! Looks at a text that comes in pieces, and lets go of each character as soon as nothing that is still open can reach it.
//!
//! What a rule finds is decided over the text as far as it has come: the end of it that may still become part of a match is held
//! ([`hold`]), the rest leaves, masked where the policy redacts. A little of what has left is kept, because a rule may need the
//! word before a value; what has left already is not changed any more.

mod hold;
#[cfg(test)]
mod tests;

use std::{ops::Range, sync::Arc};

use llmtrace_model::{Action, Channel, FindingKind};

use self::hold::Open;
use crate::{Deadline, Engine, Hit, Policy, masks};

/// How much of what has left is still looked at, in bytes: the longest distance from a word that names a value to the value.
const CONTEXT: usize = 256;

/// The most that is held, in bytes. Beyond it a block of key material is hidden as it comes, and anything else leaves but for a
/// part as long as the longest single word of a credential.
const LONGEST_HELD: usize = 16 * 1024;

/// What is held of a word that is longer than everything known.
const OVERLAP: usize = 2 * 1024;

/// Says what is done about a finding in a text of a channel, of which the stretch is given that was found.
pub type Decides = Arc<dyn Fn(Channel, &Hit, &str) -> Option<Action> + Send + Sync>;

/// Looks at one text that comes in pieces.
pub struct StreamScanner {
    engine: Arc<Engine>,
    decides: Decides,
    channel: Channel,
    /// The end of what has left, as it came, and behind it what is held.
    text: String,
    /// Where in `text` the held part begins.
    held_from: usize,
    /// Inside a block whose end has not come, and that is too long to be held: it is hidden as it comes.
    in_block: bool,
    is_cut: bool,
}

/// What may leave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Released {
    /// The text, masked.
    pub text: String,
    /// What was masked in it, by kind and sort.
    pub masked: Vec<(FindingKind, String)>,
    /// The policy blocks what comes next: nothing leaves any more.
    pub is_cut: bool,
}

impl StreamScanner {
    /// For one text of a channel.
    pub fn new(engine: Arc<Engine>, policy: Arc<Policy>, channel: Channel) -> Self {
        let does = move |channel, hit: &Hit, text: &str| Some(policy.does(policy.action(channel, hit, text)?));
        Self::by(engine, Arc::new(does), channel)
    }

    /// The same where another than one policy says what is done.
    pub fn by(engine: Arc<Engine>, decides: Decides, channel: Channel) -> Self {
        Self { engine, decides, channel, text: String::new(), held_from: 0, in_block: false, is_cut: false }
    }

    /// More of the text.
    pub fn push(&mut self, piece: &str) -> Released {
        self.text.push_str(piece);
        let held = &self.text[self.held_from..];
        let free = match hold::open(held) {
            Open::From(at) if held.len() <= LONGEST_HELD || at > 0 => at,
            // Too much is open. The end of it is held on, so that a match that ends there is seen.
            Open::From(_) => floor(held, held.len() - OVERLAP),
            Open::Block(at) if held.len() - at <= LONGEST_HELD => at,
            Open::Block(at) => return self.hide_block(at),
        };
        if self.in_block {
            return self.skip_block();
        }
        self.release(self.held_from + free)
    }

    /// The text has ended: what was held of it.
    pub fn finish(&mut self) -> Released {
        if self.in_block {
            self.text.clear();
            return Released { is_cut: self.is_cut, ..Released::default() };
        }
        self.release(self.text.len())
    }

    /// Decides about the text up to `end`, and lets go of it as far as nothing that was found reaches beyond.
    fn release(&mut self, mut end: usize) -> Released {
        if self.is_cut || end <= self.held_from {
            return Released { is_cut: self.is_cut, ..Released::default() };
        }
        let is_end = end == self.text.len();
        let mut masking = Vec::new();
        for (range, hit, action) in self.found() {
            if range.end <= self.held_from || range.start >= end {
                continue;
            }
            // What has left is not changed any more.
            let start = range.start.max(self.held_from);
            if action == Action::Block {
                end = end.min(start);
                self.is_cut = true;
            } else if range.end > end && !is_end {
                // It may still grow: it is decided about as a whole.
                end = start;
            } else {
                masking.push((start..range.end, hit));
            }
        }
        masking.retain(|(range, _)| range.end <= end);
        let mut released = Released { is_cut: self.is_cut, ..Released::default() };
        let mut from = self.held_from;
        for (range, hit) in masks::merged(masking) {
            released.text.push_str(&self.text[from..range.start]);
            released.text.push_str(&mask(&hit.subtype));
            from = range.end;
            released.masked.push((hit.kind, hit.subtype.into_owned()));
        }
        released.text.push_str(&self.text[from..end]);
        self.forget(end);
        released
    }

    /// What the policy hides or blocks in the text as far as it is here.
    fn found(&self) -> Vec<(Range<usize>, Hit, Action)> {
        let report = self.engine.scan(self.channel, &self.text, Deadline::NEVER);
        let decided = report.hits.into_iter().filter_map(|hit| {
            let found = self.text.get(hit.range.clone())?;
            let action = (self.decides)(self.channel, &hit, found)?;
            (action >= Action::Redact).then(|| (hit.range.clone(), hit, action))
        });
        decided.collect()
    }

    /// Everything before `end` has left.
    fn forget(&mut self, end: usize) {
        let keep = floor(&self.text, end.saturating_sub(CONTEXT));
        self.text.drain(..keep);
        self.held_from = end - keep;
    }

    /// A block of key material began at `at` of what is held, and is longer than anything that is held.
    fn hide_block(&mut self, at: usize) -> Released {
        let mut released = self.release(self.held_from + at);
        if !self.is_cut && !self.in_block {
            self.in_block = true;
            let subtype = "private_key".to_owned();
            released.text.push_str(&mask(&subtype));
            released.masked.push((FindingKind::Secret, subtype));
        }
        let rest = floor(&self.text, self.text.len().saturating_sub(CONTEXT));
        self.text.drain(..rest);
        self.held_from = 0;
        released
    }

    /// Inside a hidden block: nothing leaves until it ends.
    fn skip_block(&mut self) -> Released {
        match hold::end_of_block(&self.text) {
            Some(end) => {
                self.text.drain(..end);
                self.in_block = false;
                self.held_from = 0;
                self.push("")
            }
            None => {
                let rest = floor(&self.text, self.text.len().saturating_sub(CONTEXT));
                self.text.drain(..rest);
                Released { is_cut: self.is_cut, ..Released::default() }
            }
        }
    }
}

/// What stands in the place of a masked text.
fn mask(subtype: &str) -> String {
    format!("[{}]", masks::label(subtype))
}

/// The border of a character at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}
