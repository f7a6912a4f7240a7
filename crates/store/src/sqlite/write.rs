//! The one connection that writes spans.

use std::sync::Arc;

use llmtrace_model::{Erased, ExchangeId, Money, SpanRecord, TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Statement, Transaction, TransactionBehavior};

use super::{
    body, erase,
    failure::failed,
    raw,
    rollup::{self, Built, Marks},
    row::{Columns, INSERT, bind},
    text::{self, Lag, Piece},
};
use crate::{Backend, Error, ErrorKind, Reprice, removing::Cause};

const FIND: &str =
    "SELECT id, version, tenant_id, started_at FROM spans INDEXED BY spans_exchange WHERE exchange_id = ?";
const REMOVE: &str = "DELETE FROM spans WHERE id = ?";
const REMOVE_BODY: &str = "DELETE FROM bodies WHERE span = ?";
const INSERT_BODY: &str = "INSERT INTO bodies (span, codec, size_bytes, content) VALUES (?, ?, ?, ?)";
/// By the unique index of exchanges; a row that was written or re-priced since has another version and stays.
const REPRICE: &str = "UPDATE spans SET version = version + 1, cost = ?, price_version = ?, coverage = ? \
    WHERE exchange_id = ? AND version = ? RETURNING tenant_id, started_at";
const PING: &str = "UPDATE pings SET pings = pings + 1 WHERE id = 1";

/// The writing connection and the buffers it reuses from row to row.
pub(super) struct Writer {
    connection: Connection,
    packers: Packers,
    scratch: Vec<u8>,
    lag: Arc<Lag>,
}

/// Packs what belongs to a row, in this order: the bodies refer to the content.
struct Packers {
    content: body::Packer,
    raw: raw::Packer,
}

impl Writer {
    pub(super) fn new(connection: Connection, lag: Arc<Lag>) -> std::io::Result<Self> {
        let packers = Packers { content: body::Packer::new()?, raw: raw::Packer::new() };
        Ok(Self { connection, packers, scratch: Vec::new(), lag })
    }

    /// Writes a batch in one transaction.
    pub(super) fn write(&mut self, batch: &[Arc<SpanRecord>]) -> Result<(), Error> {
        let failed = failed("write");
        let Self { connection, packers, scratch, lag } = self;
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        let done = put_all(&change, packers, scratch, batch);
        packers.content.shrink();
        packers.raw.shrink();
        let Written { marks, newest } = done?;
        marks.write(&change).map_err(&failed)?;
        change.commit().map_err(&failed)?;
        lag.wrote(newest);
        Ok(())
    }

    /// Puts new prices on rows in one transaction; returns how many changed.
    pub(super) fn reprice(&mut self, batch: &[Reprice]) -> Result<u64, Error> {
        let failed = failed("reprice");
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        let (mut changed, mut marks) = (0, Marks::default());
        {
            let mut update = change.prepare_cached(REPRICE).map_err(&failed)?;
            for price in batch {
                let coverage = serde_json::to_string(&price.coverage)
                    .map_err(|error| failed(rusqlite::Error::ToSqlConversionFailure(error.into())))?;
                let cost = price.cost.map(Money::nanos);
                let key = price.exchange_id.as_bytes();
                let values = (cost, price.price_version.as_deref(), coverage, key, price.version);
                if let Some((tenant, started_at)) =
                    update.query_row(values, owner_and_start).optional().map_err(&failed)?
                {
                    changed += 1;
                    marks.note(&tenant, started_at);
                }
            }
        }
        marks.write(&change).map_err(&failed)?;
        change.commit().map_err(&failed)?;
        Ok(changed)
    }

    /// Removes rows, or what was said in them.
    pub(super) fn remove(&mut self, op: &'static str, ids: &[ExchangeId], cause: &Cause) -> Result<Erased, Error> {
        erase::remove(&mut self.connection, ids, cause).map_err(failed(op))
    }

    /// Puts roll-ups in place.
    pub(super) fn roll_up(&mut self, built: &[Built]) -> Result<(), Error> {
        rollup::store(&mut self.connection, built).map_err(failed("roll up"))
    }

    /// Puts a piece into the text index.
    pub(super) fn index_text(&mut self, piece: &Piece) -> Result<(), Error> {
        piece.put(&mut self.connection, &self.lag).map_err(failed("index text"))
    }

    /// Joins parts of the text index.
    pub(super) fn merge_text(&mut self) -> Result<(), Error> {
        text::merge(&self.connection).map_err(failed("merge text"))
    }

    /// Writes one row, so that a lock, a full disk or a read-only file shows.
    pub(super) fn ping(&mut self) -> Result<(), Error> {
        self.connection.execute(PING, []).map(|_| ()).map_err(failed("ping"))
    }
}

/// What a batch touched.
struct Written {
    marks: Marks,
    /// Its last row, 0 where it changed none.
    newest: i64,
}

fn put_all(
    change: &Transaction<'_>,
    packers: &mut Packers,
    scratch: &mut Vec<u8>,
    batch: &[Arc<SpanRecord>],
) -> Result<Written, Error> {
    let failed = failed("write");
    let (mut marks, mut newest) = (Marks::default(), 0);
    let mut insert = change.prepare_cached(INSERT).map_err(&failed)?;
    let mut insert_body = change.prepare_cached(INSERT_BODY).map_err(&failed)?;
    let mut insert_raw = change.prepare_cached(raw::INSERT).map_err(&failed)?;
    for record in batch {
        bind(&mut insert, scratch, &record.span).map_err(&failed)?;
        if insert.raw_execute().map_err(&failed)? == 0 {
            if !make_way(change, record, &mut marks).map_err(&failed)? {
                continue;
            }
            insert.raw_execute().map_err(&failed)?;
        }
        marks.note(&record.span.tenant_id, record.span.started_at);
        let id = change.last_insert_rowid();
        newest = newest.max(id);
        put_body(&mut insert_body, id, &mut packers.content, record)?;
        if let Some(raw) = &record.raw {
            packers.raw.put(&mut insert_raw, id, raw, packers.content.dictionary())?;
        }
    }
    Ok(Written { marks, newest })
}

/// Removes the row that has this exchange already, where the new one has a higher version; else says that it stays.
fn make_way(change: &Transaction<'_>, record: &SpanRecord, marks: &mut Marks) -> rusqlite::Result<bool> {
    let mut find = change.prepare_cached(FIND)?;
    let key = [record.span.exchange_id.as_bytes()];
    let (id, version, (tenant, started_at)) = find.query_row(key, |row| {
        let mut from = Columns::of(row);
        Ok((from.take::<i64>()?, from.take::<u32>()?, (from.word()?, Timestamp::from_unix_us(from.take()?))))
    })?;
    if version >= record.span.version {
        return Ok(false);
    }
    // It may have stood in another hour, or been another tenant's.
    marks.note(&tenant, started_at);
    change.prepare_cached(REMOVE)?.execute([id])?;
    change.prepare_cached(REMOVE_BODY)?.execute([id])?;
    change.prepare_cached(raw::REMOVE)?.execute([id])?;
    Ok(true)
}

fn owner_and_start(row: &Row<'_>) -> rusqlite::Result<(TenantId, Timestamp)> {
    let mut from = Columns::of(row);
    Ok((from.word()?, Timestamp::from_unix_us(from.take()?)))
}

fn put_body(insert: &mut Statement<'_>, id: i64, packer: &mut body::Packer, record: &SpanRecord) -> Result<(), Error> {
    let Some(content) = &record.content else {
        packer.forget();
        return Ok(());
    };
    let rejected = |error| Error { kind: ErrorKind::Rejected, backend: Backend::Sqlite, op: "write", source: error };
    let packed = packer.pack(content).map_err(rejected)?;
    let size = i64::try_from(packed.size_bytes).unwrap_or(i64::MAX);
    insert.execute((id, packed.codec, size, packed.content)).map(|_| ()).map_err(failed("write"))
}
