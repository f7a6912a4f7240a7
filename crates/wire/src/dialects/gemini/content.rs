//! Contents and their parts, in requests and answers alike.

use llmtrace_model::{Message, Part, Role};
use serde_json::{Value, json};

use super::{at, camel, text_at};
use crate::{
    decode::Draft,
    dialects::parts::{blob, by_url, without_bytes},
    json::{Json, Members},
};

/// The messages of `contents`: a list, or one that stands alone.
pub(in crate::dialects) fn contents(value: Json<'_>, draft: &mut Draft) -> Vec<Message> {
    match value {
        Json::Array(items) => items.into_iter().map(|item| content(item, draft)).collect(),
        Json::Null => Vec::new(),
        one => vec![content(one, draft)],
    }
}

/// One message of a request; a text stands for a user's message.
fn content(value: Json<'_>, draft: &mut Draft) -> Message {
    let role = match text_at(&value, "role") {
        Some("user") | None => Role::User,
        Some("model") => Role::Assistant,
        Some("function" | "tool") => Role::Tool,
        Some("system") => Role::System,
        Some(_) => Role::Unknown,
    };
    let mut message = Message { role, name: None, parts: Vec::new(), finish_reason: None };
    match value {
        Json::Str(text) => message.parts.push(Part::Text { content: text.into_owned() }),
        Json::Object(_) if role != Role::Unknown => {
            message.parts = said(value, draft);
            let answers = |part: &Part| matches!(part, Part::ToolCallResponse { .. });
            // The API has no role for tools: what they answer comes as the user's.
            if role == Role::User && message.parts.first().is_some_and(answers) && message.parts.iter().all(is_answer) {
                message.role = Role::Tool;
            }
        }
        other => {
            draft.unknown("message", if role == Role::Unknown { "role" } else { "content" });
            message.parts.push(Part::Raw { value: without_bytes(other, draft) });
        }
    }
    message
}

/// What a tool's message may hold: answers, and the bytes that came with them.
fn is_answer(part: &Part) -> bool {
    matches!(part, Part::ToolCallResponse { .. } | Part::Blob { .. } | Part::Uri { .. })
}

/// The parts of a content.
pub(in crate::dialects) fn said(value: Json<'_>, draft: &mut Draft) -> Vec<Part> {
    let mut parts = Vec::new();
    each_part(value, draft, |item, draft| part(item, draft, &mut parts));
    parts
}

/// Calls `each` for every part of a content.
pub(super) fn each_part(value: Json<'_>, draft: &mut Draft, mut each: impl FnMut(Json<'_>, &mut Draft)) {
    for (key, value) in value.into_members() {
        match (key.as_ref(), value) {
            ("parts", Json::Array(items)) => items.into_iter().for_each(|item| each(item, draft)),
            // The API takes a single part without its list.
            ("parts", one @ Json::Object(_)) => each(one, draft),
            ("role" | "parts", _) => {}
            (other, _) => draft.unknown("message", other),
        }
    }
}

/// Reads one part. It holds one kind of data, and notes about it.
pub(super) fn part(value: Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    let before = parts.len();
    let mut rest: Members<'_> = Vec::new();
    let thought = at(&value, "thought").and_then(Json::as_bool) == Some(true);
    let mut noted = false;
    for (key, value) in value.into_members() {
        match camel(&key).as_ref() {
            "text" => match value {
                Json::Str(text) if thought => parts.push(Part::Reasoning { content: text.into_owned() }),
                Json::Str(text) => parts.push(Part::Text { content: text.into_owned() }),
                other => rest.push((key, other)),
            },
            "inlineData" => parts.push(inline(&value, draft)),
            "fileData" => {
                let uri = text_at(&value, "fileUri").unwrap_or("");
                parts.push(by_url(modality(text_at(&value, "mimeType")), uri, draft));
            }
            "functionCall" | "toolCall" => parts.push(call(value, draft)),
            "functionResponse" | "toolResponse" => response(value, draft, parts),
            "executableCode" => {
                let arguments = json!({"language": text_at(&value, "language"), "code": text_at(&value, "code")});
                let id = text_at(&value, "id").map(str::to_owned);
                parts.push(Part::ToolCall { id, name: CODE_EXECUTION.to_owned(), arguments });
            }
            "codeExecutionResult" => {
                let result = json!({"outcome": text_at(&value, "outcome"), "output": text_at(&value, "output")});
                let id = text_at(&value, "id").unwrap_or(CODE_EXECUTION).to_owned();
                parts.push(Part::ToolCallResponse { id: Some(id), result });
            }
            // Opaque bytes that a client must send back: they pass unchanged, and are named here.
            "thoughtSignature" => {
                draft.not_read("thought signature");
                noted = true;
            }
            "thought" | "videoMetadata" | "mediaResolution" | "partMetadata" => noted = true,
            _ => rest.push((key, value)),
        }
    }
    for (key, _) in &rest {
        draft.unknown("part", key);
    }
    if parts.len() > before {
        return;
    }
    if !rest.is_empty() {
        parts.push(Part::Raw { value: without_bytes(Json::Object(rest), draft) });
    } else if !noted {
        draft.unknown("part", "empty");
    }
}

/// The name of Google's code interpreter in tool calls; its results are joined to it by this name where it has no id.
const CODE_EXECUTION: &str = "code_execution";

fn inline(value: &Json<'_>, draft: &mut Draft) -> Part {
    let mime = text_at(value, "mimeType");
    blob(modality(mime), mime.map(str::to_owned), text_at(value, "data").unwrap_or(""), draft)
}

fn modality(mime: Option<&str>) -> &'static str {
    let mime = mime.unwrap_or("");
    match mime.split('/').next() {
        Some("image") => "image",
        Some("audio") => "audio",
        Some("video") => "video",
        Some("text") => "document",
        _ if mime == "application/pdf" => "document",
        _ => "file",
    }
}

/// A call of a function, or of a tool that Google runs.
fn call(value: Json<'_>, draft: &mut Draft) -> Part {
    let (mut id, mut name, mut arguments) = (None, String::new(), Value::Object(serde_json::Map::new()));
    for (key, value) in value.into_members() {
        match camel(&key).as_ref() {
            "id" => id = value.into_string(),
            "name" | "toolType" => name = value.into_string().unwrap_or_default(),
            "args" => arguments = without_bytes(value, draft),
            // Pieces of arguments: the assembler of streams takes them before.
            "partialArgs" | "willContinue" => {}
            other => draft.unknown("tool_call", other),
        }
    }
    Part::ToolCall { id, name, arguments }
}

/// What a tool answered. Without ids, which only newer models have, the name joins call and answer.
fn response(value: Json<'_>, draft: &mut Draft, parts: &mut Vec<Part>) {
    let (mut id, mut name, mut result, mut beside) = (None, None, Value::Null, Vec::new());
    for (key, value) in value.into_members() {
        match camel(&key).as_ref() {
            "id" => id = value.into_string(),
            "name" | "toolType" => name = value.into_string(),
            "response" => result = without_bytes(value, draft),
            "parts" => {
                for item in value.into_items() {
                    part(item, draft, &mut beside);
                }
            }
            "willContinue" | "scheduling" => {}
            other => draft.unknown("tool_call", other),
        }
    }
    parts.push(Part::ToolCallResponse { id: id.or(name), result });
    parts.append(&mut beside);
}
