//! Gemini token counting: the request is one of `generateContent`, the answer numbers that are billed to nobody.

use serde_json::Value;

use super::{
    Format,
    error::error_of,
    gemini::{at, camel, path_model, request as generate_request, verb},
};
use crate::{Dialect, Family, decode::Draft, json::Json};

/// `POST …/models/{model}:countTokens`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::GeminiCountTokens,
    name: "gemini_count_tokens",
    operation: "count_tokens",
    family: Family::Google,
    speaks: |method, path| method == "POST" && verb(path) == "countTokens",
    path_model,
    streams: |_, _| false,
    request,
    answer,
    ..Format::JSON
};

/// Reads a request: the members of one, or one inside.
fn request(body: Json<'_>, draft: &mut Draft) {
    let mut beside = Vec::new();
    for (key, value) in body.into_members() {
        match camel(&key).as_ref() {
            "generateContentRequest" => generate_request(value, draft),
            // Vertex AI's older models.
            "instances" => draft.not_read("instances"),
            _ => beside.push((key, value)),
        }
    }
    generate_request(Json::Object(beside), draft);
}

/// Reads an answer.
fn answer(body: Json<'_>, draft: &mut Draft) {
    draft.error = error_of(&body);
    // Not usage: counting costs nothing, and must not look as if these tokens had been spent.
    if let Some(tokens) = at(&body, "totalTokens").and_then(Json::as_u64) {
        draft.params.insert("counted_input_tokens".to_owned(), Value::from(tokens));
    }
    for (key, _) in body.into_members() {
        match camel(&key).as_ref() {
            "totalTokens"
            | "cachedContentTokenCount"
            | "promptTokensDetails"
            | "cacheTokensDetails"
            | "totalBillableCharacters"
            | "error" => {}
            _ => draft.unknown("answer", &key),
        }
    }
}
