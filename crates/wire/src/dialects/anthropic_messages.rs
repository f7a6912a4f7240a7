//! Anthropic messages.
//!
//! Source: Anthropic API reference, "Messages" and "Streaming messages" (2026-10).

use llmtrace_model::{Message, Part, Role};
use serde_json::Value;

use super::{
    Format,
    error::error_of,
    parts::{blob, by_url, file, without_bytes},
};
use crate::{Dialect, Family, decode::Draft, json::Json, usage::AnthropicUsage};

mod scan;
mod stream;

pub(super) use scan::Scan;
pub(super) use stream::Stream;

/// `POST …/messages`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::AnthropicMessages,
    name: "anthropic_messages",
    operation: "chat",
    family: Family::Anthropic,
    speaks: |method, path| super::posts_to(method, path, "/messages") || on_vertex(method, path).is_some(),
    path_model: |path| on_vertex("POST", path).map(|(model, _)| model),
    streams: |path, member| member == Some(true) || path.ends_with(":streamRawPredict"),
    request,
    answer,
    stream: Some(|| Box::new(Stream::default())),
    scan: || Box::new(Scan::default()),
    ..Format::JSON
};

/// Model and verb of a path on Vertex AI: `…/publishers/anthropic/models/{model}:rawPredict`, `:streamRawPredict`.
pub(super) fn on_vertex<'p>(method: &str, path: &'p str) -> Option<(&'p str, &'p str)> {
    // Asked of every request's path, so the cheap tests come first.
    let (rest, verb) = path.rsplit_once(':')?;
    if method != "POST" || !matches!(verb, "rawPredict" | "streamRawPredict") {
        return None;
    }
    let (_, model) = rest.split_once("/publishers/anthropic/models/")?;
    (!model.contains('/')).then_some((model, verb))
}

/// Parameters that are numbers, switches and words.
const PARAMS: &[&str] = &[
    "container",
    "inference_geo",
    "max_tokens",
    "service_tier",
    "speed",
    "stop_sequences",
    "temperature",
    "tool_choice",
    "top_k",
    "top_p",
];

/// Reads a request.
pub(super) fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        if value.is_null() {
            continue;
        }
        match key.as_ref() {
            "model" => draft.request_model = value.into_string(),
            "stream" => draft.stream_member = value.as_bool(),
            "system" => draft.content.system_instructions = blocks(value, draft),
            "messages" => {
                draft.content.input_messages = value.into_items().into_iter().map(|m| message(m, draft)).collect();
            }
            "tools" => {
                draft.content.tool_definitions = value.into_items().into_iter().map(Json::into_value).collect();
            }
            "metadata" => metadata(value, draft),
            "thinking" => {
                for (key, value) in value.into_members() {
                    draft.param(&format!("thinking.{key}"), &value);
                }
            }
            "output_config" => {
                if let Some(effort) = value.get("effort") {
                    draft.param("reasoning_effort", effort);
                }
            }
            known if PARAMS.binary_search(&known).is_ok() => draft.param(known, &value),
            // Server definitions may hold credentials; formats and edits hold schemas.
            "mcp_servers" | "output_format" | "context_management" | "cache_control" | "betas"
            | "anthropic_version" | "anthropic_beta" => {}
            other => draft.unknown("request", other),
        }
    }
}

fn metadata(value: Json<'_>, draft: &mut Draft) {
    let mut rest = Vec::new();
    for (key, value) in value.into_members() {
        if key == "user_id" {
            draft.user_id = value.into_string();
        } else {
            rest.push((key, value));
        }
    }
    draft.tag_all(rest);
}

/// Reads an answer.
pub(super) fn answer(body: Json<'_>, draft: &mut Draft) {
    let mut usage = AnthropicUsage::default();
    let message = answered(body, &mut usage, draft);
    draft.usage = usage.usage();
    draft.content.output_messages.extend(message);
}

/// Reads a message as the model sent it, whole or as the start of a stream; `None` where there is no content.
fn answered(body: Json<'_>, usage: &mut AnthropicUsage, draft: &mut Draft) -> Option<Message> {
    draft.error = error_of(&body).or(draft.error.take());
    let mut message = None;
    let mut finish_reason = None;
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "id" => draft.response_id = value.into_string(),
            "model" => draft.response_model = value.into_string(),
            "content" => message = Some(blocks(value, draft)),
            "usage" => take_usage(&value, usage, draft),
            "stop_reason" => finish_reason = value.into_string(),
            "type" | "role" | "stop_sequence" | "error" | "request_id" | "container" | "context_management"
            | "stop_details" => {}
            other => draft.unknown("answer", other),
        }
    }
    draft.finish_reasons.extend(finish_reason.clone());
    message.map(|parts| Message { role: Role::Assistant, name: None, parts, finish_reason })
}

fn take_usage(value: &Json<'_>, usage: &mut AnthropicUsage, draft: &mut Draft) {
    usage.take(value);
    if let Some(tier) = value.str_at("service_tier") {
        draft.service_tier = Some(tier.to_owned());
    }
}

fn message(value: Json<'_>, draft: &mut Draft) -> Message {
    let role = match value.str_at("role") {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        Some(_) | None => Role::Unknown,
    };
    if role == Role::Unknown {
        draft.unknown("message", "role");
        let parts = vec![Part::Raw { value: without_bytes(value, draft) }];
        return Message { role, name: None, parts, finish_reason: None };
    }
    let mut parts = Vec::new();
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "role" => {}
            "content" => parts = blocks(value, draft),
            // Clients send answers back as they came.
            "id" | "type" | "model" | "stop_reason" | "stop_sequence" | "usage" | "cache_control" => {}
            other => draft.unknown("message", other),
        }
    }
    Message { role, name: None, parts, finish_reason: None }
}

/// Content: a text or blocks.
fn blocks(value: Json<'_>, draft: &mut Draft) -> Vec<Part> {
    match value {
        Json::Str(text) => vec![Part::Text { content: text.into_owned() }],
        Json::Array(items) => {
            let mut parts = Vec::with_capacity(items.len());
            for item in items {
                block(item, draft, &mut parts);
            }
            parts
        }
        Json::Null => Vec::new(),
        other @ (Json::Bool(_) | Json::Number(_) | Json::Object(_) | Json::Skipped) => {
            draft.unknown("message", "content");
            vec![Part::Raw { value: other.into_value() }]
        }
    }
}

/// Reads one block; a document of text blocks becomes several parts.
fn block(value: Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    let text_at = |key: &str| value.str_at(key).map(str::to_owned);
    let read = match value.str_at("type") {
        Some("text") => text_at("text").map(|content| Part::Text { content }),
        Some("thinking") => text_at("thinking").map(|content| Part::Reasoning { content }),
        Some("redacted_thinking") => {
            draft.not_read("redacted thinking");
            Some(Part::Reasoning { content: String::new() })
        }
        Some("image") => source("image", &value, draft, parts),
        Some("document") => return document(&value, draft, parts),
        Some("tool_use" | "server_tool_use" | "mcp_tool_use") => return parts.push(tool_use(value, draft)),
        Some("tool_result") => return parts.push(tool_result(value, draft)),
        Some(kind) if kind.ends_with("_tool_result") => return parts.push(tool_result(value, draft)),
        Some("container_upload") => value.str_at("file_id").map(|id| file("file", id, draft)),
        Some("search_result") => return search_result(value, draft, parts),
        Some(_) | None => None,
    };
    match read {
        Some(part) => parts.push(part),
        None => {
            draft.unknown("part", value.str_at("type").unwrap_or("type"));
            parts.push(Part::Raw { value: without_bytes(value, draft) });
        }
    }
}

/// The source of an image or document; `None` where its kind is unknown.
fn source(modality: &'static str, value: &Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) -> Option<Part> {
    let source = value.get("source")?;
    let mime = || source.str_at("media_type").map(str::to_owned);
    match source.str_at("type")? {
        "base64" => Some(blob(modality, mime(), source.str_at("data").unwrap_or(""), draft)),
        "url" => Some(by_url(modality, source.str_at("url").unwrap_or(""), draft)),
        "file" => Some(file(modality, source.str_at("file_id").unwrap_or(""), draft)),
        // A text document is read like any text: what it says reaches the model.
        "text" => Some(Part::Text { content: source.str_at("data").unwrap_or("").to_owned() }),
        "content" => {
            let mut inner = blocks(source.get("content")?.clone(), draft);
            let last = inner.pop();
            parts.append(&mut inner);
            last
        }
        _ => None,
    }
}

fn document(value: &Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    for key in ["title", "context"] {
        parts.extend(value.str_at(key).map(|text| Part::Text { content: text.to_owned() }));
    }
    match source("document", value, draft, parts) {
        Some(part) => parts.push(part),
        None => {
            draft.unknown("part", "document");
            parts.push(Part::Raw { value: without_bytes(value.clone(), draft) });
        }
    }
}

fn search_result(value: Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "title" => parts.extend(value.into_string().map(|content| Part::Text { content })),
            "source" => parts.extend(value.as_str().map(|url| by_url("document", url, draft))),
            "content" => parts.extend(blocks(value, draft)),
            "type" | "citations" | "cache_control" => {}
            other => draft.unknown("part", other),
        }
    }
}

fn tool_use(value: Json<'_>, draft: &mut Draft) -> Part {
    let (mut id, mut name, mut arguments) = (None, String::new(), Value::Null);
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "id" => id = value.into_string(),
            "name" => name = value.into_string().unwrap_or_default(),
            "input" => arguments = without_bytes(value, draft),
            "type" | "cache_control" | "server_name" | "caller" => {}
            other => draft.unknown("part", other),
        }
    }
    Part::ToolCall { id, name, arguments }
}

fn tool_result(value: Json<'_>, draft: &mut Draft) -> Part {
    let (mut id, mut result) = (None, Value::Null);
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "tool_use_id" => id = value.into_string(),
            "content" => result = without_bytes(value, draft),
            "type" | "is_error" | "cache_control" | "caller" => {}
            other => draft.unknown("part", other),
        }
    }
    Part::ToolCallResponse { id, result }
}
