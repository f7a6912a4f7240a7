//! Reading the request: JSON bodies are held whole, because the decision needs them; everything else streams through.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use llmtrace_wire::{Dialect, Head, Signed, View};
use tokio::time::timeout;

use super::{
    admit::{Buffer, Held},
    body::{Outbound, Tee, Upload},
    recorder,
    refusal::Refusal,
    slot::Slot,
};

/// A body up to this size, as most are, is copied out of the buffer it was read into.
const SMALL: usize = 16 * 1024;

/// A request body, read as far as it has to be.
pub(super) enum Inbound {
    /// Held whole, exactly as received.
    Held {
        /// The bytes.
        body: Bytes,
        /// Trailer fields.
        trailers: Option<HeaderMap>,
        /// What it says, where that was of interest.
        view: Option<View>,
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
    pub(super) interest: Interest,
}

/// What somebody will want to know of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interest {
    /// All that can be read of it.
    Everything,
    /// Only whether a stream is asked for, which decides how long its head may take; the body says so in a member.
    StreamOnly,
}

impl Interest {
    /// Whether a request of `dialect` asks for a stream.
    pub(super) fn in_streams_of(dialect: Option<Dialect>) -> Self {
        match dialect {
            Some(Dialect::OpenaiChat | Dialect::OpenaiCompletions | Dialect::AnthropicMessages) => Self::StreamOnly,
            // The path may say it, or a stream may be what is answered unless the body declines it.
            Some(_) | None => Self::Everything,
        }
    }
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
    let (mut body, trailers) = collect(reader, body, announced, &mut held).await?;
    if slot.records() {
        if body.len() <= SMALL {
            // A record that is a slice of the connection's read buffer would keep all of it until it is stored, and the
            // connection would have to get another one.
            body = Bytes::copy_from_slice(&body);
        }
        slot.request_held(recorder::of_held(&body, reader.capture_max_bytes));
    }
    let wanted = reader.interest == Interest::Everything || may_ask_for_a_stream(&body);
    let view = wanted.then(|| llmtrace_wire::inspect(head, &body));
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

/// Says whether a body may have a member `"stream": true`; inside a text the quotes would be escaped.
fn may_ask_for_a_stream(body: &[u8]) -> bool {
    const NAME: &[u8] = b"\"stream\"";
    memchr::memmem::find_iter(body, NAME).any(|at| {
        let mut rest = body[at + NAME.len()..].trim_ascii_start();
        rest = rest.strip_prefix(b":").unwrap_or_default().trim_ascii_start();
        rest.starts_with(b"true")
    })
}

/// Says whether a media type is JSON (`application/json`, `application/*+json`); a body without a type is treated as such.
pub(super) fn is_json(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else { return true };
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// Says whether a header signs the body, so that not one byte of it may change.
pub(super) fn signed(headers: &HeaderMap) -> Signed {
    // One look at each field is cheaper than looking seven names up.
    let is_signed = headers.iter().any(|(name, value)| match name.as_str() {
        "signature" | "signature-input" | "digest" | "content-digest" | "content-md5" | "x-amz-content-sha256" => true,
        "authorization" => value.as_bytes().starts_with(b"AWS4-"),
        _ => false,
    });
    if is_signed { Signed::Yes } else { Signed::No }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_member_that_is_true_may_ask_for_a_stream() {
        for yes in [r#"{"stream":true}"#, "{\"a\":1,\"stream\" :\n true}", r#"{"stream":false,"x":{"stream":true}}"#] {
            assert!(may_ask_for_a_stream(yes.as_bytes()), "{yes}");
        }
        for no in ["", r#"{"stream":false}"#, r#"{"stream""#, r#"{"a":"\"stream\":true"}"#, r#"{"streams":true}"#] {
            assert!(!may_ask_for_a_stream(no.as_bytes()), "{no}");
        }
    }
}
