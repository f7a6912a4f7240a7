//! Says by what a URL in a text is carried: whether a reader's client fetches it unasked, when clicked, or when sent.

use std::ops::Range;

/// How far back from a URL its carrier may begin.
const MAX_BACK: usize = 1024;

/// What a client does with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    /// Fetched as soon as the text is shown: an image, a frame, a style.
    Loaded,
    /// Sent with what a form holds.
    Sent,
    /// Named once and used by reference: fetched unasked where an image refers to it, else when clicked.
    Referenced,
    /// Fetched when somebody clicks, behind words of the text's choice.
    Linked,
    /// Fetched when somebody clicks, and seen as it is.
    Bare,
}

/// The carrier of the URL that begins at `at`, and where its markup begins.
pub(super) fn carrier(text: &str, at: usize) -> (Carrier, usize) {
    let before = &text.as_bytes()[..at];
    let floor = at.saturating_sub(MAX_BACK);
    let trimmed = trim_end(before, |b| b.is_ascii_whitespace() || b == b'<');
    if trimmed.ends_with(b"](") {
        return markdown(trimmed, floor);
    }
    if trimmed.ends_with(b"]:")
        && let Some(open) = memchr::memrchr(b'[', &trimmed[floor.min(trimmed.len())..]).map(|i| i + floor)
        && memchr::memrchr(b'\n', &before[..open]).map_or(0, |i| i + 1) + 3 >= open
    {
        return (Carrier::Referenced, open);
    }
    let unquoted = trim_end(before, |b| matches!(b, b'"' | b'\'' | b'`' | b' '));
    if ends_with(unquoted, b"url(") || ends_with(unquoted, b"@import") {
        return (Carrier::Loaded, unquoted.len() - 4);
    }
    // `srcset="a 1x, b 2x"` and `content="0;url=…"` begin further back than the quote.
    if (unquoted.ends_with(b"=") || unquoted.ends_with(b",") || before.ends_with(b"\""))
        && let Some(open) = memchr::memrchr(b'<', &before[floor..]).map(|i| i + floor)
        && memchr::memchr(b'>', &before[open..]).is_none()
        && let Some(found) = tag(&before[open..])
    {
        return (found, open);
    }
    (Carrier::Bare, at)
}

/// `[words](url` or `![alt](url`: goes back over balanced brackets.
fn markdown(before: &[u8], floor: usize) -> (Carrier, usize) {
    let mut depth = 0u32;
    let mut at = before.len() - 1;
    while at > floor {
        at -= 1;
        match before[at] {
            b']' => depth += 1,
            b'[' if depth > 1 => depth -= 1,
            b'[' => {
                let is_image = at > 0 && before[at - 1] == b'!';
                return if is_image { (Carrier::Loaded, at - 1) } else { (Carrier::Linked, at) };
            }
            _ => {}
        }
    }
    (Carrier::Linked, before.len() - 2)
}

/// What an HTML tag does with the URL in its last attribute.
fn tag(markup: &[u8]) -> Option<Carrier> {
    let inner = &markup[1..];
    let end = inner.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(inner.len());
    let name = inner[..end].to_ascii_lowercase();
    let attribute = trim_end(inner, |b| matches!(b, b'"' | b'\'' | b'=' | b' '));
    if ends_with(attribute, b"action") {
        return Some(Carrier::Sent);
    }
    match &*name {
        b"img" | b"iframe" | b"frame" | b"script" | b"link" | b"video" | b"audio" | b"source" | b"embed"
        | b"object" | b"track" | b"input" | b"body" | b"table" | b"td" | b"meta" | b"image" | b"svg" | b"use"
        | b"picture" | b"base" | b"portal" => Some(Carrier::Loaded),
        b"form" | b"button" => Some(Carrier::Sent),
        b"a" | b"area" => Some(Carrier::Linked),
        _ => None,
    }
}

/// Where code is shown rather than rendered, as Markdown has it: fences and spans between backticks.
#[derive(Debug, Default)]
pub(super) struct Shown {
    fences: Vec<Range<usize>>,
}

impl Shown {
    /// Finds the fences of a text.
    pub(super) fn new(text: &str) -> Self {
        Self { fences: crate::detectors::code::fences(text).into_iter().map(|fence| fence.whole).collect() }
    }

    /// Whether a place stands in code.
    pub(super) fn has(&self, text: &str, at: usize) -> bool {
        let fence = self.fences.partition_point(|fence| fence.end <= at);
        self.fences.get(fence).is_some_and(|fence| fence.start <= at) || crate::detectors::code::is_inline(text, at)
    }
}

fn trim_end(bytes: &[u8], trim: impl Fn(u8) -> bool) -> &[u8] {
    // Only so far: a text of spaces must not be walked through once for each URL.
    let mut end = bytes.len();
    while end > 0 && bytes.len() - end < 16 && trim(bytes[end - 1]) {
        end -= 1;
    }
    &bytes[..end]
}

/// Whether bytes end with a word, whatever its case.
fn ends_with(bytes: &[u8], word: &[u8]) -> bool {
    bytes.len() >= word.len() && bytes[bytes.len() - word.len()..].eq_ignore_ascii_case(word)
}
