//! Who may use what this process offers, from settings to rooms.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use futures_util::FutureExt as _;
use llmtrace_store::{CounterStore, MetaStore, SessionStore};

use super::{
    keys,
    wiring::{self, store_options},
};
use crate::{
    api::Access,
    clock::Clock,
    config::{AuthMode, Config, UpstreamTls},
    pipeline::{OwnCapture, RulingOf},
    tasks::Tasks,
    telemetry::Events,
    tenancy::{self, AdminKey, Fetch, FetchError, Lifetimes, Provider, Tenancy},
};

/// Where logins are kept: with the counters; where those are in memory and tenants in a file, in that file, so that a restart
/// logs nobody out. A store of its own is to be closed.
pub(super) async fn sessions(
    config: &Config,
    counters: &Arc<dyn CounterStore>,
) -> anyhow::Result<(Arc<dyn SessionStore>, Option<Arc<dyn CounterStore>>)> {
    let storage = &config.storage;
    if (storage.counters.scheme(), storage.meta.scheme()) != ("memory", "sqlite") {
        return Ok((Arc::clone(counters) as Arc<dyn SessionStore>, None));
    }
    let file = llmtrace_store::open_counters("storage.meta", storage.meta.as_str(), &store_options(config)?).await?;
    Ok((Arc::clone(&file) as Arc<dyn SessionStore>, Some(file)))
}

/// Who may use what this process offers; what keeps up with the store runs in `tasks`.
pub(super) fn tenancy(
    config: &Config,
    meta: &Arc<dyn MetaStore>,
    sessions: Arc<dyn SessionStore>,
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
    let lifetimes = Lifetimes {
        idle: Duration::from_secs(config.auth.session_idle_minutes * 60),
        total: Duration::from_secs(config.auth.session_hours * 3600),
    };
    let vault = keys::vault(config)?;
    let (meta, clock, events) = (Arc::clone(meta), clock.clone(), events.clone());
    let (oidc, guarding) = (provider(config)?, config.guard.guarding());
    let parts = tenancy::Parts { mode, admin_key, vault, meta, sessions, lifetimes, oidc, guarding, clock, events };
    Ok(Tenancy::start(parts, tasks))
}

/// What each tenant lets be kept, for who stores it.
pub(super) fn own_capture(tenancy: &Arc<Tenancy>) -> OwnCapture {
    let tenancy = Arc::clone(tenancy);
    Arc::new(move |tenant| tenancy.capture_of(tenant))
}

/// What applies to each tenant's exchanges, for who looks at them. They are known by then: whoever asks has learnt from
/// [`own_capture`] that the store has told them.
pub(super) fn ruling_of(tenancy: &Arc<Tenancy>) -> RulingOf {
    let tenancy = Arc::clone(tenancy);
    Arc::new(move |tenant| tenancy.ruling_of(tenant))
}

/// The OpenID provider, reached as upstreams are.
fn provider(config: &Config) -> anyhow::Result<Option<Provider>> {
    let Some(options) = &config.auth.oidc else { return Ok(None) };
    let tls = UpstreamTls { ca_bundle: options.ca_bundle.clone(), ..UpstreamTls::default() };
    let client = wiring::plain_client("auth.oidc", config, &tls)?;
    let fetch: Fetch = Arc::new(move |request| {
        let client = client.clone();
        async move { client.fetch(request).await.map_err(FetchError) }.boxed()
    });
    let key = keys::of_journal(config)?.newest().derive(b"llmtrace login", &[b"oidc cookie"]);
    Ok(Some(Provider::new(options.clone(), fetch, key)))
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
        is_tls: config.tls.files().is_some(),
    }
}
