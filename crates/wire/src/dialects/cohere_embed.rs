//! Cohere embed and rerank, version 2 (and version 1 of rerank, which has the same shape).
//!
//! Source: Cohere API reference, "Embed" and "Rerank" (v2, 2026-10).

use llmtrace_model::{Message, Part, Role};

use super::{Format, cohere, cohere_chat::Scan, error::bare_error, parts::by_url};
use crate::{Dialect, Family, decode::Draft, json::Json};

const BASE: Format = Format {
    family: Family::Cohere,
    answer,
    skip: &["embeddings"],
    scan: || Box::new(Scan),
    vital: &["meta", "error"],
    ..Format::JSON
};

/// `POST /v2/embed`.
pub(crate) const EMBED: Format = Format {
    dialect: Dialect::CohereEmbed,
    name: "cohere_embed",
    operation: "embeddings",
    speaks: |method, path| super::posts_to(method, path, "/v2/embed"),
    request: embed_request,
    ..BASE
};

/// `POST …/rerank`.
pub(crate) const RERANK: Format = Format {
    dialect: Dialect::CohereRerank,
    name: "cohere_rerank",
    operation: "rerank",
    speaks: |method, path| super::posts_to(method, path, "/rerank"),
    request: rerank_request,
    ..BASE
};

fn embed_request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "model" => draft.request_model = value.into_string(),
            "texts" => super::openai::input_texts(value, draft),
            "images" => {
                let urls = value.into_items();
                let parts = urls.iter().filter_map(Json::as_str).map(|url| by_url("image", url, draft)).collect();
                push(Role::User, parts, draft);
            }
            "inputs" => {
                for input in value.into_items() {
                    let parts = content(&input, draft);
                    push(Role::User, parts, draft);
                }
            }
            "embedding_types" => draft.param("encoding_formats", &value),
            "output_dimension" => draft.param("dimensions", &value),
            "input_type" | "truncate" | "max_tokens" | "priority" => draft.param(&key, &value),
            other => draft.unknown("request", other),
        }
    }
}

/// The parts of one mixed input.
fn content(input: &Json<'_>, draft: &mut Draft) -> Vec<Part> {
    let Some(Json::Array(items)) = input.get("content") else { return Vec::new() };
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        match item.str_at("type") {
            Some("text") => parts.extend(item.str_at("text").map(|text| Part::Text { content: text.to_owned() })),
            Some("image_url") => {
                let url = item.get("image_url").and_then(|image| image.str_at("url")).unwrap_or("");
                parts.push(by_url("image", url, draft));
            }
            other => draft.unknown("part", other.unwrap_or("type")),
        }
    }
    parts
}

fn rerank_request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "model" => draft.request_model = value.into_string(),
            "query" => {
                let parts: Vec<Part> = value.into_string().map(|content| Part::Text { content }).into_iter().collect();
                push(Role::User, parts, draft);
            }
            // Documents are somebody else's words.
            "documents" => {
                let result = value.into_value();
                push(Role::Tool, vec![Part::ToolCallResponse { id: None, result }], draft);
            }
            "top_n" | "max_tokens_per_doc" | "max_chunks_per_doc" | "return_documents" | "rank_fields" | "priority" => {
                draft.param(&key, &value);
            }
            other => draft.unknown("request", other),
        }
    }
}

fn push(role: Role, parts: Vec<Part>, draft: &mut Draft) {
    if !parts.is_empty() {
        draft.content.input_messages.push(Message { role, name: None, parts, finish_reason: None });
    }
}

fn answer(body: Json<'_>, draft: &mut Draft) {
    if body.get("message").is_some_and(|message| message.as_str().is_some()) {
        draft.error = bare_error(&body);
        return;
    }
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "id" => draft.response_id = value.into_string(),
            "meta" => {
                draft.usage = cohere::usage(&value);
                draft.units = cohere::units(&value);
            }
            "embeddings" => draft.not_read("embedding"),
            "results" | "texts" | "images" | "response_type" => {}
            other => draft.unknown("answer", other),
        }
    }
}
