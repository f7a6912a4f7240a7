//! Lists: pages of spans, of traces and of sessions, newest first.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use llmtrace_model::{
    Cursor, ExchangeId, Money, Page, PageRequest, SessionSummary, Span, SpanFilter, TenantId, TenantScope, Timestamp,
    TraceId, TraceSummary,
};

use super::{
    client::Engine,
    query::{Query, conditions, escaped, number, times},
    read::{select, spans},
    row,
    windows::starts,
    wire::Values,
};
use crate::{
    Error,
    matching::{SessionRow, SummaryRow, summarize, summarize_session},
};

const SUMMARY: &str = "started_at, duration_us, status, coalesce(response_model, request_model), cost, session_id, input, \
    cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_input, image_output, \
    audio_cache_read, image_cache_read";
/// Groups that one look takes into hand per group of a page: some began before it.
const SPARE: u64 = 4;

/// One page of spans.
pub(super) async fn page_of_spans(
    engine: &Engine,
    op: &'static str,
    scope: &TenantScope,
    filter: &SpanFilter,
    page: &PageRequest,
) -> Result<Page<Span>, Error> {
    engine.ready(op).await?;
    if page.limit == 0 {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let limit = page.limit.min(PageRequest::MAX) as usize;
    let mut items = Vec::new();
    let mut narrowed = filter.clone();
    for start in starts(engine, op, scope, filter, page).await? {
        narrowed.from = start;
        items.extend(newest(engine, op, scope, &narrowed, page, limit + 1 - items.len()).await?);
        if items.len() > limit {
            break;
        }
        narrowed.until = start;
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|span| Cursor { started_at: span.started_at, id: span.exchange_id });
    Ok(Page { items, next })
}

/// The newest spans that match. Their keys first: merging reads every row, and then only the columns that are asked about.
async fn newest(
    engine: &Engine,
    op: &'static str,
    scope: &TenantScope,
    filter: &SpanFilter,
    page: &PageRequest,
    rows: usize,
) -> Result<Vec<Span>, Error> {
    let mut query = select();
    query.scope(scope);
    times(&mut query, filter);
    query.push(" AND (tenant_id, started_at, exchange_id) IN (SELECT tenant_id, started_at, exchange_id FROM spans FINAL WHERE TRUE");
    conditions(&mut query, scope, filter);
    query.newest_first(page, rows);
    query.push(")");
    query.newest_first(page, rows);
    spans(engine, op, query).await
}

/// What lists group spans by, inside a tenant.
trait Member: Clone + Eq + Hash {
    const COLUMN: &'static str;
    /// Its type as a parameter.
    const KIND: &'static str;

    fn take(from: &mut Values<'_>) -> Result<Self, Error>;

    /// As the value of a parameter.
    fn value(&self) -> String;
}

impl Member for TraceId {
    const COLUMN: &'static str = "trace_id";
    const KIND: &'static str = "UInt128";

    fn take(from: &mut Values<'_>) -> Result<Self, Error> {
        row::trace_id(from)
    }

    fn value(&self) -> String {
        u128::from_be_bytes(*self.as_bytes()).to_string()
    }
}

/// The id of a session.
type Session = String;

impl Member for Session {
    const COLUMN: &'static str = "session_id";
    const KIND: &'static str = "String";

    fn take(from: &mut Values<'_>) -> Result<Self, Error> {
        Ok(from.maybe_text()?.unwrap_or_default())
    }

    fn value(&self) -> String {
        format!("'{}'", escaped(self))
    }
}

/// A group, and its first span that matches.
type Group<M> = ((TenantId, M), Cursor);

/// The groups of one page, and where the next page starts.
async fn groups<M: Member>(
    engine: &Engine,
    op: &'static str,
    scope: &TenantScope,
    filter: &SpanFilter,
    page: &PageRequest,
) -> Result<(Vec<(TenantId, M)>, Option<Cursor>), Error> {
    let limit = page.limit.min(PageRequest::MAX) as usize;
    let mut found = Vec::new();
    // Each look begins anew: a group that began before one look may begin in the next.
    for start in starts(engine, op, scope, filter, page).await? {
        let is_last = start == filter.from;
        let rows = (limit as u64 + 1) * if is_last { 1 } else { SPARE };
        found = begun(engine, op, scope, &SpanFilter { from: start, ..filter.clone() }, page, rows).await?;
        if is_last || found.is_empty() {
            continue;
        }
        let before = SpanFilter { until: start, ..filter.clone() };
        let older = also_in::<M>(engine, op, scope, &before, &found).await?;
        found.retain(|(key, _)| !older.contains(key));
        if found.len() > limit {
            break;
        }
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(_, cursor)| *cursor);
    Ok((found.into_iter().map(|(key, _)| key).collect(), next))
}

/// Groups by the first of their spans that match, the newest first.
async fn begun<M: Member>(
    engine: &Engine,
    op: &'static str,
    scope: &TenantScope,
    filter: &SpanFilter,
    page: &PageRequest,
    rows: u64,
) -> Result<Vec<Group<M>>, Error> {
    let column = M::COLUMN;
    let mut query = Query::of(&format!(
        "SELECT tenant_id, {column} AS member, min((started_at, exchange_id)) AS first FROM spans FINAL \
         WHERE isNotNull({column})"
    ));
    conditions(&mut query, scope, filter);
    if let Some(cursor) = page.after {
        query.and("started_at <=", "Int64", cursor.started_at.unix_us().to_string());
    }
    query.push(&format!(" GROUP BY tenant_id, {column}"));
    if let Some(cursor) = page.after {
        query.push(" HAVING first < (");
        query.bind("Int64", cursor.started_at.unix_us().to_string());
        query.push(", ");
        query.bind("UInt128", number(cursor.id).to_string());
        query.push(")");
    }
    query.push(" ORDER BY first DESC LIMIT ");
    query.bind("UInt64", rows.to_string());
    let answer = engine.rows(op, query).await?;
    let mut from = Values::of(&answer, op);
    let mut found = Vec::new();
    while from.more() {
        let key = (from.word("tenant_id")?, M::take(&mut from)?);
        let started_at = Timestamp::from_unix_us(from.i64()?);
        found.push((key, Cursor { started_at, id: ExchangeId::from_bytes(from.u128()?.to_be_bytes()) }));
    }
    Ok(found)
}

/// Which of these groups have a span that matches.
async fn also_in<M: Member>(
    engine: &Engine,
    op: &'static str,
    scope: &TenantScope,
    filter: &SpanFilter,
    groups: &[Group<M>],
) -> Result<HashSet<(TenantId, M)>, Error> {
    let column = M::COLUMN;
    let mut query = Query::of(&format!("SELECT DISTINCT tenant_id, {column} FROM spans FINAL WHERE TRUE"));
    conditions(&mut query, scope, filter);
    members::<M>(&mut query, scope, filter, &groups.iter().map(|((_, member), _)| member));
    let answer = engine.rows(op, query).await?;
    let mut from = Values::of(&answer, op);
    let mut found = HashSet::new();
    while from.more() {
        found.insert((from.word("tenant_id")?, M::take(&mut from)?));
    }
    Ok(found)
}

/// That a span is of one of these groups: rows that a bloom filter leads to, not yet merged, then those of them that are.
fn members<'a, M: Member + 'a>(
    query: &mut Query,
    scope: &TenantScope,
    filter: &SpanFilter,
    members: &(impl Iterator<Item = &'a M> + Clone),
) {
    query.push(
        " AND (tenant_id, started_at, exchange_id) IN \
        (SELECT tenant_id, started_at, exchange_id FROM spans WHERE TRUE",
    );
    query.scope(scope);
    times(query, filter);
    for end in [")", ""] {
        query.push(&format!(" AND {} IN ", M::COLUMN));
        query.bind_all(M::KIND, members.clone().map(Member::value));
        query.push(end);
    }
}

/// One page of traces.
pub(super) async fn page_of_traces(
    engine: &Engine,
    scope: &TenantScope,
    filter: &SpanFilter,
    page: &PageRequest,
) -> Result<Page<TraceSummary>, Error> {
    let op = "list traces";
    if page.limit == 0 {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let (keys, next) = groups::<TraceId>(engine, op, scope, filter, page).await?;
    if keys.is_empty() {
        return Ok(Page { items: Vec::new(), next });
    }
    let mut query = Query::of(&format!("SELECT tenant_id, trace_id, {SUMMARY} FROM spans FINAL WHERE TRUE"));
    query.scope(scope);
    members::<TraceId>(&mut query, scope, &SpanFilter::default(), &keys.iter().map(|(_, trace)| trace));
    query.push(" ORDER BY started_at, exchange_id");
    let answer = engine.rows(op, query).await?;
    let mut from = Values::of(&answer, op);
    let mut rows: HashMap<(TenantId, TraceId), Vec<SummaryRow>> = HashMap::new();
    while from.more() {
        let key = (from.word("tenant_id")?, row::trace_id(&mut from)?);
        rows.entry(key).or_default().push(summary(&mut from)?);
    }
    let one = |key: (TenantId, TraceId)| {
        let rows = rows.remove(&key)?;
        summarize(key.0, key.1, rows)
    };
    Ok(Page { items: keys.into_iter().filter_map(one).collect(), next })
}

/// One page of sessions.
pub(super) async fn page_of_sessions(
    engine: &Engine,
    scope: &TenantScope,
    filter: &SpanFilter,
    page: &PageRequest,
) -> Result<Page<SessionSummary>, Error> {
    let op = "list sessions";
    if page.limit == 0 {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let (keys, next) = groups::<Session>(engine, op, scope, filter, page).await?;
    if keys.is_empty() {
        return Ok(Page { items: Vec::new(), next });
    }
    let mut query = Query::of(&format!(
        "SELECT tenant_id, session_id, trace_id, agent_id, user_id, {SUMMARY} FROM spans FINAL WHERE TRUE"
    ));
    query.scope(scope);
    members::<Session>(&mut query, scope, &SpanFilter::default(), &keys.iter().map(|(_, session)| session));
    query.push(" ORDER BY started_at, exchange_id");
    let answer = engine.rows(op, query).await?;
    let mut from = Values::of(&answer, op);
    let mut rows: HashMap<(TenantId, Session), Vec<SessionRow>> = HashMap::new();
    while from.more() {
        let key = (from.word("tenant_id")?, Session::take(&mut from)?);
        let trace_id = row::trace_id(&mut from)?;
        let (agent_id, user_id) = (from.maybe_text()?, from.maybe_text()?);
        let row = SessionRow { trace_id, agent_id, user_id, row: summary(&mut from)? };
        rows.entry(key).or_default().push(row);
    }
    let one = |key: (TenantId, Session)| {
        let rows = rows.remove(&key)?;
        summarize_session(&key.0, &key.1, rows)
    };
    Ok(Page { items: keys.into_iter().filter_map(one).collect(), next })
}

fn summary(from: &mut Values<'_>) -> Result<SummaryRow, Error> {
    Ok(SummaryRow {
        started_at: Timestamp::from_unix_us(from.i64()?),
        duration_us: from.u64()?,
        status: from.word("status")?,
        model: from.maybe_text()?,
        cost: from.maybe(Values::i64)?.map(Money::from_nanos),
        session_id: from.maybe_text()?,
        total_tokens: row::usage(from)?.map_or(0, |usage| usage.total()),
    })
}
