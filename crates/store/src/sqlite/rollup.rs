//! Roll-ups: what the spans of each hour and day add up to, so that statistics of a month do not read a month of spans.
//!
//! They are recomputed, never counted up: whoever changes a row marks its hour in the same transaction ([`Marks`]), and
//! `tend` reads a marked hour that has ended anew ([`mod@build`], on a reading connection) and puts the result in place
//! ([`store`], on the writing one) unless it was marked again meanwhile. `super::stats` reads them, and reads the spans of
//! every hour that is marked. See docs/adr/0017.

mod blob;
mod build;
mod family;
mod plan;
mod read;
mod sieve;
mod slices;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use llmtrace_model::{Finding, SpanFilter, TenantId, TenantScope, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params, params_from_iter};

use self::{
    blob::Blob,
    build::{Builder, Contents},
    family::{FAMILIES, values},
    plan::{DAY, Size, Unit, hour_of, start_of},
};
pub(super) use self::{
    read::rows,
    slices::{Slice, Slices},
};
use super::{failure::failed, query, row::Columns, search::Text};
use crate::{Backend, Error, ErrorKind, stats::TooLarge};

/// How long after its end an hour is rolled up: most spans that started in it have been written by then.
const GRACE_US: i64 = 120_000_000;
/// The hours and days of one piece of work.
const UNITS: u32 = 64;
/// A piece ends after the hour with which it has read so many spans: some 100 ms.
const SPANS: u64 = 50_000;

/// By the primary key.
const MARK: &str = "INSERT INTO rollup_marks (tenant_id, size, start, marks, rolled) VALUES (?, ?, ?, 1, 0) \
    ON CONFLICT (tenant_id, size, start) DO UPDATE SET marks = marks + 1";
/// By `rollup_marks_due`: the newest first, because they are asked for most.
const DUE_HOURS: &str = "SELECT tenant_id, start, marks FROM rollup_marks INDEXED BY rollup_marks_due \
    WHERE size = 1 AND marks <> rolled AND start < ? ORDER BY start DESC LIMIT ?";
/// By the same index; days of which an hour is marked wait for it.
const DUE_DAYS: &str = "SELECT tenant_id, start, marks FROM rollup_marks d INDEXED BY rollup_marks_due \
    WHERE size = 24 AND marks <> rolled AND start < ? AND NOT EXISTS (SELECT 1 FROM rollup_marks h \
    WHERE h.tenant_id = d.tenant_id AND h.size = 1 AND h.start >= d.start AND h.start < d.start + 24 \
    AND h.marks <> h.rolled) ORDER BY start DESC LIMIT ?";
/// By the same index: as many entries as are counted.
const LEFT: &str = "SELECT count(*) FROM rollup_marks INDEXED BY rollup_marks_due \
    WHERE size = ? AND marks <> rolled AND start < ?";
/// By the primary key; nothing where the hour was marked again, or another process was first.
const ROLLED: &str = "UPDATE rollup_marks SET rolled = marks \
    WHERE tenant_id = ? AND size = ? AND start = ? AND marks = ? AND marks <> rolled";
const PUT: &str = "INSERT INTO rollups (tenant_id, size, family, start, content) VALUES (?, ?, ?, ?, ?) \
    ON CONFLICT (tenant_id, size, family, start) DO UPDATE SET content = excluded.content";
const REMOVE: &str = "DELETE FROM rollups WHERE tenant_id = ? AND size = ? AND family = ? AND start = ?";
/// By the unique index `rollups_key`.
const GET: &str = "SELECT content FROM rollups WHERE tenant_id = ? AND size = ? AND family = ? AND start = ?";

/// Why a read of roll-ups ends early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] rusqlite::Error),
    /// It covers too much.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A stored roll-up is not what was written.
    #[error(
        "a row of rollups is damaged, expected what this program writes: delete its hour from rollup_marks and rollups"
    )]
    Damaged,
}

impl Stop {
    /// As an error of the engine, for reads that have no other.
    pub(super) fn into_engine(self) -> rusqlite::Error {
        match self {
            Self::Engine(error) => error,
            Self::TooLarge(_) | Self::Damaged => {
                rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(self))
            }
        }
    }

    /// As an error of the store.
    pub(super) fn of(op: &'static str) -> impl Fn(Self) -> Error {
        move |stop| match stop {
            Self::Engine(error) => failed(op)(error),
            Self::TooLarge(TooLarge(why)) => Error::too_large(Backend::Sqlite, op, why),
            Self::Damaged => Error::new(ErrorKind::Corrupt, Backend::Sqlite, op, stop),
        }
    }
}

/// The hours whose rows one transaction changes.
#[derive(Debug, Default)]
pub(super) struct Marks(BTreeMap<TenantId, BTreeSet<i64>>);

impl Marks {
    /// Notes a row that comes, changes or goes.
    pub(super) fn note(&mut self, tenant: &TenantId, started_at: Timestamp) {
        let hour = hour_of(started_at);
        if let Some(hours) = self.0.get_mut(tenant) {
            hours.insert(hour);
        } else {
            self.0.insert(tenant.clone(), BTreeSet::from([hour]));
        }
    }

    /// Marks the hours; belongs into the transaction that changes the rows.
    pub(super) fn write(&self, change: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut mark = change.prepare_cached(MARK)?;
        for (tenant, hours) in &self.0 {
            for hour in hours {
                mark.execute((tenant.as_str(), Size::Hour as i64, hour))?;
            }
        }
        Ok(())
    }
}

/// The columns of a family, and what else a sieve tells.
const HOUR: &str = concat!(values!(), ", s.tags, s.findings");

/// What an hour or a day adds up to, and how often it had been marked when that was read.
#[derive(Debug)]
pub(super) struct Built {
    unit: Unit,
    size: Size,
    marks: i64,
    contents: Contents,
}

/// Adds up some of what has ended by `now` and is due: hours, and where none is left, days.
pub(super) fn build(view: &Transaction<'_>, now: Timestamp) -> Result<Vec<Built>, Stop> {
    let closed = closed(now);
    let (mut built, mut read) = (Vec::new(), 0);
    for (unit, marks) in due(view, DUE_HOURS, closed)? {
        let contents = hour(view, &unit, &mut read)?;
        built.push(Built { unit, size: Size::Hour, marks, contents });
        if read >= SPANS {
            return Ok(built);
        }
    }
    if built.is_empty() {
        for (unit, marks) in due(view, DUE_DAYS, closed.saturating_sub(DAY - 1))? {
            let contents = day(view, &unit)?;
            built.push(Built { unit, size: Size::Day, marks, contents });
        }
    }
    Ok(built)
}

/// Puts what was added up in place, but for what was marked again since.
pub(super) fn store(connection: &mut Connection, built: &[Built]) -> rusqlite::Result<()> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for Built { unit: Unit { tenant, start }, size, marks, contents } in built {
        let size_hours = *size as i64;
        if change.prepare_cached(ROLLED)?.execute(params![tenant, size_hours, start, marks])? == 0 {
            continue;
        }
        for (family, content) in contents {
            match content {
                Some(content) => {
                    change.prepare_cached(PUT)?.execute(params![tenant, size_hours, family, start, content])?
                }
                None => change.prepare_cached(REMOVE)?.execute(params![tenant, size_hours, family, start])?,
            };
        }
        if *size == Size::Hour {
            let day = start.div_euclid(DAY).saturating_mul(DAY);
            change.prepare_cached(MARK)?.execute((tenant, Size::Day as i64, day))?;
        }
    }
    change.commit()
}

/// How many hours and days have ended by `now` and are due.
pub(super) fn left(view: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<u64> {
    let mut count = view.prepare_cached(LEFT)?;
    let mut left = |size, before: i64| count.query_row((size as i64, before), |row| Columns::of(row).number());
    Ok(left(Size::Hour, closed(now))? + left(Size::Day, closed(now).saturating_sub(DAY - 1))?)
}

/// The first hour that has not ended.
fn closed(now: Timestamp) -> i64 {
    hour_of(Timestamp::from_unix_us(now.unix_us().saturating_sub(GRACE_US)))
}

fn due(view: &Transaction<'_>, sql: &str, before: i64) -> rusqlite::Result<Vec<(Unit, i64)>> {
    let mut due = view.prepare_cached(sql)?;
    let due =
        due.query_map((before, UNITS), |row| Ok((Unit { tenant: row.get(0)?, start: row.get(1)? }, row.get(2)?)))?;
    due.collect()
}

/// The roll-ups of an hour, from its spans.
fn hour(view: &Transaction<'_>, unit: &Unit, read: &mut u64) -> Result<Contents, Stop> {
    let mut builder = Builder::new();
    let (from, until) = plan::ends(&(unit.start..unit.start.saturating_add(1)));
    let owner = TenantScope::One(unit.tenant.parse().map_err(|_| Stop::Damaged)?);
    let filter = SpanFilter { from, until, ..SpanFilter::default() };
    let query = query::samples(&Text::Any, &owner, &filter, [HOUR]);
    let mut statement = view.prepare_cached(&query.sql)?;
    let mut rows = statement.query(params_from_iter(&query.values))?;
    while let Some(row) = rows.next()? {
        *read += 1;
        let mut from = Columns::of(row);
        let sample = from.sample()?;
        let mut ids = [0; family::WIDTH];
        for id in &mut ids {
            *id = builder.names.number(from.text()?);
        }
        sample.add_to(builder.span(ids));
        from.json::<Vec<String>>()?.iter().for_each(|tag| builder.sieve.tag(tag));
        from.json::<Vec<Finding>>()?.iter().for_each(|finding| builder.sieve.finding(finding.kind.as_str()));
        builder.sieve.sample(&sample);
    }
    Ok(builder.finish(start_of(unit.start)))
}

/// The roll-ups of a day, from those of its hours.
fn day(view: &Transaction<'_>, unit: &Unit) -> Result<Contents, Stop> {
    let mut builder = Builder::new();
    let owner = TenantScope::One(unit.tenant.parse().map_err(|_| Stop::Damaged)?);
    for (hour, _) in plan::known(view, &owner, Size::Hour, &(unit.start..unit.start.saturating_add(DAY)))? {
        builder.sieve.add(get(view, &hour, Size::Hour, sieve::FAMILY)?.as_deref())?;
        for (place, family) in FAMILIES.iter().enumerate() {
            let content = get(view, &hour, Size::Hour, family.number)?;
            let opened = content.as_deref().map(|bytes| Blob::open(bytes, family, start_of(hour.start)));
            builder.add(place, opened.transpose()?.flatten())?;
        }
    }
    Ok(builder.finish(start_of(unit.start)))
}

/// One stored roll-up; `None` where it had too many groups.
fn get(view: &Transaction<'_>, unit: &Unit, size: Size, family: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut get = view.prepare_cached(GET)?;
    get.query_row(params![unit.tenant, size as i64, family, unit.start], |row| row.get(0)).optional()
}
