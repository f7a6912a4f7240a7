//! Looks at what a tool is called with: destructive commands and queries, injection into commands, queries and paths, places
//! that hold credentials, addresses that a server should not fetch, and data on its way out.
//!
//! What a field is for is read from its name and from the tool's. A command that is meant to be one is not suspicious for being
//! one: shell metacharacters count only in fields that are something else (a path, a host, a name), and in commands only what
//! they do counts. Free text (`content`, `message`, `query` in words) is looked at for secrets and whole-value URLs only.
//!
//! Not found: harm that only the tool's own meaning makes (a payment to the wrong account), code in a language other than shell
//! and SQL, paths that are sensitive in one deployment only, and names that resolve to private addresses without saying so.

use std::{borrow::Cow, ops::Range};

use llmtrace_model::{FindingKind, Severity};
use serde_json::Value;

use crate::{Hit, detectors::sure};
use field::{Role, role};

mod field;
#[cfg(test)]
mod tests;
mod text;

/// Texts of one call beyond these are not looked at.
const MAX_TEXTS: usize = 4096;
/// Of one text, what is beyond is not looked at.
const MAX_TEXT_BYTES: usize = 256 * 1024;

/// A tool call as the model wants it.
#[derive(Debug, Clone, Copy)]
pub struct ToolCall<'a> {
    /// The tool's name.
    pub tool: &'a str,
    /// Its arguments, decoded.
    pub arguments: &'a Value,
}

/// Something found in one argument.
#[derive(Debug, Clone, PartialEq)]
pub struct ArgumentHit {
    /// Which argument: a JSON Pointer (RFC 6901) into the arguments, `/options/path`.
    pub pointer: String,
    /// What, with its place in that argument's text.
    pub hit: Hit,
}

/// What is wrong with a text, before it is known where it stands.
#[derive(Debug, Clone)]
struct Wrong {
    kind: FindingKind,
    subtype: &'static str,
    /// The rule, where several lead to the subtype.
    rule: Cow<'static, str>,
    score: f32,
    severity: Severity,
    range: Range<usize>,
    reason: Cow<'static, str>,
}

impl Wrong {
    fn misuse(
        subtype: &'static str,
        severity: Severity,
        score: f32,
        range: Range<usize>,
        reason: &'static str,
    ) -> Self {
        Self {
            kind: FindingKind::ToolMisuse,
            subtype,
            rule: Cow::Borrowed(subtype),
            score,
            severity,
            range,
            reason: Cow::Borrowed(reason),
        }
    }
}

/// Looks at every text among the arguments. `secrets` says where in a text credentials stand.
///
/// A hit's range is bytes of the argument's text after JSON is decoded. Linear in the arguments; depth makes no difference.
pub fn tool_misuse(call: ToolCall<'_>, secrets: impl Fn(&str) -> Vec<Range<usize>>) -> Vec<ArgumentHit> {
    let mut found = Vec::new();
    let mut texts = 0;
    let mut stack = vec![(String::new(), Role::of_tool(call.tool), call.arguments)];
    while let Some((pointer, inherited, value)) = stack.pop() {
        // Pointers of deep values are long: a value that is nested for its own sake is left at some depth.
        if pointer.len() > 4096 {
            continue;
        }
        match value {
            Value::String(text) => {
                texts += 1;
                if texts > MAX_TEXTS {
                    return found;
                }
                let wrongs = text::wrongs(call.tool, inherited, cut(text), &secrets);
                found.extend(wrongs.into_iter().map(|wrong| ArgumentHit { pointer: pointer.clone(), hit: hit(wrong) }));
            }
            Value::Array(items) => {
                let items = items.iter().enumerate().rev().filter(|(_, item)| is_worth_a_look(item));
                stack.extend(items.map(|(i, item)| (format!("{pointer}/{i}"), inherited, item)));
            }
            Value::Object(fields) => {
                let fields = fields.iter().rev().filter(|(_, value)| is_worth_a_look(value));
                stack.extend(
                    fields.map(|(key, value)| (format!("{pointer}/{}", escaped(key)), role(key, inherited), value)),
                );
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    found
}

fn is_worth_a_look(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Array(_) | Value::Object(_))
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
}

/// A key as JSON Pointer writes it.
fn escaped(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) { Cow::Owned(key.replace('~', "~0").replace('/', "~1")) } else { Cow::Borrowed(key) }
}

fn hit(wrong: Wrong) -> Hit {
    let family = wrong.kind.as_str();
    Hit {
        kind: wrong.kind,
        subtype: Cow::Borrowed(wrong.subtype),
        rule: Cow::Owned(format!("{family}.{}", wrong.rule)),
        score: sure(wrong.score),
        severity: wrong.severity,
        range: wrong.range,
        quote: None,
        reason: wrong.reason,
    }
}
