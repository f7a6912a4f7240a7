//! What spans add up to: dimensions to tell them apart by, and the measures that are added.

use crate::{Histogram, Money, Span, SpanFilter, Timestamp, Usage, word::words};

words! {
    /// A thing by which spans are told apart.
    Dimension {
        /// The owner.
        Tenant = "tenant_id",
        /// The provider.
        Provider = "provider",
        /// The wire format.
        Dialect = "dialect",
        /// The operation.
        Operation = "operation",
        /// The model that answered, else the one asked for.
        Model = "model",
        /// The agent.
        Agent = "agent_id",
        /// The end user.
        User = "user_id",
        /// The session.
        Session = "session_id",
        /// The environment.
        Environment = "environment",
        /// The release.
        Release = "release",
        /// How we came to know of it.
        Source = "source",
        /// Well or not.
        Status = "status",
        /// The HTTP status the client saw.
        HttpStatus = "http_status",
        /// How it ended.
        EndReason = "end_reason",
    } "tenant_id, provider, dialect, operation, model, agent_id, user_id, session_id, environment, release, source, status, http_status, end_reason"
}

impl Dimension {
    /// The value of a span; `None` where it has none.
    pub fn of(self, span: &Span) -> Option<String> {
        match self {
            Self::Tenant => Some(span.tenant_id.as_str().to_owned()),
            Self::Provider => Some(span.provider.clone()),
            Self::Dialect => Some(span.dialect.clone()),
            Self::Operation => Some(span.operation.clone()),
            Self::Model => span.response_model.clone().or_else(|| span.request_model.clone()),
            Self::Agent => span.agent_id.clone(),
            Self::User => span.user_id.clone(),
            Self::Session => span.session_id.clone(),
            Self::Environment => span.environment.clone(),
            Self::Release => span.release.clone(),
            Self::Source => Some(span.source.as_str().to_owned()),
            Self::Status => Some(span.status.as_str().to_owned()),
            Self::HttpStatus => span.http_status.map(|status| status.to_string()),
            Self::EndReason => Some(span.end_reason.as_str().to_owned()),
        }
    }
}

/// What is to be added up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatsQuery {
    /// Which spans.
    pub filter: SpanFilter,
    /// By what they are told apart; at most [`StatsQuery::MAX_DIMENSIONS`].
    pub group_by: Vec<Dimension>,
    /// Also apart by time, in steps of so many microseconds since the Unix epoch; greater than zero.
    pub interval_us: Option<i64>,
}

impl StatsQuery {
    /// The most dimensions of one query.
    pub const MAX_DIMENSIONS: usize = 3;

    /// The time step a span belongs to; `None` where the query has no interval.
    pub fn step(&self, started_at: Timestamp) -> Option<Timestamp> {
        let interval = self.interval_us?;
        let us = started_at.unix_us();
        Some(Timestamp::from_unix_us(us.saturating_sub(us.rem_euclid(interval))))
    }
}

/// One group of spans and what it adds up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsRow {
    /// Where its time step begins; `None` where the query has no interval.
    pub step: Option<Timestamp>,
    /// The values of the dimensions, in the query's order.
    pub key: Vec<Option<String>>,
    /// What it adds up to.
    pub measures: Measures,
}

/// What spans add up to. Sums saturate; adding is free of order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measures {
    /// Spans.
    pub requests: u64,
    /// Those of them that did not go well.
    pub errors: u64,
    /// Those that used something and have no cost.
    pub unpriced: u64,
    /// Tokens, bucket by bucket.
    pub usage: Usage,
    /// Cost of the priced ones.
    pub cost: Money,
    /// From the start to the last byte.
    pub duration: Histogram,
    /// From the start to the first token, of those that have one.
    pub first_token: Histogram,
    /// When the oldest started.
    pub first_started_at: Option<Timestamp>,
    /// When the newest started.
    pub last_started_at: Option<Timestamp>,
}

impl Measures {
    /// Adds what other spans add up to.
    pub fn merge(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.unpriced = self.unpriced.saturating_add(other.unpriced);
        self.usage = self.usage.saturating_add(&other.usage);
        self.cost = self.cost + other.cost;
        self.duration.merge(&other.duration);
        self.first_token.merge(&other.first_token);
        if let (Some(first), Some(last)) = (other.first_started_at, other.last_started_at) {
            self.saw(first, last);
        }
    }

    /// Widens the time its spans started in.
    pub fn saw(&mut self, first: Timestamp, last: Timestamp) {
        self.first_started_at = Some(self.first_started_at.map_or(first, |known| known.min(first)));
        self.last_started_at = Some(self.last_started_at.map_or(last, |known| known.max(last)));
    }
}
