//! Values with a form of their own: sizes, log levels, store URLs, the price of an unknown model.

use std::{borrow::Cow, fmt, str::FromStr};

use llmtrace_model::Retention;
use llmtrace_store::{Keeps, OpenError};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::telemetry::logs;

/// A size in bytes: a whole number, or a number and a unit such as `64MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

const UNITS: [(&str, u64); 15] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("Ti", 1 << 40),
    ("Gi", 1 << 30),
    ("Mi", 1 << 20),
    ("Ki", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("KB", 1_000),
    ("B", 1),
    ("", 1),
];

impl ByteSize {
    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The number of bytes as a length; what no length can hold is the longest one.
    pub fn len(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// Says whether the size is zero.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = (&text[..digits], text[digits..].trim());
        let Ok(number) = number.parse::<u64>() else {
            return Err("not a whole number followed by a unit".to_owned());
        };
        let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("unknown unit \"{unit}\""));
        };
        number.checked_mul(*factor).map(Self).ok_or_else(|| "too large".to_owned())
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS[..4].iter().find(|(_, factor)| self.0 != 0 && self.0.is_multiple_of(*factor));
        match unit {
            Some((name, factor)) => write!(f, "{}{name}", self.0 / factor),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u64),
            Text(String),
        }
        match Form::deserialize(d)? {
            Form::Number(bytes) => Ok(Self(bytes)),
            Form::Text(text) => text.parse().map_err(de::Error::custom),
        }
    }
}

impl JsonSchema for ByteSize {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"],
            "minimum": 0,
            "pattern": "^[0-9]+ *([KMGT]i?B|kB|[KMGT]i|B)?$",
            "x-expected": "a number of bytes, or a size such as 64MiB",
        })
    }
}

/// How much is logged: a level, or levels by room such as `info,llmtrace_server::proxy=debug`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLevel(String);

impl LogLevel {
    /// The text that a log filter takes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match logs::check_level(text) {
            Ok(()) => Ok(Self(text.to_owned())),
            Err(_) => Err("a word in it is no level".to_owned()),
        }
    }
}

/// The address of a store: `sqlite:PATH`, `memory:`, or the name of an engine whose server has settings of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreUrl(String);

impl StoreUrl {
    /// The text that opening a store takes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the colon.
    pub fn scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(scheme, _)| scheme)
    }
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Whether such a store keeps what the key is about is told by the key: see `check`.
        let keeps = match text.split_once(':').map_or("", |(scheme, _)| scheme) {
            "postgres" => Keeps::Meta,
            "redis" => Keeps::Counters,
            _ => Keeps::Spans,
        };
        match llmtrace_store::check_url("", text, keeps) {
            Ok(_server) => Ok(Self(text.to_owned())),
            Err(OpenError::Url { problem, .. }) => Err(problem),
            Err(other @ (OpenError::Schema { .. } | OpenError::Engine { .. })) => Err(other.to_string()),
        }
    }
}

/// What a model without a price costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownModel {
    /// Nothing; the span says that it has no price, and the log names the model once.
    Warn,
    /// What this model costs.
    PriceAs(String),
    /// The request is refused.
    Deny,
}

impl UnknownModel {
    /// The model whose price is taken instead, where one is.
    pub fn instead(&self) -> Option<&str> {
        match self {
            Self::PriceAs(model) => Some(model),
            Self::Warn | Self::Deny => None,
        }
    }
}

impl FromStr for UnknownModel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':').map_or((text, None), |(word, model)| (word, Some(model.trim()))) {
            ("warn", None) => Ok(Self::Warn),
            ("deny", None) => Ok(Self::Deny),
            ("price_as", Some(model)) if !model.is_empty() => Ok(Self::PriceAs(model.to_owned())),
            ("price_as", _) => Err("price_as needs the name of a model".to_owned()),
            (word, _) => Err(format!("\"{word}\" is no such choice")),
        }
    }
}

impl Serialize for UnknownModel {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Warn => s.serialize_str("warn"),
            Self::Deny => s.serialize_str("deny"),
            Self::PriceAs(model) => s.collect_str(&format_args!("price_as:{model}")),
        }
    }
}

impl<'de> Deserialize<'de> for UnknownModel {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Map { price_as: String },
        }
        match Form::deserialize(d)? {
            Form::Text(text) => text.parse().map_err(de::Error::custom),
            Form::Map { price_as } => format!("price_as:{price_as}").parse().map_err(de::Error::custom),
        }
    }
}

impl JsonSchema for UnknownModel {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "UnknownModel".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "object"],
            "pattern": "^(warn|deny|price_as: *.+)$",
            "properties": { "price_as": { "type": "string" } },
            "required": ["price_as"],
            "additionalProperties": false,
            "x-expected": "warn, deny or price_as:MODEL",
        })
    }
}

/// How long something is kept: days, or `forever`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(pub Option<u32>);

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(days) => s.serialize_u32(days),
            None => s.serialize_str("forever"),
        }
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u32),
            Text(String),
        }
        // A variable of the environment brings the number as text.
        let days = match Form::deserialize(d)? {
            Form::Text(text) if text == "forever" => return Ok(Self(None)),
            Form::Text(text) => text.parse().ok(),
            Form::Number(days) => Some(days),
        };
        let days = days.filter(|days| (1..=Retention::MAX_DAYS).contains(days));
        days.map(|days| Self(Some(days))).ok_or_else(|| de::Error::custom("neither 1 to 36500 days nor forever"))
    }
}

impl JsonSchema for Days {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Days".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"],
            "minimum": 1,
            "maximum": 36_500,
            "pattern": "^([0-9]+|forever)$",
            "x-expected": "1 to 36500 days, or forever",
        })
    }
}

/// Gives a type that is written as one text its serde and schema; `$expected` is what an error message asks for.
macro_rules! written_as_text {
    ($type:ty, $name:literal, $schema:tt) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(&self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}
pub(super) use written_as_text;

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

written_as_text!(LogLevel, "LogLevel", {
    "type": "string",
    "x-expected": "off, error, warn, info, debug or trace, or such levels by module: info,llmtrace_server::proxy=debug",
});
// A store URL may hold a password.
written_as_text!(StoreUrl, "StoreUrl", { "type": "string", "x-secret": true, "x-expected": "sqlite:PATH, memory:, clickhouse:, postgres: or redis:" });
