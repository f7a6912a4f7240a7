//! Finds insults, threats and hatred, and words of people who may harm themselves.
//!
//! A baseline: phrases with their context, and slurs. It knows figures of speech ("kill the process", "die laughing"), negation,
//! reported speech and fiction by words of the same sentence, and stays silent there. Read in what users write and in answers.
//!
//! Not found, and not promised: irony, veiled threats, hatred without the words that the rules know, harassment over many turns,
//! most of it outside some twenty languages (one or two dozen phrases each), and anything that a model of meaning would have to
//! decide. An absence of findings says nothing about a person's safety. Slurs that are also harmless words are not in the list.
//!
//! Severity: threats, calls for violence and intent to die are high, telling somebody to kill themselves is critical; wishes of
//! harm and thoughts of death are medium; insults and a slur by itself are low.

use std::borrow::Cow;

use llmtrace_model::{Channel, FindingKind, Severity};

use crate::{
    Detector, Hit, Input,
    detectors::{
        anchored::{Family, Rules, SPEECH},
        sure,
    },
};
use slurs::{Slurs, Use};

mod pieces;
mod slurs;
#[cfg(test)]
mod tests;

/// Finds toxic speech and signs of self-harm.
#[derive(Debug)]
pub struct Harm {
    rules: &'static Rules,
    slurs: Slurs,
}

impl Default for Harm {
    fn default() -> Self {
        Self { rules: &SPEECH, slurs: Slurs::known() }
    }
}

impl Detector for Harm {
    fn name(&self) -> &'static str {
        "harm"
    }

    fn reads(&self, channel: Channel) -> bool {
        match channel {
            Channel::User | Channel::Output => true,
            Channel::Untrusted | Channel::System => false,
        }
    }

    fn scan(&self, input: &Input<'_>, hits: &mut Vec<Hit>) {
        let view = &input.views.folded;
        for found in self.rules.matches(&view.text, input.deadline) {
            let kind = match found.rule.family {
                Family::SelfHarm => FindingKind::SelfHarm,
                Family::Toxicity | Family::Shell | Family::Sql | Family::Code => FindingKind::Toxicity,
            };
            hits.push(Hit {
                kind,
                subtype: Cow::Borrowed(&found.rule.id),
                rule: Cow::Owned(format!("{}.{}", kind.as_str(), found.rule.id)),
                score: found.rule.score,
                severity: found.rule.severity,
                range: view.origin(found.range),
                quote: None,
                reason: Cow::Borrowed(&found.rule.reason),
            });
        }
        for (range, usage) in self.slurs.find(&view.text) {
            let (subtype, score, severity, reason) = match usage {
                Use::Aimed => ("slur_aimed", 0.85, Severity::High, "a slur aimed at a person or group"),
                Use::Said => ("slur", 0.6, Severity::Low, "a slur"),
                Use::Spoken => continue,
            };
            hits.push(Hit {
                kind: FindingKind::Toxicity,
                subtype: Cow::Borrowed(subtype),
                rule: Cow::Owned(format!("toxicity.{subtype}")),
                score: sure(score),
                severity,
                range: view.origin(range),
                quote: None,
                reason: Cow::Borrowed(reason),
            });
        }
    }
}
