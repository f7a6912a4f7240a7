//! One table: what the front lane refuses, with which status, in the words of the client's own dialect.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use llmtrace_model::{EndReason, ErrorInfo, TenantError, TenantId};
use llmtrace_wire::Family;
use serde_json::json;

use super::{body::Answer, slot::Slot};
use crate::tenancy::Denied;

/// Why a request is not answered by its upstream. The text tells the client what was found and what would work.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("{0}; send it as X-LLMTrace-Token, the provider's key stays where it is")]
    Denied(Denied),
    #[error("found two LLMTrace API keys, expected one")]
    TwoKeys,
    #[error(
        "an LLMTrace API key stands in {0}; it belongs into X-LLMTrace-Token, or where the provider's key would stand, and \
         nothing was sent on"
    )]
    MisplacedKey(String),
    #[error("the key is not for tenant {0}, which the header X-LLMTrace-Tenant-ID names")]
    ForeignTenant(TenantId),
    #[error("the key may read tenant {0} and not send for it, which takes the role operator")]
    RoleTooLow(TenantId),
    #[error(
        "the LLMTrace API key stands where the provider's key would, and tenant {tenant} has stored none for upstream \
         {upstream}; store one, or send the provider's key there and this one as X-LLMTrace-Token"
    )]
    NoCredential { tenant: TenantId, upstream: String },
    #[error(
        "the credential that tenant {tenant} has stored for upstream {upstream} cannot be opened here; store it again, or see \
         the log of LLMTrace, which says what is missing"
    )]
    UnreadableCredential { tenant: TenantId, upstream: String },
    #[error("stored credentials cannot be looked up, because a store is away; try again shortly")]
    CredentialsAway,
    #[error("header X-LLMTrace-Tenant-ID is {0}")]
    BadTenant(TenantError),
    #[error("header X-LLMTrace-Tenant-ID names two tenants, expected one")]
    TwoTenants,
    #[error("upstream {name:?} is unknown, expected one of {known}")]
    UnknownUpstream { name: String, known: String },
    #[error("path {0:?} cannot be joined to the upstream's URL")]
    BadPath(String),
    #[error("CONNECT is not supported, this is not a forward proxy")]
    Connect,
    #[error("request body is larger than {limit} bytes (max_request_size_bytes)")]
    TooLarge { limit: usize },
    #[error("too many request bodies are being held (buffer.max_bytes), try again shortly")]
    Busy,
    #[error("exchanges come faster than they can be recorded (pipeline.queue_max_bytes), try again shortly")]
    Unrecorded,
    #[error("model {model:?} has no price and prices.on_unknown_model is deny; add it to prices.overrides")]
    Unpriced { model: String },
    #[error("the request was blocked by policy (findings {})", findings.join(", "))]
    Blocked { findings: Vec<String> },
    #[error("the request body cannot be read ({0}), and guard.opaque is block")]
    Unreadable(String),
    #[error("something in the request has to be hidden by policy, and cannot be: {0}")]
    Unredactable(String),
    #[error("the answer was blocked by policy")]
    AnswerBlocked,
    #[error("the answer cannot be read ({0}), and guard.opaque is block")]
    UnreadableAnswer(String),
    #[error(
        "the answer is larger than {limit} bytes (max_request_size_bytes), so that it cannot be looked at, and guard.opaque is block"
    )]
    AnswerTooLarge { limit: usize },
    #[error("upstream failed while answering")]
    BrokenAnswer(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("upstream sent nothing for {} ms (idle_timeout_ms)", .0.as_millis())]
    AnswerTimeout(Duration),
    #[error("the request could not be looked at within {} ms (guard.timeout_ms), and guard.on_timeout is deny", .0.as_millis())]
    NotGuarded(Duration),
    #[error(
        "only a JSON body can be signed for this upstream (credential: aws), since a signature needs all of it; send JSON, \
         or sign for AWS without the proxy"
    )]
    Unsignable,
    #[error("request body could not be read to its end")]
    BrokenBody,
    #[error("nothing came of the request body for {} ms (idle_timeout_ms)", .0.as_millis())]
    BodyTimeout(Duration),
    #[error("upstream could not be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("upstream did not accept a connection within {} ms (connect_timeout_ms)", .0.as_millis())]
    ConnectTimeout(Duration),
    #[error("upstream failed before it answered")]
    Upstream(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("upstream did not begin to answer within {} ms ({setting})", .limit.as_millis())]
    HeadTimeout { limit: Duration, setting: &'static str },
}

/// What a refusal looks like from outside.
struct Row {
    status: StatusCode,
    /// The stable word: OpenAI's `code`, and the span's error kind.
    code: &'static str,
    openai_type: &'static str,
    anthropic_type: &'static str,
    end: EndReason,
    retry_after_seconds: Option<u32>,
}

impl Refusal {
    fn row(&self) -> Row {
        let refused = |status, code, openai_type, anthropic_type| Row {
            status,
            code,
            openai_type,
            anthropic_type,
            end: EndReason::Refused,
            retry_after_seconds: None,
        };
        let failed = |status, code, end| Row { end, ..refused(status, code, "server_error", "api_error") };
        let invalid = |status, code| refused(status, code, "invalid_request_error", "invalid_request_error");
        let unknown = |code| refused(StatusCode::UNAUTHORIZED, code, "invalid_request_error", "authentication_error");
        let forbidden = |code| refused(StatusCode::FORBIDDEN, code, "invalid_request_error", "permission_error");
        let later = |row| Row { retry_after_seconds: Some(1), ..row };
        match self {
            Self::Denied(denied) => match denied {
                Denied::NoKey
                | Denied::NotAKey
                | Denied::UnknownKey
                | Denied::Expired
                | Denied::Revoked
                | Denied::NoSession => unknown(denied.code()),
                Denied::TooManyFailures => {
                    later(refused(StatusCode::TOO_MANY_REQUESTS, denied.code(), "rate_limit_error", "rate_limit_error"))
                }
                Denied::StoreAway => {
                    later(refused(StatusCode::SERVICE_UNAVAILABLE, denied.code(), "server_error", "overloaded_error"))
                }
            },
            Self::TwoKeys | Self::MisplacedKey(_) => invalid(StatusCode::BAD_REQUEST, "misplaced_key"),
            Self::ForeignTenant(_) => forbidden("foreign_tenant"),
            Self::RoleTooLow(_) => forbidden("role_too_low"),
            Self::NoCredential { .. } => unknown("no_stored_credential"),
            Self::UnreadableCredential { .. } => {
                refused(StatusCode::SERVICE_UNAVAILABLE, "unreadable_credential", "server_error", "api_error")
            }
            Self::CredentialsAway => later(refused(
                StatusCode::SERVICE_UNAVAILABLE,
                "credentials_unavailable",
                "server_error",
                "overloaded_error",
            )),
            Self::BadTenant(_) | Self::TwoTenants => invalid(StatusCode::BAD_REQUEST, "invalid_tenant"),
            Self::UnknownUpstream { .. } => {
                refused(StatusCode::NOT_FOUND, "unknown_upstream", "invalid_request_error", "not_found_error")
            }
            Self::BadPath(_) => invalid(StatusCode::BAD_REQUEST, "invalid_path"),
            Self::Connect => invalid(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::TooLarge { .. } => refused(
                StatusCode::PAYLOAD_TOO_LARGE,
                "request_too_large",
                "invalid_request_error",
                "request_too_large",
            ),
            Self::Busy | Self::Unrecorded => Row {
                retry_after_seconds: Some(1),
                ..refused(StatusCode::SERVICE_UNAVAILABLE, "gateway_busy", "server_error", "overloaded_error")
            },
            Self::Unpriced { .. } => {
                refused(StatusCode::FORBIDDEN, "model_not_priced", "invalid_request_error", "permission_error")
            }
            Self::Blocked { .. } => Row { end: EndReason::Blocked, ..forbidden("blocked_by_policy") },
            Self::Unreadable(_) => Row { end: EndReason::Blocked, ..forbidden("unreadable_body") },
            Self::Unredactable(_) => Row { end: EndReason::Blocked, ..forbidden("unredactable_request") },
            Self::AnswerBlocked => Row { end: EndReason::Cut, ..forbidden("blocked_by_policy") },
            Self::UnreadableAnswer(_) | Self::AnswerTooLarge { .. } => {
                failed(StatusCode::BAD_GATEWAY, "unreadable_answer", EndReason::Cut)
            }
            Self::BrokenAnswer(_) => failed(StatusCode::BAD_GATEWAY, "upstream_reset", EndReason::UpstreamFailed),
            Self::AnswerTimeout(_) => failed(StatusCode::GATEWAY_TIMEOUT, "idle_timeout", EndReason::TimedOut),
            Self::NotGuarded(_) => {
                later(refused(StatusCode::SERVICE_UNAVAILABLE, "guard_timeout", "server_error", "overloaded_error"))
            }
            Self::Unsignable => invalid(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsignable_body"),
            Self::BrokenBody => {
                Row { end: EndReason::ClientGone, ..invalid(StatusCode::BAD_REQUEST, "broken_request_body") }
            }
            Self::BodyTimeout(_) => {
                Row { end: EndReason::TimedOut, ..invalid(StatusCode::REQUEST_TIMEOUT, "request_timeout") }
            }
            Self::Unreachable(_) => failed(StatusCode::BAD_GATEWAY, "upstream_unreachable", EndReason::UpstreamFailed),
            Self::ConnectTimeout(_) => {
                failed(StatusCode::GATEWAY_TIMEOUT, "upstream_connect_timeout", EndReason::TimedOut)
            }
            Self::Upstream(_) => failed(StatusCode::BAD_GATEWAY, "upstream_failed", EndReason::UpstreamFailed),
            Self::HeadTimeout { .. } => failed(StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", EndReason::TimedOut),
        }
    }

    /// Its stable word.
    pub(super) fn code(&self) -> &'static str {
        self.row().code
    }

    /// Ends the exchange and answers the client; without a slot nothing was identified, so there is no span.
    pub(super) fn answer(&self, family: Family, slot: Option<Slot>) -> Response<Answer> {
        let row = self.row();
        let message = format!("LLMTrace: {self}");
        let body = match family {
            Family::Anthropic => json!({"type": "error", "error": {"type": row.anthropic_type, "message": message}}),
            Family::OpenAi | Family::Other => json!({
                "error": {"message": message, "type": row.openai_type, "param": null, "code": row.code}
            }),
            Family::Google => json!({
                "error": {"code": row.status.as_u16(), "message": message, "status": google_status(row.status)}
            }),
            Family::Aws | Family::Cohere => json!({"message": message}),
            Family::Ollama => json!({"error": message}),
        };
        tracing::debug!(refusal.code = row.code, error = self as &dyn std::error::Error, "request refused");
        let mut answer = Response::new(Answer::Made(Some(Bytes::from(body.to_string()))));
        *answer.status_mut() = row.status;
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if family == Family::Aws {
            headers.insert("x-amzn-errortype", HeaderValue::from_static(aws_exception(row.status)));
        }
        if let Some(seconds) = row.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(mut slot) = slot {
            super::name_span(headers, &slot);
            let error = ErrorInfo { kind: row.code.to_owned(), message: self.to_string() };
            if slot.has_answer() {
                // What upstream answered is on the span, with what it cost; that the client was told something else is its end.
                slot.end(row.end, Some(error));
            } else {
                slot.refused(row.status.as_u16(), row.end, error);
            }
        }
        answer
    }
}

/// The canonical code of an HTTP status, as Google's clients read it (google.rpc.Code).
fn google_status(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => "INVALID_ARGUMENT",
        StatusCode::UNAUTHORIZED => "UNAUTHENTICATED",
        StatusCode::FORBIDDEN => "PERMISSION_DENIED",
        StatusCode::NOT_FOUND => "NOT_FOUND",
        StatusCode::TOO_MANY_REQUESTS => "RESOURCE_EXHAUSTED",
        StatusCode::GATEWAY_TIMEOUT => "DEADLINE_EXCEEDED",
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => "UNAVAILABLE",
        _ => "INTERNAL",
    }
}

/// The exception an AWS client makes of an HTTP status (Amazon Bedrock Runtime API reference, "Common errors").
fn aws_exception(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => "ValidationException",
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "AccessDeniedException",
        StatusCode::NOT_FOUND => "ResourceNotFoundException",
        StatusCode::TOO_MANY_REQUESTS => "ThrottlingException",
        StatusCode::GATEWAY_TIMEOUT => "ModelTimeoutException",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailableException",
        _ => "InternalServerException",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_recorded_is_a_503_to_try_again() {
        for (family, word) in [(Family::OpenAi, "gateway_busy"), (Family::Anthropic, "overloaded_error")] {
            let answer = Refusal::Unrecorded.answer(family, None);
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.headers().get(header::RETRY_AFTER), Some(&HeaderValue::from(1)));
            let Answer::Made(Some(body)) = answer.into_body() else { panic!("made here") };
            let body = String::from_utf8_lossy(&body);
            assert!(body.contains(word) && body.contains("pipeline.queue_max_bytes"), "{body}");
        }
    }
}
