//! What the product is to reach, and whether this run reached it.

use crate::{
    contestant::Kind,
    metric::{Metric, Results},
    prompt::Size,
};

/// The highest growth of resident memory that counts as flat: a tenth, and what an allocator may keep besides.
const FLAT_FACTOR: f64 = 1.10;
const FLAT_SLACK_MIB: f64 = 8.0;

/// The share of the asked rate that counts as held.
const HELD_PER_SECOND: f64 = 990.0;

/// The unit of targets that are rates; all others are upper limits.
pub(crate) const AT_LEAST: &str = "/s at least";

/// One target, as it came out.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Outcome {
    pub(crate) target: String,
    /// What was measured against the limit; `None` when a figure is missing.
    pub(crate) measured: Option<f64>,
    pub(crate) limit: f64,
    pub(crate) unit: &'static str,
    pub(crate) verdict: Verdict,
}

/// Whether a target was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(crate) enum Verdict {
    Reached,
    Missed,
    NotMeasured,
}

impl Verdict {
    /// The mark in the table.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Reached => "ok",
            Self::Missed => "NOT",
            Self::NotMeasured => "–",
        }
    }
}

/// Every target whose two figures belong to contestants of this run.
pub(crate) fn judge(results: &Results) -> Vec<Outcome> {
    let mut all = vec![
        ratio(results, Metric::Cpu(Size::Kb1), Kind::PassThrough, Kind::Hyper, 1.25),
        ratio(results, Metric::Cpu(Size::Kb1), Kind::PassThrough, Kind::Nginx, 1.75),
        ratio(results, Metric::Cpu(Size::Kb1), Kind::Memory, Kind::Nginx, 4.0),
        ratio(results, Metric::Cpu(Size::Kb1), Kind::Memory, Kind::Hyper, 2.8),
        ratio(results, Metric::Cpu(Size::Kb1), Kind::Lite, Kind::Nginx, 5.0),
        ratio(results, Metric::Cpu(Size::Kb1), Kind::Lite, Kind::Hyper, 3.5),
        ratio(results, Metric::Cpu(Size::Kb8), Kind::Lite, Kind::Nginx, 8.0),
        ratio(results, Metric::Cpu(Size::Kb100), Kind::Lite, Kind::Nginx, 20.0),
        ratio(results, Metric::Cpu(Size::Kb1), Kind::Guarded, Kind::Nginx, 8.0),
        difference(results, Metric::P99(Size::Kb100), Kind::Lite, Kind::Unanalysed, 1_000.0),
        at_most(results, Metric::Shed, Kind::Guarded, 0.0, "shed"),
        ratio(results, Metric::Cpu(Size::Kb1), Kind::Production, Kind::Nginx, 5.0),
        at_most(results, Metric::Shed, Kind::Production, 0.0, "shed"),
    ];
    for kind in [Kind::Memory, Kind::Lite] {
        for size in Size::ALL {
            all.push(held(results, kind, size));
        }
        all.push(ratio(results, Metric::P50(Size::Kb1), kind, Kind::Nginx, 2.0));
        all.push(ratio(results, Metric::SingleP50, kind, Kind::Hyper, 2.5));
        all.push(ratio(results, Metric::CpuPerChunk, kind, Kind::Hyper, 1.75));
        all.push(ratio(results, Metric::FirstChunkP50, kind, Kind::Nginx, 1.25));
        all.push(ratio(results, Metric::ChunkDelayP50, kind, Kind::Hyper, 1.5));
        all.push(flat(results, kind));
        all.push(at_most(results, Metric::StreamKib, kind, 40.0, "KiB"));
        all.push(at_most(results, Metric::SilentKib, kind, 16.0, "KiB"));
        all.push(at_most(results, Metric::Shed, kind, 0.0, "shed"));
    }
    all
}

fn ratio(results: &Results, metric: Metric, of: Kind, to: Kind, limit: f64) -> Outcome {
    let target = format!("{}: {} / {}", metric.label(), of.label(), to.label());
    let measured = results.median(metric, of).zip(results.median(metric, to)).map(|(of, to)| of / to);
    outcome(target, measured, limit, "×")
}

/// How much more it may be, in the unit of the metric.
fn difference(results: &Results, metric: Metric, of: Kind, to: Kind, limit: f64) -> Outcome {
    let target = format!("{}: {} − {}", metric.label(), of.label(), to.label());
    let measured = results.median(metric, of).zip(results.median(metric, to)).map(|(of, to)| of - to);
    outcome(target, measured, limit, "µs")
}

fn at_most(results: &Results, metric: Metric, of: Kind, limit: f64, unit: &'static str) -> Outcome {
    outcome(format!("{}: {}", metric.label(), of.label()), results.median(metric, of), limit, unit)
}

fn held(results: &Results, of: Kind, size: Size) -> Outcome {
    let target = format!("{}: 1000 req/s held: {}", size.label(), of.label());
    at_least(&target, results.median(Metric::Answered(size), of), HELD_PER_SECOND)
}

fn flat(results: &Results, of: Kind) -> Outcome {
    let before = results.median(Metric::RssBefore, of);
    let limit = before.map_or(FLAT_SLACK_MIB, |before| before * FLAT_FACTOR + FLAT_SLACK_MIB);
    let after = before.and_then(|_| results.median(Metric::RssAfter, of));
    outcome(format!("RSS flat over the long run: {}", of.label()), after, limit, "MiB")
}

/// A rate that must not be below `limit` per second.
pub(crate) fn at_least(target: &str, measured: Option<f64>, limit: f64) -> Outcome {
    let verdict = verdict(measured.map(|rate| rate >= limit));
    Outcome { target: target.to_owned(), measured, limit, unit: AT_LEAST, verdict }
}

/// A figure that must not be above `limit`.
pub(crate) fn outcome(target: String, measured: Option<f64>, limit: f64, unit: &'static str) -> Outcome {
    Outcome { target, measured, limit, unit, verdict: verdict(measured.map(|value| value <= limit)) }
}

fn verdict(reached: Option<bool>) -> Verdict {
    match reached {
        Some(true) => Verdict::Reached,
        Some(false) => Verdict::Missed,
        None => Verdict::NotMeasured,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratio_of_medians_is_judged_against_its_limit() {
        let mut results = Results::default();
        for (nginx, lite) in [(10.0, 90.0), (10.0, 49.0), (10.0, 48.0)] {
            results.add(Metric::Cpu(Size::Kb1), Kind::Nginx, nginx);
            results.add(Metric::Cpu(Size::Kb1), Kind::Lite, lite);
        }
        let seen = ratio(&results, Metric::Cpu(Size::Kb1), Kind::Lite, Kind::Nginx, 5.0);
        assert_eq!((seen.measured, seen.verdict), (Some(4.9), Verdict::Reached));
        let seen = ratio(&results, Metric::Cpu(Size::Kb1), Kind::Lite, Kind::Nginx, 4.8);
        assert_eq!(seen.verdict, Verdict::Missed);
    }

    #[test]
    fn what_was_not_measured_is_neither_reached_nor_missed() {
        assert!(judge(&Results::default()).iter().all(|seen| seen.verdict == Verdict::NotMeasured));
    }

    #[test]
    fn rate_is_held_from_ninety_nine_percent_on() {
        let mut results = Results::default();
        results.add(Metric::Answered(Size::Kb1), Kind::Lite, 980.0);
        assert_eq!(held(&results, Kind::Lite, Size::Kb1).verdict, Verdict::Missed);
    }
}
