//! Who is answered: hosts, methods, paths.

use axum::http::{Method, Request};
use llmtrace_server::api::Access;

use crate::world::{app, app_with, ask, get, record, stores, stores_of};

const ROUTES: [&str; 17] = [
    "/api/v1/tenants",
    "/api/v1/spans",
    "/api/v1/spans/00000000000000ff",
    "/api/v1/traces",
    "/api/v1/traces/000000000000000000000000000000ff",
    "/api/v1/sessions",
    "/api/v1/sessions/nobody",
    "/api/v1/stats",
    "/api/v1/top?by=model",
    "/api/v1/users",
    "/api/v1/agents",
    "/api/v1/info",
    "/api/v1/export",
    "/api/v1/audit",
    "/api/v1/audit/chain",
    "/api/v1/models/prices",
    "/api/v1/openapi.json",
];

#[tokio::test]
async fn a_foreign_host_is_refused_on_every_path() {
    let (stores, _folder) = stores_of(vec![record(0)]).await;
    for store in stores {
        let app = app(store);
        for path in ROUTES.into_iter().chain(["/api/v1", "/api/v1/nothing/here"]) {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
                let request = Request::builder().method(method.clone()).uri(path).header("host", "evil.example:8080");
                let answer = ask(&app, request).await;
                assert_eq!(answer.status, 403, "{method} {path}");
                assert_eq!(answer.header("content-type"), "application/problem+json");
            }
        }
        assert_eq!(ask(&app, Request::get("/api/v1/spans")).await.status, 403, "no host at all");
    }
}

#[tokio::test]
async fn a_listed_host_is_answered() {
    let store = stores().await.0.swap_remove(0);
    let app = app_with(store, Access { allowed_hosts: vec!["llmtrace.internal".to_owned()], ..Access::default() });
    let ask_as = |host: &str| ask(&app, Request::get("/api/v1/spans").header("host", host.to_owned()));
    assert_eq!(ask_as("LLMTRACE.internal:9000").await.status, 200);
    assert_eq!(ask_as("other.internal").await.status, 403);
}

#[tokio::test]
async fn an_unknown_path_is_a_404_problem_for_every_method() {
    let app = app(stores().await.0.swap_remove(0));
    for path in ["/api/v1", "/api/v1/", "/api/v1/span", "/api/v1/spans/", "/api/v1/spans/a/b", "/api/v1//spans"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let request = Request::builder().method(method.clone()).uri(path).header("host", "localhost");
            let answer = ask(&app, request).await;
            assert_eq!(answer.status, 404, "{method} {path}");
            assert_eq!(answer.json()["type"], "urn:llmtrace:problem:no-such-path", "{method} {path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_405_problem_that_names_the_right_ones() {
    let app = app(stores().await.0.swap_remove(0));
    for path in ROUTES {
        let is_trace = path.starts_with("/api/v1/traces/");
        let right = if is_trace { "GET,HEAD,DELETE" } else { "GET,HEAD" };
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            if is_trace && method == Method::DELETE {
                continue;
            }
            let request = Request::builder().method(method.clone()).uri(path).header("host", "localhost");
            let answer = ask(&app, request).await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, right), "{method} {path}");
            assert_eq!(answer.json()["type"], "urn:llmtrace:problem:wrong-method");
        }
    }
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    let (stores, _folder) = stores_of(vec![record(0)]).await;
    for store in stores {
        let app = app(store);
        for path in ROUTES {
            let full = get(&app, path).await;
            let head = ask(&app, Request::head(path).header("host", "localhost")).await;
            assert_eq!((head.status, head.body.len()), (full.status, 0), "{path}");
            assert_eq!(head.header("content-type"), full.header("content-type"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_document_is_served_as_it_is_kept() {
    let app = app(stores().await.0.swap_remove(0));
    let answer = get(&app, "/api/v1/openapi.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.body, llmtrace_server::api::openapi());
}
