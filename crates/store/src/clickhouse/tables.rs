//! The rows of a batch, table by table.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use llmtrace_model::{Content, ExchangeId, Raw, RawBody, SpanRecord, TenantId, Timestamp};
use twox_hash::XxHash3_64;

use super::{
    query::{Key, number},
    row,
    terms::Terms,
    wire::Rows,
};
use crate::Error;

/// Where an exchange stands and with which version.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) key: Key,
    pub(super) version: u32,
}

/// A row that is there.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) place: Place,
    /// Whether all of it is there for sure.
    pub(super) is_noted: bool,
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

/// Whether a row is there or hides what was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    There = 0,
    Gone = 1,
}

/// Makes the rows of batches; a thread of its own has it, because that is more work than the runtime's threads have time for.
#[derive(Debug)]
pub(super) struct Maker {
    terms: Terms,
}

impl Maker {
    pub(super) fn new() -> Self {
        Self { terms: Terms::new() }
    }

    /// The rows of all records that are not there yet, or in an earlier version; `known` is what is there.
    pub(super) fn rows(
        &mut self,
        records: &[Arc<SpanRecord>],
        known: &HashMap<ExchangeId, Found>,
    ) -> Result<Tables, Error> {
        let mut tables = Tables::default();
        for record in records {
            tables.put(record, known.get(&record.span.exchange_id), &mut self.terms)?;
        }
        Ok(tables)
    }
}

/// The hour a span started in, as a number.
pub(super) fn hour(started_at: Timestamp) -> i64 {
    started_at.unix_us().div_euclid(3_600_000_000)
}

impl Tables {
    /// Takes a record, unless what is there stays; `known` is what is there.
    fn put(&mut self, record: &SpanRecord, known: Option<&Found>, terms: &mut Terms) -> Result<(), Error> {
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
        let rank = self.put_span(span)?;
        match &record.content {
            Some(content) => self.put_body(&key, content, terms, rank)?,
            None if old.is_some() => self.no_body(&key, rank),
            None => {}
        }
        match &record.raw {
            Some(raw) => self.put_raw(&key, raw, rank, Row::There),
            None if old.is_some() => self.no_raw(&key, rank),
            None => {}
        }
        if let Some(old) = old.filter(|old| **old != key) {
            self.bury(record, old, rank)?;
        }
        self.note(key, span.version, rank);
        Ok(())
    }

    /// Hides what stands in another place.
    fn bury(&mut self, record: &SpanRecord, old: &Key, rank: u64) -> Result<(), Error> {
        let mut gone = record.span.clone();
        (gone.tenant_id, gone.started_at) = (old.tenant_id.clone(), old.started_at);
        row::put(&mut self.spans, &gone)?;
        end(&mut self.spans, rank, Row::Gone);
        self.no_body(old, rank);
        self.no_raw(old, rank);
        self.hours.insert((old.tenant_id.clone(), hour(old.started_at)));
        Ok(())
    }

    /// Takes a span in the place of an earlier version of itself; what was said and the bytes stay.
    pub(super) fn replace(&mut self, span: &llmtrace_model::Span) -> Result<(), Error> {
        let rank = self.put_span(span)?;
        let key = Key { tenant_id: span.tenant_id.clone(), started_at: span.started_at, id: span.exchange_id };
        self.note(key, span.version, rank);
        Ok(())
    }

    /// Returns the rank.
    fn put_span(&mut self, span: &llmtrace_model::Span) -> Result<u64, Error> {
        let start = self.spans.bytes.len();
        row::put(&mut self.spans, span)?;
        let rank = rank(span.version, &self.spans.bytes[start..]);
        end(&mut self.spans, rank, Row::There);
        Ok(rank)
    }

    /// Notes the place and marks the hour.
    fn note(&mut self, key: Key, version: u32, rank: u64) {
        put_key(&mut self.exchanges, &key);
        self.exchanges.u32(version);
        self.exchanges.u64(rank);
        self.exchanges.end();
        self.hours.insert((key.tenant_id, hour(key.started_at)));
    }

    fn put_body(&mut self, key: &Key, content: &Content, terms: &mut Terms, rank: u64) -> Result<(), Error> {
        put_key(&mut self.bodies, key);
        self.bodies.json(content)?;
        self.bodies.numbers(terms.of(content));
        end(&mut self.bodies, rank, Row::There);
        Ok(())
    }

    fn no_body(&mut self, key: &Key, rank: u64) {
        put_key(&mut self.bodies, key);
        self.bodies.text("");
        self.bodies.len(0);
        end(&mut self.bodies, rank, Row::Gone);
    }

    fn put_raw(&mut self, key: &Key, raw: &Raw, rank: u64, row: Row) {
        put_key(&mut self.raws, key);
        for RawBody { media_type, content_encoding, head, tail, size_bytes } in [&raw.request, &raw.response] {
            self.raws.maybe_text(media_type.as_deref());
            self.raws.maybe_text(content_encoding.as_deref());
            self.raws.blob(head);
            self.raws.blob(tail);
            self.raws.u64(*size_bytes);
        }
        end(&mut self.raws, rank, row);
    }

    fn no_raw(&mut self, key: &Key, rank: u64) {
        self.put_raw(key, &Raw::default(), rank, Row::Gone);
    }
}

fn put_key(to: &mut Rows, key: &Key) {
    to.u128(number(key.id));
    to.text(key.tenant_id.as_str());
    to.i64(key.started_at.unix_us());
}

fn end(rows: &mut Rows, rank: u64, row: Row) {
    rows.u64(rank);
    rows.u8(row as u8);
    rows.end();
}

/// Which of two rows in one place stays: the higher version. Of equal ones, which only two processes at the same time write, every
/// table keeps that of the same.
fn rank(version: u32, row: &[u8]) -> u64 {
    u64::from(version) << 32 | XxHash3_64::oneshot(row) >> 32
}
