//! Sessions in JSON.

use llmtrace_model::{Money, SessionSummary, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{TextIndex, TraceView, ms};

/// A page of sessions, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionList {
    /// The rows.
    pub items: Vec<SessionView>,
    /// What `after` takes to get the next page; `null` at the end.
    #[schema(required)]
    pub next: Option<String>,
    /// How far a search can see; `null` where no `text` was asked for.
    #[schema(required)]
    pub text_index: Option<TextIndex>,
}

/// One session: what all its spans add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    /// What they add up to.
    #[serde(flatten)]
    pub sums: SessionSums,
    /// How many traces they belong to.
    #[schema(example = 3)]
    pub traces: u64,
}

/// One session with its traces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionDetail {
    /// What its spans add up to.
    #[serde(flatten)]
    pub sums: SessionSums,
    /// A page of its traces.
    pub traces: SessionTraces,
}

/// A page of the traces of a session, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionTraces {
    /// The rows.
    pub items: Vec<TraceView>,
    /// What `after` takes to get the next page; `null` at the end.
    #[schema(required)]
    pub next: Option<String>,
}

/// What all spans of a session add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionSums {
    /// The session, in the words of the application.
    #[schema(example = "chat-17")]
    pub session_id: String,
    /// Owner.
    #[schema(value_type = String, example = "default")]
    pub tenant_id: TenantId,
    /// When its first span started.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T12:00:00.000000Z")]
    pub started_at: Timestamp,
    /// When its last span started.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T12:05:00.000000Z")]
    pub last_started_at: Timestamp,
    /// From the first start to the last end.
    #[schema(example = 301_250.5)]
    pub duration_ms: f64,
    /// How many spans it has.
    #[schema(example = 12)]
    pub spans: u64,
    /// How many of them failed.
    #[schema(example = 1)]
    pub errors: u64,
    /// The models that answered (or were asked), sorted, at most 100.
    #[schema(example = json!(["gpt-4o"]))]
    pub models: Vec<String>,
    /// The agents, likewise.
    #[schema(example = json!(["support-bot"]))]
    pub agent_ids: Vec<String>,
    /// The end users, likewise.
    #[schema(example = json!(["user-4711"]))]
    pub user_ids: Vec<String>,
    /// All tokens.
    #[schema(example = 4200)]
    pub total_tokens: u64,
    /// Cost of the priced spans in US dollars, a decimal string.
    #[schema(value_type = String, example = "0.0125")]
    pub cost_usd: Money,
}

impl From<SessionSummary> for SessionView {
    fn from(s: SessionSummary) -> Self {
        let sums = SessionSums {
            session_id: s.session_id,
            tenant_id: s.tenant_id,
            started_at: s.started_at,
            last_started_at: s.last_started_at,
            duration_ms: ms(s.duration_us),
            spans: s.spans,
            errors: s.errors,
            models: s.models,
            agent_ids: s.agent_ids,
            user_ids: s.user_ids,
            total_tokens: s.total_tokens,
            cost_usd: s.cost,
        };
        Self { sums, traces: s.traces }
    }
}
