//! OpenAI completions: the older format, a prompt in, texts out.
//!
//! Source: OpenAI API reference, "Completions" (2026-10).

use llmtrace_model::{Message, Part, Role};

use super::{
    Assemble, Format, UsageOption,
    openai::{
        self, MAX_CHOICES, PROBABILITIES, answer_member, choice, input_texts, is_known_choice_member, request_member,
        take_error,
    },
};
use crate::{Dialect, Family, decode::Draft, json::Json};

/// `POST …/completions`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::OpenaiCompletions,
    name: "openai_completions",
    operation: "text_completion",
    family: Family::OpenAi,
    speaks: |method, path| super::posts_to(method, path, "/completions"),
    path_model: openai::deployment,
    usage_event: UsageOption::Known,
    request,
    answer,
    skip: PROBABILITIES,
    stream: Some(|| Box::new(Stream::default())),
    scan: || Box::new(openai::Scan),
    ..Format::JSON
};

/// Reads a request.
fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "prompt" => input_texts(value, draft),
            other => request_member(other, value, draft),
        }
    }
}

/// Reads an answer.
fn answer(body: Json<'_>, draft: &mut Draft) {
    let mut stream = Box::new(Stream::default());
    stream.event(b"", body, draft);
    stream.finish(draft);
}

/// A streamed answer in the making; a document is the same in one piece.
#[derive(Default)]
struct Stream {
    choices: Vec<Building>,
}

#[derive(Default)]
struct Building {
    index: usize,
    text: String,
    finish_reason: Option<String>,
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
                self.choice(item, position, draft);
            }
        }
    }

    fn finish(mut self: Box<Self>, draft: &mut Draft) {
        self.choices.sort_by_key(|b| b.index);
        for building in self.choices {
            draft.finish_reasons.extend(building.finish_reason.clone());
            draft.content.output_messages.push(Message {
                role: Role::Assistant,
                name: None,
                parts: vec![Part::Text { content: building.text }],
                finish_reason: building.finish_reason,
            });
        }
    }
}

impl Stream {
    fn choice(&mut self, item: Json<'_>, position: usize, draft: &mut Draft) {
        let choice = choice(item, position);
        let at = match self.choices.iter().position(|b| b.index == choice.index) {
            Some(at) => at,
            None if self.choices.len() < MAX_CHOICES => {
                self.choices.push(Building { index: choice.index, ..Building::default() });
                self.choices.len() - 1
            }
            None => return draft.unknown("choice", "index"),
        };
        let building = &mut self.choices[at];
        building.finish_reason = choice.finish_reason.or(building.finish_reason.take());
        for (key, value) in choice.rest {
            match (key.as_ref(), value) {
                ("text", Json::Str(text)) => building.text.push_str(&text),
                ("text", _) => {}
                ("usage", usage) => openai::take_usage(&usage, draft),
                (other, _) if is_known_choice_member(other) => {}
                (other, _) => draft.unknown("choice", other),
            }
        }
    }
}
