//! Every key and every person there is, in memory, and how this process keeps up with what changes: of them, and of what
//! tenants have set and stored.
//!
//! One task asks the store: every second, and sooner when somebody shows a key that is not here. Everybody who waits is
//! answered by the same question, and questions are at least [`PAUSE`] apart, so that a flood of unknown keys costs the store
//! no more than ten of them a second. What tenants have set and stored is asked for once a second, too, and sooner when somebody
//! has just changed it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use llmtrace_model::{KeyHash, KeyId, Timestamp, UserId};
use llmtrace_store::{Error, MetaStore};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{
    Knows,
    admin::AdminKey,
    holdings::Holdings,
    known::{Everybody, KnownKey, Person},
    vault::Vault,
};
use crate::{config::Guarding, telemetry::Events};

/// How often it is asked what has changed.
const EVERY: Duration = Duration::from_secs(1);
/// The least time between two questions.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest that somebody waits to hear whether their key is known.
const PATIENCE: Duration = Duration::from_secs(2);

/// The keys and the people of the installation.
pub(super) struct Directory {
    store: Arc<dyn MetaStore>,
    known: ArcSwap<Everybody>,
    /// The number of the last change of a key that is known.
    seen: AtomicU64,
    /// The number of the last change of a person that is known.
    seen_people: AtomicU64,
    holdings: Holdings,
    rounds: watch::Sender<Round>,
    wanted: Notify,
    events: Events,
}

/// What the store is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Keys and people, for who waits for one.
    Keys,
    /// All that may have changed.
    Everything,
}

/// When the store was asked last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// About anything.
    any: Instant,
    /// About everything.
    all: Instant,
}

impl Asked {
    /// It is asked now.
    pub(super) fn now(about: About, before: Option<Self>) -> Self {
        let any = Instant::now();
        let all = before.filter(|_| about == About::Keys).map_or(any, |before| before.all);
        Self { any, all }
    }
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
    pub(super) fn new(
        store: Arc<dyn MetaStore>,
        admin_key: Option<&AdminKey>,
        vault: Option<Arc<Vault>>,
        guarding: Guarding,
        events: Events,
    ) -> Self {
        Self {
            store,
            known: ArcSwap::from_pointee(Everybody::with(admin_key)),
            seen: AtomicU64::new(0),
            seen_people: AtomicU64::new(0),
            holdings: Holdings::new(vault, guarding, events.clone()),
            rounds: watch::Sender::new(Round::default()),
            wanted: Notify::new(),
            events,
        }
    }

    /// The key of a hash. Whoever measures how long this takes learns something of a hash, and nothing of a key.
    pub(super) fn key(&self, hash: &KeyHash) -> Option<Arc<KnownKey>> {
        self.known.load().key(hash).cloned()
    }

    pub(super) fn key_by_id(&self, id: KeyId) -> Option<Arc<KnownKey>> {
        self.known.load().key_by_id(id).cloned()
    }

    pub(super) fn person(&self, id: UserId) -> Option<Arc<Person>> {
        self.known.load().person(id).cloned()
    }

    /// Says whether anybody can log in with a password; where nobody knows yet, they may.
    pub(super) fn has_passwords(&self) -> bool {
        self.knows() == Knows::Nothing || self.known.load().has_passwords()
    }

    /// The store itself, for what is asked once in a while.
    pub(super) fn store(&self) -> &dyn MetaStore {
        self.store.as_ref()
    }

    /// What tenants have set and stored.
    pub(super) fn holdings(&self) -> &Holdings {
        &self.holdings
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

    /// The same for everything, and not for keys only.
    pub(super) async fn catch_up_with_all(&self) -> bool {
        // First: a question that begins after this is about everything, whoever waits for it.
        self.holdings.want();
        self.catch_up().await
    }

    /// Resolves when the store is to be asked, and says about what; at once where it never was. Cancel-safe.
    pub(super) async fn due(&self, asked: Option<Asked>) -> About {
        let Some(Asked { any, all }) = asked else { return About::Everything };
        tokio::select! {
            // A flood of unknown keys puts off nothing else.
            biased;
            () = sleep_until(all + EVERY) => About::Everything,
            () = self.wanted.notified() => {
                sleep_until(any + PAUSE).await;
                About::Keys
            }
        }
    }

    /// Asks the store what has changed, until it has told all.
    pub(super) async fn round(&self, about: About) {
        self.rounds.send_modify(|round| round.begun += 1);
        let told = self.learn().await;
        // A store that is away is not asked more.
        if told.is_ok() && (about == About::Everything || self.holdings.are_wanted()) {
            self.holdings.learn(self.store.as_ref()).await;
        }
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
            let changes = self.store.access_changes(self.seen.load(Ordering::Relaxed)).await?;
            if changes.keys.is_empty() {
                break;
            }
            self.take(|known| changes.keys.into_iter().for_each(|key| known.learn_key(key)));
            self.seen.store(changes.seen, Ordering::Relaxed);
        }
        loop {
            let changes = self.store.user_changes(self.seen_people.load(Ordering::Relaxed)).await?;
            if changes.users.is_empty() {
                break;
            }
            self.take(|known| changes.users.into_iter().for_each(|user| known.learn_person(user)));
            self.seen_people.store(changes.seen, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Puts what was learned beside what is read meanwhile; only one task learns.
    fn take(&self, learn: impl FnOnce(&mut Everybody)) {
        let mut known = Everybody::clone(&self.known.load());
        learn(&mut known);
        self.known.store(Arc::new(known));
    }

    /// Tells the store when keys were used last.
    pub(super) async fn write_uses(&self) {
        let everybody = self.known.load_full();
        let used: Vec<(KeyId, Timestamp)> = everybody
            .keys()
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
        for known in everybody.keys() {
            if let Some(at) = known.id.and_then(|id| at.get(&id)) {
                known.written.fetch_max(*at, Ordering::Relaxed);
            }
        }
    }
}
