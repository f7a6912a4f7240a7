//! Who may use what this process offers, from settings to rooms.

use std::sync::Arc;

use anyhow::Context;
use llmtrace_store::MetaStore;

use crate::{
    api::Access,
    clock::Clock,
    config::{AuthMode, Config},
    tasks::Tasks,
    telemetry::Events,
    tenancy::{self, AdminKey, Tenancy},
};

/// Who may use what this process offers; what keeps up with the store runs in `tasks`.
pub(super) fn tenancy(
    config: &Config,
    meta: &Arc<dyn MetaStore>,
    clock: &Clock,
    events: &Events,
    tasks: &Tasks,
) -> anyhow::Result<Arc<Tenancy>> {
    let mode = match config.auth_mode() {
        AuthMode::Open => tenancy::Mode::Open,
        AuthMode::Required => tenancy::Mode::Required,
    };
    let admin_key = match &config.auth.admin_key {
        Some(secret) => Some(AdminKey::of(secret).context("auth.admin_key")?),
        None if mode == tenancy::Mode::Open => None,
        None => Some(own_admin_key(config)?),
    };
    let parts =
        tenancy::Parts { mode, admin_key, meta: Arc::clone(meta), clock: clock.clone(), events: events.clone() };
    Ok(Tenancy::start(parts, tasks))
}

/// The administrator's key that this installation made for itself.
fn own_admin_key(config: &Config) -> anyhow::Result<AdminKey> {
    let path = config.storage.path.join("admin.key");
    let (key, is_new) = AdminKey::load_or_create(&path)
        .with_context(|| format!("auth.admin_key is not set, and {} cannot be used", path.display()))?;
    if is_new {
        tracing::warn!(path = %path.display(), "made a key that opens everything, to make the first tenants and keys with");
    }
    Ok(key)
}

/// Which hosts the API serves. With keys asked for, a page of somebody else's has none, whatever name it came by.
pub(super) fn access(config: &Config) -> Access {
    Access {
        any_host: config.auth_mode() == AuthMode::Required,
        allowed_hosts: config.allowed_hosts.iter().map(ToString::to_string).collect(),
        trusted_proxies: config.trusted_proxies.clone(),
    }
}
