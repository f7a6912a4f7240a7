//! Event streams as fixtures keep them: a JSON list of messages, encoded here.
//!
//! A message has `headers` (texts; `:message-type` is `event` and `:event-type` is `chunk` where they say nothing) and a
//! `payload`, or a `chunk`: the event of a vendor, packed as InvokeModelWithResponseStream packs it. `spoil` changes a byte
//! of the `payload` or the `prelude` after the checksums were made, `cut` takes bytes off the end.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use llmtrace_wire::eventstream;
use serde_json::value::RawValue;

type Message = BTreeMap<String, Box<RawValue>>;

/// The bytes of a stream.
pub(crate) fn encode(readable: &[u8]) -> Vec<u8> {
    let messages: Vec<Message> = serde_json::from_slice(readable).expect("a list of messages");
    messages.iter().flat_map(one).collect()
}

fn one(message: &Message) -> Vec<u8> {
    let text = |key: &str| message.get(key).map(|raw| raw.get());
    let given = text("headers")
        .map_or_else(BTreeMap::new, |raw| serde_json::from_str::<BTreeMap<String, String>>(raw).expect("headers"));
    let mut headers: Vec<(&str, &str)> = given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if !given.contains_key(":message-type") {
        headers.push((":message-type", "event"));
    }
    if text("chunk").is_some() {
        headers.push((":event-type", "chunk"));
    }
    headers.push((":content-type", "application/json"));
    let packed = text("chunk").map(|inner| format!(r#"{{"bytes":"{}","p":"abcdefghijklm"}}"#, STANDARD.encode(inner)));
    let payload = packed.as_deref().or(text("payload")).unwrap_or("");
    let mut bytes = eventstream::encode(&headers, payload.as_bytes());
    let at = match text("spoil") {
        Some(r#""payload""#) => Some(bytes.len() - 6),
        Some(r#""prelude""#) => Some(5),
        Some(other) => panic!("spoil: {other}"),
        None => None,
    };
    if let Some(at) = at {
        bytes[at] ^= 1;
    }
    let cut = text("cut").map_or(0, |n| n.parse::<usize>().expect("a number"));
    bytes.truncate(bytes.len() - cut);
    bytes
}
