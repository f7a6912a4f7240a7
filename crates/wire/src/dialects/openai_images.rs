//! OpenAI images: generations, edits and variations.
//!
//! Source: OpenAI API reference, "Images" (2026-10). GPT image models bill tokens, DALL·E models the image.

use llmtrace_model::{Message, Part, Role, Unit, Usage};
use serde_json::Value;

use super::{
    Format,
    error::error_of,
    openai::{self, request_member, take_error},
    parts::{blob, by_url, file},
};
use crate::{
    Dialect, Family,
    decode::Draft,
    json::Json,
    multipart::{self, Field},
    scanner::{self, Vital, read},
    usage::openai_usage,
};

/// `POST …/images/generations`, `…/images/edits`, `…/images/variations`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::OpenaiImages,
    name: "openai_images",
    operation: "generate_image",
    family: Family::OpenAi,
    speaks: |method, path| {
        method == "POST"
            && ["/images/generations", "/images/edits", "/images/variations"].iter().any(|end| path.ends_with(end))
    },
    path_model: openai::deployment,
    request,
    form: Some(form),
    answer,
    stream: Some(|| Box::new(Stream)),
    scan: || Box::new(Scan),
    ..Format::JSON
};

/// Takes one member of a request, whether it came as JSON or as a form field.
fn member(key: &str, value: Json<'_>, draft: &mut Draft) {
    match key {
        "prompt" => {
            let parts = value.into_string().map(|content| Part::Text { content }).into_iter().collect();
            said_by_user(parts, draft);
        }
        "background" | "input_fidelity" | "moderation" | "output_compression" | "output_format" | "partial_images"
        | "quality" | "response_format" | "size" | "style" => draft.param(key, &value),
        other => request_member(other, value, draft),
    }
}

fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            // Edits as JSON refer to their images.
            "images" | "image" | "mask" => {
                for one in value.into_items() {
                    let part = match (one.str_at("file_id"), one.str_at("image_url").or_else(|| one.as_str())) {
                        (Some(id), _) => file("image", id, draft),
                        (None, url) => by_url("image", url.unwrap_or(""), draft),
                    };
                    said_by_user(vec![part], draft);
                }
            }
            other => member(other, value, draft),
        }
    }
}

fn form(fields: &[Field<'_>], draft: &mut Draft) {
    for field in fields {
        match &field.value {
            multipart::Value::File { media, size_bytes } => {
                draft.not_read("image");
                let mime_type = media.map(str::to_owned);
                let part = Part::Blob { modality: "image".to_owned(), mime_type, size_bytes: *size_bytes };
                said_by_user(vec![part], draft);
            }
            multipart::Value::Text(text) => {
                member(field.name.trim_end_matches("[]"), openai::form_value(field.name, text), draft)
            }
            multipart::Value::Unread => draft.unknown("request", field.name),
        }
    }
}

/// Prompt and images are one message.
fn said_by_user(parts: Vec<Part>, draft: &mut Draft) {
    match draft.content.input_messages.last_mut() {
        Some(message) => message.parts.extend(parts),
        None => draft.content.input_messages.push(Message { role: Role::User, name: None, parts, finish_reason: None }),
    }
}

fn answer(body: Json<'_>, draft: &mut Draft) {
    let mut images = Vec::new();
    let billed_by_image = !tokens_are_billed(draft.request_model.as_deref());
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "data" => value.into_items().into_iter().for_each(|image| images.push(made(&image, draft))),
            "usage" => draft.usage = usage(&value),
            "error" => take_error(&Json::Object(vec![("error".into(), value)]), draft),
            "background" | "output_format" | "quality" | "size" => {
                // What `auto` became decides the price.
                draft.param(&format!("image.{key}"), &value);
            }
            "created" => {}
            other => draft.unknown("answer", other),
        }
    }
    if billed_by_image {
        draft.units.set(Unit::ImagesOut, images.len() as u64);
    }
    if !images.is_empty() {
        draft.content.output_messages.push(Message {
            role: Role::Assistant,
            name: None,
            parts: images,
            finish_reason: None,
        });
    }
}

/// GPT image models bill tokens; others bill the image.
fn tokens_are_billed(model: Option<&str>) -> bool {
    model.is_some_and(|model| model.starts_with("gpt-image") || model.starts_with("chatgpt-image"))
}

/// One image of an answer: by URL, or bytes; a revised prompt stands before it.
fn made(image: &Json<'_>, draft: &mut Draft) -> Part {
    if let Some(text) = image.str_at("revised_prompt") {
        draft.params.insert("image.revised_prompt".to_owned(), Value::from(text.chars().take(256).collect::<String>()));
    }
    match image.str_at("url") {
        Some(url) => by_url("image", url, draft),
        None => blob("image", None, image.str_at("b64_json").unwrap_or(""), draft),
    }
}

/// Tokens of an image answer: all output is image but for what is said to be text.
fn usage(value: &Json<'_>) -> Option<Usage> {
    let mut usage = openai_usage(value)?;
    let text = value.get("output_tokens_details").and_then(|details| details.u64_at("text_tokens")).unwrap_or(0);
    let text = text.min(usage.output);
    usage.image_output = usage.image_output.saturating_add(usage.output - text);
    usage.output = text;
    Some(usage)
}

/// Partial images are counted, not kept; the completed one tells everything.
struct Stream;

impl super::Assemble for Stream {
    fn event(&mut self, _name: &[u8], event: Json<'_>, draft: &mut Draft) {
        match event.str_at("type") {
            Some("image_generation.partial_image" | "image_edit.partial_image") => draft.not_read("partial image"),
            Some("image_generation.completed" | "image_edit.completed") => {
                let part = blob("image", None, event.str_at("b64_json").unwrap_or(""), draft);
                draft.content.output_messages.push(Message {
                    role: Role::Assistant,
                    name: None,
                    parts: vec![part],
                    finish_reason: None,
                });
                draft.usage = event.get("usage").and_then(usage).or(draft.usage);
            }
            Some("error") => draft.error = error_of(&event).or(draft.error.take()),
            Some(other) => draft.unknown("event", other),
            None => take_error(&event, draft),
        }
    }

    fn finish(self: Box<Self>, _draft: &mut Draft) {}
}

struct Scan;

impl scanner::Scan for Scan {
    fn event(&mut self, name: &[u8], data: &[u8], vital: &mut Vital) {
        // A partial image is a megabyte of base64: its name is enough.
        if name.ends_with(b".partial_image") {
            vital.first_token = true;
            return;
        }
        let Some(event) = read(data) else { return };
        match event.str_at("type") {
            Some("image_generation.completed" | "image_edit.completed") => {
                vital.first_token = true;
                vital.finished = true;
                vital.meter.usage = event.get("usage").and_then(usage).or(vital.meter.usage);
            }
            Some("image_generation.partial_image" | "image_edit.partial_image") => vital.first_token = true,
            _ => vital.note_error(name, &event),
        }
    }

    fn member(&mut self, key: &str, value: Json<'_>, vital: &mut Vital) {
        match key {
            "usage" => vital.meter.usage = usage(&value).or(vital.meter.usage),
            _ => vital.note_error_member(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        PriceBook, Priced,
        json::{Rules, parse},
    };

    #[test]
    fn an_image_costs_what_openai_publishes() {
        // GPT Image 1: text in $5, image in $10, image out $40 a million tokens (OpenAI, "Pricing", 2026-10).
        let text = r#"{"input_tokens":50,"output_tokens":1056,"total_tokens":1106,"input_tokens_details":{"text_tokens":10,"image_tokens":40}}"#;
        let tokens = usage(&parse(text, &Rules::default()).expect("valid")).expect("counters");
        let priced = PriceBook::bundled().price("openai", "gpt-image-1", &tokens, 1_793_000_000);
        let Priced::Known { cost, .. } = priced else { panic!("{priced:?}") };
        assert_eq!(cost.nanos(), 10 * 5_000 + 40 * 10_000 + 1056 * 40_000);
    }
}
