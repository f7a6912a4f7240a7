//! What a request asks for: instructions, messages, tools and parameters.

use llmtrace_model::Part;
use serde_json::Value;

use super::{at, body_model, camel, contents, said, text_at};
use crate::{decode::Draft, json::Json};

/// Parameters of `generationConfig` under OpenTelemetry's name, else in this project's style.
const PARAMS: &[(&str, &str)] = &[
    ("audioTimestamp", "audio_timestamp"),
    ("candidateCount", "choice.count"),
    ("enableAffectiveDialog", "enable_affective_dialog"),
    ("enableEnhancedCivicAnswers", "enable_enhanced_civic_answers"),
    ("frequencyPenalty", "frequency_penalty"),
    ("logprobs", "top_logprobs"),
    ("maxOutputTokens", "max_tokens"),
    ("mediaResolution", "media_resolution"),
    ("presencePenalty", "presence_penalty"),
    ("responseLogprobs", "logprobs"),
    ("responseMimeType", "response_mime_type"),
    ("responseModalities", "modalities"),
    ("seed", "seed"),
    ("stopSequences", "stop_sequences"),
    ("temperature", "temperature"),
    ("topK", "top_k"),
    ("topP", "top_p"),
];

/// Tools whose settings say nothing secret; of others (stores, servers with credentials) only the name is kept.
const PLAIN_TOOLS: &[&str] =
    &["codeExecution", "computerUse", "fileSearch", "googleSearch", "googleSearchRetrieval", "urlContext"];

/// Tools that are known by name.
const OTHER_TOOLS: &[&str] =
    &["enterpriseWebSearch", "exaAiSearch", "googleMaps", "mcpServers", "parallelAiSearch", "retrieval"];

/// Reads a request.
pub(in crate::dialects) fn request(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        if value.is_null() {
            continue;
        }
        match camel(&key).as_ref() {
            "model" => draft.request_model = value.as_str().map(|name| body_model(name).to_owned()),
            "contents" => {
                let messages = contents(value, draft);
                draft.content.input_messages.extend(messages);
            }
            "systemInstruction" => draft.content.system_instructions = instructions(value, draft),
            "tools" => tools(value, draft),
            "toolConfig" => tool_config(&value, draft),
            "generationConfig" => generation_config(value, draft),
            "safetySettings" => draft.param("safety_settings", &value),
            "cachedContent" => draft.param("cached_content", &value),
            "serviceTier" => draft.param("service_tier", &value),
            "store" => draft.param("store", &value),
            "labels" => draft.tag_all(value.into_members()),
            "modelArmorConfig" => {}
            _ => draft.unknown("request", &key),
        }
    }
}

/// The parts of a system instruction: a content, or a text.
pub(in crate::dialects) fn instructions(value: Json<'_>, draft: &mut Draft) -> Vec<Part> {
    match value {
        Json::Str(text) => vec![Part::Text { content: text.into_owned() }],
        content @ Json::Object(_) => said(content, draft),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Skipped => {
            draft.unknown("request", "systemInstruction");
            Vec::new()
        }
    }
}

/// The tools of a request: every function for itself, Google's own by their names.
pub(in crate::dialects) fn tools(value: Json<'_>, draft: &mut Draft) {
    let list = match value {
        Json::Array(items) => items,
        one => vec![one],
    };
    for (key, value) in list.into_iter().flat_map(Json::into_members) {
        let name = camel(&key);
        let definitions = &mut draft.content.tool_definitions;
        let named = |settings: Value| Value::Object([(name.clone().into_owned(), settings)].into_iter().collect());
        match name.as_ref() {
            "functionDeclarations" => definitions.extend(value.into_items().into_iter().map(Json::into_value)),
            known if PLAIN_TOOLS.contains(&known) => definitions.push(named(value.into_value())),
            known => {
                definitions.push(named(Value::Object(serde_json::Map::new())));
                if !OTHER_TOOLS.contains(&known) {
                    draft.unknown("tool", known);
                }
            }
        }
    }
}

fn tool_config(value: &Json<'_>, draft: &mut Draft) {
    let Some(calling) = at(value, "functionCallingConfig") else { return };
    if let Some(mode) = at(calling, "mode") {
        draft.param("tool_choice", mode);
    }
    if let Some(names) = at(calling, "allowedFunctionNames") {
        draft.param("tool_choice.allowed", names);
    }
}

fn generation_config(value: Json<'_>, draft: &mut Draft) {
    let text = |name: &str| text_at(&value, name).unwrap_or("");
    let holds = |word: &str| match at(&value, "responseModalities") {
        Some(Json::Array(items)) => items.iter().any(|m| m.as_str().is_some_and(|m| m.eq_ignore_ascii_case(word))),
        _ => false,
    };
    let schema =
        ["responseSchema", "responseJsonSchema", "_responseJsonSchema"].iter().any(|k| at(&value, k).is_some());
    // OpenTelemetry knows the kinds of output text, json, image and speech.
    let output = match text("responseMimeType") {
        "application/json" => Some("json"),
        mime if mime.starts_with("text/") => Some("text"),
        _ if holds("IMAGE") => Some("image"),
        _ if holds("AUDIO") => Some("speech"),
        _ if schema => Some("json"),
        _ => None,
    };
    draft.params.extend(output.map(|word| ("output.type".to_owned(), Value::from(word))));
    for (key, value) in value.into_members() {
        let name = camel(&key);
        match name.as_ref() {
            "thinkingConfig" => thinking_config(value, draft),
            "imageConfig" => {
                for (key, value) in value.into_members() {
                    draft.param(&format!("image.{}", snake(&key)), &value);
                }
            }
            // Schemas and voices hold text; routing is seen in the model that answered.
            "responseSchema"
            | "responseJsonSchema"
            | "_responseJsonSchema"
            | "responseFormat"
            | "speechConfig"
            | "routingConfig"
            | "modelSelectionConfig"
            | "modelConfig"
            | "translationConfig" => {}
            known => match PARAMS.binary_search_by_key(&known, |(wire, _)| wire) {
                Ok(at) => draft.param(PARAMS[at].1, &value),
                Err(_) => draft.unknown("generationConfig", known),
            },
        }
    }
}

fn thinking_config(value: Json<'_>, draft: &mut Draft) {
    for (key, value) in value.into_members() {
        match camel(&key).as_ref() {
            "thinkingBudget" => draft.param("thinking.budget_tokens", &value),
            "thinkingLevel" => draft.param("reasoning_effort", &value),
            "includeThoughts" => draft.param("thinking.include_thoughts", &value),
            other => draft.unknown("thinkingConfig", other),
        }
    }
}

/// A member's name in `snake_case`.
fn snake(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_are_sorted() {
        assert!(PARAMS.is_sorted());
    }
}
