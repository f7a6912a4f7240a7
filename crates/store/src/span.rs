//! The port for spans. Every adapter passes the one conformance suite, which tests the sentences below.

use std::sync::Arc;

use async_trait::async_trait;
use llmtrace_model::{
    Coverage, Erased, ExchangeId, Money, Page, PageRequest, Raw, Retentions, SessionSummary, Span, SpanFilter, SpanId,
    SpanRecord, StatsQuery, StatsRow, Subject, TenantId, TenantScope, Timestamp, TraceId, TraceSummary,
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

    /// Puts new prices on stored rows, all of the batch or nothing, and returns how many rows changed.
    ///
    /// A row that is gone, or whose version is no longer the one the price was made from, stays as it is. The version of a
    /// changed row is one higher, so that no replay of its record beats it. One short transaction: others may write between
    /// two calls.
    async fn reprice(&self, batch: &[Reprice]) -> Result<u64, Error>;

    /// Removes what spans of the scope started at or before `until` and belong to `subject`: the rows, what was said in
    /// them, their bytes, their place in indexes and in every sum. Returns what this call removed.
    ///
    /// When this returns `Ok`, no read finds any of it. A second call removes what was written in between, mostly nothing.
    async fn erase(&self, scope: &TenantScope, subject: &Subject, until: Timestamp) -> Result<Erased, Error>;

    /// Removes what is older than its tenant keeps it, one bounded piece: spans with everything of them, or only what was
    /// said in them and their bytes. Returns what was removed, where that are millions an estimate; call it until that is
    /// nothing, then again now and then. An engine that rewrites what it keeps may count time in whole days (UTC).
    async fn expire(&self, rules: &Retentions, now: Timestamp) -> Result<Erased, Error>;
}

/// A new price of a stored span.
#[derive(Debug, Clone, PartialEq)]
pub struct Reprice {
    /// The row.
    pub exchange_id: ExchangeId,
    /// The version of the row the price was made from.
    pub version: u32,
    /// Dollars; `None` where it has no price.
    pub cost: Option<Money>,
    /// Which prices were applied.
    pub price_version: Option<String>,
    /// The row's coverage, with what the cost does not contain.
    pub coverage: Coverage,
}

/// What one model was used for in a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelTraffic {
    /// OpenTelemetry's `gen_ai.provider.name`.
    pub provider: String,
    /// The model that answered, else the one asked for.
    pub model: String,
    /// Its spans.
    pub requests: u64,
    /// Those of them that used something and have no cost.
    pub unpriced_requests: u64,
    /// All their tokens.
    pub total_tokens: u64,
    /// What the priced ones cost.
    pub cost: Money,
    /// When the newest started.
    pub last_seen: Timestamp,
}

/// The most models [`SpanRead::models`] tells apart.
pub const MAX_MODELS: usize = 1000;

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

    /// Lists sessions that have a span which matches, newest first by that session's first matching span (its start time,
    /// then exchange id, both descending). A summary adds up all spans of the session, also those that do not match.
    ///
    /// Spans of different tenants never share a session.
    async fn list_sessions(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<SessionSummary>, Error>;

    /// One span with its content, the newest where several were sent with that id. A row outside the scope does not exist.
    async fn span(&self, scope: &TenantScope, id: SpanId) -> Result<Option<SpanRecord>, Error>;

    /// One span by its exchange.
    async fn exchange(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<SpanRecord>, Error>;

    /// The spans of one trace with their content, oldest first, at most [`PageRequest::MAX`].
    async fn trace(&self, scope: &TenantScope, id: TraceId) -> Result<Vec<SpanRecord>, Error>;

    /// The bytes of one exchange as they passed, exactly as they were written with it; `None` where the row has none, is
    /// outside the scope or is not there. No other read loads them.
    async fn raw(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<Raw>, Error>;

    /// The bytes of several exchanges, each as [`SpanRead::raw`] gives them and in the order of `ids`, of which there are at
    /// most [`PageRequest::MAX`]: what an archive reads. An engine to which each read is a journey answers them together.
    async fn raws(&self, scope: &TenantScope, ids: &[ExchangeId]) -> Result<Vec<Option<Raw>>, Error> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.push(self.raw(scope, *id).await?);
        }
        Ok(found)
    }

    /// The exchange that is billed for an answer which others report as well (a response made in the background, a batch):
    /// of the spans of one tenant and provider that carry this provider's id of the answer, have a usage and the parameter
    /// `billed_once: true`, the oldest.
    ///
    /// Only such spans are found, so that an engine needs no index of every answer's id.
    async fn billed(&self, tenant: &TenantId, provider: &str, response_id: &str) -> Result<Option<ExchangeId>, Error>;

    /// The number of spans that match.
    async fn count(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<u64, Error>;

    /// What each model was used for by the spans that match and name one, most requests first (then by provider and model).
    ///
    /// At most [`MAX_MODELS`] are told apart, those that were seen last; the rest is left out. Walks every matching span: give
    /// it a time.
    async fn models(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<Vec<ModelTraffic>, Error>;

    /// What the matching spans add up to, group by group, ordered by time step and then by key (an absent value first).
    ///
    /// Exact: every stored span that matches is counted once, also one that was stored a moment ago. A query that needs more
    /// than [`MAX_SCANNED`] spans to be read one by one, or more than [`MAX_GROUPS`] groups, fails as `TooLarge`. An engine that
    /// adds up by itself reads none one by one: there the bound is on time, and what takes longer fails as `TooLarge`, too.
    async fn stats(&self, scope: &TenantScope, query: &StatsQuery) -> Result<Vec<StatsRow>, Error>;
}

/// The most spans [`SpanRead::stats`] reads one by one.
pub const MAX_SCANNED: u64 = 3_000_000;

/// The most groups, each step of time a group of its own, that [`SpanRead::stats`] tells apart.
pub const MAX_GROUPS: usize = 50_000;

/// Work that writes put off, and that [`SpanStore::tend`] has not done yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Hours of a tenant that ended and are not rolled up, and days that are not made of them yet; reads of them look at
    /// every span, or every hour.
    pub rollup_hours: u64,
    /// Spans whose content the text index does not hold; no search finds them.
    pub text_spans: u64,
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

    /// Does one bounded piece of the work that writes put off, and says what is left: rolls up hours that have ended by
    /// `now`, puts content into the text index. Call it until nothing is left, then again now and then.
    ///
    /// Safe beside every other call and from several processes; what it does can be done twice.
    async fn tend(&self, now: Timestamp) -> Result<Backlog, Error>;

    /// What the last [`SpanStore::tend`] left, and what was written since.
    fn backlog(&self) -> Backlog;

    /// Says whether the engine would take a write now.
    async fn ping(&self) -> Result<(), Error>;

    /// Finishes what runs and closes; later calls fail as `Unavailable`.
    async fn close(&self) -> Result<(), Error>;
}
