//! What the fake provider answers when no script says otherwise: the shapes of OpenAI's, Anthropic's and Amazon Bedrock's
//! public API references (synthetic, transcribed 2026), with content and usage derived from the request alone.
//!
//! - The answer's text repeats the last user text: `You said: …`.
//! - A text counts one token per four bytes, rounded up ([`count_tokens`]); a message 4 more, an image 85, a tool 12.
//! - A [`Scene`] makes it misbehave: words after a `+` in the model's name (`gpt-4o-mini+slow-stream`), the whole model
//!   name (`error-429`), or the header `x-fake` (`crlf, one-byte-chunks`).

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{Answer, Billed, Chunking, Fault, Received, answer::GARBAGE};

mod anthropic;
mod bedrock;
mod cohere;
mod gemini;
mod ollama;
mod openai;
pub(crate) mod realtime;
mod responses;

pub(crate) use bedrock::{decoded, error_of as aws_error};

/// Tokens of a text as the fake provider counts them.
pub fn count_tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

/// A word that changes how a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Error(u16),
    ErrorInStream,
    ResetMidStream,
    SlowStream,
    HangMidStream,
    Gzip,
    Crlf,
    OneByteChunks,
    Comments,
    TruncatedFrame,
    Garbage,
    Cached,
    Refusal,
    NoAnswer,
}

const EFFECTS: &[(&str, Effect)] = &[
    ("error-in-stream", Effect::ErrorInStream),
    ("reset-mid-stream", Effect::ResetMidStream),
    ("slow-stream", Effect::SlowStream),
    ("hang-mid-stream", Effect::HangMidStream),
    ("gzip", Effect::Gzip),
    ("crlf", Effect::Crlf),
    ("one-byte-chunks", Effect::OneByteChunks),
    ("comments", Effect::Comments),
    ("truncated-frame", Effect::TruncatedFrame),
    ("garbage", Effect::Garbage),
    ("cached", Effect::Cached),
    ("refusal", Effect::Refusal),
    ("no-answer", Effect::NoAnswer),
];

impl Effect {
    fn parse(word: &str) -> Option<Self> {
        let status = word.strip_prefix("error-").and_then(|n| n.parse().ok()).filter(|n| (400..600).contains(n));
        status.map(Self::Error).or_else(|| EFFECTS.iter().find(|(w, _)| *w == word).map(|(_, e)| *e))
    }
}

/// How one request is to be answered.
#[derive(Debug, Clone, Default)]
struct Scene {
    /// The model that answers: the one asked for, without effects.
    model: String,
    effects: Vec<Effect>,
    /// `x-fake-chunks`: how many content chunks a stream has.
    chunks: Option<usize>,
    /// `x-fake-delay-ms`: how long to wait before each.
    delay: Option<Duration>,
}

impl Scene {
    fn of(received: &Received, body: &Value) -> Self {
        let asked = gemini::model_of(received.path()).or(body["model"].as_str()).unwrap_or("fake-model");
        let (model, words) = asked.split_once('+').unwrap_or((asked, ""));
        let header = received.header("x-fake").unwrap_or_default();
        let words = words.split('+').chain(header.split(',')).chain([model]);
        let number = |name| received.header(name).and_then(|v| v.parse::<u32>().ok());
        Self {
            model: model.to_owned(),
            effects: words.filter_map(|w| Effect::parse(w.trim())).collect(),
            chunks: number("x-fake-chunks").map(|n| n as usize),
            delay: number("x-fake-delay-ms").map(|n| Duration::from_millis(u64::from(n))),
        }
    }

    fn has(&self, effect: Effect) -> bool {
        self.effects.contains(&effect)
    }

    fn error(&self) -> Option<u16> {
        self.effects.iter().find_map(|e| if let Effect::Error(status) = e { Some(*status) } else { None })
    }

    /// A text in the pieces in which a stream sends it: words, or as many pieces as `x-fake-chunks` says.
    fn cut(&self, text: &str) -> Vec<String> {
        match self.chunks {
            Some(n) => (0..n).map(|i| format!("chunk {i} ")).collect(),
            None => text.split_inclusive(' ').map(str::to_owned).collect(),
        }
    }

    /// The whole text that [`Scene::cut`] streams.
    fn text(&self, text: String) -> String {
        if self.chunks.is_some() { self.cut(&text).concat() } else { text }
    }

    fn apply(&self, mut answer: Answer) -> Answer {
        let is_sse = answer.headers.iter().any(|(_, v)| v.starts_with("text/event-stream"));
        if is_sse {
            self.spoil_frames(&mut answer.pieces);
        } else if self.has(Effect::Garbage) {
            answer.pieces = vec![Bytes::from_static(GARBAGE)];
        } else if self.has(Effect::TruncatedFrame) {
            let body = answer.body();
            answer.pieces = vec![body.slice(..body.len() / 2)];
        }
        if self.has(Effect::Gzip) {
            answer = answer.gzip();
        }
        if self.has(Effect::OneByteChunks) {
            answer = answer.chunked(Chunking::Bytes(1));
        }
        let half = answer.body().len() / 2;
        if self.has(Effect::ResetMidStream) {
            answer = answer.fault(Fault::ResetAfter(half));
        }
        if self.has(Effect::HangMidStream) {
            answer = answer.fault(Fault::HangAfter(half));
        }
        if self.has(Effect::NoAnswer) {
            answer = answer.fault(Fault::NoAnswer);
        }
        if let Some(delay) = self.delay.or(self.has(Effect::SlowStream).then_some(Duration::from_millis(50))) {
            answer = answer.delay_between(delay);
        }
        answer
    }

    fn spoil_frames(&self, frames: &mut Vec<Bytes>) {
        if self.has(Effect::Comments) {
            let comment = || Bytes::from_static(b": ping\n\n");
            *frames = frames.drain(..).flat_map(|f| [comment(), f]).collect();
        }
        if self.has(Effect::Garbage) {
            frames.insert(frames.len() / 2, Bytes::from_static(GARBAGE));
        }
        if self.has(Effect::TruncatedFrame) {
            frames.truncate(frames.len() / 2 + 1);
            if let Some(last) = frames.last_mut() {
                last.truncate(last.len() / 2);
            }
        }
        if self.has(Effect::Crlf) {
            for frame in frames {
                let lines: Vec<&[u8]> = frame.split(|b| *b == b'\n').collect();
                *frame = lines.join(b"\r\n".as_slice()).into();
            }
        }
    }
}

/// Says whether a request is for AWS, which asks for a signature.
pub(crate) fn is_for_aws(received: &Received) -> bool {
    bedrock::asked(received.path()).is_some()
}

/// Answers a request no script covers; `id` is unique among all requests.
pub(crate) fn answer(received: &Received, id: &str) -> Answer {
    let path = received.path();
    if gemini::speaks(path) {
        return gemini::answer(received, id);
    }
    if let Some((model, operation)) = bedrock::asked(path).filter(|_| received.method == "POST") {
        return bedrock::with_headers(bedrock::answer(received, &model, operation, id), id);
    }
    if let Some(answer) = responses::stored(received) {
        return openai::with_headers(answer, id);
    }
    let is_anthropic = received.header("anthropic-version").is_some() || path.contains("/messages");
    let answer = match (received.method.as_str(), path) {
        ("GET" | "HEAD", p) if p.ends_with("/models") => {
            if is_anthropic {
                anthropic::models()
            } else {
                openai::models()
            }
        }
        ("GET" | "HEAD", p) if p.contains("/models/") => {
            let model = p.rsplit('/').next().unwrap_or_default();
            if is_anthropic { anthropic::model(model) } else { openai::model(model) }
        }
        ("POST", p) => post(received, p, id),
        (method, p) => openai_error(404, &format!("Invalid URL ({method} {p})")),
    };
    if is_anthropic { anthropic::with_headers(answer, id) } else { openai::with_headers(answer, id) }
}

fn post(received: &Received, path: &str, id: &str) -> Answer {
    type Page = fn(&Value, &Scene, &str) -> Answer;
    // The first whose end fits is taken.
    const PAGES: &[(&str, Page, Failure)] = &[
        ("/api/chat", ollama::chat, ollama::error),
        ("/api/generate", ollama::generate, ollama::error),
        ("/api/embed", ollama::embed, ollama::error),
        ("/v2/chat", cohere::chat, cohere::error),
        ("/v2/embed", cohere::embed, cohere::error),
        ("/v2/rerank", cohere::rerank, cohere::error),
        ("/chat/completions", openai::chat, openai_error),
        ("/completions", openai::completions, openai_error),
        ("/embeddings", openai::embeddings, openai_error),
        ("/responses", responses::create, openai_error),
        ("/responses/input_tokens", responses::input_tokens, openai_error),
        ("/responses/compact", responses::compact, openai_error),
        ("/messages/count_tokens", anthropic::count, anthropic_error),
        ("/messages", anthropic::messages, anthropic_error),
    ];
    let Some((_, page, failure)) = PAGES.iter().find(|(suffix, ..)| path.ends_with(suffix)) else {
        return openai_error(404, &format!("Invalid URL (POST {path})"));
    };
    let body = received.json();
    if !body.is_object() {
        return failure(400, "We could not parse the JSON body of your request.");
    }
    let scene = Scene::of(received, &body);
    match scene.error() {
        Some(status) => failure(status, &format!("This request fails with {status} on purpose.")),
        None => scene.apply(page(&body, &scene, id)),
    }
}

type Failure = fn(u16, &str) -> Answer;

/// An error in OpenAI's shape.
pub(crate) fn openai_error(status: u16, message: &str) -> Answer {
    let (kind, code) = match status {
        401 => ("invalid_request_error", json!("invalid_api_key")),
        429 => ("requests", json!("rate_limit_exceeded")),
        400..500 => ("invalid_request_error", Value::Null),
        _ => ("server_error", Value::Null),
    };
    let error = json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
    retry_after(Answer::json(error).status(status))
}

/// An error in Anthropic's shape.
pub(crate) fn anthropic_error(status: u16, message: &str) -> Answer {
    let kind = match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        400..500 => "invalid_request_error",
        _ => "api_error",
    };
    let error = json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": null});
    retry_after(Answer::json(error).status(status))
}

fn retry_after(answer: Answer) -> Answer {
    if answer.status == 429 { answer.header("retry-after", "1").header("retry-after-ms", "50") } else { answer }
}

/// The bill's line for an answer with usage.
pub(crate) fn line(received: &Received, answer: &Answer, usage: Value) -> Billed {
    let body = match bedrock::asked(received.path()) {
        Some((model, _)) => json!({ "model": model }),
        None => received.json(),
    };
    let sent = |name: &str| answer.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    Billed {
        number: received.number,
        label: received.header("x-fake-id").map(str::to_owned),
        request_id: ["x-request-id", "request-id", "x-amzn-requestid"]
            .iter()
            .find_map(|name| sent(name))
            .unwrap_or_default(),
        model: Scene::of(received, &body).model,
        usage,
        answered: false,
    }
}

/// The text of a `content` member: a string, or parts with `text`; images are counted instead.
fn content(value: &Value) -> (String, u64) {
    match value {
        Value::String(text) => (text.clone(), 0),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|p| p["text"].as_str()).collect();
            let is_image = |p: &&Value| matches!(p["type"].as_str(), Some("image_url" | "image"));
            (texts.join(" "), parts.iter().filter(is_image).count() as u64)
        }
        _ => (String::new(), 0),
    }
}

/// Tokens of a message list, and the last text the user said.
fn read_messages(body: &Value) -> (u64, String) {
    let mut tokens = 0;
    let mut said = String::new();
    for message in body["messages"].as_array().into_iter().flatten() {
        let (text, images) = content(&message["content"]);
        tokens += 4 + count_tokens(&text) + 85 * images;
        if message["role"] == "user" && !text.is_empty() {
            said = text;
        }
    }
    tokens += 12 * body["tools"].as_array().map_or(0, |t| t.len() as u64);
    (tokens, said)
}

/// Arguments that satisfy a JSON schema's top level.
fn arguments(schema: &Value) -> Value {
    let value = |property: &Value| match property["type"].as_str() {
        _ if property["enum"][0].is_string() => property["enum"][0].clone(),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => json!({}),
        _ => json!("Paris"),
    };
    let properties = schema["properties"].as_object();
    properties.into_iter().flatten().map(|(name, property)| (name.clone(), value(property))).collect()
}
