//! From a journal record to a span: what the bytes say, joined with what the front lane saw.

use llmtrace_model::{
    BodyCoverage, EndReason, ErrorInfo, Source, Span, SpanRecord, Status, Timing, Units, Usage, UsageSource,
};
use llmtrace_wire::{Billed, BodyCopy, Decoded, Dialect, Exchange, Limits};

use crate::{
    config::CaptureContent,
    journal::{Closed, Entry, Opened, Recorded},
};

/// The span of a finished exchange, with all that was said, and whether it is billed for the usage in it.
pub(super) fn closed(closed: &Closed) -> (SpanRecord, Billed) {
    let opened = &closed.opened;
    let answer = closed.answer.as_ref();
    let mut decoded = llmtrace_wire::decode(
        &Exchange {
            host: &opened.upstream_host,
            method: &opened.method,
            target: &opened.target,
            request_headers: &opened.headers,
            request: copy(&closed.request),
            status: answer.map(|a| a.status),
            answer_headers: answer.map_or(&[], |a| &a.headers),
            response: copy(&closed.response),
            scanned: closed.meter.as_ref(),
        },
        &Limits::default(),
    );
    let content = Some(std::mem::take(&mut decoded.content));
    let mut span = base(opened);
    span.http_status = answer.map(|a| a.status);
    span.end_reason = closed.end_reason;
    span.timing = closed.timing;
    span.request_bytes = closed.request.total_bytes;
    span.response_bytes = closed.response.total_bytes;
    let error = closed.error.clone().or_else(|| decoded.error.take());
    let billed = decoded.billed;
    describe(&mut span, decoded);
    if let Some(provider) = &opened.provider {
        span.provider.clone_from(provider);
    }
    // An error inside a 200 stream has not failed the connection, but it has failed the exchange.
    if error.is_some() && span.end_reason == EndReason::Complete && span.http_status.is_none_or(|s| s < 400) {
        span.end_reason = EndReason::UpstreamFailed;
    }
    span.status = status(span.end_reason, span.http_status);
    span.error = error;
    (SpanRecord { span, content, raw: None }, billed)
}

/// Forgets what was said where operator or tenant wants it so.
pub(super) fn keep(record: &mut SpanRecord, capture: CaptureContent) {
    if capture == CaptureContent::Metadata && record.content.take().is_some() {
        record.span.coverage.request = BodyCoverage::NotKept;
        record.span.coverage.response = BodyCoverage::NotKept;
    }
}

/// The span of an exchange whose end nobody saw, because the process died first.
pub(super) fn interrupted(opened: &Opened) -> SpanRecord {
    let mut span = base(opened);
    let (path, _) = opened.target.split_once('?').unwrap_or((&opened.target, ""));
    let provider = || llmtrace_wire::provider_of(&opened.upstream_host, path).id.to_owned();
    span.provider = opened.provider.clone().unwrap_or_else(provider);
    if let Some(dialect) = llmtrace_wire::dialect_of(&opened.method, path) {
        span.dialect = dialect.as_str().to_owned();
        span.operation = dialect.operation().to_owned();
    }
    span.status = Status::Error;
    span.end_reason = EndReason::Interrupted;
    span.error = Some(ErrorInfo {
        kind: "interrupted".to_owned(),
        message: "the proxy ended before the exchange did".to_owned(),
    });
    span.coverage.request = BodyCoverage::Opaque("interrupted".to_owned());
    span.coverage.response = BodyCoverage::Opaque("interrupted".to_owned());
    SpanRecord::bare(span)
}

/// The span of an exchange that a defect of ours kept from being read: what the front lane saw of it, and no more.
pub(super) fn unreadable(entry: &Entry) -> SpanRecord {
    let closed = match entry {
        Entry::Interrupted(opened) => return interrupted(opened),
        Entry::Closed(closed) => closed,
    };
    let mut span = base(&closed.opened);
    span.http_status = closed.answer.as_ref().map(|a| a.status);
    span.end_reason = closed.end_reason;
    span.timing = closed.timing;
    span.request_bytes = closed.request.total_bytes;
    span.response_bytes = closed.response.total_bytes;
    let meter = closed.meter.clone().unwrap_or_default();
    (span.usage, span.units) = (meter.usage, meter.units);
    span.usage_source = if span.usage.is_some() { UsageSource::Provider } else { UsageSource::None };
    span.status = status(span.end_reason, span.http_status);
    span.error = closed.error.clone();
    let opaque = || BodyCoverage::Opaque("the decoder failed".to_owned());
    (span.coverage.request, span.coverage.response) = (opaque(), opaque());
    SpanRecord::bare(span)
}

/// What the front lane knew when the request left.
fn base(opened: &Opened) -> Span {
    let labels = &opened.labels;
    Span {
        exchange_id: opened.id,
        version: 0,
        trace_id: opened.trace_id,
        span_id: opened.id.span_id(),
        parent_span_id: opened.parent_span_id,
        tenant_id: opened.tenant.clone(),
        agent_id: labels.agent_id.clone(),
        session_id: labels.session_id.clone(),
        user_id: labels.user_id.clone(),
        tags: labels.tags.clone(),
        environment: labels.environment.clone(),
        release: labels.release.clone(),
        client_address: opened.client_address.clone(),
        source: Source::Proxy,
        operation: opened.method.clone(),
        provider: "unknown".to_owned(),
        dialect: "opaque".to_owned(),
        upstream: opened.upstream.clone(),
        method: opened.method.clone(),
        path: opened.target.clone(),
        request_model: None,
        response_model: None,
        params: Default::default(),
        stream: false,
        status: Status::Ok,
        http_status: None,
        end_reason: EndReason::Complete,
        error: None,
        usage: None::<Usage>,
        usage_source: UsageSource::None,
        units: Units::default(),
        cost: None,
        price_version: None,
        started_at: opened.started_at,
        timing: Timing::default(),
        request_bytes: 0,
        response_bytes: 0,
        finish_reasons: Vec::new(),
        response_id: None,
        provider_request_id: None,
        rate_limits: Default::default(),
        findings: Vec::new(),
        coverage: Default::default(),
    }
}

/// What the bytes say.
fn describe(span: &mut Span, decoded: Decoded) {
    span.provider = decoded.provider.to_owned();
    if let Some(dialect) = decoded.dialect {
        span.dialect = Dialect::as_str(dialect).to_owned();
        span.operation = decoded.operation;
    }
    span.request_model = decoded.request_model;
    span.response_model = decoded.response_model;
    span.params = decoded.params;
    if let Some(tier) = decoded.service_tier {
        // Beside the request's parameters, because a later re-pricing needs it too.
        span.params.insert(llmtrace_wire::BILLED_TIER.to_owned(), tier.into());
    }
    span.stream = decoded.stream;
    span.usage = decoded.usage;
    span.usage_source = decoded.usage_source;
    span.units = decoded.units;
    span.finish_reasons = decoded.finish_reasons;
    span.response_id = decoded.response_id;
    span.provider_request_id = decoded.provider_request_id;
    span.rate_limits = decoded.rate_limits;
    span.coverage = decoded.coverage;
    // The header names the user first: it is the operator's word, the body's is the application's.
    span.user_id = span.user_id.take().or(decoded.user_id);
    span.tags.extend(decoded.tags);
}

fn status(end: EndReason, http_status: Option<u16>) -> Status {
    let ended_well = match end {
        // A client that hangs up is not a failure of the exchange; `end_reason` tells it apart.
        EndReason::Complete | EndReason::ClientGone => true,
        EndReason::UpstreamFailed
        | EndReason::TimedOut
        | EndReason::Cut
        | EndReason::Refused
        | EndReason::Blocked
        | EndReason::Interrupted => false,
    };
    if ended_well && http_status.is_none_or(|s| s < 400) { Status::Ok } else { Status::Error }
}

fn copy(recorded: &Recorded) -> BodyCopy<'_> {
    BodyCopy { head: &recorded.head, tail: &recorded.tail, total_bytes: recorded.total_bytes }
}

#[cfg(test)]
mod tests {
    use llmtrace_model::{ExchangeId, Meter, TenantId, Timestamp};

    use super::*;
    use crate::journal::{AnswerHead, Labels};

    #[test]
    fn an_exchange_that_cannot_be_read_keeps_what_the_front_lane_saw() {
        let id = ExchangeId::mint(1, [7; 10]);
        let opened = Opened {
            id,
            started_at: Timestamp::from_unix_us(1000),
            tenant: TenantId::default_tenant(),
            trace_id: id.trace_id(),
            parent_span_id: None,
            labels: Labels::default(),
            client_address: None,
            upstream: "default".to_owned(),
            upstream_host: "api.openai.com".to_owned(),
            provider: None,
            method: "POST".to_owned(),
            target: "/v1/chat/completions".to_owned(),
            headers: Vec::new(),
        };
        let body = Recorded { total_bytes: 9, ..Recorded::default() };
        let entry = Entry::Closed(Box::new(Closed {
            opened: std::sync::Arc::new(opened),
            request: body.clone(),
            answer: Some(AnswerHead { status: 200, headers: Vec::new() }),
            response: body,
            end_reason: EndReason::Complete,
            error: None,
            timing: Timing::default(),
            meter: Some(Meter { usage: Some(Usage { input: 3, ..Usage::default() }), ..Meter::default() }),
        }));
        let record = unreadable(&entry);
        assert_eq!((record.span.exchange_id, record.span.status), (id, Status::Ok));
        assert_eq!((record.span.request_bytes, record.span.usage.map(|u| u.total())), (9, Some(3)));
        assert!(matches!(record.span.coverage.response, BodyCoverage::Opaque(_)));
        assert_eq!(record.content, None);
    }
}
