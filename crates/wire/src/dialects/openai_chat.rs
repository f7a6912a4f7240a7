//! OpenAI chat completions, as OpenAI and the servers compatible with it write them.
//!
//! Source: OpenAI API reference, "Chat" (2026-10), and the additions of Azure, Cerebras, DeepSeek, Fireworks, Groq, Mistral,
//! Moonshot, OpenRouter, Perplexity, SGLang, TGI, Together, vLLM and xAI in their own references.

use llmtrace_model::{Message, Part, Role, Unit};
use serde_json::Value;

use super::{
    Format, UsageOption,
    openai::{
        self, PROBABILITIES, answer_member, choice, is_known_choice_member, request_member, take_error, take_usage,
    },
    parts::{arguments, blob, by_url, citation, file, inline, without_bytes},
};
use crate::{Dialect, Family, decode::Draft, json::Json};

mod stream;
#[cfg(test)]
mod tests;

use stream::Stream;

/// `POST …/chat/completions`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::OpenaiChat,
    name: "openai_chat",
    operation: "chat",
    family: Family::OpenAi,
    speaks: |method, path| super::posts_to(method, path, "/chat/completions"),
    path_model: openai::deployment,
    usage_event: UsageOption::Known,
    request,
    answer,
    skip: PROBABILITIES,
    stream: Some(|| Box::new(Stream::default())),
    scan: || Box::new(openai::Scan),
    ..Format::JSON
};

/// Reads a request.
fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "messages" => {
                let messages: Vec<Message> = value.into_items().into_iter().map(|m| message(m, draft)).collect();
                draft.content.input_messages.extend(messages);
            }
            "tools" | "functions" => {
                draft.content.tool_definitions.extend(value.into_items().into_iter().map(Json::into_value));
            }
            other => request_member(other, value, draft),
        }
    }
}

/// Reads an answer.
fn answer(body: Json<'_>, draft: &mut Draft) {
    take_error(&body, draft);
    for (key, value) in body.into_members() {
        if key != "choices" {
            answer_member(&key, value, draft);
            continue;
        }
        for (position, item) in value.into_items().into_iter().enumerate() {
            let choice = choice(item, position);
            draft.finish_reasons.extend(choice.finish_reason.clone());
            for (key, value) in choice.rest {
                match key.as_ref() {
                    "message" => {
                        let mut message = message(value, draft);
                        message.finish_reason.clone_from(&choice.finish_reason);
                        draft.content.output_messages.push(message);
                    }
                    "usage" => take_usage(&value, draft),
                    // OpenRouter: what failed after the answer had begun.
                    "error" => take_error(&Json::Object(vec![("error".into(), value)]), draft),
                    other if is_known_choice_member(other) => {}
                    other => draft.unknown("choice", other),
                }
            }
        }
    }
    search_model(draft);
}

/// OpenAI's search models search once for every answer, and bill it; no member says so.
fn search_model(draft: &mut Draft) {
    let model = draft.response_model.as_deref().unwrap_or("");
    let searches = model.starts_with("gpt-") && (model.contains("-search-preview") || model.contains("-search-api"));
    if searches && draft.usage.is_some() {
        draft.units.set(Unit::WebSearches, 1);
    }
}

fn role(word: Option<&str>) -> Role {
    match word {
        Some("system") => Role::System,
        Some("developer") => Role::Developer,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("tool" | "function") => Role::Tool,
        Some(_) | None => Role::Unknown,
    }
}

/// Reads one message of either direction.
pub(super) fn message(value: Json<'_>, draft: &mut Draft) -> Message {
    let role = role(value.str_at("role"));
    let mut message = Message { role, name: None, parts: Vec::new(), finish_reason: None };
    if role == Role::Unknown {
        draft.unknown("message", "role");
        message.parts.push(Part::Raw { value: without_bytes(value, draft) });
        return message;
    }
    let mut said = Said::default();
    let mut call_id = None;
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "role" => {}
            "name" => message.name = value.into_string(),
            "tool_call_id" => call_id = value.into_string(),
            "content" if role == Role::Tool => said.result = Some(tool_result(value, draft)),
            "content" => said.content = content(value, draft),
            other => said.member(other, value, draft),
        }
    }
    if let Some(result) = said.result.take() {
        message.parts.push(Part::ToolCallResponse { id: call_id, result });
    }
    message.parts.extend(said.into_parts());
    message
}

/// The parts of a message by kind, put in one order whatever the order on the wire.
#[derive(Default)]
struct Said {
    reasoning: Vec<Part>,
    content: Vec<Part>,
    refusal: Vec<Part>,
    calls: Vec<Part>,
    /// Reasoning that came as parts (OpenRouter); the same text again where there is `reasoning`.
    details: String,
    /// Tools the provider ran, images and sources.
    more: Vec<Part>,
    result: Option<Value>,
}

/// Members of a message that list sources.
const CITED: &[&str] = &["annotations", "citations"];

impl Said {
    fn member(&mut self, key: &str, value: Json<'_>, draft: &mut Draft) {
        if value.is_null() {
            return;
        }
        match key {
            "refusal" => self.refusal.extend(value.into_string().map(|content| Part::Refusal { content })),
            // vLLM sends both names with the same text.
            "reasoning_content" | "reasoning" if self.reasoning.is_empty() => {
                self.reasoning
                    .extend(value.into_string().filter(|t| !t.is_empty()).map(|content| Part::Reasoning { content }));
            }
            "tool_calls" => self.calls.extend(value.into_items().into_iter().map(|call| tool_call(call, draft))),
            "function_call" => self.calls.push(function(value, None)),
            "audio" => audio(&value, draft, &mut self.content),
            "reasoning_details" => self.details = reasoning_details(value, draft),
            "images" => self.more.extend(value.into_items().into_iter().map(|image| part(image, draft))),
            "executed_tools" => {
                value.into_items().into_iter().for_each(|tool| executed(tool, draft, &mut self.more));
            }
            cited if CITED.contains(&cited) => self.cite(&value),
            "context" => self.cite(value.get("citations").unwrap_or(&Json::Null)),
            "reasoning_content" | "reasoning" | "prefix" | "cache_control" | "weight" | "function_calls"
            | "hidden_states" => {}
            other => draft.unknown("message", other),
        }
    }

    fn cite(&mut self, sources: &Json<'_>) {
        let Json::Array(sources) = sources else { return };
        for source in sources.iter().filter_map(citation) {
            if !self.more.contains(&source) {
                self.more.push(source);
            }
        }
    }

    fn into_parts(mut self) -> impl Iterator<Item = Part> {
        if self.reasoning.is_empty() && !self.details.is_empty() {
            self.reasoning.push(Part::Reasoning { content: self.details });
        }
        self.reasoning.into_iter().chain(self.content).chain(self.refusal).chain(self.more).chain(self.calls)
    }
}

/// The text of OpenRouter's `reasoning_details`; what is encrypted in them is named.
fn reasoning_details(value: Json<'_>, draft: &mut Draft) -> String {
    let mut text = String::new();
    for detail in value.into_items() {
        match detail.str_at("text").or_else(|| detail.str_at("summary")) {
            Some(said) => text.push_str(said),
            None if detail.str_at("data").is_some() => draft.not_read("encrypted reasoning"),
            None => {}
        }
    }
    text
}

/// A tool that Groq ran: the call, and what it answered.
fn executed(tool: Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    let (mut name, mut given, mut result) = (String::new(), Value::Null, None);
    for (key, value) in tool.into_members() {
        match (key.as_ref(), value) {
            ("type" | "name", Json::Str(text)) => name = text.into_owned(),
            ("arguments", Json::Str(text)) => given = arguments(text.into_owned()),
            ("output", Json::Null) => {}
            ("output", value) => result = Some(without_bytes(value, draft)),
            // What it found is in `output` too.
            _ => {}
        }
    }
    // A stream shows a tool first when it starts, and again with what it answered.
    if let Some(result) = result {
        parts.push(Part::ToolCall { id: None, name, arguments: given });
        parts.push(Part::ToolCallResponse { id: None, result });
    }
}

/// The answer of a tool: text, or the texts of its parts.
fn tool_result(value: Json<'_>, draft: &mut Draft) -> Value {
    without_bytes(value, draft)
}

/// The content of a message: a text or parts.
fn content(value: Json<'_>, draft: &mut Draft) -> Vec<Part> {
    match value {
        Json::Str(text) => vec![Part::Text { content: text.into_owned() }],
        Json::Array(items) => items.into_iter().map(|item| part(item, draft)).collect(),
        Json::Null => Vec::new(),
        other @ (Json::Bool(_) | Json::Number(_) | Json::Object(_) | Json::Skipped) => {
            draft.unknown("message", "content");
            vec![Part::Raw { value: other.into_value() }]
        }
    }
}

/// Reads one part of a content list.
fn part(value: Json<'_>, draft: &mut Draft) -> Part {
    let read = match value.str_at("type") {
        Some("text" | "input_text" | "output_text") => {
            value.str_at("text").map(|text| Part::Text { content: text.to_owned() })
        }
        Some("refusal") => value.str_at("refusal").map(|text| Part::Refusal { content: text.to_owned() }),
        Some("image_url") => url_of(&value, "image_url").map(|url| by_url("image", url, draft)),
        Some("audio_url") => url_of(&value, "audio_url").map(|url| by_url("audio", url, draft)),
        Some("video_url") => url_of(&value, "video_url").map(|url| by_url("video", url, draft)),
        Some("input_audio") => value.get("input_audio").map(|audio| {
            let mime = audio.str_at("format").map(|format| format!("audio/{format}"));
            blob("audio", mime, audio.str_at("data").unwrap_or(""), draft)
        }),
        Some("file") => value.get("file").map(|held| match (held.str_at("file_id"), held.str_at("file_data")) {
            (Some(id), _) => file("file", id, draft),
            (None, Some(data)) => inline("file", data, draft),
            (None, None) => file("file", "", draft),
        }),
        // Cohere: what a tool found, as a document with a text or fields.
        Some("document") => value.get("document").map(|document| {
            let data = document.get("data").unwrap_or(document).clone();
            Part::ToolCallResponse { id: document.str_at("id").map(str::to_owned), result: data.into_value() }
        }),
        // Mistral points at what it was given: nothing of its own to read.
        Some("reference") => return Part::Raw { value: value.into_value() },
        Some("thinking") => value.get("thinking").map(|thinking| Part::Reasoning { content: joined_text(thinking) }),
        Some(_) | None => None,
    };
    read.unwrap_or_else(|| {
        draft.unknown("part", value.str_at("type").unwrap_or("type"));
        Part::Raw { value: without_bytes(value, draft) }
    })
}

/// `{"image_url":{"url":…}}`, or the text itself as some servers take it.
fn url_of<'j>(part: &'j Json<'_>, key: &str) -> Option<&'j str> {
    let value = part.get(key)?;
    value.as_str().or_else(|| value.str_at("url"))
}

/// The text of a string, or of the text parts of a list (Mistral's `thinking`).
fn joined_text(value: &Json<'_>) -> String {
    match value {
        Json::Str(text) => text.as_ref().to_owned(),
        Json::Array(items) => items.iter().filter_map(|item| item.str_at("text")).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) | Json::Skipped => String::new(),
    }
}

fn tool_call(value: Json<'_>, draft: &mut Draft) -> Part {
    let mut id = None;
    let mut called = None;
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "id" => id = value.into_string(),
            "function" => called = Some(function(value, None)),
            "custom" => called = Some(function(value, None)),
            "type" | "index" | "extra_content" | "cache_control" => {}
            other => draft.unknown("tool_call", other),
        }
    }
    match called {
        Some(Part::ToolCall { name, arguments, .. }) => Part::ToolCall { id, name, arguments },
        Some(_) | None => Part::ToolCall { id, name: String::new(), arguments: Value::Null },
    }
}

/// `{"name":…,"arguments":"…"}`, or a custom tool's `{"name":…,"input":"…"}`.
fn function(value: Json<'_>, id: Option<String>) -> Part {
    let mut name = String::new();
    let mut given = Value::Null;
    for (key, value) in value.into_members() {
        match (key.as_ref(), value) {
            ("name", Json::Str(text)) => name = text.into_owned(),
            ("arguments", Json::Str(text)) => given = arguments(text.into_owned()),
            ("input", Json::Str(text)) => given = Value::String(text.into_owned()),
            ("arguments" | "input" | "parameters", other) => given = other.into_value(),
            _ => {}
        }
    }
    Part::ToolCall { id, name, arguments: given }
}

/// Spoken output: its transcript is text, its bytes are named.
fn audio(value: &Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    match value.str_at("data") {
        Some(data) => parts.push(blob("audio", None, data, draft)),
        // An earlier answer, referred to.
        None => parts.extend(value.str_at("id").map(|id| file("audio", id, draft))),
    }
    parts.extend(value.str_at("transcript").map(|text| Part::Text { content: text.to_owned() }));
}
