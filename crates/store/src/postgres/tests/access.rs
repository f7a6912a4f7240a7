//! Keys, people and the audit log in a server that others use, too.

use llmtrace_model::{TenantScope, Timestamp, User};
use tokio::time::timeout;

use super::{Arc, AssertSqlSafe, Connection, Duration, JoinSet, PgConnection, engines, execute, open, options, url};
use crate::{
    MAX_KEYS, Replacing, Written,
    conformance::{
        auditing::{chain, entry},
        keys::key,
        users::user,
    },
    users::MAX_USERS,
};

const ALL: TenantScope = TenantScope::All;

#[tokio::test]
async fn a_record_of_the_audit_log_is_neither_changed_nor_removed() {
    let (server, _guard) = engines::postgres();
    let store = open(&options(server.clone())).await.unwrap();
    store.append_audit(&[entry(1, Some("a")), entry(2, Some("a"))]).await.unwrap();
    let mut other = PgConnection::connect(&url(&server)).await.unwrap();
    for change in
        ["UPDATE llmtrace.audit_log SET seq = 9", "DELETE FROM llmtrace.audit_log", "TRUNCATE llmtrace.audit_log"]
    {
        let refused = sqlx::raw_sql(AssertSqlSafe(change.to_owned())).execute(&mut other).await.unwrap_err();
        assert!(refused.to_string().contains("the audit log is only appended to"), "{change}: {refused}");
    }
    assert_eq!(chain(&store, Some("a")).await.len(), 2);
}

#[tokio::test]
async fn keys_are_bounded() {
    let (server, _guard) = engines::postgres();
    let store = open(&options(server.clone())).await.unwrap();
    store.ping().await.unwrap();
    let many = "INSERT INTO llmtrace.api_keys SELECT decode(md5(n::text), 'hex'), 1, NULL, NULL, 'n', 'p', \
        decode(md5(n::text) || md5('x' || n), 'hex'), 0, NULL, NULL, NULL, -n FROM generate_series(1, ";
    execute(&server, &format!("{many}{}) AS n", MAX_KEYS - 1)).await;
    for (n, told) in [(1, Written::Done), (2, Written::Full), (1, Written::Changed)] {
        assert_eq!(store.put_key(&ALL, &key(n, None), Replacing::Nothing).await.unwrap(), told);
    }
    assert_eq!(store.keys(&ALL).await.unwrap().len(), MAX_KEYS);
}

#[tokio::test]
async fn people_are_bounded_and_those_who_were_removed_are_beside_it() {
    let (server, _guard) = engines::postgres();
    let store = open(&options(server.clone())).await.unwrap();
    store.ping().await.unwrap();
    let many = "INSERT INTO llmtrace.users SELECT decode(md5(n::text), 'hex'), 1, 'n' || n, '', NULL, NULL, NULL, FALSE, \
        0, NULL, NULL, 0, NULL, -n FROM generate_series(1, ";
    execute(&server, &format!("{many}{}) AS n", MAX_USERS - 1)).await;
    let add = async |n| store.put_user(&ALL, &user(n, &["a"]), Replacing::Nothing).await.unwrap();
    for (n, told) in [(1, Written::Done), (2, Written::Full), (1, Written::Changed)] {
        assert_eq!(add(n).await, told);
    }
    assert_eq!(store.users(&ALL).await.unwrap().len(), MAX_USERS);
    let gone = User { removed_at: Some(Timestamp::from_unix_us(9)), ..user(1, &["a"]) };
    assert_eq!(store.put_user(&ALL, &gone, Replacing::Version(1)).await.unwrap(), Written::Done);
    assert_eq!(add(2).await, Written::Done);
}

#[tokio::test]
async fn nothing_that_says_who_somebody_was_is_left_of_them() {
    let (server, _guard) = engines::postgres();
    let store = open(&options(server.clone())).await.unwrap();
    assert_eq!(store.put_user(&ALL, &user(1, &["a"]), Replacing::Nothing).await.unwrap(), Written::Done);
    store.note_login(user(1, &[]).id, Timestamp::from_unix_us(5)).await.unwrap();
    let gone = User { removed_at: Some(Timestamp::from_unix_us(9)), ..user(1, &["a"]) };
    assert_eq!(store.put_user(&ALL, &gone, Replacing::Version(1)).await.unwrap(), Written::Done);
    let mut other = PgConnection::connect(&url(&server)).await.unwrap();
    let left = "SELECT count(*) FROM llmtrace.users WHERE num_nulls(name, password, issuer, subject, last_login_at) = 5 \
        AND display = '' AND NOT EXISTS (SELECT FROM llmtrace.user_grants)";
    assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(&mut other).await.unwrap(), 1);
}

/// A writer that did not wait would give a number, or a place in a chain, while an earlier one cannot be seen yet.
#[tokio::test]
async fn a_writer_waits_for_the_one_before_it_and_a_reader_does_not() {
    let (server, _guard) = engines::postgres();
    let store = open(&options(server.clone())).await.unwrap();
    store.ping().await.unwrap();
    let mut other = PgConnection::connect(&url(&server)).await.unwrap();
    let mut before = other.begin().await.unwrap();
    for lock in ["SELECT pg_advisory_xact_lock(1280068948, 3)", "SELECT pg_advisory_xact_lock(1280068948, 4)"] {
        sqlx::query(lock).execute(&mut *before).await.unwrap();
    }
    let mut writing = JoinSet::new();
    let keys = Arc::clone(&store);
    writing.spawn(async move { keys.put_key(&ALL, &key(1, None), Replacing::Nothing).await.map(drop) });
    let people = Arc::clone(&store);
    writing.spawn(async move { people.put_user(&ALL, &user(1, &["a"]), Replacing::Nothing).await.map(drop) });
    let log = Arc::clone(&store);
    writing.spawn(async move { log.append_audit(&[entry(1, None)]).await.map(drop) });
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let all_wait = async {
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *before).await.unwrap() < 3 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), all_wait).await.expect("nobody waits");
    assert_eq!(store.access_changes(0).await.unwrap().keys, []);
    assert_eq!(store.user_changes(0).await.unwrap().users, []);
    assert_eq!(store.audit_heads().await.unwrap(), []);
    before.commit().await.unwrap();
    writing.join_all().await.into_iter().for_each(|written| written.unwrap());
    let numbers = [store.access_changes(0).await.unwrap().seen, store.user_changes(0).await.unwrap().seen];
    assert!(matches!(numbers, [1, 2] | [2, 1]), "{numbers:?}");
    assert_eq!(chain(&store, None).await.len(), 1);
}
