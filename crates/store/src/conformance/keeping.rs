//! What every meta store does with rules of retention, with tenants that are deleted, and with erasures.

use std::{collections::BTreeMap, sync::Arc};

use llmtrace_model::{
    Erased, Erasure, ErasureId, Retention, SavedView, SpanId, Subject, TenantId, TenantScope, Timestamp, TraceId,
    ViewId, ViewPage,
};

use tokio::task::JoinSet;

use super::ask::{ALL, tenant};
use crate::{CarriedOut, MAX_ERASURES, MetaStore, Replacing, Written};

/// The store under test.
type Store = Arc<dyn MetaStore>;

fn id(name: &str) -> TenantId {
    name.parse().unwrap()
}

fn us(us: i64) -> Timestamp {
    Timestamp::from_unix_us(us)
}

fn number(n: u32) -> ErasureId {
    let mut id = [5; 16];
    id[12..].copy_from_slice(&n.to_be_bytes());
    ErasureId::from_bytes(id)
}

/// The `n`th erasure, asked for at the microsecond `n` and not done.
fn erasure(n: u32, owner: Option<&str>) -> Erasure {
    Erasure {
        id: number(n),
        tenant_id: owner.map(id),
        subject: Subject::User(format!("user {n}")),
        requested_at: us(i64::from(n)),
        done_at: None,
        due_at: Some(us(i64::from(n))),
        repeat_until: us(0),
        erased: Erased::default(),
    }
}

async fn put(store: &Store, erasure: &Erasure) {
    assert!(store.add_erasure(erasure).await.unwrap(), "it is new");
}

fn numbers(erasures: &[Erasure]) -> Vec<i64> {
    erasures.iter().map(|erasure| erasure.requested_at.unix_us()).collect()
}

pub(super) async fn a_rule_of_retention_is_kept_until_it_is_taken_away(store: Store) {
    assert_eq!(store.retentions().await.unwrap(), BTreeMap::new());
    let rule = |content_days, span_days| Retention { content_days, span_days };
    let rules = [
        ("ever", rule(None, None)),
        ("never", rule(Some(0), Some(0))),
        ("content", rule(Some(1), None)),
        ("span", rule(None, Some(u32::MAX))),
    ];
    for (name, rule) in rules {
        for _again in 0..2 {
            store.put_retention(&id(name), Some(rule)).await.unwrap();
        }
    }
    let mut expected: BTreeMap<_, _> = rules.into_iter().map(|(name, rule)| (id(name), rule)).collect();
    assert_eq!(store.retentions().await.unwrap(), expected);
    store.put_retention(&id("never"), Some(rule(None, Some(7)))).await.unwrap();
    expected.insert(id("never"), rule(None, Some(7)));
    for _again in 0..2 {
        store.put_retention(&id("ever"), None).await.unwrap();
    }
    expected.remove(&id("ever"));
    assert_eq!(store.retentions().await.unwrap(), expected);
    assert_eq!(store.tenants().await.unwrap(), [], "who has a rule was not seen for that");
}

pub(super) async fn a_deleted_tenant_leaves_its_receipts_and_other_tenants_alone(store: Store) {
    let view = |n: u8, owner: Option<&str>| SavedView {
        id: ViewId::from_bytes([n; 16]),
        tenant: owner.map(id),
        version: 1,
        name: "n".to_owned(),
        page: ViewPage::Traces,
        query: BTreeMap::new(),
        created_at: us(1),
        updated_at: us(1),
    };
    for (n, owner) in [(1, Some("a")), (2, Some("a")), (3, Some("b")), (4, None)] {
        assert_eq!(store.put_view(&ALL, &view(n, owner), Replacing::Nothing).await.unwrap(), Written::Done);
    }
    store.touch_tenants(&[(id("a"), us(1)), (id("b"), us(1))]).await.unwrap();
    for name in ["a", "b", "ruled"] {
        store.put_retention(&id(name), Some(Retention::default())).await.unwrap();
    }
    put(&store, &erasure(1, Some("a"))).await;

    assert!(store.delete_tenant(&id("a"), us(9)).await.unwrap());
    assert!(!store.delete_tenant(&id("a"), us(9)).await.unwrap(), "there is nothing left");
    assert!(store.delete_tenant(&id("ruled"), us(9)).await.unwrap(), "a rule is something");
    let seen: Vec<_> = store.tenants().await.unwrap().into_iter().map(|tenant| tenant.id).collect();
    assert_eq!(seen, [id("b")]);
    let views: Vec<_> = store.views(&ALL).await.unwrap().into_iter().map(|view| view.tenant).collect();
    assert_eq!(views, [Some(id("b")), None]);
    assert_eq!(store.retentions().await.unwrap(), BTreeMap::from([(id("b"), Retention::default())]));
    assert_eq!(store.erasures(&tenant("a")).await.unwrap(), [erasure(1, Some("a"))]);
    // It may come back, as a new one.
    store.touch_tenants(&[(id("a"), us(9))]).await.unwrap();
    assert_eq!(store.tenants().await.unwrap()[0].first_seen, us(9));
}

pub(super) async fn an_erasure_is_read_back_unchanged(store: Store) {
    let odd = "a'\"\\ \0 ü 🦀 % _\n";
    let subjects = [
        Subject::Trace(TraceId::new([255; 16]).unwrap()),
        Subject::Span(SpanId::new([1; 8]).unwrap()),
        Subject::Session(odd.to_owned()),
        Subject::User(String::new()),
        Subject::Everything,
    ];
    for (n, subject) in (0..).zip(subjects) {
        let at = if n % 2 == 0 { us(i64::MIN) } else { us(i64::MAX) };
        let written = Erasure {
            subject,
            requested_at: at,
            done_at: (n == 1).then_some(at),
            due_at: (n != 2).then_some(at),
            repeat_until: at,
            erased: Erased { spans: u64::MAX, contents: u64::from(n) },
            ..erasure(n, (n > 1).then_some("a"))
        };
        put(&store, &written).await;
        assert_eq!(store.erasure(&ALL, written.id).await.unwrap(), Some(written));
    }
}

pub(super) async fn an_erasure_that_is_there_stays_as_it_is(store: Store) {
    let asked = erasure(1, Some("a"));
    put(&store, &asked).await;
    let other = Erasure {
        tenant_id: Some(id("b")),
        subject: Subject::Everything,
        requested_at: us(77),
        done_at: Some(us(5)),
        due_at: None,
        repeat_until: us(6),
        erased: Erased { spans: 3, contents: 2 },
        ..asked.clone()
    };
    assert!(!store.add_erasure(&other).await.unwrap());
    assert_eq!(store.erasures(&ALL).await.unwrap(), [asked]);
}

pub(super) async fn what_was_removed_is_added_up(store: Store) {
    let asked = erasure(1, Some("a"));
    put(&store, &asked).await;
    let noted = |at, spans, due_at| CarriedOut { at: us(at), removed: Erased { spans, contents: 1 }, due_at };
    for carried_out in [noted(5, 3, Some(us(9))), noted(4, 0, None), noted(8, 2, Some(us(12)))] {
        store.note_erased(asked.id, &carried_out).await.unwrap();
        assert_eq!(store.erasure(&ALL, asked.id).await.unwrap().unwrap().due_at, carried_out.due_at);
    }
    store.note_erased(number(2), &noted(1, 1, None)).await.unwrap();
    let erased = Erased { spans: 5, contents: 3 };
    let done = Erasure { done_at: Some(us(5)), due_at: Some(us(12)), erased, ..asked };
    assert_eq!(store.erasures(&ALL).await.unwrap(), [done]);
}

pub(super) async fn one_of_many_who_move_an_erasure_at_the_same_time_does(store: Store) {
    let asked = erasure(1, None);
    put(&store, &asked).await;
    for from in [1, 100] {
        let mut tries = JoinSet::new();
        for _ in 0..8 {
            let (store, id) = (Arc::clone(&store), asked.id);
            tries.spawn(async move { store.move_erasure(id, us(from), us(from * 100)).await.unwrap() });
        }
        let moved = tries.join_all().await.into_iter().filter(|moved| *moved).count();
        assert_eq!(moved, 1, "from {from}");
    }
    assert!(!store.move_erasure(asked.id, us(1), us(2)).await.unwrap(), "it was due at another time");
    assert!(!store.move_erasure(number(2), us(1), us(2)).await.unwrap(), "there is none");
    let moved = Erasure { due_at: Some(us(10_000)), ..asked };
    assert_eq!(store.erasures(&ALL).await.unwrap(), [moved]);
}

pub(super) async fn many_who_note_at_the_same_time_are_all_counted(store: Store) {
    put(&store, &erasure(1, None)).await;
    let note = CarriedOut { at: us(1), removed: Erased { spans: 10, contents: 1 }, due_at: None };
    let mut notes = JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        notes.spawn(async move { store.note_erased(number(1), &note).await.unwrap() });
    }
    notes.join_all().await;
    let receipt = store.erasure(&ALL, number(1)).await.unwrap().unwrap();
    assert_eq!(receipt.erased, Erased { spans: 80, contents: 8 });
}

pub(super) async fn an_erasure_of_another_tenant_does_not_exist(store: Store) {
    for (n, owner) in [(1, Some("a")), (2, Some("b")), (3, None), (4, Some("a"))] {
        put(&store, &erasure(n, owner)).await;
    }
    assert_eq!(numbers(&store.erasures(&ALL).await.unwrap()), [4, 3, 2, 1]);
    assert_eq!(numbers(&store.erasures(&tenant("a")).await.unwrap()), [4, 1]);
    assert_eq!(store.erasures(&tenant("c")).await.unwrap(), []);
    for (n, is_seen) in [(1, true), (2, false), (3, false), (9, false)] {
        assert_eq!(store.erasure(&tenant("a"), number(n)).await.unwrap().is_some(), is_seen, "{n}");
    }
}

pub(super) async fn erasures_are_due_until_they_are_done_and_repeated(store: Store) {
    let done = |n, due: Option<i64>| Erasure { done_at: Some(us(50)), due_at: due.map(us), ..erasure(n, Some("a")) };
    for one in [done(1, Some(100)), erasure(5, None), erasure(3, Some("b")), done(2, Some(99)), done(4, None)] {
        put(&store, &one).await;
    }
    let due = async |now| numbers(&store.erasures_due(us(now)).await.unwrap());
    assert_eq!(due(2).await, [0; 0]);
    assert_eq!(due(3).await, [3]);
    assert_eq!(due(98).await, [3, 5]);
    assert_eq!(due(100).await, [3, 5, 2, 1], "those that are not done come first, then what is due for longest");
    assert!(store.move_erasure(number(3), us(3), us(6)).await.unwrap());
    assert_eq!(due(i64::MAX).await, [5, 3, 2, 1]);
    let carried_out = |due: Option<i64>| CarriedOut { at: us(1), removed: Erased::default(), due_at: due.map(us) };
    store.note_erased(number(5), &carried_out(Some(7))).await.unwrap();
    store.note_erased(number(2), &carried_out(None)).await.unwrap();
    assert_eq!(due(i64::MAX).await, [3, 5, 1]);
}

pub(super) async fn answers_about_erasures_are_bounded(store: Store) {
    let most = u32::try_from(MAX_ERASURES).unwrap();
    for n in 1..=most + 1 {
        let repeated = Erasure { done_at: Some(us(1)), ..erasure(n, Some("a")) };
        put(&store, &repeated).await;
    }
    put(&store, &erasure(most + 2, None)).await;
    for scope in [ALL, TenantScope::One(id("a"))] {
        let found = store.erasures(&scope).await.unwrap();
        assert_eq!(found.len(), MAX_ERASURES);
        assert!(found[0].requested_at > found[1].requested_at);
    }
    let due = numbers(&store.erasures_due(us(i64::MAX)).await.unwrap());
    assert_eq!(due.len(), MAX_ERASURES);
    assert_eq!(due[..2], [i64::from(most) + 2, 1], "the new one is not hidden by those that are repeated");
}
