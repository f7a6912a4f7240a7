//! `/api/v1/keys`: API keys. A key is shown once, in the answer that made it.

use axum::{Json, http::StatusCode, response::Response};
use llmtrace_model::{ApiKey, Grant, KeyId, TenantScope};
use llmtrace_store::{MAX_KEYS, Replacing, Written};

use super::{
    Api, body,
    error::{Problem, ProblemView, ReadProblems, WriteProblems},
    etag::{IfMatch, Tag},
    query::OneParams,
    read::{Asked, Part, changed, missing, part},
    view::{KeyBody, KeyList, KeyView, NewKeyBody, NewKeyView},
    views::owner,
};
use crate::tenancy::Token;

/// What one is called in answers.
const KEY: &str = "key";

/// How often a revocation that crosses another change is tried again.
const TRIES: usize = 5;

/// Lists API keys, the ones made last first: those of the tenant that is named, else of all that the caller administers.
#[utoipa::path(
    get, path = "/api/v1/keys", tag = "access", operation_id = "list_keys", params(OneParams),
    responses((status = 200, description = "The keys, without the keys themselves", body = KeyList), ReadProblems)
)]
pub(super) async fn list(Asked { api, scope, .. }: Asked<OneParams>) -> Result<Json<KeyList>, Problem> {
    let found = api.read("list_keys", api.meta.keys(&scope)).await?;
    let now = api.clock.now();
    Ok(Json(KeyList { items: found.into_iter().map(|key| KeyView::of(key, now)).collect() }))
}

/// Makes an API key for the tenant that is named, or with the role `platform` and none for the whole installation. The
/// answer is the only one that holds the key; it opens at once here, and within two seconds everywhere.
#[utoipa::path(
    post, path = "/api/v1/keys", tag = "access", operation_id = "create_key", params(OneParams),
    request_body = NewKeyBody,
    responses(
        (status = 201, description = "The key", body = NewKeyView,
         headers(("ETag" = String, description = "Its version"), ("Location" = String, description = "Its path"))),
        (status = 409, description = "There are too many", body = ProblemView, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn create(
    Asked { api, scope, asking, .. }: Asked<OneParams>,
    body::Json(body): body::Json<NewKeyBody>,
) -> Result<Response, Problem> {
    let grant = match (owner(&scope), body.role.within_tenant()) {
        (Some(tenant), Some(role)) => Grant::Tenant(tenant, role),
        (None, None) => Grant::Platform,
        (None, Some(_)) => return Err(Problem::bad("tenant_id", "", "the tenant that the key is for")),
        (Some(_), None) if !asking.caller.is_platform() => {
            return Err(Problem::RoleTooLow { has: "admin", needed: "platform" });
        }
        (Some(tenant), None) => {
            return Err(Problem::bad(
                "tenant_id",
                tenant.as_str(),
                "no tenant with the role platform, which is in none",
            ));
        }
    };
    let token = Token::mint().map_err(|_| Problem::StoreBroken)?;
    let now = api.clock.now();
    let key = token.to_key(body.name.into(), grant, now, body.expires_at);
    match api.read("put_key", api.meta.put_key(&scope, &key, Replacing::Nothing)).await? {
        Written::Done => {}
        Written::Full => return Err(Problem::TooMany { what: "keys", most: MAX_KEYS }),
        // A new id and a new key are nobody's: only a store that wrote twice what it said failed would know them.
        Written::Changed | Written::Absent | Written::Taken | Written::Outside => return Err(Problem::StoreAway),
    }
    api.tenancy.catch_up().await;
    let view = KeyView::of(key, now);
    asking.targets(&view.key_id.to_string());
    asking.changes(None, Some(&view));
    let place = format!("/api/v1/keys/{}", view.key_id);
    Ok(Tag { version: 1 }.on_new(&place, NewKeyView::of(&token, view)))
}

/// One API key.
#[utoipa::path(
    get, path = "/api/v1/keys/{key_id}", tag = "access", operation_id = "get_key",
    params(("key_id" = String, Path, description = "Its UUID"), OneParams),
    responses(
        (status = 200, description = "The key, without the key itself", body = KeyView,
         headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "There is no such key", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn one(Asked { api, scope, .. }: Asked<OneParams>, id: Part) -> Result<Response, Problem> {
    let key = find(&api, &scope, key_id(id)?).await?;
    Ok(answer(&api, key))
}

/// Changes the name and the expiry of an API key, if it is still the one whose `ETag` is in `If-Match`.
#[utoipa::path(
    put, path = "/api/v1/keys/{key_id}", tag = "access", operation_id = "replace_key",
    params(
        ("key_id" = String, Path, description = "Its UUID"),
        ("If-Match" = String, Header, description = "The `ETag` of what is changed, or `*`"),
        OneParams,
    ),
    request_body = KeyBody,
    responses(
        (status = 200, description = "The key, changed", body = KeyView,
         headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "There is no such key", body = ProblemView, content_type = "application/problem+json"),
        (status = 412, description = "It was changed meanwhile", body = ProblemView, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemView, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn replace(
    Asked { api, scope, asking, .. }: Asked<OneParams>,
    id: Part,
    condition: IfMatch,
    body::Json(body): body::Json<KeyBody>,
) -> Result<Response, Problem> {
    let before = find(&api, &scope, key_id(id)?).await?;
    asking.is_of(before.grant.tenant());
    let version = before.version;
    condition.check(Tag { version })?;
    let after = ApiKey { name: body.name.into(), expires_at: body.expires_at, ..before.clone() };
    let written = api.read("put_key", api.meta.put_key(&scope, &after, Replacing::Version(version))).await?;
    changed(written, KEY, before.id)?;
    api.tenancy.catch_up().await;
    let after = ApiKey { version: version.saturating_add(1), ..after };
    let now = api.clock.now();
    asking.changes(Some(&KeyView::of(before, now)), Some(&KeyView::of(after.clone(), now)));
    Ok(answer(&api, after))
}

/// Revokes an API key for good: it opens nothing from now on here, and within two seconds everywhere. It stays in the list.
/// One that was revoked stays as it is.
#[utoipa::path(
    delete, path = "/api/v1/keys/{key_id}", tag = "access", operation_id = "revoke_key",
    params(("key_id" = String, Path, description = "Its UUID"), OneParams),
    responses(
        (status = 200, description = "The key, revoked", body = KeyView,
         headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "There is no such key", body = ProblemView, content_type = "application/problem+json"),
        (status = 412, description = "Others keep changing it", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn revoke(Asked { api, scope, asking, .. }: Asked<OneParams>, id: Part) -> Result<Response, Problem> {
    let id = key_id(id)?;
    // Whoever revokes a key means whatever version there is.
    for _ in 0..TRIES {
        let before = find(&api, &scope, id).await?;
        asking.is_of(before.grant.tenant());
        if before.revoked_at.is_some() {
            return Ok(answer(&api, before));
        }
        let now = api.clock.now();
        let after = ApiKey { revoked_at: Some(now), ..before.clone() };
        let written = api.read("put_key", api.meta.put_key(&scope, &after, Replacing::Version(before.version))).await?;
        match changed(written, KEY, id) {
            Err(Problem::ChangedMeanwhile) => {}
            Err(problem) => return Err(problem),
            Ok(()) => {
                api.tenancy.catch_up().await;
                let after = ApiKey { version: before.version.saturating_add(1), ..after };
                asking.changes(Some(&KeyView::of(before, now)), Some(&KeyView::of(after.clone(), now)));
                return Ok(answer(&api, after));
            }
        }
    }
    Err(Problem::ChangedMeanwhile)
}

fn key_id(id: Part) -> Result<KeyId, Problem> {
    part("key_id", id, "the UUID of a key")
}

async fn find(api: &Api, scope: &TenantScope, id: KeyId) -> Result<ApiKey, Problem> {
    api.read("get_key", api.meta.key(scope, id)).await?.ok_or_else(|| missing(KEY, id))
}

fn answer(api: &Api, key: ApiKey) -> Response {
    Tag { version: key.version }.on(StatusCode::OK, KeyView::of(key, api.clock.now()))
}

#[cfg(test)]
mod tests {
    use llmtrace_model::{AccessRole, TenantId};

    use super::{super::view::Role, *};

    #[test]
    fn every_role_is_read_as_it_is_written() {
        let tenant: TenantId = "a".parse().unwrap();
        for role in [AccessRole::Viewer, AccessRole::Operator, AccessRole::Admin] {
            let shown = Role::of(&Grant::Tenant(TenantId::clone(&tenant), role));
            assert_eq!(
                (shown.within_tenant(), serde_json::to_value(shown).unwrap()),
                (Some(role), role.as_str().into())
            );
        }
        assert_eq!(Role::of(&Grant::Platform).within_tenant(), None);
    }
}
