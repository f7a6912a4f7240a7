//! Weighs what a URL carries against how it is carried.

use llmtrace_model::Severity;

use super::carrier::Carrier;
use crate::detectors::{
    payload::{Payload, has_strong_hole},
    url::{Reach, Url},
};

/// Subtype, score, severity, reason.
pub(super) type Judged = (&'static str, f32, Severity, &'static str);

/// How a query ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// With a name that waits for its value.
    Waits,
    /// With anything else.
    Full,
}

/// What a host is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    /// To record what it is sent.
    Recorder,
    /// Anything else.
    Other,
}

/// A URL in an answer.
pub(super) fn judge(carrier: Carrier, payload: Option<Payload>, url: &Url<'_>) -> Option<Judged> {
    use Payload::{Credential, Encoded, Named, Opaque, Placeholder, Text};
    let payload = payload?;
    let is_address = url.reach().0 == Reach::Public && url.host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    Some(match (carrier, payload) {
        (Carrier::Loaded | Carrier::Referenced, Placeholder) => {
            ("image_placeholder", 0.95, Severity::High, "fetched unasked, with a hole for data")
        }
        (Carrier::Loaded | Carrier::Referenced, Encoded) => {
            ("image_encoded", 0.95, Severity::High, "fetched unasked, with encoded text in its URL")
        }
        (Carrier::Loaded | Carrier::Referenced, Credential) => {
            ("image_credential", 0.95, Severity::High, "fetched unasked, with a credential in its URL")
        }
        (Carrier::Loaded, Text) => {
            ("image_text", 0.85, Severity::High, "fetched unasked, with several words in its URL")
        }
        (Carrier::Loaded, Opaque) => {
            ("image_opaque", 0.6, Severity::Medium, "fetched unasked, with a long random value in its URL")
        }
        (Carrier::Loaded, Named) if is_address => {
            ("image_query", 0.8, Severity::High, "fetched unasked from a bare address, with content in its URL")
        }
        (Carrier::Loaded, Named) => {
            ("image_query", 0.5, Severity::Low, "fetched unasked, with a parameter for content in its URL")
        }
        (Carrier::Sent, Placeholder | Encoded | Credential) => {
            ("form_data", 0.85, Severity::High, "a form that sends data to a host")
        }
        (Carrier::Sent, Text | Opaque) => ("form_data", 0.6, Severity::Medium, "a form that sends data to a host"),
        (Carrier::Linked | Carrier::Bare, Placeholder) if has_strong_hole(url) => {
            ("link_placeholder", 0.8, Severity::Medium, "a link with a hole for the conversation or a secret")
        }
        (Carrier::Linked, Encoded) => ("link_encoded", 0.75, Severity::Medium, "a link with encoded text in its URL"),
        (Carrier::Bare, Encoded) => ("link_encoded", 0.5, Severity::Low, "a URL with encoded text in it"),
        (Carrier::Linked, Credential) => {
            ("link_credential", 0.75, Severity::Medium, "a link with a credential in its URL")
        }
        (Carrier::Linked | Carrier::Bare, Placeholder | Credential | Text | Opaque | Named)
        | (Carrier::Referenced, Text | Opaque | Named)
        | (Carrier::Sent, Named) => return None,
    })
}

/// A URL in untrusted content: what matters is the hole, for the conversation is not in it yet.
pub(super) fn judge_template(carrier: Carrier, payload: Option<Payload>, url: &Url<'_>, tail: Tail) -> Option<Judged> {
    let has_hole = payload == Some(Payload::Placeholder);
    match carrier {
        Carrier::Loaded | Carrier::Referenced if has_hole && has_strong_hole(url) => {
            Some(("template_image", 0.9, Severity::High, "an image with a hole for the conversation or a secret"))
        }
        Carrier::Loaded if has_hole => Some(("template_image", 0.7, Severity::Medium, "an image with a hole for data")),
        Carrier::Loaded if tail == Tail::Waits => {
            Some(("template_image", 0.7, Severity::Medium, "an image whose URL waits for a value"))
        }
        Carrier::Linked | Carrier::Bare | Carrier::Sent if has_hole && has_strong_hole(url) => {
            Some(("template_link", 0.75, Severity::Medium, "a link with a hole for the conversation or a secret"))
        }
        Carrier::Loaded | Carrier::Referenced | Carrier::Linked | Carrier::Bare | Carrier::Sent => None,
    }
}

/// A host that exists to record what it is sent.
pub(super) fn judge_recorder(carrier: Carrier, payload: Option<Payload>) -> Option<Judged> {
    match carrier {
        Carrier::Loaded => {
            Some(("recorder", 0.85, Severity::High, "fetched unasked from a host that records requests"))
        }
        Carrier::Sent => Some(("recorder", 0.8, Severity::High, "a form that sends to a host that records requests")),
        Carrier::Referenced | Carrier::Linked | Carrier::Bare if payload.is_some() => {
            Some(("recorder", 0.7, Severity::Medium, "a link with data to a host that records requests"))
        }
        Carrier::Referenced | Carrier::Linked | Carrier::Bare => None,
    }
}
