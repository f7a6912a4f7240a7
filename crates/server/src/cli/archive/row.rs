//! One span as a row of an archive: JSON, so that a reader can tell every field by its name, and after it the bytes as they
//! passed, as they are.
//!
//! Times are microseconds and money is nano-dollars, as integers: what is read is what was written, at both ends of the range.

use bytes::Bytes;
use llmtrace_model::{
    Content, Coverage, EndReason, ErrorInfo, ExchangeId, Finding, Money, Params, Raw, RawBody, Source, Span, SpanId,
    SpanRecord, Status, TenantId, Timestamp, Timing, TraceId, Units, Usage, UsageSource,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// A field more is a new version of the format: an unknown one is refused, never dropped.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    exchange_id: ExchangeId,
    version: u32,
    trace_id: TraceId,
    span_id: SpanId,
    parent_span_id: Option<SpanId>,
    tenant_id: TenantId,
    agent_id: Option<String>,
    session_id: Option<String>,
    user_id: Option<String>,
    tags: Vec<String>,
    environment: Option<String>,
    release: Option<String>,
    client_address: Option<String>,
    source: Source,
    operation: String,
    provider: String,
    dialect: String,
    upstream: String,
    method: String,
    path: String,
    request_model: Option<String>,
    response_model: Option<String>,
    params: Params,
    stream: bool,
    status: Status,
    http_status: Option<u16>,
    end_reason: EndReason,
    error: Option<ErrorInfo>,
    usage: Option<Usage>,
    usage_source: UsageSource,
    units: Units,
    cost_nanos: Option<i64>,
    price_version: Option<String>,
    started_at_us: i64,
    timing: Timing,
    request_bytes: u64,
    response_bytes: u64,
    finish_reasons: Vec<String>,
    response_id: Option<String>,
    provider_request_id: Option<String>,
    rate_limits: BTreeMap<String, String>,
    findings: Vec<Finding>,
    coverage: Coverage,
    content: Option<Content>,
    raw: Option<[Body; 2]>,
}

/// What is known of a body beside its bytes, and how many of them follow the JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    media_type: Option<String>,
    content_encoding: Option<String>,
    head: usize,
    tail: usize,
    size_bytes: u64,
}

/// Appends a record.
pub(super) fn write(record: SpanRecord, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let SpanRecord { span, content, raw } = record;
    let bodies = raw.map(|raw| [raw.request, raw.response]);
    let described = bodies.as_ref().map(|bodies| bodies.each_ref().map(describe));
    write_json(&row(span, content, described), out)?;
    for body in bodies.iter().flatten() {
        out.extend_from_slice(&body.head);
        out.extend_from_slice(&body.tail);
    }
    Ok(())
}

/// Appends a value with its length in front.
pub(super) fn write_json(value: &impl Serialize, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    serde_json::to_writer(&mut *out, value)?;
    // A block is refused long before this does not fit.
    let bytes = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    out[at..at + 4].copy_from_slice(&bytes.to_le_bytes());
    Ok(())
}

/// Takes a record from the front of a block.
pub(super) fn read(rest: &mut &[u8]) -> serde_json::Result<SpanRecord> {
    let row: Row = read_json(rest)?;
    let (span, content, described) = record(row);
    let raw = match described {
        None => None,
        Some([request, response]) => {
            Some(Raw { request: undescribe(request, rest)?, response: undescribe(response, rest)? })
        }
    };
    Ok(SpanRecord { span, content, raw })
}

/// Takes a value from the front of a block.
pub(super) fn read_json<T: DeserializeOwned>(rest: &mut &[u8]) -> serde_json::Result<T> {
    let (length, after) = rest.split_first_chunk::<4>().ok_or_else(too_short)?;
    *rest = after;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    // Tool arguments bring 128 levels of their own, which the usual limit would refuse.
    let mut reader = serde_json::Deserializer::from_slice(take(rest, length)?);
    reader.disable_recursion_limit();
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> serde_json::Result<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length).ok_or_else(too_short)?;
    *rest = after;
    Ok(taken)
}

fn too_short() -> serde_json::Error {
    serde::de::Error::custom("the block ends inside a row")
}

fn describe(body: &RawBody) -> Body {
    let RawBody { media_type, content_encoding, head, tail, size_bytes } = body;
    Body {
        media_type: media_type.clone(),
        content_encoding: content_encoding.clone(),
        head: head.len(),
        tail: tail.len(),
        size_bytes: *size_bytes,
    }
}

fn undescribe(body: Body, rest: &mut &[u8]) -> serde_json::Result<RawBody> {
    let Body { media_type, content_encoding, head, tail, size_bytes } = body;
    let head = Bytes::copy_from_slice(take(rest, head)?);
    let tail = Bytes::copy_from_slice(take(rest, tail)?);
    Ok(RawBody { media_type, content_encoding, head, tail, size_bytes })
}

// Both name every field, so that a new one of the span is not forgotten here.

fn row(span: Span, content: Option<Content>, raw: Option<[Body; 2]>) -> Row {
    let Span {
        exchange_id,
        version,
        trace_id,
        span_id,
        parent_span_id,
        tenant_id,
        agent_id,
        session_id,
        user_id,
        tags,
        environment,
        release,
        client_address,
        source,
        operation,
        provider,
        dialect,
        upstream,
        method,
        path,
        request_model,
        response_model,
        params,
        stream,
        status,
        http_status,
        end_reason,
        error,
        usage,
        usage_source,
        units,
        cost,
        price_version,
        started_at,
        timing,
        request_bytes,
        response_bytes,
        finish_reasons,
        response_id,
        provider_request_id,
        rate_limits,
        findings,
        coverage,
    } = span;
    let (cost_nanos, started_at_us) = (cost.map(Money::nanos), started_at.unix_us());
    Row {
        exchange_id,
        version,
        trace_id,
        span_id,
        parent_span_id,
        tenant_id,
        agent_id,
        session_id,
        user_id,
        tags,
        environment,
        release,
        client_address,
        source,
        operation,
        provider,
        dialect,
        upstream,
        method,
        path,
        request_model,
        response_model,
        params,
        stream,
        status,
        http_status,
        end_reason,
        error,
        usage,
        usage_source,
        units,
        cost_nanos,
        price_version,
        started_at_us,
        timing,
        request_bytes,
        response_bytes,
        finish_reasons,
        response_id,
        provider_request_id,
        rate_limits,
        findings,
        coverage,
        content,
        raw,
    }
}

fn record(row: Row) -> (Span, Option<Content>, Option<[Body; 2]>) {
    let Row {
        exchange_id,
        version,
        trace_id,
        span_id,
        parent_span_id,
        tenant_id,
        agent_id,
        session_id,
        user_id,
        tags,
        environment,
        release,
        client_address,
        source,
        operation,
        provider,
        dialect,
        upstream,
        method,
        path,
        request_model,
        response_model,
        params,
        stream,
        status,
        http_status,
        end_reason,
        error,
        usage,
        usage_source,
        units,
        cost_nanos,
        price_version,
        started_at_us,
        timing,
        request_bytes,
        response_bytes,
        finish_reasons,
        response_id,
        provider_request_id,
        rate_limits,
        findings,
        coverage,
        content,
        raw,
    } = row;
    let (cost, started_at) = (cost_nanos.map(Money::from_nanos), Timestamp::from_unix_us(started_at_us));
    let span = Span {
        exchange_id,
        version,
        trace_id,
        span_id,
        parent_span_id,
        tenant_id,
        agent_id,
        session_id,
        user_id,
        tags,
        environment,
        release,
        client_address,
        source,
        operation,
        provider,
        dialect,
        upstream,
        method,
        path,
        request_model,
        response_model,
        params,
        stream,
        status,
        http_status,
        end_reason,
        error,
        usage,
        usage_source,
        units,
        cost,
        price_version,
        started_at,
        timing,
        request_bytes,
        response_bytes,
        finish_reasons,
        response_id,
        provider_request_id,
        rate_limits,
        findings,
        coverage,
    };
    (span, content, raw)
}
