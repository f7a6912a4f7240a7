//! Puts the events of a streamed chat together again.

use llmtrace_model::{Message, Part, Role};

use crate::{
    decode::Draft,
    dialects::{
        Assemble, cohere,
        error::{error_info, error_of},
        parts::arguments,
    },
    json::Json,
};

/// Most blocks that are kept apart.
const MAX_BLOCKS: usize = 4096;

/// A streamed answer in the making.
#[derive(Default)]
pub(super) struct Stream {
    started: bool,
    plan: String,
    blocks: Vec<(Key, Block)>,
    finish_reason: Option<String>,
}

/// Content and tool calls are numbered apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Content(u64),
    Call(u64),
}

#[derive(Default)]
struct Block {
    text: String,
    thinking: String,
    call: Option<Call>,
}

#[derive(Default)]
struct Call {
    id: Option<String>,
    name: String,
    arguments: String,
}

impl Assemble for Stream {
    fn event(&mut self, _name: &[u8], event: Json<'_>, draft: &mut Draft) {
        let index = event.u64_at("index").unwrap_or(0);
        let message = || event.get("delta").and_then(|delta| delta.get("message"));
        match event.str_at("type") {
            Some("message-start") => {
                self.started = true;
                draft.response_id = event.str_at("id").map(str::to_owned);
            }
            Some("content-start" | "content-delta") => {
                let content = message().and_then(|m| m.get("content"));
                if let Some((block, content)) = self.block(Key::Content(index), draft).zip(content) {
                    block.text.push_str(content.str_at("text").unwrap_or(""));
                    block.thinking.push_str(content.str_at("thinking").unwrap_or(""));
                }
            }
            Some("tool-plan-delta") => {
                self.started = true;
                self.plan.push_str(message().and_then(|m| m.str_at("tool_plan")).unwrap_or(""));
            }
            Some("tool-call-start" | "tool-call-delta") => {
                let call = message().and_then(|m| m.get("tool_calls"));
                if let Some((block, call)) = self.block(Key::Call(index), draft).zip(call) {
                    block.call.get_or_insert_default().take(call);
                }
            }
            Some("message-end") => self.end(&event, draft),
            // Citations point into the text that is kept.
            Some("content-end" | "tool-call-end" | "citation-start" | "citation-end" | "debug") => {}
            Some(other) => draft.unknown("event", other),
            None => draft.error = error_of(&event).or(draft.error.take()),
        }
    }

    fn finish(self: Box<Self>, draft: &mut Draft) {
        draft.finish_reasons.extend(self.finish_reason.clone());
        if !self.started {
            return;
        }
        let plan = (!self.plan.is_empty()).then_some(Part::Reasoning { content: self.plan });
        let parts = plan.into_iter().chain(self.blocks.into_iter().flat_map(|(_, block)| block.into_parts()));
        draft.content.output_messages.push(Message {
            role: Role::Assistant,
            name: None,
            parts: parts.collect(),
            finish_reason: self.finish_reason,
        });
    }
}

impl Stream {
    fn block(&mut self, key: Key, draft: &mut Draft) -> Option<&mut Block> {
        self.started = true;
        let at = match self.blocks.iter().rposition(|(k, _)| *k == key) {
            Some(at) => at,
            None if self.blocks.len() < MAX_BLOCKS => {
                self.blocks.push((key, Block::default()));
                self.blocks.len() - 1
            }
            None => {
                draft.unknown("event", "index");
                return None;
            }
        };
        Some(&mut self.blocks[at].1)
    }

    fn end(&mut self, event: &Json<'_>, draft: &mut Draft) {
        let Some(delta) = event.get("delta") else { return };
        self.finish_reason = delta.str_at("finish_reason").map(str::to_owned);
        if let Some(usage) = delta.get("usage") {
            draft.usage = cohere::usage(usage);
            draft.units = cohere::units(usage);
        }
        if let Some(message) = delta.str_at("error") {
            draft.error = Some(error_info("error", message));
        }
    }
}

impl Call {
    fn take(&mut self, delta: &Json<'_>) {
        if let Some(id) = delta.str_at("id") {
            self.id = Some(id.to_owned());
        }
        if let Some(function) = delta.get("function") {
            self.name.push_str(function.str_at("name").unwrap_or(""));
            self.arguments.push_str(function.str_at("arguments").unwrap_or(""));
        }
    }
}

impl Block {
    fn into_parts(self) -> impl Iterator<Item = Part> {
        let thinking = (!self.thinking.is_empty()).then_some(Part::Reasoning { content: self.thinking });
        let text = (!self.text.is_empty()).then_some(Part::Text { content: self.text });
        let call =
            self.call.map(|call| Part::ToolCall { id: call.id, name: call.name, arguments: arguments(call.arguments) });
        thinking.into_iter().chain(text).chain(call)
    }
}
