//! Injection and jailbreak: what rules saw and what the n-grams say, put together into one probability.
//!
//! User text and untrusted content have a head and a calibration of their own. The operator's instructions and the model's
//! output are not looked at here. What can be read in plain sight comes first; text that had to be decoded has to look worse,
//! because much is decoded that says nothing. [`clues`] brings the evidence of rules, [`calibration`] makes the probability,
//! [`hits`] says what is reported, and [`hidden`] what a reader does not see.

mod calibration;
mod clues;
mod hidden;
mod hits;
#[cfg(test)]
mod tests;

use std::ops::Range;

use llmtrace_model::Channel;

use crate::{
    Detector, Hit, Input, Rules, Seen,
    linear::{Head, Model, Reading},
};
use calibration::{Calibration, Verdict};
use clues::{Clue, Clues};

pub(crate) use calibration::Error;

/// Finds attacks on the model: orders it should not take, and talk that takes its rules away.
pub struct Attack {
    model: Model,
    user: Calibration,
    untrusted: Calibration,
}

/// What the training of the calibration needs to know of the rules: most and sum of the points in plain sight, then those
/// of the decoded form that has most.
pub type Points = [u8; 4];

/// What was seen in one form of a text.
struct Sight<'a> {
    reading: Reading,
    form: Seen,
    clues: Vec<&'a Clue>,
    verdict: Verdict,
}

impl Default for Attack {
    fn default() -> Self {
        Self::new()
    }
}

impl Attack {
    /// Builds it with the weights of this version.
    pub fn new() -> Self {
        Self::with(Model::built_in()).expect("a test loads the committed calibration, and it is part of the program")
    }

    fn with(model: Model) -> Result<Self, Error> {
        let (user, untrusted) = calibration::read(&model.calibration)?;
        Ok(Self { model, user, untrusted })
    }

    /// The points that rules give a text.
    pub fn points(&self, input: &Input<'_>) -> Points {
        let clues = Clues::of(input);
        let (seen, decoded) = (clues.tally(Seen::Folded), clues.most_decoded());
        [seen.most, seen.sum, decoded.most, decoded.sum]
    }

    /// How sure it is of a text, whether or not that is reported, and whether it is: the score of `llmtrace-proxy scan`.
    pub fn probability(&self, input: &Input<'_>) -> f32 {
        let clues = Clues::of(input);
        self.look(input, &clues).iter().map(|sight| sight.verdict.probability).fold(0.0, f32::max)
    }

    fn for_channel(&self, channel: Channel) -> Option<(&Head, &Calibration)> {
        match channel {
            Channel::User => Some((&self.model.user, &self.user)),
            Channel::Untrusted => Some((&self.model.untrusted, &self.untrusted)),
            Channel::Output | Channel::System => None,
        }
    }

    /// Looks at the folded text and at what was decoded; of the latter, only the worst is kept.
    fn look<'a>(&self, input: &Input<'_>, clues: &'a Clues) -> Vec<Sight<'a>> {
        let Some((head, calibration)) = self.for_channel(input.channel) else { return Vec::new() };
        let reading = head.read(&input.views.folded.text, input.deadline);
        let verdict = calibration.verdict(&reading, clues.tally(Seen::Folded), Seen::Folded);
        let mut sights = vec![Sight { form: Seen::Folded, clues: clues.in_form(Seen::Folded), reading, verdict }];
        let mut worst: Option<Sight<'_>> = None;
        for (place, view) in input.views.decoded.iter().enumerate() {
            if input.deadline.is_over() {
                break;
            }
            let reading = head.read(&view.text, input.deadline);
            let form = Seen::Decoded(place);
            let verdict = calibration.verdict(&reading, clues.tally(form), form);
            if worst.as_ref().is_none_or(|worst| verdict.probability > worst.verdict.probability) {
                worst = Some(Sight { form, clues: clues.in_form(form), reading, verdict });
            }
        }
        sights.extend(worst);
        sights
    }
}

impl Detector for Attack {
    fn name(&self) -> &'static str {
        "attack"
    }

    fn reads(&self, channel: Channel) -> bool {
        self.for_channel(channel).is_some()
    }

    fn prepare(&self) {
        Rules::embedded().prepare();
    }

    fn scan(&self, input: &Input<'_>, hits: &mut Vec<Hit>) {
        let Some((head, _)) = self.for_channel(input.channel) else { return };
        let clues = Clues::of(input);
        let mut found = Vec::new();
        for sight in self.look(input, &clues) {
            hits::report(input, head, &sight, &mut found);
        }
        hidden::report(&input.views.hidden, &mut found);
        hits.append(&mut found);
    }
}

/// The window that says most, and its size.
fn window(reading: &Reading) -> (usize, Range<usize>) {
    let size = usize::from(reading.scores[1] > reading.scores[0]);
    (size, reading.windows[size].clone())
}
