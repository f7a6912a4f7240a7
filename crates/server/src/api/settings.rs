//! `/api/v1/tenants/{tenant_id}/settings`: what a tenant sets for itself, within what the installation allows.

use axum::{http::StatusCode, response::Response};
use llmtrace_model::{TenantCapture, TenantId, TenantSettings};
use llmtrace_store::{MAX_TENANTS, Replacing, Written};

use super::{
    Api, body,
    erasures::tenant_of,
    error::{Problem, ProblemView, ReadProblems, WriteProblems},
    etag::{IfMatch, Tag},
    policies::{MAX_POLICY, read_policy},
    query::NoParams,
    read::{Asked, Part},
    view::{SettingsBody, SettingsView},
};

/// The settings of a tenant, and what applies to it. One that has set nothing has settings, too, of the version `"0"`.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant_id}/settings", tag = "access", operation_id = "get_settings",
    params(("tenant_id" = String, Path, description = "The tenant's name; it need not have been seen"), NoParams),
    responses(
        (status = 200, description = "Its settings", body = SettingsView,
         headers(("ETag" = String, description = "Their version"))),
        (status = 404, description = "Another tenant is named in the header", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn get(asked: Asked<NoParams>, id: Part) -> Result<Response, Problem> {
    let tenant = tenant_of(&asked, id)?;
    let own = stored(&asked.api, &tenant).await?;
    Ok(answer(&asked.api, tenant, own.as_ref()))
}

/// Changes the settings of a tenant, if they are still the ones whose `ETag` is in `If-Match`. Within two seconds they apply to
/// everything that is sent and stored from then on, in every process; what is stored already stays as it is. A policy that
/// cannot be is refused with its place, `guard.rules[2].action`, and the one before it stays in force.
#[utoipa::path(
    put, path = "/api/v1/tenants/{tenant_id}/settings", tag = "access", operation_id = "put_settings",
    params(
        ("tenant_id" = String, Path, description = "The tenant's name; it need not have been seen"),
        ("If-Match" = String, Header, description = "The `ETag` of what is changed, or `*`"),
        NoParams,
    ),
    request_body = SettingsBody,
    responses(
        (status = 200, description = "Its settings, changed", body = SettingsView,
         headers(("ETag" = String, description = "Their version"))),
        (status = 404, description = "Another tenant is named in the header", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "Too many tenants have settings", body = ProblemView, content_type = "application/problem+json"),
        (status = 412, description = "They were changed meanwhile", body = ProblemView, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemView, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn put(
    asked: Asked<NoParams>,
    id: Part,
    condition: IfMatch,
    body::Json(body): body::Json<SettingsBody, MAX_POLICY>,
) -> Result<Response, Problem> {
    let tenant = tenant_of(&asked, id)?;
    if let Some(Some(guard)) = &body.guard {
        read_policy(guard, "guard")?;
    }
    let Asked { api, asking, .. } = asked;
    let before = stored(&api, &tenant).await?;
    condition.check(tag_of(before.as_ref()))?;
    let now = api.clock.now();
    // What a newer version has set beside stays.
    let there = before.clone().unwrap_or_else(|| TenantSettings::new(now));
    let capture = TenantCapture { content: body.capture_content, raw: body.capture_raw, ..there.capture };
    let guard = body.guard.unwrap_or(there.guard);
    let after = TenantSettings { capture, guard, updated_at: now, ..there };
    let replacing = before.as_ref().map_or(Replacing::Nothing, |before| Replacing::Version(before.version));
    match api.read("put_settings", api.meta.put_settings(&tenant, &after, replacing)).await? {
        Written::Done => {}
        Written::Full => return Err(Problem::TooMany { what: "tenants with settings", most: MAX_TENANTS }),
        // They were taken away with their tenant, or somebody else's change came between.
        Written::Changed | Written::Absent | Written::Taken | Written::Outside => {
            return Err(Problem::ChangedMeanwhile);
        }
    }
    api.tenancy.catch_up().await;
    if api.tenancy.ruling_of(&tenant).is_curious() {
        // The tenant's next request waits for its verdict, and not for what is made when the first one is asked for.
        api.analysts.ready().await;
    }
    // Their version is the store's to say: a tenant that was deleted and is made anew goes on counting.
    let after = stored(&api, &tenant).await?;
    let view = |own| view(&api, tenant.clone(), own);
    asking.changes(Some(&view(before.as_ref())), Some(&view(after.as_ref())));
    Ok(answer(&api, tenant, after.as_ref()))
}

async fn stored(api: &Api, tenant: &TenantId) -> Result<Option<TenantSettings>, Problem> {
    api.read("get_settings", api.meta.settings(tenant)).await
}

fn tag_of(own: Option<&TenantSettings>) -> Tag {
    Tag { version: own.map_or(0, |own| own.version) }
}

fn view(api: &Api, tenant: TenantId, own: Option<&TenantSettings>) -> SettingsView {
    let ruling = api.ruling_with(&tenant, own);
    SettingsView::of(tenant, own, api.installation.capture_content, api.installation.capture_raw, &ruling)
}

fn answer(api: &Api, tenant: TenantId, own: Option<&TenantSettings>) -> Response {
    tag_of(own).on(StatusCode::OK, view(api, tenant, own))
}
