//! Amazon Bedrock CountTokens: a request of Converse or InvokeModel in, a number out.
//!
//! Source: Amazon Bedrock API reference, "CountTokens" (2026-10).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{Format, bedrock, bedrock_converse, bedrock_invoke};
use crate::{
    Dialect, Family,
    decode::{Draft, Exchange, path_of},
    headers::percent_decoded,
    json::{Json, Rules, parse},
};

/// `POST …/model/{id}/count-tokens`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::BedrockCountTokens,
    name: "bedrock_count_tokens",
    operation: "count_tokens",
    family: Family::Aws,
    speaks: |method, path| method == "POST" && path_model(path).is_some(),
    path_model,
    streams: |_, _| false,
    head,
    request,
    answer,
    ..Format::JSON
};

fn path_model(path: &str) -> Option<&str> {
    bedrock::model(path, &["count-tokens"])
}

/// The model's vendor tells the shape of a packed body.
fn head(x: &Exchange<'_>, draft: &mut Draft) {
    draft.request_model = path_model(path_of(x.target)).map(|model| percent_decoded(model).into_owned());
}

/// Reads a request.
fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        if key != "input" {
            draft.unknown("request", &key);
            continue;
        }
        for (key, value) in value.into_members() {
            match key.as_ref() {
                "converse" => bedrock_converse::request(value, draft),
                "invokeModel" => {
                    let bytes = value.str_at("body").and_then(|text| STANDARD.decode(text).ok());
                    let text = bytes.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
                    match text.map(|text| parse(text, &Rules::default())) {
                        Some(Ok(body)) => bedrock_invoke::request(body, draft),
                        Some(Err(_)) | None => draft.unknown("invokeModel", "body"),
                    }
                }
                other => draft.unknown("input", other),
            }
        }
    }
}

/// Reads an answer.
fn answer(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            // Not usage: counting costs nothing, and must not look as if these tokens had been spent.
            "inputTokens" => {
                draft.params.extend(value.as_u64().map(|n| ("counted_input_tokens".to_owned(), Value::from(n))));
            }
            other => draft.unknown("answer", other),
        }
    }
}
