//! `/api/v1/me`: who is asking, and their own password.

use axum::{
    Json,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use llmtrace_model::{Actor, TenantScope, User};

use super::{
    accounts, body,
    cookie::Carriage,
    error::{Problem, ProblemView, ReadProblems, WriteProblems},
    query::NoParams,
    read::Asked,
    view::{MeView, PasswordBody},
};

/// Who is asking, and how far they reach: what a page shows follows from it.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "access", operation_id = "get_me",
    responses((status = 200, description = "Who is asking", body = MeView), ReadProblems)
)]
pub(super) async fn me(Asked { api, asking, .. }: Asked<NoParams>) -> Json<MeView> {
    Json(MeView::of(&asking.caller, api.tenancy.mode()))
}

/// Changes the password of whoever is logged in. It ends all their other logins; this one goes on with a new cookie.
#[utoipa::path(
    put, path = "/api/v1/me/password", tag = "access", operation_id = "change_password", request_body = PasswordBody,
    responses(
        (status = 204, description = "Changed", headers(("Set-Cookie" = String, description = "The new cookie"))),
        (status = 403, description = "The old password is wrong, or it is no person who asks", body = ProblemView, content_type = "application/problem+json"),
        (status = 412, description = "Others keep changing this person", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many have failed", body = ProblemView, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn password(
    Asked { api, asking, .. }: Asked<NoParams>,
    carriage: Carriage,
    body::Json(body): body::Json<PasswordBody>,
) -> Result<Response, Problem> {
    let (Actor::User(id), Some(ticket)) = (asking.caller.actor, &asking.ticket) else {
        return Err(Problem::NotAPerson);
    };
    asking.targets(&id.to_string());
    let before = accounts::find(&api, &TenantScope::All, id).await?;
    let is_theirs = api.tenancy.is_password_of(&before, body.old.0).await.map_err(Problem::LoginRefused)?;
    let Some(name) = before.name.as_ref().filter(|_| is_theirs) else { return Err(Problem::WrongPassword) };
    let password = accounts::hashed(&api, "new", body.new, name).await?;
    let sessions_from = accounts::after(api.clock.now());
    let wanted = User { password: Some(password), sessions_from, ..before.clone() };
    let changed = accounts::put(&api, &TenantScope::All, &before, wanted).await?;
    let login = api.tenancy.log_in_anew(&changed, ticket).await.map_err(Problem::LoginRefused)?;
    let cookie = HeaderMap::from_iter([(header::SET_COOKIE, carriage.set(&login.ticket))]);
    Ok((StatusCode::NO_CONTENT, cookie).into_response())
}
