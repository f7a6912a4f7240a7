//! What ends a turn and what it is billed, while its messages pass.

use memchr::memmem;

use super::usage::usage;
use crate::{
    json::Json,
    scanner::{self, Vital, read},
};

/// Reads the messages of one turn.
pub(super) struct Scan;

/// What a message must hold to be worth reading once the model has said something.
const SIGNS: [&[u8]; 3] = [b"usageMetadata", b"turnComplete", b"toolCall"];

impl scanner::Scan for Scan {
    fn event(&mut self, _name: &[u8], data: &[u8], vital: &mut Vital) {
        if vital.first_token && SIGNS.iter().all(|sign| memmem::find(data, sign).is_none()) {
            return;
        }
        let Some(message) = read(data) else { return };
        if let Some(found) = message.get("usageMetadata").and_then(usage) {
            vital.meter.usage = Some(found);
        }
        let has_call = message.get("toolCall").is_some();
        vital.first_token |= has_call;
        vital.finished |= has_call;
        if let Some(content) = message.get("serverContent") {
            let speaks = |key: &str| content.get(key).is_some_and(|value| !value.is_null());
            vital.first_token |= speaks("modelTurn") || speaks("outputTranscription");
            vital.finished |= content.get("turnComplete").and_then(Json::as_bool) == Some(true);
        }
    }

    fn member(&mut self, _key: &str, value: Json<'_>, vital: &mut Vital) {
        vital.note_error_member(value);
    }
}
