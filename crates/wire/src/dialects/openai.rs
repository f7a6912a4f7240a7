//! What OpenAI's formats share: request parameters, who asks, and the members around choices.

use llmtrace_model::{Message, Part, Role};
use serde_json::Value;

use super::{error::error_of, parts::citation};
use crate::{
    decode::Draft,
    json::{Json, Members},
    usage::{openai_units, openai_usage},
};

mod scan;

pub(super) use scan::Scan;

/// Members of answers that are never read: probabilities and token numbers.
pub(super) const PROBABILITIES: &[&str] =
    &["logprobs", "prompt_logprobs", "prompt_token_ids", "token_ids", "routed_experts"];

/// Parameters kept under OpenTelemetry's name, else under their own: numbers, switches and words, never text of the prompt.
const PARAMS: &[(&str, &str)] = &[
    ("best_of", "best_of"),
    ("dimensions", "dimensions"),
    ("echo", "echo"),
    ("enable_thinking", "enable_thinking"),
    ("frequency_penalty", "frequency_penalty"),
    ("function_call", "function_call"),
    ("ignore_eos", "ignore_eos"),
    ("include", "include"),
    ("include_reasoning", "include_reasoning"),
    ("logprobs", "logprobs"),
    ("max_completion_tokens", "max_tokens"),
    ("max_output_tokens", "max_tokens"),
    ("max_tokens", "max_tokens"),
    ("max_tool_calls", "max_tool_calls"),
    ("min_p", "min_p"),
    ("min_tokens", "min_tokens"),
    ("modalities", "modalities"),
    ("n", "choice.count"),
    ("parallel_tool_calls", "parallel_tool_calls"),
    ("presence_penalty", "presence_penalty"),
    ("previous_response_id", "previous_response_id"),
    ("prompt_cache_key", "prompt_cache_key"),
    ("prompt_cache_retention", "prompt_cache_retention"),
    ("random_seed", "seed"),
    ("reasoning_effort", "reasoning_effort"),
    ("reasoning_format", "reasoning_format"),
    ("repetition_penalty", "repetition_penalty"),
    ("safe_prompt", "safe_prompt"),
    ("seed", "seed"),
    ("service_tier", "service_tier"),
    ("stop", "stop_sequences"),
    ("store", "store"),
    ("temperature", "temperature"),
    ("tool_choice", "tool_choice"),
    ("top_k", "top_k"),
    ("top_logprobs", "top_logprobs"),
    ("top_p", "top_p"),
    ("truncation", "truncation"),
    ("verbosity", "verbosity"),
];

/// Members that are known and not kept: they hold text, maps of token numbers, or what the answer shows better.
const KNOWN: &[&str] = &[
    "add_generation_prompt",
    "audio",
    "bad_words",
    "cache_salt",
    "chat_template",
    "chat_template_kwargs",
    "citation_options",
    "compound_custom",
    "context_length_exceeded_behavior",
    "context_management",
    "continue_final_message",
    "disable_search",
    "documents",
    "enable_search_classifier",
    "extra_body",
    "guided_choice",
    "guided_grammar",
    "guided_json",
    "guided_regex",
    "image_domain_filter",
    "image_format_filter",
    "include_stop_str_in_output",
    "kv_transfer_params",
    "language_preference",
    "last_updated_after_filter",
    "length_penalty",
    "logit_bias",
    "mm_processor_kwargs",
    "models",
    "moderation",
    "perf_metrics_in_response",
    "plugins",
    "prediction",
    "preset",
    "prompt_cache_options",
    "prompt_mode",
    "prompt_truncate_len",
    "provider",
    "raw_output",
    "reasoning",
    "return_images",
    "return_related_questions",
    "return_tokens_as_token_ids",
    "return_videos",
    "route",
    "safety_model",
    "search_after_date_filter",
    "search_before_date_filter",
    "search_domain_filter",
    "search_language_filter",
    "search_mode",
    "search_parameters",
    "search_recency_filter",
    "search_settings",
    "separate_reasoning",
    "skip_special_tokens",
    "spaces_between_special_tokens",
    "stop_token_ids",
    "stream_mode",
    "stream_options",
    "stream_reasoning",
    "structural_tag",
    "structured_outputs",
    "suffix",
    "thinking",
    "trace",
    "transforms",
    "usage",
    "use_beam_search",
];

/// Takes a member of a request that is not special to its format.
pub(super) fn request_member(key: &str, value: Json<'_>, draft: &mut Draft) {
    if value.is_null() {
        return;
    }
    match key {
        "model" => draft.request_model = value.into_string(),
        "stream" => draft.stream_member = value.as_bool(),
        "user" => draft.user_id = value.into_string().or_else(|| draft.user_id.take()),
        "safety_identifier" if draft.user_id.is_none() => draft.user_id = value.into_string(),
        "safety_identifier" => {}
        "metadata" => draft.tag_all(value.into_members()),
        "response_format" => {
            let word = value.str_at("type").unwrap_or("").to_owned();
            // OpenTelemetry knows the kinds of output text, json, image and speech.
            let output = if word == "text" { "text" } else { "json" };
            draft.params.insert("output.type".to_owned(), Value::from(output));
            draft.param("response_format", &Json::Str(word.into()));
        }
        "web_search_options" => {
            if let Some(size) = value.get("search_context_size") {
                draft.param("web_search_options.search_context_size", size);
            }
        }
        "encoding_format" => draft.param("encoding_formats", &Json::Array(vec![value])),
        "stop" if matches!(value, Json::Str(_)) => draft.param("stop_sequences", &Json::Array(vec![value])),
        _ => match PARAMS.binary_search_by_key(&key, |(wire, _)| wire) {
            Ok(at) => draft.param(PARAMS[at].1, &value),
            Err(_) if KNOWN.contains(&key) => {}
            Err(_) => draft.unknown("request", key),
        },
    }
}

/// Takes a member of an answer or stream event that is not special to its format.
pub(super) fn answer_member(key: &str, value: Json<'_>, draft: &mut Draft) {
    if value.is_null() {
        return;
    }
    match key {
        "id" => draft.response_id = value.into_string().filter(|id| !id.is_empty()).or(draft.response_id.take()),
        "model" => draft.response_model = value.into_string().filter(|m| !m.is_empty()).or(draft.response_model.take()),
        "usage" => take_usage(&value, draft),
        "x_groq" => {
            if let Some(usage) = value.get("usage") {
                take_usage(usage, draft);
            }
            draft.error = error_of(&value).or(draft.error.take());
        }
        "service_tier" => draft.service_tier = value.into_string(),
        "citations" | "search_results" => {
            value.into_items().iter().filter_map(citation).for_each(|source| draft.cite(source));
        }
        "images" => draft.not_read("image"),
        "videos" => draft.not_read("video"),
        "related_questions" => draft.not_read("related question"),
        "system_fingerprint" => draft.system_fingerprint = value.into_string(),
        "object"
        | "created"
        | "prompt_filter_results"
        | "error"
        | "error_type"
        | "p"
        | "perf_metrics"
        | "prompt"
        | "provider"
        | "raw_output"
        | "time_info"
        | "timings"
        | "prompt_logprobs"
        | "prompt_token_ids"
        | "kv_transfer_params"
        | "nonce"
        | "obfuscation"
        | "metadata"
        | "num_sources_used"
        | "usage_breakdown"
        | "content_filter_results"
        | "content_filter_offsets" => {}
        other => draft.unknown("answer", other),
    }
}

/// Takes the error of an answer or event.
pub(super) fn take_error(body: &Json<'_>, draft: &mut Draft) {
    if let Some(error) = error_of(body) {
        draft.error = Some(error);
    }
}

/// Takes a `usage` object: tokens, what is counted beside them, and what the provider says of its own bill.
pub(super) fn take_usage(value: &Json<'_>, draft: &mut Draft) {
    draft.usage = openai_usage(value).or(draft.usage);
    for (unit, count) in openai_units(value).iter() {
        draft.units.set(unit, count);
    }
    for (key, name) in BILL {
        if let Some(value) = value.get(key) {
            draft.param(name, value);
        }
    }
    let details = value.get("completion_tokens_details").or_else(|| value.get("output_tokens_details"));
    for key in ["accepted_prediction_tokens", "rejected_prediction_tokens"] {
        // They are output tokens like all others, and in the sum already.
        let tokens = details.and_then(|details| details.u64_at(key)).filter(|tokens| *tokens > 0);
        draft.params.extend(tokens.map(|tokens| (format!("usage.{key}"), Value::from(tokens))));
    }
}

/// What providers say in `usage` of the bill itself, which no price list can tell as well.
const BILL: &[(&str, &str)] = &[
    ("cost", "usage.cost"),
    ("cost_details", "usage.cost_details"),
    ("cost_in_usd_ticks", "usage.cost_in_usd_ticks"),
    ("is_byok", "usage.is_byok"),
    ("num_sources_used", "usage.num_sources_used"),
    ("search_context_size", "usage.search_context_size"),
];

/// Members of a choice that are known and not read, in documents and events.
pub(super) fn is_known_choice_member(key: &str) -> bool {
    matches!(
        key,
        "logprobs"
            | "content_filter_results"
            | "content_filter_result"
            | "content_filter_offsets"
            | "stop_reason"
            | "matched_stop"
            | "native_finish_reason"
            | "token_ids"
            | "prompt_logprobs"
            | "prompt_token_ids"
            | "routed_experts"
            | "hidden_states"
            | "raw_output"
            | "seed"
    )
}

/// Members of a choice: its number, why it ended, and the rest.
pub(super) struct Choice<'a> {
    pub index: usize,
    pub finish_reason: Option<String>,
    pub rest: Members<'a>,
}

/// A text field of a form as the JSON it stands for: forms know no numbers and switches.
pub(super) fn form_value<'a>(name: &str, text: &'a str) -> Json<'a> {
    const WORDS: [&str; 4] = ["stream", "n", "temperature", "output_compression"];
    match text {
        "true" if WORDS.contains(&name) => Json::Bool(true),
        "false" if WORDS.contains(&name) => Json::Bool(false),
        number if WORDS.contains(&name) && number.parse::<f64>().is_ok_and(f64::is_finite) => Json::Number(number),
        text => Json::Str(text.into()),
    }
}

/// Azure names the model in the path.
pub(super) fn deployment(path: &str) -> Option<&str> {
    let after = path.split_once("/openai/deployments/")?.1;
    after.split('/').next().filter(|name| !name.is_empty())
}

/// Most choices that are kept apart; OpenAI allows 128.
pub(super) const MAX_CHOICES: usize = 128;

/// Splits a choice of a document or event; `position` counts where it does not say its number.
pub(super) fn choice(value: Json<'_>, position: usize) -> Choice<'_> {
    let mut choice = Choice { index: position, finish_reason: None, rest: Vec::new() };
    for (key, value) in value.into_members() {
        match key.as_ref() {
            "index" => choice.index = value.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(position),
            "finish_reason" => choice.finish_reason = value.into_string(),
            _ => choice.rest.push((key, value)),
        }
    }
    choice
}

/// The texts of a `prompt` or `input`: one, several, or token numbers, which are only counted.
pub(super) fn input_texts(value: Json<'_>, draft: &mut Draft) {
    let mut texts = Vec::new();
    match value {
        Json::Str(text) => texts.push(text.into_owned()),
        Json::Array(items) => {
            for item in items {
                match item {
                    Json::Str(text) => texts.push(text.into_owned()),
                    _ => draft.not_read("token ids"),
                }
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) | Json::Skipped => {}
    }
    draft.content.input_messages.extend(texts.into_iter().map(|content| Message {
        role: Role::User,
        name: None,
        parts: vec![Part::Text { content }],
        finish_reason: None,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_are_sorted() {
        assert!(PARAMS.is_sorted());
        assert!(KNOWN.is_sorted());
    }
}
