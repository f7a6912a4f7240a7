//! What every meta store does with API keys.

use std::{sync::Arc, time::Duration};

use llmtrace_model::{AccessRole, ApiKey, Grant, KeyHash, KeyId, TenantScope, Timestamp};
use tokio::task::JoinSet;

use super::ask::{ALL, tenant};
use crate::{MAX_CHANGES, MetaStore, Replacing, Written};

/// The store under test.
type Store = Arc<dyn MetaStore>;

fn us(us: i64) -> Timestamp {
    Timestamp::from_unix_us(us)
}

fn id(n: u32) -> KeyId {
    let mut id = [7; 16];
    id[12..].copy_from_slice(&n.to_be_bytes());
    KeyId::from_bytes(id)
}

/// The `n`th key, of a tenant or of the platform, as it is stored: of version 1.
pub(crate) fn key(n: u32, owner: Option<&str>) -> ApiKey {
    ApiKey {
        id: id(n),
        version: 1,
        grant: owner.map_or(Grant::Platform, |name| Grant::Tenant(name.parse().unwrap(), AccessRole::Viewer)),
        name: format!("key {n}"),
        prefix: format!("llmt_{n:06}"),
        hash: KeyHash::of(&n.to_string()),
        created_at: us(1_000 + i64::from(n)),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    }
}

async fn add(store: &Store, key: &ApiKey) {
    assert_eq!(store.put_key(&ALL, key, Replacing::Nothing).await.unwrap(), Written::Done);
}

async fn change(store: &Store, scope: &TenantScope, key: &ApiKey) -> Written {
    store.put_key(scope, key, Replacing::Version(key.version)).await.unwrap()
}

async fn ids(store: &Store, scope: &TenantScope) -> Vec<KeyId> {
    store.keys(scope).await.unwrap().into_iter().map(|key| key.id).collect()
}

pub(super) async fn a_key_is_read_back_unchanged(store: Store) {
    let odd = ApiKey {
        name: "'; DROP TABLE keys; --\0ü🦀".to_owned(),
        created_at: us(i64::MIN),
        expires_at: Some(us(i64::MAX)),
        ..key(1, None)
    };
    add(&store, &odd).await;
    assert_eq!(store.key(&ALL, odd.id).await.unwrap(), Some(odd.clone()));
    for (n, role) in AccessRole::ALL.iter().enumerate() {
        let n = u32::try_from(n).unwrap() + 2;
        let own = ApiKey { grant: Grant::Tenant("a".parse().unwrap(), *role), ..key(n, None) };
        add(&store, &own).await;
        assert_eq!(store.key(&tenant("a"), own.id).await.unwrap(), Some(own.clone()));
        assert_eq!(store.key_of(&own.hash).await.unwrap(), Some(own));
    }
    assert_eq!(store.key_of(&KeyHash::of("another")).await.unwrap(), None);
    let again = store.put_key(&ALL, &key(1, None), Replacing::Nothing).await.unwrap();
    assert_eq!(again, Written::Changed, "the id is there");
    let same_hash = ApiKey { hash: odd.hash, ..key(99, None) };
    assert_eq!(store.put_key(&ALL, &same_hash, Replacing::Nothing).await.unwrap(), Written::Changed);
    assert_eq!(store.key(&ALL, odd.id).await.unwrap(), Some(odd));
}

pub(super) async fn a_key_of_another_tenant_does_not_exist(store: Store) {
    for (n, owner) in [(1, Some("a")), (2, Some("b")), (3, None), (4, Some("a"))] {
        add(&store, &key(n, owner)).await;
    }
    assert_eq!(ids(&store, &tenant("a")).await, [id(4), id(1)], "the ones made last first");
    assert_eq!(ids(&store, &ALL).await, [id(4), id(3), id(2), id(1)]);
    for foreign in [2, 3] {
        assert_eq!(store.key(&tenant("a"), id(foreign)).await.unwrap(), None);
        let own = key(foreign, Some("a"));
        assert_eq!(change(&store, &tenant("a"), &own).await, Written::Absent);
    }
    assert_eq!(store.key(&ALL, id(2)).await.unwrap(), Some(key(2, Some("b"))));
}

pub(super) async fn of_two_changes_of_one_key_the_first_counts(store: Store) {
    add(&store, &key(1, Some("a"))).await;
    let renamed = ApiKey { name: "new".to_owned(), expires_at: Some(us(5)), ..key(1, Some("a")) };
    assert_eq!(change(&store, &tenant("a"), &renamed).await, Written::Done);
    assert_eq!(change(&store, &tenant("a"), &renamed).await, Written::Changed);
    // Only name, expiry and revocation change.
    let other = ApiKey {
        version: 2,
        name: "newer".to_owned(),
        revoked_at: Some(us(9)),
        grant: Grant::Platform,
        prefix: "llmt_other".to_owned(),
        hash: KeyHash::of("other"),
        created_at: us(77),
        last_used_at: Some(us(88)),
        ..key(1, None)
    };
    assert_eq!(change(&store, &ALL, &other).await, Written::Done);
    let expected = ApiKey { version: 3, name: "newer".to_owned(), revoked_at: Some(us(9)), ..key(1, Some("a")) };
    assert_eq!(store.key(&ALL, id(1)).await.unwrap(), Some(expected.clone()));
    // What was revoked stays revoked, since then.
    let back = ApiKey { revoked_at: None, ..expected.clone() };
    assert_eq!(change(&store, &ALL, &back).await, Written::Done);
    let later = ApiKey { version: 4, revoked_at: Some(us(99)), ..expected.clone() };
    assert_eq!(change(&store, &ALL, &later).await, Written::Done);
    assert_eq!(store.key(&ALL, id(1)).await.unwrap(), Some(ApiKey { version: 5, ..expected }));
    assert_eq!(change(&store, &ALL, &key(2, None)).await, Written::Absent);
}

pub(super) async fn one_of_many_changes_of_a_key_counts(store: Store) {
    add(&store, &key(1, Some("a"))).await;
    let mut changes = JoinSet::new();
    for n in 0..8 {
        let (store, renamed) = (Arc::clone(&store), ApiKey { name: n.to_string(), ..key(1, Some("a")) });
        changes.spawn(async move { change(&store, &ALL, &renamed).await });
    }
    let written = changes.join_all().await;
    assert_eq!(written.iter().filter(|it| **it == Written::Done).count(), 1, "{written:?}");
    assert_eq!(store.key(&ALL, id(1)).await.unwrap().unwrap().version, 2);
}

pub(super) async fn uses_of_a_key_only_rise_and_are_no_change(store: Store) {
    add(&store, &key(1, Some("a"))).await;
    let seen = store.access_changes(0).await.unwrap().seen;
    for (at, last) in [(50, 50), (40, 50), (60, 60)] {
        store.touch_keys(&[(id(1), us(at)), (id(2), us(at))]).await.unwrap();
        let found = store.key(&ALL, id(1)).await.unwrap().unwrap();
        assert_eq!((found.last_used_at, found.version), (Some(us(last)), 1));
    }
    store.touch_keys(&[]).await.unwrap();
    assert_eq!(store.access_changes(seen).await.unwrap().keys, []);
}

pub(super) async fn every_change_of_a_key_is_told_once(store: Store) {
    let none = store.access_changes(0).await.unwrap();
    assert_eq!((none.seen, none.keys), (0, vec![]));
    add(&store, &key(1, Some("a"))).await;
    add(&store, &key(2, None)).await;
    let first = store.access_changes(0).await.unwrap();
    assert_eq!(first.keys, [key(1, Some("a")), key(2, None)]);
    let nothing = store.access_changes(first.seen).await.unwrap();
    assert_eq!((nothing.seen, nothing.keys), (first.seen, vec![]));

    let revoked = ApiKey { revoked_at: Some(us(5)), ..key(1, Some("a")) };
    assert_eq!(change(&store, &ALL, &revoked).await, Written::Done);
    let second = store.access_changes(first.seen).await.unwrap();
    assert_eq!(second.keys, [ApiKey { version: 2, ..revoked.clone() }]);
    assert!(second.seen > first.seen);
    // What did not come about is no change.
    assert_eq!(change(&store, &ALL, &revoked).await, Written::Changed);
    assert_eq!(store.access_changes(second.seen).await.unwrap().keys, []);
    let all = store.access_changes(0).await.unwrap();
    assert_eq!(store.access_changes(u64::MAX).await.unwrap().keys, []);
    assert_eq!(all.keys.iter().map(|key| key.id).collect::<Vec<_>>(), [id(2), id(1)], "by their last change");
}

pub(super) async fn many_changes_come_in_pieces_and_none_is_missed(store: Store) {
    let most = u32::try_from(MAX_CHANGES).unwrap();
    for n in 0..=most {
        add(&store, &key(n, Some("a"))).await;
    }
    let first = store.access_changes(0).await.unwrap();
    assert_eq!(first.keys.len(), MAX_CHANGES);
    let rest = store.access_changes(first.seen).await.unwrap();
    assert_eq!(rest.keys, [key(most, Some("a"))]);
}

/// A number that is given before another but seen after it would hide its change from whoever has gone on.
pub(super) async fn changes_at_the_same_time_are_all_told(store: Store) {
    let mut adding = JoinSet::new();
    for n in 0..64 {
        let store = Arc::clone(&store);
        adding.spawn(async move { add(&store, &key(n, Some("a"))).await });
    }
    let telling = async {
        let (mut seen, mut told) = (0, Vec::new());
        while told.len() < 64 {
            let next = store.access_changes(seen).await.unwrap();
            seen = next.seen;
            told.extend(next.keys.into_iter().map(|key| key.id));
            tokio::task::yield_now().await;
        }
        told
    };
    let telling = tokio::time::timeout(Duration::from_secs(60), telling);
    let (_, told) = tokio::join!(adding.join_all(), telling);
    let mut told = told.expect("a change was missed");
    told.sort();
    assert_eq!(told, (0..64).map(id).collect::<Vec<_>>());
}

pub(super) async fn the_keys_of_a_deleted_tenant_open_nothing(store: Store) {
    for (n, owner) in [(5, Some("a")), (1, Some("a")), (2, Some("b")), (3, None)] {
        add(&store, &key(n, owner)).await;
    }
    add(&store, &ApiKey { revoked_at: Some(us(3)), ..key(4, Some("a")) }).await;
    let seen = store.access_changes(0).await.unwrap().seen;
    assert!(store.delete_tenant(&"a".parse().unwrap(), us(9)).await.unwrap(), "a key is something");
    assert!(!store.delete_tenant(&"a".parse().unwrap(), us(10)).await.unwrap());
    let revoked = [1, 5].map(|n| ApiKey { version: 2, revoked_at: Some(us(9)), ..key(n, Some("a")) });
    let told = store.access_changes(seen).await.unwrap();
    assert_eq!(told.keys, revoked, "each has a number of its own");
    assert_eq!(store.access_changes(told.seen - 1).await.unwrap().keys, revoked[1..]);
    for (n, owner) in [(2, Some("b")), (3, None)] {
        assert_eq!(store.key(&ALL, id(n)).await.unwrap(), Some(key(n, owner)));
    }
    assert_eq!(store.key(&ALL, id(4)).await.unwrap().unwrap().revoked_at, Some(us(3)));
}
