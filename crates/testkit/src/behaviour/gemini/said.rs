//! What Google's fake model says to a request, whole and in events, and what that costs.

use serde_json::{Value, json};

use super::{Effect, Scene, arguments, count_tokens, failure};

const THOUGHT: &str = "The user wants an answer, so I repeat what was said.";
/// Opaque to clients, who must send it back byte for byte.
const SIGNATURE: &str = "RmFrZVNpZ25hdHVyZTpkbytub3QvbW9kaWZ5Kz09Cg==";
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=";

/// One answer: the parts of a candidate, why it ended, and the bill.
pub(super) struct Said {
    parts: Vec<Value>,
    finish: &'static str,
    candidates: u64,
    grounding: Option<Value>,
    pub(super) usage: Value,
}

/// Tokens by modality.
#[derive(Default, Clone, Copy)]
struct Counted {
    text: u64,
    image: u64,
    video: u64,
    audio: u64,
}

impl Counted {
    fn total(self) -> u64 {
        self.text + self.image + self.video + self.audio
    }

    fn details(self) -> Value {
        let all = [("TEXT", self.text), ("IMAGE", self.image), ("VIDEO", self.video), ("AUDIO", self.audio)];
        all.iter().filter(|(_, n)| *n > 0).map(|(word, n)| json!({"modality": word, "tokenCount": n})).collect()
    }

    fn add(&mut self, part: &Value) {
        self.text += part["text"].as_str().map_or(0, count_tokens);
        let file = if part["inlineData"].is_object() { &part["inlineData"] } else { &part["fileData"] };
        match file["mimeType"].as_str().and_then(|mime| mime.split('/').next()) {
            Some("image") => self.image += 258,
            Some("video") => self.video += 263,
            Some("audio") => self.audio += 64,
            Some(_) => self.text += 258,
            None => {}
        }
        for data in ["functionCall", "functionResponse"] {
            if part[data].is_object() {
                self.text += count_tokens(&part[data].to_string());
            }
        }
    }
}

fn parts_of(content: &Value) -> impl Iterator<Item = &Value> {
    content["parts"].as_array().into_iter().flatten()
}

fn contents_of(body: &Value) -> impl Iterator<Item = &Value> {
    body["contents"].as_array().into_iter().flatten()
}

/// The functions and the hosted tools a request offers.
fn tools_of(body: &Value) -> impl Iterator<Item = &Value> {
    body["tools"].as_array().into_iter().flatten()
}

fn counted(body: &Value) -> Counted {
    let mut all = Counted::default();
    for content in contents_of(body).chain([&body["systemInstruction"]]).filter(|content| content.is_object()) {
        all.text += 4;
        parts_of(content).for_each(|part| all.add(part));
    }
    all.text +=
        12 * tools_of(body).map(|t| t["functionDeclarations"].as_array().map_or(0, |f| f.len() as u64)).sum::<u64>();
    all
}

impl Said {
    /// Tokens of a request.
    pub(super) fn prompt_of(body: &Value) -> u64 {
        counted(body).total()
    }

    /// Tokens of one content.
    pub(super) fn content_tokens(content: &Value) -> u64 {
        let mut all = Counted::default();
        parts_of(content).for_each(|part| all.add(part));
        all.total()
    }

    fn is_blocked(&self) -> bool {
        self.candidates == 0
    }

    /// The answer as one document.
    pub(super) fn whole(&self, scene: &Scene, id: &str) -> Value {
        self.event(scene, id, &self.parts, Some(self.finish), &self.usage)
    }

    /// The answer as the events of a stream: a text word by word, every event with the usage so far.
    pub(super) fn events(&self, scene: &Scene, id: &str) -> Vec<Value> {
        let mut pieces: Vec<Value> = Vec::new();
        for part in &self.parts {
            match part["text"].as_str() {
                Some(text) => pieces.extend(scene.cut(text).into_iter().map(|piece| {
                    let mut part = part.clone();
                    part["text"] = json!(piece);
                    part
                })),
                None => pieces.push(part.clone()),
            }
        }
        let mut events = Vec::new();
        let mut written = 0;
        for piece in pieces {
            let mut so_far = Counted::default();
            so_far.add(&piece);
            written += so_far.total() * self.candidates;
            let prompt = self.usage["promptTokenCount"].as_u64().unwrap_or(0);
            let usage = json!({"promptTokenCount": prompt, "candidatesTokenCount": written, "totalTokenCount": prompt + written});
            events.push(self.event(scene, id, &[piece], None, &usage));
        }
        if scene.has(Effect::ErrorInStream) {
            events.truncate(events.len() / 2 + 1);
            events.push(failure(503, "The model is overloaded."));
        } else {
            events.push(self.event(scene, id, &[json!({"text": ""})], Some(self.finish), &self.usage));
        }
        events
    }

    fn event(&self, scene: &Scene, id: &str, parts: &[Value], finish: Option<&str>, usage: &Value) -> Value {
        let candidate = |index: u64| {
            let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": index});
            if let Some(finish) = finish {
                candidate["finishReason"] = json!(finish);
                if let Some(grounding) = &self.grounding {
                    candidate["groundingMetadata"] = grounding.clone();
                }
            }
            candidate
        };
        let mut event = json!({"usageMetadata": usage, "modelVersion": scene.model, "responseId": id});
        if self.is_blocked() {
            event["promptFeedback"] = json!({"blockReason": self.finish});
        } else {
            event["candidates"] = (0..self.candidates).map(candidate).collect();
        }
        event
    }
}

/// Decides on an answer.
pub(super) fn say(body: &Value, scene: &Scene, on_vertex: bool, id: &str) -> Said {
    let config = &body["generationConfig"];
    let modality = |word: &str| config["responseModalities"].as_array().is_some_and(|m| m.iter().any(|m| m == word));
    let thinks = config["thinkingConfig"].is_object();
    let has_tool = |word: &str| tools_of(body).any(|tool| tool[word].is_object());
    let call = pick_function(body, id);
    let last_said =
        contents_of(body).filter(|c| c["role"] != "model").flat_map(parts_of).filter_map(|p| p["text"].as_str());
    let said = last_said.last().unwrap_or_default();

    let mut parts = Vec::new();
    if thinks && config["thinkingConfig"]["includeThoughts"] == true {
        parts.push(json!({"text": THOUGHT, "thought": true}));
    }
    if has_tool("codeExecution") {
        parts.push(json!({"executableCode": {"language": "PYTHON", "code": "print(1)"}}));
        parts.push(json!({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}}));
    }
    let mut finish = "STOP";
    match call {
        Some(mut call) => {
            if thinks {
                call["thoughtSignature"] = json!(SIGNATURE);
            }
            parts.push(call);
        }
        None if modality("AUDIO") => {
            parts.push(json!({"inlineData": {"mimeType": "audio/L16;rate=24000", "data": "AAAA"}}))
        }
        None => {
            let wants_json = config["responseMimeType"] == "application/json";
            let full = if wants_json { json!({ "answer": said }).to_string() } else { format!("You said: {said}") };
            let (text, limited) = super::super::openai::limit_text(
                &scene.text(full),
                config["maxOutputTokens"].as_u64().unwrap_or(u64::MAX),
            );
            finish = if limited { "MAX_TOKENS" } else { finish };
            parts.push(json!({ "text": text }));
        }
    }
    if modality("IMAGE") {
        parts.push(json!({"inlineData": {"mimeType": "image/png", "data": PNG}}));
    }
    let grounding = has_tool("googleSearch").then(|| {
        json!({"webSearchQueries": [said, ""], "groundingChunks": [{"web": {"uri": "https://example.com/", "title": "example.com"}}]})
    });

    let mut written = Counted::default();
    parts
        .iter()
        .filter(|part| part["thought"] != true && part["inlineData"].is_null())
        .for_each(|part| written.add(part));
    written.image = if modality("IMAGE") { 1290 } else { 0 };
    written.audio = if modality("AUDIO") { 32 } else { 0 };
    let candidates =
        if scene.has(Effect::Refusal) { 0 } else { config["candidateCount"].as_u64().unwrap_or(1).clamp(1, 8) };
    let found = if has_tool("codeExecution") || has_tool("googleSearch") { 40 } else { 0 };
    let usage = usage(
        body,
        scene,
        &Bill { written, candidates, thoughts: if thinks { count_tokens(THOUGHT) } else { 0 }, found, on_vertex },
    );
    let finish = if candidates == 0 { "PROHIBITED_CONTENT" } else { finish };
    Said { parts, finish, candidates, grounding, usage }
}

struct Bill {
    written: Counted,
    candidates: u64,
    thoughts: u64,
    found: u64,
    on_vertex: bool,
}

/// `usageMetadata` with every detail that is not zero.
fn usage(body: &Value, scene: &Scene, bill: &Bill) -> Value {
    let prompt = counted(body);
    let is_cached = scene.has(Effect::Cached) || body["cachedContent"].is_string();
    let cached = Counted {
        text: if is_cached { prompt.text / 2 } else { 0 },
        audio: if is_cached { prompt.audio } else { 0 },
        ..Counted::default()
    };
    let n = bill.candidates;
    let written =
        Counted { text: bill.written.text * n, image: bill.written.image * n, audio: bill.written.audio * n, video: 0 };
    let thoughts = if n == 0 { 0 } else { bill.thoughts };
    let found = if n == 0 { 0 } else { bill.found };
    let mut usage = json!({
        "promptTokenCount": prompt.total(), "promptTokensDetails": prompt.details(),
        "totalTokenCount": prompt.total() + written.total() + thoughts + found,
    });
    if n > 0 {
        usage["candidatesTokenCount"] = json!(written.total());
        usage["candidatesTokensDetails"] = written.details();
    }
    if cached.total() > 0 {
        usage["cachedContentTokenCount"] = json!(cached.total());
        usage["cacheTokensDetails"] = cached.details();
    }
    if thoughts > 0 {
        usage["thoughtsTokenCount"] = json!(thoughts);
    }
    if found > 0 {
        usage["toolUsePromptTokenCount"] = json!(found);
        usage["toolUsePromptTokensDetails"] = json!([{"modality": "TEXT", "tokenCount": found}]);
    }
    if bill.on_vertex {
        usage["trafficType"] = json!("ON_DEMAND");
    } else {
        usage["serviceTier"] =
            if body["serviceTier"].is_string() { body["serviceTier"].clone() } else { json!("standard") };
    }
    usage
}

/// The call of the first function that may be called, unless its answer is there already.
fn pick_function(body: &Value, id: &str) -> Option<Value> {
    let last = contents_of(body).last()?;
    let calling = &body["toolConfig"]["functionCallingConfig"];
    if parts_of(last).any(|part| part["functionResponse"].is_object()) || calling["mode"] == "NONE" {
        return None;
    }
    let allowed = calling["allowedFunctionNames"].as_array();
    let mut functions = tools_of(body).flat_map(|tool| tool["functionDeclarations"].as_array().into_iter().flatten());
    let function = functions.find(|f| allowed.is_none_or(|names| names.contains(&f["name"])))?;
    let schema =
        if function["parameters"].is_object() { &function["parameters"] } else { &function["parametersJsonSchema"] };
    let args = arguments(&lower_types(schema));
    Some(json!({"functionCall": {"id": format!("call-{id}"), "name": function["name"], "args": args}}))
}

/// Google writes the types of a schema in capitals.
fn lower_types(schema: &Value) -> Value {
    let mut schema = schema.clone();
    for property in schema["properties"].as_object_mut().into_iter().flat_map(|p| p.values_mut()) {
        if let Some(word) = property["type"].as_str() {
            property["type"] = json!(word.to_ascii_lowercase());
        }
    }
    schema
}
