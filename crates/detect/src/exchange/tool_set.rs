//! Fingerprints of a set of tools, and what changed since the session began.
//!
//! A tool that was harmless when it was approved and is not any more ("rug pull") shows here, whatever its new words are. What
//! the words say is for the detectors of untrusted text. Callers keep the [`ToolSet`] of a session's first exchange.

use std::fmt;

use llmtrace_model::{Action, Finding, FindingKind, Severity};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::detectors::sure;

#[cfg(test)]
mod tests;

/// A tool as a request offers it to the model.
#[derive(Debug, Clone, Copy)]
pub struct Tool<'a> {
    /// The server it comes from, where that is known; else empty.
    pub server: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What it says of itself.
    pub description: &'a str,
    /// The schema of its arguments.
    pub schema: &'a Value,
}

/// The first 16 bytes of a SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 16]);

/// What a tool was: enough to see a change, and nothing of its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The server it comes from.
    pub server: String,
    /// Its name.
    pub name: String,
    /// Of its description.
    pub description: Digest,
    /// Of its schema in canonical form: keys sorted, no white space.
    pub schema: Digest,
}

/// The tools of an exchange, by server and name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolSet(Vec<Fingerprint>);

/// What became of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// It was not there.
    Added(&'a Fingerprint),
    /// It is not there any more.
    Removed(&'a Fingerprint),
    /// It says something else of itself.
    Description(&'a Fingerprint),
    /// It takes other arguments.
    Schema(&'a Fingerprint),
    /// Both.
    Both(&'a Fingerprint),
}

impl ToolSet {
    /// Takes the fingerprints of tools, whatever their order. Of two with one server and name, the first counts.
    pub fn of<'a>(tools: impl IntoIterator<Item = Tool<'a>>) -> Self {
        let mut set: Vec<_> = tools.into_iter().map(Fingerprint::of).collect();
        set.sort_by(|a, b| a.key().cmp(&b.key()));
        set.dedup_by(|b, a| a.key() == b.key());
        Self(set)
    }

    /// The tools, by server and name.
    pub fn tools(&self) -> &[Fingerprint] {
        &self.0
    }

    /// One digest of all of them, to see quickly that nothing changed.
    pub fn digest(&self) -> Digest {
        let mut context = Context::new(&SHA256);
        for tool in &self.0 {
            framed(&mut context, tool.server.as_bytes());
            framed(&mut context, tool.name.as_bytes());
            context.update(&tool.description.0);
            context.update(&tool.schema.0);
        }
        Digest::finish(context)
    }

    /// The tools of both, those that are in both as they are in the later one.
    #[must_use]
    pub fn and(&self, later: &Self) -> Self {
        let mut set = later.0.clone();
        set.extend(self.0.iter().filter(|tool| later.0.iter().all(|other| other.key() != tool.key())).cloned());
        set.sort_by(|a, b| a.key().cmp(&b.key()));
        Self(set)
    }

    /// What changed from this set to a later one. Linear: both are sorted.
    pub fn changes<'a>(&'a self, later: &'a Self) -> Vec<Change<'a>> {
        let mut changes = Vec::new();
        let (mut old, mut new) = (self.0.iter().peekable(), later.0.iter().peekable());
        loop {
            match (old.peek().copied(), new.peek().copied()) {
                (None, None) => return changes,
                (Some(was), Some(is)) if was.key() == is.key() => {
                    changes.extend(Change::between(was, is));
                    old.next();
                    new.next();
                }
                (Some(was), is) if is.is_none_or(|is| was.key() < is.key()) => {
                    changes.push(Change::Removed(was));
                    old.next();
                }
                (_, Some(is)) => {
                    changes.push(Change::Added(is));
                    new.next();
                }
                (Some(was), None) => {
                    changes.push(Change::Removed(was));
                    old.next();
                }
            }
        }
    }
}

impl Fingerprint {
    /// Takes a tool's fingerprint.
    pub fn of(tool: Tool<'_>) -> Self {
        let mut schema = Context::new(&SHA256);
        canonical(tool.schema, &mut schema);
        let mut description = Context::new(&SHA256);
        description.update(tool.description.as_bytes());
        Self {
            server: tool.server.to_owned(),
            name: tool.name.to_owned(),
            description: Digest::finish(description),
            schema: Digest::finish(schema),
        }
    }

    fn key(&self) -> (&str, &str) {
        (&self.server, &self.name)
    }
}

impl<'a> Change<'a> {
    /// Whether a tool says something else of itself under its old name. Tools that come and go do so for good reasons.
    pub fn is_of_words(self) -> bool {
        match self {
            Self::Description(_) | Self::Schema(_) | Self::Both(_) => true,
            Self::Added(_) | Self::Removed(_) => false,
        }
    }

    fn between(was: &Fingerprint, is: &'a Fingerprint) -> Option<Self> {
        match (was.description == is.description, was.schema == is.schema) {
            (true, true) => None,
            (false, true) => Some(Self::Description(is)),
            (true, false) => Some(Self::Schema(is)),
            (false, false) => Some(Self::Both(is)),
        }
    }

    /// The finding for it.
    ///
    /// A tool that says something else under its old name is high, other arguments are medium. Tools come and go for good
    /// reasons: added is low, removed is information.
    pub fn finding(self) -> Finding {
        let (tool, subtype, severity, score, what) = match self {
            Self::Description(tool) => {
                (tool, "description_changed", Severity::High, 0.9, "describes itself otherwise than")
            }
            Self::Both(tool) => {
                (tool, "tool_changed", Severity::High, 0.9, "describes itself and its arguments otherwise than")
            }
            Self::Schema(tool) => (tool, "schema_changed", Severity::Medium, 0.8, "takes other arguments than"),
            Self::Added(tool) => (tool, "tool_added", Severity::Low, 0.5, "was not there"),
            Self::Removed(tool) => (tool, "tool_removed", Severity::Info, 0.5, "is gone, it was there"),
        };
        Finding {
            kind: FindingKind::ToolPoisoning,
            subtype: subtype.to_owned(),
            severity,
            confidence: sure(score),
            rule: format!("tool_poisoning.{subtype}"),
            reason: format!("tool \"{}\" {what} when the session began", shortened(&tool.name)),
            place: None,
            // The policy says otherwise where it is asked.
            action: Action::Observe,
        }
    }
}

/// A name as far as a reason shows it.
pub(super) fn shortened(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}

impl Digest {
    fn finish(context: Context) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&context.finish().as_ref()[..16]);
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let expected = "expected 32 hexadecimal digits";
        let digits = text.as_bytes();
        let mut bytes = [0; 16];
        if digits.len() != 32 {
            return Err(expected);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |b: u8| crate::detectors::url::hex_digit(b).ok_or(expected);
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

/// Feeds a value with its keys sorted. Every part is framed by its kind and length, so that no two values read the same.
fn canonical(value: &Value, context: &mut Context) {
    // An explicit stack: how deep a schema is nested is up to whoever wrote it.
    let mut stack = vec![Step::Value(value)];
    while let Some(step) = stack.pop() {
        let value = match step {
            Step::Key(key) => {
                framed(context, key.as_bytes());
                continue;
            }
            Step::Value(value) => value,
        };
        match value {
            Value::Null => context.update(b"n"),
            Value::Bool(is_true) => context.update(if *is_true { b"t" } else { b"f" }),
            Value::Number(number) => {
                context.update(b"#");
                framed(context, number.to_string().as_bytes());
            }
            Value::String(text) => {
                context.update(b"s");
                framed(context, text.as_bytes());
            }
            Value::Array(items) => {
                context.update(b"[");
                context.update(&items.len().to_le_bytes());
                stack.extend(items.iter().rev().map(Step::Value));
            }
            Value::Object(fields) => {
                context.update(b"{");
                context.update(&fields.len().to_le_bytes());
                let mut sorted: Vec<_> = fields.iter().collect();
                sorted.sort_by(|a, b| b.0.cmp(a.0));
                stack.extend(sorted.into_iter().flat_map(|(key, value)| [Step::Value(value), Step::Key(key)]));
            }
        }
    }
}

enum Step<'a> {
    Key(&'a str),
    Value(&'a Value),
}

fn framed(context: &mut Context, bytes: &[u8]) {
    context.update(&bytes.len().to_le_bytes());
    context.update(bytes);
}
