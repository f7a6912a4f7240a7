//! The bytes of an exchange as they passed: what is kept of them, and of which exchanges.

use bytes::Bytes;
use llmtrace_model::{BodyCoverage, Raw, RawBody, Span, Status};
use llmtrace_wire::{Bare, BodyCopy};

use super::options::Capture;
use crate::{
    config::{CaptureContent, CaptureRaw},
    journal::{Closed, Entry, Recorded},
};

/// What is kept of an exchange's bytes; `span` is what was read from them.
pub(super) fn of(entry: &Entry, span: &Span, capture: Capture) -> Option<Raw> {
    let Entry::Closed(closed) = entry else { return None };
    let wanted = match (capture.content, capture.raw) {
        // Whoever keeps no message keeps none as bytes either.
        (CaptureContent::Metadata, _) | (CaptureContent::Full, CaptureRaw::Off) => false,
        (CaptureContent::Full, CaptureRaw::All) => true,
        (CaptureContent::Full, CaptureRaw::Errors) => span.status == Status::Error || is_opaque(span),
    };
    wanted.then(|| both(closed))
}

fn is_opaque(span: &Span) -> bool {
    let bodies = [&span.coverage.request, &span.coverage.response];
    bodies.into_iter().any(|body| matches!(body, BodyCoverage::Opaque(_)))
}

fn both(closed: &Closed) -> Raw {
    let answer: &[_] = closed.answer.as_ref().map_or(&[], |answer| &answer.headers);
    Raw { request: body(&closed.request, &closed.opened.headers), response: body(&closed.response, answer) }
}

fn body(copy: &Recorded, headers: &[(String, String)]) -> RawBody {
    if copy.total_bytes == 0 {
        return RawBody::default();
    }
    let stated = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let (media_type, content_encoding) = (stated("content-type"), stated("content-encoding"));
    let whole = BodyCopy { head: &copy.head, tail: &copy.tail, total_bytes: copy.total_bytes };
    let (head, tail) = match llmtrace_wire::without_credentials(&whole, content_encoding.as_deref()) {
        Bare::Bytes(head, tail) => (own(&head), own(&tail)),
        Bare::Nothing => (Bytes::new(), Bytes::new()),
    };
    RawBody { media_type, content_encoding, head, tail, size_bytes: copy.total_bytes }
}

/// A copy of its own: the journal's may be a part of a buffer many times its size, which it would keep alive.
fn own(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}
