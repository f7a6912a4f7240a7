//! What the front lane hands over: the open record of an exchange, and the closed one.

use std::sync::Arc;

use bytes::Bytes;
use llmtrace_model::{EndReason, ErrorInfo, ExchangeId, Meter, SpanId, TenantId, Timestamp, Timing, TraceId};
use serde::{Deserialize, Serialize};

/// Recorded headers in order; names are lower-case. Only those of an allow list get here, so that no credential can.
pub type Headers = Vec<(String, String)>;

/// What is known when an exchange is sent upstream: the open record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Identity.
    pub id: ExchangeId,
    /// When the request head arrived.
    pub started_at: Timestamp,
    /// Owner.
    pub tenant: TenantId,
    /// From `traceparent`, else minted from `id`.
    pub trace_id: TraceId,
    /// From `traceparent`.
    pub parent_span_id: Option<SpanId>,
    /// The client's labels.
    pub labels: Labels,
    /// The client's address; behind `trusted_proxies` the one they forward.
    pub client_address: Option<String>,
    /// The name of the upstream (`default` for `upstream_url`).
    pub upstream: String,
    /// The upstream's host, which tells the provider.
    pub upstream_host: String,
    /// The provider, where the operator named it (`upstreams[].provider`).
    pub provider: Option<String>,
    /// HTTP method.
    pub method: String,
    /// Path and query as sent upstream, credentials in the query redacted.
    pub target: String,
    /// Recorded request headers.
    pub headers: Headers,
}

/// The `X-LLMTrace-*` labels of a request; each is bounded in length by the front lane.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Labels {
    /// `X-LLMTrace-Agent-ID`.
    pub agent_id: Option<String>,
    /// `X-LLMTrace-Session-ID`.
    pub session_id: Option<String>,
    /// `X-LLMTrace-User-ID`.
    pub user_id: Option<String>,
    /// `X-LLMTrace-Tags`, split at commas.
    pub tags: Vec<String>,
    /// `X-LLMTrace-Environment`.
    pub environment: Option<String>,
    /// `X-LLMTrace-Release`.
    pub release: Option<String>,
}

/// A finished exchange: the close record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// The open record again, so that a close record stands alone.
    pub opened: Arc<Opened>,
    /// The request body as received.
    pub request: Recorded,
    /// The answer's head as the client saw it.
    pub answer: Option<AnswerHead>,
    /// The answer's body as received from upstream.
    pub response: Recorded,
    /// How it ended.
    pub end_reason: EndReason,
    /// What went wrong on our side of the upstream.
    pub error: Option<ErrorInfo>,
    /// Durations.
    pub timing: Timing,
    /// What the relay's scanner read while the bytes passed, where there was one.
    pub meter: Option<Meter>,
}

/// The head of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerHead {
    /// HTTP status.
    pub status: u16,
    /// Recorded answer headers.
    pub headers: Headers,
}

/// A bounded copy of a body: its head, and its last bytes where the middle did not fit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recorded {
    /// The first bytes, up to `capture.max_bytes`.
    pub head: Bytes,
    /// The last bytes (at most 64 KiB) beyond the head.
    pub tail: Bytes,
    /// Size of the whole body.
    pub total_bytes: u64,
}

impl Recorded {
    /// Says whether no byte is missing between head and tail.
    pub fn is_whole(&self) -> bool {
        (self.head.len() + self.tail.len()) as u64 == self.total_bytes
    }
}
