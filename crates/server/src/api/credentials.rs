//! `/api/v1/tenants/{tenant_id}/credentials`: what a tenant has stored for its providers. No answer and no line of the log holds
//! a credential.

use axum::{
    Json,
    extract::{Path, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use llmtrace_model::{ProviderCredential, TenantId, TenantScope};
use llmtrace_store::{MAX_CREDENTIALS, Replacing, Written};

use super::{
    Api, body,
    erasures::tenant_of,
    error::{Problem, ProblemView, ReadProblems, WriteProblems},
    etag::{Condition, IfMatch, Tag},
    query::{MAX_TEXT, NoParams},
    read::{Asked, Part, changed, missing, text_part},
    view::{CredentialBody, CredentialList, CredentialView, ProviderSecret},
};

/// What one is called in answers.
const CREDENTIAL: &str = "credential";

/// The parts of a credential's path.
type Parts = Result<Path<(String, String)>, PathRejection>;

/// Lists what a tenant has stored for its providers, by upstream.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant_id}/credentials", tag = "access", operation_id = "list_credentials",
    params(("tenant_id" = String, Path, description = "The tenant's name"), NoParams),
    responses(
        (status = 200, description = "The credentials, without the credentials themselves", body = CredentialList),
        (status = 404, description = "Another tenant is named in the header", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn list(asked: Asked<NoParams>, id: Part) -> Result<Json<CredentialList>, Problem> {
    let scope = TenantScope::One(tenant_of(&asked, id)?);
    let api = asked.api;
    let found = api.read("list_credentials", api.meta.credentials(&scope)).await?;
    Ok(Json(CredentialList { items: found.iter().map(|credential| view(&api, credential)).collect() }))
}

/// What a tenant has stored for one upstream.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant_id}/credentials/{upstream}", tag = "access", operation_id = "get_credential",
    params(
        ("tenant_id" = String, Path, description = "The tenant's name"),
        ("upstream" = String, Path, description = "The upstream's name"),
        NoParams,
    ),
    responses(
        (status = 200, description = "The credential, without the credential itself", body = CredentialView,
         headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "There is none", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn one(asked: Asked<NoParams>, parts: Parts) -> Result<Response, Problem> {
    let (tenant, upstream) = place(&asked, parts)?;
    let api = asked.api;
    let found = find(&api, &tenant, &upstream).await?.ok_or_else(|| missing(CREDENTIAL, &upstream))?;
    Ok(answer(&api, StatusCode::OK, &found))
}

/// Stores a credential for an upstream, sealed: a new one with `If-None-Match: *`, another in the place of one with the `ETag`
/// of that in `If-Match`. It is sent from now on here, and within two seconds everywhere.
#[utoipa::path(
    put, path = "/api/v1/tenants/{tenant_id}/credentials/{upstream}", tag = "access", operation_id = "put_credential",
    params(
        ("tenant_id" = String, Path, description = "The tenant's name; it need not have been seen"),
        ("upstream" = String, Path, description = "The upstream's name, one of those that are configured"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of what is replaced, or `*`"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: there is none yet"),
        NoParams,
    ),
    request_body = CredentialBody,
    responses(
        (status = 200, description = "The credential, replaced", body = CredentialView,
         headers(("ETag" = String, description = "Its version"))),
        (status = 201, description = "The credential, stored", body = CredentialView,
         headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "There is none to replace", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "There are too many, or there is no master key to seal it with", body = ProblemView, content_type = "application/problem+json"),
        (status = 412, description = "It was changed meanwhile, or there is one already", body = ProblemView, content_type = "application/problem+json"),
        (status = 428, description = "If-Match and If-None-Match are missing", body = ProblemView, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn put(
    asked: Asked<NoParams>,
    parts: Parts,
    condition: Condition,
    body: Result<body::Json<CredentialBody>, Problem>,
) -> Result<Response, Problem> {
    let (tenant, upstream) = place(&asked, parts)?;
    let Asked { api, asking, .. } = asked;
    let known = &api.installation.upstreams;
    if !known.contains(&upstream) {
        return Err(Problem::bad("upstream", &upstream, format!("one of {}", known.join(", "))));
    }
    let secret = secret_of(body)?;
    let before = match condition {
        Condition::New => None,
        Condition::Seen(seen) => {
            let before = find(&api, &tenant, &upstream).await?.ok_or_else(|| missing(CREDENTIAL, &upstream))?;
            seen.check(Tag { version: before.version })?;
            Some(before)
        }
    };
    let after = sealed(&api, &tenant, &upstream, before.as_ref(), &secret)?;
    let replacing = before.as_ref().map_or(Replacing::Nothing, |before| Replacing::Version(before.version));
    match api.read("put_credential", api.meta.put_credential(&after, replacing)).await? {
        Written::Full => return Err(Problem::TooMany { what: "credentials", most: MAX_CREDENTIALS }),
        written => changed(written, CREDENTIAL, &upstream)?,
    }
    api.tenancy.catch_up().await;
    // Its version is the store's to say: one in the place of a deleted one goes on counting.
    let after = find(&api, &tenant, &upstream).await?.ok_or(Problem::ChangedMeanwhile)?;
    let shown = |it: &ProviderCredential| view(&api, it);
    asking.changes(before.as_ref().map(shown).as_ref(), Some(&shown(&after)));
    let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    Ok(answer(&api, status, &after))
}

/// Deletes what a tenant has stored for an upstream, if it is still the one whose `ETag` is in `If-Match`. What was sealed is
/// gone; requests that need it are refused from now on here, and within two seconds everywhere.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant_id}/credentials/{upstream}", tag = "access", operation_id = "delete_credential",
    params(
        ("tenant_id" = String, Path, description = "The tenant's name"),
        ("upstream" = String, Path, description = "The upstream's name; it need not be configured any more"),
        ("If-Match" = String, Header, description = "The `ETag` of what is deleted, or `*`"),
        NoParams,
    ),
    responses(
        (status = 204, description = "It is deleted"),
        (status = 404, description = "There is none", body = ProblemView, content_type = "application/problem+json"),
        (status = 412, description = "It was changed meanwhile", body = ProblemView, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn remove(asked: Asked<NoParams>, parts: Parts, condition: IfMatch) -> Result<StatusCode, Problem> {
    let (tenant, upstream) = place(&asked, parts)?;
    let Asked { api, asking, .. } = asked;
    let before = find(&api, &tenant, &upstream).await?.ok_or_else(|| missing(CREDENTIAL, &upstream))?;
    condition.check(Tag { version: before.version })?;
    let deleted = api.meta.delete_credential(&tenant, &upstream, before.version);
    changed(api.read("delete_credential", deleted).await?, CREDENTIAL, &upstream)?;
    api.tenancy.catch_up().await;
    asking.changes(Some(&view(&api, &before)), None);
    Ok(StatusCode::NO_CONTENT)
}

/// Whose credential is meant, for what.
fn place(asked: &Asked<NoParams>, parts: Parts) -> Result<(TenantId, String), Problem> {
    let (tenant, upstream) = match parts {
        Ok(Path((tenant, upstream))) => (Ok(Path(tenant)), Ok(Path(upstream))),
        Err(_) => return Err(Problem::bad("upstream", "", "percent-encoded UTF-8")),
    };
    Ok((tenant_of(asked, tenant)?, text_part("upstream", upstream, MAX_TEXT)?))
}

/// The secret of a body. What is wrong with one is said in words of ours alone: serde's would hold what they are about.
fn secret_of(body: Result<body::Json<CredentialBody>, Problem>) -> Result<ProviderSecret, Problem> {
    match body {
        Ok(body::Json(CredentialBody { secret })) => Ok(secret),
        Err(Problem::BadBody { .. }) => Err(Problem::BadBody {
            field: "secret".to_owned(),
            why: "expected {\"secret\": \"…\"} with 1 to 8192 visible ASCII characters without spaces, which are no API key \
                  of LLMTrace"
                .to_owned(),
        }),
        Err(problem) => Err(problem),
    }
}

fn sealed(
    api: &Api,
    tenant: &TenantId,
    upstream: &str,
    before: Option<&ProviderCredential>,
    secret: &ProviderSecret,
) -> Result<ProviderCredential, Problem> {
    let vault = api.tenancy.vault().ok_or(Problem::NoMasterKey)?;
    let sealed = vault.seal_over(before, tenant, upstream, secret.secret(), api.clock.now());
    sealed.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a credential could not be sealed");
        Problem::StoreBroken
    })
}

async fn find(api: &Api, tenant: &TenantId, upstream: &str) -> Result<Option<ProviderCredential>, Problem> {
    api.read("get_credential", api.meta.credential(tenant, upstream)).await
}

fn view(api: &Api, credential: &ProviderCredential) -> CredentialView {
    CredentialView::of(credential, api.tenancy.vault(), &api.installation.upstreams)
}

fn answer(api: &Api, status: StatusCode, credential: &ProviderCredential) -> Response {
    Tag { version: credential.version }.on(status, view(api, credential))
}
