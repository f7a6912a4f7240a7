//! Tenants, their rules, settings and credentials, saved views, erasures, keys, people and the audit log in
//! memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use llmtrace_model::{
    ApiKey, AuditEntry, AuditHead, AuditRecord, Erasure, ErasureId, Identity, KeyHash, KeyId, ProviderCredential,
    Retention, SavedView, TenantId, TenantScope, TenantSettings, Timestamp, User, UserId, UserName, ViewId,
};
use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};

use super::{
    audit::Audit, credentials::Credentials, erasures::Erasures, keys::Keys, settings::Settings, users::Users,
    views::Views,
};
use crate::{
    AccessChanges, AccessStore, AuditCursor, AuditFilter, AuditStore, Backend, CarriedOut, CredentialChanges,
    CredentialStore, Error, MetaStore, Replacing, SettingsChanges, SettingsStore, Tenant, UserChanges, UserStore,
    Written, meta::MAX_TENANTS, users,
};

/// What is kept. `None` once closed.
#[derive(Debug)]
pub(crate) struct MemoryMeta {
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The tenants that were seen, by name: first and last time.
    tenants: BTreeMap<TenantId, (Timestamp, Timestamp)>,
    views: Views,
    retentions: BTreeMap<TenantId, Retention>,
    erasures: Erasures,
    keys: Keys,
    users: Users,
    /// The number of the last change of a key, a person, settings or a credential.
    changes: u64,
    audit: Audit,
    settings: Settings,
    credentials: Credentials,
}

impl Default for MemoryMeta {
    fn default() -> Self {
        Self { kept: Mutex::new(Some(Kept::default())) }
    }
}

impl MemoryMeta {
    fn open(&self, op: &'static str) -> Result<MappedMutexGuard<'_, Kept>, Error> {
        let kept = MutexGuard::try_map(self.kept.lock(), Option::as_mut);
        kept.map_err(|_| Error::closed(Backend::Memory, op))
    }
}

#[async_trait]
impl MetaStore for MemoryMeta {
    fn backend(&self) -> Backend {
        Backend::Memory
    }

    async fn touch_tenants(&self, seen: &[(TenantId, Timestamp)]) -> Result<(), Error> {
        let tenants = &mut self.open("touch tenants")?.tenants;
        for (id, at) in seen {
            // The bound holds for memory too: a name beyond it is not listed, so it need not be kept.
            if tenants.len() >= MAX_TENANTS && !tenants.contains_key(id) {
                continue;
            }
            let (first, last) = tenants.entry(id.clone()).or_insert((*at, *at));
            *first = (*first).min(*at);
            *last = (*last).max(*at);
        }
        Ok(())
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, Error> {
        let row = |(id, (first, last)): (&TenantId, &(Timestamp, Timestamp))| Tenant {
            id: id.clone(),
            first_seen: *first,
            last_seen: *last,
        };
        Ok(self.open("list tenants")?.tenants.iter().map(row).collect())
    }

    async fn views(&self, scope: &TenantScope) -> Result<Vec<SavedView>, Error> {
        Ok(self.open("list views")?.views.list(scope))
    }

    async fn view(&self, scope: &TenantScope, id: ViewId) -> Result<Option<SavedView>, Error> {
        Ok(self.open("read view")?.views.one(scope, id).cloned())
    }

    async fn put_view(&self, scope: &TenantScope, view: &SavedView, replacing: Replacing) -> Result<Written, Error> {
        Ok(self.open("put view")?.views.put(scope, view, replacing))
    }

    async fn delete_view(&self, scope: &TenantScope, id: ViewId, version: u32) -> Result<Written, Error> {
        Ok(self.open("delete view")?.views.delete(scope, id, version))
    }

    async fn retentions(&self) -> Result<BTreeMap<TenantId, Retention>, Error> {
        Ok(self.open("read retentions")?.retentions.clone())
    }

    async fn put_retention(&self, tenant: &TenantId, retention: Option<Retention>) -> Result<(), Error> {
        let retentions = &mut self.open("put retention")?.retentions;
        match retention {
            Some(rule) => retentions.insert(tenant.clone(), rule),
            None => retentions.remove(tenant),
        };
        Ok(())
    }

    async fn delete_tenant(&self, tenant: &TenantId, now: Timestamp) -> Result<bool, Error> {
        let kept = &mut *self.open("delete tenant")?;
        let opened = kept.keys.revoke_all(tenant, now, &mut kept.changes);
        let granted = kept.users.forget(tenant, &mut kept.changes);
        let seen = kept.tenants.remove(tenant).is_some();
        let ruled = kept.retentions.remove(tenant).is_some();
        let viewed = kept.views.forget(tenant);
        let set = kept.settings.forget(&mut kept.changes, tenant);
        let stored = kept.credentials.forget(&mut kept.changes, tenant);
        Ok(seen || ruled || viewed || opened || granted || set || stored)
    }

    async fn add_erasure(&self, erasure: &Erasure) -> Result<bool, Error> {
        Ok(self.open("add erasure")?.erasures.add(erasure))
    }

    async fn erasures(&self, scope: &TenantScope) -> Result<Vec<Erasure>, Error> {
        Ok(self.open("read erasures")?.erasures.list(scope))
    }

    async fn erasure(&self, scope: &TenantScope, id: ErasureId) -> Result<Option<Erasure>, Error> {
        Ok(self.open("read erasure")?.erasures.one(scope, id).cloned())
    }

    async fn erasures_due(&self, now: Timestamp) -> Result<Vec<Erasure>, Error> {
        Ok(self.open("read erasures")?.erasures.due(now))
    }

    async fn move_erasure(&self, id: ErasureId, from: Timestamp, to: Timestamp) -> Result<bool, Error> {
        Ok(self.open("move erasure")?.erasures.shift(id, from, to))
    }

    async fn note_erased(&self, id: ErasureId, carried_out: &CarriedOut) -> Result<(), Error> {
        self.open("note erasure")?.erasures.note(id, carried_out);
        Ok(())
    }

    async fn ping(&self) -> Result<(), Error> {
        self.open("ping").map(drop)
    }

    async fn close(&self) -> Result<(), Error> {
        *self.kept.lock() = None;
        Ok(())
    }
}

#[async_trait]
impl AccessStore for MemoryMeta {
    async fn keys(&self, scope: &TenantScope) -> Result<Vec<ApiKey>, Error> {
        Ok(self.open("list keys")?.keys.list(scope))
    }

    async fn key(&self, scope: &TenantScope, id: KeyId) -> Result<Option<ApiKey>, Error> {
        Ok(self.open("read key")?.keys.one(scope, id).cloned())
    }

    async fn key_of(&self, hash: &KeyHash) -> Result<Option<ApiKey>, Error> {
        Ok(self.open("find key")?.keys.of_hash(hash).cloned())
    }

    async fn put_key(&self, scope: &TenantScope, key: &ApiKey, replacing: Replacing) -> Result<Written, Error> {
        let kept = &mut *self.open("put key")?;
        Ok(kept.keys.put(scope, key, replacing, &mut kept.changes))
    }

    async fn touch_keys(&self, used: &[(KeyId, Timestamp)]) -> Result<(), Error> {
        self.open("touch keys")?.keys.touch(used);
        Ok(())
    }

    async fn access_changes(&self, since: u64) -> Result<AccessChanges, Error> {
        Ok(self.open("read access changes")?.keys.changed(since))
    }
}

#[async_trait]
impl UserStore for MemoryMeta {
    async fn users(&self, scope: &TenantScope) -> Result<Vec<User>, Error> {
        Ok(self.open("list users")?.users.list(scope))
    }

    async fn user(&self, scope: &TenantScope, id: UserId) -> Result<Option<User>, Error> {
        Ok(self.open("read user")?.users.one(scope, id).cloned())
    }

    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, Error> {
        Ok(self.open("find user")?.users.of_name(name).cloned())
    }

    async fn user_by_identity(&self, identity: &Identity) -> Result<Option<User>, Error> {
        Ok(self.open("find user")?.users.of_identity(identity).cloned())
    }

    async fn put_user(&self, scope: &TenantScope, user: &User, replacing: Replacing) -> Result<Written, Error> {
        users::check(Backend::Memory, user, replacing)?;
        let kept = &mut *self.open("put user")?;
        Ok(kept.users.put(scope, user, replacing, &mut kept.changes))
    }

    async fn note_login(&self, id: UserId, at: Timestamp) -> Result<(), Error> {
        self.open("note login")?.users.note_login(id, at);
        Ok(())
    }

    async fn user_changes(&self, since: u64) -> Result<UserChanges, Error> {
        Ok(self.open("read user changes")?.users.changed(since))
    }
}

#[async_trait]
impl AuditStore for MemoryMeta {
    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<Vec<AuditRecord>, Error> {
        Ok(self.open("append audit")?.audit.append(entries))
    }

    async fn audit(
        &self,
        scope: &TenantScope,
        filter: &AuditFilter,
        after: Option<&AuditCursor>,
        limit: usize,
    ) -> Result<Vec<AuditRecord>, Error> {
        Ok(self.open("read audit")?.audit.page(scope, filter, after, limit))
    }

    async fn audit_chain(&self, tenant: Option<&TenantId>, after: u64) -> Result<Vec<AuditRecord>, Error> {
        Ok(self.open("read audit chain")?.audit.chain(tenant, after))
    }

    async fn audit_heads(&self) -> Result<Vec<(Option<TenantId>, AuditHead)>, Error> {
        Ok(self.open("read audit heads")?.audit.heads())
    }
}

#[async_trait]
impl SettingsStore for MemoryMeta {
    async fn settings(&self, tenant: &TenantId) -> Result<Option<TenantSettings>, Error> {
        Ok(self.open("read settings")?.settings.one(tenant).cloned())
    }

    async fn put_settings(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
        replacing: Replacing,
    ) -> Result<Written, Error> {
        let kept = &mut *self.open("put settings")?;
        Ok(kept.settings.put(&mut kept.changes, tenant, settings, replacing))
    }

    async fn settings_changes(&self, since: u64) -> Result<SettingsChanges, Error> {
        Ok(self.open("read changes of settings")?.settings.changed(since))
    }
}

#[async_trait]
impl CredentialStore for MemoryMeta {
    async fn credentials(&self, scope: &TenantScope) -> Result<Vec<ProviderCredential>, Error> {
        Ok(self.open("list credentials")?.credentials.list(scope))
    }

    async fn credential(&self, tenant: &TenantId, upstream: &str) -> Result<Option<ProviderCredential>, Error> {
        Ok(self.open("read credential")?.credentials.one(tenant, upstream).cloned())
    }

    async fn put_credential(&self, credential: &ProviderCredential, replacing: Replacing) -> Result<Written, Error> {
        let kept = &mut *self.open("put credential")?;
        Ok(kept.credentials.put(&mut kept.changes, credential, replacing))
    }

    async fn delete_credential(&self, tenant: &TenantId, upstream: &str, version: u32) -> Result<Written, Error> {
        let kept = &mut *self.open("delete credential")?;
        Ok(kept.credentials.delete(&mut kept.changes, tenant, upstream, version))
    }

    async fn credential_changes(&self, since: u64) -> Result<CredentialChanges, Error> {
        Ok(self.open("read changes of credentials")?.credentials.changed(since))
    }
}
