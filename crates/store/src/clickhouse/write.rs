//! Writing: what is there already is looked up first, then every table gets one insert.
//!
//! The order makes a batch that was cut anywhere end right when it is written again: what was said and the bytes come first, then the
//! spans, then the marks of their hours, and the place of each exchange last. Only what has its place is there for good; all
//! before it is written once more, and replaces itself.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use llmtrace_model::{ExchangeId, SpanRecord, TenantId, Timestamp};

pub(super) use super::tables::{Tables, hour};
use super::{
    client::Engine,
    query::{Key, Query, number},
    row,
    tables::{Found, Maker, Place},
    wire::{Rows, Values},
};
use crate::{Error, pool::Pool};

const OP: &str = "write";
/// Exchanges of one look-up.
const LOOKED_UP: usize = 2000;

const BODIES: &str =
    "INSERT INTO bodies (exchange_id, tenant_id, started_at, content, term_hashes, rank, is_deleted) FORMAT RowBinary";
const RAWS: &str = "INSERT INTO raws (exchange_id, tenant_id, started_at, request_media, request_coding, request_head, \
    request_tail, request_bytes, response_media, response_coding, response_head, response_tail, response_bytes, rank, \
    is_deleted) FORMAT RowBinary";
const EXCHANGES: &str = "INSERT INTO exchanges (exchange_id, tenant_id, started_at, version, rank) FORMAT RowBinary";
const MARKS: &str = "INSERT INTO rollup_marks (tenant_id, hour, marks) FORMAT RowBinary";

/// The steps of a write; a test stops after each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Bodies,
    Raws,
    Spans,
    Marks,
    Exchanges,
}

/// Stores a batch.
pub(super) async fn batch(engine: &Engine, maker: &Pool<Maker>, batch: &[Arc<SpanRecord>]) -> Result<(), Error> {
    batch_until(engine, maker, batch, Step::Exchanges).await
}

/// Stores a batch, or as much of it as a process does that ends after `last`.
pub(super) async fn batch_until(
    engine: &Engine,
    maker: &Pool<Maker>,
    batch: &[Arc<SpanRecord>],
    last: Step,
) -> Result<(), Error> {
    let winners = winners(batch);
    if winners.is_empty() {
        return Ok(());
    }
    let known = places(engine, &winners).await?;
    let tables = maker.run(OP, move |maker, _cancel| maker.rows(&winners, &known)).await?;
    insert(engine, OP, tables, last).await
}

/// Inserts the rows of all tables.
pub(super) async fn insert(engine: &Engine, op: &'static str, tables: Tables, last: Step) -> Result<(), Error> {
    let Tables { bodies, raws, spans, hours, exchanges } = tables;
    engine.insert(op, BODIES, bodies).await?;
    if last == Step::Bodies {
        return Ok(());
    }
    engine.insert(op, RAWS, raws).await?;
    if last == Step::Raws {
        return Ok(());
    }
    engine.insert(op, &spans_statement(), spans).await?;
    if last == Step::Spans {
        return Ok(());
    }
    mark(engine, op, &hours).await?;
    if last == Step::Marks {
        return Ok(());
    }
    engine.insert(op, EXCHANGES, exchanges).await
}

fn spans_statement() -> String {
    format!("INSERT INTO spans ({}, rank, is_deleted) FORMAT RowBinary", row::COLUMNS)
}

/// Notes that the sums of these hours are out of date.
pub(super) async fn mark(engine: &Engine, op: &'static str, hours: &BTreeSet<(TenantId, i64)>) -> Result<(), Error> {
    let mut rows = Rows::default();
    for (tenant, hour) in hours {
        rows.text(tenant.as_str());
        rows.i64(*hour);
        rows.u64(1);
        rows.end();
    }
    engine.insert(op, MARKS, rows).await
}

/// Of each exchange of a batch the record that stays: the highest version, of equal ones the first.
fn winners(batch: &[Arc<SpanRecord>]) -> Vec<Arc<SpanRecord>> {
    let mut places: HashMap<ExchangeId, usize> = HashMap::with_capacity(batch.len());
    let mut winners: Vec<Arc<SpanRecord>> = Vec::with_capacity(batch.len());
    for record in batch {
        match places.get(&record.span.exchange_id) {
            Some(at) if winners[*at].span.version < record.span.version => winners[*at] = Arc::clone(record),
            Some(_) => {}
            None => {
                places.insert(record.span.exchange_id, winners.len());
                winners.push(Arc::clone(record));
            }
        }
    }
    winners
}

/// Where the exchanges of a batch stand already.
///
/// Rows of a later version are sought among the spans too: the process that wrote an earlier one may have ended before it noted
/// the place.
async fn places(engine: &Engine, records: &[Arc<SpanRecord>]) -> Result<HashMap<ExchangeId, Found>, Error> {
    let mut known = HashMap::new();
    for some in records.chunks(LOOKED_UP) {
        let ids = some.iter().map(|record| record.span.exchange_id);
        for place in noted(engine, OP, ids).await? {
            known.insert(place.key.id, Found { place, is_noted: true });
        }
    }
    let later: Vec<_> = records.iter().filter(|record| record.span.version > 0).collect();
    for some in later.chunks(LOOKED_UP) {
        let ids = some.iter().map(|record| record.span.exchange_id);
        for place in unnoted(engine, ids).await? {
            let is_newer = known.get(&place.key.id).is_none_or(|found: &Found| found.place.version < place.version);
            if is_newer {
                known.insert(place.key.id, Found { place, is_noted: false });
            }
        }
    }
    Ok(known)
}

/// The places that are noted of some exchanges, by the primary key.
pub(super) async fn noted(
    engine: &Engine,
    op: &'static str,
    ids: impl Iterator<Item = ExchangeId>,
) -> Result<Vec<Place>, Error> {
    let mut query =
        Query::of("SELECT exchange_id, tenant_id, started_at, version FROM exchanges FINAL WHERE exchange_id IN ");
    query.bind_all("UInt128", numbers(ids));
    read_places(&engine.rows(op, query).await?, op)
}

/// The places of some exchanges among the spans, by the bloom filter of their ids.
async fn unnoted(engine: &Engine, ids: impl Iterator<Item = ExchangeId>) -> Result<Vec<Place>, Error> {
    let mut query = Query::of(
        "SELECT exchange_id, tenant_id, started_at, version FROM spans FINAL \
         WHERE (tenant_id, started_at, exchange_id) IN \
         (SELECT tenant_id, started_at, exchange_id FROM spans WHERE exchange_id IN ",
    );
    query.bind_all("UInt128", numbers(ids));
    query.push(")");
    read_places(&engine.rows(OP, query).await?, OP)
}

/// Exchange ids as the values of a parameter.
pub(super) fn numbers(ids: impl Iterator<Item = ExchangeId>) -> impl Iterator<Item = String> {
    ids.map(|id| number(id).to_string())
}

fn read_places(answer: &[u8], op: &'static str) -> Result<Vec<Place>, Error> {
    let mut from = Values::of(answer, op);
    let mut places = Vec::new();
    while from.more() {
        let id = ExchangeId::from_bytes(from.u128()?.to_be_bytes());
        let tenant_id = from.word("tenant_id")?;
        let started_at = Timestamp::from_unix_us(from.i64()?);
        places.push(Place { key: Key { tenant_id, started_at, id }, version: from.u32()? });
    }
    Ok(places)
}
