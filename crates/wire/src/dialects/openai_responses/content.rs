//! The parts of a message's content.

use llmtrace_model::Part;

use crate::{
    decode::Draft,
    dialects::parts::{blob, by_url, citation, file, inline, without_bytes},
    json::Json,
};

/// Content: a text or parts.
pub(super) fn content(value: Json<'_>, draft: &mut Draft) -> Vec<Part> {
    let mut parts = Vec::new();
    match value {
        Json::Str(text) => parts.push(Part::Text { content: text.into_owned() }),
        Json::Array(items) => items.into_iter().for_each(|item| part(item, draft, &mut parts)),
        Json::Null => {}
        other @ (Json::Bool(_) | Json::Number(_) | Json::Object(_) | Json::Skipped) => {
            draft.unknown("message", "content");
            parts.push(Part::Raw { value: other.into_value() });
        }
    }
    parts
}

/// Reads one part; a text brings the sources it cites.
pub(super) fn part(value: Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    let text = |key: &str| value.str_at(key).map(str::to_owned);
    let read = match value.str_at("type") {
        Some("input_text" | "output_text" | "text" | "summary_text") => {
            text("text").map(|content| Part::Text { content })
        }
        Some("reasoning_text") => text("text").map(|content| Part::Reasoning { content }),
        Some("refusal") => text("refusal").map(|content| Part::Refusal { content }),
        Some("input_image" | "computer_screenshot") => held(&value, "image", "image_url", draft),
        Some("input_file") => match value.str_at("file_data") {
            Some(data) => Some(inline("file", data, draft)),
            None => held(&value, "file", "file_url", draft),
        },
        Some("input_audio") => value.get("input_audio").map(|audio| {
            let mime = audio.str_at("format").map(|format| format!("audio/{format}"));
            blob("audio", mime, audio.str_at("data").unwrap_or(""), draft)
        }),
        Some("output_audio") => {
            parts.push(blob("audio", None, value.str_at("data").unwrap_or(""), draft));
            text("transcript").map(|content| Part::Text { content })
        }
        Some(_) | None => None,
    };
    let Some(read) = read else {
        draft.unknown("part", value.str_at("type").unwrap_or("type"));
        parts.push(Part::Raw { value: without_bytes(value, draft) });
        return;
    };
    parts.push(read);
    if let Some(Json::Array(sources)) = value.get("annotations") {
        for source in sources {
            cite(source, draft, parts);
        }
    }
}

/// Something by URL or by the id of a file; `None` where it is neither.
fn held(value: &Json<'_>, modality: &'static str, url: &str, draft: &mut Draft) -> Option<Part> {
    match (value.str_at(url), value.str_at("file_id")) {
        (Some(url), _) => Some(by_url(modality, url, draft)),
        (None, Some(id)) => Some(file(modality, id, draft)),
        (None, None) => None,
    }
}

/// Adds a source, once; one that names neither URL nor file is named.
pub(super) fn cite(source: &Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    match citation(source) {
        Some(source) if !parts.contains(&source) => parts.push(source),
        Some(_) => {}
        None => draft.unknown("annotation", source.str_at("type").unwrap_or("type")),
    }
}
