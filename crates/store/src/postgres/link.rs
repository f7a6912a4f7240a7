//! The connections to one server: made when they are needed, bounded in number and in time, and found again after it was away.
//!
//! Before the first question, and after every sign that the server is not what it was, one caller looks at it: connects and
//! brings the schema up to date. Others wait for that; after a failure all are answered at once for a while.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, Executor, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{
    sync::Mutex,
    time::{Instant, error::Elapsed, timeout},
};

use super::{
    failure::{self, failed, late},
    migrate::{self, Fault},
};
use crate::{Backend, Error, ErrorKind, Migrate, Schema, error::Complaint};

/// How long a connection may take to be made, or a call wait for one that is free.
const CONNECT: Duration = Duration::from_secs(5);
/// How long looking at the server may take, with a migration.
const LOOK: Duration = Duration::from_secs(10);
/// How long one call may take once it has a connection. The server ends a statement a little earlier.
pub(super) const CALL: Duration = Duration::from_secs(10);
const STATEMENT_BOUNDS: &str = "SET statement_timeout = '9s'; SET idle_in_transaction_session_timeout = '30s'";
/// How long a failed look stands for the next ones, at least; one that took long stands for twice as long, so that a server
/// that never answers holds callers up for a third of the time.
const PAUSE: Duration = Duration::from_secs(1);
/// Connections at most, where nothing is set.
const CONNECTIONS: u32 = 10;

/// The way to one server.
#[derive(Debug)]
pub(super) struct Link {
    options: PgConnectOptions,
    place: String,
    migrate: Migrate,
    pool: PgPool,
    is_ready: AtomicBool,
    is_closed: AtomicBool,
    last: Mutex<Option<Failed>>,
}

/// A look that failed.
#[derive(Debug)]
struct Failed {
    until: Instant,
    error: Error,
}

impl Link {
    /// Connects to nothing yet.
    pub(super) fn new(options: PgConnectOptions, place: String, migrate: Migrate, max_connections: u32) -> Self {
        let most = if max_connections == 0 { CONNECTIONS } else { max_connections };
        let pool = PgPoolOptions::new()
            .max_connections(most)
            .acquire_timeout(CONNECT)
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(STATEMENT_BOUNDS).await.map(drop) })
            })
            .connect_lazy_with(options.clone());
        Self {
            options,
            place,
            migrate,
            pool,
            is_ready: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            last: Mutex::new(None),
        }
    }

    /// Looks at the server if nobody has since it was last lost.
    pub(super) async fn ready(&self, op: &'static str) -> Result<(), Fault> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(Fault::Engine(Error::closed(Backend::Postgres, op)));
        }
        if self.is_ready.load(Ordering::Acquire) {
            return Ok(());
        }
        let Ok(mut last) = timeout(LOOK, self.last.lock()).await else {
            return Err(Fault::Engine(late(op, "another call still tries to connect")));
        };
        if self.is_ready.load(Ordering::Acquire) {
            return Ok(());
        }
        if let Some(failed) = last.as_ref().filter(|failed| Instant::now() < failed.until) {
            return Err(Fault::Engine(failed.error.again(op)));
        }
        let started = Instant::now();
        let looked = look(&self.options, async |connection| {
            migrate::bring(connection, self.migrate, &self.place).await.map(drop)
        });
        let fault = match looked.await {
            Ok(()) => {
                *last = None;
                self.is_ready.store(true, Ordering::Release);
                return Ok(());
            }
            Err(fault) => fault,
        };
        let error = match &fault {
            Fault::Refused(why) => refused(op, why),
            Fault::Engine(error) => error.again(op),
        };
        let until = Instant::now() + PAUSE.max(2 * started.elapsed());
        *last = Some(Failed { until, error });
        Err(fault)
    }

    /// A connection for one call.
    pub(super) async fn lend(&self, op: &'static str) -> Result<PoolConnection<Postgres>, Error> {
        self.ready(op).await.map_err(|fault| fault.error(op))?;
        self.pool.acquire().await.map_err(|error| self.failed(op, &error))
    }

    /// Ends a call: takes the connection back, if it is of any use.
    pub(super) fn settle<T>(
        &self,
        op: &'static str,
        mut lent: PoolConnection<Postgres>,
        done: Result<sqlx::Result<T>, Elapsed>,
    ) -> Result<T, Error> {
        match done {
            Ok(result) => result.map_err(|error| self.failed(op, &error)),
            Err(_) => {
                // It is in the middle of an answer that may never come.
                lent.close_on_drop();
                self.is_ready.store(false, Ordering::Release);
                Err(late(op, "the server did not answer in time"))
            }
        }
    }

    /// Lets calls end and closes the connections. Safe to call twice.
    pub(super) async fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.pool.close().await;
    }

    fn failed(&self, op: &'static str, error: &sqlx::Error) -> Error {
        if failure::is_lost(error) {
            self.is_ready.store(false, Ordering::Release);
        }
        failed(op, error)
    }
}

impl Fault {
    fn error(self, op: &'static str) -> Error {
        match self {
            Self::Refused(why) => refused(op, &why),
            Self::Engine(error) => Error { op, ..error },
        }
    }
}

fn refused(op: &'static str, why: &str) -> Error {
    Error::new(ErrorKind::Config, Backend::Postgres, op, Complaint::new(why, ""))
}

/// Brings a server's schema up to date; returns it as it was found.
pub(super) async fn migrate(options: &PgConnectOptions, place: &str) -> Result<Schema, Fault> {
    look(options, async |connection| migrate::bring(connection, Migrate::Auto, place).await).await
}

/// Reads the version of a server's schema.
pub(super) async fn schema(options: &PgConnectOptions, place: &str) -> Result<Schema, Fault> {
    look(options, async |connection| migrate::read(connection, place).await).await
}

/// Does something on a connection of its own, within the bounds.
pub(super) async fn look<T>(
    options: &PgConnectOptions,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let op = "connect";
    let looked = timeout(LOOK, async {
        let connected = timeout(CONNECT, options.connect()).await;
        let connected = connected.map_err(|_| Fault::Engine(late(op, "the server did not answer in time")))?;
        let mut connection = connected.map_err(|error| Fault::Engine(failed(op, &error)))?;
        let result = work(&mut connection).await;
        // What was done stands; a connection that does not end well is dropped all the same.
        drop(connection.close().await);
        result
    });
    looked.await.unwrap_or_else(|_| Err(Fault::Engine(late(op, "the server did not answer in time"))))
}
