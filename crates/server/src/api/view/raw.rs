//! The bytes of an exchange in JSON.

use base64::{Engine, engine::general_purpose::STANDARD};
use llmtrace_model::{Raw, RawBody};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The bytes of an exchange as they passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Raw)]
pub struct RawView {
    /// What the client sent, `null` where it sent nothing.
    #[schema(required)]
    pub request: Option<RawBodyView>,
    /// What the provider answered, `null` where it answered nothing.
    #[schema(required)]
    pub response: Option<RawBodyView>,
}

/// One body as it passed, as far as a copy was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RawBody)]
pub struct RawBodyView {
    /// The stated `Content-Type`.
    #[schema(required, example = "application/json")]
    pub media_type: Option<String>,
    /// The stated `Content-Encoding`; the bytes are as it says.
    #[schema(required, example = "gzip")]
    pub content_encoding: Option<String>,
    /// Size of the whole body.
    pub size_bytes: u64,
    /// Bytes that are missing between `head` and `tail`.
    pub omitted_bytes: u64,
    /// How `head` and `tail` are written.
    pub encoding: RawEncoding,
    /// The first bytes.
    pub head: String,
    /// The last bytes, where some between are missing; else empty, or what follows `head`.
    pub tail: String,
}

/// How bytes are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawEncoding {
    /// As the text they are.
    Utf8,
    /// In Base64 (RFC 4648, section 4), because they are no UTF-8, or were cut inside of a character.
    Base64,
}

impl From<Raw> for RawView {
    fn from(Raw { request, response }: Raw) -> Self {
        let some = |body: RawBody| (body.size_bytes > 0).then(|| body.into());
        Self { request: some(request), response: some(response) }
    }
}

impl From<RawBody> for RawBodyView {
    fn from(body: RawBody) -> Self {
        let omitted_bytes = body.omitted_bytes();
        let (encoding, head, tail) = match (std::str::from_utf8(&body.head), std::str::from_utf8(&body.tail)) {
            (Ok(head), Ok(tail)) => (RawEncoding::Utf8, head.to_owned(), tail.to_owned()),
            _ => (RawEncoding::Base64, STANDARD.encode(&body.head), STANDARD.encode(&body.tail)),
        };
        Self {
            media_type: body.media_type,
            content_encoding: body.content_encoding,
            size_bytes: body.size_bytes,
            omitted_bytes,
            encoding,
            head,
            tail,
        }
    }
}
