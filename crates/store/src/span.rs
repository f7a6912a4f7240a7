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
    /// versions the first; this holds inside a batch too. When this returns `Ok`, the rows are visible to every read and
    /// survive the process, as far as the engine's medium does. Cancelling the call may still store the batch.
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

    /// Lists traces that have a span which matches, newest first by that trace's first matching span (its start time, then
    /// exchange id, both descending). A summary adds up all spans of the trace, also those that do not match.
    ///
    /// Spans of different tenants never share a trace: one trace id sent by two tenants is two traces.
    async fn list_traces(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<TraceSummary>, Error>;

    /// One span with its content, the newest where several were sent with that id. A row outside the scope does not exist.
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

    /// How many rows this store dropped at its own bounds since it was opened; engines without bounds drop none.
    fn dropped(&self) -> u64 {
        0
    }

    /// Says whether the engine would take a write now.
    async fn ping(&self) -> Result<(), Error>;

    /// Finishes what runs and closes; later calls fail as `Unavailable`.
    async fn close(&self) -> Result<(), Error>;
}
