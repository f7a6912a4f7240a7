//! What every meta store does.

use std::sync::Arc;

use llmtrace_model::{ErasureId, Retention, TenantId, TenantScope, TenantSettings, Timestamp, ViewId};

use super::{auditing::entry, credentials::credential, keys::key};
use crate::{AuditFilter, ErrorKind, MetaStore, Replacing, Tenant};

/// The store under test.
type Store = Arc<dyn MetaStore>;

fn id(name: &str) -> TenantId {
    name.parse().unwrap()
}

fn us(us: i64) -> Timestamp {
    Timestamp::from_unix_us(us)
}

pub(super) async fn tenants_are_kept_with_their_first_and_last_sight(store: Store) {
    assert_eq!(store.tenants().await.unwrap(), []);
    store.touch_tenants(&[(id("a"), us(50)), (id("a"), us(40)), (id("a"), us(45))]).await.unwrap();
    store.touch_tenants(&[]).await.unwrap();
    let seen = |first, last| [Tenant { id: id("a"), first_seen: us(first), last_seen: us(last) }];
    assert_eq!(store.tenants().await.unwrap(), seen(40, 50));
    for (at, first, last) in [(45, 40, 50), (60, 40, 60), (i64::MIN, i64::MIN, 60), (i64::MAX, i64::MIN, i64::MAX)] {
        for _again in 0..2 {
            store.touch_tenants(&[(id("a"), us(at))]).await.unwrap();
            assert_eq!(store.tenants().await.unwrap(), seen(first, last));
        }
    }
}

pub(super) async fn tenants_are_listed_by_name(store: Store) {
    let names = ["b", "A", "a", "a.b", "a-b", "10", "9"];
    let seen: Vec<_> = names.iter().map(|name| (id(name), us(1))).collect();
    store.touch_tenants(&seen).await.unwrap();
    let found: Vec<_> = store.tenants().await.unwrap().into_iter().map(|tenant| tenant.id.to_string()).collect();
    let mut sorted = names;
    sorted.sort_unstable();
    assert_eq!(found, sorted);
}

pub(super) async fn a_closed_meta_store_answers_nothing(store: Store) {
    store.ping().await.unwrap();
    store.close().await.unwrap();
    store.close().await.unwrap();
    let any = ViewId::from_bytes([1; 16]);
    let (key, entry) = (key(1, None), entry(1, None));
    for error in [
        store.ping().await.unwrap_err(),
        store.tenants().await.unwrap_err(),
        store.touch_tenants(&[(id("a"), us(1))]).await.unwrap_err(),
        store.views(&TenantScope::All).await.unwrap_err(),
        store.view(&TenantScope::All, any).await.unwrap_err(),
        store.delete_view(&TenantScope::All, any, 1).await.unwrap_err(),
        store.retentions().await.unwrap_err(),
        store.put_retention(&id("a"), Some(Retention::default())).await.unwrap_err(),
        store.delete_tenant(&id("a"), us(9)).await.unwrap_err(),
        store.erasures(&TenantScope::All).await.unwrap_err(),
        store.erasure(&TenantScope::All, ErasureId::from_bytes([1; 16])).await.unwrap_err(),
        store.erasures_due(us(1)).await.unwrap_err(),
        store.keys(&TenantScope::All).await.unwrap_err(),
        store.key(&TenantScope::All, key.id).await.unwrap_err(),
        store.key_of(&key.hash).await.unwrap_err(),
        store.put_key(&TenantScope::All, &key, Replacing::Nothing).await.unwrap_err(),
        store.touch_keys(&[(key.id, us(1))]).await.unwrap_err(),
        store.access_changes(0).await.unwrap_err(),
        store.append_audit(&[entry]).await.unwrap_err(),
        store.audit(&TenantScope::All, &AuditFilter::default(), None, 1).await.unwrap_err(),
        store.audit_chain(None, 0).await.unwrap_err(),
        store.audit_heads().await.unwrap_err(),
        store.settings(&id("a")).await.unwrap_err(),
        store.put_settings(&id("a"), &TenantSettings::new(us(1)), Replacing::Nothing).await.unwrap_err(),
        store.settings_changes(0).await.unwrap_err(),
        store.credentials(&TenantScope::All).await.unwrap_err(),
        store.credential(&id("a"), "openai").await.unwrap_err(),
        store.put_credential(&credential(1, "a", "openai"), Replacing::Nothing).await.unwrap_err(),
        store.delete_credential(&id("a"), "openai", 1).await.unwrap_err(),
        store.credential_changes(0).await.unwrap_err(),
    ] {
        assert_eq!((error.kind, error.backend), (ErrorKind::Unavailable, store.backend()), "{error}");
    }
}
