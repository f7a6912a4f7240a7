//! Amazon Bedrock Converse and ConverseStream: one shape for every model.
//!
//! Source: Amazon Bedrock API reference, "Converse", "ConverseStream" and their data types (2026-10).

use llmtrace_model::{Message, Role};
use serde_json::Value;

use super::{Format, bedrock, parts::without_bytes};
use crate::{Dialect, Family, decode::Draft, json::Json};

mod blocks;
mod scan;
mod stream;

pub(super) use blocks::blocks;
use scan::Scan;
pub(super) use stream::Stream;

/// `POST …/model/{id}/converse` and `…/converse-stream`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::BedrockConverse,
    name: "bedrock_converse",
    operation: "chat",
    family: Family::Aws,
    speaks: |method, path| method == "POST" && path_model(path).is_some(),
    path_model,
    streams: |path, _| path.trim_end_matches('/').ends_with("-stream"),
    head: bedrock::head,
    request,
    answer,
    stream: Some(|| Box::new(Stream::default())),
    scan: || Box::new(Scan),
    vital: &["usage", "serviceTier", "error"],
    ..Format::JSON
};

fn path_model(path: &str) -> Option<&str> {
    bedrock::model(path, &["converse", "converse-stream"])
}

/// Parameters under OpenTelemetry's name. Nova's own schema has the second spelling of some.
const INFERENCE: &[(&str, &str)] = &[
    ("maxTokens", "max_tokens"),
    ("max_new_tokens", "max_tokens"),
    ("stopSequences", "stop_sequences"),
    ("temperature", "temperature"),
    ("topK", "top_k"),
    ("topP", "top_p"),
    ("top_k", "top_k"),
    ("top_p", "top_p"),
];

/// Reads a request.
pub(super) fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        if value.is_null() {
            continue;
        }
        match key.as_ref() {
            "messages" => {
                draft.content.input_messages = value.into_items().into_iter().map(|m| message(m, draft)).collect();
            }
            "system" => draft.content.system_instructions = blocks(value, draft),
            "inferenceConfig" => inference(value, draft),
            "toolConfig" => tool_config(value, draft),
            "additionalModelRequestFields" => additional(value, draft),
            "guardrailConfig" => {
                for (key, value) in value.into_members() {
                    match key.as_ref() {
                        "guardrailIdentifier" => draft.param("guardrail.identifier", &value),
                        "guardrailVersion" => draft.param("guardrail.version", &value),
                        other => draft.param(&format!("guardrail.{other}"), &value),
                    }
                }
            }
            "performanceConfig" => {
                if let Some(latency) = value.get("latency") {
                    draft.param("performance.latency", latency);
                }
            }
            "serviceTier" => {
                if let Some(tier) = value.get("type") {
                    draft.param("service_tier", tier);
                }
            }
            "requestMetadata" => draft.tag_all(value.into_members()),
            "outputConfig" => {
                if value.get("textFormat").is_some() {
                    draft.params.insert("output.type".to_owned(), Value::from("json"));
                }
            }
            "promptVariables" => prompt_variables(value, draft),
            "modelId" | "additionalModelResponseFieldPaths" | "schemaVersion" => {}
            other => draft.unknown("request", other),
        }
    }
}

fn inference(value: Json<'_>, draft: &mut Draft) {
    for (key, value) in value.into_members() {
        match INFERENCE.binary_search_by_key(&key.as_ref(), |(wire, _)| wire) {
            Ok(at) => draft.param(INFERENCE[at].1, &value),
            Err(_) => draft.unknown("inferenceConfig", &key),
        }
    }
}

/// The model's own parameters; what is nested is kept one level deep.
fn additional(value: Json<'_>, draft: &mut Draft) {
    for (key, value) in value.into_members() {
        match value {
            Json::Object(members) => {
                for (inner, value) in members {
                    draft.param(&format!("{key}.{inner}"), &value);
                }
            }
            value => draft.param(&key, &value),
        }
    }
}

fn tool_config(value: Json<'_>, draft: &mut Draft) {
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "tools" => {
                let tools = value.into_items().into_iter().filter(|tool| tool.get("cachePoint").is_none());
                draft.content.tool_definitions.extend(tools.map(Json::into_value));
            }
            "toolChoice" => draft.param("tool_choice", &value),
            other => draft.unknown("toolConfig", other),
        }
    }
}

/// What is put into a stored prompt reaches the model like any text.
fn prompt_variables(value: Json<'_>, draft: &mut Draft) {
    let mut parts = Vec::new();
    for (_, value) in value.into_members() {
        parts.extend(blocks(Json::Array(vec![value]), draft));
    }
    draft.content.input_messages.push(Message { role: Role::User, name: None, parts, finish_reason: None });
}

/// Reads one message of either direction.
fn message(value: Json<'_>, draft: &mut Draft) -> Message {
    let role = match value.str_at("role") {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        Some(_) | None => Role::Unknown,
    };
    let mut message = Message { role, name: None, parts: Vec::new(), finish_reason: None };
    if role == Role::Unknown {
        draft.unknown("message", "role");
        message.parts.push(llmtrace_model::Part::Raw { value: without_bytes(value, draft) });
        return message;
    }
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "role" => {}
            "content" => message.parts = blocks(value, draft),
            other => draft.unknown("message", other),
        }
    }
    message
}

/// Reads an answer.
pub(super) fn answer(body: Json<'_>, draft: &mut Draft) {
    let mut said = None;
    let mut stopped = None;
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "output" => {
                for (key, value) in value.into_members() {
                    match key.as_ref() {
                        "message" => said = Some(message(value, draft)),
                        other => draft.unknown("output", other),
                    }
                }
            }
            "stopReason" => stopped = value.into_string(),
            other => about(other, &value, draft),
        }
    }
    draft.finish_reasons.extend(stopped.clone());
    draft.content.output_messages.extend(said.map(|message| Message { finish_reason: stopped, ..message }));
}

/// Takes what an answer, or the last event of a stream, says about itself.
fn about(key: &str, value: &Json<'_>, draft: &mut Draft) {
    match key {
        "usage" => {
            draft.usage = bedrock::usage(value).or(draft.usage);
            if let Json::Object(members) = value {
                for (name, _) in members.iter().filter(|(name, _)| !is_known_counter(name)) {
                    draft.unknown("usage", name);
                }
            }
        }
        "serviceTier" => draft.service_tier = value.str_at("type").map(str::to_owned).or(draft.service_tier.take()),
        "trace" => {
            let routed = value.get("promptRouter").and_then(|router| router.str_at("invokedModelId"));
            draft.response_model = routed.map(str::to_owned).or(draft.response_model.take());
            if value.get("guardrail").is_some() {
                draft.not_read("guardrail trace");
            }
        }
        // `p` pads events, so that their length tells nothing.
        "metrics" | "performanceConfig" | "additionalModelResponseFields" | "p" => {}
        other => draft.unknown("answer", other),
    }
}

fn is_known_counter(name: &str) -> bool {
    matches!(
        name,
        "inputTokens"
            | "outputTokens"
            | "totalTokens"
            | "cacheReadInputTokens"
            | "cacheWriteInputTokens"
            | "cacheReadInputTokenCount"
            | "cacheWriteInputTokenCount"
            | "cacheDetails"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_are_sorted() {
        assert!(INFERENCE.is_sorted());
    }
}
