//! The audit log in memory: gone with the process, like all else here.

use std::collections::{BTreeMap, HashMap, VecDeque};

use llmtrace_model::{AuditEntry, AuditHead, AuditId, AuditRecord, TenantId, TenantScope};

use crate::{
    AuditCursor, AuditFilter,
    audit::{MAX_AUDIT, MAX_CHAINS},
};

/// Records kept at most of all chains; beyond it the oldest of the longest chain is forgotten.
const MAX_KEPT: usize = 100_000;

/// The chains, the installation's under `None`.
#[derive(Debug, Default)]
pub(super) struct Audit {
    chains: BTreeMap<Option<TenantId>, VecDeque<AuditRecord>>,
    /// Where each entry stands.
    places: HashMap<AuditId, (Option<TenantId>, u64)>,
}

impl Audit {
    /// Appends entries, each to its chain.
    pub(super) fn append(&mut self, entries: &[AuditEntry]) -> Vec<AuditRecord> {
        entries.iter().map(|entry| self.append_one(entry)).collect()
    }

    fn append_one(&mut self, entry: &AuditEntry) -> AuditRecord {
        if let Some(there) = self.find(entry.id) {
            return there.clone();
        }
        let chain = self.chains.entry(entry.tenant.clone()).or_default();
        let head = chain.back().map_or_else(AuditHead::default, AuditRecord::head);
        let record = AuditRecord::behind(head, entry.clone());
        chain.push_back(record.clone());
        self.places.insert(entry.id, (entry.tenant.clone(), record.seq));
        if self.places.len() > MAX_KEPT {
            self.forget_one();
        }
        record
    }

    fn find(&self, id: AuditId) -> Option<&AuditRecord> {
        let (tenant, seq) = self.places.get(&id)?;
        let chain = self.chains.get(tenant)?;
        // Without a gap, but for what was forgotten at the front.
        let place = seq.checked_sub(chain.front()?.seq)?;
        chain.get(usize::try_from(place).ok()?)
    }

    /// The end of a chain stays, whatever happens: what comes next must follow on it.
    fn forget_one(&mut self) {
        let longest = self.chains.values_mut().max_by_key(|chain| chain.len());
        if let Some(gone) = longest.filter(|chain| chain.len() > 1).and_then(VecDeque::pop_front) {
            self.places.remove(&gone.entry.id);
        }
    }

    /// The records of a scope, the latest first.
    pub(super) fn page(
        &self,
        scope: &TenantScope,
        filter: &AuditFilter,
        after: Option<&AuditCursor>,
        limit: usize,
    ) -> Vec<AuditRecord> {
        let is_inside = |tenant: &Option<TenantId>| match scope {
            TenantScope::All => true,
            TenantScope::One(one) => tenant.as_ref() == Some(one),
        };
        let order = |record: &AuditRecord| (record.entry.at, record.entry.id);
        let mut found: Vec<&AuditRecord> = self
            .chains
            .iter()
            .filter(|(tenant, _)| is_inside(tenant))
            .flat_map(|(_, chain)| chain)
            .filter(|record| filter.matches(&record.entry))
            .filter(|record| after.is_none_or(|after| order(record) < (after.at, after.id)))
            .collect();
        found.sort_by_key(|record| std::cmp::Reverse(order(record)));
        found.into_iter().take(limit.min(MAX_AUDIT)).cloned().collect()
    }

    /// The records of one chain behind a place in it.
    pub(super) fn chain(&self, tenant: Option<&TenantId>, after: u64) -> Vec<AuditRecord> {
        let chain = self.chains.get(&tenant.cloned());
        let behind = chain.into_iter().flatten().filter(|record| record.seq > after);
        behind.take(MAX_AUDIT).cloned().collect()
    }

    /// The end of every chain.
    pub(super) fn heads(&self) -> Vec<(Option<TenantId>, AuditHead)> {
        let ends = self.chains.iter().filter_map(|(tenant, chain)| Some((tenant.clone(), chain.back()?.head())));
        ends.take(MAX_CHAINS).collect()
    }
}
