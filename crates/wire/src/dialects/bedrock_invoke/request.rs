//! The request bodies of the vendors behind InvokeModel.

use llmtrace_model::{Message, Part, Role};

use crate::{
    decode::Draft,
    dialects::{
        anthropic_messages,
        bedrock::bare_model,
        bedrock_converse,
        openai::input_texts,
        openai_chat,
        parts::{by_url, without_bytes},
    },
    json::Json,
};

/// Parameters under OpenTelemetry's name, in every vendor's spelling.
const PARAMS: &[(&str, &str)] = &[
    ("cfgScale", "cfg_scale"),
    ("cfg_scale", "cfg_scale"),
    ("countPenalty", "count_penalty"),
    ("dimensions", "dimensions"),
    ("embeddingTypes", "encoding_formats"),
    ("embedding_types", "encoding_formats"),
    ("frequencyPenalty", "frequency_penalty"),
    ("frequency_penalty", "frequency_penalty"),
    ("height", "height"),
    ("input_type", "input_type"),
    ("k", "top_k"),
    ("maxTokenCount", "max_tokens"),
    ("maxTokens", "max_tokens"),
    ("max_gen_len", "max_tokens"),
    ("max_tokens", "max_tokens"),
    ("max_tokens_to_sample", "max_tokens"),
    ("normalize", "normalize"),
    ("numResults", "choice.count"),
    ("num_generations", "choice.count"),
    ("numberOfImages", "choice.count"),
    ("output_dimension", "dimensions"),
    ("p", "top_p"),
    ("presencePenalty", "presence_penalty"),
    ("presence_penalty", "presence_penalty"),
    ("quality", "quality"),
    ("seed", "seed"),
    ("stop", "stop_sequences"),
    ("stopSequences", "stop_sequences"),
    ("stop_sequences", "stop_sequences"),
    ("stream", "stream"),
    ("taskType", "task_type"),
    ("temperature", "temperature"),
    ("topP", "top_p"),
    ("top_k", "top_k"),
    ("top_p", "top_p"),
    ("truncate", "truncate"),
    ("width", "width"),
];

/// Reads a request.
pub(in crate::dialects) fn request(body: Json<'_>, draft: &mut Draft) {
    let named = draft.request_model.take();
    let vendor = named.as_deref().map(bare_model).and_then(|model| model.split('.').next());
    let has = |key: &str| body.get(key).is_some();
    let chats = has("messages");
    if has("anthropic_version") || (chats && vendor == Some("anthropic")) {
        anthropic_messages::request(body, draft);
    } else if has("schemaVersion") || has("inferenceConfig") || (chats && vendor == Some("amazon")) {
        bedrock_converse::request(body, draft);
    } else if chats {
        (openai_chat::FORMAT.request)(body, draft);
    } else {
        flat(body, draft);
    }
    // Whatever a body names, the path decided.
    draft.request_model = named.or(draft.request_model.take());
}

/// Members that hold what is said; a body with none of them is kept raw.
const SAID: &[&str] = &[
    "prompt",
    "inputText",
    "message",
    "chat_history",
    "tool_results",
    "texts",
    "inputs",
    "inputImage",
    "image",
    "images",
    "textToImageParams",
    "imageVariationParams",
    "inPaintingParams",
    "outPaintingParams",
];

/// Reads a body without a list of messages: prompts, texts to embed, Cohere's chat.
fn flat(body: Json<'_>, draft: &mut Draft) {
    if !SAID.iter().any(|key| body.get(key).is_some()) {
        if let Json::Object(members) = &body {
            members.iter().for_each(|(key, _)| draft.unknown("request", key));
        }
        let parts = vec![Part::Raw { value: without_bytes(body, draft) }];
        draft.content.input_messages.push(Message { role: Role::User, name: None, parts, finish_reason: None });
        return;
    }
    let mut said = Vec::new();
    for (key, value) in body.into_members() {
        if value.is_null() {
            continue;
        }
        match key.as_ref() {
            "prompt" | "inputText" | "message" => {
                said.extend(value.into_string().map(|content| Part::Text { content }));
            }
            "preamble" => {
                let instructions = value.into_string().map(|content| Part::Text { content });
                draft.content.system_instructions.extend(instructions);
            }
            "chat_history" => {
                draft.content.input_messages.extend(value.into_items().into_iter().map(turn));
            }
            "documents" => {
                for document in value.into_items() {
                    let texts = document.into_members().into_iter().filter_map(|(_, value)| value.into_string());
                    said.extend(texts.map(|content| Part::Text { content }));
                }
            }
            "tools" => {
                draft.content.tool_definitions.extend(value.into_items().into_iter().map(Json::into_value));
            }
            "tool_results" => {
                let results = value.into_items().into_iter();
                let parts = results.map(|result| Part::ToolCallResponse { id: None, result: result.into_value() });
                let (role, parts) = (Role::Tool, parts.collect());
                draft.content.input_messages.push(Message { role, name: None, parts, finish_reason: None });
            }
            "texts" => input_texts(value, draft),
            "inputs" => inputs(value, draft),
            "inputImage" | "image" | "images" | "maskImage" | "mask" | "init_image" => draft.not_read("image"),
            "textGenerationConfig" | "embeddingConfig" | "imageGenerationConfig" => {
                value.into_members().iter().for_each(|(key, value)| param(key, value, draft));
            }
            "textToImageParams" | "imageVariationParams" | "inPaintingParams" | "outPaintingParams" => {
                for (key, value) in value.into_members() {
                    match value {
                        Json::Str(text) if matches!(key.as_ref(), "text" | "negativeText") => {
                            said.push(Part::Text { content: text.into_owned() });
                        }
                        _ => draft.not_read("image"),
                    }
                }
            }
            other => param(other, &value, draft),
        }
    }
    if !said.is_empty() {
        let message = Message { role: Role::User, name: None, parts: said, finish_reason: None };
        draft.content.input_messages.push(message);
    }
}

fn param(key: &str, value: &Json<'_>, draft: &mut Draft) {
    match PARAMS.binary_search_by_key(&key, |(wire, _)| wire) {
        Ok(at) => draft.param(PARAMS[at].1, value),
        Err(_) => draft.unknown("request", key),
    }
}

/// One turn of Cohere's chat.
fn turn(value: Json<'_>) -> Message {
    let role = match value.str_at("role") {
        Some("USER") => Role::User,
        Some("CHATBOT") => Role::Assistant,
        Some("SYSTEM") => Role::System,
        Some("TOOL") => Role::Tool,
        Some(_) | None => Role::Unknown,
    };
    let parts = match value.str_at("message") {
        Some(text) if role != Role::Unknown => vec![Part::Text { content: text.to_owned() }],
        _ => vec![Part::Raw { value: value.into_value() }],
    };
    Message { role, name: None, parts, finish_reason: None }
}

/// What Cohere embeds beside texts: lists of parts.
fn inputs(value: Json<'_>, draft: &mut Draft) {
    for input in value.into_items() {
        let Some(Json::Array(content)) = input.get("content") else { continue };
        let mut parts = Vec::new();
        for part in content {
            match (part.str_at("text"), part.get("image_url")) {
                (Some(text), _) => parts.push(Part::Text { content: text.to_owned() }),
                (None, Some(image)) => parts.push(by_url("image", image.str_at("url").unwrap_or(""), draft)),
                (None, None) => draft.unknown("part", part.str_at("type").unwrap_or("type")),
            }
        }
        draft.content.input_messages.push(Message { role: Role::User, name: None, parts, finish_reason: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_are_sorted() {
        assert!(PARAMS.is_sorted_by_key(|(wire, _)| wire));
    }
}
