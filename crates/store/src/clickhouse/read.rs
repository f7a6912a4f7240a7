//! Reads. Rows that are not merged yet are merged while they are read (`FINAL`), so that each exchange is seen once.

use std::collections::HashMap;

use llmtrace_model::{
    Content, ExchangeId, PageRequest, Raw, RawBody, Span, SpanFilter, SpanId, SpanRecord, TenantId, TenantScope,
    TraceId,
};

use super::{
    client::Engine,
    query::{Key, Query, conditions, escaped},
    row::{self, COLUMNS, take},
    wire::Values,
    write::noted,
};
use crate::Error;

/// Spans of a query that selects their columns.
pub(super) async fn spans(engine: &Engine, op: &'static str, query: Query) -> Result<Vec<Span>, Error> {
    let answer = engine.rows(op, query).await?;
    let mut from = Values::of(&answer, op);
    let mut spans = Vec::new();
    while from.more() {
        spans.push(take(&mut from)?);
    }
    Ok(spans)
}

pub(super) fn select() -> Query {
    Query::of(&format!("SELECT {COLUMNS} FROM spans FINAL WHERE TRUE"))
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

/// Where exchanges stand, those that the scope allows.
async fn keys(engine: &Engine, op: &'static str, scope: &TenantScope, ids: &[ExchangeId]) -> Result<Vec<Key>, Error> {
    let places = noted(engine, op, ids.iter().copied()).await?;
    Ok(places.into_iter().map(|place| place.key).filter(|key| scope.allows(&key.tenant_id)).collect())
}

/// The spans of some exchanges, without what was said.
pub(super) async fn bare(
    engine: &Engine,
    op: &'static str,
    scope: &TenantScope,
    ids: &[ExchangeId],
) -> Result<Vec<Span>, Error> {
    let keys = keys(engine, op, scope, ids).await?;
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

/// The bytes of some exchanges as they passed, in the order of their ids.
pub(super) async fn raws(engine: &Engine, scope: &TenantScope, ids: &[ExchangeId]) -> Result<Vec<Option<Raw>>, Error> {
    let op = "read raw";
    let keys = keys(engine, op, scope, ids).await?;
    if keys.is_empty() {
        return Ok(vec![None; ids.len()]);
    }
    let mut query = Query::of(
        "SELECT exchange_id, request_media, request_coding, request_head, request_tail, request_bytes, response_media, \
         response_coding, response_head, response_tail, response_bytes FROM raws FINAL WHERE TRUE",
    );
    query.and_keys(keys.iter());
    let answer = engine.rows(op, query).await?;
    let mut from = Values::of(&answer, op);
    let mut raws: HashMap<ExchangeId, Raw> = HashMap::new();
    while from.more() {
        let id = ExchangeId::from_bytes(from.u128()?.to_be_bytes());
        raws.insert(id, Raw { request: body(&mut from)?, response: body(&mut from)? });
    }
    Ok(ids.iter().map(|id| raws.get(id).cloned()).collect())
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
