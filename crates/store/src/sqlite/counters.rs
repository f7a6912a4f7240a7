//! Counters and login sessions in SQLite; the file may be that of the spans. Every call is one transaction, so several processes may share it.

mod rows;
mod sessions;

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use llmtrace_model::{ExchangeId, Session, SessionHash, TenantId, Timestamp};
use rusqlite::{Connection, TransactionBehavior};

use self::rows::Of;
use super::{failure::failed, migrate, place};
use crate::{
    Backend, Counter, CounterName, CounterStore, Error, ErrorKind, Options, Put, Rebuild, Rebuilt, SessionStore,
    Settle, Settled, SharedNote, Take, Taken,
    counter::Check,
    counting::{self, Ms, ms},
    open::Refused,
    pool::Pool,
};

const PING: &str = "UPDATE pings SET pings = pings + 1 WHERE id = 1";

/// The counters of one file.
#[derive(Debug)]
pub(crate) struct SqliteCounters {
    pool: Pool<Connection>,
}

impl SqliteCounters {
    /// Opens the file and brings its schema up to date.
    pub(crate) async fn open(path: PathBuf, options: &Options) -> Result<Self, Refused> {
        let options = options.clone();
        super::opening(path, move |path| {
            let (connection, _) = migrate::open(path, &options)?;
            let pool = Pool::start(Backend::Sqlite, "store-counters", vec![connection]);
            let source = |error| Error::new(ErrorKind::Unavailable, Backend::Sqlite, "start thread", error);
            let pool = pool.map_err(|error| Refused::Engine { place: place(path), source: source(error) })?;
            Ok(Self { pool })
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        op: &'static str,
        tenant: &TenantId,
        now: Timestamp,
        work: impl FnOnce(&mut Of<'_>, Ms) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (tenant, now) = (tenant.clone(), now.unix_ms());
        let job = move |connection: &mut Connection| {
            let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut rows = Of { connection: &change, tenant: &tenant };
            rows.drop_ended(now)?;
            let answer = work(&mut rows, now)?;
            change.commit()?;
            Ok(answer)
        };
        self.pool.run(op, move |connection, _| job(connection).map_err(failed(op))).await
    }
}

#[async_trait]
impl CounterStore for SqliteCounters {
    fn backend(&self) -> Backend {
        Backend::Sqlite
    }

    async fn take(&self, tenant: &TenantId, take: &Take, now: Timestamp) -> Result<Taken, Error> {
        take.check(Backend::Sqlite)?;
        let take = take.clone();
        self.run("take", tenant, now, move |rows, now| counting::take(rows, &take, now)).await
    }

    async fn renew(
        &self,
        tenant: &TenantId,
        exchanges: &[ExchangeId],
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<ExchangeId>, Error> {
        Check { backend: Backend::Sqlite, op: "renew" }.renewal(exchanges, lease)?;
        let exchanges = exchanges.to_vec();
        self.run("renew", tenant, now, move |rows, now| counting::renew(rows, &exchanges, lease, now)).await
    }

    async fn release_slots(&self, tenant: &TenantId, exchange: ExchangeId, now: Timestamp) -> Result<bool, Error> {
        self.run("release slots", tenant, now, move |rows, now| counting::release_slots(rows, exchange, now)).await
    }

    async fn settle(&self, tenant: &TenantId, settle: &Settle, now: Timestamp) -> Result<Settled, Error> {
        settle.check(Backend::Sqlite)?;
        let settle = settle.clone();
        self.run("settle", tenant, now, move |rows, now| counting::settle(rows, &settle, now)).await
    }

    async fn counters(
        &self,
        tenant: &TenantId,
        windows: &[CounterName],
        now: Timestamp,
    ) -> Result<Vec<Option<Counter>>, Error> {
        Check { backend: Backend::Sqlite, op: "read counters" }.number("windows", windows.len())?;
        let windows = windows.to_vec();
        self.run("read counters", tenant, now, move |rows, now| counting::counters(rows, &windows, now)).await
    }

    async fn claim(
        &self,
        tenant: &TenantId,
        window: &CounterName,
        token: u64,
        lease: Duration,
        now: Timestamp,
    ) -> Result<bool, Error> {
        Check { backend: Backend::Sqlite, op: "claim" }.lease(lease)?;
        let window = window.clone();
        self.run("claim", tenant, now, move |rows, now| counting::claim(rows, &window, token, lease, now)).await
    }

    async fn rebuild(&self, tenant: &TenantId, rebuild: &Rebuild, now: Timestamp) -> Result<Rebuilt, Error> {
        Check { backend: Backend::Sqlite, op: "rebuild" }.amount("spent", rebuild.spent)?;
        let rebuild = rebuild.clone();
        self.run("rebuild", tenant, now, move |rows, now| counting::rebuild(rows, &rebuild, now)).await
    }

    async fn put_note(
        &self,
        tenant: &TenantId,
        name: &CounterName,
        note: &SharedNote,
        put: Put,
        now: Timestamp,
    ) -> Result<bool, Error> {
        Check { backend: Backend::Sqlite, op: "put note" }.note(note)?;
        let (name, note) = (name.clone(), note.clone());
        let work = move |rows: &mut Of<'_>, now: Ms| {
            if put == Put::IfAbsent && rows.note(&name, now)?.is_some() {
                return Ok(false);
            }
            rows.put_note(&name, &note.value, now.saturating_add(ms(note.keep)))?;
            Ok(true)
        };
        self.run("put note", tenant, now, work).await
    }

    async fn note(&self, tenant: &TenantId, name: &CounterName, now: Timestamp) -> Result<Option<Vec<u8>>, Error> {
        let name = name.clone();
        self.run("read note", tenant, now, move |rows, now| rows.note(&name, now)).await
    }

    async fn drop_note(&self, tenant: &TenantId, name: &CounterName, now: Timestamp) -> Result<bool, Error> {
        let name = name.clone();
        self.run("drop note", tenant, now, move |rows, now| rows.drop_note(&name, now)).await
    }

    async fn ping(&self) -> Result<(), Error> {
        let ping = |connection: &mut Connection| connection.execute(PING, []).map(drop);
        self.pool.run("ping", move |connection, _| ping(connection).map_err(failed("ping"))).await
    }

    async fn close(&self) -> Result<(), Error> {
        self.pool.close().await;
        Ok(())
    }
}

#[async_trait]
impl SessionStore for SqliteCounters {
    async fn open_session(&self, session: &Session) -> Result<u64, Error> {
        let (op, session) = ("open session", session.clone());
        self.pool.run(op, move |connection, _| sessions::open(connection, &session).map_err(failed(op))).await
    }

    async fn session(&self, hash: &SessionHash, now: Timestamp) -> Result<Option<Session>, Error> {
        let (op, hash) = ("read session", *hash);
        self.pool.run(op, move |connection, _| sessions::live(connection, &hash, now).map_err(failed(op))).await
    }

    async fn close_session(&self, hash: &SessionHash) -> Result<(), Error> {
        let (op, hash) = ("close session", *hash);
        self.pool.run(op, move |connection, _| sessions::close(connection, &hash).map_err(failed(op))).await
    }
}
