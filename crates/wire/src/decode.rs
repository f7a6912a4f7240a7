//! A recorded exchange to what a span tells: who, what was said, what it used, how it ended. Never fails, never panics:
//! what cannot be read is named.

use std::collections::BTreeMap;

use llmtrace_model::{BodyCoverage, Content, Coverage, ErrorInfo, Meter, Params, Units, Usage, UsageSource};

use crate::{
    Dialect,
    dialects::{
        Format, RequestBody,
        error::{bare_error, error_of},
        format_of,
    },
    framing::Framing,
    headers::{is_rate_limit, percent_decoded},
    json::{Fault, Json, Rules, parse, parse_head},
    multipart,
    providers::provider_of,
};

mod answer;
mod billed;
mod body;
mod draft;

use answer::{read_answered, read_events, status_error};
pub use billed::{BILLED_ONCE, Billed, REPEATED_USAGE, repeated_usage};
use body::Copied;
pub(crate) use draft::Draft;

/// A bounded copy of a body.
#[derive(Debug, Clone, Copy, Default)]
pub struct BodyCopy<'a> {
    /// The first bytes.
    pub head: &'a [u8],
    /// The last bytes beyond the head.
    pub tail: &'a [u8],
    /// Size of the whole body.
    pub total_bytes: u64,
}

/// A recorded exchange.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The upstream's host.
    pub host: &'a str,
    /// HTTP method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Recorded request headers; names are lower-case.
    pub request_headers: &'a [(String, String)],
    /// The request body.
    pub request: BodyCopy<'a>,
    /// The answer's status, where there was an answer.
    pub status: Option<u16>,
    /// Recorded answer headers; names are lower-case.
    pub answer_headers: &'a [(String, String)],
    /// The answer's body.
    pub response: BodyCopy<'a>,
    /// What the scanner read while the bytes passed, where there was one.
    pub scanned: Option<&'a Meter>,
}

/// Bounds of a decode.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes one compressed body may expand to.
    pub max_inflated_bytes: usize,
    /// Longest event of a stream.
    pub max_event_bytes: usize,
    /// Deepest nesting of JSON.
    pub max_depth: usize,
    /// Most JSON values in one body.
    pub max_values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_inflated_bytes: 64 << 20, max_event_bytes: 16 << 20, max_depth: 128, max_values: 2_000_000 }
    }
}

/// What a recorded exchange tells.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decoded {
    /// OpenTelemetry's `gen_ai.provider.name`, or `unknown`.
    pub provider: &'static str,
    /// The wire format; `None` where it is not one we read.
    pub dialect: Option<Dialect>,
    /// OpenTelemetry's `gen_ai.operation.name`, or the HTTP method of an exchange we do not read.
    pub operation: String,
    /// The model asked for.
    pub request_model: Option<String>,
    /// The model that answered.
    pub response_model: Option<String>,
    /// Request parameters.
    pub params: Params,
    /// Whether the answer came as a stream; whether one was asked for where there was no answer.
    pub stream: bool,
    /// What was said.
    pub content: Content,
    /// Tokens.
    pub usage: Option<Usage>,
    /// Where they come from.
    pub usage_source: UsageSource,
    /// What is billed by the piece.
    pub units: Units,
    /// Whether this exchange is the one that is billed for usage and units.
    pub billed: Billed,
    /// Why the model stopped, one per choice.
    pub finish_reasons: Vec<String>,
    /// The provider's id of the answer.
    pub response_id: Option<String>,
    /// The provider's id of the request.
    pub provider_request_id: Option<String>,
    /// The provider's rate-limit headers.
    pub rate_limits: BTreeMap<String, String>,
    /// The error the answer reports.
    pub error: Option<ErrorInfo>,
    /// What was seen and what was not.
    pub coverage: Coverage,
    /// The end user the request names.
    pub user_id: Option<String>,
    /// The request's metadata as `key:value`.
    pub tags: Vec<String>,
    /// The service tier the provider says it billed.
    pub service_tier: Option<String>,
    /// Why the exchange, or one side of it, was not read.
    pub opaque: Option<String>,
}

/// Reads a recorded exchange.
pub fn decode(x: &Exchange<'_>, limits: &Limits) -> Decoded {
    let path = path_of(x.target);
    let provider = provider_of(x.host, path);
    let format = format_of(x.method, path);
    let dialect = format.map(|format| format.dialect);
    let mut draft = Draft::default();
    let (request, response) = match format {
        Some(format) => {
            (format.head)(x, &mut draft);
            (read_asked(format, x, limits, &mut draft), read_answered(format, x, limits, &mut draft))
        }
        None => unread(x, limits, &mut draft),
    };
    if let Some(format) = format {
        let named = || (format.path_model)(path).map(|model| percent_decoded(model).into_owned());
        draft.request_model = draft.request_model.take().or_else(named);
    }
    let answer_media = header(x.answer_headers, "content-type");
    let asked = || format.is_some_and(|format| (format.streams)(path, draft.stream_member));
    let stream =
        if x.status.is_some() { draft.streamed || answer_media.and_then(Framing::of).is_some() } else { asked() };
    if let Some(scanned) = x.scanned {
        draft.join(scanned, &response);
    }
    draft.settle(x.scanned);
    let opaque = if dialect.is_none() { Some("unknown path".to_owned()) } else { opaque_of(&request, &response) };
    Decoded {
        provider: provider.id,
        dialect,
        operation: format.map_or(x.method, |format| format.operation).to_owned(),
        stream,
        usage_source: if draft.usage.is_some() { UsageSource::Provider } else { UsageSource::None },
        provider_request_id: request_id(x.answer_headers).or_else(|| draft.request_id.take()),
        rate_limits: x.answer_headers.iter().filter(|(name, _)| is_rate_limit(name)).cloned().collect(),
        opaque,
        ..draft.into_decoded(request, response)
    }
}

/// A target without query and fragment.
pub(crate) fn path_of(target: &str) -> &str {
    target.split(['?', '#']).next().unwrap_or("")
}

fn opaque_of(request: &BodyCoverage, response: &BodyCoverage) -> Option<String> {
    let reason = |side: &str, coverage: &BodyCoverage| match coverage {
        BodyCoverage::Opaque(reason) => Some(format!("{side}: {reason}")),
        BodyCoverage::Empty | BodyCoverage::Whole | BodyCoverage::Truncated | BodyCoverage::NotKept => None,
    };
    match (reason("request", request), reason("answer", response)) {
        (Some(request), Some(response)) => Some(format!("{request}; {response}")),
        (request, response) => request.or(response),
    }
}

pub(crate) fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

fn request_id(headers: &[(String, String)]) -> Option<String> {
    const NAMES: [&str; 4] = ["request-id", "x-request-id", "apim-request-id", "x-amzn-requestid"];
    NAMES.iter().find_map(|name| header(headers, name)).map(str::to_owned)
}

fn reason(fault: Fault) -> &'static str {
    match fault {
        Fault::Syntax | Fault::Eof => "malformed json",
        Fault::TooDeep => "too deep",
        Fault::TooMany => "too many values",
    }
}

/// Reads the request body.
fn read_asked(format: &Format, x: &Exchange<'_>, limits: &Limits, draft: &mut Draft) -> BodyCoverage {
    let copied = match Copied::open(&x.request, x.request_headers, limits) {
        Ok(copied) => copied,
        Err(coverage) => return coverage,
    };
    let media = header(x.request_headers, "content-type").unwrap_or("");
    if let Some((form, boundary)) = format.form.zip(multipart::boundary(media)) {
        form(&multipart::fields(boundary, copied.head(), copied.tail()), draft);
        return copied.coverage();
    }
    if format.body == RequestBody::Events {
        read_events(&copied, Framing::Ndjson, &[], limits, draft, |_, event, draft| (format.request)(event, draft));
        return copied.coverage();
    }
    match json_body(&copied, &[], limits) {
        Ok(body) => (format.request)(body, draft),
        Err(reason) => return BodyCoverage::Opaque(reason.to_owned()),
    }
    copied.coverage()
}

/// The JSON tree of a body; what is there of it where it was cut.
fn json_body<'b>(
    copied: &'b Copied<'_>,
    skip: &'static [&'static str],
    limits: &Limits,
) -> Result<Json<'b>, &'static str> {
    match json_tree(copied, skip, limits)? {
        object @ Json::Object(_) => Ok(object),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Str(_) | Json::Array(_) | Json::Skipped => {
            Err("malformed json")
        }
    }
}

/// The JSON tree of an error document; Google puts some into a list.
fn error_body<'b>(copied: &'b Copied<'_>, limits: &Limits) -> Result<Json<'b>, &'static str> {
    let tree = match json_tree(copied, &[], limits)? {
        Json::Array(items) => items.into_iter().next().unwrap_or(Json::Null),
        tree => tree,
    };
    if let Json::Object(_) = tree { Ok(tree) } else { Err("malformed json") }
}

fn json_tree<'b>(
    copied: &'b Copied<'_>,
    skip: &'static [&'static str],
    limits: &Limits,
) -> Result<Json<'b>, &'static str> {
    let rules = Rules { max_depth: limits.max_depth, max_values: limits.max_values, skip };
    let text = copied.text().ok_or("invalid utf-8")?;
    let tree = if copied.is_whole() { parse(text, &rules) } else { parse_head(text, &rules) };
    tree.map_err(reason)
}

/// What there is to say of an exchange in no format we read: an error document still tells why it failed.
fn unread(x: &Exchange<'_>, limits: &Limits, draft: &mut Draft) -> (BodyCoverage, BodyCoverage) {
    let coverage = |body: &BodyCopy<'_>| {
        if body.total_bytes == 0 { BodyCoverage::Empty } else { BodyCoverage::Opaque("unknown path".to_owned()) }
    };
    if x.status.is_some_and(|status| status >= 400) {
        let copied = Copied::open(&x.response, x.answer_headers, limits).ok();
        let body = copied.as_ref().and_then(|copied| error_body(copied, limits).ok());
        draft.error = body.and_then(|b| error_of(&b).or_else(|| bare_error(&b))).or_else(|| status_error(x.status, ""));
    }
    (coverage(&x.request), coverage(&x.response))
}

#[cfg(test)]
mod tests;
