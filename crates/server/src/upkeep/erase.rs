//! Carries out erasures: each as soon as it was asked for, and again and again for a week, for records of older exchanges that
//! are still on their way.
//!
//! Several processes may do the same. Who begins moves ahead when the erasure is due, and on while it works: the others
//! leave it alone, and where that one dies it is due again within [`LEASE`].

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use llmtrace_model::{Erasure, ErasureId, Subject, TenantScope, Timestamp};
use llmtrace_store::{CarriedOut, Error, MetaStore, SpanStore};
use tokio::time::Instant;

use super::backoff::Backoff;
use crate::{clock::Clock, tasks::Tasks, telemetry::Events};

/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_secs(2);
/// How long an erasure is left to who began it and says no more.
const LEASE: Duration = Duration::from_secs(15);
/// How often who carries one out says so.
const BEAT: Duration = Duration::from_secs(5);
/// After how many failures a round ends: one erasure that always fails must not keep back the rest, and a store that is away is
/// not asked for each of them.
const FAILURES: usize = 3;
/// The shortest and the longest pause before an erasure is done again: half as long as it was asked for.
const AGAIN: (i64, i64) = (10_000_000, 600_000_000);

/// Hears that spans of a scope and subject which started at or before a time are gone from the store: whoever holds copies
/// of them drops them.
pub type Gone = Arc<dyn Fn(&TenantScope, &Subject, Timestamp) + Send + Sync>;

/// Carries out one erasure at a time.
pub struct Eraser {
    spans: Arc<dyn SpanStore>,
    meta: Arc<dyn MetaStore>,
    clock: Clock,
    gone: Gone,
}

impl Eraser {
    /// Erases from `spans`, and notes it in `meta`.
    pub fn new(spans: Arc<dyn SpanStore>, meta: Arc<dyn MetaStore>, clock: Clock, gone: Gone) -> Self {
        Self { spans, meta, clock, gone }
    }

    /// Removes what an erasure that is due says; `None` where somebody else does it.
    ///
    /// The outcome is still to be noted: [`MetaStore::note_erased`]. Cancel-safe: one that was not finished is due again.
    pub async fn carry_out(&self, erasure: &Erasure) -> Result<Option<CarriedOut>, Error> {
        let Some(due) = erasure.due_at else { return Ok(None) };
        let until = self.later(LEASE);
        if !self.meta.move_erasure(erasure.id, due, until).await? {
            return Ok(None);
        }
        let held = AtomicI64::new(until.unix_us());
        let scope = erasure.tenant_id.clone().map_or(TenantScope::All, TenantScope::One);
        let done = tokio::select! {
            done = self.spans.erase(&scope, &erasure.subject, erasure.requested_at) => done,
            never = self.hold(erasure.id, &held) => match never {},
        };
        match done {
            Ok(removed) => {
                (self.gone)(&scope, &erasure.subject, erasure.requested_at);
                let at = self.clock.now();
                Ok(Some(CarriedOut { at, removed, due_at: next(erasure, at) }))
            }
            Err(error) => {
                self.give_back(erasure.id, Timestamp::from_unix_us(held.load(Ordering::Relaxed))).await;
                Err(error)
            }
        }
    }

    /// Keeps others from beginning what this one does. Cancel-safe.
    async fn hold(&self, id: ErasureId, held: &AtomicI64) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(BEAT).await;
            let (from, to) = (held.load(Ordering::Relaxed), self.later(LEASE));
            match self.meta.move_erasure(id, Timestamp::from_unix_us(from), to).await {
                Ok(true) => held.store(to.unix_us(), Ordering::Relaxed),
                // Both remove the same; only the work is done twice.
                Ok(false) => tracing::debug!(erasure.id = %id, "somebody else carries out the same erasure"),
                Err(error) => {
                    tracing::debug!(erasure.id = %id, error = &error as &dyn std::error::Error, "an erasure could not be held")
                }
            }
        }
    }

    /// Makes an erasure that failed due again; else it is once the lease is over.
    async fn give_back(&self, id: ErasureId, held: Timestamp) {
        if let Err(error) = self.meta.move_erasure(id, held, self.clock.now()).await {
            tracing::debug!(erasure.id = %id, error = &error as &dyn std::error::Error, "an erasure could not be given back");
        }
    }

    fn later(&self, by: Duration) -> Timestamp {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_unix_us(self.clock.now().unix_us().saturating_add(by))
    }
}

/// When an erasure that was carried out is due next: often at first, since most of what comes late comes soon.
fn next(erasure: &Erasure, now: Timestamp) -> Option<Timestamp> {
    let age = now.unix_us().saturating_sub(erasure.requested_at.unix_us());
    let pause = (age / 2).clamp(AGAIN.0, AGAIN.1);
    let next = now.unix_us().saturating_add(pause).min(erasure.repeat_until.unix_us());
    (now < erasure.repeat_until).then(|| Timestamp::from_unix_us(next))
}

/// Carries out the erasures of one installation.
pub struct Erasing {
    eraser: Eraser,
    events: Events,
    backoff: Backoff,
    /// What was carried out and could not be noted.
    unnoted: Option<(Erasure, CarriedOut)>,
}

impl Erasing {
    /// Carries out with `eraser` what is due.
    pub fn new(eraser: Eraser, events: Events) -> Self {
        Self { eraser, events, backoff: Backoff::default(), unnoted: None }
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
        self.note().await?;
        let mut failures = Vec::new();
        for erasure in self.eraser.meta.erasures_due(self.eraser.clock.now()).await? {
            let began = Instant::now();
            match self.eraser.carry_out(&erasure).await {
                Ok(None) => {}
                Ok(Some(carried_out)) => {
                    self.events.store_done("erase", began.elapsed());
                    self.unnoted = Some((erasure, carried_out));
                    self.note().await?;
                }
                Err(error) => failures.push(error),
            }
            if failures.len() == FAILURES {
                break;
            }
        }
        failures.pop().map_or(Ok(()), Err)
    }

    /// Notes what was carried out last. Kept until it is: what was removed is not found, and not counted, a second time.
    async fn note(&mut self) -> Result<(), Error> {
        let Some((erasure, carried_out)) = &self.unnoted else { return Ok(()) };
        self.eraser.meta.note_erased(erasure.id, carried_out).await?;
        if erasure.done_at.is_none() {
            // Neither whose nor what: a log outlives what was erased.
            tracing::info!(erasure.id = %erasure.id, spans = carried_out.removed.spans, "an erasure was carried out");
        }
        self.unnoted = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
