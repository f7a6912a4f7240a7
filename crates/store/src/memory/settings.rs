//! The settings of tenants in memory.

use llmtrace_model::{TenantId, TenantSettings};

use super::told::Told;
use crate::{MAX_TENANTS, Replacing, SettingsChanges, Written};

/// The settings by tenant.
#[derive(Debug)]
pub(super) struct Settings(Told<TenantId, TenantSettings>);

impl Default for Settings {
    fn default() -> Self {
        Self(Told::new(MAX_TENANTS))
    }
}

impl Settings {
    /// Those of a tenant.
    pub(super) fn one(&self, tenant: &TenantId) -> Option<&TenantSettings> {
        self.0.one(tenant)
    }

    /// Gives a tenant settings, or changes one version of them.
    pub(super) fn put(
        &mut self,
        changes: &mut u64,
        tenant: &TenantId,
        settings: &TenantSettings,
        replacing: Replacing,
    ) -> Written {
        let of = |version| TenantSettings { version, ..settings.clone() };
        match replacing {
            Replacing::Nothing => self.0.add(changes, tenant.clone(), of),
            Replacing::Version(version) => self.0.replace(changes, tenant, version, |_, version| of(version)),
        }
    }

    /// Takes those of a tenant away; says whether it had any.
    pub(super) fn forget(&mut self, changes: &mut u64, tenant: &TenantId) -> bool {
        self.0.take_all(changes, |own| own == tenant)
    }

    /// What has changed after `since`.
    pub(super) fn changed(&self, since: u64) -> SettingsChanges {
        let (seen, settings) = self.0.changed(since);
        SettingsChanges { seen, settings }
    }
}
