//! OpenAI Realtime, as the turns of a session are recorded (see `realtime.rs`): lines of JSON, each an event.
//!
//! Source: OpenAI API reference, "Realtime", client and server events (2026-10), and the names of its beta.

use llmtrace_model::{Message, Part, Role};

use super::{Format, RequestBody, parts::blob};
use crate::{
    Dialect, Family,
    decode::{Draft, Exchange},
    headers::percent_decoded,
    json::{Json, Rules, parse},
    realtime::{inline_size, own_line},
};

mod item;
mod scan;
mod session;
mod stream;
mod usage;

/// `GET …/realtime`, upgraded to a WebSocket.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::OpenaiRealtime,
    name: "openai_realtime",
    operation: "realtime",
    family: Family::OpenAi,
    speaks: |method, path| method == "GET" && path.ends_with("/realtime"),
    body: RequestBody::Events,
    session: Some(crate::realtime::Flavour::OpenAi),
    head,
    request,
    stream: Some(|| Box::new(stream::Stream::default())),
    scan: || Box::new(scan::Scan::default()),
    ..Format::JSON
};

/// The type of the line that says what kind of turn follows.
pub(crate) const TURN: &str = "llmtrace.turn";

/// The model is in the query; Azure's older paths name a deployment.
fn head(x: &Exchange<'_>, draft: &mut Draft) {
    let query = x.target.split_once('?').map_or("", |(_, query)| query);
    draft.request_model = query_model(query);
}

/// The model a query names.
pub(crate) fn query_model(query: &str) -> Option<String> {
    let value = |key: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(name, value)| *name == key && !value.is_empty())
            .map(|(_, value)| percent_decoded(value).into_owned())
    };
    value("model").or_else(|| value("deployment"))
}

/// The model that transcribes the user's audio, from an event with a `session`.
pub(crate) fn transcription_model(event: &[u8]) -> Option<String> {
    let event = parse(std::str::from_utf8(event).ok()?, &Rules::default()).ok()?;
    let session = event.get("session")?;
    let newer = session.get("audio").and_then(|audio| audio.get("input")).and_then(|input| input.get("transcription"));
    newer.or_else(|| session.get("input_audio_transcription"))?.str_at("model").map(str::to_owned)
}

/// Reads one of the client's events.
fn request(event: Json<'_>, draft: &mut Draft) {
    let Some(event) = own_line(event, draft) else { return };
    let kind = event.str_at("type").unwrap_or("").to_owned();
    match kind.as_str() {
        "session.update" | "transcription_session.update" => session::read(event, session::Speaker::Client, draft),
        "conversation.item.create" => {
            let item = event.into_members().into_iter().find(|(key, _)| key == "item").map(|(_, item)| item);
            let message = item.and_then(|item| item::message(item, draft));
            draft.content.input_messages.extend(message);
        }
        "response.create" => create(event, draft),
        "input_audio_buffer.append" => {
            let size = event.str_at("audio").map_or(0, inline_size);
            let mut part = blob("audio", None, "", draft);
            if let Part::Blob { size_bytes, .. } = &mut part {
                *size_bytes = size;
            }
            draft.content.input_messages.push(user(part));
        }
        "input_audio_buffer.commit"
        | "input_audio_buffer.clear"
        | "output_audio_buffer.clear"
        | "response.cancel"
        | "conversation.item.retrieve"
        | "conversation.item.truncate"
        | "conversation.item.delete" => {}
        other => draft.unknown("client event", other),
    }
}

fn user(part: Part) -> Message {
    Message { role: Role::User, name: None, parts: vec![part], finish_reason: None }
}

/// What is asked for one answer only.
fn create(event: Json<'_>, draft: &mut Draft) {
    let response = event.into_members().into_iter().find(|(key, _)| key == "response").map(|(_, value)| value);
    for (key, value) in response.map(Json::into_members).unwrap_or_default() {
        if value.is_null() {
            continue;
        }
        match key.as_ref() {
            // Beside the session's own: they hold for this answer.
            "instructions" => draft.content.input_messages.extend(value.into_string().map(|content| Message {
                role: Role::System,
                name: None,
                parts: vec![Part::Text { content }],
                finish_reason: None,
            })),
            "input" => {
                for item in value.into_items() {
                    let message = item::message(item, draft);
                    draft.content.input_messages.extend(message);
                }
            }
            "metadata" => draft.tag_all(value.into_members()),
            "tools" => draft.content.tool_definitions = value.into_items().into_iter().map(Json::into_value).collect(),
            other => session::parameter(other, &value, "response", draft),
        }
    }
}
