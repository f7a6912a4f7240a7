//! The span: one exchange as it is stored and shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Content, Coverage, ExchangeId, Finding, Money, Raw, SpanId, TenantId, Timestamp, TraceId, Units, Usage,
    UsageSource, word::words,
};

/// Request parameters by their OpenTelemetry name without the `gen_ai.request.` prefix (`temperature`, `max_tokens`, …).
pub type Params = BTreeMap<String, Value>;

/// One exchange, without what was said in it (see [`Content`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Identity, and the idempotency key of the row.
    pub exchange_id: ExchangeId,
    /// 0 when first written; a re-pricing writes a higher one, and a replay never beats it.
    pub version: u32,
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// This span.
    pub span_id: SpanId,
    /// The client's span, where it sent a `traceparent`.
    pub parent_span_id: Option<SpanId>,
    /// Owner.
    pub tenant_id: TenantId,
    /// The agent, from `X-LLMTrace-Agent-ID`.
    pub agent_id: Option<String>,
    /// The session, from `X-LLMTrace-Session-ID`.
    pub session_id: Option<String>,
    /// The end user, from `X-LLMTrace-User-ID`, else from the request body.
    pub user_id: Option<String>,
    /// Tags, from `X-LLMTrace-Tags` and the request's `metadata` (as `key:value`).
    pub tags: Vec<String>,
    /// The environment, from `X-LLMTrace-Environment`.
    pub environment: Option<String>,
    /// The release, from `X-LLMTrace-Release`.
    pub release: Option<String>,
    /// The client's IP address (OpenTelemetry's `client.address`); behind `trusted_proxies` the one they forward.
    pub client_address: Option<String>,
    /// How we came to know of it.
    pub source: Source,
    /// OpenTelemetry's `gen_ai.operation.name` (`chat`, `embeddings`, …), or the HTTP method of an opaque exchange.
    pub operation: String,
    /// OpenTelemetry's `gen_ai.provider.name`, `unknown` where the table has no row.
    pub provider: String,
    /// The wire format, `opaque` where it is not one we read.
    pub dialect: String,
    /// The name of the upstream it went to, empty where the request named none that is known.
    pub upstream: String,
    /// HTTP method.
    pub method: String,
    /// Path and redacted query, as the client sent them.
    pub path: String,
    /// The model asked for.
    pub request_model: Option<String>,
    /// The model that answered.
    pub response_model: Option<String>,
    /// Request parameters.
    pub params: Params,
    /// Whether the answer came as a stream.
    pub stream: bool,
    /// Whether it went well.
    pub status: Status,
    /// The status the client saw, where it saw one.
    pub http_status: Option<u16>,
    /// How it ended.
    pub end_reason: EndReason,
    /// What went wrong.
    pub error: Option<ErrorInfo>,
    /// Tokens; `None` where nobody knows.
    pub usage: Option<Usage>,
    /// Where the tokens come from.
    pub usage_source: UsageSource,
    /// What is billed by the piece.
    pub units: Units,
    /// Price of the tokens; `None` where the model has no price.
    pub cost: Option<Money>,
    /// Which prices were applied.
    pub price_version: Option<String>,
    /// When the request head arrived.
    pub started_at: Timestamp,
    /// Durations.
    pub timing: Timing,
    /// Body bytes from the client.
    pub request_bytes: u64,
    /// Body bytes to the client.
    pub response_bytes: u64,
    /// Why the model stopped, one per choice, in the provider's words.
    pub finish_reasons: Vec<String>,
    /// The provider's id of the answer (`chatcmpl-…`, `msg_…`).
    pub response_id: Option<String>,
    /// The provider's id of the request (`x-request-id`, `request-id`).
    pub provider_request_id: Option<String>,
    /// The provider's rate-limit headers, as sent.
    pub rate_limits: BTreeMap<String, String>,
    /// What detection found.
    pub findings: Vec<Finding>,
    /// What was seen and what was not.
    pub coverage: Coverage,
}

/// A span with what was said in it; `content` is absent where it was not kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanRecord {
    /// The span.
    pub span: Span,
    /// What was said.
    pub content: Option<Content>,
    /// The bytes as they passed: given to a store with the span, and read back by a read of their own only.
    pub raw: Option<Raw>,
}

impl SpanRecord {
    /// A span of which nothing else was kept.
    pub fn bare(span: Span) -> Self {
        Self { span, content: None, raw: None }
    }
}

/// How long the parts of an exchange took, in microseconds from its start unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Timing {
    /// How long opening the upstream connection took; `None` where one was reused.
    pub connect_us: Option<u64>,
    /// Until the upstream's answer head.
    pub first_byte_us: Option<u64>,
    /// Until the first token of a stream.
    pub first_token_us: Option<u64>,
    /// Until the last byte.
    pub duration_us: u64,
    /// What we ourselves took of it before the request left.
    pub overhead_us: u64,
}

/// One trace in a list: what its spans add up to.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceSummary {
    /// The trace.
    pub trace_id: TraceId,
    /// Owner.
    pub tenant_id: TenantId,
    /// When its first span started.
    pub started_at: Timestamp,
    /// From the first start to the last end, in microseconds.
    pub duration_us: u64,
    /// How many spans it has.
    pub spans: u64,
    /// How many of them failed.
    pub errors: u64,
    /// The models that answered (or were asked), sorted, without repetition.
    pub models: Vec<String>,
    /// All tokens.
    pub total_tokens: u64,
    /// Cost of the priced spans.
    pub cost: Money,
    /// The session of its first span.
    pub session_id: Option<String>,
}

/// One session in a list: what its spans add up to.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionSummary {
    /// The session.
    pub session_id: String,
    /// Owner.
    pub tenant_id: TenantId,
    /// When its first span started.
    pub started_at: Timestamp,
    /// When its last span started.
    pub last_started_at: Timestamp,
    /// From the first start to the last end, in microseconds.
    pub duration_us: u64,
    /// How many spans it has.
    pub spans: u64,
    /// How many traces they belong to.
    pub traces: u64,
    /// How many of the spans failed.
    pub errors: u64,
    /// The models that answered (or were asked), sorted, without repetition, at most [`SessionSummary::NAMES`].
    pub models: Vec<String>,
    /// The agents, likewise.
    pub agent_ids: Vec<String>,
    /// The end users, likewise.
    pub user_ids: Vec<String>,
    /// All tokens.
    pub total_tokens: u64,
    /// Cost of the priced spans.
    pub cost: Money,
}

impl SessionSummary {
    /// The most names of each kind, in the order of the alphabet.
    pub const NAMES: usize = 100;
}

/// What went wrong in an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorInfo {
    /// A stable word: the provider's error type, or ours (`connect_timeout`, …).
    pub kind: String,
    /// The message; never holds a credential.
    pub message: String,
}

words! {
    /// How an exchange ended.
    EndReason {
        /// The whole answer reached the client.
        Complete = "complete",
        /// The client hung up first.
        ClientGone = "client_gone",
        /// The upstream failed: no connection, a broken stream, or an error inside a 200 stream.
        UpstreamFailed = "upstream_failed",
        /// A timeout of ours ended it.
        TimedOut = "timed_out",
        /// A policy or budget cut the stream.
        Cut = "cut",
        /// Refused before it was sent: limits, size, load.
        Refused = "refused",
        /// A policy blocked it.
        Blocked = "blocked",
        /// Our process ended first.
        Interrupted = "interrupted",
    } "complete, client_gone, upstream_failed, timed_out, cut, refused, blocked, interrupted"
}
words! {
    /// Whether an exchange went well.
    Status {
        /// It did.
        Ok = "ok",
        /// It did not.
        Error = "error",
    } "ok, error"
}
words! {
    /// How we came to know of a span.
    Source {
        /// It was forwarded by the proxy.
        Proxy = "proxy",
        /// It was sent to us as OpenTelemetry.
        Otlp = "otlp",
    } "proxy, otlp"
}
