//! `/api/v1/erasures`: what is to be erased, and the receipts; the same by a trace's or a tenant's own path.
//!
//! Nothing is erased here: an erasure is written down, and the upkeep carries it out (`upkeep/erase.rs`).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use llmtrace_model::{Erasure, ErasureId, Subject, TenantId, TenantScope, TraceId};

use super::{
    Api,
    access::TENANT_EXPECTED,
    body,
    error::{Problem, ProblemView, ReadProblems, WriteProblems},
    query::{NoParams, OneParams},
    read::{Asked, Part, missing, part},
    view::{ErasureBody, ErasureList, ErasureView},
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
    Asked { api, scope, .. }: Asked<OneParams>,
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
    begin(&api, body.erasure_id, tenant, subject).await
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
pub(super) async fn remove_trace(Asked { api, scope, .. }: Asked<OneParams>, id: Part) -> Result<Response, Problem> {
    let id: TraceId = part("trace_id", id, "32 hex digits, not all zero")?;
    begin(&api, None, owner(&scope), Subject::Trace(id)).await
}

/// Deletes a tenant: erases its spans, and forgets that it was seen, its saved views and its rule of retention.
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
    let api = asked.api;
    // The erasure first: where the second step fails, the caller tries again, and nothing is half forgotten.
    let begun = begin(&api, None, Some(tenant.clone()), Subject::Everything).await?;
    api.read("delete_tenant", api.meta.delete_tenant(&tenant, api.clock.now())).await?;
    Ok(begun)
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
) -> Result<Response, Problem> {
    let id = id.unwrap_or_else(|| ErasureId::from_bytes(*uuid::Uuid::new_v4().as_bytes()));
    let mut erasure = Erasure::asked(id, tenant, subject, api.clock.now());
    if !api.read("add_erasure", api.meta.add_erasure(&erasure)).await? {
        let there = api.read("get_erasure", api.meta.erasure(&TenantScope::All, id)).await?;
        let is_same = |there: &Erasure| there.tenant_id == erasure.tenant_id && there.subject == erasure.subject;
        // Nothing of another's receipt is told.
        erasure = there.filter(is_same).ok_or(Problem::IdTaken { what: "erasure", found: id.to_string() })?;
    }
    let place = HeaderValue::try_from(format!("/api/v1/erasures/{id}")).expect("a UUID is a header's value");
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], Json(ErasureView::from(erasure))).into_response())
}
