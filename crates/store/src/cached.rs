//! Keeps answers that dashboards ask for again and again in Redis, for all processes, in front of a span store.
//!
//! A read that Redis does not help goes to the store as if it were not there; nothing here makes a read fail. What an answer may
//! be kept for, and what ends it earlier, is [`Keeping`]'s to say; docs/adr/0024 has the reasons.

mod answer;
mod entry;
mod flight;
mod keep;
mod keeping;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use llmtrace_model::{
    Erased, ExchangeId, Page, PageRequest, Raw, Retentions, SessionSummary, Span, SpanFilter, SpanId, SpanRecord,
    StatsQuery, StatsRow, Subject, TenantId, TenantScope, Timestamp, TraceId, TraceSummary,
};
use tokio::time::Instant;

pub use self::keeping::{CacheEvent, Keeping, MAX_KEPT, MAX_KEPT_BYTES, MAX_LIVE, Watch};
use self::{
    answer::Answer,
    entry::{Generations, Unfit},
    flight::{By, Flights},
    keep::{Changed, Found, Keep, Urgency},
};
use crate::{
    Backend, Backlog, Error, ErrorKind, ModelTraffic, Reprice, SpanRead, SpanStore, SpanWrite,
    open::{OpenError, Refused},
    redis::{Link, Purpose},
};

/// A time is settled when it has been over for so long: exchanges that started in it are stored.
const SETTLED_US: i64 = 3_600_000_000;

/// A span that started longer ago than this is late: its writer tells. Half of [`SETTLED_US`], so that the clocks of two
/// processes may differ by the other half.
const LATE_US: i64 = SETTLED_US / 2;

/// A span store with answers kept in front of it.
///
/// Sums ([`SpanRead::stats`], [`SpanRead::models`]) and first pages of traces and sessions are kept, under their scope and
/// their whole question. No span is kept, and nothing of what was said. Such reads may miss what was stored in the last
/// [`MAX_LIVE`]. What this store erases, re-prices or writes late ends what is kept of it, in all processes that keep in the
/// same Redis; so every process that changes rows has to do it through one of these.
pub struct Cached {
    inner: Arc<dyn SpanStore>,
    keep: Keep,
    keeping: Keeping,
    /// After so long nothing that was kept before is served to anybody.
    outlived: Duration,
    stats: Flights<Vec<StatsRow>>,
    models: Flights<Vec<ModelTraffic>>,
    traces: Flights<Page<TraceSummary>>,
    sessions: Flights<Page<SessionSummary>>,
}

/// How long an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// Its time is over: until its rows change.
    Settled,
    /// The present goes on.
    Live,
}

impl Cached {
    /// Keeps answers of `inner`. Connects to nothing yet: see [`Cached::look_after`].
    pub fn over(inner: Arc<dyn SpanStore>, setting: &str, keeping: Keeping) -> Result<Self, OpenError> {
        let link = Link::of(&keeping.server, Purpose::Cache).map_err(|why| {
            let source = Error::new(ErrorKind::Config, Backend::Redis, "open", why);
            Refused::Engine { place: "redis:".to_owned(), source }.under(setting)
        })?;
        let keep = Keep::new(link, Arc::clone(&keeping.watch), keep::READ);
        let (stats, models, traces, sessions) = Default::default();
        Ok(Self { inner, keep, keeping, outlived: MAX_KEPT, stats, models, traces, sessions })
    }

    /// Connects to Redis where that is needed and finds out whether it is quick enough to be used; until then reads go to the
    /// store. Call it again after the time it returns. Cancel-safe, but connecting begins anew.
    pub async fn look_after(&self) -> Duration {
        self.keep.look_after().await
    }

    /// One that waits for Redis as long as a busy machine needs.
    #[cfg(test)]
    pub(crate) fn patient(self) -> Self {
        Self { keep: self.keep.with_patience(Duration::from_secs(5)), ..self }
    }

    /// One that waits as long as in production.
    #[cfg(test)]
    pub(crate) fn impatient(self) -> Self {
        Self { keep: self.keep.with_patience(keep::READ), ..self }
    }

    async fn ask<A: Answer + Clone + Send + Sync>(
        &self,
        flights: &Flights<A>,
        (scope, question, holds): (&TenantScope, String, Holds),
        work: impl Future<Output = Result<A, Error>> + Send,
    ) -> Result<A, Error> {
        let watch = &self.keeping.watch;
        let key = self.keep.key(scope, &format!("{}{:016x}", A::KIND, entry::hash(question.as_bytes())));
        let (generations, entry) = match self.keep.look(scope, &key).await {
            Found::Now(generations, entry) => (generations, entry),
            // Nobody waits for another then: who asks after an erasure may not get what was read before it.
            Found::Away => {
                watch(CacheEvent::Bypassed);
                return work.await;
            }
        };
        if let Some(entry) = entry {
            match entry::read(&entry, &generations, &question) {
                Ok(answer) => {
                    watch(CacheEvent::Hit);
                    return Ok(answer);
                }
                Err(Unfit::Stale) => {}
                Err(Unfit::Damaged) => self.keep.damaged(),
            }
        }
        let flight = format!("{key} {generations:?} {question}");
        let work = async {
            let begun = Instant::now();
            let answer = work.await?;
            self.offer(&key, &question, &generations, holds, begun.elapsed(), &answer).await;
            Ok(answer)
        };
        let (answer, by) = flights.join(flight, MAX_LIVE, work).await?;
        watch(match by {
            By::Us => CacheEvent::Miss,
            By::Another => CacheEvent::Joined,
        });
        Ok(answer)
    }

    /// Keeps an answer that took so long, if it is worth it.
    async fn offer<A: Answer>(
        &self,
        key: &str,
        question: &str,
        generations: &Generations,
        holds: Holds,
        took: Duration,
        answer: &A,
    ) {
        let longest = self.keeping.longest.min(MAX_KEPT);
        let keep = match holds {
            Holds::Settled => longest,
            Holds::Live => longest.min(MAX_LIVE),
        };
        let keep = keep.min(MAX_KEPT.saturating_sub(took));
        if keep < Duration::from_millis(1) {
            (self.keeping.watch)(CacheEvent::TooSlow);
            return;
        }
        let entry = entry::write(generations, question, answer);
        if entry.len() > MAX_KEPT_BYTES {
            (self.keeping.watch)(CacheEvent::TooLarge);
            return;
        }
        self.keep.put(key, &entry, keep).await;
    }

    /// Whether spans that are stored from now on may still match.
    fn holds(&self, filter: &SpanFilter) -> Holds {
        let settled = (self.keeping.now)().unix_us().saturating_sub(SETTLED_US);
        match filter.until {
            // A search finds more once the index has caught up.
            Some(until) if until.unix_us() <= settled && filter.text.is_none() => Holds::Settled,
            Some(_) | None => Holds::Live,
        }
    }
}

/// A filter in the one form that its key is made of. `Debug` names every field: one that is added cannot be forgotten.
fn canonical(filter: &SpanFilter) -> SpanFilter {
    let mut filter = filter.clone();
    filter.tags.sort_unstable();
    filter.tags.dedup();
    filter
}

/// The first page of a list.
fn first_page(list: &str, filter: &SpanFilter, page: &PageRequest) -> String {
    format!("{list} {} {:?}", page.limit.min(PageRequest::MAX), canonical(filter))
}

// What a port does by itself, the store behind may do better: everything is passed on, and clippy refuses what is not.
#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SpanWrite for Cached {
    async fn write(&self, batch: &[Arc<SpanRecord>]) -> Result<(), Error> {
        self.inner.write(batch).await?;
        let late = (self.keeping.now)().unix_us().saturating_sub(LATE_US);
        let spans = batch.iter().map(|record| &record.span);
        let tenants: BTreeSet<TenantId> =
            spans.filter(|span| span.started_at.unix_us() < late).map(|span| span.tenant_id.clone()).collect();
        if !tenants.is_empty() {
            self.keep.tell(&Changed::Of(tenants), Urgency::Late).await;
        }
        Ok(())
    }

    async fn reprice(&self, batch: &[Reprice]) -> Result<u64, Error> {
        let changed = self.inner.reprice(batch).await?;
        if changed > 0 {
            self.keep.tell(&Changed::Any, Urgency::Late).await;
        }
        Ok(changed)
    }

    async fn erase(&self, scope: &TenantScope, subject: &Subject, until: Timestamp) -> Result<Erased, Error> {
        let changed = match scope {
            TenantScope::One(tenant) => Changed::Of(BTreeSet::from([tenant.clone()])),
            TenantScope::All => Changed::Any,
        };
        // Before, so that a process that dies in between leaves nothing that was kept earlier.
        self.keep.tell(&changed, Urgency::Erasure).await;
        let erased = self.inner.erase(scope, subject, until).await;
        if erased.as_ref().is_ok_and(|erased| *erased == Erased::default()) {
            return erased;
        }
        // After, so that nothing holds that was read while it was going on.
        if !self.keep.tell(&changed, Urgency::Erasure).await && erased.is_ok() {
            // Another process may still reach what is kept: it is done when that has ended by itself.
            tokio::time::sleep(self.outlived).await;
        }
        erased
    }

    async fn expire(&self, rules: &Retentions, now: Timestamp) -> Result<Erased, Error> {
        // Tells nobody: rules are in days, and what is kept ends in seconds.
        self.inner.expire(rules, now).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SpanRead for Cached {
    async fn list(&self, scope: &TenantScope, filter: &SpanFilter, page: &PageRequest) -> Result<Page<Span>, Error> {
        self.inner.list(scope, filter, page).await
    }

    async fn list_records(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<SpanRecord>, Error> {
        self.inner.list_records(scope, filter, page).await
    }

    async fn list_traces(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<TraceSummary>, Error> {
        let work = self.inner.list_traces(scope, filter, page);
        if page.after.is_some() {
            return work.await;
        }
        // A summary adds up spans outside the filter too, so that no time of it is settled.
        let question = (scope, first_page("traces", filter, page), Holds::Live);
        self.ask(&self.traces, question, work).await
    }

    async fn list_sessions(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<SessionSummary>, Error> {
        let work = self.inner.list_sessions(scope, filter, page);
        if page.after.is_some() {
            return work.await;
        }
        let question = (scope, first_page("sessions", filter, page), Holds::Live);
        self.ask(&self.sessions, question, work).await
    }

    async fn span(&self, scope: &TenantScope, id: SpanId) -> Result<Option<SpanRecord>, Error> {
        self.inner.span(scope, id).await
    }

    async fn exchange(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<SpanRecord>, Error> {
        self.inner.exchange(scope, id).await
    }

    async fn trace(&self, scope: &TenantScope, id: TraceId) -> Result<Vec<SpanRecord>, Error> {
        self.inner.trace(scope, id).await
    }

    async fn raw(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<Raw>, Error> {
        self.inner.raw(scope, id).await
    }

    async fn raws(&self, scope: &TenantScope, ids: &[ExchangeId]) -> Result<Vec<Option<Raw>>, Error> {
        self.inner.raws(scope, ids).await
    }

    async fn billed(&self, tenant: &TenantId, provider: &str, response_id: &str) -> Result<Option<ExchangeId>, Error> {
        self.inner.billed(tenant, provider, response_id).await
    }

    async fn count(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<u64, Error> {
        self.inner.count(scope, filter).await
    }

    async fn models(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<Vec<ModelTraffic>, Error> {
        let question = (scope, format!("models {:?}", canonical(filter)), self.holds(filter));
        self.ask(&self.models, question, self.inner.models(scope, filter)).await
    }

    async fn stats(&self, scope: &TenantScope, query: &StatsQuery) -> Result<Vec<StatsRow>, Error> {
        let canonical = StatsQuery { filter: canonical(&query.filter), ..query.clone() };
        let question = (scope, format!("stats {canonical:?}"), self.holds(&query.filter));
        self.ask(&self.stats, question, self.inner.stats(scope, query)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SpanStore for Cached {
    fn backend(&self) -> Backend {
        self.inner.backend()
    }

    fn dropped(&self) -> u64 {
        self.inner.dropped()
    }

    async fn tend(&self, now: Timestamp) -> Result<Backlog, Error> {
        self.inner.tend(now).await
    }

    fn backlog(&self) -> Backlog {
        self.inner.backlog()
    }

    async fn ping(&self) -> Result<(), Error> {
        self.inner.ping().await
    }

    async fn close(&self) -> Result<(), Error> {
        self.keep.close();
        self.inner.close().await
    }
}
