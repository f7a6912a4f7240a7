//! What can be asked of a response beside making it: reading it again, cancelling and deleting it, its input, the number of
//! its input tokens, and a shorter form of a conversation.
//!
//! Reading a response again repeats its usage. It is billed by the exchange that made it; one made in the background is
//! billed by the first exchange that reports its usage ([`Billed::IfUnseen`]).

use serde_json::Value;

use super::{FORMAT as MAKE, VITAL, answer, item, request, scan::Scan, stream::Stream};
use crate::{
    Billed, Dialect,
    decode::{Draft, Exchange, path_of},
    dialects::{Format, RequestBody, error::error_of, openai::PROBABILITIES},
    json::Json,
};

/// `GET …/responses/{id}`, also as a stream (`?stream=true`).
pub(crate) const RETRIEVE: Format = Format {
    dialect: Dialect::OpenaiResponsesRetrieve,
    name: "openai_responses_retrieve",
    operation: "retrieve_response",
    speaks: |method, path| method == "GET" && id_of(path, "").is_some(),
    head: |x, draft| {
        head(x, draft);
        draft.stream_member = x.target.split(['?', '&']).any(|pair| pair == "stream=true").then_some(true);
    },
    ..STORED
};

/// `POST …/responses/{id}/cancel`.
pub(crate) const CANCEL: Format = Format {
    dialect: Dialect::OpenaiResponsesCancel,
    name: "openai_responses_cancel",
    operation: "cancel_response",
    speaks: |method, path| method == "POST" && id_of(path, "/cancel").is_some(),
    ..STORED
};

/// `DELETE …/responses/{id}`.
pub(crate) const DELETE: Format = Format {
    dialect: Dialect::OpenaiResponsesDelete,
    name: "openai_responses_delete",
    operation: "delete_response",
    speaks: |method, path| method == "DELETE" && id_of(path, "").is_some(),
    ..STORED
};

/// `GET …/responses/{id}/input_items`.
pub(crate) const INPUT_ITEMS: Format = Format {
    dialect: Dialect::OpenaiResponsesInputItems,
    name: "openai_responses_input_items",
    operation: "list_input_items",
    speaks: |method, path| method == "GET" && id_of(path, "/input_items").is_some(),
    answer: input_items,
    stream: None,
    scan: Format::JSON.scan,
    vital: Format::JSON.vital,
    ..STORED
};

/// `POST …/responses/input_tokens`.
pub(crate) const INPUT_TOKENS: Format = Format {
    dialect: Dialect::OpenaiResponsesInputTokens,
    name: "openai_responses_input_tokens",
    operation: "count_tokens",
    family: MAKE.family,
    speaks: |method, path| method == "POST" && path.ends_with("/responses/input_tokens"),
    request,
    answer: input_tokens,
    ..Format::JSON
};

/// `POST …/responses/compact`: what a model makes, and is billed for, like a response.
pub(crate) const COMPACT: Format = Format {
    dialect: Dialect::OpenaiResponsesCompact,
    name: "openai_responses_compact",
    operation: "compact",
    speaks: |method, path| method == "POST" && path.ends_with("/responses/compact"),
    ..MAKE
};

/// What an exchange with a stored response is.
const STORED: Format = Format {
    family: MAKE.family,
    body: RequestBody::Nothing,
    head,
    answer,
    skip: PROBABILITIES,
    stream: Some(|| Box::new(Stream::default())),
    scan: || Box::new(Scan::stored()),
    vital: VITAL,
    ..Format::JSON
};

/// The id in `…/responses/{id}{end}`.
fn id_of<'p>(path: &'p str, end: &str) -> Option<&'p str> {
    let (before, id) = path.strip_suffix(end)?.rsplit_once('/')?;
    (before.ends_with("/responses") && !id.is_empty()).then_some(id)
}

/// Notes which response it is about, and that it is not billed here unless the answer says otherwise.
fn head(x: &Exchange<'_>, draft: &mut Draft) {
    let path = path_of(x.target);
    let path = path.strip_suffix('/').unwrap_or(path);
    let id = ["", "/cancel", "/input_items"].into_iter().rev().find_map(|end| id_of(path, end));
    draft.response_id = id.map(str::to_owned);
    draft.billed = Billed::Elsewhere;
}

/// A page of what the client once sent.
fn input_items(body: Json<'_>, draft: &mut Draft) {
    draft.error = error_of(&body);
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "data" => {
                let said = value.into_items().into_iter().map(|one| item(one, draft).into_message()).collect();
                draft.content.input_messages = said;
            }
            "object" | "first_id" | "last_id" | "has_more" | "error" => {}
            other => draft.unknown("answer", other),
        }
    }
}

/// A number that is billed to nobody.
fn input_tokens(body: Json<'_>, draft: &mut Draft) {
    draft.error = error_of(&body);
    for (key, value) in body.into_members() {
        match key.as_ref() {
            // Not usage: counting costs nothing, and must not look as if these tokens had been spent.
            "input_tokens" => {
                draft.params.extend(value.as_u64().map(|n| ("counted_input_tokens".to_owned(), Value::from(n))));
            }
            "object" | "error" => {}
            other => draft.unknown("answer", other),
        }
    }
}
