//! What changed most, in JSON.

use llmtrace_model::{Dimension, Measures, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{MeasuresView, ms, shapes, stats::error_rate};

/// What changed most against the period before of the same length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Top)]
pub struct TopView {
    /// The current period begins here.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// The current period ends before.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// The period before begins here; it ends before `from`.
    #[schema(value_type = String, format = DateTime)]
    pub previous_from: Timestamp,
    /// By what the groups are told apart.
    #[schema(value_type = shapes::Dimension)]
    pub by: Dimension,
    /// What is compared.
    pub measure: TopMeasure,
    /// The groups, the greatest change up or down first.
    pub items: Vec<TopItemView>,
}

/// How one group changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = TopItem)]
pub struct TopItemView {
    /// The value; `null` stands for the spans without one.
    #[schema(required, example = "gpt-4o")]
    pub key: Option<String>,
    /// What its spans add up to; `null` where there are none any more.
    #[schema(required)]
    pub current: Option<MeasuresView>,
    /// What they added up to before; `null` where there were none.
    #[schema(required)]
    pub previous: Option<MeasuresView>,
    /// The measure now less the measure before; in dollars for `cost`, in milliseconds for the times. What is not there counts
    /// as 0.
    #[schema(example = 1.25)]
    pub change: f64,
    /// The measure now divided by the measure before; `null` where that is 0.
    #[schema(required, example = 1.5)]
    pub ratio: Option<f64>,
}

/// What is compared with the period before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TopMeasure {
    /// Cost of the priced spans.
    Cost,
    /// Spans.
    Requests,
    /// Spans that did not go well.
    Errors,
    /// Their share.
    ErrorRate,
    /// All tokens.
    Tokens,
    /// What 95 of a hundred took at most, to the last byte.
    DurationP95,
    /// What 95 of a hundred took at most, to the first token.
    TimeToFirstTokenP95,
}

impl TopMeasure {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Cost,
        Self::Requests,
        Self::Errors,
        Self::ErrorRate,
        Self::Tokens,
        Self::DurationP95,
        Self::TimeToFirstTokenP95,
    ];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Requests => "requests",
            Self::Errors => "errors",
            Self::ErrorRate => "error_rate",
            Self::Tokens => "tokens",
            Self::DurationP95 => "duration_p95",
            Self::TimeToFirstTokenP95 => "time_to_first_token_p95",
        }
    }

    /// The one with that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.as_str() == word)
    }

    /// How it changed, and by what factor; `None` for the factor where it was 0.
    fn change(self, current: &Measures, previous: &Measures) -> (f64, Option<f64>) {
        let (now, before) = (self.value(current), self.value(previous));
        // Money is subtracted before it becomes a float: a cent of a million stays a cent.
        let change = match self {
            Self::Cost => dollars(i128::from(current.cost.nanos()) - i128::from(previous.cost.nanos())),
            Self::Requests
            | Self::Errors
            | Self::ErrorRate
            | Self::Tokens
            | Self::DurationP95
            | Self::TimeToFirstTokenP95 => now - before,
        };
        (change, (before != 0.0).then(|| now / before))
    }

    #[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 are compared, not added")]
    fn value(self, sum: &Measures) -> f64 {
        let p95 = |durations: &llmtrace_model::Histogram| durations.percentile(95).map_or(0.0, ms);
        match self {
            Self::Cost => dollars(sum.cost.nanos().into()),
            Self::Requests => sum.requests as f64,
            Self::Errors => sum.errors as f64,
            Self::ErrorRate => error_rate(sum),
            Self::Tokens => sum.usage.total() as f64,
            Self::DurationP95 => p95(&sum.duration),
            Self::TimeToFirstTokenP95 => p95(&sum.first_token),
        }
    }
}

impl TopItemView {
    /// How a group changed.
    pub fn of(
        key: Option<String>,
        measure: TopMeasure,
        current: Option<&Measures>,
        previous: Option<&Measures>,
    ) -> Self {
        let none = Measures::default();
        let (change, ratio) = measure.change(current.unwrap_or(&none), previous.unwrap_or(&none));
        Self {
            key,
            current: current.map(MeasuresView::from),
            previous: previous.map(MeasuresView::from),
            change,
            ratio,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "for sorting; the exact money is in the measures")]
fn dollars(nanos: i128) -> f64 {
    nanos as f64 / 1e9
}
