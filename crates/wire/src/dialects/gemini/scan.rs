//! Reads usage, first token, end and errors of an answer while it passes.

use memchr::memmem;

use super::{GeminiUsage, at, grounding::Grounding, text_at};
use crate::{
    json::{Json, Rules, parse},
    scanner::{self, Vital},
    skim,
};

/// Most candidates that are told apart.
const MAX_CANDIDATES: u64 = 64;

/// What has been counted so far.
#[derive(Default)]
pub(in crate::dialects) struct Scan {
    usage: GeminiUsage,
    model: Option<String>,
    grounding: Grounding,
    /// Candidates that have begun, and those that have ended: a bit for each.
    begun: u64,
    ended: u64,
}

/// The members of an event that matter, unread.
#[derive(Default)]
struct Found<'d> {
    candidates: Option<&'d [u8]>,
    usage: Option<&'d [u8]>,
    model: Option<&'d [u8]>,
    feedback: Option<&'d [u8]>,
    has_error: bool,
}

impl<'d> Found<'d> {
    /// Crosses an event; what stands inside its members is not read.
    fn read(data: &'d [u8]) -> Option<Self> {
        let mut found = Self::default();
        let crossed = skim::members(data, |member| {
            let value = data.get(member.value);
            match member.key {
                b"candidates" => found.candidates = value,
                b"usageMetadata" | b"usage_metadata" => found.usage = value,
                b"modelVersion" | b"model_version" => found.model = value,
                b"promptFeedback" | b"prompt_feedback" => found.feedback = value,
                b"error" => found.has_error = true,
                _ => {}
            }
        });
        crossed.ok().map(|()| found)
    }
}

impl Scan {
    fn take_usage(&mut self, usage: &Json<'_>, vital: &mut Vital) {
        if let Some(tier) = self.usage.take(usage) {
            vital.meter.service_tier = Some(tier);
        }
        vital.meter.usage = self.usage.usage();
    }

    fn take_candidates(&mut self, candidates: &Json<'_>, vital: &mut Vital) {
        let Json::Array(items) = candidates else { return };
        for (position, item) in items.iter().enumerate() {
            let index = at(item, "index").and_then(Json::as_u64).unwrap_or(position as u64);
            let bit = 1 << index.min(MAX_CANDIDATES - 1);
            self.begun |= bit;
            if text_at(item, "finishReason").is_some() {
                self.ended |= bit;
            }
            vital.first_token |= at(item, "content").is_some_and(has_token);
            if let Some(metadata) = at(item, "groundingMetadata") {
                self.grounding.take(metadata);
                Grounding::count(std::iter::once(&self.grounding), self.model.as_deref(), &mut vital.meter.units);
            }
        }
        vital.finished |= self.begun != 0 && self.begun == self.ended;
    }
}

impl scanner::Scan for Scan {
    fn event(&mut self, name: &[u8], data: &[u8], vital: &mut Vital) {
        let Some(found) = Found::read(data) else { return };
        if let Some(usage) = found.usage.and_then(read) {
            self.take_usage(&usage, vital);
        }
        if self.model.is_none() {
            self.model = found.model.and_then(read).and_then(Json::into_string);
        }
        if let Some(candidates) = found.candidates
            && (!vital.first_token || says_more(candidates))
            && let Some(candidates) = read(candidates)
        {
            self.take_candidates(&candidates, vital);
        }
        if let Some(feedback) = found.feedback.and_then(read) {
            vital.finished |= text_at(&feedback, "blockReason").is_some();
        }
        if (found.has_error || name == b"error")
            && let Some(event) = read(data)
        {
            vital.note_error(name, &event);
        }
    }

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        match key {
            "usageMetadata" | "usage_metadata" => self.take_usage(&value, vital),
            _ => vital.note_error_member(value),
        }
    }
}

/// Says without parsing whether candidates may hold more than text: why they ended, or what was searched.
fn says_more(candidates: &[u8]) -> bool {
    [&b"\"finish"[..], b"\"grounding"].iter().any(|word| memmem::find(candidates, word).is_some())
}

/// Says whether a content carries something the model said.
fn has_token(content: &Json<'_>) -> bool {
    let said = |part: &Json<'_>| match part {
        Json::Object(members) => members.iter().any(|(key, value)| match value {
            Json::Str(text) => key == "text" && !text.is_empty(),
            Json::Object(_) => key != "videoMetadata",
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Skipped => false,
        }),
        _ => false,
    };
    match at(content, "parts") {
        Some(Json::Array(parts)) => parts.iter().any(said),
        Some(part) => said(part),
        None => false,
    }
}

/// Reads an event or one of its members.
fn read(data: &[u8]) -> Option<Json<'_>> {
    parse(std::str::from_utf8(data).ok()?, &Rules { skip: super::PROBABILITIES, ..Rules::default() }).ok()
}
