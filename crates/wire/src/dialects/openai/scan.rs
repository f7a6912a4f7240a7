//! Reads usage, first token, end and errors of a chat or text completion while it passes.

use memchr::memmem;

use crate::{
    json::Json,
    scanner::{self, Vital, read},
    usage::{may_have_usage, openai_units, openai_usage},
};

/// Needs no memory of its own: of every number the last one counts.
pub(in crate::dialects) struct Scan;

impl scanner::Scan for Scan {
    fn event(&mut self, name: &[u8], data: &[u8], vital: &mut Vital) {
        if data == b"[DONE]" {
            vital.finished = true;
            return;
        }
        if vital.first_token && name != b"error" && !may_have_usage(data) && memmem::find(data, b"\"error\"").is_none()
        {
            return;
        }
        let Some(chunk) = read(data) else { return };
        let groq = chunk.get("x_groq");
        for usage in [in_choice(&chunk), groq.and_then(|groq| groq.get("usage")), chunk.get("usage")] {
            take(usage, vital);
        }
        if let Some(tier) = chunk.str_at("service_tier") {
            vital.meter.service_tier = Some(tier.to_owned());
        }
        vital.note_error(name, &chunk);
        if let Some(groq) = groq {
            vital.note_error(b"", groq);
        }
        vital.first_token |= has_token(&chunk);
    }

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        match key {
            "usage" => take(Some(&value), vital),
            _ => vital.note_error_member(value),
        }
    }
}

/// Takes a `usage` object.
fn take(usage: Option<&Json<'_>>, vital: &mut Vital) {
    let Some(usage) = usage else { return };
    vital.meter.usage = openai_usage(usage).or(vital.meter.usage);
    for (unit, count) in openai_units(usage).iter() {
        vital.meter.units.set(unit, count);
    }
}

/// Moonshot closes a stream with the usage inside the choice.
fn in_choice<'j>(chunk: &'j Json<'_>) -> Option<&'j Json<'j>> {
    match chunk.get("choices") {
        Some(Json::Array(choices)) => choices.iter().find_map(|choice| choice.get("usage")),
        _ => None,
    }
}

/// Says whether a chunk of an OpenAI stream carries something the model said.
fn has_token(chunk: &Json<'_>) -> bool {
    let Some(Json::Array(choices)) = chunk.get("choices") else { return false };
    let said = |value: &Json<'_>| match value {
        Json::Str(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(members) => !members.is_empty(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Skipped => false,
    };
    choices.iter().any(|choice| {
        let in_delta = match choice.get("delta") {
            Some(Json::Object(delta)) => delta.iter().any(|(key, value)| key != "role" && said(value)),
            _ => false,
        };
        in_delta || choice.get("text").is_some_and(said)
    })
}
