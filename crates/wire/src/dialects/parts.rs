//! Parts that several formats share: references, inline bytes, tool arguments.

use llmtrace_model::Part;
use serde_json::{Map, Value};

use crate::{
    decode::Draft,
    headers::redact_target,
    json::{Json, Members, Rules, parse},
};

/// Tool arguments: JSON where they parse, else the raw text.
pub(super) fn arguments(text: String) -> Value {
    if text.is_empty() {
        return Value::Object(Map::new());
    }
    parse(&text, &Rules::default()).map(Json::into_value).unwrap_or(Value::String(text))
}

/// Something by URL: inline where it is a data URL, else by reference without credentials.
pub(super) fn by_url(modality: &'static str, url: &str, draft: &mut Draft) -> Part {
    draft.not_read(modality);
    match url.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
        Some((media, bytes)) => {
            let mime = media.split(';').next().filter(|m| !m.is_empty()).map(str::to_owned);
            Part::Blob { modality: modality.to_owned(), mime_type: mime, size_bytes: bytes.len() as u64 }
        }
        None => Part::Uri { modality: modality.to_owned(), uri: redact_target(url).into_owned() },
    }
}

/// Something inline: a data URL, or base64 without one; some servers also take a URL here.
pub(super) fn inline(modality: &'static str, data: &str, draft: &mut Draft) -> Part {
    if data.starts_with("data:") || data.starts_with("http://") || data.starts_with("https://") {
        by_url(modality, data, draft)
    } else {
        blob(modality, None, data, draft)
    }
}

/// A source an answer cites (`url_citation`, `file_citation` and their kin), flat or in a member named after its type;
/// `None` where it names neither a URL nor a file.
pub(super) fn citation(value: &Json<'_>) -> Option<Part> {
    let kind = value.str_at("type").unwrap_or("");
    let held = value.get(kind).unwrap_or(value);
    let by = |key: &str| held.str_at(key).filter(|text| !text.is_empty());
    if let Some(url) = value.as_str().or_else(|| by("url")) {
        return Some(Part::Uri { modality: CITATION.to_owned(), uri: redact_target(url).into_owned() });
    }
    by("file_id").map(|id| Part::File { modality: CITATION.to_owned(), file_id: id.to_owned() })
}

/// The modality of a source: nothing the model was given or made, but what it says it drew from.
const CITATION: &str = "citation";

/// Inline bytes, by name and size.
pub(super) fn blob(modality: &'static str, mime_type: Option<String>, data: &str, draft: &mut Draft) -> Part {
    draft.not_read(modality);
    Part::Blob { modality: modality.to_owned(), mime_type, size_bytes: data.len() as u64 }
}

/// A file the provider holds.
pub(super) fn file(modality: &'static str, file_id: &str, draft: &mut Draft) -> Part {
    draft.not_read(modality);
    Part::File { modality: modality.to_owned(), file_id: file_id.to_owned() }
}

/// A value with its inline bytes replaced by their size: what a tool answered may hold screenshots.
pub(super) fn without_bytes(value: Json<'_>, draft: &mut Draft) -> Value {
    match value {
        Json::Array(items) => Value::Array(items.into_iter().map(|item| without_bytes(item, draft)).collect()),
        Json::Object(members) => without_bytes_in(members, draft),
        Json::Str(text) if text.starts_with("data:") && text.len() > 64 => {
            draft.not_read("blob");
            Value::String(format!("[{} bytes inline]", text.len()))
        }
        other => other.into_value(),
    }
}

/// Members that hold base64 wherever they stand.
const BYTES: &[&str] = &["bytes", "file_data", "b64_json", "encrypted_content", "partial_image_b64"];

fn without_bytes_in(members: Members<'_>, draft: &mut Draft) -> Value {
    // Anthropic's word for inline bytes, and the media type that Google's and MCP's bytes stand beside.
    let base64 = members.iter().any(|(key, value)| match key.as_ref() {
        "type" => value.as_str() == Some("base64"),
        "mimeType" | "mime_type" => true,
        _ => false,
    });
    let mut out = Map::new();
    for (key, value) in members {
        let value = match value {
            Json::Str(data) if (base64 && key == "data") || (data.len() > 64 && BYTES.contains(&key.as_ref())) => {
                draft.not_read("blob");
                Value::String(format!("[{} bytes inline]", data.len()))
            }
            other => without_bytes(other, draft),
        };
        out.insert(key.into_owned(), value);
    }
    Value::Object(out)
}
