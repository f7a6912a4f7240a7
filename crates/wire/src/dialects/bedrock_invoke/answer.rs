//! The answers of the vendors behind InvokeModel.

use llmtrace_model::{Message, Part, Role, Unit};
use serde_json::Value;

use super::{METRICS, counted::Counted};
use crate::{
    decode::Draft,
    dialects::{
        anthropic_messages, bedrock_converse,
        error::error_of,
        openai_chat,
        parts::{blob, without_bytes},
    },
    json::Json,
};

/// Reads an answer. Counters in the body come before those in the headers: they may have details.
pub(in crate::dialects) fn answer(body: Json<'_>, draft: &mut Draft) {
    read(body, Counted::default(), draft);
}

/// Reads an answer with vectors.
pub(in crate::dialects) fn embeddings(body: Json<'_>, draft: &mut Draft) {
    read(body, Counted::of_embeddings(), draft);
}

fn read(mut body: Json<'_>, mut counted: Counted, draft: &mut Draft) {
    let in_headers = draft.usage.take();
    counted.take(&body);
    let chats = matches!(body.get("choices"), Some(Json::Array(choices)) if choices.iter().any(has_message));
    if body.str_at("type") == Some("message") {
        (anthropic_messages::FORMAT.answer)(body, draft);
    } else if body.get("output").is_some() {
        bedrock_converse::answer(body, draft);
    } else if chats {
        // AI21 adds how long it took.
        if let Json::Object(members) = &mut body {
            members.retain(|(key, _)| key != "meta");
        }
        (openai_chat::FORMAT.answer)(body, draft);
    } else {
        flat(body, draft);
    }
    draft.usage = counted.usage().or(in_headers);
}

fn has_message(choice: &Json<'_>) -> bool {
    choice.get("message").is_some()
}

/// Reads an answer without messages: texts, vectors, images. One of which nothing is known is kept raw.
fn flat(body: Json<'_>, draft: &mut Draft) {
    let Json::Object(members) = &body else { return };
    if !members.iter().any(|(key, _)| KNOWN.binary_search(&key.as_ref()).is_ok() || SAID.contains(&key.as_ref())) {
        members.iter().for_each(|(key, _)| draft.unknown("answer", key));
        let parts = vec![Part::Raw { value: without_bytes(body, draft) }];
        draft.content.output_messages.push(message(parts, None));
        return;
    }
    let mut whole = Said::default();
    let mut choices = Vec::new();
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "outputs" | "results" | "generations" | "completions" | "choices" => {
                choices.extend(value.into_items().into_iter().map(|choice| Said::of(choice, draft)));
            }
            "embedding" | "embeddings" | "embeddingsByType" => draft.not_read("embedding"),
            "images" | "artifacts" => {
                let images = value.into_items();
                draft.units.add(Unit::ImagesOut, images.len() as u64);
                for image in images {
                    let data = image.as_str().or_else(|| image.str_at("base64")).unwrap_or("");
                    whole.parts.push(blob("image", None, data, draft));
                }
            }
            "error" => draft.error = error_of(&Json::Object(vec![(key, value)])),
            other => whole.member(other, value, draft),
        }
    }
    draft.response_id = whole.id.take();
    if !whole.is_empty() {
        choices.push(whole);
    }
    for Said { text, parts, finish_reason, .. } in choices {
        draft.finish_reasons.extend(finish_reason.clone());
        let parts = text.map(|content| Part::Text { content }).into_iter().chain(parts).collect();
        draft.content.output_messages.push(message(parts, finish_reason));
    }
}

fn message(parts: Vec<Part>, finish_reason: Option<String>) -> Message {
    Message { role: Role::Assistant, name: None, parts, finish_reason }
}

/// Members that show what an answer is.
const SAID: &[&str] = &[
    "artifacts",
    "choices",
    "completion",
    "completions",
    "embedding",
    "embeddings",
    "embeddingsByType",
    "error",
    "generation",
    "generations",
    "images",
    "outputText",
    "outputs",
    "results",
    "text",
];

/// Members that are known and not read here: counters, and what repeats the question.
const KNOWN: &[&str] = &[
    METRICS,
    "chat_history",
    "citations",
    "documents",
    "event_type",
    "finish_reasons",
    "generation_token_count",
    "index",
    "inputTextTokenCount",
    "is_finished",
    "is_search_required",
    "likelihood",
    "logprobs",
    "meta",
    "object",
    "prompt",
    "prompt_token_count",
    "response",
    "response_type",
    "result",
    "search_queries",
    "search_results",
    "seeds",
    "stop",
    "texts",
    "tokenCount",
    "token_likelihoods",
    "totalOutputTokenTextCount",
    "usage",
];

/// What one choice, or one event of a stream, says in its own members.
#[derive(Default)]
pub(super) struct Said {
    pub text: Option<String>,
    pub parts: Vec<Part>,
    pub finish_reason: Option<String>,
    pub id: Option<String>,
}

impl Said {
    /// Reads a choice.
    pub(super) fn of(choice: Json<'_>, draft: &mut Draft) -> Self {
        let mut said = Self::default();
        for (key, value) in choice.into_members() {
            said.member(&key, value, draft);
        }
        said
    }

    /// Takes a member of an answer, a choice or an event.
    pub(super) fn member(&mut self, key: &str, value: Json<'_>, draft: &mut Draft) {
        if value.is_null() {
            return;
        }
        match key {
            "generation" | "completion" | "outputText" | "text" => self.text = value.into_string(),
            // AI21 puts the text one level deeper, and the reason too.
            "data" => self.text = value.str_at("text").map(str::to_owned),
            "finishReason" => self.finish_reason = value.str_at("reason").map(str::to_owned),
            "stop_reason" | "finish_reason" | "completionReason" => self.finish_reason = value.into_string(),
            "id" | "generation_id" | "response_id" => self.id = id(value),
            "tool_calls" => self.parts.extend(value.into_items().into_iter().map(|call| tool_call(call, draft))),
            known if KNOWN.binary_search(&known).is_ok() => {}
            other => draft.unknown("answer", other),
        }
    }

    fn is_empty(&self) -> bool {
        self.text.is_none() && self.parts.is_empty() && self.finish_reason.is_none()
    }
}

fn id(value: Json<'_>) -> Option<String> {
    match value {
        Json::Number(number) => Some(number.to_owned()),
        other => other.into_string(),
    }
}

/// A call of Cohere's chat.
fn tool_call(value: Json<'_>, draft: &mut Draft) -> Part {
    let (mut name, mut arguments) = (String::new(), Value::Null);
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "name" => name = value.into_string().unwrap_or_default(),
            "parameters" => arguments = without_bytes(value, draft),
            other => draft.unknown("tool_call", other),
        }
    }
    Part::ToolCall { id: None, name, arguments }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_members_are_sorted() {
        assert!(KNOWN.is_sorted());
    }
}
