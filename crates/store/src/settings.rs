//! The port for what each tenant has set, and for the credentials of providers that it has stored.
//!
//! Both are told like keys: every process keeps what it was told in memory, and asks every second what has changed since.
//! What was taken away is told, too. Their changes and those of keys are counted together, so that a number is given once.

use async_trait::async_trait;
use llmtrace_model::{ProviderCredential, TenantId, TenantScope, TenantSettings};

use crate::{Error, Replacing, Written};

/// Where the settings of tenants are kept.
#[async_trait]
pub trait SettingsStore: Send + Sync {
    /// The settings of a tenant; `None` where it has none.
    async fn settings(&self, tenant: &TenantId) -> Result<Option<TenantSettings>, Error>;

    /// Gives a tenant settings, or puts them in the place of one version of them, which get the next version. New ones get
    /// version 1 whatever they say, or where some were taken away the one after theirs, so that nobody changes them by an old
    /// one's version.
    ///
    /// Of two changes of one version the first counts, the second is told that it came late. The settings of at most
    /// [`MAX_TENANTS`](crate::MAX_TENANTS) tenants are kept.
    async fn put_settings(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
        replacing: Replacing,
    ) -> Result<Written, Error>;

    /// What has changed after `since`, as far as one answer goes: ask again with its `seen` until nothing comes. 0 is before
    /// everything.
    async fn settings_changes(&self, since: u64) -> Result<SettingsChanges, Error>;
}

/// Where the credentials of tenants for their providers are kept, sealed.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// The credentials of a scope, by tenant and then by upstream, at most [`MAX_CREDENTIALS`].
    async fn credentials(&self, scope: &TenantScope) -> Result<Vec<ProviderCredential>, Error>;

    /// The credential of a tenant for an upstream.
    async fn credential(&self, tenant: &TenantId, upstream: &str) -> Result<Option<ProviderCredential>, Error>;

    /// Adds a credential, or puts what is sealed, the key it is sealed with, the hint and the time of change in the place of one
    /// version of it, which gets the next version; nothing else of it changes. A new one gets version 1 whatever it says, or
    /// where one of that tenant for that upstream was deleted the one after its last, so that nobody changes it by an old one's
    /// version.
    ///
    /// A tenant has one for an upstream: where there is one, a new one is `Changed`, and so is one whose id another has, or
    /// which would change one of another id. Of two changes of one version the first counts. At most [`MAX_CREDENTIALS`] are
    /// kept.
    async fn put_credential(&self, credential: &ProviderCredential, replacing: Replacing) -> Result<Written, Error>;

    /// Deletes the credential of a tenant for an upstream, if it still has that version: what was sealed is gone, that there
    /// was one is told.
    async fn delete_credential(&self, tenant: &TenantId, upstream: &str, version: u32) -> Result<Written, Error>;

    /// What has changed after `since`, as far as one answer goes: ask again with its `seen` until nothing comes. 0 is before
    /// everything.
    async fn credential_changes(&self, since: u64) -> Result<CredentialChanges, Error>;
}

/// What has changed of settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsChanges {
    /// The number of the last change that this answer knows; what is asked next goes on behind it.
    pub seen: u64,
    /// The settings as they are now, by their last change, `None` where they were taken away; at most
    /// [`MAX_CHANGES`](crate::MAX_CHANGES). Of those taken away the last [`MAX_TENANTS`](crate::MAX_TENANTS) are told.
    pub settings: Vec<(TenantId, Option<TenantSettings>)>,
}

/// What has changed of credentials.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CredentialChanges {
    /// The number of the last change that this answer knows; what is asked next goes on behind it.
    pub seen: u64,
    /// The credentials that were added, changed or deleted, by their last change; at most [`MAX_CHANGES`](crate::MAX_CHANGES).
    /// Of those deleted the last [`MAX_CREDENTIALS`] are told.
    pub credentials: Vec<CredentialChange>,
}

/// What became of a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialChange {
    /// Owner.
    pub tenant: TenantId,
    /// The name of the upstream.
    pub upstream: String,
    /// The credential as it is now; `None` where it was deleted.
    pub credential: Option<ProviderCredential>,
}

/// The most credentials of an installation.
pub const MAX_CREDENTIALS: usize = 10_000;
