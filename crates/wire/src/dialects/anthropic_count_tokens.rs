//! Anthropic token counting: the request is a messages request, the answer one number that is billed to nobody.

use serde_json::Value;

use super::{Format, anthropic_messages, error::error_of};
use crate::{Dialect, Family, decode::Draft, json::Json};

/// `POST …/messages/count_tokens`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::AnthropicCountTokens,
    name: "anthropic_count_tokens",
    operation: "count_tokens",
    family: Family::Anthropic,
    speaks: |method, path| {
        let on_vertex = anthropic_messages::on_vertex(method, path);
        super::posts_to(method, path, "/messages/count_tokens") || on_vertex == Some(("count-tokens", "rawPredict"))
    },
    request: anthropic_messages::request,
    answer,
    ..Format::JSON
};

/// Reads an answer.
fn answer(body: Json<'_>, draft: &mut Draft) {
    draft.error = error_of(&body);
    for (key, value) in body.into_members() {
        match key.as_ref() {
            // Not usage: counting costs nothing, and must not look as if these tokens had been spent.
            "input_tokens" => {
                draft.params.extend(value.as_u64().map(|n| ("counted_input_tokens".to_owned(), Value::from(n))));
            }
            "context_management" | "error" | "type" | "request_id" => {}
            other => draft.unknown("answer", other),
        }
    }
}
