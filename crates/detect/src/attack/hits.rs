//! Says what is reported of a text that is thought to be an attack.

use llmtrace_model::{Channel, Confidence, FindingKind, Severity};

use super::{Sight, calibration::Call, clues::Clue, window};
use crate::{Hit, Input, Seen, View, linear::Head};

/// How many rules are reported besides the strongest.
const MORE: usize = 7;

/// The points from which on a rule is reported by itself.
const ALONE: u8 = 4;

/// Below these points a rule does not name the finding: it only adds to what the n-grams say.
const NAMES: u8 = 2;

/// From this probability on a finding by n-grams is bad enough for today.
const SURE: f32 = 0.9;

/// Adds what one form of a text is reported for.
pub(super) fn report(input: &Input<'_>, head: &Head, sight: &Sight<'_>, hits: &mut Vec<Hit>) {
    if sight.verdict.call == Call::Nothing {
        return;
    }
    match sight.clues.split_first() {
        Some((first, others)) if first.rule.points >= NAMES => {
            hits.push(by_rule(sight, first, sight.verdict.probability));
            let strong = others.iter().filter(|clue| clue.rule.points >= ALONE).take(MORE);
            hits.extend(strong.map(|clue| by_rule(sight, clue, sight.verdict.probability)));
        }
        _ => hits.push(by_ngrams(input, head, sight)),
    }
}

fn by_rule(sight: &Sight<'_>, clue: &Clue, probability: f32) -> Hit {
    Hit {
        kind: kind(sight, clue.rule.kind),
        subtype: clue.rule.subtype.clone().into(),
        rule: clue.rule.id.clone().into(),
        score: confidence(probability),
        severity: clue.rule.severity,
        range: clue.range.clone(),
        quote: None,
        reason: clue.rule.reason.clone().into(),
    }
}

fn by_ngrams(input: &Input<'_>, head: &Head, sight: &Sight<'_>) -> Hit {
    let view: &View<'_> = match sight.form {
        Seen::Folded => &input.views.folded,
        Seen::Decoded(place) => input.views.decoded.get(place).unwrap_or(&input.views.folded),
    };
    let (size, window) = window(&sight.reading);
    let named: Vec<&str> =
        head.strongest(&view.text, window.clone(), size).into_iter().filter_map(|range| view.text.get(range)).collect();
    let (rule, subtype) = match input.channel {
        Channel::Untrusted => ("linear.untrusted@1", "instructions_in_content"),
        Channel::User | Channel::Output | Channel::System => ("linear.user@1", "reads_like_attack"),
    };
    Hit {
        kind: kind(sight, FindingKind::Injection),
        subtype: subtype.into(),
        rule: rule.into(),
        score: confidence(sight.verdict.probability),
        severity: if sight.verdict.probability >= SURE { Severity::High } else { Severity::Medium },
        range: view.origin(window),
        quote: (!named.is_empty()).then(|| named.join(" · ")),
        reason: "its letters and words together read like an attack".into(),
    }
}

/// What had to be decoded is reported as that. A text that orders something else, to send data away or to run a command, is
/// an injection whatever it is after, which the subtype says; the deed itself is found where it is done.
fn kind(sight: &Sight<'_>, seen: FindingKind) -> FindingKind {
    match sight.form {
        Seen::Folded if seen.is_attack() => seen,
        Seen::Folded => FindingKind::Injection,
        Seen::Decoded(_) => FindingKind::Encoded,
    }
}

fn confidence(probability: f32) -> Confidence {
    Confidence::new(probability.clamp(0.0, 1.0)).unwrap_or_else(|| Confidence::new(0.0).expect("zero is a probability"))
}
