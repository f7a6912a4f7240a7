//! `/api/v1/accounts`: people who log in. (`/api/v1/users` are the end users whom clients name.)
//!
//! Whoever administers a tenant adds people to it, changes those who are in no other, and takes anybody's role there away;
//! whoever administers the platform changes everybody.

use axum::{Json, http::StatusCode, response::Response};
use llmtrace_model::{Grant, PasswordHash, TenantId, TenantScope, Timestamp, User, UserId, UserName};
use llmtrace_store::{MAX_USERS, Replacing, Written};

use super::{
    Api,
    asking::Asking,
    body,
    error::{Problem, ProblemView, ReadProblems, WriteProblems},
    etag::{IfMatch, Tag},
    query::OneParams,
    read::{Asked, Part, changed, missing, part},
    view::{AccountBody, AccountList, AccountView, AuditedAccount, Hidden, NewAccountBody, Role},
    views::owner,
};
use crate::tenancy::{NewPassword, Unhashed};

/// How often a change that crosses another is tried again, where whoever asks means whatever version there is.
const TRIES: usize = 5;

/// Lists people by name: those of the tenant that is named, else of all that the caller administers.
#[utoipa::path(
    get, path = "/api/v1/accounts", tag = "access", operation_id = "list_accounts", params(OneParams),
    responses((status = 200, description = "The people", body = AccountList), ReadProblems)
)]
pub(super) async fn list(Asked { api, scope, .. }: Asked<OneParams>) -> Result<Json<AccountList>, Problem> {
    let found = api.read("list_users", api.meta.users(&scope)).await?;
    Ok(Json(AccountList { items: found.iter().map(|user| AccountView::of(user, &scope)).collect() }))
}

/// Adds a person to the tenant that is named, or with the role `platform` and none to those who administer the installation.
#[utoipa::path(
    post, path = "/api/v1/accounts", tag = "access", operation_id = "create_account", params(OneParams),
    request_body = NewAccountBody,
    responses(
        (status = 201, description = "The person", body = AccountView,
         headers(("ETag" = String, description = "Its version"), ("Location" = String, description = "Its path"))),
        (status = 409, description = "The name is taken, or there are too many", body = ProblemView, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn create(
    Asked { api, scope, asking, .. }: Asked<OneParams>,
    body::Json(body): body::Json<NewAccountBody>,
) -> Result<Response, Problem> {
    let NewAccountBody { name, display, password, role } = body;
    let grants = granted(Vec::new(), owner(&scope).as_ref(), Some(role), &asking)?;
    let password = match password {
        Some(password) => Some(hashed(&api, "password", password, &name).await?),
        None => None,
    };
    let id = UserId::from_bytes(*uuid::Uuid::new_v4().as_bytes());
    let user = User { display, password, ..User::new(id, name.clone(), grants, api.clock.now()) };
    asking.targets(&user.id.to_string());
    match api.read("put_user", api.meta.put_user(&scope, &user, Replacing::Nothing)).await? {
        Written::Done => {}
        Written::Full => return Err(Problem::TooMany { what: "people", most: MAX_USERS }),
        Written::Taken => return Err(Problem::NameTaken { found: name.to_string() }),
        // A new id is nobody's, and a grant in the scope lies in it.
        Written::Changed | Written::Absent | Written::Outside => return Err(Problem::StoreAway),
    }
    api.tenancy.catch_up().await;
    asking.changes(None, Some(&AuditedAccount::of(&user)));
    let place = format!("/api/v1/accounts/{}", user.id);
    Ok(Tag { version: 1 }.on_new(&place, AccountView::of(&user, &scope)))
}

/// One person.
#[utoipa::path(
    get, path = "/api/v1/accounts/{user_id}", tag = "access", operation_id = "get_account",
    params(("user_id" = String, Path, description = "Their UUID"), OneParams),
    responses(
        (status = 200, description = "The person", body = AccountView,
         headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "There is nobody of that id", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn one(Asked { api, scope, .. }: Asked<OneParams>, id: Part) -> Result<Response, Problem> {
    let user = find(&api, &scope, user_id(id)?).await?;
    Ok(answer(&user, &scope))
}

/// Changes a person, if they are still as they were when they had the `ETag` in `If-Match`. The role is theirs in the tenant
/// that is named, or with none the one for the whole installation. Whoever administers that names any tenant, also one that
/// the person is to come into.
#[utoipa::path(
    put, path = "/api/v1/accounts/{user_id}", tag = "access", operation_id = "replace_account",
    params(
        ("user_id" = String, Path, description = "Their UUID"),
        ("If-Match" = String, Header, description = "The `ETag` of what is changed, or `*`"),
        OneParams,
    ),
    request_body = AccountBody,
    responses(
        (status = 200, description = "The person, changed", body = AccountView,
         headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "There is nobody of that id", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "They reach into other tenants, too, and more than the role was to change", body = ProblemView, content_type = "application/problem+json"),
        (status = 412, description = "They were changed meanwhile", body = ProblemView, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemView, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn replace(
    Asked { api, scope, asking, .. }: Asked<OneParams>,
    id: Part,
    condition: IfMatch,
    body::Json(body): body::Json<AccountBody>,
) -> Result<Response, Problem> {
    let reach = reach(&asking, &scope);
    let before = find(&api, &reach, user_id(id)?).await?;
    concerns(&asking, &scope, &before);
    condition.check(Tag { version: before.version })?;
    let AccountBody { display, disabled, password, role } = body;
    let grants = granted(before.grants.clone(), owner(&scope).as_ref(), role, &asking)?;
    let password = match (password, &before.name) {
        (Some(password), Some(name)) => Some(hashed(&api, "password", password, name).await?),
        (Some(_) | None, _) => None,
    };
    let now = api.clock.now();
    let disabled_at = if disabled { before.disabled_at.or(Some(now)) } else { None };
    let is_void = password.is_some() || (disabled && before.disabled_at.is_none());
    let sessions_from = if is_void { after(now) } else { before.sessions_from };
    let wanted = User {
        display,
        grants,
        disabled_at,
        sessions_from,
        password: password.or_else(|| before.password.clone()),
        ..before.clone()
    };
    let after = put(&api, &reach, &before, wanted).await?;
    asking.changes(Some(&AuditedAccount::of(&before)), Some(&AuditedAccount::of(&after)));
    Ok(answer(&after, &scope))
}

/// Removes a person for good: who they were is forgotten, and their logins end here at once, within two seconds everywhere.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{user_id}", tag = "access", operation_id = "remove_account",
    params(("user_id" = String, Path, description = "Their UUID"), OneParams),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "There is nobody of that id", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "They reach into other tenants, too", body = ProblemView, content_type = "application/problem+json"),
        (status = 412, description = "Others keep changing them", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn remove(
    Asked { api, scope, asking, .. }: Asked<OneParams>,
    id: Part,
) -> Result<StatusCode, Problem> {
    let now = api.clock.now();
    let gone = |user: &User| User { removed_at: Some(now), sessions_from: after(now), ..user.clone() };
    let before = put_any(&api, &scope, &asking, user_id(id)?, gone).await?;
    asking.changes(Some(&AuditedAccount::of(&before)), None);
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all logins of a person: here at once, within two seconds everywhere.
#[utoipa::path(
    post, path = "/api/v1/accounts/{user_id}/logout", tag = "access", operation_id = "log_out_account",
    params(("user_id" = String, Path, description = "Their UUID"), OneParams),
    responses(
        (status = 204, description = "Logged out"),
        (status = 404, description = "There is nobody of that id", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "They reach into other tenants, too", body = ProblemView, content_type = "application/problem+json"),
        (status = 412, description = "Others keep changing them", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn log_out(
    Asked { api, scope, asking, .. }: Asked<OneParams>,
    id: Part,
) -> Result<StatusCode, Problem> {
    let from = after(api.clock.now());
    let void = |user: &User| User { sessions_from: from, ..user.clone() };
    put_any(&api, &scope, &asking, user_id(id)?, void).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The time from which sessions count that are to begin after all that began until `now`.
pub(super) fn after(now: Timestamp) -> Timestamp {
    Timestamp::from_unix_us(now.unix_us().saturating_add(1))
}

/// The hash of a password that was sent in a field.
pub(super) async fn hashed(api: &Api, field: &str, password: Hidden, name: &UserName) -> Result<PasswordHash, Problem> {
    let password = NewPassword::of(password.0, name)
        .map_err(|why| Problem::BadBody { field: field.to_owned(), why: why.to_string() })?;
    api.tenancy.hash_password(password).await.map_err(|why| match why {
        Unhashed::Busy => Problem::LoginRefused(crate::tenancy::LoginRefused::Busy),
        Unhashed::Broken => Problem::StoreBroken,
    })
}

/// Writes one version of a person, and says what they are then.
pub(super) async fn put(api: &Api, reach: &TenantScope, before: &User, wanted: User) -> Result<User, Problem> {
    if let Err(why) = wanted.check() {
        return Err(Problem::BadBody { field: "role".to_owned(), why: why.to_string() });
    }
    write(api, reach, before, &wanted).await?;
    Ok(User { version: before.version.saturating_add(1), ..wanted })
}

/// Changes whatever version of a person there is, and says what they were.
async fn put_any(
    api: &Api,
    scope: &TenantScope,
    asking: &Asking,
    id: UserId,
    change: impl Fn(&User) -> User,
) -> Result<User, Problem> {
    for _ in 0..TRIES {
        let before = find(api, scope, id).await?;
        concerns(asking, scope, &before);
        match write(api, &reach(asking, scope), &before, &change(&before)).await {
            Err(Problem::ChangedMeanwhile) => {}
            written => return written.map(|()| before),
        }
    }
    Err(Problem::ChangedMeanwhile)
}

async fn write(api: &Api, reach: &TenantScope, before: &User, wanted: &User) -> Result<(), Problem> {
    let written = api.read("put_user", api.meta.put_user(reach, wanted, Replacing::Version(before.version))).await?;
    changed(written, "account", before.id)?;
    api.tenancy.catch_up().await;
    Ok(())
}

/// The grants of a person once they have a role in a place, or none any more; the other grants stay.
fn granted(
    mut grants: Vec<Grant>,
    place: Option<&TenantId>,
    role: Option<Role>,
    asking: &Asking,
) -> Result<Vec<Grant>, Problem> {
    let of_platform = |grant: &Grant| *grant == Grant::Platform;
    let grant = match (place, role, role.and_then(Role::within_tenant)) {
        (Some(tenant), Some(_), Some(role)) => Grant::Tenant(tenant.clone(), role),
        (Some(_), Some(_), None) if !asking.caller.is_platform() => {
            return Err(Problem::RoleTooLow { has: "admin", needed: "platform" });
        }
        (Some(tenant), Some(_), None) => {
            let expected = "no tenant with the role platform, which is in none";
            return Err(Problem::bad("tenant_id", tenant.as_str(), expected));
        }
        (Some(tenant), None, _) => {
            grants.retain(|grant| grant.tenant() != Some(tenant));
            return Ok(grants);
        }
        (None, None, _) => {
            grants.retain(|grant| !of_platform(grant));
            return Ok(grants);
        }
        (None, Some(_), Some(_)) => return Err(Problem::bad("tenant_id", "", "the tenant that the role is for")),
        // Whoever reaches everything has no other grant beside.
        (None, Some(_), None) => return Ok(vec![Grant::Platform]),
    };
    if grants.iter().any(of_platform) {
        let why = "they reach everything: take that role away first, without a tenant".to_owned();
        return Err(Problem::BadBody { field: "role".to_owned(), why });
    }
    grants.retain(|other| other.tenant() != place);
    grants.push(grant);
    Ok(grants)
}

/// Says in whose chain of the log a change of somebody stands where no tenant is named: in that of the one they are in.
fn concerns(asking: &Asking, scope: &TenantScope, user: &User) {
    if let (TenantScope::All, [grant]) = (scope, user.grants.as_slice()) {
        asking.is_of(grant.tenant());
    }
}

/// How far a change may go: everywhere for who administers the platform, whatever tenant the role is for.
fn reach(asking: &Asking, scope: &TenantScope) -> TenantScope {
    if asking.caller.is_platform() { TenantScope::All } else { scope.clone() }
}

fn user_id(id: Part) -> Result<UserId, Problem> {
    part("user_id", id, "the UUID of a person")
}

pub(super) async fn find(api: &Api, reach: &TenantScope, id: UserId) -> Result<User, Problem> {
    api.read("get_user", api.meta.user(reach, id)).await?.ok_or_else(|| missing("account", id))
}

fn answer(user: &User, shown: &TenantScope) -> Response {
    Tag { version: user.version }.on(StatusCode::OK, AccountView::of(user, shown))
}
