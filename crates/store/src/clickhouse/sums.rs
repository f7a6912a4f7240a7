//! The statements that add spans up inside the engine, and the reading of their answers.
//!
//! Two steps. Entries: a group and a bucket of one of its histograms, with what the spans of both add up to. Every span has
//! a duration, so the entries of durations (kind 1) carry the sums, and those of first tokens (kind 2) only a count. Then
//! groups, each with its entries as two arrays. Sums are wide until the end, so that no order of adding matters.

use llmtrace_model::{Dimension, StatsQuery, Timestamp, Usage};

use super::{query::Query, wire::Values};
use crate::{
    Backend, Error, MAX_GROUPS,
    stats::{Groups, Key},
};

/// Usage buckets as columns of `spans`, in the order of [`Usage::BUCKETS`].
pub(super) const BUCKETS: usize = Usage::BUCKETS.len();

/// The number of a bucket of `model::Histogram`, in integers alone; `e` is the place of the highest bit.
fn bucket(us: &str) -> String {
    let e = format!("(bitCount(roundToExp2({us}) - 1))");
    // An unsigned number of places to shift by: a signed one makes the number signed.
    format!(
        "toUInt16(if({us} < 16, {us}, toUInt64(16 * ({e} - 4)) + bitShiftRight({us}, toUInt8(greatest({e}, 4) - 4))))"
    )
}

/// An hour as a number, rounded down, without leaving 64 bits.
pub(super) const HOUR: &str = "(intDiv(started_at, 3600000000) - (started_at < 0 AND started_at % 3600000000 != 0))";

/// Adds the entries of spans: `keys` are expressions over `spans` with their names, `conditions` come after a `WHERE TRUE`.
pub(super) fn spans(query: &mut Query, keys: &[(String, String)], conditions: impl FnOnce(&mut Query)) {
    let names: String = keys.iter().map(|(_, name)| format!("{name}, ")).collect();
    query.push(&format!("SELECT {names}tupleElement(a_entry, 1) AS b_kind, tupleElement(a_entry, 2) AS b_bucket"));
    query.push(
        ", count() AS b_requests, countIf(b_kind = 1 AND a_failed) AS b_errors, countIf(b_kind = 1 AND a_unpriced) AS b_unpriced",
    );
    for n in 1..=BUCKETS {
        query.push(&format!(", sumIf(toUInt128(a_u{n}), b_kind = 1) AS b_u{n}"));
    }
    query.push(
        ", sumIf(toInt128(a_cost), b_kind = 1) AS b_nanos, min(a_started_at) AS b_first, max(a_started_at) AS b_last FROM (SELECT ",
    );
    for (expression, name) in keys {
        query.push(&format!("{expression} AS {name}, "));
    }
    let used = Usage::BUCKETS.map(|name| format!("ifNull({name}, 0) > 0")).join(" OR ");
    query.push(&format!(
        "started_at AS a_started_at, status = 'error' AS a_failed, cost IS NULL AND (notEmpty(units) OR {used}) AS a_unpriced, \
         ifNull(cost, 0) AS a_cost"
    ));
    for (n, name) in (1..).zip(Usage::BUCKETS) {
        query.push(&format!(", ifNull({name}, 0) AS a_u{n}"));
    }
    let (duration, token) = (bucket("duration_us"), bucket("assumeNotNull(first_token_us)"));
    query.push(&format!(
        ", arrayJoin(if(first_token_us IS NULL, [(toUInt8(1), {duration})], \
         [(toUInt8(1), {duration}), (toUInt8(2), {token})])) AS a_entry FROM spans FINAL WHERE TRUE"
    ));
    conditions(query);
    query.push(&format!(") GROUP BY {names}b_kind, b_bucket"));
}

/// What an entry adds up to, as columns.
pub(super) fn columns(prefix: &str) -> Vec<String> {
    let plain = ["errors", "unpriced"].map(|name| format!("{prefix}{name}"));
    let usage = (1..=BUCKETS).map(|n| format!("{prefix}u{n}"));
    let rest = ["nanos", "first", "last"].map(|name| format!("{prefix}{name}"));
    plain.into_iter().chain(usage).chain(rest).collect()
}

/// The groups of entries, whose keys have these names; `entries` writes a statement that gives them.
pub(super) fn groups(keys: &[(String, String)], entries: impl FnOnce(&mut Query)) -> Query {
    let mut query = Query::default();
    query.push("SELECT ");
    for (_, name) in keys.iter().filter(|(_, name)| name != STEP) {
        query.push(&format!("CAST({name} AS Nullable(String)), "));
    }
    query.push("toUInt64(sumIf(b_requests, b_kind = 1)), toUInt64(sum(b_errors)), toUInt64(sum(b_unpriced))");
    for n in 1..=BUCKETS {
        query.push(&format!(", toUInt64(least(sum(toUInt128(b_u{n})), toUInt128(18446744073709551615)))"));
    }
    query.push(
        ", toInt128(sum(b_nanos)), toInt64(min(b_first)), toInt64(max(b_last)), \
         groupArrayIf((b_bucket, toUInt64(b_requests)), b_kind = 1), groupArrayIf((b_bucket, toUInt64(b_requests)), b_kind = 2) FROM (",
    );
    entries(&mut query);
    query.push(")");
    let names: Vec<&str> = keys.iter().map(|(_, name)| name.as_str()).collect();
    if !names.is_empty() {
        query.push(&format!(" GROUP BY {}", names.join(", ")));
    }
    // Without keys there is no row where there is no span. Nor is there one of a group of which only the sums or only the buckets
    // were seen, because its hour was rolled up anew between the two: it has no time.
    query.push(" HAVING sumIf(b_requests, b_kind = 1) > 0 AND min(b_first) <= max(b_last)");
    query.push(&format!(" LIMIT {}", MAX_GROUPS + 1));
    query
}

/// The name of the key that tells steps of time apart.
const STEP: &str = "a_step";

/// The keys of a query: its dimensions, each as `value` says it, and its step of time.
pub(super) fn keys(query: &StatsQuery, time: &str, value: impl Fn(Dimension) -> &'static str) -> Vec<(String, String)> {
    let dimensions = query.group_by.iter().enumerate();
    let mut keys: Vec<_> = dimensions.map(|(n, dimension)| (value(*dimension).to_owned(), format!("a_k{n}"))).collect();
    if let Some(us) = query.interval_us {
        let wide = format!("toInt128({time})");
        let step = format!("{wide} - positiveModulo({wide}, toInt128({us}))");
        keys.push((format!("toInt64(greatest({step}, toInt128('-9223372036854775808')))"), STEP.to_owned()));
    }
    keys
}

/// A dimension as an expression over columns that are called as those of `spans`.
pub(super) const fn value_of(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Tenant => "tenant_id",
        Dimension::Provider => "provider",
        Dimension::Dialect => "dialect",
        Dimension::Operation => "operation",
        Dimension::Model => "coalesce(response_model, request_model)",
        Dimension::Agent => "agent_id",
        Dimension::User => "user_id",
        Dimension::Session => "session_id",
        Dimension::Environment => "environment",
        Dimension::Release => "release",
        Dimension::Source => "source",
        Dimension::Status => "status",
        Dimension::HttpStatus => "toString(http_status)",
        Dimension::EndReason => "end_reason",
    }
}

/// Adds the groups of an answer.
pub(super) fn read(answer: &[u8], op: &'static str, dimensions: usize, groups: &mut Groups<'_>) -> Result<(), Error> {
    let mut from = Values::of(answer, op);
    while from.more() {
        let mut key = Key::default();
        for name in key.iter_mut().take(dimensions) {
            *name = groups.names.number(from.maybe_text()?.as_deref());
        }
        let [requests, errors, unpriced] = [from.u64()?, from.u64()?, from.u64()?];
        let mut buckets = [0; BUCKETS];
        for bucket in &mut buckets {
            *bucket = from.u64()?;
        }
        let cost_nanos = from.u128()?.cast_signed();
        let (first, last) = (Timestamp::from_unix_us(from.i64()?), Timestamp::from_unix_us(from.i64()?));
        let too_large = |why: crate::stats::TooLarge| Error::too_large(Backend::Clickhouse, op, why.0);
        // A group is one step, so any of its times names it.
        let sum = groups.sum(first, key).map_err(too_large)?;
        let measures = &mut sum.measures;
        measures.requests = measures.requests.saturating_add(requests);
        measures.errors = measures.errors.saturating_add(errors);
        measures.unpriced = measures.unpriced.saturating_add(unpriced);
        measures.usage = measures.usage.saturating_add(&Usage::from_buckets(buckets));
        measures.saw(first, last);
        sum.cost_nanos += cost_nanos;
        for histogram in [&mut measures.duration, &mut measures.first_token] {
            for _ in 0..from.len()? {
                let bucket = from.u16()?;
                histogram.add_bucket(bucket, from.u64()?);
            }
        }
    }
    Ok(())
}
