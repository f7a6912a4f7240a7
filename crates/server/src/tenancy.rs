//! Who is asking: API keys, people and their logins, how far they reach, what tenants have set and stored, and the log of what
//! was done.
//!
//! The front lane and the API ask [`Tenancy::who`], which answers from memory; the stores are asked by a task beside them,
//! every second and when somebody shows a key that nobody knows yet.

mod address;
mod admin;
mod caller;
mod credentials;
mod directory;
mod failures;
mod holdings;
mod known;
mod login;
mod oidc;
mod password;
mod refused;
mod reseal;
mod settings;
mod single_sign_on;
mod ticket;
mod token;
mod trail;
pub mod vault;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use llmtrace_model::{Actor, AuditEntry, TenantCapture, TenantId};
use llmtrace_store::{AuditStore, MetaStore, SessionStore};

use self::vault::Vault;
pub use self::{
    address::client_address,
    admin::{AdminKey, AdminKeyError},
    caller::{Caller, Denied},
    credentials::Unavailable,
    login::{Lifetimes, Login, LoginRefused, Way},
    oidc::{Fetch, FetchError, Leaving, OidcRefused, Provider, Return},
    password::{NewPassword, Unhashed, WeakPassword, hash_password},
    reseal::{Resealed, reseal},
    ticket::{LOGIN_COOKIE, LOGIN_COOKIE_TLS, LOGIN_TRIP, LOGIN_TRIP_TLS, Ticket},
    token::{NoRandomness, Token, holds_token, is_like_token},
    trail::{Trail, TrailFull, entry as audit_entry},
};
use self::{
    directory::{Asked, Directory},
    failures::{Bound, Failures, network},
    login::Logins,
    refused::Refused,
};
use crate::{
    clock::Clock,
    config::{Guarding, Ruling, Secret},
    tasks::Tasks,
    telemetry::Events,
};

/// Whether a key is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Whoever reaches the listener may do everything; a key that is shown is checked all the same.
    Open,
    /// Nothing goes without a key.
    Required,
}

/// How far a process knows who may do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knows {
    /// All that there is.
    All,
    /// What there was when the store answered last.
    Before,
    /// Nothing: the store has not answered yet.
    Nothing,
}

/// Who may do what, as this process knows it.
pub struct Tenancy {
    mode: Mode,
    directory: Directory,
    vault: Option<Arc<Vault>>,
    failures: Failures<IpAddr>,
    logins: Logins,
    oidc: Option<Provider>,
    refused: Refused,
    trail: Trail,
    clock: Clock,
    events: Events,
}

/// What a [`Tenancy`] is made of.
pub struct Parts {
    /// Whether a key is asked for.
    pub mode: Mode,
    /// The key that opens everything, where there is one.
    pub admin_key: Option<AdminKey>,
    /// What seals and opens the credentials of tenants; without it none is stored.
    pub vault: Option<Vault>,
    /// Where keys, people and the audit log are kept.
    pub meta: Arc<dyn MetaStore>,
    /// Where logins are kept.
    pub sessions: Arc<dyn SessionStore>,
    /// How long they last.
    pub lifetimes: Lifetimes,
    /// The OpenID provider that people may log in through.
    pub oidc: Option<Provider>,
    /// What the installation does about findings, and what tenants may say beside it.
    pub guarding: Guarding,
    /// What now is.
    pub clock: Clock,
    /// Counts what happens.
    pub events: Events,
}

/// How often what is only noted is written: uses of keys, refusals, ends of the log.
const NOTED_EVERY: Duration = Duration::from_secs(60);
/// How often an address may show a wrong key or password.
const ADDRESS_BOUND: Bound = Bound { burst: 20, regain: Duration::from_secs(1) };

impl Tenancy {
    /// Starts what keeps up with the store; [`Tenancy::load`] waits for its first answer.
    pub fn start(parts: Parts, tasks: &Tasks) -> Arc<Self> {
        let Parts { mode, admin_key, vault, meta, sessions, lifetimes, oidc, guarding, clock, events } = parts;
        let vault = vault.map(Arc::new);
        let (trail, writer) = Trail::new(Arc::clone(&meta) as Arc<dyn AuditStore>, events.clone());
        tasks.spawn("audit", writer.run(tasks.clone()));
        if let Some(vault) = vault.clone().filter(|vault| vault.has_previous()) {
            let (trail, clock) = (trail.clone(), clock.clone());
            let resealing = reseal::run(Arc::clone(&meta), vault, events.clone(), tasks.clone());
            tasks.spawn("reseal", reseal::noted(resealing, trail, clock));
        }
        let directory = Directory::new(meta, admin_key.as_ref(), vault.clone(), guarding, events.clone());
        let logins = Logins::new(sessions, lifetimes, admin_key.as_ref().map(AdminKey::hash));
        let (failures, refused) = (Failures::new(ADDRESS_BOUND), Refused::default());
        let it = Arc::new(Self { mode, directory, vault, failures, logins, oidc, refused, trail, clock, events });
        tasks.spawn("tenancy", Arc::clone(&it).run(tasks.clone()));
        it
    }

    /// Waits until everything is read, for as long as a start may wait. A store that is away is asked again every second;
    /// until it answers, keys are met with [`Denied::StoreAway`].
    pub async fn load(&self) {
        if !self.directory.catch_up_with_all().await {
            tracing::warn!("keys could not be read in time; they will be as soon as the store answers");
        }
    }

    /// Whether a key is asked for.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// How far this process knows who may do what.
    pub fn knows(&self) -> Knows {
        self.directory.knows()
    }

    /// A new entry for the log, of now.
    pub fn entry(&self, actor: Actor, tenant: Option<TenantId>, action: &str) -> AuditEntry {
        trail::entry(&self.clock, actor, tenant, action)
    }

    /// The log of what is done.
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Says who shows a key, or that nobody has to. Answers from memory, but for a key that nobody knows yet: that waits for
    /// what has changed. Cancel-safe.
    pub async fn who(&self, key: Option<&str>, address: IpAddr) -> Result<Caller, Denied> {
        let caller = match (key, self.mode) {
            (Some(key), _) => self.holder(key, address).await,
            (None, Mode::Open) => Ok(Caller::anybody()),
            (None, Mode::Required) => Err(Denied::NoKey),
        };
        caller.inspect_err(|denied| {
            self.events.notice(denied.code());
            self.refused.note(address, denied.code());
        })
    }

    /// Learns at once what changed: for whoever has just made a key, which shall open here with its answer, or stored
    /// anything else that is learnt.
    pub async fn catch_up(&self) {
        self.directory.catch_up_with_all().await;
    }

    /// What of its exchanges a tenant lets be kept; `None` as long as nobody knows, because no store has answered yet. Answers
    /// from memory.
    pub fn capture_of(&self, tenant: &TenantId) -> Option<TenantCapture> {
        self.directory.holdings().settings.capture_of(tenant)
    }

    /// What applies to the exchanges of a tenant. As long as no store has told what tenants have set, that is what the
    /// installation says. Answers from memory.
    pub fn ruling_of(&self, tenant: &TenantId) -> Arc<Ruling> {
        self.directory.holdings().settings.ruling_of(tenant)
    }

    /// What the installation does about findings, and what tenants may say beside it.
    pub fn guarding(&self) -> &Guarding {
        self.directory.holdings().settings.guarding()
    }

    /// Whether the requests of anybody have to wait for a verdict.
    pub fn is_anybody_guarded(&self) -> bool {
        self.directory.holdings().settings.is_anybody_guarded()
    }

    /// How many tenants have a policy of their own that cannot be read here.
    pub fn unread_policies(&self) -> usize {
        self.directory.holdings().settings.unread_policies()
    }

    /// The credential that a tenant has stored for an upstream. Answers from memory.
    pub fn credential(&self, tenant: &TenantId, upstream: &str) -> Result<Option<Arc<Secret>>, Unavailable> {
        self.directory.holdings().credentials.find(tenant, upstream)
    }

    /// What seals the credentials of tenants, where there is a key for it.
    pub fn vault(&self) -> Option<&Vault> {
        self.vault.as_deref()
    }

    async fn holder(&self, key: &str, address: IpAddr) -> Result<Caller, Denied> {
        let Some(token) = Token::of(key) else {
            self.failures.note(network(address), Instant::now());
            return Err(Denied::NotAKey);
        };
        let hash = token.hash();
        let now = self.clock.now();
        if let Some(known) = self.directory.key(&hash) {
            return known.opens(now);
        }
        if !self.failures.may_try(&network(address), Instant::now()) {
            return Err(Denied::TooManyFailures);
        }
        let is_told = self.directory.catch_up().await;
        match self.directory.key(&hash) {
            Some(known) => known.opens(now),
            None if is_told => {
                self.failures.note(network(address), Instant::now());
                Err(Denied::UnknownKey)
            }
            None => Err(Denied::StoreAway),
        }
    }

    async fn run(self: Arc<Self>, tasks: Tasks) {
        let mut noting = tokio::time::interval(NOTED_EVERY);
        noting.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut asked = None;
        loop {
            tokio::select! {
                biased;
                () = tasks.stopping() => break,
                _ = noting.tick() => self.write_down().await,
                about = self.directory.due(asked) => {
                    asked = Some(Asked::now(about, asked));
                    self.directory.round(about).await;
                }
            }
        }
    }

    async fn write_down(&self) {
        self.directory.write_uses().await;
        for entry in self.refused.take(&self.clock) {
            // What finds no room is counted by the trail; the refusal itself was counted already.
            self.trail.note(entry).ok();
        }
    }

    /// Writes down what is only noted so far, and waits for the log; before the stores close.
    pub async fn finish(&self, patience: Duration) {
        self.write_down().await;
        if tokio::time::timeout(patience, self.trail.flush()).await.is_err() {
            tracing::error!("the audit log could not be written to its end, what was left of it is lost");
        }
    }
}
