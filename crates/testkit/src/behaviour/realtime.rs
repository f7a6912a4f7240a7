//! OpenAI Realtime and Gemini Live on a WebSocket: the model repeats what it is told, and every answer is billed.
//!
//! Shapes: OpenAI API reference, "Realtime"; Gemini API reference, "Live API" (synthetic). Words after a `+` in the model's
//! name make it misbehave: `cut` ends the connection inside an answer, `close-1011` closes the session there, `fail` ends the
//! answer as failed, `slow` waits 50 ms before each piece. The user's audio counts one token for each 100 bytes of base64.

use std::{io, time::Duration};

use serde_json::{Value, json};

use super::count_tokens;
use crate::{
    Billed, Received,
    websocket::{Message, Socket},
};

/// Whose sessions a path has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Talk {
    OpenAi,
    Gemini,
}

/// Says whether a request asks for a session.
pub(crate) fn talk_of(received: &Received) -> Option<Talk> {
    let asks = received.header("upgrade").is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"));
    let path = received.path();
    match (asks, path.ends_with("/realtime"), path.contains("BidiGenerateContent")) {
        (true, true, _) => Some(Talk::OpenAi),
        (true, _, true) => Some(Talk::Gemini),
        _ => None,
    }
}

/// A session, and what it was told.
pub(crate) struct Session<'s> {
    socket: Socket,
    id: String,
    model: String,
    number: u64,
    label: Option<String>,
    bill: &'s (dyn Fn(Billed) + Sync),
    /// Counts what gets an id.
    count: u64,
    config: Value,
    said: String,
    audio: u64,
    tool_answered: bool,
}

/// Whether a session goes on.
type Going = io::Result<bool>;

impl<'s> Session<'s> {
    pub(crate) fn new(socket: Socket, received: &Received, id: &str, bill: &'s (dyn Fn(Billed) + Sync)) -> Self {
        let query = received.target.split_once('?').map_or("", |(_, query)| query);
        let named = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        let model = named("model").or_else(|| named("deployment")).unwrap_or("gpt-realtime");
        Self {
            socket,
            id: id.to_owned(),
            model: model.to_owned(),
            number: received.number,
            label: received.header("x-fake-id").map(str::to_owned),
            bill,
            count: 0,
            config: json!({}),
            said: String::new(),
            audio: 0,
            tool_answered: false,
        }
    }

    /// Talks until one side is done.
    pub(crate) async fn run(mut self, talk: Talk) -> io::Result<()> {
        if talk == Talk::OpenAi {
            self.config = json!({"type": "realtime", "object": "realtime.session", "id": format!("sess_{}", self.id),
                "model": self.plain_model(), "output_modalities": ["text"], "instructions": "", "tools": []});
            self.event("session.created", json!({"session": self.config})).await?;
        }
        loop {
            let message = match self.socket.next().await? {
                Some(message @ (Message::Text(_) | Message::Binary(_))) => message.text(),
                Some(Message::Ping(_) | Message::Pong(_)) => continue,
                Some(close @ Message::Close(..)) => return self.socket.send(&close).await,
                None => return Ok(()),
            };
            let Ok(event) = serde_json::from_str::<Value>(&message) else { continue };
            let goes_on = match talk {
                Talk::OpenAi => self.openai(&event).await?,
                Talk::Gemini => self.gemini(&event).await?,
            };
            if !goes_on {
                return Ok(());
            }
        }
    }

    fn has(&self, word: &str) -> bool {
        self.model.split('+').skip(1).any(|w| w == word)
    }

    fn plain_model(&self) -> String {
        self.model.split('+').next().unwrap_or_default().to_owned()
    }

    fn next_id(&mut self, kind: &str) -> String {
        self.count += 1;
        format!("{kind}_{}_{}", self.id, self.count)
    }

    async fn pause(&self) {
        if self.has("slow") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn charge(&self, request_id: &str, model: String, usage: &Value) {
        (self.bill)(Billed {
            number: self.number,
            label: self.label.clone(),
            request_id: request_id.to_owned(),
            model,
            usage: usage.clone(),
            answered: true,
        });
    }

    /// What goes wrong in the middle of an answer; says whether it goes on.
    async fn trouble(&mut self) -> Going {
        if self.has("close-1011") {
            self.socket.send(&Message::Close(Some(1011), "the fake provider gives up".to_owned())).await?;
            self.socket.finish().await?;
            return Ok(false);
        }
        Ok(!self.has("cut"))
    }

    async fn event(&mut self, kind: &str, mut members: Value) -> io::Result<()> {
        members["type"] = json!(kind);
        members["event_id"] = json!(self.next_id("event"));
        self.socket.say(&members).await
    }

    async fn openai(&mut self, event: &Value) -> Going {
        match event["type"].as_str().unwrap_or_default() {
            "session.update" => {
                for (key, value) in event["session"].as_object().into_iter().flatten() {
                    self.config[key] = value.clone();
                }
                self.event("session.updated", json!({"session": self.config})).await?;
            }
            "input_audio_buffer.append" => self.audio += event["audio"].as_str().map_or(0, |audio| audio.len() as u64),
            "input_audio_buffer.commit" => self.commit().await?,
            "conversation.item.create" => {
                let item = &event["item"];
                self.tool_answered = item["type"] == "function_call_output";
                let told = item["content"][0]["text"].as_str().or(item["output"].as_str());
                told.unwrap_or_default().clone_into(&mut self.said);
                self.event("conversation.item.added", json!({"item": item})).await?;
            }
            "response.create" => return self.respond(&event["response"]).await,
            "response.cancel" | "input_audio_buffer.clear" => {}
            other => {
                let error = json!({"type": "invalid_request_error", "code": "invalid_value",
                    "message": format!("Invalid value: '{other}'."), "event_id": event["event_id"]});
                self.event("error", json!({"error": error})).await?;
            }
        }
        Ok(true)
    }

    /// The user's audio is complete, and transcribed where the session asks for it.
    async fn commit(&mut self) -> io::Result<()> {
        let item = self.next_id("item");
        self.event("input_audio_buffer.committed", json!({"item_id": item, "previous_item_id": null})).await?;
        let model = self.config["audio"]["input"]["transcription"]["model"].as_str().map(str::to_owned);
        if let Some(model) = model {
            let usage = if model.starts_with("whisper") {
                // 24,000 samples a second of two bytes, a third more in base64.
                #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
                let seconds = self.audio as f64 / 64_000.0;
                json!({"type": "duration", "seconds": seconds})
            } else {
                let heard = self.audio / 100;
                json!({"type": "tokens", "total_tokens": heard + 3, "input_tokens": heard, "output_tokens": 3,
                    "input_token_details": {"text_tokens": 0, "audio_tokens": heard}})
            };
            self.charge(&item, model, &usage);
            let completed =
                json!({"item_id": item, "content_index": 0, "transcript": "what you heard", "usage": usage});
            self.event("conversation.item.input_audio_transcription.completed", completed).await?;
        }
        "what you heard".clone_into(&mut self.said);
        Ok(())
    }

    async fn respond(&mut self, asked: &Value) -> Going {
        let (id, item) = (self.next_id("resp"), self.next_id("item"));
        let begun = json!({"id": id, "object": "realtime.response", "status": "in_progress", "output": []});
        self.event("response.created", json!({"response": begun})).await?;
        let tool = self.config["tools"][0]["name"].as_str().filter(|_| !self.tool_answered).map(str::to_owned);
        let modalities = if asked["output_modalities"].is_array() { asked } else { &self.config };
        let speaks = modalities["output_modalities"][0] == "audio";
        let text = format!("You said: {}", self.said);
        let at = |more: Value| {
            let mut event = json!({"response_id": id, "item_id": item, "output_index": 0, "content_index": 0});
            for (key, value) in more.as_object().into_iter().flatten() {
                event[key] = value.clone();
            }
            event
        };
        let output = if let Some(name) = &tool {
            let arguments = r#"{"town":"Paris"}"#;
            for piece in arguments.split_inclusive(':') {
                self.pause().await;
                self.event("response.function_call_arguments.delta", at(json!({"call_id": "call_1", "delta": piece})))
                    .await?;
            }
            json!({"id": item, "type": "function_call", "name": name, "call_id": "call_1", "arguments": arguments})
        } else {
            let kind = if speaks { "response.output_audio_transcript.delta" } else { "response.output_text.delta" };
            for (n, piece) in text.split_inclusive(' ').enumerate() {
                self.pause().await;
                self.event(kind, at(json!({"delta": piece}))).await?;
                if speaks {
                    self.event("response.output_audio.delta", at(json!({"delta": "QUJDRA".repeat(200)}))).await?;
                }
                if n == 1 && !self.trouble().await? {
                    return Ok(false);
                }
            }
            let part = if speaks {
                json!({"type": "output_audio", "transcript": text})
            } else {
                json!({"type": "output_text", "text": text})
            };
            json!({"id": item, "type": "message", "role": "assistant", "content": [part]})
        };
        let usage = self.usage(&text, speaks);
        self.charge(&id, self.plain_model(), &usage);
        let mut response = json!({"id": id, "object": "realtime.response", "status": "completed", "output": [output],
            "usage": usage});
        if self.has("fail") {
            response["status"] = json!("failed");
            let error = json!({"type": "server_error", "code": "fake", "message": "This answer fails on purpose."});
            response["status_details"] = json!({"type": "failed", "error": error});
        }
        self.event("response.done", json!({"response": response})).await?;
        self.audio = 0;
        Ok(true)
    }

    /// Every detail there is, each a part of its sum.
    fn usage(&self, text: &str, speaks: bool) -> Value {
        let words = count_tokens(&self.said) + count_tokens(self.config["instructions"].as_str().unwrap_or_default());
        let (heard, written) = (self.audio / 100, count_tokens(text));
        let (cached_text, cached_audio) = (words / 2, heard / 4);
        let spoken = if speaks { written * 3 } else { 0 };
        json!({
            "total_tokens": words + heard + written + spoken, "input_tokens": words + heard,
            "output_tokens": written + spoken,
            "input_token_details": {"text_tokens": words, "audio_tokens": heard, "image_tokens": 0,
                "cached_tokens": cached_text + cached_audio,
                "cached_tokens_details": {"text_tokens": cached_text, "audio_tokens": cached_audio, "image_tokens": 0}},
            "output_token_details": {"text_tokens": written, "audio_tokens": spoken},
        })
    }

    async fn gemini(&mut self, event: &Value) -> Going {
        let either = |object: &Value, one: &str, other: &str| {
            object.get(one).or_else(|| object.get(other)).cloned().unwrap_or(Value::Null)
        };
        if let Some(setup) = event.get("setup") {
            self.config = setup.clone();
            let model = setup["model"].as_str().unwrap_or_default();
            model.rsplit('/').next().unwrap_or_default().clone_into(&mut self.model);
            self.message(json!({"setupComplete": {}})).await?;
            return Ok(true);
        }
        let content = either(event, "clientContent", "client_content");
        if let Some(text) = content["turns"][0]["parts"][0]["text"].as_str() {
            text.clone_into(&mut self.said);
        }
        let input = either(event, "realtimeInput", "realtime_input");
        self.audio += input["audio"]["data"].as_str().map_or(0, |data| data.len() as u64);
        if let Some(text) = input["text"].as_str() {
            text.clone_into(&mut self.said);
        }
        let results = either(event, "toolResponse", "tool_response");
        self.tool_answered = !results.is_null();
        let is_asked = either(&content, "turnComplete", "turn_complete") == true
            || input["text"].is_string()
            || !either(&input, "activityEnd", "activity_end").is_null()
            || self.tool_answered;
        if is_asked { self.generate().await } else { Ok(true) }
    }

    async fn generate(&mut self) -> Going {
        let text = format!("You said: {}", self.said);
        let (words, heard, written) = (count_tokens(&self.said), self.audio / 100, count_tokens(&text));
        let usage = json!({
            "promptTokenCount": words + heard, "responseTokenCount": written, "totalTokenCount": words + heard + written,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": words}, {"modality": "AUDIO", "tokenCount": heard}],
            "responseTokensDetails": [{"modality": "TEXT", "tokenCount": written}],
        });
        let id = self.next_id("turn");
        let tools = self.config["tools"][0].clone();
        let tool = tools["functionDeclarations"][0]["name"].as_str().filter(|_| !self.tool_answered);
        if let Some(name) = tool {
            let calls = json!({"functionCalls": [{"id": "fc_1", "name": name, "args": {"town": "Paris"}}]});
            self.charge(&id, self.plain_model(), &usage);
            self.message(json!({"toolCall": calls})).await?;
            self.message(json!({"usageMetadata": usage, "sessionResumptionUpdate": {"resumable": false}})).await?;
            return Ok(true);
        }
        for (n, piece) in text.split_inclusive(' ').enumerate() {
            self.pause().await;
            self.message(json!({"serverContent": {"modelTurn": {"parts": [{"text": piece}]}}})).await?;
            if n == 1 && !self.trouble().await? {
                return Ok(false);
            }
        }
        self.message(json!({"serverContent": {"generationComplete": true}})).await?;
        self.charge(&id, self.plain_model(), &usage);
        self.message(json!({"serverContent": {"turnComplete": true}, "usageMetadata": usage})).await?;
        self.audio = 0;
        Ok(true)
    }

    /// Gemini sends its JSON in binary frames.
    async fn message(&mut self, message: Value) -> io::Result<()> {
        self.socket.send(&Message::Binary(message.to_string().into_bytes())).await
    }
}
