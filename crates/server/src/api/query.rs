//! Query parameters: the one table of what may be asked, and the strict reader of it.
//!
//! A parameter that is unknown, repeated, empty or wrong is refused by name: a misspelt filter must not return everything.

use std::borrow::Cow;

use llmtrace_model::{Cursor, EndReason, PageRequest, SpanFilter, Status, TenantId, Timestamp, TraceId};
use utoipa::{
    IntoParams,
    openapi::{
        Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type},
    },
};

use super::{
    access::{TENANT_EXPECTED, TENANT_HEADER},
    error::{Problem, shorten},
};

/// Rows of a page when nobody says.
const DEFAULT_LIMIT: u32 = 50;
/// The longest text to compare with, in bytes; longer than any stored value.
const MAX_TEXT: usize = 1024;

/// One query parameter.
pub(super) struct Param {
    name: &'static str,
    about: &'static str,
    kind: Kind,
}

enum Kind {
    Time,
    Trace,
    Text,
    Status,
    EndReason,
    Tenant,
    Limit,
    Cursor,
    Format,
}

const fn param(name: &'static str, about: &'static str, kind: Kind) -> Param {
    Param { name, about, kind }
}

/// What every list and the export can be narrowed by.
pub(super) const FILTER: &[Param] = &[
    FROM,
    UNTIL,
    param("trace_id", "Belongs to this trace.", Kind::Trace),
    param("session_id", "Belongs to this session.", Kind::Text),
    param("agent_id", "Sent by this agent.", Kind::Text),
    param("user_id", "Sent for this user.", Kind::Text),
    param("provider", "Went to this provider.", Kind::Text),
    param("model", "Asked for or answered by this model.", Kind::Text),
    param("status", "Went well or not.", Kind::Status),
    param("end_reason", "Ended so.", Kind::EndReason),
];
const FROM: Param = param("from", "Started at or after.", Kind::Time);
const UNTIL: Param = param("until", "Started before.", Kind::Time);
/// The part of [`FILTER`] that is a time.
pub(super) const RANGE: &[Param] = &[FROM, UNTIL];
/// Whose rows; every route that reads rows takes it.
pub(super) const TENANT: &[Param] = &[param("tenant_id", "Belongs to this tenant.", Kind::Tenant)];
/// Which page of a list.
pub(super) const PAGE: &[Param] = &[
    param("limit", "Rows of the page.", Kind::Limit),
    param("after", "Where the page before ended: its `next`.", Kind::Cursor),
];
/// Of what form an export is.
pub(super) const FORMAT: &[Param] = &[param("format", "JSON Lines: one span per line.", Kind::Format)];

/// The parameters of one kind of route: what its handler reads, and what its documentation lists.
pub(super) trait Params {
    /// The tables they are from.
    const TABLES: &'static [&'static [Param]];
}

/// The parameters of a list.
pub(super) struct ListParams;
/// The parameters of an export.
pub(super) struct ExportParams;
/// The parameters of one thing.
pub(super) struct OneParams;
/// The parameters of what spans of a time add up to.
pub(super) struct RangeParams;

impl Params for ListParams {
    const TABLES: &'static [&'static [Param]] = &[FILTER, TENANT, PAGE];
}

impl Params for ExportParams {
    const TABLES: &'static [&'static [Param]] = &[FILTER, TENANT, FORMAT];
}

impl Params for OneParams {
    const TABLES: &'static [&'static [Param]] = &[TENANT];
}

impl Params for RangeParams {
    const TABLES: &'static [&'static [Param]] = &[RANGE, TENANT];
}

impl Kind {
    fn expected(&self) -> Cow<'static, str> {
        match self {
            Self::Time => "an RFC 3339 time such as 2026-01-31T12:00:00Z (a \"+\" in it is sent as %2B)".into(),
            Self::Trace => "32 hex digits, not all zero".into(),
            Self::Text => format!("1 to {MAX_TEXT} bytes of text").into(),
            Self::Status => words(Status::ALL.iter().map(|s| s.as_str())).into(),
            Self::EndReason => words(EndReason::ALL.iter().map(|s| s.as_str())).into(),
            Self::Tenant => TENANT_EXPECTED.into(),
            Self::Limit => format!("a whole number from 1 to {}", PageRequest::MAX).into(),
            Self::Cursor => "the value of \"next\" from the page before".into(),
            Self::Format => "jsonl".into(),
        }
    }

    fn schema(&self) -> ObjectBuilder {
        let text = ObjectBuilder::new().schema_type(Type::String);
        match self {
            Self::Time => text.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
            Self::Trace => text.pattern(Some("^[0-9a-fA-F]{32}$")),
            Self::Text => text.min_length(Some(1)).max_length(Some(MAX_TEXT)),
            Self::Status => text.enum_values(Some(Status::ALL.iter().map(|s| s.as_str()))),
            Self::EndReason => text.enum_values(Some(EndReason::ALL.iter().map(|r| r.as_str()))),
            Self::Tenant => text.pattern(Some("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")),
            Self::Limit => ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(1))
                .maximum(Some(PageRequest::MAX))
                .default(Some(DEFAULT_LIMIT.into())),
            Self::Cursor => text,
            Self::Format => text.enum_values(Some(["jsonl"])).default(Some("jsonl".into())),
        }
    }
}

fn words(all: impl Iterator<Item = &'static str>) -> String {
    format!("one of {}", all.collect::<Vec<_>>().join(", "))
}

/// A caller's query whose parameters are known, single and not empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `name=value&…`.
    pub(super) fn parse(raw: &str, allowed: &'static [&'static [Param]]) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decode(name), decode(value)) else {
                return Err(Problem::BadQuery { found: shorten(pair) });
            };
            let Some(known) = allowed.iter().copied().flatten().find(|p| p.name == name) else {
                let allowed = allowed.iter().copied().flatten().map(|p| p.name).collect();
                return Err(Problem::UnknownParameter { name: shorten(&name), allowed });
            };
            if value.is_empty() {
                return Err(Problem::bad(known.name, &value, known.kind.expected()));
            }
            if pairs.iter().any(|(earlier, _)| *earlier == name) {
                return Err(Problem::bad(known.name, &value, "the parameter once, but it is given twice"));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    fn get<T>(&self, table: &[Param], name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let Some((_, value)) = self.0.iter().find(|(n, _)| n == name) else { return Ok(None) };
        let known = table.iter().find(|p| p.name == name).expect("parse lets only known names pass");
        read(value).map(Some).ok_or_else(|| Problem::bad(known.name, value, known.kind.expected()))
    }

    /// The filter it asks for.
    pub(super) fn filter(&self) -> Result<SpanFilter, Problem> {
        let text = |v: &str| (v.len() <= MAX_TEXT).then(|| v.to_owned());
        let filter = SpanFilter {
            from: self.get(FILTER, "from", Timestamp::parse_rfc3339)?,
            until: self.get(FILTER, "until", Timestamp::parse_rfc3339)?,
            trace_id: self.get(FILTER, "trace_id", |v| v.parse::<TraceId>().ok())?,
            session_id: self.get(FILTER, "session_id", text)?,
            agent_id: self.get(FILTER, "agent_id", text)?,
            user_id: self.get(FILTER, "user_id", text)?,
            provider: self.get(FILTER, "provider", text)?,
            model: self.get(FILTER, "model", text)?,
            status: self.get(FILTER, "status", |v| v.parse::<Status>().ok())?,
            end_reason: self.get(FILTER, "end_reason", |v| v.parse::<EndReason>().ok())?,
            ..SpanFilter::default()
        };
        match (filter.from, filter.until) {
            (Some(from), Some(until)) if until < from => {
                Err(Problem::bad("until", &until.to_string(), format!("a time not before \"from\" ({from})")))
            }
            _ => Ok(filter),
        }
    }

    /// The page it asks for.
    pub(super) fn page(&self) -> Result<PageRequest, Problem> {
        let limit = self.get(PAGE, "limit", |v| {
            let plain = v.bytes().all(|b| b.is_ascii_digit());
            v.parse::<u32>().ok().filter(|n| plain && (1..=PageRequest::MAX).contains(n))
        })?;
        let after = self.get(PAGE, "after", |v| v.parse::<Cursor>().ok())?;
        Ok(PageRequest { limit: limit.unwrap_or(DEFAULT_LIMIT), after })
    }

    /// The tenant it asks for.
    pub(super) fn tenant(&self) -> Result<Option<TenantId>, Problem> {
        self.get(TENANT, "tenant_id", |v| v.parse::<TenantId>().ok())
    }

    /// Refuses an export format we do not write.
    pub(super) fn check_format(&self) -> Result<(), Problem> {
        self.get(FORMAT, "format", |v| (v == "jsonl").then_some(())).map(|_| ())
    }
}

/// Decodes `+` and `%XX`; `None` where the escapes or the UTF-8 are broken, which must not turn into another filter.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
                digit(bytes.next()?)? << 4 | digit(bytes.next()?)?
            }
            plain => plain,
        });
    }
    String::from_utf8(out).ok()
}

impl IntoParams for ListParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document(Self::TABLES)
    }
}

impl IntoParams for ExportParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document(Self::TABLES)
    }
}

impl IntoParams for OneParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document(Self::TABLES)
    }
}

impl IntoParams for RangeParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document(Self::TABLES)
    }
}

fn document(tables: &[&[Param]]) -> Vec<Parameter> {
    let optional = |name: &str, place: ParameterIn, about: String, kind: &Kind| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(Required::False)
            .description(Some(about))
            .schema(Some(kind.schema()))
            .build()
    };
    let header = optional(
        TENANT_HEADER,
        ParameterIn::Header,
        "Narrows the question to this tenant, as `tenant_id` does.".to_owned(),
        &Kind::Tenant,
    );
    let query = tables.iter().copied().flatten().map(|p| {
        let about = format!("{} Expected: {}.", p.about, p.kind.expected());
        optional(p.name, ParameterIn::Query, about, &p.kind)
    });
    query.chain([header]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_or_refused_whole() {
        assert_eq!(decode("a+b%20c%C3%BC%2b").as_deref(), Some("a b cü+"));
        for bad in ["%", "%2", "%zz", "%+1", "%ff", "%C3", "a%C3%28"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_parameter_reaches_the_filter_or_the_page() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let raw = format!(
            "from=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00%2B01:00&trace_id={trace}&session_id=s&agent_id=a\
             &user_id=u%26v&provider=p&model=m&status=error&end_reason=cut&tenant_id=t&limit=7\
             &after=1760000000123456.0199c8a4-7c00-7000-8000-000000000001"
        );
        let query = Query::parse(&raw, ListParams::TABLES).unwrap();
        let expected = SpanFilter {
            from: Timestamp::parse_rfc3339("2026-01-01T00:00:00Z"),
            until: Timestamp::parse_rfc3339("2026-01-01T23:00:00Z"),
            trace_id: trace.parse().ok(),
            session_id: Some("s".into()),
            agent_id: Some("a".into()),
            user_id: Some("u&v".into()),
            provider: Some("p".into()),
            model: Some("m".into()),
            status: Some(Status::Error),
            end_reason: Some(EndReason::Cut),
            ..SpanFilter::default()
        };
        assert_eq!(query.filter(), Ok(expected));
        assert_eq!(query.tenant(), Ok("t".parse().ok()));
        let page = query.page().unwrap();
        assert_eq!((page.limit, page.after.unwrap().started_at.unix_us()), (7, 1_760_000_000_123_456));
    }
}
