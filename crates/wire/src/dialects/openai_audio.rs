//! OpenAI audio: speech, transcriptions and translations.
//!
//! Source: OpenAI API reference, "Audio" (2026-10). `tts-1` bills characters, `whisper-1` seconds, newer models tokens.

use llmtrace_model::{Message, Part, Role, Unit, Units, Usage};

use super::{
    Assemble, Format,
    error::error_of,
    openai::{self, request_member, take_error},
};
use crate::{
    Dialect, Family,
    decode::Draft,
    json::Json,
    multipart::{self, Field},
    scanner::{self, Vital, read},
    usage::{openai_usage, take},
};

const BASE: Format = Format {
    family: Family::OpenAi,
    path_model: openai::deployment,
    stream: Some(|| Box::new(Stream::default())),
    scan: || Box::new(Scan),
    ..Format::JSON
};

/// `POST …/audio/speech`: text in, sound out.
pub(crate) const SPEECH: Format = Format {
    dialect: Dialect::OpenaiSpeech,
    name: "openai_speech",
    operation: "text_to_speech",
    speaks: |method, path| method == "POST" && path.ends_with("/audio/speech"),
    request: speech_request,
    bytes: |media| (media.starts_with("audio/") || media == "application/octet-stream").then_some("audio"),
    streams: |_, _| false,
    ..BASE
};

/// `POST …/audio/transcriptions` and `…/audio/translations`: sound in, text out.
pub(crate) const TRANSCRIPTION: Format = Format {
    dialect: Dialect::OpenaiTranscription,
    name: "openai_transcription",
    operation: "speech_to_text",
    speaks: |method, path| {
        method == "POST" && (path.ends_with("/audio/transcriptions") || path.ends_with("/audio/translations"))
    },
    request: |body, draft| body.into_members().into_iter().for_each(|(key, value)| member(&key, value, draft)),
    form: Some(form),
    answer,
    text: Some(said),
    skip: &["logprobs", "tokens"],
    vital: &["usage", "duration", "error"],
    ..BASE
};

fn speech_request(body: Json<'_>, draft: &mut Draft) {
    let mut characters = 0;
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "input" => {
                characters = value.as_str().map_or(0, |text| text.chars().count() as u64);
                let parts = value.into_string().map(|content| Part::Text { content }).into_iter().collect();
                draft.content.input_messages.push(Message { role: Role::User, name: None, parts, finish_reason: None });
            }
            "instructions" => {
                draft.content.system_instructions.extend(value.into_string().map(|content| Part::Text { content }));
            }
            "response_format" | "speed" | "stream_format" | "voice" => draft.param(&key, &value),
            other => request_member(other, value, draft),
        }
    }
    if draft.request_model.as_deref().is_some_and(|model| model.starts_with("tts-")) {
        draft.units.set(Unit::CharactersIn, characters);
    }
}

fn member(key: &str, value: Json<'_>, draft: &mut Draft) {
    match key {
        "prompt" => {
            let parts = value.into_string().map(|content| Part::Text { content }).into_iter().collect();
            draft.content.input_messages.push(Message { role: Role::User, name: None, parts, finish_reason: None });
        }
        "chunking_strategy"
        | "include"
        | "known_speaker_names"
        | "language"
        | "response_format"
        | "timestamp_granularities" => draft.param(key, &value),
        "known_speaker_references" => draft.not_read("audio"),
        other => request_member(other, value, draft),
    }
}

fn form(fields: &[Field<'_>], draft: &mut Draft) {
    for field in fields {
        let name = field.name.trim_end_matches("[]");
        match &field.value {
            multipart::Value::File { media, size_bytes } => {
                draft.not_read("audio");
                let (modality, mime_type) = ("audio".to_owned(), media.map(str::to_owned));
                let parts = vec![Part::Blob { modality, mime_type, size_bytes: *size_bytes }];
                draft.content.input_messages.push(Message { role: Role::User, name: None, parts, finish_reason: None });
            }
            multipart::Value::Text(text) => member(name, openai::form_value(name, text), draft),
            multipart::Value::Unread => draft.unknown("request", name),
        }
    }
}

fn answer(body: Json<'_>, draft: &mut Draft) {
    let mut seconds = None;
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "text" => said(value.as_str().unwrap_or(""), draft),
            "usage" => (draft.usage, draft.units) = metered(&value),
            "duration" => seconds = milliseconds(&value),
            "error" => take_error(&Json::Object(vec![("error".into(), value)]), draft),
            "task" | "language" | "segments" | "words" | "logprobs" | "id" | "model" => {}
            other => draft.unknown("answer", other),
        }
    }
    // A verbose answer of whisper tells its length, an older server nothing else.
    if draft.usage.is_none() && draft.units.is_empty() {
        draft.units.set(Unit::AudioInMs, seconds.unwrap_or(0));
    }
}

/// What was heard: the model's words.
fn said(text: &str, draft: &mut Draft) {
    let parts = vec![Part::Text { content: text.to_owned() }];
    draft.content.output_messages.push(Message { role: Role::Assistant, name: None, parts, finish_reason: None });
}

/// `{"type":"tokens",…}` or `{"type":"duration","seconds":…}`.
fn metered(usage: &Json<'_>) -> (Option<Usage>, Units) {
    let mut units = Units::default();
    if let Some(ms) = usage.get("seconds").and_then(milliseconds) {
        units.set(Unit::AudioInMs, ms);
        return (None, units);
    }
    let tokens = openai_usage(usage).map(|mut tokens| {
        // Spelled in the singular here.
        let details = usage.get("input_token_details");
        let audio = details.and_then(|d| d.u64_at("audio_tokens")).unwrap_or(0);
        tokens.audio_input = tokens.audio_input.saturating_add(take(&mut tokens.input, audio));
        tokens
    });
    (tokens, units)
}

/// Seconds with a fraction, exactly: `12.345` is 12345. Digits below a millisecond round up.
fn milliseconds(value: &Json<'_>) -> Option<u64> {
    let text = match value {
        Json::Number(text) => text,
        Json::Str(text) => text.as_ref(),
        _ => return None,
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || whole.is_empty() {
        return None;
    }
    let thousandths: u64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    let more = u64::from(part.bytes().skip(3).any(|b| b != b'0'));
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(thousandths)?.checked_add(more)
}

/// A streamed answer in the making: text in deltas, or sound that is counted.
#[derive(Default)]
struct Stream {
    text: String,
    started: bool,
}

impl Assemble for Stream {
    fn event(&mut self, _name: &[u8], event: Json<'_>, draft: &mut Draft) {
        match event.str_at("type") {
            Some("transcript.text.delta") => {
                self.started = true;
                self.text.push_str(event.str_at("delta").unwrap_or(""));
            }
            Some("transcript.text.done") => {
                self.started = true;
                self.text = event.str_at("text").unwrap_or("").to_owned();
                if let Some(usage) = event.get("usage") {
                    (draft.usage, draft.units) = metered(usage);
                }
            }
            Some("speech.audio.delta") => draft.not_read("audio"),
            Some("speech.audio.done") => {
                draft.usage = event.get("usage").and_then(spoken).or(draft.usage);
            }
            Some("transcript.text.segment") => {}
            Some("error") => draft.error = error_of(&event).or(draft.error.take()),
            Some(other) => draft.unknown("event", other),
            None => take_error(&event, draft),
        }
    }

    fn finish(self: Box<Self>, draft: &mut Draft) {
        if self.started {
            said(&self.text, draft);
        }
    }
}

/// Speech: what comes out is audio.
fn spoken(usage: &Json<'_>) -> Option<Usage> {
    let mut usage = openai_usage(usage)?;
    usage.audio_output = usage.audio_output.saturating_add(std::mem::take(&mut usage.output));
    Some(usage)
}

struct Scan;

impl scanner::Scan for Scan {
    fn event(&mut self, name: &[u8], data: &[u8], vital: &mut Vital) {
        if vital.first_token && name.ends_with(b".delta") {
            return;
        }
        let Some(event) = read(data) else { return };
        match event.str_at("type") {
            Some("transcript.text.delta" | "speech.audio.delta") => vital.first_token = true,
            Some("transcript.text.done") => {
                (vital.first_token, vital.finished) = (true, true);
                if let Some(usage) = event.get("usage") {
                    (vital.meter.usage, vital.meter.units) = metered(usage);
                }
            }
            Some("speech.audio.done") => {
                (vital.first_token, vital.finished) = (true, true);
                vital.meter.usage = event.get("usage").and_then(spoken).or(vital.meter.usage);
            }
            _ => vital.note_error(name, &event),
        }
    }

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        match key {
            "usage" => (vital.meter.usage, vital.meter.units) = metered(&value),
            "duration" if vital.meter.usage.is_none() && vital.meter.units.is_empty() => {
                vital.meter.units.set(Unit::AudioInMs, milliseconds(&value).unwrap_or(0));
            }
            "duration" => {}
            _ => vital.note_error_member(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_milliseconds_exactly() {
        let cases = [("12", 12_000), ("12.345", 12_345), ("0.1", 100), ("3.0001", 3_001), ("8.4700000", 8_470)];
        for (text, ms) in cases {
            assert_eq!(milliseconds(&Json::Number(text)), Some(ms), "{text}");
        }
        assert_eq!(milliseconds(&Json::Number("1e3")), None);
        assert_eq!(milliseconds(&Json::Number("-1")), None);
    }
}
