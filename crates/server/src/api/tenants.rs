//! `/api/v1/tenants`: who was seen.

use axum::{
    Json,
    extract::{RawQuery, State},
    http::HeaderMap,
};

use super::{
    Api,
    error::{Problem, ProblemView},
    query::{ONE, OneParams},
    view::{TenantList, TenantView},
};

/// Lists the tenants that were seen, by name; at most 10,000, in one page.
#[utoipa::path(
    get, path = "/api/v1/tenants", tag = "query", operation_id = "list_tenants", params(OneParams),
    responses(
        (status = 200, description = "The tenants", body = TenantList),
        (status = 400, description = "A parameter is wrong", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "The host is not served", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "The store is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<TenantList>, Problem> {
    let (_, scope) = api.asked(&headers, query.as_deref(), ONE)?;
    let seen = api.read("list_tenants", api.meta.tenants()).await?;
    let items = seen.into_iter().filter(|tenant| scope.allows(&tenant.id)).map(TenantView::from).collect();
    Ok(Json(TenantList { items, next: None }))
}
