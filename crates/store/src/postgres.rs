//! The engine in a PostgreSQL server: tenants, their rules, settings and credentials, saved views, erasures, keys, people and
//! the audit log of the production profile.
//!
//! Everything is in the schema `llmtrace` of the database that `postgres.url` names, and named with it in every statement. The
//! server may be away when the store opens, and go and come back: see `link`.

mod audit;
mod credentials;
mod erasures;
mod failure;
mod keys;
mod link;
mod migrate;
mod row;
mod server;
mod settings;
mod tenants;
#[cfg(test)]
mod tests;
mod users;
mod views;

use std::collections::BTreeMap;

use async_trait::async_trait;
use llmtrace_model::{
    ApiKey, AuditEntry, AuditHead, AuditRecord, Erasure, ErasureId, Identity, KeyHash, KeyId, ProviderCredential,
    Retention, SavedView, TenantId, TenantScope, TenantSettings, Timestamp, User, UserId, UserName, ViewId,
};
use sqlx::{PgConnection, postgres::PgConnectOptions};
use tokio::time::timeout;

pub(crate) use self::failure::failed;
use self::{
    link::{CALL, Link},
    migrate::Fault,
};
use crate::{
    AccessChanges, AccessStore, AuditCursor, AuditFilter, AuditStore, Backend, CarriedOut, CredentialChanges,
    CredentialStore, Error, MetaStore, OpenError, Options, Replacing, Schema, SettingsChanges, SettingsStore, Tenant,
    UserChanges, UserStore, Written, open::Refused,
};

/// The setting that says where the server is.
const SETTING: &str = "postgres.url";

/// What a PostgreSQL server holds beside spans.
#[derive(Debug)]
pub(crate) struct PostgresMeta {
    link: Link,
}

/// Runs one call on a connection of its own.
macro_rules! call {
    ($store:expr, $op:literal, $connection:ident => $work:expr) => {{
        let mut lent = $store.link.lend($op).await?;
        let $connection = &mut *lent;
        let done = timeout(CALL, $work).await;
        $store.link.settle($op, lent, done)
    }};
}

impl PostgresMeta {
    /// Connects and brings the schema up to date; where the server is away, the first call that finds it does.
    pub(crate) async fn open(setting: &str, options: &Options) -> Result<Self, OpenError> {
        let (server, place) = server(options)?;
        let link = Link::new(server, place.clone(), options.migrate, options.postgres.max_connections);
        match link.ready("open").await {
            Ok(()) => {}
            Err(Fault::Refused(why)) => return Err(Refused::Schema(why).under(setting)),
            Err(Fault::Engine(error)) => {
                tracing::warn!(%place, kind = %error.kind, reason = %error.source, "PostgreSQL is away, and tried again");
            }
        }
        Ok(Self { link })
    }
}

/// Creates or updates the schema; returns it as it was found.
pub(crate) async fn migrate(setting: &str, options: &Options) -> Result<Schema, OpenError> {
    let (server, place) = server(options)?;
    link::migrate(&server, &place).await.map_err(|fault| refused(fault, place).under(setting))
}

/// Reads the version of the schema and changes nothing.
pub(crate) async fn schema(setting: &str, options: &Options) -> Result<Schema, OpenError> {
    let (server, place) = server(options)?;
    link::schema(&server, &place).await.map_err(|fault| refused(fault, place).under(setting))
}

/// Does something on a connection of its own, for whoever examines the server.
pub(crate) async fn examine<T>(
    setting: &str,
    options: &Options,
    work: impl AsyncFnOnce(&mut PgConnection) -> T,
) -> Result<T, OpenError> {
    let (server, place) = server(options)?;
    let looked = link::look(&server, async |connection| Ok(work(connection).await)).await;
    looked.map_err(|fault| refused(fault, place).under(setting))
}

fn server(options: &Options) -> Result<(PgConnectOptions, String), OpenError> {
    let (server, url) = server::options(&options.postgres)
        .map_err(|problem| OpenError::Url { setting: SETTING.to_owned(), problem })?;
    Ok((server, url.place()))
}

fn refused(fault: Fault, place: String) -> Refused {
    match fault {
        Fault::Refused(why) => Refused::Schema(why),
        Fault::Engine(source) => Refused::Engine { place, source },
    }
}

#[async_trait]
impl MetaStore for PostgresMeta {
    fn backend(&self) -> Backend {
        Backend::Postgres
    }

    async fn touch_tenants(&self, seen: &[(TenantId, Timestamp)]) -> Result<(), Error> {
        call!(self, "touch tenants", connection => tenants::touch(connection, seen))
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, Error> {
        call!(self, "list tenants", connection => tenants::list(connection))
    }

    async fn views(&self, scope: &TenantScope) -> Result<Vec<SavedView>, Error> {
        call!(self, "list views", connection => views::list(connection, scope))
    }

    async fn view(&self, scope: &TenantScope, id: ViewId) -> Result<Option<SavedView>, Error> {
        call!(self, "read view", connection => views::one(connection, scope, id))
    }

    async fn put_view(&self, scope: &TenantScope, view: &SavedView, replacing: Replacing) -> Result<Written, Error> {
        call!(self, "put view", connection => views::put(connection, scope, view, replacing))
    }

    async fn delete_view(&self, scope: &TenantScope, id: ViewId, version: u32) -> Result<Written, Error> {
        call!(self, "delete view", connection => views::delete(connection, scope, id, version))
    }

    async fn retentions(&self) -> Result<BTreeMap<TenantId, Retention>, Error> {
        call!(self, "read retentions", connection => tenants::rules(connection))
    }

    async fn put_retention(&self, tenant: &TenantId, retention: Option<Retention>) -> Result<(), Error> {
        call!(self, "put retention", connection => tenants::put_rule(connection, tenant, retention))
    }

    async fn delete_tenant(&self, tenant: &TenantId, now: Timestamp) -> Result<bool, Error> {
        call!(self, "delete tenant", connection => tenants::forget(connection, tenant, now))
    }

    async fn add_erasure(&self, erasure: &Erasure) -> Result<bool, Error> {
        call!(self, "add erasure", connection => erasures::add(connection, erasure))
    }

    async fn erasures(&self, scope: &TenantScope) -> Result<Vec<Erasure>, Error> {
        call!(self, "read erasures", connection => erasures::list(connection, scope))
    }

    async fn erasure(&self, scope: &TenantScope, id: ErasureId) -> Result<Option<Erasure>, Error> {
        call!(self, "read erasure", connection => erasures::one(connection, scope, id))
    }

    async fn erasures_due(&self, now: Timestamp) -> Result<Vec<Erasure>, Error> {
        call!(self, "read erasures", connection => erasures::due(connection, now))
    }

    async fn move_erasure(&self, id: ErasureId, from: Timestamp, to: Timestamp) -> Result<bool, Error> {
        call!(self, "move erasure", connection => erasures::shift(connection, id, from, to))
    }

    async fn note_erased(&self, id: ErasureId, carried_out: &CarriedOut) -> Result<(), Error> {
        call!(self, "note erasure", connection => erasures::note(connection, id, carried_out))
    }

    async fn ping(&self) -> Result<(), Error> {
        call!(self, "ping", connection => tenants::ping(connection))
    }

    async fn close(&self) -> Result<(), Error> {
        self.link.close().await;
        Ok(())
    }
}

#[async_trait]
impl AccessStore for PostgresMeta {
    async fn keys(&self, scope: &TenantScope) -> Result<Vec<ApiKey>, Error> {
        call!(self, "list keys", connection => keys::list(connection, scope))
    }

    async fn key(&self, scope: &TenantScope, id: KeyId) -> Result<Option<ApiKey>, Error> {
        call!(self, "read key", connection => keys::one(connection, scope, id))
    }

    async fn key_of(&self, hash: &KeyHash) -> Result<Option<ApiKey>, Error> {
        call!(self, "find key", connection => keys::of_hash(connection, hash))
    }

    async fn put_key(&self, scope: &TenantScope, key: &ApiKey, replacing: Replacing) -> Result<Written, Error> {
        call!(self, "put key", connection => keys::put(connection, scope, key, replacing))
    }

    async fn touch_keys(&self, used: &[(KeyId, Timestamp)]) -> Result<(), Error> {
        call!(self, "touch keys", connection => keys::touch(connection, used))
    }

    async fn access_changes(&self, since: u64) -> Result<AccessChanges, Error> {
        call!(self, "read access changes", connection => keys::changed(connection, since))
    }
}

#[async_trait]
impl AuditStore for PostgresMeta {
    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<Vec<AuditRecord>, Error> {
        call!(self, "append audit", connection => audit::append(connection, entries))
    }

    async fn audit(
        &self,
        scope: &TenantScope,
        filter: &AuditFilter,
        after: Option<&AuditCursor>,
        limit: usize,
    ) -> Result<Vec<AuditRecord>, Error> {
        call!(self, "read audit", connection => audit::page(connection, scope, filter, after, limit))
    }

    async fn audit_chain(&self, tenant: Option<&TenantId>, after: u64) -> Result<Vec<AuditRecord>, Error> {
        call!(self, "read audit chain", connection => audit::chain(connection, tenant, after))
    }

    async fn audit_heads(&self) -> Result<Vec<(Option<TenantId>, AuditHead)>, Error> {
        call!(self, "read audit heads", connection => audit::heads(connection))
    }
}

#[async_trait]
impl UserStore for PostgresMeta {
    async fn users(&self, scope: &TenantScope) -> Result<Vec<User>, Error> {
        call!(self, "list users", connection => users::list(connection, scope))
    }

    async fn user(&self, scope: &TenantScope, id: UserId) -> Result<Option<User>, Error> {
        call!(self, "read user", connection => users::one(connection, scope, id))
    }

    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, Error> {
        call!(self, "find user", connection => users::of_name(connection, name))
    }

    async fn user_by_identity(&self, identity: &Identity) -> Result<Option<User>, Error> {
        call!(self, "find user", connection => users::of_identity(connection, identity))
    }

    async fn put_user(&self, scope: &TenantScope, user: &User, replacing: Replacing) -> Result<Written, Error> {
        crate::users::check(Backend::Postgres, user, replacing)?;
        call!(self, "put user", connection => users::put(connection, scope, user, replacing))
    }

    async fn note_login(&self, id: UserId, at: Timestamp) -> Result<(), Error> {
        call!(self, "note login", connection => users::note_login(connection, id, at))
    }

    async fn user_changes(&self, since: u64) -> Result<UserChanges, Error> {
        call!(self, "read user changes", connection => users::changed(connection, since))
    }
}

#[async_trait]
impl SettingsStore for PostgresMeta {
    async fn settings(&self, tenant: &TenantId) -> Result<Option<TenantSettings>, Error> {
        call!(self, "read settings", connection => settings::one(connection, tenant))
    }

    async fn put_settings(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
        replacing: Replacing,
    ) -> Result<Written, Error> {
        call!(self, "put settings", connection => settings::put(connection, tenant, settings, replacing))
    }

    async fn settings_changes(&self, since: u64) -> Result<SettingsChanges, Error> {
        call!(self, "read changes of settings", connection => settings::changed(connection, since))
    }
}

#[async_trait]
impl CredentialStore for PostgresMeta {
    async fn credentials(&self, scope: &TenantScope) -> Result<Vec<ProviderCredential>, Error> {
        call!(self, "list credentials", connection => credentials::list(connection, scope))
    }

    async fn credential(&self, tenant: &TenantId, upstream: &str) -> Result<Option<ProviderCredential>, Error> {
        call!(self, "read credential", connection => credentials::one(connection, tenant, upstream))
    }

    async fn put_credential(&self, credential: &ProviderCredential, replacing: Replacing) -> Result<Written, Error> {
        call!(self, "put credential", connection => credentials::put(connection, credential, replacing))
    }

    async fn delete_credential(&self, tenant: &TenantId, upstream: &str, version: u32) -> Result<Written, Error> {
        call!(self, "delete credential", connection => credentials::delete(connection, tenant, upstream, version))
    }

    async fn credential_changes(&self, since: u64) -> Result<CredentialChanges, Error> {
        call!(self, "read changes of credentials", connection => credentials::changed(connection, since))
    }
}
