//! A span as a row of `spans`: the one place that names the columns, in one order for writing and reading.

use llmtrace_model::{
    Action, Channel, Confidence, ErrorInfo, ExchangeId, Finding, Money, Place, Severity, Span, SpanId, Timestamp,
    Timing, TraceId, Unit, Units, Usage, UsageSource,
};
use serde::de::DeserializeOwned;

use super::{
    query::number,
    wire::{Rows, Values},
};
use crate::Error;

/// The columns of a span, in the order of [`put`] and [`take`].
pub(super) const COLUMNS: &str = "exchange_id, version, tenant_id, started_at, trace_id, span_id, parent_span_id, agent_id, \
    session_id, user_id, tags, environment, release, client_address, source, operation, provider, dialect, upstream, \
    method, path, request_model, response_model, params, stream, status, http_status, end_reason, error_kind, \
    error_message, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, \
    image_input, image_output, audio_cache_read, image_cache_read, usage_source, units, cost, price_version, \
    duration_us, connect_us, first_byte_us, first_token_us, overhead_us, request_bytes, response_bytes, \
    finish_reasons, response_id, provider_request_id, rate_limits, finding_kinds, finding_severities, \
    finding_confidences, finding_rules, finding_reasons, finding_subtypes, finding_channels, finding_paths, finding_starts, \
    finding_ends, finding_actions, coverage";

/// Writes a span; what follows in a row of `spans` is its rank and whether it is deleted.
pub(super) fn put(to: &mut Rows, span: &Span) -> Result<(), Error> {
    to.u128(number(span.exchange_id));
    to.u32(span.version);
    to.text(span.tenant_id.as_str());
    to.i64(span.started_at.unix_us());
    to.u128(u128::from_be_bytes(*span.trace_id.as_bytes()));
    to.u64(u64::from_be_bytes(*span.span_id.as_bytes()));
    to.maybe(span.parent_span_id, |to, id| to.u64(u64::from_be_bytes(*id.as_bytes())));
    to.maybe_text(span.agent_id.as_deref());
    to.maybe_text(span.session_id.as_deref());
    to.maybe_text(span.user_id.as_deref());
    to.texts(span.tags.iter());
    to.maybe_text(span.environment.as_deref());
    to.maybe_text(span.release.as_deref());
    to.maybe_text(span.client_address.as_deref());
    to.text(span.source.as_str());
    for text in [&span.operation, &span.provider, &span.dialect, &span.upstream, &span.method, &span.path] {
        to.text(text);
    }
    to.maybe_text(span.request_model.as_deref());
    to.maybe_text(span.response_model.as_deref());
    to.len(span.params.len());
    for (name, value) in &span.params {
        to.text(name);
        to.json(value)?;
    }
    to.bool(span.stream);
    to.text(span.status.as_str());
    to.maybe(span.http_status, Rows::u16);
    to.text(span.end_reason.as_str());
    to.maybe_text(span.error.as_ref().map(|error| error.kind.as_str()));
    to.maybe_text(span.error.as_ref().map(|error| error.message.as_str()));
    let buckets = span.usage.as_ref().map(Usage::buckets);
    (0..Usage::BUCKETS.len()).for_each(|at| to.maybe(buckets.map(|buckets| buckets[at]), Rows::u64));
    to.text(source_word(span.usage_source));
    to.len(span.units.iter().count());
    for (unit, count) in span.units.iter() {
        to.text(unit.as_str());
        to.u64(count);
    }
    to.maybe(span.cost.map(Money::nanos), Rows::i64);
    to.maybe_text(span.price_version.as_deref());
    to.u64(span.timing.duration_us);
    for part in [span.timing.connect_us, span.timing.first_byte_us, span.timing.first_token_us] {
        to.maybe(part, Rows::u64);
    }
    to.u64(span.timing.overhead_us);
    to.u64(span.request_bytes);
    to.u64(span.response_bytes);
    to.texts(span.finish_reasons.iter());
    to.maybe_text(span.response_id.as_deref());
    to.maybe_text(span.provider_request_id.as_deref());
    to.len(span.rate_limits.len());
    for (name, value) in &span.rate_limits {
        to.text(name);
        to.text(value);
    }
    put_findings(to, &span.findings);
    to.json(&span.coverage)
}

fn put_findings(to: &mut Rows, findings: &[Finding]) {
    to.texts(findings.iter().map(|finding| finding.kind.as_str()));
    to.texts(findings.iter().map(|finding| finding.severity.as_str()));
    to.len(findings.len());
    findings.iter().for_each(|finding| to.f32(finding.confidence.get()));
    to.texts(findings.iter().map(|finding| &finding.rule));
    to.texts(findings.iter().map(|finding| &finding.reason));
    to.texts(findings.iter().map(|finding| &finding.subtype));
    // A finding without a place has no channel.
    to.texts(findings.iter().map(|finding| finding.place.as_ref().map_or("", |place| place.channel.as_str())));
    to.texts(findings.iter().map(|finding| finding.place.as_ref().map_or("", |place| &place.path)));
    for number in [|place: &Place| place.start, |place: &Place| place.end] {
        to.len(findings.len());
        findings.iter().for_each(|finding| to.u64(finding.place.as_ref().map_or(0, number)));
    }
    to.texts(findings.iter().map(|finding| finding.action.as_str()));
}

/// Reads a span from the columns of this file.
pub(super) fn take(from: &mut Values<'_>) -> Result<Span, Error> {
    Ok(Span {
        exchange_id: ExchangeId::from_bytes(from.u128()?.to_be_bytes()),
        version: from.u32()?,
        tenant_id: from.word("tenant_id")?,
        started_at: Timestamp::from_unix_us(from.i64()?),
        trace_id: trace_id(from)?,
        span_id: SpanId::new(from.u64()?.to_be_bytes()).ok_or_else(|| from.damaged("span_id is zero"))?,
        parent_span_id: from.maybe(Values::u64)?.and_then(|id| SpanId::new(id.to_be_bytes())),
        agent_id: from.maybe_text()?,
        session_id: from.maybe_text()?,
        user_id: from.maybe_text()?,
        tags: from.all(Values::text)?,
        environment: from.maybe_text()?,
        release: from.maybe_text()?,
        client_address: from.maybe_text()?,
        source: from.word("source")?,
        operation: from.text()?,
        provider: from.text()?,
        dialect: from.text()?,
        upstream: from.text()?,
        method: from.text()?,
        path: from.text()?,
        request_model: from.maybe_text()?,
        response_model: from.maybe_text()?,
        params: from.all(|from| Ok((from.text()?, parse(from)?)))?,
        stream: from.bool()?,
        status: from.word("status")?,
        http_status: from.maybe(Values::u16)?,
        end_reason: from.word("end_reason")?,
        error: error(from)?,
        usage: usage(from)?,
        usage_source: usage_source(from)?,
        units: units(from)?,
        cost: from.maybe(Values::i64)?.map(Money::from_nanos),
        price_version: from.maybe_text()?,
        timing: timing(from)?,
        request_bytes: from.u64()?,
        response_bytes: from.u64()?,
        finish_reasons: from.all(Values::text)?,
        response_id: from.maybe_text()?,
        provider_request_id: from.maybe_text()?,
        rate_limits: from.all(|from| Ok((from.text()?, from.text()?)))?,
        findings: findings(from)?,
        coverage: parse(from)?,
    })
}

/// A trace id.
pub(super) fn trace_id(from: &mut Values<'_>) -> Result<TraceId, Error> {
    TraceId::new(from.u128()?.to_be_bytes()).ok_or_else(|| from.damaged("trace_id is zero"))
}

/// Reads a text of JSON, as deep as it was written.
pub(super) fn parse<T: DeserializeOwned>(from: &mut Values<'_>) -> Result<T, Error> {
    let mut reader = serde_json::Deserializer::from_slice(from.blob()?);
    reader.disable_recursion_limit();
    T::deserialize(&mut reader).map_err(|error| from.damaged(format!("a text of JSON: {error}")))
}

fn error(from: &mut Values<'_>) -> Result<Option<ErrorInfo>, Error> {
    let (kind, message) = (from.maybe_text()?, from.maybe_text()?);
    Ok(kind.map(|kind| ErrorInfo { kind, message: message.unwrap_or_default() }))
}

/// The buckets; where any is there, what is absent is zero (columns that are younger than the row).
pub(super) fn usage(from: &mut Values<'_>) -> Result<Option<Usage>, Error> {
    let mut buckets = [0; Usage::BUCKETS.len()];
    let mut known = false;
    for bucket in &mut buckets {
        if let Some(tokens) = from.maybe(Values::u64)? {
            (*bucket, known) = (tokens, true);
        }
    }
    Ok(known.then(|| Usage::from_buckets(buckets)))
}

fn units(from: &mut Values<'_>) -> Result<Units, Error> {
    let all: Vec<(Unit, u64)> = from.all(|from| Ok((from.word("units")?, from.u64()?)))?;
    let mut units = Units::new();
    all.into_iter().for_each(|(unit, count)| units.set(unit, count));
    Ok(units)
}

fn timing(from: &mut Values<'_>) -> Result<Timing, Error> {
    Ok(Timing {
        duration_us: from.u64()?,
        connect_us: from.maybe(Values::u64)?,
        first_byte_us: from.maybe(Values::u64)?,
        first_token_us: from.maybe(Values::u64)?,
        overhead_us: from.u64()?,
    })
}

fn findings(from: &mut Values<'_>) -> Result<Vec<Finding>, Error> {
    let kinds: Vec<_> = from.all(|from| from.word("finding_kinds"))?;
    let severities: Vec<Severity> = from.all(|from| from.word("finding_severities"))?;
    let confidences: Vec<f32> = from.all(Values::f32)?;
    let rules: Vec<String> = from.all(Values::text)?;
    let reasons: Vec<String> = from.all(Values::text)?;
    let mut places = places(from, kinds.len())?.into_iter();
    let actions: Vec<Action> = from.all(|from| from.word("finding_actions"))?;
    let mut actions = actions.into_iter();
    let mut all = Vec::with_capacity(kinds.len());
    for ((((kind, severity), confidence), rule), reason) in
        kinds.into_iter().zip(severities).zip(confidences).zip(rules).zip(reasons)
    {
        let confidence = Confidence::new(confidence);
        let confidence = confidence.ok_or_else(|| from.damaged("finding_confidences is outside 0 to 1"))?;
        let (subtype, place) = places.next().unwrap_or_default();
        let action = actions.next().unwrap_or_default();
        all.push(Finding { kind, subtype, severity, confidence, rule, reason, place, action });
    }
    Ok(all)
}

/// Sorts and places of so many findings; rows from before migration 0005 have none.
fn places(from: &mut Values<'_>, findings: usize) -> Result<Vec<(String, Option<Place>)>, Error> {
    let subtypes: Vec<String> = from.all(Values::text)?;
    let channels: Vec<Option<Channel>> = from.all(|from| match from.str()? {
        "" => Ok(None),
        word => word.parse().map(Some).map_err(|error| from.damaged(format!("finding_channels: {error}"))),
    })?;
    let paths: Vec<String> = from.all(Values::text)?;
    let starts: Vec<u64> = from.all(Values::u64)?;
    let ends: Vec<u64> = from.all(Values::u64)?;
    let mut all = Vec::with_capacity(findings);
    for ((((subtype, channel), path), start), end) in
        subtypes.into_iter().zip(channels).zip(paths).zip(starts).zip(ends)
    {
        all.push((subtype, channel.map(|channel| Place { channel, path, start, end })));
    }
    Ok(all)
}

fn usage_source(from: &mut Values<'_>) -> Result<UsageSource, Error> {
    let word = from.str()?;
    let known = [UsageSource::Provider, UsageSource::Estimated, UsageSource::None];
    let found = known.into_iter().find(|source| source_word(*source) == word);
    found.ok_or_else(|| from.damaged("usage_source is none of provider, estimated, none"))
}

const fn source_word(source: UsageSource) -> &'static str {
    match source {
        UsageSource::Provider => "provider",
        UsageSource::Estimated => "estimated",
        UsageSource::None => "none",
    }
}
