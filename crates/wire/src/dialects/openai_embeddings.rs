//! OpenAI embeddings: texts in, vectors out; the vectors are counted, not kept.
//!
//! Source: OpenAI API reference, "Embeddings" (2026-10).

use super::openai::{answer_member, input_texts, request_member};
use crate::{decode::Draft, json::Json};

/// Reads a request.
pub(crate) fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "input" => input_texts(value, draft),
            other => request_member(other, value, draft),
        }
    }
}

/// Reads an answer.
pub(crate) fn answer(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "data" => value.into_items().iter().for_each(|_| draft.not_read("embedding")),
            other => answer_member(other, value, draft),
        }
    }
}
