//! Says which parts of a text are code: fences, spans between backticks, and lines that look like a prompt or a statement.

use std::ops::Range;

#[cfg(test)]
mod tests;

/// A fenced block of Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fence {
    /// From the first backtick to the last, or to the end of the text where none closes it.
    pub(crate) whole: Range<usize>,
    /// What stands between the fences.
    pub(crate) inside: Range<usize>,
}

/// The fenced blocks of a text, in order. Linear.
pub(crate) fn fences(text: &str) -> Vec<Fence> {
    let mut found = Vec::new();
    let mut open: Option<(usize, usize, &str)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let trimmed = line.trim_start_matches([' ', '\t', '>']);
        let Some(mark) = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark)) else { continue };
        match open {
            None => {
                // A fence that opens and closes in one line is a span; its text is inside.
                let rest = &trimmed[3..];
                if mark == "```" && rest.trim_end().len() > 3 && rest.trim_end().ends_with("```") {
                    found.push(Fence { whole: start..at, inside: start..at });
                } else {
                    open = Some((start, at, mark));
                }
            }
            Some((begin, inside, opened)) if opened == mark => {
                found.push(Fence { whole: begin..at, inside: inside..start });
                open = None;
            }
            Some(_) => {}
        }
    }
    if let Some((begin, inside, _)) = open {
        found.push(Fence { whole: begin..text.len(), inside: inside.min(text.len())..text.len() });
    }
    found
}

/// Whether a place stands between backticks of its line.
pub(crate) fn is_inline(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[at.saturating_sub(512)..at];
    let line = memchr::memrchr(b'\n', before).map_or(before, |newline| &before[newline + 1..]);
    memchr::memchr_iter(b'`', line).count() % 2 == 1
}

/// Whether the line around a match that is in no fence looks like a command or statement rather than a sentence.
pub(crate) fn looks_like_code(text: &str, found: Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let floor = found.start.saturating_sub(256);
    let start = memchr::memrchr(b'\n', &bytes[floor..found.start]).map_or(floor, |newline| floor + newline + 1);
    let ceiling = bytes.len().min(found.end + 256);
    let end = memchr::memchr(b'\n', &bytes[found.end..ceiling]).map_or(ceiling, |newline| found.end + newline);
    let (before, after) = (&bytes[start..found.start], &bytes[found.end..end]);
    if before.starts_with(b"    ") || before.starts_with(b"\t") {
        return true;
    }
    let before = before.trim_ascii();
    let has_prompt = before.is_empty() || before.ends_with(b"$") || before.ends_with(b"#") || before.ends_with(b">");
    // A sentence has words around the match; code has few, or signs between them.
    let words = plain_words(before) + plain_words(after);
    let signs = before.iter().chain(after).filter(|b| b"(){}[]=;|&$<>\"'/\\_".contains(b)).count();
    words <= 2 && (has_prompt || signs > 0 || words == 0) || words <= 5 && signs > words * 2
}

/// Words of small letters only, as sentences have them, with a space on either side.
fn plain_words(bytes: &[u8]) -> usize {
    bytes
        .split(u8::is_ascii_whitespace)
        .filter(|word| {
            word.len() >= 2 && word.iter().all(|b| b.is_ascii_lowercase() || matches!(b, b',' | b'.' | b'!' | b'?'))
        })
        .count()
}
