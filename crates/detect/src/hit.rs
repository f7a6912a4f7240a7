//! What one detector found in one text.

use std::{borrow::Cow, ops::Range};

use llmtrace_model::{Action, Confidence, Finding, FindingKind, Place, Segment, Severity};

/// One thing found in one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// What it is.
    pub kind: FindingKind,
    /// Which sort of it, in snake_case: `instruction_override`, `aws_access_key`, `credit_card`.
    pub subtype: Cow<'static, str>,
    /// The rule or model that found it, with its version where it has one of its own: `injection.ignore_previous`, `linear.user@1`.
    pub rule: Cow<'static, str>,
    /// How sure it is.
    pub score: Confidence,
    /// How bad it is.
    pub severity: Severity,
    /// Where: bytes of the original text, on borders of characters.
    pub range: Range<usize>,
    /// The words of the text that speak most for it, where that is what makes it understood.
    pub quote: Option<String>,
    /// Why, for a person; holds nothing of the text.
    pub reason: Cow<'static, str>,
}

/// Whether words of the text may stand in what is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// They may.
    Allowed,
    /// They may not: nothing of what was said is kept.
    Refused,
}

impl Hit {
    /// Why, for a person.
    pub fn why(&self, quoting: Quoting) -> String {
        match (&self.quote, quoting) {
            (Some(words), Quoting::Allowed) => format!("{}, most of all: {words}", self.reason),
            (Some(_), Quoting::Refused) | (None, _) => self.reason.to_string(),
        }
    }

    /// The finding that it is in an exchange.
    pub fn into_finding(self, segment: &Segment<'_>, action: Action, quoting: Quoting) -> Finding {
        let reason = self.why(quoting);
        let Self { kind, subtype, rule, score, severity, range, quote: _, reason: _ } = self;
        let (start, end) = (range.start as u64, range.end as u64);
        Finding {
            kind,
            subtype: subtype.into_owned(),
            severity,
            confidence: score,
            rule: rule.into_owned(),
            reason,
            place: Some(Place { channel: segment.channel, path: segment.path.clone(), start, end }),
            action,
        }
    }
}
