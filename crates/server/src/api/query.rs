//! Query parameters: the strict reader of what a caller asks.
//!
//! `query/table.rs` names every parameter of every route, `query/kind.rs` says what each may be. A parameter that is unknown,
//! repeated, empty or wrong is refused by name: a misspelt filter must not return everything.

mod cursor;
mod filter;
mod kind;
mod question;
mod range;
mod table;
#[cfg(test)]
mod tests;
mod values;

use llmtrace_model::{ExchangeId, PageRequest, TenantId};

pub(super) use self::{
    cursor::Question,
    kind::MAX_TEXT,
    question::{Compare, Order, Part},
    range::{DAY_US, Range},
    table::{
        AuditParams, ChainParams, ExportParams, ListParams, NoParams, OneParams, PageParams, Params, PeopleParams,
        RangeParams, RawParams, StatsParams, TailParams, TopParams,
    },
};
use self::{
    kind::{Kind, Repeated},
    table::Param,
};
use super::{
    error::{Problem, shorten},
    export::Format,
};

/// The parameters of a route, table by table.
type Tables = &'static [&'static [Param]];

/// A caller's query whose parameters are known, as often as allowed, and not empty.
#[derive(Debug)]
pub(super) struct Query {
    allowed: Tables,
    pairs: Vec<(&'static Param, String)>,
}

impl Query {
    /// Reads `name=value&…`.
    pub(super) fn parse(raw: &str, allowed: Tables) -> Result<Self, Problem> {
        let mut pairs: Vec<(&'static Param, String)> = Vec::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decode(name), decode(value)) else {
                return Err(Problem::BadQuery { found: shorten(pair) });
            };
            let Some(known) = find(allowed, &name) else {
                let allowed = allowed.iter().copied().flatten().map(|p| p.name).collect();
                return Err(Problem::UnknownParameter { name: shorten(&name), allowed });
            };
            if value.is_empty() {
                return Err(known.refuse(&value));
            }
            let before = pairs.iter().filter(|(earlier, _)| earlier.name == name).count();
            match known.kind.repeated() {
                Repeated::Never if before > 0 => {
                    return Err(Problem::bad(known.name, &value, "the parameter once, but it is given twice"));
                }
                Repeated::UpTo(most) if before >= most => {
                    return Err(Problem::bad(known.name, &value, format!("the parameter at most {most} times")));
                }
                Repeated::Never | Repeated::UpTo(_) => {}
            }
            pairs.push((known, value));
        }
        Ok(Self { allowed, pairs })
    }

    /// The value of a parameter, where it is given.
    fn one<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        self.all(name, read).next().transpose()
    }

    /// The value of a parameter that must be given.
    fn needed<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, Problem> {
        let param = find(self.allowed, name).expect("a handler asks for parameters of its own route");
        self.one(name, read)?.ok_or_else(|| param.refuse(""))
    }

    /// Every value of a parameter.
    fn all<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> impl Iterator<Item = Result<T, Problem>> {
        let given = self.pairs.iter().filter(move |(param, _)| param.name == name);
        given.map(move |(param, value)| read(value).ok_or_else(|| param.refuse(value)))
    }

    /// What was written for a parameter.
    fn raw(&self, name: &str) -> &str {
        self.pairs.iter().find(|(param, _)| param.name == name).map_or("", |(_, value)| value)
    }

    /// The page it asks for, of the list that `question` is about.
    pub(super) fn page(&self, question: &Question) -> Result<PageRequest, Problem> {
        let limit = self.limit()?.unwrap_or(PageRequest::MAX);
        let Some(after) = self.one("after", cursor::parse)? else { return Ok(PageRequest::first(limit)) };
        let Some(after) = question.opens(&after) else {
            let expected = "the value of \"next\" from the page before, but this one is from another query";
            return Err(Problem::bad("after", self.raw("after"), expected));
        };
        Ok(PageRequest { limit, after: Some(after) })
    }

    /// How many rows it asks for; where it does not say, the default of the route, if it has one.
    pub(super) fn limit(&self) -> Result<Option<u32>, Problem> {
        let Some(Param { kind: Kind::Limit { max, default }, .. }) = find(self.allowed, "limit") else {
            return Ok(None);
        };
        let read = |v: &str| values::whole(v).and_then(|n| u32::try_from(n).ok()).filter(|n| (1..=*max).contains(n));
        Ok(self.one("limit", read)?.or(*default))
    }

    /// The tenant it asks for.
    pub(super) fn tenant(&self) -> Result<Option<TenantId>, Problem> {
        self.one("tenant_id", |v| v.parse::<TenantId>().ok())
    }

    /// The form of the export it asks for.
    pub(super) fn format(&self) -> Result<Format, Problem> {
        let of = |word: &str| Format::ALL.iter().copied().find(|format| format.as_str() == word);
        Ok(self.one("format", of)?.unwrap_or_default())
    }

    /// The place in a chain behind which it asks.
    pub(super) fn place(&self) -> Result<u64, Problem> {
        Ok(self.one("after", values::whole)?.unwrap_or(0))
    }

    /// The span after which the export it asks for begins.
    pub(super) fn resume(&self) -> Result<Option<ExchangeId>, Problem> {
        self.one("after", |v| v.parse::<ExchangeId>().ok())
    }
}

fn find(allowed: Tables, name: &str) -> Option<&'static Param> {
    allowed.iter().copied().flatten().find(|param| param.name == name)
}

/// Decodes `+` and `%XX`; `None` where the escapes or the UTF-8 are broken, which must not turn into another filter.
pub(super) fn decode(text: &str) -> Option<String> {
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
