//! Which room a request belongs to. Our own routes match exactly; every other path is the upstream's.

use axum::{Router, response::IntoResponse};
use http::{Method, Request, StatusCode, header};

/// What a listener offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// Everything: proxy, probes, API.
    All,
    /// Proxy and probes; the API is on the admin listener.
    Public,
    /// Probes and API, nothing is forwarded.
    Admin,
}

/// Who answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// One of our own routes, or our own 404.
    Own,
    /// The front lane.
    Forward,
}

/// Paths that are ours; the log names them at the start, because they hide the upstream's.
pub(crate) const OWN: [&str; 9] = [
    "/health",
    "/livez",
    "/readyz",
    "/metrics",
    "/api/v1",
    "/api/docs",
    "/dashboard",
    "POST /v1/traces",
    "POST /v1/logs",
];

/// Answers our own paths that this listener has nothing at (the dashboard beside an admin listener, OTLP): they must not reach a provider
/// instead.
pub fn nothing_here() -> Router {
    Router::new().fallback(async |request: axum::extract::Request| {
        let path: String = request.uri().path().chars().take(128).collect();
        let problem = serde_json::json!({
            "type": "about:blank", "title": "Not Found", "status": 404,
            "detail": format!("there is nothing at {path} on this listener; the path is not forwarded"),
        });
        (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "application/problem+json")], problem.to_string())
            .into_response()
    })
}

/// Says who answers.
pub(super) fn of<B>(surface: Surface, request: &Request<B>) -> Room {
    let path = request.uri().path();
    let is_probe = matches!(path, "/health" | "/livez" | "/readyz" | "/metrics");
    let is_own = is_probe || is_under(path, "/api/v1") || path == "/api/docs" || is_under(path, "/dashboard");
    match surface {
        Surface::Admin => Room::Own,
        Surface::All | Surface::Public if is_own || is_telemetry(request) => Room::Own,
        Surface::All | Surface::Public => Room::Forward,
    }
}

fn is_under(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// OTLP over HTTP: a provider must never see an application's telemetry, so these two paths are ours with its media types.
fn is_telemetry<B>(request: &Request<B>) -> bool {
    if request.method() != Method::POST || !matches!(request.uri().path(), "/v1/traces" | "/v1/logs") {
        return false;
    }
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    matches!(essence, "application/x-protobuf" | "application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(surface: Surface, method: &str, path: &str, content_type: &str) -> Room {
        let request = Request::builder().method(method).uri(path).header("content-type", content_type);
        of(surface, &request.body(()).unwrap())
    }

    #[test]
    fn own_routes_match_exactly_and_everything_else_is_forwarded() {
        for own in ["/health", "/metrics?x", "/api/v1", "/api/v1/spans", "/api/docs", "/dashboard", "/dashboard/x"] {
            assert_eq!(room(Surface::All, "GET", own, ""), Room::Own, "{own}");
        }
        for other in ["/", "/health/", "/healthz", "/api/v1x", "/api/v2", "/api/docs/x", "/v1/models", "/dashboards"] {
            assert_eq!(room(Surface::All, "GET", other, ""), Room::Forward, "{other}");
        }
    }

    #[test]
    fn telemetry_is_ours_only_with_its_media_type() {
        assert_eq!(room(Surface::All, "POST", "/v1/traces", "application/x-protobuf"), Room::Own);
        assert_eq!(room(Surface::All, "POST", "/v1/logs", "application/json; charset=utf-8"), Room::Own);
        assert_eq!(room(Surface::All, "GET", "/v1/traces", "application/json"), Room::Forward);
        assert_eq!(room(Surface::All, "POST", "/v1/traces", "text/plain"), Room::Forward);
    }

    #[test]
    fn the_admin_listener_forwards_nothing() {
        assert_eq!(room(Surface::Admin, "POST", "/v1/chat/completions", "application/json"), Room::Own);
    }
}
