//! Gemini `generateContent` and `streamGenerateContent`, on the Gemini API and on Vertex AI.
//!
//! Source: Gemini API reference, "Generating content"; Vertex AI reference, "GenerateContentResponse"; the types of
//! Google's Gen AI SDKs (2026-11). The API takes members in camelCase and in snake_case; so do the readers here.

use std::borrow::Cow;

use super::{Arrays, Format};
use crate::{
    Dialect, Family,
    decode::{Draft, Exchange, header},
    json::Json,
};

mod content;
mod grounding;
mod request;
mod scan;
mod stream;
mod usage;

pub(super) use content::{contents, said};
pub(super) use request::{instructions, request, tools};
pub(super) use scan::Scan;
pub(super) use usage::GeminiUsage;

/// `POST …/models/{model}:generateContent`, and `:streamGenerateContent`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::Gemini,
    name: "gemini",
    operation: "generate_content",
    family: Family::Google,
    speaks: |method, path| method == "POST" && matches!(verb(path), "generateContent" | "streamGenerateContent"),
    path_model,
    streams: |path, _| verb(path) == "streamGenerateContent",
    arrays: Arrays::Streams,
    head,
    request,
    answer: stream::answer,
    skip: PROBABILITIES,
    stream: Some(|| Box::new(stream::Stream::of_events())),
    scan: || Box::new(Scan::default()),
    vital: VITAL,
    ..Format::JSON
};

/// Members of answers that are never read.
const PROBABILITIES: &[&str] = &["logprobsResult", "logprobs_result"];

/// Members of a one-document answer that the bill follows from.
pub(super) const VITAL: &[&str] = &["usageMetadata", "usage_metadata", "error"];

/// What a path asks for: the word behind the last colon of its last segment; empty where there is none.
pub(super) fn verb(path: &str) -> &str {
    let last = path.rsplit('/').next().unwrap_or("");
    last.rsplit_once(':').map_or("", |(_, verb)| verb)
}

/// The model of a path: the bare name of a model, `tunedModels/…` and `endpoints/…` with their kind.
pub(super) fn path_model(path: &str) -> Option<&str> {
    let path = path.strip_suffix(verb(path)).and_then(|rest| rest.strip_suffix(':')).unwrap_or(path);
    let (rest, name) = path.rsplit_once('/')?;
    let kind = rest.rsplit('/').next().unwrap_or("");
    match kind {
        _ if name.is_empty() => None,
        "models" => Some(name),
        "tunedModels" | "endpoints" => path.get(path.len() - kind.len() - 1 - name.len()..),
        _ => None,
    }
}

/// A model as bodies name it: `models/…`, or with project and publisher before it.
pub(super) fn body_model(name: &str) -> &str {
    if name.contains("/models/") || name.starts_with("models/") {
        return name.rsplit('/').next().unwrap_or(name);
    }
    name
}

/// The service tier stands in a header, too.
fn head(x: &Exchange<'_>, draft: &mut Draft) {
    draft.service_tier = header(x.answer_headers, "x-gemini-service-tier").map(str::to_ascii_lowercase);
}

/// A member's name in camelCase.
pub(super) fn camel(key: &str) -> Cow<'_, str> {
    if memchr::memchr(b'_', key.as_bytes()).is_none() {
        return Cow::Borrowed(key);
    }
    let mut out = String::with_capacity(key.len());
    let mut raise = false;
    for c in key.chars() {
        match c {
            '_' if !out.is_empty() => raise = true,
            _ if raise => {
                out.push(c.to_ascii_uppercase());
                raise = false;
            }
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Says whether a key is this camelCase name, whichever way it is written: as [`camel`] would, but without a copy.
fn is_named(key: &str, name: &str) -> bool {
    if key.len() == name.len() {
        return key == name;
    }
    let mut wanted = name.bytes();
    let mut raise = false;
    for (at, byte) in key.bytes().enumerate() {
        if byte == b'_' && at > 0 {
            raise = true;
            continue;
        }
        let byte = if std::mem::take(&mut raise) { byte.to_ascii_uppercase() } else { byte };
        if wanted.next() != Some(byte) {
            return false;
        }
    }
    wanted.next().is_none()
}

/// The member of an object under its camelCase name, whichever way it is written.
pub(super) fn at<'j, 'a>(value: &'j Json<'a>, name: &str) -> Option<&'j Json<'a>> {
    match value {
        Json::Object(members) => members.iter().rev().find(|(key, _)| is_named(key, name)).map(|(_, value)| value),
        _ => None,
    }
}

/// A text member, whichever way its name is written.
pub(super) fn text_at<'j>(value: &'j Json<'_>, name: &str) -> Option<&'j str> {
    at(value, name).and_then(Json::as_str)
}

#[cfg(test)]
mod tests;
