//! Keys and the audit log in a file that others have open, too.

use tokio::task::JoinSet;

use super::{ALL, Connection, File, Options, open_meta, plan_steps};
use crate::{
    MAX_KEYS, Replacing, Written,
    conformance::{
        auditing::{chain, entry},
        keys::key,
    },
    sqlite::audit,
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
            }
        });
    }
    writers.join_all().await;
    let store = open_meta("test", &file.url(), &Options::default()).await.unwrap();
    assert_eq!(chain(&store, Some("a")).await.len(), 40);
    let told = store.access_changes(0).await.unwrap();
    assert_eq!((told.keys.len(), told.seen), (40, 40));
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
