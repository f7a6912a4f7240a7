//! Long runs of base64 in a text, decoded within bounds.

use crate::{
    Deadline,
    base64_bytes::{base64_bytes, digit},
};

/// The shortest run that can hold a key.
const LEAST_RUN: usize = 24;
/// How many bytes are decoded of one run.
const MOST_OF_RUN: usize = 64 * 1024;
/// How many bytes are decoded of one text.
const MOST_OF_TEXT: usize = 256 * 1024;

/// Calls with every run of base64 that decodes to text, and that text.
pub(super) fn each_run(text: &str, deadline: Deadline, mut with: impl FnMut(std::ops::Range<usize>, &str)) {
    let bytes = text.as_bytes();
    let mut budget = MOST_OF_TEXT;
    let mut at = 0;
    // A run of this length has a character at one of these places, so most of the text is not looked at.
    while let Some(probe) = bytes.get(at + LEAST_RUN - 1) {
        if digit(*probe).is_none() {
            at += LEAST_RUN;
            continue;
        }
        let probe = at + LEAST_RUN - 1;
        let before = bytes[at..probe].iter().rev().take_while(|byte| digit(**byte).is_some()).count();
        let after = bytes[probe..].iter().take_while(|byte| digit(**byte).is_some()).count();
        let (start, mut end) = (probe - before, probe + after);
        at = end;
        if end - start < LEAST_RUN {
            continue;
        }
        let padding = bytes[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
        end += padding;
        at = end;
        let size = (end - start).min(MOST_OF_RUN);
        if budget < size || deadline.is_over() {
            return;
        }
        budget -= size;
        if let Some(decoded) = decode(&bytes[start..start + size]) {
            with(start..end, &decoded);
        }
    }
}

/// Whether a token's first part is base64url of a JSON object that names an algorithm.
pub(super) fn is_jwt_header(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    let bytes = base64_bytes(header.as_bytes());
    let names = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    bytes.trim_ascii_start().starts_with(b"{") && [&b"\"alg\""[..], b"\"typ\"", b"\"kid\""].into_iter().any(names)
}

/// The text that base64 or base64url says, if it is mostly printable.
fn decode(run: &[u8]) -> Option<String> {
    // What is no text shows early: most runs are keys or pictures.
    if !is_text(&base64_bytes(&run[..run.len().min(16)])) {
        return None;
    }
    let mut out = base64_bytes(run);
    let valid = match std::str::from_utf8(&out) {
        Ok(text) => text.len(),
        Err(error) => error.valid_up_to(),
    };
    out.truncate(valid);
    (out.len() >= 12 && is_text(&out)).then(|| String::from_utf8(out).ok()).flatten()
}

fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..))
}
