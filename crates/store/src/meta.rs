//! The port for what is not a span: so far the tenants that were seen.

use async_trait::async_trait;
use llmtrace_model::{TenantId, Timestamp};

use crate::{Backend, Error};

/// A store of everything that is not a span.
#[async_trait]
pub trait MetaStore: Send + Sync {
    /// The engine.
    fn backend(&self) -> Backend;

    /// Notes that tenants were seen at a time, all of them or none.
    ///
    /// Idempotent and free of order: `first_seen` only falls, `last_seen` only rises.
    async fn touch_tenants(&self, seen: &[(TenantId, Timestamp)]) -> Result<(), Error>;

    /// The tenants that were seen, by name, at most [`MAX_TENANTS`].
    async fn tenants(&self) -> Result<Vec<Tenant>, Error>;

    /// Says whether the engine would take a write now.
    async fn ping(&self) -> Result<(), Error>;

    /// Finishes what runs and closes; later calls fail as `Unavailable`.
    async fn close(&self) -> Result<(), Error>;
}

/// The most tenants [`MetaStore::tenants`] returns.
pub const MAX_TENANTS: usize = 10_000;

/// A tenant that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its name.
    pub id: TenantId,
    /// When it was seen first.
    pub first_seen: Timestamp,
    /// When it was seen last.
    pub last_seen: Timestamp,
}
