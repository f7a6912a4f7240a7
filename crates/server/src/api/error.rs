//! The one table of the API's failures: what went wrong, as RFC 9457 problem details.
//!
//! A client learns which parameter, what was found and what was expected. It never learns SQL, paths or an engine's words.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use llmtrace_store::{ErrorKind, MAX_GROUPS, MAX_SCANNED};
use serde::{Deserialize, Serialize};
use utoipa::{IntoResponses, ToSchema};

use crate::{
    pipeline::MAX_SUBSCRIBERS,
    tenancy::{Denied, LoginRefused},
};

/// The most characters of a client's text that are said back.
const ECHO: usize = 64;

/// Why the API does not answer as asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The route has no such parameter.
    UnknownParameter { name: String, allowed: Vec<&'static str> },
    /// A parameter, header or path part is not what it must be.
    BadParameter { name: &'static str, found: String, expected: String },
    /// The query is no `name=value&…` text.
    BadQuery { found: String },
    /// The Host header names nobody we serve.
    HostRefused { found: Option<String> },
    /// Who asks is not told apart.
    Denied(Denied),
    /// Who logs in is not let in.
    LoginRefused(LoginRefused),
    /// The password as it is was not the one that was said.
    WrongPassword,
    /// Only a person can do this.
    NotAPerson,
    /// Two keys are shown.
    TwoKeys,
    /// Who asks may not.
    RoleTooLow { has: &'static str, needed: &'static str },
    /// The tenant is not one of the caller's.
    ForeignTenant { found: String },
    /// What must be written down cannot be.
    LogFull,
    /// There is no such thing in the caller's scope.
    NotFound { what: &'static str, found: String },
    /// There is no such path.
    NoSuchPath { found: String },
    /// The path exists, the method does not.
    WrongMethod { found: String },
    /// A web page of another origin tries to write.
    OriginRefused { found: String },
    /// The body is no JSON.
    NotJson { found: String },
    /// The body is too large.
    BodyTooLarge { most: usize },
    /// The body did not arrive whole in time.
    BodyCut,
    /// A field of the body is not what it must be; no field is named where it is the body itself.
    BadBody { field: String, why: String },
    /// A change of something without saying of which version.
    NoCondition,
    /// What is to be changed is no longer what the caller saw.
    ChangedMeanwhile,
    /// There are as many as are kept.
    TooMany { what: &'static str, most: usize },
    /// The id that a caller chose is another thing's.
    IdTaken { what: &'static str, found: String },
    /// The name that a caller chose is another person's.
    NameTaken { found: String },
    /// Whoever is to be changed reaches into tenants that the caller does not administer.
    ReachesFurther,
    /// There is no key to seal a credential with.
    NoMasterKey,
    /// The question covers more than is looked at for one answer.
    TooLarge,
    /// As many follow the live tail as may.
    TailFull,
    /// The store does not answer in time.
    StoreTimedOut,
    /// There was no time to analyse a text; trying again may help.
    AnalysisBusy,
    /// Analysing a text failed; an operator must look.
    AnalysisFailed,
    /// The store is away; trying again may help.
    StoreAway,
    /// The store is broken; an operator must look.
    StoreBroken,
}

/// RFC 9457 problem details, media type `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemView {
    /// What kind of problem it is: a stable URN.
    #[serde(rename = "type")]
    #[schema(example = "urn:llmtrace:problem:bad-parameter")]
    pub(super) kind: String,
    /// The kind in words.
    pub(super) title: String,
    /// The HTTP status.
    pub(super) status: u16,
    /// This occurrence in words.
    pub(super) detail: String,
    /// The parameter at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parameter: Option<String>,
    /// What was found in it, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) found: Option<String>,
    /// What is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expected: Option<String>,
}

/// Documents how every route that reads rows may fail; nothing makes one.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "its variants are read by the derive alone")]
pub(super) enum ReadProblems {
    /// A parameter is wrong
    #[response(status = 400, content_type = "application/problem+json")]
    Wrong(ProblemView),
    /// A key or a login is needed, and there is none that opens
    #[response(status = 401, content_type = "application/problem+json")]
    Unknown(ProblemView),
    /// The role is too low, the tenant another's, or the host not served
    #[response(status = 403, content_type = "application/problem+json")]
    Refused(ProblemView),
    /// The question covers more than is looked at for one answer; the problem says the bound and how to ask for less
    #[response(status = 422, content_type = "application/problem+json")]
    TooLarge(ProblemView),
    /// This address has shown too many unknown keys
    #[response(
        status = 429, content_type = "application/problem+json",
        headers(("retry-after" = u32, description = "Seconds after which to try again"))
    )]
    TooManyFailures(ProblemView),
    /// The store is broken, its cause is in the log
    #[response(status = 500, content_type = "application/problem+json")]
    Broken(ProblemView),
    /// The store is away or slow
    #[response(
        status = 503, content_type = "application/problem+json",
        headers(("retry-after" = u32, description = "Seconds after which to try again"))
    )]
    Away(ProblemView),
}

/// Documents how every route that writes may fail besides; nothing makes one.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "its variants are read by the derive alone")]
pub(super) enum WriteProblems {
    /// A parameter or the body is wrong
    #[response(status = 400, content_type = "application/problem+json")]
    Wrong(ProblemView),
    /// A key or a login is needed, and there is none that opens
    #[response(status = 401, content_type = "application/problem+json")]
    Unknown(ProblemView),
    /// The role is too low, the tenant another's, the host not served, or the write comes from a web page of another origin
    #[response(status = 403, content_type = "application/problem+json")]
    Refused(ProblemView),
    /// The body did not arrive in time
    #[response(status = 408, content_type = "application/problem+json")]
    Cut(ProblemView),
    /// The body is too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemView),
    /// The body is no JSON
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(ProblemView),
    /// This address has shown too many unknown keys
    #[response(status = 429, content_type = "application/problem+json")]
    TooManyFailures(ProblemView),
    /// The store is away
    #[response(status = 503, content_type = "application/problem+json")]
    Away(ProblemView),
}

impl Problem {
    /// A body that is not what it must be.
    pub(super) fn bad_body(field: &str, why: &serde_json::Error) -> Self {
        Self::BadBody { field: shorten(field), why: why.to_string() }
    }

    /// A parameter that is not what it must be.
    pub(super) fn bad(name: &'static str, found: &str, expected: impl Into<String>) -> Self {
        Self::BadParameter { name, found: shorten(found), expected: expected.into() }
    }

    /// A failed store operation.
    pub(super) fn store(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Timeout => Self::StoreTimedOut,
            ErrorKind::Unavailable | ErrorKind::Conflict => Self::StoreAway,
            ErrorKind::TooLarge => Self::TooLarge,
            ErrorKind::Rejected | ErrorKind::Corrupt | ErrorKind::Config => Self::StoreBroken,
        }
    }

    /// The table: status, word and title.
    fn row(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::UnknownParameter { .. } => (StatusCode::BAD_REQUEST, "unknown-parameter", "Unknown parameter"),
            Self::BadParameter { .. } => (StatusCode::BAD_REQUEST, "bad-parameter", "Wrong parameter"),
            Self::BadQuery { .. } => (StatusCode::BAD_REQUEST, "bad-query", "Unreadable query"),
            Self::HostRefused { .. } => (StatusCode::FORBIDDEN, "host-refused", "Host not allowed"),
            Self::Denied(denied) => match denied {
                Denied::NoKey
                | Denied::NotAKey
                | Denied::UnknownKey
                | Denied::Expired
                | Denied::Revoked
                | Denied::NoSession => (StatusCode::UNAUTHORIZED, "no-access", "A key or a login is needed"),
                Denied::TooManyFailures => (StatusCode::TOO_MANY_REQUESTS, "too-many-failures", "Too many wrong keys"),
                Denied::StoreAway => (StatusCode::SERVICE_UNAVAILABLE, "store-away", "The store is away"),
            },
            Self::LoginRefused(why) => match why {
                LoginRefused::Wrong => (StatusCode::UNAUTHORIZED, "login-refused", "Login refused"),
                LoginRefused::TooManyFailures => {
                    (StatusCode::TOO_MANY_REQUESTS, "too-many-failures", "Too many wrong keys")
                }
                LoginRefused::Busy => (StatusCode::SERVICE_UNAVAILABLE, "login-busy", "Too many log in"),
                LoginRefused::StoreAway => (StatusCode::SERVICE_UNAVAILABLE, "store-away", "The store is away"),
                LoginRefused::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "store-broken", "The store is broken"),
            },
            Self::WrongPassword => (StatusCode::FORBIDDEN, "wrong-password", "Wrong password"),
            Self::NotAPerson => (StatusCode::FORBIDDEN, "not-a-person", "Not a person"),
            Self::TwoKeys => (StatusCode::BAD_REQUEST, "two-keys", "Two keys"),
            Self::RoleTooLow { .. } => (StatusCode::FORBIDDEN, "role-too-low", "Not allowed"),
            Self::ForeignTenant { .. } => (StatusCode::FORBIDDEN, "foreign-tenant", "Another tenant"),
            Self::LogFull => (StatusCode::SERVICE_UNAVAILABLE, "log-full", "The audit log is full"),
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::NoSuchPath { .. } => (StatusCode::NOT_FOUND, "no-such-path", "No such path"),
            Self::WrongMethod { .. } => (StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "Method not allowed"),
            Self::OriginRefused { .. } => (StatusCode::FORBIDDEN, "origin-refused", "Origin not allowed"),
            Self::NotJson { .. } => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "Not JSON"),
            Self::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large"),
            Self::BodyCut => (StatusCode::REQUEST_TIMEOUT, "body-cut", "The body did not arrive"),
            Self::BadBody { .. } => (StatusCode::BAD_REQUEST, "bad-body", "Wrong body"),
            Self::NoCondition => (StatusCode::PRECONDITION_REQUIRED, "no-condition", "If-Match is missing"),
            Self::ChangedMeanwhile => (StatusCode::PRECONDITION_FAILED, "changed-meanwhile", "Changed meanwhile"),
            Self::TooMany { .. } => (StatusCode::CONFLICT, "too-many", "There are too many"),
            Self::IdTaken { .. } => (StatusCode::CONFLICT, "id-taken", "The id is taken"),
            Self::NameTaken { .. } => (StatusCode::CONFLICT, "name-taken", "The name is taken"),
            Self::ReachesFurther => (StatusCode::CONFLICT, "reaches-further", "In other tenants, too"),
            Self::NoMasterKey => (StatusCode::CONFLICT, "no-master-key", "There is no master key"),
            Self::TooLarge => (StatusCode::UNPROCESSABLE_ENTITY, "too-large", "The question is too large"),
            Self::TailFull => (StatusCode::SERVICE_UNAVAILABLE, "tail-full", "Too many listeners"),
            Self::AnalysisBusy => (StatusCode::SERVICE_UNAVAILABLE, "analysis-busy", "Too many texts"),
            Self::AnalysisFailed => (StatusCode::INTERNAL_SERVER_ERROR, "analysis-failed", "Analysis failed"),
            Self::StoreTimedOut => (StatusCode::SERVICE_UNAVAILABLE, "store-timed-out", "The store is slow"),
            Self::StoreAway => (StatusCode::SERVICE_UNAVAILABLE, "store-away", "The store is away"),
            Self::StoreBroken => (StatusCode::INTERNAL_SERVER_ERROR, "store-broken", "The store is broken"),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::UnknownParameter { name, allowed } => {
                let allowed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
                format!("the parameter {name:?} is unknown, allowed are {allowed}")
            }
            Self::BadParameter { name, found, expected } => format!("{name}: found {found:?}, expected {expected}"),
            Self::BadQuery { found } => {
                format!("found {found:?}, expected name=value pairs of percent-encoded UTF-8 joined by \"&\"")
            }
            Self::HostRefused { found: Some(host) } => {
                format!(
                    "the host {host:?} is not served; use localhost or an IP address, or add the name to allowed_hosts"
                )
            }
            Self::HostRefused { found: None } => "the request names no host".to_owned(),
            Self::Denied(Denied::NoSession) => Denied::NoSession.to_string(),
            Self::Denied(denied) => format!("{denied}; send it as X-LLMTrace-Token or as a bearer token"),
            Self::LoginRefused(why) => why.to_string(),
            Self::WrongPassword => "the password as it is was not the one in \"old\"".to_owned(),
            Self::NotAPerson => "found a key or nobody, expected somebody who logged in by their name".to_owned(),
            Self::TwoKeys => "found two keys, expected one".to_owned(),
            Self::RoleTooLow { has, needed } => format!("found the role {has}, expected {needed}"),
            Self::ForeignTenant { found } => format!("the key or login does not reach the tenant {found:?}"),
            Self::LogFull => {
                "what is read is written to the audit log, which takes nothing more now; try again shortly".to_owned()
            }
            Self::NotFound { what, found } => format!("there is no {what} {found}"),
            Self::NoSuchPath { found } => format!("there is no {found:?}; /api/v1/openapi.json lists what there is"),
            Self::WrongMethod { found } => format!("{found} is not possible here, see the Allow header"),
            Self::OriginRefused { found } if found.is_empty() => {
                "a write by a login says in Origin which page makes it, as browsers do; scripts use a key".to_owned()
            }
            Self::OriginRefused { found } => {
                format!(
                    "the origin {found:?} is not the host that this is sent to; write from a page of ours, or without an Origin"
                )
            }
            Self::NotJson { found } => {
                format!("found {found:?}, expected a body with content-type application/json and no content-encoding")
            }
            Self::BodyTooLarge { most } => format!("the body has more than {most} bytes"),
            Self::BodyCut => "the body did not arrive whole in time, send it again".to_owned(),
            Self::BadBody { field, why } if field.is_empty() => why.clone(),
            Self::BadBody { field, why } => format!("{field}: {why}"),
            Self::NoCondition => "say with If-Match which version is meant: its ETag, or * for any".to_owned(),
            Self::ChangedMeanwhile => "it was changed or deleted meanwhile: get it again, and change that".to_owned(),
            Self::TooMany { what, most } => format!("there are {most} {what} already, delete one first"),
            Self::IdTaken { what, found } => {
                format!("there is another {what} {found}: choose another id, or none, and one is made")
            }
            Self::NameTaken { found } => format!("somebody of the installation has the name {found:?} already"),
            Self::ReachesFurther => {
                "this person reaches into other tenants, too: here only their role can be changed or taken away, the rest is \
                 for who administers the platform"
                    .to_owned()
            }
            Self::NoMasterKey => {
                "secrets.master_key is not set: processes that keep tenants on a server seal with the same key, so that it \
                 has to be given"
                    .to_owned()
            }
            Self::TooLarge => format!(
                "more than {MAX_SCANNED} spans would have to be read one by one, or more than {MAX_GROUPS} groups told \
                 apart: ask for less time, for fewer dimensions, or filter by what the roll-ups know (tenant, provider, \
                 model, agent, environment, release, status)"
            ),
            Self::TailFull => format!("{MAX_SUBSCRIBERS} listeners follow the tail already, try again later"),
            Self::AnalysisBusy => "there was no time for it beside the other texts, try again".to_owned(),
            Self::AnalysisFailed => "analysing the text failed, why is in the log".to_owned(),
            Self::StoreTimedOut => "a store did not answer in time, ask for less or try again".to_owned(),
            Self::StoreAway => "a store cannot be reached, try again; /health says which".to_owned(),
            Self::StoreBroken => "a store failed, which one and why is in the log".to_owned(),
        }
    }

    fn view(self) -> ProblemView {
        let (status, word, title) = self.row();
        let detail = self.detail();
        let (parameter, found, expected) = match self {
            Self::UnknownParameter { name, allowed } if allowed.is_empty() => (Some(name), None, None),
            Self::UnknownParameter { name, allowed } => (Some(name), None, Some(allowed.join(", "))),
            Self::BadParameter { name, found, expected } => (Some(name.to_owned()), Some(found), Some(expected)),
            Self::BadQuery { found } | Self::NoSuchPath { found } => (None, Some(found), None),
            Self::NotFound { found, .. } | Self::IdTaken { found, .. } => (None, Some(found), None),
            Self::OriginRefused { found } | Self::NotJson { found } => (None, Some(found), None),
            Self::NameTaken { found } => (None, Some(found), None),
            Self::BadBody { field, .. } => (Some(field).filter(|field| !field.is_empty()), None, None),
            Self::ForeignTenant { found } => (None, Some(found), None),
            Self::RoleTooLow { has, needed } => (None, Some(has.to_owned()), Some(needed.to_owned())),
            Self::HostRefused { .. }
            | Self::Denied(_)
            | Self::LoginRefused(_)
            | Self::WrongPassword
            | Self::NotAPerson
            | Self::ReachesFurther
            | Self::TwoKeys
            | Self::LogFull
            | Self::WrongMethod { .. }
            | Self::BodyTooLarge { .. }
            | Self::BodyCut
            | Self::NoCondition
            | Self::ChangedMeanwhile
            | Self::TooMany { .. }
            | Self::NoMasterKey
            | Self::TooLarge
            | Self::TailFull
            | Self::AnalysisBusy
            | Self::AnalysisFailed
            | Self::StoreTimedOut
            | Self::StoreAway
            | Self::StoreBroken => (None, None, None),
        };
        ProblemView {
            kind: format!("urn:llmtrace:problem:{word}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail,
            parameter,
            found,
            expected,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, ..) = self.row();
        let mut response = (status, Json(self.view())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"llmtrace\""));
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// The first characters of a client's text, for saying it back.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(ECHO) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_has_every_problem_with_its_status() {
        let reference = include_str!("../../../../docs/reference/api.md");
        let text = String::new;
        let all = [
            Problem::UnknownParameter { name: text(), allowed: Vec::new() },
            Problem::bad("limit", "", ""),
            Problem::BadQuery { found: text() },
            Problem::HostRefused { found: None },
            Problem::Denied(Denied::NoKey),
            Problem::Denied(Denied::TooManyFailures),
            Problem::LoginRefused(LoginRefused::Wrong),
            Problem::LoginRefused(LoginRefused::TooManyFailures),
            Problem::LoginRefused(LoginRefused::Busy),
            Problem::WrongPassword,
            Problem::NotAPerson,
            Problem::NameTaken { found: text() },
            Problem::ReachesFurther,
            Problem::TwoKeys,
            Problem::RoleTooLow { has: "viewer", needed: "admin" },
            Problem::ForeignTenant { found: text() },
            Problem::LogFull,
            Problem::NotFound { what: "span", found: text() },
            Problem::NoSuchPath { found: text() },
            Problem::WrongMethod { found: text() },
            Problem::TooLarge,
            Problem::OriginRefused { found: text() },
            Problem::NotJson { found: text() },
            Problem::BodyTooLarge { most: 1 },
            Problem::BodyCut,
            Problem::BadBody { field: text(), why: text() },
            Problem::NoCondition,
            Problem::ChangedMeanwhile,
            Problem::TooMany { what: "things", most: 1 },
            Problem::IdTaken { what: "thing", found: text() },
            Problem::NoMasterKey,
            Problem::TailFull,
            Problem::AnalysisBusy,
            Problem::AnalysisFailed,
            Problem::StoreTimedOut,
            Problem::StoreAway,
            Problem::StoreBroken,
        ];
        for problem in all {
            let ProblemView { kind, status, .. } = problem.view();
            assert!(reference.contains(&format!("| `{kind}` | {status} |")), "{kind} {status}");
        }
    }

    #[test]
    fn what_is_said_back_is_short_and_whole() {
        assert_eq!(shorten(&"ü".repeat(100)), format!("{}…", "ü".repeat(64)));
        assert_eq!(shorten("ü"), "ü");
    }
}
