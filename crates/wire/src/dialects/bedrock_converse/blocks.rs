//! The content blocks of Converse: unions with one member, whose name is their kind.

use llmtrace_model::Part;
use serde_json::{Map, Value};

use crate::{
    decode::Draft,
    dialects::parts::{blob, by_url, without_bytes},
    json::Json,
};

/// Reads a list of blocks.
pub(in crate::dialects) fn blocks(value: Json<'_>, draft: &mut Draft) -> Vec<Part> {
    let mut parts = Vec::new();
    match value {
        Json::Array(items) => items.into_iter().for_each(|item| block(item, draft, &mut parts)),
        // Titan and Nova clients send a bare text now and then.
        Json::Str(text) => parts.push(Part::Text { content: text.into_owned() }),
        Json::Null => {}
        other @ (Json::Bool(_) | Json::Number(_) | Json::Object(_) | Json::Skipped) => {
            draft.unknown("message", "content");
            parts.push(Part::Raw { value: without_bytes(other, draft) });
        }
    }
    parts
}

/// Reads one block; a document becomes several parts, a cache point none.
fn block(value: Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    let Json::Object(members) = value else {
        draft.unknown("part", "kind");
        return parts.push(Part::Raw { value: without_bytes(value, draft) });
    };
    for (kind, value) in members {
        match kind.as_ref() {
            "text" => parts.extend(value.into_string().map(|content| Part::Text { content })),
            "image" => media("image", value, draft, parts),
            "video" => media("video", value, draft, parts),
            "audio" => media("audio", value, draft, parts),
            "document" => media("document", value, draft, parts),
            "toolUse" => parts.push(tool_use(value, draft)),
            "toolResult" => parts.push(tool_result(value, draft)),
            "guardContent" => guarded(value, draft, parts),
            "reasoningContent" => reasoning(value, draft, parts),
            "citationsContent" => cited(value, draft, parts),
            "searchResult" => search_result(value, draft, parts),
            "cachePoint" => {}
            other => {
                draft.unknown("part", other);
                let value = Value::Object(Map::from_iter([(other.to_owned(), without_bytes(value, draft))]));
                parts.push(Part::Raw { value });
            }
        }
    }
}

/// The media type that a format of Bedrock stands for.
fn mime(modality: &str, format: &str) -> String {
    match (modality, format) {
        ("document", "csv" | "html") => format!("text/{format}"),
        ("document", "txt") => "text/plain".to_owned(),
        ("document", "md") => "text/markdown".to_owned(),
        ("document", other) => format!("application/{other}"),
        (modality, other) => format!("{modality}/{other}"),
    }
}

/// Bytes or texts by their source.
fn media(modality: &'static str, value: Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    let format = value.str_at("format").map(|format| mime(modality, format));
    for (key, value) in value.into_members() {
        match key.as_ref() {
            // Name and context of a document reach the model.
            "name" | "context" => parts.extend(value.into_string().map(|content| Part::Text { content })),
            "source" => {
                for (key, value) in value.into_members() {
                    match key.as_ref() {
                        "bytes" => {
                            parts.push(blob(modality, format.clone(), value.as_str().unwrap_or(""), draft));
                        }
                        "s3Location" => parts.push(by_url(modality, value.str_at("uri").unwrap_or(""), draft)),
                        "text" => parts.extend(value.into_string().map(|content| Part::Text { content })),
                        "content" => parts.extend(blocks(value, draft)),
                        other => draft.unknown("source", other),
                    }
                }
            }
            "error" => draft.not_read("media error"),
            "format" | "citations" => {}
            other => draft.unknown("part", other),
        }
    }
}

fn tool_use(value: Json<'_>, draft: &mut Draft) -> Part {
    let (mut id, mut name, mut arguments) = (None, String::new(), Value::Null);
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "toolUseId" => id = value.into_string(),
            "name" => name = value.into_string().unwrap_or_default(),
            "input" => arguments = without_bytes(value, draft),
            "type" => {}
            other => draft.unknown("part", other),
        }
    }
    Part::ToolCall { id, name, arguments }
}

fn tool_result(value: Json<'_>, draft: &mut Draft) -> Part {
    let (mut id, mut result) = (None, Value::Null);
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "toolUseId" => id = value.into_string(),
            "content" => result = without_bytes(value, draft),
            "status" | "type" => {}
            other => draft.unknown("part", other),
        }
    }
    Part::ToolCallResponse { id, result }
}

fn guarded(value: Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "text" => parts.extend(value.str_at("text").map(|text| Part::Text { content: text.to_owned() })),
            "image" => media("image", value, draft, parts),
            other => draft.unknown("part", other),
        }
    }
}

fn reasoning(value: Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "reasoningText" => {
                let content = value.str_at("text").unwrap_or("").to_owned();
                parts.push(Part::Reasoning { content });
            }
            "redactedContent" => {
                draft.not_read("redacted thinking");
                parts.push(Part::Reasoning { content: String::new() });
            }
            other => draft.unknown("part", other),
        }
    }
}

fn cited(value: Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "content" => parts.extend(blocks(value, draft)),
            "citations" => {}
            other => draft.unknown("part", other),
        }
    }
}

fn search_result(value: Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "title" => parts.extend(value.into_string().map(|content| Part::Text { content })),
            "source" => parts.extend(value.as_str().map(|url| by_url("document", url, draft))),
            "content" => parts.extend(blocks(value, draft)),
            "citations" => {}
            other => draft.unknown("part", other),
        }
    }
}
