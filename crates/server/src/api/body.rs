//! A request's body: JSON of one type, whole, small, and nothing beside it.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::error::{Problem, shorten};

/// The largest body where a route says nothing else.
pub(super) const MAX_BODY: usize = 16 * 1024;
/// The longest wait for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A body that was read, of so many bytes at most.
pub(super) struct Json<T, const MOST: usize = MAX_BODY>(pub(super) T);

impl<T: DeserializeOwned, S: Sync, const MOST: usize> FromRequest<S> for Json<T, MOST> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        check_type(request.headers())?;
        let body = timeout(PATIENCE, whole(request.into_body(), MOST)).await.map_err(|_| Problem::BodyCut)??;
        // Serde would read an array as the fields of an object in their order.
        if body.trim_ascii_start().first() == Some(&b'[') {
            let why = "found an array, expected an object".to_owned();
            return Err(Problem::BadBody { field: String::new(), why });
        }
        let mut reader = serde_json::Deserializer::from_slice(&body);
        let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            Problem::bad_body(if path == "." { "" } else { &path }, error.inner())
        })?;
        reader.end().map_err(|error| Problem::bad_body("", &error))?;
        Ok(Self(read))
    }
}

/// Another media type would let a web page of anybody's send this without asking first.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let media_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::NotJson { found: shorten(&media_type) });
    }
    match text(header::CONTENT_ENCODING) {
        Some(coding) if !coding.eq_ignore_ascii_case("identity") => Err(Problem::NotJson { found: shorten(&coding) }),
        Some(_) | None => Ok(()),
    }
}

async fn whole(body: Body, most: usize) -> Result<bytes::Bytes, Problem> {
    match Limited::new(body, most).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::BodyTooLarge { most }),
        Err(_) => Err(Problem::BodyCut),
    }
}
