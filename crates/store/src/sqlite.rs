//! The engine in one SQLite file: the lite profile's store.
//!
//! One thread writes, a few read, each with its own connection to a write-ahead log, so that neither waits for the other.

mod audit;
mod body;
mod connection;
mod counters;
mod credentials;
mod erase;
mod erasures;
mod failure;
mod keys;
mod meta;
mod migrate;
mod query;
mod raw;
mod read;
mod retentions;
mod rollup;
mod row;
mod search;
mod settings;
#[cfg(test)]
mod tests;
mod text;
mod users;
mod views;
mod write;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use llmtrace_model::{
    Erased, ExchangeId, Page, PageRequest, Raw, Retentions, SessionSummary, Span, SpanFilter, SpanId, SpanRecord,
    StatsQuery, StatsRow, Subject, TenantId, TenantScope, Timestamp, TraceId, TraceSummary,
};

use self::{
    connection::Reader,
    erase::{Place, Swept},
    failure::failed,
    read::View,
    rollup::Stop,
    text::{Lag, Piece},
    write::Writer,
};
pub(crate) use self::{counters::SqliteCounters, meta::SqliteMeta};
use crate::{
    Backend, Backlog, Error, ErrorKind, ModelTraffic, Options, Reprice, Schema, SpanRead, SpanStore, SpanWrite,
    open::Refused,
    pool::{self, Pool},
    removing::Cause,
};

/// Spans in an SQLite file.
pub(crate) struct Sqlite {
    writer: Pool<Writer>,
    readers: Pool<Reader>,
    /// Reads what is put into the text index: long pieces of work, which no other read should wait for.
    tending: Pool<Reader>,
    lag: Arc<Lag>,
    /// How far the walk for old content came.
    swept: Swept,
    /// Hours and days that the last `tend` left.
    rollups_left: AtomicU64,
}

impl Sqlite {
    /// Opens the file and brings its schema up to date.
    pub(crate) async fn open(path: PathBuf, options: &Options) -> Result<Self, Refused> {
        let options = options.clone();
        opening(path, move |path| {
            let engine = |source| Refused::Engine { place: place(path), source };
            let start = |error| engine(Error::new(ErrorKind::Unavailable, Backend::Sqlite, "start thread", error));
            let (connection, _) = migrate::open(path, &options)?;
            let lag = Lag::of(&connection).map_err(|error| engine(failed("open")(error)))?;
            let lag = Arc::new(lag);
            let writer = Pool::start(
                Backend::Sqlite,
                "store-write",
                vec![Writer::new(connection, Arc::clone(&lag)).map_err(start)?],
            )
            .map_err(start)?;
            let readers = (0..options.sqlite.readers.max(1)).map(|_| Reader::open(path, &options.sqlite));
            let readers = readers.collect::<Result<Vec<_>, _>>().map_err(engine)?;
            let readers = Pool::start(Backend::Sqlite, "store-read", readers).map_err(start)?;
            let tending = vec![Reader::open(path, &options.sqlite).map_err(engine)?];
            let tending = Pool::start(Backend::Sqlite, "store-tend", tending).map_err(start)?;
            Ok(Self { writer, readers, tending, lag, swept: Swept::default(), rollups_left: AtomicU64::new(0) })
        })
        .await
    }

    /// Runs a read on one of the reading connections.
    async fn read<T: Send + 'static>(
        &self,
        op: &'static str,
        look: impl FnOnce(&View<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.view(op, look, failed(op)).await
    }

    /// Likewise, with an error of its own.
    async fn view<T, E>(
        &self,
        op: &'static str,
        look: impl FnOnce(&View<'_>) -> Result<T, E> + Send + 'static,
        failed: impl Fn(E) -> Error + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        E: From<rusqlite::Error>,
    {
        let job = move |reader: &mut Reader, cancel: &pool::Cancel| {
            View::of(reader, cancel).map_err(E::from).and_then(|view| look(&view)).map_err(failed)
        };
        self.readers.run(op, job).await
    }

    /// Looks for rows to remove, on the connection for long work.
    async fn walk<T: Send + 'static>(
        &self,
        op: &'static str,
        look: impl FnOnce(&View<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let job = move |reader: &mut Reader, cancel: &pool::Cancel| {
            View::of(reader, cancel).and_then(|view| look(&view)).map_err(failed(op))
        };
        self.tending.run(op, job).await
    }

    /// Removes one piece of what was found.
    async fn remove(&self, op: &'static str, ids: &[ExchangeId], cause: &Arc<Cause>) -> Result<Erased, Error> {
        if ids.is_empty() {
            return Ok(Erased::default());
        }
        let (ids, cause) = (ids.to_vec(), Arc::clone(cause));
        self.writer.run(op, move |writer, _| writer.remove(op, &ids, &cause)).await
    }

    /// Puts one piece into the text index, or joins parts of it. The writer has other jobs between the two.
    async fn index_text(&self) -> Result<(), Error> {
        let op = "index text";
        let lag = Arc::clone(&self.lag);
        let read =
            move |reader: &mut Reader, cancel: &pool::Cancel| Piece::read(reader, &lag, cancel).map_err(failed(op));
        let piece = self.tending.run(op, read).await?;
        if !piece.is_empty() {
            self.writer.run(op, move |writer, _| writer.index_text(&piece)).await?;
        }
        self.writer.run("merge text", |writer, _| writer.merge_text()).await
    }
}

#[async_trait]
impl SpanWrite for Sqlite {
    async fn write(&self, batch: &[Arc<SpanRecord>]) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        let rows = batch.to_vec();
        self.writer.run("write", move |writer, _| writer.write(&rows)).await?;
        batch.iter().for_each(|record| self.swept.wrote(&record.span.tenant_id, record.span.started_at));
        Ok(())
    }

    async fn reprice(&self, batch: &[Reprice]) -> Result<u64, Error> {
        let batch = batch.to_vec();
        self.writer.run("reprice", move |writer, _| writer.reprice(&batch)).await
    }

    async fn erase(&self, scope: &TenantScope, subject: &Subject, until: Timestamp) -> Result<Erased, Error> {
        let op = "erase";
        let cause = Arc::new(Cause::Asked { scope: scope.clone(), subject: subject.clone(), until });
        let (mut erased, mut after) = (Erased::default(), Some(Place::FIRST));
        while let Some(place) = after {
            let why = Arc::clone(&cause);
            let found = self.walk(op, move |view| erase::asked(&view.transaction, &why, &place)).await?;
            for ids in found.ids.chunks(erase::PIECE) {
                erased += self.remove(op, ids, &cause).await?;
            }
            after = found.next;
        }
        Ok(erased)
    }

    async fn expire(&self, rules: &Retentions, now: Timestamp) -> Result<Erased, Error> {
        let op = "expire";
        let rules = Arc::new(rules.clone());
        let cause = Arc::new(Cause::Aged { rules: (*rules).clone(), now });
        let kept = Arc::clone(&rules);
        let ids = self.walk(op, move |view| erase::aged(&view.transaction, &kept, now)).await?;
        let erased = self.remove(op, &ids, &cause).await?;
        if erased != Erased::default() {
            return Ok(erased);
        }
        loop {
            let (swept, kept) = (self.swept.begin(&rules, now), Arc::clone(&rules));
            let look = move |view: &View<'_>| erase::aged_content(&view.transaction, &kept, now, &swept);
            let sweep = self.walk(op, look).await?;
            let erased = self.remove(op, &sweep.ids, &cause).await?;
            self.swept.moved(sweep.moved);
            if sweep.is_done || erased != Erased::default() {
                return Ok(erased);
            }
        }
    }
}

#[async_trait]
impl SpanRead for Sqlite {
    async fn list(&self, scope: &TenantScope, filter: &SpanFilter, page: &PageRequest) -> Result<Page<Span>, Error> {
        let (scope, filter, page) = (scope.clone(), filter.clone(), page.clone());
        self.read("list", move |view| view.list(&scope, &filter, &page)).await
    }

    async fn list_records(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<SpanRecord>, Error> {
        let (scope, filter, page) = (scope.clone(), filter.clone(), page.clone());
        self.read("list", move |view| view.list_records(&scope, &filter, &page)).await
    }

    async fn list_traces(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<TraceSummary>, Error> {
        let (scope, filter, page) = (scope.clone(), filter.clone(), page.clone());
        self.read("list traces", move |view| view.list_traces(&scope, &filter, &page)).await
    }

    async fn list_sessions(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<SessionSummary>, Error> {
        let (scope, filter, page) = (scope.clone(), filter.clone(), page.clone());
        self.read("list sessions", move |view| view.list_sessions(&scope, &filter, &page)).await
    }

    async fn span(&self, scope: &TenantScope, id: SpanId) -> Result<Option<SpanRecord>, Error> {
        let scope = scope.clone();
        self.read("read span", move |view| view.span(&scope, id)).await
    }

    async fn exchange(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<SpanRecord>, Error> {
        let scope = scope.clone();
        self.read("read exchange", move |view| view.exchange(&scope, id)).await
    }

    async fn trace(&self, scope: &TenantScope, id: TraceId) -> Result<Vec<SpanRecord>, Error> {
        let scope = scope.clone();
        self.read("read trace", move |view| view.trace(&scope, id)).await
    }

    async fn raw(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<Raw>, Error> {
        let scope = scope.clone();
        self.read("read raw", move |view| view.raw(&scope, id)).await
    }

    async fn billed(&self, tenant: &TenantId, provider: &str, response_id: &str) -> Result<Option<ExchangeId>, Error> {
        let (tenant, provider, id) = (tenant.clone(), provider.to_owned(), response_id.to_owned());
        self.read("read billed", move |view| view.billed(&tenant, &provider, &id)).await
    }

    async fn count(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<u64, Error> {
        let (scope, filter) = (scope.clone(), filter.clone());
        self.read("count", move |view| view.count(&scope, &filter)).await
    }

    async fn models(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<Vec<ModelTraffic>, Error> {
        let (scope, filter) = (scope.clone(), filter.clone());
        self.read("models", move |view| view.models(&scope, &filter)).await
    }

    async fn stats(&self, scope: &TenantScope, query: &StatsQuery) -> Result<Vec<StatsRow>, Error> {
        let (scope, query) = (scope.clone(), query.clone());
        let look = move |view: &View<'_>| rollup::rows(view, &scope, &query);
        self.view("stats", look, Stop::of("stats")).await
    }
}

#[async_trait]
impl SpanStore for Sqlite {
    fn backend(&self) -> Backend {
        Backend::Sqlite
    }

    async fn tend(&self, now: Timestamp) -> Result<Backlog, Error> {
        self.index_text().await?;
        let op = "roll up";
        let built = self.view(op, move |view| rollup::build(&view.transaction, now), Stop::of(op)).await?;
        if !built.is_empty() {
            self.writer.run(op, move |writer, _| writer.roll_up(&built)).await?;
        }
        let left = self.read(op, move |view| rollup::left(&view.transaction, now)).await?;
        self.rollups_left.store(left, Ordering::Relaxed);
        Ok(self.backlog())
    }

    fn backlog(&self) -> Backlog {
        Backlog { rollup_hours: self.rollups_left.load(Ordering::Relaxed), text_spans: self.lag.rows() }
    }

    async fn ping(&self) -> Result<(), Error> {
        self.writer.run("ping", |writer, _| writer.ping()).await
    }

    async fn close(&self) -> Result<(), Error> {
        // The last connection to close folds the log into the file: the one that may write.
        self.tending.close().await;
        self.readers.close().await;
        self.writer.close().await;
        Ok(())
    }
}

/// Creates or updates the schema of a file; returns it as it was found.
pub(crate) async fn migrate(path: PathBuf, options: &Options) -> Result<Schema, Refused> {
    let options = Options { migrate: crate::Migrate::Auto, ..options.clone() };
    opening(path, move |path| migrate::open(path, &options).map(|(_, schema)| schema)).await
}

/// Reads the version of a file's schema and changes nothing.
pub(crate) async fn schema(path: PathBuf, options: &Options) -> Result<Schema, Refused> {
    let options = options.clone();
    opening(path, move |path| migrate::read(path, &options)).await
}

/// Runs the blocking work of opening away from the runtime's threads.
async fn opening<T: Send + 'static>(
    path: PathBuf,
    open: impl FnOnce(&Path) -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    let place = place(&path);
    let opened = pool::blocking("open", move || open(&path)).await;
    opened.unwrap_or_else(|source| Err(Refused::Engine { place, source }))
}

/// The file, for messages.
fn place(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}
