//! OpenAI files: what was uploaded, listed, read or deleted; metadata only, and nothing is billed.
//!
//! Source: OpenAI API reference, "Files" (2026-10).

use memchr::memmem;
use serde_json::Value;

use super::{Format, openai::take_error};
use crate::{
    Dialect, Family,
    decode::{Draft, Exchange},
    json::Json,
    multipart::{self, Field},
};

/// `…/files`, `…/files/{id}` and `…/files/{id}/content`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::OpenaiFiles,
    name: "openai_files",
    operation: "files",
    family: Family::OpenAi,
    speaks: |method, path| matches!(method, "GET" | "POST" | "DELETE") && is_files(path),
    form: Some(form),
    head,
    answer,
    bytes: |_| Some("file"),
    ..Format::JSON
};

/// `/files` below `/v1` or `/openai`; Gemini's `/v1beta/files` and Anthropic's are told apart by what follows them.
fn is_files(path: &str) -> bool {
    let Some(at) = memmem::find(path.as_bytes(), b"/files") else { return false };
    let (before, after) = (&path[..at], &path[at + "/files".len()..]);
    let below = before.rsplit('/').next().unwrap_or("");
    let rest = after.strip_prefix('/').unwrap_or(after);
    let id = rest.strip_suffix("/content").unwrap_or(rest);
    matches!(below, "" | "v1" | "openai") && (after.is_empty() || after.starts_with('/')) && !id.contains('/')
}

fn head(x: &Exchange<'_>, draft: &mut Draft) {
    draft.params.insert("http.method".to_owned(), Value::from(x.method));
}

fn form(fields: &[Field<'_>], draft: &mut Draft) {
    for field in fields {
        match &field.value {
            multipart::Value::File { media, size_bytes } => {
                draft.not_read("file");
                draft.params.insert("file.size_bytes".to_owned(), Value::from(*size_bytes));
                draft.params.extend(media.map(|media| ("file.media_type".to_owned(), Value::from(media))));
            }
            multipart::Value::Text(text) if field.name == "purpose" => {
                draft.param("file.purpose", &Json::Str((*text).into()));
            }
            multipart::Value::Text(text) if field.name.starts_with("expires_after") => {
                draft.param(field.name, &Json::Str((*text).into()));
            }
            multipart::Value::Text(_) | multipart::Value::Unread => draft.unknown("request", field.name),
        }
    }
}

fn answer(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "id" => draft.response_id = value.into_string(),
            "bytes" => draft.param("file.size_bytes", &value),
            "purpose" | "status" => draft.param(&format!("file.{key}"), &value),
            "data" => {
                draft.params.insert("file.count".to_owned(), Value::from(value.into_items().len()));
            }
            "error" => take_error(&Json::Object(vec![("error".into(), value)]), draft),
            // A file that is JSON itself is somebody's data: its members are not named.
            _ => {}
        }
    }
}
