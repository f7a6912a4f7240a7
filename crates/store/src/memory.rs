//! The engine in the process's own memory: bounded, gone with the process. For trying out, tests and throw-away pods.

mod meta;
mod rows;
mod size;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use llmtrace_model::{
    ExchangeId, Page, PageRequest, Span, SpanFilter, SpanId, SpanRecord, TenantId, TenantScope, TraceId, TraceSummary,
};
use parking_lot::RwLock;

pub(crate) use self::meta::MemoryMeta;
use self::rows::Rows;
pub use self::size::record_bytes;
use crate::{Backend, Error, MemoryOptions, ModelTraffic, Reprice, SpanRead, SpanStore, SpanWrite};

/// Spans in memory, the newest up to the bounds. `None` once closed.
#[derive(Debug)]
pub(crate) struct Memory {
    rows: RwLock<Option<Rows>>,
}

impl Memory {
    /// An empty store with these bounds.
    pub(crate) fn new(bounds: MemoryOptions) -> Self {
        Self { rows: RwLock::new(Some(Rows::new(bounds))) }
    }

    fn read<T>(&self, op: &'static str, look: impl FnOnce(&Rows) -> T) -> Result<T, Error> {
        self.rows.read().as_ref().map(look).ok_or_else(|| Error::closed(Backend::Memory, op))
    }
}

#[async_trait]
impl SpanWrite for Memory {
    async fn write(&self, batch: &[Arc<SpanRecord>]) -> Result<(), Error> {
        let mut rows = self.rows.write();
        let Some(rows) = rows.as_mut() else { return Err(Error::closed(Backend::Memory, "write")) };
        for record in batch {
            rows.put(Arc::clone(record));
        }
        rows.shed();
        Ok(())
    }

    async fn reprice(&self, batch: &[Reprice]) -> Result<u64, Error> {
        let mut rows = self.rows.write();
        let Some(rows) = rows.as_mut() else { return Err(Error::closed(Backend::Memory, "reprice")) };
        let changed = batch.iter().filter(|price| rows.reprice(price)).count() as u64;
        rows.shed();
        Ok(changed)
    }
}

#[async_trait]
impl SpanRead for Memory {
    async fn list(&self, scope: &TenantScope, filter: &SpanFilter, page: &PageRequest) -> Result<Page<Span>, Error> {
        let found = self.read("list", |rows| rows.page(scope, filter, page))?;
        Ok(Page { items: found.items.iter().map(|record| record.span.clone()).collect(), next: found.next })
    }

    async fn list_records(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<SpanRecord>, Error> {
        let found = self.read("list", |rows| rows.page(scope, filter, page))?;
        Ok(Page { items: found.items.iter().map(|record| (**record).clone()).collect(), next: found.next })
    }

    async fn list_traces(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<TraceSummary>, Error> {
        self.read("list traces", |rows| rows.traces(scope, filter, page))
    }

    async fn span(&self, scope: &TenantScope, id: SpanId) -> Result<Option<SpanRecord>, Error> {
        let found = self.read("read span", |rows| rows.span(scope, id))?;
        Ok(found.map(|record| (*record).clone()))
    }

    async fn exchange(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<SpanRecord>, Error> {
        let found = self.read("read exchange", |rows| rows.exchange(scope, id))?;
        Ok(found.map(|record| (*record).clone()))
    }

    async fn trace(&self, scope: &TenantScope, id: TraceId) -> Result<Vec<SpanRecord>, Error> {
        let found = self.read("read trace", |rows| rows.trace(scope, id))?;
        Ok(found.iter().map(|record| (**record).clone()).collect())
    }

    async fn billed(&self, tenant: &TenantId, provider: &str, response_id: &str) -> Result<Option<ExchangeId>, Error> {
        self.read("read billed", |rows| rows.billed(tenant, provider, response_id))
    }

    async fn count(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<u64, Error> {
        self.read("count", |rows| rows.count(scope, filter))
    }

    async fn models(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<Vec<ModelTraffic>, Error> {
        self.read("models", |rows| rows.models(scope, filter))
    }
}

#[async_trait]
impl SpanStore for Memory {
    fn backend(&self) -> Backend {
        Backend::Memory
    }

    fn dropped(&self) -> u64 {
        self.rows.read().as_ref().map_or(0, Rows::dropped)
    }

    async fn ping(&self) -> Result<(), Error> {
        self.read("ping", |_| ())
    }

    async fn close(&self) -> Result<(), Error> {
        *self.rows.write() = None;
        Ok(())
    }
}
