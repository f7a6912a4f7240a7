//! Puts the chunks of a streamed chat completion together again.

use llmtrace_model::{Message, Part, Role};

use super::{CITED, content, executed, part, reasoning_details, role, search_model};
use crate::{
    decode::Draft,
    dialects::{
        Assemble,
        openai::{MAX_CHOICES, answer_member, choice, is_known_choice_member, take_error, take_usage},
        parts::{arguments, citation},
    },
    json::Json,
};

/// Most tool calls of one choice that are kept apart.
const MAX_CALLS: usize = 1024;

/// A streamed answer in the making.
#[derive(Default)]
pub(super) struct Stream {
    choices: Vec<(usize, Building)>,
}

/// One choice in the making.
#[derive(Default)]
struct Building {
    role: Option<Role>,
    reasoning: String,
    /// Reasoning that came as parts (OpenRouter); the same text again where there is `reasoning`.
    details: String,
    text: String,
    /// Content that came as parts instead of text (Mistral).
    parts: Vec<Part>,
    refusal: String,
    calls: Vec<(usize, Call)>,
    function: Option<Call>,
    /// Tools the provider ran, images and sources.
    more: Vec<Part>,
    audio_bytes: u64,
    finish_reason: Option<String>,
}

#[derive(Default)]
struct Call {
    id: Option<String>,
    name: String,
    arguments: String,
}

impl Assemble for Stream {
    fn event(&mut self, _name: &[u8], event: Json<'_>, draft: &mut Draft) {
        take_error(&event, draft);
        for (key, value) in event.into_members() {
            if key != "choices" {
                answer_member(&key, value, draft);
                continue;
            }
            for (position, item) in value.into_items().into_iter().enumerate() {
                let choice = choice(item, position);
                let Some(building) = slot(&mut self.choices, choice.index, MAX_CHOICES) else {
                    draft.unknown("choice", "index");
                    continue;
                };
                building.finish_reason = choice.finish_reason.or(building.finish_reason.take());
                for (key, value) in choice.rest {
                    match key.as_ref() {
                        "delta" | "message" => building.delta(value, draft),
                        "usage" => take_usage(&value, draft),
                        // Together says the text here too.
                        "text" => {}
                        other if is_known_choice_member(other) => {}
                        other => draft.unknown("choice", other),
                    }
                }
            }
        }
    }

    fn finish(mut self: Box<Self>, draft: &mut Draft) {
        self.choices.sort_by_key(|(index, _)| *index);
        for (_, building) in self.choices {
            draft.finish_reasons.extend(building.finish_reason.clone());
            let message = building.into_message(draft);
            draft.content.output_messages.push(message);
        }
        search_model(draft);
    }
}

/// The entry with this number, made if there is room.
fn slot<T: Default>(entries: &mut Vec<(usize, T)>, index: usize, max: usize) -> Option<&mut T> {
    let at = match entries.iter().rposition(|(i, _)| *i == index) {
        Some(at) => at,
        None if entries.len() < max => {
            entries.push((index, T::default()));
            entries.len() - 1
        }
        None => return None,
    };
    Some(&mut entries[at].1)
}

impl Building {
    fn delta(&mut self, delta: Json<'_>, draft: &mut Draft) {
        let mut reasoned = false;
        for (key, value) in delta.into_members() {
            match (key.as_ref(), value) {
                (_, Json::Null) => {}
                ("role", Json::Str(word)) => self.role = Some(role(Some(&word))),
                ("content", Json::Str(text)) => self.text.push_str(&text),
                ("content", parts) => self.parts.extend(content(parts, draft)),
                // vLLM sends both names with the same text.
                ("reasoning_content" | "reasoning", Json::Str(text)) if !reasoned => {
                    reasoned = true;
                    self.reasoning.push_str(&text);
                }
                ("refusal", Json::Str(text)) => self.refusal.push_str(&text),
                ("tool_calls", calls) => self.take_calls(calls, draft),
                ("function_call", call) => self.function.get_or_insert_default().take(call),
                ("audio", audio) => {
                    self.audio_bytes += audio.str_at("data").map_or(0, |data| data.len() as u64);
                    self.text.push_str(audio.str_at("transcript").unwrap_or(""));
                }
                ("reasoning_details", details) => self.details.push_str(&reasoning_details(details, draft)),
                ("images", images) => {
                    self.more.extend(images.into_items().into_iter().map(|image| part(image, draft)));
                }
                ("executed_tools", tools) => {
                    tools.into_items().into_iter().for_each(|tool| executed(tool, draft, &mut self.more));
                }
                (cited, sources) if CITED.contains(&cited) => self.cite(&sources),
                ("context", context) => self.cite(context.get("citations").unwrap_or(&Json::Null)),
                ("reasoning_content" | "reasoning" | "obfuscation" | "token_id" | "token_ids", _) => {}
                (other, _) => draft.unknown("delta", other),
            }
        }
    }

    fn cite(&mut self, sources: &Json<'_>) {
        let Json::Array(sources) = sources else { return };
        for source in sources.iter().filter_map(citation) {
            if self.more.len() < MAX_CALLS && !self.more.contains(&source) {
                self.more.push(source);
            }
        }
    }

    fn take_calls(&mut self, calls: Json<'_>, draft: &mut Draft) {
        for (position, call) in calls.into_items().into_iter().enumerate() {
            let index = call.u64_at("index").and_then(|n| usize::try_from(n).ok()).unwrap_or(position);
            let Some(building) = slot(&mut self.calls, index, MAX_CALLS) else {
                draft.unknown("tool_call", "index");
                continue;
            };
            for (key, value) in call.into_members() {
                match (key.as_ref(), value) {
                    ("id", Json::Str(id)) if !id.is_empty() => building.id = Some(id.into_owned()),
                    ("function" | "custom", value) => building.take(value),
                    ("id" | "index" | "type" | "extra_content", _) | (_, Json::Null) => {}
                    (other, _) => draft.unknown("tool_call", other),
                }
            }
        }
    }

    fn into_message(self, draft: &mut Draft) -> Message {
        let mut parts = Vec::new();
        let reasoning = if self.reasoning.is_empty() { self.details } else { self.reasoning };
        if !reasoning.is_empty() {
            parts.push(Part::Reasoning { content: reasoning });
        }
        if self.audio_bytes > 0 {
            draft.not_read("audio");
            parts.push(Part::Blob { modality: "audio".to_owned(), mime_type: None, size_bytes: self.audio_bytes });
        }
        parts.extend(merged(self.parts));
        if !self.text.is_empty() {
            parts.push(Part::Text { content: self.text });
        }
        if !self.refusal.is_empty() {
            parts.push(Part::Refusal { content: self.refusal });
        }
        parts.extend(self.more);
        parts.extend(self.calls.into_iter().map(|(_, call)| call.into_part()));
        parts.extend(self.function.map(Call::into_part));
        Message { role: self.role.unwrap_or(Role::Assistant), name: None, parts, finish_reason: self.finish_reason }
    }
}

/// Joins neighbouring pieces of the same kind.
fn merged(pieces: Vec<Part>) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::new();
    for piece in pieces {
        match (out.last_mut(), piece) {
            (Some(Part::Text { content }), Part::Text { content: more })
            | (Some(Part::Reasoning { content }), Part::Reasoning { content: more }) => content.push_str(&more),
            (_, piece) => out.push(piece),
        }
    }
    out
}

impl Call {
    fn take(&mut self, function: Json<'_>) {
        for (key, value) in function.into_members() {
            match (key.as_ref(), value) {
                ("name", Json::Str(text)) => self.name.push_str(&text),
                ("arguments" | "input", Json::Str(text)) => self.arguments.push_str(&text),
                // Some servers send the arguments as an object, at once.
                ("arguments", Json::Object(members)) => {
                    self.arguments = Json::Object(members).into_value().to_string();
                }
                _ => {}
            }
        }
    }

    fn into_part(self) -> Part {
        Part::ToolCall { id: self.id, name: self.name, arguments: arguments(self.arguments) }
    }
}
