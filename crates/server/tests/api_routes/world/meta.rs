//! A store of everything that is not a span, which fails on demand.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use llmtrace_model::{
    ApiKey, AuditEntry, AuditHead, AuditRecord, Erasure, ErasureId, Identity, KeyHash, KeyId, ProviderCredential,
    Retention, SavedView, TenantId, TenantScope, TenantSettings, Timestamp, User, UserId, UserName, ViewId,
};
use llmtrace_store::{
    AccessChanges, AccessStore, AuditCursor, AuditFilter, AuditStore, Backend, CarriedOut, CredentialChanges,
    CredentialStore, Error, MetaStore, Replacing, SettingsChanges, SettingsStore, Tenant, UserChanges, UserStore,
    Written,
};
use parking_lot::Mutex;

use super::Mood;

/// A store of tenants, whose mood a test sets; it keeps nothing else.
pub(crate) struct FickleMeta {
    pub(crate) mood: Mutex<Mood>,
    pub(crate) tenants: Mutex<Vec<Tenant>>,
    /// How often it was asked which keys changed.
    pub(crate) asked: AtomicUsize,
}

impl FickleMeta {
    pub(crate) fn new(mood: Mood) -> Arc<Self> {
        Arc::new(Self { mood: Mutex::new(mood), tenants: Mutex::default(), asked: AtomicUsize::new(0) })
    }

    async fn decide(&self, op: &'static str) -> Result<(), Error> {
        let mood = *self.mood.lock();
        match mood {
            Mood::Well | Mood::WellFor(_) => Ok(()),
            Mood::Fails(kind) => Err(Error { kind, backend: Backend::Memory, op, source: "SELECT secret".into() }),
            Mood::Hangs => pending().await,
        }
    }
}

#[async_trait]
impl MetaStore for FickleMeta {
    fn backend(&self) -> Backend {
        Backend::Memory
    }

    async fn touch_tenants(&self, seen: &[(TenantId, Timestamp)]) -> Result<(), Error> {
        let row = |(id, at): &(TenantId, Timestamp)| Tenant { id: id.clone(), first_seen: *at, last_seen: *at };
        self.tenants.lock().extend(seen.iter().map(row));
        Ok(())
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, Error> {
        self.decide("tenants").await?;
        Ok(self.tenants.lock().clone())
    }

    async fn views(&self, _: &TenantScope) -> Result<Vec<SavedView>, Error> {
        self.decide("list views").await?;
        Ok(Vec::new())
    }

    async fn view(&self, _: &TenantScope, _: ViewId) -> Result<Option<SavedView>, Error> {
        self.decide("read view").await?;
        Ok(None)
    }

    async fn put_view(&self, _: &TenantScope, _: &SavedView, _: Replacing) -> Result<Written, Error> {
        self.decide("put view").await?;
        Ok(Written::Full)
    }

    async fn delete_view(&self, _: &TenantScope, _: ViewId, _: u32) -> Result<Written, Error> {
        self.decide("delete view").await?;
        Ok(Written::Absent)
    }

    async fn retentions(&self) -> Result<BTreeMap<TenantId, Retention>, Error> {
        self.decide("read retentions").await?;
        Ok(BTreeMap::new())
    }

    async fn put_retention(&self, _: &TenantId, _: Option<Retention>) -> Result<(), Error> {
        self.decide("put retention").await
    }

    async fn delete_tenant(&self, _: &TenantId, _: Timestamp) -> Result<bool, Error> {
        self.decide("delete tenant").await?;
        Ok(false)
    }

    async fn add_erasure(&self, _: &Erasure) -> Result<bool, Error> {
        self.decide("add erasure").await?;
        Ok(true)
    }

    async fn erasures(&self, _: &TenantScope) -> Result<Vec<Erasure>, Error> {
        self.decide("read erasures").await?;
        Ok(Vec::new())
    }

    async fn erasure(&self, _: &TenantScope, _: ErasureId) -> Result<Option<Erasure>, Error> {
        self.decide("read erasure").await?;
        Ok(None)
    }

    async fn erasures_due(&self, _: Timestamp) -> Result<Vec<Erasure>, Error> {
        self.decide("read erasures").await?;
        Ok(Vec::new())
    }

    async fn move_erasure(&self, _: ErasureId, _: Timestamp, _: Timestamp) -> Result<bool, Error> {
        self.decide("move erasure").await?;
        Ok(true)
    }

    async fn note_erased(&self, _: ErasureId, _: &CarriedOut) -> Result<(), Error> {
        self.decide("note erasure").await
    }

    async fn ping(&self) -> Result<(), Error> {
        self.decide("ping").await
    }

    async fn close(&self) -> Result<(), Error> {
        Ok(())
    }
}

#[async_trait]
impl AccessStore for FickleMeta {
    async fn keys(&self, _: &TenantScope) -> Result<Vec<ApiKey>, Error> {
        self.decide("list keys").await?;
        Ok(Vec::new())
    }

    async fn key(&self, _: &TenantScope, _: KeyId) -> Result<Option<ApiKey>, Error> {
        self.decide("read key").await?;
        Ok(None)
    }

    async fn key_of(&self, _: &KeyHash) -> Result<Option<ApiKey>, Error> {
        self.decide("find key").await?;
        Ok(None)
    }

    async fn put_key(&self, _: &TenantScope, _: &ApiKey, _: Replacing) -> Result<Written, Error> {
        self.decide("put key").await?;
        Ok(Written::Full)
    }

    async fn touch_keys(&self, _: &[(KeyId, Timestamp)]) -> Result<(), Error> {
        self.decide("touch keys").await
    }

    async fn access_changes(&self, since: u64) -> Result<AccessChanges, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.decide("read access changes").await?;
        Ok(AccessChanges { seen: since, keys: Vec::new() })
    }
}

#[async_trait]
impl UserStore for FickleMeta {
    async fn users(&self, _: &TenantScope) -> Result<Vec<User>, Error> {
        self.decide("list users").await?;
        Ok(Vec::new())
    }

    async fn user(&self, _: &TenantScope, _: UserId) -> Result<Option<User>, Error> {
        self.decide("read user").await?;
        Ok(None)
    }

    async fn user_by_name(&self, _: &UserName) -> Result<Option<User>, Error> {
        self.decide("find user").await?;
        Ok(None)
    }

    async fn user_by_identity(&self, _: &Identity) -> Result<Option<User>, Error> {
        self.decide("find user").await?;
        Ok(None)
    }

    async fn put_user(&self, _: &TenantScope, _: &User, _: Replacing) -> Result<Written, Error> {
        self.decide("put user").await?;
        Ok(Written::Full)
    }

    async fn note_login(&self, _: UserId, _: Timestamp) -> Result<(), Error> {
        self.decide("note login").await
    }

    async fn user_changes(&self, since: u64) -> Result<UserChanges, Error> {
        self.decide("read user changes").await?;
        Ok(UserChanges { seen: since, users: Vec::new() })
    }
}

#[async_trait]
impl AuditStore for FickleMeta {
    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<Vec<AuditRecord>, Error> {
        self.decide("append audit").await?;
        // As if each were the first of its chain.
        Ok(entries.iter().map(|entry| AuditRecord::behind(AuditHead::default(), entry.clone())).collect())
    }

    async fn audit(
        &self,
        _: &TenantScope,
        _: &AuditFilter,
        _: Option<&AuditCursor>,
        _: usize,
    ) -> Result<Vec<AuditRecord>, Error> {
        self.decide("read audit").await?;
        Ok(Vec::new())
    }

    async fn audit_chain(&self, _: Option<&TenantId>, _: u64) -> Result<Vec<AuditRecord>, Error> {
        self.decide("read audit chain").await?;
        Ok(Vec::new())
    }

    async fn audit_heads(&self) -> Result<Vec<(Option<TenantId>, AuditHead)>, Error> {
        self.decide("read audit heads").await?;
        Ok(Vec::new())
    }
}

#[async_trait]
impl SettingsStore for FickleMeta {
    async fn settings(&self, _: &TenantId) -> Result<Option<TenantSettings>, Error> {
        self.decide("read settings").await?;
        Ok(None)
    }

    async fn put_settings(&self, _: &TenantId, _: &TenantSettings, _: Replacing) -> Result<Written, Error> {
        self.decide("put settings").await?;
        Ok(Written::Full)
    }

    async fn settings_changes(&self, since: u64) -> Result<SettingsChanges, Error> {
        self.decide("read changes of settings").await?;
        Ok(SettingsChanges { seen: since, settings: Vec::new() })
    }
}

#[async_trait]
impl CredentialStore for FickleMeta {
    async fn credentials(&self, _: &TenantScope) -> Result<Vec<ProviderCredential>, Error> {
        self.decide("list credentials").await?;
        Ok(Vec::new())
    }

    async fn credential(&self, _: &TenantId, _: &str) -> Result<Option<ProviderCredential>, Error> {
        self.decide("read credential").await?;
        Ok(None)
    }

    async fn put_credential(&self, _: &ProviderCredential, _: Replacing) -> Result<Written, Error> {
        self.decide("put credential").await?;
        Ok(Written::Full)
    }

    async fn delete_credential(&self, _: &TenantId, _: &str, _: u32) -> Result<Written, Error> {
        self.decide("delete credential").await?;
        Ok(Written::Absent)
    }

    async fn credential_changes(&self, since: u64) -> Result<CredentialChanges, Error> {
        self.decide("read changes of credentials").await?;
        Ok(CredentialChanges { seen: since, credentials: Vec::new() })
    }
}
