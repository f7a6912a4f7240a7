//! Which members of which events hold pieces of a text, and which say that a text has ended: one table for every format.
//!
//! A path is written with `/` between keys, and `#` for any item of a list; `#` in the path of a number is the same item. What
//! stands in no row, and is a string, is asked about as a whole.

use super::{
    TextKind::{self, Arguments, Reasoning, Refusal, Signed, Text},
    walk::Step,
};
use crate::{
    Dialect::{
        self, AnthropicMessages, BedrockConverse, BedrockInvoke, CohereChat, Gemini, OllamaChat, OllamaGenerate,
        OpenaiChat, OpenaiCompletions, OpenaiResponses, OpenaiResponsesRetrieve, OpenaiTranscription,
    },
    json::{Json, Rules, parse},
};

/// A member that holds a piece of a text.
pub(super) struct Piece {
    dialects: &'static [Dialect],
    /// The event, by its `type` or by the name its frame gives it; any where there is none.
    event: Option<&'static str>,
    path: &'static str,
    pub(super) kind: TextKind,
    /// Where its numbers stand.
    pub(super) numbers: [&'static str; 2],
}

/// An event with which texts end.
pub(super) struct End {
    dialects: &'static [Dialect],
    event: Option<&'static str>,
    /// What has to be there, neither `null` nor `false`; nothing where it is empty.
    path: &'static str,
    /// Where the numbers of the texts stand that end: all of those that have these.
    pub(super) numbers: &'static [&'static str],
}

const CHAT: &[Dialect] = &[OpenaiChat, BedrockInvoke];
const COMPLETIONS: &[Dialect] = &[OpenaiCompletions];
const RESPONSES: &[Dialect] = &[OpenaiResponses, OpenaiResponsesRetrieve];
const ANTHROPIC: &[Dialect] = &[AnthropicMessages, BedrockInvoke];
const GEMINI: &[Dialect] = &[Gemini];
const OLLAMA: &[Dialect] = &[OllamaChat, OllamaGenerate];
const CONVERSE: &[Dialect] = &[BedrockConverse];
const INVOKE: &[Dialect] = &[BedrockInvoke];
const COHERE: &[Dialect] = &[CohereChat];
const TRANSCRIPTION: &[Dialect] = &[OpenaiTranscription];

const fn piece(
    dialects: &'static [Dialect],
    event: Option<&'static str>,
    path: &'static str,
    kind: TextKind,
    numbers: [&'static str; 2],
) -> Piece {
    Piece { dialects, event, path, kind, numbers }
}

const fn end(
    dialects: &'static [Dialect],
    event: Option<&'static str>,
    path: &'static str,
    numbers: &'static [&'static str],
) -> End {
    End { dialects, event, path, numbers }
}

const CHOICE: [&str; 2] = ["choices/#/index", ""];
const CALL: [&str; 2] = ["choices/#/index", "choices/#/delta/tool_calls/#/index"];
const BLOCK: [&str; 2] = ["index", ""];
const OUTPUT: [&str; 2] = ["output_index", ""];
const CONTENT: [&str; 2] = ["output_index", "content_index"];
const SUMMARY: [&str; 2] = ["output_index", "summary_index"];
const CANDIDATE: [&str; 2] = ["candidates/#/index", ""];
const CONVERSE_BLOCK: [&str; 2] = ["contentBlockIndex", ""];
const NOVA_BLOCK: [&str; 2] = ["contentBlockDelta/contentBlockIndex", ""];
const ONLY: [&str; 2] = ["", ""];

/// Source: the streaming references of the providers (2026-10), as the decoders in [`crate::dialects`] read them.
const PIECES: &[Piece] = &[
    piece(CHAT, None, "choices/#/delta/content", Text, CHOICE),
    piece(CHAT, None, "choices/#/delta/content/#/text", Text, CHOICE),
    piece(CHAT, None, "choices/#/delta/content/#/thinking/#/text", Reasoning, CHOICE),
    piece(CHAT, None, "choices/#/delta/reasoning_content", Reasoning, CHOICE),
    piece(CHAT, None, "choices/#/delta/reasoning", Reasoning, CHOICE),
    piece(CHAT, None, "choices/#/delta/refusal", Refusal, CHOICE),
    piece(CHAT, None, "choices/#/delta/function_call/arguments", Arguments, CHOICE),
    piece(CHAT, None, "choices/#/delta/tool_calls/#/function/arguments", Arguments, CALL),
    piece(COMPLETIONS, None, "choices/#/text", Text, CHOICE),
    piece(RESPONSES, Some("response.output_text.delta"), "delta", Text, CONTENT),
    piece(RESPONSES, Some("response.refusal.delta"), "delta", Refusal, CONTENT),
    piece(RESPONSES, Some("response.reasoning_text.delta"), "delta", Reasoning, CONTENT),
    piece(RESPONSES, Some("response.reasoning_summary_text.delta"), "delta", Reasoning, SUMMARY),
    piece(RESPONSES, Some("response.function_call_arguments.delta"), "delta", Arguments, OUTPUT),
    piece(RESPONSES, Some("response.mcp_call_arguments.delta"), "delta", Arguments, OUTPUT),
    piece(RESPONSES, Some("response.custom_tool_call_input.delta"), "delta", Text, OUTPUT),
    piece(RESPONSES, Some("response.code_interpreter_call_code.delta"), "delta", Text, OUTPUT),
    piece(RESPONSES, Some("response.audio.transcript.delta"), "delta", Text, OUTPUT),
    piece(ANTHROPIC, Some("content_block_delta"), "delta/text", Text, BLOCK),
    piece(ANTHROPIC, Some("content_block_delta"), "delta/thinking", Signed, BLOCK),
    piece(ANTHROPIC, Some("content_block_delta"), "delta/partial_json", Arguments, BLOCK),
    piece(GEMINI, None, "candidates/#/content/parts/#/text", Text, CANDIDATE),
    piece(OLLAMA, None, "message/content", Text, ONLY),
    piece(OLLAMA, None, "message/thinking", Reasoning, ONLY),
    piece(OLLAMA, None, "response", Text, ONLY),
    piece(OLLAMA, None, "thinking", Reasoning, ONLY),
    piece(CONVERSE, None, "delta/text", Text, CONVERSE_BLOCK),
    piece(CONVERSE, None, "delta/reasoningContent/text", Signed, CONVERSE_BLOCK),
    piece(CONVERSE, None, "delta/toolUse/input", Arguments, CONVERSE_BLOCK),
    piece(INVOKE, None, "contentBlockDelta/delta/text", Text, NOVA_BLOCK),
    piece(INVOKE, None, "contentBlockDelta/delta/toolUse/input", Arguments, NOVA_BLOCK),
    piece(INVOKE, None, "outputText", Text, ONLY),
    piece(INVOKE, None, "generation", Text, ONLY),
    piece(INVOKE, None, "outputs/#/text", Text, ONLY),
    piece(INVOKE, None, "text", Text, ONLY),
    piece(COHERE, Some("content-delta"), "delta/message/content/text", Text, BLOCK),
    piece(COHERE, Some("content-delta"), "delta/message/content/thinking", Reasoning, BLOCK),
    piece(COHERE, Some("tool-plan-delta"), "delta/message/tool_plan", Reasoning, ONLY),
    piece(COHERE, Some("tool-call-delta"), "delta/message/tool_calls/function/arguments", Arguments, BLOCK),
    piece(TRANSCRIPTION, Some("transcript.text.delta"), "delta", Text, ONLY),
];

const ENDS: &[End] = &[
    end(CHAT, None, "choices/#/finish_reason", &["choices/#/index"]),
    end(COMPLETIONS, None, "choices/#/finish_reason", &["choices/#/index"]),
    end(RESPONSES, Some("response.output_text.done"), "", &CONTENT),
    end(RESPONSES, Some("response.refusal.done"), "", &CONTENT),
    end(RESPONSES, Some("response.reasoning_text.done"), "", &CONTENT),
    end(RESPONSES, Some("response.reasoning_summary_text.done"), "", &SUMMARY),
    end(RESPONSES, Some("response.function_call_arguments.done"), "", &["output_index"]),
    end(RESPONSES, Some("response.mcp_call_arguments.done"), "", &["output_index"]),
    end(RESPONSES, Some("response.custom_tool_call_input.done"), "", &["output_index"]),
    end(RESPONSES, Some("response.code_interpreter_call_code.done"), "", &["output_index"]),
    end(RESPONSES, Some("response.audio.transcript.done"), "", &["output_index"]),
    end(RESPONSES, Some("response.output_item.done"), "", &["output_index"]),
    end(RESPONSES, None, "response/completed_at", &[]),
    end(RESPONSES, Some("response.completed"), "", &[]),
    end(RESPONSES, Some("response.incomplete"), "", &[]),
    end(RESPONSES, Some("response.failed"), "", &[]),
    end(ANTHROPIC, Some("content_block_stop"), "", &["index"]),
    end(ANTHROPIC, Some("message_delta"), "", &[]),
    end(ANTHROPIC, Some("message_stop"), "", &[]),
    end(GEMINI, None, "candidates/#/finishReason", &["candidates/#/index"]),
    end(GEMINI, None, "candidates/#/content/parts/#/functionCall", &["candidates/#/index"]),
    end(OLLAMA, None, "done", &[]),
    end(CONVERSE, Some("contentBlockStop"), "", &["contentBlockIndex"]),
    end(CONVERSE, Some("messageStop"), "", &[]),
    end(INVOKE, None, "contentBlockStop", &["contentBlockStop/contentBlockIndex"]),
    end(INVOKE, None, "messageStop", &[]),
    end(INVOKE, None, "completionReason", &[]),
    end(INVOKE, None, "stop_reason", &[]),
    end(INVOKE, None, "outputs/#/stop_reason", &[]),
    end(INVOKE, None, "is_finished", &[]),
    end(COHERE, Some("content-end"), "", &["index"]),
    end(COHERE, Some("tool-call-end"), "", &["index"]),
    end(COHERE, Some("message-end"), "", &[]),
    end(TRANSCRIPTION, Some("transcript.text.done"), "", &[]),
];

/// Whether streams of a format can be edited.
pub(super) fn knows(dialect: Dialect) -> bool {
    PIECES.iter().any(|piece| piece.dialects.contains(&dialect))
}

/// The text that the member of an event is a piece of.
pub(super) fn piece_at(dialect: Dialect, event: &str, path: &[Step<'_>]) -> Option<&'static Piece> {
    PIECES.iter().find(|piece| {
        piece.dialects.contains(&dialect) && piece.event.is_none_or(|own| own == event) && is_at(piece.path, path)
    })
}

/// The rows that may end texts with an event.
pub(super) fn ends(dialect: Dialect, event: &str) -> impl Iterator<Item = &'static End> {
    ENDS.iter().filter(move |end| end.dialects.contains(&dialect) && end.event.is_none_or(|own| own == event))
}

impl End {
    /// The numbers of the texts that end, each as far as it counts: once for each item where the path goes through a list.
    pub(super) fn numbers_in(&self, event: &Json<'_>) -> Vec<Vec<u64>> {
        let numbers = |items: &[usize]| self.numbers.iter().map(|at| number_at(event, at, items)).collect();
        if self.path.is_empty() {
            return vec![numbers(&[])];
        }
        match self.path.split_once("/#/") {
            None => {
                let is_there = value_at(event, self.path, &[]).is_some_and(counts);
                is_there.then(|| numbers(&[])).into_iter().collect()
            }
            Some((list, _)) => {
                let Some(Json::Array(items)) = value_at(event, list, &[]) else { return Vec::new() };
                let rest = &self.path[list.len() + 3..];
                let ended = items.iter().enumerate().filter(|(_, item)| is_anywhere(item, rest));
                ended.map(|(n, _)| numbers(&[n])).collect()
            }
        }
    }
}

/// Whether something that counts stands at a path, in any item of the lists in it.
fn is_anywhere(value: &Json<'_>, path: &str) -> bool {
    match path.split_once("/#/") {
        None => value_at(value, path, &[]).is_some_and(counts),
        Some((list, rest)) => match value_at(value, list, &[]) {
            Some(Json::Array(items)) => items.iter().any(|item| is_anywhere(item, rest)),
            Some(_) | None => false,
        },
    }
}

/// Whether a value says that something is so.
fn counts(value: &Json<'_>) -> bool {
    !matches!(value, Json::Null | Json::Bool(false) | Json::Skipped) && value.as_str() != Some("")
}

/// A number of an event; 0 where there is none, or the place in the list where one would be the number of an item.
pub(super) fn number_at(event: &Json<'_>, path: &str, items: &[usize]) -> u64 {
    if path.is_empty() {
        return 0;
    }
    let number = value_at(event, path, items).and_then(|value| match value {
        Json::Number(number) => number.parse().ok(),
        _ => None,
    });
    number.unwrap_or_else(|| items.last().map_or(0, |n| *n as u64))
}

fn value_at<'j, 't>(event: &'j Json<'t>, path: &str, items: &[usize]) -> Option<&'j Json<'t>> {
    let mut items = items.iter();
    path.split('/').try_fold(event, |value, step| match (step, value) {
        ("#", Json::Array(list)) => list.get(*items.next()?),
        ("#", _) => None,
        (key, value) => value.get(key),
    })
}

fn is_at(pattern: &str, path: &[Step<'_>]) -> bool {
    let mut steps = path.iter();
    let all = pattern.split('/').all(|wanted| match steps.next() {
        Some(Step::Key(key)) => key == wanted,
        Some(Step::Item(_)) => wanted == "#",
        None => false,
    });
    all && steps.next().is_none()
}

/// The items of the lists that a path goes through.
pub(super) fn items(path: &[Step<'_>]) -> Vec<usize> {
    let items = path.iter().filter_map(|step| match step {
        Step::Item(n) => Some(*n),
        Step::Key(_) => None,
    });
    items.collect()
}

fn key<'p>(path: &'p [Step<'_>]) -> Option<&'p str> {
    match path.last()? {
        Step::Key(key) => Some(key),
        Step::Item(_) => None,
    }
}

/// Whether a string is a name by which the format is read, or a number of its maker, and never what anybody said.
pub(super) fn is_structural(path: &[Step<'_>]) -> bool {
    const NAMES: [&str; 24] = [
        "id",
        "object",
        "model",
        "type",
        "role",
        "finish_reason",
        "finishReason",
        "stop_reason",
        "stopReason",
        "done_reason",
        "system_fingerprint",
        "service_tier",
        "item_id",
        "response_id",
        "responseId",
        "modelVersion",
        "created_at",
        "status",
        "obfuscation",
        "p",
        "tool_call_id",
        "call_id",
        "toolUseId",
        "generation_id",
    ];
    key(path).is_some_and(|key| NAMES.contains(&key))
}

/// Whether a string is a signature, or sealed by the provider, or bytes of a medium: nothing can be read in it, and it must not change.
pub(super) fn is_signature(path: &[Step<'_>]) -> bool {
    const NAMES: [&str; 7] = [
        "signature",
        "thoughtSignature",
        "thought_signature",
        "encrypted_content",
        "redactedContent",
        "b64_json",
        "data",
    ];
    key(path).is_some_and(|key| NAMES.contains(&key))
}

/// Whether a string stands beside a signature that holds for it.
pub(super) fn is_signed(text: &str, path: &[Step<'_>]) -> bool {
    if !matches!(key(path), Some("thinking" | "text")) {
        return false;
    }
    let Ok(document) = parse(text, &Rules::default()) else { return false };
    let beside = path[..path.len() - 1].iter().try_fold(&document, |value, step| step.of(value));
    beside.and_then(|beside| beside.str_at("signature")).is_some_and(|signature| !signature.is_empty())
}

/// Whether a string is one that clients put together of all events, like the texts: all of a `delta` of OpenAI's but its types.
pub(super) fn is_said_once(path: &[Step<'_>]) -> bool {
    let is = |n: usize, wanted: &str| matches!(path.get(n), Some(Step::Key(key)) if key == wanted);
    is(0, "choices") && is(2, "delta") && key(path) != Some("type")
}

/// Whether a list or an object holds the probabilities of what is said beside it, token by token.
pub(super) fn is_probabilities(path: &[Step<'_>]) -> bool {
    matches!(key(path), Some("logprobs" | "logprobsResult"))
}

/// Whether a list or an object goes by places in a text, and is wrong once that has changed; probabilities of tokens do.
pub(super) fn follows_text(path: &[Step<'_>]) -> bool {
    is_probabilities(path) || matches!(key(path), Some("annotations" | "groundingSupports"))
}
