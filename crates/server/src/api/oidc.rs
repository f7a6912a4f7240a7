//! `/api/v1/oidc/start` and `/api/v1/oidc/callback`: to the OpenID provider and back, as a browser goes. Whatever goes wrong is
//! said on the login page, by a word in its address.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts, uri::Authority},
    response::{IntoResponse, Response},
};

use super::{Api, asking::Asking, error::Problem, login::Visit, query::decode};
use crate::tenancy::{OidcRefused, Return};

/// The page that people see first.
const HOME: &str = "/dashboard/";
/// The longest address of a page that somebody comes back to.
const MAX_NEXT: usize = 1_024;

/// A browser on its way to the provider or back.
pub(super) struct Trip {
    visit: Visit,
    query: Vec<(String, String)>,
    /// Where the provider sends it back to; nothing where the request names no host.
    back: Option<String>,
    /// What was sealed on the way out.
    sealed: String,
}

impl FromRequestParts<Api> for Trip {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        // Providers add what they like.
        let query = form(parts.uri.query().unwrap_or_default());
        let visit = Visit::of(parts, api);
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or(parts.uri.authority().map(Authority::as_str));
        let host = host.and_then(|host| host.parse::<Authority>().ok()).filter(|host| !host.as_str().contains('@'));
        let back = host.map(|host| format!("{}://{host}/api/v1/oidc/callback", visit.carriage.scheme()));
        let sealed = visit.carriage.trip(&parts.headers).unwrap_or_default();
        Ok(Self { visit, query, back, sealed })
    }
}

impl Trip {
    fn asked(&self, name: &str) -> Option<String> {
        self.query.iter().find(|(of, _)| of == name).map(|(_, value)| value.clone())
    }
}

/// Sends the browser to the provider.
pub(super) async fn start(trip: Trip) -> Response {
    let next = trip.asked("next").filter(|next| is_ours(next)).unwrap_or_else(|| HOME.to_owned());
    let Some(back) = trip.back.clone() else { return to_login(OidcRefused::Failed) };
    match trip.visit.api.tenancy.leave(back, next).await {
        Ok(leaving) => {
            let mut response = see(&leaving.url);
            response.headers_mut().insert(header::SET_COOKIE, trip.visit.carriage.set_trip(&leaving.sealed));
            response
        }
        Err(why) => to_login(why),
    }
}

/// Lets in who comes back from the provider.
pub(super) async fn callback(trip: Trip) -> Response {
    let Visit { api, address, carriage, ticket } = &trip.visit;
    let back = Return { code: trip.asked("code"), state: trip.asked("state"), error: trip.asked("error") };
    let mut response = match api.tenancy.arrive(back, &trip.sealed, *address, ticket.as_ref()).await {
        Ok((login, next)) => {
            let mut response = see(&next);
            response.headers_mut().append(header::SET_COOKIE, carriage.set(&login.ticket));
            response.extensions_mut().insert(Asking::of(login.caller, *address));
            response
        }
        Err(why) => to_login(why),
    };
    response.headers_mut().append(header::SET_COOKIE, carriage.clear_trip());
    response
}

fn to_login(why: OidcRefused) -> Response {
    see(&format!("/dashboard/login?error={}", why.word()))
}

fn see(place: &str) -> Response {
    let place = HeaderValue::try_from(place).unwrap_or(HeaderValue::from_static(HOME));
    (StatusCode::SEE_OTHER, HeaderMap::from_iter([(header::LOCATION, place)])).into_response()
}

/// Whether an address is a page of the dashboard: anything else could send the browser to somebody else's.
fn is_ours(next: &str) -> bool {
    let rest = next.strip_prefix("/dashboard");
    let is_below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let path = next.split('?').next().unwrap_or_default().to_ascii_lowercase().replace("%2e", ".");
    is_below
        && !path.contains("/.")
        && next.len() <= MAX_NEXT
        && next.bytes().all(|b| b.is_ascii_graphic())
        && !next.contains("//")
        && !next.contains('\\')
}

/// The pairs of a query; what is no text is left out.
fn form(query: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decode(name)?, decode(value)?))
    };
    query.split('&').take(32).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_dashboard_are_come_back_to() {
        for ours in ["/dashboard", "/dashboard/", "/dashboard/traces?tag=x&from=2026-01-01T00:00:00Z", "/dashboard?x"] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in [
            "",
            "/",
            "/api/v1/spans",
            "/dashboards",
            "//evil.example/dashboard",
            "/dashboard//evil.example",
            "https://evil.example/dashboard",
            "/dashboard/\\evil.example",
            "/dashboard/\r\nx: y",
            "/dashboard/ä",
            "/dashboard/../api/v1/spans",
            "/dashboard/x/%2E%2e/%2e./api/v1/spans",
        ] {
            assert!(!is_ours(other), "{other}");
        }
        assert!(!is_ours(&format!("/dashboard/{}", "x".repeat(MAX_NEXT))));
    }

    #[test]
    fn a_query_of_a_provider_is_read_whatever_else_is_in_it() {
        let read = form("code=a%2Bb&state=x+y&iss=https%3A%2F%2Fid&bad=%ff&flag");
        let found = |name: &str| read.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str());
        assert_eq!(
            (found("code"), found("state"), found("bad"), found("flag")),
            (Some("a+b"), Some("x y"), None, Some(""))
        );
    }
}
