//! What a span looks like in JSON: the one mapping, used by lists, details, the export and the command line.
//!
//! Names are stable. Every field is always there; what is not known is `null`. Lists hold [`SpanView`], which knows no
//! content; details and exports hold [`SpanDetail`]. Durations are in milliseconds with microseconds as decimals.

mod account;
mod audit;
mod credential;
mod erasure;
mod evaluation;
mod info;
mod key;
mod login;
mod people;
mod policy;
mod price;
mod raw;
mod saved;
mod session;
mod settings;
pub(super) mod shapes;
mod stats;
mod tenant;
mod top;
mod trace;

use std::collections::BTreeMap;

use llmtrace_model::{
    BodyCoverage, Content, Coverage, EndReason, ErrorInfo, ExchangeId, Finding, Message, Money, Params, Part, Source,
    Span, SpanId, SpanRecord, Status, TenantId, Timestamp, TraceId, Units, Usage, UsageSource,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub(crate) use account::AuditedAccount;
pub use account::{AccountBody, AccountList, AccountState, AccountView, NewAccountBody};
pub use audit::{ActorKind, ActorView, AuditLine, AuditList, AuditView};
pub use credential::{CredentialBody, CredentialList, CredentialState, CredentialView, ProviderSecret, UnfitSecret};
pub use erasure::{
    ErasureBody, ErasureList, ErasureState, ErasureSubject, ErasureView, RetentionBody, RetentionSource, RetentionView,
};
pub use evaluation::{ChangedFindingView, ChangedView, EvaluationBody, EvaluationView, MetView};
pub(in crate::api) use evaluation::{MAX_EVALUATED, MAX_NAMED};
pub use info::{InfoStorage, InfoView, Rollups, TextIndex};
pub use key::{KeyBody, KeyList, KeyState, KeyView, MeKind, MeTenant, MeView, NewKeyBody, NewKeyView, Role};
pub(in crate::api) use login::Hidden;
pub use login::{LoginBody, LoginProvider, LoginWaysView, PasswordBody};
pub use people::{AgentList, AgentView, UserList, UserView};
pub use policy::EffectiveGuardView;
pub use price::{ModelPriceList, ModelPriceView, PriceSource, PriceStep, PriceView};
pub use raw::{RawBodyView, RawEncoding, RawView};
pub use saved::{SavedViewBody, SavedViewList, SavedViewView};
pub use session::{SessionDetail, SessionList, SessionSums, SessionTraces, SessionView};
pub use settings::{EffectiveView, SettingsBody, SettingsView};
pub use stats::{GroupView, Interval, MeasuresView, PercentilesView, PointView, StatsView};
pub use tenant::{TenantList, TenantView};
pub use top::{TopItemView, TopMeasure, TopView};
pub use trace::{SpanList, TraceDetail, TraceList, TraceView};

/// One exchange, without what was said in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Span)]
pub struct SpanView {
    /// Identity of the exchange, a UUIDv7.
    #[schema(value_type = String, format = "uuid")]
    pub exchange_id: ExchangeId,
    /// The trace it belongs to, 32 hex digits.
    #[schema(value_type = String)]
    pub trace_id: TraceId,
    /// This span, 16 hex digits.
    #[schema(value_type = String)]
    pub span_id: SpanId,
    /// The client's span, where it sent a `traceparent`.
    #[schema(value_type = Option<String>, required)]
    pub parent_span_id: Option<SpanId>,
    /// Owner.
    #[schema(value_type = String)]
    pub tenant_id: TenantId,
    /// The agent that sent it.
    #[schema(required)]
    pub agent_id: Option<String>,
    /// The session it belongs to.
    #[schema(required)]
    pub session_id: Option<String>,
    /// The end user it was sent for.
    #[schema(required)]
    pub user_id: Option<String>,
    /// Tags, and the request's metadata as `key:value`.
    pub tags: Vec<String>,
    /// The environment it was sent from.
    #[schema(required)]
    pub environment: Option<String>,
    /// The release it was sent by.
    #[schema(required)]
    pub release: Option<String>,
    /// The client's IP address.
    #[schema(required)]
    pub client_address: Option<String>,
    /// How we came to know of it.
    #[schema(value_type = shapes::Source)]
    pub source: Source,
    /// OpenTelemetry's operation name (`chat`, `embeddings`, …), or the HTTP method of an opaque exchange.
    pub operation: String,
    /// OpenTelemetry's provider name, `unknown` where none is recognised.
    pub provider: String,
    /// The wire format, `opaque` where it is not one we read.
    pub dialect: String,
    /// The name of the upstream it went to, empty where the request named none that is known.
    pub upstream: String,
    /// HTTP method.
    pub method: String,
    /// Path and query, credentials redacted.
    pub path: String,
    /// The model asked for.
    #[schema(required)]
    pub request_model: Option<String>,
    /// The model that answered.
    #[schema(required)]
    pub response_model: Option<String>,
    /// Request parameters by their OpenTelemetry name without prefix (`temperature`, `max_tokens`, …).
    #[schema(value_type = BTreeMap<String, Value>)]
    pub params: Params,
    /// Whether the answer came as a stream.
    pub stream: bool,
    /// Whether it went well.
    #[schema(value_type = shapes::Status)]
    pub status: Status,
    /// The HTTP status the client saw.
    #[schema(required)]
    pub http_status: Option<u16>,
    /// How it ended.
    #[schema(value_type = shapes::EndReason)]
    pub end_reason: EndReason,
    /// What went wrong.
    #[schema(value_type = Option<shapes::ErrorInfo>, required)]
    pub error: Option<ErrorInfo>,
    /// Tokens, `null` where nobody knows.
    #[schema(required)]
    pub usage: Option<UsageView>,
    /// Where the tokens come from.
    #[schema(value_type = shapes::UsageSource)]
    pub usage_source: UsageSource,
    /// What is billed by the piece (`web_searches`, `images_out`, `audio_in_ms`, …), by name; absent ones are zero.
    #[schema(value_type = std::collections::BTreeMap<String, u64>, example = json!({"web_searches": 1}))]
    pub units: Units,
    /// Price in US dollars as a decimal string, `null` where the model has no price.
    #[schema(value_type = Option<String>, required, example = "0.00025")]
    pub cost_usd: Option<Money>,
    /// Which prices were applied.
    #[schema(required)]
    pub price_version: Option<String>,
    /// When the request head arrived.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// How long opening the upstream connection took, `null` where one was reused.
    #[schema(required)]
    pub connect_ms: Option<f64>,
    /// From the start to the upstream's answer head.
    #[schema(required)]
    pub time_to_first_byte_ms: Option<f64>,
    /// From the start to the first token of a stream.
    #[schema(required)]
    pub time_to_first_token_ms: Option<f64>,
    /// From the start to the last byte.
    pub duration_ms: f64,
    /// What the proxy itself took before the request left, in microseconds.
    pub overhead_us: u64,
    /// Body bytes from the client.
    pub request_bytes: u64,
    /// Body bytes to the client.
    pub response_bytes: u64,
    /// Why the model stopped, one per choice, in the provider's words.
    pub finish_reasons: Vec<String>,
    /// The provider's id of the answer.
    #[schema(required)]
    pub response_id: Option<String>,
    /// The provider's id of the request.
    #[schema(required)]
    pub provider_request_id: Option<String>,
    /// The provider's rate-limit headers, as sent.
    pub rate_limits: BTreeMap<String, String>,
    /// What detection found.
    #[schema(value_type = Vec<shapes::Finding>)]
    pub findings: Vec<FindingView>,
    /// What of the exchange was seen, and what was not.
    pub coverage: CoverageView,
    /// 0 when first written; a re-pricing writes a higher one.
    pub version: u32,
}

/// What detection found, as its rows show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingView {
    /// What refusals and this API call it.
    pub id: String,
    /// The entry of the OWASP Top 10 for LLM Applications (2025) it belongs to.
    pub owasp: Option<String>,
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
}

/// One exchange with what was said in it; the four content fields are `null` where content was not kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SpanDetail {
    /// The exchange.
    #[serde(flatten)]
    pub span: SpanView,
    /// Instructions outside the message list.
    #[schema(value_type = Option<Vec<shapes::Part>>, required)]
    pub system_instructions: Option<Vec<Part>>,
    /// What the client sent.
    #[schema(value_type = Option<Vec<shapes::Message>>, required)]
    pub input_messages: Option<Vec<Message>>,
    /// What the model answered, one message per choice.
    #[schema(value_type = Option<Vec<shapes::Message>>, required)]
    pub output_messages: Option<Vec<Message>>,
    /// The tools offered to the model, verbatim.
    #[schema(value_type = Option<Vec<Value>>, required)]
    pub tool_definitions: Option<Vec<Value>>,
}

/// Tokens in exclusive buckets: every token is in exactly one, so that they add up to `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Usage)]
pub struct UsageView {
    /// Uncached text input.
    pub input: u64,
    /// Input read from the provider's prompt cache.
    pub cache_read: u64,
    /// Input written to the cache for five minutes (or without a stated lifetime).
    pub cache_write_5m: u64,
    /// Input written to the cache for one hour.
    pub cache_write_1h: u64,
    /// Text output without reasoning.
    pub output: u64,
    /// Reasoning (thinking) output.
    pub reasoning: u64,
    /// Audio input.
    pub audio_input: u64,
    /// Audio output.
    pub audio_output: u64,
    /// Image and video input.
    pub image_input: u64,
    /// Image output.
    pub image_output: u64,
    /// Audio input read from the provider's prompt cache, where it says so.
    pub audio_cache_read: u64,
    /// Image and video input read from the provider's prompt cache, where it says so.
    pub image_cache_read: u64,
    /// The sum of all of them.
    pub total: u64,
}

/// How much of an exchange was recorded, read and analysed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Coverage)]
pub struct CoverageView {
    /// The request body.
    pub request: BodyView,
    /// The answer's body.
    pub response: BodyView,
    /// Parts recorded by name only, with their number: `image ×2`.
    pub not_read: Vec<String>,
    /// Fields and event types the decoder does not know.
    pub unknown: Vec<String>,
    /// What was used and is not in the cost, or only at the ordinary price: names of buckets and units,
    /// `service_tier WORD`, `batch`.
    pub not_priced: Vec<String>,
    /// What analysis did: `disabled`, `nothing to read`, or the detectors that ran.
    pub analysis: String,
    /// What analysis left out, and why: `pii: out of time`.
    pub not_analysed: Vec<String>,
    /// What the policy keeps from being stored, and why: `raw bytes: the policy redacts`.
    pub withheld: Vec<String>,
    /// Whose policy was held against what was found: `installation`, or `tenant@7`, the tenant's own of that version of its
    /// settings. `null` where nothing was analysed, and of spans from before it was noted.
    #[schema(required)]
    pub policy: Option<String>,
}

/// How much of one body was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BodyCoverage)]
pub struct BodyView {
    /// How much.
    pub seen: Seen,
    /// Why it was not understood; only where `seen` is `opaque`.
    #[schema(required)]
    pub reason: Option<String>,
}

/// How much of a body was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// There was none.
    Empty,
    /// All of it was recorded and understood.
    Whole,
    /// Head and tail are there, the middle is not.
    Truncated,
    /// It was not understood.
    Opaque,
    /// It was not to be kept.
    NotKept,
}

impl From<Span> for SpanView {
    fn from(span: Span) -> Self {
        Self {
            exchange_id: span.exchange_id,
            trace_id: span.trace_id,
            span_id: span.span_id,
            parent_span_id: span.parent_span_id,
            tenant_id: span.tenant_id,
            agent_id: span.agent_id,
            session_id: span.session_id,
            user_id: span.user_id,
            tags: span.tags,
            environment: span.environment,
            release: span.release,
            client_address: span.client_address,
            source: span.source,
            operation: span.operation,
            provider: span.provider,
            dialect: span.dialect,
            upstream: span.upstream,
            method: span.method,
            path: span.path,
            request_model: span.request_model,
            response_model: span.response_model,
            params: span.params,
            stream: span.stream,
            status: span.status,
            http_status: span.http_status,
            end_reason: span.end_reason,
            error: span.error,
            usage: span.usage.map(UsageView::from),
            usage_source: span.usage_source,
            units: span.units,
            cost_usd: span.cost,
            price_version: span.price_version,
            started_at: span.started_at,
            connect_ms: span.timing.connect_us.map(ms),
            time_to_first_byte_ms: span.timing.first_byte_us.map(ms),
            time_to_first_token_ms: span.timing.first_token_us.map(ms),
            duration_ms: ms(span.timing.duration_us),
            overhead_us: span.timing.overhead_us,
            request_bytes: span.request_bytes,
            response_bytes: span.response_bytes,
            finish_reasons: span.finish_reasons,
            response_id: span.response_id,
            provider_request_id: span.provider_request_id,
            rate_limits: span.rate_limits,
            findings: span.findings.into_iter().map(|found| FindingView::of(span.exchange_id, found)).collect(),
            coverage: span.coverage.into(),
            version: span.version,
        }
    }
}

impl FindingView {
    fn of(exchange: ExchangeId, finding: Finding) -> Self {
        let owasp = finding.kind.owasp().map(str::to_owned);
        Self { id: finding.id(exchange), owasp, finding }
    }
}

impl From<SpanRecord> for SpanDetail {
    fn from(SpanRecord { span, content, raw: _ }: SpanRecord) -> Self {
        let span = SpanView::from(span);
        match content {
            Some(Content { system_instructions, input_messages, output_messages, tool_definitions }) => Self {
                span,
                system_instructions: Some(system_instructions),
                input_messages: Some(input_messages),
                output_messages: Some(output_messages),
                tool_definitions: Some(tool_definitions),
            },
            None => Self {
                span,
                system_instructions: None,
                input_messages: None,
                output_messages: None,
                tool_definitions: None,
            },
        }
    }
}

impl From<Usage> for UsageView {
    fn from(u: Usage) -> Self {
        Self {
            input: u.input,
            cache_read: u.cache_read,
            cache_write_5m: u.cache_write_5m,
            cache_write_1h: u.cache_write_1h,
            output: u.output,
            reasoning: u.reasoning,
            audio_input: u.audio_input,
            audio_output: u.audio_output,
            image_input: u.image_input,
            image_output: u.image_output,
            audio_cache_read: u.audio_cache_read,
            image_cache_read: u.image_cache_read,
            total: u.total(),
        }
    }
}

impl From<Coverage> for CoverageView {
    fn from(c: Coverage) -> Self {
        Self {
            request: c.request.into(),
            response: c.response.into(),
            not_read: c.not_read,
            unknown: c.unknown,
            not_priced: c.not_priced,
            analysis: c.analysis,
            not_analysed: c.not_analysed,
            withheld: c.withheld,
            policy: Some(c.policy).filter(|policy| !policy.is_empty()),
        }
    }
}

impl From<BodyCoverage> for BodyView {
    fn from(body: BodyCoverage) -> Self {
        let (seen, reason) = match body {
            BodyCoverage::Empty => (Seen::Empty, None),
            BodyCoverage::Whole => (Seen::Whole, None),
            BodyCoverage::Truncated => (Seen::Truncated, None),
            BodyCoverage::Opaque(why) => (Seen::Opaque, Some(why)),
            BodyCoverage::NotKept => (Seen::NotKept, None),
        };
        Self { seen, reason }
    }
}

/// Microseconds as milliseconds; exact below 285 years.
#[expect(clippy::cast_precision_loss, reason = "53 bits of microseconds are 285 years")]
fn ms(us: u64) -> f64 {
    us as f64 / 1000.0
}

#[cfg(test)]
mod tests;
