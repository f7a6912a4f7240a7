//! What a draft of a policy would change, in JSON; and how it is asked for.

use std::collections::BTreeMap;

use llmtrace_model::{Action, Channel, ExchangeId, FindingKind, SpanId, TenantId, Timestamp, TraceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{policy::PolicyShape, shapes};
use crate::analysis::{Changed, ChangedFinding, NOTHING, Replay};

/// The most spans of an evaluation.
pub(in crate::api) const MAX_EVALUATED: u32 = 1_000;
/// The most spans that an evaluation may name.
pub(in crate::api) const MAX_NAMED: usize = 100;

/// A draft of a policy, and the spans it is held against.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = EvaluationBody)]
#[serde(deny_unknown_fields)]
pub struct EvaluationBody {
    /// The draft, as it would stand in the settings of a tenant.
    #[schema(value_type = PolicyShape)]
    pub(in crate::api) policy: Value,
    /// Spans that started at or after this.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(in crate::api) since: Option<Timestamp>,
    /// Spans that started before this.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(in crate::api) until: Option<Timestamp>,
    /// Only these spans; what is not there, or another tenant's, is left out.
    #[serde(default)]
    #[schema(value_type = Option<Vec<SpanIdShape>>, min_items = 1, max_items = 100)]
    pub(in crate::api) span_ids: Option<Vec<SpanId>>,
    /// Most spans, the newest ones; 200 where nothing is said.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    pub(in crate::api) limit: Option<u32>,
}

/// The id of a span.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SpanId, pattern = "^[0-9a-fA-F]{16}$", example = "00f067aa0ba902b7")]
pub(in crate::api) struct SpanIdShape(String);

/// What a draft would change.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Evaluation)]
pub struct EvaluationView {
    /// Spans that were looked at.
    pub looked_at: u64,
    /// Of these, the ones without what was said: it was not kept, or has expired.
    pub without_content: u64,
    /// Of these, the ones that there was no time for.
    pub late: u64,
    /// Whether all were looked at that were asked for; `false` where time was over before.
    pub is_whole: bool,
    /// How many exchanges the policy in force meets with each action.
    pub now: MetView,
    /// The same for the draft.
    pub then: MetView,
    /// The exchanges that would be met otherwise, newest first.
    pub changed: Vec<ChangedView>,
}

/// How many exchanges are met with each action, the strongest of all their findings.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MetWith)]
pub struct MetView {
    /// With none: nothing was found, or nothing that counts.
    pub nothing: u64,
    /// They are on the span.
    pub observe: u64,
    /// They are flagged.
    pub flag: u64,
    /// Text is replaced.
    pub redact: u64,
    /// They are refused.
    pub block: u64,
}

/// An exchange that a draft meets otherwise.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangedExchange)]
pub struct ChangedView {
    /// Its span.
    #[schema(value_type = SpanIdShape)]
    pub span_id: SpanId,
    /// Its exchange.
    #[schema(value_type = String, format = "uuid")]
    pub exchange_id: ExchangeId,
    /// Its trace.
    #[schema(value_type = String, pattern = "^[0-9a-f]{32}$")]
    pub trace_id: TraceId,
    /// Whose it is.
    #[schema(value_type = String)]
    pub tenant_id: TenantId,
    /// When it started.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// What the policy in force does; `null` is nothing.
    #[schema(value_type = Option<shapes::Action>, required)]
    pub now: Option<Action>,
    /// What the draft would do.
    #[schema(value_type = Option<shapes::Action>, required)]
    pub then: Option<Action>,
    /// The findings that are met otherwise, 100 at most.
    pub findings: Vec<ChangedFindingView>,
}

/// A finding that a draft meets otherwise.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangedFinding)]
pub struct ChangedFindingView {
    /// What was found.
    #[schema(value_type = shapes::FindingKind)]
    pub kind: FindingKind,
    /// Which sort of it.
    pub subtype: String,
    /// The rule or model that found it.
    pub rule: String,
    /// In whose words.
    #[schema(value_type = shapes::Channel)]
    pub channel: Channel,
    /// What the policy in force says about it; `null` where it is allowed.
    #[schema(value_type = Option<shapes::Action>, required)]
    pub now: Option<Action>,
    /// What the draft would say.
    #[schema(value_type = Option<shapes::Action>, required)]
    pub then: Option<Action>,
}

/// Most findings of one exchange that are named.
const MAX_FINDINGS: usize = 100;

impl EvaluationView {
    /// Adds what was found of some more spans.
    pub(in crate::api) fn add(&mut self, replay: Replay) {
        self.looked_at += replay.looked_at;
        self.without_content += replay.without_content;
        self.late += replay.late;
        self.now.add(&replay.now);
        self.then.add(&replay.then);
        self.changed.extend(replay.changed.into_iter().map(ChangedView::from));
    }
}

impl MetView {
    fn add(&mut self, counts: &BTreeMap<&'static str, u64>) {
        let count = |word: &str| counts.get(word).copied().unwrap_or_default();
        self.nothing += count(NOTHING);
        self.observe += count(Action::Observe.as_str());
        self.flag += count(Action::Flag.as_str());
        self.redact += count(Action::Redact.as_str());
        self.block += count(Action::Block.as_str());
    }
}

impl From<Changed> for ChangedView {
    fn from(Changed { span, now, then, findings }: Changed) -> Self {
        Self {
            span_id: span.span_id,
            exchange_id: span.exchange_id,
            trace_id: span.trace_id,
            tenant_id: span.tenant_id,
            started_at: span.started_at,
            now,
            then,
            findings: findings.into_iter().take(MAX_FINDINGS).map(ChangedFindingView::from).collect(),
        }
    }
}

impl From<ChangedFinding> for ChangedFindingView {
    fn from(ChangedFinding { kind, subtype, rule, channel, now, then }: ChangedFinding) -> Self {
        Self { kind, subtype, rule, channel, now, then }
    }
}
