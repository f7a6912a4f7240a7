//! The items of a response: messages, calls of tools and what the tools answered, reasoning.
//!
//! What the provider runs itself (searches, code, MCP) is a call and, where the item has it, the answer in the same item.

use llmtrace_model::{Message, Part, Role};
use serde_json::{Map, Value};

use super::content::content;
use crate::{
    decode::Draft,
    dialects::parts::{arguments, blob, without_bytes},
    json::{Json, Members},
};

/// What an item says, and who says it.
pub(super) struct Said {
    pub role: Role,
    pub parts: Vec<Part>,
}

impl Said {
    pub(super) fn into_message(self) -> Message {
        Message { role: self.role, name: None, parts: self.parts, finish_reason: None }
    }
}

/// Reads one item of either direction. A type this version does not know is kept raw and named.
pub(super) fn item(value: Json<'_>, draft: &mut Draft) -> Said {
    let kind = value.str_at("type").map(str::to_owned);
    let kind = match &kind {
        Some(kind) => kind.as_str(),
        // The short form of a message has a role and no type.
        None if value.get("role").is_some() => "message",
        None => "",
    };
    let Some((_, role, read)) = KINDS.iter().find(|(known, ..)| *known == kind) else {
        draft.unknown("item", if kind.is_empty() { "type" } else { kind });
        return Said { role: Role::Unknown, parts: vec![Part::Raw { value: without_bytes(value, draft) }] };
    };
    let mut item = Item(value.into_members());
    let (said, parts) = match read {
        Read::Message => message(&mut item, draft),
        Read::Parts(read) => (*role, read(&mut item, draft)),
    };
    for (key, _) in &item.0 {
        if !COMMON.contains(&key.as_ref()) {
            draft.unknown("item", key);
        }
    }
    Said { role: said, parts }
}

/// Members of any item that say nothing of their own.
const COMMON: &[&str] = &[
    "id",
    "type",
    "status",
    "phase",
    "role",
    "call_id",
    "created_by",
    "namespace",
    "caller",
    "agent",
    "execution",
    "approval_request_id",
    "server_label",
    "metadata",
    "acknowledged_safety_checks",
    "max_output_length",
];

/// How a kind of item is read.
enum Read {
    /// Its role is in the item.
    Message,
    Parts(fn(&mut Item<'_>, &mut Draft) -> Vec<Part>),
}

const KINDS: &[(&str, Role, Read)] = &[
    ("message", Role::Unknown, Read::Message),
    ("function_call", Role::Assistant, Read::Parts(function_call)),
    ("function_call_output", Role::Tool, Read::Parts(output)),
    ("reasoning", Role::Assistant, Read::Parts(reasoning)),
    ("custom_tool_call", Role::Assistant, Read::Parts(custom_call)),
    ("custom_tool_call_output", Role::Tool, Read::Parts(output)),
    ("web_search_call", Role::Assistant, Read::Parts(|i, d| hosted("web_search", &["action"], "results", i, d))),
    ("file_search_call", Role::Assistant, Read::Parts(|i, d| hosted("file_search", &["queries"], "results", i, d))),
    (
        "code_interpreter_call",
        Role::Assistant,
        Read::Parts(|i, d| hosted("code_interpreter", &["code", "container_id"], "outputs", i, d)),
    ),
    ("image_generation_call", Role::Assistant, Read::Parts(image)),
    (
        "computer_call",
        Role::Assistant,
        Read::Parts(|i, d| hosted("computer", &["action", "actions", "pending_safety_checks"], "", i, d)),
    ),
    ("computer_call_output", Role::Tool, Read::Parts(output)),
    ("local_shell_call", Role::Assistant, Read::Parts(|i, d| hosted("local_shell", &["action"], "", i, d))),
    ("local_shell_call_output", Role::Tool, Read::Parts(output)),
    ("shell_call", Role::Assistant, Read::Parts(|i, d| hosted("shell", &["action", "environment"], "", i, d))),
    ("shell_call_output", Role::Tool, Read::Parts(output)),
    ("apply_patch_call", Role::Assistant, Read::Parts(|i, d| hosted("apply_patch", &["operation"], "", i, d))),
    ("apply_patch_call_output", Role::Tool, Read::Parts(output)),
    ("tool_search_call", Role::Assistant, Read::Parts(|i, d| hosted("tool_search", &["arguments"], "", i, d))),
    ("tool_search_output", Role::Tool, Read::Parts(|i, d| answered("tools", i, d))),
    ("mcp_list_tools", Role::Assistant, Read::Parts(|i, d| hosted("mcp_list_tools", &["server_label"], "tools", i, d))),
    ("mcp_call", Role::Assistant, Read::Parts(mcp_call)),
    (
        "mcp_approval_request",
        Role::Assistant,
        Read::Parts(|i, d| hosted("mcp_approval_request", &["server_label", "name", "arguments"], "", i, d)),
    ),
    ("mcp_approval_response", Role::User, Read::Parts(approval)),
    ("item_reference", Role::Unknown, Read::Parts(|i, d| sealed("item reference", i, d))),
    ("compaction", Role::Assistant, Read::Parts(|i, d| sealed("compaction", i, d))),
    ("compaction_summary", Role::Assistant, Read::Parts(|i, d| sealed("compaction", i, d))),
];

/// The members of an item that nobody has taken yet.
struct Item<'a>(Members<'a>);

impl<'a> Item<'a> {
    /// Takes a member; the last where the key repeats, nothing where it is `null`.
    fn take(&mut self, key: &str) -> Option<Json<'a>> {
        let at = self.0.iter().rposition(|(known, _)| known == key)?;
        Some(self.0.swap_remove(at).1).filter(|value| !value.is_null())
    }

    fn text(&mut self, key: &str) -> Option<String> {
        self.take(key).and_then(Json::into_string)
    }

    /// The id by which the answer to a call names it.
    fn call_id(&mut self) -> Option<String> {
        let own = self.text("id");
        self.text("call_id").or(own)
    }
}

fn message(item: &mut Item<'_>, draft: &mut Draft) -> (Role, Vec<Part>) {
    let role = match item.text("role").as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        Some("developer") => Role::Developer,
        Some("tool") => Role::Tool,
        Some(_) | None => {
            draft.unknown("message", "role");
            Role::Unknown
        }
    };
    (role, item.take("content").map_or(Vec::new(), |value| content(value, draft)))
}

fn function_call(item: &mut Item<'_>, _draft: &mut Draft) -> Vec<Part> {
    let (id, name) = (item.call_id(), item.text("name").unwrap_or_default());
    let arguments = match item.take("arguments") {
        Some(Json::Str(text)) => arguments(text.into_owned()),
        Some(other) => other.into_value(),
        None => Value::Object(Map::new()),
    };
    vec![Part::ToolCall { id, name, arguments }]
}

fn custom_call(item: &mut Item<'_>, _draft: &mut Draft) -> Vec<Part> {
    let (id, name) = (item.call_id(), item.text("name").unwrap_or_default());
    vec![Part::ToolCall { id, name, arguments: Value::String(item.text("input").unwrap_or_default()) }]
}

fn output(item: &mut Item<'_>, draft: &mut Draft) -> Vec<Part> {
    answered("output", item, draft)
}

fn answered(key: &str, item: &mut Item<'_>, draft: &mut Draft) -> Vec<Part> {
    let result = item.take(key).map_or(Value::Null, |value| without_bytes(value, draft));
    vec![Part::ToolCallResponse { id: item.call_id(), result }]
}

/// Reasoning: its text where the provider shows it, its summary, and how it is closed up.
fn reasoning(item: &mut Item<'_>, draft: &mut Draft) -> Vec<Part> {
    let mut parts = Vec::new();
    for key in ["content", "summary"] {
        for one in item.take(key).map_or(Vec::new(), Json::into_items) {
            match one.str_at("text") {
                Some(text) => parts.push(Part::Reasoning { content: text.to_owned() }),
                None => draft.unknown("reasoning", one.str_at("type").unwrap_or("type")),
            }
        }
    }
    if item.take("encrypted_content").is_some() {
        draft.not_read("encrypted reasoning");
    }
    if parts.is_empty() {
        parts.push(Part::Reasoning { content: String::new() });
    }
    parts
}

/// A tool the provider runs, or one the client runs in the provider's shape: these members are its arguments, that one its
/// answer.
fn hosted(name: &str, given: &[&str], result: &str, item: &mut Item<'_>, draft: &mut Draft) -> Vec<Part> {
    let id = item.call_id();
    let mut members = Map::new();
    for key in given {
        if let Some(value) = item.take(key) {
            members.insert((*key).to_owned(), without_bytes(value, draft));
        }
    }
    // The only member stands for itself, but a list and a text keep their name.
    let only = members.values().next().filter(|value| members.len() == 1 && value.is_object()).cloned();
    let arguments = only.unwrap_or(Value::Object(members));
    let mut parts = vec![Part::ToolCall { id: id.clone(), name: name.to_owned(), arguments }];
    let result = [result, "error"].into_iter().find_map(|key| item.take(key));
    parts.extend(result.map(|value| Part::ToolCallResponse { id, result: without_bytes(value, draft) }));
    parts
}

fn mcp_call(item: &mut Item<'_>, draft: &mut Draft) -> Vec<Part> {
    let mut parts = function_call(item, draft);
    let id = parts.first().and_then(|part| if let Part::ToolCall { id, .. } = part { id.clone() } else { None });
    let result = ["error", "output"].into_iter().find_map(|key| item.take(key));
    parts.extend(result.map(|value| Part::ToolCallResponse { id, result: without_bytes(value, draft) }));
    item.take("output");
    parts
}

fn approval(item: &mut Item<'_>, draft: &mut Draft) -> Vec<Part> {
    let mut result = Map::new();
    for key in ["approve", "reason"] {
        if let Some(value) = item.take(key) {
            result.insert(key.to_owned(), without_bytes(value, draft));
        }
    }
    vec![Part::ToolCallResponse { id: item.text("approval_request_id"), result: Value::Object(result) }]
}

/// An image the model made, and what was asked of the tool.
fn image(item: &mut Item<'_>, draft: &mut Draft) -> Vec<Part> {
    let made = item.text("result");
    let mime = item.0.iter().find(|(key, _)| key == "output_format").and_then(|(_, format)| format.as_str());
    let mime = mime.map(|format| format!("image/{format}"));
    let given =
        ["action", "background", "model", "moderation", "output_format", "prompt", "quality", "revised_prompt", "size"];
    let mut parts = hosted("image_generation", &given, "", item, draft);
    parts.extend(made.filter(|image| !image.is_empty()).map(|image| blob("image", mime, &image, draft)));
    parts
}

/// Something only the provider can open: named, its bytes not kept.
fn sealed(what: &'static str, item: &mut Item<'_>, draft: &mut Draft) -> Vec<Part> {
    draft.not_read(what);
    let mut kept = Map::new();
    for key in ["type", "id"] {
        kept.extend(item.text(key).map(|text| (key.to_owned(), Value::String(text))));
    }
    if let Some(bytes) = item.text("encrypted_content") {
        kept.insert("encrypted_content".to_owned(), Value::String(format!("[{} bytes inline]", bytes.len())));
    }
    vec![Part::Raw { value: Value::Object(kept) }]
}
