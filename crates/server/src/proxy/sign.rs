//! Signs requests for AWS (Signature Version 4), after everything that changes them.
//!
//! A client of the proxy signs for our host, so AWS would refuse its signature. An upstream with `credential: aws` replaces
//! it by one made with the operator's keys; a client need have none. Whoever sends another credential, as a Bedrock API key
//! is, keeps it. Source: AWS, "Create a signed AWS API request" (2026-10). Why not a crate: docs/adr/0014.

use std::{borrow::Cow, fmt::Write as _};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use http_body::Body as _;
use llmtrace_model::Timestamp;
use ring::{digest, hmac};

use super::{body::Outbound, refusal::Refusal};
use crate::config::Secret;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const PAYLOAD: HeaderName = HeaderName::from_static("x-amz-content-sha256");
/// How much of a body is hashed before other requests have their turn: some ten microseconds of work.
const SLICE: usize = 32 * 1024;

/// What requests to one upstream are signed with.
pub struct AwsSigner {
    /// The region that serves them, as in `us-east-1`.
    pub region: String,
    /// The service, as in `bedrock`.
    pub service: String,
    /// The id of the access key.
    pub access_key_id: Secret,
    /// Its secret.
    pub secret_access_key: Secret,
    /// The token that temporary keys come with.
    pub session_token: Option<Secret>,
}

impl AwsSigner {
    /// Replaces what the client signed by our own signature over exactly what is sent; all other fields stay in their order.
    pub(super) async fn sign(&self, request: &mut Request<Outbound>, now: Timestamp) -> Result<(), Refusal> {
        if request.headers().get(header::AUTHORIZATION).is_some_and(|value| !is_aws(value)) {
            return Ok(());
        }
        let payload = match request.body() {
            Outbound::Held { data, .. } => payload_hash(data.clone().unwrap_or_default()).await,
            streamed @ Outbound::Streamed(_) if streamed.is_end_stream() => payload_hash(Bytes::new()).await,
            Outbound::Streamed(_) => return Err(Refusal::Unsignable),
        };
        let date = date_of(now);
        let mut headers = without_signature(std::mem::take(request.headers_mut()));
        headers.insert(DATE, visible(&date));
        if let Some(token) = &self.session_token {
            headers.insert(TOKEN, secret(token.expose()));
        }
        let uri = request.uri();
        let to_sign = ToSign {
            method: request.method().as_str(),
            path: uri.path(),
            query: uri.query().unwrap_or(""),
            headers: &headers,
            payload: &payload,
        };
        let authorization = self.authorization(&to_sign, &date);
        headers.insert(header::AUTHORIZATION, secret(&authorization));
        *request.headers_mut() = headers;
        Ok(())
    }

    /// The `Authorization` header of a request.
    fn authorization(&self, request: &ToSign<'_>, date: &str) -> String {
        let day = date.get(..8).unwrap_or(date);
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let (canonical, signed) = request.canonical();
        let text = format!("{ALGORITHM}\n{date}\n{scope}\n{}", hex::encode(sha256(&canonical)));
        let start = Bytes::from(format!("AWS4{}", self.secret_access_key.expose()));
        let key = scope.split('/').fold(start, |key, part| hmac_sha256(&key, part));
        let signature = hex::encode(hmac_sha256(&key, &text));
        let id = self.access_key_id.expose();
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={signed}, Signature={signature}")
    }
}

/// What a signature covers.
struct ToSign<'a> {
    method: &'a str,
    /// As it is sent, percent-encoded.
    path: &'a str,
    query: &'a str,
    headers: &'a HeaderMap,
    payload: &'a str,
}

impl ToSign<'_> {
    /// The request in the form that is signed, and the names of the headers in it.
    fn canonical(&self) -> (Vec<u8>, String) {
        let mut names: Vec<&str> = self.headers.keys().map(HeaderName::as_str).filter(|name| is_signed(name)).collect();
        names.sort_unstable();
        let signed = names.join(";");
        let mut out = format!("{}\n{}\n{}\n", self.method, path_of(self.path), query_of(self.query)).into_bytes();
        for name in names {
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            for (at, value) in self.headers.get_all(name).iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                let mut words = value.as_bytes().split(|b| *b == b' ').filter(|word| !word.is_empty());
                out.extend_from_slice(words.next().unwrap_or_default());
                for word in words {
                    out.push(b' ');
                    out.extend_from_slice(word);
                }
            }
            out.push(b'\n');
        }
        out.extend_from_slice(format!("\n{signed}\n{}", self.payload).as_bytes());
        (out, signed)
    }
}

/// AWS wants the host and every field of its own signed; the type of the body belongs to the body.
fn is_signed(name: &str) -> bool {
    name == "host" || name == "content-type" || name.starts_with("x-amz-")
}

fn is_aws(value: &HeaderValue) -> bool {
    value.as_bytes().starts_with(b"AWS4-")
}

/// The fields in their order, without those of the client's signature.
fn without_signature(headers: HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(headers.len() + 3);
    let mut last = None;
    for (name, value) in headers {
        // A name comes once, with the first of its values.
        last = name.or(last);
        let Some(name) = &last else { continue };
        if ![header::AUTHORIZATION, DATE, TOKEN, PAYLOAD].contains(name) {
            kept.append(name.clone(), value);
        }
    }
    kept
}

/// The path without empty and dotted segments, each segment encoded once more: it is sent encoded, and signed so twice.
fn path_of(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut out = String::with_capacity(path.len() + 16);
    for segment in &segments {
        out.push('/');
        encode(segment.as_bytes(), &mut out);
    }
    if segments.is_empty() || path.ends_with('/') {
        out.push('/');
    }
    out
}

/// Names and values encoded anew, in the order of their encoded bytes.
fn query_of(query: &str) -> String {
    let encoded = |text: &str| {
        let mut out = String::with_capacity(text.len());
        encode(&decoded(text), &mut out);
        out
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<(String, String)> = pairs.map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort();
    pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Every byte but RFC 3986's unreserved ones as `%XX`.
fn encode(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(*byte)),
            byte => write!(out, "%{byte:02X}").expect("a String takes every text"),
        }
    }
}

fn decoded(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return Cow::Borrowed(text.as_bytes());
    }
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [byte, behind @ ..] = rest {
        let code = match (byte, behind) {
            (b'%', [high, low, ..]) => hex::decode([*high, *low]).ok().and_then(|code| code.first().copied()),
            _ => None,
        };
        out.push(code.unwrap_or(*byte));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    Cow::Owned(out)
}

/// `20150830T123600Z`.
fn date_of(now: Timestamp) -> String {
    // RFC 3339 in UTC, without its marks and its fraction.
    let text = now.to_string();
    let whole = text.split('.').next().unwrap_or(&text);
    let digits: String = whole.chars().filter(|c| !matches!(c, '-' | ':' | 'Z')).collect();
    format!("{digits}Z")
}

/// The hash of a body in hex. Long ones are hashed in slices, so that they hold up nobody.
async fn payload_hash(body: Bytes) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for (at, slice) in body.chunks(SLICE).enumerate() {
        if at > 0 {
            tokio::task::yield_now().await;
        }
        context.update(slice);
    }
    hex::encode(context.finish())
}

fn sha256(bytes: &[u8]) -> digest::Digest {
    digest::digest(&digest::SHA256, bytes)
}

fn hmac_sha256(key: &[u8], text: &str) -> Bytes {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    Bytes::copy_from_slice(hmac::sign(&key, text.as_bytes()).as_ref())
}

fn visible(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// A value that no debug output shows.
fn secret(text: &str) -> HeaderValue {
    let mut value = visible(text);
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests;
