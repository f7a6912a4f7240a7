//! Reads usage, units, first token, end and errors of a response while it passes.

use llmtrace_model::{Meter, Usage};

use super::{error_of_event, error_of_response, tally::Tally};
use crate::{
    dialects::error::error_info,
    json::Json,
    scanner::{self, Vital, read_without},
    usage::openai_usage,
};

/// What was said and thought, again as a whole: long, and nothing of it is counted.
const SAID: &[&str] = &["text", "arguments", "encrypted_content", "logprobs"];

/// What has been seen so far.
#[derive(Default)]
pub(super) struct Scan {
    stored: Stored,
    tally: Tally,
    usage: Option<Usage>,
    service_tier: Option<String>,
    background: bool,
    failed: bool,
}

/// Whether the response was made by this exchange.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// It is being made.
    #[default]
    New,
    /// It is read again: its usage counts only if it was made in the background.
    Read,
}

impl Scan {
    /// For answers that hand out a stored response.
    pub(super) fn stored() -> Self {
        Self { stored: Stored::Read, ..Self::default() }
    }

    /// Takes a member of a response that has ended.
    fn take(&mut self, key: &str, value: &Json<'_>, vital: &mut Vital) {
        match key {
            "usage" => {
                self.tally.usage(value);
                self.usage = openai_usage(value).or(self.usage);
            }
            "tool_usage" => self.tally.tools(value),
            "service_tier" => self.service_tier = value.as_str().map(str::to_owned).or(self.service_tier.take()),
            "background" => self.background = value.as_bool() == Some(true),
            "error" if !value.is_null() => vital.error = Some(error_of_response(value)),
            "status" => self.failed = value.as_str() == Some("failed"),
            "output" => {
                if let Json::Array(items) = value
                    && !items.is_empty()
                {
                    // All items again: what was counted one by one is among them.
                    self.tally.forget_items();
                    items.iter().for_each(|item| self.tally.see(item));
                }
            }
            _ => {}
        }
    }

    /// Says what is billed as far as it is known.
    fn tell(&self, vital: &mut Vital) {
        if self.failed && vital.error.is_none() {
            vital.error = Some(error_info("failed", ""));
        }
        if self.stored == Stored::Read && !self.background {
            vital.meter = Meter { service_tier: self.service_tier.clone(), ..Meter::default() };
            return;
        }
        vital.meter = Meter { usage: self.usage, units: self.tally.units(), service_tier: self.service_tier.clone() };
    }
}

impl scanner::Scan for Scan {
    fn event(&mut self, name: &[u8], data: &[u8], vital: &mut Vital) {
        if is_idle(name, data, vital.first_token) {
            return;
        }
        let Some(event) = read_without(SAID, data) else { return };
        let kind = event.str_at("type").or_else(|| std::str::from_utf8(name).ok()).unwrap_or("");
        match kind {
            "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
                if let Some(Json::Object(members)) = event.get("response") {
                    members.iter().for_each(|(key, value)| self.take(key, value, vital));
                }
                self.tell(vital);
                vital.finished |= vital.error.is_none();
            }
            "response.output_item.done" => {
                if let Some(item) = event.get("item") {
                    vital.first_token = true;
                    self.tally.see(item);
                    self.tell(vital);
                }
            }
            "error" => vital.error = Some(error_of_event(&event)),
            delta if delta.ends_with(".delta") => {
                vital.first_token |= event.str_at("delta").is_some_and(|text| !text.is_empty());
            }
            "" if event.get("error").is_some() => vital.error = Some(error_of_event(&event)),
            _ => {}
        }
    }

    fn skip(&self) -> &'static [&'static str] {
        SAID
    }

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        self.take(key, &value, vital);
        self.tell(vital);
    }
}

/// Says, without parsing, whether an event has nothing the scanner wants: nearly all have not. Names of frames decide,
/// or, where frames have none, the type of a delta; text that says the same has its quotes escaped.
fn is_idle(name: &[u8], data: &[u8], first_token: bool) -> bool {
    if name.starts_with(b"response.") {
        let is_delta = name.ends_with(b".delta");
        let is_wanted = matches!(
            name,
            b"response.completed"
                | b"response.incomplete"
                | b"response.failed"
                | b"response.cancelled"
                | b"response.output_item.done"
        );
        return !is_wanted && (!is_delta || first_token);
    }
    first_token && memchr::memmem::find(data, b".delta\"").is_some()
}
