//! Reads. Rows that are not merged yet are merged while they are read (`FINAL`), so that each exchange is seen once.

use std::collections::HashMap;

use llmtrace_model::{
    Content, Cursor, ExchangeId, Money, Page, PageRequest, Raw, RawBody, SessionSummary, Span, SpanFilter, SpanId,
    SpanRecord, TenantId, TenantScope, Timestamp, TraceId, TraceSummary,
};

use super::{
    client::Engine,
    query::{Key, Query, conditions, escaped, list, number},
    row::{self, COLUMNS, take},
    wire::Values,
    write::noted,
};
use crate::{
    Error,
    matching::{SessionRow, SummaryRow, summarize, summarize_session},
};

const SUMMARY: &str = "started_at, duration_us, status, coalesce(response_model, request_model), cost, session_id, input, \
    cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_input, image_output, \
    audio_cache_read, image_cache_read";

/// Spans of a query that selects their columns.
async fn spans(engine: &Engine, op: &'static str, query: Query) -> Result<Vec<Span>, Error> {
    let answer = engine.rows(op, query).await?;
    let mut from = Values::of(&answer, op);
    let mut spans = Vec::new();
    while from.more() {
        spans.push(take(&mut from)?);
    }
    Ok(spans)
}

fn select() -> Query {
    Query::of(&format!("SELECT {COLUMNS} FROM spans FINAL WHERE TRUE"))
}

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
    let mut query = select();
    conditions(&mut query, scope, filter);
    query.newest_first(page);
    let mut items = spans(engine, op, query).await?;
    let limit = page.limit.min(PageRequest::MAX) as usize;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|span| Cursor { started_at: span.started_at, id: span.exchange_id });
    Ok(Page { items, next })
}

/// Puts what was said to spans.
pub(super) async fn records(engine: &Engine, op: &'static str, spans: Vec<Span>) -> Result<Vec<SpanRecord>, Error> {
    if spans.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<Key> = spans.iter().map(key).collect();
    let mut query = Query::of("SELECT exchange_id, content FROM bodies FINAL WHERE TRUE");
    query.and_keys(keys.iter());
    let answer = engine.rows(op, query).await?;
    let mut from = Values::of(&answer, op);
    let mut contents: HashMap<ExchangeId, Content> = HashMap::new();
    while from.more() {
        let id = ExchangeId::from_bytes(from.u128()?.to_be_bytes());
        contents.insert(id, row::parse(&mut from)?);
    }
    let record = |span: Span| SpanRecord { content: contents.remove(&span.exchange_id), span, raw: None };
    Ok(spans.into_iter().map(record).collect())
}

fn key(span: &Span) -> Key {
    Key { tenant_id: span.tenant_id.clone(), started_at: span.started_at, id: span.exchange_id }
}

/// The newest span of that id.
pub(super) async fn span(engine: &Engine, scope: &TenantScope, id: SpanId) -> Result<Option<SpanRecord>, Error> {
    let id = u64::from_be_bytes(*id.as_bytes()).to_string();
    let mut query = select();
    query.push(
        " AND (tenant_id, started_at, exchange_id) IN \
        (SELECT tenant_id, started_at, exchange_id FROM spans WHERE TRUE",
    );
    query.scope(scope);
    query.and("span_id =", "UInt64", id.clone());
    query.push(")");
    query.and("span_id =", "UInt64", id);
    query.push(" ORDER BY started_at DESC, exchange_id DESC LIMIT 1");
    let found = spans(engine, "read span", query).await?;
    Ok(records(engine, "read span", found).await?.pop())
}

/// Where an exchange stands, where the scope allows it.
async fn place(engine: &Engine, op: &'static str, scope: &TenantScope, id: ExchangeId) -> Result<Option<Key>, Error> {
    let found = noted(engine, op, std::iter::once(id)).await?.pop().map(|place| place.key);
    Ok(found.filter(|key| scope.allows(&key.tenant_id)))
}

/// The spans of some exchanges, without what was said.
pub(super) async fn bare(
    engine: &Engine,
    op: &'static str,
    scope: &TenantScope,
    ids: &[ExchangeId],
) -> Result<Vec<Span>, Error> {
    let places = noted(engine, op, ids.iter().copied()).await?;
    let keys: Vec<Key> = places.into_iter().map(|place| place.key).filter(|key| scope.allows(&key.tenant_id)).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = select();
    query.and_keys(keys.iter());
    spans(engine, op, query).await
}

/// The span of that exchange.
pub(super) async fn exchange(
    engine: &Engine,
    scope: &TenantScope,
    id: ExchangeId,
) -> Result<Option<SpanRecord>, Error> {
    let op = "read exchange";
    let found = bare(engine, op, scope, &[id]).await?;
    Ok(records(engine, op, found).await?.pop())
}

/// The bytes of that exchange as they passed.
pub(super) async fn raw(engine: &Engine, scope: &TenantScope, id: ExchangeId) -> Result<Option<Raw>, Error> {
    let op = "read raw";
    let Some(key) = place(engine, op, scope, id).await? else { return Ok(None) };
    let mut query = Query::of(
        "SELECT request_media, request_coding, request_head, request_tail, request_bytes, response_media, \
         response_coding, response_head, response_tail, response_bytes FROM raws FINAL WHERE TRUE",
    );
    query.and_keys(std::iter::once(&key));
    let answer = engine.rows(op, query).await?;
    let mut from = Values::of(&answer, op);
    if !from.more() {
        return Ok(None);
    }
    Ok(Some(Raw { request: body(&mut from)?, response: body(&mut from)? }))
}

fn body(from: &mut Values<'_>) -> Result<RawBody, Error> {
    Ok(RawBody {
        media_type: from.maybe_text()?,
        content_encoding: from.maybe_text()?,
        head: from.blob()?.to_vec().into(),
        tail: from.blob()?.to_vec().into(),
        size_bytes: from.u64()?,
    })
}

/// The spans of a trace, oldest first.
pub(super) async fn trace(engine: &Engine, scope: &TenantScope, id: TraceId) -> Result<Vec<SpanRecord>, Error> {
    let mut query = select();
    conditions(&mut query, scope, &SpanFilter { trace_id: Some(id), ..SpanFilter::default() });
    query.push(" ORDER BY started_at, exchange_id LIMIT ");
    query.bind("UInt64", PageRequest::MAX.to_string());
    let found = spans(engine, "read trace", query).await?;
    records(engine, "read trace", found).await
}

/// The exchange that is billed for an answer which others report as well.
pub(super) async fn billed(
    engine: &Engine,
    tenant: &TenantId,
    provider: &str,
    response_id: &str,
) -> Result<Option<ExchangeId>, Error> {
    let op = "read billed";
    let one = TenantScope::One(tenant.clone());
    let mut query = Query::of("SELECT exchange_id FROM spans FINAL WHERE TRUE");
    query.scope(&one);
    query.push(
        " AND (tenant_id, started_at, exchange_id) IN \
        (SELECT tenant_id, started_at, exchange_id FROM spans WHERE TRUE",
    );
    query.scope(&one);
    query.and("response_id =", "String", escaped(response_id));
    query.push(")");
    query.and("response_id =", "String", escaped(response_id));
    query.and("provider =", "String", escaped(provider));
    query.push(" AND input IS NOT NULL AND params['billed_once'] = 'true' ORDER BY started_at, exchange_id LIMIT 1");
    let answer = engine.rows(op, query).await?;
    let mut from = Values::of(&answer, op);
    if from.more() { Ok(Some(ExchangeId::from_bytes(from.u128()?.to_be_bytes()))) } else { Ok(None) }
}

/// The number of matching spans.
pub(super) async fn count(engine: &Engine, scope: &TenantScope, filter: &SpanFilter) -> Result<u64, Error> {
    let mut query = Query::of("SELECT count() FROM spans FINAL WHERE TRUE");
    conditions(&mut query, scope, filter);
    engine.number("count", query).await
}

/// The keys of one page of groups, by the first matching span of each, and where the next page starts.
async fn groups(
    engine: &Engine,
    op: &'static str,
    by: &str,
    scope: &TenantScope,
    filter: &SpanFilter,
    page: &PageRequest,
) -> Result<(Vec<u8>, u64), Error> {
    let mut query = Query::of(&format!(
        "SELECT tenant_id, {by} AS member, min((started_at, exchange_id)) AS first FROM spans FINAL \
         WHERE isNotNull({by})"
    ));
    conditions(&mut query, scope, filter);
    query.push(&format!(" GROUP BY tenant_id, {by}"));
    if let Some(cursor) = page.after {
        query.push(" HAVING first < (");
        query.bind("Int64", cursor.started_at.unix_us().to_string());
        query.push(", ");
        query.bind("UInt128", number(cursor.id).to_string());
        query.push(")");
    }
    query.push(" ORDER BY first DESC LIMIT ");
    let limit = u64::from(page.limit.min(PageRequest::MAX));
    query.bind("UInt64", (limit + 1).to_string());
    Ok((engine.rows(op, query).await?.to_vec(), limit))
}

/// Cuts off the row that only told that there are more.
fn cut<T>(mut found: Vec<(T, Cursor)>, limit: u64) -> (Vec<T>, Option<Cursor>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(_, cursor)| *cursor);
    (found.into_iter().map(|(key, _)| key).collect(), next)
}

fn cursor(from: &mut Values<'_>) -> Result<Cursor, Error> {
    let started_at = Timestamp::from_unix_us(from.i64()?);
    Ok(Cursor { started_at, id: ExchangeId::from_bytes(from.u128()?.to_be_bytes()) })
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
    let (answer, limit) = groups(engine, op, "trace_id", scope, filter, page).await?;
    let mut from = Values::of(&answer, op);
    let mut found = Vec::new();
    while from.more() {
        let tenant: TenantId = from.word("tenant_id")?;
        let trace = row::trace_id(&mut from)?;
        found.push(((tenant, trace), cursor(&mut from)?));
    }
    let (keys, next) = cut(found, limit);
    if keys.is_empty() {
        return Ok(Page { items: Vec::new(), next });
    }
    let number = |trace: &TraceId| u128::from_be_bytes(*trace.as_bytes());
    let ids: Vec<String> = keys.iter().map(|(_, trace)| number(trace).to_string()).collect();
    let mut query = Query::of(&format!("SELECT tenant_id, trace_id, {SUMMARY} FROM spans FINAL WHERE TRUE"));
    members(&mut query, scope, "trace_id", "Array(UInt128)", &format!("[{}]", ids.join(",")));
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
    let (answer, limit) = groups(engine, op, "session_id", scope, filter, page).await?;
    let mut from = Values::of(&answer, op);
    let mut found = Vec::new();
    while from.more() {
        let tenant: TenantId = from.word("tenant_id")?;
        let session = from.maybe_text()?.unwrap_or_default();
        found.push(((tenant, session), cursor(&mut from)?));
    }
    let (keys, next) = cut(found, limit);
    if keys.is_empty() {
        return Ok(Page { items: Vec::new(), next });
    }
    let ids = list(keys.iter().map(|(_, session)| session.as_str()));
    let mut query = Query::of(&format!(
        "SELECT tenant_id, session_id, trace_id, agent_id, user_id, {SUMMARY} FROM spans FINAL WHERE TRUE"
    ));
    members(&mut query, scope, "session_id", "Array(String)", &ids);
    let answer = engine.rows(op, query).await?;
    let mut from = Values::of(&answer, op);
    let mut rows: HashMap<(TenantId, String), Vec<SessionRow>> = HashMap::new();
    while from.more() {
        let key = (from.word("tenant_id")?, from.maybe_text()?.unwrap_or_default());
        let trace_id = row::trace_id(&mut from)?;
        let (agent_id, user_id) = (from.maybe_text()?, from.maybe_text()?);
        let row = SessionRow { trace_id, agent_id, user_id, row: summary(&mut from)? };
        rows.entry(key).or_default().push(row);
    }
    let one = |key: (TenantId, String)| {
        let rows = rows.remove(&key)?;
        summarize_session(&key.0, &key.1, rows)
    };
    Ok(Page { items: keys.into_iter().filter_map(one).collect(), next })
}

/// The spans of some traces or sessions, oldest first.
fn members(query: &mut Query, scope: &TenantScope, column: &str, kind: &str, ids: &str) {
    query.scope(scope);
    query.push(
        " AND (tenant_id, started_at, exchange_id) IN \
        (SELECT tenant_id, started_at, exchange_id FROM spans WHERE TRUE",
    );
    query.scope(scope);
    query.and(&format!("{column} IN"), kind, ids.to_owned());
    query.push(")");
    query.and(&format!("{column} IN"), kind, ids.to_owned());
    query.push(" ORDER BY started_at, exchange_id");
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
