//! The engine on a ClickHouse server or cluster: the production profile's store of spans.
//!
//! Speaks HTTP. A server that is away does not keep a store from opening: each call makes sure that it is there, and works as soon as it
//! is. See ADR 0018 for the tables and for why each span is seen once.

mod client;
mod erase;
mod expire;
mod failure;
mod lists;
mod migrate;
mod query;
mod read;
mod rollup;
mod row;
mod stats;
mod sums;
mod tables;
mod terms;
#[cfg(test)]
mod tests;
mod windows;
mod wire;
mod write;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use llmtrace_model::{
    Erased, ExchangeId, Page, PageRequest, Raw, Retentions, SessionSummary, Span, SpanFilter, SpanId, SpanRecord,
    StatsQuery, StatsRow, Subject, TenantId, TenantScope, Timestamp, TraceId, TraceSummary,
};
use tokio::sync::Mutex;

use self::{client::Engine, query::Query, tables::Maker};
use crate::{
    Backend, Backlog, Error, ErrorKind, Migrate, ModelTraffic, Options, Reprice, Schema, SpanRead, SpanStore,
    SpanWrite, open::Refused, pool::Pool,
};

/// Spans on a ClickHouse server.
pub(crate) struct Clickhouse {
    engine: Engine,
    /// Makes rows of records.
    maker: Pool<Maker>,
    /// Held while something is looked up and then changed: what one call of this process wrote, the next one sees. Not while
    /// rows are removed, which takes as long as parts are rewritten: spans to store do not wait for that, and what is written
    /// meanwhile is found by the next call, as that of another process is.
    writing: Mutex<()>,
    /// Hours that were due at the last look.
    left: AtomicU64,
}

impl Clickhouse {
    /// Takes the settings and tries once to reach the server; see [`Engine::open`].
    pub(crate) async fn open(options: &Options) -> Result<Self, Refused> {
        let engine = Engine::new(&options.clickhouse, options.migrate)?;
        let maker = Pool::start(Backend::Clickhouse, "store-rows", vec![Maker::new()]);
        let maker = maker.map_err(|error| Refused::Engine {
            place: engine.place.clone(),
            source: Error::new(ErrorKind::Unavailable, Backend::Clickhouse, "start thread", error),
        })?;
        engine.open().await?;
        Ok(Self { engine, maker, writing: Mutex::new(()), left: AtomicU64::new(0) })
    }
}

/// A client and the name of our database, for whoever examines the server; touches no network.
pub(crate) fn to_examine(options: &Options) -> Result<(clickhouse::Client, String), Refused> {
    let engine = Engine::new(&options.clickhouse, Migrate::Refuse)?;
    Ok((engine.client, engine.database))
}

/// Creates or updates the schema; returns it as it was found.
pub(crate) async fn migrate(options: &Options) -> Result<Schema, Refused> {
    let engine = Engine::new(&options.clickhouse, Migrate::Auto)?;
    migrate::bring(&engine, Migrate::Auto).await
}

/// Reads the version of the schema and changes nothing.
pub(crate) async fn schema(options: &Options) -> Result<Schema, Refused> {
    Engine::new(&options.clickhouse, Migrate::Refuse)?.schema().await
}

#[async_trait]
impl SpanWrite for Clickhouse {
    async fn write(&self, batch: &[Arc<SpanRecord>]) -> Result<(), Error> {
        self.engine.ready("write").await?;
        let _one_at_a_time = self.writing.lock().await;
        write::batch(&self.engine, &self.maker, batch).await
    }

    async fn reprice(&self, batch: &[Reprice]) -> Result<u64, Error> {
        self.engine.ready("reprice").await?;
        let _one_at_a_time = self.writing.lock().await;
        erase::reprice(&self.engine, batch).await
    }

    async fn erase(&self, scope: &TenantScope, subject: &Subject, until: Timestamp) -> Result<Erased, Error> {
        self.engine.ready("erase").await?;
        erase::erase(&self.engine, scope, subject, until).await
    }

    async fn expire(&self, rules: &Retentions, now: Timestamp) -> Result<Erased, Error> {
        self.engine.ready("expire").await?;
        expire::expire(&self.engine, rules, now).await
    }
}

#[async_trait]
impl SpanRead for Clickhouse {
    async fn list(&self, scope: &TenantScope, filter: &SpanFilter, page: &PageRequest) -> Result<Page<Span>, Error> {
        lists::page_of_spans(&self.engine, "list", scope, filter, page).await
    }

    async fn list_records(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<SpanRecord>, Error> {
        let Page { items, next } = lists::page_of_spans(&self.engine, "list records", scope, filter, page).await?;
        Ok(Page { items: read::records(&self.engine, "list records", items).await?, next })
    }

    async fn list_traces(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<TraceSummary>, Error> {
        lists::page_of_traces(&self.engine, scope, filter, page).await
    }

    async fn list_sessions(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<SessionSummary>, Error> {
        lists::page_of_sessions(&self.engine, scope, filter, page).await
    }

    async fn span(&self, scope: &TenantScope, id: SpanId) -> Result<Option<SpanRecord>, Error> {
        read::span(&self.engine, scope, id).await
    }

    async fn exchange(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<SpanRecord>, Error> {
        read::exchange(&self.engine, scope, id).await
    }

    async fn trace(&self, scope: &TenantScope, id: TraceId) -> Result<Vec<SpanRecord>, Error> {
        read::trace(&self.engine, scope, id).await
    }

    async fn raw(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<Raw>, Error> {
        Ok(read::raws(&self.engine, scope, &[id]).await?.pop().flatten())
    }

    async fn raws(&self, scope: &TenantScope, ids: &[ExchangeId]) -> Result<Vec<Option<Raw>>, Error> {
        read::raws(&self.engine, scope, ids).await
    }

    async fn billed(&self, tenant: &TenantId, provider: &str, response_id: &str) -> Result<Option<ExchangeId>, Error> {
        read::billed(&self.engine, tenant, provider, response_id).await
    }

    async fn count(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<u64, Error> {
        read::count(&self.engine, scope, filter).await
    }

    async fn models(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<Vec<ModelTraffic>, Error> {
        stats::models(&self.engine, scope, filter).await
    }

    async fn stats(&self, scope: &TenantScope, query: &StatsQuery) -> Result<Vec<StatsRow>, Error> {
        stats::stats(&self.engine, scope, query).await
    }
}

#[async_trait]
impl SpanStore for Clickhouse {
    fn backend(&self) -> Backend {
        Backend::Clickhouse
    }

    async fn tend(&self, now: Timestamp) -> Result<Backlog, Error> {
        let left = rollup::tend(&self.engine, now).await?;
        self.left.store(left.rollup_hours, Ordering::Relaxed);
        Ok(left)
    }

    /// What the last [`SpanStore::tend`] of this process left: others write, too.
    fn backlog(&self) -> Backlog {
        Backlog { rollup_hours: self.left.load(Ordering::Relaxed), text_spans: 0 }
    }

    async fn ping(&self) -> Result<(), Error> {
        self.engine.number("ping", Query::of("SELECT toUInt64(1)")).await.map(|_| ())
    }

    async fn close(&self) -> Result<(), Error> {
        self.engine.close();
        self.maker.close().await;
        Ok(())
    }
}
