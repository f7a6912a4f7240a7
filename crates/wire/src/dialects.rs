//! The wire formats, one file each. A new one is a file with its `FORMAT`, a line in [`FORMATS`] and a variant of
//! [`Dialect`].

pub(crate) mod anthropic_count_tokens;
pub(crate) mod anthropic_messages;
mod batches;
pub(crate) mod bedrock;
pub(crate) mod bedrock_converse;
pub(crate) mod bedrock_count_tokens;
pub(crate) mod bedrock_embed;
pub(crate) mod bedrock_guardrail;
pub(crate) mod bedrock_invoke;
mod cohere;
pub(crate) mod cohere_chat;
pub(crate) mod cohere_embed;
pub(crate) mod error;
pub(crate) mod gemini;
pub(crate) mod gemini_cached_contents;
pub(crate) mod gemini_count_tokens;
pub(crate) mod gemini_embeddings;
pub(crate) mod gemini_live;
pub(crate) mod gemini_models;
pub(crate) mod gemini_predict;
pub(crate) mod ollama;
mod openai;
mod openai_audio;
pub(crate) mod openai_chat;
pub(crate) mod openai_completions;
pub(crate) mod openai_embeddings;
mod openai_files;
mod openai_images;
pub(crate) mod openai_models;
mod openai_moderations;
pub(crate) mod openai_realtime;
pub(crate) mod openai_responses;
mod parts;

use crate::{
    Dialect, Family,
    decode::{Draft, Exchange},
    json::Json,
    multipart::Field,
    realtime::Flavour,
    scanner::{Scan, Unread},
};

/// Every format. The first that speaks a path is taken, so special paths stand before general ones.
pub(crate) const FORMATS: &[&Format] = &[
    &bedrock_converse::FORMAT,
    &bedrock_embed::FORMAT,
    &bedrock_invoke::FORMAT,
    &bedrock_count_tokens::FORMAT,
    &bedrock_guardrail::FORMAT,
    &ollama::CHAT,
    &ollama::GENERATE,
    &ollama::EMBED,
    &cohere_chat::FORMAT,
    &cohere_embed::EMBED,
    &cohere_embed::RERANK,
    &openai_chat::FORMAT,
    &openai_completions::FORMAT,
    &openai_embeddings::FORMAT,
    &openai_models::FORMAT,
    &openai_images::FORMAT,
    &openai_audio::SPEECH,
    &openai_audio::TRANSCRIPTION,
    &openai_moderations::FORMAT,
    &openai_files::FORMAT,
    &batches::OPENAI,
    &batches::ANTHROPIC,
    &openai_responses::FORMAT,
    &openai_responses::stored::RETRIEVE,
    &openai_responses::stored::CANCEL,
    &openai_responses::stored::DELETE,
    &openai_responses::stored::INPUT_ITEMS,
    &openai_responses::stored::INPUT_TOKENS,
    &openai_responses::stored::COMPACT,
    &anthropic_count_tokens::FORMAT,
    &anthropic_messages::FORMAT,
    &gemini::FORMAT,
    &gemini_count_tokens::FORMAT,
    &gemini_embeddings::FORMAT,
    &gemini_predict::FORMAT,
    &gemini_cached_contents::FORMAT,
    &gemini_models::FORMAT,
    &openai_realtime::FORMAT,
    &gemini_live::FORMAT,
];

/// One wire format: how its exchanges are recognised and read. Made from [`Format::JSON`] by what differs.
pub(crate) struct Format {
    /// Which one it is.
    pub dialect: Dialect,
    /// The stable word for it, in spans and metrics.
    pub name: &'static str,
    /// OpenTelemetry's `gen_ai.operation.name`; a word in its style where the conventions (v1.41) have none.
    pub operation: &'static str,
    /// Whose error shape its clients parse.
    pub family: Family,
    /// Whether a method and a path (without query and closing slash) are of this format. Prefixes of paths are free.
    pub speaks: fn(method: &str, path: &str) -> bool,
    /// Whether its requests have a body that tells something.
    pub body: RequestBody,
    /// The model a path names; what the body names comes first.
    pub path_model: fn(path: &str) -> Option<&str>,
    /// Whether a request asks for a stream, by its path and its member `stream`.
    pub streams: fn(path: &str, member: Option<bool>) -> bool,
    /// Whether a JSON array is a stream of its elements.
    pub arrays: Arrays,
    /// Whether its streams have OpenAI's usage event, which must be asked for.
    pub usage_event: UsageOption,
    /// How its sessions on a WebSocket are followed; `None` where it has none.
    pub session: Option<Flavour>,
    /// Reads what stands in target and heads, before the bodies.
    pub head: fn(&Exchange<'_>, &mut Draft),
    /// Reads a request that is a form; `None` where the format has none.
    pub form: Option<fn(&[Field<'_>], &mut Draft)>,
    /// Reads a request body.
    pub request: fn(Json<'_>, &mut Draft),
    /// Reads an answer that is one document.
    pub answer: fn(Json<'_>, &mut Draft),
    /// Reads an answer that is plain text; `None` where that is no answer of the format.
    pub text: Option<fn(&str, &mut Draft)>,
    /// What an answer of this media type is where it is bytes that nobody reads: `audio`, `file`.
    pub bytes: fn(media: &str) -> Option<&'static str>,
    /// Members of an answer that are known and never read: vectors and probabilities, by far its largest part.
    pub skip: &'static [&'static str],
    /// Makes the assembler of an answer that comes as events; `None` where the format has no streams.
    pub stream: Option<fn() -> Box<dyn Assemble>>,
    /// Makes what reads usage, first token, end and errors while an answer passes.
    pub scan: fn() -> Box<dyn Scan>,
    /// The members of a one-document answer, in its outermost object, that [`Scan::member`] takes.
    pub vital: &'static [&'static str],
}

/// Whether the requests of a format have a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestBody {
    /// A JSON object.
    Json,
    /// None that is sent as one: what the client said on its socket is recorded as lines of JSON, each an event.
    Events,
    /// None that tells anything.
    Nothing,
}

/// Whether an answer that is a JSON array is a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrays {
    /// Its streams may come as an array, element by element; the media type says no more than JSON.
    Streams,
    /// It has no answers that are arrays.
    Absent,
}

/// Whether a format has `stream_options.include_usage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UsageOption {
    /// Its streams tell their usage only when asked.
    Known,
    /// There is nothing to ask for.
    Absent,
}

impl Format {
    /// What most formats are: JSON in, JSON or events out, model and `stream` in the body.
    pub(crate) const JSON: Self = Self {
        dialect: Dialect::OpenaiChat,
        name: "",
        operation: "",
        family: Family::Other,
        speaks: |_, _| false,
        body: RequestBody::Json,
        path_model: |_| None,
        streams: |_, member| member == Some(true),
        arrays: Arrays::Absent,
        usage_event: UsageOption::Absent,
        session: None,
        head: |_, _| {},
        form: None,
        request: |_, _| {},
        answer: |_, _| {},
        text: None,
        bytes: |_| None,
        skip: &[],
        stream: None,
        scan: || Box::new(Unread),
        vital: &["usage", "error"],
    };
}

/// Puts the events of a streamed answer together.
pub(crate) trait Assemble {
    /// Takes one event; `name` is what its frame calls it, empty where it does not.
    fn event(&mut self, name: &[u8], event: Json<'_>, draft: &mut Draft);

    /// Ends the stream: what was said goes into the draft, complete or not.
    fn finish(self: Box<Self>, draft: &mut Draft);
}

/// The formats in the order of [`Dialect`]'s variants.
static BY_DIALECT: [&Format; FORMATS.len()] = {
    let mut rows = [FORMATS[0]; FORMATS.len()];
    let mut at = 0;
    while at < rows.len() {
        rows[FORMATS[at].dialect as usize] = FORMATS[at];
        at += 1;
    }
    rows
};

/// The format of a dialect.
pub(crate) fn format(dialect: Dialect) -> &'static Format {
    // A test holds that every dialect is one row, so that rows and variants are as many.
    BY_DIALECT[dialect as usize]
}

/// The format that a request speaks, by method and path without query.
pub(crate) fn format_of(method: &str, path: &str) -> Option<&'static Format> {
    let path = path.strip_suffix('/').unwrap_or(path);
    FORMATS.iter().copied().find(|format| (format.speaks)(method, path))
}

/// Says whether the path ends in `suffix`, and is no path of OpenAI's Assistants, which reuse the ends of others.
fn posts_to(method: &str, path: &str, suffix: &str) -> bool {
    method == "POST" && path.ends_with(suffix) && !path.contains("/threads/") && !path.contains("/assistants/")
}
