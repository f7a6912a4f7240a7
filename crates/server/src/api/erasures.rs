//! `/api/v1/erasures`: what is to be erased, and the receipts; the same by a trace's or a tenant's own path.
//!
//! Nothing is erased here: an erasure is written down, and the upkeep carries it out (`upkeep/erase.rs`).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use llmtrace_model::{Erasure, ErasureId, Subject, TenantId, TenantScope, TraceId};
use serde_json::{Value, json};

use super::{
    Api,
    access::TENANT_EXPECTED,
    body,
    error::{Problem, ProblemView, ReadProblems, WriteProblems},
    query::{NoParams, OneParams},
    read::{Asked, Part, missing, part},
    view::{ErasureBody, ErasureList, ErasureView, TenantView},
    views::owner,
};

/// Lists erasures and their receipts, those asked for last first, at most 1000: those of the tenant that is named, else all.
#[utoipa::path(
    get, path = "/api/v1/erasures", tag = "erasure", operation_id = "list_erasures", params(OneParams),
    responses(
        (status = 200, description = "The erasures", body = ErasureList),
        ReadProblems,
    )
)]
pub(super) async fn list(Asked { api, scope, .. }: Asked<OneParams>) -> Result<Json<ErasureList>, Problem> {
    let found = api.read("list_erasures", api.meta.erasures(&scope)).await?;
    Ok(Json(ErasureList { items: found.into_iter().map(ErasureView::from).collect() }))
}

/// Erases what one trace, span, session or user has stored, or everything of a tenant: of the tenant that is named, else of all.
///
/// It is carried out within seconds, and repeated for seven days, so that what started before now and is stored later goes too.
/// There need not be anything: its receipt says how much was removed. A caller who gives an `erasure_id` may send the same again.
#[utoipa::path(
    post, path = "/api/v1/erasures", tag = "erasure", operation_id = "create_erasure", params(OneParams),
    request_body = ErasureBody,
    responses(
        (status = 202, description = "It is to be erased; the receipt as it is now", body = ErasureView,
         headers(("Location" = String, description = "The path of its receipt"))),
        (status = 409, description = "The id is another erasure's", body = ProblemView, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn create(
    Asked { api, scope, asking, .. }: Asked<OneParams>,
    body::Json(body): body::Json<ErasureBody>,
) -> Result<Response, Problem> {
    let subject = body.subject()?;
    let tenant = owner(&scope);
    if tenant.is_none() && subject == Subject::Everything {
        return Err(Problem::bad(
            "tenant_id",
            "",
            "the tenant whose spans are erased: everything of all is not erased at once",
        ));
    }
    let begun = begin(&api, body.erasure_id, tenant, subject).await?;
    asking.targets(&begun.erasure_id.to_string());
    asking.changes(None, Some(&begun));
    Ok(accepted(begun))
}

/// One erasure, with what was removed so far.
#[utoipa::path(
    get, path = "/api/v1/erasures/{erasure_id}", tag = "erasure", operation_id = "get_erasure",
    params(("erasure_id" = String, Path, description = "Its UUID"), OneParams),
    responses(
        (status = 200, description = "The erasure", body = ErasureView),
        (status = 404, description = "There is no such erasure", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn one(Asked { api, scope, .. }: Asked<OneParams>, id: Part) -> Result<Json<ErasureView>, Problem> {
    let id: ErasureId = part("erasure_id", id, "the UUID of an erasure")?;
    let found = api.read("get_erasure", api.meta.erasure(&scope, id)).await?;
    found.map(|erasure| Json(erasure.into())).ok_or_else(|| missing("erasure", id))
}

/// Erases the spans of a trace; there need not be any.
#[utoipa::path(
    delete, path = "/api/v1/traces/{trace_id}", tag = "erasure", operation_id = "delete_trace",
    params(("trace_id" = String, Path, description = "32 hex digits"), OneParams),
    responses(
        (status = 202, description = "It is to be erased; the receipt as it is now", body = ErasureView,
         headers(("Location" = String, description = "The path of its receipt"))),
        ReadProblems,
    )
)]
pub(super) async fn remove_trace(asked: Asked<OneParams>, id: Part) -> Result<Response, Problem> {
    let Asked { api, scope, asking, .. } = asked;
    let id: TraceId = part("trace_id", id, "32 hex digits, not all zero")?;
    let begun = begin(&api, None, owner(&scope), Subject::Trace(id)).await?;
    asking.changes(None, Some(&begun));
    Ok(accepted(begun))
}

/// Deletes a tenant: erases its spans, and forgets that it was seen, its saved views, its settings, its stored credentials and
/// its rule of retention.
///
/// The receipts of its erasures stay, this one too. A tenant that goes on sending is seen anew.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant_id}", tag = "erasure", operation_id = "delete_tenant",
    params(("tenant_id" = String, Path, description = "Its name"), NoParams),
    responses(
        (status = 202, description = "Its spans are to be erased; the receipt as it is now", body = ErasureView,
         headers(("Location" = String, description = "The path of its receipt"))),
        (status = 404, description = "Another tenant is named in the header", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn remove_tenant(asked: Asked<NoParams>, id: Part) -> Result<Response, Problem> {
    let tenant = tenant_of(&asked, id)?;
    let Asked { api, asking, .. } = asked;
    let before = known_of(&api, &tenant).await?;
    // The erasure first: where the second step fails, the caller tries again, and nothing is half forgotten.
    let begun = begin(&api, None, Some(tenant.clone()), Subject::Everything).await?;
    asking.changes(Some(&before), Some(&json!({ "erasure": begun })));
    api.read("delete_tenant", api.meta.delete_tenant(&tenant, api.clock.now())).await?;
    Ok(accepted(begun))
}

/// What is forgotten with a tenant, for the audit log.
async fn known_of(api: &Api, tenant: &TenantId) -> Result<Value, Problem> {
    let seen = api.read("list_tenants", api.meta.tenants()).await?.into_iter().find(|seen| seen.id == *tenant);
    let rule = api.read("get_retentions", api.meta.retentions()).await?.remove(tenant);
    let views = api.read("list_views", api.meta.views(&TenantScope::One(tenant.clone()))).await?;
    Ok(json!({ "tenant": seen.map(TenantView::from), "retention": rule, "saved_views": views.len() }))
}

/// The tenant of the path; another than the header's does not exist.
pub(super) fn tenant_of(asked: &Asked<NoParams>, id: Part) -> Result<TenantId, Problem> {
    let tenant: TenantId = part("tenant_id", id, TENANT_EXPECTED)?;
    if asked.scope.allows(&tenant) { Ok(tenant) } else { Err(missing("tenant", tenant)) }
}

/// Writes down what is to be erased, once for each id.
async fn begin(
    api: &Api,
    id: Option<ErasureId>,
    tenant: Option<TenantId>,
    subject: Subject,
) -> Result<ErasureView, Problem> {
    let id = id.unwrap_or_else(|| ErasureId::from_bytes(*uuid::Uuid::new_v4().as_bytes()));
    let mut erasure = Erasure::asked(id, tenant, subject, api.clock.now());
    if !api.read("add_erasure", api.meta.add_erasure(&erasure)).await? {
        let there = api.read("get_erasure", api.meta.erasure(&TenantScope::All, id)).await?;
        let is_same = |there: &Erasure| there.tenant_id == erasure.tenant_id && there.subject == erasure.subject;
        // Nothing of another's receipt is told.
        erasure = there.filter(is_same).ok_or(Problem::IdTaken { what: "erasure", found: id.to_string() })?;
    }
    Ok(erasure.into())
}

fn accepted(begun: ErasureView) -> Response {
    let place = format!("/api/v1/erasures/{}", begun.erasure_id);
    let place = HeaderValue::try_from(place).expect("a UUID is a header's value");
    (StatusCode::ACCEPTED, [(header::LOCATION, place)], Json(begun)).into_response()
}
