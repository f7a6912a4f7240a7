//! The port for what is not a span: the tenants that were seen, how long they keep things, what was erased, saved views.

use std::collections::BTreeMap;

use async_trait::async_trait;
use llmtrace_model::{Erased, Erasure, ErasureId, Retention, SavedView, TenantId, TenantScope, Timestamp, ViewId};

use crate::{AccessStore, AuditStore, Backend, CredentialStore, Error, SettingsStore, UserStore};

/// A store of everything that is not a span, with the keys, the people, the audit log, and what tenants have set and stored.
#[async_trait]
pub trait MetaStore: AccessStore + AuditStore + UserStore + SettingsStore + CredentialStore {
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

    /// How long each tenant keeps its spans, where it has a rule of its own.
    async fn retentions(&self) -> Result<BTreeMap<TenantId, Retention>, Error>;

    /// Gives a tenant a rule of its own, or with `None` takes it away.
    async fn put_retention(&self, tenant: &TenantId, retention: Option<Retention>) -> Result<(), Error>;

    /// Forgets a tenant: that it was seen, its saved views, its rule of retention, its settings and its credentials; its keys
    /// are revoked, and what people were granted in it is taken from them. Its erasures stay, which are receipts, and so does its
    /// audit log. Says whether there was anything to forget, revoke or take.
    async fn delete_tenant(&self, tenant: &TenantId, now: Timestamp) -> Result<bool, Error>;

    /// Adds an erasure and says whether it did: one of the same id that is there stays as it is, whosever it is.
    async fn add_erasure(&self, erasure: &Erasure) -> Result<bool, Error>;

    /// The erasures of a scope, those asked for last first (then by id), at most [`MAX_ERASURES`].
    async fn erasures(&self, scope: &TenantScope) -> Result<Vec<Erasure>, Error>;

    /// One erasure; one outside the scope does not exist.
    async fn erasure(&self, scope: &TenantScope, id: ErasureId) -> Result<Option<Erasure>, Error>;

    /// The erasures of all tenants that are due at `now`: those that were never done, and behind them those that are
    /// repeated, each by when they became due (then by id): at most [`MAX_ERASURES`], so that many repeated ones never hide
    /// a new one.
    async fn erasures_due(&self, now: Timestamp) -> Result<Vec<Erasure>, Error>;

    /// Moves when an erasure is due from one time to another, and says whether it did: of several who move it from the same
    /// time, one does.
    ///
    /// Who carries an erasure out moves it ahead first, and on while it works: nobody else begins meanwhile, and somebody
    /// does where it dies.
    async fn move_erasure(&self, id: ErasureId, from: Timestamp, to: Timestamp) -> Result<bool, Error>;

    /// Notes that an erasure was carried out: adds what was removed to what was removed before, and sets when it is due next.
    /// It was done when it was carried out first.
    async fn note_erased(&self, id: ErasureId, carried_out: &CarriedOut) -> Result<(), Error>;

    /// Says whether the engine would take a write now.
    async fn ping(&self) -> Result<(), Error>;

    /// Finishes what runs and closes; later calls fail as `Unavailable`.
    async fn close(&self) -> Result<(), Error>;
}

/// The most tenants [`MetaStore::tenants`] returns.
pub const MAX_TENANTS: usize = 10_000;

/// The most erasures of one answer.
pub const MAX_ERASURES: usize = 1_000;

/// The most saved views of one tenant.
pub const MAX_VIEWS_OF_TENANT: usize = 500;

/// The most saved views of all tenants together.
pub const MAX_VIEWS: usize = 5_000;

/// That an erasure was carried out once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CarriedOut {
    /// When.
    pub at: Timestamp,
    /// What was removed.
    pub removed: Erased,
    /// When it is due next; `None` where its time is over.
    pub due_at: Option<Timestamp>,
}

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
    /// What names it, such as the name that a person logs in with, is another's.
    Taken,
    /// It would change something outside the scope.
    Outside,
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
