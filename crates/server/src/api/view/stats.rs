//! Sums in JSON: measures, and the answer of `/api/v1/stats`.

use std::collections::BTreeMap;

use llmtrace_model::{Dimension, Histogram, Measures, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{UsageView, ms, shapes};

/// What spans add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Measures)]
pub struct MeasuresView {
    /// Spans.
    pub requests: u64,
    /// Those of them that did not go well.
    pub errors: u64,
    /// Their share, 0 to 1; 0 where there are no spans.
    #[schema(minimum = 0, maximum = 1)]
    pub error_rate: f64,
    /// Tokens of those that have a usage.
    pub usage: UsageView,
    /// Cost of the priced ones in US dollars, a decimal string.
    #[schema(value_type = String, example = "0.00025")]
    pub cost_usd: Money,
    /// Those that used something and have no price.
    pub unpriced_requests: u64,
    /// From the start to the last byte; `null` where there are no spans.
    #[schema(required)]
    pub duration_ms: Option<PercentilesView>,
    /// From the start to the first token of a stream; `null` where no span has one.
    #[schema(required)]
    pub time_to_first_token_ms: Option<PercentilesView>,
    /// When the oldest started.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub first_started_at: Option<Timestamp>,
    /// When the newest started.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub last_started_at: Option<Timestamp>,
}

/// Percentiles in milliseconds, at most 3.2 % off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Percentiles, example = json!({"p50": 1022.975, "p95": 4456.447, "p99": 8126.463}))]
pub struct PercentilesView {
    /// Half of them took no longer.
    pub p50: f64,
    /// 95 of a hundred took no longer.
    pub p95: f64,
    /// 99 of a hundred took no longer.
    pub p99: f64,
}

/// What the matching spans of a time add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Stats)]
pub struct StatsView {
    /// Spans that started at or after.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Spans that started before.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// The steps of `points`; `null` where none were asked for.
    #[schema(required)]
    pub interval: Option<Interval>,
    /// By what the groups are told apart.
    #[schema(value_type = Vec<shapes::Dimension>)]
    pub group_by: Vec<Dimension>,
    /// All of them.
    pub total: MeasuresView,
    /// All of the period before; `null` where it was not asked for.
    #[schema(required)]
    pub previous: Option<MeasuresView>,
    /// All of them step by step, oldest first; a step without spans is left out.
    pub points: Vec<PointView>,
    /// Each group, greatest first.
    pub groups: Vec<GroupView>,
    /// What the groups that are left out add up to; `null` where none is.
    #[schema(required)]
    pub rest: Option<MeasuresView>,
    /// How many groups are left out.
    pub groups_left_out: u64,
}

/// One step of time and what its spans add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = StatsPoint)]
pub struct PointView {
    /// Where the step begins; it may lie before `from`.
    #[schema(value_type = String, format = DateTime)]
    pub start: Timestamp,
    /// What its spans add up to.
    #[serde(flatten)]
    pub measures: MeasuresView,
}

/// Spans with the same values, and what they add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = StatsGroup)]
pub struct GroupView {
    /// The value of each dimension; `null` stands for the spans without one.
    #[schema(value_type = shapes::GroupKey, example = json!({"model": "gpt-4o"}))]
    pub key: BTreeMap<String, Option<String>>,
    /// What they add up to.
    pub total: MeasuresView,
    /// The same of the period before; `null` where it was not asked for, or had none of them.
    #[schema(required)]
    pub previous: Option<MeasuresView>,
    /// Step by step, oldest first; a step without spans is left out.
    pub points: Vec<PointView>,
}

/// A step of time, aligned in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Interval {
    /// A minute.
    #[serde(rename = "1m")]
    Minute,
    /// Five minutes.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// A quarter of an hour.
    #[serde(rename = "15m")]
    QuarterHour,
    /// An hour.
    #[serde(rename = "1h")]
    Hour,
    /// A quarter of a day.
    #[serde(rename = "6h")]
    SixHours,
    /// A day.
    #[serde(rename = "1d")]
    Day,
}

impl Interval {
    /// Every one, shortest first.
    pub const ALL: [Self; 6] =
        [Self::Minute, Self::FiveMinutes, Self::QuarterHour, Self::Hour, Self::SixHours, Self::Day];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::QuarterHour => "15m",
            Self::Hour => "1h",
            Self::SixHours => "6h",
            Self::Day => "1d",
        }
    }

    /// The one with that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.as_str() == word)
    }

    /// Its length in microseconds.
    pub const fn us(self) -> i64 {
        const MINUTE: i64 = 60_000_000;
        match self {
            Self::Minute => MINUTE,
            Self::FiveMinutes => 5 * MINUTE,
            Self::QuarterHour => 15 * MINUTE,
            Self::Hour => 60 * MINUTE,
            Self::SixHours => 360 * MINUTE,
            Self::Day => 1440 * MINUTE,
        }
    }
}

impl From<&Measures> for MeasuresView {
    fn from(sum: &Measures) -> Self {
        Self {
            requests: sum.requests,
            errors: sum.errors,
            error_rate: error_rate(sum),
            usage: sum.usage.into(),
            cost_usd: sum.cost,
            unpriced_requests: sum.unpriced,
            duration_ms: PercentilesView::of(&sum.duration),
            time_to_first_token_ms: PercentilesView::of(&sum.first_token),
            first_started_at: sum.first_started_at,
            last_started_at: sum.last_started_at,
        }
    }
}

impl PercentilesView {
    fn of(durations: &Histogram) -> Option<Self> {
        let at = |of_hundred| durations.percentile(of_hundred).map(ms);
        Some(Self { p50: at(50)?, p95: at(95)?, p99: at(99)? })
    }
}

impl PointView {
    /// A step and what it adds up to.
    pub fn of(start: Timestamp, measures: &Measures) -> Self {
        Self { start, measures: measures.into() }
    }
}

/// The share of spans that did not go well; 0 where there are none.
#[expect(clippy::cast_precision_loss, reason = "a share of more than 2^53 spans needs no last digit")]
pub(super) fn error_rate(sum: &Measures) -> f64 {
    if sum.requests == 0 { 0.0 } else { sum.errors as f64 / sum.requests as f64 }
}
