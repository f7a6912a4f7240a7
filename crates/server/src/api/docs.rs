//! `/api/docs`: the OpenAPI document as a page to read and to try. Swagger UI, from a crate that carries its files: nothing is
//! fetched from elsewhere, neither when this is built nor when the page is opened.
//!
//! `/api/docs` is the only path of ours there, so the files that the page asks for are under `/api/v1/docs`.

use std::sync::{Arc, LazyLock};

use axum::{
    extract::{Path, rejection::PathRejection},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use utoipa_swagger_ui::Config;

use super::{error::Problem, read::missing};

/// Scripts and styles of ours alone, questions to ourselves alone, and in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("docs/page.html");
const START: &str = include_str!("docs/start.js");

/// What of Swagger UI the page asks for, with its media type.
const FILES: &[(&str, &str)] =
    &[("swagger-ui.css", "text/css; charset=utf-8"), ("swagger-ui-bundle.js", "text/javascript; charset=utf-8")];

/// The page.
pub(super) async fn page() -> Response {
    let policy = (header::CONTENT_SECURITY_POLICY, POLICY);
    let head = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        policy,
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    (head, PAGE).into_response()
}

/// One of its files.
pub(super) async fn file(name: Result<Path<String>, PathRejection>) -> Result<Response, Problem> {
    static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| Arc::new(Config::from("/api/v1/openapi.json")));
    let name = name.map(|Path(name)| name).unwrap_or_default();
    if name == "start.js" {
        return Ok(([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], START).into_response());
    }
    let known = FILES.iter().find(|(file, _)| *file == name).ok_or_else(|| missing("file", &name))?;
    let (file, media_type) = *known;
    let Ok(Some(found)) = utoipa_swagger_ui::serve(file, Arc::clone(&CONFIG)) else {
        return Err(missing("file", file));
    };
    let mut response = ([(header::CONTENT_TYPE, media_type)], found.bytes.into_owned()).into_response();
    if found.gzpipped {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}
