//! Puts the events of ConverseStream together again; their kind is the name of their frame.

use llmtrace_model::{Message, Part, Role};
use serde_json::Value;

use super::about;
use crate::{
    decode::Draft,
    dialects::{
        Assemble,
        parts::{arguments, blob, without_bytes},
    },
    json::Json,
};

/// Most blocks that are kept apart.
const MAX_BLOCKS: usize = 4096;

/// A streamed answer in the making.
#[derive(Default)]
pub(in crate::dialects) struct Stream {
    role: Option<Role>,
    blocks: Vec<(u64, Block)>,
    finish_reason: Option<String>,
}

/// One block in the making.
#[derive(Default)]
struct Block {
    call: Option<(Option<String>, String)>,
    /// The call that a result inside the answer belongs to.
    answers: Option<String>,
    text: String,
    reasoning: Option<String>,
    input: String,
    result: Vec<Value>,
    image: Option<(Option<String>, String)>,
}

impl Assemble for Stream {
    fn event(&mut self, name: &[u8], event: Json<'_>, draft: &mut Draft) {
        match name {
            b"messageStart" => {
                self.role = Some(if event.str_at("role") == Some("user") { Role::User } else { Role::Assistant });
            }
            b"contentBlockStart" => {
                if let Some(block) = self.block(&event, draft) {
                    block.start(event, draft);
                }
            }
            b"contentBlockDelta" => {
                if let Some(block) = self.block(&event, draft) {
                    block.take(event, draft);
                }
            }
            b"messageStop" => {
                for (key, value) in event.into_members() {
                    match key.as_ref() {
                        "stopReason" => self.finish_reason = value.into_string(),
                        "additionalModelResponseFields" | "p" => {}
                        other => draft.unknown("messageStop", other),
                    }
                }
            }
            b"metadata" => event.into_members().iter().for_each(|(key, value)| about(key, value, draft)),
            b"contentBlockStop" | b"initial-response" => {}
            other => draft.unknown("event", &String::from_utf8_lossy(other)),
        }
    }

    fn finish(self: Box<Self>, draft: &mut Draft) {
        draft.finish_reasons.extend(self.finish_reason.clone());
        if self.role.is_none() && self.blocks.is_empty() {
            return;
        }
        let parts = self.blocks.into_iter().flat_map(|(_, block)| block.into_parts(draft)).collect();
        let role = self.role.unwrap_or(Role::Assistant);
        draft.content.output_messages.push(Message { role, name: None, parts, finish_reason: self.finish_reason });
    }
}

impl Stream {
    fn block(&mut self, event: &Json<'_>, draft: &mut Draft) -> Option<&mut Block> {
        let index = event.u64_at("contentBlockIndex").unwrap_or(0);
        let at = match self.blocks.iter().rposition(|(i, _)| *i == index) {
            Some(at) => at,
            None if self.blocks.len() < MAX_BLOCKS => {
                self.blocks.push((index, Block::default()));
                self.blocks.len() - 1
            }
            None => {
                draft.unknown("event", "contentBlockIndex");
                return None;
            }
        };
        Some(&mut self.blocks[at].1)
    }
}

impl Block {
    fn start(&mut self, event: Json<'_>, draft: &mut Draft) {
        for (kind, value) in inside(event, "start") {
            let text = |key: &str| value.str_at(key).map(str::to_owned);
            match kind.as_ref() {
                "toolUse" => self.call = Some((text("toolUseId"), text("name").unwrap_or_default())),
                "toolResult" => self.answers = Some(text("toolUseId").unwrap_or_default()),
                "image" => self.image = Some((text("format").map(|f| format!("image/{f}")), String::new())),
                other => draft.unknown("start", other),
            }
        }
    }

    fn take(&mut self, event: Json<'_>, draft: &mut Draft) {
        for (kind, value) in inside(event, "delta") {
            match kind.as_ref() {
                "text" => self.text.push_str(value.as_str().unwrap_or("")),
                "toolUse" => self.input.push_str(value.str_at("input").unwrap_or("")),
                "toolResult" => {
                    self.answers.get_or_insert_default();
                    self.result.extend(value.into_items().into_iter().map(|item| without_bytes(item, draft)));
                }
                "reasoningContent" => {
                    let thought = self.reasoning.get_or_insert_default();
                    for (key, value) in value.into_members() {
                        match key.as_ref() {
                            "text" => thought.push_str(value.as_str().unwrap_or("")),
                            "redactedContent" => draft.not_read("redacted thinking"),
                            "signature" => {}
                            other => draft.unknown("delta", other),
                        }
                    }
                }
                "image" => {
                    let (_, bytes) = self.image.get_or_insert_default();
                    let source = value.get("source");
                    bytes.push_str(source.and_then(|source| source.str_at("bytes")).unwrap_or(""));
                }
                "citation" => {}
                other => draft.unknown("delta", other),
            }
        }
    }

    fn into_parts(self, draft: &mut Draft) -> Vec<Part> {
        let mut parts = Vec::new();
        parts.extend(self.reasoning.map(|content| Part::Reasoning { content }));
        if !self.text.is_empty() {
            parts.push(Part::Text { content: self.text });
        }
        match self.call {
            Some((id, name)) => parts.push(Part::ToolCall { id, name, arguments: arguments(self.input) }),
            // Its start lies in a gap of the copy.
            None if !self.input.is_empty() => parts.push(Part::Raw { value: Value::String(self.input) }),
            None => {}
        }
        if let Some(id) = self.answers {
            parts.push(Part::ToolCallResponse {
                id: Some(id).filter(|id| !id.is_empty()),
                result: Value::Array(self.result),
            });
        }
        parts.extend(self.image.map(|(mime, bytes)| blob("image", mime, &bytes, draft)));
        parts
    }
}

/// The members of one member of an event.
fn inside<'a>(event: Json<'a>, key: &str) -> crate::json::Members<'a> {
    let found = event.into_members().into_iter().find(|(name, _)| name == key);
    found.map_or_else(Vec::new, |(_, value)| value.into_members())
}
