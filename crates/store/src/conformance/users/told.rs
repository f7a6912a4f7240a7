//! What every meta store tells of changes of people.

use std::{sync::Arc, time::Duration};

use llmtrace_model::{Grant, TenantId, User};
use tokio::task::JoinSet;

use super::{Store, add, change, id, ids, one, us, user};
use crate::{
    MAX_CHANGES, Replacing, Written,
    conformance::{
        ask::{ALL, tenant},
        keys::key,
    },
};

pub(in crate::conformance) async fn logins_only_rise_and_are_no_change(store: Store) {
    add(&store, &user(1, &["a"])).await;
    let seen = store.user_changes(0).await.unwrap().seen;
    for (at, last) in [(50, 50), (40, 50), (60, 60)] {
        store.note_login(id(1), us(at)).await.unwrap();
        store.note_login(id(2), us(at)).await.unwrap();
        let found = one(&store, 1).await.unwrap();
        assert_eq!((found.last_login_at, found.version), (Some(us(last)), 1));
    }
    assert_eq!(store.user_changes(seen).await.unwrap().users, []);
}

pub(in crate::conformance) async fn every_change_of_a_person_is_told_once(store: Store) {
    let none = store.user_changes(0).await.unwrap();
    assert_eq!((none.seen, none.users), (0, vec![]));
    add(&store, &user(1, &["a"])).await;
    // The numbers are those of keys, too.
    assert_eq!(store.put_key(&ALL, &key(1, None), Replacing::Nothing).await.unwrap(), Written::Done);
    add(&store, &user(2, &[])).await;
    let first = store.user_changes(0).await.unwrap();
    assert_eq!((first.seen, first.users), (3, vec![user(1, &["a"]), user(2, &[])]));
    assert_eq!(store.access_changes(0).await.unwrap().seen, 2);
    let nothing = store.user_changes(first.seen).await.unwrap();
    assert_eq!((nothing.seen, nothing.users), (first.seen, vec![]));

    let disabled = User { disabled_at: Some(us(5)), ..user(1, &["a"]) };
    assert_eq!(change(&store, &ALL, &disabled).await, Written::Done);
    let second = store.user_changes(first.seen).await.unwrap();
    assert_eq!((second.seen, second.users), (4, vec![User { version: 2, ..disabled.clone() }]));
    // What did not come about is no change.
    assert_eq!(change(&store, &ALL, &disabled).await, Written::Changed);
    assert_eq!(store.user_changes(second.seen).await.unwrap().users, []);
    assert_eq!(store.user_changes(u64::MAX).await.unwrap().users, []);
    let all = store.user_changes(0).await.unwrap();
    assert_eq!(all.users.iter().map(|user| user.id).collect::<Vec<_>>(), [id(2), id(1)], "by their last change");
}

pub(in crate::conformance) async fn many_changes_of_people_come_in_pieces(store: Store) {
    let most = u32::try_from(MAX_CHANGES).unwrap();
    for n in 0..=most {
        add(&store, &user(n, &["a", "b"])).await;
    }
    let first = store.user_changes(0).await.unwrap();
    assert_eq!(first.users.len(), MAX_CHANGES);
    let rest = store.user_changes(first.seen).await.unwrap();
    assert_eq!(rest.users, [user(most, &["a", "b"])]);
}

/// A number that is given before another but seen after it would hide its change from whoever has gone on.
pub(in crate::conformance) async fn changes_of_people_and_keys_at_the_same_time_are_all_told(store: Store) {
    let mut adding = JoinSet::new();
    for n in 0..32 {
        let people = Arc::clone(&store);
        adding.spawn(async move { add(&people, &user(n, &["a"])).await });
        let keys = Arc::clone(&store);
        adding.spawn(async move {
            assert_eq!(keys.put_key(&ALL, &key(n, None), Replacing::Nothing).await.unwrap(), Written::Done);
        });
    }
    let telling = async {
        let (mut seen, mut people, mut keys) = ((0, 0), Vec::new(), Vec::new());
        while people.len() + keys.len() < 64 {
            let next = store.user_changes(seen.0).await.unwrap();
            people.extend(next.users.into_iter().map(|user| user.id));
            let more = store.access_changes(seen.1).await.unwrap();
            keys.extend(more.keys.into_iter().map(|key| key.id));
            seen = (next.seen, more.seen);
            tokio::task::yield_now().await;
        }
        (seen, people)
    };
    let telling = tokio::time::timeout(Duration::from_secs(60), telling);
    let (_, told) = tokio::join!(adding.join_all(), telling);
    let ((people_seen, keys_seen), mut people) = told.expect("a change was missed");
    people.sort();
    assert_eq!(people, (0..32).map(id).collect::<Vec<_>>());
    assert_eq!(people_seen.max(keys_seen), 64, "each number was given once");
}

pub(in crate::conformance) async fn a_deleted_tenant_is_taken_from_its_people(store: Store) {
    for (n, tenants) in [(5, &["a"][..]), (1, &["a", "b"]), (2, &["b"])] {
        add(&store, &user(n, tenants)).await;
    }
    add(&store, &User { grants: vec![Grant::Platform], ..user(3, &[]) }).await;
    let seen = store.user_changes(0).await.unwrap().seen;
    let a: TenantId = "a".parse().unwrap();
    assert!(store.delete_tenant(&a, us(9)).await.unwrap(), "a grant is something");
    assert!(!store.delete_tenant(&a, us(10)).await.unwrap());
    let left = [User { version: 2, ..user(1, &["b"]) }, User { version: 2, ..user(5, &[]) }];
    let told = store.user_changes(seen).await.unwrap();
    assert_eq!(told.users, left, "each has a number of its own");
    assert_eq!(store.user_changes(told.seen - 1).await.unwrap().users, left[1..]);
    assert_eq!(ids(&store, &tenant("a")).await, []);
    assert_eq!(one(&store, 2).await, Some(user(2, &["b"])));
    assert_eq!(one(&store, 3).await.unwrap().grants, [Grant::Platform]);
}
