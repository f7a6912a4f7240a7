//! `reprice`: stored costs anew, by the prices in force.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use llmtrace_model::{SpanFilter, TenantId, TenantScope, Timestamp};

use super::store::open_existing;
use crate::{
    clock::Clock,
    config::Config,
    upkeep::{Rehearsal, Repricer},
};

const EXPECTED_TIME: &str = "expected a time such as 2026-01-31T12:00:00Z, or a span before now such as 90m, 24h or 7d";

/// Options of `reprice`.
#[derive(Debug, Args)]
pub(super) struct RepriceCommand {
    /// Spans that started at or after: an RFC 3339 time, or so long before now (90m, 24h, 7d).
    #[arg(long, value_name = "TIME")]
    since: When,
    /// Spans that started before; else until now.
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// Only the spans of this tenant; else of all.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// Say what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// A point in time, or how long before now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    At(Timestamp),
    Before { seconds: i64 },
}

impl std::str::FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(at) = Timestamp::parse_rfc3339(text) {
            return Ok(Self::At(at));
        }
        let unit = match text.chars().last() {
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            Some(_) | None => return Err(EXPECTED_TIME),
        };
        let count = text.get(..text.len() - 1).and_then(|number| number.parse::<u32>().ok()).ok_or(EXPECTED_TIME)?;
        Ok(Self::Before { seconds: i64::from(count) * unit })
    }
}

impl When {
    fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Before { seconds } => Timestamp::from_unix_us(now.unix_us().saturating_sub(seconds * 1_000_000)),
        }
    }
}

impl RepriceCommand {
    /// Prices the stored spans and says what became of their costs.
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let now = Clock::system().now();
        let (from, until) = (self.since.from(now), self.until.map_or(now, |until| until.from(now)));
        if until < from {
            bail!("--until is {until}, which is before --since ({from})");
        }
        let prices = Repricer::new(config.prices.overrides.as_deref(), config.prices.on_unknown_model.clone())?;
        let spans = open_existing(config, "its costs are priced when its spans are written, and end with it").await?;
        let scope = self.tenant.clone().map_or(TenantScope::All, TenantScope::One);
        let filter = SpanFilter { from: Some(from), until: Some(until), ..SpanFilter::default() };
        let rehearsal = if self.dry_run { Rehearsal::DryRun } else { Rehearsal::No };
        let done = prices.run(spans.as_ref(), &scope, &filter, rehearsal).await;
        spans.close().await.context("closing the span store")?;
        let done = done?;
        let changed = match rehearsal {
            Rehearsal::DryRun => "would change",
            Rehearsal::No => "changed",
        };
        println!("{} spans from {from} until {until}, {} {changed}", done.seen, done.changed);
        println!("cost before: {} USD", done.before);
        println!("cost now:    {} USD", done.after);
        if done.unpriced > 0 {
            println!("{} have no price: /api/v1/models/prices names their models", done.unpriced);
        }
        if done.missed > 0 {
            println!("{} were changed by somebody else meanwhile: run it again", done.missed);
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_point_or_a_span_before_now() {
        let now = Timestamp::from_unix_us(1_760_000_000_000_000);
        let at = |text: &str| text.parse::<When>().map(|when| when.from(now).to_string());
        assert_eq!(at("2025-10-09T08:53:20Z").as_deref(), Ok("2025-10-09T08:53:20.000000Z"));
        assert_eq!(at("90m").as_deref(), Ok("2025-10-09T07:23:20.000000Z"));
        assert_eq!(at("7d").as_deref(), Ok("2025-10-02T08:53:20.000000Z"));
        for wrong in ["", "d", "yesterday", "-1h", "1.5h", "5s", "7ü"] {
            assert_eq!(at(wrong), Err(EXPECTED_TIME), "{wrong}");
        }
    }
}
