//! What spans add up to, added up by the engine: closed hours from their roll-ups, the rest from the spans themselves.

use llmtrace_model::{Money, SpanFilter, StatsQuery, StatsRow, TenantScope, Timestamp};

use super::{
    client::Engine,
    query::{Query, conditions},
    rollup::{self, Plan},
    sums,
    wire::Values,
};
use crate::{Error, MAX_MODELS, ModelTraffic, stats::Groups};

/// What the matching spans add up to.
///
/// The engine adds up, so the bound is on groups and on the time of the statement rather than on spans.
pub(super) async fn stats(engine: &Engine, scope: &TenantScope, query: &StatsQuery) -> Result<Vec<StatsRow>, Error> {
    let op = "stats";
    let mut groups = Groups::new(query);
    let width = query.group_by.len();
    match rollup::plan(engine, scope, query).await? {
        Some(plan) => {
            let (rolled, raw) = tokio::join!(
                engine.sums(op, rollup::rolled(&plan, scope, query)),
                engine.sums(op, spans(scope, query, Some(&plan))),
            );
            sums::read(&rolled?, op, width, &mut groups)?;
            sums::read(&raw?, op, width, &mut groups)?;
        }
        None => sums::read(&engine.sums(op, spans(scope, query, None)).await?, op, width, &mut groups)?,
    }
    Ok(groups.finish())
}

/// By the primary key; one row per group.
fn spans(scope: &TenantScope, query: &StatsQuery, plan: Option<&Plan>) -> Query {
    let keys = sums::keys(query, "started_at", sums::value_of);
    sums::groups(&keys, |sql| {
        sums::spans(sql, &keys, |sql| {
            conditions(sql, scope, &query.filter);
            if let Some(plan) = plan {
                plan.not_rolled(sql);
            }
        });
    })
}

/// What each model was used for.
pub(super) async fn models(
    engine: &Engine,
    scope: &TenantScope,
    filter: &SpanFilter,
) -> Result<Vec<ModelTraffic>, Error> {
    let op = "models";
    let tokens = llmtrace_model::Usage::BUCKETS.map(|name| format!("toUInt128(ifNull({name}, 0))")).join(" + ");
    let mut query = Query::of(&format!(
        "SELECT toString(a_provider), toString(assumeNotNull(a_model)), count(), countIf(a_cost IS NULL AND (a_tokens > 0 OR a_units)), \
         toUInt64(least(sum(a_tokens), toUInt128(18446744073709551615))), toInt128(sum(toInt128(ifNull(a_cost, 0)))), max(a_at) \
         FROM (SELECT provider AS a_provider, coalesce(response_model, request_model) AS a_model, cost AS a_cost, \
         notEmpty(units) AS a_units, {tokens} AS a_tokens, started_at AS a_at, exchange_id AS a_id FROM spans FINAL \
         WHERE (request_model IS NOT NULL OR response_model IS NOT NULL)"
    ));
    conditions(&mut query, scope, filter);
    query.push(&format!(") GROUP BY a_provider, a_model ORDER BY max((a_at, a_id)) DESC LIMIT {MAX_MODELS}"));
    let answer = engine.sums(op, query).await?;
    let mut from = Values::of(&answer, op);
    let mut all = Vec::new();
    while from.more() {
        let (provider, model) = (from.text()?, from.text()?);
        let [requests, unpriced_requests, total_tokens] = [from.u64()?, from.u64()?, from.u64()?];
        let nanos = from.u128()?.cast_signed().clamp(i64::MIN.into(), i64::MAX.into());
        let cost = Money::from_nanos(i64::try_from(nanos).unwrap_or_default());
        let last_seen = Timestamp::from_unix_us(from.i64()?);
        all.push(ModelTraffic { provider, model, requests, unpriced_requests, total_tokens, cost, last_seen });
    }
    all.sort_by(|a, b| (b.requests, &a.provider, &a.model).cmp(&(a.requests, &b.provider, &b.model)));
    Ok(all)
}
