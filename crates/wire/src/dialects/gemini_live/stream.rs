//! Puts the server's messages of a turn together.

use llmtrace_model::{Message, Part, Role};

use super::{content, usage::usage};
use crate::{
    decode::Draft,
    dialects::Assemble,
    json::{Json, Members},
    realtime::own_line,
};

/// A turn in the making.
#[derive(Default)]
pub(super) struct Stream {
    parts: Vec<Part>,
    /// What the user said, as the provider heard it.
    heard: String,
    /// What the model said, as text.
    spoken: String,
    /// The model's audio: what it is, and how much.
    audio: Option<(Option<String>, u64)>,
    ended: Option<String>,
}

impl Assemble for Stream {
    fn event(&mut self, _name: &[u8], message: Json<'_>, draft: &mut Draft) {
        let Some(message) = own_line(message, draft) else { return };
        for (key, value) in message.into_members() {
            match key.as_ref() {
                "serverContent" => self.content(value.into_members(), draft),
                "toolCall" => {
                    self.ended = Some("tool_call".to_owned());
                    for (key, value) in value.into_members() {
                        match key.as_ref() {
                            "functionCalls" => self.parts.extend(value.into_items().iter().map(content::call)),
                            other => draft.unknown("toolCall", other),
                        }
                    }
                }
                "usageMetadata" => self.usage(&value, draft),
                "setupComplete"
                | "toolCallCancellation"
                | "goAway"
                | "sessionResumptionUpdate"
                | "voiceActivity"
                | "voiceActivityDetectionSignal" => {}
                other => draft.unknown("server message", other),
            }
        }
    }

    fn finish(self: Box<Self>, draft: &mut Draft) {
        if !self.heard.trim().is_empty() {
            let parts = vec![Part::Text { content: self.heard }];
            draft.content.input_messages.push(Message { role: Role::User, name: None, parts, finish_reason: None });
        }
        let mut parts = Vec::new();
        if let Some((mime_type, size_bytes)) = self.audio {
            draft.not_read("audio");
            parts.push(Part::Blob { modality: "audio".to_owned(), mime_type, size_bytes });
        }
        if !self.spoken.is_empty() {
            parts.push(Part::Text { content: self.spoken });
        }
        parts.extend(self.parts);
        draft.finish_reasons.extend(self.ended.clone());
        if !parts.is_empty() {
            let role = Role::Assistant;
            draft.content.output_messages.push(Message { role, name: None, parts, finish_reason: self.ended });
        }
    }
}

impl Stream {
    fn content(&mut self, members: Members<'_>, draft: &mut Draft) {
        for (key, value) in members {
            match key.as_ref() {
                "modelTurn" => {
                    let said = content::message(value, Role::Assistant, draft).parts;
                    said.into_iter().for_each(|part| self.say(part, draft));
                }
                "outputTranscription" => self.spoken.push_str(value.str_at("text").unwrap_or("")),
                "inputTranscription" => self.heard.push_str(value.str_at("text").unwrap_or("")),
                "turnComplete" if value.as_bool() == Some(true) => {
                    self.ended.get_or_insert_with(|| "turn_complete".to_owned());
                }
                "interrupted" if value.as_bool() == Some(true) => self.ended = Some("interrupted".to_owned()),
                "turnCompleteReason" => self.ended = value.into_string().or(self.ended.take()),
                "groundingMetadata" | "urlContextMetadata" => draft.not_read("grounding"),
                "turnComplete" | "interrupted" | "generationComplete" | "waitingForInput" => {}
                other => draft.unknown("serverContent", other),
            }
        }
    }

    /// Joins what belongs together: text comes in pieces, and audio is only counted.
    fn say(&mut self, part: Part, draft: &mut Draft) {
        match (self.parts.last_mut(), part) {
            (_, Part::Blob { modality, mime_type, size_bytes }) if modality == "audio" => {
                // Counted once for the whole turn, in `finish`.
                draft.is_piece("audio");
                let audio = self.audio.get_or_insert((mime_type, 0));
                audio.1 += size_bytes;
            }
            (Some(Part::Text { content }), Part::Text { content: more })
            | (Some(Part::Reasoning { content }), Part::Reasoning { content: more }) => content.push_str(&more),
            (_, part) => self.parts.push(part),
        }
    }

    fn usage(&mut self, metadata: &Json<'_>, draft: &mut Draft) {
        let Some(found) = usage(metadata) else { return };
        if draft.usage.is_some_and(|known| known != found) {
            // Nobody says whether they add up: the last one counts, and the span says that there were more.
            draft.unknown("usageMetadata", "more than one");
        }
        if metadata.u64_at("totalTokenCount").is_some_and(|total| total != found.total()) {
            draft.unknown("usageMetadata", "total differs");
        }
        draft.usage = Some(found);
    }
}
