//! Google's side: generateContent and its streams (events, or a JSON array), countTokens, embeddings, caches, models; on
//! the Gemini API's paths and on Vertex AI's.
//!
//! Shapes: Gemini API reference, "Generating content", "Counting tokens", "Embeddings", "Caching", "Models"; Vertex AI
//! reference, "GenerateContentResponse" (synthetic). A picture counts 258 tokens, a sound 64, a film 263; a picture made
//! 1290, a sound made 32; what a tool found 40.

use serde_json::{Value, json};

use super::{Effect, Scene, arguments, count_tokens};
use crate::{Answer, Received};

mod said;

use said::{Said, say};

const MODELS: [&str; 4] = ["gemini-2.5-pro", "gemini-2.5-flash", "gemini-3-pro-preview", "gemini-embedding-001"];

/// Says whether a path is Google's.
pub(super) fn speaks(path: &str) -> bool {
    let google = ["/v1beta/", "/v1beta1/", "/v1alpha/"].iter().any(|root| path.contains(root));
    (google && !path.contains("/openai/")) || verb(path).is_some() || path.contains("/publishers/google/")
}

/// The model a path names, with the words that change the answer.
pub(super) fn model_of(path: &str) -> Option<&str> {
    verb(path)?;
    let last = path.rsplit('/').next()?;
    last.rsplit_once(':').map(|(model, _)| model)
}

fn verb(path: &str) -> Option<&str> {
    const VERBS: [&str; 5] =
        ["generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"];
    let (_, verb) = path.rsplit('/').next()?.rsplit_once(':')?;
    VERBS.contains(&verb).then_some(verb)
}

/// Answers a request to one of Google's paths.
pub(super) fn answer(received: &Received, id: &str) -> Answer {
    let path = received.path();
    let answer = match (received.method.as_str(), verb(path)) {
        ("POST", Some(verb)) => post(received, verb, id),
        ("POST", None) if path.ends_with("/cachedContents") => cache(&received.json(), id),
        ("GET" | "HEAD", None) if path.ends_with("/models") => models(),
        ("GET" | "HEAD", None) => model(path.rsplit('/').next().unwrap_or_default()),
        (method, _) => error(404, &format!("Not found: {method} {path}")),
    };
    answer.header("server-timing", "gfet4t7; dur=1").header("vary", "Origin")
}

fn post(received: &Received, verb: &str, id: &str) -> Answer {
    let body = received.json();
    if !body.is_object() {
        return error(400, "Invalid JSON payload received.");
    }
    let scene = Scene::of(received, &body);
    let in_array = verb == "streamGenerateContent" && !received.target.contains("alt=sse");
    if let Some(status) = scene.error() {
        let failed = failure(status, &format!("This request fails with {status} on purpose."));
        return json_answer(if in_array { json!([failed]) } else { failed }).status(status);
    }
    let on_vertex = received.path().contains("/projects/");
    let answer = match verb {
        "countTokens" => json_answer(json!({"totalTokens": Said::prompt_of(&body)})),
        "embedContent" => embeddings(&body, std::slice::from_ref(&body), "embedding"),
        "batchEmbedContents" => {
            let requests = body["requests"].as_array().cloned().unwrap_or_default();
            embeddings(&body, &requests, "embeddings")
        }
        _ if body["contents"].is_null() => return error(400, "contents is not specified"),
        verb => {
            let said = say(&body, &scene, on_vertex, id);
            let mut answer = match verb {
                "generateContent" => json_answer(said.whole(&scene, id)),
                _ if in_array => array(said.events(&scene, id)),
                _ => sse(&said.events(&scene, id)),
            };
            answer.bill = Some(said.usage);
            answer
        }
    };
    scene.apply(answer)
}

fn json_answer(value: Value) -> Answer {
    let mut answer = Answer::json(value);
    answer.headers.clear();
    answer.header("content-type", "application/json; charset=UTF-8")
}

fn sse(events: &[Value]) -> Answer {
    let events: Vec<String> = events.iter().map(Value::to_string).collect();
    Answer::sse(&events)
}

/// A JSON array, one element a piece; the comma comes with the element behind it.
fn array(events: Vec<Value>) -> Answer {
    let mut pieces = Vec::new();
    for (n, event) in events.into_iter().enumerate() {
        pieces.push(format!("{}{event:#}\n", if n == 0 { "[" } else { ",\r\n" }));
    }
    pieces.push("]".to_owned());
    Answer::stream("application/json; charset=UTF-8", pieces)
}

/// An error as `google.rpc.Status`.
pub(super) fn failure(status: u16, message: &str) -> Value {
    let word = match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    };
    json!({"error": {"code": status, "message": message, "status": word}})
}

fn error(status: u16, message: &str) -> Answer {
    json_answer(failure(status, message)).status(status)
}

fn embeddings(body: &Value, requests: &[Value], member: &str) -> Answer {
    let dimensions = body["outputDimensionality"].as_u64().unwrap_or(8).min(3072);
    let vector = |request: &Value| {
        let seed = count_tokens(&request["content"].to_string());
        let values: Vec<f64> =
            (0..dimensions).map(|n| f64::from(u32::try_from((seed + n) % 100).unwrap_or(0)) / 100.0).collect();
        json!({ "values": values })
    };
    let vectors: Vec<Value> = requests.iter().map(vector).collect();
    let tokens: u64 = requests.iter().map(|request| Said::content_tokens(&request["content"])).sum();
    let usage = json!({"promptTokenCount": tokens, "promptTokenDetails": [{"modality": "TEXT", "tokenCount": tokens}]});
    let value = if member == "embedding" { vectors[0].clone() } else { Value::from(vectors) };
    let mut answer = json_answer(json!({member: value, "usageMetadata": usage}));
    answer.bill = Some(usage);
    answer
}

fn cache(body: &Value, id: &str) -> Answer {
    let tokens = Said::prompt_of(body);
    json_answer(json!({
        "name": format!("cachedContents/{id}"), "model": body["model"], "createTime": "2026-01-01T00:00:00Z",
        "updateTime": "2026-01-01T00:00:00Z", "expireTime": "2026-01-01T01:00:00Z",
        "usageMetadata": {"totalTokenCount": tokens},
    }))
}

fn describe(model: &str) -> Value {
    json!({
        "name": format!("models/{model}"), "version": "001", "displayName": model, "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536, "supportedGenerationMethods": ["generateContent", "countTokens"],
    })
}

fn models() -> Answer {
    json_answer(json!({ "models": MODELS.map(describe) }))
}

fn model(name: &str) -> Answer {
    if MODELS.contains(&name) {
        json_answer(describe(name))
    } else {
        error(404, &format!("models/{name} is not found for API version v1beta"))
    }
}
