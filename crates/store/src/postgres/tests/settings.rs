//! Settings and credentials in a server that others use, too.

use llmtrace_model::{CaptureContent, TenantScope};
use tokio::time::timeout;

use super::{Arc, Connection, Duration, JoinSet, PgConnection, engines, execute, open, options, url};
use crate::{
    MAX_CREDENTIALS, MAX_TENANTS, Replacing, Written,
    conformance::{credentials::credential, settings::settings},
};

const ALL: TenantScope = TenantScope::All;

#[tokio::test]
async fn settings_are_bounded_and_so_is_what_is_remembered_of_those_taken_away() {
    let (server, _guard) = engines::postgres();
    let store = open(&options(server.clone())).await.unwrap();
    store.ping().await.unwrap();
    let id = |name: &str| name.parse().unwrap();
    let some = settings(CaptureContent::Full);
    let many = "INSERT INTO llmtrace.tenant_settings SELECT 't' || n, 1, '{}', 0, -n FROM generate_series(1, ";
    execute(&server, &format!("{many}{}) AS n", MAX_TENANTS - 1)).await;
    for (name, told) in [("a", Written::Done), ("b", Written::Full), ("a", Written::Changed)] {
        assert_eq!(store.put_settings(&id(name), &some, Replacing::Nothing).await.unwrap(), told, "{name}");
    }
    execute(&server, "UPDATE llmtrace.tenant_settings SET document = NULL WHERE tenant_id <> 'a'").await;
    // Now as many are remembered as may be, less one.
    assert!(store.delete_tenant(&id("a"), some.updated_at).await.unwrap());
    assert_eq!(store.put_settings(&id("b"), &some, Replacing::Nothing).await.unwrap(), Written::Done);
    assert!(store.delete_tenant(&id("b"), some.updated_at).await.unwrap());
    let rows = "SELECT count(*) FILTER (WHERE document IS NULL AND changed <> 1 - $1) FROM llmtrace.tenant_settings \
        HAVING count(*) = $1";
    let mut other = PgConnection::connect(&url(&server)).await.unwrap();
    let most = i64::try_from(MAX_TENANTS).unwrap();
    let kept: i64 = sqlx::query_scalar(rows).bind(most).fetch_one(&mut other).await.unwrap();
    assert_eq!(kept, most, "the oldest is gone");
}

#[tokio::test]
async fn credentials_are_bounded_and_so_is_what_is_remembered_of_those_deleted() {
    let (server, _guard) = engines::postgres();
    let store = open(&options(server.clone())).await.unwrap();
    store.ping().await.unwrap();
    let many = "INSERT INTO llmtrace.provider_credentials SELECT 't', n::text::bytea, decode(md5(n::text), 'hex'), 1, '', \
        '\\x0102030405060708', NULL, 0, 0, -n FROM generate_series(1, ";
    execute(&server, &format!("{many}{}) AS n", MAX_CREDENTIALS - 1)).await;
    for (n, told) in [(1, Written::Done), (2, Written::Full), (1, Written::Changed)] {
        let one = credential(n, "a", &format!("u{n}"));
        assert_eq!(store.put_credential(&one, Replacing::Nothing).await.unwrap(), told);
    }
    assert_eq!(store.credentials(&ALL).await.unwrap().len(), MAX_CREDENTIALS);
    assert!(store.delete_tenant(&"t".parse().unwrap(), credential(1, "a", "").created_at).await.unwrap());
    assert_eq!(store.delete_credential(&"a".parse().unwrap(), "u1", 1).await.unwrap(), Written::Done);
    assert_eq!(store.put_credential(&credential(2, "a", "u2"), Replacing::Nothing).await.unwrap(), Written::Done);
    assert_eq!(store.delete_credential(&"a".parse().unwrap(), "u2", 1).await.unwrap(), Written::Done);
    let rows = "SELECT count(*) FILTER (WHERE coalesce(id, sealed, sealed_with, hint) IS NULL) \
        FROM llmtrace.provider_credentials HAVING count(*) = $1";
    let mut other = PgConnection::connect(&url(&server)).await.unwrap();
    let most = i64::try_from(MAX_CREDENTIALS).unwrap();
    let kept: i64 = sqlx::query_scalar(rows).bind(most).fetch_one(&mut other).await.unwrap();
    assert_eq!(kept, most, "nothing but that they were");
}

/// A writer that did not wait would give a number while an earlier one cannot be seen yet.
#[tokio::test]
async fn a_writer_waits_for_whoever_writes_keys_and_a_reader_does_not() {
    let (server, _guard) = engines::postgres();
    let store = open(&options(server.clone())).await.unwrap();
    store.ping().await.unwrap();
    let mut other = PgConnection::connect(&url(&server)).await.unwrap();
    let mut before = other.begin().await.unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock(1280068948, 3)").execute(&mut *before).await.unwrap();
    let mut writing = JoinSet::new();
    let own = Arc::clone(&store);
    let some = settings(CaptureContent::Full);
    writing.spawn(async move { own.put_settings(&"a".parse().unwrap(), &some, Replacing::Nothing).await });
    let own = Arc::clone(&store);
    writing.spawn(async move { own.put_credential(&credential(1, "a", "u"), Replacing::Nothing).await });
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let both_wait = async {
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *before).await.unwrap() < 2 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), both_wait).await.expect("nobody waits");
    assert_eq!(store.settings_changes(0).await.unwrap().settings, []);
    assert_eq!(store.credential_changes(0).await.unwrap().credentials, []);
    before.commit().await.unwrap();
    for written in writing.join_all().await {
        assert_eq!(written.unwrap(), Written::Done);
    }
    let seen = [store.settings_changes(0).await.unwrap().seen, store.credential_changes(0).await.unwrap().seen];
    assert!(seen == [1, 2] || seen == [2, 1], "{seen:?}");
}
