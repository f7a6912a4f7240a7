//! Who is known: keys and people, each with what it takes to answer a request without asking anybody.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use llmtrace_model::{Actor, ApiKey, Grant, KeyHash, KeyId, Session, Timestamp, Unfit, User, UserId};

use super::{
    admin::AdminKey,
    caller::{Caller, Denied},
};

/// Uses closer together are one.
const USE_US: i64 = 60_000_000;

/// Everybody who is known at one time.
#[derive(Debug, Clone, Default)]
pub(super) struct Everybody {
    keys: HashMap<KeyHash, Arc<KnownKey>>,
    by_id: HashMap<KeyId, KeyHash>,
    people: HashMap<UserId, Arc<Person>>,
}

impl Everybody {
    /// Whoever holds the key of the settings, and nobody else.
    pub(super) fn with(admin_key: Option<&AdminKey>) -> Self {
        let keys = admin_key.map(|key| (key.hash(), Arc::new(KnownKey::of_settings()))).into_iter().collect();
        Self { keys, ..Self::default() }
    }

    pub(super) fn key(&self, hash: &KeyHash) -> Option<&Arc<KnownKey>> {
        self.keys.get(hash)
    }

    pub(super) fn key_by_id(&self, id: KeyId) -> Option<&Arc<KnownKey>> {
        self.keys.get(self.by_id.get(&id)?)
    }

    pub(super) fn person(&self, id: UserId) -> Option<&Arc<Person>> {
        self.people.get(&id)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Arc<KnownKey>> {
        self.keys.values()
    }

    /// Says whether anybody can log in with a password.
    pub(super) fn has_passwords(&self) -> bool {
        self.people.values().any(|person| person.has_password)
    }

    /// Takes a key as it is now.
    pub(super) fn learn_key(&mut self, key: ApiKey) {
        let (id, hash) = (key.id, key.hash);
        let known = KnownKey::stored(key, self.keys.get(&hash));
        self.keys.insert(hash, Arc::new(known));
        self.by_id.insert(id, hash);
    }

    /// Takes a person as they are now.
    pub(super) fn learn_person(&mut self, user: User) {
        if user.removed_at.is_some() {
            self.people.remove(&user.id);
        } else {
            self.people.insert(user.id, Arc::new(Person::new(user)));
        }
    }
}

/// A key that is known.
#[derive(Debug)]
pub(super) struct KnownKey {
    /// `None` for the key of the settings, which no store knows.
    pub(super) id: Option<KeyId>,
    caller: Caller,
    key: Option<ApiKey>,
    pub(super) used: AtomicI64,
    pub(super) written: AtomicI64,
}

impl KnownKey {
    fn stored(key: ApiKey, before: Option<&Arc<Self>>) -> Self {
        let caller = Caller::new(Actor::Key(key.id), Arc::new([key.grant.clone()])).named(&key.name);
        let at = |us: &AtomicI64| AtomicI64::new(us.load(Ordering::Relaxed));
        let noted = key.last_used_at.map_or(i64::MIN, Timestamp::unix_us);
        let (used, written) = before.map_or_else(
            || (AtomicI64::new(noted), AtomicI64::new(noted)),
            |known| (at(&known.used), at(&known.written)),
        );
        Self { id: Some(key.id), caller, key: Some(key), used, written }
    }

    fn of_settings() -> Self {
        let caller = Caller::new(Actor::Key(AdminKey::ID), Arc::new([Grant::Platform])).named("auth.admin_key");
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

/// A person who is known, without the hash of their password.
#[derive(Debug)]
pub(super) struct Person {
    user: User,
    has_password: bool,
    caller: Caller,
}

impl Person {
    fn new(mut user: User) -> Self {
        let has_password = user.password.take().is_some() && user.may_log_in();
        let caller = caller_of(&user);
        Self { user, has_password, caller }
    }

    /// The person, where a session of theirs still counts.
    pub(super) fn honours(&self, session: &Session) -> Option<Caller> {
        self.user.honours(session).then(|| self.caller.clone())
    }
}

/// A person as somebody who asks.
pub(super) fn caller_of(user: &User) -> Caller {
    let login = user.name.as_ref().map_or("", llmtrace_model::UserName::as_str);
    let shown = if user.display.is_empty() { login } else { &user.display };
    Caller::new(Actor::User(user.id), user.reach().into()).named(shown)
}
