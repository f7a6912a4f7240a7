//! Changing and removing what is stored: new prices, and erasure on request.
//!
//! Rows are removed by rewriting the parts that hold them: when a call returns, no disk of the engine has them.

use std::collections::{BTreeSet, HashMap};

use llmtrace_model::{Erased, ExchangeId, Span, SpanFilter, Subject, TenantId, TenantScope, Timestamp};

use super::{
    client::{Engine, Removal},
    query::{Query, conditions},
    read, rollup,
    wire::Values,
    write::{Step, Tables, hour, insert, mark, numbers},
};
use crate::{Error, Reprice};

/// Spans of one look-up for new prices.
const PRICED: usize = 500;
/// Spans that one removal takes at most.
const PIECE: u64 = 20_000;

/// Puts new prices on stored rows.
pub(super) async fn reprice(engine: &Engine, batch: &[Reprice]) -> Result<u64, Error> {
    let op = "reprice";
    let mut known: HashMap<ExchangeId, Span> = HashMap::new();
    let ids: Vec<ExchangeId> = batch.iter().map(|price| price.exchange_id).collect();
    for some in ids.chunks(PRICED) {
        let found = read::bare(engine, op, &TenantScope::All, some).await?;
        known.extend(found.into_iter().map(|span| (span.exchange_id, span)));
    }
    let mut changed = BTreeSet::new();
    let mut count = 0;
    for price in batch {
        let Some(span) = known.get_mut(&price.exchange_id).filter(|span| span.version == price.version) else {
            continue;
        };
        span.version = span.version.saturating_add(1);
        (span.cost, span.price_version, span.coverage) =
            (price.cost, price.price_version.clone(), price.coverage.clone());
        changed.insert(price.exchange_id);
        count += 1;
    }
    let mut tables = Tables::default();
    for id in changed {
        if let Some(span) = known.get(&id) {
            tables.replace(span)?;
        }
    }
    insert(engine, op, tables, Step::Exchanges).await?;
    Ok(count)
}

/// Removes what belongs to a subject.
pub(super) async fn erase(
    engine: &Engine,
    scope: &TenantScope,
    subject: &Subject,
    until: Timestamp,
) -> Result<Erased, Error> {
    let op = "erase";
    let mut erased = Erased::default();
    loop {
        let mut query = Query::default();
        belonging(&mut query, scope, subject);
        query.and("started_at <=", "Int64", until.unix_us().to_string());
        let piece = piece(engine, op, query).await?;
        if piece.ids.is_empty() {
            return Ok(erased);
        }
        erased.spans += piece.ids.len() as u64;
        erased.contents += contents(engine, op, &piece.ids).await?;
        remove(engine, op, &piece, &["bodies", "raws", "spans", "exchanges"]).await?;
    }
}

fn belonging(query: &mut Query, scope: &TenantScope, subject: &Subject) {
    let mut filter = SpanFilter::default();
    match subject {
        Subject::Trace(id) => filter.trace_id = Some(*id),
        Subject::Session(id) => filter.session_id = Some(id.clone()),
        Subject::User(id) => filter.user_id = Some(id.clone()),
        Subject::Span(id) => {
            query.and("span_id =", "UInt64", u64::from_be_bytes(*id.as_bytes()).to_string());
        }
        Subject::Everything => {}
    }
    conditions(query, scope, &filter);
}

/// Some spans, and the hours they count in.
struct Piece {
    ids: Vec<ExchangeId>,
    hours: BTreeSet<(TenantId, i64)>,
}

/// Some of the spans that match.
async fn piece(engine: &Engine, op: &'static str, conditions: Query) -> Result<Piece, Error> {
    let sql = format!(
        "SELECT exchange_id, tenant_id, started_at FROM spans FINAL WHERE TRUE{} LIMIT {PIECE}",
        conditions.sql
    );
    let answer = engine.rows(op, Query { sql, values: conditions.values }).await?;
    let mut from = Values::of(&answer, op);
    let mut piece = Piece { ids: Vec::new(), hours: BTreeSet::new() };
    while from.more() {
        piece.ids.push(ExchangeId::from_bytes(from.u128()?.to_be_bytes()));
        let tenant = from.word("tenant_id")?;
        piece.hours.insert((tenant, hour(Timestamp::from_unix_us(from.i64()?))));
    }
    Ok(piece)
}

/// How many of some exchanges have content or bytes.
async fn contents(engine: &Engine, op: &'static str, ids: &[ExchangeId]) -> Result<u64, Error> {
    let Query { sql: terms, values } = by_id(ids);
    let sql = format!(
        "SELECT uniqExact(exchange_id) FROM (SELECT exchange_id FROM bodies FINAL WHERE {terms} \
         UNION ALL SELECT exchange_id FROM raws FINAL WHERE {terms})"
    );
    engine.number(op, Query { sql, values }).await
}

/// Removes exchanges from tables. Their hours are marked before and after: sums that are made meanwhile are made again.
async fn remove(engine: &Engine, op: &'static str, piece: &Piece, tables: &[&'static str]) -> Result<(), Error> {
    mark(engine, op, &piece.hours).await?;
    for table in tables {
        engine.remove(op, Removal::Rewritten, table, by_id(&piece.ids)).await?;
    }
    rollup::forget(engine, op, &piece.hours).await?;
    mark(engine, op, &piece.hours).await
}

fn by_id(ids: &[ExchangeId]) -> Query {
    let mut query = Query::of("exchange_id IN ");
    query.bind_all("UInt128", numbers(ids.iter().copied()));
    query
}
