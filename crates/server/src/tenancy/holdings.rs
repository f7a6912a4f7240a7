//! What tenants have set and stored, in memory: learnt beside keys, every second and when somebody has just changed it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use llmtrace_store::{Error, MetaStore};
use tokio::time::Instant;

use super::{credentials::Credentials, settings::Settings, vault::Vault};
use crate::telemetry::Events;

/// The settings and the credentials of tenants.
pub(super) struct Holdings {
    pub(super) settings: Settings,
    pub(super) credentials: Credentials,
    /// Somebody waits for what has changed.
    is_wanted: AtomicBool,
    /// When the store was asked last.
    asked: Mutex<Option<Instant>>,
    /// The last question was not answered.
    is_behind: AtomicBool,
    events: Events,
}

impl Holdings {
    pub(super) fn new(vault: Option<Arc<Vault>>, events: Events) -> Self {
        Self {
            settings: Settings::default(),
            credentials: Credentials::new(vault, events.clone()),
            is_wanted: AtomicBool::new(true),
            asked: Mutex::new(None),
            is_behind: AtomicBool::new(false),
            events,
        }
    }

    /// Makes the next question of a [`super::directory::Directory`] be about these, too.
    pub(super) fn want(&self) {
        self.is_wanted.store(true, Ordering::Release);
    }

    /// Asks the store what has changed where that is due: a flood of unknown keys costs no questions but those for keys.
    pub(super) async fn learn(&self, store: &dyn MetaStore, every: Duration) {
        let is_wanted = self.is_wanted.swap(false, Ordering::AcqRel);
        let now = Instant::now();
        {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            if !is_wanted && asked.is_some_and(|asked| now.duration_since(asked) < every) {
                return;
            }
            *asked = Some(now);
        }
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
