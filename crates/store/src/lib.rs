//! Where spans are kept: ports, their contracts, and one adapter per engine.
//!
//! Knows no HTTP, no provider and no detector. `pipeline` writes, `api` and the command line read; the front lane never
//! comes here. A new engine is one folder and one arm in `open.rs`; it passes the suite in `conformance`.

mod access;
mod audit;
mod cached;
mod clickhouse;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod connect;
mod counter;
mod counting;
mod error;
mod examine;
mod matching;
mod memory;
mod meta;
mod open;
mod options;
mod pool;
mod postgres;
mod redis;
mod removing;
mod server_url;
mod session;
mod settings;
mod span;
mod sqlite;
mod stats;
mod users;

pub use access::{AccessChanges, AccessStore, MAX_CHANGES, MAX_KEYS};
pub use audit::{AuditCursor, AuditFilter, AuditStore, MAX_AUDIT, MAX_CHAINS};
pub use cached::{CacheEvent, Cached, Keeping, MAX_KEPT, MAX_KEPT_BYTES, MAX_LIVE, Watch};
pub use counter::{
    Bucket, Counter, CounterName, CounterStore, Demand, Draw, Level, MAX_COUNTED, MAX_COUNTERS, MAX_LEASE,
    MAX_NOTE_BYTES, NameError, Put, REMEMBERED, Rebuild, Rebuilt, Settle, Settled, SharedNote, Slot, Take, Taken,
    Unreserved, Window,
};
pub use error::{Backend, Error, ErrorKind};
pub use examine::{Grade, Note, examine, size};
pub use matching::matches;
pub use memory::record_bytes;
pub use meta::{
    CarriedOut, MAX_ERASURES, MAX_TENANTS, MAX_VIEWS, MAX_VIEWS_OF_TENANT, MetaStore, Replacing, Tenant, Written,
};
pub use open::{Keeps, OpenError, Schema, check_url, migrate, open_counters, open_meta, open_spans, schema};
pub use options::{ClickhouseOptions, MemoryOptions, Migrate, Options, Secret, ServerOptions, SqliteOptions};
pub use server_url::{Host, Server, ServerUrl, UrlError};
pub use session::{MAX_SESSIONS, SessionStore};
pub use settings::{
    CredentialChange, CredentialChanges, CredentialStore, MAX_CREDENTIALS, SettingsChanges, SettingsStore,
};
pub use span::{Backlog, MAX_GROUPS, MAX_MODELS, MAX_SCANNED, ModelTraffic, Reprice, SpanRead, SpanStore, SpanWrite};
pub use users::{MAX_USERS, UserChanges, UserStore};
