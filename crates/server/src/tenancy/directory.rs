//! Every key there is, in memory, and how this process keeps up with what changes.
//!
//! One task asks the store: every second, and sooner when somebody shows a key that is not here. Everybody who waits is
//! answered by the same question, and questions are at least [`PAUSE`] apart, so that a flood of unknown keys costs the store
//! no more than ten of them a second.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use llmtrace_model::{Actor, ApiKey, Grant, KeyHash, KeyId, Timestamp, Unfit};
use llmtrace_store::{Error, MetaStore};
use tokio::{
    sync::{Mutex, Notify, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{
    Knows,
    admin::AdminKey,
    caller::{Caller, Denied},
};
use crate::telemetry::Events;

/// How often it is asked what has changed.
const EVERY: Duration = Duration::from_secs(1);
/// The least time between two questions.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest that somebody waits to hear whether their key is known.
const PATIENCE: Duration = Duration::from_secs(2);
/// Uses closer together are one.
const USE_US: i64 = 60_000_000;

/// A key that is known.
#[derive(Debug)]
pub(super) struct Known {
    /// `None` for the key of the settings, which no store knows.
    id: Option<KeyId>,
    caller: Caller,
    key: Option<ApiKey>,
    used: AtomicI64,
    written: AtomicI64,
}

impl Known {
    fn stored(key: ApiKey, before: Option<&Arc<Self>>) -> Self {
        let caller = Caller::new(Actor::Key(key.id), Arc::new([key.grant.clone()]));
        let at = |us: &AtomicI64| AtomicI64::new(us.load(Ordering::Relaxed));
        let noted = key.last_used_at.map_or(i64::MIN, Timestamp::unix_us);
        let (used, written) = before.map_or_else(
            || (AtomicI64::new(noted), AtomicI64::new(noted)),
            |known| (at(&known.used), at(&known.written)),
        );
        Self { id: Some(key.id), caller, key: Some(key), used, written }
    }

    fn of_settings() -> Self {
        let caller = Caller::new(Actor::Key(AdminKey::ID), Arc::new([Grant::Platform]));
        Self { id: None, caller, key: None, used: AtomicI64::new(0), written: AtomicI64::new(0) }
    }

    /// Whoever holds it, where it still opens anything; notes the use.
    pub(super) fn opens(&self, now: Timestamp) -> Result<Caller, Denied> {
        if let Some(key) = &self.key {
            key.opens(now).map_err(|unfit| match unfit {
                Unfit::Expired => Denied::Expired,
                Unfit::Revoked => Denied::Revoked,
            })?;
        }
        // Read first: a key that everybody uses is then a line of the cache that nobody writes to.
        if now.unix_us().saturating_sub(self.used.load(Ordering::Relaxed)) >= USE_US {
            self.used.store(now.unix_us(), Ordering::Relaxed);
        }
        Ok(self.caller.clone())
    }
}

/// The keys of the installation.
pub(super) struct Directory {
    store: Arc<dyn MetaStore>,
    keys: ArcSwap<HashMap<KeyHash, Arc<Known>>>,
    /// The number of the last change that is known.
    seen: AtomicU64,
    rounds: watch::Sender<Round>,
    wanted: Notify,
    /// When the last question began.
    asked: Mutex<Option<Instant>>,
    events: Events,
}

/// How often the store was asked.
#[derive(Debug, Clone, Copy, Default)]
struct Round {
    /// Questions that have begun.
    begun: u64,
    /// The number of the last one that ended.
    ended: u64,
    /// Whether it was answered.
    answered: bool,
    /// Whether any ever was.
    loaded: bool,
}

impl Directory {
    pub(super) fn new(store: Arc<dyn MetaStore>, admin_key: Option<&AdminKey>, events: Events) -> Self {
        let keys = admin_key.map(|key| (key.hash(), Arc::new(Known::of_settings()))).into_iter().collect();
        Self {
            store,
            keys: ArcSwap::from_pointee(keys),
            seen: AtomicU64::new(0),
            rounds: watch::Sender::new(Round::default()),
            wanted: Notify::new(),
            asked: Mutex::new(None),
            events,
        }
    }

    /// The key of a hash. Whoever measures how long this takes learns something of a hash, and nothing of a key.
    pub(super) fn key(&self, hash: &KeyHash) -> Option<Arc<Known>> {
        self.keys.load().get(hash).cloned()
    }

    pub(super) fn knows(&self) -> Knows {
        match *self.rounds.borrow() {
            Round { loaded: false, .. } => Knows::Nothing,
            Round { answered: true, .. } => Knows::All,
            Round { answered: false, .. } => Knows::Before,
        }
    }

    /// Waits for an answer to a question that begins after this call, and says whether there was one. Cancel-safe.
    pub(super) async fn catch_up(&self) -> bool {
        let mut rounds = self.rounds.subscribe();
        let wanted = rounds.borrow().begun + 1;
        self.wanted.notify_one();
        let told = timeout(PATIENCE, rounds.wait_for(|round| round.ended >= wanted)).await;
        matches!(told, Ok(Ok(round)) if round.answered)
    }

    /// Resolves when the store is to be asked. Cancel-safe.
    pub(super) async fn due(&self) {
        let asked = *self.asked.lock().await;
        let Some(asked) = asked else { return }; // Never yet.
        tokio::select! {
            () = sleep_until(asked + EVERY) => {}
            () = self.wanted.notified() => sleep_until(asked + PAUSE).await,
        }
    }

    /// Asks the store what has changed, until it has told all.
    pub(super) async fn round(&self) {
        *self.asked.lock().await = Some(Instant::now());
        self.rounds.send_modify(|round| round.begun += 1);
        let told = self.learn().await;
        if let Err(error) = &told {
            self.events.store_failed(error);
            tracing::debug!(error = error as &dyn std::error::Error, "keys could not be read");
        }
        self.rounds.send_modify(|round| {
            round.ended = round.begun;
            round.answered = told.is_ok();
            round.loaded |= told.is_ok();
        });
    }

    async fn learn(&self) -> Result<(), Error> {
        loop {
            let seen = self.seen.load(Ordering::Relaxed);
            let changes = self.store.access_changes(seen).await?;
            if changes.keys.is_empty() {
                return Ok(());
            }
            let mut keys = HashMap::clone(&self.keys.load());
            for key in changes.keys {
                let hash = key.hash;
                let known = Known::stored(key, keys.get(&hash));
                keys.insert(hash, Arc::new(known));
            }
            self.keys.store(Arc::new(keys));
            self.seen.store(changes.seen, Ordering::Relaxed);
        }
    }

    /// Tells the store when keys were used last.
    pub(super) async fn write_uses(&self) {
        let keys = self.keys.load_full();
        let used: Vec<(KeyId, Timestamp)> = keys
            .values()
            .filter_map(|known| {
                let used = known.used.load(Ordering::Relaxed);
                let is_news = used > known.written.load(Ordering::Relaxed);
                known.id.filter(|_| is_news).map(|id| (id, Timestamp::from_unix_us(used)))
            })
            .collect();
        if used.is_empty() {
            return;
        }
        if let Err(error) = self.store.touch_keys(&used).await {
            // Written with the next ones.
            self.events.store_failed(&error);
            return;
        }
        let at: HashMap<KeyId, i64> = used.into_iter().map(|(id, at)| (id, at.unix_us())).collect();
        for known in keys.values() {
            if let Some(at) = known.id.and_then(|id| at.get(&id)) {
                known.written.fetch_max(*at, Ordering::Relaxed);
            }
        }
    }
}
