//! Amazon Bedrock ApplyGuardrail: texts in, the guardrail's verdict and the texts it would let pass out.
//!
//! Source: Amazon Bedrock API reference, "ApplyGuardrail" (2026-10).

use llmtrace_model::{Message, Role};

use super::{Format, bedrock_converse::blocks};
use crate::{
    Dialect, Family,
    decode::{Draft, Exchange, path_of},
    headers::percent_decoded,
    json::Json,
};

/// `POST …/guardrail/{id}/version/{version}/apply`.
pub(crate) const FORMAT: Format = Format {
    dialect: Dialect::BedrockGuardrail,
    name: "bedrock_guardrail",
    operation: "apply_guardrail",
    family: Family::Aws,
    speaks: |method, path| method == "POST" && guardrail(path).is_some(),
    streams: |_, _| false,
    head,
    request,
    answer,
    ..Format::JSON
};

/// Id and version of the guardrail a path names.
fn guardrail(path: &str) -> Option<(&str, &str)> {
    let named = path.strip_suffix('/').unwrap_or(path).strip_suffix("/apply")?;
    named.split_once("/guardrail/")?.1.rsplit_once("/version/")
}

fn head(x: &Exchange<'_>, draft: &mut Draft) {
    if let Some((id, version)) = guardrail(path_of(x.target)) {
        draft.param("guardrail.identifier", &Json::Str(percent_decoded(id)));
        draft.param("guardrail.version", &Json::Str(percent_decoded(version)));
    }
}

/// Reads a request.
fn request(body: Json<'_>, draft: &mut Draft) {
    // What is judged was said by the user, or by the model.
    let role = if body.str_at("source") == Some("OUTPUT") { Role::Assistant } else { Role::User };
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "content" => {
                let content = value.into_items().into_iter();
                let guarded = content.map(|item| Json::Object(vec![("guardContent".into(), item)])).collect();
                let parts = blocks(Json::Array(guarded), draft);
                draft.content.input_messages.push(Message { role, name: None, parts, finish_reason: None });
            }
            "source" => draft.param("guardrail.source", &value),
            "outputScope" => draft.param("guardrail.output_scope", &value),
            other => draft.unknown("request", other),
        }
    }
}

/// Reads an answer.
fn answer(body: Json<'_>, draft: &mut Draft) {
    for (key, value) in body.into_members() {
        match key.as_ref() {
            "action" => draft.finish_reasons.extend(value.into_string()),
            "actionReason" => draft.param("guardrail.action_reason", &value),
            "outputs" => {
                let parts = blocks(value, draft);
                if !parts.is_empty() {
                    let message = Message { role: Role::Assistant, name: None, parts, finish_reason: None };
                    draft.content.output_messages.push(message);
                }
            }
            // Billed by units of text, which are no tokens and have no price here.
            "usage" => draft.param("guardrail.usage", &value),
            "guardrailCoverage" => draft.param("guardrail.coverage", &value),
            "assessments" => draft.not_read("guardrail assessment"),
            other => draft.unknown("answer", other),
        }
    }
}
