//! Puts the server's events of a turn together.

use llmtrace_model::{ErrorInfo, Message, Meter, Part, Role};

use super::{
    TURN,
    item::{self, audio},
    session::{self, Speaker},
    usage::{failure, of_response, of_transcription},
};
use crate::{
    decode::Draft,
    dialects::{Assemble, error::error_of, parts::arguments},
    json::{Json, Members},
    realtime::{inline_size, own_line},
};

/// Most pieces of an answer that are kept apart.
const MAX_PIECES: usize = 1024;

/// A turn in the making.
#[derive(Default)]
pub(super) struct Stream {
    is_transcription: bool,
    pieces: Vec<((u64, u64), Piece)>,
    /// The items of `response.done`: what counts once it is there.
    output: Vec<Part>,
    /// What the user said, by item.
    heard: Vec<(String, String)>,
    audio_bytes: u64,
    has_audio: bool,
    raw: Vec<Part>,
}

/// One part of the answer while its deltas come.
enum Piece {
    Text(String),
    Call { id: Option<String>, name: String, arguments: String },
    Whole(Vec<Part>),
}

impl Assemble for Stream {
    fn event(&mut self, _name: &[u8], event: Json<'_>, draft: &mut Draft) {
        let Some(event) = own_line(event, draft) else { return };
        let kind = event.str_at("type").unwrap_or("").to_owned();
        match kind.as_str() {
            "session.created"
            | "session.updated"
            | "transcription_session.created"
            | "transcription_session.updated" => session::read(event, Speaker::Server, draft),
            "response.output_text.delta"
            | "response.text.delta"
            | "response.output_audio_transcript.delta"
            | "response.audio_transcript.delta" => self.text(&event, "delta", draft),
            "response.output_text.done" | "response.text.done" => self.text(&event, "text", draft),
            "response.output_audio_transcript.done" | "response.audio_transcript.done" => {
                self.text(&event, "transcript", draft);
            }
            "response.output_audio.delta" | "response.audio.delta" => {
                self.has_audio = true;
                self.audio_bytes += event.str_at("delta").map_or(0, inline_size);
            }
            "response.function_call_arguments.delta" | "response.mcp_call_arguments.delta" => {
                self.call(&event, "delta", draft);
            }
            "response.function_call_arguments.done" | "response.mcp_call_arguments.done" => {
                self.call(&event, "arguments", draft);
            }
            "response.output_item.added" => self.added(&event, draft),
            "response.output_item.done" => self.item(&event, draft),
            "response.created" => response(member(event, "response"), draft),
            "response.done" => self.done(member(event, "response"), draft),
            "conversation.item.input_audio_transcription.completed" => self.transcribed(&event, draft),
            "conversation.item.input_audio_transcription.failed" => {
                let error = error_of(&event).map_or_else(String::new, |error| error.message);
                draft.unknown("transcription failed", &error);
            }
            // It refuses something, and the session goes on.
            "error" => self.raw.extend(error_of(&event).map(|ErrorInfo { kind, message }| Part::Raw {
                value: serde_json::json!({"type": "error", "error": {"type": kind, "message": message}}),
            })),
            TURN => {
                self.is_transcription = event.str_at("kind") == Some("transcription");
                if self.is_transcription {
                    // The session's model has no part in it, and its price must not stand in for this one's.
                    draft.request_model = event.str_at("model").map(str::to_owned);
                    draft.response_model.clone_from(&draft.request_model);
                }
            }
            other if is_known(other) => {}
            other => draft.unknown("event", other),
        }
    }

    fn finish(mut self: Box<Self>, draft: &mut Draft) {
        for (_, content) in std::mem::take(&mut self.heard) {
            draft.content.input_messages.push(said(Role::User, vec![Part::Text { content }]));
        }
        let mut parts = Vec::new();
        if self.has_audio {
            parts.push(audio(self.audio_bytes, draft));
        }
        if self.output.is_empty() {
            self.pieces.sort_by_key(|(place, _)| *place);
            parts.extend(self.pieces.into_iter().flat_map(|(_, piece)| piece.into_parts()));
        } else {
            parts.append(&mut self.output);
        }
        parts.append(&mut self.raw);
        if !parts.is_empty() {
            let message = said(Role::Assistant, parts);
            let finish_reason = draft.finish_reasons.first().cloned();
            draft.content.output_messages.push(Message { finish_reason, ..message });
        }
    }
}

fn said(role: Role, parts: Vec<Part>) -> Message {
    Message { role, name: None, parts, finish_reason: None }
}

/// Events that say nothing the others do not.
fn is_known(kind: &str) -> bool {
    matches!(
        kind,
        "rate_limits.updated"
            | "response.content_part.added"
            | "response.content_part.done"
            | "response.output_audio.done"
            | "response.audio.done"
            | "response.output_text.annotation.added"
            | "conversation.created"
            | "conversation.item.created"
            | "conversation.item.added"
            | "conversation.item.done"
            | "conversation.item.deleted"
            | "conversation.item.retrieved"
            | "conversation.item.truncated"
            | "conversation.item.input_audio_transcription.delta"
            | "conversation.item.input_audio_transcription.segment"
    ) || ["input_audio_buffer.", "output_audio_buffer.", "mcp_list_tools.", "response.mcp_call."]
        .iter()
        .any(|start| kind.starts_with(start))
}

fn member<'j>(event: Json<'j>, key: &str) -> Members<'j> {
    let found = event.into_members().into_iter().rev().find(|(name, _)| name == key);
    found.map(|(_, value)| value.into_members()).unwrap_or_default()
}

/// The members of `response` that its beginning has, too.
fn response(members: Members<'_>, draft: &mut Draft) {
    for (key, value) in members {
        if value.is_null() {
            continue;
        }
        match key.as_ref() {
            "id" => draft.response_id = value.into_string(),
            "model" => draft.response_model = value.into_string(),
            "object" | "status" | "status_details" | "output" | "usage" | "conversation_id" | "metadata" | "audio" => {}
            other => session::parameter(other, &value, "response", draft),
        }
    }
}

impl Stream {
    /// The piece an event is about.
    fn piece(&mut self, event: &Json<'_>, make: fn() -> Piece, draft: &mut Draft) -> Option<&mut Piece> {
        let place = (event.u64_at("output_index").unwrap_or(0), event.u64_at("content_index").unwrap_or(0));
        let at = match self.pieces.iter().rposition(|(p, _)| *p == place) {
            Some(at) => at,
            None if self.pieces.len() < MAX_PIECES => {
                self.pieces.push((place, make()));
                self.pieces.len() - 1
            }
            None => {
                draft.unknown("response", "too many parts");
                return None;
            }
        };
        Some(&mut self.pieces[at].1)
    }

    /// A piece of text (`delta`), or all of it.
    fn text(&mut self, event: &Json<'_>, key: &str, draft: &mut Draft) {
        let Some(said) = event.str_at(key) else { return };
        if let Some(Piece::Text(text)) = self.piece(event, || Piece::Text(String::new()), draft) {
            if key != "delta" {
                text.clear();
            }
            text.push_str(said);
        }
    }

    /// A piece of a call's arguments (`delta`), or all of them.
    fn call(&mut self, event: &Json<'_>, key: &str, draft: &mut Draft) {
        let empty = || Piece::Call { id: None, name: String::new(), arguments: String::new() };
        if let Some(Piece::Call { id, name, arguments }) = self.piece(event, empty, draft) {
            if key != "delta" {
                arguments.clear();
            }
            arguments.push_str(event.str_at(key).unwrap_or(""));
            *id = event.str_at("call_id").map(str::to_owned).or(id.take());
            if let Some(said) = event.str_at("name") {
                said.clone_into(name);
            }
        }
    }

    fn added(&mut self, event: &Json<'_>, draft: &mut Draft) {
        let Some(item) = event.get("item").filter(|item| item.str_at("type") == Some("function_call")) else { return };
        let (called, call_id) = (item.str_at("name").unwrap_or(""), item.str_at("call_id").map(str::to_owned));
        let empty = || Piece::Call { id: None, name: String::new(), arguments: String::new() };
        if let Some(Piece::Call { id, name, .. }) = self.piece(event, empty, draft) {
            called.clone_into(name);
            *id = call_id;
        }
    }

    /// An item is complete: it counts instead of its pieces.
    fn item(&mut self, event: &Json<'_>, draft: &mut Draft) {
        let Some(index) = event.u64_at("output_index") else { return };
        let Some(item) = event.get("item").cloned() else { return };
        let parts = item::parts(item, draft);
        if parts.is_empty() {
            return;
        }
        self.pieces.retain(|((at, _), _)| *at != index);
        if let Some(piece) = self.piece(event, || Piece::Whole(Vec::new()), draft) {
            *piece = Piece::Whole(parts);
        }
    }

    fn done(&mut self, members: Members<'_>, draft: &mut Draft) {
        let whole = Json::Object(members);
        draft.usage = whole.get("usage").and_then(of_response).or(draft.usage);
        draft.error = draft.error.take().or_else(|| failure(&whole));
        let reason = whole.get("status_details").and_then(|details| details.str_at("reason"));
        let reason = reason.or_else(|| whole.str_at("status")).map(str::to_owned);
        draft.finish_reasons.extend(reason);
        if let Some(Json::Object(metadata)) = whole.get("metadata") {
            draft.tag_all(metadata.clone());
        }
        let output = whole.get("output").cloned().map(Json::into_items).unwrap_or_default();
        let parts: Vec<Part> = output.into_iter().flat_map(|item| item::parts(item, draft)).collect();
        self.output = parts;
        response(whole.into_members(), draft);
    }

    fn transcribed(&mut self, event: &Json<'_>, draft: &mut Draft) {
        let words = event.str_at("transcript").unwrap_or("").trim();
        if !self.is_transcription {
            if !words.is_empty() {
                self.heard.push((event.str_at("item_id").unwrap_or("").to_owned(), words.to_owned()));
            }
            return;
        }
        draft.not_read("audio");
        draft.response_id = event.str_at("item_id").map(str::to_owned);
        let mut meter = Meter { usage: draft.usage, units: std::mem::take(&mut draft.units), service_tier: None };
        if let Some(usage) = event.get("usage") {
            of_transcription(usage, &mut meter);
        }
        (draft.usage, draft.units) = (meter.usage, meter.units);
        self.output.extend((!words.is_empty()).then(|| Part::Text { content: words.to_owned() }));
    }
}

impl Piece {
    fn into_parts(self) -> Vec<Part> {
        match self {
            Self::Text(content) if content.is_empty() => Vec::new(),
            Self::Text(content) => vec![Part::Text { content }],
            Self::Call { id, name, arguments: text } => vec![Part::ToolCall { id, name, arguments: arguments(text) }],
            Self::Whole(parts) => parts,
        }
    }
}
