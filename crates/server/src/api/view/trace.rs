//! Traces in JSON, and the two list answers.

use std::collections::BTreeSet;

use llmtrace_model::{Money, Span, SpanRecord, Status, TenantId, Timestamp, TraceId, TraceSummary};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{SpanDetail, SpanView, TextIndex, ms};

/// A page of spans, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SpanList {
    /// The rows.
    pub items: Vec<SpanView>,
    /// What `after` takes to get the next page; `null` at the end.
    #[schema(required)]
    pub next: Option<String>,
    /// How far a search can see; `null` where no `text` was asked for.
    #[schema(required)]
    pub text_index: Option<TextIndex>,
}

/// A page of traces, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TraceList {
    /// The rows.
    pub items: Vec<TraceView>,
    /// What `after` takes to get the next page; `null` at the end.
    #[schema(required)]
    pub next: Option<String>,
    /// How far a search can see; `null` where no `text` was asked for.
    #[schema(required)]
    pub text_index: Option<TextIndex>,
}

/// One trace: what its spans add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Trace)]
pub struct TraceView {
    /// The trace, 32 hex digits.
    #[schema(value_type = String)]
    pub trace_id: TraceId,
    /// Owner.
    #[schema(value_type = String)]
    pub tenant_id: TenantId,
    /// The session of its first span.
    #[schema(required)]
    pub session_id: Option<String>,
    /// When its first span started.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// From the first start to the last end.
    pub duration_ms: f64,
    /// How many spans it has.
    pub span_count: u64,
    /// How many of them failed.
    pub error_count: u64,
    /// The models that answered (or were asked), sorted.
    pub models: Vec<String>,
    /// All tokens.
    pub total_tokens: u64,
    /// Cost of the priced spans in US dollars, a decimal string.
    #[schema(value_type = String, example = "0.00025")]
    pub cost_usd: Money,
}

/// One trace with its spans, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TraceDetail {
    /// What its spans add up to.
    #[serde(flatten)]
    pub trace: TraceView,
    /// Its spans with what was said in them; the first 1000.
    pub spans: Vec<SpanDetail>,
    /// Whether it has more spans than are shown; the sums are those of the spans shown, `span_count` counts all.
    pub truncated: bool,
}

impl From<TraceSummary> for TraceView {
    fn from(t: TraceSummary) -> Self {
        Self {
            trace_id: t.trace_id,
            tenant_id: t.tenant_id,
            session_id: t.session_id,
            started_at: t.started_at,
            duration_ms: ms(t.duration_us),
            span_count: t.spans,
            error_count: t.errors,
            models: t.models,
            total_tokens: t.total_tokens,
            cost_usd: t.cost,
        }
    }
}

impl TraceDetail {
    /// Adds up spans, oldest first, of a trace that has `count` of them; `None` where there are none.
    pub fn of(records: Vec<SpanRecord>, count: u64) -> Option<Self> {
        let first = &records.first()?.span;
        let spans = || records.iter().map(|r| &r.span);
        let end = |s: &Span| s.started_at.unix_us().saturating_add_unsigned(s.timing.duration_us);
        let last_end = spans().map(end).max()?;
        let models: BTreeSet<&String> =
            spans().filter_map(|s| s.response_model.as_ref().or(s.request_model.as_ref())).collect();
        let errors = spans().filter(|s| s.status == Status::Error).count();
        let shown = records.len() as u64;
        let trace = TraceSummary {
            trace_id: first.trace_id,
            tenant_id: first.tenant_id.clone(),
            started_at: first.started_at,
            duration_us: u64::try_from(last_end.saturating_sub(first.started_at.unix_us())).unwrap_or(0),
            spans: count.max(shown),
            errors: errors as u64,
            models: models.into_iter().cloned().collect(),
            total_tokens: spans().filter_map(|s| s.usage).fold(0, |sum, u| sum.saturating_add(u.total())),
            cost: spans().filter_map(|s| s.cost).fold(Money::ZERO, |sum, cost| sum + cost),
            session_id: first.session_id.clone(),
        };
        Some(Self {
            truncated: trace.spans > shown,
            trace: trace.into(),
            spans: records.into_iter().map(SpanDetail::from).collect(),
        })
    }
}
