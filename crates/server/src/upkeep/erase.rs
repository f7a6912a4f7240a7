//! Carries out erasures: each as soon as it was asked for, and again and again until no record of an older exchange can
//! still be on its way.
//!
//! Several processes may do the same: what one removed the other does not find.

use std::{sync::Arc, time::Duration};

use llmtrace_model::{Erasure, TenantScope};
use llmtrace_store::{Error, MetaStore, SpanStore};
use tokio::time::Instant;

use super::backoff::Backoff;
use crate::{clock::Clock, tasks::Tasks, telemetry::Events};

/// How often it is looked for what was asked for.
const EVERY: Duration = Duration::from_secs(2);
/// How often an erasure that is done is done again.
const AGAIN: Duration = Duration::from_secs(600);

/// Carries out the erasures of one installation.
pub struct Erasing {
    spans: Arc<dyn SpanStore>,
    meta: Arc<dyn MetaStore>,
    clock: Clock,
    events: Events,
    backoff: Backoff,
    /// When those that are done were done again last.
    repeated: Option<Instant>,
}

impl Erasing {
    /// Erases from `spans` what `meta` says.
    pub fn new(spans: Arc<dyn SpanStore>, meta: Arc<dyn MetaStore>, clock: Clock, events: Events) -> Self {
        Self { spans, meta, clock, events, backoff: Backoff::default(), repeated: None }
    }

    /// Erases until the tasks are asked to stop.
    pub async fn run(mut self, tasks: Tasks) {
        loop {
            let round = async {
                let pause = self.round().await;
                tokio::time::sleep(pause).await;
            };
            // Cancel-safe: an erasure that was not finished is due again.
            tokio::select! {
                () = round => {}
                () = tasks.stopping() => return,
            }
        }
    }

    /// Carries out what is due once; returns how long to wait for the next round.
    pub async fn round(&mut self) -> Duration {
        match self.once().await {
            Ok(()) => {
                if self.backoff.is_over() {
                    tracing::info!("erasures are carried out again");
                }
                EVERY
            }
            Err(error) => {
                self.events.store_failed(&error);
                let (is_first, pause) = self.backoff.failed();
                if is_first {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "an erasure could not be carried out; trying again");
                }
                pause
            }
        }
    }

    async fn once(&mut self) -> Result<(), Error> {
        let due = self.meta.erasures_due(self.clock.now()).await?;
        let is_time = self.repeated.is_none_or(|at| at.elapsed() >= AGAIN);
        for erasure in due.into_iter().filter(|erasure| is_time || erasure.done_at.is_none()) {
            self.carry_out(erasure).await?;
        }
        if is_time {
            self.repeated = Some(Instant::now());
        }
        Ok(())
    }

    async fn carry_out(&self, mut erasure: Erasure) -> Result<(), Error> {
        let began = Instant::now();
        let scope = erasure.tenant_id.clone().map_or(TenantScope::All, TenantScope::One);
        let removed = self.spans.erase(&scope, &erasure.subject, erasure.requested_at).await?;
        self.events.store_done("erase", began.elapsed());
        let is_first = erasure.done_at.is_none();
        if is_first || removed.spans > 0 || removed.contents > 0 {
            erasure.erased += removed;
            erasure.done_at.get_or_insert(self.clock.now());
            self.meta.put_erasure(&erasure).await?;
        }
        if is_first {
            // Neither whose nor what: a log outlives what was erased.
            tracing::info!(erasure.id = %erasure.id, spans = erasure.erased.spans, "an erasure was carried out");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_model::{Erased, ErasureId, SpanFilter, Subject, Timestamp};
    use llmtrace_store::{
        Options,
        conformance::builders::{START, numbered},
        open_meta, open_spans,
    };

    use super::*;
    use crate::telemetry::Metrics;

    const HOUR_US: i64 = 3_600_000_000;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_unix_us(START.unix_us() + hours * HOUR_US)
    }

    async fn stores() -> (Arc<dyn SpanStore>, Arc<dyn MetaStore>) {
        let spans = open_spans("test", "memory:", &Options::default()).await.unwrap();
        (spans, open_meta("test", "memory:", &Options::default()).await.unwrap())
    }

    fn erasing(spans: &Arc<dyn SpanStore>, meta: &Arc<dyn MetaStore>, now: Timestamp) -> Erasing {
        let events = Events::new(Arc::new(Metrics::new()));
        Erasing::new(Arc::clone(spans), Arc::clone(meta), Clock::fixed(now), events)
    }

    fn asked(id: u8) -> Erasure {
        Erasure {
            id: ErasureId::from_bytes([id; 16]),
            tenant_id: Some("a".parse().unwrap()),
            subject: Subject::Session("s".to_owned()),
            requested_at: at(1),
            done_at: None,
            repeat_until: at(24),
            erased: Erased::default(),
        }
    }

    async fn receipt(meta: &Arc<dyn MetaStore>) -> Erasure {
        meta.erasure(&TenantScope::All, asked(1).id).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn what_was_asked_for_is_done_and_its_receipt_says_so() {
        let (spans, meta) = stores().await;
        let of = |n: u64, owner: &str| numbered(n).tenant(owner).session("s").record();
        spans.write(&[of(1, "a"), of(2, "a"), of(3, "b")]).await.unwrap();
        meta.put_erasure(&asked(1)).await.unwrap();
        assert_eq!(erasing(&spans, &meta, at(2)).round().await, EVERY);
        let done = receipt(&meta).await;
        assert_eq!((done.done_at, done.erased.spans), (Some(at(2)), 2));
        assert_eq!(spans.count(&TenantScope::All, &SpanFilter::default()).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn what_arrives_afterwards_is_erased_too_and_counted() {
        let (spans, meta) = stores().await;
        meta.put_erasure(&asked(1)).await.unwrap();
        erasing(&spans, &meta, at(2)).round().await;
        assert_eq!(receipt(&meta).await.erased, Erased::default());
        spans.write(&[numbered(1).tenant("a").session("s").record()]).await.unwrap();
        erasing(&spans, &meta, at(3)).round().await;
        let done = receipt(&meta).await;
        assert_eq!((done.done_at, done.erased.spans), (Some(at(2)), 1));
        // Its time is over.
        spans.write(&[numbered(2).tenant("a").session("s").record()]).await.unwrap();
        erasing(&spans, &meta, at(25)).round().await;
        assert_eq!(spans.count(&TenantScope::All, &SpanFilter::default()).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn an_erasure_that_failed_stays_due() {
        let (spans, meta) = stores().await;
        meta.put_erasure(&asked(1)).await.unwrap();
        spans.close().await.unwrap();
        let mut erasing = erasing(&spans, &meta, at(2));
        let pauses = [erasing.round().await, erasing.round().await, erasing.round().await];
        assert_eq!(pauses.map(|pause| pause.as_secs()), [1, 2, 4]);
        assert_eq!(receipt(&meta).await.done_at, None);
    }
}
