//! What every meta store does with the tenants' credentials for their providers.

use std::sync::Arc;

use llmtrace_model::{CredentialId, MasterKeyId, ProviderCredential, Sealed, TenantId, TenantScope, Timestamp};
use tokio::task::JoinSet;

use super::{
    ask::{ALL, tenant},
    keys::key,
};
use crate::{CredentialChange, MAX_CHANGES, MetaStore, Replacing, Written};

/// The store under test.
type Store = Arc<dyn MetaStore>;

fn us(us: i64) -> Timestamp {
    Timestamp::from_unix_us(us)
}

fn id(name: &str) -> TenantId {
    name.parse().unwrap()
}

/// The `n`th credential, of a tenant for an upstream, as it is stored: of version 1.
pub(crate) fn credential(n: u32, owner: &str, upstream: &str) -> ProviderCredential {
    let mut id = [9; 16];
    id[12..].copy_from_slice(&n.to_be_bytes());
    ProviderCredential {
        id: CredentialId::from_bytes(id),
        version: 1,
        tenant: owner.parse().unwrap(),
        upstream: upstream.to_owned(),
        sealed: Sealed::new(format!("sealed {n}").into_bytes()),
        sealed_with: MasterKeyId::from_bytes([1; 8]),
        hint: Some(format!("{n:04}")),
        created_at: us(1_000 + i64::from(n)),
        updated_at: us(1_000 + i64::from(n)),
    }
}

async fn put(store: &Store, credential: &ProviderCredential, replacing: Replacing) -> Written {
    store.put_credential(credential, replacing).await.unwrap()
}

async fn add(store: &Store, credential: &ProviderCredential) {
    assert_eq!(put(store, credential, Replacing::Nothing).await, Written::Done, "{credential:?}");
}

async fn one(store: &Store, owner: &str, upstream: &str) -> Option<ProviderCredential> {
    store.credential(&id(owner), upstream).await.unwrap()
}

async fn delete(store: &Store, owner: &str, upstream: &str, version: u32) -> Written {
    store.delete_credential(&id(owner), upstream, version).await.unwrap()
}

fn is_now(credential: &ProviderCredential) -> CredentialChange {
    let ProviderCredential { tenant, upstream, .. } = credential.clone();
    CredentialChange { tenant, upstream, credential: Some(credential.clone()) }
}

fn is_gone(owner: &str, upstream: &str) -> CredentialChange {
    CredentialChange { tenant: id(owner), upstream: upstream.to_owned(), credential: None }
}

pub(super) async fn a_credential_is_read_back_unchanged(store: Store) {
    let every_byte = (0..=255).collect();
    let odd = ProviderCredential {
        upstream: "'; DROP TABLE provider_credentials; --\0ü🦀".to_owned(),
        sealed: Sealed::new(every_byte),
        sealed_with: MasterKeyId::from_bytes([255; 8]),
        hint: Some("\0ü🦀'".to_owned()),
        created_at: us(i64::MIN),
        updated_at: us(i64::MAX),
        ..credential(1, "a", "")
    };
    add(&store, &ProviderCredential { version: 77, ..odd.clone() }).await;
    assert_eq!(one(&store, "a", &odd.upstream).await, Some(odd));
    let plain = ProviderCredential { sealed: Sealed::new(Vec::new()), hint: None, ..credential(2, "a", "openai") };
    add(&store, &plain).await;
    assert_eq!(one(&store, "a", "openai").await, Some(plain.clone()));
    assert_eq!((one(&store, "a", "OpenAI").await, one(&store, "A", "openai").await), (None, None));

    let second = credential(3, "a", "openai");
    assert_eq!(put(&store, &second, Replacing::Nothing).await, Written::Changed, "the tenant has one for it");
    let same_id = credential(2, "b", "openai");
    assert_eq!(put(&store, &same_id, Replacing::Nothing).await, Written::Changed, "the id is there");
    assert_eq!((one(&store, "a", "openai").await, one(&store, "b", "openai").await), (Some(plain), None));
}

pub(super) async fn credentials_are_listed_by_tenant_and_upstream(store: Store) {
    let of = [("b", "x"), ("a", "z"), ("a", "Z"), ("a", "a-b"), ("a", "a_b"), ("A", "x")];
    for (n, (owner, upstream)) in (1..).zip(of) {
        add(&store, &credential(n, owner, upstream)).await;
    }
    let listed = async |scope: TenantScope| {
        let found = store.credentials(&scope).await.unwrap();
        found.into_iter().map(|it| (it.tenant.to_string(), it.upstream)).collect::<Vec<_>>()
    };
    let mut sorted = of.map(|(owner, upstream)| (owner.to_owned(), upstream.to_owned()));
    sorted.sort();
    assert_eq!(listed(ALL).await, sorted);
    assert_eq!(listed(tenant("a")).await, sorted[1..5]);
    assert_eq!(delete(&store, "a", "z", 1).await, Written::Done);
    assert_eq!(listed(tenant("a")).await, sorted[1..4]);
    assert_eq!(listed(tenant("c")).await, []);
}

pub(super) async fn of_two_changes_of_one_credential_the_first_counts(store: Store) {
    let first = credential(1, "a", "openai");
    add(&store, &first).await;
    // Only what is sealed, what with, its hint and the time change.
    let other = ProviderCredential {
        sealed: Sealed::new(b"another".to_vec()),
        sealed_with: MasterKeyId::from_bytes([2; 8]),
        hint: None,
        created_at: us(77),
        updated_at: us(78),
        ..first.clone()
    };
    assert_eq!(put(&store, &other, Replacing::Version(1)).await, Written::Done);
    assert_eq!(put(&store, &other, Replacing::Version(1)).await, Written::Changed);
    let expected = ProviderCredential { version: 2, created_at: first.created_at, ..other };
    assert_eq!(one(&store, "a", "openai").await, Some(expected.clone()));
    // What was sealed under one id opens under no other.
    let foreign = ProviderCredential { version: 2, ..credential(2, "a", "openai") };
    assert_eq!(put(&store, &foreign, Replacing::Version(2)).await, Written::Changed);
    for elsewhere in [credential(1, "b", "openai"), credential(1, "a", "azure")] {
        assert_eq!(put(&store, &elsewhere, Replacing::Version(2)).await, Written::Absent);
    }
    assert_eq!(store.credentials(&ALL).await.unwrap(), [expected]);
}

pub(super) async fn one_of_many_changes_of_a_credential_counts(store: Store) {
    add(&store, &credential(1, "a", "openai")).await;
    let mut changes = JoinSet::new();
    for n in 0..8 {
        let (store, changed) = (Arc::clone(&store), credential(1, "a", "openai"));
        changes.spawn(async move {
            match n % 2 {
                0 => put(&store, &changed, Replacing::Version(1)).await,
                _ => delete(&store, "a", "openai", 1).await,
            }
        });
    }
    let written = changes.join_all().await;
    assert_eq!(written.iter().filter(|it| **it == Written::Done).count(), 1, "{written:?}");
    assert_eq!(store.credential_changes(0).await.unwrap().seen, 2);
}

pub(super) async fn every_change_of_a_credential_is_told_once(store: Store) {
    let none = store.credential_changes(0).await.unwrap();
    assert_eq!((none.seen, none.credentials), (0, vec![]));
    let (first, second) = (credential(1, "b", "openai"), credential(2, "a", "openai"));
    add(&store, &first).await;
    add(&store, &second).await;
    let told = store.credential_changes(0).await.unwrap();
    assert_eq!(told.credentials, [is_now(&first), is_now(&second)]);
    let nothing = store.credential_changes(told.seen).await.unwrap();
    assert_eq!((nothing.seen, nothing.credentials), (told.seen, vec![]));

    assert_eq!(put(&store, &first, Replacing::Version(1)).await, Written::Done);
    assert_eq!(put(&store, &first, Replacing::Version(1)).await, Written::Changed, "which is no change");
    assert_eq!(delete(&store, "a", "openai", 9).await, Written::Changed, "which is none, either");
    assert_eq!(store.put_key(&ALL, &key(1, None), Replacing::Nothing).await.unwrap(), Written::Done);
    let later = store.credential_changes(told.seen).await.unwrap();
    assert_eq!(later.credentials, [is_now(&ProviderCredential { version: 2, ..first })]);
    assert_eq!((told.seen, later.seen, store.access_changes(0).await.unwrap().seen), (2, 3, 4), "counted together");
    assert_eq!(store.credential_changes(u64::MAX).await.unwrap().credentials, []);
}

pub(super) async fn a_deleted_credential_is_told_and_never_found(store: Store) {
    let old = credential(1, "a", "openai");
    add(&store, &old).await;
    assert_eq!(delete(&store, "a", "openai", 2).await, Written::Changed);
    for (owner, upstream) in [("b", "openai"), ("a", "azure")] {
        assert_eq!(delete(&store, owner, upstream, 1).await, Written::Absent);
    }
    let seen = store.credential_changes(0).await.unwrap().seen;
    assert_eq!(delete(&store, "a", "openai", 1).await, Written::Done);
    assert_eq!(delete(&store, "a", "openai", 1).await, Written::Absent);
    assert_eq!(put(&store, &old, Replacing::Version(1)).await, Written::Absent);
    assert_eq!((one(&store, "a", "openai").await, store.credentials(&ALL).await.unwrap()), (None, vec![]));
    let told = store.credential_changes(seen).await.unwrap();
    assert_eq!(told.credentials, [is_gone("a", "openai")]);

    // The next one for that upstream has a version that the old one never had; its id is free again.
    add(&store, &old).await;
    let back = ProviderCredential { version: 2, ..old.clone() };
    assert_eq!(store.credential_changes(told.seen).await.unwrap().credentials, [is_now(&back)]);
    assert_eq!(put(&store, &old, Replacing::Version(1)).await, Written::Changed);
    assert_eq!(one(&store, "a", "openai").await, Some(back));
}

pub(super) async fn the_credentials_of_a_deleted_tenant_go(store: Store) {
    for (n, (owner, upstream)) in (1..).zip([("a", "x"), ("b", "x"), ("a", "q"), ("a", "gone")]) {
        add(&store, &credential(n, owner, upstream)).await;
    }
    assert_eq!(delete(&store, "a", "gone", 1).await, Written::Done);
    let seen = store.credential_changes(0).await.unwrap().seen;
    assert!(store.delete_tenant(&id("a"), us(9)).await.unwrap(), "a credential is something");
    assert!(!store.delete_tenant(&id("a"), us(10)).await.unwrap());
    assert_eq!(store.credentials(&ALL).await.unwrap(), [credential(2, "b", "x")]);
    let told = store.credential_changes(seen).await.unwrap();
    assert_eq!(told.credentials, [is_gone("a", "q"), is_gone("a", "x")], "each has a number of its own");
    assert_eq!(store.credential_changes(told.seen - 1).await.unwrap().credentials, [is_gone("a", "x")]);
}

pub(super) async fn many_changes_of_credentials_come_in_pieces(store: Store) {
    for n in 0..=u32::try_from(MAX_CHANGES).unwrap() {
        add(&store, &credential(n, "a", &format!("u{n}"))).await;
    }
    let first = store.credential_changes(0).await.unwrap();
    let rest = store.credential_changes(first.seen).await.unwrap();
    assert_eq!((first.credentials.len(), rest.credentials.len()), (MAX_CHANGES, 1));
    assert_eq!(rest.credentials[0].upstream, format!("u{MAX_CHANGES}"));
}
