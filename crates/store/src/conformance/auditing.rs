//! What every meta store does with the audit log.

use std::sync::Arc;

use llmtrace_model::{Actor, AuditEntry, AuditHead, AuditId, AuditRecord, KeyId, Outcome, TenantId, Timestamp, UserId};
use tokio::task::JoinSet;

use super::ask::{ALL, tenant};
use crate::{AuditCursor, AuditFilter, MAX_AUDIT, MetaStore};

/// The store under test.
type Store = Arc<dyn MetaStore>;

fn us(us: i64) -> Timestamp {
    Timestamp::from_unix_us(us)
}

fn id(n: u32) -> AuditId {
    let mut id = [7; 16];
    id[12..].copy_from_slice(&n.to_be_bytes());
    AuditId::from_bytes(id)
}

/// The `n`th entry, in the chain of a tenant or of the installation.
pub(crate) fn entry(n: u32, owner: Option<&str>) -> AuditEntry {
    AuditEntry {
        id: id(n),
        tenant: owner.map(|name| name.parse().unwrap()),
        at: us(1_000 + i64::from(n)),
        actor: Actor::Anonymous,
        client_address: None,
        action: "keys.create".to_owned(),
        target: String::new(),
        before: None,
        after: None,
        outcome: Outcome::Done,
    }
}

async fn append(store: &Store, entries: &[AuditEntry]) -> Vec<AuditRecord> {
    store.append_audit(entries).await.unwrap()
}

/// A whole chain, each record of which follows on the one before it.
pub(crate) async fn chain(store: &Store, owner: Option<&str>) -> Vec<AuditRecord> {
    let owner = owner.map(|name| name.parse::<TenantId>().unwrap());
    let (mut head, mut found) = (AuditHead::default(), Vec::new());
    loop {
        let piece = store.audit_chain(owner.as_ref(), head.seq).await.unwrap();
        assert!(piece.len() <= MAX_AUDIT);
        if piece.is_empty() {
            return found;
        }
        for record in piece {
            assert!(record.follows(head), "{record:?} does not follow on {head:?}");
            head = record.head();
            found.push(record);
        }
    }
}

fn ids(records: &[AuditRecord]) -> Vec<AuditId> {
    records.iter().map(|record| record.entry.id).collect()
}

pub(super) async fn an_audit_entry_is_read_back_unchanged(store: Store) {
    let odd = "'; DROP TABLE audit; --\0ü🦀\u{202e} $1 ? \\".to_owned();
    let key = KeyId::from_bytes([3; 16]);
    let mut entries = vec![AuditEntry {
        at: us(i64::MIN),
        actor: Actor::User(UserId::from_bytes([4; 16])),
        client_address: Some("::1".to_owned()),
        action: odd.clone(),
        target: odd.clone(),
        before: Some(odd.clone()),
        after: Some("x".repeat(100_000)),
        ..entry(0, Some("a"))
    }];
    let actors = [Actor::Key(key), Actor::CommandLine, Actor::System, Actor::Anonymous];
    for (n, (actor, outcome)) in actors.into_iter().zip(Outcome::ALL.iter().cycle()).enumerate() {
        let n = u32::try_from(n).unwrap() + 1;
        let (before, after) = (Some(String::new()), None);
        entries.push(AuditEntry { actor, outcome: *outcome, before, after, ..entry(n, Some("a")) });
    }
    let written = append(&store, &entries).await;
    let read = chain(&store, Some("a")).await;
    assert_eq!(read.iter().map(|record| record.entry.clone()).collect::<Vec<_>>(), entries);
    assert_eq!(read, written);
    let mut latest = store.audit(&tenant("a"), &AuditFilter::default(), None, MAX_AUDIT).await.unwrap();
    latest.reverse();
    assert_eq!(latest, read);
}

pub(super) async fn an_audit_entry_that_is_appended_twice_is_there_once(store: Store) {
    let first = append(&store, &[entry(1, Some("a")), entry(2, Some("a"))]).await;
    let other = AuditEntry { target: "other".to_owned(), ..entry(1, Some("a")) };
    let again = append(&store, &[other, entry(3, Some("a")), entry(3, Some("a"))]).await;
    assert_eq!(again[0], first[0]);
    assert_eq!((again[1].seq, &again[1]), (3, &again[2]));
    assert_eq!(chain(&store, Some("a")).await.len(), 3);
    assert_eq!(append(&store, &[]).await, []);
}

pub(super) async fn each_tenant_has_a_chain_of_its_own(store: Store) {
    let both = [entry(1, Some("a")), entry(2, None), entry(3, Some("b")), entry(4, Some("a"))];
    append(&store, &both).await;
    assert_eq!(ids(&chain(&store, Some("a")).await), [id(1), id(4)]);
    assert_eq!(ids(&chain(&store, None).await), [id(2)]);
    assert_eq!(chain(&store, Some("c")).await, []);
    assert_eq!(store.audit_chain(None, u64::MAX).await.unwrap(), []);
    let all = AuditFilter::default();
    assert_eq!(ids(&store.audit(&tenant("a"), &all, None, 9).await.unwrap()), [id(4), id(1)]);
    assert_eq!(ids(&store.audit(&ALL, &all, None, 9).await.unwrap()), [id(4), id(3), id(2), id(1)]);
    let heads = store.audit_heads().await.unwrap();
    let found: Vec<_> = heads.iter().map(|(owner, head)| (owner.as_ref().map(TenantId::as_str), head.seq)).collect();
    assert_eq!(found, [(None, 1), (Some("a"), 2), (Some("b"), 1)]);
    assert_eq!(heads[1].1, chain(&store, Some("a")).await[1].head());
}

pub(super) async fn writers_at_the_same_time_make_one_chain(store: Store) {
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for n in 0..8 {
                append(&store, &[entry(writer * 100 + n, Some("a")), entry(writer * 100 + 50 + n, None)]).await;
            }
        });
    }
    writers.join_all().await;
    assert_eq!(chain(&store, Some("a")).await.len(), 64);
    assert_eq!(chain(&store, None).await.len(), 64);
}

pub(super) async fn audit_records_are_found_page_by_page(store: Store) {
    // Several at one time: the id decides.
    let entries: Vec<_> = (0..25)
        .map(|n| AuditEntry { at: us(i64::from(n / 10)), ..entry(n, Some(["a", "b"][n as usize % 2])) })
        .collect();
    append(&store, &entries).await;
    for (scope, expected) in [
        (ALL, (0..25).rev().map(id).collect::<Vec<_>>()),
        (tenant("b"), (0..25).rev().filter(|n| n % 2 == 1).map(id).collect()),
    ] {
        let (mut after, mut found) = (None, Vec::new());
        loop {
            let page = store.audit(&scope, &AuditFilter::default(), after.as_ref(), 4).await.unwrap();
            assert!(page.len() <= 4);
            let Some(last) = page.last() else { break };
            after = Some(AuditCursor { at: last.entry.at, id: last.entry.id });
            found.extend(ids(&page));
        }
        assert_eq!(found, expected);
    }
}

pub(super) async fn audit_records_are_filtered(store: Store) {
    let key = Actor::Key(KeyId::from_bytes([3; 16]));
    append(
        &store,
        &[
            AuditEntry { actor: key, ..entry(1, Some("a")) },
            AuditEntry { action: "keys.revoke".to_owned(), ..entry(2, Some("a")) },
            AuditEntry { action: "keysmith".to_owned(), ..entry(3, Some("a")) },
            AuditEntry { action: "keys_x".to_owned(), ..entry(4, Some("a")) },
        ],
    )
    .await;
    let some = |text: &str| Some(text.to_owned());
    let filter = AuditFilter::default();
    let cases = [
        (AuditFilter { actor: some(&key.to_string()), ..filter.clone() }, vec![1]),
        (AuditFilter { actor: some("key:%"), ..filter.clone() }, vec![]),
        (AuditFilter { actor: some("\0"), ..filter.clone() }, vec![]),
        (AuditFilter { action: some("\0"), ..filter.clone() }, vec![]),
        (AuditFilter { action: some("keys.create"), ..filter.clone() }, vec![1]),
        (AuditFilter { action: some("keys."), ..filter.clone() }, vec![2, 1]),
        (AuditFilter { action: some("keys"), ..filter.clone() }, vec![]),
        (AuditFilter { action: some("%."), ..filter.clone() }, vec![]),
        (AuditFilter { since: Some(us(1_002)), until: Some(us(1_004)), ..filter.clone() }, vec![3, 2]),
        (AuditFilter { action: some("keys."), since: Some(us(1_002)), ..filter }, vec![2]),
    ];
    for (filter, expected) in cases {
        let found = store.audit(&ALL, &filter, None, 9).await.unwrap();
        assert_eq!(ids(&found), expected.into_iter().map(id).collect::<Vec<_>>(), "{filter:?}");
    }
}

pub(super) async fn a_deleted_tenant_keeps_its_audit_log(store: Store) {
    append(&store, &[entry(1, Some("a"))]).await;
    assert!(!store.delete_tenant(&"a".parse().unwrap(), us(9)).await.unwrap(), "a log is nothing to forget");
    append(&store, &[entry(2, Some("a"))]).await;
    assert_eq!(chain(&store, Some("a")).await.len(), 2);
}

pub(super) async fn long_chains_come_in_pieces(store: Store) {
    let many: Vec<_> = (0..u32::try_from(MAX_AUDIT).unwrap() + 1).map(|n| entry(n, None)).collect();
    append(&store, &many).await;
    assert_eq!(store.audit_chain(None, 0).await.unwrap().len(), MAX_AUDIT);
    assert_eq!(chain(&store, None).await.len(), many.len());
    let page = store.audit(&ALL, &AuditFilter::default(), None, usize::MAX).await.unwrap();
    assert_eq!(page.len(), MAX_AUDIT);
}
