//! `/api/v1/tenants`: who was seen.

use axum::Json;

use super::{
    error::{Problem, ReadProblems},
    query::OneParams,
    read::Asked,
    view::{TenantList, TenantView},
};

/// Lists the tenants that were seen, by name; at most 10,000, in one page.
#[utoipa::path(
    get, path = "/api/v1/tenants", tag = "query", operation_id = "list_tenants", params(OneParams),
    responses(
        (status = 200, description = "The tenants", body = TenantList),
        ReadProblems,
    )
)]
pub(super) async fn list(Asked { api, scope, .. }: Asked<OneParams>) -> Result<Json<TenantList>, Problem> {
    let seen = api.read("list_tenants", api.meta.tenants()).await?;
    let items = seen.into_iter().filter(|tenant| scope.allows(&tenant.id)).map(TenantView::from).collect();
    Ok(Json(TenantList { items, next: None }))
}
