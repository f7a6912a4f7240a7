//! A message to the line that is kept of it: inline bytes become their size, what opens a session again is taken out.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::skim;

/// Members that hold inline bytes.
const BULK: &[&[u8]] = &[b"audio", b"data"];
/// Inline bytes shorter than this are words (`"audio":"marin"`), not bytes.
const BULK_MIN: usize = 64;
/// Members whose text gives access to something: a key for the browser, the handle of a session.
const SECRET: &[&[u8]] = &[b"client_secret", b"handle", b"newHandle", b"new_handle", b"ephemeral_key"];
/// How the keys begin that are made for browsers.
const SECRET_STARTS: &[&[u8]] = &[b"ek_", b"auth_tokens/"];

/// The line of a message. Everything that is no JSON object is kept by its size.
pub(super) fn line(message: &[u8]) -> Cow<'_, [u8]> {
    if !is_object(message) {
        let size = message.len();
        return Cow::Owned(format!(r#"{{"type":"llmtrace.opaque","bytes":{size}}}"#).into_bytes());
    }
    let mut out = Vec::new();
    let mut copied = 0;
    walk(message, |key, start, end| {
        let Some(put) = instead(key, &message[start..end]) else { return };
        out.extend_from_slice(&message[copied..start]);
        out.extend_from_slice(put.as_bytes());
        copied = end;
    });
    let mut line = if copied == 0 {
        Cow::Borrowed(message)
    } else {
        out.extend_from_slice(&message[copied..]);
        Cow::Owned(out)
    };
    if memchr2(b'\n', b'\r', &line).is_some() {
        // Between its members only, where white space is free.
        for byte in line.to_mut() {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
    line
}

/// Says whether a message can be an event.
pub(super) fn is_object(message: &[u8]) -> bool {
    message.get(skim::white(message, 0)) == Some(&b'{') && std::str::from_utf8(message).is_ok()
}

/// What is put in the place of a text.
fn instead(key: &[u8], text: &[u8]) -> Option<String> {
    if SECRET.contains(&key) || SECRET_STARTS.iter().any(|start| text.starts_with(start)) {
        return (!text.is_empty()).then(|| "REDACTED".to_owned());
    }
    let is_bulk = text.len() >= BULK_MIN && (BULK.contains(&key) || text.starts_with(b"data:"));
    is_bulk.then(|| inline(text.len() as u64))
}

/// How inline bytes are named. [`crate::dialects`] reads the size back.
pub(crate) fn inline(size_bytes: u64) -> String {
    format!("[{size_bytes} bytes inline]")
}

/// The size of inline bytes: what [`inline`] says, or how many there are.
pub(crate) fn inline_size(text: &str) -> u64 {
    let named = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(" bytes inline]"));
    named.and_then(|size| size.parse().ok()).unwrap_or(text.len() as u64)
}

/// Calls `each` for every text that is a value, with the key before it and where it is between its quotes.
fn walk<'m>(message: &'m [u8], mut each: impl FnMut(&'m [u8], usize, usize)) {
    let mut key: &[u8] = b"";
    let mut pos = 0;
    while let Some(quote) = message.get(pos..).and_then(|rest| memchr(b'"', rest)) {
        let start = pos + quote + 1;
        let Ok(after) = skim::string_end(message, start) else { return };
        let end = after - 1;
        pos = skim::white(message, after);
        if message.get(pos) == Some(&b':') {
            key = &message[start..end];
        } else {
            each(key, start, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(message: &str) -> String {
        String::from_utf8(line(message.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn inline_bytes_become_their_size_and_nothing_else_changes() {
        let bytes = "A".repeat(100);
        let cases = [
            (format!(r#"{{"type":"x","audio":"{bytes}"}}"#), r#"{"type":"x","audio":"[100 bytes inline]"}"#),
            (
                format!(r#"{{"a":[{{"data" : "{bytes}","t":"é\""}}]}}"#),
                r#"{"a":[{"data" : "[100 bytes inline]","t":"é\""}]}"#,
            ),
            (r#"{"audio":"marin","text":"audio"}"#.to_owned(), r#"{"audio":"marin","text":"audio"}"#),
            (format!(r#"{{"image_url":"data:image/png;base64,{bytes}"}}"#), r#"{"image_url":"[122 bytes inline]"}"#),
            (format!(r#"{{"text":"{bytes}"}}"#), &*format!(r#"{{"text":"{bytes}"}}"#)),
            ("{\n  \"a\": 1\r\n}".to_owned(), "{   \"a\": 1  }"),
        ];
        for (message, expected) in cases {
            assert_eq!(cut(&message), expected);
        }
        assert_eq!(inline_size("[100 bytes inline]"), 100);
        assert_eq!(inline_size("AAAA"), 4);
    }

    #[test]
    fn what_opens_a_session_again_is_taken_out() {
        let message = r#"{"sessionResumptionUpdate":{"newHandle":"abc","resumable":true},"s":{"value":"ek_123"}}"#;
        let expected =
            r#"{"sessionResumptionUpdate":{"newHandle":"REDACTED","resumable":true},"s":{"value":"REDACTED"}}"#;
        assert_eq!(cut(message), expected);
    }

    #[test]
    fn what_is_no_event_is_kept_by_its_size() {
        assert_eq!(cut("plain"), r#"{"type":"llmtrace.opaque","bytes":5}"#);
        assert_eq!(line(b"{\xff}"), Cow::Borrowed(&br#"{"type":"llmtrace.opaque","bytes":3}"#[..]));
    }
}
