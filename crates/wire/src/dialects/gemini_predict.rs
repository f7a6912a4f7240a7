//! Vertex AI's `predict` and `predictLongRunning` (Imagen, Veo): the prompt and what was made, by name and number.
//!
//! Source: Vertex AI reference, "Imagen API", "Veo API"; Gemini API, "Imagen" (2026-11).

use llmtrace_model::{Message, Part, Role, Unit};

use super::{
    Format,
    error::error_of,
    gemini::{camel, path_model, text_at, verb},
    parts::{blob, by_url, without_bytes},
};
use crate::{Dialect, Family, decode::Draft, json::Json};

/// `POST …/models/{model}:predict`, `:predictLongRunning`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::GeminiPredict,
    name: "gemini_predict",
    operation: "generate_content",
    family: Family::Google,
    speaks: |method, path| method == "POST" && matches!(verb(path), "predict" | "predictLongRunning"),
    path_model,
    streams: |_, _| false,
    request,
    answer,
    ..Format::JSON
};

/// Reads a request.
fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match camel(&key).as_ref() {
            "instances" => value.into_items().into_iter().for_each(|one| instance(one, draft)),
            "parameters" => parameters(value, draft),
            "labels" => draft.tag_all(value.into_members()),
            _ => draft.unknown("request", &key),
        }
    }
}

fn instance(value: Json<'_>, draft: &mut Draft) {
    let mut parts = Vec::new();
    for (key, value) in value.into_members() {
        match camel(&key).as_ref() {
            "prompt" => parts.extend(value.into_string().map(|content| Part::Text { content })),
            "image" | "video" | "mask" | "lastFrame" | "referenceImages" => inputs(value, draft, &mut parts),
            _ => {
                draft.unknown("request", &key);
                parts.push(Part::Raw { value: without_bytes(Json::Object(vec![(key, value)]), draft) });
            }
        }
    }
    draft.content.input_messages.push(Message { role: Role::User, name: None, parts, finish_reason: None });
}

/// Pictures and films of a request, one or a list, each bare or inside a reference.
fn inputs(value: Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    let items = match value {
        Json::Array(items) => items,
        one => vec![one],
    };
    for item in items {
        let held = ["referenceImage", "image"].iter().find_map(|key| item.get(key)).unwrap_or(&item);
        parts.push(made(held, draft));
    }
}

fn parameters(value: Json<'_>, draft: &mut Draft) {
    for (key, value) in value.into_members() {
        match camel(&key).as_ref() {
            "sampleCount" => draft.param("choice.count", &value),
            "seed" => draft.param("seed", &value),
            "negativePrompt" => {
                let parts = value.into_string().map(|content| Part::Text { content }).into_iter().collect();
                let name = Some("negative_prompt".to_owned());
                draft.content.input_messages.push(Message { role: Role::User, name, parts, finish_reason: None });
            }
            "storageUri" => {}
            _ => draft.param(&key, &value),
        }
    }
}

/// Reads an answer.
fn answer(body: Json<'_>, draft: &mut Draft) {
    draft.error = error_of(&body);
    for (key, value) in body.into_members() {
        match camel(&key).as_ref() {
            "predictions" => predictions(value, draft),
            // The operation that goes on; what it makes is told when it is asked for.
            "name" => draft.response_id = value.into_string(),
            "error" | "metadata" | "model" | "deployedModelId" | "modelVersionId" | "modelDisplayName" => {}
            _ => draft.unknown("answer", &key),
        }
    }
}

fn predictions(value: Json<'_>, draft: &mut Draft) {
    let mut parts = Vec::new();
    for item in value.into_items() {
        if text_at(&item, "bytesBase64Encoded").is_some() || text_at(&item, "gcsUri").is_some() {
            parts.push(made(&item, draft));
            draft.units.add(Unit::ImagesOut, u64::from(!is(&item, "video/")));
        } else if let Some(reason) = text_at(&item, "raiFilteredReason") {
            draft.finish_reasons.push("filtered".to_owned());
            parts.push(Part::Refusal { content: reason.to_owned() });
        } else if text_at(&item, "safetyAttributes").is_none() && item.get("safetyAttributes").is_none() {
            draft.unknown("part", "prediction");
            parts.push(Part::Raw { value: without_bytes(item, draft) });
        }
    }
    draft.content.output_messages.push(Message { role: Role::Assistant, name: None, parts, finish_reason: None });
}

fn is(item: &Json<'_>, media: &str) -> bool {
    text_at(item, "mimeType").is_some_and(|mime| mime.starts_with(media))
}

/// A picture or film by its bytes or its place.
fn made(item: &Json<'_>, draft: &mut Draft) -> Part {
    let modality = if is(item, "video/") { "video" } else { "image" };
    match text_at(item, "gcsUri") {
        Some(uri) => by_url(modality, uri, draft),
        None => {
            let mime = text_at(item, "mimeType").map(str::to_owned);
            blob(modality, mime, text_at(item, "bytesBase64Encoded").unwrap_or(""), draft)
        }
    }
}
