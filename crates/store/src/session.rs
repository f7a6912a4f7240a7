//! The port for login sessions: whose cookie it is, by the hash of its token.
//!
//! Kept by the engines of the counters, since it is looked up with every request of the API by every process, and may be lost:
//! whoever loses a session logs in anew. What makes all sessions of a person void is kept with the person.

use async_trait::async_trait;
use llmtrace_model::{Session, SessionHash, Timestamp};

use crate::Error;

/// A store of login sessions. `now` is the caller's clock, and so are the times of a session.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Keeps a session, in the place of one of the same hash; `now` is when it was created. Returns how many others, which had not
    /// ended, had to make room for it.
    ///
    /// An engine that does not end rows by itself keeps at most [`MAX_SESSIONS`]: where there are as many, those that have ended
    /// go, and then the one that would end soonest.
    async fn open_session(&self, session: &Session) -> Result<u64, Error>;

    /// A session, unless it has ended: at its end, or because nobody came for as long as it may be idle. That it was seen is
    /// noted once a minute, so that it may end a minute early, or by an eighth of its idle time where that is shorter.
    async fn session(&self, hash: &SessionHash, now: Timestamp) -> Result<Option<Session>, Error>;

    /// Ends a session. It is no error where there is none.
    async fn close_session(&self, hash: &SessionHash) -> Result<(), Error>;
}

/// The most sessions of an engine that does not end them by itself.
pub const MAX_SESSIONS: usize = if cfg!(test) { 1_000 } else { 100_000 };

/// What is noted less often than this is noted at once, in microseconds.
const STEP_US: u64 = 60_000_000;

/// What a session becomes by being seen at `now`; `None` where there is nothing to note yet.
pub(crate) fn seen(session: &Session, now: Timestamp) -> Option<Session> {
    let step = STEP_US.min(session.idle_us / 8);
    let due = session.seen_at.unix_us().saturating_add_unsigned(step);
    (now.unix_us() >= due && now > session.seen_at).then(|| Session { seen_at: now, ..session.clone() })
}
