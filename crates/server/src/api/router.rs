//! What surrounds every route: who may ask, strict headers, a line in the log, a count.

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::any,
};
use tokio::time::Instant;

use super::{
    Api, access,
    asking::Asking,
    cookie::Carriage,
    error::{Problem, shorten},
    routes::{PAGES, ROUTES, Route, Rule},
};
use crate::tenancy::Denied;

/// Everything under `/api/v1`, where what is not a route is a 404 problem, and the page `/api/docs`.
pub fn router(api: Api) -> Router {
    let routes =
        ROUTES.iter().chain(PAGES).fold(Router::new(), |router, route| router.route(route.path, (route.serve)()));
    let rest = ["/api/v1", "/api/v1/", "/api/v1/{*rest}"];
    rest.into_iter()
        .fold(routes, |router, path| router.route(path, any(no_such_path)))
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(api.clone(), surround))
        .with_state(api)
}

/// Around every route: a host we do not serve gets no further, nor does a write from elsewhere, nor who may not ask; what was
/// done is written down, and every answer is strict and counted.
async fn surround(State(api): State<Api>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (mut parts, body) = request.into_parts();
    let route = parts.extensions.get::<MatchedPath>().and_then(|m| known(m.as_str()));
    let rule = route.map_or(Rule::NONE, |route| route.rule(&parts.method));
    let carriage = Carriage::of(&api.access, &parts);
    let mut response = match check(&api, &mut parts, rule).await {
        Ok(None) => {
            let mut response = next.run(Request::from_parts(parts, body)).await;
            // Who logs in or out is known by the answer only.
            match response.extensions_mut().remove::<Asking>() {
                Some(asking) => api.write_down(&asking, rule.logged, response).await,
                None => response,
            }
        }
        Ok(Some(asking)) => {
            parts.extensions.insert(asking.clone());
            let response = next.run(Request::from_parts(parts, body)).await;
            api.write_down(&asking, rule.logged, response).await
        }
        Err(problem) => {
            let has_ended = problem == Problem::Denied(Denied::NoSession);
            let mut response = problem.into_response();
            if has_ended {
                // So that the browser does not show it again.
                response.headers_mut().insert(header::SET_COOKIE, carriage.clear());
            }
            response
        }
    };
    harden(response.headers_mut());
    let label = route.map_or("none", |route| route.path);
    api.events.api_answered(label, response.status().as_u16(), started.elapsed());
    response
}

async fn check(api: &Api, parts: &mut Parts, rule: Rule) -> Result<Option<Asking>, Problem> {
    api.access.check_host(&parts.uri, &parts.headers)?;
    if !parts.method.is_safe() {
        access::check_origin(&parts.uri, &parts.headers)?;
    }
    api.admit(parts, rule).await
}

/// The route of a path: the list's own text is its label, so that no caller can add a value.
fn known(path: &str) -> Option<&'static Route> {
    ROUTES.iter().chain(PAGES).find(|route| route.path == path)
}

/// What every answer of ours says: keep no copy, and take the content for what it is stated to be.
pub(super) fn harden(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

async fn no_such_path(request: Request) -> Problem {
    Problem::NoSuchPath { found: shorten(request.uri().path()) }
}

async fn wrong_method(method: Method) -> Problem {
    Problem::WrongMethod { found: shorten(method.as_str()) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{
        super::{document, routes::Logged},
        *,
    };

    #[test]
    fn the_guide_names_every_action_of_the_audit_log() {
        let guide = include_str!("../../../../docs/guide/audit.md");
        for (method, rule) in ROUTES.iter().flat_map(|route| route.rules) {
            let (Logged::Read(action) | Logged::Change(action)) = rule.logged else { continue };
            assert!(guide.contains(&format!("`{action}`")), "{action} ({method}) is not in docs/guide/audit.md");
        }
    }

    #[test]
    fn the_document_and_the_router_name_the_same_routes() {
        let document: serde_json::Value = serde_json::from_str(&document::openapi()).unwrap();
        let described: BTreeSet<&str> = document["paths"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .filter(|p| p.starts_with("/api"))
            .collect();
        let routed: BTreeSet<&str> = ROUTES.iter().map(|route| route.path).collect();
        assert_eq!(described, routed);
        for route in ROUTES {
            let methods = |item: &serde_json::Value| item.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
            let ruled: BTreeSet<String> = route.rules.iter().map(|(method, _)| method.to_lowercase()).collect();
            assert_eq!(methods(&document["paths"][route.path]), ruled, "{}: each method has a rule", route.path);
        }
    }
}
