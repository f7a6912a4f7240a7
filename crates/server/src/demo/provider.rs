//! A provider that needs no key: answers OpenAI chat completions and Anthropic messages, plain and streamed, from a script.
//!
//! What the last message asks for decides: one that contains `rate limit` is answered 429, one that contains `break` 500;
//! everything else is answered with a text about it.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Full, Limited, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::tasks::Tasks;

type Body = BoxBody<Bytes, Infallible>;

/// The pace of a stream: fast enough to watch, slow enough to be hung up on.
const BETWEEN_WORDS: Duration = Duration::from_millis(8);
/// The largest request that is read.
const MAX_REQUEST_BYTES: usize = 1 << 20;

/// Starts the provider on a free loopback port.
pub(super) async fn start(tasks: &Tasks) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("binding the demo's provider to a loopback port")?;
    let address = listener.local_addr()?;
    let own = tasks.clone();
    tasks.spawn("demo provider", async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = own.stopping() => return,
            };
            match accepted {
                Ok((stream, _)) => own.spawn("demo provider connection", serve(stream, own.clone())),
                Err(error) => tracing::warn!(%error, "the demo's provider could not take a connection"),
            }
        }
    });
    Ok(address)
}

async fn serve(stream: TcpStream, tasks: Tasks) {
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
    tokio::select! {
        // A client that hangs up is part of the load.
        ended = connection => if let Err(error) = ended { tracing::debug!(%error, "a connection to the demo's provider broke") },
        () = tasks.stopping() => {}
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let asked = match Limited::new(body, MAX_REQUEST_BYTES).collect().await {
        Ok(whole) => serde_json::from_slice(&whole.to_bytes()).unwrap_or(Value::Null),
        Err(_) => Value::Null,
    };
    let style = match (&head.method, head.uri.path()) {
        (&Method::POST, "/v1/chat/completions") => Style::OpenAi,
        (&Method::POST, "/v1/messages") => Style::Anthropic,
        _ => return Ok(plain(StatusCode::NOT_FOUND, &json!({ "error": { "message": "not part of the demo" } }))),
    };
    let said = Said::to(&asked);
    if said.question.contains("rate limit") {
        return Ok(plain(StatusCode::TOO_MANY_REQUESTS, &style.error("rate_limit_error", "too many requests")));
    }
    if said.question.contains("break") {
        return Ok(plain(StatusCode::INTERNAL_SERVER_ERROR, &style.error("api_error", "the model broke")));
    }
    if asked["stream"] == json!(true) {
        let with_usage = asked["stream_options"]["include_usage"] == json!(true);
        return Ok(streamed(style.events(&said, with_usage)));
    }
    Ok(plain(StatusCode::OK, &style.whole(&said)))
}

fn plain(status: StatusCode, body: &Value) -> Response<Body> {
    let body = Full::new(Bytes::from(body.to_string())).boxed();
    let response = Response::builder().status(status).header(CONTENT_TYPE, "application/json").body(body);
    response.expect("status and header are constants")
}

fn streamed(events: Vec<String>) -> Response<Body> {
    let paced = stream::unfold(events.into_iter(), |mut left| async move {
        let event = left.next()?;
        tokio::time::sleep(BETWEEN_WORDS).await;
        Some((Ok(Frame::data(Bytes::from(event))), left))
    });
    let body = StreamBody::new(paced).boxed();
    let response = Response::builder().header(CONTENT_TYPE, "text/event-stream").body(body);
    response.expect("the header is a constant")
}

/// What a request is answered with.
struct Said {
    model: String,
    question: String,
    words: Vec<String>,
    input_tokens: usize,
}

impl Said {
    fn to(asked: &Value) -> Self {
        let messages = asked["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let question = messages.last().and_then(|m| m["content"].as_str()).unwrap_or_default().to_owned();
        let text = format!("You asked: {question} This answer comes from the demo's own provider, word by word.");
        let words = text.split_inclusive(' ').map(str::to_owned).collect();
        let all: usize = messages.iter().filter_map(|m| m["content"].as_str()).map(str::len).sum();
        let model = asked["model"].as_str().unwrap_or("demo").to_owned();
        Self { model, question, words, input_tokens: all.div_ceil(4) + 8 }
    }
}

/// Whose format is spoken.
#[derive(Clone, Copy)]
enum Style {
    OpenAi,
    Anthropic,
}

impl Style {
    fn error(self, kind: &str, message: &str) -> Value {
        let error = json!({ "type": kind, "message": message });
        match self {
            Self::OpenAi => json!({ "error": error }),
            Self::Anthropic => json!({ "type": "error", "error": error }),
        }
    }

    fn whole(self, said: &Said) -> Value {
        let (text, output) = (said.words.concat(), said.words.len());
        match self {
            Self::OpenAi => json!({
                "id": "chatcmpl-demo", "object": "chat.completion", "created": 0, "model": said.model,
                "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
                "usage": openai_usage(said),
            }),
            Self::Anthropic => json!({
                "id": "msg_demo", "type": "message", "role": "assistant", "model": said.model,
                "content": [{ "type": "text", "text": text }], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": { "input_tokens": said.input_tokens, "output_tokens": output },
            }),
        }
    }

    fn events(self, said: &Said, with_usage: bool) -> Vec<String> {
        match self {
            Self::OpenAi => openai_events(said, with_usage),
            Self::Anthropic => anthropic_events(said),
        }
    }
}

fn openai_usage(said: &Said) -> Value {
    let output = said.words.len();
    json!({
        "prompt_tokens": said.input_tokens, "completion_tokens": output, "total_tokens": said.input_tokens + output,
    })
}

fn openai_events(said: &Said, with_usage: bool) -> Vec<String> {
    let event = |choices: Value, usage: Option<Value>| {
        let mut chunk = json!({
            "id": "chatcmpl-demo", "object": "chat.completion.chunk", "created": 0, "model": said.model, "choices": choices,
        });
        if with_usage {
            chunk["usage"] = usage.unwrap_or(Value::Null);
        }
        format!("data: {chunk}\n\n")
    };
    let delta = |delta: Value, finish: Option<&str>| json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
    let mut events = vec![event(delta(json!({ "role": "assistant", "content": "" }), None), None)];
    events.extend(said.words.iter().map(|word| event(delta(json!({ "content": word }), None), None)));
    events.push(event(delta(json!({}), Some("stop")), None));
    if with_usage {
        events.push(event(json!([]), Some(openai_usage(said))));
    }
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn anthropic_events(said: &Said) -> Vec<String> {
    let message = json!({
        "id": "msg_demo", "type": "message", "role": "assistant", "model": said.model, "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": said.input_tokens, "output_tokens": 1 },
    });
    let mut events = vec![
        json!({ "type": "message_start", "message": message }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
    ];
    events.extend(said.words.iter().map(
        |word| json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": word } }),
    ));
    events.extend([
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({
            "type": "message_delta", "delta": { "stop_reason": "end_turn", "stop_sequence": null },
            "usage": { "output_tokens": said.words.len() },
        }),
        json!({ "type": "message_stop" }),
    ]);
    let named = |event: Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default());
    events.into_iter().map(named).collect()
}
