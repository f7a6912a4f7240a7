//! Tenants, their rules, saved views and erasures in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use llmtrace_model::{Erasure, ErasureId, Retention, SavedView, TenantId, TenantScope, Timestamp, ViewId};
use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};

use super::{erasures::Erasures, views::Views};
use crate::{Backend, CarriedOut, Error, MetaStore, Replacing, Tenant, Written, meta::MAX_TENANTS};

/// What is kept. `None` once closed.
#[derive(Debug)]
pub(crate) struct MemoryMeta {
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The tenants that were seen, by name: first and last time.
    tenants: BTreeMap<TenantId, (Timestamp, Timestamp)>,
    views: Views,
    retentions: BTreeMap<TenantId, Retention>,
    erasures: Erasures,
}

impl Default for MemoryMeta {
    fn default() -> Self {
        Self { kept: Mutex::new(Some(Kept::default())) }
    }
}

impl MemoryMeta {
    fn open(&self, op: &'static str) -> Result<MappedMutexGuard<'_, Kept>, Error> {
        let kept = MutexGuard::try_map(self.kept.lock(), Option::as_mut);
        kept.map_err(|_| Error::closed(Backend::Memory, op))
    }
}

#[async_trait]
impl MetaStore for MemoryMeta {
    fn backend(&self) -> Backend {
        Backend::Memory
    }

    async fn touch_tenants(&self, seen: &[(TenantId, Timestamp)]) -> Result<(), Error> {
        let tenants = &mut self.open("touch tenants")?.tenants;
        for (id, at) in seen {
            // The bound holds for memory too: a name beyond it is not listed, so it need not be kept.
            if tenants.len() >= MAX_TENANTS && !tenants.contains_key(id) {
                continue;
            }
            let (first, last) = tenants.entry(id.clone()).or_insert((*at, *at));
            *first = (*first).min(*at);
            *last = (*last).max(*at);
        }
        Ok(())
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, Error> {
        let row = |(id, (first, last)): (&TenantId, &(Timestamp, Timestamp))| Tenant {
            id: id.clone(),
            first_seen: *first,
            last_seen: *last,
        };
        Ok(self.open("list tenants")?.tenants.iter().map(row).collect())
    }

    async fn views(&self, scope: &TenantScope) -> Result<Vec<SavedView>, Error> {
        Ok(self.open("list views")?.views.list(scope))
    }

    async fn view(&self, scope: &TenantScope, id: ViewId) -> Result<Option<SavedView>, Error> {
        Ok(self.open("read view")?.views.one(scope, id).cloned())
    }

    async fn put_view(&self, scope: &TenantScope, view: &SavedView, replacing: Replacing) -> Result<Written, Error> {
        Ok(self.open("put view")?.views.put(scope, view, replacing))
    }

    async fn delete_view(&self, scope: &TenantScope, id: ViewId, version: u32) -> Result<Written, Error> {
        Ok(self.open("delete view")?.views.delete(scope, id, version))
    }

    async fn retentions(&self) -> Result<BTreeMap<TenantId, Retention>, Error> {
        Ok(self.open("read retentions")?.retentions.clone())
    }

    async fn put_retention(&self, tenant: &TenantId, retention: Option<Retention>) -> Result<(), Error> {
        let retentions = &mut self.open("put retention")?.retentions;
        match retention {
            Some(rule) => retentions.insert(tenant.clone(), rule),
            None => retentions.remove(tenant),
        };
        Ok(())
    }

    async fn delete_tenant(&self, tenant: &TenantId) -> Result<bool, Error> {
        let mut kept = self.open("delete tenant")?;
        let seen = kept.tenants.remove(tenant).is_some();
        let ruled = kept.retentions.remove(tenant).is_some();
        let viewed = kept.views.forget(tenant);
        Ok(seen || ruled || viewed)
    }

    async fn add_erasure(&self, erasure: &Erasure) -> Result<bool, Error> {
        Ok(self.open("add erasure")?.erasures.add(erasure))
    }

    async fn erasures(&self, scope: &TenantScope) -> Result<Vec<Erasure>, Error> {
        Ok(self.open("read erasures")?.erasures.list(scope))
    }

    async fn erasure(&self, scope: &TenantScope, id: ErasureId) -> Result<Option<Erasure>, Error> {
        Ok(self.open("read erasure")?.erasures.one(scope, id).cloned())
    }

    async fn erasures_due(&self, now: Timestamp) -> Result<Vec<Erasure>, Error> {
        Ok(self.open("read erasures")?.erasures.due(now))
    }

    async fn move_erasure(&self, id: ErasureId, from: Timestamp, to: Timestamp) -> Result<bool, Error> {
        Ok(self.open("move erasure")?.erasures.shift(id, from, to))
    }

    async fn note_erased(&self, id: ErasureId, carried_out: &CarriedOut) -> Result<(), Error> {
        self.open("note erasure")?.erasures.note(id, carried_out);
        Ok(())
    }

    async fn ping(&self) -> Result<(), Error> {
        self.open("ping").map(drop)
    }

    async fn close(&self) -> Result<(), Error> {
        *self.kept.lock() = None;
        Ok(())
    }
}
