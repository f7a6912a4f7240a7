//! Reading the request: JSON bodies are held whole, because the decision needs them; everything else streams through.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use llmtrace_wire::{Head, Signed, View};
use tokio::time::timeout;

use super::{
    admit::{Buffer, Held},
    body::{Outbound, Tee, Upload},
    recorder,
    refusal::Refusal,
    slot::Slot,
};

/// A request body, read as far as it has to be.
pub(super) enum Inbound {
    /// Held whole, exactly as received.
    Held {
        /// The bytes.
        body: Bytes,
        /// Trailer fields.
        trailers: Option<HeaderMap>,
        /// What it says.
        view: View,
        /// Its part of the shared memory.
        held: Held,
    },
    /// Passing as a stream.
    Streamed(Outbound, std::sync::Arc<Upload>),
}

/// What reading needs to know.
pub(super) struct Reader<'a> {
    pub(super) buffer: &'a Buffer,
    pub(super) max_request_size_bytes: usize,
    pub(super) capture_max_bytes: usize,
    pub(super) idle_timeout: Duration,
}

/// Reads the body, or arranges for it to stream.
pub(super) async fn inbound(
    reader: &Reader<'_>,
    head: &Head<'_>,
    headers: &HeaderMap,
    body: Incoming,
    slot: &mut Slot,
) -> Result<Inbound, Refusal> {
    if !body.is_end_stream() && !is_json(head.content_type) {
        let upload = Upload::new(reader.capture_max_bytes);
        slot.request_streams(upload.clone());
        return Ok(Inbound::Streamed(Outbound::Streamed(Tee::new(body, upload.clone())), upload));
    }
    let mut held = reader.buffer.hold();
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    let (body, trailers) = collect(reader, body, announced, &mut held).await?;
    slot.request_held(recorder::of_held(&body, reader.capture_max_bytes));
    let view = llmtrace_wire::inspect(head, &body);
    Ok(Inbound::Held { body, trailers, view, held })
}

/// Collects the body. An announced size over the bound is refused before a byte (and before `100 Continue`).
async fn collect(
    reader: &Reader<'_>,
    mut body: Incoming,
    announced: Option<usize>,
    held: &mut Held,
) -> Result<(Bytes, Option<HeaderMap>), Refusal> {
    let limit = reader.max_request_size_bytes;
    if announced.is_some_and(|n| n > limit) {
        return Err(Refusal::TooLarge { limit });
    }
    held.grow_to(announced.unwrap_or(0))?;
    let (mut first, mut whole, mut trailers) = (Bytes::new(), BytesMut::new(), None);
    // A client that stands still would keep its part of the shared memory for good.
    // Cancel-safe: a frame is either returned or still in the body.
    while let Some(frame) =
        timeout(reader.idle_timeout, body.frame()).await.map_err(|_| Refusal::BodyTimeout(reader.idle_timeout))?
    {
        let frame = match frame.map_err(|_| Refusal::BrokenBody)?.into_data() {
            Ok(data) => data,
            Err(frame) => {
                trailers = frame.into_trailers().ok();
                continue;
            }
        };
        let size = first.len() + whole.len() + frame.len();
        if size > limit {
            return Err(Refusal::TooLarge { limit });
        }
        held.grow_to(size)?;
        if first.is_empty() && whole.is_empty() {
            // Most bodies are one frame, which is then not copied at all.
            first = frame;
            continue;
        }
        if whole.is_empty() {
            whole.reserve(announced.unwrap_or(size).max(size));
            whole.extend_from_slice(&std::mem::take(&mut first));
        }
        whole.extend_from_slice(&frame);
    }
    Ok((if whole.is_empty() { first } else { whole.freeze() }, trailers))
}

/// Says whether a media type is JSON (`application/json`, `application/*+json`); a body without a type is treated as such.
fn is_json(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else { return true };
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// Says whether a header signs the body, so that not one byte of it may change.
pub(super) fn signed(headers: &HeaderMap) -> Signed {
    const SIGNING: [&str; 6] =
        ["signature", "signature-input", "digest", "content-digest", "content-md5", "x-amz-content-sha256"];
    let aws = |v: &http::HeaderValue| v.as_bytes().starts_with(b"AWS4-");
    let is_signed =
        SIGNING.iter().any(|name| headers.contains_key(*name)) || headers.get(header::AUTHORIZATION).is_some_and(aws);
    if is_signed { Signed::Yes } else { Signed::No }
}
