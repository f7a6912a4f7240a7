//! OpenAI Realtime: an answer begins with `response.created`, carries its id, and ends with `response.done`.
//!
//! The transcription of the user's audio is billed apart, so it is a turn of its own. Source: OpenAI API reference,
//! "Realtime", client and server events (2026-10), and the names of its beta.

use super::{
    Turns,
    cut::{inline, is_object},
    turns::Tally,
};
use crate::{
    dialects::openai_realtime::{TURN, transcription_model},
    skim,
    websocket::Side,
};

/// Follows a session.
#[derive(Default)]
pub(super) struct Reader {
    /// The model that transcribes the user's audio.
    transcribes: Option<String>,
    /// When the user's last audio was complete.
    committed_us: Option<u64>,
}

/// The members of an event that say where it belongs.
#[derive(Default)]
struct Head<'m> {
    kind: &'m [u8],
    response_id: &'m [u8],
    /// The object `response`.
    response: Option<&'m [u8]>,
    /// Size of `audio` or `delta`.
    bulk: usize,
    has_usage: bool,
}

impl<'m> Head<'m> {
    /// `None` where a message is no event.
    fn of(message: &'m [u8]) -> Option<Self> {
        let mut head = Self::default();
        let read = skim::members(message, |member| {
            let value = &message[member.value];
            match member.key {
                b"type" => head.kind = text(value),
                b"response_id" => head.response_id = text(value),
                b"response" => head.response = Some(value),
                b"audio" | b"delta" => head.bulk = text(value).len(),
                b"usage" => head.has_usage = value.starts_with(b"{"),
                _ => {}
            }
        });
        read.ok().filter(|()| !head.kind.is_empty())?;
        if let Some(response) = head.response {
            let inner = skim::members(response, |member| {
                if member.key == b"id" {
                    head.response_id = text(&response[member.value]);
                }
            });
            // A response that is no object has no id; its event is read all the same.
            inner.unwrap_or_default();
        }
        Some(head)
    }
}

/// A string without its quotes; nothing where it is no string.
fn text(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(b"")
}

impl super::Reader for Reader {
    fn client(&mut self, message: &[u8], at_us: u64, turns: &mut Turns) {
        let Some(head) = Head::of(message) else { return turns.ask(message) };
        match head.kind {
            b"input_audio_buffer.append" => turns.asking().media[0].add(head.bulk),
            b"session.update" | b"transcription_session.update" => {
                turns.session(Side::Client, message);
                turns.ask(message);
            }
            b"response.create" => {
                turns.ask(message);
                turns.seal(at_us);
            }
            b"response.cancel" => match turns.last() {
                Some(turn) => turns.interject(turn, message),
                None => turns.ask(message),
            },
            _ => turns.ask(message),
        }
    }

    fn server(&mut self, message: &[u8], at_us: u64, turns: &mut Turns) {
        let head = if is_object(message) { Head::of(message) } else { None };
        let Some(head) = head else { return turns.session(Side::Server, message) };
        match head.kind {
            b"session.created"
            | b"session.updated"
            | b"transcription_session.created"
            | b"transcription_session.updated" => {
                self.transcribes = transcription_model(message).or(self.transcribes.take());
                turns.context(Side::Server, message);
            }
            b"input_audio_buffer.speech_stopped" => {
                turns.asked(at_us);
                turns.remark(message);
            }
            b"input_audio_buffer.committed" => {
                self.committed_us = Some(at_us);
                turns.remark(message);
            }
            b"error" => {
                turns.session(Side::Server, message);
                // Perhaps it refuses a `response.create`; what was asked is then asked with the next one.
                if turns.last().is_none() {
                    turns.not_answered();
                }
            }
            b"response.created" => {
                let turn = turns.begin(head.response_id, at_us);
                turns.answer(turn, message, at_us);
            }
            b"response.output_audio.delta" | b"response.audio.delta" => {
                let turn = turn_of(&head, at_us, turns);
                turns.heard(turn, head.bulk, at_us);
            }
            b"conversation.item.input_audio_transcription.completed" if head.has_usage => {
                let about = about(self.transcribes.as_deref());
                turns.aside(&about, message, self.committed_us.take(), at_us);
                beside(message, at_us, turns);
            }
            _ if !head.response_id.is_empty() => {
                let turn = turn_of(&head, at_us, turns);
                turns.answer(turn, message, at_us);
            }
            _ => beside(message, at_us, turns),
        }
    }
}

/// The turn of an event that names its response; one whose beginning was not seen begins with it.
fn turn_of(head: &Head<'_>, at_us: u64, turns: &mut Turns) -> usize {
    turns.find(head.response_id).unwrap_or_else(|| turns.begin(head.response_id, at_us))
}

/// An event that names no response stands in the answer that is being given, else before the next one.
fn beside(message: &[u8], at_us: u64, turns: &mut Turns) {
    match turns.last() {
        Some(turn) => turns.answer(turn, message, at_us),
        None => turns.remark(message),
    }
}

/// Says that the turn which follows is a transcription.
fn about(model: Option<&str>) -> String {
    serde_json::json!({"type": TURN, "kind": "transcription", "model": model}).to_string()
}

/// The client's audio in one line.
pub(super) fn asked_media_line(audio: &Tally, _kind: usize) -> String {
    media_line("input_audio_buffer.append", "audio", audio)
}

/// The model's audio in one line.
pub(super) fn said_media_line(audio: &Tally) -> String {
    media_line("response.output_audio.delta", "delta", audio)
}

fn media_line(kind: &str, member: &str, audio: &Tally) -> String {
    format!(r#"{{"type":"{kind}","{member}":"{}","llmtrace_events":{}}}"#, inline(audio.bytes), audio.events)
}
