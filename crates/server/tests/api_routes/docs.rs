//! The page that shows the OpenAPI document: whole, from here alone, for hosts we serve.

use axum::http::Request;

use crate::world::{app, ask, get, stores};

#[tokio::test]
async fn the_page_and_every_file_it_names_are_served_from_here() {
    let app = app(stores().await.0.swap_remove(0));
    let page = get(&app, "/api/docs").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    let html = std::str::from_utf8(&page.body).unwrap().to_owned();
    let named: Vec<&str> = html.split(['"', '\'']).filter(|text| text.starts_with("/api/v1/docs/")).collect();
    assert_eq!(named.len(), 3, "{html}");
    for file in named {
        let answer = get(&app, file).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-content-type-options")), (200, "nosniff"), "{file}");
        let is_packed = answer.header("content-encoding") == "gzip";
        assert_eq!(is_packed, answer.body.starts_with(&[0x1f, 0x8b]), "{file} says how it is packed");
        let media_type =
            if file.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
        assert_eq!(answer.header("content-type"), media_type, "{file}");
    }
    assert_eq!(get(&app, "/api/v1/docs/index.html").await.status, 404, "nothing else of the crate is served");
    assert_eq!(get(&app, "/api/v1/docs/swagger-initializer.js").await.status, 404);
}

#[tokio::test]
async fn the_page_runs_no_foreign_script_and_stands_in_no_frame() {
    let app = app(stores().await.0.swap_remove(0));
    let page = get(&app, "/api/docs").await;
    let policy = page.header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(
        !policy.contains("unsafe-inline") && !policy.contains("unsafe-eval") && !policy.contains("http"),
        "{policy}"
    );
    let html = std::str::from_utf8(&page.body).unwrap().to_owned();
    assert!(!html.contains("://") && !html.contains("<style") && !html.contains("script>\n  "), "{html}");
}

#[tokio::test]
async fn a_foreign_host_gets_neither_the_page_nor_its_files() {
    let app = app(stores().await.0.swap_remove(0));
    for path in ["/api/docs", "/api/v1/docs/start.js", "/api/v1/docs/swagger-ui.css"] {
        assert_eq!(ask(&app, Request::get(path).header("host", "evil.example")).await.status, 403, "{path}");
    }
}
