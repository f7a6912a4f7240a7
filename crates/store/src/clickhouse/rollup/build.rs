//! Building roll-ups: hours that have ended and are due are added up inside the engine, and forgotten with their spans.

use std::collections::{BTreeSet, HashMap};

use llmtrace_model::{TenantId, TenantScope, Timestamp};

use super::{DIRTY_MAX, FAMILIES, FIRST_TOKENS, HOUR_US, Unit, bind_hours, columns, dirty, start, units};
use crate::{
    Backlog, Error,
    clickhouse::{
        client::{Engine, Removal},
        query::{Query, escaped},
        sums,
        wire::Values,
    },
};

/// How long after its end an hour is rolled up: most spans that started in it have been written by then.
const GRACE_US: i64 = 120_000_000;
/// The most hours of one piece of work, and the most spans in them, unless one hour has more.
const UNITS: usize = 512;
const SPANS: u64 = 200_000;
/// The most buckets of one family in one hour. A family with more is not kept: its spans are read instead.
const BUCKETS_MAX: usize = 500_000;

/// The first hour that has not ended.
fn closed(now: Timestamp) -> i64 {
    now.unix_us().saturating_sub(GRACE_US).div_euclid(HOUR_US)
}

/// How many hours are due.
async fn due(engine: &Engine, now: Timestamp) -> Result<u64, Error> {
    let mut query = Query::of("SELECT count() FROM (");
    dirty(&mut query, &TenantScope::All, &(i64::MIN..closed(now)));
    query.push(")");
    engine.number("tend", query).await
}

/// Adds some of the hours up that have ended by `now` and are due, the newest first, and says how many are left.
pub(in crate::clickhouse) async fn tend(engine: &Engine, now: Timestamp) -> Result<Backlog, Error> {
    let mut query = Query::default();
    dirty(&mut query, &TenantScope::All, &(i64::MIN..closed(now)));
    query.push(&format!(" ORDER BY hour DESC, tenant_id LIMIT {UNITS}"));
    // The marks are read before the spans: what comes in between is marked once more.
    let mut units = units("tend", &engine.rows("tend", query).await?)?;
    if units.is_empty() {
        return Ok(Backlog::default());
    }
    let found = units.len();
    let taken = few(engine, &units).await?;
    units.truncate(taken);
    for (family, columns) in FAMILIES {
        engine.change("tend", built(family, columns, &units)).await?;
    }
    let mut query = Query::of(
        "INSERT INTO rolled (tenant_id, hour, generation, marks) SELECT u.1, u.2, u.3, u.3 FROM (SELECT arrayJoin(",
    );
    bind_units(&mut query, &units);
    query.push(") AS u)");
    engine.change("tend", query).await?;
    let rollup_hours = if found < UNITS { (found - taken) as u64 } else { due(engine, now).await? };
    Ok(Backlog { rollup_hours, text_spans: 0 })
}

/// How many of these hours, from the first, have few enough spans for one piece of work; one at least.
async fn few(engine: &Engine, units: &[Unit]) -> Result<usize, Error> {
    let mut query = Query::of(&format!("SELECT tenant_id, {} AS a_hour, count() FROM spans WHERE TRUE", sums::HOUR));
    of_hours(&mut query, units);
    query.push(" GROUP BY tenant_id, a_hour");
    let answer = engine.rows("tend", query).await?;
    let mut from = Values::of(&answer, "tend");
    let mut counts = HashMap::new();
    while from.more() {
        counts.insert((from.text()?, from.i64()?), from.u64()?);
    }
    let mut spans = 0;
    let is_within = |unit: &&Unit| {
        spans += counts.get(&(unit.tenant.clone(), unit.hour)).copied().unwrap_or_default();
        spans <= SPANS
    };
    Ok(units.iter().take_while(is_within).count().max(1))
}

/// Spans of some hours, by the primary key of `spans`.
fn of_hours(query: &mut Query, units: &[Unit]) {
    let hours = || units.iter().map(|unit| unit.hour);
    query.push(" AND (tenant_id, ");
    query.push(sums::HOUR);
    query.push(") IN ");
    bind_hours(query, units.iter().map(|unit| (unit.tenant.as_str(), unit.hour)));
    query.and("started_at >=", "Int64", start(hours().min().unwrap_or_default()).to_string());
    if let Some(until) = hours().max().and_then(|hour| (hour + 1).checked_mul(HOUR_US)) {
        query.and("started_at <", "Int64", until.to_string());
    }
}

fn bind_units(query: &mut Query, units: &[Unit]) {
    query.bind_all(
        "Tuple(String, Int64, UInt64)",
        units.iter().map(|unit| format!("('{}',{},{})", escaped(&unit.tenant), unit.hour, unit.marks)),
    );
}

/// Adds one family of some hours up inside the engine, by the primary key of `spans`: buckets, then groups, then hours.
fn built(family: u8, told: u16, units: &[Unit]) -> Query {
    let dimensions: Vec<&str> = columns(told).filter(|(_, is_told)| *is_told).map(|(name, _)| name).collect();
    let mut keys = vec![("tenant_id".to_owned(), "a_tenant".to_owned()), (sums::HOUR.to_owned(), "a_hour".to_owned())];
    keys.extend(dimensions.iter().map(|name| ((*name).to_owned(), format!("a_{name}"))));
    let names: Vec<&str> = keys.iter().map(|(_, name)| name.as_str()).collect();
    let totals = sums::columns("b_").into_iter().map(|name| match name.as_str() {
        "b_first" => format!("min({name})"),
        "b_last" => format!("max({name})"),
        "b_errors" | "b_unpriced" | "b_nanos" => format!("sum({name})"),
        _ => format!("toUInt64(least(sum({name}), toUInt128(18446744073709551615)))"),
    });
    let values: Vec<String> = names[2..].iter().map(ToString::to_string).chain(totals).collect();
    let into: Vec<String> = dimensions.iter().map(ToString::to_string).chain(sums::columns("")).collect();
    let last = into.len() + 1;

    let mut query = Query::of(&format!(
        "INSERT INTO rollups (family, tenant_id, hour, marks, is_whole, {}, buckets, counts) SELECT ",
        into.join(", ")
    ));
    query.bind("UInt8", family.to_string());
    // An hour without spans has sums, too: none.
    query.push(&format!(
        ", c_tenant, c_hour, c_marks, arraySum(c_group -> length(c_group.{last}), c_all) <= {BUCKETS_MAX} AS c_whole"
    ));
    for place in 1..last {
        query.push(&format!(", arrayMap(c_group -> c_group.{place}, if(c_whole, c_all, []))"));
    }
    for of in 1..=2 {
        query.push(&format!(
            ", arrayMap(c_group -> arrayMap(c_bucket -> c_bucket.{of}, c_group.{last}), if(c_whole, c_all, []))"
        ));
    }
    query.push(" FROM (SELECT u.1 AS c_tenant, u.2 AS c_hour, u.3 AS c_marks FROM (SELECT arrayJoin(");
    bind_units(&mut query, units);
    query.push(&format!(
        ") AS u)) AS c_units LEFT JOIN (SELECT toString(a_tenant) AS d_tenant, a_hour AS d_hour, groupArray(d_group) AS c_all FROM (\
         SELECT a_tenant, a_hour, tuple({}, \
         groupArray((toUInt16(b_bucket + if(b_kind = 2, {FIRST_TOKENS}, 0)), toUInt64(b_requests)))) AS d_group FROM (",
        values.join(", ")
    ));
    sums::spans(&mut query, &keys, |query| of_hours(query, units));
    query.push(&format!(
        ") GROUP BY {}) GROUP BY a_tenant, a_hour) AS c_sums ON c_tenant = d_tenant AND c_hour = d_hour",
        names.join(", ")
    ));
    query
}

/// Removes the roll-ups of hours from the disk, after spans of them were removed and the hours marked.
pub(in crate::clickhouse) async fn forget(
    engine: &Engine,
    op: &'static str,
    hours: &BTreeSet<(TenantId, i64)>,
) -> Result<(), Error> {
    let hours: Vec<_> = hours.iter().collect();
    for some in hours.chunks(DIRTY_MAX) {
        let mut query = Query::of("(toString(tenant_id), hour) IN ");
        bind_hours(&mut query, some.iter().map(|(tenant, hour)| (tenant.as_str(), *hour)));
        engine.remove(op, Removal::Rewritten, "rollups", query).await?;
    }
    Ok(())
}
