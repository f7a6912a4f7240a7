//! What detection says of an exchange: every text that was said, in its channel, within a bound in time.

use std::{sync::Arc, time::Duration};

use llmtrace_detect::{Deadline, Engine, Policy, Quoting};
use llmtrace_model::{Action, BodyCoverage, Channel, Confidence, Finding, FindingKind, Severity, SpanRecord};

use crate::{
    config::{CaptureContent, OnOpaque},
    telemetry::Events,
};

/// Most findings that are kept of one exchange: the worst ones. A thousand cards in one document are a hundred findings.
const MAX_FINDINGS: usize = 100;

/// Most texts that are named because a part of them was not read.
const MAX_NAMED: usize = 20;

/// Whether exchanges are analysed (`enable_security_analysis`).
#[derive(Clone)]
pub enum Analysis {
    /// By every detector there is.
    Enabled {
        /// The detectors.
        engine: Arc<Engine>,
        /// What is done about what they find.
        policy: Arc<Policy>,
        /// What happens with a request that cannot be read.
        opaque: OnOpaque,
        /// How long one exchange may take (`guard.analysis_timeout_ms`).
        timeout: Duration,
    },
    /// Not at all.
    Disabled,
}

/// Analyses what was said, and names in `coverage` what did it and what was left out.
///
/// Words of what was said stand in no finding where none of it is kept.
pub(super) fn findings(
    analysis: &Analysis,
    record: &mut SpanRecord,
    kept: CaptureContent,
    events: &Events,
) -> Vec<Finding> {
    let coverage = &mut record.span.coverage;
    let Analysis::Enabled { engine, policy, opaque, timeout } = analysis else {
        "disabled".clone_into(&mut coverage.analysis);
        return Vec::new();
    };
    let Some(content) = &record.content else {
        "nothing to read".clone_into(&mut coverage.analysis);
        return Vec::new();
    };
    let unreadable = unread(*opaque, &coverage.request);
    let quoting = match kept {
        CaptureContent::Full => Quoting::Allowed,
        CaptureContent::Metadata => Quoting::Refused,
    };
    let deadline = Deadline::within(*timeout);
    let examined = engine.examine(content, Channel::ALL, deadline);
    let mut found = Vec::with_capacity(examined.found.len());
    for one in examined.found {
        // What the operator allows is no finding.
        if let Some(action) = one.action(policy) {
            found.push(one.hit.into_finding(&one.segment, action, quoting));
        }
    }
    coverage.analysis = examined.ran.join(", ");
    coverage.not_analysed = examined.late.iter().map(|name| format!("{name}: out of time")).collect();
    coverage.not_analysed.extend(examined.unread.into_iter().take(MAX_NAMED));
    if !examined.late.is_empty() {
        events.notice("analysis_late");
    }
    found.extend(unreadable);
    if found.len() > MAX_FINDINGS {
        // The sort is stable: of the same weight the first ones stay.
        found.sort_by(|a, b| (b.severity, b.confidence).partial_cmp(&(a.severity, a.confidence)).expect("finite"));
        coverage.not_analysed.push(format!("{} findings more", found.len() - MAX_FINDINGS));
        found.truncate(MAX_FINDINGS);
    }
    found
}

/// What the policy does about findings that are about no text of the exchange; what the operator allows is none.
pub(super) fn decided(analysis: &Analysis, found: Vec<Finding>) -> impl Iterator<Item = Finding> {
    let policy = match analysis {
        Analysis::Enabled { policy, .. } => Some(Arc::clone(policy)),
        Analysis::Disabled => None,
    };
    found.into_iter().filter_map(move |finding| {
        // The exchange has passed by the time it is found.
        let action = policy.as_ref()?.action_of(&finding)?.min(Action::Flag);
        Some(Finding { action, ..finding })
    })
}

/// A request that nobody could read, where the operator wants to hear of those.
fn unread(opaque: OnOpaque, request: &BodyCoverage) -> Option<Finding> {
    let (OnOpaque::Flag | OnOpaque::Block, BodyCoverage::Opaque(why)) = (opaque, request) else { return None };
    Some(Finding {
        kind: FindingKind::HiddenText,
        subtype: "unreadable_body".to_owned(),
        severity: Severity::Medium,
        confidence: Confidence::CERTAIN,
        rule: "guard.opaque".to_owned(),
        reason: format!("the request's body could not be read ({why}), so nothing in it was looked at"),
        place: None,
        action: if opaque == OnOpaque::Flag { Action::Flag } else { Action::Block },
    })
}
