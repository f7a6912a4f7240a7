//! Changes of a JSON text, made at once.

use std::ops::Range;

/// Changes of one text, in any order; none overlaps another.
pub(super) struct Splices<'t> {
    text: &'t str,
    changes: Vec<(Range<usize>, String)>,
}

impl<'t> Splices<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, changes: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Puts a text in the place of a string.
    pub(super) fn text(&mut self, quoted: Range<usize>, text: &str) {
        self.changes.push((quoted, quote(text)));
    }

    /// Puts other JSON in the place of a value.
    pub(super) fn value(&mut self, range: Range<usize>, json: &str) {
        self.changes.push((range, json.to_owned()));
    }

    /// Empties a list, or takes an object away.
    pub(super) fn emptied(&mut self, range: Range<usize>) {
        let json = if self.text.as_bytes().get(range.start) == Some(&b'[') { "[]" } else { "null" };
        // What was changed inside goes with it.
        self.changes.retain(|(inner, _)| inner.start < range.start || inner.end > range.end);
        self.changes.push((range, json.to_owned()));
    }

    /// Takes an item out of a list, with one comma beside it.
    pub(super) fn element(&mut self, range: Range<usize>) {
        let bytes = self.text.as_bytes();
        let behind = bytes[range.end..].iter().position(|byte| !byte.is_ascii_whitespace()).map(|n| range.end + n);
        let before = bytes[..range.start].iter().rposition(|byte| !byte.is_ascii_whitespace());
        let range = match (before, behind) {
            (_, Some(at)) if bytes[at] == b',' => range.start..at + 1,
            (Some(at), _) if bytes[at] == b',' => at..range.end,
            (Some(_) | None, _) => range,
        };
        self.changes.retain(|(inner, _)| inner.start < range.start || inner.end > range.end);
        self.changes.push((range, String::new()));
    }

    /// The text with its changes; `None` where there is none.
    pub(super) fn applied(mut self) -> Option<Vec<u8>> {
        if self.changes.is_empty() {
            return None;
        }
        self.changes.sort_by_key(|(range, _)| range.start);
        let text = self.text.as_bytes();
        let mut changed = Vec::with_capacity(text.len());
        let mut from = 0;
        for (range, by) in &self.changes {
            // Two items that go, one behind the other, share a comma.
            changed.extend_from_slice(&text[from.min(range.start)..range.start]);
            changed.extend_from_slice(by.as_bytes());
            from = from.max(range.end);
        }
        changed.extend_from_slice(&text[from..]);
        Some(changed)
    }
}

/// A text as a JSON string.
pub(super) fn quote(text: &str) -> String {
    serde_json::to_string(text).expect("text is JSON")
}
