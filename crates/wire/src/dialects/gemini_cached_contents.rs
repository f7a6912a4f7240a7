//! Gemini's explicit caches: made, listed, prolonged, deleted. What goes into one is said like a request.
//!
//! Source: Gemini API reference, "Caching"; Vertex AI, "Context caching" (2026-11).

use serde_json::Value;

use super::{
    Format,
    error::error_of,
    gemini::{at, body_model, camel, contents, instructions, tools},
};
use crate::{Dialect, Family, decode::Draft, json::Json};

/// `…/cachedContents` and `…/cachedContents/{id}`, every method.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::GeminiCachedContents,
    name: "gemini_cached_contents",
    operation: "cached_contents",
    family: Family::Google,
    speaks: |_, path| path.rsplit('/').take(2).any(|segment| segment == "cachedContents"),
    streams: |_, _| false,
    request,
    answer,
    ..Format::JSON
};

/// Reads a request.
fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        if value.is_null() {
            continue;
        }
        match camel(&key).as_ref() {
            "model" => draft.request_model = value.as_str().map(|name| body_model(name).to_owned()),
            "contents" => {
                let messages = contents(value, draft);
                draft.content.input_messages.extend(messages);
            }
            "systemInstruction" => draft.content.system_instructions = instructions(value, draft),
            "tools" => tools(value, draft),
            "ttl" | "expireTime" => draft.param("cached_content.lifetime", &value),
            "displayName" | "toolConfig" | "name" | "encryptionSpec" => {}
            _ => draft.unknown("request", &key),
        }
    }
}

/// Reads an answer: a cache, or a list of them.
fn answer(body: Json<'_>, draft: &mut Draft) {
    draft.error = error_of(&body);
    // Not usage: what a cache holds is billed by the hour it is kept, and again, cheaper, by every request that reads it.
    let held = at(&body, "usageMetadata").and_then(|usage| at(usage, "totalTokenCount"));
    if let Some(tokens) = held.and_then(Json::as_u64) {
        draft.params.insert("cached_content.tokens".to_owned(), Value::from(tokens));
    }
    for (key, value) in body.into_members() {
        match camel(&key).as_ref() {
            "name" => draft.response_id = value.into_string(),
            "model" => draft.response_model = value.as_str().map(|name| body_model(name).to_owned()),
            "displayName" | "usageMetadata" | "createTime" | "updateTime" | "expireTime" | "ttl" | "cachedContents"
            | "nextPageToken" | "error" | "encryptionSpec" => {}
            _ => draft.unknown("answer", &key),
        }
    }
}
