//! Comments, and elements that are not drawn, in HTML and Markdown.

use memchr::{memchr, memmem};

use super::{Hidden, HiddenKind, LONGEST, MOST, kept};

/// How long the start of a tag may be.
const TAG: usize = 1024;

/// Adds what is hidden in the markup of a text.
pub(super) fn scan(text: &str, base: usize, found: &mut Vec<Hidden>) {
    let bytes = text.as_bytes();
    let limit = found.len() + MOST;
    let mut add = |start: usize, end: usize, kind, said: &str| {
        if said.bytes().any(|c| c.is_ascii_alphabetic() || !c.is_ascii()) {
            found.push(Hidden { range: base + start..base + end, kind, text: kept(said) });
        }
        found.len() < limit
    };
    let mut at = 0;
    while let Some(skip) = memchr(b'<', &bytes[at..]) {
        let start = at + skip;
        let rest = &text[start..];
        at = start + 1;
        let (end, kind, said) = if let Some(comment) = rest.strip_prefix("<!--") {
            let len = memmem::find(comment.as_bytes(), b"-->").unwrap_or(comment.len());
            ((start + 4 + len + 3).min(text.len()), HiddenKind::Comment, &comment[..len])
        } else if let Some((end, said)) = unseen(rest) {
            (start + end, HiddenKind::Unseen, said)
        } else {
            continue;
        };
        at = end;
        if !add(start, end, kind, said) {
            return;
        }
    }
    for start in memmem::find_iter(bytes, b"[//]: #") {
        let line = &text[start..start + memchr(b'\n', &bytes[start..]).unwrap_or(text.len() - start)];
        if !add(
            start,
            start + line.len(),
            HiddenKind::Comment,
            line["[//]: #".len()..].trim_matches([' ', '(', ')', '"']),
        ) {
            return;
        }
    }
}

/// An element at the start of this text that is not drawn: where it ends, and what stands in it.
fn unseen(text: &str) -> Option<(usize, &str)> {
    let name_len = text[1..].bytes().take_while(u8::is_ascii_alphanumeric).take(16).count();
    if name_len == 0 {
        return None;
    }
    let bytes = text.as_bytes();
    let head = &bytes[1..bytes.len().min(TAG)];
    let head_len = head.iter().position(|c| matches!(c, b'<' | b'>')).filter(|len| head[*len] == b'>')?;
    let attributes: String = head[name_len..head_len]
        .iter()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| char::from(c.to_ascii_lowercase()))
        .collect();
    if !hides(&attributes, &head[name_len..head_len]) {
        return None;
    }
    let inside = &text[head_len + 2..];
    let window = &inside[..inside.floor_char_boundary(LONGEST)];
    let name = &text[1..=name_len];
    let close = memmem::find_iter(window.as_bytes(), b"</").find(|at| {
        window
            .as_bytes()
            .get(at + 2..at + 2 + name_len)
            .is_some_and(|there| there.eq_ignore_ascii_case(name.as_bytes()))
    });
    let len = close.unwrap_or(window.len());
    Some((head_len + 2 + len, &inside[..len]))
}

/// Whether attributes, without white space and in lower case, keep an element from being seen.
fn hides(attributes: &str, raw: &[u8]) -> bool {
    const STYLES: [&str; 9] = [
        "display:none",
        "visibility:hidden",
        "font-size:0",
        "font-size:1px",
        "opacity:0",
        "left:-9999",
        "text-indent:-9999",
        "clip:rect(0",
        "mso-hide:all",
    ];
    const WHITE: [&str; 5] =
        ["color:white", "color:#fff", "color:#ffffff", "color:rgb(255,255,255)", "color:transparent"];
    if attributes.is_empty() {
        return false;
    }
    let pale = WHITE.iter().any(|white| {
        attributes.match_indices(white).any(|(at, _)| !attributes[..at].ends_with('-'))
            && !attributes.contains("background")
    });
    // The attribute itself: a word of its own, not a value.
    let is_hidden = raw.split(u8::is_ascii_whitespace).any(|word| word.eq_ignore_ascii_case(b"hidden"));
    // A size of 0.9 is none of 0.
    let whole = |at: usize| !attributes[at..].starts_with(|c: char| c == '.' && attributes[..at].ends_with('0'));
    pale || is_hidden
        || STYLES.iter().any(|style| attributes.match_indices(style).any(|(at, _)| whole(at + style.len())))
}
