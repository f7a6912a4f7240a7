//! What tenants have set and stored, in memory: learnt beside keys, every second and when somebody has just changed it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use llmtrace_store::{Error, MetaStore};

use super::{credentials::Credentials, settings::Settings, vault::Vault};
use crate::{config::Guarding, telemetry::Events};

/// The settings and the credentials of tenants.
pub(super) struct Holdings {
    pub(super) settings: Settings,
    pub(super) credentials: Credentials,
    /// Somebody waits for what has changed.
    is_wanted: AtomicBool,
    /// The last question was not answered.
    is_behind: AtomicBool,
    events: Events,
}

impl Holdings {
    pub(super) fn new(vault: Option<Arc<Vault>>, guarding: Guarding, events: Events) -> Self {
        Self {
            settings: Settings::new(guarding, events.clone()),
            credentials: Credentials::new(vault, events.clone()),
            is_wanted: AtomicBool::new(true),
            is_behind: AtomicBool::new(false),
            events,
        }
    }

    /// Makes the next question of a [`super::directory::Directory`] be about these, too.
    pub(super) fn want(&self) {
        self.is_wanted.store(true, Ordering::Release);
    }

    /// Says whether somebody wants them, and takes it for heard.
    pub(super) fn are_wanted(&self) -> bool {
        self.is_wanted.swap(false, Ordering::AcqRel)
    }

    /// Asks the store what has changed.
    pub(super) async fn learn(&self, store: &dyn MetaStore) {
        let told = self.learn_all(store).await;
        let was_behind = self.is_behind.swap(told.is_err(), Ordering::Relaxed);
        if let Err(error) = &told {
            self.events.store_failed(error);
            self.want();
            if !was_behind {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "settings and credentials of tenants could not be read; they are as they were, tried again every second"
                );
            }
        }
    }

    async fn learn_all(&self, store: &dyn MetaStore) -> Result<(), Error> {
        self.settings.learn(store).await?;
        self.credentials.learn(store).await
    }
}
