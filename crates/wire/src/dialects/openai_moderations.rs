//! OpenAI moderations: what is flagged, and nothing is billed.
//!
//! Source: OpenAI API reference, "Moderations" (2026-10).

use llmtrace_model::{Message, Part, Role};
use serde_json::Value;

use super::{
    Format,
    openai::{input_texts, request_member, take_error},
    parts::by_url,
};
use crate::{Dialect, Family, decode::Draft, json::Json};

/// `POST …/moderations`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::OpenaiModerations,
    name: "openai_moderations",
    operation: "moderate",
    family: Family::OpenAi,
    speaks: |method, path| method == "POST" && path.ends_with("/moderations"),
    request,
    answer,
    ..Format::JSON
};

fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match (key.as_ref(), value) {
            ("input", Json::Array(items)) if items.iter().any(|item| matches!(item, Json::Object(_))) => {
                let parts = items.iter().filter_map(|item| part(item, draft)).collect();
                draft.content.input_messages.push(Message { role: Role::User, name: None, parts, finish_reason: None });
            }
            ("input", value) => input_texts(value, draft),
            (other, value) => request_member(other, value, draft),
        }
    }
}

fn part(item: &Json<'_>, draft: &mut Draft) -> Option<Part> {
    match item.str_at("type") {
        Some("text") => item.str_at("text").map(|text| Part::Text { content: text.to_owned() }),
        Some("image_url") => {
            let url = item.get("image_url").and_then(|image| image.str_at("url")).unwrap_or("");
            Some(by_url("image", url, draft))
        }
        other => {
            draft.unknown("part", other.unwrap_or("type"));
            None
        }
    }
}

fn answer(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "id" => draft.response_id = value.into_string(),
            "model" => draft.response_model = value.into_string(),
            "results" => {
                let flagged = value
                    .into_items()
                    .iter()
                    .filter(|r| r.get("flagged").and_then(Json::as_bool) == Some(true))
                    .count();
                draft.params.insert("moderation.flagged".to_owned(), Value::from(flagged));
            }
            "error" => take_error(&Json::Object(vec![("error".into(), value)]), draft),
            other => draft.unknown("answer", other),
        }
    }
}
