//! The list of models: nothing is said in it, but errors are worth keeping.

use super::{Format, RequestBody, error::error_of};
use crate::{Dialect, Family, decode::Draft, json::Json};

/// `GET …/models` and `GET …/models/{id}`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::OpenaiModels,
    name: "openai_models",
    operation: "list_models",
    family: Family::OpenAi,
    speaks: |method, path| method == "GET" && is_models(path),
    body: RequestBody::Nothing,
    answer,
    ..Format::JSON
};

/// `/models` at the root or below `/v1`, `/openai` or `/api`; Gemini's `/v1beta/models` is another format.
fn is_models(path: &str) -> bool {
    let Some(at) = path.find("/models") else { return false };
    let (before, after) = (&path[..at], &path[at + "/models".len()..]);
    let below = before.rsplit('/').next().unwrap_or("");
    matches!(below, "" | "v1" | "openai" | "api") && (after.is_empty() || after.starts_with('/'))
}

/// Reads an answer.
#[allow(clippy::needless_pass_by_value, reason = "the same shape as every other format")]
fn answer(body: Json<'_>, draft: &mut Draft) {
    draft.error = error_of(&body);
}
