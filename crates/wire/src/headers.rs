//! Which headers are recorded, and what of a URL is: allow lists, so that no credential gets in by a new name.

use std::borrow::Cow;

const REQUEST: &[&str] = &[
    "accept",
    "anthropic-beta",
    "anthropic-dangerous-direct-browser-access",
    "anthropic-version",
    "content-encoding",
    "content-type",
    "idempotency-key",
    "openai-beta",
    "openai-organization",
    "openai-project",
    "user-agent",
    "x-amzn-bedrock-accept",
    "x-amzn-bedrock-guardrailidentifier",
    "x-amzn-bedrock-guardrailversion",
    "x-amzn-bedrock-performanceconfig-latency",
    "x-amzn-bedrock-service-tier",
    "x-amzn-bedrock-trace",
    "x-client-request-id",
    "x-request-id",
    "x-stainless-arch",
    "x-stainless-async",
    "x-stainless-helper-method",
    "x-stainless-lang",
    "x-stainless-os",
    "x-stainless-package-version",
    "x-stainless-retry-count",
    "x-stainless-runtime",
    "x-stainless-runtime-version",
    "x-stainless-timeout",
];

const ANSWER: &[&str] = &[
    "anthropic-organization-id",
    "apim-request-id",
    "azureml-model-session",
    "cf-ray",
    "content-encoding",
    "content-type",
    "date",
    "openai-model",
    "openai-organization",
    "openai-processing-ms",
    "openai-project",
    "openai-version",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "server",
    "x-amzn-bedrock-cache-read-input-token-count",
    "x-amzn-bedrock-cache-write-input-token-count",
    "x-amzn-bedrock-content-type",
    "x-amzn-bedrock-input-token-count",
    "x-amzn-bedrock-invocation-latency",
    "x-amzn-bedrock-output-token-count",
    "x-amzn-bedrock-performanceconfig-latency",
    "x-amzn-bedrock-service-tier",
    "x-amzn-errortype",
    "x-amzn-requestid",
    "x-envoy-upstream-service-time",
    "x-gemini-service-tier",
    "x-groq-region",
    "x-ms-client-request-id",
    "x-ms-region",
    "x-request-id",
    "x-should-retry",
];

/// Says whether a request header (lower-case name) is recorded.
pub fn is_recorded_request_header(name: &str) -> bool {
    REQUEST.binary_search(&name).is_ok()
}

/// Says whether an answer header (lower-case name) is recorded.
pub fn is_recorded_answer_header(name: &str) -> bool {
    ANSWER.binary_search(&name).is_ok() || is_rate_limit(name)
}

/// Says whether an answer header (lower-case name) tells of a provider's rate limit.
pub(crate) fn is_rate_limit(name: &str) -> bool {
    name.starts_with("x-ratelimit-") || name.starts_with("anthropic-ratelimit-") || name.starts_with("retry-after")
}

/// Says whether a media type is JSON.
pub(crate) fn is_json(media: &str) -> bool {
    let essence = essence(media);
    essence.eq_ignore_ascii_case("application/json")
        || essence.eq_ignore_ascii_case("text/json")
        || essence
            .len()
            .checked_sub(5)
            .and_then(|at| essence.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case("+json"))
}

/// A media type without its parameters.
pub(crate) fn essence(media: &str) -> &str {
    media.split(';').next().unwrap_or("").trim()
}

const SECRET: &str = "REDACTED";

/// Query keys whose value is a credential, lower-case.
const SECRET_KEYS: &[&str] = &[
    "access_key",
    "access_token",
    "accesskey",
    "api-key",
    "api_key",
    "apikey",
    "auth",
    "authorization",
    "awsaccesskeyid",
    "client_secret",
    "code",
    "credential",
    "id_token",
    "key",
    "oauth_token",
    "password",
    "passwd",
    "refresh_token",
    "secret",
    "sig",
    "signature",
    "subscription-key",
    "token",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-api-key",
    "x-goog-credential",
    "x-goog-signature",
];

/// Replaces the credentials in a target's query, and user and password in its authority, by `REDACTED`.
pub fn redact_target(target: &str) -> Cow<'_, str> {
    let target = without_userinfo(target);
    let Some(start) = target.find('?').map(|at| at + 1) else { return target };
    let (query, fragment) = target[start..].split_at(target[start..].find('#').unwrap_or(target.len() - start));
    if !query.split(['&', ';']).any(|pair| secret_pair(pair).is_some()) {
        return target;
    }
    let mut out = String::with_capacity(target.len());
    out.push_str(&target[..start]);
    for piece in query.split_inclusive(['&', ';']) {
        let (pair, end) = piece.strip_suffix(['&', ';']).map_or((piece, ""), |pair| (pair, &piece[pair.len()..]));
        match secret_pair(pair) {
            Some(key) => {
                out.push_str(key);
                out.push('=');
                out.push_str(SECRET);
            }
            None => out.push_str(pair),
        }
        out.push_str(end);
    }
    out.push_str(fragment);
    Cow::Owned(out)
}

/// The key of a `key=value` pair whose value is a credential.
fn secret_pair(pair: &str) -> Option<&str> {
    let (key, value) = pair.split_once('=')?;
    if value.is_empty() {
        return None;
    }
    let plain = percent_decoded(key).to_ascii_lowercase();
    SECRET_KEYS.contains(&plain.as_str()).then_some(key)
}

/// A text with its percent escapes resolved: `k%65y` is `key`.
pub(crate) fn percent_decoded(key: &str) -> Cow<'_, str> {
    if !key.contains('%') {
        return Cow::Borrowed(key);
    }
    let mut out = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes().iter();
    while let Some(&byte) = rest.next() {
        let ahead = rest.as_slice();
        let code = match (byte, ahead) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        match code {
            Some(code) => {
                out.push(code);
                rest.nth(1);
            }
            None => out.push(byte),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// `https://user:password@host/` loses what stands before the `@`.
fn without_userinfo(target: &str) -> Cow<'_, str> {
    let Some(start) = target.find("://").map(|at| at + 3) else { return Cow::Borrowed(target) };
    // In a path, as in `/fetch?u=https://a@b`, there is no authority of ours.
    if target[..start].contains(['/', '?'])
        && !target[..start - 2].bytes().all(|b| b.is_ascii_alphanumeric() || b == b':')
    {
        return Cow::Borrowed(target);
    }
    let authority = &target[start..start + target[start..].find(['/', '?', '#']).unwrap_or(target.len() - start)];
    match authority.rfind('@') {
        Some(at) => Cow::Owned(format!("{}{SECRET}{}", &target[..start], &target[start + at..])),
        None => Cow::Borrowed(target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_hold_no_credential() {
        for list in [REQUEST, ANSWER] {
            assert!(list.is_sorted());
            for name in [
                "authorization",
                "x-api-key",
                "api-key",
                "cookie",
                "set-cookie",
                "x-goog-api-key",
                "proxy-authorization",
                "sec-websocket-protocol",
            ] {
                assert!(!list.contains(&name), "{name}");
            }
        }
        assert!(is_recorded_answer_header("x-ratelimit-remaining-tokens"));
        assert!(is_recorded_answer_header("anthropic-ratelimit-requests-limit"));
        assert!(is_recorded_request_header("anthropic-beta"));
        assert!(!is_recorded_request_header("authorization"));
    }

    #[test]
    fn credentials_in_a_query_are_redacted_and_nothing_else_changes() {
        let cases = [
            ("/v1/models", "/v1/models"),
            ("/v1beta/m?alt=sse&key=AIza123", "/v1beta/m?alt=sse&key=REDACTED"),
            (
                "/v1beta/models/g:streamGenerateContent?key=AIza1&alt=sse",
                "/v1beta/models/g:streamGenerateContent?key=REDACTED&alt=sse",
            ),
            ("/v1/models?access_token=ya29.a&oauth_token=b", "/v1/models?access_token=REDACTED&oauth_token=REDACTED"),
            ("/x?k%65y=a&b=%20", "/x?k%65y=REDACTED&b=%20"),
            ("/x?X-Amz-Signature=ab&X-Amz-Date=1", "/x?X-Amz-Signature=REDACTED&X-Amz-Date=1"),
            ("/x?key=", "/x?key="),
            ("/x?monkey=1&", "/x?monkey=1&"),
            ("/x?token=a#frag", "/x?token=REDACTED#frag"),
            ("https://u:p@h.example/x?sig=1", "https://REDACTED@h.example/x?sig=REDACTED"),
            ("/fetch?u=https://a@b", "/fetch?u=https://a@b"),
        ];
        for (target, expected) in cases {
            assert_eq!(redact_target(target), expected);
        }
    }

    #[test]
    fn json_types_include_structured_suffixes() {
        assert!(is_json("application/json; charset=utf-8") && is_json("Application/Problem+JSON"));
        assert!(!is_json("text/plain") && !is_json("application/x-ndjson") && !is_json(""));
        assert_eq!(essence("text/event-stream;charset=utf-8"), "text/event-stream");
    }
}
