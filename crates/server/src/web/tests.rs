//! What is served for which path, of a site made for the test and of the one that was built in.

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode},
};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::{serve, site::Site};

const FILES: [(&str, &str); 6] = [
    ("index.html", "<!doctype html>index"),
    ("index.html.br", "index in brotli"),
    ("assets/app-1a2b.js", "let plain"),
    ("assets/app-1a2b.js.br", "let brotli"),
    ("assets/app-1a2b.js.gz", "let gzip"),
    ("favicon.svg", "<svg/>"),
];

fn built() -> Router {
    serve(Site::of(FILES.map(|(path, text)| (path.to_owned(), Bytes::from_static(text.as_bytes())))))
}

struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(router: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> Got {
    let request = headers.iter().fold(Request::builder().method(method).uri(path), |r, (n, v)| r.header(*n, *v));
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Got { status: head.status, headers: head.headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
}

async fn get(path: &str, headers: &[(&str, &str)]) -> Got {
    ask(&built(), "GET", path, headers).await
}

#[tokio::test]
async fn every_page_path_shows_the_index() {
    for path in
        ["/dashboard", "/dashboard/", "/dashboard/traces", "/dashboard/traces/07", "/dashboard/sessions/a.b%2Fc"]
    {
        let got = get(path, &[]).await;
        assert_eq!((got.status, got.body.as_str()), (StatusCode::OK, "<!doctype html>index"), "{path}");
        assert_eq!(got.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(got.header("cache-control"), "no-cache");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_a_404_and_not_the_index() {
    for path in ["/dashboard/assets/app-0000.js", "/dashboard/assets/x", "/dashboard/assets/", "/dashboard/x.js"] {
        let got = get(path, &[]).await;
        assert_eq!(got.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!got.body.contains("index"), "{path}");
    }
}

#[tokio::test]
async fn a_hashed_name_is_kept_for_ever_and_other_files_are_asked_for_again() {
    let got = get("/dashboard/assets/app-1a2b.js", &[]).await;
    assert_eq!(got.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(got.header("content-type"), "text/javascript; charset=utf-8");
    let got = get("/dashboard/favicon.svg", &[]).await;
    assert_eq!((got.header("cache-control"), got.header("content-type")), ("no-cache", "image/svg+xml"));
}

#[tokio::test]
async fn the_smallest_encoding_that_a_client_takes_is_sent() {
    let js = "/dashboard/assets/app-1a2b.js";
    for (asked, encoding, body) in [
        ("gzip, br", "br", "let brotli"),
        ("gzip", "gzip", "let gzip"),
        ("zstd", "", "let plain"),
        ("", "", "let plain"),
    ] {
        let got = get(js, &[("accept-encoding", asked)]).await;
        assert_eq!((got.header("content-encoding"), got.body.as_str()), (encoding, body), "{asked}");
        assert_eq!(got.header("vary"), "accept-encoding");
        assert_eq!(got.header("content-type"), "text/javascript; charset=utf-8");
    }
    let got = get("/dashboard", &[("accept-encoding", "gzip")]).await;
    assert_eq!(
        (got.header("content-encoding"), got.body.as_str()),
        ("", "<!doctype html>index"),
        "no gzip of it is there"
    );
}

#[tokio::test]
async fn a_client_that_has_the_index_gets_no_body() {
    let first = get("/dashboard", &[("accept-encoding", "br")]).await;
    let tag = first.header("etag");
    let again = get("/dashboard/traces", &[("accept-encoding", "br"), ("if-none-match", tag)]).await;
    assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(again.header("etag"), tag);
    let plain = get("/dashboard", &[("if-none-match", tag)]).await;
    assert_eq!(plain.status, StatusCode::OK, "another encoding is another body");
}

#[tokio::test]
async fn every_answer_is_strict() {
    for router in [built(), serve(Site::default())] {
        for (method, path) in [
            ("GET", "/dashboard"),
            ("HEAD", "/dashboard/traces"),
            ("GET", "/dashboard/assets/x"),
            ("POST", "/dashboard"),
        ] {
            let got = ask(&router, method, path, &[]).await;
            let policy = got.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!(got.header("x-content-type-options"), "nosniff", "{method} {path}");
            assert_eq!(got.header("referrer-policy"), "no-referrer", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn only_reading_is_allowed() {
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let got = ask(&built(), method, "/dashboard/traces", &[]).await;
        assert_eq!(got.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(got.header("allow"), "GET,HEAD");
    }
    let got = ask(&built(), "HEAD", "/dashboard", &[]).await;
    assert_eq!((got.status, got.body.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn a_program_without_the_dashboard_says_how_to_build_it() {
    let without = serve(Site::default());
    let got = ask(&without, "GET", "/dashboard/traces", &[]).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(got.body.contains("make web"), "{}", got.body);
    assert_eq!(got.header("cache-control"), "no-store");
    assert_eq!(ask(&without, "GET", "/dashboard/assets/x.js", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_was_built_in_answers() {
    let got = ask(&super::router(), "GET", "/dashboard", &[]).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(got.body.contains("<title>LLMTrace"), "{}", got.body);
}
