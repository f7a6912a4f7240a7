//! The object `session`: what holds for all turns of a session.

use llmtrace_model::Part;

use crate::{
    decode::Draft,
    json::{Json, Members},
};

/// Who says it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    /// The client wishes it.
    Client,
    /// The server says that it is so.
    Server,
}

/// Parameters kept by their own name or OpenTelemetry's.
const PARAMS: &[(&str, &str)] = &[
    ("conversation", "conversation"),
    ("max_output_tokens", "max_tokens"),
    ("max_response_output_tokens", "max_tokens"),
    ("modalities", "modalities"),
    ("output_modalities", "modalities"),
    ("parallel_tool_calls", "parallel_tool_calls"),
    ("speed", "speed"),
    ("temperature", "temperature"),
    ("tool_choice", "tool_choice"),
    ("truncation", "truncation"),
    ("voice", "voice"),
];

/// Members that are known and not kept.
const KNOWN: &[&str] = &[
    "client_secret",
    "expires_at",
    "id",
    "include",
    "input_audio_format",
    "input_audio_noise_reduction",
    "input_audio_transcription",
    "metadata",
    "object",
    "output_audio_format",
    "prompt",
    "reasoning",
    "tracing",
    "turn_detection",
    "type",
];

/// Reads an event with a `session`.
pub(super) fn read(event: Json<'_>, speaker: Speaker, draft: &mut Draft) {
    let session = event.into_members().into_iter().find(|(key, _)| key == "session").map(|(_, value)| value);
    members(session.map(Json::into_members).unwrap_or_default(), speaker, draft);
}

fn members(session: Members<'_>, speaker: Speaker, draft: &mut Draft) {
    for (key, value) in session {
        if value.is_null() {
            continue;
        }
        match key.as_ref() {
            "model" if speaker == Speaker::Server => draft.response_model = value.into_string(),
            "model" => draft.request_model = draft.request_model.take().or(value.into_string()),
            "instructions" => {
                let text = value.into_string().filter(|text| !text.is_empty());
                draft.content.system_instructions = text.map(|content| Part::Text { content }).into_iter().collect();
            }
            "tools" => draft.content.tool_definitions = value.into_items().into_iter().map(Json::into_value).collect(),
            "audio" => audio(&value, draft),
            other => parameter(other, &value, "session", draft),
        }
    }
}

/// Takes a parameter of a session or of one answer.
pub(super) fn parameter(key: &str, value: &Json<'_>, place: &str, draft: &mut Draft) {
    match PARAMS.binary_search_by_key(&key, |(wire, _)| wire) {
        Ok(at) => draft.param(PARAMS[at].1, value),
        Err(_) if KNOWN.contains(&key) => {}
        Err(_) => draft.unknown(place, key),
    }
}

/// `{"input":{…},"output":{"voice":…}}`: only what changes the answer is kept.
fn audio(value: &Json<'_>, draft: &mut Draft) {
    if let Some(output) = value.get("output") {
        for key in ["voice", "speed"] {
            if let Some(value) = output.get(key) {
                draft.param(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_are_sorted() {
        assert!(PARAMS.is_sorted());
        assert!(KNOWN.is_sorted());
    }
}
