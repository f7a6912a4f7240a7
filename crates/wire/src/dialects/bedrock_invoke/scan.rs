//! Reads usage, first token, end and errors of an InvokeModel answer while it passes.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use memchr::{memchr, memmem};

use super::{METRICS, counted::Counted};
use crate::{
    json::Json,
    scanner::{self, Vital, read},
};

/// How `{"type":"content_block_delta"` begins in base64: by far the most events, known without unpacking them.
const DELTA: &[u8] = b"eyJ0eXBlIjoiY29udGVudF9ibG9ja19kZWx0";

/// The counters so far, and the room that events are unpacked in.
#[derive(Default)]
pub(in crate::dialects) struct Scan {
    counted: Counted,
    unpacked: Vec<u8>,
}

impl Scan {
    /// A scanner of answers that hold vectors.
    pub(in crate::dialects) fn of_embeddings() -> Self {
        Self { counted: Counted::of_embeddings(), unpacked: Vec::new() }
    }
}

impl scanner::Scan for Scan {
    fn event(&mut self, name: &[u8], data: &[u8], vital: &mut Vital) {
        let Some(packed) = packed(data).filter(|_| name == b"chunk") else { return };
        if vital.first_token && packed.starts_with(DELTA) {
            return;
        }
        self.unpacked.clear();
        if STANDARD.decode_vec(&*packed, &mut self.unpacked).is_err() {
            return;
        }
        if vital.first_token && !may_matter(&self.unpacked) {
            return;
        }
        let Some(event) = read(&self.unpacked) else { return };
        self.counted.take(&event);
        vital.meter.usage = self.counted.usage();
        let usages = [event.get("message").and_then(|message| message.get("usage")), event.get("usage"), Some(&event)];
        if let Some(tier) = usages.into_iter().flatten().find_map(|usage| usage.str_at("service_tier")) {
            vital.meter.service_tier = Some(tier.to_owned());
        }
        vital.note_error(if event.str_at("type") == Some("error") { b"error" } else { b"" }, &event);
        vital.finished |= event.get(METRICS).is_some() || event.str_at("type") == Some("message_stop");
        vital.first_token |= says(&event);
    }

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        if key == "error" {
            return vital.note_error_member(value);
        }
        self.counted.member(key, &value);
        vital.meter.usage = self.counted.usage();
    }
}

/// The base64 of an event; found without parsing where nothing in it is escaped.
fn packed(data: &[u8]) -> Option<Cow<'_, [u8]>> {
    let start = memmem::find(data, br#""bytes":""#).map(|at| &data[at + 9..]);
    let quick = start.and_then(|rest| Some(&rest[..memchr(b'"', rest)?])).filter(|text| memchr(b'\\', text).is_none());
    match quick {
        Some(text) => Some(Cow::Borrowed(text)),
        None => read(data)?.str_at("bytes").map(|text| Cow::Owned(text.as_bytes().to_vec())),
    }
}

/// Says without parsing whether an event may hold a counter, an error or the end.
fn may_matter(event: &[u8]) -> bool {
    const WORDS: [&[u8]; 6] = [b"sage\"", b"\"error\"", b"TokenCount", b"oken_count", b"\"meta", b"\"message_"];
    WORDS.iter().any(|word| memmem::find(event, word).is_some())
}

/// Says whether an event carries something the model said.
fn says(event: &Json<'_>) -> bool {
    const TEXTS: [&str; 4] = ["generation", "completion", "outputText", "text"];
    const DELTAS: [&str; 4] = ["content", "reasoning", "reasoning_content", "tool_calls"];
    let is_said = |value: Option<&Json<'_>>| match value {
        Some(Json::Str(text)) => !text.is_empty(),
        Some(Json::Array(items)) => !items.is_empty(),
        _ => false,
    };
    let choices = ["outputs", "generations", "choices"].iter().filter_map(|key| event.get(key));
    let mut choices = choices.flat_map(|list| if let Json::Array(items) = list { items.as_slice() } else { &[] });
    event.str_at("type") == Some("content_block_delta")
        || event.get("contentBlockDelta").is_some()
        || TEXTS.iter().any(|key| is_said(event.get(key)))
        || choices.any(|choice| {
            let delta = choice.get("delta");
            is_said(choice.get("text")) || DELTAS.iter().any(|key| is_said(delta.and_then(|delta| delta.get(key))))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_delta_is_the_base64_of_its_words() {
        assert_eq!(STANDARD.encode(br#"{"type":"content_block_delt"#).as_bytes(), DELTA);
    }

    #[test]
    fn base64_is_found_with_and_without_escapes() {
        assert_eq!(packed(br#"{"bytes":"QUJD","p":"ab"}"#).as_deref(), Some(&b"QUJD"[..]));
        assert_eq!(packed(br#"{"p":"ab", "bytes" : "QU\/D"}"#).as_deref(), Some(&b"QU/D"[..]));
        assert_eq!(packed(br#"{"bytes":"QU\/D"}"#).as_deref(), Some(&b"QU/D"[..]));
        assert_eq!(packed(b"{}").as_deref(), None);
    }
}
