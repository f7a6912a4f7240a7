//! Login sessions in memory: gone with the process, so that everybody logs in anew.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use llmtrace_model::{Session, SessionHash, Timestamp};

use super::MemoryCounters;
use crate::{
    Error, SessionStore,
    session::{MAX_SESSIONS, seen},
};

/// Sessions by their hash.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    of: HashMap<SessionHash, Session>,
    /// When each ends, soonest first.
    ends: BTreeSet<(Timestamp, SessionHash)>,
}

impl Sessions {
    /// Keeps a session; says how many that had not ended made room.
    pub(super) fn open(&mut self, session: &Session) -> u64 {
        self.close(&session.hash);
        let mut pushed_out = 0;
        while self.of.len() >= MAX_SESSIONS
            && let Some((ends_at, hash)) = self.ends.first().copied()
        {
            self.close(&hash);
            pushed_out += u64::from(ends_at > session.created_at);
        }
        self.keep(session.clone());
        pushed_out
    }

    /// A session that has not ended.
    pub(super) fn live(&mut self, hash: &SessionHash, now: Timestamp) -> Option<Session> {
        let found = self.of.get(hash)?;
        if found.is_over(now) {
            self.close(hash);
            return None;
        }
        let Some(next) = seen(found, now) else { return Some(found.clone()) };
        self.close(hash);
        self.keep(next.clone());
        Some(next)
    }

    /// Ends a session.
    pub(super) fn close(&mut self, hash: &SessionHash) {
        if let Some(gone) = self.of.remove(hash) {
            self.ends.remove(&(gone.ends_at(), gone.hash));
        }
    }

    fn keep(&mut self, session: Session) {
        self.ends.insert((session.ends_at(), session.hash));
        self.of.insert(session.hash, session);
    }
}

#[async_trait]
impl SessionStore for MemoryCounters {
    async fn open_session(&self, session: &Session) -> Result<u64, Error> {
        Ok(self.open("open session")?.sessions.open(session))
    }

    async fn session(&self, hash: &SessionHash, now: Timestamp) -> Result<Option<Session>, Error> {
        Ok(self.open("read session")?.sessions.live(hash, now))
    }

    async fn close_session(&self, hash: &SessionHash) -> Result<(), Error> {
        self.open("close session")?.sessions.close(hash);
        Ok(())
    }
}
