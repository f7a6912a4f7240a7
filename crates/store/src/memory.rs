//! The engine in the process's own memory: bounded, gone with the process. For trying out, tests and throw-away pods.

mod audit;
mod counters;
mod credentials;
mod erasures;
mod keys;
mod meta;
mod rows;
mod settings;
mod size;
#[cfg(test)]
mod tests;
mod told;
mod users;
mod views;

use std::sync::Arc;

use async_trait::async_trait;
use llmtrace_model::{
    Erased, ExchangeId, Page, PageRequest, Raw, Retentions, SessionSummary, Span, SpanFilter, SpanId, SpanRecord,
    StatsQuery, StatsRow, Subject, TenantId, TenantScope, Timestamp, TraceId, TraceSummary,
};
use parking_lot::RwLock;

use self::rows::Rows;
pub use self::size::record_bytes;
pub(crate) use self::{counters::MemoryCounters, meta::MemoryMeta};
use crate::{
    Backend, Backlog, Error, ErrorKind, MemoryOptions, ModelTraffic, Reprice, SpanRead, SpanStore, SpanWrite,
    open::Refused, pool::Pool, removing::Cause,
};

/// Threads that read and write: one may walk all rows while others answer.
const THREADS: usize = 3;

/// What one call of `expire` removes at most: others wait meanwhile.
const PIECE: usize = 10_000;

/// Spans in memory, the newest up to the bounds. `None` once closed.
///
/// Walking the rows takes up to a second, and a writer waits meanwhile: neither happens on the runtime's threads.
#[derive(Debug)]
pub(crate) struct Memory {
    rows: Arc<RwLock<Option<Rows>>>,
    threads: Pool<()>,
}

impl Memory {
    /// An empty store with these bounds.
    pub(crate) fn open(bounds: MemoryOptions) -> Result<Self, Refused> {
        let threads = Pool::start(Backend::Memory, "store-memory", vec![(); THREADS]);
        let source = |error| Error::new(ErrorKind::Unavailable, Backend::Memory, "start thread", error);
        let threads =
            threads.map_err(|error| Refused::Engine { place: "memory:".to_owned(), source: source(error) })?;
        Ok(Self { rows: Arc::new(RwLock::new(Some(Rows::new(bounds)))), threads })
    }

    async fn read<T: Send + 'static>(
        &self,
        op: &'static str,
        look: impl FnOnce(&Rows) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let rows = Arc::clone(&self.rows);
        let closed = move || Error::closed(Backend::Memory, op);
        self.threads.run(op, move |(), _| look(rows.read().as_ref().ok_or_else(closed)?)).await
    }

    async fn change<T: Send + 'static>(
        &self,
        op: &'static str,
        change: impl FnOnce(&mut Rows) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let rows = Arc::clone(&self.rows);
        let closed = move || Error::closed(Backend::Memory, op);
        self.threads.run(op, move |(), _| Ok(change(rows.write().as_mut().ok_or_else(closed)?))).await
    }
}

#[async_trait]
impl SpanWrite for Memory {
    async fn write(&self, batch: &[Arc<SpanRecord>]) -> Result<(), Error> {
        let batch = batch.to_vec();
        let put = move |rows: &mut Rows| {
            batch.into_iter().for_each(|record| rows.put(record));
            rows.shed();
        };
        self.change("write", put).await
    }

    async fn reprice(&self, batch: &[Reprice]) -> Result<u64, Error> {
        let batch = batch.to_vec();
        let reprice = move |rows: &mut Rows| {
            let changed = batch.iter().filter(|price| rows.reprice(price)).count() as u64;
            rows.shed();
            changed
        };
        self.change("reprice", reprice).await
    }

    async fn erase(&self, scope: &TenantScope, subject: &Subject, until: Timestamp) -> Result<Erased, Error> {
        let cause = Cause::Asked { scope: scope.clone(), subject: subject.clone(), until };
        self.change("erase", move |rows| rows.take_away(&cause, usize::MAX)).await
    }

    async fn expire(&self, rules: &Retentions, now: Timestamp) -> Result<Erased, Error> {
        let cause = Cause::Aged { rules: rules.clone(), now };
        self.change("expire", move |rows| rows.take_away(&cause, PIECE)).await
    }
}

#[async_trait]
impl SpanRead for Memory {
    async fn list(&self, scope: &TenantScope, filter: &SpanFilter, page: &PageRequest) -> Result<Page<Span>, Error> {
        let (scope, filter, page) = (scope.clone(), filter.clone(), page.clone());
        let found = self.read("list", move |rows| Ok(rows.page(&scope, &filter, &page))).await?;
        Ok(Page { items: found.items.iter().map(|record| record.span.clone()).collect(), next: found.next })
    }

    async fn list_records(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<SpanRecord>, Error> {
        let (scope, filter, page) = (scope.clone(), filter.clone(), page.clone());
        let found = self.read("list", move |rows| Ok(rows.page(&scope, &filter, &page))).await?;
        Ok(Page { items: found.items.iter().map(|record| without_raw(record)).collect(), next: found.next })
    }

    async fn list_traces(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<TraceSummary>, Error> {
        let (scope, filter, page) = (scope.clone(), filter.clone(), page.clone());
        self.read("list traces", move |rows| Ok(rows.traces(&scope, &filter, &page))).await
    }

    async fn list_sessions(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<SessionSummary>, Error> {
        let (scope, filter, page) = (scope.clone(), filter.clone(), page.clone());
        self.read("list sessions", move |rows| Ok(rows.sessions(&scope, &filter, &page))).await
    }

    async fn span(&self, scope: &TenantScope, id: SpanId) -> Result<Option<SpanRecord>, Error> {
        let scope = scope.clone();
        self.read("read span", move |rows| Ok(rows.span(&scope, id).map(|record| without_raw(&record)))).await
    }

    async fn exchange(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<SpanRecord>, Error> {
        let scope = scope.clone();
        self.read("read exchange", move |rows| Ok(rows.exchange(&scope, id).map(|record| without_raw(&record)))).await
    }

    async fn trace(&self, scope: &TenantScope, id: TraceId) -> Result<Vec<SpanRecord>, Error> {
        let scope = scope.clone();
        let found = self.read("read trace", move |rows| Ok(rows.trace(&scope, id))).await?;
        Ok(found.iter().map(|record| without_raw(record)).collect())
    }

    async fn raw(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<Raw>, Error> {
        let scope = scope.clone();
        self.read("read raw", move |rows| Ok(rows.exchange(&scope, id).and_then(|record| record.raw.clone()))).await
    }

    async fn billed(&self, tenant: &TenantId, provider: &str, response_id: &str) -> Result<Option<ExchangeId>, Error> {
        let (tenant, provider, id) = (tenant.clone(), provider.to_owned(), response_id.to_owned());
        self.read("read billed", move |rows| Ok(rows.billed(&tenant, &provider, &id))).await
    }

    async fn count(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<u64, Error> {
        let (scope, filter) = (scope.clone(), filter.clone());
        self.read("count", move |rows| Ok(rows.count(&scope, &filter))).await
    }

    async fn models(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<Vec<ModelTraffic>, Error> {
        let (scope, filter) = (scope.clone(), filter.clone());
        self.read("models", move |rows| Ok(rows.models(&scope, &filter))).await
    }

    async fn stats(&self, scope: &TenantScope, query: &StatsQuery) -> Result<Vec<StatsRow>, Error> {
        let (scope, query) = (scope.clone(), query.clone());
        self.read("stats", move |rows| rows.stats(&scope, &query)).await
    }
}

/// What is read of a row beside its bytes.
fn without_raw(record: &SpanRecord) -> SpanRecord {
    SpanRecord { span: record.span.clone(), content: record.content.clone(), raw: None }
}

#[async_trait]
impl SpanStore for Memory {
    fn backend(&self) -> Backend {
        Backend::Memory
    }

    fn dropped(&self) -> u64 {
        self.rows.read().as_ref().map_or(0, Rows::dropped)
    }

    /// Nothing is put off: every answer comes from the rows themselves.
    async fn tend(&self, _now: Timestamp) -> Result<Backlog, Error> {
        self.read("tend", |_| Ok(Backlog::default())).await
    }

    fn backlog(&self) -> Backlog {
        Backlog::default()
    }

    async fn ping(&self) -> Result<(), Error> {
        self.read("ping", |_| Ok(())).await
    }

    async fn close(&self) -> Result<(), Error> {
        self.threads.close().await;
        *self.rows.write() = None;
        Ok(())
    }
}
