//! The dashboard: what `make web` built from `web/`, embedded in the program and served under `/dashboard`.
//!
//! Hands out files and knows nothing else: what a page shows, it asks the API for. A program that was built without the
//! dashboard serves one page that says how to build it. Boot puts the API's Host check around it.

mod encoding;
mod site;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    response::Response,
    routing::get,
};

use self::site::Site;

/// What a page may load: its own scripts and styles, and the API it came with. Nothing inline, nothing from elsewhere, no
/// frame around it, so that text of a prompt cannot become a script.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

/// What every answer of this room says.
const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // An address can hold what somebody searched for.
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// Everything under `/dashboard`.
pub fn router() -> Router {
    serve(Site::embedded())
}

fn serve(site: Site) -> Router {
    let paths = ["/dashboard", "/dashboard/", "/dashboard/{*rest}"];
    paths
        .into_iter()
        .fold(Router::new(), |router, path| router.route(path, get(answer)))
        .layer(axum::middleware::map_response(harden))
        .with_state(Arc::new(site))
}

async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let path = request.uri().path().strip_prefix("/dashboard").unwrap_or_default();
    site.answer(path.trim_start_matches('/'), request.headers())
}

async fn harden(mut response: Response) -> Response {
    for (name, value) in ALWAYS {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests;
