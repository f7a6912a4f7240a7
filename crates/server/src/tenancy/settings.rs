//! What each tenant has set for itself, in memory, and what follows from it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use llmtrace_model::{TenantCapture, TenantId, TenantSettings};
use llmtrace_store::{Error, MetaStore};

use crate::{
    config::{Guarding, OwnGuard, Ruling},
    telemetry::Events,
};

/// The settings of every tenant that has some.
pub(super) struct Settings {
    known: ArcSwap<HashMap<TenantId, Known>>,
    guarding: Guarding,
    /// What applies to a tenant without a policy of its own.
    installation: Arc<Ruling>,
    /// The number of the last change that is known.
    seen: AtomicU64,
    is_loaded: AtomicBool,
    events: Events,
}

/// What is known of one tenant.
#[derive(Clone)]
struct Known {
    capture: TenantCapture,
    /// `None` where it has no policy of its own, or never had one that can be read.
    ruling: Option<Arc<Ruling>>,
    /// Its policy cannot be read.
    is_unread: bool,
}

impl Settings {
    /// Nobody has set anything yet.
    pub(super) fn new(guarding: Guarding, events: Events) -> Self {
        let installation = Arc::new(guarding.installation());
        let (known, seen, is_loaded) = (ArcSwap::default(), AtomicU64::new(0), AtomicBool::new(false));
        Self { known, guarding, installation, seen, is_loaded, events }
    }

    /// What of its exchanges a tenant lets be kept; `None` as long as nobody knows, because no store has answered yet.
    pub(super) fn capture_of(&self, tenant: &TenantId) -> Option<TenantCapture> {
        let own = self.known.load().get(tenant).map(|known| known.capture.clone());
        own.or_else(|| self.is_loaded.load(Ordering::Acquire).then(TenantCapture::default))
    }

    /// What applies to the exchanges of a tenant: made when its settings were learnt. As long as nobody knows them, the
    /// installation's.
    pub(super) fn ruling_of(&self, tenant: &TenantId) -> Arc<Ruling> {
        let known = self.known.load();
        Arc::clone(known.get(tenant).and_then(|known| known.ruling.as_ref()).unwrap_or(&self.installation))
    }

    /// What the installation says, and what tenants may say beside it.
    pub(super) fn guarding(&self) -> &Guarding {
        &self.guarding
    }

    /// Whether somebody's requests have to wait for a verdict.
    pub(super) fn is_anybody_guarded(&self) -> bool {
        let known = self.known.load();
        let own = known.values().filter_map(|known| known.ruling.as_ref());
        own.chain([&self.installation]).any(|ruling| ruling.is_curious())
    }

    /// How many tenants have a policy that cannot be read.
    pub(super) fn unread_policies(&self) -> usize {
        self.known.load().values().filter(|known| known.is_unread).count()
    }

    /// Asks the store what has changed, until it has told all.
    pub(super) async fn learn(&self, store: &dyn MetaStore) -> Result<(), Error> {
        loop {
            let changes = store.settings_changes(self.seen.load(Ordering::Relaxed)).await?;
            if changes.settings.is_empty() {
                self.is_loaded.store(true, Ordering::Release);
                return Ok(());
            }
            let mut all = HashMap::clone(&self.known.load());
            for (tenant, settings) in changes.settings {
                match settings {
                    Some(settings) => {
                        let known = self.known_by(&tenant, settings, all.get(&tenant));
                        all.insert(tenant, known)
                    }
                    None => all.remove(&tenant),
                };
            }
            self.known.store(all.into());
            self.seen.store(changes.seen, Ordering::Relaxed);
        }
    }

    /// What follows from the settings of a tenant. A policy that cannot be read, because a newer version has written it, leaves
    /// the one before it in force, or where this process knows none, the installation's.
    fn known_by(&self, tenant: &TenantId, settings: TenantSettings, before: Option<&Known>) -> Known {
        let TenantSettings { version, capture, guard, .. } = settings;
        let Some(guard) = guard else { return Known { capture, ruling: None, is_unread: false } };
        match OwnGuard::read(&guard, "guard") {
            Ok(own) => Known { capture, ruling: Some(Arc::new(self.guarding.with(&own, version))), is_unread: false },
            Err(error) => {
                self.events.notice("guard_policy_unread");
                tracing::warn!(
                    tenant.id = %tenant,
                    place = error.place,
                    "the policy of a tenant cannot be read; the one before it stays in force, or the installation's"
                );
                Known { capture, ruling: before.and_then(|before| before.ruling.clone()), is_unread: true }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_detect::policy::{Policy, Preset};
    use llmtrace_model::{CaptureContent, Channel, Timestamp};
    use llmtrace_store::{Options, Replacing, Written, open_meta};
    use serde_json::{Value, json};

    use super::*;
    use crate::telemetry::Metrics;

    async fn store() -> Arc<dyn MetaStore> {
        open_meta("storage.meta", "memory:", &Options::default()).await.unwrap()
    }

    fn settings(guarding: Guarding) -> (Settings, Arc<Metrics>) {
        let metrics = Arc::new(Metrics::new());
        (Settings::new(guarding, Events::new(Arc::clone(&metrics))), metrics)
    }

    #[tokio::test]
    async fn nobody_guesses_before_the_store_has_answered() {
        let (store, team): (_, TenantId) = (store().await, "team".parse().unwrap());
        let (settings, _) = settings(Guarding::default());
        assert_eq!(settings.capture_of(&team), None);
        settings.learn(store.as_ref()).await.unwrap();
        assert_eq!(settings.capture_of(&team), Some(TenantCapture::default()));
        let mut own = TenantSettings::new(Timestamp::from_unix_us(1));
        own.capture.content = Some(CaptureContent::Metadata);
        assert_eq!(store.put_settings(&team, &own, Replacing::Nothing).await.unwrap(), Written::Done);
        settings.learn(store.as_ref()).await.unwrap();
        assert_eq!(settings.capture_of(&team), Some(own.capture));
        store.delete_tenant(&team, Timestamp::from_unix_us(2)).await.unwrap();
        settings.learn(store.as_ref()).await.unwrap();
        assert_eq!(settings.capture_of(&team), Some(TenantCapture::default()));
    }

    #[tokio::test]
    async fn a_policy_applies_to_its_tenant_and_one_that_cannot_be_read_changes_nothing() {
        let (store, team): (_, TenantId) = (store().await, "team".parse().unwrap());
        let policy = Policy { preset: Preset::Quiet, ..Policy::default() };
        let (settings, metrics) = settings(Guarding { policy, ..Guarding::default() });
        let in_force = || settings.ruling_of(&team).source.to_string();
        let set = async |guard: Option<Value>, version: Option<u32>| {
            let own = TenantSettings { guard, ..TenantSettings::new(Timestamp::from_unix_us(1)) };
            let replacing = version.map_or(Replacing::Nothing, Replacing::Version);
            assert_eq!(store.put_settings(&team, &own, replacing).await.unwrap(), Written::Done);
            settings.learn(store.as_ref()).await.unwrap();
        };
        assert_eq!(in_force(), "installation", "before anybody knows");
        let newer = || Some(json!({"preset": "strict", "quarantine": true}));
        set(newer(), None).await;
        assert_eq!((in_force().as_str(), settings.unread_policies()), ("installation", 1));
        set(Some(json!({"preset": "strict"})), Some(1)).await;
        assert_eq!((in_force().as_str(), settings.unread_policies()), ("tenant@2", 0));
        assert!(settings.ruling_of(&team).may_block(&[Channel::User]) && settings.is_anybody_guarded());
        assert_eq!(settings.ruling_of(&"other".parse().unwrap()).source.to_string(), "installation");
        set(newer(), Some(2)).await;
        assert_eq!(
            (in_force().as_str(), settings.unread_policies()),
            ("tenant@2", 1),
            "the last one that could be read"
        );
        assert!(metrics.render().contains("event=\"guard_policy_unread\"} 2"), "{}", metrics.render());
        set(None, Some(3)).await;
        assert_eq!((in_force().as_str(), settings.unread_policies()), ("installation", 0));
        assert!(!settings.is_anybody_guarded());
    }
}
