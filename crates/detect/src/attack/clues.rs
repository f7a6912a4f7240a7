//! What rules have seen in a text, by the form they saw it in.

use crate::{Evidence, Input, Rules, Seen};

/// All that rules say of a text.
pub(super) struct Clues(Vec<Evidence<'static>>);

/// A rule that matched, and where.
pub(super) type Clue = Evidence<'static>;

/// The points of some clues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    /// Of the strongest.
    pub(super) most: u8,
    /// Of all.
    pub(super) sum: u8,
}

impl Clues {
    /// Asks the rules of this version.
    pub(super) fn of(input: &Input<'_>) -> Self {
        Self(Rules::embedded().evidence(input))
    }

    /// Those of one form, strongest first.
    pub(super) fn in_form(&self, form: Seen) -> Vec<&Clue> {
        let mut found: Vec<_> = self.0.iter().filter(|clue| clue.seen == form).collect();
        found.sort_by_key(|clue| std::cmp::Reverse(clue.rule.points));
        found
    }

    /// The points of one form.
    pub(super) fn tally(&self, form: Seen) -> Tally {
        self.0.iter().filter(|clue| clue.seen == form).fold(Tally::default(), |tally, clue| Tally {
            most: tally.most.max(clue.rule.points),
            sum: tally.sum.saturating_add(clue.rule.points),
        })
    }

    /// The points of the decoded form that has most.
    pub(super) fn most_decoded(&self) -> Tally {
        let forms = self.0.iter().map(|clue| clue.seen).filter(|form| *form != Seen::Folded);
        forms.map(|form| self.tally(form)).max_by_key(|tally| (tally.most, tally.sum)).unwrap_or_default()
    }
}
