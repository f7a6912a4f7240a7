//! OpenAI Responses, as OpenAI, Azure and the servers compatible with it write them.
//!
//! Source: OpenAI API reference, "Responses", "Streaming events" and "Conversations" (2026-10), and the OpenAPI document of
//! the same date. The endpoints beside the one that makes a response are in [`stored`].

use llmtrace_model::{ErrorInfo, Message, Part, Role};
use serde_json::Value;

use super::{
    Format,
    error::{error_info, error_of},
    openai::{self, PROBABILITIES, request_member, take_usage},
};
use crate::{
    Billed, Dialect, Family,
    decode::Draft,
    json::{Json, Members},
};

mod content;
mod items;
mod scan;
pub(crate) mod stored;
mod stream;
mod tally;
#[cfg(test)]
mod tests;

use items::item;
use scan::Scan;
use stream::Stream;
use tally::Tally;

/// `POST …/responses`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::OpenaiResponses,
    name: "openai_responses",
    operation: "chat",
    family: Family::OpenAi,
    speaks: |method, path| super::posts_to(method, path, "/responses"),
    path_model: openai::deployment,
    request,
    answer,
    skip: PROBABILITIES,
    stream: Some(|| Box::new(Stream::default())),
    scan: || Box::new(Scan::default()),
    vital: VITAL,
    ..Format::JSON
};

/// What the scanner keeps of a response; `output` only where it is small.
const VITAL: &[&str] = &["usage", "error", "status", "service_tier", "background", "tool_usage", "output"];

/// The parameter that marks a response made in the background.
const BACKGROUND: &str = "background";

/// Reads a request.
fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        if value.is_null() {
            continue;
        }
        match key.as_ref() {
            "input" => {
                let said = input(value, draft);
                draft.content.input_messages.extend(said);
            }
            "instructions" => draft.content.system_instructions = instructions(value, draft),
            "tools" => draft.content.tool_definitions.extend(value.into_items().into_iter().map(tool)),
            "background" => {
                draft.param(BACKGROUND, &value);
                background(&value, draft);
            }
            "conversation" => conversation(&value, draft),
            "prompt" => prompt(value, draft),
            "reasoning" => {
                for (key, value) in value.into_members() {
                    let name = if key == "effort" { "reasoning_effort".to_owned() } else { format!("reasoning.{key}") };
                    draft.param(&name, &value);
                }
            }
            "text" => text(value, draft),
            other => request_member(other, value, draft),
        }
    }
}

/// What the client sends: a text, or items.
fn input(value: Json<'_>, draft: &mut Draft) -> Vec<Message> {
    match value {
        Json::Str(text) => vec![text_message(Role::User, text.into_owned())],
        items => items.into_items().into_iter().map(|one| item(one, draft).into_message()).collect(),
    }
}

fn text_message(role: Role, content: String) -> Message {
    Message { role, name: None, parts: vec![Part::Text { content }], finish_reason: None }
}

/// Instructions: a text, or items where a stored prompt filled them in.
fn instructions(value: Json<'_>, draft: &mut Draft) -> Vec<Part> {
    match value {
        Json::Str(text) if text.is_empty() => Vec::new(),
        Json::Str(text) => vec![Part::Text { content: text.into_owned() }],
        items => items.into_items().into_iter().flat_map(|one| item(one, draft).parts).collect(),
    }
}

/// A response made in the background is read, and so billed, by later exchanges.
fn background(value: &Json<'_>, draft: &mut Draft) {
    if value.as_bool() == Some(true) {
        draft.params.insert(BACKGROUND.to_owned(), Value::from(true));
        draft.billed = Billed::IfUnseen;
    }
}

/// `"conv_…"` or `{"id":"conv_…"}`.
fn conversation(value: &Json<'_>, draft: &mut Draft) {
    let id = value.as_str().or_else(|| value.str_at("id"));
    draft.params.extend(id.map(|id| ("conversation.id".to_owned(), Value::from(id))));
}

/// A stored prompt: its name, and the variables, which reach the model.
fn prompt(value: Json<'_>, draft: &mut Draft) {
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "id" => draft.param("prompt.id", &value),
            "version" => draft.param("prompt.version", &value),
            "variables" => {
                let mut parts = Vec::new();
                for (_, value) in value.into_members() {
                    match value {
                        Json::Str(text) => parts.push(Part::Text { content: text.into_owned() }),
                        other => content::part(other, draft, &mut parts),
                    }
                }
                if !parts.is_empty() {
                    let said = Message { role: Role::User, name: None, parts, finish_reason: None };
                    draft.content.input_messages.push(said);
                }
            }
            other => draft.unknown("prompt", other),
        }
    }
}

/// `text`: the format of the answer, and how much of it.
fn text(value: Json<'_>, draft: &mut Draft) {
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "format" => request_member("response_format", value, draft),
            "verbosity" => draft.param("verbosity", &value),
            other => draft.unknown("text", other),
        }
    }
}

/// A tool as it was offered; the credentials of hosted ones are left out.
fn tool(value: Json<'_>) -> Value {
    let is_own = matches!(value.str_at("type"), Some("function" | "custom"));
    let mut tool = value.into_value();
    if !is_own {
        without_credentials(&mut tool);
    }
    tool
}

fn without_credentials(value: &mut Value) {
    const SECRET: &[&str] = &["authorization", "headers", "domain_secrets"];
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if SECRET.contains(&key.as_str()) && !value.is_null() {
                    *value = Value::from("REDACTED");
                } else {
                    without_credentials(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_credentials),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// How a response ended.
#[derive(Default)]
struct Ended {
    status: Option<String>,
    /// Why it is incomplete.
    reason: Option<String>,
}

impl Ended {
    /// The reason, in the provider's word; `None` while it is still being made.
    fn finish_reason(self) -> Option<String> {
        self.reason.or(self.status.filter(|status| !matches!(status.as_str(), "queued" | "in_progress")))
    }
}

/// Reads an answer.
fn answer(body: Json<'_>, draft: &mut Draft) {
    let (mut tally, mut ended, mut parts) = (Tally::default(), Ended::default(), Vec::new());
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "output" => {
                for one in value.into_items() {
                    tally.see(&one);
                    parts.extend(item(one, draft).parts);
                }
            }
            other => member(other, value, &mut tally, &mut ended, draft),
        }
    }
    say(parts, ended, draft);
    draft.units = tally.units();
}

/// Everything the model said is one message: its items in their order.
fn say(parts: Vec<Part>, ended: Ended, draft: &mut Draft) {
    let finish_reason = ended.finish_reason();
    draft.finish_reasons.extend(finish_reason.clone());
    if !parts.is_empty() {
        draft.content.output_messages.push(Message { role: Role::Assistant, name: None, parts, finish_reason });
    }
}

/// Takes a member of a finished response other than its output. Most of them repeat the request.
fn member(key: &str, value: Json<'_>, tally: &mut Tally, ended: &mut Ended, draft: &mut Draft) {
    if value.is_null() {
        return;
    }
    match key {
        "usage" => {
            tally.usage(&value);
            take_usage(&value, draft);
        }
        "tool_usage" => {
            tally.tools(&value);
            image_usage(&value, draft);
        }
        "service_tier" => draft.service_tier = value.into_string(),
        "error" => draft.error = Some(error_of_response(&value)),
        "status" => {
            if value.as_str() == Some("failed") && draft.error.is_none() {
                draft.error = Some(error_info("failed", ""));
            }
            ended.status = value.into_string();
        }
        "incomplete_details" => ended.reason = value.str_at("reason").map(str::to_owned),
        other => opening(other, value, draft),
    }
}

/// Takes a member that a response has from its first event on.
fn opening(key: &str, value: Json<'_>, draft: &mut Draft) {
    match key {
        "id" => draft.response_id = value.into_string(),
        "model" => draft.response_model = value.into_string().filter(|m| !m.is_empty()).or(draft.response_model.take()),
        "background" => background(&value, draft),
        "conversation" => conversation(&value, draft),
        // Where there was no request to tell it: a stored prompt, a response that is read again.
        "instructions" if draft.content.system_instructions.is_empty() => {
            draft.content.system_instructions = instructions(value, draft);
        }
        "previous_response_id" => draft.param("previous_response_id", &value),
        "citations" => {
            value.into_items().iter().filter_map(super::parts::citation).for_each(|source| draft.cite(source))
        }
        known if KNOWN.binary_search(&known).is_ok() => {}
        other => draft.unknown("answer", other),
    }
}

/// Members of a response that repeat the request, or say what others say better.
const KNOWN: &[&str] = &[
    "billing",
    "completed_at",
    "content_filter_results",
    "content_filters",
    "context_management",
    "created_at",
    "deleted",
    "error",
    "frequency_penalty",
    "incomplete_details",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "moderation",
    "object",
    "output",
    "output_text",
    "parallel_tool_calls",
    "presence_penalty",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "status",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tool_usage",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "usage",
    "user",
];

/// The tokens of the image tool's own model. They are not in `usage` and have that model's price, so they are shown apart.
fn image_usage(value: &Json<'_>, draft: &mut Draft) {
    let used = value.get("image_gen").filter(|used| used.u64_at("total_tokens").is_some_and(|total| total > 0));
    if let Some(used) = used {
        draft.param("tool_usage.image_gen", used);
    }
}

/// The error of a response: `{"code":…,"message":…}`.
fn error_of_response(error: &Json<'_>) -> ErrorInfo {
    let whole = Json::Object(vec![("error".into(), error.clone())]);
    error_of(&whole).unwrap_or_else(|| error_info("error", ""))
}

/// The error of an event: all of it, or its member `error`.
fn error_of_event(event: &Json<'_>) -> ErrorInfo {
    error_of(event)
        .unwrap_or_else(|| error_info(event.str_at("code").unwrap_or("error"), event.str_at("message").unwrap_or("")))
}

/// The members of a response inside an event.
fn response_of(event: Json<'_>) -> Members<'_> {
    let mut found = Vec::new();
    for (key, value) in event.into_members() {
        if key == "response" {
            found = value.into_members();
        }
    }
    found
}
