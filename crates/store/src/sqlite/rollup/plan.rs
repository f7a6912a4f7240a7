//! Which hours and days of whom are rolled up: the reads of `rollup_marks`.

use std::collections::BTreeSet;
use std::ops::Range;

use llmtrace_model::{TenantScope, Timestamp};
use rusqlite::{Row, Transaction};

/// An hour in microseconds.
pub(in crate::sqlite) const HOUR_US: i64 = 3_600_000_000;
/// The hours of a day.
pub(super) const DAY: i64 = 24;

/// How much time one roll-up covers, in hours: `rollup_marks.size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Hour = 1,
    Day = 24,
}

/// An hour or a day of one tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unit {
    pub(super) tenant: String,
    /// In hours since the Unix epoch.
    pub(super) start: i64,
}

/// Hours of tenants.
pub(super) type Units = BTreeSet<Unit>;

/// The hour of a time.
pub(in crate::sqlite) const fn hour_of(at: Timestamp) -> i64 {
    at.unix_us().div_euclid(HOUR_US)
}

/// When an hour begins. The hour in which the lowest time lies begins before it: there it wraps, as differences to it do.
pub(super) const fn start_of(hour: i64) -> Timestamp {
    Timestamp::from_unix_us(hour.wrapping_mul(HOUR_US))
}

/// From when until when hours are, open where no time is that low or high.
pub(super) fn ends(hours: &Range<i64>) -> (Option<Timestamp>, Option<Timestamp>) {
    let at = |hour: i64| hour.checked_mul(HOUR_US).map(Timestamp::from_unix_us);
    (at(hours.start), at(hours.end))
}

/// By `rollup_marks_due`: what is marked and not rolled up is little in the long run.
const DIRTY: &str = "SELECT tenant_id, start FROM rollup_marks INDEXED BY rollup_marks_due \
    WHERE size = 1 AND marks <> rolled AND start >= ? AND start < ?";
/// By the index of time; a row for each hour or day of a tenant.
const ALL: &str = "SELECT tenant_id, start, marks = rolled FROM rollup_marks INDEXED BY rollup_marks_time \
    WHERE size = ? AND start >= ? AND start < ?";
/// By the primary key.
const ONE: &str = "SELECT tenant_id, start, marks = rolled FROM rollup_marks \
    WHERE size = ? AND start >= ? AND start < ? AND tenant_id = ?";

/// The hours that are not rolled up.
pub(super) fn dirty(view: &Transaction<'_>, scope: &TenantScope, hours: &Range<i64>) -> rusqlite::Result<Units> {
    let mut found = view.prepare_cached(DIRTY)?;
    let found = found.query_map((hours.start, hours.end), unit)?;
    let visible = |unit: &Unit| match scope {
        TenantScope::One(tenant) => unit.tenant == tenant.as_str(),
        TenantScope::All => true,
    };
    found.filter(|unit| unit.as_ref().map_or(true, visible)).collect()
}

/// The hours that spans were ever written to, or the days of which any hour was ever rolled up; and whether all of it is in
/// its roll-up.
pub(super) fn known(
    view: &Transaction<'_>,
    scope: &TenantScope,
    size: Size,
    hours: &Range<i64>,
) -> rusqlite::Result<Vec<(Unit, bool)>> {
    let state = |row: &Row<'_>| Ok((unit(row)?, row.get(2)?));
    match scope {
        TenantScope::One(tenant) => view
            .prepare_cached(ONE)?
            .query_map((size as i64, hours.start, hours.end, tenant.as_str()), state)?
            .collect(),
        TenantScope::All => {
            view.prepare_cached(ALL)?.query_map((size as i64, hours.start, hours.end), state)?.collect()
        }
    }
}

fn unit(row: &Row<'_>) -> rusqlite::Result<Unit> {
    Ok(Unit { tenant: row.get(0)?, start: row.get(1)? })
}

/// Neighbours joined: the ranges of hours of each tenant.
pub(super) fn ranges(units: Units) -> Vec<(String, Range<i64>)> {
    let mut ranges: Vec<(String, Range<i64>)> = Vec::new();
    for Unit { tenant, start } in units {
        match ranges.last_mut() {
            Some((owner, range)) if *owner == tenant && range.end == start => range.end = start.saturating_add(1),
            _ => ranges.push((tenant, start..start.saturating_add(1))),
        }
    }
    ranges
}
