//! The engine in Redis: counters that all replicas share, and login sessions. Every call on counters is one script on the keys of
//! one tenant; a session is one key.

mod answer;
mod link;
mod script;
mod sessions;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use llmtrace_model::{ExchangeId, Session, SessionHash, TenantId, Timestamp};
use redis::Value;

pub(crate) use self::link::{Link, Purpose, field, is_old, texts};
use self::{
    answer::Answer,
    script::{Call, Script},
};
use crate::{
    Backend, Counter, CounterName, CounterStore, Error, ErrorKind, Put, Rebuild, Rebuilt, ServerOptions, SessionStore,
    Settle, Settled, SharedNote, Take, Taken, Unreserved, counter::Check, counting::ms, open::Refused,
};

/// Whose time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// That of the server: the same for all replicas.
    Server,
    /// That of the caller, for tests.
    #[cfg_attr(not(test), expect(dead_code, reason = "the suite plays in a time of its own"))]
    Caller,
}

/// Counters and login sessions in Redis.
pub(crate) struct RedisCounters {
    link: Link,
    clock: Clock,
}

impl RedisCounters {
    /// Reads the URL. Connecting is left to the first call, so that no server keeps a process from starting.
    pub(crate) fn open(options: &ServerOptions, clock: Clock) -> Result<Self, Refused> {
        let engine = |place: &str, source| Refused::Engine { place: place.to_owned(), source };
        let link = Link::of(options, Purpose::Counters)
            .map_err(|why| engine("redis:", Error::new(ErrorKind::Config, Backend::Redis, "open", why)))?;
        Ok(Self { link, clock })
    }

    async fn call(&self, call: Call, now: Timestamp) -> Result<Answer, Error> {
        let now = match self.clock {
            Clock::Server => None,
            Clock::Caller => Some(now.unix_ms()),
        };
        call.run(&self.link, now).await
    }

    fn begin(&self, op: &'static str, script: Script, tenant: &TenantId) -> Call {
        Call::new(op, script, format!("{}:{{{tenant}}}", self.link.prefix()))
    }

    fn note_key(&self, tenant: &TenantId, name: &CounterName) -> String {
        format!("{}:{{{tenant}}}:v:{name}", self.link.prefix())
    }

    async fn send(&self, op: &'static str, command: &redis::Cmd) -> Result<Value, Error> {
        plain(&self.link, op, command).await
    }
}

/// Sends a command that is no script.
async fn plain(link: &Link, op: &'static str, command: &redis::Cmd) -> Result<Value, Error> {
    let answer = link.send(op, command).await?;
    answer.map_err(|error| Error::new(ErrorKind::Unavailable, Backend::Redis, op, error.to_string()))
}

#[async_trait]
impl CounterStore for RedisCounters {
    fn backend(&self) -> Backend {
        Backend::Redis
    }

    async fn take(&self, tenant: &TenantId, take: &Take, now: Timestamp) -> Result<Taken, Error> {
        take.check(Backend::Redis)?;
        let mut call = self.begin("take", Script::Take, tenant).exchange(take.exchange_id);
        call = call.number(take.amount.nanos()).number(ms(take.lease)).number(take.windows.len());
        for demand in &take.windows {
            call = call.window(&demand.window).maybe(demand.limit.map(|limit| limit.nanos()));
        }
        call = call.number(take.slots.len());
        for slot in &take.slots {
            call = call.text(slot.name.as_str()).number(slot.limit);
        }
        call = call.number(take.draws.len());
        for draw in &take.draws {
            let bucket = &draw.bucket;
            call = call.text(bucket.name.as_str()).number(bucket.tokens).number(bucket.period_ms);
            call = call.number(bucket.burst).number(draw.tokens);
        }
        self.call(call, now).await?.taken(take)
    }

    async fn renew(
        &self,
        tenant: &TenantId,
        exchanges: &[ExchangeId],
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<ExchangeId>, Error> {
        Check { backend: Backend::Redis, op: "renew" }.renewal(exchanges, lease)?;
        let mut call = self.begin("renew", Script::Renew, tenant).number(ms(lease)).number(exchanges.len());
        for id in exchanges {
            call = call.text(&id.to_string());
        }
        self.call(call, now).await?.exchanges()
    }

    async fn release_slots(&self, tenant: &TenantId, exchange: ExchangeId, now: Timestamp) -> Result<bool, Error> {
        let call = self.begin("release slots", Script::Release, tenant).text(&exchange.to_string());
        self.call(call, now).await?.yes()
    }

    async fn settle(&self, tenant: &TenantId, settle: &Settle, now: Timestamp) -> Result<Settled, Error> {
        settle.check(Backend::Redis)?;
        let mut call = self.begin("settle", Script::Settle, tenant).exchange(settle.exchange_id);
        call = call.number(settle.amount.nanos());
        match &settle.unreserved {
            Unreserved::Report => call = call.text("0").number(0),
            Unreserved::Book(windows) => {
                call = call.text("1").number(windows.len());
                for window in windows {
                    call = call.window(window);
                }
            }
        }
        call = call.number(settle.corrections.len());
        for (bucket, used) in &settle.corrections {
            call = call.text(bucket.name.as_str()).number(bucket.tokens).number(bucket.period_ms).number(used);
        }
        self.call(call, now).await?.settled()
    }

    async fn counters(
        &self,
        tenant: &TenantId,
        windows: &[CounterName],
        now: Timestamp,
    ) -> Result<Vec<Option<Counter>>, Error> {
        Check { backend: Backend::Redis, op: "read counters" }.number("windows", windows.len())?;
        let mut call = self.begin("read counters", Script::Counters, tenant);
        for name in windows {
            call = call.text(name.as_str());
        }
        self.call(call, now).await?.counters()
    }

    async fn claim(
        &self,
        tenant: &TenantId,
        window: &CounterName,
        token: u64,
        lease: Duration,
        now: Timestamp,
    ) -> Result<bool, Error> {
        Check { backend: Backend::Redis, op: "claim" }.lease(lease)?;
        let call = self.begin("claim", Script::Claim, tenant).text(window.as_str()).number(token).number(ms(lease));
        self.call(call, now).await?.yes()
    }

    async fn rebuild(&self, tenant: &TenantId, rebuild: &Rebuild, now: Timestamp) -> Result<Rebuilt, Error> {
        Check { backend: Backend::Redis, op: "rebuild" }.amount("spent", rebuild.spent)?;
        let call = self.begin("rebuild", Script::Rebuild, tenant).window(&rebuild.window).number(rebuild.token);
        let call = call.maybe(rebuild.found.map(|found| found.nanos())).number(rebuild.spent.nanos());
        self.call(call, now).await?.rebuilt()
    }

    async fn put_note(
        &self,
        tenant: &TenantId,
        name: &CounterName,
        note: &SharedNote,
        put: Put,
        _now: Timestamp,
    ) -> Result<bool, Error> {
        let op = "put note";
        Check { backend: Backend::Redis, op }.note(note)?;
        let mut command = redis::cmd("SET");
        command.arg(self.note_key(tenant, name)).arg(&note.value).arg("PX").arg(ms(note.keep));
        if put == Put::IfAbsent {
            command.arg("NX");
        }
        Ok(self.send(op, &command).await? != Value::Nil)
    }

    async fn note(&self, tenant: &TenantId, name: &CounterName, _now: Timestamp) -> Result<Option<Vec<u8>>, Error> {
        match self.send("read note", redis::cmd("GET").arg(self.note_key(tenant, name))).await? {
            Value::BulkString(note) => Ok(Some(note)),
            _ => Ok(None),
        }
    }

    async fn drop_note(&self, tenant: &TenantId, name: &CounterName, _now: Timestamp) -> Result<bool, Error> {
        Ok(self.send("drop note", redis::cmd("DEL").arg(self.note_key(tenant, name))).await? == Value::Int(1))
    }

    fn complaint(&self) -> Option<String> {
        self.link.complaint()
    }

    async fn ping(&self) -> Result<(), Error> {
        let key = format!("{}:ping", self.link.prefix());
        self.send("ping", redis::cmd("SET").arg(key).arg("").arg("PX").arg(1000)).await.map(drop)
    }

    async fn close(&self) -> Result<(), Error> {
        self.link.close();
        Ok(())
    }
}

#[async_trait]
impl SessionStore for RedisCounters {
    async fn open_session(&self, session: &Session) -> Result<u64, Error> {
        sessions::open(&self.link, session).await
    }

    async fn session(&self, hash: &SessionHash, now: Timestamp) -> Result<Option<Session>, Error> {
        sessions::live(&self.link, hash, now).await
    }

    async fn close_session(&self, hash: &SessionHash) -> Result<(), Error> {
        sessions::close(&self.link, hash).await
    }
}
