//! Says what is reported of text that a human reader does not see.

use llmtrace_model::{Confidence, FindingKind, Severity};

use crate::{Hidden, HiddenKind, Hit};

/// How much must be written in characters of its own, in bytes, before it is no accident.
const SHORTEST: usize = 4;

/// Adds what is hidden. Writing in characters that are not drawn is a finding whatever it says; comments and elements that
/// are not shown are ordinary, and a finding only where one of the hits so far stands in them.
pub(super) fn report(hidden: &[Hidden], hits: &mut Vec<Hit>) {
    let attacks: Vec<_> = hits.iter().map(|hit| hit.range.clone()).collect();
    for hidden in hidden {
        let meets = || attacks.iter().any(|range| range.start < hidden.range.end && hidden.range.start < range.end);
        let is_written = || hidden.text.len() >= SHORTEST;
        let found = match hidden.kind {
            HiddenKind::Tags if is_written() => {
                Some((Severity::High, 0.97, "tags", "text in tag characters, which no font draws"))
            }
            HiddenKind::Selectors if is_written() => {
                Some((Severity::High, 0.97, "variation_selectors", "text in variation selectors, which are not drawn"))
            }
            HiddenKind::ZeroWidth if is_written() => {
                Some((Severity::Medium, 0.8, "zero_width", "text in characters without width, or split by them"))
            }
            HiddenKind::Comment if meets() => {
                Some((Severity::High, 0.9, "comment", "an attack in a comment, which is not shown"))
            }
            HiddenKind::Unseen if meets() => {
                Some((Severity::High, 0.95, "unseen_element", "an attack in an element that a reader does not see"))
            }
            HiddenKind::Bidi if meets() => {
                Some((Severity::High, 0.9, "bidi", "an attack in text that is shown in another order than it is read"))
            }
            HiddenKind::Tags
            | HiddenKind::Selectors
            | HiddenKind::ZeroWidth
            | HiddenKind::Comment
            | HiddenKind::Unseen
            | HiddenKind::Bidi => None,
        };
        let Some((severity, score, subtype, reason)) = found else { continue };
        let Some(score) = Confidence::new(score) else { continue };
        hits.push(Hit {
            kind: FindingKind::HiddenText,
            subtype: subtype.into(),
            rule: "hidden_text".into(),
            score,
            severity,
            range: hidden.range.clone(),
            quote: None,
            reason: reason.into(),
        });
    }
}
