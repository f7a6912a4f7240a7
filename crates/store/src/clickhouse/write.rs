//! Writing: what is there already is looked up first, then every table gets one insert.
//!
//! The order makes a batch that was cut anywhere end right when it is written again: what was said and the bytes come first, then the
//! spans, then the marks of their hours, and the place of each exchange last. Only what has its place is there for good; all
//! before it is written once more, and replaces itself.

use std::{
    collections::{BTreeSet, HashMap, hash_map::DefaultHasher},
    hash::Hasher,
    sync::Arc,
};

use llmtrace_model::{Content, ExchangeId, Raw, RawBody, SpanRecord, TenantId, Timestamp};

use super::{
    client::Engine,
    query::{Key, Query, number},
    row,
    wire::{Rows, Values},
};
use crate::Error;

const OP: &str = "write";
/// Exchanges of one look-up.
const LOOKED_UP: usize = 2000;

const BODIES: &str =
    "INSERT INTO bodies (exchange_id, tenant_id, started_at, content, terms, rank, is_deleted) FORMAT RowBinary";
const RAWS: &str = "INSERT INTO raws (exchange_id, tenant_id, started_at, request_media, request_coding, request_head, \
    request_tail, request_bytes, response_media, response_coding, response_head, response_tail, response_bytes, rank, \
    is_deleted) FORMAT RowBinary";
const EXCHANGES: &str = "INSERT INTO exchanges (exchange_id, tenant_id, started_at, version, rank) FORMAT RowBinary";
const MARKS: &str = "INSERT INTO rollup_marks (tenant_id, hour, marks) FORMAT RowBinary";

/// Where an exchange stands and with which version.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) key: Key,
    pub(super) version: u32,
}

/// The rows of a batch, table by table, in the order in which they are inserted.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) bodies: Rows,
    pub(super) raws: Rows,
    pub(super) spans: Rows,
    pub(super) hours: BTreeSet<(TenantId, i64)>,
    pub(super) exchanges: Rows,
}

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
pub(super) async fn batch(engine: &Engine, batch: &[Arc<SpanRecord>]) -> Result<(), Error> {
    batch_until(engine, batch, Step::Exchanges).await
}

/// Stores a batch, or as much of it as a process does that ends after `last`.
pub(super) async fn batch_until(engine: &Engine, batch: &[Arc<SpanRecord>], last: Step) -> Result<(), Error> {
    let winners = winners(batch);
    if winners.is_empty() {
        return Ok(());
    }
    let known = places(engine, &winners).await?;
    let mut tables = Tables::default();
    for record in winners {
        tables.put(record, known.get(&record.span.exchange_id))?;
    }
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
        rows.count += 1;
    }
    engine.insert(op, MARKS, rows).await
}

/// The hour a span started in, as a number.
pub(super) fn hour(started_at: Timestamp) -> i64 {
    started_at.unix_us().div_euclid(3_600_000_000)
}

/// Of each exchange of a batch the record that stays: the highest version, of equal ones the first.
fn winners(batch: &[Arc<SpanRecord>]) -> Vec<&SpanRecord> {
    let mut places: HashMap<ExchangeId, usize> = HashMap::with_capacity(batch.len());
    let mut winners: Vec<&SpanRecord> = Vec::with_capacity(batch.len());
    for record in batch {
        match places.get(&record.span.exchange_id) {
            Some(at) if winners[*at].span.version < record.span.version => winners[*at] = record,
            Some(_) => {}
            None => {
                places.insert(record.span.exchange_id, winners.len());
                winners.push(record);
            }
        }
    }
    winners
}

/// Where the exchanges of a batch stand already.
///
/// Rows of a later version are sought among the spans too: the process that wrote an earlier one may have ended before it noted
/// the place.
async fn places(engine: &Engine, records: &[&SpanRecord]) -> Result<HashMap<ExchangeId, Found>, Error> {
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

/// A row that is there.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) place: Place,
    /// Whether all of it is there for sure.
    pub(super) is_noted: bool,
}

/// The places that are noted of some exchanges, by the primary key.
pub(super) async fn noted(
    engine: &Engine,
    op: &'static str,
    ids: impl Iterator<Item = ExchangeId>,
) -> Result<Vec<Place>, Error> {
    let mut query =
        Query::of("SELECT exchange_id, tenant_id, started_at, version FROM exchanges FINAL WHERE exchange_id IN ");
    query.bind("Array(UInt128)", numbers(ids));
    read_places(&engine.rows(op, query).await?, op)
}

/// The places of some exchanges among the spans, by the bloom filter of their ids.
async fn unnoted(engine: &Engine, ids: impl Iterator<Item = ExchangeId>) -> Result<Vec<Place>, Error> {
    let numbers = numbers(ids);
    let mut query = Query::of(
        "SELECT exchange_id, tenant_id, started_at, version FROM spans FINAL \
         WHERE (tenant_id, started_at, exchange_id) IN \
         (SELECT tenant_id, started_at, exchange_id FROM spans WHERE exchange_id IN ",
    );
    query.bind("Array(UInt128)", numbers);
    query.push(")");
    read_places(&engine.rows(OP, query).await?, OP)
}

/// Exchange ids as the value of a parameter.
pub(super) fn numbers(ids: impl Iterator<Item = ExchangeId>) -> String {
    let ids: Vec<String> = ids.map(|id| number(id).to_string()).collect();
    format!("[{}]", ids.join(","))
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

impl Tables {
    /// Takes a record, unless what is there stays; `known` is what is there.
    fn put(&mut self, record: &SpanRecord, known: Option<&Found>) -> Result<(), Error> {
        let span = &record.span;
        let stays = |known: &Found| match known.is_noted {
            true => known.place.version >= span.version,
            false => known.place.version > span.version,
        };
        if known.is_some_and(stays) {
            return Ok(());
        }
        let old = known.map(|known| &known.place.key);
        let key = Key { tenant_id: span.tenant_id.clone(), started_at: span.started_at, id: span.exchange_id };
        let start = self.spans.bytes.len();
        row::put(&mut self.spans, span)?;
        let rank = rank(span.version, &self.spans.bytes[start..]);
        self.spans.u64(rank);
        self.spans.u8(0);
        self.spans.count += 1;
        match &record.content {
            Some(content) => self.put_body(&key, content, rank)?,
            None if old.is_some() => self.no_body(&key, rank),
            None => {}
        }
        match &record.raw {
            Some(raw) => self.put_raw(&key, raw, rank),
            None if old.is_some() => self.no_raw(&key, rank),
            None => {}
        }
        if let Some(old) = old.filter(|old| **old != key) {
            self.bury(record, old, rank)?;
        }
        self.hours.insert((key.tenant_id.clone(), hour(key.started_at)));
        self.note(&key, span.version, rank);
        Ok(())
    }

    /// Hides what stands in another place.
    fn bury(&mut self, record: &SpanRecord, old: &Key, rank: u64) -> Result<(), Error> {
        let mut gone = record.span.clone();
        (gone.tenant_id, gone.started_at) = (old.tenant_id.clone(), old.started_at);
        row::put(&mut self.spans, &gone)?;
        self.spans.u64(rank);
        self.spans.u8(1);
        self.spans.count += 1;
        self.no_body(old, rank);
        self.no_raw(old, rank);
        self.hours.insert((old.tenant_id.clone(), hour(old.started_at)));
        Ok(())
    }

    /// Takes a span in the place of an earlier version of itself; what was said and the bytes stay.
    pub(super) fn replace(&mut self, span: &llmtrace_model::Span) -> Result<(), Error> {
        let start = self.spans.bytes.len();
        row::put(&mut self.spans, span)?;
        let rank = rank(span.version, &self.spans.bytes[start..]);
        self.spans.u64(rank);
        self.spans.u8(0);
        self.spans.count += 1;
        let key = Key { tenant_id: span.tenant_id.clone(), started_at: span.started_at, id: span.exchange_id };
        self.hours.insert((key.tenant_id.clone(), hour(key.started_at)));
        self.note(&key, span.version, rank);
        Ok(())
    }

    fn note(&mut self, key: &Key, version: u32, rank: u64) {
        put_key(&mut self.exchanges, key);
        self.exchanges.u32(version);
        self.exchanges.u64(rank);
    }

    fn put_body(&mut self, key: &Key, content: &Content, rank: u64) -> Result<(), Error> {
        put_key(&mut self.bodies, key);
        row::json(&mut self.bodies, content)?;
        put_terms(&mut self.bodies, content);
        self.bodies.u64(rank);
        self.bodies.u8(0);
        Ok(())
    }

    fn no_body(&mut self, key: &Key, rank: u64) {
        put_key(&mut self.bodies, key);
        self.bodies.text("");
        self.bodies.len(0);
        self.bodies.u64(rank);
        self.bodies.u8(1);
    }

    fn put_raw(&mut self, key: &Key, raw: &Raw, rank: u64) {
        put_key(&mut self.raws, key);
        for RawBody { media_type, content_encoding, head, tail, size_bytes } in [&raw.request, &raw.response] {
            self.raws.maybe_text(media_type.as_deref());
            self.raws.maybe_text(content_encoding.as_deref());
            self.raws.blob(head);
            self.raws.blob(tail);
            self.raws.u64(*size_bytes);
        }
        self.raws.u64(rank);
        self.raws.u8(0);
    }

    fn no_raw(&mut self, key: &Key, rank: u64) {
        self.put_raw(key, &Raw::default(), rank);
        // The last byte says that the row is deleted.
        if let Some(last) = self.raws.bytes.last_mut() {
            *last = 1;
        }
    }
}

/// The terms of what was said, each once, in the order of the alphabet.
fn put_terms(to: &mut Rows, content: &Content) {
    // One buffer for all texts: where each term begins and ends, sorted by what stands there.
    let (mut all, mut ends) = (String::new(), Vec::new());
    content.each_text(&mut |text| {
        llmtrace_model::terms(text, &mut |term| {
            let start = all.len();
            all.push_str(term);
            ends.push((start, all.len()));
        });
    });
    ends.sort_unstable_by(|a, b| all[a.0..a.1].cmp(&all[b.0..b.1]));
    ends.dedup_by(|a, b| all[a.0..a.1] == all[b.0..b.1]);
    to.texts(ends.iter().map(|(start, end)| &all[*start..*end]));
}

fn put_key(to: &mut Rows, key: &Key) {
    to.u128(number(key.id));
    to.text(key.tenant_id.as_str());
    to.i64(key.started_at.unix_us());
    to.count += 1;
}

/// Which of two rows in one place stays: the higher version. Of equal ones, which only two processes at the same time write, every
/// table keeps that of the same.
fn rank(version: u32, row: &[u8]) -> u64 {
    let mut hash = DefaultHasher::new();
    hash.write(row);
    u64::from(version) << 32 | hash.finish() >> 32
}
