//! Sums over spans that are read one by one.

use llmtrace_model::{SpanFilter, StatsQuery, StatsRow, TenantScope};

use super::{client::Engine, read};
use crate::{
    Backend, Error, MAX_SCANNED, ModelTraffic,
    matching::{Traffic, TrafficRow},
    stats::Groups,
};

/// What the matching spans add up to.
pub(super) async fn stats(engine: &Engine, scope: &TenantScope, query: &StatsQuery) -> Result<Vec<StatsRow>, Error> {
    let mut groups = Groups::new(query);
    for span in read::all(engine, "stats", scope, &query.filter, MAX_SCANNED + 1).await? {
        groups.add(&span).map_err(|why| Error::too_large(Backend::Clickhouse, "stats", why.0))?;
    }
    Ok(groups.finish())
}

/// What each model was used for.
pub(super) async fn models(
    engine: &Engine,
    scope: &TenantScope,
    filter: &SpanFilter,
) -> Result<Vec<ModelTraffic>, Error> {
    let mut traffic = Traffic::default();
    for span in read::all(engine, "models", scope, filter, u64::MAX >> 1).await? {
        let total_tokens = span.usage.map_or(0, |usage| usage.total());
        traffic.add(&TrafficRow {
            provider: &span.provider,
            model: span.response_model.as_deref().or(span.request_model.as_deref()),
            started_at: span.started_at,
            total_tokens,
            used_something: total_tokens > 0 || !span.units.is_empty(),
            cost: span.cost,
        });
    }
    Ok(traffic.finish())
}
