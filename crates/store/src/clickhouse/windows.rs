//! Newest first: a list looks at the last hour, and further back only while its page is not full.
//!
//! Merging rows while they are read costs as much as the time that is looked at, so a list without a time would merge all that
//! there is for its first fifty rows.

use llmtrace_model::{PageRequest, SpanFilter, TenantScope, Timestamp};

use super::{client::Engine, query::Query, wire::Values};
use crate::Error;

const HOUR_US: i64 = 3_600_000_000;
/// How far back from the newest row each look begins; the last one has no bound.
const BACK_HOURS: [i64; 5] = [1, 6, 24, 7 * 24, 30 * 24];

/// Where each look of a list begins, the nearest first; the last is the beginning of the filter, or `None`.
pub(super) async fn starts(
    engine: &Engine,
    op: &'static str,
    scope: &TenantScope,
    filter: &SpanFilter,
    page: &PageRequest,
) -> Result<Vec<Option<Timestamp>>, Error> {
    // Few rows that an index leads to: all at once.
    if filter.trace_id.is_some() || filter.session_id.is_some() || filter.user_id.is_some() {
        return Ok(vec![filter.from]);
    }
    let newest = match page.after {
        Some(cursor) => Some(cursor.started_at),
        None => newest(engine, op, scope).await?.map(|newest| filter.until.map_or(newest, |until| newest.min(until))),
    };
    let Some(newest) = newest else { return Ok(Vec::new()) };
    let back = |hours: i64| Timestamp::from_unix_us(newest.unix_us().saturating_sub(hours * HOUR_US));
    let inside = |start: &Timestamp| filter.from.is_none_or(|from| from < *start);
    let starts = BACK_HOURS.into_iter().map(back).take_while(inside).map(Some);
    Ok(starts.chain(std::iter::once(filter.from)).collect())
}

/// When the newest span of a scope started, one that is gone perhaps: by the primary key, or without reading a row.
async fn newest(engine: &Engine, op: &'static str, scope: &TenantScope) -> Result<Option<Timestamp>, Error> {
    let mut query = Query::default();
    match scope {
        TenantScope::All => query.push("SELECT max(started_at) FROM spans HAVING count() > 0"),
        TenantScope::One(_) => {
            query.push("SELECT started_at FROM spans WHERE TRUE");
            query.scope(scope);
            query.push(" ORDER BY started_at DESC LIMIT 1");
        }
    }
    let answer = engine.rows(op, query).await?;
    let mut from = Values::of(&answer, op);
    if from.more() { Ok(Some(Timestamp::from_unix_us(from.i64()?))) } else { Ok(None) }
}
