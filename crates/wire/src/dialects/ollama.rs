//! Ollama's own API: chat, generate and embed. Answers stream unless the request says `"stream": false`, one JSON
//! document a line.
//!
//! Source: Ollama, "API" (docs/api.md, 2026-10). Its OpenAI-compatible paths speak [`super::openai_chat`].

use llmtrace_model::{Message, Part, Role, Usage};
use serde_json::Value;

use super::{
    Format,
    error::error_of,
    parts::{blob, without_bytes},
};
use crate::{Dialect, Family, decode::Draft, json::Json};

mod scan;
mod stream;

use scan::Scan;
use stream::Stream;

const BASE: Format = Format {
    family: Family::Ollama,
    streams: |_, member| member != Some(false),
    answer,
    // Token numbers of an earlier answer, and probabilities.
    skip: &["context", "logprobs"],
    stream: Some(|| Box::new(Stream::default())),
    scan: || Box::new(Scan),
    vital: &["prompt_eval_count", "eval_count", "error"],
    ..Format::JSON
};

/// `POST /api/chat`.
pub(crate) const CHAT: Format = Format {
    dialect: Dialect::OllamaChat,
    name: "ollama_chat",
    operation: "chat",
    speaks: |method, path| super::posts_to(method, path, "/api/chat"),
    request: chat_request,
    ..BASE
};

/// `POST /api/generate`.
pub(crate) const GENERATE: Format = Format {
    dialect: Dialect::OllamaGenerate,
    name: "ollama_generate",
    operation: "text_completion",
    speaks: |method, path| super::posts_to(method, path, "/api/generate"),
    request: generate_request,
    ..BASE
};

/// `POST /api/embed`, and the older `POST /api/embeddings`.
pub(crate) const EMBED: Format = Format {
    dialect: Dialect::OllamaEmbed,
    name: "ollama_embed",
    operation: "embeddings",
    speaks: |method, path| ["/api/embed", "/api/embeddings"].iter().any(|end| super::posts_to(method, path, end)),
    streams: |_, _| false,
    request: embed_request,
    answer: embed_answer,
    skip: &["embedding", "embeddings"],
    stream: None,
    ..BASE
};

/// Options by their name in OpenTelemetry; others keep Ollama's.
const OPTIONS: &[(&str, &str)] = &[("num_predict", "max_tokens"), ("stop", "stop_sequences")];

fn chat_request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "messages" => {
                let messages: Vec<Message> = value.into_items().into_iter().map(|m| message(m, draft)).collect();
                draft.content.input_messages.extend(messages);
            }
            "tools" => draft.content.tool_definitions.extend(value.into_items().into_iter().map(Json::into_value)),
            other => request_member(other, value, draft),
        }
    }
}

fn generate_request(body: Json<'_>, draft: &mut Draft) {
    let mut parts = Vec::new();
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "prompt" => parts.extend(value.into_string().map(|content| Part::Text { content })),
            "images" => images(&value, draft, &mut parts),
            "system" => {
                let text = value.into_string().map(|content| Part::Text { content });
                draft.content.system_instructions.extend(text);
            }
            // The text behind the gap that is to be filled.
            "suffix" => {
                parts.extend(value.into_string().filter(|t| !t.is_empty()).map(|content| Part::Text { content }))
            }
            "raw" => draft.param("raw", &value),
            "template" | "context" => {}
            other => request_member(other, value, draft),
        }
    }
    // Without a prompt the model is only loaded.
    if !parts.is_empty() {
        draft.content.input_messages.push(Message { role: Role::User, name: None, parts, finish_reason: None });
    }
}

fn embed_request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "input" | "prompt" => super::openai::input_texts(value, draft),
            "truncate" | "dimensions" => draft.param(&key, &value),
            other => request_member(other, value, draft),
        }
    }
}

/// Takes a member that every request may have.
fn request_member(key: &str, value: Json<'_>, draft: &mut Draft) {
    if value.is_null() {
        return;
    }
    match key {
        "model" => draft.request_model = value.into_string(),
        "stream" => draft.stream_member = value.as_bool(),
        "options" => {
            for (key, value) in value.into_members() {
                let name = OPTIONS.iter().find(|(wire, _)| *wire == key).map_or(key.as_ref(), |(_, name)| name);
                draft.param(name, &value);
            }
        }
        "format" => {
            draft.params.insert("output.type".to_owned(), Value::from("json"));
        }
        "keep_alive" | "think" | "logprobs" | "top_logprobs" => draft.param(key, &value),
        other => draft.unknown("request", other),
    }
}

/// Reads one message of either direction.
fn message(value: Json<'_>, draft: &mut Draft) -> Message {
    let role = match value.str_at("role") {
        Some("system") => Role::System,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("tool") => Role::Tool,
        Some(_) | None => Role::Unknown,
    };
    let mut said = Message { role, name: None, parts: Vec::new(), finish_reason: None };
    if role == Role::Unknown {
        draft.unknown("message", "role");
        said.parts.push(Part::Raw { value: without_bytes(value, draft) });
        return said;
    }
    let (mut reasoning, mut parts, mut calls, mut call_id) = (Vec::new(), Vec::new(), Vec::new(), None);
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "role" => {}
            "content" => parts.extend(value.into_string().filter(|text| !text.is_empty())),
            "thinking" => reasoning.extend(value.into_string().filter(|text| !text.is_empty())),
            "images" => images(&value, draft, &mut said.parts),
            "tool_calls" => calls = tool_calls(value, draft),
            "tool_name" | "name" => said.name = value.into_string(),
            "tool_call_id" => call_id = value.into_string(),
            other => draft.unknown("message", other),
        }
    }
    let images = std::mem::take(&mut said.parts);
    said.parts.extend(reasoning.into_iter().map(|content| Part::Reasoning { content }));
    if role == Role::Tool {
        let result = Value::String(parts.concat());
        said.parts.push(Part::ToolCallResponse { id: call_id, result });
    } else {
        said.parts.extend(parts.into_iter().map(|content| Part::Text { content }));
    }
    said.parts.extend(images);
    said.parts.extend(calls);
    said
}

/// Images are base64 without a media type.
fn images(value: &Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    let Json::Array(items) = value else { return };
    parts.extend(items.iter().filter_map(Json::as_str).map(|data| blob("image", None, data, draft)));
}

/// `[{"function":{"name":…,"arguments":{…}}}]`: arguments are an object here, not a text.
fn tool_calls(value: Json<'_>, draft: &mut Draft) -> Vec<Part> {
    let mut parts = Vec::new();
    for call in value.into_items() {
        let (mut id, mut name, mut arguments) = (None, String::new(), Value::Null);
        for (key, value) in call.into_members() {
            match key.as_ref() {
                "id" => id = value.into_string(),
                "function" => {
                    for (key, value) in value.into_members() {
                        match key.as_ref() {
                            "name" => name = value.into_string().unwrap_or_default(),
                            "arguments" => arguments = without_bytes(value, draft),
                            "index" | "description" => {}
                            other => draft.unknown("tool_call", other),
                        }
                    }
                }
                "type" => {}
                other => draft.unknown("tool_call", other),
            }
        }
        parts.push(Part::ToolCall { id, name, arguments });
    }
    parts
}

/// An answer in one piece is a stream of one event.
fn answer(body: Json<'_>, draft: &mut Draft) {
    use super::Assemble as _;
    let mut stream = Box::new(Stream::default());
    stream.event(b"", body, draft);
    stream.finish(draft);
}

fn embed_answer(body: Json<'_>, draft: &mut Draft) {
    draft.error = error_of(&body);
    let mut counted = Counted::default();
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "model" => draft.response_model = value.into_string(),
            "embeddings" | "embedding" => draft.not_read("embedding"),
            "prompt_eval_count" => counted.prompt = value.as_u64(),
            "total_duration" | "load_duration" | "error" => {}
            other => draft.unknown("answer", other),
        }
    }
    draft.usage = counted.usage(draft);
}

/// The counters of a last line.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    prompt: Option<u64>,
    output: Option<u64>,
}

impl Counted {
    /// The buckets. Where the prompt came out of the server's cache, Ollama may leave its count out: that is named.
    fn usage(self, draft: &mut Draft) -> Option<Usage> {
        if self.prompt.is_none() && self.output.is_some() {
            draft.unknown("usage", "prompt_eval_count is absent");
        }
        self.buckets()
    }

    fn buckets(self) -> Option<Usage> {
        let any = self.prompt.or(self.output).is_some();
        any.then(|| Usage { input: self.prompt.unwrap_or(0), output: self.output.unwrap_or(0), ..Usage::default() })
    }
}
