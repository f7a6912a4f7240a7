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
    /// Why, for a person; never holds the text that was found where that is a secret or personal data.
    pub reason: Cow<'static, str>,
}

impl Hit {
    /// The finding that it is in an exchange.
    pub fn into_finding(self, segment: &Segment<'_>, action: Action) -> Finding {
        let Self { kind, subtype, rule, score, severity, range, reason } = self;
        let (start, end) = (range.start as u64, range.end as u64);
        Finding {
            kind,
            subtype: subtype.into_owned(),
            severity,
            confidence: score,
            rule: rule.into_owned(),
            reason: reason.into_owned(),
            place: Some(Place { channel: segment.channel, path: segment.path.clone(), start, end }),
            action,
        }
    }
}
