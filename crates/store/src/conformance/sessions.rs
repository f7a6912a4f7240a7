//! What every store of login sessions does.

use std::sync::Arc;

use llmtrace_model::{Holder, KeyId, Session, SessionHash, Timestamp, UserId};
use tokio::task::JoinSet;

use super::counters::{Store, at};
use crate::{ErrorKind, MAX_SESSIONS};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// The `n`th session: it began at the start, ends after ten hours, and after one in which nobody came.
pub(crate) fn session(n: usize) -> Session {
    Session {
        hash: SessionHash::of(&n.to_string()),
        holder: Holder::User(UserId::from_bytes([3; 16])),
        created_at: at(0),
        seen_at: at(0),
        expires_at: at(10 * HOUR),
        idle_us: 3_600_000_000,
    }
}

async fn open(store: &Store, session: &Session) {
    assert_eq!(store.open_session(session).await.unwrap(), 0);
}

async fn seen(store: &Store, session: &Session, ms: i64) -> Option<Timestamp> {
    store.session(&session.hash, at(ms)).await.unwrap().map(|found| found.seen_at)
}

pub(super) async fn a_session_is_read_back_unchanged(store: Store) {
    for (n, holder) in
        [Holder::User(UserId::from_bytes([3; 16])), Holder::Key(KeyId::from_bytes([4; 16])), Holder::AdminKey]
            .into_iter()
            .enumerate()
    {
        let session = Session { holder, ..session(n) };
        open(&store, &session).await;
        assert_eq!(store.session(&session.hash, at(0)).await.unwrap(), Some(session));
    }
    let odd = Session { expires_at: Timestamp::from_unix_us(i64::MAX), idle_us: u64::MAX, ..session(9) };
    open(&store, &odd).await;
    assert_eq!(store.session(&odd.hash, at(0)).await.unwrap(), Some(odd.clone()));
    assert_eq!(store.session(&SessionHash::of("another"), at(0)).await.unwrap(), None);
    // One of the same hash takes its place.
    let other = Session { holder: Holder::AdminKey, ..odd };
    open(&store, &other).await;
    assert_eq!(store.session(&other.hash, at(0)).await.unwrap(), Some(other));
}

pub(super) async fn a_session_ends_when_nobody_comes(store: Store) {
    let session = session(1);
    open(&store, &session).await;
    assert_eq!(seen(&store, &session, HOUR - 1).await, Some(at(HOUR - 1)));
    assert_eq!(seen(&store, &session, 2 * HOUR - 2).await, Some(at(2 * HOUR - 2)));
    assert_eq!(seen(&store, &session, 3 * HOUR - 2).await, None);
}

pub(super) async fn a_session_ends_at_its_end_however_often_it_is_seen(store: Store) {
    let session = session(1);
    open(&store, &session).await;
    for half_hours in 1..20 {
        let now = half_hours * HOUR / 2;
        assert_eq!(seen(&store, &session, now).await, Some(at(now)));
    }
    assert_eq!(seen(&store, &session, 10 * HOUR - 1).await, Some(at(10 * HOUR - 1)));
    assert_eq!(seen(&store, &session, 10 * HOUR).await, None);
}

pub(super) async fn that_a_session_was_seen_is_noted_once_a_minute(store: Store) {
    let long = session(1);
    open(&store, &long).await;
    for (now, noted) in [(MINUTE - 1, 0), (MINUTE, MINUTE), (MINUTE + 1, MINUTE), (-HOUR, MINUTE)] {
        assert_eq!(seen(&store, &long, now).await, Some(at(noted)));
        assert_eq!(seen(&store, &long, 0).await, Some(at(noted)), "as it was noted");
    }
    // One that may be idle for little is noted more often.
    let short = Session { idle_us: 80_000_000, ..session(2) };
    open(&store, &short).await;
    for (now, noted) in [(9_999, 0), (10_000, 10_000)] {
        assert_eq!(seen(&store, &short, now).await, Some(at(noted)));
    }
}

pub(super) async fn a_closed_session_is_nobodys(store: Store) {
    open(&store, &session(1)).await;
    open(&store, &session(2)).await;
    for _again in 0..2 {
        store.close_session(&session(1).hash).await.unwrap();
        assert_eq!(seen(&store, &session(1), MINUTE).await, None);
    }
    assert_eq!(seen(&store, &session(2), MINUTE).await, Some(at(MINUTE)));
}

/// Who looks a session up while it is closed must not bring it back.
pub(super) async fn a_session_that_is_closed_while_it_is_seen_stays_closed(store: Store) {
    for n in 0..16 {
        let one = session(n);
        open(&store, &one).await;
        let mut calls = JoinSet::new();
        for minute in 1..8 {
            let (store, hash) = (Arc::clone(&store), one.hash);
            calls.spawn(async move { store.session(&hash, at(minute * MINUTE)).await.map(drop) });
        }
        let (closing, hash) = (Arc::clone(&store), one.hash);
        calls.spawn(async move { closing.close_session(&hash).await });
        calls.join_all().await.into_iter().for_each(|done| done.unwrap());
        assert_eq!(seen(&store, &one, MINUTE).await, None);
    }
}

pub(super) async fn a_closed_store_knows_no_session(store: Store) {
    store.close().await.unwrap();
    for error in [
        store.open_session(&session(1)).await.unwrap_err(),
        store.session(&session(1).hash, at(0)).await.unwrap_err(),
        store.close_session(&session(1).hash).await.unwrap_err(),
    ] {
        assert_eq!((error.kind, error.backend), (ErrorKind::Unavailable, store.backend()), "{error}");
    }
}

/// Of the engines that do not end sessions by themselves.
pub(super) async fn sessions_are_bounded(store: Store) {
    // The first ends soonest; the second has ended when the last one comes.
    open(&store, &Session { expires_at: at(2), ..session(0) }).await;
    open(&store, &Session { expires_at: at(1), ..session(1) }).await;
    for n in 2..MAX_SESSIONS {
        open(&store, &session(n)).await;
    }
    let late = |n| Session { created_at: at(1), seen_at: at(1), ..session(n) };
    assert_eq!(store.open_session(&late(MAX_SESSIONS)).await.unwrap(), 0, "it took the place of one that ended");
    assert!(store.session(&session(0).hash, at(1)).await.unwrap().is_some());
    assert_eq!(store.open_session(&late(MAX_SESSIONS + 1)).await.unwrap(), 1);
    assert!(store.session(&session(0).hash, at(1)).await.unwrap().is_none(), "it would have ended soonest");
    for n in [2, MAX_SESSIONS - 1, MAX_SESSIONS, MAX_SESSIONS + 1] {
        assert!(store.session(&session(n).hash, at(1)).await.unwrap().is_some(), "{n}");
    }
    assert_eq!(store.open_session(&late(MAX_SESSIONS + 1)).await.unwrap(), 0, "it is there already");
}
