//! What a filter and a trace summary mean, once for all engines: SQL must agree with this file, and a property test says so.

use std::collections::{BTreeMap, BTreeSet};

use llmtrace_model::{
    Between, Found, Money, SessionSummary, Span, SpanFilter, SpanRecord, Status, TenantId, Terms, Timestamp, TraceId,
    TraceSummary,
};

use crate::{MAX_MODELS, ModelTraffic};

/// Says whether a span matches every field of the filter that is set.
///
/// `record.content` is what text is searched in: without it, nothing is found.
pub fn matches(filter: &SpanFilter, record: &SpanRecord) -> bool {
    let text = |terms: &Terms| record.content.as_ref().is_some_and(|content| terms.all_in(content));
    // Last, because it costs most.
    matches_span(filter, &record.span) && filter.text.as_ref().is_none_or(text)
}

/// Everything but the text.
fn matches_span(filter: &SpanFilter, span: &Span) -> bool {
    fn wanted<T: PartialEq + ?Sized>(wanted: Option<&T>, found: Option<&T>) -> bool {
        wanted.is_none() || wanted == found
    }
    let SpanFilter {
        from,
        until,
        trace_id,
        session_id,
        agent_id,
        user_id,
        tags,
        environment,
        release,
        source,
        provider,
        dialect,
        operation,
        model,
        status,
        http_status,
        end_reason,
        finding,
        cost,
        duration_us,
        first_token_us,
        tokens,
        text: _,
    } = filter;
    from.is_none_or(|from| span.started_at >= from)
        && until.is_none_or(|until| span.started_at < until)
        && wanted(trace_id.as_ref(), Some(&span.trace_id))
        && wanted(session_id.as_ref(), span.session_id.as_ref())
        && wanted(agent_id.as_ref(), span.agent_id.as_ref())
        && wanted(user_id.as_ref(), span.user_id.as_ref())
        && tags.iter().all(|tag| span.tags.contains(tag))
        && wanted(environment.as_ref(), span.environment.as_ref())
        && wanted(release.as_ref(), span.release.as_ref())
        && wanted(source.as_ref(), Some(&span.source))
        && wanted(provider.as_ref(), Some(&span.provider))
        && wanted(dialect.as_ref(), Some(&span.dialect))
        && wanted(operation.as_ref(), Some(&span.operation))
        && (wanted(model.as_ref(), span.request_model.as_ref()) || wanted(model.as_ref(), span.response_model.as_ref()))
        && wanted(status.as_ref(), Some(&span.status))
        && wanted(http_status.as_ref(), span.http_status.as_ref())
        && wanted(end_reason.as_ref(), Some(&span.end_reason))
        && finding.is_none_or(|found| has(found, span))
        && cost.holds(span.cost)
        && capped(duration_us).holds(Some(span.timing.duration_us.min(CAP)))
        && capped(first_token_us).holds(span.timing.first_token_us.map(|us| us.min(CAP)))
        && capped(tokens).holds(span.usage.map(|usage| usage.total().min(CAP)))
}

fn has(found: Found, span: &Span) -> bool {
    match found {
        Found::Any => !span.findings.is_empty(),
        Found::Kind(kind) => span.findings.iter().any(|finding| finding.kind == kind),
    }
}

/// Engines count in signed numbers: this one stands for everything above it.
pub(crate) const CAP: u64 = i64::MAX.unsigned_abs();

/// A range whose ends are numbers of an engine.
pub(crate) fn capped(range: &Between<u64>) -> Between<u64> {
    Between { min: range.min.map(|n| n.min(CAP)), max: range.max.map(|n| n.min(CAP)) }
}

/// What a trace summary needs of one span.
pub(crate) struct SummaryRow {
    pub(crate) started_at: Timestamp,
    pub(crate) duration_us: u64,
    pub(crate) status: Status,
    /// The model that answered, else the one asked for.
    pub(crate) model: Option<String>,
    pub(crate) total_tokens: u64,
    pub(crate) cost: Option<Money>,
    pub(crate) session_id: Option<String>,
}

/// Adds up the spans of one trace, which are given oldest first; `None` where there are none.
pub(crate) fn summarize(
    tenant_id: TenantId,
    trace_id: TraceId,
    rows: impl IntoIterator<Item = SummaryRow>,
) -> Option<TraceSummary> {
    let mut rows = rows.into_iter();
    let first = rows.next()?;
    let mut last_end = end(&first);
    let mut models: BTreeSet<String> = first.model.into_iter().collect();
    let mut summary = TraceSummary {
        trace_id,
        tenant_id,
        started_at: first.started_at,
        duration_us: 0,
        spans: 1,
        errors: u64::from(first.status == Status::Error),
        models: Vec::new(),
        total_tokens: first.total_tokens,
        cost: first.cost.unwrap_or_default(),
        session_id: first.session_id,
    };
    for row in rows {
        last_end = last_end.max(end(&row));
        models.extend(row.model);
        summary.spans += 1;
        summary.errors += u64::from(row.status == Status::Error);
        summary.total_tokens = summary.total_tokens.saturating_add(row.total_tokens);
        summary.cost = summary.cost + row.cost.unwrap_or_default();
    }
    let us = last_end - i128::from(summary.started_at.unix_us());
    summary.duration_us = u64::try_from(us).unwrap_or(u64::MAX);
    summary.models = models.into_iter().collect();
    Some(summary)
}

/// When a span ended, wide enough for every start and duration.
fn end(row: &SummaryRow) -> i128 {
    i128::from(row.started_at.unix_us()) + i128::from(row.duration_us)
}

/// What a session summary needs of one span beside what a trace summary needs.
pub(crate) struct SessionRow {
    pub(crate) trace_id: TraceId,
    pub(crate) agent_id: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) row: SummaryRow,
}

/// Adds up the spans of one session, which are given oldest first; `None` where there are none.
pub(crate) fn summarize_session(
    tenant_id: &TenantId,
    session_id: &str,
    rows: impl IntoIterator<Item = SessionRow>,
) -> Option<SessionSummary> {
    let (mut traces, mut agents, mut users, mut models) =
        <(BTreeSet<_>, BTreeSet<_>, BTreeSet<_>, BTreeSet<_>)>::default();
    let mut last_end = i128::MIN;
    let mut sum: Option<SessionSummary> = None;
    for SessionRow { trace_id, agent_id, user_id, row } in rows {
        let sum = sum.get_or_insert_with(|| SessionSummary {
            session_id: session_id.to_owned(),
            tenant_id: tenant_id.clone(),
            started_at: row.started_at,
            last_started_at: row.started_at,
            duration_us: 0,
            spans: 0,
            traces: 0,
            errors: 0,
            models: Vec::new(),
            agent_ids: Vec::new(),
            user_ids: Vec::new(),
            total_tokens: 0,
            cost: Money::ZERO,
        });
        traces.insert(trace_id);
        agents.extend(agent_id);
        users.extend(user_id);
        last_end = last_end.max(end(&row));
        models.extend(row.model);
        sum.last_started_at = row.started_at;
        sum.spans += 1;
        sum.errors += u64::from(row.status == Status::Error);
        sum.total_tokens = sum.total_tokens.saturating_add(row.total_tokens);
        sum.cost = sum.cost + row.cost.unwrap_or_default();
    }
    let mut sum = sum?;
    let names = |all: BTreeSet<String>| all.into_iter().take(SessionSummary::NAMES).collect();
    let us = last_end - i128::from(sum.started_at.unix_us());
    sum.duration_us = u64::try_from(us).unwrap_or(u64::MAX);
    sum.traces = traces.len() as u64;
    (sum.models, sum.agent_ids, sum.user_ids) = (names(models), names(agents), names(users));
    Some(sum)
}

/// What [`Traffic`] needs of one span.
pub(crate) struct TrafficRow<'a> {
    pub(crate) provider: &'a str,
    /// The model that answered, else the one asked for.
    pub(crate) model: Option<&'a str>,
    pub(crate) started_at: Timestamp,
    pub(crate) total_tokens: u64,
    /// Whether there are tokens or units.
    pub(crate) used_something: bool,
    pub(crate) cost: Option<Money>,
}

/// Adds up spans by model; the rows are given newest first.
#[derive(Default)]
pub(crate) struct Traffic {
    by_provider: BTreeMap<String, BTreeMap<String, OneModel>>,
    models: usize,
}

/// One model's traffic while it grows. Money has a sign: a sum that saturates on the way depends on the order, so it is kept wide
/// to the end, and `traffic.cost` is zero until then.
struct OneModel {
    traffic: ModelTraffic,
    cost_nanos: i128,
}

impl Traffic {
    pub(crate) fn add(&mut self, row: &TrafficRow<'_>) {
        let Some(model) = row.model else { return };
        if let Some(known) = self.by_provider.get_mut(row.provider).and_then(|models| models.get_mut(model)) {
            known.add(row);
        } else if self.models < MAX_MODELS {
            self.models += 1;
            let traffic = ModelTraffic {
                provider: row.provider.to_owned(),
                model: model.to_owned(),
                requests: 0,
                unpriced_requests: 0,
                total_tokens: 0,
                cost: Money::ZERO,
                last_seen: row.started_at,
            };
            let mut new = OneModel { traffic, cost_nanos: 0 };
            new.add(row);
            self.by_provider.entry(row.provider.to_owned()).or_default().insert(model.to_owned(), new);
        }
    }

    /// Most requests first.
    pub(crate) fn finish(self) -> Vec<ModelTraffic> {
        let models = self.by_provider.into_values().flat_map(BTreeMap::into_values);
        let mut all: Vec<_> = models.map(OneModel::finish).collect();
        // Stable: of equals, the order of the names stays.
        all.sort_by_key(|model| std::cmp::Reverse(model.requests));
        all
    }
}

impl OneModel {
    fn add(&mut self, row: &TrafficRow<'_>) {
        let Self { traffic, cost_nanos } = self;
        traffic.requests += 1;
        traffic.unpriced_requests += u64::from(row.used_something && row.cost.is_none());
        traffic.total_tokens = traffic.total_tokens.saturating_add(row.total_tokens);
        *cost_nanos += i128::from(row.cost.unwrap_or_default().nanos());
        traffic.last_seen = traffic.last_seen.max(row.started_at);
    }

    fn finish(self) -> ModelTraffic {
        let nanos = self.cost_nanos.clamp(i64::MIN.into(), i64::MAX.into());
        ModelTraffic { cost: Money::from_nanos(i64::try_from(nanos).unwrap_or_default()), ..self.traffic }
    }
}
