//! What another policy would have done about exchanges that are stored: nothing of it is kept.

use std::{collections::BTreeMap, sync::Arc};

use llmtrace_detect::{Deadline, Engine};
use llmtrace_model::{Action, Channel, FindingKind, Span, SpanRecord, TenantId};

use crate::config::Ruling;

/// What is done where nothing was found, or nothing that counts.
pub const NOTHING: &str = "nothing";

/// Two rulings on the exchanges of a tenant: the one in force, and the one that a draft would make.
pub type Rulings<'a> = &'a dyn Fn(&TenantId) -> (Arc<Ruling>, Arc<Ruling>);

/// What a draft would change about some exchanges.
#[derive(Debug, Default, PartialEq)]
pub struct Replay {
    /// Exchanges that were looked at.
    pub looked_at: u64,
    /// Of these, the ones without what was said: it was not kept, or has expired.
    pub without_content: u64,
    /// Of these, the ones that there was no time for.
    pub late: u64,
    /// How many exchanges the policy in force meets with each action, [`NOTHING`] included.
    pub now: BTreeMap<&'static str, u64>,
    /// The same for the draft.
    pub then: BTreeMap<&'static str, u64>,
    /// The exchanges that would be met otherwise, in the order in which they were given.
    pub changed: Vec<Changed>,
}

/// An exchange that a draft meets otherwise.
#[derive(Debug, PartialEq)]
pub struct Changed {
    /// The exchange.
    pub span: Box<Span>,
    /// What the policy in force does, the strongest of all findings; `None` is nothing.
    pub now: Option<Action>,
    /// What the draft would do.
    pub then: Option<Action>,
    /// The findings that are met otherwise.
    pub findings: Vec<ChangedFinding>,
}

/// A finding that a draft meets otherwise.
#[derive(Debug, PartialEq, Eq)]
pub struct ChangedFinding {
    /// What was found.
    pub kind: FindingKind,
    /// Which sort of it.
    pub subtype: String,
    /// By what.
    pub rule: String,
    /// In whose words.
    pub channel: Channel,
    /// What the policy in force does about it; `None` where it is allowed.
    pub now: Option<Action>,
    /// What the draft would do.
    pub then: Option<Action>,
}

impl Replay {
    /// Looks at the exchanges again, as the back lane would today, and holds both rulings against what is found.
    pub fn of(
        engine: &Engine,
        rulings: Rulings<'_>,
        records: impl IntoIterator<Item = SpanRecord>,
        deadline: Deadline,
    ) -> Self {
        let mut replay = Self::default();
        for record in records {
            replay.add(engine, rulings, record, deadline);
        }
        replay
    }

    fn add(&mut self, engine: &Engine, rulings: Rulings<'_>, record: SpanRecord, deadline: Deadline) {
        self.looked_at += 1;
        let SpanRecord { span, content, raw: _ } = record;
        let Some(content) = content else {
            self.without_content += 1;
            return;
        };
        let examined = engine.examine(&content, Channel::ALL, deadline);
        if !examined.late.is_empty() {
            self.late += 1;
            return;
        }
        let (now_in_force, draft) = rulings(&span.tenant_id);
        let (mut does, mut findings) = ((None, None), Vec::new());
        for found in &examined.found {
            let channel = found.segment.channel;
            // What is only said, in shadow, is done by neither.
            does = (now_in_force.does(found).max(does.0), draft.does(found).max(does.1));
            let (now, then) = (now_in_force.says(found), draft.says(found));
            if now != then {
                let (subtype, rule) = (found.hit.subtype.to_string(), found.hit.rule.to_string());
                findings.push(ChangedFinding { kind: found.hit.kind, subtype, rule, channel, now, then });
            }
        }
        for (counts, action) in [(&mut self.now, does.0), (&mut self.then, does.1)] {
            *counts.entry(action.map_or(NOTHING, Action::as_str)).or_default() += 1;
        }
        if does.0 != does.1 || !findings.is_empty() {
            self.changed.push(Changed { span: Box::new(span), now: does.0, then: does.1, findings });
        }
    }
}
