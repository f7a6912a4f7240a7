//! Errors as providers and OpenAI-compatible servers write them.

use llmtrace_model::ErrorInfo;

use crate::json::{Json, Rules, parse};

/// Longest message that is kept, in characters.
const MAX_MESSAGE: usize = 2000;
/// Longest kind that is kept, in characters.
const MAX_KIND: usize = 64;

/// Reads the `error` member of a body: an object (OpenAI, Anthropic) or a text (TGI, Ollama). `None` where it has none.
pub(crate) fn error_of(body: &Json<'_>) -> Option<ErrorInfo> {
    let error = body.get("error")?;
    match error {
        Json::Object(_) => Some(object_error(error)),
        Json::Str(message) => Some(error_info(body.str_at("error_type").unwrap_or("error"), message)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Skipped => None,
    }
}

/// Reads a body that is itself the error: `{"object":"error","message":…}` (vLLM), `{"detail":…}` (FastAPI).
pub(crate) fn bare_error(body: &Json<'_>) -> Option<ErrorInfo> {
    let says = ["message", "Message", "detail", "error_description"].iter().any(|key| body.get(key).is_some());
    says.then(|| object_error(body))
}

fn object_error(error: &Json<'_>) -> ErrorInfo {
    let text = |key: &str| match error.get(key) {
        Some(Json::Str(text)) if !text.is_empty() => Some(text.as_ref()),
        Some(Json::Number(text)) => Some(*text),
        _ => None,
    };
    // Google's number says less than the word beside it (`RESOURCE_EXHAUSTED`).
    let word = || text("status").filter(|word| word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'));
    let kind = text("type").or_else(word).or_else(|| text("code")).or_else(|| text("status")).unwrap_or("error");
    let message = text("message")
        .or_else(|| text("Message"))
        .or_else(|| text("detail"))
        .or_else(|| text("error_description"))
        .unwrap_or("");
    error_info(kind, message)
}

/// Reads what a stream says about its failure ([`crate::framing::Frame::Failure`]).
pub(crate) fn failure(name: &[u8], data: &[u8]) -> ErrorInfo {
    let kind = std::str::from_utf8(name).ok().filter(|name| !name.is_empty()).unwrap_or("error");
    let text = String::from_utf8_lossy(data);
    let body = parse(&text, &Rules::default()).ok();
    let said = body.as_ref().and_then(|body| body.str_at("message").or_else(|| body.str_at("Message")));
    error_info(kind, said.unwrap_or(if matches!(body, Some(Json::Object(_))) { "" } else { &text }))
}

/// Makes an error with a bounded message in which nothing looks like a key.
pub(crate) fn error_info(kind: &str, message: &str) -> ErrorInfo {
    let bounded: String = message.chars().take(MAX_MESSAGE).collect();
    ErrorInfo { kind: kind.chars().take(MAX_KIND).collect(), message: without_keys(&bounded) }
}

/// OpenAI repeats the (masked) key it refused; other servers repeat it whole.
fn without_keys(message: &str) -> String {
    const STARTS: &[&str] = &["sk-", "sk_", "pk-", "gsk_", "xai-", "AIza", "hf_", "eyJ"];
    if !STARTS.iter().any(|start| message.contains(start)) {
        return message.to_owned();
    }
    message
        .split_inclusive(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ':' | '(' | ')' | '=' | '`'))
        .map(|word| {
            let end = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '*').len();
            let is_key = end >= 8 && STARTS.iter().any(|start| word.starts_with(start));
            if is_key { format!("REDACTED{}", &word[end..]) } else { word.to_owned() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_servers_shape_is_read() {
        let cases = [
            (
                r#"{"error":{"message":"Rate limit","type":"rate_limit_error","code":"x"}}"#,
                "rate_limit_error",
                "Rate limit",
            ),
            (
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                "overloaded_error",
                "Overloaded",
            ),
            (r#"{"error":{"code":429,"message":"slow down"}}"#, "429", "slow down"),
            (
                r#"{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED","details":[]}}"#,
                "RESOURCE_EXHAUSTED",
                "Quota",
            ),
            (r#"{"error":"Model is overloaded","error_type":"overloaded"}"#, "overloaded", "Model is overloaded"),
            (
                r#"{"object":"error","message":"no such model","type":"NotFoundError","code":404}"#,
                "NotFoundError",
                "no such model",
            ),
            (r#"{"detail":"Not Found"}"#, "error", "Not Found"),
        ];
        for (body, kind, message) in cases {
            let body = parse(body, &Rules::default()).expect("valid");
            let found = error_of(&body).or_else(|| bare_error(&body));
            assert_eq!(found, Some(ErrorInfo { kind: kind.into(), message: message.into() }));
        }
        let fine = parse(r#"{"error":null,"choices":[]}"#, &Rules::default()).expect("valid");
        assert_eq!(error_of(&fine).or_else(|| bare_error(&fine)), None);
    }

    #[test]
    fn a_message_never_holds_a_key() {
        let info =
            error_info("e", "Incorrect API key provided: sk-proj-abcdefgh1234. See \"sk-live-99999999\" (risk-free)");
        assert_eq!(info.message, "Incorrect API key provided: REDACTED. See \"REDACTED\" (risk-free)");
    }
}
