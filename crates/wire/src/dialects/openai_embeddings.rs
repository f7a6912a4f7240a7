//! OpenAI embeddings: texts in, vectors out; the vectors are counted, not kept.
//!
//! Source: OpenAI API reference, "Embeddings" (2026-10).

use super::{
    Format,
    openai::{self, answer_member, input_texts, request_member, take_error},
};
use crate::{Dialect, Family, decode::Draft, json::Json};

/// `POST …/embeddings`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::OpenaiEmbeddings,
    name: "openai_embeddings",
    operation: "embeddings",
    family: Family::OpenAi,
    speaks: |method, path| super::posts_to(method, path, "/embeddings"),
    path_model: openai::deployment,
    request,
    answer,
    skip: &["embedding"],
    scan: || Box::new(openai::Scan),
    ..Format::JSON
};

/// Reads a request.
fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "input" => input_texts(value, draft),
            other => request_member(other, value, draft),
        }
    }
}

/// Reads an answer.
fn answer(body: Json<'_>, draft: &mut Draft) {
    take_error(&body, draft);
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "data" => value.into_items().iter().for_each(|_| draft.not_read("embedding")),
            other => answer_member(other, value, draft),
        }
    }
}
