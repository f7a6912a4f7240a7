//! Gemini Live: every message is an object with one member that says what it is, and perhaps `usageMetadata`.
//!
//! An answer ends with `turnComplete`, or with a `toolCall`: what follows the tools' results is generated and billed anew.
//! The usage comes with that message or right behind it. Source: Gemini API reference, "Live API" (2026-10).

use super::{
    End, Turns,
    cut::{inline, is_object},
    turns::Tally,
};
use crate::{skim, websocket::Side};

/// Follows a session; what is to be remembered is in the turns.
pub(super) struct Reader;

/// The members of a server's message.
#[derive(Default)]
struct Said<'m> {
    content: Option<&'m [u8]>,
    tool_call: bool,
    usage: bool,
    setup: bool,
    voice: Option<&'m [u8]>,
}

/// What a `serverContent` holds.
#[derive(Default)]
struct Content {
    /// Something the model says or that ends its turn.
    model: bool,
    /// The model's own words, not only a sign.
    speaks: bool,
}

impl super::Reader for Reader {
    fn client(&mut self, message: &[u8], at_us: u64, turns: &mut Turns) {
        let mut known = false;
        let read = skim::members(message, |member| {
            let value = &message[member.value];
            match member.key {
                b"setup" => turns.context(Side::Client, message),
                b"realtimeInput" | b"realtime_input" => realtime(message, value, at_us, turns),
                b"clientContent" | b"client_content" => {
                    turns.ask(message);
                    if is_true(value, &[b"turnComplete", b"turn_complete"]) {
                        turns.asked(at_us);
                    }
                }
                b"toolResponse" | b"tool_response" => {
                    turns.ask(message);
                    turns.asked(at_us);
                }
                _ => return,
            }
            known = true;
        });
        if read.is_err() || !known {
            turns.ask(message);
        }
    }

    fn server(&mut self, message: &[u8], at_us: u64, turns: &mut Turns) {
        let mut said = Said::default();
        let read = skim::members(message, |member| {
            let value = &message[member.value];
            match member.key {
                b"serverContent" => said.content = Some(value),
                b"toolCall" => said.tool_call = true,
                b"usageMetadata" => said.usage = value.starts_with(b"{"),
                b"setupComplete" => said.setup = true,
                b"voiceActivity" | b"voiceActivityDetectionSignal" => said.voice = Some(value),
                _ => {}
            }
        });
        if read.is_err() || !is_object(message) || said.setup {
            return turns.session(Side::Server, message);
        }
        let content = said.content.map(Content::of).unwrap_or_default();
        if let Some(turn) = turns.lingering() {
            if said.usage && !content.speaks && !said.tool_call {
                return turns.answer(turn, message, at_us);
            }
            turns.end(turn, at_us, End::Done);
        }
        if said.voice.is_some_and(says_end_of_speech) {
            turns.asked(at_us);
        }
        if content.model || said.tool_call {
            let turn = turns.last().unwrap_or_else(|| turns.begin(b"", at_us));
            return turns.answer(turn, message, at_us);
        }
        match (turns.last(), said.usage) {
            (Some(turn), _) => turns.answer(turn, message, at_us),
            // Usage of nothing we saw: a turn of its own, so that it is not lost.
            (None, true) => {
                let turn = turns.begin(b"", at_us);
                turns.answer(turn, message, at_us);
                turns.end(turn, at_us, End::Done);
            }
            (None, false) if said.content.is_some() => turns.remark(message),
            (None, false) => turns.session(Side::Server, message),
        }
    }
}

impl Content {
    fn of(value: &[u8]) -> Self {
        let mut content = Self::default();
        let read = skim::members(value, |member| match member.key {
            b"modelTurn" | b"outputTranscription" => (content.model, content.speaks) = (true, true),
            b"turnComplete" | b"generationComplete" | b"interrupted" | b"groundingMetadata" => content.model = true,
            _ => {}
        });
        // What is no object says nothing.
        read.unwrap_or_default();
        content
    }
}

/// What the client streams: bytes are only counted, words and signs are kept.
fn realtime(message: &[u8], input: &[u8], at_us: u64, turns: &mut Turns) {
    let (mut has_words, mut is_end) = (false, false);
    let read = skim::members(input, |member| {
        let value = &input[member.value];
        match member.key {
            b"audio" => count(value, 0, turns),
            b"video" => count(value, 1, turns),
            b"media" | b"mediaChunks" | b"media_chunks" => count(value, usize::from(is_image(value)), turns),
            b"text" | b"activityEnd" | b"activity_end" => (has_words, is_end) = (true, true),
            b"audioStreamEnd" | b"audio_stream_end" => (has_words, is_end) = (true, value == b"true"),
            _ => has_words = true,
        }
    });
    if read.is_err() || has_words {
        turns.ask(message);
    }
    if is_end {
        turns.asked(at_us);
    }
}

fn count(blob: &[u8], kind: usize, turns: &mut Turns) {
    let tally = &mut turns.asking().media[kind];
    tally.add(blob.len());
    if tally.mime.is_empty() {
        let find = |blob: &[u8], tally: &mut Tally| {
            let read = skim::members(blob, |member| {
                let value = &blob[member.value];
                let text = value.get(1..value.len().saturating_sub(1)).unwrap_or(b"");
                if matches!(member.key, b"mimeType" | b"mime_type") && text.len() < 64 && !text.contains(&b'\\') {
                    tally.mime = text.to_vec();
                }
            });
            // A list of chunks, or no object: they stay without a type.
            read.unwrap_or_default();
        };
        find(blob, tally);
    }
}

fn is_image(value: &[u8]) -> bool {
    memchr::memmem::find(value.get(..200).unwrap_or(value), b"image/").is_some()
}

fn is_true(object: &[u8], keys: &[&[u8]]) -> bool {
    let mut found = false;
    let read = skim::members(object, |member| found |= keys.contains(&member.key) && &object[member.value] == b"true");
    read.is_ok() && found
}

fn says_end_of_speech(value: &[u8]) -> bool {
    [&b"ACTIVITY_END"[..], b"SIGNAL_TYPE_EOS"].iter().any(|word| memchr::memmem::find(value, word).is_some())
}

/// What the client streamed, in one line.
pub(super) fn asked_media_line(tally: &Tally, kind: usize) -> String {
    let member = if kind == 0 { "audio" } else { "video" };
    let mime = String::from_utf8_lossy(&tally.mime);
    let blob = serde_json::json!({"mimeType": mime, "data": inline(tally.bytes)});
    serde_json::json!({"realtimeInput": {member: blob}, "llmtraceEvents": tally.events}).to_string()
}
