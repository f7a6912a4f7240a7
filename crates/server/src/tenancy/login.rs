//! Logging in: by a key, by name and password; what a cookie says afterwards, and logging out.

use std::{
    collections::HashSet,
    future::Future,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use llmtrace_model::{Actor, Holder, KeyHash, PasswordHash, Session, SessionHash, Timestamp, User, UserName};
use llmtrace_store::{Error, SessionStore};
use tokio::time::timeout;

use super::{
    Mode, Tenancy,
    admin::AdminKey,
    caller::{Caller, Denied},
    failures::{Bound, Failures, network},
    known::caller_of,
    password::{Hashing, NewPassword, Unhashed},
    ticket::Ticket,
};
use crate::telemetry::Events;

/// The longest wait for a store.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a password may be wrong for one name, whoever tries: twenty at once, then one in ten seconds.
const NAME_BOUND: Bound = Bound { burst: 20, regain: Duration::from_secs(10) };
/// How often an address may show a cookie that nobody knows: a browser with many pages open shows an old one at once.
const COOKIE_BOUND: Bound = Bound { burst: 100, regain: Duration::from_millis(500) };
/// The most sessions of which is remembered that they were there.
const MAX_LATELY: usize = 10_000;

/// How long a login lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Without being used.
    pub idle: Duration,
    /// In all.
    pub total: Duration,
}

/// Who says how they log in.
pub enum Way {
    /// By an API key.
    Key(String),
    /// By a name and a password.
    Password {
        /// The name.
        name: String,
        /// The password.
        password: String,
    },
}

/// Somebody who has just logged in.
#[derive(Debug)]
pub struct Login {
    /// Who.
    pub caller: Caller,
    /// What their cookie holds from now on.
    pub ticket: Ticket,
}

/// Why somebody was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefused {
    /// The name, the password or the key is wrong, or whoever it is may not log in: it is not said which.
    #[error("the name, the password or the key is wrong, or may not log in")]
    Wrong,
    /// The address or the name has failed too often.
    #[error("too many logins have failed, try again shortly")]
    TooManyFailures,
    /// As many log in as can at the same time.
    #[error("too many log in at the same time, try again shortly")]
    Busy,
    /// A store is away.
    #[error("nobody can log in, because a store is away; try again shortly")]
    StoreAway,
    /// The machine gives no random bytes.
    #[error("the machine gives no random bytes")]
    Broken,
}

impl LoginRefused {
    /// Its stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Wrong => "login_wrong",
            Self::TooManyFailures => "login_too_many_failures",
            Self::Busy => "login_busy",
            Self::StoreAway => "login_unavailable",
            Self::Broken => "login_broken",
        }
    }
}

impl From<Unhashed> for LoginRefused {
    fn from(why: Unhashed) -> Self {
        match why {
            Unhashed::Busy => Self::Busy,
            Unhashed::Broken => Self::Broken,
        }
    }
}

/// A store did not answer, or not in time.
pub(super) struct Away;

impl From<Away> for LoginRefused {
    fn from(_: Away) -> Self {
        Self::StoreAway
    }
}

/// What logins need beside the directory.
pub(super) struct Logins {
    sessions: Arc<dyn SessionStore>,
    lifetimes: Lifetimes,
    hashing: Hashing,
    names: Failures<UserName>,
    cookies: Failures<IpAddr>,
    lately: Lately,
    admin_key: Option<KeyHash>,
}

impl Logins {
    pub(super) fn new(sessions: Arc<dyn SessionStore>, lifetimes: Lifetimes, admin_key: Option<KeyHash>) -> Self {
        Self {
            sessions,
            lifetimes,
            hashing: Hashing::default(),
            names: Failures::new(NAME_BOUND),
            cookies: Failures::new(COOKIE_BOUND),
            lately: Lately::default(),
            admin_key,
        }
    }

    fn hash(&self, ticket: &Ticket) -> Option<SessionHash> {
        ticket.hash(self.admin_key.as_ref())
    }
}

impl Tenancy {
    /// Lets somebody in, in a session of its own; one that they had before ends. Cancel-safe.
    pub async fn log_in(&self, way: Way, address: IpAddr, before: Option<&Ticket>) -> Result<Login, LoginRefused> {
        let who = match way {
            Way::Key(key) => self.key_holder(&key, address).await,
            Way::Password { name, password } => self.person(&name, password, address).await,
        };
        let login = match who {
            Ok(proven) => self.open(proven).await,
            Err(why) => Err(why),
        };
        let login = login.inspect_err(|why| {
            self.events.notice(why.code());
            self.refused.note(address, why.code());
        })?;
        if let Some(before) = before {
            self.close(before).await;
        }
        Ok(login)
    }

    /// Opens a session.
    pub(super) async fn open(&self, proven: Proven) -> Result<Login, LoginRefused> {
        let Proven { caller, holder, from } = proven;
        let logins = &self.logins;
        let now = self.clock.now().max(from);
        let ticket = Ticket::mint(holder).map_err(|_| LoginRefused::Broken)?;
        let hash = logins.hash(&ticket).ok_or(LoginRefused::Wrong)?;
        let total = i64::try_from(logins.lifetimes.total.as_micros()).unwrap_or(i64::MAX);
        let session = Session {
            hash,
            holder,
            created_at: now,
            seen_at: now,
            expires_at: Timestamp::from_unix_us(now.unix_us().saturating_add(total)),
            idle_us: u64::try_from(logins.lifetimes.idle.as_micros()).unwrap_or(u64::MAX),
        };
        let pushed_out = ask(&self.events, logins.sessions.open_session(&session)).await?;
        if pushed_out > 0 {
            self.events.notice("logins_pushed_out");
        }
        logins.lately.note(hash);
        if let Holder::User(id) = holder {
            // Who logged in is not kept out because that could not be noted.
            ask(&self.events, self.directory.store().note_login(id, now)).await.unwrap_or(());
        }
        Ok(Login { caller, ticket })
    }

    /// Says whose cookie it is. Where nobody is asked for a key, a cookie that says nothing is none. Cancel-safe.
    pub async fn logged_in(&self, ticket: &Ticket, address: IpAddr) -> Result<Caller, Denied> {
        match self.session_holder(ticket, address).await {
            Err(_) if self.mode == Mode::Open => Ok(Caller::anybody()),
            known => known.inspect_err(|denied| {
                self.events.notice(denied.code());
                self.refused.note(address, denied.code());
            }),
        }
    }

    /// Ends a session, and says whose it was.
    pub async fn log_out(&self, ticket: &Ticket, address: IpAddr) -> Result<Option<Caller>, LoginRefused> {
        let holder = match self.session_holder(ticket, address).await {
            Err(Denied::StoreAway) => return Err(LoginRefused::StoreAway),
            Err(Denied::TooManyFailures) => return Err(LoginRefused::TooManyFailures),
            found => found.ok(),
        };
        if let Some(hash) = self.logins.hash(ticket) {
            ask(&self.events, self.logins.sessions.close_session(&hash)).await?;
            self.logins.lately.forget(&hash);
        }
        Ok(holder)
    }

    /// Says whether anybody can log in with a password.
    pub fn has_passwords(&self) -> bool {
        self.directory.has_passwords()
    }

    /// The hash of a new password.
    pub async fn hash_password(&self, password: NewPassword) -> Result<PasswordHash, Unhashed> {
        self.logins.hashing.hash(password).await
    }

    /// Says whether somebody who is logged in knows their own password; wrong ones count as failed logins.
    pub async fn is_password_of(&self, user: &User, password: String) -> Result<bool, LoginRefused> {
        let Some(name) = &user.name else { return Ok(false) };
        if !self.logins.names.charge(name.clone(), Instant::now()) {
            return Err(LoginRefused::TooManyFailures);
        }
        let is = self.logins.hashing.is(password, user.password.clone()).await;
        if !matches!(is, Ok(false)) {
            self.logins.names.forgive(name);
        }
        Ok(is?)
    }

    /// Opens a new session for somebody whose sessions were made void, in the place of one of these.
    pub async fn log_in_anew(&self, user: &User, before: &Ticket) -> Result<Login, LoginRefused> {
        let login = self.open(Proven::user(user)).await?;
        self.close(before).await;
        Ok(login)
    }

    pub(super) async fn close(&self, ticket: &Ticket) {
        let Some(hash) = self.logins.hash(ticket) else { return };
        self.logins.lately.forget(&hash);
        // It ends by itself where this fails: a login that goes on is no reason to refuse the new one.
        ask(&self.events, self.logins.sessions.close_session(&hash)).await.unwrap_or(());
    }

    async fn key_holder(&self, key: &str, address: IpAddr) -> Result<Proven, LoginRefused> {
        let caller = self.holder(key, address).await.map_err(|denied| match denied {
            Denied::TooManyFailures => LoginRefused::TooManyFailures,
            Denied::StoreAway => LoginRefused::StoreAway,
            Denied::NoKey
            | Denied::NotAKey
            | Denied::UnknownKey
            | Denied::Expired
            | Denied::Revoked
            | Denied::NoSession => LoginRefused::Wrong,
        })?;
        let holder = match caller.actor {
            Actor::Key(AdminKey::ID) => Holder::AdminKey,
            Actor::Key(id) => Holder::Key(id),
            Actor::User(_) | Actor::CommandLine | Actor::System | Actor::Anonymous => return Err(LoginRefused::Wrong),
        };
        Ok(Proven { caller, holder, from: Timestamp::from_unix_us(0) })
    }

    /// Whoever has this name and password. An unknown name costs what a known one does.
    async fn person(&self, name: &str, password: String, address: IpAddr) -> Result<Proven, LoginRefused> {
        let address = network(address);
        // What is no name is nobody's, and is compared all the same.
        let name: Option<UserName> = name.parse().ok();
        let now = Instant::now();
        if !self.failures.charge(address, now) {
            return Err(LoginRefused::TooManyFailures);
        }
        if name.as_ref().is_some_and(|name| !self.logins.names.charge(name.clone(), now)) {
            self.failures.forgive(&address);
            return Err(LoginRefused::TooManyFailures);
        }
        let found = self.matching(name.as_ref(), password).await;
        // Only what was wrong counts.
        if !matches!(found, Err(LoginRefused::Wrong)) {
            self.failures.forgive(&address);
            name.iter().for_each(|name| self.logins.names.forgive(name));
        }
        Ok(Proven::user(&found?))
    }

    async fn matching(&self, name: Option<&UserName>, password: String) -> Result<User, LoginRefused> {
        let user = match name {
            Some(name) => ask(&self.events, self.directory.store().user_by_name(name)).await?,
            None => None,
        };
        let hash = user.as_ref().and_then(|user| user.password.clone());
        let is_right = self.logins.hashing.is(password, hash).await?;
        user.filter(|user| is_right && user.may_log_in()).ok_or(LoginRefused::Wrong)
    }

    async fn session_holder(&self, ticket: &Ticket, address: IpAddr) -> Result<Caller, Denied> {
        let logins = &self.logins;
        let hash = logins.hash(ticket).ok_or(Denied::NoSession)?;
        let address = network(address);
        if !logins.lately.has(&hash) && !logins.cookies.may_try(&address, Instant::now()) {
            return Err(Denied::TooManyFailures);
        }
        let now = self.clock.now();
        let found = ask(&self.events, logins.sessions.session(&hash, now)).await.map_err(|Away| Denied::StoreAway)?;
        let Some(session) = found else {
            logins.lately.forget(&hash);
            logins.cookies.note(address, Instant::now());
            return Err(Denied::NoSession);
        };
        logins.lately.note(hash);
        let holder = || match session.holder {
            Holder::User(id) => {
                self.directory.person(id).map(|person| person.honours(&session).ok_or(Denied::NoSession))
            }
            Holder::Key(id) => self.directory.key_by_id(id).map(|key| key.opens(now)),
            Holder::AdminKey => logins.admin_key.and_then(|key| self.directory.key(&key)).map(|key| key.opens(now)),
        };
        // Whoever was added a moment ago, in another process, is asked for.
        match holder() {
            Some(told) => told,
            None if self.directory.catch_up().await => holder().unwrap_or(Err(Denied::NoSession)),
            None => Err(Denied::StoreAway),
        }
    }
}

/// Somebody who showed that they are who they say.
pub(super) struct Proven {
    caller: Caller,
    holder: Holder,
    /// Sessions that begin before are void.
    from: Timestamp,
}

impl Proven {
    pub(super) fn user(user: &User) -> Self {
        Self { caller: caller_of(user), holder: Holder::User(user.id), from: user.sessions_from }
    }
}

/// Asks a store, for as long as somebody waits.
pub(super) async fn ask<T>(events: &Events, question: impl Future<Output = Result<T, Error>>) -> Result<T, Away> {
    match timeout(PATIENCE, question).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            events.store_failed(&error);
            tracing::warn!(store.op = error.op, store.backend = %error.backend, error = &error as &dyn std::error::Error,
                "nobody can log in, a store does not answer");
            Err(Away)
        }
        Err(_elapsed) => {
            events.notice("login_store_timed_out");
            Err(Away)
        }
    }
}

/// Sessions that were there lately: their holders are not kept out by what others of their address do.
#[derive(Default)]
struct Lately(Mutex<HashSet<SessionHash>>);

impl Lately {
    fn has(&self, hash: &SessionHash) -> bool {
        self.of().contains(hash)
    }

    fn note(&self, hash: SessionHash) {
        let mut of = self.of();
        if of.len() >= MAX_LATELY {
            of.clear();
        }
        of.insert(hash);
    }

    fn forget(&self, hash: &SessionHash) {
        self.of().remove(hash);
    }

    fn of(&self) -> std::sync::MutexGuard<'_, HashSet<SessionHash>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
