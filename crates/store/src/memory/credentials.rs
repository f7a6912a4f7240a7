//! Credentials of providers in memory, sealed.

use llmtrace_model::{ProviderCredential, TenantId, TenantScope};

use super::told::Told;
use crate::{CredentialChange, CredentialChanges, MAX_CREDENTIALS, Replacing, Written};

/// The credentials by tenant and upstream.
#[derive(Debug)]
pub(super) struct Credentials(Told<(TenantId, String), ProviderCredential>);

impl Default for Credentials {
    fn default() -> Self {
        Self(Told::new(MAX_CREDENTIALS))
    }
}

impl Credentials {
    /// Those of a scope, by tenant and then by upstream.
    pub(super) fn list(&self, scope: &TenantScope) -> Vec<ProviderCredential> {
        self.0.all().filter(|credential| scope.allows(&credential.tenant)).cloned().collect()
    }

    /// That of a tenant for an upstream.
    pub(super) fn one(&self, tenant: &TenantId, upstream: &str) -> Option<&ProviderCredential> {
        self.0.one(&(tenant.clone(), upstream.to_owned()))
    }

    /// Adds a credential, or changes one of its versions.
    pub(super) fn put(&mut self, changes: &mut u64, credential: &ProviderCredential, replacing: Replacing) -> Written {
        let key = (credential.tenant.clone(), credential.upstream.clone());
        let id = credential.id;
        match replacing {
            Replacing::Nothing if self.0.all().any(|other| other.id == id) => Written::Changed,
            Replacing::Nothing => {
                self.0.add(changes, key, |version| ProviderCredential { version, ..credential.clone() })
            }
            Replacing::Version(_) if self.0.one(&key).is_some_and(|stored| stored.id != id) => Written::Changed,
            Replacing::Version(version) => {
                let of = |stored: &ProviderCredential, version| ProviderCredential {
                    version,
                    created_at: stored.created_at,
                    ..credential.clone()
                };
                self.0.replace(changes, &key, version, of)
            }
        }
    }

    /// Deletes one version of a credential.
    pub(super) fn delete(&mut self, changes: &mut u64, tenant: &TenantId, upstream: &str, version: u32) -> Written {
        self.0.take(changes, &(tenant.clone(), upstream.to_owned()), version)
    }

    /// Deletes those of a tenant; says whether it had any.
    pub(super) fn forget(&mut self, changes: &mut u64, tenant: &TenantId) -> bool {
        self.0.take_all(changes, |(own, _)| own == tenant)
    }

    /// What has changed after `since`.
    pub(super) fn changed(&self, since: u64) -> CredentialChanges {
        let (seen, changed) = self.0.changed(since);
        let change = |((tenant, upstream), credential)| CredentialChange { tenant, upstream, credential };
        CredentialChanges { seen, credentials: changed.into_iter().map(change).collect() }
    }
}
