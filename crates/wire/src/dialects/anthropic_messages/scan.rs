//! Reads usage, first token, end and errors of a message while it passes.

use crate::{
    json::Json,
    scanner::{self, Vital, read},
    usage::AnthropicUsage,
};

/// What has been counted so far.
#[derive(Default)]
pub(in crate::dialects) struct Scan {
    usage: AnthropicUsage,
}

impl Scan {
    fn take(&mut self, usage: &Json<'_>, vital: &mut Vital) {
        self.usage.take(usage);
        vital.meter.usage = self.usage.usage();
        if let Some(tier) = usage.str_at("service_tier") {
            vital.meter.service_tier = Some(tier.to_owned());
        }
    }
}

impl scanner::Scan for Scan {
    fn event(&mut self, name: &[u8], data: &[u8], vital: &mut Vital) {
        let plain_delta = name == b"content_block_delta" || name == b"ping";
        if vital.first_token && plain_delta {
            return;
        }
        let Some(event) = read(data) else { return };
        match event.str_at("type") {
            Some("message_start") => {
                if let Some(usage) = event.get("message").and_then(|m| m.get("usage")) {
                    self.take(usage, vital);
                }
            }
            Some("message_delta") => {
                if let Some(usage) = event.get("usage") {
                    self.take(usage, vital);
                }
            }
            Some("content_block_delta") => vital.first_token = true,
            Some("message_stop") => vital.finished = true,
            _ => vital.note_error(name, &event),
        }
    }

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        match key {
            "usage" => self.take(&value, vital),
            _ => vital.note_error_member(value),
        }
    }
}
