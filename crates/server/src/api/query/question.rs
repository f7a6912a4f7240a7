//! What sums are asked for: by what they are told apart, in which order, compared with what.

use llmtrace_model::{Dimension, Measures, StatsQuery};

use super::Query;
use crate::api::{error::Problem, view::TopMeasure};

/// The word that asks for the period before.
pub(super) const COMPARE: &str = "previous";

/// Whether the period before is added up too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Compare {
    Nothing,
    Previous,
}

/// By what groups are ordered, greatest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Order {
    Requests,
    Errors,
    Cost,
    Tokens,
}

impl Order {
    /// Every order.
    pub(super) const ALL: [Self; 4] = [Self::Requests, Self::Errors, Self::Cost, Self::Tokens];

    /// Its word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Errors => "errors",
            Self::Cost => "cost",
            Self::Tokens => "tokens",
        }
    }

    /// The number that is compared.
    pub(in crate::api) fn of(self, sum: &Measures) -> i128 {
        match self {
            Self::Requests => sum.requests.into(),
            Self::Errors => sum.errors.into(),
            Self::Cost => sum.cost.nanos().into(),
            Self::Tokens => sum.usage.total().into(),
        }
    }
}

/// One of the two bodies of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Part {
    Request,
    Response,
}

impl Part {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::Request, Self::Response];

    /// Its word.
    pub(in crate::api) const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

impl Query {
    /// The one body it asks for.
    pub(in crate::api) fn part(&self) -> Result<Option<Part>, Problem> {
        self.one("part", |word| Part::ALL.into_iter().find(|part| part.as_str() == word))
    }

    /// The dimensions it names; none where it names none.
    pub(in crate::api) fn dimensions(&self) -> Result<Vec<Dimension>, Problem> {
        let read = |text: &str| {
            let all: Vec<Dimension> = text.split(',').map(|word| word.parse().ok()).collect::<Option<_>>()?;
            let unlike = |n: usize| !all[..n].contains(&all[n]);
            (all.len() <= StatsQuery::MAX_DIMENSIONS && (0..all.len()).all(unlike)).then_some(all)
        };
        Ok(self.one("group_by", read)?.unwrap_or_default())
    }

    /// The one dimension it must name.
    pub(in crate::api) fn by(&self) -> Result<Dimension, Problem> {
        self.needed("by", |word| word.parse().ok())
    }

    /// What it compares.
    pub(in crate::api) fn measure(&self) -> Result<TopMeasure, Problem> {
        Ok(self.one("measure", TopMeasure::of)?.unwrap_or(TopMeasure::Cost))
    }

    /// Its order, or the one of the route.
    pub(in crate::api) fn order(&self, default: Order) -> Result<Order, Problem> {
        let of = |word: &str| Order::ALL.into_iter().find(|order| order.as_str() == word);
        Ok(self.one("order", of)?.unwrap_or(default))
    }

    /// Whether it asks for the period before.
    pub(in crate::api) fn compare(&self) -> Result<Compare, Problem> {
        let asked = self.one("compare", |word| (word == COMPARE).then_some(Compare::Previous))?;
        Ok(asked.unwrap_or(Compare::Nothing))
    }
}
