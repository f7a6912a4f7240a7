//! Items of a conversation, in both directions: messages, calls, results.

use llmtrace_model::{Message, Part, Role};
use serde_json::Value;

use crate::{
    decode::Draft,
    dialects::parts::{arguments, by_url, without_bytes},
    json::Json,
    realtime::inline_size,
};

/// Reads an item as a message of its own; `None` where it says nothing.
pub(super) fn message(item: Json<'_>, draft: &mut Draft) -> Option<Message> {
    let role = match (item.str_at("type"), item.str_at("role")) {
        (Some("message") | None, Some("system")) => Role::System,
        (Some("message") | None, Some("assistant")) | (Some("function_call" | "mcp_call"), _) => Role::Assistant,
        (Some("function_call_output"), _) => Role::Tool,
        (Some("item_reference"), _) => return None,
        (Some(_) | None, _) => Role::User,
    };
    let parts = parts(item, draft);
    (!parts.is_empty()).then_some(Message { role, name: None, parts, finish_reason: None })
}

/// Reads the parts of an item.
pub(super) fn parts(item: Json<'_>, draft: &mut Draft) -> Vec<Part> {
    let owned = |key: &str| item.str_at(key).map(str::to_owned);
    match item.str_at("type") {
        Some("message") | None => {
            let content = item.into_members().into_iter().find(|(key, _)| key == "content").map(|(_, value)| value);
            let content = content.map(Json::into_items).unwrap_or_default();
            content.into_iter().flat_map(|part| spoken(part, draft)).collect()
        }
        Some("function_call") => vec![Part::ToolCall {
            id: owned("call_id"),
            name: owned("name").unwrap_or_default(),
            arguments: arguments(owned("arguments").unwrap_or_default()),
        }],
        Some("function_call_output") => {
            let result = item.get("output").cloned().map_or(Value::Null, |output| without_bytes(output, draft));
            vec![Part::ToolCallResponse { id: owned("call_id"), result }]
        }
        Some("mcp_call") => {
            let call = Part::ToolCall {
                id: owned("id"),
                name: owned("name").unwrap_or_default(),
                arguments: arguments(owned("arguments").unwrap_or_default()),
            };
            let told = item.get("output").or_else(|| item.get("error")).filter(|told| !told.is_null()).cloned();
            let result =
                told.map(|told| Part::ToolCallResponse { id: owned("id"), result: without_bytes(told, draft) });
            std::iter::once(call).chain(result).collect()
        }
        Some("mcp_list_tools" | "mcp_approval_request" | "mcp_approval_response") => {
            vec![Part::Raw { value: without_bytes(item, draft) }]
        }
        Some(other) => {
            draft.unknown("item", other);
            vec![Part::Raw { value: without_bytes(item, draft) }]
        }
    }
}

/// A part of a message; audio with a transcript is both.
fn spoken(part: Json<'_>, draft: &mut Draft) -> Vec<Part> {
    let text = |key: &str| part.str_at(key).filter(|text| !text.is_empty());
    match part.str_at("type") {
        Some("input_text" | "output_text" | "text") => {
            text("text").map(|content| Part::Text { content: content.to_owned() }).into_iter().collect()
        }
        Some("input_audio" | "output_audio" | "audio") => {
            let audio = text("audio").map(|bytes| audio(inline_size(bytes), draft));
            let words = text("transcript").map(|content| Part::Text { content: content.to_owned() });
            audio.into_iter().chain(words).collect()
        }
        Some("input_image") => match text("image_url") {
            Some(bytes) if bytes.starts_with('[') => {
                draft.not_read("image");
                let size_bytes = inline_size(bytes);
                vec![Part::Blob { modality: "image".to_owned(), mime_type: None, size_bytes }]
            }
            Some(url) => vec![by_url("image", url, draft)],
            None => Vec::new(),
        },
        Some("refusal") => {
            text("refusal").map(|content| Part::Refusal { content: content.to_owned() }).into_iter().collect()
        }
        other => {
            draft.unknown("part", other.unwrap_or("type"));
            vec![Part::Raw { value: without_bytes(part, draft) }]
        }
    }
}

/// Audio, by its size.
pub(super) fn audio(size_bytes: u64, draft: &mut Draft) -> Part {
    draft.not_read("audio");
    Part::Blob { modality: "audio".to_owned(), mime_type: None, size_bytes }
}
