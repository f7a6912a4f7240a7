//! What can be set about a store. The server's configuration maps onto it; the defaults are the documented ones.

use std::time::Duration;

/// Settings of all engines; each engine reads its own part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// What to do with a schema that is older than the program.
    pub migrate: Migrate,
    /// Bounds of the memory engine.
    pub memory: MemoryOptions,
    /// Settings of the SQLite engine.
    pub sqlite: SqliteOptions,
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
