//! What every meta store does with saved views.

use std::{collections::BTreeMap, sync::Arc};

use llmtrace_model::{SavedView, TenantScope, Timestamp, ViewId, ViewPage};

use super::ask::tenant;
use crate::{MAX_VIEWS, MAX_VIEWS_OF_TENANT, MetaStore, Replacing, Written};

/// The store under test.
type Store = Arc<dyn MetaStore>;

const ALL: TenantScope = TenantScope::All;

/// The `n`th view, of a tenant or of none, as it is stored: of version 1.
fn view(n: u32, owner: Option<&str>, name: &str) -> SavedView {
    let mut id = [7; 16];
    id[12..].copy_from_slice(&n.to_be_bytes());
    SavedView {
        id: ViewId::from_bytes(id),
        tenant: owner.map(|name| name.parse().unwrap()),
        version: 1,
        name: name.to_owned(),
        page: ViewPage::ALL[n as usize % ViewPage::ALL.len()],
        query: BTreeMap::from([
            ("model".to_owned(), "gpt \"4\" ü".to_owned()),
            ("status".to_owned(), "error".to_owned()),
            ("text\0".to_owned(), "\0\\u0000\u{7f}".to_owned()),
        ]),
        created_at: Timestamp::from_unix_us(1_000 + i64::from(n)),
        updated_at: Timestamp::from_unix_us(1_000 + i64::from(n)),
    }
}

async fn add(store: &Store, view: &SavedView) -> Written {
    store.put_view(&ALL, view, Replacing::Nothing).await.unwrap()
}

async fn names(store: &Store, scope: &TenantScope) -> Vec<String> {
    store.views(scope).await.unwrap().into_iter().map(|view| view.name).collect()
}

pub(super) async fn a_saved_view_is_read_back_unchanged(store: Store) {
    for (n, page) in ViewPage::ALL.iter().enumerate() {
        let n = u32::try_from(n).unwrap();
        let written = SavedView { page: *page, ..view(n, Some("a"), "name 'x' 🦀\0\n") };
        assert_eq!(add(&store, &written).await, Written::Done);
        assert_eq!(store.view(&tenant("a"), written.id).await.unwrap(), Some(written));
    }
    for (n, us, name) in
        [(7, i64::MIN, "'; DROP TABLE views; --"), (8, i64::MAX, "\" ` \\ % _ ? $1 {} \u{202e}\u{ffff}")]
    {
        let at = Timestamp::from_unix_us(us);
        let long = BTreeMap::from([(name.to_owned(), "ü\0".repeat(5_000))]);
        let odd = SavedView { query: long, created_at: at, updated_at: at, ..view(n, None, name) };
        assert_eq!(add(&store, &odd).await, Written::Done);
        assert_eq!(store.view(&ALL, odd.id).await.unwrap(), Some(odd));
    }
    let bare = SavedView { query: BTreeMap::new(), ..view(9, None, "n") };
    assert_eq!(add(&store, &bare).await, Written::Done);
    assert_eq!(store.view(&ALL, bare.id).await.unwrap(), Some(bare.clone()));
    assert_eq!(add(&store, &bare).await, Written::Changed, "an id is given once");
}

pub(super) async fn a_view_of_another_tenant_does_not_exist(store: Store) {
    for (n, owner) in [(1, Some("a")), (2, Some("b")), (3, None)] {
        assert_eq!(add(&store, &view(n, owner, owner.unwrap_or("nobody"))).await, Written::Done);
    }
    assert_eq!(names(&store, &tenant("a")).await, ["a"]);
    assert_eq!(names(&store, &tenant("c")).await, [""; 0]);
    assert_eq!(names(&store, &ALL).await, ["a", "b", "nobody"]);
    for foreign in [view(2, Some("b"), "b"), view(3, None, "nobody")] {
        let stolen = SavedView { name: "stolen".to_owned(), tenant: Some("a".parse().unwrap()), ..foreign.clone() };
        assert_eq!(store.view(&tenant("a"), foreign.id).await.unwrap(), None);
        assert_eq!(store.put_view(&tenant("a"), &stolen, Replacing::Version(1)).await.unwrap(), Written::Absent);
        assert_eq!(store.delete_view(&tenant("a"), foreign.id, 1).await.unwrap(), Written::Absent);
        assert_eq!(store.view(&ALL, foreign.id).await.unwrap(), Some(foreign));
    }
}

pub(super) async fn views_are_listed_by_name(store: Store) {
    for (n, name) in ["b", "a", "B", "ä", "a b", "a"].into_iter().enumerate() {
        assert_eq!(add(&store, &view(u32::try_from(n).unwrap(), Some("t"), name)).await, Written::Done);
    }
    for scope in [tenant("t"), ALL] {
        let found = store.views(&scope).await.unwrap();
        let keys: Vec<_> = found.iter().map(|view| (view.name.as_str(), view.id)).collect();
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        assert_eq!(keys, sorted);
        assert_eq!(found.len(), 6, "two may have one name");
    }
}

pub(super) async fn of_two_changes_of_one_version_the_first_counts(store: Store) {
    let made = view(1, Some("a"), "made");
    assert_eq!(add(&store, &made).await, Written::Done);
    let change = |name: &str, owner: &str| SavedView {
        name: name.to_owned(),
        tenant: Some(owner.parse().unwrap()),
        page: ViewPage::Users,
        query: BTreeMap::new(),
        created_at: Timestamp::from_unix_us(0),
        updated_at: Timestamp::from_unix_us(9_999),
        ..made.clone()
    };
    let put = |view: SavedView, version| {
        let store = Arc::clone(&store);
        async move { store.put_view(&tenant("a"), &view, Replacing::Version(version)).await.unwrap() }
    };
    assert_eq!(put(change("first", "z"), 1).await, Written::Done);
    assert_eq!(put(change("second", "z"), 1).await, Written::Changed);
    // The owner and the time it was made are not for change.
    let expected =
        SavedView { tenant: made.tenant.clone(), created_at: made.created_at, version: 2, ..change("first", "z") };
    assert_eq!(store.view(&ALL, made.id).await.unwrap(), Some(expected));
    assert_eq!(store.delete_view(&tenant("a"), made.id, 1).await.unwrap(), Written::Changed);
    assert_eq!(store.delete_view(&tenant("a"), made.id, 2).await.unwrap(), Written::Done);
    assert_eq!(store.delete_view(&tenant("a"), made.id, 2).await.unwrap(), Written::Absent);
    assert_eq!(put(change("third", "a"), 2).await, Written::Absent);
    assert_eq!(store.views(&ALL).await.unwrap(), []);
}

pub(super) async fn one_of_many_changes_at_the_same_time_counts(store: Store) {
    let made = view(1, None, "made");
    assert_eq!(add(&store, &made).await, Written::Done);
    let mut tries = tokio::task::JoinSet::new();
    for n in 0..16 {
        let (store, view) = (Arc::clone(&store), SavedView { name: format!("try {n}"), ..made.clone() });
        tries.spawn(async move { store.put_view(&ALL, &view, Replacing::Version(1)).await.unwrap() });
    }
    let outcomes = tries.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Written::Done).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Written::Changed).count(), 15);
    assert_eq!(store.view(&ALL, made.id).await.unwrap().map(|view| view.version), Some(2));
}

pub(super) async fn saved_views_are_bounded(store: Store) {
    let per_tenant = u32::try_from(MAX_VIEWS_OF_TENANT).unwrap();
    let tenants = u32::try_from(MAX_VIEWS).unwrap() / per_tenant;
    for n in 0..per_tenant {
        assert_eq!(add(&store, &view(n, None, "n")).await, Written::Done);
    }
    assert_eq!(add(&store, &view(per_tenant, None, "one more")).await, Written::Full, "nobody is an owner like others");
    for t in 1..tenants {
        for n in 0..per_tenant {
            let owner = format!("t{t}");
            assert_eq!(add(&store, &view(t * per_tenant + n, Some(&owner), "n")).await, Written::Done);
        }
    }
    assert_eq!(store.views(&ALL).await.unwrap().len(), MAX_VIEWS);
    let late = view(u32::MAX, Some("late"), "n");
    assert_eq!(add(&store, &late).await, Written::Full, "so are all of them together");
    // What is there can still be changed, and what is deleted makes room.
    let first = view(0, None, "n");
    assert_eq!(store.put_view(&ALL, &first, Replacing::Version(1)).await.unwrap(), Written::Done);
    assert_eq!(store.delete_view(&ALL, first.id, 2).await.unwrap(), Written::Done);
    assert_eq!(add(&store, &late).await, Written::Done);
}
