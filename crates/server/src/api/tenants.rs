//! `/api/v1/tenants`: who was seen.

use axum::Json;
use llmtrace_store::Tenant;

use super::{
    erasures::tenant_of,
    error::{Problem, ProblemView, ReadProblems},
    query::{NoParams, OneParams},
    read::{Asked, Part},
    view::{TenantList, TenantView},
};

/// Lists the tenants that were seen or made and that the caller reaches, by name; at most 10,000, in one page.
#[utoipa::path(
    get, path = "/api/v1/tenants", tag = "query", operation_id = "list_tenants", params(OneParams),
    responses(
        (status = 200, description = "The tenants", body = TenantList),
        ReadProblems,
    )
)]
pub(super) async fn list(Asked { api, scope, asking, .. }: Asked<OneParams>) -> Result<Json<TenantList>, Problem> {
    let seen = api.read("list_tenants", api.meta.tenants()).await?;
    let is_shown = |tenant: &Tenant| scope.allows(&tenant.id) && asking.caller.role_in(&tenant.id).is_some();
    let items = seen.into_iter().filter(is_shown).map(TenantView::from).collect();
    Ok(Json(TenantList { items, next: None }))
}

/// Makes a tenant: it is in the list before it sends anything. One that is there stays as it is.
#[utoipa::path(
    put, path = "/api/v1/tenants/{tenant_id}", tag = "access", operation_id = "create_tenant",
    params(("tenant_id" = String, Path, description = "Its name"), NoParams),
    responses(
        (status = 200, description = "The tenant", body = TenantView),
        (status = 404, description = "Another tenant is named in the header", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn make(asked: Asked<NoParams>, id: Part) -> Result<Json<TenantView>, Problem> {
    let tenant = tenant_of(&asked, id)?;
    let Asked { api, asking, .. } = asked;
    let there = api.read("list_tenants", api.meta.tenants()).await?.into_iter().find(|it| it.id == tenant);
    if let Some(there) = there {
        return Ok(Json(there.into()));
    }
    let now = api.clock.now();
    api.read("touch_tenants", api.meta.touch_tenants(&[(tenant.clone(), now)])).await?;
    let view = TenantView::from(Tenant { id: tenant, first_seen: now, last_seen: now });
    asking.changes(None, Some(&view));
    Ok(Json(view))
}
