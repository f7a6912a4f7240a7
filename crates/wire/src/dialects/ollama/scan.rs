//! Reads usage, first token, end and errors of an answer while it passes.

use super::Counted;
use crate::{
    json::Json,
    scanner::{self, Vital, read},
    word::Word,
};

/// Needs no memory of its own: the last line tells everything.
pub(super) struct Scan;

impl scanner::Scan for Scan {
    fn event(&mut self, _name: &[u8], data: &[u8], vital: &mut Vital) {
        // What a text says has its quotes escaped, so these are keys.
        static COUNT: Word = Word::new("\"eval_count\"");
        static DONE: Word = Word::new("\"done\":true");
        static ERROR: Word = Word::new("\"error\"");
        if vital.first_token && ![&COUNT, &DONE, &ERROR].iter().any(|word| word.is_in(data)) {
            return;
        }
        let Some(line) = read(data) else { return };
        vital.note_error(b"", &line);
        let counted = Counted { prompt: line.u64_at("prompt_eval_count"), output: line.u64_at("eval_count") };
        vital.meter.usage = counted.buckets().or(vital.meter.usage);
        vital.finished |= line.get("done").and_then(Json::as_bool) == Some(true);
        let message = line.get("message").unwrap_or(&line);
        let said = |key: &str| message.str_at(key).is_some_and(|text| !text.is_empty());
        vital.first_token |= said("content")
            || said("thinking")
            || said("response")
            || message.get("tool_calls").is_some_and(|calls| !matches!(calls, Json::Null));
    }

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        let mut usage = vital.meter.usage.unwrap_or_default();
        match (key, value.as_u64()) {
            ("prompt_eval_count", Some(tokens)) => usage.input = tokens,
            ("eval_count", Some(tokens)) => usage.output = tokens,
            ("error", _) => return vital.note_error_member(value),
            _ => return,
        }
        vital.meter.usage = Some(usage);
    }
}
