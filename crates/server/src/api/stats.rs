//! `/api/v1/stats`: what spans add up to, and `/api/v1/top`: what of it changed most.

use std::collections::BTreeMap;

use axum::Json;
use llmtrace_model::{Dimension, Measures, StatsQuery, TenantScope, Timestamp};

use super::{
    Api,
    error::{Problem, ReadProblems},
    query::{Compare, DAY_US, Order, Range, StatsParams, TopParams},
    read::Asked,
    sums::{Key, Ranked, Sums},
    view::{GroupView, MeasuresView, PointView, StatsView, TopItemView, TopView},
};

/// Adds up spans: requests, errors, tokens, cost and percentiles of times; altogether, by up to three dimensions, in steps of
/// time, and compared with the period before. Without `from`, the 24 hours before `until`; without `until`, until now. Exact,
/// also for spans of a moment ago.
#[utoipa::path(
    get, path = "/api/v1/stats", tag = "query", operation_id = "get_stats", params(StatsParams),
    responses((status = 200, description = "The sums", body = StatsView), ReadProblems)
)]
pub(super) async fn stats(Asked { api, query, scope, .. }: Asked<StatsParams>) -> Result<Json<StatsView>, Problem> {
    let filter = query.filter()?;
    let range = Range::of(&filter, api.clock.now(), DAY_US)?;
    let group_by = query.dimensions()?;
    let interval = query.interval(range)?;
    let order = query.order(Order::Requests)?;
    let limit = query.limit()?.map_or(usize::MAX, |limit| limit as usize);
    let before = match query.compare()? {
        Compare::Previous => Some(range.before()?),
        Compare::Nothing => None,
    };
    let wanted = |range: Range, interval_us| StatsQuery {
        filter: range.of_spans(&filter),
        group_by: group_by.clone(),
        interval_us,
    };
    let mut sums = api.sums("stats", &scope, wanted(range, interval.map(|i| i.us()))).await?;
    let before = match before {
        Some(before) => Some(api.sums("stats_before", &scope, wanted(before, None)).await?),
        None => None,
    };
    let previous = before.as_ref().map(|before| MeasuresView::from(&before.total));
    let (total, points) = (MeasuresView::from(&sums.total), std::mem::take(&mut sums.points));
    let ranked = if group_by.is_empty() { Ranked::default() } else { sums.rank(order, limit) };
    let group = |(key, total, points): (Key, _, _)| GroupView {
        total: MeasuresView::from(&total),
        previous: before.as_ref().and_then(|before| before.group(&key)).map(MeasuresView::from),
        points: views(points),
        key: named(&group_by, key),
    };
    Ok(Json(StatsView {
        from: range.from,
        until: range.until,
        interval,
        total,
        previous,
        points: views(points),
        groups: ranked.kept.into_iter().map(group).collect(),
        rest: (ranked.left_out > 0).then(|| MeasuresView::from(&ranked.rest)),
        groups_left_out: ranked.left_out as u64,
        group_by,
    }))
}

/// Finds what changed most against the period before of the same length: which model, agent, user costs more, fails more or
/// became slower. Without `from`, the 24 hours before `until`; without `until`, until now.
#[utoipa::path(
    get, path = "/api/v1/top", tag = "query", operation_id = "get_top", params(TopParams),
    responses((status = 200, description = "The greatest changes, up or down", body = TopView), ReadProblems)
)]
pub(super) async fn top(Asked { api, query, scope, .. }: Asked<TopParams>) -> Result<Json<TopView>, Problem> {
    let filter = query.filter()?;
    let range = Range::of(&filter, api.clock.now(), DAY_US)?;
    let before = range.before()?;
    let (by, measure) = (query.by()?, query.measure()?);
    let limit = query.limit()?.map_or(usize::MAX, |limit| limit as usize);
    let wanted = |range: Range| StatsQuery { filter: range.of_spans(&filter), group_by: vec![by], interval_us: None };
    let current = api.sums("top", &scope, wanted(range)).await?;
    let previous = api.sums("top_before", &scope, wanted(before)).await?;
    let gone = previous.keys().filter(|key| current.group(key).is_none());
    let item = |key: &Key| {
        let value = key.first().cloned().flatten();
        TopItemView::of(value, measure, current.group(key), previous.group(key))
    };
    let mut items: Vec<TopItemView> = current.keys().chain(gone).map(item).collect();
    items.sort_unstable_by(|a, b| b.change.abs().total_cmp(&a.change.abs()).then_with(|| a.key.cmp(&b.key)));
    items.truncate(limit);
    Ok(Json(TopView { from: range.from, until: range.until, previous_from: before.from, by, measure, items }))
}

impl Api {
    /// What the spans of a question add up to.
    pub(super) async fn sums(&self, op: &'static str, scope: &TenantScope, query: StatsQuery) -> Result<Sums, Problem> {
        Ok(Sums::of(self.read(op, self.spans.stats(scope, &query)).await?).await)
    }
}

fn views(points: impl IntoIterator<Item = (Timestamp, Measures)>) -> Vec<PointView> {
    points.into_iter().map(|(start, measures)| PointView::of(start, &measures)).collect()
}

fn named(group_by: &[Dimension], key: Key) -> BTreeMap<String, Option<String>> {
    group_by.iter().map(|dimension| dimension.as_str().to_owned()).zip(key).collect()
}
