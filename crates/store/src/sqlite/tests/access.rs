//! Keys, people and the audit log in a file that others have open, too.

use llmtrace_model::{Session, Timestamp, User};
use tokio::task::JoinSet;

use super::{ALL, Connection, ErrorKind, File, Options, impatient, open_meta, plan_steps};
use crate::{
    MAX_KEYS, Replacing, Written,
    conformance::{
        auditing::{chain, entry},
        keys::key,
        sessions::session,
        users::user,
    },
    open_counters,
    sqlite::{audit, users},
    users::MAX_USERS,
};

#[tokio::test]
async fn a_record_of_the_audit_log_is_neither_changed_nor_removed_and_who_does_it_anyway_is_seen() {
    let file = File::new();
    let store = open_meta("test", &file.url(), &Options::default()).await.unwrap();
    store.append_audit(&[entry(1, Some("a")), entry(2, Some("a"))]).await.unwrap();
    let other = file.other();
    for change in ["UPDATE audit_log SET target = 'other' WHERE seq = 1", "DELETE FROM audit_log WHERE seq = 1"] {
        let refused = other.execute(change, []).unwrap_err();
        assert!(refused.to_string().contains("the audit log is only appended to"), "{change}: {refused}");
    }
    assert_eq!(chain(&store, Some("a")).await.len(), 2);

    other
        .execute_batch("DROP TRIGGER audit_log_unchanged; UPDATE audit_log SET target = 'other' WHERE seq = 1")
        .unwrap();
    let records = store.audit_chain(Some(&"a".parse().unwrap()), 0).await.unwrap();
    assert!(!records[0].follows(llmtrace_model::AuditHead::default()), "{records:?}");
}

#[tokio::test]
async fn two_stores_on_one_file_make_one_chain_and_give_each_number_once() {
    let file = File::new();
    let mut writers = JoinSet::new();
    for writer in 0..2 {
        let store = open_meta("test", &file.url(), &Options::default()).await.unwrap();
        writers.spawn(async move {
            for n in 0..20 {
                let n = writer * 100 + n;
                store.append_audit(&[entry(n, Some("a"))]).await.unwrap();
                let put = store.put_key(&ALL, &key(n, None), Replacing::Nothing).await;
                assert_eq!(put.unwrap(), Written::Done);
                let put = store.put_user(&ALL, &user(n, &["a"]), Replacing::Nothing).await;
                assert_eq!(put.unwrap(), Written::Done);
            }
        });
    }
    writers.join_all().await;
    let store = open_meta("test", &file.url(), &Options::default()).await.unwrap();
    assert_eq!(chain(&store, Some("a")).await.len(), 40);
    let (keys, people) = (store.access_changes(0).await.unwrap(), store.user_changes(0).await.unwrap());
    assert_eq!((keys.keys.len(), people.users.len(), keys.seen.max(people.seen)), (40, 40, 80));
}

#[tokio::test]
async fn keys_are_bounded() {
    let file = File::new();
    let store = open_meta("test", &file.url(), &Options::default()).await.unwrap();
    let many = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) \
        INSERT INTO api_keys SELECT randomblob(16), 1, NULL, NULL, 'n', 'p', randomblob(32), 0, NULL, NULL, NULL, -n \
        FROM numbers";
    file.other().execute(many, [MAX_KEYS.cast_signed() - 1]).unwrap();
    for (n, told) in [(1, Written::Done), (2, Written::Full), (1, Written::Changed)] {
        assert_eq!(store.put_key(&ALL, &key(n, None), Replacing::Nothing).await.unwrap(), told);
    }
    assert_eq!(store.keys(&ALL).await.unwrap().len(), MAX_KEYS);
}

#[tokio::test]
async fn people_are_bounded_and_those_who_were_removed_are_beside_it() {
    let file = File::new();
    let store = open_meta("test", &file.url(), &Options::default()).await.unwrap();
    let many = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) \
        INSERT INTO users SELECT randomblob(16), 1, 'n' || n, 'n', NULL, NULL, NULL, FALSE, 0, NULL, NULL, 0, NULL, -n \
        FROM numbers";
    file.other().execute(many, [MAX_USERS.cast_signed() - 1]).unwrap();
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
    let file = File::new();
    let store = open_meta("test", &file.url(), &Options::default()).await.unwrap();
    assert_eq!(store.put_user(&ALL, &user(1, &["a"]), Replacing::Nothing).await.unwrap(), Written::Done);
    store.note_login(user(1, &[]).id, Timestamp::from_unix_us(5)).await.unwrap();
    let gone = User { removed_at: Some(Timestamp::from_unix_us(9)), ..user(1, &["a"]) };
    assert_eq!(store.put_user(&ALL, &gone, Replacing::Version(1)).await.unwrap(), Written::Done);
    let left = "SELECT count(*) FROM users WHERE coalesce(name, password, issuer, subject, last_login_at) IS NULL \
        AND display = '' AND NOT EXISTS (SELECT 1 FROM user_grants)";
    assert_eq!(file.other().query_row(left, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[tokio::test]
async fn a_session_that_cannot_be_noted_is_found() {
    let file = File::new();
    let store = open_counters("test", &file.url(), &impatient()).await.unwrap();
    let session = session(1);
    assert_eq!(store.open_session(&session).await.unwrap(), 0);
    let other = file.other();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let later = Timestamp::from_unix_us(session.created_at.unix_us() + 120_000_000);
    assert_eq!(store.session(&session.hash, later).await.unwrap(), Some(session.clone()));
    assert_eq!(store.close_session(&session.hash).await.unwrap_err().kind, ErrorKind::Unavailable);
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(store.session(&session.hash, later).await.unwrap(), Some(Session { seen_at: later, ..session }));
}

#[tokio::test]
async fn who_logs_in_is_found_by_an_index() {
    let file = File::new();
    open_meta("test", &file.url(), &Options::default()).await.unwrap();
    let connection: Connection = file.other();
    for (sql, range) in [
        (users::ALL, "users_name (name>?)"),
        (users::OF_NAME, "users_name (name=?)"),
        (users::OF_IDENTITY, "users_identity (issuer=? AND subject=?)"),
        (users::CHANGED, "users_changed (changed>?)"),
        (users::OF_TENANT, "PRIMARY KEY (id=?)"),
    ] {
        let steps = plan_steps(connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap());
        assert!(steps[0].contains(range), "{sql}: {steps:?}");
        assert!(steps.iter().all(|step| !step.starts_with("SCAN")), "{sql}: {steps:?}");
    }
}

#[tokio::test]
async fn reads_of_the_audit_log_stop_when_they_have_enough() {
    let file = File::new();
    open_meta("test", &file.url(), &Options::default()).await.unwrap();
    let connection: Connection = file.other();
    for (sql, range) in [
        (audit::ALL, "audit_log_time (at>? AND (at,id)<(?,?))"),
        (audit::OF_TENANT, "audit_log_chain_time (chain=? AND at>? AND (at,id)<(?,?))"),
        (audit::CHAIN, "audit_log_chain (chain=? AND seq>?)"),
        (audit::NEXT_HEAD, "audit_log_chain (chain>?)"),
    ] {
        let steps = plan_steps(connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap());
        assert!(steps.len() == 1 && steps[0].contains(range), "{sql}: {steps:?}");
    }
}
