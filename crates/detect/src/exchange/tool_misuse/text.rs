//! Looks at one text among a tool's arguments.

use std::{borrow::Cow, ops::Range};

use llmtrace_model::{FindingKind, Severity};

use super::{Wrong, field::Role};
use crate::{
    Deadline,
    detectors::{
        anchored::{CODE, Family},
        payload::{Payload, carried},
        url::{Reach, Url, Writing, percent_decoded},
    },
};

mod path;
mod query;

/// Everything that is wrong with a text of some role.
pub(super) fn wrongs(tool: &str, role: Role, text: &str, secrets: &impl Fn(&str) -> Vec<Range<usize>>) -> Vec<Wrong> {
    let mut found = Vec::new();
    let lower = text.to_ascii_lowercase();
    match role {
        Role::Command => {
            rules(Family::Shell, &lower, &mut found);
            found.extend(path::sensitive_in_command(&lower));
        }
        Role::Query => {
            if query::is_sql(&lower) {
                rules(Family::Sql, &lower, &mut found);
            }
            found.extend(query::injection(&lower));
        }
        Role::Path => {
            found.extend(path::traversal(text));
            found.extend(path::sensitive(&lower));
            found.extend(metacharacters(text));
        }
        Role::Url => {
            found.extend(path::sensitive(&lower));
        }
        Role::Name | Role::Host => {
            found.extend(metacharacters(text));
            found.extend(query::injection(&lower));
            found.extend(path::traversal(text));
        }
        Role::Text => {}
    }
    urls(role, text, secrets, &mut found);
    leaving_secrets(tool, role, text, secrets, &mut found);
    found
}

fn rules(family: Family, lower: &str, found: &mut Vec<Wrong>) {
    for matched in CODE.matches(lower, Deadline::NEVER).into_iter().filter(|matched| matched.rule.family == family) {
        let (subtype, kind) = match (family, matched.rule.id.as_str()) {
            (_, "send_file_away") => ("data_sent_away", FindingKind::Exfiltration),
            (Family::Sql, _) => ("destructive_sql", FindingKind::ToolMisuse),
            (Family::Shell | Family::Code | Family::Toxicity | Family::SelfHarm, _) => {
                ("dangerous_command", FindingKind::ToolMisuse)
            }
        };
        found.push(Wrong {
            kind,
            subtype,
            rule: Cow::Owned(format!("{subtype}.{}", matched.rule.id)),
            score: matched.rule.score.get(),
            // Here it is about to run, not to be read.
            severity: matched.rule.severity.max(Severity::Medium),
            range: matched.range,
            reason: Cow::Borrowed(matched.rule.reason.as_str()),
        });
    }
}

/// Signs that end a value and begin a command, where a value was expected.
fn metacharacters(text: &str) -> Option<Wrong> {
    // A sign that prose has too needs an argument behind its program, or nothing.
    const STARTS: &[(&str, Sign)] = &[
        ("$(", Sign::Shell),
        ("`", Sign::Shell),
        ("&&", Sign::Shell),
        ("||", Sign::Shell),
        (";", Sign::Prose),
        ("|", Sign::Prose),
        ("\n", Sign::Prose),
        ("&", Sign::Prose),
    ];
    const PROGRAMS: &[&str] = &[
        "rm",
        "cat",
        "curl",
        "wget",
        "sh",
        "bash",
        "nc",
        "ncat",
        "id",
        "whoami",
        "ls",
        "ping",
        "sleep",
        "python",
        "python3",
        "perl",
        "ruby",
        "node",
        "echo",
        "env",
        "printenv",
        "uname",
        "chmod",
        "chown",
        "cp",
        "mv",
        "dd",
        "kill",
        "nslookup",
        "dig",
        "powershell",
        "cmd",
        "type",
        "dir",
        "net",
        "sudo",
        "touch",
        "tee",
        "base64",
        "scp",
        "ssh",
        "telnet",
        "reboot",
        "shutdown",
        "mail",
        "find",
    ];
    // Values that are put into commands are short; what is longer is text, whatever the field is called.
    if text.len() > 512 {
        return None;
    }
    for (start, sign) in STARTS {
        for (at, _) in text.match_indices(start) {
            let rest = text[at + start.len()..].trim_start_matches([' ', '\t', '"', '\'']);
            let end = rest.find(|c: char| c.is_whitespace() || ";|&)`\"'<>$".contains(c)).unwrap_or(rest.len());
            let program = rest[..end].rsplit('/').next().unwrap_or("");
            let argument = rest[end..].trim_start();
            let has_argument = argument.is_empty()
                || argument.starts_with(|c: char| !c.is_alphabetic() && c != ',')
                || argument.starts_with("http");
            if PROGRAMS.contains(&program) && (*sign == Sign::Shell || has_argument) {
                let reason = "a command behind a sign that ends the value";
                return Some(Wrong::misuse("shell_injection", Severity::High, 0.85, at..at + start.len(), reason));
            }
        }
    }
    None
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Nobody writes it in a name.
    Shell,
    /// Names and prose have it.
    Prose,
}

/// The URLs of a text: the whole value, or in a command every one.
fn urls(role: Role, text: &str, secrets: &impl Fn(&str) -> Vec<Range<usize>>, found: &mut Vec<Wrong>) {
    let trimmed = text.trim();
    let offset = text.len() - text.trim_start().len();
    let is_whole = !trimmed.contains(char::is_whitespace) && trimmed.len() < 16 * 1024;
    if is_whole && role != Role::Command && (role == Role::Url || scheme_end(trimmed).is_some()) {
        let whole = match scheme_end(trimmed) {
            Some(_) => Cow::Borrowed(trimmed),
            // `169.254.169.254/latest` in a field for URLs is fetched all the same.
            None => Cow::Owned(format!("//{trimmed}")),
        };
        found.extend(url(&whole, offset..offset + trimmed.len(), Role::Url, secrets));
        return;
    }
    if role == Role::Host && is_whole {
        found.extend(url(&format!("//{trimmed}"), offset..offset + trimmed.len(), Role::Host, secrets));
    }
    if role == Role::Command || role == Role::Query {
        for (at, _) in text.match_indices("://").take(64) {
            let start = text[..at].rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |i| next_border(text, i));
            let rest = &text[start..];
            let end = rest.find(|c: char| c.is_whitespace() || "\"'`<>|;)".contains(c)).unwrap_or(rest.len());
            found.extend(url(&rest[..end], start..start + end, Role::Command, secrets));
        }
    }
}

fn next_border(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

fn scheme_end(text: &str) -> Option<usize> {
    let end = text.find(':').filter(|&end| (2..=12).contains(&end))?;
    let is_scheme = text[..end].bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-'));
    let follows = text[end + 1..].starts_with('/')
        || ["file", "gopher", "dict"].iter().any(|s| text[..end].eq_ignore_ascii_case(s));
    (is_scheme && follows).then_some(end)
}

/// A URL that a tool is told to fetch, or a host that it is told to reach.
fn url(text: &str, range: Range<usize>, role: Role, secrets: &impl Fn(&str) -> Vec<Range<usize>>) -> Vec<Wrong> {
    let Some(url) = Url::parse(text) else { return Vec::new() };
    let mut found = Vec::new();
    let mut add =
        |subtype, severity, score, reason| found.push(Wrong::misuse(subtype, severity, score, range.clone(), reason));
    match url.scheme.to_ascii_lowercase().as_str() {
        "file" => add("local_file_url", Severity::High, 0.8, "a URL that names a file of the server"),
        "gopher" | "dict" | "tftp" | "ldap" | "jar" | "netdoc" | "phar" => {
            add("odd_scheme_url", Severity::High, 0.85, "a URL of a scheme that serves to speak to inner services");
        }
        _ => {}
    }
    let (reach, writing) = url.reach();
    match (reach, writing) {
        (Reach::Metadata, _) => {
            add(
                "metadata_address",
                Severity::Critical,
                0.97,
                "the address that hands out a cloud machine's credentials",
            );
        }
        (Reach::Loopback | Reach::Private, Writing::Disguised) => {
            add("disguised_address", Severity::High, 0.9, "an inner address that is written so as not to be seen");
        }
        (Reach::Rebinding, _) => {
            add("rebinding_host", Severity::High, 0.75, "a name that resolves to an address of the caller's choice")
        }
        // A command on a developer's machine talks to it all day; a fetch by URL is on the server's side.
        (Reach::Loopback, Writing::Plain) if role == Role::Url => {
            add("loopback_address", Severity::Medium, 0.6, "an address of the server itself");
        }
        (Reach::Private, Writing::Plain) if role == Role::Url => {
            add("private_address", Severity::Medium, 0.6, "an address of an inner network");
        }
        (Reach::Loopback | Reach::Private, Writing::Plain) | (Reach::Public, _) => {}
    }
    if let Some(user) = url.user
        && role != Role::Host
        && (percent_decoded(user).contains('.') || user.contains('\\'))
    {
        add("host_in_userinfo", Severity::High, 0.75, "a host name before the @, the URL leads elsewhere");
    }
    if role == Role::Host {
        return found;
    }
    if !secrets(text).is_empty() {
        found.push(leaving("secret_in_url", Severity::Critical, 0.95, range.clone(), "a credential in a URL"));
    } else if let Some(Payload::Encoded | Payload::Credential | Payload::Placeholder) = carried(&url) {
        found.push(leaving("data_in_url", Severity::Medium, 0.65, range, "encoded text or a credential in a URL"));
    }
    found
}

fn leaving(subtype: &'static str, severity: Severity, score: f32, range: Range<usize>, reason: &'static str) -> Wrong {
    Wrong { kind: FindingKind::Exfiltration, ..Wrong::misuse(subtype, severity, score, range, reason) }
}

/// Credentials that are given to a tool that sends things away.
fn leaving_secrets(
    tool: &str,
    role: Role,
    text: &str,
    secrets: &impl Fn(&str) -> Vec<Range<usize>>,
    found: &mut Vec<Wrong>,
) {
    const SENDING: &[&str] = &[
        "send", "post", "mail", "email", "message", "slack", "webhook", "http", "fetch", "request", "upload",
        "publish", "tweet", "share", "browse", "curl", "issue", "comment", "notify", "sms", "forward", "reply",
        "search",
    ];
    // A URL with a credential in it was reported as one.
    if found.iter().any(|wrong| wrong.subtype == "secret_in_url") {
        return;
    }
    let lower = tool.to_ascii_lowercase();
    let sends = SENDING.iter().any(|word| lower.contains(word));
    if !sends && role != Role::Command {
        return;
    }
    let (severity, score) = if sends { (Severity::High, 0.85) } else { (Severity::Medium, 0.6) };
    found.extend(secrets(text).into_iter().map(|range| {
        leaving("secret_in_argument", severity, score, range, "a credential given to a tool that may send it away")
    }));
}
