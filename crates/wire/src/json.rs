//! A borrowed JSON tree and its parser, for the decoders of this crate.
//!
//! Strings without escapes and all numbers stay slices of the input, objects keep order and repeated keys, and a text that
//! was cut off gives what was there ([`parse_head`]). Whoever needs an owned `serde_json::Value` converts one subtree.

use std::borrow::Cow;

use serde_json::Value;

mod parser;

use parser::{Ending, Parser};

/// One JSON value; borrows from the text it was parsed from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written.
    Number(&'a str),
    /// A text with its escapes resolved.
    Str(Cow<'a, str>),
    /// A list.
    Array(Vec<Json<'a>>),
    /// Members in order.
    Object(Members<'a>),
    /// The value of a member the caller asked not to read.
    Skipped,
}

/// The members of an object in order; a repeated key is there twice.
pub(crate) type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// What bounds a parse, and what it leaves out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Deepest nesting of lists and objects.
    pub max_depth: usize,
    /// Most values in all: a short text of `[[],[],…` must not cost many times its size.
    pub max_values: usize,
    /// Members that are not read (embedding vectors, log probabilities).
    pub skip: &'static [&'static str],
}

impl Default for Rules {
    fn default() -> Self {
        Self { max_depth: 128, max_values: 2_000_000, skip: &[] }
    }
}

/// Why a text gave no tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is no JSON.
    Syntax,
    /// It ended too early.
    Eof,
    /// It nests deeper than the rules allow.
    TooDeep,
    /// It holds more values than the rules allow.
    TooMany,
}

/// Parses a whole text. A lone surrogate escape becomes U+FFFD and control characters in strings are let through: the
/// bytes have been forwarded already, and a reader that refuses them would only see less.
pub(crate) fn parse<'a>(text: &'a str, rules: &Rules) -> Result<Json<'a>, Fault> {
    let mut parser = Parser::new(text, rules, Ending::Whole);
    let value = parser.value(0)?;
    if parser.at_end() { Ok(value) } else { Err(Fault::Syntax) }
}

/// Parses the head of a text that was cut off: what was complete before the end, and the last string as far as it goes.
pub(crate) fn parse_head<'a>(text: &'a str, rules: &Rules) -> Result<Json<'a>, Fault> {
    Parser::new(text, rules, Ending::Cut).value(0)
}

impl<'a> Json<'a> {
    /// The member of an object; the last one where a key repeats.
    pub(crate) fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Json::Object(members) => members.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text of a string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Json::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a string, owned.
    pub(crate) fn into_string(self) -> Option<String> {
        match self {
            Json::Str(text) => Some(text.into_owned()),
            _ => None,
        }
    }

    /// `true` or `false`.
    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A text member.
    pub(crate) fn str_at(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Json::as_str)
    }

    /// A whole number that is not negative; `12.0` counts, since some servers write counters as floats.
    pub(crate) fn as_u64(&self) -> Option<u64> {
        let Json::Number(text) = self else { return None };
        if let Ok(n) = text.parse() {
            return Some(n);
        }
        let (whole, part) = text.split_once('.')?;
        if part.bytes().all(|b| b == b'0') { whole.parse().ok() } else { None }
    }

    /// A counter member.
    pub(crate) fn u64_at(&self, key: &str) -> Option<u64> {
        self.get(key).and_then(Json::as_u64)
    }

    /// The members of an object, the items of a list and so on; nothing where it is another kind.
    pub(crate) fn into_members(self) -> Members<'a> {
        match self {
            Json::Object(members) => members,
            _ => Vec::new(),
        }
    }

    /// The items of a list; nothing where it is another kind.
    pub(crate) fn into_items(self) -> Vec<Json<'a>> {
        match self {
            Json::Array(items) => items,
            _ => Vec::new(),
        }
    }

    /// Says whether it is `null`.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }

    /// The same value, owned. A number no Rust type holds stays as its text.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Json::Null | Json::Skipped => Value::Null,
            Json::Bool(b) => Value::Bool(b),
            Json::Number(text) => number(text),
            Json::Str(text) => Value::String(text.into_owned()),
            Json::Array(items) => Value::Array(items.into_iter().map(Json::into_value).collect()),
            Json::Object(members) => {
                Value::Object(members.into_iter().map(|(k, v)| (k.into_owned(), v.into_value())).collect())
            }
        }
    }
}

fn number(text: &str) -> Value {
    if let Ok(n) = text.parse::<u64>() {
        return Value::from(n);
    }
    if let Ok(n) = text.parse::<i64>() {
        return Value::from(n);
    }
    let float = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    float.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests;
