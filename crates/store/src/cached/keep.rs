//! Where answers are kept: keys and generations in Redis, each call bounded, and what happens while Redis is away.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use llmtrace_model::{TenantId, TenantScope};
use parking_lot::Mutex;
use redis::{Cmd, Value};
use tokio::time::{Instant, timeout};

use super::{CacheEvent, Watch, entry::Generations};
use crate::{Backend, Error, ErrorKind, redis::Link};

/// How long a read waits for Redis, and again for keeping its answer.
pub(super) const READ: Duration = Duration::from_millis(50);
/// How long a write of late spans waits for it.
const LATE: Duration = Duration::from_millis(250);
/// How long an erasure waits for it.
const ERASURE: Duration = Duration::from_secs(6);
/// After a failure it is left alone for so long.
const REST: Duration = Duration::from_secs(5);
/// How often it is asked whether it is there: while it is, and while it is not.
const EVERY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(1));
/// How long a generation is kept. Where it is gone a new one is made, of which no answer is.
const GENERATION_MS: u64 = 3_600_000;
/// Tenants that are told apart in one change.
const MAX_TENANTS: usize = 16;

/// What changed otherwise than by time going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Changed {
    /// Rows of these tenants.
    Of(BTreeSet<TenantId>),
    /// Rows of whoever.
    Any,
}

/// How urgent it is that everybody hears of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// A late span: as far as Redis is there.
    Late,
    /// An erasure: Redis is waited for.
    Erasure,
}

/// What was found of a question.
pub(super) enum Found {
    /// Redis is away: the question goes to the store.
    Away,
    /// The generations that hold now, and perhaps an entry.
    Now(Generations, Option<Vec<u8>>),
}

/// Redis, and whether it is used just now.
pub(super) struct Keep {
    pub(super) link: Link,
    watch: Watch,
    /// How long a read waits.
    patience: Duration,
    state: Mutex<State>,
    marks: (RandomState, AtomicU64),
}

#[derive(Default)]
struct State {
    is_used: bool,
    failed: Option<Instant>,
}

impl Keep {
    pub(super) fn new(link: Link, watch: Watch, patience: Duration) -> Self {
        Self { link, watch, patience, state: Mutex::default(), marks: (RandomState::new(), AtomicU64::new(0)) }
    }

    #[cfg(test)]
    pub(super) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The key of an entry. No counter has a key with this letter: theirs are in the same Redis.
    pub(super) fn key(&self, scope: &TenantScope, name: &str) -> String {
        format!("{}:{{{}}}:a:q:{name}", self.link.prefix(), tag(scope))
    }

    /// Looks an entry up, with the generations that decide whether it holds.
    pub(super) async fn look(&self, scope: &TenantScope, key: &str) -> Found {
        if !self.is_used() {
            return Found::Away;
        }
        match self.bounded("look up", self.patience, self.fetch(scope, key)).await {
            Ok((generations, entry)) => Found::Now(generations, entry),
            Err(error) => {
                self.failed(&error);
                Found::Away
            }
        }
    }

    async fn fetch(&self, scope: &TenantScope, key: &str) -> Result<(Generations, Option<Vec<u8>>), Error> {
        let (own, every) = (self.own(scope), self.every());
        loop {
            // Two commands: a cluster has them on two servers.
            let (mut first, mut second) = (redis::cmd("MGET"), redis::cmd("GET"));
            first.arg(&own).arg(key);
            second.arg(&every);
            let (both, third) = tokio::join!(self.send("look up", &first), self.send("look up", &second));
            let mut both = match both? {
                Value::Array(values) => values.into_iter(),
                _ => return Err(odd("look up")),
            };
            let (mark, entry) = (both.next().and_then(bytes), both.next().and_then(bytes));
            match (mark, bytes(third?)) {
                (Some(own), Some(every)) => return Ok((Generations { own, every }, entry)),
                (own_found, every_found) => {
                    // Nothing stands where nobody asked for an hour, or Redis came back empty. Whoever is first makes it.
                    let missing = [own_found.is_none().then_some(&own), every_found.is_none().then_some(&every)];
                    for key in missing.into_iter().flatten() {
                        self.send("make a generation", self.mark(key).arg("NX")).await?;
                    }
                }
            }
        }
    }

    /// Keeps an entry for so long.
    pub(super) async fn put(&self, key: &str, entry: &[u8], keep: Duration) {
        if !self.is_used() {
            return;
        }
        let ms = u64::try_from(keep.as_millis()).unwrap_or(1).max(1);
        let mut command = redis::cmd("SET");
        command.arg(key).arg(entry).arg("PX").arg(ms);
        if let Err(error) = self.bounded("keep", self.patience, self.send("keep", &command)).await {
            self.failed(&error);
        }
    }

    /// Ends what is kept of changed rows, for every process. Says whether they heard of it.
    pub(super) async fn tell(&self, changed: &Changed, urgency: Urgency) -> bool {
        let patience = match urgency {
            Urgency::Late if !self.is_used() => {
                (self.watch)(CacheEvent::Untold);
                return false;
            }
            Urgency::Late => LATE.max(self.patience),
            Urgency::Erasure => ERASURE,
        };
        let told = self.bounded("tell of a change", patience, self.replace(changed)).await;
        if let Err(error) = &told {
            self.failed(error);
            (self.watch)(CacheEvent::Untold);
        }
        told.is_ok()
    }

    async fn replace(&self, changed: &Changed) -> Result<(), Error> {
        let mut keys = vec![self.own(&TenantScope::All)];
        match changed {
            Changed::Of(tenants) if tenants.len() <= MAX_TENANTS => {
                keys.extend(tenants.iter().map(|tenant| self.own(&TenantScope::One(tenant.clone()))));
            }
            Changed::Of(_) | Changed::Any => keys.push(self.every()),
        }
        for key in keys {
            self.send("tell of a change", &self.mark(&key)).await?;
        }
        Ok(())
    }

    /// Connects where that is needed, and finds out whether Redis is quick enough to be used. Returns how long to wait before
    /// the next look.
    pub(super) async fn look_after(&self) -> Duration {
        let begun = Instant::now();
        let answer = self.send("ping", redis::cmd("GET").arg(self.every())).await;
        if let Err(error) = answer {
            self.failed(&error);
            return EVERY.1;
        }
        // The answer that came with connecting says nothing.
        let is_quick = begun.elapsed() <= self.patience;
        let mut state = self.state.lock();
        if !state.is_used && is_quick && state.failed.is_none_or(|at| at.elapsed() >= REST) {
            *state = State { is_used: true, failed: None };
            tracing::info!("answers are kept in redis");
        }
        if state.is_used { EVERY.0 } else { EVERY.1 }
    }

    pub(super) fn close(&self) {
        self.state.lock().is_used = false;
        self.link.close();
    }

    /// An entry that is not what was written.
    pub(super) fn damaged(&self) {
        (self.watch)(CacheEvent::Failed(ErrorKind::Corrupt));
    }

    pub(super) fn is_used(&self) -> bool {
        self.state.lock().is_used
    }

    fn failed(&self, error: &Error) {
        (self.watch)(CacheEvent::Failed(error.kind));
        let mut state = self.state.lock();
        state.failed = Some(Instant::now());
        if std::mem::take(&mut state.is_used) {
            tracing::warn!(error = %error.source, "answers are not kept in redis, reads go to the store");
        }
    }

    async fn bounded<T>(
        &self,
        op: &'static str,
        patience: Duration,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        timeout(patience, work).await.unwrap_or_else(|_| {
            let why = format!("{} did not answer within {patience:?}", self.link.place());
            Err(Error::new(ErrorKind::Timeout, Backend::Redis, op, why))
        })
    }

    async fn send(&self, op: &'static str, command: &Cmd) -> Result<Value, Error> {
        self.link.send(op, command).await?.map_err(|error| {
            Error::new(ErrorKind::Unavailable, Backend::Redis, op, format!("{}: {error}", self.link.place()))
        })
    }

    /// A command that gives a key a mark that no other change ever had.
    fn mark(&self, key: &str) -> Cmd {
        let (random, count) = &self.marks;
        let mark = random.hash_one(count.fetch_add(1, Ordering::Relaxed));
        let mut command = redis::cmd("SET");
        command.arg(key).arg(&mark.to_le_bytes()).arg("PX").arg(GENERATION_MS);
        command
    }

    fn own(&self, scope: &TenantScope) -> String {
        format!("{}:{{{}}}:a:g", self.link.prefix(), tag(scope))
    }

    fn every(&self) -> String {
        format!("{}:{{*}}:a:every", self.link.prefix())
    }
}

/// What stands between the braces of a key; no tenant is called `*`.
fn tag(scope: &TenantScope) -> &str {
    match scope {
        TenantScope::One(tenant) => tenant.as_str(),
        TenantScope::All => "*",
    }
}

fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

fn odd(op: &'static str) -> Error {
    Error::new(ErrorKind::Corrupt, Backend::Redis, op, "the answer has another form than expected")
}
