//! Google's lists of models: nothing is said in them, but errors are worth keeping.

use super::{Format, RequestBody, error::error_of, gemini::path_model};
use crate::{Dialect, Family, decode::Draft, json::Json};

/// `GET …/models`, `…/tunedModels` and `…/publishers/google/models`, and one of each.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::GeminiModels,
    name: "gemini_models",
    operation: "list_models",
    family: Family::Google,
    speaks: |method, path| method == "GET" && is_models(path),
    body: RequestBody::Nothing,
    path_model,
    answer,
    ..Format::JSON
};

fn is_models(path: &str) -> bool {
    let mut segments = path.rsplit('/');
    let (last, before) = (segments.next().unwrap_or(""), segments.next().unwrap_or(""));
    let is_list = |word: &str| word == "models" || word == "tunedModels";
    let google = ["/v1beta/", "/v1beta1/", "/v1alpha/", "/publishers/"].iter().any(|root| path.contains(root));
    // `…/v1beta/openai/models` is OpenAI's list.
    google && !path.contains("/openai/") && (is_list(last) || is_list(before)) || last == "tunedModels"
}

/// Reads an answer.
#[allow(clippy::needless_pass_by_value, reason = "the same shape as every other format")]
fn answer(body: Json<'_>, draft: &mut Draft) {
    draft.error = error_of(&body);
}
