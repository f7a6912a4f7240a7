//! Prices stored spans anew, from what is stored of them: page by page, one short transaction each, beside a running proxy.
//!
//! Idempotent: a row that carries the price already is left alone. A row that is written or re-priced by somebody else in
//! between is left alone too, and counted.

use std::path::Path;

use anyhow::Context as _;
use llmtrace_model::{Money, PageRequest, SpanFilter, TenantScope};
use llmtrace_store::{Reprice, SpanStore};
use llmtrace_wire::PriceBook;

use crate::config::UnknownModel;

/// Rows read at once; none of them with its content.
const PAGE_ROWS: u32 = 500;

/// Whether the new prices are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehearsal {
    /// They are.
    No,
    /// They are only counted.
    DryRun,
}

/// What a re-pricing did, or would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Repriced {
    /// Rows seen.
    pub seen: u64,
    /// Rows whose price is another now.
    pub changed: u64,
    /// Rows that somebody else changed in between; a second run sees them again.
    pub missed: u64,
    /// Rows that used something and have no price now.
    pub unpriced: u64,
    /// What the rows cost before.
    pub before: Money,
    /// What they cost now.
    pub after: Money,
}

/// Prices by which spans are priced anew.
pub struct Repricer {
    prices: PriceBook,
    on_unknown: UnknownModel,
}

impl Repricer {
    /// Reads the prices in force.
    pub fn new(overrides: Option<&Path>, on_unknown: UnknownModel) -> anyhow::Result<Self> {
        let prices = match overrides {
            None => PriceBook::bundled(),
            Some(path) => super::parse(path, &super::read(path)?)?,
        };
        Ok(Self { prices, on_unknown })
    }

    /// Prices every span of a tenant and a time, newest first.
    pub async fn run(
        &self,
        spans: &dyn SpanStore,
        scope: &TenantScope,
        filter: &SpanFilter,
        rehearsal: Rehearsal,
    ) -> anyhow::Result<Repriced> {
        let (mut done, mut page) = (Repriced::default(), PageRequest::first(PAGE_ROWS));
        loop {
            let read = spans.list(scope, filter, &page).await.context("reading spans")?;
            let mut changes = Vec::new();
            for mut span in read.items {
                done.seen += 1;
                let old = span.cost.unwrap_or_default();
                done.before = done.before + old;
                let Some(quote) = self.prices.quote(&span, self.on_unknown.instead()) else {
                    done.after = done.after + old;
                    continue;
                };
                done.unpriced += u64::from(quote.cost.is_none());
                done.after = done.after + quote.cost.unwrap_or_default();
                if quote.is_on(&span) {
                    continue;
                }
                quote.put_on(&mut span);
                changes.push(Reprice {
                    exchange_id: span.exchange_id,
                    version: span.version,
                    cost: span.cost,
                    price_version: span.price_version,
                    coverage: span.coverage,
                });
            }
            let wanted = changes.len() as u64;
            let changed = match rehearsal {
                Rehearsal::DryRun => wanted,
                Rehearsal::No if changes.is_empty() => 0,
                Rehearsal::No => spans.reprice(&changes).await.context("writing prices")?,
            };
            done.changed += changed;
            done.missed += wanted.saturating_sub(changed);
            let Some(after) = read.next else { return Ok(done) };
            page.after = Some(after);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use llmtrace_model::{Timestamp, Unit};
    use llmtrace_store::{
        Options,
        conformance::builders::{SpanBuilder, numbered},
    };

    use super::*;

    /// 2026-11-01.
    const AT: i64 = 1_793_491_200_000_000;

    fn gpt(n: u64) -> SpanBuilder {
        let at = Timestamp::from_unix_us(AT + i64::try_from(n).unwrap());
        numbered(n).at(at).provider("openai").model("gpt-4o").tokens(1000, 100)
    }

    async fn store(spans: Vec<SpanBuilder>) -> Arc<dyn SpanStore> {
        let store = llmtrace_store::open_spans("test", "memory:", &Options::default()).await.unwrap();
        let batch: Vec<_> = spans.into_iter().map(SpanBuilder::record).collect();
        store.write(&batch).await.unwrap();
        store
    }

    async fn reprice(store: &Arc<dyn SpanStore>, rehearsal: Rehearsal) -> Repriced {
        let repricer = Repricer::new(None, UnknownModel::Warn).unwrap();
        repricer.run(store.as_ref(), &TenantScope::All, &SpanFilter::default(), rehearsal).await.unwrap()
    }

    #[tokio::test]
    async fn rows_get_the_price_in_force_once_and_a_second_run_changes_nothing() {
        // 1000 × 2500 + 100 × 10000 nano-dollars each.
        let price = Money::from_nanos(3_500_000);
        let spans = vec![
            gpt(1).cost_nanos(7),
            gpt(2),
            gpt(3).model("no-such-model").cost_nanos(5),
            gpt(4).with(|span| span.units.add(Unit::RerankSearches, 1)),
            gpt(5).with(|span| span.usage = None),
        ];
        let store = store(spans).await;
        let expected = Repriced {
            seen: 5,
            changed: 4,
            missed: 0,
            unpriced: 1,
            before: Money::from_nanos(12),
            after: Money::from_nanos(3 * 3_500_000),
        };
        assert_eq!(reprice(&store, Rehearsal::DryRun).await, expected);
        assert_eq!(reprice(&store, Rehearsal::DryRun).await, expected, "a dry run writes nothing");
        assert_eq!(reprice(&store, Rehearsal::No).await, expected);
        let again = Repriced { changed: 0, before: expected.after, ..expected };
        assert_eq!(reprice(&store, Rehearsal::No).await, again);

        let page = PageRequest::first(10);
        let rows = store.list(&TenantScope::All, &SpanFilter::default(), &page).await.unwrap().items;
        let facts: Vec<_> = rows.iter().rev().map(|span| (span.version, span.cost)).collect();
        assert_eq!(facts, [(1, Some(price)), (1, Some(price)), (1, None), (1, Some(price)), (0, None)]);
        assert_eq!(rows[1].coverage.not_priced, ["rerank_searches"]);
        assert!(rows[4].price_version.as_deref().is_some_and(|version| version.starts_with("genai-prices/")));
    }

    #[tokio::test]
    async fn more_rows_than_a_page_are_priced_in_pages() {
        let count = u64::from(PAGE_ROWS) * 2 + 1;
        let store = store((1..=count).map(gpt).collect()).await;
        let done = reprice(&store, Rehearsal::No).await;
        assert_eq!((done.seen, done.changed), (count, count));
        assert_eq!(reprice(&store, Rehearsal::No).await.changed, 0);
    }
}
