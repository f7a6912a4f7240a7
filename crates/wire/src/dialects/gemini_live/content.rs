//! Contents and their parts.

use llmtrace_model::{Message, Part, Role};
use serde_json::Value;

use super::camel;
use crate::{
    decode::Draft,
    dialects::parts::{by_url, without_bytes},
    json::Json,
    realtime::inline_size,
};

/// Reads a `Content`; `role` is whose it is where it does not say so.
pub(super) fn message(value: Json<'_>, role: Role, draft: &mut Draft) -> Message {
    let role = match value.str_at("role") {
        Some("model") => Role::Assistant,
        Some("user") => Role::User,
        Some("function" | "tool") => Role::Tool,
        Some(_) | None => role,
    };
    if let Json::Str(text) = value {
        let parts = vec![Part::Text { content: text.into_owned() }];
        return Message { role, name: None, parts, finish_reason: None };
    }
    let items = value.into_members().into_iter().find(|(key, _)| key == "parts").map(|(_, parts)| parts);
    let parts = match items {
        // Clients may leave out the list around one part.
        Some(one @ Json::Object(_)) => part(one, draft).into_iter().collect(),
        Some(list) => list.into_items().into_iter().filter_map(|item| part(item, draft)).collect(),
        None => Vec::new(),
    };
    Message { role, name: None, parts, finish_reason: None }
}

/// Reads one part; `None` where it says nothing.
pub(super) fn part(value: Json<'_>, draft: &mut Draft) -> Option<Part> {
    let is_thought = value.get("thought").and_then(Json::as_bool) == Some(true);
    let Json::Object(members) = &value else { return None };
    let mut is_unknown = false;
    for (key, inner) in members {
        match camel(key).as_ref() {
            "text" => {
                let content = inner.as_str().unwrap_or("").to_owned();
                return Some(if is_thought { Part::Reasoning { content } } else { Part::Text { content } });
            }
            "inlineData" => return Some(blob(inner, draft)),
            "fileData" => {
                let uri = ["fileUri", "file_uri"].iter().find_map(|key| inner.str_at(key)).unwrap_or("");
                return Some(by_url(modality(mime(inner).unwrap_or("")), uri, draft));
            }
            "functionCall" => return Some(call(inner)),
            "functionResponse" => return Some(result(inner.clone(), draft)),
            "executableCode" | "codeExecutionResult" => return Some(Part::Raw { value: without_bytes(value, draft) }),
            "thought" | "thoughtSignature" | "videoMetadata" | "mediaResolution" => {}
            other => {
                draft.unknown("part", other);
                is_unknown = true;
            }
        }
    }
    is_unknown.then(|| Part::Raw { value: without_bytes(value, draft) })
}

/// A function the model calls.
pub(super) fn call(value: &Json<'_>) -> Part {
    let text = |key: &str| value.str_at(key).map(str::to_owned);
    Part::ToolCall {
        id: text("id"),
        name: text("name").unwrap_or_default(),
        arguments: value.get("args").cloned().map_or(Value::Null, Json::into_value),
    }
}

fn result(value: Json<'_>, draft: &mut Draft) -> Part {
    let id = value.str_at("id").or_else(|| value.str_at("name")).map(str::to_owned);
    let told = value.into_members().into_iter().find(|(key, _)| key == "response").map(|(_, told)| told);
    Part::ToolCallResponse { id, result: told.map_or(Value::Null, |told| without_bytes(told, draft)) }
}

/// What the client's tools answered.
pub(super) fn results(response: Json<'_>, draft: &mut Draft) -> Vec<Part> {
    let mut results = Vec::new();
    for (key, value) in response.into_members() {
        match (camel(&key).as_ref(), value) {
            ("functionResponses", one @ Json::Object(_)) => results.push(result(one, draft)),
            ("functionResponses", list) => {
                results.extend(list.into_items().into_iter().map(|one| result(one, draft)));
            }
            (other, _) => draft.unknown("toolResponse", other),
        }
    }
    results
}

fn mime<'j>(value: &'j Json<'_>) -> Option<&'j str> {
    value.str_at("mimeType").or_else(|| value.str_at("mime_type")).filter(|mime| !mime.is_empty())
}

/// Inline bytes, by name and size.
pub(super) fn blob(value: &Json<'_>, draft: &mut Draft) -> Part {
    let mime = mime(value);
    let modality = modality(mime.unwrap_or("audio/"));
    draft.not_read(modality);
    Part::Blob {
        modality: modality.to_owned(),
        mime_type: mime.map(str::to_owned),
        size_bytes: value.str_at("data").map_or(0, inline_size),
    }
}

fn modality(mime: &str) -> &'static str {
    match mime.split('/').next() {
        Some("audio") => "audio",
        Some("image") => "image",
        Some("video") => "video",
        Some(_) | None => "file",
    }
}
