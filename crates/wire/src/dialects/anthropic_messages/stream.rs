//! Puts the events of a streamed message together again.

use llmtrace_model::{Message, Part, Role};
use serde_json::Value;

use super::{answered, block, take_usage};
use crate::{
    decode::Draft,
    dialects::{Assemble, error::error_of, parts::arguments},
    json::Json,
    usage::AnthropicUsage,
};

/// Most blocks that are kept apart.
const MAX_BLOCKS: usize = 4096;

/// A streamed answer in the making.
#[derive(Default)]
pub(in crate::dialects) struct Stream {
    usage: AnthropicUsage,
    blocks: Vec<(u64, Block)>,
    started: bool,
    finish_reason: Option<String>,
}

/// One block in the making: what it started as, and the deltas.
#[derive(Default)]
struct Block {
    parts: Vec<Part>,
    text: String,
    thinking: String,
    input: String,
}

impl Assemble for Stream {
    fn event(&mut self, _name: &[u8], event: Json<'_>, draft: &mut Draft) {
        match event.str_at("type") {
            Some("message_start") => self.start(event, draft),
            Some("content_block_start") => {
                let index = event.u64_at("index");
                for (key, value) in event.into_members() {
                    if key == "content_block"
                        && let Some(building) = self.block(index, draft)
                    {
                        let mut parts = Vec::new();
                        block(value, draft, &mut parts);
                        building.parts = parts;
                    }
                }
            }
            Some("content_block_delta") => {
                let index = event.u64_at("index");
                if let Some(building) = self.block(index, draft)
                    && let Some(delta) = event.get("delta")
                {
                    building.take(delta, draft);
                }
            }
            Some("message_delta") => self.message_delta(&event, draft),
            Some("error") => draft.error = error_of(&event).or(draft.error.take()),
            Some("content_block_stop" | "message_stop" | "ping") => {}
            Some(other) => draft.unknown("event", other),
            None if event.get("error").is_some() => draft.error = error_of(&event),
            None => draft.unknown("event", "type"),
        }
    }

    fn finish(self: Box<Self>, draft: &mut Draft) {
        draft.usage = self.usage.usage();
        draft.finish_reasons.extend(self.finish_reason.clone());
        if !self.started {
            return;
        }
        let parts = self.blocks.into_iter().flat_map(|(_, block)| block.into_parts()).collect();
        let message = Message { role: Role::Assistant, name: None, parts, finish_reason: self.finish_reason };
        draft.content.output_messages.push(message);
    }
}

impl Stream {
    fn start(&mut self, event: Json<'_>, draft: &mut Draft) {
        self.started = true;
        for (key, value) in event.into_members() {
            if key == "message" {
                // Its content is empty; blocks follow. A server that sends some at once is believed.
                let parts = answered(value, &mut self.usage, draft).map_or(Vec::new(), |message| message.parts);
                for (index, part) in parts.into_iter().enumerate() {
                    self.blocks.push((index as u64, Block { parts: vec![part], ..Block::default() }));
                }
            }
        }
    }

    fn message_delta(&mut self, event: &Json<'_>, draft: &mut Draft) {
        if let Some(reason) = event.get("delta").and_then(|delta| delta.str_at("stop_reason")) {
            self.finish_reason = Some(reason.to_owned());
        }
        if let Some(usage) = event.get("usage") {
            take_usage(usage, &mut self.usage, draft);
        }
    }

    fn block(&mut self, index: Option<u64>, draft: &mut Draft) -> Option<&mut Block> {
        let index = index.unwrap_or(0);
        let at = match self.blocks.iter().rposition(|(i, _)| *i == index) {
            Some(at) => at,
            None if self.blocks.len() < MAX_BLOCKS => {
                self.blocks.push((index, Block::default()));
                self.blocks.len() - 1
            }
            None => {
                draft.unknown("event", "index");
                return None;
            }
        };
        self.started = true;
        Some(&mut self.blocks[at].1)
    }
}

impl Block {
    fn take(&mut self, delta: &Json<'_>, draft: &mut Draft) {
        let add = |text: &mut String, key: &str| text.push_str(delta.str_at(key).unwrap_or(""));
        match delta.str_at("type") {
            Some("text_delta") => add(&mut self.text, "text"),
            Some("thinking_delta") => add(&mut self.thinking, "thinking"),
            Some("input_json_delta") => add(&mut self.input, "partial_json"),
            Some("signature_delta" | "citations_delta" | "compaction_delta") => {}
            Some(other) => draft.unknown("delta", other),
            None => draft.unknown("delta", "type"),
        }
    }

    /// What the block started as with its deltas behind; deltas of another kind, or without a start, make their own part.
    fn into_parts(self) -> Vec<Part> {
        let Self { mut parts, text, thinking, input } = self;
        let mut last = parts.last_mut();
        if !thinking.is_empty() {
            match &mut last {
                Some(Part::Reasoning { content }) => content.push_str(&thinking),
                _ => {
                    parts.push(Part::Reasoning { content: thinking });
                    last = parts.last_mut();
                }
            }
        }
        if !text.is_empty() {
            match &mut last {
                Some(Part::Text { content }) => content.push_str(&text),
                _ => {
                    parts.push(Part::Text { content: text });
                    last = parts.last_mut();
                }
            }
        }
        if !input.is_empty() {
            match last {
                Some(Part::ToolCall { arguments: given, .. }) => *given = arguments(input),
                _ => parts.push(Part::Raw { value: Value::String(input) }),
            }
        }
        parts
    }
}
