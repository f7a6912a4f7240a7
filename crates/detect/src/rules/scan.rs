//! Looks for rules in a text: literals first, expressions around them.
//!
//! Literal hits are gathered up to a bound, sorted by rule, joined where they overlap, and searched; so memory is bounded,
//! and a rule's expression sees each stretch of the text about once however often its literals stand there.

use std::ops::{ControlFlow, Range};

use super::{Evidence, Needed, Rule, Rules, Seen};
use crate::{Deadline, Input, View, expression::Expression};

/// How far around its literals an expression looks, in bytes.
const AROUND: usize = 160;
/// How far around a match `near` looks.
const NEAR: usize = 200;
/// How far before a match `unless_before` looks, and how far behind it `unless_behind`.
const BEFORE: usize = 120;
const BEHIND: usize = 80;
/// How many hits are gathered before they are searched.
const BATCH: usize = 2048;
/// How much evidence is enough.
const MOST: usize = 64;

/// What must and must not be there.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) pattern: Expression,
    pub(super) near: Vec<Expression>,
    pub(super) unless_before: Option<Expression>,
    pub(super) unless_behind: Option<Expression>,
}

/// Adds what speaks for an attack in the forms of one text.
pub(super) fn scan<'r>(rules: &'r Rules, input: &Input<'_>, found: &mut Vec<Evidence<'r>>) {
    let needed = rules.index.of(input.channel);
    let mut scan =
        Scan { rules, needed, deadline: input.deadline, view: &input.views.folded, seen: Seen::Folded, found };
    scan.run();
    found.sort_by_key(|evidence| (evidence.range.start, evidence.range.end));
    let visible = found.len();
    for (i, view) in input.views.decoded.iter().enumerate() {
        if input.deadline.is_over() {
            break;
        }
        Scan { rules, needed, deadline: input.deadline, view, seen: Seen::Decoded(i), found }.run();
    }
    found[visible..].sort_by_key(|evidence| (evidence.range.start, evidence.range.end));
}

/// One form of one text being looked at.
struct Scan<'r, 's, 'v> {
    rules: &'r Rules,
    needed: &'r Needed,
    deadline: Deadline,
    view: &'v View<'v>,
    seen: Seen,
    found: &'s mut Vec<Evidence<'r>>,
}

/// A rule that was woken, where, and from which of its lists.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Woken {
    rule: u16,
    at: usize,
    list: u8,
}

impl<'r> Scan<'r, '_, '_> {
    fn run(&mut self) {
        let text = self.view.text.as_bytes();
        let mut woken: Vec<Woken> = Vec::new();
        let Needed { literals, wakes } = self.needed;
        literals.each(text, |number, at| {
            if woken.is_empty() {
                woken.reserve(64);
            }
            woken.extend(wakes[number].iter().map(|wake| Woken { rule: wake.rule, at, list: wake.list }));
            if woken.len() < BATCH {
                return ControlFlow::Continue(());
            }
            self.search(&mut woken, text);
            if self.found.len() >= MOST || self.deadline.is_over() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        self.search(&mut woken, text);
    }

    /// Runs the expressions of woken rules, each over the joined stretches around its literals.
    fn search(&mut self, woken: &mut Vec<Woken>, text: &[u8]) {
        woken.sort_unstable();
        let mut rest = woken.as_slice();
        while let Some(first) = rest.first() {
            let same = rest.iter().take_while(|w| w.rule == first.rule).count();
            self.search_rule(&self.rules.rules[usize::from(first.rule)], &rest[..same], text);
            rest = &rest[same..];
        }
        woken.clear();
    }

    fn search_rule(&mut self, rule: &'r Rule, woken: &[Woken], text: &[u8]) {
        if self.found.len() >= MOST || self.has(rule) {
            return;
        }
        let reach = usize::from(rule.reach);
        let mut rest = woken.iter().peekable();
        while let Some(first) = rest.next() {
            let (mut last, mut lists) = (first.at, first.list);
            while let Some(next) = rest.next_if(|next| next.at <= last + reach) {
                last = next.at;
                lists |= next.list;
            }
            if lists != rule.lists {
                continue;
            }
            let stretch = first.at.saturating_sub(AROUND)..(last + AROUND).min(text.len());
            if let Some(range) = rule.expression.find_in(text, stretch) {
                let range = self.view.origin(on_borders(&self.view.text, range));
                self.found.push(Evidence { rule, range, seen: self.seen });
                return;
            }
        }
    }

    fn has(&self, rule: &Rule) -> bool {
        self.found.iter().any(|evidence| std::ptr::eq(evidence.rule, rule))
    }
}

impl Around {
    pub(super) fn prepare(&self) {
        let Self { pattern, near, unless_before, unless_behind } = self;
        for expression in [pattern].into_iter().chain(near).chain(unless_before).chain(unless_behind) {
            expression.get();
        }
    }

    fn find_in(&self, text: &[u8], stretch: Range<usize>) -> Option<Range<usize>> {
        let before_end = &text[..stretch.end];
        let mut from = stretch.start;
        while let Some(found) = self.pattern.get().find_at(before_end, from) {
            if self.holds_around(text, found.range()) {
                return Some(found.range());
            }
            from = found.end();
        }
        None
    }

    fn holds_around(&self, text: &[u8], at: Range<usize>) -> bool {
        let start = |far: usize| at.start.saturating_sub(far);
        let end = |far: usize| (at.end + far).min(text.len());
        let has =
            |what: &Option<Expression>, range: Range<usize>| what.as_ref().map(|e| e.get().is_match(&text[range]));
        self.near.iter().all(|near| near.get().is_match(&text[start(NEAR)..end(NEAR)]))
            && has(&self.unless_before, start(BEFORE)..at.start) != Some(true)
            && has(&self.unless_behind, at.start..end(BEHIND)) != Some(true)
    }
}

/// Widens a range to the borders of characters.
fn on_borders(text: &str, range: Range<usize>) -> Range<usize> {
    text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end)
}
