//! Which time a question is about, where it must be about one.

use llmtrace_model::{SpanFilter, Timestamp};
use llmtrace_store::MAX_LIVE;

use super::{Query, values};
use crate::api::{error::Problem, view::Interval};

/// A day in microseconds: how far back a question looks that does not say.
pub(in crate::api) const DAY_US: i64 = 86_400_000_000;
/// What "now" is rounded up to where it ends a time: those who ask within it ask the same, and one answer serves them. As long
/// as an answer that reaches into the present is kept.
const NOW_US: i64 = MAX_LIVE.as_secs().cast_signed() * 1_000_000;
/// The most steps of time of one answer.
const MAX_STEPS: i128 = 1000;

/// A time: from, inclusive, until, exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) struct Range {
    pub(in crate::api) from: Timestamp,
    pub(in crate::api) until: Timestamp,
}

impl Range {
    /// That of a filter; without `until` it ends now, without `from` it begins so much before its end.
    pub(in crate::api) fn of(filter: &SpanFilter, now: Timestamp, default_us: i64) -> Result<Self, Problem> {
        let until = filter.until.unwrap_or_else(|| step_after(now));
        let back = || values::at_least_first(Timestamp::from_unix_us(until.unix_us().saturating_sub(default_us)));
        let from = filter.from.unwrap_or_else(back);
        if from > until {
            let expected = format!("a time not after now ({now}) where \"until\" is not given");
            return Err(Problem::bad("from", &from.to_string(), expected));
        }
        Ok(Self { from, until })
    }

    /// The period before it, of the same length.
    pub(in crate::api) fn before(&self) -> Result<Self, Problem> {
        let length = self.until.unix_us().saturating_sub(self.from.unix_us());
        let from = Timestamp::from_unix_us(self.from.unix_us().saturating_sub(length));
        if values::is_written(from) {
            return Ok(Self { from, until: self.from });
        }
        let expected = "a time before which there is a period of the same length";
        Err(Problem::bad("from", &self.from.to_string(), expected))
    }

    /// The spans of this time among those of a filter.
    pub(in crate::api) fn of_spans(&self, filter: &SpanFilter) -> SpanFilter {
        SpanFilter { from: Some(self.from), until: Some(self.until), ..filter.clone() }
    }
}

impl Query {
    /// The steps of time it asks for; they must not be too many for the range.
    pub(in crate::api) fn interval(&self, range: Range) -> Result<Option<Interval>, Problem> {
        let Some(interval) = self.one("interval", Interval::of)? else { return Ok(None) };
        if steps(range, interval) <= MAX_STEPS {
            return Ok(Some(interval));
        }
        let fits = Interval::ALL.iter().filter(|longer| steps(range, **longer) <= MAX_STEPS).min_by_key(|i| i.us());
        let most = format!("at most {MAX_STEPS} steps from \"from\" to \"until\"");
        let expected = match fits {
            Some(longer) => format!("{most}: a shorter time, or {} or longer", longer.as_str()),
            None => format!("{most}: a shorter time"),
        };
        Err(Problem::bad("interval", interval.as_str(), expected))
    }
}

/// The end of the step that a moment is in, or the moment itself where it ends one.
fn step_after(now: Timestamp) -> Timestamp {
    let us = now.unix_us();
    Timestamp::from_unix_us(us.saturating_add((-us).rem_euclid(NOW_US)))
}

/// How many aligned steps a range touches.
fn steps(range: Range, interval: Interval) -> i128 {
    let us = i128::from(interval.us());
    let (from, until) = (i128::from(range.from.unix_us()), i128::from(range.until.unix_us()));
    if from >= until { 0 } else { (until - 1).div_euclid(us) - from.div_euclid(us) + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_within_one_step_asks_until_its_end() {
        let until = |now| {
            let range = Range::of(&SpanFilter::default(), Timestamp::from_unix_us(now), DAY_US);
            range.ok().map(|range| range.until.unix_us())
        };
        let expected = [0, NOW_US, NOW_US, NOW_US, 2 * NOW_US].map(Some);
        assert_eq!([0, 1, NOW_US - 1, NOW_US, NOW_US + 1].map(until), expected);
    }
}
