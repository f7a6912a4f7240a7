//! The parts of a list in which something may match, newest first: what sieves do not rule out.

use std::collections::{BTreeMap, BTreeSet};

use llmtrace_model::{Cursor, SpanFilter, Status, TenantScope, Timestamp};
use rusqlite::{OptionalExtension, Transaction};

use super::{
    Stop,
    family::Column,
    get,
    plan::{self, DAY, Size, Unit, Units, hour_of},
    sieve::{self, Asked},
};

/// The most tenants whose rows are walked one after the other; of more, the rows of all tenants are walked at once.
const TENANTS_MAX: usize = 16;

/// By the primary key.
const NEWEST_OF_ONE: &str = "SELECT start FROM rollup_marks \
    WHERE size = 1 AND start >= ? AND start < ? AND tenant_id = ? ORDER BY start DESC LIMIT 1";
/// By the index of time.
const NEWEST: &str = "SELECT start FROM rollup_marks INDEXED BY rollup_marks_time \
    WHERE size = 1 AND start >= ? AND start < ? ORDER BY start DESC LIMIT 1";

/// A part of a list.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sqlite) struct Slice {
    /// Whose spans are to be walked.
    pub(in crate::sqlite) scopes: Vec<TenantScope>,
    /// Those that started at or after.
    pub(in crate::sqlite) from: Option<Timestamp>,
    /// Those that started before.
    pub(in crate::sqlite) until: Option<Timestamp>,
}

/// The parts that are left, newest first.
pub(in crate::sqlite) struct Slices<'a> {
    view: &'a Transaction<'a>,
    scope: &'a TenantScope,
    filter: &'a SpanFilter,
    asked: Asked,
    /// The hours that are to be looked at.
    lowest: i64,
    next: i64,
    /// Those of the last day that was looked at, the newest last.
    found: Vec<Slice>,
}

impl<'a> Slices<'a> {
    /// `None` where sieves cannot help: an index leads to the rows, or nothing is asked that they tell.
    pub(in crate::sqlite) fn of(
        view: &'a Transaction<'a>,
        scope: &'a TenantScope,
        filter: &'a SpanFilter,
        after: Option<Cursor>,
    ) -> Option<Self> {
        if filter.trace_id.is_some() || filter.session_id.is_some() {
            return None;
        }
        let asked = Asked::of(filter)?;
        // Those that failed have an index of their own.
        if asked.is_only(Column::Status) && filter.status == Some(Status::Error) && *scope != TenantScope::All {
            return None;
        }
        let lowest = filter.from.map_or(i64::MIN, hour_of);
        let ends = [filter.until, after.map(|cursor| cursor.started_at)];
        let next = ends.into_iter().flatten().map(|end| hour_of(end) + 1).min().unwrap_or(i64::MAX);
        Some(Self { view, scope, filter, asked, lowest, next, found: Vec::new() })
    }

    /// The next part.
    pub(in crate::sqlite) fn next(&mut self) -> Result<Option<Slice>, Stop> {
        loop {
            if let Some(slice) = self.found.pop() {
                return Ok(Some(slice));
            }
            let Some(newest) = self.newest()? else { return Ok(None) };
            let day = newest.div_euclid(DAY).saturating_mul(DAY);
            self.day(day)?;
            self.next = day;
        }
    }

    /// The newest hour that is left and has spans.
    fn newest(&self) -> rusqlite::Result<Option<i64>> {
        let (low, high) = (self.lowest, self.next);
        match self.scope {
            TenantScope::One(tenant) => self
                .view
                .prepare_cached(NEWEST_OF_ONE)?
                .query_row((low, high, tenant.as_str()), |row| row.get(0))
                .optional(),
            TenantScope::All => self.view.prepare_cached(NEWEST)?.query_row((low, high), |row| row.get(0)).optional(),
        }
    }

    /// Finds the parts of one day.
    fn day(&mut self, day: i64) -> Result<(), Stop> {
        let whole = day..day.saturating_add(DAY);
        let hours = whole.start.max(self.lowest)..whole.end.min(self.next);
        let dirty = plan::dirty(self.view, self.scope, &whole)?;
        let mut units: Units = dirty.iter().filter(|unit| hours.contains(&unit.start)).cloned().collect();
        for (unit, is_current) in plan::known(self.view, self.scope, Size::Day, &(day..day.saturating_add(1)))? {
            let is_dirty = dirty.iter().any(|hour| hour.tenant == unit.tenant);
            if is_current && !is_dirty && !self.may_be_in(&unit, Size::Day)? {
                continue;
            }
            let owner = TenantScope::One(unit.tenant.parse().map_err(|_| Stop::Damaged)?);
            for (hour, is_current) in plan::known(self.view, &owner, Size::Hour, &hours)? {
                if !is_current || self.may_be_in(&hour, Size::Hour)? {
                    units.insert(hour);
                }
            }
        }
        let mut tenants: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
        for Unit { tenant, start } in units {
            tenants.entry(start).or_default().insert(tenant);
        }
        for (hour, tenants) in tenants {
            self.push(hour, tenants)?;
        }
        Ok(())
    }

    /// Adds an hour, to the one before it where both are to be walked alike.
    fn push(&mut self, hour: i64, tenants: BTreeSet<String>) -> Result<(), Stop> {
        let scopes = if tenants.len() > TENANTS_MAX {
            vec![TenantScope::All]
        } else {
            let parse = |tenant: String| tenant.parse().map(TenantScope::One).map_err(|_| Stop::Damaged);
            tenants.into_iter().map(parse).collect::<Result<_, _>>()?
        };
        let (from, until) = plan::ends(&(hour..hour.saturating_add(1)));
        let until = match (until, self.filter.until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        match self.found.last_mut() {
            Some(last) if last.scopes == scopes && last.until.is_some() && last.until == from => last.until = until,
            _ => self.found.push(Slice { scopes, from: from.max(self.filter.from), until }),
        }
        Ok(())
    }

    fn may_be_in(&self, unit: &Unit, size: Size) -> Result<bool, Stop> {
        let content = get(self.view, unit, size, sieve::FAMILY)?;
        content.map_or(Ok(true), |content| self.asked.may_be_in(&content))
    }
}
