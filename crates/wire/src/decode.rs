//! A recorded exchange to what a span tells: who, what was said, what it used, how it ended. Never fails, never panics:
//! what cannot be read is named.

use std::collections::BTreeMap;

use llmtrace_model::{BodyCoverage, Content, Coverage, ErrorInfo, Params, Usage, UsageSource};

use crate::{
    Dialect, dialect_of,
    dialects::{
        Stream,
        error::{bare_error, error_info, error_of},
        read_answer, read_request, skipped,
    },
    headers::{is_event_stream, is_json, is_rate_limit},
    json::{Fault, Json, Rules, parse, parse_head},
    providers::provider_of,
    sse::{Decoder, Frame},
};

mod body;
mod draft;

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
    /// What the scanner read while the bytes passed.
    pub scanned_usage: Option<Usage>,
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
    let path = x.target.split(['?', '#']).next().unwrap_or("");
    let provider = provider_of(x.host, path);
    let dialect = dialect_of(x.method, path);
    let mut draft = Draft::default();
    let (request, response) = match dialect {
        Some(dialect) => (read_asked(dialect, x, limits, &mut draft), read_answered(dialect, x, limits, &mut draft)),
        None => unread(x, limits, &mut draft),
    };
    draft.request_model = draft.request_model.take().or_else(|| deployment(path));
    let answer_media = header(x.answer_headers, "content-type");
    let streamed = if x.status.is_some() { answer_media.is_some_and(is_event_stream) } else { draft.asks_stream };
    let usage = match response {
        BodyCoverage::Truncated => x.scanned_usage.or(draft.usage),
        _ => draft.usage.or(x.scanned_usage),
    };
    let opaque = if dialect.is_none() { Some("unknown path".to_owned()) } else { opaque_of(&request, &response) };
    Decoded {
        provider: provider.id,
        dialect,
        operation: dialect.map_or_else(|| x.method.to_owned(), |d| d.operation().to_owned()),
        stream: streamed,
        usage,
        usage_source: if usage.is_some() { UsageSource::Provider } else { UsageSource::None },
        provider_request_id: request_id(x.answer_headers).or_else(|| draft.request_id.take()),
        rate_limits: x.answer_headers.iter().filter(|(name, _)| is_rate_limit(name)).cloned().collect(),
        opaque,
        ..draft.into_decoded(request, response)
    }
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

/// Azure names the model in the path.
fn deployment(path: &str) -> Option<String> {
    let after = &path[path.find("/openai/deployments/")? + "/openai/deployments/".len()..];
    let name = after.split('/').next().unwrap_or("");
    (!name.is_empty()).then(|| name.to_owned())
}

fn reason(fault: Fault) -> &'static str {
    match fault {
        Fault::Syntax | Fault::Eof => "malformed json",
        Fault::TooDeep => "too deep",
        Fault::TooMany => "too many values",
    }
}

/// Reads the request body.
fn read_asked(dialect: Dialect, x: &Exchange<'_>, limits: &Limits, draft: &mut Draft) -> BodyCoverage {
    let copied = match Copied::open(&x.request, x.request_headers, limits) {
        Ok(copied) => copied,
        Err(coverage) => return coverage,
    };
    match json_body(&copied, &[], limits) {
        Ok(body) => read_request(dialect, body, draft),
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
    let rules = Rules { max_depth: limits.max_depth, max_values: limits.max_values, skip };
    let text = copied.text().ok_or("invalid utf-8")?;
    let tree = if copied.is_whole() { parse(text, &rules) } else { parse_head(text, &rules) };
    match tree.map_err(reason)? {
        object @ Json::Object(_) => Ok(object),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Str(_) | Json::Array(_) | Json::Skipped => {
            Err("malformed json")
        }
    }
}

/// Reads the answer's body.
fn read_answered(dialect: Dialect, x: &Exchange<'_>, limits: &Limits, draft: &mut Draft) -> BodyCoverage {
    let copied = match Copied::open(&x.response, x.answer_headers, limits) {
        Ok(copied) => copied,
        Err(coverage) => {
            draft.error = status_error(x.status, "");
            return coverage;
        }
    };
    let media = header(x.answer_headers, "content-type").unwrap_or("");
    let failed = x.status.is_some_and(|status| status >= 400);
    if is_event_stream(media) && !failed {
        return read_stream(dialect, &copied, limits, draft);
    }
    let body =
        if is_json(media) || media.is_empty() { json_body(&copied, skipped(dialect), limits) } else { Err("not json") };
    match body {
        Ok(body) if failed => {
            draft.error = error_of(&body).or_else(|| bare_error(&body)).or_else(|| status_error(x.status, ""));
            draft.request_id = body.str_at("request_id").map(str::to_owned);
        }
        Ok(body) => read_answer(dialect, body, draft),
        Err(reason) => {
            let is_text = media.starts_with("text/plain");
            draft.error = status_error(x.status, if is_text { copied.text().unwrap_or("") } else { "" });
            return BodyCoverage::Opaque(reason.to_owned());
        }
    }
    copied.coverage()
}

/// The error a status alone tells.
fn status_error(status: Option<u16>, text: &str) -> Option<ErrorInfo> {
    let status = status.filter(|status| *status >= 400)?;
    Some(error_info(&format!("http_{status}"), text))
}

/// Reads an answer that came as events.
fn read_stream(dialect: Dialect, copied: &Copied<'_>, limits: &Limits, draft: &mut Draft) -> BodyCoverage {
    let Some(mut stream) = Stream::new(dialect) else { return BodyCoverage::Opaque("unexpected stream".to_owned()) };
    let rules = Rules { max_depth: limits.max_depth, max_values: limits.max_values, skip: skipped(dialect) };
    let mut decoder = Decoder::new(limits.max_event_bytes);
    let mut understood = 0u64;
    let mut each = |frame: Frame<'_>| match frame {
        Frame::Event { data: b"[DONE]", .. } => understood += 1,
        Frame::Event { name, data } => match std::str::from_utf8(data).map(|text| parse(text, &rules)) {
            Ok(Ok(event)) => {
                understood += 1;
                if name == b"error" && event.get("error").is_none() {
                    draft.error = bare_error(&event).or(draft.error.take());
                }
                stream.event(event, draft);
            }
            Ok(Err(_)) | Err(_) => draft.unknown("event", "malformed"),
        },
        Frame::TooLong => draft.unknown("event", "too long"),
    };
    decoder.feed(copied.head(), &mut each);
    if let Some(tail) = copied.tail() {
        // A whole copy has no tail of its own: this one lies behind a gap.
        decoder.skip_to_next();
        decoder.feed(tail, &mut each);
    }
    decoder.finish(&mut each);
    stream.finish(draft);
    if understood == 0 { BodyCoverage::Opaque("no event understood".to_owned()) } else { copied.coverage() }
}

/// What there is to say of an exchange in no format we read: an error document still tells why it failed.
fn unread(x: &Exchange<'_>, limits: &Limits, draft: &mut Draft) -> (BodyCoverage, BodyCoverage) {
    let coverage = |body: &BodyCopy<'_>| {
        if body.total_bytes == 0 { BodyCoverage::Empty } else { BodyCoverage::Opaque("unknown path".to_owned()) }
    };
    if x.status.is_some_and(|status| status >= 400) {
        let copied = Copied::open(&x.response, x.answer_headers, limits).ok();
        let body = copied.as_ref().and_then(|copied| json_body(copied, &[], limits).ok());
        draft.error = body.and_then(|b| error_of(&b).or_else(|| bare_error(&b))).or_else(|| status_error(x.status, ""));
    }
    (coverage(&x.request), coverage(&x.response))
}

#[cfg(test)]
mod tests;
