//! OpenAI's Responses: made at once, as a stream or in the background, and read again.
//!
//! Shapes: OpenAI API reference, "Responses" and "Streaming events" (synthetic). The provider keeps nothing: the id of a
//! response holds the request it was made from, so that it can be read, cancelled and deleted later. What a response costs is
//! on the bill of the request that made it, in the background too; reading it again costs nothing. A web search that was
//! offered is run once, and counted in `tool_usage`, which stands in the bill's line beside the usage.

use serde_json::{Value, json};

use super::{Effect, Scene, arguments, count_tokens, openai_error};
use crate::{Answer, Received};

const CREATED: u64 = 1_767_225_600;

/// Everything a response follows from.
struct Made {
    id: String,
    request: Value,
    scene: Scene,
    output: Vec<Value>,
    status: &'static str,
    incomplete: Option<&'static str>,
    usage: Value,
    searches: u64,
}

/// `POST /v1/responses`.
pub(super) fn create(body: &Value, scene: &Scene, id: &str) -> Answer {
    if body["input"].is_null() && body["prompt"].is_null() {
        return openai_error(400, "Missing required parameter: 'input'.");
    }
    let made = make(body, scene, &name(body, id));
    let mut answer = match (body["stream"] == true, body["background"] == true) {
        (true, _) => stream(&made, 0),
        (false, true) => Answer::json(made.response("queued", &[], &Value::Null)),
        (false, false) => Answer::json(made.whole()),
    };
    answer.bill = Some(made.bill());
    answer
}

/// `POST /v1/responses/input_tokens`.
pub(super) fn input_tokens(body: &Value, _scene: &Scene, _id: &str) -> Answer {
    Answer::json(json!({"object": "response.input_tokens", "input_tokens": prompt_tokens(body)}))
}

/// `POST /v1/responses/compact`.
pub(super) fn compact(body: &Value, scene: &Scene, id: &str) -> Answer {
    let input = prompt_tokens(body);
    let usage = usage(input, 12, 0, 0);
    let mut answer = Answer::json(json!({
        "id": format!("resp_{id}"), "object": "response.compaction", "created_at": CREATED, "model": scene.model,
        "output": [{"id": format!("cmp_{id}"), "type": "compaction", "encrypted_content": "ZmFrZQ=="}], "usage": usage,
    }));
    answer.bill = Some(usage);
    answer
}

/// What can be asked of a stored response: `GET`, `DELETE`, `…/cancel`, `…/input_items`; `None` for any other path.
pub(super) fn stored(received: &Received) -> Option<Answer> {
    let (_, rest) = received.path().rsplit_once("/responses/")?;
    let (id, end) = rest.split_once('/').map_or((rest, ""), |(id, end)| (id, end));
    let missing = || openai_error(404, &format!("Response with id '{id}' not found."));
    let known = || request_of(id).map(|request| make(&request, &Scene::of(received, &request), id));
    Some(match (received.method.as_str(), end) {
        ("GET", "") => known().map_or_else(missing, |made| read(received, &made)),
        ("POST", "cancel") => match known() {
            Some(made) if made.request["background"] == true => Answer::json(made.whole()),
            Some(_) => openai_error(400, "Cannot cancel a synchronous response."),
            None => missing(),
        },
        ("DELETE", "") => known()
            .map_or_else(missing, |made| Answer::json(json!({"id": made.id, "object": "response", "deleted": true}))),
        ("GET", "input_items") => known().map_or_else(missing, |made| {
            let text = made.request["input"].as_str().unwrap_or_default();
            let item = json!({"id": "msg_0", "type": "message", "role": "user", "status": "completed",
                "content": [{"type": "input_text", "text": text}]});
            Answer::json(
                json!({"object": "list", "data": [item], "first_id": "msg_0", "last_id": "msg_0", "has_more": false}),
            )
        }),
        _ => return None,
    })
}

/// A stored response, at once or as the stream it was (`?stream=true`, from behind `starting_after`).
fn read(received: &Received, made: &Made) -> Answer {
    let query = received.target.split_once('?').map_or("", |(_, query)| query);
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    if value("stream") == Some("true") {
        let after = value("starting_after").and_then(|n| n.parse::<usize>().ok());
        return made.scene.apply(stream(made, after.map_or(0, |n| n + 1)));
    }
    made.scene.apply(Answer::json(made.whole()))
}

/// An id that holds what a response is made from.
fn name(body: &Value, id: &str) -> String {
    let kept: Value = ["model", "input", "background", "max_output_tokens", "tools", "tool_choice", "reasoning"]
        .into_iter()
        .filter(|key| !body[*key].is_null())
        .map(|key| (key.to_owned(), body[key].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let hex: Vec<String> = kept.to_string().bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("resp_{id}_{}", hex.concat())
}

fn request_of(id: &str) -> Option<Value> {
    let hex = id.strip_prefix("resp_")?.rsplit_once('_')?.1;
    let byte = |at: usize| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect::<Option<_>>()?;
    serde_json::from_slice(&bytes).ok()
}

/// The texts of an item's content.
fn text_of(item: &Value) -> String {
    match &item["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join(" "),
        _ => item["output"].as_str().or(item["arguments"].as_str()).unwrap_or_default().to_owned(),
    }
}

fn prompt_tokens(body: &Value) -> u64 {
    let instructions = body["instructions"].as_str().map_or(0, count_tokens);
    let tools = 12 * body["tools"].as_array().map_or(0, |tools| tools.len() as u64);
    let said = match &body["input"] {
        Value::String(text) => 4 + count_tokens(text),
        Value::Array(items) => items.iter().map(|item| 4 + count_tokens(&text_of(item))).sum(),
        _ => 0,
    };
    instructions + tools + said
}

fn usage(input: u64, output: u64, cached: u64, reasoning: u64) -> Value {
    json!({"input_tokens": input, "input_tokens_details": {"cached_tokens": cached}, "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning}, "total_tokens": input + output})
}

fn make(body: &Value, scene: &Scene, id: &str) -> Made {
    let items = body["input"].as_array();
    let said = match items {
        Some(items) => items.iter().rev().find(|item| item["role"] == "user").map(text_of).unwrap_or_default(),
        None => body["input"].as_str().unwrap_or_default().to_owned(),
    };
    let tools: Vec<&Value> = body["tools"].as_array().into_iter().flatten().collect();
    let was_called = items.and_then(|items| items.last()).is_some_and(|item| item["type"] == "function_call_output");
    let function = tools.iter().find(|tool| tool["type"] == "function").filter(|_| !was_called);
    let function = function.filter(|_| body["tool_choice"] != "none");
    let short = id.chars().take(21).collect::<String>();
    let (mut output, mut reasoning, mut searches) = (Vec::new(), 0, 0);
    if scene.model.starts_with('o') || body["reasoning"]["effort"].is_string() {
        reasoning = 16;
        output.push(json!({"type": "reasoning", "id": format!("rs_{short}"),
            "summary": [{"type": "summary_text", "text": "Thinking about it."}]}));
    }
    if tools.iter().any(|tool| tool["type"].as_str().is_some_and(|kind| kind.starts_with("web_search"))) {
        searches = 1;
        output.push(json!({"type": "web_search_call", "id": format!("ws_{short}"), "status": "completed",
            "action": {"type": "search", "query": said}}));
    }
    let limit = body["max_output_tokens"].as_u64().unwrap_or(u64::MAX);
    let (mut written, mut incomplete) = (0, None);
    if let Some(tool) = function {
        let (name, given) = (tool["name"].as_str().unwrap_or_default(), arguments(&tool["parameters"]).to_string());
        written += count_tokens(name) + count_tokens(&given);
        output.push(json!({"type": "function_call", "id": format!("fc_{short}"), "call_id": format!("call_{short}"),
            "name": name, "arguments": given, "status": "completed"}));
    } else {
        let (text, limited) = super::openai::limit_text(&scene.text(format!("You said: {said}")), limit);
        written += count_tokens(&text);
        incomplete = limited.then_some("max_output_tokens");
        let part = if scene.has(Effect::Refusal) {
            json!({"type": "refusal", "refusal": text})
        } else {
            json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
        };
        let status = if limited { "incomplete" } else { "completed" };
        output.push(json!({"type": "message", "id": format!("msg_{short}"), "role": "assistant", "status": status,
            "content": [part]}));
    }
    let input = prompt_tokens(body);
    let cached = if scene.has(Effect::Cached) { input / 2 } else { 0 };
    Made {
        id: id.to_owned(),
        request: body.clone(),
        scene: scene.clone(),
        output,
        status: if incomplete.is_some() { "incomplete" } else { "completed" },
        incomplete,
        usage: usage(input, written + reasoning, cached, reasoning),
        searches,
    }
}

impl Made {
    fn response(&self, status: &str, output: &[Value], usage: &Value) -> Value {
        let is_done = !usage.is_null();
        let mut response = json!({
            "id": self.id, "object": "response", "created_at": CREATED, "status": status,
            "background": self.request["background"] == true, "error": null, "incomplete_details": null,
            "instructions": self.request["instructions"], "max_output_tokens": self.request["max_output_tokens"],
            "model": self.scene.model, "output": output, "parallel_tool_calls": true, "previous_response_id": null,
            "reasoning": {"effort": self.request["reasoning"]["effort"], "summary": null},
            "service_tier": if is_done { "default" } else { "auto" }, "store": true, "temperature": 1.0,
            "text": {"format": {"type": "text"}}, "tool_choice": "auto",
            "tools": self.request["tools"].as_array().cloned().unwrap_or_default(), "top_p": 1.0,
            "truncation": "disabled", "usage": usage, "user": null, "metadata": {},
        });
        if is_done {
            response["incomplete_details"] = self.incomplete.map_or(Value::Null, |reason| json!({ "reason": reason }));
            response["tool_usage"] = json!({"web_search": {"num_requests": self.searches}});
        }
        response
    }

    /// The response as it is in the end.
    fn whole(&self) -> Value {
        self.response(self.status, &self.output, &self.usage)
    }

    /// The usage, and what is billed beside it.
    fn bill(&self) -> Value {
        let mut bill = self.usage.clone();
        if self.searches > 0 {
            bill["tool_usage"] = json!({"web_search": {"num_requests": self.searches}});
        }
        bill
    }
}

/// The events of a response, without those before `first`.
fn stream(made: &Made, first: usize) -> Answer {
    let mut events: Vec<(String, Value)> = Vec::new();
    let mut push = |kind: &str, event: Value| events.push((format!("response.{kind}"), event));
    let begun = |status| json!({"response": made.response(status, &[], &Value::Null)});
    push("created", begun("in_progress"));
    push("in_progress", begun("in_progress"));
    for (index, item) in made.output.iter().enumerate() {
        let (item_id, scene) = (&item["id"], &made.scene);
        let mut begun = item.clone();
        let piece = |key: &str, value: &str| json!({"item_id": item_id, "output_index": index, key: value});
        for key in ["content", "summary"] {
            if begun[key].is_array() {
                begun[key] = json!([]);
            }
        }
        if begun["arguments"].is_string() {
            begun["arguments"] = json!("");
        }
        push("output_item.added", json!({"output_index": index, "item": begun}));
        match item["type"].as_str().unwrap_or_default() {
            "message" => {
                let part = &item["content"][0];
                let (kind, key) =
                    if part["type"] == "refusal" { ("refusal", "refusal") } else { ("output_text", "text") };
                let text = part[key].as_str().unwrap_or_default();
                let mut empty = part.clone();
                empty[key] = json!("");
                let with_part =
                    |part: &Value| json!({"item_id": item_id, "output_index": index, "content_index": 0, "part": part});
                push("content_part.added", with_part(&empty));
                for delta in scene.cut(text) {
                    let mut event = piece("delta", &delta);
                    event["content_index"] = json!(0);
                    push(&format!("{kind}.delta"), event);
                }
                let mut event = piece(key, text);
                event["content_index"] = json!(0);
                push(&format!("{kind}.done"), event);
                push("content_part.done", with_part(part));
            }
            "reasoning" => {
                let text = item["summary"][0]["text"].as_str().unwrap_or_default();
                for (verb, key) in [("delta", "delta"), ("done", "text")] {
                    let mut event = piece(key, text);
                    event["summary_index"] = json!(0);
                    push(&format!("reasoning_summary_text.{verb}"), event);
                }
            }
            "function_call" => {
                let given = item["arguments"].as_str().unwrap_or_default();
                for delta in given.split_inclusive([':', ',']) {
                    push("function_call_arguments.delta", piece("delta", delta));
                }
                push("function_call_arguments.done", piece("arguments", given));
            }
            _ => {
                for verb in ["in_progress", "searching", "completed"] {
                    push(&format!("web_search_call.{verb}"), json!({"item_id": item_id, "output_index": index}));
                }
            }
        }
        push("output_item.done", json!({"output_index": index, "item": item}));
    }
    if made.scene.has(Effect::ErrorInStream) {
        events.truncate(events.len() / 2);
        let error = json!({"code": "server_error", "message": "The server had an error.", "param": null});
        events.push(("error".to_owned(), error));
    } else {
        events.push((format!("response.{}", made.status), json!({ "response": made.whole() })));
    }
    let numbered = events.into_iter().enumerate().map(|(n, (kind, mut event))| {
        event["type"] = json!(kind);
        event["sequence_number"] = json!(n);
        (kind, event.to_string())
    });
    Answer::sse_named(&numbered.skip(first).collect::<Vec<_>>())
}
