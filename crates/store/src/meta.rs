//! The port for what is not a span: the tenants that were seen, and saved views.

use async_trait::async_trait;
use llmtrace_model::{SavedView, TenantId, TenantScope, Timestamp, ViewId};

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

    /// The saved views of a scope, by name and then by id: those of one tenant, or all. A view outside the scope does not
    /// exist, for this call and for the three below; one without a tenant is only in the scope of all.
    async fn views(&self, scope: &TenantScope) -> Result<Vec<SavedView>, Error>;

    /// One saved view.
    async fn view(&self, scope: &TenantScope, id: ViewId) -> Result<Option<SavedView>, Error>;

    /// Adds a saved view, which gets version 1 whatever it says, or puts its name, page, query and time of change in the
    /// place of one version of it, which gets the next version; nothing else of it changes.
    ///
    /// Of two changes of one version the first counts, the second is told that it came late. At most
    /// [`MAX_VIEWS_OF_TENANT`] views are kept of each tenant (and of none), and [`MAX_VIEWS`] in all.
    async fn put_view(&self, scope: &TenantScope, view: &SavedView, replacing: Replacing) -> Result<Written, Error>;

    /// Deletes a saved view, if it still has that version.
    async fn delete_view(&self, scope: &TenantScope, id: ViewId, version: u32) -> Result<Written, Error>;

    /// Says whether the engine would take a write now.
    async fn ping(&self) -> Result<(), Error>;

    /// Finishes what runs and closes; later calls fail as `Unavailable`.
    async fn close(&self) -> Result<(), Error>;
}

/// The most tenants [`MetaStore::tenants`] returns.
pub const MAX_TENANTS: usize = 10_000;

/// The most saved views of one tenant.
pub const MAX_VIEWS_OF_TENANT: usize = 500;

/// The most saved views of all tenants together.
pub const MAX_VIEWS: usize = 5_000;

/// What a written thing takes the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacing {
    /// Nothing: it is new.
    Nothing,
    /// This version of itself.
    Version(u32),
}

/// What became of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It was done.
    Done,
    /// What is there has another version, or is there where nothing was to be.
    Changed,
    /// There is nothing of that id in the scope.
    Absent,
    /// There are as many as are kept.
    Full,
}

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
