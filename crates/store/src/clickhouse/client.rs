//! The connection: one HTTP client, made ready before its first use and again after a failure.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use bytes::Bytes;
use clickhouse::{Client, Compression};
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioExecutor};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{
    failure::{failed, late},
    migrate,
    query::Query,
    wire::{Rows, Values},
};
use crate::{
    Backend, ClickhouseOptions, Error, ErrorKind, Migrate, Schema, ServerUrl, connect, error::Complaint, open::Refused,
};

/// How long one statement may run.
const STATEMENT: Duration = Duration::from_secs(30);
/// How long a server may add up; it gives up by itself before a caller does.
const SUMS_SECONDS: u64 = 25;
/// How long a statement may run that nobody waits for: sums are added up, or parts are written anew without some rows.
const BESIDE: Duration = Duration::from_secs(600);
/// Memory of the server that one read may take; from a quarter of it on it sorts and groups on the disk.
const MEMORY: u64 = 4 << 30;
/// How long the server may take to make its tables when a store is opened.
const OPENING: Duration = Duration::from_secs(10);
/// A failed attempt to get ready is not repeated sooner.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the server may take to accept a connection, or to say its version.
const CONNECT: Duration = Duration::from_secs(5);
/// The operating system asks a silent server this often whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// A connection that was not used for so long is made anew: the server closes it after 3 s by default.
const IDLE: Duration = Duration::from_secs(2);
/// What the settings take, for messages.
const EXAMPLE: &str = "http://clickhouse:8123";

/// How rows are removed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Removal {
    /// The parts that hold them are written anew: the disk has them no more.
    Rewritten,
    /// Likewise, of one partition alone.
    Within(u32),
    /// No read finds them; the disk is free of them when their parts are merged.
    Masked,
    /// A whole partition goes, without being read.
    Dropped(u32),
}

/// The engine: sends statements, and is ready once the schema is what this program writes.
pub(super) struct Engine {
    pub(super) client: Client,
    pub(super) database: String,
    pub(super) cluster: Option<String>,
    /// The server without credentials, for messages.
    pub(super) place: String,
    migrate: Migrate,
    is_ready: AtomicBool,
    is_closed: AtomicBool,
    /// The last attempt that failed.
    attempt: Mutex<Option<(Instant, Error)>>,
}

impl Engine {
    /// Takes the settings; touches no network.
    pub(super) fn new(options: &ClickhouseOptions, migrate: Migrate) -> Result<Self, Refused> {
        let wrong = |problem: String| Refused::Schema(problem);
        let url = ServerUrl::parse(&options.server, &["http", "https"], EXAMPLE)
            .map_err(|error| wrong(format!("clickhouse.url: {error}")))?;
        let [host] = url.hosts.as_slice() else {
            let found = url.hosts.len();
            return Err(wrong(format!("clickhouse.url: found {found} hosts, expected one such as {EXAMPLE}")));
        };
        if !url.path.is_empty() {
            return Err(wrong(format!(
                "clickhouse.url: found a path behind the host, expected none: the database is clickhouse.database, \
                 the URL is such as {EXAMPLE}"
            )));
        }
        let database = if options.database.is_empty() { "llmtrace" } else { &options.database }.to_owned();
        name("clickhouse.database", &database)?;
        options.cluster.iter().try_for_each(|cluster| name("clickhouse.cluster", cluster))?;
        let port = host.port.unwrap_or(if url.scheme == "https" { 8443 } else { 8123 });
        let shown = crate::server_url::Host { name: host.name.clone(), port: Some(port) };
        let mut client = over_http(options.server.ca_pem.as_deref())
            .map_err(|why| {
                let expected = "expected PEM certificates of authorities";
                wrong(format!("clickhouse.ca_bundle: the file cannot be used ({why}), {expected}"))
            })?
            .with_url(format!("{}://{shown}/", url.scheme))
            .with_user(url.user.clone().unwrap_or_else(|| "default".to_owned()))
            .with_compression(Compression::Lz4)
            .with_setting("async_insert", "0")
            // A batch that was erased and is written again is the same block: it must not be taken for a repetition.
            .with_setting("insert_deduplicate", "0")
            .with_setting("do_not_merge_across_partitions_select_final", "1")
            .with_setting("max_query_size", "16777216");
        if let Some(password) = &url.password {
            client = client.with_password(password.expose());
        }
        if options.cluster.is_some() {
            client = client
                .with_setting("distributed_foreground_insert", "1")
                .with_setting("distributed_product_mode", "local");
        }
        Ok(Self {
            client,
            database,
            cluster: options.cluster.clone(),
            place: url.place(),
            migrate,
            is_ready: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            attempt: Mutex::new(None),
        })
    }

    /// Tries once to get ready; a server that is away is met again by the first call that needs it.
    pub(super) async fn open(&self) -> Result<(), Refused> {
        match timeout(OPENING, migrate::bring(self, self.migrate)).await {
            Ok(Ok(_)) => self.is_ready.store(true, Ordering::Release),
            Ok(Err(refused @ Refused::Schema(_))) => return Err(refused),
            Ok(Err(Refused::Engine { source, .. })) => self.remember(source).await,
            Err(_) => self.remember(late("open", OPENING.as_secs())).await,
        }
        Ok(())
    }

    /// Reads the version of the schema, for whoever only looks: a server that does not answer is soon told.
    pub(super) async fn schema(&self) -> Result<Schema, Refused> {
        let late = |_| Refused::Engine { place: self.place.clone(), source: late("read schema", CONNECT.as_secs()) };
        timeout(CONNECT, migrate::read(self)).await.map_err(late)?
    }

    async fn remember(&self, error: Error) {
        tracing::warn!(store.place = %self.place, %error, cause = %error.source, "the store is away, it is tried again when it is needed");
        *self.attempt.lock().await = Some((Instant::now(), error));
    }

    /// Makes sure that the schema is there; one caller tries, the others wait for it.
    pub(super) async fn ready(&self, op: &'static str) -> Result<(), Error> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(Error::closed(Backend::Clickhouse, op));
        }
        if self.is_ready.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut last = self.attempt.lock().await;
        if self.is_ready.load(Ordering::Acquire) {
            return Ok(());
        }
        if let Some((at, error)) = last.as_ref()
            && at.elapsed() < PAUSE
        {
            return Err(error.again(op));
        }
        let error = match timeout(OPENING, migrate::bring(self, self.migrate)).await {
            Ok(Ok(_)) => {
                *last = None;
                self.is_ready.store(true, Ordering::Release);
                return Ok(());
            }
            Ok(Err(Refused::Schema(why))) => {
                Error::new(ErrorKind::Config, Backend::Clickhouse, op, Complaint::new(why, ""))
            }
            Ok(Err(Refused::Engine { source, .. })) => Error { op, ..source },
            Err(_) => late(op, OPENING.as_secs()),
        };
        *last = Some((Instant::now(), error.again(op)));
        Err(error)
    }

    /// Takes no more calls.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    /// The client, in our database.
    fn inside(&self) -> Client {
        self.client.clone().with_database(self.database.as_str())
    }

    /// Reads all rows of an answer.
    pub(super) async fn rows(&self, op: &'static str, query: Query) -> Result<Bytes, Error> {
        self.ready(op).await?;
        // What is given up here ends there, too, and takes no memory from what others ask.
        let client = self
            .inside()
            .with_setting("max_execution_time", STATEMENT.as_secs().to_string())
            .with_setting("max_memory_usage", MEMORY.to_string())
            .with_setting("max_bytes_before_external_group_by", (MEMORY / 4).to_string())
            .with_setting("max_bytes_before_external_sort", (MEMORY / 4).to_string());
        self.answer(op, client, query).await
    }

    /// Likewise, before the schema is known; `client` says in which database.
    pub(super) async fn answer(&self, op: &'static str, client: Client, query: Query) -> Result<Bytes, Error> {
        let asked = async {
            let mut asked = client.query_raw(&query.sql);
            for (n, value) in query.values.into_iter().enumerate() {
                asked = asked.with_setting(format!("param_p{n}"), value);
            }
            asked.fetch_bytes("RowBinary")?.collect().await
        };
        let answer = timeout(STATEMENT, asked).await.map_err(|_| late(op, STATEMENT.as_secs()))?;
        answer.map_err(failed(op))
    }

    /// Reads all rows of an answer that the server adds up from as many rows as it takes; the bound is its time.
    pub(super) async fn sums(&self, op: &'static str, query: Query) -> Result<Bytes, Error> {
        self.ready(op).await?;
        let client = self.inside().with_setting("max_execution_time", SUMS_SECONDS.to_string());
        self.answer(op, client, query).await.map_err(|error| match super::failure::code(&error.source.to_string()) {
            // TIMEOUT_EXCEEDED
            Some(159) => {
                let why = format!(
                    "it takes the server more than {SUMS_SECONDS} s to add up, ask about a shorter time or filter by fewer things"
                );
                Error::too_large(Backend::Clickhouse, op, why)
            }
            _ => error,
        })
    }

    /// One number.
    pub(super) async fn number(&self, op: &'static str, query: Query) -> Result<u64, Error> {
        Values::of(&self.rows(op, query).await?, op).u64()
    }

    /// Inserts rows, all in one statement; none is no statement.
    pub(super) async fn insert(&self, op: &'static str, statement: &str, rows: Rows) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let sent = async {
            // Packing costs as much CPU as all else that makes a row (ADR 0026).
            let mut insert = self.inside().with_compression(Compression::None).insert_formatted_with(statement);
            for piece in rows.into_pieces() {
                insert.send(piece).await?;
            }
            insert.end().await
        };
        timeout(STATEMENT, sent).await.map_err(|_| late(op, STATEMENT.as_secs()))?.map_err(failed(op))
    }

    /// Runs a statement without an answer; `client` says in which database.
    pub(super) async fn run(&self, op: &'static str, client: Client, sql: &str) -> Result<(), Error> {
        let run = client.query_raw(sql).execute();
        timeout(STATEMENT, run).await.map_err(|_| late(op, STATEMENT.as_secs()))?.map_err(failed(op))
    }

    /// Runs a statement with parameters and without an answer, in our database: one that reads much, beside everything else.
    pub(super) async fn change(&self, op: &'static str, query: Query) -> Result<(), Error> {
        self.ready(op).await?;
        let mut run = self.inside().query_raw(&query.sql);
        for (n, value) in query.values.into_iter().enumerate() {
            run = run.with_setting(format!("param_p{n}"), value);
        }
        timeout(BESIDE, run.execute()).await.map_err(|_| late(op, BESIDE.as_secs()))?.map_err(failed(op))
    }

    /// Removes rows of one table and waits until that is done, on every replica.
    pub(super) async fn remove(
        &self,
        op: &'static str,
        how: Removal,
        table: &str,
        condition: Query,
    ) -> Result<(), Error> {
        let (table, on_cluster) = match &self.cluster {
            Some(cluster) => (format!("{table}_local"), format!(" ON CLUSTER `{cluster}`")),
            None => (table.to_owned(), String::new()),
        };
        let Query { sql: condition, values } = condition;
        let sql = match how {
            Removal::Rewritten => format!("ALTER TABLE {table}{on_cluster} DELETE WHERE {condition}"),
            Removal::Within(partition) => {
                format!("ALTER TABLE {table}{on_cluster} DELETE IN PARTITION {partition} WHERE {condition}")
            }
            Removal::Masked => format!("DELETE FROM {table}{on_cluster} WHERE {condition}"),
            Removal::Dropped(partition) => format!("ALTER TABLE {table}{on_cluster} DROP PARTITION {partition}"),
        };
        let inside = self.inside().with_setting("mutations_sync", "2").with_setting("lightweight_deletes_sync", "2");
        let mut run = inside.query_raw(&sql);
        for (n, value) in values.into_iter().enumerate() {
            run = run.with_setting(format!("param_p{n}"), value);
        }
        timeout(BESIDE, run.execute()).await.map_err(|_| late(op, BESIDE.as_secs()))?.map_err(failed(op))
    }

    /// The client in our database, for the schema.
    pub(super) fn own(&self) -> Client {
        self.inside()
    }
}

/// The driver's client on an HTTP client of ours, since its own trusts the built-in authorities only (ADR 0029).
fn over_http(ca_pem: Option<&[u8]>) -> Result<Client, rustls::Error> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_connect_timeout(Some(CONNECT));
    let tls = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(connect::tls(ca_pem)?);
    let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
    let mut http = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
    Ok(Client::with_http_client(http.pool_idle_timeout(IDLE).build(connector)))
}

/// Checks a name that stands in statements.
fn name(setting: &str, name: &str) -> Result<(), Refused> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if (1..=64).contains(&name.len()) && name.chars().all(plain) {
        return Ok(());
    }
    Err(Refused::Schema(format!("{setting}: expected 1 to 64 of A-Z a-z 0-9 _ - .")))
}
