//! Login sessions in SQLite. At most [`MAX_SESSIONS`], which bounds every statement here.

use llmtrace_model::{Session, SessionHash, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::super::row::Columns;
use crate::session::{MAX_SESSIONS, seen};

const COUNT: &str = "SELECT count(*) FROM login_sessions INDEXED BY login_sessions_end";
const KEEP: &str = "INSERT OR REPLACE INTO login_sessions (hash, holder, created_at, seen_at, expires_at, idle_us, ends_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const ONE: &str = "SELECT hash, holder, created_at, seen_at, expires_at, idle_us FROM login_sessions WHERE hash = ?";
const NOTE: &str = "UPDATE login_sessions SET seen_at = ?2, ends_at = ?3 WHERE hash = ?1 AND seen_at < ?2";
const CLOSE: &str = "DELETE FROM login_sessions WHERE hash = ?";
/// Drops some whose time has passed.
const DROP_ENDED: &str = "DELETE FROM login_sessions WHERE hash IN \
    (SELECT hash FROM login_sessions INDEXED BY login_sessions_end WHERE ends_at <= ?1 LIMIT 32)";
const MAKE_ROOM: &str = "DELETE FROM login_sessions WHERE hash IN \
    (SELECT hash FROM login_sessions INDEXED BY login_sessions_end ORDER BY ends_at LIMIT ?1) RETURNING ends_at";

/// Keeps a session; says how many that had not ended made room.
pub(super) fn open(connection: &mut Connection, session: &Session) -> rusqlite::Result<u64> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let now = session.created_at.unix_us();
    change.prepare_cached(CLOSE)?.execute([session.hash.as_bytes()])?;
    change.prepare_cached(DROP_ENDED)?.execute([now])?;
    let kept: isize = change.prepare_cached(COUNT)?.query_row([], |row| row.get(0))?;
    let too_many = kept + 1 - MAX_SESSIONS.cast_signed();
    let mut pushed_out = 0;
    if too_many > 0 {
        let mut make_room = change.prepare_cached(MAKE_ROOM)?;
        let mut gone = make_room.query([too_many])?;
        while let Some(row) = gone.next()? {
            pushed_out += u64::from(row.get::<_, i64>(0)? > now);
        }
    }
    change.prepare_cached(KEEP)?.execute(params![
        session.hash.as_bytes(),
        session.holder.to_string(),
        now,
        session.seen_at.unix_us(),
        session.expires_at.unix_us(),
        session.idle_us.cast_signed(),
        session.ends_at().unix_us(),
    ])?;
    change.commit()?;
    Ok(pushed_out)
}

/// A session that has not ended.
pub(super) fn live(connection: &Connection, hash: &SessionHash, now: Timestamp) -> rusqlite::Result<Option<Session>> {
    let found = connection.prepare_cached(ONE)?.query_row([hash.as_bytes()], read).optional()?;
    let Some(found) = found.filter(|session| !session.is_over(now)) else { return Ok(None) };
    let Some(next) = seen(&found, now) else { return Ok(Some(found)) };
    let note = (hash.as_bytes(), next.seen_at.unix_us(), next.ends_at().unix_us());
    match connection.prepare_cached(NOTE)?.execute(note) {
        Ok(_) => Ok(Some(next)),
        // A full disk must not keep out whoever came to look why.
        Err(error) => {
            tracing::debug!(%error, "that a session was seen is not noted");
            Ok(Some(found))
        }
    }
}

/// Ends a session.
pub(super) fn close(connection: &Connection, hash: &SessionHash) -> rusqlite::Result<()> {
    connection.prepare_cached(CLOSE)?.execute([hash.as_bytes()]).map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Session> {
    let mut from = Columns::of(row);
    Ok(Session {
        hash: SessionHash::from_bytes(from.take()?),
        holder: from.word()?,
        created_at: Timestamp::from_unix_us(from.take()?),
        seen_at: Timestamp::from_unix_us(from.take()?),
        expires_at: Timestamp::from_unix_us(from.take()?),
        idle_us: from.number()?,
    })
}
