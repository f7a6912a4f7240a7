//! Puts the lines of a streamed answer together again.

use llmtrace_model::{Message, Part, Role};

use super::{Counted, images, tool_calls};
use crate::{
    decode::Draft,
    dialects::{Assemble, error::error_of},
    json::Json,
};

/// Most tool calls that are kept.
const MAX_CALLS: usize = 1024;

/// A streamed answer in the making.
#[derive(Default)]
pub(super) struct Stream {
    counted: Counted,
    thinking: String,
    text: String,
    parts: Vec<Part>,
    /// Whether anything was said at all.
    started: bool,
    finish_reason: Option<String>,
}

impl Assemble for Stream {
    fn event(&mut self, _name: &[u8], event: Json<'_>, draft: &mut Draft) {
        draft.error = error_of(&event).or(draft.error.take());
        for (key, value) in event.into_members() {
            match key.as_ref() {
                "model" => draft.response_model = value.into_string(),
                "message" => self.message(value, draft),
                "response" => {
                    self.started = true;
                    self.text.push_str(value.as_str().unwrap_or(""));
                }
                "thinking" => {
                    self.started = true;
                    self.thinking.push_str(value.as_str().unwrap_or(""));
                }
                "image" => {
                    self.started = true;
                    images(&Json::Array(vec![value]), draft, &mut self.parts);
                }
                "done_reason" => self.finish_reason = value.into_string(),
                "prompt_eval_count" => self.counted.prompt = value.as_u64(),
                "eval_count" => self.counted.output = value.as_u64(),
                "created_at"
                | "done"
                | "context"
                | "logprobs"
                | "total_duration"
                | "load_duration"
                | "prompt_eval_duration"
                | "eval_duration"
                | "error"
                | "completed"
                | "total" => {}
                other => draft.unknown("answer", other),
            }
        }
    }

    fn finish(self: Box<Self>, draft: &mut Draft) {
        draft.usage = self.counted.usage(draft);
        draft.finish_reasons.extend(self.finish_reason.clone());
        if !self.started {
            return;
        }
        let reasoning = (!self.thinking.is_empty()).then_some(Part::Reasoning { content: self.thinking });
        let text = (!self.text.is_empty()).then_some(Part::Text { content: self.text });
        let parts = reasoning.into_iter().chain(text).chain(self.parts).collect();
        draft.content.output_messages.push(Message {
            role: Role::Assistant,
            name: None,
            parts,
            finish_reason: self.finish_reason,
        });
    }
}

impl Stream {
    fn message(&mut self, value: Json<'_>, draft: &mut Draft) {
        self.started = true;
        for (key, value) in value.into_members() {
            match key.as_ref() {
                "role" => {}
                "content" => self.text.push_str(value.as_str().unwrap_or("")),
                "thinking" => self.thinking.push_str(value.as_str().unwrap_or("")),
                "images" => images(&value, draft, &mut self.parts),
                "tool_calls" => {
                    let room = MAX_CALLS.saturating_sub(self.parts.len());
                    let calls = tool_calls(value, draft);
                    if calls.len() > room {
                        draft.unknown("event", "too many tool calls");
                    }
                    self.parts.extend(calls.into_iter().take(room));
                }
                "tool_name" => {}
                other => draft.unknown("message", other),
            }
        }
    }
}
