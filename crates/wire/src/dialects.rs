//! The wire formats, one file each: a new one is a file, its line here and its arms below.

pub(crate) mod anthropic_count_tokens;
pub(crate) mod anthropic_messages;
pub(crate) mod error;
mod openai;
pub(crate) mod openai_chat;
pub(crate) mod openai_completions;
pub(crate) mod openai_embeddings;
pub(crate) mod openai_models;
mod parts;

use crate::{Dialect, decode::Draft, json::Json};

/// Reads a request body into the draft.
pub(crate) fn read_request(dialect: Dialect, body: Json<'_>, draft: &mut Draft) {
    match dialect {
        Dialect::OpenaiChat => openai_chat::request(body, draft),
        Dialect::OpenaiCompletions => openai_completions::request(body, draft),
        Dialect::OpenaiEmbeddings => openai_embeddings::request(body, draft),
        Dialect::OpenaiModels => {}
        Dialect::AnthropicMessages | Dialect::AnthropicCountTokens => anthropic_messages::request(body, draft),
    }
}

/// Reads an answer that is one document into the draft.
pub(crate) fn read_answer(dialect: Dialect, body: Json<'_>, draft: &mut Draft) {
    match dialect {
        Dialect::OpenaiChat => openai_chat::answer(body, draft),
        Dialect::OpenaiCompletions => openai_completions::answer(body, draft),
        Dialect::OpenaiEmbeddings => openai_embeddings::answer(body, draft),
        Dialect::OpenaiModels => openai_models::answer(body, draft),
        Dialect::AnthropicMessages => anthropic_messages::answer(body, draft),
        Dialect::AnthropicCountTokens => anthropic_count_tokens::answer(body, draft),
    }
}

/// Members of a format that are known and never read: vectors and probabilities, by far the largest part of an answer.
pub(crate) const fn skipped(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::OpenaiChat | Dialect::OpenaiCompletions => {
            &["logprobs", "prompt_logprobs", "prompt_token_ids", "token_ids", "routed_experts"]
        }
        Dialect::OpenaiEmbeddings => &["embedding"],
        Dialect::OpenaiModels | Dialect::AnthropicMessages | Dialect::AnthropicCountTokens => &[],
    }
}

/// An answer that comes as events, while it is put together.
pub(crate) enum Stream {
    /// OpenAI chat completions.
    Chat(openai_chat::Stream),
    /// OpenAI completions.
    Completions(openai_completions::Stream),
    /// Anthropic messages.
    Messages(anthropic_messages::Stream),
}

impl Stream {
    /// Makes the assembler of a format; `None` where it has no streams.
    pub(crate) fn new(dialect: Dialect) -> Option<Self> {
        match dialect {
            Dialect::OpenaiChat => Some(Self::Chat(openai_chat::Stream::default())),
            Dialect::OpenaiCompletions => Some(Self::Completions(openai_completions::Stream::default())),
            Dialect::AnthropicMessages => Some(Self::Messages(anthropic_messages::Stream::default())),
            Dialect::OpenaiEmbeddings | Dialect::OpenaiModels | Dialect::AnthropicCountTokens => None,
        }
    }

    /// Takes one event.
    pub(crate) fn event(&mut self, event: Json<'_>, draft: &mut Draft) {
        match self {
            Self::Chat(stream) => stream.event(event, draft),
            Self::Completions(stream) => stream.event(event, draft),
            Self::Messages(stream) => stream.event(event, draft),
        }
    }

    /// Ends the stream: what was said goes into the draft, complete or not.
    pub(crate) fn finish(self, draft: &mut Draft) {
        match self {
            Self::Chat(stream) => stream.finish(draft),
            Self::Completions(stream) => stream.finish(draft),
            Self::Messages(stream) => stream.finish(draft),
        }
    }
}
