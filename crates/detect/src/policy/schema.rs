//! What JSON Schema says of the words of a policy, which `model` does not know.

use llmtrace_model::{Action, Channel, FindingKind, Severity};
use schemars::{Schema, SchemaGenerator, json_schema};

pub(super) fn kinds(_: &mut SchemaGenerator) -> Schema {
    list(&FindingKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>())
}

pub(super) fn channels(_: &mut SchemaGenerator) -> Schema {
    list(&Channel::ALL.iter().map(|channel| channel.as_str()).collect::<Vec<_>>())
}

pub(super) fn severity(_: &mut SchemaGenerator) -> Schema {
    let words = Severity::ALL.iter().map(|severity| Some(severity.as_str())).chain([None]);
    json_schema!({ "type": ["string", "null"], "enum": words.collect::<Vec<_>>() })
}

pub(super) fn score(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["number", "null"], "minimum": 0, "maximum": 1 })
}

pub(super) fn action(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<_> = Action::ALL.iter().map(|action| action.as_str()).collect();
    json_schema!({ "type": "string", "enum": words })
}

fn list(words: &[&'static str]) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string", "enum": words } })
}
