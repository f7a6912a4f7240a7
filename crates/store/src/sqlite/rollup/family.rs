//! What roll-ups tell apart: their columns, the families of columns, and which family answers a query.

use llmtrace_model::{Dimension, SpanFilter, StatsQuery};

/// A thing that roll-ups tell apart; its number is its place in [`Ids`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Provider,
    Dialect,
    Operation,
    Asked,
    Answered,
    Source,
    Status,
    HttpStatus,
    EndReason,
    Agent,
    Environment,
    Release,
    User,
}

/// How many columns there are.
pub(super) const WIDTH: usize = 13;

/// The values of all columns by their numbers, 0 where there is none or where the family does not tell it apart.
pub(super) type Ids = [u32; WIDTH];

impl Column {
    /// Every one, in the order of `values!`.
    pub(super) const ALL: [Self; WIDTH] = [
        Self::Provider,
        Self::Dialect,
        Self::Operation,
        Self::Asked,
        Self::Answered,
        Self::Source,
        Self::Status,
        Self::HttpStatus,
        Self::EndReason,
        Self::Agent,
        Self::Environment,
        Self::Release,
        Self::User,
    ];

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// The columns as SQL takes them from spans, in the order of [`Column::ALL`].
macro_rules! values {
    () => {
        ", s.provider, s.dialect, s.operation, s.request_model, s.response_model, s.source, s.status, \
         CAST(s.http_status AS TEXT), s.end_reason, s.agent_id, s.environment, s.\"release\", s.user_id"
    };
}
pub(super) use values;

/// A set of columns by which the spans of an hour or day are added up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// `rollups.family`: fixed for ever.
    pub(super) number: i64,
    columns: u16,
}

const MODEL: u16 = Column::Provider.bit()
    | Column::Dialect.bit()
    | Column::Operation.bit()
    | Column::Asked.bit()
    | Column::Answered.bit()
    | Column::Source.bit()
    | Column::Status.bit()
    | Column::HttpStatus.bit()
    | Column::EndReason.bit();
const AGENT: u16 = Column::Agent.bit()
    | Column::Environment.bit()
    | Column::Release.bit()
    | Column::Source.bit()
    | Column::Status.bit();
const USER: u16 = Column::User.bit() | Column::Status.bit();

/// The families, the one with the fewest groups first. The columns within one follow from each other nearly, so that it has
/// few groups; the last one has all columns, and of most hours a group for nearly every span: it is still read ten times
/// faster than the spans.
pub(super) const FAMILIES: [Family; 5] = [
    Family { number: 1, columns: MODEL },
    Family { number: 2, columns: AGENT },
    Family { number: 3, columns: USER },
    Family { number: 4, columns: MODEL | AGENT },
    Family { number: 5, columns: MODEL | AGENT | USER },
];

/// The place in [`FAMILIES`] of the one that every other follows from.
pub(super) const WIDEST: usize = FAMILIES.len() - 1;

impl Family {
    /// The columns it tells apart.
    pub(super) fn columns(&self) -> impl Iterator<Item = Column> + '_ {
        Column::ALL.into_iter().filter(|column| self.columns & column.bit() != 0)
    }

    /// The values of its columns alone.
    pub(super) fn narrow(&self, ids: &Ids) -> Ids {
        let mut narrow = [0; WIDTH];
        self.columns().for_each(|column| narrow[column as usize] = ids[column as usize]);
        narrow
    }

    /// The one with the fewest groups that answers a query; `None` where no family can.
    pub(super) fn answering(query: &StatsQuery) -> Option<&'static Self> {
        let mut needed = wanted(&query.filter)?.iter().fold(0, |bits, (column, _)| bits | column.bit());
        if query.filter.model.is_some() {
            needed |= Column::Asked.bit() | Column::Answered.bit();
        }
        for dimension in &query.group_by {
            needed |= columns_of(*dimension)?.iter().fold(0, |bits, column| bits | column.bit());
        }
        FAMILIES.iter().find(|family| family.columns & needed == needed)
    }
}

/// What a filter wants of single columns, without the model, which may stand in two; `None` where it asks for more than
/// the groups tell.
pub(super) fn wanted(filter: &SpanFilter) -> Option<Vec<(Column, String)>> {
    let SpanFilter { trace_id, session_id, tags, finding, cost, duration_us, first_token_us, tokens, text, .. } =
        filter;
    let ranges = cost.is_open() && duration_us.is_open() && first_token_us.is_open() && tokens.is_open();
    let plain = trace_id.is_none() && session_id.is_none() && tags.is_empty() && finding.is_none() && text.is_none();
    (ranges && plain).then(|| wanted_words(filter))
}

/// The part of [`wanted`] that a filter has beside what groups do not tell.
pub(super) fn wanted_words(filter: &SpanFilter) -> Vec<(Column, String)> {
    let SpanFilter {
        // The hours themselves.
        from: _,
        until: _,
        // What groups do not tell, and the model.
        trace_id: _,
        session_id: _,
        tags: _,
        finding: _,
        cost: _,
        duration_us: _,
        first_token_us: _,
        tokens: _,
        text: _,
        model: _,
        agent_id,
        user_id,
        environment,
        release,
        source,
        provider,
        dialect,
        operation,
        status,
        http_status,
        end_reason,
    } = filter;
    let values = [
        (Column::Agent, agent_id.clone()),
        (Column::User, user_id.clone()),
        (Column::Environment, environment.clone()),
        (Column::Release, release.clone()),
        (Column::Source, source.map(|source| source.as_str().to_owned())),
        (Column::Provider, provider.clone()),
        (Column::Dialect, dialect.clone()),
        (Column::Operation, operation.clone()),
        (Column::Status, status.map(|status| status.as_str().to_owned())),
        (Column::HttpStatus, http_status.map(|status| status.to_string())),
        (Column::EndReason, end_reason.map(|reason| reason.as_str().to_owned())),
    ];
    values.into_iter().filter_map(|(column, value)| Some((column, value?))).collect()
}

/// The columns a dimension is told from, the first that has a value; `None` where roll-ups do not tell it.
pub(super) fn columns_of(dimension: Dimension) -> Option<&'static [Column]> {
    match dimension {
        // The owner of the roll-up.
        Dimension::Tenant => Some(&[]),
        Dimension::Provider => Some(&[Column::Provider]),
        Dimension::Dialect => Some(&[Column::Dialect]),
        Dimension::Operation => Some(&[Column::Operation]),
        Dimension::Model => Some(&[Column::Answered, Column::Asked]),
        Dimension::Agent => Some(&[Column::Agent]),
        Dimension::User => Some(&[Column::User]),
        Dimension::Session => None,
        Dimension::Environment => Some(&[Column::Environment]),
        Dimension::Release => Some(&[Column::Release]),
        Dimension::Source => Some(&[Column::Source]),
        Dimension::Status => Some(&[Column::Status]),
        Dimension::HttpStatus => Some(&[Column::HttpStatus]),
        Dimension::EndReason => Some(&[Column::EndReason]),
    }
}
