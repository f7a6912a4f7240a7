//! What each tenant has set for itself, in memory.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use llmtrace_model::{TenantCapture, TenantId};
use llmtrace_store::{Error, MetaStore};

/// The settings of every tenant that has some.
#[derive(Default)]
pub(super) struct Settings {
    captures: ArcSwap<HashMap<TenantId, TenantCapture>>,
    /// The number of the last change that is known.
    seen: AtomicU64,
    is_loaded: AtomicBool,
}

impl Settings {
    /// What of its exchanges a tenant lets be kept; `None` as long as nobody knows, because no store has answered yet.
    pub(super) fn capture_of(&self, tenant: &TenantId) -> Option<TenantCapture> {
        let own = self.captures.load().get(tenant).cloned();
        own.or_else(|| self.is_loaded.load(Ordering::Acquire).then(TenantCapture::default))
    }

    /// Asks the store what has changed, until it has told all.
    pub(super) async fn learn(&self, store: &dyn MetaStore) -> Result<(), Error> {
        loop {
            let changes = store.settings_changes(self.seen.load(Ordering::Relaxed)).await?;
            if changes.settings.is_empty() {
                self.is_loaded.store(true, Ordering::Release);
                return Ok(());
            }
            let mut captures = HashMap::clone(&self.captures.load());
            for (tenant, settings) in changes.settings {
                match settings {
                    Some(settings) => captures.insert(tenant, settings.capture),
                    None => captures.remove(&tenant),
                };
            }
            self.captures.store(captures.into());
            self.seen.store(changes.seen, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_model::{CaptureContent, TenantSettings, Timestamp};
    use llmtrace_store::{Options, Replacing, Written, open_meta};

    use super::*;

    #[tokio::test]
    async fn nobody_guesses_before_the_store_has_answered() {
        let store = open_meta("storage.meta", "memory:", &Options::default()).await.unwrap();
        let (settings, team): (Settings, TenantId) = (Settings::default(), "team".parse().unwrap());
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
}
