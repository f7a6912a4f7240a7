//! Reads usage, first token, end and errors of an answer while it passes.

use std::ops::Range;

use llmtrace_model::Meter;

use super::{GeminiUsage, at, grounding::Grounding, text_at};
use crate::{
    json::{Json, Rules, parse},
    scanner::{self, Vital},
    skim,
    word::Word,
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
    late: Late,
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

    /// Takes an event that is but more text and the counters so far, as nearly all are, without crossing its candidates;
    /// `false` where it may be more. What a text says has its quotes escaped, so the words are keys.
    fn text_only(&mut self, data: &[u8], vital: &mut Vital) -> bool {
        static MORE: [Word; 4] =
            [Word::new("\"finish"), Word::new("\"grounding"), Word::new("\"error\""), Word::new("eedback\"")];
        static USAGE: Word = Word::new("\"usage");
        let says_more = |text: &[u8]| MORE.iter().any(|word| word.is_in(text));
        let Some(at) = USAGE.find(data) else { return !says_more(data) };
        let (said, tail) = data.split_at(at);
        if !says_more(said) && self.late.replace(tail) {
            return true;
        }
        let is_counters = [&b"\"usageMetadata\""[..], b"\"usage_metadata\""].iter().any(|key| tail.starts_with(key));
        if !is_counters || says_more(data) {
            return false;
        }
        // Arguments of a call may have such a key, too; theirs is not the outermost.
        let Some(value) = skim::outermost_value(data, at) else { return false };
        self.settle(vital);
        self.late.keep(tail, value.start - at..value.end - at);
        true
    }

    /// Takes the counters that were put off.
    fn settle(&mut self, vital: &mut Vital) {
        let late = std::mem::take(&mut self.late);
        if let Some(usage) = late.counters().and_then(read) {
            self.take_usage(&usage, vital);
        }
        self.late = Late { is_open: false, ..late };
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
        if vital.first_token && self.model.is_some() && name != b"error" && self.text_only(data, vital) {
            return;
        }
        let Some(found) = Found::read(data) else { return };
        self.settle(vital);
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

    fn late_meter(&self, vital: &Vital) -> Option<Meter> {
        let counters = read(self.late.counters()?)?;
        let mut usage = self.usage;
        let tier = usage.take(&counters);
        let told = vital.meter.clone();
        Some(Meter { usage: usage.usage(), service_tier: tier.or(told.service_tier), units: told.units })
    }

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        match key {
            "usageMetadata" | "usage_metadata" => self.take_usage(&value, vital),
            _ => vital.note_error_member(value),
        }
    }
}

/// The end of the last event, from its counters on. In a stream only the digits of it change from event to event, so that
/// the counters need not be read before somebody asks for them.
#[derive(Default)]
struct Late {
    tail: Vec<u8>,
    /// Where its counters are.
    counters: Range<usize>,
    /// Whether they are still to be read.
    is_open: bool,
}

impl Late {
    /// Takes the place of one that differs in digits alone; `false` where this is another.
    fn replace(&mut self, tail: &[u8]) -> bool {
        let is_same = !tail.is_empty() && differ_in_digits(&self.tail, tail);
        if is_same {
            self.tail.copy_from_slice(tail);
            self.is_open = true;
        }
        is_same
    }

    fn keep(&mut self, tail: &[u8], counters: Range<usize>) {
        self.tail.clear();
        self.tail.extend_from_slice(tail);
        (self.counters, self.is_open) = (counters, true);
    }

    fn counters(&self) -> Option<&[u8]> {
        self.tail.get(self.counters.clone()).filter(|_| self.is_open)
    }
}

/// Says whether two texts are the same but for digits that stand for digits.
fn differ_in_digits(old: &[u8], new: &[u8]) -> bool {
    let same = |(a, b): (&u8, &u8)| a == b || a.is_ascii_digit() && b.is_ascii_digit();
    // Word by word, since nearly all of it is equal.
    let ((old_words, old_rest), (new_words, new_rest)) = (old.as_chunks::<8>(), new.as_chunks::<8>());
    old.len() == new.len()
        && old_words.iter().zip(new_words).all(|(a, b)| a == b || a.iter().zip(b).all(same))
        && old_rest.iter().zip(new_rest).all(same)
}

/// Says without parsing whether candidates may hold more than text: why they ended, or what was searched.
fn says_more(candidates: &[u8]) -> bool {
    static MORE: [Word; 2] = [Word::new("\"finish"), Word::new("\"grounding")];
    MORE.iter().any(|word| word.is_in(candidates))
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
