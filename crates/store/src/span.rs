//! The port for spans. Every adapter passes the one conformance suite, which tests the sentences below.

use std::sync::Arc;

use async_trait::async_trait;
use llmtrace_model::{
    ExchangeId, Page, PageRequest, Span, SpanFilter, SpanId, SpanRecord, TenantScope, TraceId, TraceSummary,
};

use crate::{Backend, Error};

/// Writing spans.
#[async_trait]
pub trait SpanWrite: Send + Sync {
    /// Stores a batch, all of it or nothing.
    ///
    /// Idempotent by exchange id: of two rows with the same id the one with the higher `version` stays, of equal
    /// versions the first. When this returns `Ok`, the rows survive the process and are visible to every read.
    async fn write(&self, batch: &[Arc<SpanRecord>]) -> Result<(), Error>;
}

/// Reading spans. Lists never load content; every read is bounded and takes a [`TenantScope`].
#[async_trait]
pub trait SpanRead: Send + Sync {
    /// Lists spans, newest first (start time, then exchange id, both descending).
    async fn list(&self, scope: &TenantScope, filter: &SpanFilter, page: &PageRequest) -> Result<Page<Span>, Error>;

    /// Lists the spans with their content, in the same order: what an export reads.
    async fn list_records(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<SpanRecord>, Error>;

    /// Lists traces that have a span which matches, newest first by the start of that trace's first matching span.
    async fn list_traces(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<TraceSummary>, Error>;

    /// One span with its content. A row outside the scope does not exist.
    async fn span(&self, scope: &TenantScope, id: SpanId) -> Result<Option<SpanRecord>, Error>;

    /// One span by its exchange.
    async fn exchange(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<SpanRecord>, Error>;

    /// The spans of one trace with their content, oldest first, at most [`PageRequest::MAX`].
    async fn trace(&self, scope: &TenantScope, id: TraceId) -> Result<Vec<SpanRecord>, Error>;

    /// The number of spans that match.
    async fn count(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<u64, Error>;
}

/// A store of spans: both halves, and what boot and `/health` ask of it.
#[async_trait]
pub trait SpanStore: SpanWrite + SpanRead {
    /// The engine.
    fn backend(&self) -> Backend;

    /// Says whether the engine would take a write now.
    async fn ping(&self) -> Result<(), Error>;

    /// Finishes what runs and closes; later calls fail as `Unavailable`.
    async fn close(&self) -> Result<(), Error>;
}
