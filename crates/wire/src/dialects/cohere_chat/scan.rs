//! Reads usage, first token, end and errors of Cohere's answers while they pass.

use memchr::memmem;

use crate::{
    dialects::{cohere, error::error_info},
    json::Json,
    scanner::{self, Vital, read},
};

/// Needs no memory of its own: the last event tells everything.
pub(in crate::dialects) struct Scan;

impl scanner::Scan for Scan {
    fn event(&mut self, name: &[u8], data: &[u8], vital: &mut Vital) {
        let type_is = |word: &[u8]| name == word || memmem::find(data, word).is_some();
        match name {
            b"content-delta" | b"tool-call-delta" | b"tool-plan-delta" => return vital.first_token = true,
            _ if vital.first_token && !type_is(b"message-end") && name != b"error" => return,
            _ => {}
        }
        let Some(event) = read(data) else { return };
        match event.str_at("type") {
            Some("content-delta" | "tool-call-start" | "tool-call-delta" | "tool-plan-delta") => {
                vital.first_token = true;
            }
            Some("message-end") => {
                vital.finished = true;
                let Some(delta) = event.get("delta") else { return };
                if let Some(usage) = delta.get("usage") {
                    self.member("usage", usage.clone(), vital);
                }
                if let (Some(message), None) = (delta.str_at("error"), &vital.error) {
                    vital.error = Some(error_info("error", message));
                }
            }
            _ => vital.note_error(name, &event),
        }
    }

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        match key {
            "usage" | "meta" => {
                vital.meter.usage = cohere::usage(&value).or(vital.meter.usage);
                vital.meter.units = cohere::units(&value);
            }
            _ => vital.note_error_member(value),
        }
    }
}
