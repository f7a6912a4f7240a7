//! `/api/v1/users` and `/api/v1/agents`: who used how much.

use axum::Json;
use llmtrace_model::{Dimension, Measures, StatsQuery, TenantId};

use super::{
    error::{Problem, ReadProblems},
    query::{DAY_US, Order, PeopleParams, Range},
    read::Asked,
    view::{AgentList, AgentView, UserList, UserView},
};

/// Lists the end users of a time with what their spans add up to, greatest first. Spans without one are not in it. Without
/// `from`, the 24 hours before `until`; without `until`, until now.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "query", operation_id = "list_users", params(PeopleParams),
    responses((status = 200, description = "The end users", body = UserList), ReadProblems)
)]
pub(super) async fn users(asked: Asked<PeopleParams>) -> Result<Json<UserList>, Problem> {
    let People { range, rows, left_out } = People::of(asked, "list_users", Dimension::User).await?;
    let items = rows.into_iter().map(|(user, tenant, sum)| UserView::of(user, tenant, &sum)).collect();
    Ok(Json(UserList { from: range.from, until: range.until, items, left_out }))
}

/// Lists the agents of a time with what their spans add up to, greatest first. Spans without one are not in it. Without
/// `from`, the 24 hours before `until`; without `until`, until now.
#[utoipa::path(
    get, path = "/api/v1/agents", tag = "query", operation_id = "list_agents", params(PeopleParams),
    responses((status = 200, description = "The agents", body = AgentList), ReadProblems)
)]
pub(super) async fn agents(asked: Asked<PeopleParams>) -> Result<Json<AgentList>, Problem> {
    let People { range, rows, left_out } = People::of(asked, "list_agents", Dimension::Agent).await?;
    let items = rows.into_iter().map(|(agent, tenant, sum)| AgentView::of(agent, tenant, &sum)).collect();
    Ok(Json(AgentList { from: range.from, until: range.until, items, left_out }))
}

/// Users or agents of a time.
struct People {
    range: Range,
    rows: Vec<(String, TenantId, Measures)>,
    left_out: u64,
}

impl People {
    async fn of(
        Asked { api, query, scope, .. }: Asked<PeopleParams>,
        op: &'static str,
        by: Dimension,
    ) -> Result<Self, Problem> {
        let filter = query.filter()?;
        let range = Range::of(&filter, api.clock.now(), DAY_US)?;
        let order = query.order(Order::Cost)?;
        let limit = query.limit()?.map_or(usize::MAX, |limit| limit as usize);
        let wanted =
            StatsQuery { filter: range.of_spans(&filter), group_by: vec![by, Dimension::Tenant], interval_us: None };
        let mut sums = api.sums(op, &scope, wanted).await?;
        sums.keep(|key| key.first().is_some_and(Option::is_some));
        let ranked = sums.rank(order, limit);
        let rows = ranked.kept.into_iter().filter_map(|(key, sum, _)| {
            let [Some(name), Some(tenant)] = <[_; 2]>::try_from(key).ok()? else { return None };
            // Every stored tenant was one when it was stored.
            Some((name, tenant.parse().ok()?, sum))
        });
        Ok(Self { range, rows: rows.collect(), left_out: ranked.left_out as u64 })
    }
}
