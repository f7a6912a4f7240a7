//! Keys and the audit log in a server that others use, too.

use llmtrace_model::TenantScope;
use tokio::time::timeout;

use super::{Arc, AssertSqlSafe, Connection, Duration, JoinSet, PgConnection, engines, execute, open, options, url};
use crate::{
    MAX_KEYS, Replacing, Written,
    conformance::{
        auditing::{chain, entry},
        keys::key,
    },
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
    let log = Arc::clone(&store);
    writing.spawn(async move { log.append_audit(&[entry(1, None)]).await.map(drop) });
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let both_wait = async {
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *before).await.unwrap() < 2 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), both_wait).await.expect("nobody waits");
    assert_eq!(store.access_changes(0).await.unwrap().keys, []);
    assert_eq!(store.audit_heads().await.unwrap(), []);
    before.commit().await.unwrap();
    writing.join_all().await.into_iter().for_each(|written| written.unwrap());
    assert_eq!((store.access_changes(0).await.unwrap().seen, chain(&store, None).await.len()), (1, 1));
}
