//! Puts the events of a streamed answer together again; a whole answer is a stream of one event.

use llmtrace_model::{Message, Part, Role};
use serde_json::{Map, Value, json};

use super::{
    GeminiUsage, at, camel,
    content::{each_part, part},
    grounding::Grounding,
    text_at,
};
use crate::{
    decode::Draft,
    dialects::{Assemble, error::error_of},
    json::Json,
};

/// Most candidates that are kept apart; the API allows 8.
const MAX_CANDIDATES: usize = 128;
/// Most pieces of one call's arguments.
const MAX_PIECES: usize = 100_000;
/// Deepest place a piece of arguments may name.
const MAX_STEPS: usize = 32;

/// Reads an answer that is one document.
pub(super) fn answer(body: Json<'_>, draft: &mut Draft) {
    let mut whole = Stream::default();
    whole.take(body, draft);
    whole.end(draft);
}

/// An answer in the making.
#[derive(Default)]
pub(super) struct Stream {
    /// Whether neighbouring texts are pieces of one.
    pieces: bool,
    candidates: Vec<(u64, Candidate)>,
    usage: GeminiUsage,
    /// Why the prompt was not answered.
    blocked: Option<(String, String)>,
}

/// One candidate in the making.
#[derive(Default)]
struct Candidate {
    parts: Vec<Part>,
    call: Option<Call>,
    grounding: Grounding,
    finish_reason: Option<String>,
    finish_message: Option<String>,
}

/// A call whose arguments come in pieces.
#[derive(Default)]
struct Call {
    id: Option<String>,
    name: String,
    arguments: Map<String, Value>,
    pieces: usize,
}

impl Assemble for Stream {
    fn event(&mut self, _name: &[u8], event: Json<'_>, draft: &mut Draft) {
        self.take(event, draft);
    }

    fn finish(self: Box<Self>, draft: &mut Draft) {
        self.end(draft);
    }
}

impl Stream {
    /// Makes the assembler of a stream.
    pub(super) fn of_events() -> Self {
        Self { pieces: true, ..Self::default() }
    }

    fn take(&mut self, event: Json<'_>, draft: &mut Draft) {
        draft.error = error_of(&event).or(draft.error.take());
        let Json::Object(members) = event else { return draft.unknown("event", "type") };
        for (key, value) in members {
            if value.is_null() {
                continue;
            }
            match camel(&key).as_ref() {
                "candidates" => {
                    for (position, item) in value.into_items().into_iter().enumerate() {
                        self.candidate(item, position as u64, draft);
                    }
                }
                "promptFeedback" => {
                    if let Some(reason) = text_at(&value, "blockReason") {
                        let message = text_at(&value, "blockReasonMessage").unwrap_or("");
                        self.blocked = Some((reason.to_owned(), message.to_owned()));
                    }
                }
                "usageMetadata" => {
                    GeminiUsage::name_unknown(&value, draft);
                    draft.service_tier = self.usage.take(&value).or(draft.service_tier.take());
                }
                "modelVersion" => draft.response_model = value.into_string(),
                "responseId" => draft.response_id = value.into_string(),
                "createTime" | "modelStatus" | "error" | "sdkHttpResponse" => {}
                _ => draft.unknown("answer", &key),
            }
        }
    }

    fn candidate(&mut self, value: Json<'_>, position: u64, draft: &mut Draft) {
        let index = at(&value, "index").and_then(Json::as_u64).unwrap_or(position);
        let at = match self.candidates.iter().rposition(|(i, _)| *i == index) {
            Some(at) => at,
            None if self.candidates.len() < MAX_CANDIDATES => {
                self.candidates.push((index, Candidate::default()));
                self.candidates.len() - 1
            }
            None => return draft.unknown("candidate", "index"),
        };
        let pieces = self.pieces;
        let building = &mut self.candidates[at].1;
        for (key, value) in value.into_members() {
            match camel(&key).as_ref() {
                "content" => each_part(value, draft, |item, draft| building.part(item, pieces, draft)),
                "finishReason" => building.finish_reason = value.into_string().or(building.finish_reason.take()),
                "finishMessage" => building.finish_message = value.into_string().or(building.finish_message.take()),
                "groundingMetadata" => building.grounding.take(&value),
                "urlContextMetadata" | "urlRetrievalMetadata" => building.grounding.take_pages(&value),
                "citationMetadata" => building.grounding.take_citations(&value),
                "index"
                | "safetyRatings"
                | "tokenCount"
                | "avgLogprobs"
                | "logprobsResult"
                | "groundingAttributions" => {}
                _ => draft.unknown("candidate", &key),
            }
        }
    }

    fn end(mut self, draft: &mut Draft) {
        draft.usage = self.usage.usage();
        if self.usage.is_odd() {
            draft.unknown("usage", "totalTokenCount");
        }
        let groundings = self.candidates.iter().map(|(_, candidate)| &candidate.grounding);
        Grounding::count(groundings, draft.response_model.as_deref(), &mut draft.units);
        self.candidates.sort_by_key(|(index, _)| *index);
        for (_, candidate) in self.candidates {
            let message = candidate.into_message();
            draft.finish_reasons.extend(message.finish_reason.clone());
            draft.content.output_messages.push(message);
        }
        if let Some((reason, content)) = self.blocked {
            draft.finish_reasons.push(reason.clone());
            let parts = vec![Part::Refusal { content }];
            let message = Message { role: Role::Assistant, name: None, parts, finish_reason: Some(reason) };
            draft.content.output_messages.push(message);
        }
    }
}

impl Candidate {
    fn part(&mut self, value: Json<'_>, pieces: bool, draft: &mut Draft) {
        if let Some(piece) = at(&value, "functionCall")
            && (self.call.is_some() || is_piece(piece))
        {
            return self.call_piece(piece, draft);
        }
        let mut read = Vec::new();
        part(value, draft, &mut read);
        for part in read {
            match (self.parts.last_mut(), part) {
                // A signature may come with an empty text.
                (_, Part::Text { content } | Part::Reasoning { content }) if content.is_empty() => {}
                (Some(Part::Text { content }), Part::Text { content: more })
                | (Some(Part::Reasoning { content }), Part::Reasoning { content: more })
                    if pieces =>
                {
                    content.push_str(&more);
                }
                (_, part) => self.parts.push(part),
            }
        }
    }

    /// Takes a piece of a call; one that does not say that more follows is the last.
    fn call_piece(&mut self, piece: &Json<'_>, draft: &mut Draft) {
        let name = text_at(piece, "name").filter(|name| !name.is_empty());
        if name.is_some() {
            self.end_call();
        }
        let call = self.call.get_or_insert_default();
        call.id = text_at(piece, "id").map(str::to_owned).or(call.id.take());
        call.name.push_str(name.unwrap_or(""));
        if let Some(Json::Object(members)) = at(piece, "args") {
            call.arguments.extend(members.iter().map(|(key, value)| (key.clone().into(), value.clone().into_value())));
        }
        if let Some(Json::Array(items)) = at(piece, "partialArgs") {
            for item in items {
                call.pieces += 1;
                if call.pieces > MAX_PIECES || !call.take(item) {
                    draft.unknown("tool_call", "partialArgs");
                    break;
                }
            }
        }
        if at(piece, "willContinue").and_then(Json::as_bool) != Some(true) {
            self.end_call();
        }
    }

    fn end_call(&mut self) {
        if let Some(Call { id, name, arguments, .. }) = self.call.take() {
            self.parts.push(Part::ToolCall { id, name, arguments: Value::Object(arguments) });
        }
    }

    fn into_message(mut self) -> Message {
        self.end_call();
        let Self { mut parts, grounding, finish_reason, finish_message, .. } = self;
        grounding.into_parts(&mut parts);
        if let Some(content) = finish_message {
            // A call that could not be read is told here; anything else says why there is no more.
            let about_call = finish_reason.as_deref().is_some_and(|reason| reason.contains("CALL"));
            let raw = |content: String| Part::Raw { value: json!({ "finishMessage": content }) };
            parts.push(if about_call { raw(content) } else { Part::Refusal { content } });
        }
        Message { role: Role::Assistant, name: None, parts, finish_reason }
    }
}

/// Says whether a call's arguments come in pieces (Vertex AI, `streamFunctionCallArguments`).
fn is_piece(call: &Json<'_>) -> bool {
    at(call, "partialArgs").is_some() || at(call, "willContinue").and_then(Json::as_bool) == Some(true)
}

impl Call {
    /// Puts a piece where its path says; `false` where it cannot be.
    fn take(&mut self, piece: &Json<'_>) -> bool {
        let path = text_at(piece, "jsonPath").unwrap_or("");
        let mut steps: Vec<&str> = path.strip_prefix("$.").unwrap_or(path).split('.').collect();
        let Some(last) = steps.pop().filter(|last| !last.is_empty() && steps.len() < MAX_STEPS) else { return false };
        let mut place = &mut self.arguments;
        for step in steps {
            let inner = place.entry(step).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(inner) = inner else { return false };
            place = inner;
        }
        let scalar = ["numberValue", "boolValue"].iter().find_map(|kind| at(piece, kind));
        match (place.get_mut(last), text_at(piece, "stringValue"), scalar) {
            (Some(Value::String(text)), Some(more), _) => text.push_str(more),
            (_, Some(text), _) => {
                place.insert(last.to_owned(), Value::String(text.to_owned()));
            }
            (_, None, Some(value)) => {
                place.insert(last.to_owned(), value.clone().into_value());
            }
            (_, None, None) => {
                place.insert(last.to_owned(), Value::Null);
            }
        }
        true
    }
}
