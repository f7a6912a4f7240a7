//! The rows in memory and their indexes: each list walks the narrowest index that fits its filter.

mod erase;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound,
    sync::Arc,
};

use llmtrace_model::{
    Cursor, ExchangeId, Page, PageRequest, SessionSummary, Span, SpanFilter, SpanId, SpanRecord, StatsQuery, StatsRow,
    TenantId, TenantScope, Timestamp, TraceId, TraceSummary,
};

use super::size::record_bytes;
use crate::{
    Backend, Error, MemoryOptions, ModelTraffic, Reprice,
    matching::{SessionRow, SummaryRow, Traffic, TrafficRow, matches, summarize, summarize_session},
    stats::{Groups, TooLarge},
};

/// A row's place in every list: start time, then exchange id.
type Key = (Timestamp, ExchangeId);

/// An answer that several exchanges report: its owner, its provider, and the provider's id of it.
type Answer = (TenantId, String, String);

/// Below and above every key.
const FIRST: Key = (Timestamp::from_unix_us(i64::MIN), ExchangeId::MIN);

const LAST: Key = (Timestamp::from_unix_us(i64::MAX), ExchangeId::MAX);

/// The rows, their indexes and their bounds.
#[derive(Debug)]
pub(super) struct Rows {
    bounds: MemoryOptions,
    rows: BTreeMap<Key, Row>,
    by_exchange: HashMap<ExchangeId, Timestamp>,
    by_tenant: BTreeSet<(TenantId, Key)>,
    by_trace: BTreeSet<(TraceId, Key)>,
    by_session: BTreeSet<(String, Key)>,
    by_span: BTreeSet<(SpanId, Key)>,
    by_answer: BTreeSet<(Answer, Key)>,
    bytes: usize,
    dropped: u64,
}

#[derive(Debug)]
struct Row {
    record: Arc<SpanRecord>,
    bytes: usize,
}

impl Rows {
    pub(super) fn new(bounds: MemoryOptions) -> Self {
        Self {
            bounds,
            rows: BTreeMap::new(),
            by_exchange: HashMap::new(),
            by_tenant: BTreeSet::new(),
            by_trace: BTreeSet::new(),
            by_session: BTreeSet::new(),
            by_span: BTreeSet::new(),
            by_answer: BTreeSet::new(),
            bytes: 0,
            dropped: 0,
        }
    }

    /// How many rows were dropped at the bounds.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Stores one record, unless the one that is there has the same or a higher version.
    pub(super) fn put(&mut self, record: Arc<SpanRecord>) {
        let id = record.span.exchange_id;
        if let Some(at) = self.by_exchange.get(&id) {
            let key = (*at, id);
            if self.rows.get(&key).is_some_and(|row| row.record.span.version >= record.span.version) {
                return;
            }
            self.remove(key);
        }
        let span = &record.span;
        let key = (span.started_at, id);
        self.by_exchange.insert(id, span.started_at);
        self.by_tenant.insert((span.tenant_id.clone(), key));
        self.by_trace.insert((span.trace_id, key));
        self.by_span.insert((span.span_id, key));
        if let Some(session) = &span.session_id {
            self.by_session.insert((session.clone(), key));
        }
        if let Some(response) = answer(span) {
            self.by_answer.insert((response, key));
        }
        let bytes = record_bytes(&record);
        self.bytes += bytes;
        self.rows.insert(key, Row { record, bytes });
    }

    /// Puts a new price on its row; says whether the row was still the one the price was made from.
    pub(super) fn reprice(&mut self, price: &Reprice) -> bool {
        let found = self.by_exchange.get(&price.exchange_id).and_then(|at| self.rows.get(&(*at, price.exchange_id)));
        let Some(row) = found.filter(|row| row.record.span.version == price.version) else { return false };
        let mut record = (*row.record).clone();
        record.span.version = price.version.saturating_add(1);
        record.span.cost = price.cost;
        record.span.price_version.clone_from(&price.price_version);
        record.span.coverage = price.coverage.clone();
        self.put(Arc::new(record));
        true
    }

    /// Drops the oldest rows until the bounds hold.
    pub(super) fn shed(&mut self) {
        while self.rows.len() > self.bounds.max_rows || self.bytes > self.bounds.max_bytes {
            let Some(key) = self.rows.keys().next().copied() else { return };
            self.remove(key);
            self.dropped += 1;
        }
    }

    fn remove(&mut self, key: Key) {
        let Some(Row { record, bytes }) = self.rows.remove(&key) else { return };
        let span = &record.span;
        self.bytes -= bytes;
        self.by_exchange.remove(&span.exchange_id);
        self.by_tenant.remove(&(span.tenant_id.clone(), key));
        self.by_trace.remove(&(span.trace_id, key));
        self.by_span.remove(&(span.span_id, key));
        if let Some(session) = &span.session_id {
            self.by_session.remove(&(session.clone(), key));
        }
        if let Some(response) = answer(span) {
            self.by_answer.remove(&(response, key));
        }
    }

    /// One page of matching records, newest first.
    pub(super) fn page(&self, scope: &TenantScope, filter: &SpanFilter, page: &PageRequest) -> Page<Arc<SpanRecord>> {
        cut(page, self.newest_first(scope, filter, page.after).map(|(key, record)| (key, Arc::clone(record))))
    }

    /// One page of traces, newest first by the start of the first span that matches.
    pub(super) fn traces(&self, scope: &TenantScope, filter: &SpanFilter, page: &PageRequest) -> Page<TraceSummary> {
        let first_matches = self.newest_first(scope, filter, page.after).filter(|(key, record)| {
            let span = &record.span;
            let mut earlier = self.by_trace.range((span.trace_id, FIRST)..(span.trace_id, *key));
            !earlier.any(|(_, at)| {
                self.rows
                    .get(at)
                    .is_some_and(|row| row.record.span.tenant_id == span.tenant_id && matches(filter, &row.record))
            })
        });
        let summaries = first_matches.filter_map(|(key, record)| {
            let span = &record.span;
            let one = TenantScope::One(span.tenant_id.clone());
            let rows = self.oldest_first(&one, span.trace_id).map(|record| summary_row(&record.span));
            summarize(span.tenant_id.clone(), span.trace_id, rows).map(|summary| (key, summary))
        });
        cut(page, summaries)
    }

    /// One page of sessions, newest first by the start of the first span that matches.
    pub(super) fn sessions(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Page<SessionSummary> {
        let in_session = |session: &str, until: Key| {
            let (low, high) = ((session.to_owned(), FIRST), (session.to_owned(), until));
            self.by_session.range(low..high).filter_map(|(_, at)| self.rows.get(at)).map(|row| &row.record)
        };
        let summaries = self.newest_first(scope, filter, page.after).filter_map(|(key, record)| {
            let span = &record.span;
            let session = span.session_id.as_deref()?;
            let mut earlier = in_session(session, key).filter(|other| other.span.tenant_id == span.tenant_id);
            if earlier.any(|other| matches(filter, other)) {
                return None;
            }
            let all = in_session(session, LAST).filter(|other| other.span.tenant_id == span.tenant_id);
            let summary = summarize_session(&span.tenant_id, session, all.map(|r| session_row(&r.span)));
            summary.map(|summary| (key, summary))
        });
        cut(page, summaries)
    }

    /// The newest span of that id.
    pub(super) fn span(&self, scope: &TenantScope, id: SpanId) -> Option<Arc<SpanRecord>> {
        let keys = self.by_span.range((id, FIRST)..).take_while(|(found, _)| *found == id);
        let rows = keys.filter_map(|(_, key)| self.rows.get(key));
        rows.filter(|row| scope.allows(&row.record.span.tenant_id)).last().map(|row| Arc::clone(&row.record))
    }

    /// The row of that exchange.
    pub(super) fn exchange(&self, scope: &TenantScope, id: ExchangeId) -> Option<Arc<SpanRecord>> {
        let row = self.rows.get(&(*self.by_exchange.get(&id)?, id))?;
        scope.allows(&row.record.span.tenant_id).then(|| Arc::clone(&row.record))
    }

    /// The rows of a trace, oldest first.
    pub(super) fn trace(&self, scope: &TenantScope, id: TraceId) -> Vec<Arc<SpanRecord>> {
        self.oldest_first(scope, id).take(PageRequest::MAX as usize).map(Arc::clone).collect()
    }

    /// The exchange that is billed for an answer which others report as well.
    pub(super) fn billed(&self, tenant: &TenantId, provider: &str, response_id: &str) -> Option<ExchangeId> {
        let response = (tenant.clone(), provider.to_owned(), response_id.to_owned());
        let first = self.by_answer.range((response.clone(), FIRST)..).next();
        first.filter(|(found, _)| *found == response).map(|(_, (_, id))| *id)
    }

    /// The number of matching rows.
    pub(super) fn count(&self, scope: &TenantScope, filter: &SpanFilter) -> u64 {
        self.newest_first(scope, filter, None).count() as u64
    }

    /// What each model was used for.
    pub(super) fn models(&self, scope: &TenantScope, filter: &SpanFilter) -> Vec<ModelTraffic> {
        let mut traffic = Traffic::default();
        for (_, record) in self.newest_first(scope, filter, None) {
            let span = &record.span;
            let total_tokens = span.usage.map_or(0, |usage| usage.total());
            traffic.add(&TrafficRow {
                provider: &span.provider,
                model: span.response_model.as_deref().or(span.request_model.as_deref()),
                started_at: span.started_at,
                total_tokens,
                used_something: total_tokens > 0 || !span.units.is_empty(),
                cost: span.cost,
            });
        }
        traffic.finish()
    }

    /// What the matching rows add up to.
    pub(super) fn stats(&self, scope: &TenantScope, query: &StatsQuery) -> Result<Vec<StatsRow>, Error> {
        let mut groups = Groups::new(query);
        for (_, record) in self.newest_first(scope, &query.filter, None) {
            let added = groups.add(&record.span);
            added.map_err(|TooLarge(why)| Error::too_large(Backend::Memory, "stats", why))?;
        }
        Ok(groups.finish())
    }

    fn oldest_first(&self, scope: &TenantScope, id: TraceId) -> impl Iterator<Item = &Arc<SpanRecord>> {
        let keys = self.by_trace.range((id, FIRST)..).take_while(move |(found, _)| *found == id);
        let rows = keys.filter_map(|(_, key)| self.rows.get(key));
        rows.map(|row| &row.record).filter(|record| scope.allows(&record.span.tenant_id))
    }

    /// Matching rows before `after`, newest first, by the narrowest index.
    fn newest_first<'a>(
        &'a self,
        scope: &'a TenantScope,
        filter: &'a SpanFilter,
        after: Option<Cursor>,
    ) -> impl Iterator<Item = (Key, &'a Arc<SpanRecord>)> {
        let low = (filter.from.unwrap_or(FIRST.0), ExchangeId::MIN);
        let high = high_end(filter.until, after);
        let keys: Box<dyn Iterator<Item = Key> + 'a> = if below(&low, &high) {
            match (filter.trace_id, &filter.session_id, scope) {
                (Some(trace), _, _) => in_index(&self.by_trace, trace, low, high),
                (None, Some(session), _) => in_index(&self.by_session, session.clone(), low, high),
                (None, None, TenantScope::One(tenant)) => in_index(&self.by_tenant, tenant.clone(), low, high),
                (None, None, TenantScope::All) => {
                    Box::new(self.rows.range((Bound::Included(low), high)).rev().map(|(key, _)| *key))
                }
            }
        } else {
            Box::new(std::iter::empty())
        };
        let rows = keys.filter_map(|key| self.rows.get(&key).map(|row| (key, &row.record)));
        rows.filter(|(_, record)| scope.allows(&record.span.tenant_id) && matches(filter, record))
    }
}

/// The first key that no longer belongs to a page: after the cursor, and not before `until`.
fn high_end(until: Option<Timestamp>, after: Option<Cursor>) -> Bound<Key> {
    let until = until.map(|until| (until, ExchangeId::MIN));
    let after = after.map(|cursor| (cursor.started_at, cursor.id));
    match (until, after) {
        (Some(a), Some(b)) => Bound::Excluded(a.min(b)),
        (Some(key), None) | (None, Some(key)) => Bound::Excluded(key),
        (None, None) => Bound::Included((Timestamp::from_unix_us(i64::MAX), ExchangeId::MAX)),
    }
}

/// A range of a tree panics where it ends before it begins; here it is empty.
fn below(low: &Key, high: &Bound<Key>) -> bool {
    match high {
        Bound::Excluded(high) => low < high,
        Bound::Included(high) => low <= high,
        Bound::Unbounded => true,
    }
}

fn in_index<'a, N: Ord + Clone>(
    index: &'a BTreeSet<(N, Key)>,
    name: N,
    low: Key,
    high: Bound<Key>,
) -> Box<dyn Iterator<Item = Key> + 'a> {
    let high = high.map(|key| (name.clone(), key));
    Box::new(index.range((Bound::Included((name, low)), high)).rev().map(|(_, key)| *key))
}

/// Takes one page of rows that come newest first.
fn cut<T>(page: &PageRequest, mut rows: impl Iterator<Item = (Key, T)>) -> Page<T> {
    let limit = page.limit.min(PageRequest::MAX) as usize;
    let mut items = Vec::new();
    let mut last = None;
    while items.len() < limit {
        let Some((key, item)) = rows.next() else { return Page { items, next: None } };
        last = Some(key);
        items.push(item);
    }
    let next = last.filter(|_| rows.next().is_some()).map(|(started_at, id)| Cursor { started_at, id });
    Page { items, next }
}

/// The answer a span is billed for, where others may report it as well.
fn answer(span: &Span) -> Option<Answer> {
    let is_shared = span.params.get("billed_once").is_some_and(|value| value.as_bool() == Some(true));
    let id = span.response_id.as_ref().filter(|_| is_shared && span.usage.is_some())?;
    Some((span.tenant_id.clone(), span.provider.clone(), id.clone()))
}

fn summary_row(span: &Span) -> SummaryRow {
    SummaryRow {
        started_at: span.started_at,
        duration_us: span.timing.duration_us,
        status: span.status,
        model: span.response_model.clone().or_else(|| span.request_model.clone()),
        total_tokens: span.usage.map_or(0, |usage| usage.total()),
        cost: span.cost,
        session_id: span.session_id.clone(),
    }
}

fn session_row(span: &Span) -> SessionRow {
    SessionRow {
        trace_id: span.trace_id,
        agent_id: span.agent_id.clone(),
        user_id: span.user_id.clone(),
        row: summary_row(span),
    }
}
