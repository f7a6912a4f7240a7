//! What every meta store does with what tenants have set.

use std::{sync::Arc, time::Duration};

use llmtrace_model::{CaptureContent, CaptureRaw, TenantCapture, TenantId, TenantSettings, Timestamp};
use tokio::task::JoinSet;

use super::{ask::ALL, keys::key};
use crate::{MAX_CHANGES, MetaStore, Replacing, Written};

/// The store under test.
type Store = Arc<dyn MetaStore>;

fn us(us: i64) -> Timestamp {
    Timestamp::from_unix_us(us)
}

fn id(name: &str) -> TenantId {
    name.parse().unwrap()
}

/// Settings of version 1.
pub(crate) fn settings(content: CaptureContent) -> TenantSettings {
    let capture = TenantCapture { content: Some(content), ..TenantCapture::default() };
    TenantSettings { capture, ..TenantSettings::new(us(1)) }
}

const FULL: CaptureContent = CaptureContent::Full;
const METADATA: CaptureContent = CaptureContent::Metadata;

async fn add(store: &Store, tenant: &str, settings: &TenantSettings) {
    let added = store.put_settings(&id(tenant), settings, Replacing::Nothing).await.unwrap();
    assert_eq!(added, Written::Done, "{tenant}");
}

async fn change(store: &Store, tenant: &str, settings: &TenantSettings, version: u32) -> Written {
    store.put_settings(&id(tenant), settings, Replacing::Version(version)).await.unwrap()
}

pub(super) async fn settings_are_read_back_unchanged(store: Store) {
    assert_eq!(store.settings(&id("a")).await.unwrap(), None);
    let newer = r#"{"capture":{"raw":"errors","sampled":"'; --\u0000ü🦀"},"limits":{"deep":[[{"of":[0.5]}]]}}"#;
    let odd = TenantSettings::read(1, newer, us(i64::MIN)).unwrap();
    add(&store, "a", &TenantSettings { version: 77, ..odd.clone() }).await;
    assert_eq!(store.settings(&id("a")).await.unwrap(), Some(odd.clone()));
    add(&store, "b", &TenantSettings::new(us(i64::MAX))).await;
    assert_eq!(store.settings(&id("b")).await.unwrap(), Some(TenantSettings::new(us(i64::MAX))));
    let again = store.put_settings(&id("a"), &settings(FULL), Replacing::Nothing).await.unwrap();
    assert_eq!(again, Written::Changed, "there are some");
    assert_eq!(store.settings(&id("a")).await.unwrap(), Some(odd));
}

pub(super) async fn of_two_changes_of_settings_the_first_counts(store: Store) {
    add(&store, "a", &settings(FULL)).await;
    let less = TenantSettings { updated_at: us(9), ..settings(METADATA) };
    assert_eq!(change(&store, "a", &less, 1).await, Written::Done);
    assert_eq!(change(&store, "a", &settings(FULL), 1).await, Written::Changed);
    assert_eq!(store.settings(&id("a")).await.unwrap(), Some(TenantSettings { version: 2, ..less }));
    assert_eq!(change(&store, "b", &settings(FULL), 1).await, Written::Absent);
    assert_eq!(store.settings(&id("b")).await.unwrap(), None);
}

pub(super) async fn one_of_many_changes_of_settings_counts(store: Store) {
    add(&store, "a", &settings(FULL)).await;
    let mut changes = JoinSet::new();
    for n in 0..8 {
        let (store, later) = (Arc::clone(&store), TenantSettings { updated_at: us(n), ..settings(METADATA) });
        changes.spawn(async move { change(&store, "a", &later, 1).await });
    }
    let written = changes.join_all().await;
    assert_eq!(written.iter().filter(|it| **it == Written::Done).count(), 1, "{written:?}");
    assert_eq!(store.settings(&id("a")).await.unwrap().unwrap().version, 2);
}

pub(super) async fn every_change_of_settings_is_told_once(store: Store) {
    let none = store.settings_changes(0).await.unwrap();
    assert_eq!((none.seen, none.settings), (0, vec![]));
    add(&store, "b", &settings(FULL)).await;
    add(&store, "a", &settings(METADATA)).await;
    let first = store.settings_changes(0).await.unwrap();
    assert_eq!(first.settings, [(id("b"), Some(settings(FULL))), (id("a"), Some(settings(METADATA)))]);
    let nothing = store.settings_changes(first.seen).await.unwrap();
    assert_eq!((nothing.seen, nothing.settings), (first.seen, vec![]));

    let mut less = settings(FULL);
    less.capture.raw = Some(CaptureRaw::Off);
    assert_eq!(change(&store, "b", &less, 1).await, Written::Done);
    assert_eq!(change(&store, "b", &less, 1).await, Written::Changed, "which is no change");
    let second = store.settings_changes(first.seen).await.unwrap();
    assert_eq!(second.settings, [(id("b"), Some(TenantSettings { version: 2, ..less }))]);
    assert!(second.seen > first.seen);
    assert_eq!(store.settings_changes(u64::MAX).await.unwrap().settings, []);
}

pub(super) async fn settings_that_were_taken_away_are_told(store: Store) {
    add(&store, "a", &settings(FULL)).await;
    add(&store, "b", &settings(FULL)).await;
    assert_eq!(change(&store, "a", &settings(METADATA), 1).await, Written::Done);
    let seen = store.settings_changes(0).await.unwrap().seen;
    assert!(store.delete_tenant(&id("a"), us(9)).await.unwrap(), "settings are something");
    assert!(!store.delete_tenant(&id("a"), us(10)).await.unwrap());
    assert_eq!(store.settings(&id("a")).await.unwrap(), None);
    assert_eq!(store.settings(&id("b")).await.unwrap(), Some(settings(FULL)));
    let told = store.settings_changes(seen).await.unwrap();
    assert_eq!(told.settings, [(id("a"), None)]);
    assert!(told.seen > seen);
    assert_eq!(change(&store, "a", &settings(FULL), 2).await, Written::Absent);

    // They come back under a version that the old ones never had.
    add(&store, "a", &settings(FULL)).await;
    let back = TenantSettings { version: 3, ..settings(FULL) };
    assert_eq!(store.settings_changes(told.seen).await.unwrap().settings, [(id("a"), Some(back.clone()))]);
    assert_eq!(change(&store, "a", &settings(METADATA), 2).await, Written::Changed);
    assert_eq!(store.settings(&id("a")).await.unwrap(), Some(back));
}

pub(super) async fn settings_and_keys_are_counted_together(store: Store) {
    add(&store, "a", &settings(FULL)).await;
    assert_eq!(store.put_key(&ALL, &key(1, None), Replacing::Nothing).await.unwrap(), Written::Done);
    add(&store, "b", &settings(FULL)).await;
    let (keys, set) = (store.access_changes(0).await.unwrap().seen, store.settings_changes(0).await.unwrap().seen);
    assert_eq!((keys, set), (2, 3));
    assert_eq!(store.settings_changes(keys).await.unwrap().settings, [(id("b"), Some(settings(FULL)))]);
}

pub(super) async fn changes_of_settings_at_the_same_time_are_all_told(store: Store) {
    let mut adding = JoinSet::new();
    for n in 0..32 {
        let store = Arc::clone(&store);
        adding.spawn(async move {
            add(&store, &format!("t{n:02}"), &settings(FULL)).await;
            let added = store.put_key(&ALL, &key(n, None), Replacing::Nothing).await;
            assert_eq!(added.unwrap(), Written::Done);
        });
    }
    let telling = async {
        let (mut seen, mut told) = (0, Vec::new());
        while told.len() < 32 {
            let next = store.settings_changes(seen).await.unwrap();
            seen = next.seen;
            told.extend(next.settings.into_iter().map(|(tenant, _)| tenant));
            tokio::task::yield_now().await;
        }
        told
    };
    let telling = tokio::time::timeout(Duration::from_secs(60), telling);
    let (_, told) = tokio::join!(adding.join_all(), telling);
    let mut told = told.expect("a change was missed");
    told.sort();
    assert_eq!(told, (0..32).map(|n| id(&format!("t{n:02}"))).collect::<Vec<_>>());
}

pub(super) async fn many_changes_of_settings_come_in_pieces(store: Store) {
    for n in 0..=MAX_CHANGES {
        add(&store, &format!("t{n}"), &settings(FULL)).await;
    }
    let first = store.settings_changes(0).await.unwrap();
    let rest = store.settings_changes(first.seen).await.unwrap();
    assert_eq!((first.settings.len(), rest.settings.len()), (MAX_CHANGES, 1));
    assert_eq!(rest.settings[0].0, id(&format!("t{MAX_CHANGES}")));
}
