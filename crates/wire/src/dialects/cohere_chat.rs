//! Cohere chat, version 2.
//!
//! Source: Cohere API reference, "Chat" and "Chat with streaming" (v2, 2026-10).

use llmtrace_model::{Message, Part};
use serde_json::Value;

use super::{Format, cohere, error::bare_error, openai_chat};
use crate::{
    Dialect, Family,
    decode::Draft,
    json::{Json, Members},
};

mod scan;
mod stream;

pub(super) use scan::Scan;
use stream::Stream;

/// `POST /v2/chat`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::CohereChat,
    name: "cohere_chat",
    operation: "chat",
    family: Family::Cohere,
    speaks: |method, path| super::posts_to(method, path, "/v2/chat"),
    request,
    answer,
    skip: &["logprobs"],
    stream: Some(|| Box::new(Stream::default())),
    scan: || Box::new(Scan),
    vital: &["usage", "error"],
    ..Format::JSON
};

/// Parameters by their name in OpenTelemetry.
const PARAMS: &[(&str, &str)] = &[
    ("frequency_penalty", "frequency_penalty"),
    ("k", "top_k"),
    ("logprobs", "logprobs"),
    ("max_tokens", "max_tokens"),
    ("p", "top_p"),
    ("presence_penalty", "presence_penalty"),
    ("priority", "priority"),
    ("safety_mode", "safety_mode"),
    ("seed", "seed"),
    ("stop_sequences", "stop_sequences"),
    ("strict_tools", "strict_tools"),
    ("temperature", "temperature"),
    ("tool_choice", "tool_choice"),
];

fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        if value.is_null() {
            continue;
        }
        match key.as_ref() {
            "model" => draft.request_model = value.into_string(),
            "stream" => draft.stream_member = value.as_bool(),
            "messages" => {
                let messages: Vec<Message> = value.into_items().into_iter().map(|m| message(m, draft)).collect();
                draft.content.input_messages.extend(messages);
            }
            "tools" => draft.content.tool_definitions.extend(value.into_items().into_iter().map(Json::into_value)),
            "documents" => documents(value, draft),
            "response_format" => {
                let output = if value.str_at("type") == Some("text") { "text" } else { "json" };
                draft.params.insert("output.type".to_owned(), Value::from(output));
            }
            "thinking" | "citation_options" => {
                let prefix = key.as_ref();
                value.into_members().iter().for_each(|(key, value)| draft.param(&format!("{prefix}.{key}"), value));
            }
            other => match PARAMS.binary_search_by_key(&other, |(wire, _)| wire) {
                Ok(at) => draft.param(PARAMS[at].1, &value),
                Err(_) => draft.unknown("request", other),
            },
        }
    }
}

/// Documents beside the messages: what they say reaches the model as untrusted text.
fn documents(value: Json<'_>, draft: &mut Draft) {
    let parts: Vec<Part> = value.into_items().into_iter().map(document).collect();
    if !parts.is_empty() {
        let role = llmtrace_model::Role::Tool;
        draft.content.input_messages.push(Message {
            role,
            name: Some("documents".to_owned()),
            parts,
            finish_reason: None,
        });
    }
}

/// A document: a text, or `{"id":…,"data":…}` with a text or fields as data.
fn document(value: Json<'_>) -> Part {
    let (mut id, mut data) = (None, Value::Null);
    match value {
        Json::Object(members) => {
            for (key, value) in members {
                match key.as_ref() {
                    "id" => id = value.into_string(),
                    "data" => data = value.into_value(),
                    _ => {}
                }
            }
        }
        other => data = other.into_value(),
    }
    Part::ToolCallResponse { id, result: data }
}

/// Reads a message of either direction: OpenAI's shape, with a plan before tool calls and citations behind the text.
fn message(value: Json<'_>, draft: &mut Draft) -> Message {
    let mut rest: Members<'_> = Vec::new();
    let mut plan = None;
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "tool_plan" => plan = value.into_string().filter(|text| !text.is_empty()),
            // They point into the text that is kept.
            "citations" => {}
            _ => rest.push((key, value)),
        }
    }
    let mut message = openai_chat::message(Json::Object(rest), draft);
    if let Some(content) = plan {
        message.parts.insert(0, Part::Reasoning { content });
    }
    message
}

fn answer(body: Json<'_>, draft: &mut Draft) {
    if body.get("message").is_some_and(|message| message.as_str().is_some()) {
        draft.error = bare_error(&body);
        return;
    }
    let mut said = None;
    let mut finish_reason = None;
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "id" => draft.response_id = value.into_string(),
            "finish_reason" => finish_reason = value.into_string(),
            "message" => said = Some(message(value, draft)),
            "usage" => {
                draft.usage = cohere::usage(&value);
                draft.units = cohere::units(&value);
            }
            "logprobs" | "prompt" | "response_type" => {}
            other => draft.unknown("answer", other),
        }
    }
    draft.finish_reasons.extend(finish_reason.clone());
    draft.content.output_messages.extend(said.map(|said| Message { finish_reason, ..said }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_costs_what_cohere_publishes() {
        // Command A: $2.50 and $10 a million tokens (Cohere, "Pricing", 2026-11). 1,400 and 50 billed tokens.
        let usage = crate::json::parse(
            r#"{"billed_units":{"input_tokens":1400,"output_tokens":50},"tokens":{"input_tokens":1460,"output_tokens":53}}"#,
            &crate::json::Rules::default(),
        );
        let usage = cohere::usage(&usage.expect("valid")).expect("counters");
        let priced = crate::PriceBook::bundled().price("cohere", "command-a-03-2025", &usage, 1_793_000_000);
        let crate::Priced::Known { cost, .. } = priced else { panic!("{priced:?}") };
        assert_eq!(cost.nanos(), 1400 * 2_500 + 50 * 10_000);
    }

    #[test]
    fn the_parameters_are_sorted() {
        assert!(PARAMS.is_sorted());
    }
}
