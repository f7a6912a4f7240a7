//! What detection says of an exchange: every text that was said, in its channel, within a bound in time.

use std::{sync::Arc, time::Duration};

use llmtrace_detect::{Deadline, Engine, Quoting, exchange::forbidden_tools};
use llmtrace_model::{
    Action, BodyCoverage, Channel, Confidence, Finding, FindingKind, Severity, Span, SpanRecord, TenantId,
};
use percent_encoding::percent_decode_str;

use super::redact::Hidden;
use crate::{
    config::{CaptureContent, OnOpaque, Ruling},
    telemetry::Events,
};

/// Most findings that are kept of one exchange: the worst ones. A thousand cards in one document are a hundred findings.
const MAX_FINDINGS: usize = 100;

/// Most texts that are named because a part of them was not read.
const MAX_NAMED: usize = 20;

/// What applies to the exchanges of a tenant. It is asked only once it is known what tenants have set: the step before, which
/// says what is kept, waits for that.
pub type RulingOf = Arc<dyn Fn(&TenantId) -> Arc<Ruling> + Send + Sync>;

/// Whether exchanges are analysed (`enable_security_analysis`).
#[derive(Clone)]
pub enum Analysis {
    /// By every detector there is.
    Enabled {
        /// The detectors.
        engine: Arc<Engine>,
        /// What is done about what they find, by tenant.
        ruling_of: RulingOf,
        /// How long one exchange may take (`guard.analysis_timeout_ms`).
        timeout: Duration,
    },
    /// Not at all.
    Disabled,
}

impl Analysis {
    /// Whether any text of a tenant is kept from being stored.
    pub(super) fn may_hide(&self, tenant: &TenantId) -> bool {
        match self {
            Self::Enabled { ruling_of, .. } => ruling_of(tenant).may_hide(),
            Self::Disabled => false,
        }
    }
}

/// Analyses what was said, and names in `coverage` what did it and what was left out. Returns what is found, and what of the
/// record is not to be stored.
///
/// Words of what was said stand in no finding where none of it is kept.
pub(super) fn findings(
    analysis: &Analysis,
    record: &mut SpanRecord,
    kept: CaptureContent,
    events: &Events,
) -> (Vec<Finding>, Hidden) {
    let Analysis::Enabled { engine, ruling_of, timeout } = analysis else {
        "disabled".clone_into(&mut record.span.coverage.analysis);
        return (Vec::new(), Hidden::default());
    };
    let ruling = ruling_of(&record.span.tenant_id);
    let mut hidden = beside(engine, &ruling, &record.span, Deadline::within(*timeout));
    let coverage = &mut record.span.coverage;
    let Some(content) = &record.content else {
        "nothing to read".clone_into(&mut coverage.analysis);
        return (Vec::new(), hidden);
    };
    coverage.policy = ruling.source.to_string();
    let unreadable = unread(ruling.stances.opaque, &coverage.request);
    let quoting = match kept {
        CaptureContent::Full => Quoting::Allowed,
        CaptureContent::Metadata => Quoting::Refused,
    };
    let deadline = Deadline::within(*timeout);
    let mut examined = engine.examine(content, Channel::ALL, deadline);
    let offered = llmtrace_wire::tools(&content.tool_definitions).map(|tool| (tool.definition, tool.name));
    let agent = record.span.agent_id.as_deref();
    examined.found.extend(forbidden_tools(content, offered, agent, &ruling.tools));
    let mut found = Vec::with_capacity(examined.found.len());
    for one in examined.found {
        if ruling.hides_found(&one) {
            hidden.note(&one.hit.subtype, one.text());
        }
        // What is allowed is no finding.
        if let Some(action) = ruling.says(&one) {
            found.push(one.hit.into_finding(&one.segment, action, quoting));
        }
    }
    coverage.analysis = examined.ran.join(", ");
    hidden.unread.extend(examined.unread_in);
    if !examined.late.is_empty() {
        // Nobody can say which texts were not looked at by all.
        hidden.unread.insert(String::new());
    }
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
    (found, hidden)
}

/// What the policy hides of what stands beside the messages: labels, the address, and what went wrong, which is told in the words
/// of others, who may repeat what they were sent.
fn beside(engine: &Engine, ruling: &Ruling, span: &Span, deadline: Deadline) -> Hidden {
    let mut hidden = Hidden { redacts: ruling.may_hide(), ..Hidden::default() };
    if !hidden.redacts {
        return hidden;
    }
    let labels = [&span.agent_id, &span.session_id, &span.user_id, &span.environment, &span.release];
    let labels = labels.into_iter().flatten().chain(&span.tags).map(|text| (Channel::User, text.clone()));
    let path = percent_decode_str(&span.path.replace('+', " ")).decode_utf8_lossy().into_owned();
    let error = span.error.iter().map(|error| (Channel::Output, error.message.clone()));
    for (channel, text) in labels.chain([(Channel::User, path)]).chain(error) {
        let report = engine.scan(channel, &text, deadline);
        for hit in report.hits {
            let found = &text[hit.range.clone()];
            if ruling.hides(channel, &hit, found) {
                hidden.note(&hit.subtype, found);
            }
        }
    }
    hidden
}

impl Hidden {
    /// Takes note of a text that is hidden.
    fn note(&mut self, subtype: &str, text: &str) {
        if !text.is_empty() {
            self.texts.insert(text.to_owned(), subtype.to_owned());
        }
    }
}

/// What the policy does about findings that are about no text of the exchange; what the operator allows is none.
pub(super) fn decided(analysis: &Analysis, tenant: &TenantId, found: Vec<Finding>) -> Vec<Finding> {
    let Analysis::Enabled { ruling_of, .. } = analysis else { return Vec::new() };
    let ruling = ruling_of(tenant);
    let met = |finding: Finding| {
        // The exchange has passed by the time it is found.
        let action = ruling.action_of(&finding)?.min(Action::Flag);
        Some(Finding { action, ..finding })
    };
    found.into_iter().filter_map(met).collect()
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
