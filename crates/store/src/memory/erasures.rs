//! Erasures in memory.

use std::collections::BTreeMap;

use llmtrace_model::{Erasure, ErasureId, TenantScope, Timestamp};

use crate::{CarriedOut, meta::MAX_ERASURES};

/// Erasures kept at most; beyond it a receipt is forgotten: the oldest of those whose time is over, else of those that are done.
const MAX_KEPT: usize = 10 * MAX_ERASURES;

/// The erasures by their id.
#[derive(Debug, Default)]
pub(super) struct Erasures(BTreeMap<ErasureId, Erasure>);

impl Erasures {
    /// Adds an erasure; says whether there was none of its id.
    pub(super) fn add(&mut self, erasure: &Erasure) -> bool {
        if self.0.contains_key(&erasure.id) {
            return false;
        }
        if self.0.len() >= MAX_KEPT {
            let done = self.0.values().filter(|kept| kept.done_at.is_some());
            let order = |kept: &&Erasure| (kept.due_at.is_some(), kept.requested_at, kept.id);
            if let Some(id) = done.min_by_key(order).map(|kept| kept.id) {
                self.0.remove(&id);
            }
        }
        self.0.insert(erasure.id, erasure.clone());
        true
    }

    /// Moves when one is due; says whether it was due at `from`.
    pub(super) fn shift(&mut self, id: ErasureId, from: Timestamp, to: Timestamp) -> bool {
        let Some(found) = self.0.get_mut(&id).filter(|found| found.due_at == Some(from)) else { return false };
        found.due_at = Some(to);
        true
    }

    /// Notes that one was carried out.
    pub(super) fn note(&mut self, id: ErasureId, carried_out: &CarriedOut) {
        let Some(found) = self.0.get_mut(&id) else { return };
        found.erased += carried_out.removed;
        found.done_at.get_or_insert(carried_out.at);
        found.due_at = carried_out.due_at;
    }

    /// The erasures of a scope, those asked for last first.
    pub(super) fn list(&self, scope: &TenantScope) -> Vec<Erasure> {
        let mut found: Vec<&Erasure> = self.0.values().filter(|kept| is_inside(scope, kept)).collect();
        found.sort_by(|a, b| b.requested_at.cmp(&a.requested_at).then(a.id.cmp(&b.id)));
        found.into_iter().take(MAX_ERASURES).cloned().collect()
    }

    /// One erasure of a scope.
    pub(super) fn one(&self, scope: &TenantScope, id: ErasureId) -> Option<&Erasure> {
        self.0.get(&id).filter(|kept| is_inside(scope, kept))
    }

    /// Those that are due at `now`: those that are not done, and behind them those that are repeated.
    pub(super) fn due(&self, now: Timestamp) -> Vec<Erasure> {
        let is_due = |kept: &&Erasure| kept.due_at.is_some_and(|due| due <= now);
        let mut due: Vec<&Erasure> = self.0.values().filter(is_due).collect();
        due.sort_by_key(|kept| (kept.done_at.is_some(), kept.due_at, kept.id));
        due.into_iter().take(MAX_ERASURES).cloned().collect()
    }
}

fn is_inside(scope: &TenantScope, erasure: &Erasure) -> bool {
    match scope {
        TenantScope::All => true,
        TenantScope::One(tenant) => erasure.tenant_id.as_ref() == Some(tenant),
    }
}
