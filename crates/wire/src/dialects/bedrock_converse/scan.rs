//! Reads usage, first token and end of a Converse answer while it passes.

use crate::{
    dialects::bedrock,
    json::Json,
    scanner::{self, Vital, read},
};

/// Needs no memory of its own: everything comes in one event, the last one.
pub(super) struct Scan;

impl scanner::Scan for Scan {
    fn event(&mut self, name: &[u8], data: &[u8], vital: &mut Vital) {
        match name {
            b"contentBlockDelta" => vital.first_token = true,
            // Comes after `messageStop`.
            b"metadata" => {
                vital.finished = true;
                let Some(event) = read(data) else { return };
                for key in ["usage", "serviceTier"] {
                    if let Some(value) = event.get(key) {
                        take(key, value, vital);
                    }
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        match key {
            "error" => vital.note_error_member(value),
            _ => take(key, &value, vital),
        }
    }
}

fn take(key: &str, value: &Json<'_>, vital: &mut Vital) {
    match key {
        "usage" => vital.meter.usage = bedrock::usage(value).or(vital.meter.usage),
        _ => {
            if let Some(tier) = value.str_at("type") {
                vital.meter.service_tier = Some(tier.to_owned());
            }
        }
    }
}
