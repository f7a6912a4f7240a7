//! What the value of a parameter may be: in words for whoever got it wrong, and as a schema for the document.

use std::borrow::Cow;

use llmtrace_model::{Dimension, EndReason, FindingKind, Source, StatsQuery, Status, Terms};
use serde_json::{Value, json};
use utoipa::openapi::{
    RefOr,
    schema::{ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type},
};

use super::values;
use crate::api::access::TENANT_EXPECTED;

/// The longest text to compare with, in characters; longer than any stored label.
pub(in crate::api) const MAX_TEXT: usize = 1024;
/// The most tags of one question.
const MAX_TAGS: usize = 8;
/// What an actor looks like, for messages.
const ACTOR_EXPECTED: &str = "key:UUID, user:UUID, cli, system or anonymous";
/// Likewise, for machines.
const ACTOR_PATTERN: &str = "^((key|user):[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|cli|system|anonymous)$";
/// The word for every kind of finding.
pub(super) const ANY: &str = "any";

/// What the value of a parameter may be.
#[derive(Debug)]
pub(super) enum Kind {
    Time,
    Trace,
    /// A text to compare with, as in the example.
    Text(&'static str),
    Tags,
    Terms,
    Source,
    Status,
    EndReason,
    Finding,
    HttpStatus,
    Usd,
    Ms,
    Count,
    Dimension,
    Dimensions,
    /// One of some words.
    Words {
        all: fn() -> Vec<&'static str>,
        default: Option<&'static str>,
    },
    Tenant,
    /// Who did something, as the audit log writes it.
    Actor,
    /// A place in a chain of the audit log.
    Place,
    Limit {
        default: Option<u32>,
        max: u32,
    },
    Cursor,
    Exchange,
}

/// How often a parameter may stand in a query.
pub(super) enum Repeated {
    Never,
    UpTo(usize),
}

/// How several values are written.
pub(super) enum Form {
    /// There is one.
    Single,
    /// Each with the name.
    Repeated,
    /// Behind the name, separated by commas.
    Commas,
}

impl Kind {
    /// How often it may stand in a query.
    pub(super) fn repeated(&self) -> Repeated {
        match self.form() {
            Form::Repeated => Repeated::UpTo(MAX_TAGS),
            Form::Single | Form::Commas => Repeated::Never,
        }
    }

    /// How several values are written.
    pub(super) fn form(&self) -> Form {
        match self {
            Self::Tags => Form::Repeated,
            Self::Dimensions => Form::Commas,
            Self::Time
            | Self::Trace
            | Self::Text(_)
            | Self::Terms
            | Self::Source
            | Self::Status
            | Self::EndReason
            | Self::Finding
            | Self::HttpStatus
            | Self::Usd
            | Self::Ms
            | Self::Count
            | Self::Dimension
            | Self::Words { .. }
            | Self::Tenant
            | Self::Actor
            | Self::Place
            | Self::Limit { .. }
            | Self::Cursor
            | Self::Exchange => Form::Single,
        }
    }

    /// The closed set it is from.
    fn words(&self) -> Option<Vec<&'static str>> {
        match self {
            Self::Source => Some(Source::ALL.iter().map(|s| s.as_str()).collect()),
            Self::Status => Some(Status::ALL.iter().map(|s| s.as_str()).collect()),
            Self::EndReason => Some(EndReason::ALL.iter().map(|r| r.as_str()).collect()),
            Self::Finding => Some(FindingKind::ALL.iter().map(|k| k.as_str()).chain([ANY]).collect()),
            Self::Dimension | Self::Dimensions => Some(Dimension::ALL.iter().map(|d| d.as_str()).collect()),
            Self::Words { all, .. } => Some(all()),
            Self::Time
            | Self::Trace
            | Self::Text(_)
            | Self::Tags
            | Self::Terms
            | Self::HttpStatus
            | Self::Usd
            | Self::Ms
            | Self::Count
            | Self::Tenant
            | Self::Actor
            | Self::Place
            | Self::Limit { .. }
            | Self::Cursor
            | Self::Exchange => None,
        }
    }

    /// What is allowed, in words.
    pub(super) fn expected(&self) -> Cow<'static, str> {
        let words = self.words().unwrap_or_default().join(", ");
        match self {
            Self::Time => "an RFC 3339 time such as 2026-01-31T12:00:00Z (a \"+\" in it is sent as %2B)".into(),
            Self::Trace => "32 hex digits, not all zero".into(),
            Self::Text(_) | Self::Tags => format!("1 to {MAX_TEXT} characters of text").into(),
            Self::Terms => format!(
                "1 to {} different terms in at most {MAX_TEXT} characters; a term is a run of letters and digits, everything \
                 else stands between terms",
                Terms::MAX
            )
            .into(),
            Self::HttpStatus => "a whole number from 100 to 599".into(),
            Self::Usd => "US dollars from 0 to 999999999 with at most 9 decimals, such as 0.00025".into(),
            Self::Ms => "milliseconds from 0 to 999999999999 with at most 3 decimals, such as 1500 or 0.25".into(),
            Self::Count | Self::Place => format!("a whole number from 0 to {}", values::MAX_WHOLE).into(),
            Self::Actor => ACTOR_EXPECTED.into(),
            Self::Dimensions => {
                format!("1 to {} different ones of {words}, separated by commas", StatsQuery::MAX_DIMENSIONS).into()
            }
            Self::Words { all, .. } if all().len() == 1 => words.into(),
            Self::Source | Self::Status | Self::EndReason | Self::Finding | Self::Dimension | Self::Words { .. } => {
                format!("one of {words}").into()
            }
            Self::Tenant => TENANT_EXPECTED.into(),
            Self::Limit { max, .. } => format!("a whole number from 1 to {max}").into(),
            Self::Cursor => "the value of \"next\" from the page before".into(),
            Self::Exchange => "the exchange_id of a stored span, a UUID".into(),
        }
    }

    /// A value as somebody would send it.
    pub(super) fn example(&self) -> Option<Value> {
        Some(match self {
            Self::Time => json!("2026-01-31T12:00:00Z"),
            Self::Trace => json!("0af7651916cd43dd8448eb211c80319c"),
            Self::Text(example) => json!(example),
            Self::Tags => json!(["demo"]),
            Self::Terms => json!("refund order 1234"),
            Self::Source => json!(Source::Proxy.as_str()),
            Self::Status => json!(Status::Error.as_str()),
            Self::EndReason => json!(EndReason::ClientGone.as_str()),
            Self::Finding => json!(ANY),
            Self::HttpStatus => json!(429),
            Self::Usd => json!("0.01"),
            Self::Ms => json!("1500"),
            Self::Count => json!(1000),
            Self::Dimension => json!(Dimension::Model.as_str()),
            Self::Dimensions => json!([Dimension::Model.as_str(), Dimension::Agent.as_str()]),
            Self::Words { all, default } => json!(default.or_else(|| all().last().copied())?),
            Self::Tenant => json!("default"),
            Self::Actor => json!("cli"),
            Self::Limit { default, .. } => json!(default.unwrap_or(100)),
            // Made by the server; one that is made up is refused.
            Self::Cursor | Self::Exchange | Self::Place => return None,
        })
    }

    /// What is allowed, for machines.
    pub(super) fn schema(&self) -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let whole = || ObjectBuilder::new().schema_type(Type::Integer);
        let any_text = || text().min_length(Some(1)).max_length(Some(MAX_TEXT));
        let word = || text().enum_values(self.words());
        let one = match self {
            Self::Time => text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
            Self::Trace => text().pattern(Some("^[0-9a-fA-F]{32}$")),
            Self::Text(_) | Self::Terms => any_text(),
            Self::Source | Self::Status | Self::EndReason | Self::Finding | Self::Dimension => word(),
            Self::HttpStatus => whole().minimum(Some(100)).maximum(Some(599)),
            Self::Usd => text().pattern(Some(r"^[0-9]{1,9}(\.[0-9]{1,9})?$")),
            Self::Ms => text().pattern(Some(r"^[0-9]{1,12}(\.[0-9]{1,3})?$")),
            // As a floating-point number the greatest one would be written with an exponent.
            Self::Count | Self::Place => whole().minimum(Some(0)).maximum(Some(values::MAX_WHOLE as i64)),
            Self::Words { default, .. } => word().default(default.map(Value::from)),
            Self::Tenant => text().pattern(Some("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")),
            Self::Limit { default, max } => {
                whole().minimum(Some(1)).maximum(Some(*max)).default(default.map(Value::from))
            }
            Self::Actor => text().pattern(Some(ACTOR_PATTERN)),
            Self::Exchange => text().format(Some(SchemaFormat::Custom("uuid".to_owned()))),
            Self::Cursor => text().pattern(Some("^[A-Za-z0-9_-]{43}$")),
            Self::Tags => return ArrayBuilder::new().items(any_text()).max_items(Some(MAX_TAGS)).into(),
            Self::Dimensions => {
                let all = ArrayBuilder::new().items(word()).unique_items(true);
                return all.min_items(Some(1)).max_items(Some(StatsQuery::MAX_DIMENSIONS)).into();
            }
        };
        one.into()
    }
}
