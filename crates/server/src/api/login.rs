//! `/api/v1/login` and `/api/v1/logout`: a cookie for a browser, so that no page holds a key.

use std::net::IpAddr;

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};

use super::{
    Api,
    asking::Asking,
    body,
    cookie::Carriage,
    error::{Problem, ProblemView, ReadProblems, WriteProblems},
    query::{NoParams, Params, Query},
    view::{LoginBody, LoginProvider, LoginWaysView, MeView},
};
use crate::tenancy::{Caller, Mode, Ticket};

/// Somebody who is not asked who they are: where they come from, and the cookie they have.
pub(super) struct Visit {
    pub(super) api: Api,
    pub(super) address: IpAddr,
    pub(super) carriage: Carriage,
    pub(super) ticket: Option<Ticket>,
}

impl FromRequestParts<Api> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Query::parse(parts.uri.query().unwrap_or(""), NoParams::TABLES)?;
        Ok(Self::of(parts, api))
    }
}

impl Visit {
    pub(super) fn of(parts: &Parts, api: &Api) -> Self {
        let carriage = Carriage::of(&api.access, parts);
        let ticket = carriage.ticket(&parts.headers);
        Self { api: api.clone(), address: api.address_of(parts), carriage, ticket }
    }

    /// Says in the log who it was; whoever is logged in or out is known only now.
    fn was(&self, caller: Caller, response: impl IntoResponse) -> Response {
        let mut response = response.into_response();
        response.extensions_mut().insert(Asking::of(caller, self.address));
        response
    }
}

/// Which ways there are to log in.
#[utoipa::path(
    get, path = "/api/v1/login", tag = "access", operation_id = "get_login", security(()),
    responses((status = 200, description = "The ways", body = LoginWaysView), ReadProblems)
)]
pub(super) async fn ways(visit: Visit) -> Json<LoginWaysView> {
    let tenancy = &visit.api.tenancy;
    let auth_required = tenancy.mode() == Mode::Required;
    let oidc = tenancy.provider().map(|name| LoginProvider { name: name.to_owned() });
    Json(LoginWaysView { auth_required, password: tenancy.has_passwords(), oidc })
}

/// Logs in with an API key, or with a name and a password. The answer sets a cookie, which is a new one each time; what it was
/// before ends.
#[utoipa::path(
    post, path = "/api/v1/login", tag = "access", operation_id = "log_in", security(()), request_body = LoginBody,
    responses(
        (status = 200, description = "Who has logged in", body = MeView,
         headers(("Set-Cookie" = String, description = "The cookie of the login"))),
        (status = 401, description = "The name, the password or the key is wrong, or may not log in", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many have failed", body = ProblemView, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(super) async fn log_in(visit: Visit, body::Json(body): body::Json<LoginBody>) -> Result<Response, Problem> {
    let Visit { api, address, carriage, ticket } = &visit;
    let way = body.way()?;
    let login = api.tenancy.log_in(way, *address, ticket.as_ref()).await.map_err(Problem::LoginRefused)?;
    let me = Json(MeView::of(&login.caller, api.tenancy.mode()));
    Ok(visit.was(login.caller, ([(header::SET_COOKIE, carriage.set(&login.ticket))], me)))
}

/// Logs out: the session ends at once everywhere, and the cookie goes. Without a login nothing happens.
#[utoipa::path(
    post, path = "/api/v1/logout", tag = "access", operation_id = "log_out", security(()),
    responses((status = 204, description = "Logged out"), WriteProblems)
)]
pub(super) async fn log_out(visit: Visit) -> Result<Response, Problem> {
    let Visit { api, address, carriage, ticket } = &visit;
    let gone = (StatusCode::NO_CONTENT, HeaderMap::from_iter([(header::SET_COOKIE, carriage.clear())]));
    let Some(ticket) = ticket else { return Ok(gone.into_response()) };
    match api.tenancy.log_out(ticket, *address).await.map_err(Problem::LoginRefused)? {
        Some(caller) => Ok(visit.was(caller, gone)),
        None => Ok(gone.into_response()),
    }
}
