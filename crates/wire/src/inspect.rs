//! What the front lane needs to know of a request before it is sent: model, stream, and where to ask for the usage event.
//!
//! Skims the members of the outermost object; never fails, never guesses, allocates nothing but the model's name.

use std::ops::Range;

use crate::{
    Dialect,
    dialects::{Format, RequestBody, UsageOption, format_of, openai_realtime::query_model},
    headers::{is_json, percent_decoded},
    json::{Fault, Json, Rules, parse},
    providers::{UsageEvent, provider_by_id, provider_of},
    skim,
};

/// What the front lane knows of a request.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// The id of the upstream's provider, where the operator names it; else its host decides.
    pub provider: Option<&'a str>,
    /// The upstream's host.
    pub host: &'a str,
    /// The path without query.
    pub path: &'a str,
    /// The query without `?`.
    pub query: Option<&'a str>,
    /// `content-type`.
    pub content_type: Option<&'a str>,
    /// `content-encoding`.
    pub content_encoding: Option<&'a str>,
    /// Whether a signature covers the body.
    pub signed: Signed,
}

/// Whether a request carries a signature over its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// It carries none.
    No,
    /// It does: no byte of it may change.
    Yes,
}

/// What a request turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// A request in a format we read.
    Parsed(Request),
    /// Anything else, with the reason.
    Opaque(OpaqueReason),
}

/// The essentials of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its wire format.
    pub dialect: Dialect,
    /// The model it names; the last one where the key repeats.
    pub model: Option<String>,
    /// Whether it asks for a stream.
    pub stream: Streaming,
    /// Where to ask for the usage event, if that is allowed and not asked already.
    pub usage_option: Option<Splice>,
}

/// Whether a request asks for a streamed answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streaming {
    /// It does not.
    No,
    /// It does.
    Yes,
}

/// One change to a body: replace `range` by `text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// The bytes to replace; empty to insert.
    pub range: Range<usize>,
    /// What to put there.
    pub text: &'static str,
}

/// Why a request is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpaqueReason {
    /// Method and path are no format we read.
    UnknownPath,
    /// The media type is not JSON.
    NotJson,
    /// The body is compressed.
    Compressed,
    /// There is no body.
    Empty,
    /// The body is not UTF-8.
    InvalidUtf8,
    /// The body is not a JSON object.
    MalformedJson,
    /// The body nests too deep.
    TooDeep,
}

impl OpaqueReason {
    /// The stable word for it, in spans and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownPath => "unknown path",
            Self::NotJson => "not json",
            Self::Compressed => "compressed",
            Self::Empty => "empty",
            Self::InvalidUtf8 => "invalid utf-8",
            Self::MalformedJson => "malformed json",
            Self::TooDeep => "too deep",
        }
    }
}

/// Reads the essentials of a request. What stands inside nested values is crossed, not checked.
pub fn inspect(head: &Head<'_>, body: &[u8]) -> View {
    match look(head, body) {
        Ok(request) => View::Parsed(request),
        Err(reason) => View::Opaque(reason),
    }
}

fn look(head: &Head<'_>, body: &[u8]) -> Result<Request, OpaqueReason> {
    let format = format_of(head.method, head.path).ok_or(OpaqueReason::UnknownPath)?;
    let dialect = format.dialect;
    let named = || (format.path_model)(head.path).map(|model| percent_decoded(model).into_owned());
    let streaming = |member| if (format.streams)(head.path, member) { Streaming::Yes } else { Streaming::No };
    let bare = |model| Ok(Request { dialect, model, stream: streaming(None), usage_option: None });
    match format.body {
        RequestBody::Events => return bare(head.query.and_then(query_model).or_else(named)),
        RequestBody::Nothing => return bare(named()),
        RequestBody::Json if matches!(head.method, "GET" | "HEAD" | "DELETE") => return bare(named()),
        RequestBody::Json => {}
    }
    if head.content_encoding.is_some_and(|coding| !coding.trim().eq_ignore_ascii_case("identity")) {
        return Err(OpaqueReason::Compressed);
    }
    // A body without a stated type is looked at: what is no JSON shows at its first byte.
    if head.content_type.is_some_and(|media| !is_json(media)) {
        return Err(OpaqueReason::NotJson);
    }
    if body.is_empty() {
        return Err(OpaqueReason::Empty);
    }
    let text = std::str::from_utf8(body).map_err(|_| OpaqueReason::InvalidUtf8)?;
    let members = Found::read(text).map_err(|fault| match fault {
        Fault::TooDeep => OpaqueReason::TooDeep,
        Fault::Syntax | Fault::Eof | Fault::TooMany => OpaqueReason::MalformedJson,
    })?;
    let stream = streaming(members.stream.as_ref().and_then(|at| text[at.clone()].parse().ok()));
    let usage_option =
        if stream == Streaming::Yes && may_ask(head, format) { members.usage_option(text) } else { None };
    Ok(Request { dialect, model: members.model(text).or_else(named), stream, usage_option })
}

/// Where the members that matter are; a repeated key counts as ambiguous, which forbids a splice.
#[derive(Default)]
struct Found {
    model: Option<Range<usize>>,
    stream: Option<Range<usize>>,
    stream_options: Option<Range<usize>>,
    ambiguous: bool,
}

impl Found {
    fn read(text: &str) -> Result<Self, Fault> {
        let mut found = Self::default();
        skim::members(text.as_bytes(), |member| {
            let unescaped;
            let key = if memchr::memchr(b'\\', member.key).is_some() {
                unescaped = unescape(member.key);
                unescaped.as_bytes()
            } else {
                member.key
            };
            let slot = match key {
                b"model" => &mut found.model,
                b"stream" => &mut found.stream,
                b"stream_options" => &mut found.stream_options,
                _ => return,
            };
            found.ambiguous |= slot.replace(member.value).is_some();
        })?;
        Ok(found)
    }

    fn model(&self, text: &str) -> Option<String> {
        parse(&text[self.model.clone()?], &Rules::default()).ok()?.into_string()
    }

    /// The smallest change that sets `stream_options.include_usage`, unless the client decided on it already.
    fn usage_option(&self, text: &str) -> Option<Splice> {
        if self.ambiguous {
            return None;
        }
        let Some(options) = self.stream_options.clone() else {
            let end = self.stream.as_ref()?.end;
            return Some(Splice { range: end..end, text: r#","stream_options":{"include_usage":true}"# });
        };
        match parse(&text[options.clone()], &Rules::default()).ok()? {
            Json::Null => Some(Splice { range: options, text: r#"{"include_usage":true}"# }),
            Json::Object(members) if members.iter().any(|(key, _)| key == "include_usage") => None,
            Json::Object(members) => {
                let inside = options.start + 1..options.start + 1;
                let text = if members.is_empty() { r#""include_usage":true"# } else { r#""include_usage":true,"# };
                Some(Splice { range: inside, text })
            }
            Json::Bool(_) | Json::Number(_) | Json::Str(_) | Json::Array(_) | Json::Skipped => None,
        }
    }
}

fn unescape(key: &[u8]) -> String {
    let quoted = format!("\"{}\"", String::from_utf8_lossy(key));
    parse(&quoted, &Rules::default()).ok().and_then(Json::into_string).unwrap_or_default()
}

/// Says whether a stream of this request may be asked for its usage event.
fn may_ask(head: &Head<'_>, format: &Format) -> bool {
    if format.usage_event == UsageOption::Absent || head.signed == Signed::Yes {
        return false;
    }
    let named = head.provider.and_then(provider_by_id);
    match named.unwrap_or_else(|| provider_of(head.host, head.path)).usage_event {
        UsageEvent::OnRequest => true,
        UsageEvent::NeverAsked => false,
        UsageEvent::FromApiVersion(first) => azure_accepts(head, first),
    }
}

/// Azure: a dated `api-version` from `first` on; the undated `/openai/v1` paths accept the option always.
fn azure_accepts(head: &Head<'_>, first: &str) -> bool {
    let version = head.query.unwrap_or("").split('&').find_map(|pair| pair.strip_prefix("api-version="));
    match version {
        Some(version) if version.as_bytes().first().is_some_and(u8::is_ascii_digit) => {
            version.get(..first.len()).is_some_and(|date| date >= first)
        }
        Some("preview" | "latest" | "v1") | None => head.path.contains("/openai/v1/"),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests;
