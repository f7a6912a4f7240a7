//! Gemini embeddings, alone and in batches, and those of Vertex AI's `predict`: texts in, vectors out; the vectors are
//! counted, not kept.
//!
//! Source: Gemini API reference, "Embeddings"; Vertex AI reference, "Text embeddings API" (2026-11).

use llmtrace_model::{Message, Part, Role, Unit, Usage};

use super::{
    Format,
    error::error_of,
    gemini::{GeminiUsage, at, body_model, camel, contents, path_model, text_at, verb},
    parts::without_bytes,
};
use crate::{
    Dialect, Family,
    decode::Draft,
    json::Json,
    scanner::{self, Vital},
};

/// `POST …/models/{model}:embedContent`, `:batchEmbedContents`, and `:predict` of a model for embeddings.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::GeminiEmbeddings,
    name: "gemini_embeddings",
    operation: "embeddings",
    family: Family::Google,
    speaks: |method, path| method == "POST" && speaks(path),
    path_model,
    streams: |_, _| false,
    request,
    answer,
    skip: &["values"],
    scan: || Box::new(Scan),
    vital: &["usageMetadata", "usage_metadata", "predictions", "metadata", "error"],
    ..Format::JSON
};

fn speaks(path: &str) -> bool {
    match verb(path) {
        "embedContent" | "batchEmbedContents" => true,
        "predict" => path_model(path).is_some_and(|model| model.contains("embedding")),
        _ => false,
    }
}

/// Reads a request.
fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        if value.is_null() {
            continue;
        }
        match camel(&key).as_ref() {
            "requests" => value.into_items().into_iter().for_each(|one| request(one, draft)),
            "instances" => value.into_items().into_iter().for_each(|one| instance(one, draft)),
            "model" => draft.request_model = value.as_str().map(|name| body_model(name).to_owned()),
            "content" => {
                let messages = contents(value, draft);
                draft.content.input_messages.extend(messages);
            }
            "parameters" | "embedContentConfig" => request(value, draft),
            "outputDimensionality" => draft.param("dimensions", &value),
            "taskType" => draft.param("task_type", &value),
            "autoTruncate" => draft.param("auto_truncate", &value),
            "title" | "documentOcr" | "audioTrackExtraction" => {}
            _ => draft.unknown("request", &key),
        }
    }
}

/// One text of a `predict`.
fn instance(value: Json<'_>, draft: &mut Draft) {
    let mut parts = Vec::new();
    for (key, value) in value.into_members() {
        match camel(&key).as_ref() {
            "content" | "text" => parts.extend(value.into_string().map(|content| Part::Text { content })),
            "taskType" => draft.param("task_type", &value),
            "title" => {}
            "image" => {
                draft.not_read("image");
                parts.push(Part::Raw { value: without_bytes(value, draft) });
            }
            "video" => {
                draft.not_read("video");
                parts.push(Part::Raw { value: without_bytes(value, draft) });
            }
            _ => draft.unknown("request", &key),
        }
    }
    draft.content.input_messages.push(Message { role: Role::User, name: None, parts, finish_reason: None });
}

/// Reads an answer.
fn answer(body: Json<'_>, draft: &mut Draft) {
    draft.error = error_of(&body);
    for (key, value) in body.into_members() {
        match camel(&key).as_ref() {
            "embedding" => draft.not_read("embedding"),
            "embeddings" => value.into_items().iter().for_each(|_| draft.not_read("embedding")),
            "usageMetadata" => {
                GeminiUsage::name_unknown(&value, draft);
                let mut usage = GeminiUsage::default();
                draft.service_tier = usage.take(&value).or(draft.service_tier.take());
                draft.usage = usage.usage();
            }
            "predictions" => {
                draft.usage = predicted(&value).or(draft.usage);
                value.into_items().iter().for_each(|_| draft.not_read("embedding"));
            }
            "metadata" => draft.units.set(Unit::CharactersIn, billable_characters(&value)),
            "truncated" | "error" | "deployedModelId" | "modelVersionId" | "modelDisplayName" => {}
            "model" => draft.response_model = text_of(&value),
            _ => draft.unknown("answer", &key),
        }
    }
}

/// `projects/…/models/X` is X; a number there says nothing.
fn text_of(value: &Json<'_>) -> Option<String> {
    let name = body_model(value.as_str()?);
    (!name.bytes().all(|b| b.is_ascii_digit())).then(|| name.to_owned())
}

/// The tokens of all predictions; `None` where none tells.
fn predicted(predictions: &Json<'_>) -> Option<Usage> {
    let Json::Array(items) = predictions else { return None };
    let counts = items.iter().filter_map(|item| {
        let statistics = at(item, "embeddings").and_then(|e| at(e, "statistics"))?;
        at(statistics, "tokenCount").and_then(Json::as_u64)
    });
    let sum = counts.fold(None, |sum: Option<u64>, n| Some(sum.unwrap_or(0).saturating_add(n)));
    sum.map(|input| Usage { input, ..Usage::default() })
}

/// Older models are billed by characters.
fn billable_characters(metadata: &Json<'_>) -> u64 {
    at(metadata, "billableCharacterCount")
        .and_then(Json::as_u64)
        .or_else(|| text_at(metadata, "billableCharacterCount").and_then(|text| text.parse().ok()))
        .unwrap_or(0)
}

/// Reads usage and errors while an answer passes.
struct Scan;

impl scanner::Scan for Scan {
    fn event(&mut self, _name: &[u8], _data: &[u8], _vital: &mut Vital) {}

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        match key {
            "usageMetadata" | "usage_metadata" => {
                let mut usage = GeminiUsage::default();
                vital.meter.service_tier = usage.take(&value).or(vital.meter.service_tier.take());
                vital.meter.usage = usage.usage();
            }
            "predictions" => vital.meter.usage = predicted(&value).or(vital.meter.usage),
            "metadata" => vital.meter.units.set(Unit::CharactersIn, billable_characters(&value)),
            _ => vital.note_error_member(value),
        }
    }
}
