//! Roll-ups: what the spans of closed hours add up to, so that statistics of a month do not read a month of spans.
//!
//! They are recomputed, never counted up. Whoever changes rows marks their hours afterwards; `tend` reads how often an hour was
//! marked, adds its spans up, and puts the sums and that number in place. An hour is clean while both are the same. No clock
//! takes part, and of two builders the one that read later wins, whoever writes last. See docs/adr/0019.

mod build;

use std::{collections::BTreeSet, ops::Range};

use llmtrace_model::{Dimension, SpanFilter, StatsQuery, TenantScope, Timestamp};

pub(super) use self::build::{forget, tend};
use super::{
    client::Engine,
    query::{Query, escaped},
    sums,
    wire::Values,
};
use crate::Error;

const HOUR_US: i64 = 3_600_000_000;
/// With more hours that are not rolled up, all spans are read: the list of hours would be longer than what it saves.
const DIRTY_MAX: usize = 2000;
/// `rollups.buckets` from here on are of the first token, the others of the duration.
const FIRST_TOKENS: u16 = 1 << 15;
/// Ranges of time in one statement.
const RANGES_MAX: usize = 50;

/// The columns that roll-ups tell apart, as they are called in `spans` and in `rollups`.
const DIMENSIONS: [&str; 13] = [
    "provider",
    "dialect",
    "operation",
    "request_model",
    "response_model",
    "source",
    "status",
    "http_status",
    "end_reason",
    "agent_id",
    "environment",
    "release",
    "user_id",
];

/// `rollups.family`, fixed for ever, with its columns as bits of their place; the one with the fewest groups first.
const FAMILIES: [(u8, u16); 4] = [(1, 0), (2, 0b1_1111_1111), (3, 0b1110_0110_0000), (4, 0b1_0000_0100_0000)];

fn bits(columns: &[&str]) -> u16 {
    let places = DIMENSIONS.iter().enumerate().filter(|(_, name)| columns.contains(name));
    places.fold(0, |bits, (place, _)| bits | 1 << place)
}

/// The columns of a family.
fn columns(family: u16) -> impl Iterator<Item = (&'static str, bool)> {
    DIMENSIONS.into_iter().enumerate().map(move |(place, name)| (name, family & 1 << place != 0))
}

/// The columns a dimension is told from; `None` where roll-ups do not tell it.
fn columns_of(dimension: Dimension) -> Option<&'static [&'static str]> {
    Some(match dimension {
        Dimension::Tenant => &[],
        Dimension::Provider => &["provider"],
        Dimension::Dialect => &["dialect"],
        Dimension::Operation => &["operation"],
        Dimension::Model => &["request_model", "response_model"],
        Dimension::Agent => &["agent_id"],
        Dimension::User => &["user_id"],
        Dimension::Session => return None,
        Dimension::Environment => &["environment"],
        Dimension::Release => &["release"],
        Dimension::Source => &["source"],
        Dimension::Status => &["status"],
        Dimension::HttpStatus => &["http_status"],
        Dimension::EndReason => &["end_reason"],
    })
}

/// What a filter wants of single columns, without the model, which may stand in two; `None` where it asks for more than
/// roll-ups tell.
fn wanted(filter: &SpanFilter) -> Option<Vec<(&'static str, String)>> {
    let SpanFilter {
        from: _,
        until: _,
        model: _,
        trace_id,
        session_id,
        tags,
        finding,
        cost,
        duration_us,
        first_token_us,
        tokens,
        text,
        agent_id,
        user_id,
        environment,
        release,
        source,
        provider,
        dialect,
        operation,
        status,
        http_status,
        end_reason,
    } = filter;
    let ranges = cost.is_open() && duration_us.is_open() && first_token_us.is_open() && tokens.is_open();
    let plain = trace_id.is_none() && session_id.is_none() && tags.is_empty() && finding.is_none() && text.is_none();
    if !ranges || !plain {
        return None;
    }
    let values = [
        ("agent_id", agent_id.clone()),
        ("user_id", user_id.clone()),
        ("environment", environment.clone()),
        ("release", release.clone()),
        ("source", source.map(|word| word.as_str().to_owned())),
        ("provider", provider.clone()),
        ("dialect", dialect.clone()),
        ("operation", operation.clone()),
        ("status", status.map(|word| word.as_str().to_owned())),
        ("http_status", http_status.map(|status| status.to_string())),
        ("end_reason", end_reason.map(|word| word.as_str().to_owned())),
    ];
    Some(values.into_iter().filter_map(|(column, value)| Some((column, value?))).collect())
}

/// What of a query roll-ups answer.
pub(super) struct Plan {
    family: u8,
    columns: u16,
    /// The hours that are inside its time from end to end.
    hours: Range<i64>,
    /// Those of them that are to be read from spans.
    dirty: BTreeSet<(String, i64)>,
    filter: SpanFilter,
}

/// `None` where all of it is read from spans.
pub(super) async fn plan(engine: &Engine, scope: &TenantScope, query: &StatsQuery) -> Result<Option<Plan>, Error> {
    if query.interval_us.is_some_and(|us| us % HOUR_US != 0) {
        return Ok(None);
    }
    let filter = &query.filter;
    let Some(wanted) = wanted(filter) else { return Ok(None) };
    let mut needed = wanted.iter().fold(0, |needed, (column, _)| needed | bits(&[column]));
    if filter.model.is_some() {
        needed |= bits(&["request_model", "response_model"]);
    }
    for dimension in &query.group_by {
        let Some(columns) = columns_of(*dimension) else { return Ok(None) };
        needed |= bits(columns);
    }
    let Some((family, columns)) = FAMILIES.into_iter().find(|(_, columns)| columns & needed == needed) else {
        return Ok(None);
    };
    let hour = |at: Timestamp| at.unix_us().div_euclid(HOUR_US);
    let up = |at: Timestamp| hour(at) + i64::from(at.unix_us().rem_euclid(HOUR_US) != 0);
    let hours = filter.from.map_or(i64::MIN, up)..filter.until.map_or(i64::MAX, hour);
    if hours.start >= hours.end {
        return Ok(None);
    }
    let mut sql = Query::of("SELECT tenant_id, hour, toUInt64(1) FROM rollups WHERE is_whole = 0 AND family = ");
    sql.bind("UInt8", family.to_string());
    within(&mut sql, scope, &hours);
    sql.push(" UNION ALL ");
    dirty(&mut sql, scope, &hours);
    sql.push(&format!(" LIMIT {}", 2 * DIRTY_MAX));
    let dirty: BTreeSet<_> =
        units("stats", &engine.rows("stats", sql).await?)?.into_iter().map(|unit| (unit.tenant, unit.hour)).collect();
    let plan = Plan { family, columns, hours, dirty, filter: filter.clone() };
    Ok((plan.dirty.len() < DIRTY_MAX).then_some(plan))
}

fn within(query: &mut Query, scope: &TenantScope, hours: &Range<i64>) {
    query.scope(scope);
    query.and("hour >=", "Int64", hours.start.to_string());
    query.and("hour <", "Int64", hours.end.to_string());
}

/// The hours whose sums are not of all their spans, and how often they are marked; by the primary keys of both tables.
fn dirty(query: &mut Query, scope: &TenantScope, hours: &Range<i64>) {
    query.push(
        "SELECT tenant_id, hour, toUInt64(sum(a_marks)) AS b_marks FROM (\
         SELECT tenant_id, hour, marks AS a_marks, toUInt64(0) AS a_rolled FROM rollup_marks WHERE TRUE",
    );
    within(query, scope, hours);
    query.push(" UNION ALL SELECT tenant_id, hour, toUInt64(0), marks FROM rolled WHERE TRUE");
    within(query, scope, hours);
    query.push(") GROUP BY tenant_id, hour HAVING sum(a_marks) != max(a_rolled)");
}

/// An hour of a tenant, and how often it was marked.
#[derive(Debug)]
struct Unit {
    tenant: String,
    hour: i64,
    marks: u64,
}

fn units(op: &'static str, answer: &[u8]) -> Result<Vec<Unit>, Error> {
    let mut from = Values::of(answer, op);
    let mut units = Vec::new();
    while from.more() {
        units.push(Unit { tenant: from.text()?, hour: from.i64()?, marks: from.u64()? });
    }
    Ok(units)
}

fn bind_hours<'a>(query: &mut Query, hours: impl Iterator<Item = (&'a str, i64)>) {
    query.bind_all("Tuple(String, Int64)", hours.map(|(tenant, hour)| format!("('{}',{hour})", escaped(tenant))));
}

/// When an hour begins, where a time is that low or high.
fn start(hour: i64) -> i64 {
    hour.saturating_mul(HOUR_US)
}

impl Plan {
    /// That a span is not in a roll-up that is read: before or after the whole hours, or in one that is not clean.
    pub(super) fn not_rolled(&self, query: &mut Query) {
        query.push(" AND (FALSE");
        // An open end has no span beyond it.
        if self.filter.from.is_some() {
            query.push(" OR started_at < ");
            query.bind("Int64", start(self.hours.start).to_string());
        }
        if self.filter.until.is_some() {
            query.push(" OR started_at >= ");
            query.bind("Int64", start(self.hours.end).to_string());
        }
        if !self.dirty.is_empty() {
            query.push(" OR ((FALSE");
            for Range { start: from, end } in self.times() {
                query.push(" OR (started_at >= ");
                query.bind("Int64", start(from).to_string());
                match end.checked_mul(HOUR_US) {
                    Some(until) => {
                        query.push(" AND started_at < ");
                        query.bind("Int64", until.to_string());
                        query.push(")");
                    }
                    None => query.push(")"),
                }
            }
            query.push(&format!(") AND (tenant_id, {}) IN ", sums::HOUR));
            bind_hours(query, self.dirty.iter().map(|(tenant, hour)| (tenant.as_str(), *hour)));
            query.push(")");
        }
        query.push(")");
    }

    /// The hours that are not clean of any tenant, neighbours joined.
    fn times(&self) -> Vec<Range<i64>> {
        let mut times: Vec<Range<i64>> = Vec::new();
        for hour in self.dirty.iter().map(|(_, hour)| *hour).collect::<BTreeSet<_>>() {
            match times.last_mut() {
                Some(last) if last.end == hour => last.end += 1,
                _ => times.push(hour..hour + 1),
            }
        }
        if let (Some(first), Some(last)) = (times.first(), times.last())
            && times.len() > RANGES_MAX
        {
            let all = first.start..last.end;
            times.clear();
            times.push(all);
        }
        times
    }
}

/// The groups of a query as far as roll-ups tell them; by the primary key of `rollups`.
///
/// Sums and buckets are read apart: there are a hundred buckets to a group, and they are nothing but numbers.
pub(super) fn rolled(plan: &Plan, scope: &TenantScope, query: &StatsQuery) -> Query {
    // Any time of an hour names its step; that of the lowest hour would begin before the lowest time.
    let keys =
        sums::keys(query, "greatest(toInt128(hour) * 3600000000, toInt128('-9223372036854775808'))", sums::value_of);
    let names: Vec<&str> = keys.iter().map(|(_, name)| name.as_str()).collect();
    let listed: String = names.iter().map(|name| format!("{name}, ")).collect();
    let usage = |value: &dyn Fn(usize) -> String| -> String {
        (1..=sums::BUCKETS).map(|n| format!("{} AS b_u{n}, ", value(n))).collect()
    };
    sums::groups(&keys, |sql| {
        sql.push(&format!(
            "SELECT {listed}toUInt8(0) AS b_kind, toUInt16(0) AS b_bucket, toUInt64(0) AS b_requests, sum(errors) AS b_errors, \
             sum(unpriced) AS b_unpriced, {}sum(nanos) AS b_nanos, min(first) AS b_first, max(last) AS b_last FROM (",
            usage(&|n| format!("sum(toUInt128(u{n}))"))
        ));
        entries(sql, plan, scope, &keys, &sums::columns(""));
        sql.push(")");
        if names.is_empty() {
            sql.push(" HAVING count() > 0");
        } else {
            sql.push(&format!(" GROUP BY {}", names.join(", ")));
        }
        // A bucket takes no part in what is not counted in it.
        sql.push(&format!(
            " UNION ALL SELECT {listed}toUInt8(if(bucket < {FIRST_TOKENS}, 1, 2)) AS b_kind, toUInt16(bucket % {FIRST_TOKENS}) AS b_bucket, \
             sum(spans) AS b_requests, toUInt64(0) AS b_errors, toUInt64(0) AS b_unpriced, {}toInt128(0) AS b_nanos, \
             toInt64(9223372036854775807) AS b_first, toInt64('-9223372036854775808') AS b_last FROM (",
            usage(&|_| "toUInt128(0)".to_owned())
        ));
        entries(sql, plan, scope, &keys, &["buckets".to_owned(), "counts".to_owned()]);
        sql.push(&format!(") ARRAY JOIN buckets AS bucket, counts AS spans GROUP BY {listed}bucket"));
    })
}

/// The entries of the roll-ups a plan reads: the keys, by their names, and some columns.
fn entries(sql: &mut Query, plan: &Plan, scope: &TenantScope, keys: &[(String, String)], read: &[String]) {
    sql.push("SELECT ");
    for (expression, name) in keys {
        sql.push(&format!("{expression} AS {name}, "));
    }
    let dimensions = columns(plan.columns).filter(|(_, is_told)| *is_told).map(|(name, _)| name);
    let arrays: Vec<&str> = dimensions.chain(read.iter().map(String::as_str)).collect();
    let (read, arrays) = (read.join(", "), arrays.join(", "));
    sql.push(&format!("{read} FROM (SELECT tenant_id, hour, {arrays} FROM rollups FINAL WHERE family = "));
    sql.bind("UInt8", plan.family.to_string());
    within(sql, scope, &plan.hours);
    if !plan.dirty.is_empty() {
        sql.push(" AND (toString(tenant_id), hour) NOT IN ");
        bind_hours(sql, plan.dirty.iter().map(|(tenant, hour)| (tenant.as_str(), *hour)));
    }
    // Behind what chooses rows: of an hour that is read from spans, or of another family, it is no fault. Before the arrays are
    // joined: those of such an hour are empty.
    sql.push(" AND throwIf(is_whole = 0, 'an hour was rolled up meanwhile, ask again') = 0) ARRAY JOIN ");
    sql.push(&arrays);
    sql.push(" WHERE TRUE");
    for (column, value) in wanted(&plan.filter).unwrap_or_default() {
        let kind = if column == "http_status" { "UInt16" } else { "String" };
        sql.and(&format!("{column} ="), kind, escaped(&value));
    }
    if let Some(model) = &plan.filter.model {
        sql.push(" AND (ifNull(request_model = ");
        sql.bind("String", escaped(model));
        sql.push(", 0) OR ifNull(response_model = ");
        sql.bind("String", escaped(model));
        sql.push(", 0))");
    }
}
