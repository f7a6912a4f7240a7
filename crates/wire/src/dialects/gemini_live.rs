//! Gemini Live, as the turns of a session are recorded (see `realtime.rs`): lines of JSON, each a message.
//!
//! Clients write members in camel case or with underscores (google-genai does both); servers in camel case.
//! Source: Gemini API reference, "Live API" (2026-10), and Vertex AI's `LlmBidiService`.

use std::borrow::Cow;

use llmtrace_model::{Message, Part, Role};

use super::{Format, RequestBody};
use crate::{
    Dialect, Family,
    decode::Draft,
    json::{Json, Members},
    realtime::own_line,
};

mod content;
mod scan;
mod stream;
mod usage;

/// `GET …BidiGenerateContent`, upgraded to a WebSocket.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::GeminiLive,
    name: "gemini_live",
    operation: "realtime",
    family: Family::Google,
    speaks: |method, path| method == "GET" && is_live(path),
    body: RequestBody::Events,
    session: Some(crate::realtime::Flavour::Gemini),
    request,
    stream: Some(|| Box::new(stream::Stream::default())),
    scan: || Box::new(scan::Scan),
    ..Format::JSON
};

/// `…v1beta.GenerativeService.BidiGenerateContent`, with `Constrained` for short-lived tokens, and Vertex's service.
fn is_live(path: &str) -> bool {
    let last = path.rsplit(['.', '/']).next().unwrap_or("");
    matches!(last, "BidiGenerateContent" | "BidiGenerateContentConstrained")
}

/// Reads one of the client's messages.
fn request(message: Json<'_>, draft: &mut Draft) {
    let Some(message) = own_line(message, draft) else { return };
    for (key, value) in message.into_members() {
        match camel(&key).as_ref() {
            "setup" => setup(value, draft),
            "clientContent" => {
                for (key, value) in value.into_members() {
                    match camel(&key).as_ref() {
                        "turns" => {
                            let turns: Vec<Message> = value
                                .into_items()
                                .into_iter()
                                .map(|turn| content::message(turn, Role::User, draft))
                                .collect();
                            draft.content.input_messages.extend(turns);
                        }
                        "turnComplete" => {}
                        other => draft.unknown("clientContent", other),
                    }
                }
            }
            "realtimeInput" => streamed(value, draft),
            "toolResponse" => {
                let results = content::results(value, draft);
                if !results.is_empty() {
                    draft.content.input_messages.push(said(Role::Tool, results));
                }
            }
            "llmtraceEvents" => {}
            other => draft.unknown("client message", other),
        }
    }
}

fn said(role: Role, parts: Vec<Part>) -> Message {
    Message { role, name: None, parts, finish_reason: None }
}

/// What was streamed: audio and images by their size, text as it is.
fn streamed(input: Json<'_>, draft: &mut Draft) {
    for (key, value) in input.into_members() {
        let parts = match camel(&key).as_ref() {
            "audio" | "video" | "media" => vec![content::blob(&value, draft)],
            "mediaChunks" => value.into_items().iter().map(|chunk| content::blob(chunk, draft)).collect(),
            "text" => value.into_string().map(|content| Part::Text { content }).into_iter().collect(),
            "activityStart" | "activityEnd" | "audioStreamEnd" => Vec::new(),
            other => {
                draft.unknown("realtimeInput", other);
                Vec::new()
            }
        };
        if !parts.is_empty() {
            draft.content.input_messages.push(said(Role::User, parts));
        }
    }
}

/// Parameters of `generationConfig` kept under OpenTelemetry's name, else under their own.
const PARAMS: &[(&str, &str)] = &[
    ("candidateCount", "choice.count"),
    ("enableAffectiveDialog", "enable_affective_dialog"),
    ("frequencyPenalty", "frequency_penalty"),
    ("maxOutputTokens", "max_tokens"),
    ("mediaResolution", "media_resolution"),
    ("presencePenalty", "presence_penalty"),
    ("responseModalities", "modalities"),
    ("seed", "seed"),
    ("temperature", "temperature"),
    ("topK", "top_k"),
    ("topP", "top_p"),
];

/// What the client asks of the whole session.
fn setup(setup: Json<'_>, draft: &mut Draft) {
    for (key, value) in setup.into_members() {
        match camel(&key).as_ref() {
            "model" => draft.request_model = value.as_str().map(short_model).or(draft.request_model.take()),
            "systemInstruction" => {
                draft.content.system_instructions = content::message(value, Role::System, draft).parts
            }
            "tools" => draft.content.tool_definitions = value.into_items().into_iter().map(Json::into_value).collect(),
            "generationConfig" => config(value.into_members(), draft),
            "realtimeInputConfig"
            | "sessionResumption"
            | "contextWindowCompression"
            | "inputAudioTranscription"
            | "outputAudioTranscription"
            | "proactivity"
            | "historyConfig"
            | "explicitVadSignal"
            | "labels" => {}
            other => draft.unknown("setup", other),
        }
    }
}

fn config(members: Members<'_>, draft: &mut Draft) {
    for (key, value) in members {
        let key = camel(&key);
        match PARAMS.binary_search_by_key(&key.as_ref(), |(wire, _)| wire) {
            Ok(at) => draft.param(PARAMS[at].1, &value),
            Err(_) if matches!(key.as_ref(), "speechConfig" | "thinkingConfig" | "responseSchema") => {}
            Err(_) => draft.unknown("generationConfig", &key),
        }
    }
}

/// `models/NAME`, or Vertex's `projects/…/publishers/google/models/NAME`.
fn short_model(model: &str) -> String {
    model.rsplit_once("models/").map_or(model, |(_, name)| name).to_owned()
}

/// A member's name in camel case.
fn camel(key: &str) -> Cow<'_, str> {
    if !key.contains('_') {
        return Cow::Borrowed(key);
    }
    let mut words = key.split('_');
    let mut out = words.next().unwrap_or("").to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_both_spellings() {
        assert!(PARAMS.is_sorted());
        assert_eq!((camel("realtime_input"), camel("realtimeInput")), ("realtimeInput".into(), "realtimeInput".into()));
        assert_eq!(short_model("models/gemini-live-2.5-flash"), "gemini-live-2.5-flash");
        assert_eq!(short_model("projects/p/locations/l/publishers/google/models/g"), "g");
    }
}
