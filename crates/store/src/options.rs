//! What can be set about a store. The server's configuration maps onto it; the defaults are the documented ones.

use std::{fmt, time::Duration};

/// Settings of all engines; each engine reads its own part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// What to do with a schema that is older than the program.
    pub migrate: Migrate,
    /// Bounds of the memory engine.
    pub memory: MemoryOptions,
    /// Settings of the SQLite engine.
    pub sqlite: SqliteOptions,
    /// Where the ClickHouse server is, for stores named `clickhouse:`.
    pub clickhouse: ClickhouseOptions,
    /// Where the PostgreSQL server is, for stores named `postgres:`.
    pub postgres: ServerOptions,
    /// Where the Redis server is, for stores named `redis:`.
    pub redis: ServerOptions,
}

/// A text that no message, log or `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text to itself.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever connects.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a server is and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerOptions {
    /// Its URL, which may hold user and password; `None` where there is no such server.
    pub url: Option<Secret>,
    /// The password, in place of one in the URL.
    pub password: Option<Secret>,
    /// PEM text of authorities: trusted beside the built-in ones, by Redis in place of them.
    pub ca_pem: Option<Vec<u8>>,
    /// Connections at most; 0 for the engine's own default.
    pub max_connections: u32,
}

/// Settings of the ClickHouse engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClickhouseOptions {
    /// The server: `http://` or `https://`.
    pub server: ServerOptions,
    /// The database; made where it is missing.
    pub database: String,
    /// The name of the cluster on which tables are made, replicated and distributed; `None` for one server.
    pub cluster: Option<String>,
}

/// What opening does with a schema that is older than the program (or absent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Migrate {
    /// Brings it up to date.
    #[default]
    Auto,
    /// Refuses to open; `migrate` is run by hand.
    Refuse,
}

/// Bounds of the memory engine: whichever is reached first drops the oldest spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryOptions {
    /// Spans kept at most.
    pub max_rows: usize,
    /// Bytes kept at most, estimated from the lengths of what a span holds.
    pub max_bytes: usize,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self { max_rows: 100_000, max_bytes: 128 << 20 }
    }
}

/// Settings of the SQLite engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqliteOptions {
    /// How long to wait for another process that holds the file's lock before a call fails as `Unavailable`.
    pub busy_timeout: Duration,
    /// How long one read may run before it fails as `Timeout`.
    pub read_timeout: Duration,
    /// Threads that read, each with its own connection.
    pub readers: usize,
    /// Page cache of the writing connection in KiB; a reading one takes a quarter of it.
    pub cache_kib: u32,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(30),
            readers: 2,
            cache_kib: 32 << 10,
        }
    }
}
