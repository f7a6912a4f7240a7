//! Puts the events of a streamed response together again.
//!
//! An item counts as it came when it was done (`response.output_item.done`); the terminal event repeats all items, and only
//! those that did not come before are taken from it, so that nothing is there twice. Of an item that never got done the
//! deltas tell what was said.

use llmtrace_model::Part;
use serde_json::{Value, json};

use super::{Ended, content::cite, error_of_event, item, member, opening, response_of, say, tally::Tally};
use crate::{
    decode::Draft,
    dialects::{Assemble, parts::arguments},
    json::Json,
};

/// Most items that are kept apart.
const MAX_ITEMS: usize = 4096;
/// Most pieces of one item that are kept apart.
const MAX_PIECES: usize = 4096;

/// A streamed response in the making.
#[derive(Default)]
pub(super) struct Stream {
    items: Vec<(u64, Building)>,
    tally: Tally,
    ended: Ended,
    /// Sound that belongs to no item.
    audio_bytes: u64,
    transcript: String,
}

/// One item in the making.
#[derive(Default)]
struct Building {
    /// The item as it was when it was done.
    done: Option<Vec<Part>>,
    kind: String,
    id: Option<String>,
    name: Option<String>,
    pieces: Vec<(Piece, u64, String)>,
    sources: Vec<Part>,
}

/// What a delta adds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Text,
    Refusal,
    Reasoning,
    Summary,
    Arguments,
    Input,
    Code,
}

/// The events that carry a piece of an item: what it adds to, the member of the `done` event that has all of it, and the
/// member that numbers it.
const PIECES: &[(&str, Piece, &str, &str)] = &[
    ("output_text", Piece::Text, "text", "content_index"),
    ("refusal", Piece::Refusal, "refusal", "content_index"),
    ("reasoning_text", Piece::Reasoning, "text", "content_index"),
    ("reasoning_summary_text", Piece::Summary, "text", "summary_index"),
    ("function_call_arguments", Piece::Arguments, "arguments", ""),
    ("mcp_call_arguments", Piece::Arguments, "arguments", ""),
    ("mcp_call.arguments", Piece::Arguments, "arguments", ""),
    ("custom_tool_call_input", Piece::Input, "input", ""),
    ("code_interpreter_call_code", Piece::Code, "code", ""),
    ("code_interpreter_call.code", Piece::Code, "code", ""),
];

impl Assemble for Stream {
    fn event(&mut self, name: &[u8], event: Json<'_>, draft: &mut Draft) {
        let kind = event.str_at("type").or_else(|| std::str::from_utf8(name).ok()).unwrap_or("").to_owned();
        match kind.as_str() {
            "response.created" | "response.in_progress" | "response.queued" => {
                for (key, value) in response_of(event) {
                    if !value.is_null() {
                        opening(&key, value, draft);
                    }
                }
            }
            "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
                self.end(event, draft);
            }
            "response.output_item.added" => {
                if let (Some(building), Some(item)) = (self.at(&event, draft), event.get("item")) {
                    building.start(item);
                }
            }
            "response.output_item.done" => self.done(event, draft),
            "response.output_text.annotation.added" => {
                if let (Some(building), Some(source)) = (self.at(&event, draft), event.get("annotation"))
                    && building.done.is_none()
                {
                    cite(source, draft, &mut building.sources);
                }
            }
            "response.audio.delta" => self.audio_bytes += event.str_at("delta").map_or(0, |data| data.len() as u64),
            "response.audio.transcript.delta" => self.transcript.push_str(event.str_at("delta").unwrap_or("")),
            "response.image_generation_call.partial_image" => draft.not_read("partial image"),
            "error" => draft.error = Some(error_of_event(&event)),
            "" if event.get("error").is_some() => draft.error = Some(error_of_event(&event)),
            "" => draft.unknown("event", "type"),
            other => self.piece(other, &event, draft),
        }
    }

    fn finish(mut self: Box<Self>, draft: &mut Draft) {
        self.items.sort_by_key(|(index, _)| *index);
        let mut parts: Vec<Part> = self.items.into_iter().flat_map(|(_, building)| building.into_parts()).collect();
        let has_audio = parts.iter().any(|part| matches!(part, Part::Blob { modality, .. } if modality == "audio"));
        if !has_audio && self.audio_bytes > 0 {
            draft.not_read("audio");
            parts.push(Part::Blob { modality: "audio".to_owned(), mime_type: None, size_bytes: self.audio_bytes });
        }
        if !has_audio && !self.transcript.is_empty() {
            parts.push(Part::Text { content: self.transcript });
        }
        say(parts, self.ended, draft);
        draft.units = self.tally.units();
    }
}

impl Stream {
    /// The item with this number, made if there is room.
    fn slot(&mut self, index: u64, draft: &mut Draft) -> Option<&mut Building> {
        let at = match self.items.iter().rposition(|(known, _)| *known == index) {
            Some(at) => at,
            None if self.items.len() < MAX_ITEMS => {
                self.items.push((index, Building::default()));
                self.items.len() - 1
            }
            None => {
                draft.unknown("item", "index");
                return None;
            }
        };
        self.items.get_mut(at).map(|(_, building)| building)
    }

    fn at(&mut self, event: &Json<'_>, draft: &mut Draft) -> Option<&mut Building> {
        self.slot(event.u64_at("output_index").unwrap_or(0), draft)
    }

    /// Takes an item that is done.
    fn done(&mut self, event: Json<'_>, draft: &mut Draft) {
        let index = event.u64_at("output_index").unwrap_or(0);
        for (key, value) in event.into_members() {
            if key == "item" {
                self.tally.see(&value);
                self.keep(index, value, draft);
            }
        }
    }

    /// Keeps an item, unless it is there already.
    fn keep(&mut self, index: u64, value: Json<'_>, draft: &mut Draft) {
        if self.slot(index, draft).is_some_and(|building| building.done.is_none()) {
            let parts = item(value, draft).parts;
            if let Some(building) = self.slot(index, draft) {
                *building = Building { done: Some(parts), ..Building::default() };
            }
        }
    }

    /// Takes the terminal event.
    fn end(&mut self, event: Json<'_>, draft: &mut Draft) {
        for (key, value) in response_of(event) {
            if key != "output" {
                member(&key, value, &mut self.tally, &mut self.ended, draft);
                continue;
            }
            let Json::Array(items) = value else { continue };
            if !items.is_empty() {
                // All items again: what was counted one by one is among them.
                self.tally.forget_items();
            }
            for (index, one) in (0..).zip(items) {
                self.tally.see(&one);
                self.keep(index, one, draft);
            }
        }
    }

    /// Takes a delta, or the whole of what deltas said.
    fn piece(&mut self, kind: &str, event: &Json<'_>, draft: &mut Draft) {
        let Some((what, verb)) = kind.strip_prefix("response.").and_then(|rest| rest.rsplit_once('.')) else {
            if kind != "keepalive" {
                draft.unknown("event", kind);
            }
            return;
        };
        let Some((_, piece, whole, number)) = PIECES.iter().find(|(known, ..)| *known == what) else {
            if !says_nothing(what, verb) {
                draft.unknown("event", kind);
            }
            return;
        };
        let index = event.u64_at(number).unwrap_or(0);
        let text = match verb {
            "delta" => event.str_at("delta"),
            "done" => event.str_at(whole),
            _ => return draft.unknown("event", kind),
        };
        let (Some(text), Some(building)) = (text, self.at(event, draft)) else { return };
        if building.done.is_some() {
            return;
        }
        match building.piece(*piece, index) {
            Some(so_far) if verb == "delta" => so_far.push_str(text),
            Some(so_far) => text.clone_into(so_far),
            None => draft.unknown("item", "pieces"),
        }
    }
}

/// Events that only tell how far a tool or a part is.
fn says_nothing(what: &str, verb: &str) -> bool {
    let is_tool = what.ends_with("_call") || what == "mcp_list_tools";
    match verb {
        "in_progress" | "searching" | "completed" | "generating" | "interpreting" | "failed" => is_tool,
        "added" | "done" => matches!(what, "content_part" | "reasoning_summary_part" | "audio" | "audio.transcript"),
        _ => false,
    }
}

impl Building {
    fn start(&mut self, item: &Json<'_>) {
        let text = |key: &str| item.str_at(key).map(str::to_owned);
        self.kind = text("type").unwrap_or_default();
        self.id = text("call_id").or_else(|| text("id"));
        self.name = text("name");
    }

    /// The piece with this number, made if there is room.
    fn piece(&mut self, piece: Piece, index: u64) -> Option<&mut String> {
        let at = match self.pieces.iter().rposition(|(kind, at, _)| (*kind, *at) == (piece, index)) {
            Some(at) => at,
            None if self.pieces.len() < MAX_PIECES => {
                self.pieces.push((piece, index, String::new()));
                self.pieces.len() - 1
            }
            None => return None,
        };
        self.pieces.get_mut(at).map(|(.., text)| text)
    }

    /// What was said, done or not.
    fn into_parts(self) -> Vec<Part> {
        let Self { done, kind, id, name, pieces, sources } = self;
        if let Some(parts) = done {
            return parts;
        }
        let mut parts = Vec::new();
        let mut given = None;
        for (piece, _, text) in pieces {
            match piece {
                Piece::Text => parts.push(Part::Text { content: text }),
                Piece::Refusal => parts.push(Part::Refusal { content: text }),
                Piece::Reasoning | Piece::Summary => parts.push(Part::Reasoning { content: text }),
                Piece::Arguments => given = Some(arguments(text)),
                Piece::Input => given = Some(Value::String(text)),
                Piece::Code => given = Some(json!({ "code": text })),
            }
        }
        parts.extend(sources);
        let own = kind.strip_suffix("_call");
        if given.is_some() || own.is_some() {
            let name = name.or_else(|| own.map(str::to_owned)).unwrap_or_default();
            parts.push(Part::ToolCall { id, name, arguments: given.unwrap_or_else(|| json!({})) });
        }
        parts
    }
}
