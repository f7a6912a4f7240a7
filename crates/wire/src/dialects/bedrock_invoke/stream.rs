//! Unpacks the events of a streamed InvokeModel and puts them together in their vendor's way.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use llmtrace_model::{Message, Part, Role};

use super::{METRICS, answer::Said, counted::Counted};
use crate::{
    decode::Draft,
    dialects::{Assemble, anthropic_messages, bedrock_converse, error::error_of, openai_chat},
    json::{Json, Rules, parse},
};

/// A streamed answer in the making.
#[derive(Default)]
pub(super) struct Stream {
    counted: Counted,
    vendor: Vendor,
}

/// Whose events they are; the first one that shows it decides.
#[derive(Default)]
enum Vendor {
    #[default]
    Unknown,
    Anthropic(Box<anthropic_messages::Stream>),
    Nova(Box<bedrock_converse::Stream>),
    Chat(Box<dyn Assemble>),
    Text(Box<Text>),
}

/// Pieces of plain text.
#[derive(Default)]
struct Text {
    text: String,
    parts: Vec<Part>,
    finish_reason: Option<String>,
}

impl Assemble for Stream {
    fn event(&mut self, name: &[u8], event: Json<'_>, draft: &mut Draft) {
        if name != b"chunk" {
            return draft.unknown("event", &String::from_utf8_lossy(name));
        }
        for (key, value) in event.into_members() {
            match key.as_ref() {
                "bytes" => {
                    let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
                    let text = bytes.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
                    match text.map(|text| parse(text, &Rules { skip: &["logprobs"], ..Rules::default() })) {
                        Some(Ok(inner)) => self.inner(inner, draft),
                        Some(Err(_)) | None => draft.unknown("chunk", "malformed"),
                    }
                }
                // Pads events, so that their length tells nothing.
                "p" => {}
                other => draft.unknown("chunk", other),
            }
        }
    }

    fn finish(self: Box<Self>, draft: &mut Draft) {
        match self.vendor {
            Vendor::Unknown => {}
            Vendor::Anthropic(stream) => stream.finish(draft),
            Vendor::Nova(stream) => stream.finish(draft),
            Vendor::Chat(stream) => stream.finish(draft),
            Vendor::Text(text) => text.finish(draft),
        }
        draft.usage = self.counted.usage();
    }
}

impl Stream {
    /// Takes a vendor's event.
    fn inner(&mut self, mut event: Json<'_>, draft: &mut Draft) {
        self.counted.take(&event);
        if let Json::Object(members) = &mut event {
            members.retain(|(key, _)| key != METRICS);
            if members.is_empty() {
                return;
            }
        }
        if let Vendor::Unknown = self.vendor {
            self.vendor = Vendor::of(&event);
        }
        match &mut self.vendor {
            Vendor::Anthropic(stream) => stream.event(b"", event, draft),
            Vendor::Nova(stream) => {
                for (kind, value) in event.into_members() {
                    stream.event(kind.as_bytes(), value, draft);
                }
            }
            Vendor::Chat(stream) => stream.event(b"", event, draft),
            Vendor::Text(text) => text.take(event, draft),
            Vendor::Unknown => {}
        }
    }
}

impl Vendor {
    fn of(event: &Json<'_>) -> Self {
        const NOVA: [&str; 6] =
            ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"];
        let deltas = |choices: &[Json<'_>]| choices.iter().all(|choice| choice.get("text").is_none());
        if event.str_at("type").is_some() {
            Self::Anthropic(Box::default())
        } else if NOVA.iter().any(|kind| event.get(kind).is_some()) {
            Self::Nova(Box::default())
        } else {
            match (event.get("choices"), openai_chat::FORMAT.stream) {
                (Some(Json::Array(choices)), Some(stream)) if deltas(choices) => Self::Chat(stream()),
                _ => Self::Text(Box::default()),
            }
        }
    }
}

impl Text {
    fn take(&mut self, event: Json<'_>, draft: &mut Draft) {
        let mut said = Said::default();
        for (key, value) in event.into_members() {
            match key.as_ref() {
                "outputs" | "generations" | "choices" => {
                    for choice in value.into_items() {
                        self.add(Said::of(choice, draft), draft);
                    }
                }
                "error" => draft.error = error_of(&Json::Object(vec![(key, value)])).or(draft.error.take()),
                other => said.member(other, value, draft),
            }
        }
        self.add(said, draft);
    }

    fn add(&mut self, said: Said, draft: &mut Draft) {
        self.text.push_str(&said.text.unwrap_or_default());
        self.parts.extend(said.parts);
        self.finish_reason = said.finish_reason.or(self.finish_reason.take());
        draft.response_id = said.id.or(draft.response_id.take());
    }

    fn finish(self, draft: &mut Draft) {
        draft.finish_reasons.extend(self.finish_reason.clone());
        let text = Some(self.text).filter(|text| !text.is_empty()).map(|content| Part::Text { content });
        let parts = text.into_iter().chain(self.parts).collect();
        let (role, finish_reason) = (Role::Assistant, self.finish_reason);
        draft.content.output_messages.push(Message { role, name: None, parts, finish_reason });
    }
}
