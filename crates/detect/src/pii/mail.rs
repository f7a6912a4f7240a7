//! E-mail addresses (RFC 5321, with letters of any script as in RFC 6531).

use llmtrace_model::Severity;

use super::Found;

/// The longest local part and the longest domain.
const LONGEST: [usize; 2] = [64, 253];

/// What ends like a domain and is the name of a file.
const FILES: [&str; 8] = ["png", "jpg", "jpeg", "gif", "svg", "webp", "css", "pdf"];

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    let mut from = 0;
    for (at, _) in text.match_indices('@') {
        if at < from {
            continue;
        }
        let Some(range) = address(text, from, at) else { continue };
        from = range.end;
        found.push(Found {
            subtype: "email",
            what: "an e-mail address",
            score: 0.97,
            severity: Severity::Medium,
            range,
        });
    }
}

/// The address around an `@`, not before `from`.
fn address(text: &str, from: usize, at: usize) -> Option<std::ops::Range<usize>> {
    let start = text[from..at]
        .char_indices()
        .rev()
        .take(LONGEST[0])
        .take_while(|(_, c)| c.is_alphanumeric() || "._%+-'".contains(*c))
        .last()
        .map(|(place, _)| from + place)?;
    let local = text[start..at].trim_start_matches(['.', '-', '\'', '%', '+']);
    let start = at - local.len();
    let domain = text[at + 1..]
        .char_indices()
        .take(LONGEST[1])
        .take_while(|(_, c)| c.is_alphanumeric() || matches!(c, '.' | '-'))
        .last()
        .map(|(place, c)| &text[at + 1..at + 1 + place + c.len_utf8()])?;
    let domain = domain.trim_end_matches(['.', '-']);
    let (name, top) = domain.rsplit_once('.')?;
    let is_top = (top.chars().count() >= 2 && top.chars().all(char::is_alphabetic)) || top.starts_with("xn--");
    let is_domain = is_top
        && !name.is_empty()
        && !name.split('.').any(str::is_empty)
        && !FILES.contains(&&*top.to_ascii_lowercase());
    let before = &text[text.ceil_char_boundary(start.saturating_sub(256))..start];
    // The password of an address, and the user of every repository.
    let is_login = before.ends_with(':')
        && before[..before.len() - 1]
            .rfind("://")
            .is_some_and(|scheme| !before[scheme..].contains(char::is_whitespace));
    (!local.is_empty() && !local.ends_with('.') && is_domain && !is_login && local != "git")
        .then(|| start..at + 1 + domain.len())
}
