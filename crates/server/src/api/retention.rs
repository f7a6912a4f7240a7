//! `/api/v1/tenants/{tenant_id}/retention`: how long one tenant's spans are kept.

use axum::{Json, http::StatusCode};
use llmtrace_model::{Retention, TenantId};

use super::{
    Api, body,
    erasures::tenant_of,
    error::{Problem, ProblemView, ReadProblems, WriteProblems},
    query::NoParams,
    read::{Asked, Part},
    view::{RetentionBody, RetentionView},
};

/// How long the spans of a tenant are kept: by a rule of its own, else by the setting `retention`.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant_id}/retention", tag = "erasure", operation_id = "get_retention",
    params(("tenant_id" = String, Path, description = "The tenant's name; it need not have been seen"), NoParams),
    responses(
        (status = 200, description = "What applies", body = RetentionView),
        (status = 404, description = "Another tenant is named in the header", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn get(asked: Asked<NoParams>, id: Part) -> Result<Json<RetentionView>, Problem> {
    let tenant = tenant_of(&asked, id)?;
    applies(&asked.api, tenant).await.map(Json)
}

/// Gives a tenant a rule of its own. It applies from now on, also to what is stored already.
#[utoipa::path(
    put, path = "/api/v1/tenants/{tenant_id}/retention", tag = "erasure", operation_id = "put_retention",
    params(("tenant_id" = String, Path, description = "The tenant's name; it need not have been seen"), NoParams),
    request_body = RetentionBody,
    responses(
        (status = 200, description = "What applies now", body = RetentionView),
        (status = 404, description = "Another tenant is named in the header", body = ProblemView, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn put(
    asked: Asked<NoParams>,
    id: Part,
    body::Json(body): body::Json<RetentionBody>,
) -> Result<Json<RetentionView>, Problem> {
    let tenant = tenant_of(&asked, id)?;
    change(&asked, tenant, Some(body.into())).await.map(Json)
}

/// Takes away a tenant's own rule: the setting `retention` applies.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant_id}/retention", tag = "erasure", operation_id = "delete_retention",
    params(("tenant_id" = String, Path, description = "The tenant's name"), NoParams),
    responses(
        (status = 204, description = "It has none"),
        (status = 404, description = "Another tenant is named in the header", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn remove(asked: Asked<NoParams>, id: Part) -> Result<StatusCode, Problem> {
    let tenant = tenant_of(&asked, id)?;
    change(&asked, tenant, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change(
    Asked { api, asking, .. }: &Asked<NoParams>,
    tenant: TenantId,
    rule: Option<Retention>,
) -> Result<RetentionView, Problem> {
    let before = applies(api, tenant.clone()).await?;
    api.read("put_retention", api.meta.put_retention(&tenant, rule)).await?;
    let after = RetentionView::of(tenant, rule, api.retention);
    asking.changes(Some(&before), Some(&after));
    Ok(after)
}

async fn applies(api: &Api, tenant: TenantId) -> Result<RetentionView, Problem> {
    let own = api.read("get_retentions", api.meta.retentions()).await?.remove(&tenant);
    Ok(RetentionView::of(tenant, own, api.retention))
}
