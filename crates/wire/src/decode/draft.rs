//! What the readers of the formats fill in.

use std::collections::{BTreeMap, BTreeSet};

use llmtrace_model::{BodyCoverage, Content, Coverage, ErrorInfo, Message, Meter, Params, Part, Role, Units, Usage};
use serde_json::Value;

use super::{BILLED_ONCE, Billed, Decoded, REPEATED_USAGE, repeated_usage};
use crate::json::{Json, Members};

/// Most unknown names that are kept.
const MAX_UNKNOWN: usize = 32;
/// Most sources of one answer.
const MAX_CITATIONS: usize = 256;
/// Longest unknown name, in characters.
const MAX_NAME: usize = 64;
/// Most tags from metadata; OpenAI allows 16 pairs.
const MAX_TAGS: usize = 32;
/// Longest tag, in characters.
const MAX_TAG: usize = 256;
/// Longest text a parameter may hold, in bytes: parameters are words, not prompts.
const MAX_PARAM_TEXT: usize = 256;
/// Largest parameter that is a list or object, in values.
const MAX_PARAM_VALUES: usize = 32;

/// A span's facts while an exchange is read.
#[derive(Default)]
pub(crate) struct Draft {
    pub request_model: Option<String>,
    pub response_model: Option<String>,
    pub params: Params,
    /// The request's member `stream`.
    pub stream_member: Option<bool>,
    /// Whether the answer was read as events.
    pub streamed: bool,
    pub content: Content,
    pub usage: Option<Usage>,
    pub units: Units,
    pub billed: Billed,
    pub finish_reasons: Vec<String>,
    pub response_id: Option<String>,
    pub request_id: Option<String>,
    pub error: Option<ErrorInfo>,
    pub user_id: Option<String>,
    pub service_tier: Option<String>,
    pub system_fingerprint: Option<String>,
    /// Sources an answer names beside its messages.
    citations: Vec<Part>,
    tags: Vec<String>,
    not_read: BTreeMap<&'static str, u64>,
    unknown: BTreeSet<String>,
}

impl Draft {
    /// Counts a part that is recorded by name only.
    pub(crate) fn not_read(&mut self, what: &'static str) {
        *self.not_read.entry(what).or_default() += 1;
    }

    /// Takes one back: it is a piece of something that is counted as a whole.
    pub(crate) fn is_piece(&mut self, what: &'static str) {
        if let Some(count) = self.not_read.get_mut(what) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.not_read.remove(what);
            }
        }
    }

    /// Names something this version does not know; bounded in number and length.
    pub(crate) fn unknown(&mut self, place: &str, name: &str) {
        if self.unknown.len() < MAX_UNKNOWN {
            let name: String = name.chars().take(MAX_NAME).collect();
            self.unknown.insert(format!("{place}.{name}"));
        }
    }

    /// Keeps a request parameter, if it is small.
    pub(crate) fn param(&mut self, name: &str, value: &Json<'_>) {
        if value.is_null() || !is_small(value, &mut MAX_PARAM_VALUES.clone()) {
            return;
        }
        self.params.insert(name.to_owned(), value.clone().into_value());
    }

    /// Keeps a source the answer names, once; servers repeat the list in every chunk.
    pub(crate) fn cite(&mut self, source: Part) {
        if self.citations.contains(&source) {
            return;
        }
        if self.citations.len() < MAX_CITATIONS {
            self.citations.push(source);
        } else {
            self.unknown("citation", "more");
        }
    }

    /// Keeps metadata as tags `key:value`.
    pub(crate) fn tag_all(&mut self, metadata: Members<'_>) {
        for (key, value) in metadata {
            let text = match &value {
                Json::Str(text) => text.as_ref(),
                Json::Number(text) => text,
                Json::Bool(true) => "true",
                Json::Bool(false) => "false",
                Json::Null | Json::Array(_) | Json::Object(_) | Json::Skipped => continue,
            };
            if self.tags.len() < MAX_TAGS {
                self.tags.push(format!("{key}:{text}").chars().take(MAX_TAG).collect());
            }
        }
    }

    /// Joins what was read beside the relay: it saw every byte, so it counts where the copy has a gap; elsewhere the copy
    /// comes first, which was read with more care.
    pub(super) fn join(&mut self, scanned: &Meter, response: &BodyCoverage) {
        let Meter { usage, units, service_tier } = scanned.clone();
        let units = (!units.is_empty()).then_some(units);
        let read = (!self.units.is_empty()).then(|| std::mem::take(&mut self.units));
        if *response == BodyCoverage::Truncated {
            self.usage = usage.or(self.usage);
            self.units = units.or(read).unwrap_or_default();
            self.service_tier = service_tier.or(self.service_tier.take());
        } else {
            self.usage = self.usage.or(usage);
            self.units = read.or(units).unwrap_or_default();
            self.service_tier = self.service_tier.take().or(service_tier);
        }
    }

    /// Takes usage and units out of an exchange that only repeats them.
    pub(super) fn settle(&mut self, scanned: Option<&Meter>) {
        if self.billed == Billed::Elsewhere && scanned.is_some_and(|meter| meter.usage.is_some()) {
            // The scanner reports a repeated usage only of a background response; the copy lacks the member that says so.
            self.billed = Billed::IfUnseen;
        }
        match self.billed {
            Billed::IfUnseen if self.usage.is_some() => {
                self.params.insert(BILLED_ONCE.to_owned(), Value::Bool(true));
            }
            // Whoever reports the usage reports the units again.
            Billed::IfUnseen => self.units = Units::default(),
            Billed::Here => {}
            Billed::Elsewhere => {
                self.units = Units::default();
                let repeated = self.usage.take();
                self.params.extend(repeated.map(|usage| (REPEATED_USAGE.to_owned(), repeated_usage(&usage))));
            }
        }
    }

    /// Adds the sources to what was said.
    fn place_citations(&mut self) {
        if self.citations.is_empty() {
            return;
        }
        let sources = std::mem::take(&mut self.citations);
        let said = &mut self.content.output_messages;
        match said.last_mut() {
            // Servers name a source in the message and beside it.
            Some(message) => {
                for source in sources {
                    if !message.parts.contains(&source) {
                        message.parts.push(source);
                    }
                }
            }
            None => said.push(Message { role: Role::Assistant, name: None, parts: sources, finish_reason: None }),
        }
    }

    /// Puts everything into its place.
    pub(super) fn into_decoded(mut self, request: BodyCoverage, response: BodyCoverage) -> Decoded {
        self.place_citations();
        let named = |(what, n): (&str, u64)| if n == 1 { what.to_owned() } else { format!("{what} ×{n}") };
        if let Some(fingerprint) = self.system_fingerprint {
            self.params.insert("openai.system_fingerprint".to_owned(), Value::String(fingerprint));
        }
        let coverage = Coverage {
            request,
            response,
            not_read: self.not_read.into_iter().map(named).collect(),
            unknown: self.unknown.into_iter().collect(),
            ..Coverage::default()
        };
        Decoded {
            request_model: self.request_model,
            response_model: self.response_model,
            params: self.params,
            content: self.content,
            usage: self.usage,
            units: self.units,
            billed: self.billed,
            finish_reasons: self.finish_reasons,
            response_id: self.response_id,
            error: self.error,
            user_id: self.user_id,
            tags: self.tags,
            service_tier: self.service_tier,
            coverage,
            ..Decoded::default()
        }
    }
}

fn is_small(value: &Json<'_>, left: &mut usize) -> bool {
    let Some(rest) = left.checked_sub(1) else { return false };
    *left = rest;
    match value {
        Json::Str(text) => text.len() <= MAX_PARAM_TEXT,
        Json::Array(items) => items.iter().all(|item| is_small(item, left)),
        Json::Object(members) => members.iter().all(|(key, value)| key.len() <= 64 && is_small(value, left)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Skipped => true,
    }
}
