//! `reprice`: stored costs anew, by the prices in force.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use llmtrace_model::{SpanFilter, TenantId, TenantScope};

use super::{store::open_existing, when::When};
use crate::{
    clock::Clock,
    config::Config,
    upkeep::{Rehearsal, Repricer},
};

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
