//! What ends a turn and what it is billed, while its events pass.

use super::{
    TURN,
    usage::{failure, of_response, of_transcription},
};
use crate::{
    json::Json,
    scanner::{self, Vital, read},
    skim,
};

/// Reads the events of one turn.
#[derive(Default)]
pub(super) struct Scan {
    /// The turn is a transcription; elsewhere its usage is another turn's.
    is_transcription: bool,
}

/// The type of an event.
fn kind(data: &[u8]) -> &[u8] {
    // As OpenAI writes them; whatever else is searched for.
    if let Some(rest) = data.strip_prefix(b"{\"type\":\"") {
        return rest.split(|byte| *byte == b'"').next().unwrap_or(b"");
    }
    let mut kind: &[u8] = b"";
    let found = skim::members(data, |member| {
        if member.key == b"type" {
            let value = &data[member.value];
            kind = value.get(1..value.len().saturating_sub(1)).unwrap_or(b"");
        }
    });
    if found.is_ok() { kind } else { b"" }
}

impl scanner::Scan for Scan {
    fn event(&mut self, _name: &[u8], data: &[u8], vital: &mut Vital) {
        match kind(data) {
            b"response.done" => {
                let Some(event) = read(data) else { return };
                let Some(response) = event.get("response") else { return };
                vital.meter.usage = response.get("usage").and_then(of_response).or(vital.meter.usage);
                vital.error = vital.error.take().or_else(|| failure(response));
                vital.finished = true;
            }
            b"conversation.item.input_audio_transcription.completed" if self.is_transcription => {
                let Some(event) = read(data) else { return };
                if let Some(usage) = event.get("usage") {
                    of_transcription(usage, &mut vital.meter);
                }
                (vital.first_token, vital.finished) = (true, true);
            }
            kind if kind == TURN.as_bytes() => {
                self.is_transcription = read(data).is_some_and(|about| about.str_at("kind") == Some("transcription"));
            }
            kind if kind.starts_with(b"response.") && kind.ends_with(b".delta") => vital.first_token = true,
            _ => {}
        }
    }

    fn member(&mut self, _key: &str, value: Json<'_>, vital: &mut Vital) {
        vital.note_error_member(value);
    }
}
