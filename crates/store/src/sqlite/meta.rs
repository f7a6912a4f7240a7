//! Tenants, their rules, settings and credentials, saved views, erasures, keys, people and the audit log in SQLite; the file may
//! be that of the spans, each store has its own connection.

use std::{collections::BTreeMap, path::PathBuf};

use async_trait::async_trait;
use llmtrace_model::{
    ApiKey, AuditEntry, AuditHead, AuditRecord, Erasure, ErasureId, Identity, KeyHash, KeyId, ProviderCredential,
    Retention, SavedView, TenantId, TenantScope, TenantSettings, Timestamp, User, UserId, UserName, ViewId,
};
use rusqlite::{Connection, TransactionBehavior};

use super::{
    audit, credentials, erasures, failure::failed, keys, migrate, place, retentions, row::Columns, settings, users,
    views,
};
use crate::{
    AccessChanges, AccessStore, AuditCursor, AuditFilter, AuditStore, Backend, CarriedOut, CredentialChanges,
    CredentialStore, Error, ErrorKind, MetaStore, Options, Replacing, SettingsChanges, SettingsStore, Tenant,
    UserChanges, UserStore, Written, meta::MAX_TENANTS, open::Refused, pool::Pool,
};

const TOUCH: &str = "INSERT INTO tenants (id, first_seen, last_seen) VALUES (?1, ?2, ?2) \
    ON CONFLICT (id) DO UPDATE SET \
    first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen) \
    WHERE excluded.first_seen < first_seen OR excluded.last_seen > last_seen";
const LIST: &str = "SELECT id, first_seen, last_seen FROM tenants ORDER BY id LIMIT ?";
const PING: &str = "UPDATE pings SET pings = pings + 1 WHERE id = 1";

/// What one file holds beside spans.
#[derive(Debug)]
pub(crate) struct SqliteMeta {
    pool: Pool<Connection>,
}

impl SqliteMeta {
    /// Opens the file and brings its schema up to date.
    pub(crate) async fn open(path: PathBuf, options: &Options) -> Result<Self, Refused> {
        let options = options.clone();
        super::opening(path, move |path| {
            let (connection, _) = migrate::open(path, &options)?;
            let pool = Pool::start(Backend::Sqlite, "store-meta", vec![connection]);
            let source = |error| Error::new(ErrorKind::Unavailable, Backend::Sqlite, "start thread", error);
            let pool = pool.map_err(|error| Refused::Engine { place: place(path), source: source(error) })?;
            Ok(Self { pool })
        })
        .await
    }
}

#[async_trait]
impl MetaStore for SqliteMeta {
    fn backend(&self) -> Backend {
        Backend::Sqlite
    }

    async fn touch_tenants(&self, seen: &[(TenantId, Timestamp)]) -> Result<(), Error> {
        let seen = seen.to_vec();
        let touch = move |connection: &mut Connection| {
            let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (id, at) in &seen {
                change.prepare_cached(TOUCH)?.execute((id.as_str(), at.unix_us()))?;
            }
            change.commit()
        };
        self.pool.run("touch tenants", move |connection, _| touch(connection).map_err(failed("touch tenants"))).await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, Error> {
        let list = |connection: &mut Connection| {
            let mut statement = connection.prepare_cached(LIST)?;
            let rows = statement.query_map([MAX_TENANTS.cast_signed()], |row| {
                let mut from = Columns::of(row);
                Ok(Tenant {
                    id: from.word()?,
                    first_seen: Timestamp::from_unix_us(from.take()?),
                    last_seen: Timestamp::from_unix_us(from.take()?),
                })
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        self.pool.run("list tenants", move |connection, _| list(connection).map_err(failed("list tenants"))).await
    }

    async fn views(&self, scope: &TenantScope) -> Result<Vec<SavedView>, Error> {
        let (op, scope) = ("list views", scope.clone());
        self.pool.run(op, move |connection, _| views::list(connection, &scope).map_err(failed(op))).await
    }

    async fn view(&self, scope: &TenantScope, id: ViewId) -> Result<Option<SavedView>, Error> {
        let (op, scope) = ("read view", scope.clone());
        self.pool.run(op, move |connection, _| views::one(connection, &scope, id).map_err(failed(op))).await
    }

    async fn put_view(&self, scope: &TenantScope, view: &SavedView, replacing: Replacing) -> Result<Written, Error> {
        let (op, scope, view) = ("put view", scope.clone(), view.clone());
        let put = move |connection: &mut Connection| views::put(connection, &scope, &view, replacing);
        self.pool.run(op, move |connection, _| put(connection).map_err(failed(op))).await
    }

    async fn delete_view(&self, scope: &TenantScope, id: ViewId, version: u32) -> Result<Written, Error> {
        let (op, scope) = ("delete view", scope.clone());
        let delete = move |connection: &mut Connection| views::delete(connection, &scope, id, version);
        self.pool.run(op, move |connection, _| delete(connection).map_err(failed(op))).await
    }

    async fn retentions(&self) -> Result<BTreeMap<TenantId, Retention>, Error> {
        let op = "read retentions";
        self.pool.run(op, move |connection, _| retentions::list(connection).map_err(failed(op))).await
    }

    async fn put_retention(&self, tenant: &TenantId, retention: Option<Retention>) -> Result<(), Error> {
        let (op, tenant) = ("put retention", tenant.clone());
        let put = move |connection: &mut Connection| retentions::put(connection, &tenant, retention);
        self.pool.run(op, move |connection, _| put(connection).map_err(failed(op))).await
    }

    async fn delete_tenant(&self, tenant: &TenantId, now: Timestamp) -> Result<bool, Error> {
        let (op, tenant) = ("delete tenant", tenant.clone());
        self.pool.run(op, move |connection, _| retentions::forget(connection, &tenant, now).map_err(failed(op))).await
    }

    async fn add_erasure(&self, erasure: &Erasure) -> Result<bool, Error> {
        let (op, erasure) = ("add erasure", erasure.clone());
        self.pool.run(op, move |connection, _| erasures::add(connection, &erasure).map_err(failed(op))).await
    }

    async fn erasures(&self, scope: &TenantScope) -> Result<Vec<Erasure>, Error> {
        let (op, scope) = ("read erasures", scope.clone());
        self.pool.run(op, move |connection, _| erasures::list(connection, &scope).map_err(failed(op))).await
    }

    async fn erasure(&self, scope: &TenantScope, id: ErasureId) -> Result<Option<Erasure>, Error> {
        let (op, scope) = ("read erasure", scope.clone());
        self.pool.run(op, move |connection, _| erasures::one(connection, &scope, id).map_err(failed(op))).await
    }

    async fn erasures_due(&self, now: Timestamp) -> Result<Vec<Erasure>, Error> {
        let op = "read erasures";
        self.pool.run(op, move |connection, _| erasures::due(connection, now).map_err(failed(op))).await
    }

    async fn move_erasure(&self, id: ErasureId, from: Timestamp, to: Timestamp) -> Result<bool, Error> {
        let op = "move erasure";
        self.pool.run(op, move |connection, _| erasures::shift(connection, id, from, to).map_err(failed(op))).await
    }

    async fn note_erased(&self, id: ErasureId, carried_out: &CarriedOut) -> Result<(), Error> {
        let (op, carried_out) = ("note erasure", *carried_out);
        self.pool.run(op, move |connection, _| erasures::note(connection, id, &carried_out).map_err(failed(op))).await
    }

    async fn ping(&self) -> Result<(), Error> {
        let ping = |connection: &mut Connection| connection.execute(PING, []).map(|_| ());
        self.pool.run("ping", move |connection, _| ping(connection).map_err(failed("ping"))).await
    }

    async fn close(&self) -> Result<(), Error> {
        self.pool.close().await;
        Ok(())
    }
}

#[async_trait]
impl AccessStore for SqliteMeta {
    async fn keys(&self, scope: &TenantScope) -> Result<Vec<ApiKey>, Error> {
        let (op, scope) = ("list keys", scope.clone());
        self.pool.run(op, move |connection, _| keys::list(connection, &scope).map_err(failed(op))).await
    }

    async fn key(&self, scope: &TenantScope, id: KeyId) -> Result<Option<ApiKey>, Error> {
        let (op, scope) = ("read key", scope.clone());
        self.pool.run(op, move |connection, _| keys::one(connection, &scope, id).map_err(failed(op))).await
    }

    async fn key_of(&self, hash: &KeyHash) -> Result<Option<ApiKey>, Error> {
        let (op, hash) = ("find key", *hash);
        self.pool.run(op, move |connection, _| keys::of_hash(connection, &hash).map_err(failed(op))).await
    }

    async fn put_key(&self, scope: &TenantScope, key: &ApiKey, replacing: Replacing) -> Result<Written, Error> {
        let (op, scope, key) = ("put key", scope.clone(), key.clone());
        let put = move |connection: &mut Connection| keys::put(connection, &scope, &key, replacing);
        self.pool.run(op, move |connection, _| put(connection).map_err(failed(op))).await
    }

    async fn touch_keys(&self, used: &[(KeyId, Timestamp)]) -> Result<(), Error> {
        let (op, used) = ("touch keys", used.to_vec());
        self.pool.run(op, move |connection, _| keys::touch(connection, &used).map_err(failed(op))).await
    }

    async fn access_changes(&self, since: u64) -> Result<AccessChanges, Error> {
        let op = "read access changes";
        self.pool.run(op, move |connection, _| keys::changed(connection, since).map_err(failed(op))).await
    }
}

#[async_trait]
impl AuditStore for SqliteMeta {
    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<Vec<AuditRecord>, Error> {
        let (op, entries) = ("append audit", entries.to_vec());
        self.pool.run(op, move |connection, _| audit::append(connection, &entries).map_err(failed(op))).await
    }

    async fn audit(
        &self,
        scope: &TenantScope,
        filter: &AuditFilter,
        after: Option<&AuditCursor>,
        limit: usize,
    ) -> Result<Vec<AuditRecord>, Error> {
        let (op, scope, filter, after) = ("read audit", scope.clone(), filter.clone(), after.copied());
        let page = move |connection: &Connection| audit::page(connection, &scope, &filter, after.as_ref(), limit);
        self.pool.run(op, move |connection, _| page(connection).map_err(failed(op))).await
    }

    async fn audit_chain(&self, tenant: Option<&TenantId>, after: u64) -> Result<Vec<AuditRecord>, Error> {
        let (op, tenant) = ("read audit chain", tenant.cloned());
        let chain = move |connection: &Connection| audit::chain(connection, tenant.as_ref(), after);
        self.pool.run(op, move |connection, _| chain(connection).map_err(failed(op))).await
    }

    async fn audit_heads(&self) -> Result<Vec<(Option<TenantId>, AuditHead)>, Error> {
        let op = "read audit heads";
        self.pool.run(op, move |connection, _| audit::heads(connection).map_err(failed(op))).await
    }
}

#[async_trait]
impl UserStore for SqliteMeta {
    async fn users(&self, scope: &TenantScope) -> Result<Vec<User>, Error> {
        let (op, scope) = ("list users", scope.clone());
        self.pool.run(op, move |connection, _| users::list(connection, &scope).map_err(failed(op))).await
    }

    async fn user(&self, scope: &TenantScope, id: UserId) -> Result<Option<User>, Error> {
        let (op, scope) = ("read user", scope.clone());
        self.pool.run(op, move |connection, _| users::one(connection, &scope, id).map_err(failed(op))).await
    }

    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, Error> {
        let (op, name) = ("find user", name.clone());
        self.pool.run(op, move |connection, _| users::of_name(connection, &name).map_err(failed(op))).await
    }

    async fn user_by_identity(&self, identity: &Identity) -> Result<Option<User>, Error> {
        let (op, identity) = ("find user", identity.clone());
        self.pool.run(op, move |connection, _| users::of_identity(connection, &identity).map_err(failed(op))).await
    }

    async fn put_user(&self, scope: &TenantScope, user: &User, replacing: Replacing) -> Result<Written, Error> {
        crate::users::check(Backend::Sqlite, user, replacing)?;
        let (op, scope, user) = ("put user", scope.clone(), user.clone());
        let put = move |connection: &mut Connection| users::put(connection, &scope, &user, replacing);
        self.pool.run(op, move |connection, _| put(connection).map_err(failed(op))).await
    }

    async fn note_login(&self, id: UserId, at: Timestamp) -> Result<(), Error> {
        let op = "note login";
        self.pool.run(op, move |connection, _| users::note_login(connection, id, at).map_err(failed(op))).await
    }

    async fn user_changes(&self, since: u64) -> Result<UserChanges, Error> {
        let op = "read user changes";
        self.pool.run(op, move |connection, _| users::changed(connection, since).map_err(failed(op))).await
    }
}

#[async_trait]
impl SettingsStore for SqliteMeta {
    async fn settings(&self, tenant: &TenantId) -> Result<Option<TenantSettings>, Error> {
        let (op, tenant) = ("read settings", tenant.clone());
        self.pool.run(op, move |connection, _| settings::one(connection, &tenant).map_err(failed(op))).await
    }

    async fn put_settings(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
        replacing: Replacing,
    ) -> Result<Written, Error> {
        let (op, tenant, settings) = ("put settings", tenant.clone(), settings.clone());
        let put = move |connection: &mut Connection| settings::put(connection, &tenant, &settings, replacing);
        self.pool.run(op, move |connection, _| put(connection).map_err(failed(op))).await
    }

    async fn settings_changes(&self, since: u64) -> Result<SettingsChanges, Error> {
        let op = "read changes of settings";
        self.pool.run(op, move |connection, _| settings::changed(connection, since).map_err(failed(op))).await
    }
}

#[async_trait]
impl CredentialStore for SqliteMeta {
    async fn credentials(&self, scope: &TenantScope) -> Result<Vec<ProviderCredential>, Error> {
        let (op, scope) = ("list credentials", scope.clone());
        self.pool.run(op, move |connection, _| credentials::list(connection, &scope).map_err(failed(op))).await
    }

    async fn credential(&self, tenant: &TenantId, upstream: &str) -> Result<Option<ProviderCredential>, Error> {
        let (op, tenant, upstream) = ("read credential", tenant.clone(), upstream.to_owned());
        let one = move |connection: &Connection| credentials::one(connection, &tenant, &upstream);
        self.pool.run(op, move |connection, _| one(connection).map_err(failed(op))).await
    }

    async fn put_credential(&self, credential: &ProviderCredential, replacing: Replacing) -> Result<Written, Error> {
        let (op, credential) = ("put credential", credential.clone());
        let put = move |connection: &mut Connection| credentials::put(connection, &credential, replacing);
        self.pool.run(op, move |connection, _| put(connection).map_err(failed(op))).await
    }

    async fn delete_credential(&self, tenant: &TenantId, upstream: &str, version: u32) -> Result<Written, Error> {
        let (op, tenant, upstream) = ("delete credential", tenant.clone(), upstream.to_owned());
        let delete = move |connection: &mut Connection| credentials::delete(connection, &tenant, &upstream, version);
        self.pool.run(op, move |connection, _| delete(connection).map_err(failed(op))).await
    }

    async fn credential_changes(&self, since: u64) -> Result<CredentialChanges, Error> {
        let op = "read changes of credentials";
        self.pool.run(op, move |connection, _| credentials::changed(connection, since).map_err(failed(op))).await
    }
}
