//! The list of models: nothing is said in it, but errors are worth keeping.

use super::error::error_of;
use crate::{decode::Draft, json::Json};

/// Reads an answer.
#[allow(clippy::needless_pass_by_value, reason = "the same shape as every other format")]
pub(crate) fn answer(body: Json<'_>, draft: &mut Draft) {
    draft.error = error_of(&body);
}
