//! Tenants in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use llmtrace_model::{TenantId, Timestamp};
use parking_lot::Mutex;

use crate::{Backend, Error, MetaStore, Tenant, meta::MAX_TENANTS};

/// The tenants that were seen, by name. `None` once closed.
#[derive(Debug)]
pub(crate) struct MemoryMeta {
    tenants: Mutex<Option<BTreeMap<TenantId, (Timestamp, Timestamp)>>>,
}

impl Default for MemoryMeta {
    fn default() -> Self {
        Self { tenants: Mutex::new(Some(BTreeMap::new())) }
    }
}

#[async_trait]
impl MetaStore for MemoryMeta {
    fn backend(&self) -> Backend {
        Backend::Memory
    }

    async fn touch_tenants(&self, seen: &[(TenantId, Timestamp)]) -> Result<(), Error> {
        let mut tenants = self.tenants.lock();
        let Some(tenants) = tenants.as_mut() else { return Err(Error::closed(Backend::Memory, "touch tenants")) };
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
        let tenants = self.tenants.lock();
        let Some(tenants) = tenants.as_ref() else { return Err(Error::closed(Backend::Memory, "list tenants")) };
        let row = |(id, (first, last)): (&TenantId, &(Timestamp, Timestamp))| Tenant {
            id: id.clone(),
            first_seen: *first,
            last_seen: *last,
        };
        Ok(tenants.iter().map(row).collect())
    }

    async fn ping(&self) -> Result<(), Error> {
        if self.tenants.lock().is_some() { Ok(()) } else { Err(Error::closed(Backend::Memory, "ping")) }
    }

    async fn close(&self) -> Result<(), Error> {
        *self.tenants.lock() = None;
        Ok(())
    }
}
