//! Paths that leave their folder, and paths that hold credentials.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use llmtrace_model::Severity;

use super::super::Wrong;
use crate::detectors::url::percent_decoded;

/// Places that hold credentials or the state of a system, in lower case, with how bad it is to touch them.
const SENSITIVE: &[(&str, Severity)] = &[
    ("/etc/shadow", Severity::Critical),
    ("/etc/gshadow", Severity::Critical),
    ("/etc/passwd", Severity::Medium),
    ("/etc/sudoers", Severity::High),
    ("/etc/ssh/ssh_host", Severity::High),
    ("/etc/kubernetes/", Severity::High),
    (".ssh/id_", Severity::Critical),
    (".ssh/authorized_keys", Severity::High),
    (".ssh/config", Severity::Medium),
    ("~/.ssh", Severity::High),
    (".aws/credentials", Severity::Critical),
    (".aws/config", Severity::Medium),
    (".config/gcloud/", Severity::High),
    ("application_default_credentials.json", Severity::High),
    (".azure/", Severity::High),
    (".kube/config", Severity::High),
    (".docker/config.json", Severity::High),
    (".git-credentials", Severity::Critical),
    (".netrc", Severity::High),
    (".pgpass", Severity::High),
    (".npmrc", Severity::Medium),
    (".pypirc", Severity::High),
    (".gnupg/", Severity::High),
    (".bash_history", Severity::Medium),
    (".zsh_history", Severity::Medium),
    (".env", Severity::Medium),
    ("/proc/self/environ", Severity::High),
    ("/proc/1/environ", Severity::High),
    ("/proc/self/mem", Severity::High),
    ("/proc/self/cmdline", Severity::Medium),
    ("/var/run/docker.sock", Severity::High),
    ("/var/run/secrets/", Severity::Critical),
    ("/run/secrets/", Severity::High),
    ("/root/.", Severity::High),
    ("c:\\windows\\system32\\config", Severity::Critical),
    ("c:/windows/system32/config", Severity::Critical),
    ("\\config\\sam", Severity::High),
    ("windows\\win.ini", Severity::Medium),
    ("windows/win.ini", Severity::Medium),
    ("c:\\windows\\", Severity::Medium),
    ("c:/windows/", Severity::Medium),
    ("ntds.dit", Severity::Critical),
    ("login data", Severity::Medium),
    ("wallet.dat", Severity::High),
    ("web-inf/web.xml", Severity::Medium),
];

static PLACES: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(SENSITIVE.iter().map(|(place, _)| place))
        .expect("a few short literals")
});

/// The most telling of the sensitive places that a text in lower case names.
pub(super) fn sensitive(lower: &str) -> Option<Wrong> {
    // Encoded once or twice is how a filter is passed.
    let once = percent_decoded(lower);
    let twice = percent_decoded(&once);
    let is_encoded = twice.len() != lower.len();
    let text = if is_encoded { &*twice } else { lower };
    let found = PLACES.find_iter(text).filter(|place| is_whole(text, place.start(), place.end()));
    let worst = found.max_by_key(|place| SENSITIVE[place.pattern().as_usize()].1)?;
    let severity = SENSITIVE[worst.pattern().as_usize()].1;
    let range = if is_encoded { 0..lower.len() } else { worst.range() };
    Some(Wrong::misuse(
        "sensitive_path",
        severity,
        0.8,
        range,
        "a place that holds credentials or the state of a system",
    ))
}

/// The same in a command, where some of these places stand for what they are for: keys that `ssh` logs in with, variables that
/// a program is started with.
pub(super) fn sensitive_in_command(lower: &str) -> Option<Wrong> {
    const READERS: &[&str] = &[
        "cat", "less", "more", "head", "tail", "base64", "xxd", "strings", "curl", "wget", "scp", "type", "grep",
        "awk", "sed", "nc", "tar", "zip", "cp",
    ];
    let reads = lower.split(|c: char| c.is_whitespace() || "|;&(`".contains(c)).any(|word| READERS.contains(&word));
    sensitive(lower).filter(|wrong| {
        let place = lower.get(wrong.range.clone()).unwrap_or("");
        let is_tool_of_its_own =
            place.contains(".ssh") || place == ".env" || place.ends_with("/config") || place.ends_with("rc");
        reads || !is_tool_of_its_own
    })
}

/// `.env` is a name, `.env.example` and `.environment` are others; so with all of them that do not end in a slash.
fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let place = &text[start..end];
    if place == ".env" {
        let before = text[..start].chars().next_back();
        let rest = &text[end..];
        let after = rest.chars().next();
        let is_example = [".example", ".sample", ".template", ".dist", ".test"].iter().any(|end| rest.starts_with(end));
        return before.is_none_or(|c| "/\\ \"'=@:<".contains(c))
            && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
            && !is_example;
    }
    // The public half of a key is public.
    if text[end..]
        .split(|c: char| c.is_whitespace() || "\"';|&)".contains(c))
        .next()
        .is_some_and(|rest| rest.ends_with(".pub"))
    {
        return false;
    }
    !place.starts_with('.') || text[..start].chars().next_back().is_none_or(|c| !c.is_alphanumeric())
}

/// A path that goes up further than it went down, or that hides that it does.
pub(super) fn traversal(text: &str) -> Option<Wrong> {
    let whole = 0..text.len();
    let lower = text.to_ascii_lowercase();
    let odd = ["%2e%2e", "%252e", "..%2f", "..%5c", "..%c0%af", "....//", "..;/", "%00"];
    let reason = "a path whose way up is written so as not to be seen";
    if text.contains('\0') || odd.iter().any(|sign| lower.contains(sign)) {
        return Some(Wrong::misuse("path_traversal", Severity::High, 0.85, whole, reason));
    }
    let mut depth = 0i32;
    let mut lowest = 0i32;
    for part in text.split(['/', '\\']) {
        match part.trim() {
            ".." => depth -= 1,
            "" | "." => {}
            _ => depth += 1,
        }
        lowest = lowest.min(depth);
    }
    // Going up from where it went down to is a way to write a path; one or two up is how people work.
    let reason = "a path that leaves its folder";
    match lowest {
        ..=-4 => Some(Wrong::misuse("path_traversal", Severity::High, 0.8, whole, reason)),
        -3 => Some(Wrong::misuse("path_traversal", Severity::Medium, 0.6, whole, reason)),
        _ if text.starts_with(['/', '\\']) && depth < 0 => {
            Some(Wrong::misuse("path_traversal", Severity::Medium, 0.6, whole, reason))
        }
        _ => None,
    }
}
