//! The one table of what may be asked, and which of it each kind of route takes.

use llmtrace_model::PageRequest;
use utoipa::{
    IntoParams,
    openapi::{
        Required,
        path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle},
    },
};

use super::{
    kind::{Form, Kind},
    question::{COMPARE, Order, Part},
};
use crate::api::{
    access::TENANT_HEADER,
    error::Problem,
    export::Format,
    view::{Interval, TopMeasure},
};

/// The most rows of a page of the audit log: fewer than a store gives at once, so that one more can be asked for.
const MAX_AUDIT_ROWS: u32 = 500;

/// One query parameter.
#[derive(Debug)]
pub(in crate::api) struct Param {
    pub(super) name: &'static str,
    about: &'static str,
    pub(super) kind: Kind,
    presence: Presence,
}

/// Whether a question can do without a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Optional,
    Needed,
}

const fn param(name: &'static str, about: &'static str, kind: Kind) -> Param {
    Param { name, about, kind, presence: Presence::Optional }
}

const fn needed(name: &'static str, about: &'static str, kind: Kind) -> Param {
    Param { name, about, kind, presence: Presence::Needed }
}

const FROM: Param = param("from", "Started at or after.", Kind::Time);
const UNTIL: Param = param("until", "Started before.", Kind::Time);
/// Which time.
pub(super) const RANGE: &[Param] = &[FROM, UNTIL];

/// By what spans can be narrowed beside the time they started in and their tenant.
pub(super) const FILTER: &[Param] = &[
    param("trace_id", "Belongs to this trace.", Kind::Trace),
    param("session_id", "Belongs to this session.", Kind::Text("chat-17")),
    param("agent_id", "Sent by this agent.", Kind::Text("support-bot")),
    param("user_id", "Sent for this user.", Kind::Text("user-4711")),
    param("tag", "Carries this tag; several mean that it carries all of them.", Kind::Tags),
    param("environment", "Sent from this environment.", Kind::Text("production")),
    param("release", "Sent by this release.", Kind::Text("1.2.3")),
    param("provider", "Went to this provider.", Kind::Text("openai")),
    param("dialect", "In this wire format.", Kind::Text("openai_chat")),
    param("operation", "Of this kind: OpenTelemetry's operation name.", Kind::Text("chat")),
    param("model", "Asked for or answered by this model.", Kind::Text("gpt-4o")),
    param("source", "Known to us in this way.", Kind::Source),
    param("status", "Went well or not.", Kind::Status),
    param("http_status", "The client saw this HTTP status.", Kind::HttpStatus),
    param("end_reason", "Ended so.", Kind::EndReason),
    param("finding", "Something of this kind was found in it, or `any`thing.", Kind::Finding),
    param("min_cost_usd", "Cost at least so much; what has no price does not match.", Kind::Usd),
    param("max_cost_usd", "Cost at most so much; what has no price does not match.", Kind::Usd),
    param("min_duration_ms", "Took at least so long.", Kind::Ms),
    param("max_duration_ms", "Took at most so long.", Kind::Ms),
    param(
        "min_time_to_first_token_ms",
        "Its first token took at least so long; what has none does not match.",
        Kind::Ms,
    ),
    param(
        "max_time_to_first_token_ms",
        "Its first token took at most so long; what has none does not match.",
        Kind::Ms,
    ),
    param("min_tokens", "Used at least so many tokens; what has no usage does not match.", Kind::Count),
    param("max_tokens", "Used at most so many tokens; what has no usage does not match.", Kind::Count),
    param("text", "Holds every one of these terms in what was said.", Kind::Terms),
];

/// Whose rows; every route that reads rows takes it.
const TENANT: &[Param] = &[param("tenant_id", "Belongs to this tenant.", Kind::Tenant)];

/// Which page of a list.
const PAGE: &[Param] = &[
    param("limit", "Rows of the page.", Kind::Limit { default: Some(50), max: PageRequest::MAX }),
    param("after", "Where the page before ended: its `next`.", Kind::Cursor),
];

/// Which records of the audit log.
const AUDIT: &[Param] = &[
    param("from", "Done at or after.", Kind::Time),
    param("until", "Done before.", Kind::Time),
    param("actor", "Done by this actor.", Kind::Actor),
    param("action", "Exactly this; with a dot at its end everything that begins so.", Kind::Text("erasures.")),
];

/// Which page of it.
const AUDIT_PAGE: &[Param] = &[
    param("limit", "Rows of the page.", Kind::Limit { default: Some(50), max: MAX_AUDIT_ROWS }),
    param("after", "Where the page before ended: its `next`.", Kind::Cursor),
];

/// Which part of a chain.
const CHAIN: &[Param] =
    &[param("after", "The place of the last record that the reader has: only those behind it.", Kind::Place)];

/// Of what form an export is, and which part of it.
const EXPORT: &[Param] = &[
    param(
        "format",
        "One JSON object a line, comma-separated values, or one Parquet file.",
        Kind::Words {
            all: || Format::ALL.iter().map(|format| format.as_str()).collect(),
            default: Some(Format::Jsonl.as_str()),
        },
    ),
    param("limit", "The most rows; all where it is not given.", Kind::Limit { default: None, max: u32::MAX }),
    param("after", "The last row that the reader has whole: only rows that come after it.", Kind::Exchange),
];

/// Which body of an exchange.
const PART: &[Param] = &[param(
    "part",
    "The bytes of this body, instead of both in JSON.",
    Kind::Words { all: || Part::ALL.iter().map(|part| part.as_str()).collect(), default: None },
)];

/// By what groups are ordered.
const fn order(default: Order) -> Param {
    let kind = Kind::Words {
        all: || Order::ALL.iter().map(|order| order.as_str()).collect(),
        default: Some(default.as_str()),
    };
    param("order", "Greatest first by this.", kind)
}

/// How sums are told apart.
const SUMS: &[Param] = &[
    param("group_by", "By what the sums are told apart.", Kind::Dimensions),
    param(
        "interval",
        "Steps of time, aligned in UTC, in which the sums are told apart too; at most 1000 of them.",
        Kind::Words { all: || Interval::ALL.iter().map(|i| i.as_str()).collect(), default: None },
    ),
    param(
        "compare",
        "What else is added up: the period of the same length before `from`.",
        Kind::Words { all: || vec![COMPARE], default: None },
    ),
    order(Order::Requests),
    param("limit", "Groups kept; the others are added up in `rest`.", Kind::Limit { default: Some(20), max: 1000 }),
];

/// What is compared with the period before.
const TOP: &[Param] = &[
    needed("by", "By what the sums are told apart.", Kind::Dimension),
    param(
        "measure",
        "What is compared.",
        Kind::Words {
            all: || TopMeasure::ALL.iter().map(|m| m.as_str()).collect(),
            default: Some(TopMeasure::Cost.as_str()),
        },
    ),
    param("limit", "Groups kept.", Kind::Limit { default: Some(10), max: 100 }),
];

/// How users and agents are listed.
const PEOPLE: &[Param] =
    &[order(Order::Cost), param("limit", "Rows kept.", Kind::Limit { default: Some(50), max: 1000 })];

/// The parameters of one kind of route: what its handler reads, and what its documentation lists.
pub(in crate::api) trait Params {
    /// The tables they are from.
    const TABLES: &'static [&'static [Param]];
}

/// Names kinds of routes, each with the tables of its parameters.
macro_rules! routes {
    ($($(#[$doc:meta])* $name:ident = [$($table:ident),*];)+) => {$(
        $(#[$doc])*
        pub(in crate::api) struct $name;

        impl Params for $name {
            const TABLES: &'static [&'static [Param]] = &[$($table),*];
        }

        impl IntoParams for $name {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                document(Self::TABLES)
            }
        }
    )+};
}

routes! {
    /// The parameters of a list.
    ListParams = [RANGE, FILTER, TENANT, PAGE];
    /// The parameters of a list inside of one thing.
    PageParams = [TENANT, PAGE];
    /// The parameters of an export.
    ExportParams = [RANGE, FILTER, TENANT, EXPORT];
    /// The parameters of the audit log.
    AuditParams = [AUDIT, TENANT, AUDIT_PAGE];
    /// The parameters of a chain of it.
    ChainParams = [TENANT, CHAIN];
    /// The parameters of one thing.
    OneParams = [TENANT];
    /// The parameters of the bytes of one thing.
    RawParams = [PART, TENANT];
    /// The parameters of what is followed: it has no past, and no pages.
    TailParams = [FILTER, TENANT];
    /// The parameters of what has none.
    NoParams = [];
    /// The parameters of what all spans of a time add up to.
    RangeParams = [RANGE, TENANT];
    /// The parameters of what spans add up to.
    StatsParams = [RANGE, FILTER, TENANT, SUMS];
    /// The parameters of what changed most.
    TopParams = [RANGE, FILTER, TENANT, TOP];
    /// The parameters of users and agents.
    PeopleParams = [RANGE, FILTER, TENANT, PEOPLE];
}

impl Param {
    /// The problem of a value that is not what it must be.
    pub(super) fn refuse(&self, found: &str) -> Problem {
        Problem::bad(self.name, found, self.kind.expected())
    }

    fn document(&self) -> Parameter {
        let mut about = format!("{} Expected: {}.", self.about, self.kind.expected());
        if self.presence == Presence::Needed {
            about.push_str(" It must be given.");
        }
        let schema = ParameterBuilder::new()
            .name(self.name)
            .parameter_in(ParameterIn::Query)
            .required(if self.presence == Presence::Needed { Required::True } else { Required::False })
            .description(Some(about))
            .example(self.kind.example())
            .schema(Some(self.kind.schema()));
        match self.kind.form() {
            Form::Single => schema,
            Form::Repeated => schema.style(Some(ParameterStyle::Form)).explode(Some(true)),
            Form::Commas => schema.style(Some(ParameterStyle::Form)).explode(Some(false)),
        }
        .build()
    }
}

fn document(tables: &'static [&'static [Param]]) -> Vec<Parameter> {
    let all = || tables.iter().copied().flatten();
    let header = all().any(|param| matches!(param.kind, Kind::Tenant)).then(|| {
        ParameterBuilder::new()
            .name(TENANT_HEADER)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("Narrows the question to this tenant, as `tenant_id` does."))
            .schema(Some(Kind::Tenant.schema()))
            .build()
    });
    all().map(Param::document).chain(header).collect()
}
