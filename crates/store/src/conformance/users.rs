//! What every meta store does with people.

mod told;

use std::sync::Arc;

use llmtrace_model::{AccessRole, Grant, Identity, TenantScope, Timestamp, User, UserId, UserName};
use tokio::task::JoinSet;

pub(super) use self::told::{
    a_deleted_tenant_is_taken_from_its_people, changes_of_people_and_keys_at_the_same_time_are_all_told,
    every_change_of_a_person_is_told_once, logins_only_rise_and_are_no_change, many_changes_of_people_come_in_pieces,
};
use super::ask::{ALL, tenant};
use crate::{ErrorKind, MetaStore, Replacing, Written};

/// The store under test.
type Store = Arc<dyn MetaStore>;

fn us(us: i64) -> Timestamp {
    Timestamp::from_unix_us(us)
}

fn id(n: u32) -> UserId {
    let mut id = [5; 16];
    id[12..].copy_from_slice(&n.to_be_bytes());
    UserId::from_bytes(id)
}

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

fn grant(owner: &str, role: AccessRole) -> Grant {
    Grant::Tenant(owner.parse().unwrap(), role)
}

fn identity(subject: &str) -> Identity {
    Identity { issuer: "https://id.example.org".to_owned(), subject: subject.to_owned() }
}

/// The `n`th person, a viewer of these tenants, as they are stored: of version 1.
pub(crate) fn user(n: u32, tenants: &[&str]) -> User {
    User {
        id: id(n),
        version: 1,
        name: Some(name(&format!("user{n:06}@example.org"))),
        display: format!("User {n}"),
        password: Some("$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA".parse().unwrap()),
        identity: Some(identity(&n.to_string())),
        grants: tenants.iter().map(|owner| grant(owner, AccessRole::Viewer)).collect(),
        created_at: us(1_000 + i64::from(n)),
        disabled_at: None,
        removed_at: None,
        sessions_from: us(1_000),
        last_login_at: None,
    }
}

async fn add(store: &Store, user: &User) {
    assert_eq!(store.put_user(&ALL, user, Replacing::Nothing).await.unwrap(), Written::Done);
}

async fn change(store: &Store, scope: &TenantScope, user: &User) -> Written {
    store.put_user(scope, user, Replacing::Version(user.version)).await.unwrap()
}

async fn one(store: &Store, n: u32) -> Option<User> {
    store.user(&ALL, id(n)).await.unwrap()
}

async fn ids(store: &Store, scope: &TenantScope) -> Vec<UserId> {
    store.users(scope).await.unwrap().into_iter().map(|user| user.id).collect()
}

pub(super) async fn a_person_is_read_back_unchanged(store: Store) {
    let roles = ["b", "B", "a-b", "9"].into_iter().zip(AccessRole::ALL.iter().cycle());
    let mut odd = User {
        name: Some(name("'; drop table users; --\u{fffd}ü🦀")),
        display: "'; DROP TABLE users; --\0ü🦀".to_owned(),
        password: None,
        identity: Some(Identity { issuer: "\0ü'".to_owned(), subject: "🦀\0".to_owned() }),
        grants: roles.map(|(owner, role)| grant(owner, *role)).collect(),
        created_at: us(i64::MIN),
        disabled_at: Some(us(i64::MAX)),
        sessions_from: us(i64::MIN),
        last_login_at: Some(us(i64::MAX)),
        ..user(1, &[])
    };
    add(&store, &User { version: 77, ..odd.clone() }).await;
    odd.grants.sort_by(|a, b| a.tenant().cmp(&b.tenant()));
    assert_eq!(one(&store, 1).await, Some(odd.clone()));
    assert_eq!(store.user_by_name(odd.name.as_ref().unwrap()).await.unwrap(), Some(odd.clone()));
    assert_eq!(store.user_by_identity(odd.identity.as_ref().unwrap()).await.unwrap(), Some(odd.clone()));
    let tenants: Vec<String> = (0..100).map(|n| format!("t{n:02}")).collect();
    let tenants: Vec<&str> = tenants.iter().map(String::as_str).collect();
    for user in [
        User { identity: None, display: String::new(), ..user(2, &[]) },
        User { grants: vec![Grant::Platform], ..user(3, &[]) },
        user(4, &tenants),
    ] {
        add(&store, &user).await;
        assert_eq!(store.user(&ALL, user.id).await.unwrap(), Some(user));
    }
    assert_eq!(store.user_by_name(&name("nobody")).await.unwrap(), None);
    let another = Identity { issuer: "another".to_owned(), ..identity("3") };
    assert_eq!(store.user_by_identity(&another).await.unwrap(), None);
    let twice = store.put_user(&ALL, &User { name: Some(name("x")), ..odd.clone() }, Replacing::Nothing).await.unwrap();
    assert_eq!(twice, Written::Changed, "the id is there");
    assert_eq!(one(&store, 1).await, Some(odd));
}

pub(super) async fn what_is_no_user_is_refused(store: Store) {
    add(&store, &user(1, &["a"])).await;
    let removed = User { removed_at: Some(us(9)), ..user(2, &["a"]) };
    for (bad, replacing) in [
        (User { name: None, ..user(1, &["a"]) }, Replacing::Version(1)),
        (User { name: None, ..user(2, &["a"]) }, Replacing::Nothing),
        (user(2, &["a", "a"]), Replacing::Nothing),
        (removed, Replacing::Nothing),
    ] {
        let error = store.put_user(&ALL, &bad, replacing).await.unwrap_err();
        assert_eq!((error.kind, error.backend), (ErrorKind::Rejected, store.backend()), "{bad:?}");
    }
    assert_eq!(store.users(&ALL).await.unwrap(), [user(1, &["a"])]);
}

pub(super) async fn people_are_listed_by_name_and_by_tenant(store: Store) {
    let mut names = ["b", "a", "z", "ä", "a@b", "10", "9", "ﬀ", "🦀"];
    for (n, text) in (0..).zip(names) {
        add(&store, &User { name: Some(name(text)), ..user(n, &["a"]) }).await;
    }
    names.sort_unstable();
    let listed =
        |users: Vec<User>| -> Vec<String> { users.into_iter().map(|user| user.name.unwrap().to_string()).collect() };
    assert_eq!(listed(store.users(&ALL).await.unwrap()), names);
    assert_eq!(listed(store.users(&tenant("a")).await.unwrap()), names);
    add(&store, &user(20, &["b", "a.b"])).await;
    add(&store, &User { grants: vec![Grant::Platform], ..user(21, &[]) }).await;
    add(&store, &user(22, &[])).await;
    assert_eq!(ids(&store, &tenant("b")).await, [id(20)]);
    assert_eq!(ids(&store, &ALL).await.len(), names.len() + 3);
    assert_eq!(ids(&store, &tenant("c")).await, []);
}

pub(super) async fn a_person_of_another_tenant_does_not_exist(store: Store) {
    add(&store, &user(1, &["b"])).await;
    add(&store, &User { grants: vec![Grant::Platform], ..user(2, &[]) }).await;
    add(&store, &user(3, &["a", "b"])).await;
    let a = tenant("a");
    for foreign in [1, 2] {
        let before = one(&store, foreign).await;
        assert_eq!(store.user(&a, id(foreign)).await.unwrap(), None);
        for wanted in [user(foreign, &["a"]), User { removed_at: Some(us(9)), ..user(foreign, &["a"]) }] {
            assert_eq!(change(&store, &a, &wanted).await, Written::Absent);
        }
        assert_eq!(one(&store, foreign).await, before);
    }
    assert_eq!(store.user(&a, id(3)).await.unwrap(), Some(user(3, &["a", "b"])), "with the grant elsewhere");
}

/// What whoever administers `a` may try to do to `b`, or to the platform.
pub(super) async fn the_scope_of_a_tenant_changes_nothing_outside_it(store: Store) {
    let a = tenant("a");
    for (n, grants) in [(1, vec![Grant::Platform]), (2, vec![grant("b", AccessRole::Viewer)])] {
        let new = User { grants, ..user(n, &[]) };
        let put = store.put_user(&a, &new, Replacing::Nothing).await.unwrap();
        assert_eq!((put, one(&store, n).await), (Written::Outside, None));
    }
    let put = store.put_user(&a, &user(3, &["a"]), Replacing::Nothing).await.unwrap();
    assert_eq!(put, Written::Done);
    for more in [vec![Grant::Platform], user(3, &["a", "b"]).grants] {
        assert_eq!(change(&store, &a, &User { grants: more, ..user(3, &[]) }).await, Written::Outside);
    }

    let shared = user(4, &["a", "b"]);
    add(&store, &shared).await;
    let other = "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$b3RoZXI".parse().unwrap();
    for wanted in [
        User { name: Some(name("mine")), ..shared.clone() },
        User { display: "Mine".to_owned(), ..shared.clone() },
        User { password: Some(other), ..shared.clone() },
        User { identity: Some(identity("mine")), ..shared.clone() },
        User { disabled_at: Some(us(9)), ..shared.clone() },
        User { sessions_from: us(i64::MAX), ..shared.clone() },
        User { removed_at: Some(us(9)), ..shared.clone() },
        user(4, &["a"]),
        User { grants: vec![grant("a", AccessRole::Viewer), grant("b", AccessRole::Admin)], ..shared.clone() },
    ] {
        assert_eq!(change(&store, &a, &wanted).await, Written::Outside, "{wanted:?}");
    }
    assert_eq!(one(&store, 4).await, Some(shared.clone()));
    // The grant in it is its own, to raise and to take.
    let raised = User { grants: vec![grant("b", AccessRole::Viewer), grant("a", AccessRole::Admin)], ..shared.clone() };
    assert_eq!(change(&store, &a, &raised).await, Written::Done);
    let raised = User { version: 2, grants: vec![raised.grants[1].clone(), raised.grants[0].clone()], ..shared };
    assert_eq!(one(&store, 4).await, Some(raised.clone()));
    let gone = User { grants: user(4, &["b"]).grants, ..raised };
    assert_eq!(change(&store, &a, &gone).await, Written::Done);
    assert_eq!((store.user(&a, id(4)).await.unwrap(), ids(&store, &tenant("b")).await), (None, vec![id(4)]));
}

pub(super) async fn of_two_changes_of_one_person_the_first_counts(store: Store) {
    add(&store, &User { last_login_at: Some(us(3)), ..user(1, &["a"]) }).await;
    let first = User {
        name: Some(name("ada")),
        display: "Ada".to_owned(),
        password: None,
        identity: None,
        grants: user(1, &["b", "c"]).grants,
        disabled_at: Some(us(5)),
        sessions_from: us(2_000),
        ..user(1, &[])
    };
    assert_eq!(change(&store, &ALL, &first).await, Written::Done);
    assert_eq!(change(&store, &ALL, &first).await, Written::Changed);
    let first = User { version: 2, last_login_at: Some(us(3)), ..first };
    assert_eq!(one(&store, 1).await, Some(first.clone()));
    assert_eq!(store.user_by_name(&name("user000001@example.org")).await.unwrap(), None);
    assert_eq!(store.user_by_identity(&identity("1")).await.unwrap(), None);
    assert_eq!(ids(&store, &tenant("a")).await, []);
    // Neither the times of adding and of the last login, and sessions that are void stay it.
    let second = User {
        created_at: us(77),
        last_login_at: Some(us(88)),
        sessions_from: us(1),
        disabled_at: None,
        ..first.clone()
    };
    assert_eq!(change(&store, &ALL, &second).await, Written::Done);
    assert_eq!(one(&store, 1).await, Some(User { version: 3, disabled_at: None, ..first }));
    assert_eq!(change(&store, &ALL, &user(2, &["a"])).await, Written::Absent);
}

pub(super) async fn a_name_or_an_identity_is_one_persons(store: Store) {
    let named = |n: u32, like: u32| User { name: user(like, &[]).name, ..user(n, &["a"]) };
    let known = |n: u32, like: u32| User { identity: user(like, &[]).identity, ..user(n, &["a"]) };
    add(&store, &user(1, &["a"])).await;
    add(&store, &user(2, &["b"])).await;
    for taken in [named(3, 1), known(3, 1)] {
        assert_eq!(store.put_user(&ALL, &taken, Replacing::Nothing).await.unwrap(), Written::Taken);
        // Whosever it is.
        assert_eq!(store.put_user(&tenant("a"), &taken, Replacing::Nothing).await.unwrap(), Written::Taken);
    }
    for taken in [named(1, 2), known(1, 2)] {
        assert_eq!(change(&store, &ALL, &taken).await, Written::Taken);
        assert_eq!(change(&store, &tenant("a"), &taken).await, Written::Taken);
    }
    assert_eq!(one(&store, 1).await, Some(user(1, &["a"])));
    // Nobody has none.
    for n in [3, 4] {
        add(&store, &User { identity: None, ..user(n, &["a"]) }).await;
    }
    // What is given up is free.
    assert_eq!(change(&store, &ALL, &User { identity: None, ..named(1, 9) }).await, Written::Done);
    add(&store, &User { identity: user(1, &[]).identity, ..named(5, 1) }).await;
}

pub(super) async fn one_of_many_changes_of_a_person_counts(store: Store) {
    add(&store, &user(1, &["a"])).await;
    let mut changes = JoinSet::new();
    for n in 0..8 {
        let (store, renamed) = (Arc::clone(&store), User { display: n.to_string(), ..user(1, &["a"]) });
        changes.spawn(async move { change(&store, &ALL, &renamed).await });
    }
    let written = changes.join_all().await;
    assert_eq!(written.iter().filter(|it| **it == Written::Done).count(), 1, "{written:?}");
    assert!(written.iter().all(|it| matches!(it, Written::Done | Written::Changed)), "{written:?}");
    assert_eq!(one(&store, 1).await.unwrap().version, 2);
}

pub(super) async fn one_of_many_who_take_a_name_gets_it(store: Store) {
    let mut adding = JoinSet::new();
    for n in 0..8 {
        let (store, wanted) = (Arc::clone(&store), User { name: Some(name("ada")), ..user(n, &["a"]) });
        adding.spawn(async move { store.put_user(&ALL, &wanted, Replacing::Nothing).await.unwrap() });
    }
    let written = adding.join_all().await;
    assert_eq!(written.iter().filter(|it| **it == Written::Done).count(), 1, "{written:?}");
    assert!(written.iter().all(|it| matches!(it, Written::Done | Written::Taken)), "{written:?}");
    assert_eq!(ids(&store, &ALL).await.len(), 1);
}

pub(super) async fn who_is_removed_leaves_an_id_only(store: Store) {
    let before = User { last_login_at: Some(us(3)), ..user(1, &["a", "b"]) };
    add(&store, &before).await;
    let seen = store.user_changes(0).await.unwrap().seen;
    let removed = User { removed_at: Some(us(9)), disabled_at: Some(us(8)), ..before.clone() };
    assert_eq!(change(&store, &ALL, &removed).await, Written::Done);
    let left = User { version: 2, disabled_at: Some(us(8)), ..before.clone() }.removed(us(9));
    assert_eq!((&left.name, &left.password, &left.identity), (&None, &None, &None));
    assert_eq!(store.user_changes(seen).await.unwrap().users, std::slice::from_ref(&left));

    assert_eq!(one(&store, 1).await, None);
    assert_eq!(ids(&store, &ALL).await, []);
    assert_eq!(ids(&store, &tenant("a")).await, []);
    assert_eq!(store.user_by_name(before.name.as_ref().unwrap()).await.unwrap(), None);
    assert_eq!(store.user_by_identity(before.identity.as_ref().unwrap()).await.unwrap(), None);
    // Nothing brings them back.
    let back = User { version: 2, ..before.clone() };
    assert_eq!(change(&store, &ALL, &back).await, Written::Absent);
    assert_eq!(store.put_user(&ALL, &before, Replacing::Nothing).await.unwrap(), Written::Changed);
    store.note_login(id(1), us(99)).await.unwrap();
    assert_eq!(store.user_changes(seen).await.unwrap().users, [left]);
    // The name is free.
    add(&store, &User { id: id(2), ..before }).await;
}

pub(super) async fn a_closed_store_knows_nobody(store: Store) {
    store.close().await.unwrap();
    let ada = user(1, &["a"]);
    for error in [
        store.users(&ALL).await.unwrap_err(),
        store.user(&ALL, ada.id).await.unwrap_err(),
        store.user_by_name(ada.name.as_ref().unwrap()).await.unwrap_err(),
        store.user_by_identity(ada.identity.as_ref().unwrap()).await.unwrap_err(),
        store.put_user(&ALL, &ada, Replacing::Nothing).await.unwrap_err(),
        store.note_login(ada.id, us(1)).await.unwrap_err(),
        store.user_changes(0).await.unwrap_err(),
    ] {
        assert_eq!((error.kind, error.backend), (ErrorKind::Unavailable, store.backend()), "{error}");
    }
}
