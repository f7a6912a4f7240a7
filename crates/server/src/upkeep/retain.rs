//! Removes what is older than its tenant keeps it, a piece at a time.

use std::{sync::Arc, time::Duration};

use llmtrace_model::{Erased, Retention, Retentions};
use llmtrace_store::{Error, MetaStore, SpanStore};
use tokio::time::Instant;

use super::backoff::Backoff;
use crate::{clock::Clock, tasks::Tasks, telemetry::Events};

/// How often it is looked where nothing is left to remove: rules are in days.
const EVERY: Duration = Duration::from_secs(600);
/// After a piece, the pause lasts so many times as long as the piece took: removing costs what is stored and read no more
/// than a fifth of one core.
const BESIDE: u32 = 4;

/// Keeps one store to the rules.
pub struct Retaining {
    spans: Arc<dyn SpanStore>,
    meta: Arc<dyn MetaStore>,
    /// Of tenants without a rule of their own.
    default: Retention,
    clock: Clock,
    events: Events,
    backoff: Backoff,
}

impl Retaining {
    /// Keeps `spans` to `default` and to the rules of tenants in `meta`.
    pub fn new(
        spans: Arc<dyn SpanStore>,
        meta: Arc<dyn MetaStore>,
        default: Retention,
        clock: Clock,
        events: Events,
    ) -> Self {
        Self { spans, meta, default, clock, events, backoff: Backoff::default() }
    }

    /// Removes until the tasks are asked to stop.
    pub async fn run(mut self, tasks: Tasks) {
        loop {
            let piece = async {
                let pause = self.piece().await;
                tokio::time::sleep(pause).await;
            };
            // Cancel-safe: what was not removed is found again.
            tokio::select! {
                () = piece => {}
                () = tasks.stopping() => return,
            }
        }
    }

    /// Removes one piece; returns how long to wait for the next.
    pub async fn piece(&mut self) -> Duration {
        let began = Instant::now();
        match self.expire().await {
            Ok(removed) => {
                let took = began.elapsed();
                self.events.store_done("expire", took);
                if self.backoff.is_over() {
                    tracing::info!("spans that are older than they are kept are removed again");
                }
                if removed == Erased::default() {
                    return EVERY;
                }
                tracing::debug!(
                    spans = removed.spans,
                    contents = removed.contents,
                    "spans older than they are kept were removed"
                );
                took * BESIDE
            }
            Err(error) => {
                self.events.store_failed(&error);
                let (is_first, pause) = self.backoff.failed();
                if is_first {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "spans older than they are kept could not be removed; trying again");
                }
                pause
            }
        }
    }

    async fn expire(&self) -> Result<Erased, Error> {
        let rules = Retentions { default: self.default, of: self.meta.retentions().await? };
        self.spans.expire(&rules, self.clock.now()).await
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_model::{SpanFilter, TenantScope, Timestamp};
    use llmtrace_store::{
        Options,
        conformance::builders::{START, numbered},
        open_meta, open_spans,
    };

    use super::*;
    use crate::telemetry::Metrics;

    async fn after_days(days: i64, default: Retention) -> (Retaining, Arc<dyn SpanStore>, Arc<dyn MetaStore>) {
        let spans = open_spans("test", "memory:", &Options::default()).await.unwrap();
        let meta = open_meta("test", "memory:", &Options::default()).await.unwrap();
        let batch: Vec<_> = [(1, "a"), (2, "b")].map(|(n, owner)| numbered(n).tenant(owner).record()).to_vec();
        spans.write(&batch).await.unwrap();
        let now = Timestamp::from_unix_us(START.unix_us() + days * 86_400_000_000);
        let events = Events::new(Arc::new(Metrics::new()));
        let retaining = Retaining::new(Arc::clone(&spans), Arc::clone(&meta), default, Clock::fixed(now), events);
        (retaining, spans, meta)
    }

    async fn left(spans: &Arc<dyn SpanStore>) -> u64 {
        spans.count(&TenantScope::All, &SpanFilter::default()).await.unwrap()
    }

    #[tokio::test]
    async fn a_tenants_own_rule_wins_over_the_setting() {
        let rule = Retention { content_days: None, span_days: Some(10) };
        let (mut retaining, spans, meta) = after_days(20, rule).await;
        meta.put_retention(&"a".parse().unwrap(), Some(Retention::default())).await.unwrap();
        assert!(retaining.piece().await < EVERY);
        assert_eq!(left(&spans).await, 1);
        assert_eq!(retaining.piece().await, EVERY);
        meta.put_retention(&"a".parse().unwrap(), None).await.unwrap();
        assert!(retaining.piece().await < EVERY);
        assert_eq!(left(&spans).await, 0);
    }

    #[tokio::test]
    async fn nothing_is_removed_where_all_is_kept_for_ever() {
        let (mut retaining, spans, _meta) = after_days(10_000, Retention::default()).await;
        assert_eq!(retaining.piece().await, EVERY);
        assert_eq!(left(&spans).await, 2);
    }

    #[tokio::test]
    async fn failures_are_tried_again_less_and_less_often() {
        let (mut retaining, spans, _meta) = after_days(1, Retention::default()).await;
        spans.close().await.unwrap();
        let pauses = [retaining.piece().await, retaining.piece().await, retaining.piece().await];
        assert_eq!(pauses.map(|pause| pause.as_secs()), [1, 2, 4]);
    }
}
