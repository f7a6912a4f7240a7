//! The columns of a flat export: one table for CSV and Parquet, so that both say the same under the same names.
//!
//! Names are those of the JSON; the buckets of `usage` are columns of their own; lists and maps are JSON text.

use std::borrow::Cow;

use llmtrace_model::{Money, Timestamp, UsageSource};
use serde::Serialize;

use crate::api::view::{SpanDetail, UsageView};

/// One column.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) presence: Presence,
    pub(super) value: Value,
}

/// Whether each row has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Always,
    Sometimes,
}

/// What a column holds, and how it is read from a span; `None` is an absent value.
#[derive(Clone, Copy)]
pub(super) enum Value {
    /// Text, some of it in a client's own words.
    Text(fn(&SpanDetail) -> Option<Cow<'_, str>>),
    /// A list or a map; writes it, or says that it is absent.
    Json(fn(&SpanDetail, &mut Vec<u8>) -> serde_json::Result<Written>),
    Flag(fn(&SpanDetail) -> Option<bool>),
    /// A small number.
    Short(fn(&SpanDetail) -> Option<u16>),
    Count(fn(&SpanDetail) -> Option<u64>),
    Millis(fn(&SpanDetail) -> Option<f64>),
    Time(fn(&SpanDetail) -> Option<Timestamp>),
    Dollars(fn(&SpanDetail) -> Option<Money>),
}

/// Whether a JSON column has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Value,
    Nothing,
}

const fn always(name: &'static str, value: Value) -> Column {
    Column { name, presence: Presence::Always, value }
}

const fn sometimes(name: &'static str, value: Value) -> Column {
    Column { name, presence: Presence::Sometimes, value }
}

/// The columns, in the order of the JSON.
pub(super) const COLUMNS: &[Column] = &[
    always("exchange_id", Value::Text(|d| Some(d.span.exchange_id.to_string().into()))),
    always("trace_id", Value::Text(|d| Some(d.span.trace_id.to_string().into()))),
    always("span_id", Value::Text(|d| Some(d.span.span_id.to_string().into()))),
    sometimes("parent_span_id", Value::Text(|d| d.span.parent_span_id.map(|id| id.to_string().into()))),
    always("tenant_id", Value::Text(|d| Some(d.span.tenant_id.as_str().into()))),
    sometimes("agent_id", Value::Text(|d| text(&d.span.agent_id))),
    sometimes("session_id", Value::Text(|d| text(&d.span.session_id))),
    sometimes("user_id", Value::Text(|d| text(&d.span.user_id))),
    always("tags", Value::Json(|d, out| json(&d.span.tags, out))),
    sometimes("environment", Value::Text(|d| text(&d.span.environment))),
    sometimes("release", Value::Text(|d| text(&d.span.release))),
    sometimes("client_address", Value::Text(|d| text(&d.span.client_address))),
    always("source", Value::Text(|d| Some(d.span.source.as_str().into()))),
    always("operation", Value::Text(|d| Some(d.span.operation.as_str().into()))),
    always("provider", Value::Text(|d| Some(d.span.provider.as_str().into()))),
    always("dialect", Value::Text(|d| Some(d.span.dialect.as_str().into()))),
    always("upstream", Value::Text(|d| Some(d.span.upstream.as_str().into()))),
    always("method", Value::Text(|d| Some(d.span.method.as_str().into()))),
    always("path", Value::Text(|d| Some(d.span.path.as_str().into()))),
    sometimes("request_model", Value::Text(|d| text(&d.span.request_model))),
    sometimes("response_model", Value::Text(|d| text(&d.span.response_model))),
    always("params", Value::Json(|d, out| json(&d.span.params, out))),
    always("stream", Value::Flag(|d| Some(d.span.stream))),
    always("status", Value::Text(|d| Some(d.span.status.as_str().into()))),
    sometimes("http_status", Value::Short(|d| d.span.http_status)),
    always("end_reason", Value::Text(|d| Some(d.span.end_reason.as_str().into()))),
    sometimes("error", Value::Json(|d, out| maybe_json(d.span.error.as_ref(), out))),
    sometimes("usage_input", Value::Count(|d| tokens(d, |u| u.input))),
    sometimes("usage_cache_read", Value::Count(|d| tokens(d, |u| u.cache_read))),
    sometimes("usage_cache_write_5m", Value::Count(|d| tokens(d, |u| u.cache_write_5m))),
    sometimes("usage_cache_write_1h", Value::Count(|d| tokens(d, |u| u.cache_write_1h))),
    sometimes("usage_output", Value::Count(|d| tokens(d, |u| u.output))),
    sometimes("usage_reasoning", Value::Count(|d| tokens(d, |u| u.reasoning))),
    sometimes("usage_audio_input", Value::Count(|d| tokens(d, |u| u.audio_input))),
    sometimes("usage_audio_output", Value::Count(|d| tokens(d, |u| u.audio_output))),
    sometimes("usage_image_input", Value::Count(|d| tokens(d, |u| u.image_input))),
    sometimes("usage_image_output", Value::Count(|d| tokens(d, |u| u.image_output))),
    sometimes("usage_audio_cache_read", Value::Count(|d| tokens(d, |u| u.audio_cache_read))),
    sometimes("usage_image_cache_read", Value::Count(|d| tokens(d, |u| u.image_cache_read))),
    sometimes("usage_total", Value::Count(|d| tokens(d, |u| u.total))),
    always("usage_source", Value::Text(|d| Some(usage_source(d.span.usage_source).into()))),
    always("units", Value::Json(|d, out| json(&d.span.units, out))),
    sometimes("cost_usd", Value::Dollars(|d| d.span.cost_usd)),
    sometimes("price_version", Value::Text(|d| text(&d.span.price_version))),
    always("started_at", Value::Time(|d| Some(d.span.started_at))),
    sometimes("connect_ms", Value::Millis(|d| d.span.connect_ms)),
    sometimes("time_to_first_byte_ms", Value::Millis(|d| d.span.time_to_first_byte_ms)),
    sometimes("time_to_first_token_ms", Value::Millis(|d| d.span.time_to_first_token_ms)),
    always("duration_ms", Value::Millis(|d| Some(d.span.duration_ms))),
    always("overhead_us", Value::Count(|d| Some(d.span.overhead_us))),
    always("request_bytes", Value::Count(|d| Some(d.span.request_bytes))),
    always("response_bytes", Value::Count(|d| Some(d.span.response_bytes))),
    always("finish_reasons", Value::Json(|d, out| json(&d.span.finish_reasons, out))),
    sometimes("response_id", Value::Text(|d| text(&d.span.response_id))),
    sometimes("provider_request_id", Value::Text(|d| text(&d.span.provider_request_id))),
    always("rate_limits", Value::Json(|d, out| json(&d.span.rate_limits, out))),
    always("findings", Value::Json(|d, out| json(&d.span.findings, out))),
    always("coverage", Value::Json(|d, out| json(&d.span.coverage, out))),
    always("version", Value::Count(|d| Some(d.span.version.into()))),
    sometimes("system_instructions", Value::Json(|d, out| maybe_json(d.system_instructions.as_ref(), out))),
    sometimes("input_messages", Value::Json(|d, out| maybe_json(d.input_messages.as_ref(), out))),
    sometimes("output_messages", Value::Json(|d, out| maybe_json(d.output_messages.as_ref(), out))),
    sometimes("tool_definitions", Value::Json(|d, out| maybe_json(d.tool_definitions.as_ref(), out))),
];

fn text(value: &Option<String>) -> Option<Cow<'_, str>> {
    value.as_deref().map(Cow::Borrowed)
}

fn tokens(span: &SpanDetail, bucket: fn(&UsageView) -> u64) -> Option<u64> {
    span.span.usage.as_ref().map(bucket)
}

fn json<T: Serialize>(value: &T, out: &mut Vec<u8>) -> serde_json::Result<Written> {
    serde_json::to_writer(out, value).map(|()| Written::Value)
}

fn maybe_json<T: Serialize>(value: Option<&T>, out: &mut Vec<u8>) -> serde_json::Result<Written> {
    value.map_or(Ok(Written::Nothing), |value| json(value, out))
}

/// The same word as in JSON.
const fn usage_source(source: UsageSource) -> &'static str {
    match source {
        UsageSource::Provider => "provider",
        UsageSource::Estimated => "estimated",
        UsageSource::None => "none",
    }
}
