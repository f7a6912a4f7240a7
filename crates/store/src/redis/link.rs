//! The connection to Redis: made when it is needed, and made again.

mod dial;
mod failure;
mod inspect;
mod target;

use std::time::Duration;

use parking_lot::Mutex;
use redis::{Cmd, ErrorKind as Kind, RedisError, ServerErrorKind, Value};
use tokio::time::Instant;

pub(crate) use self::inspect::{field, is_old, texts};
use self::{
    dial::{Connection, dial},
    failure::{failed, silent},
    inspect::{Fit, look},
    target::Target,
};
use crate::{Backend, Error, ErrorKind, ServerOptions};

/// How long connecting may take, with the handshake.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take: a caller may hold a request meanwhile.
const ANSWER: Duration = Duration::from_secs(2);
/// A failed attempt is not repeated sooner.
const PAUSE: Duration = Duration::from_secs(1);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Counters, which must not vanish: the server is looked at.
    Counters,
    /// Answers that can be had again: any server will do.
    Cache,
}

/// What was asked for, and the connection while there is one.
pub(crate) struct Link {
    target: Target,
    purpose: Purpose,
    state: Mutex<State>,
    /// Held while connecting.
    attempt: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    closed: bool,
    connection: Option<(u64, Connection)>,
    attempts: u64,
    failed: Option<(Instant, Error)>,
    complaint: Option<String>,
}

impl Link {
    /// Reads the URL; connects to nothing.
    pub(crate) fn of(options: &ServerOptions, purpose: Purpose) -> Result<Self, String> {
        let (state, attempt) = (Mutex::default(), tokio::sync::Mutex::default());
        Ok(Self { target: Target::of(options)?, purpose, state, attempt })
    }

    /// What every key begins with.
    pub(crate) fn prefix(&self) -> &str {
        &self.target.prefix
    }

    /// The servers, for messages.
    pub(crate) fn place(&self) -> String {
        self.target.place()
    }

    /// What an operator should change.
    pub(crate) fn complaint(&self) -> Option<String> {
        self.state.lock().complaint.clone()
    }

    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.connection = None;
    }

    /// Sends a command, connecting first where that is needed. The inner error is an answer of the server.
    pub(crate) async fn send(&self, op: &'static str, command: &Cmd) -> Result<Result<Value, RedisError>, Error> {
        let (number, mut connection) = self.ready(op).await?;
        let error = match connection.send(command).await.and_then(Value::extract_error) {
            Ok(value) => return Ok(Ok(value)),
            Err(error) => error,
        };
        if matches!(error.kind(), Kind::Server(ServerErrorKind::NoScript)) {
            return Ok(Err(error));
        }
        let moved = matches!(error.kind(), Kind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown));
        if moved || error.is_timeout() || error.is_io_error() || error.is_unrecoverable_error() {
            let mut state = self.state.lock();
            if state.connection.as_ref().is_some_and(|(known, _)| *known == number) {
                state.connection = None;
            }
        }
        Err(failed(&self.target, op, &error))
    }

    /// The connection, made if there is none. One caller tries at a time; while the server is known to be away the others fail
    /// at once, and nobody tries more often than once a second.
    async fn ready(&self, op: &'static str) -> Result<(u64, Connection), Error> {
        if let Some(found) = self.current(op)? {
            return Ok(found);
        }
        let known_away = self.state.lock().failed.as_ref().map(|(_, error)| error.again(op));
        let _attempt = match (self.attempt.try_lock(), known_away) {
            (Ok(attempt), _) => attempt,
            // The sentence of the last attempt: where each takes long, nobody would ever be told what is wrong.
            (Err(_), Some(error)) => return Err(error),
            (Err(_), None) => self.attempt.lock().await,
        };
        if let Some(found) = self.current(op)? {
            return Ok(found);
        }
        let connected = tokio::time::timeout(CONNECT, Box::pin(self.connect())).await.unwrap_or_else(|_| {
            Err(silent(&self.target, "connect", format!("{} did not answer within {CONNECT:?}", self.place())))
        });
        let mut state = self.state.lock();
        match connected {
            Ok((connection, complaint)) => {
                if let Some(complaint) = &complaint
                    && state.complaint.as_ref() != Some(complaint)
                {
                    tracing::warn!("{complaint}");
                }
                state.attempts += 1;
                let number = state.attempts;
                state.complaint = complaint;
                state.failed = None;
                state.connection = (!state.closed).then(|| (number, connection.clone()));
                Ok((number, connection))
            }
            Err(error) => {
                state.failed = Some((Instant::now(), error.again(op)));
                Err(Error { op, ..error })
            }
        }
    }

    fn current(&self, op: &'static str) -> Result<Option<(u64, Connection)>, Error> {
        let state = self.state.lock();
        if state.closed {
            return Err(Error::closed(Backend::Redis, op));
        }
        if state.connection.is_none()
            && let Some((at, error)) = &state.failed
            && at.elapsed() < PAUSE
        {
            return Err(error.again(op));
        }
        Ok(state.connection.clone())
    }

    async fn connect(&self) -> Result<(Connection, Option<String>), Error> {
        let op = "connect";
        let failed = |error: RedisError| failed(&self.target, op, &error);
        let mut connection = dial(&self.target).await.map_err(failed)?;
        if self.purpose == Purpose::Cache {
            return Ok((connection, None));
        }
        match look(&mut connection, &self.place()).await.map_err(failed)? {
            Fit::Yes => Ok((connection, None)),
            Fit::Complaint(what) => Ok((connection, Some(what))),
            Fit::No(why) => Err(Error::new(ErrorKind::Config, Backend::Redis, op, why)),
        }
    }
}
