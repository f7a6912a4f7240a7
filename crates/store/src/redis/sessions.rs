//! Login sessions in Redis: a key each, which the server drops when its session would end unless it is seen before. Their times
//! are the callers', as in every engine; the server's clock only measures how long a key lives.

use std::fmt::Write as _;

use llmtrace_model::{Session, SessionHash, Timestamp};
use redis::{Cmd, Value};

use super::{Link, plain};
use crate::{Backend, Error, ErrorKind, session::seen};

/// Keeps a session.
pub(super) async fn open(link: &Link, session: &Session) -> Result<u64, Error> {
    match put(link, session, session.created_at) {
        Some(command) => plain(link, "open session", &command).await.map(|_| 0),
        // It has ended before it began, and so has what it takes the place of.
        None => close(link, &session.hash).await.map(|()| 0),
    }
}

/// A session that has not ended.
pub(super) async fn live(link: &Link, hash: &SessionHash, now: Timestamp) -> Result<Option<Session>, Error> {
    let op = "read session";
    let Value::BulkString(words) = plain(link, op, redis::cmd("GET").arg(key(link, hash))).await? else {
        return Ok(None);
    };
    let Some(found) = read(*hash, &words) else {
        return Err(Error::new(ErrorKind::Corrupt, Backend::Redis, op, "a session is not what was written"));
    };
    if found.is_over(now) {
        return Ok(None);
    }
    let Some(next) = seen(&found, now) else { return Ok(Some(found)) };
    let Some(mut command) = put(link, &next, now) else { return Ok(Some(next)) };
    // Only where it is still there: who closes it meanwhile closes it for good.
    match plain(link, op, command.arg("XX")).await {
        Ok(_) => Ok(Some(next)),
        // A server that is full must not keep out whoever came to look why.
        Err(error) => {
            tracing::debug!(%error, reason = %error.source, "that a session was seen is not noted");
            Ok(Some(found))
        }
    }
}

/// Ends a session.
pub(super) async fn close(link: &Link, hash: &SessionHash) -> Result<(), Error> {
    plain(link, "close session", redis::cmd("DEL").arg(key(link, hash))).await.map(drop)
}

/// Writes a session, which lives for as long as it has at `now`; `None` where that is nothing.
fn put(link: &Link, session: &Session, now: Timestamp) -> Option<Cmd> {
    let left_us = session.ends_at().unix_us().saturating_sub(now.unix_us());
    let left_ms = u64::try_from(left_us).ok()?.div_ceil(1000);
    let Session { hash, holder, created_at, seen_at, expires_at, idle_us } = session;
    let [created_at, seen_at, expires_at] = [created_at, seen_at, expires_at].map(|time| time.unix_us());
    let words = format!("{holder} {created_at} {seen_at} {expires_at} {idle_us}");
    let mut command = redis::cmd("SET");
    command.arg(key(link, hash)).arg(words).arg("PX").arg(left_ms);
    (left_ms > 0).then_some(command)
}

fn read(hash: SessionHash, words: &[u8]) -> Option<Session> {
    let mut words = std::str::from_utf8(words).ok()?.split(' ');
    let holder = words.next()?.parse().ok()?;
    let mut time = || words.next()?.parse().ok().map(Timestamp::from_unix_us);
    let (created_at, seen_at, expires_at) = (time()?, time()?, time()?);
    let idle_us = words.next()?.parse().ok()?;
    words.next().is_none().then_some(Session { hash, holder, created_at, seen_at, expires_at, idle_us })
}

/// Of no tenant: a brace would put many into one slot of a cluster.
fn key(link: &Link, hash: &SessionHash) -> String {
    let mut key = format!("{}:session:", link.prefix());
    for byte in hash.as_bytes() {
        write!(key, "{byte:02x}").expect("a text takes everything");
    }
    key
}

#[cfg(test)]
mod tests {
    use llmtrace_model::Holder;

    use super::*;

    #[test]
    fn what_is_no_session_is_none() {
        let hash = SessionHash::of("token");
        let good = "admin_key 1 2 3 4";
        let found = read(hash, good.as_bytes()).unwrap();
        assert_eq!((found.holder, found.expires_at.unix_us(), found.idle_us), (Holder::AdminKey, 3, 4));
        for bad in
            ["", "admin_key 1 2 3", "admin_key 1 2 3 -4", "admin_key 1 2 3 4 5", "admin_key 1 2 x 4", "root 1 2 3 4"]
        {
            assert_eq!(read(hash, bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(read(hash, b"\xff"), None);
    }
}
