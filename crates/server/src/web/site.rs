//! The embedded files, and which of them answers a path.

use std::{borrow::Cow, collections::BTreeMap};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

use super::encoding::Encoding;

/// The page that every address of the dashboard shows; the router in it decides what of it.
const INDEX: &str = "index.html";
/// The folder of files whose names change with what is in them.
const HASHED: &str = "assets/";

/// What `make web` left; nothing where it has not run.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Built;

/// The files by path below `/dashboard/`.
#[derive(Default)]
pub(super) struct Site {
    files: BTreeMap<String, File>,
}

/// One file in the encodings it was built in.
#[derive(Default)]
struct File {
    plain: Option<Encoded>,
    gzip: Option<Encoded>,
    brotli: Option<Encoded>,
}

/// The bytes of one encoding and the tag they are known by.
struct Encoded {
    bytes: Bytes,
    tag: HeaderValue,
}

impl Encoded {
    fn new(bytes: Bytes) -> Self {
        let hash = hex::encode(&ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref()[..16]);
        let tag = HeaderValue::try_from(format!("\"{hash}\"")).expect("hex digits and quotes are a header value");
        Self { bytes, tag }
    }
}

impl File {
    fn encoded(&self, encoding: Encoding) -> Option<&Encoded> {
        match encoding {
            Encoding::Brotli => self.brotli.as_ref(),
            Encoding::Gzip => self.gzip.as_ref(),
            Encoding::Identity => self.plain.as_ref(),
        }
    }
}

impl Site {
    /// What was built into this program.
    pub(super) fn embedded() -> Self {
        let bytes = |path: &str| match Built::get(path)?.data {
            Cow::Borrowed(bytes) => Some(Bytes::from_static(bytes)),
            Cow::Owned(bytes) => Some(Bytes::from(bytes)),
        };
        Self::of(Built::iter().filter_map(|path| bytes(&path).map(|bytes| (path.into_owned(), bytes))))
    }

    /// Puts `x.br` and `x.gz` beside the `x` they were made from.
    pub(super) fn of(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let mut site = Self::default();
        for (path, bytes) in files {
            let encoded = Some(Encoded::new(bytes));
            if let Some(of) = path.strip_suffix(".br") {
                site.files.entry(of.to_owned()).or_default().brotli = encoded;
            } else if let Some(of) = path.strip_suffix(".gz") {
                site.files.entry(of.to_owned()).or_default().gzip = encoded;
            } else {
                site.files.entry(path).or_default().plain = encoded;
            }
        }
        site
    }

    /// Answers `path`, which has neither `/dashboard` nor a slash before it.
    pub(super) fn answer(&self, path: &str, headers: &HeaderMap) -> Response {
        if let Some(file) = self.files.get(path) {
            return send(path, file, headers);
        }
        match self.files.get(INDEX) {
            _ if is_file(path) => (StatusCode::NOT_FOUND, "there is no such file in the dashboard\n").into_response(),
            Some(index) => send(INDEX, index, headers),
            None => not_built(),
        }
    }
}

/// Says whether a path can only be a file's, so that a missing script is a 404 and not a page. A page's first segment has no dot; what
/// follows it may (a session is named by its client).
fn is_file(path: &str) -> bool {
    path.starts_with(HASHED) || path.split('/').next().is_some_and(|first| first.contains('.'))
}

fn send(path: &str, file: &File, headers: &HeaderMap) -> Response {
    let Some((encoding, encoded)) = Encoding::taken_by(headers).find_map(|e| Some((e, file.encoded(e)?))) else {
        return StatusCode::NOT_ACCEPTABLE.into_response();
    };
    let mut response = Response::new(Body::empty());
    let keep = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let head = response.headers_mut();
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    head.insert(header::ETAG, encoded.tag.clone());
    head.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if has_it(headers, &encoded.tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    head.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
    if let Some(word) = encoding.word() {
        head.insert(header::CONTENT_ENCODING, HeaderValue::from_static(word));
    }
    *response.body_mut() = Body::from(encoded.bytes.clone());
    response
}

/// Says whether the client names this tag in `If-None-Match`.
fn has_it(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let named = headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    named
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one).as_bytes() == tag.as_bytes())
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// The page of a program that was built without the dashboard.
fn not_built() -> Response {
    const PAGE: &str = include_str!("not_built.html");
    let head = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (head, PAGE).into_response()
}
