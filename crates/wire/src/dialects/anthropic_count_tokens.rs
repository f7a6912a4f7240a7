//! Anthropic token counting: the request is a messages request, the answer one number that is billed to nobody.

use serde_json::Value;

use super::error::error_of;
use crate::{decode::Draft, json::Json};

/// Reads an answer.
pub(crate) fn answer(body: Json<'_>, draft: &mut Draft) {
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
