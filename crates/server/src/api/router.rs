//! The one list of routes, and what surrounds each: the Host check, strict headers, a count.

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{MethodRouter, any, delete, get},
};
use tokio::time::Instant;

use super::{
    Api, access, docs, document, erasures,
    error::{Problem, shorten},
    export, info, models, people, raw, retention, sessions, spans, stats, tail, tenants, traces, views,
};

/// A route: its path, and what answers there.
type Route = (&'static str, fn() -> MethodRouter<Api>);

/// Every route. A new one is a line here and a line in `document.rs`; a test compares the two.
pub(super) const ROUTES: &[Route] = &[
    ("/api/v1/traces", || get(traces::list)),
    ("/api/v1/traces/{trace_id}", || get(traces::one).delete(erasures::remove_trace)),
    ("/api/v1/spans", || get(spans::list)),
    ("/api/v1/spans/{span_id}", || get(spans::one)),
    ("/api/v1/spans/{span_id}/raw", || get(raw::raw)),
    ("/api/v1/tail", || get(tail::tail)),
    ("/api/v1/sessions", || get(sessions::list)),
    ("/api/v1/sessions/{session_id}", || get(sessions::one)),
    ("/api/v1/stats", || get(stats::stats)),
    ("/api/v1/top", || get(stats::top)),
    ("/api/v1/users", || get(people::users)),
    ("/api/v1/agents", || get(people::agents)),
    ("/api/v1/info", || get(info::info)),
    ("/api/v1/tenants", || get(tenants::list)),
    ("/api/v1/tenants/{tenant_id}", || delete(erasures::remove_tenant)),
    ("/api/v1/tenants/{tenant_id}/retention", || get(retention::get).put(retention::put).delete(retention::remove)),
    ("/api/v1/erasures", || get(erasures::list).post(erasures::create)),
    ("/api/v1/erasures/{erasure_id}", || get(erasures::one)),
    ("/api/v1/models/prices", || get(models::prices)),
    ("/api/v1/export", || get(export::export)),
    ("/api/v1/views", || get(views::list).post(views::create)),
    ("/api/v1/views/{view_id}", || get(views::one).put(views::replace).delete(views::remove)),
    ("/api/v1/openapi.json", || get(document::serve)),
];

/// The page that shows the document, and what it is made of; no part of the API itself.
const PAGES: &[Route] = &[("/api/docs", || get(docs::page)), ("/api/v1/docs/{file}", || get(docs::file))];

/// Everything under `/api/v1`, where what is not a route is a 404 problem, and the page `/api/docs`.
pub fn router(api: Api) -> Router {
    let routes = ROUTES.iter().chain(PAGES).fold(Router::new(), |router, (path, route)| router.route(path, route()));
    let rest = ["/api/v1", "/api/v1/", "/api/v1/{*rest}"];
    rest.into_iter()
        .fold(routes, |router, path| router.route(path, any(no_such_path)))
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(api.clone(), surround))
        .with_state(api)
}

/// Around every route: a host we do not serve gets no further, nor does a write from elsewhere, and every answer is strict
/// and counted.
async fn surround(State(api): State<Api>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().and_then(|m| known(m.as_str())).unwrap_or("none");
    let allowed = api.access.check_host(request.uri(), request.headers()).and_then(|()| {
        if request.method().is_safe() { Ok(()) } else { access::check_origin(request.uri(), request.headers()) }
    });
    let mut response = match allowed {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    harden(response.headers_mut());
    api.events.api_answered(route, response.status().as_u16(), started.elapsed());
    response
}

/// The route as a label: the list's own text, so that no caller can add a value.
fn known(path: &str) -> Option<&'static str> {
    ROUTES.iter().chain(PAGES).map(|(route, _)| *route).find(|route| *route == path)
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

    use super::*;

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
        let routed: BTreeSet<&str> = ROUTES.iter().map(|(path, _)| *path).collect();
        assert_eq!(described, routed);
    }
}
