//! Erasures in memory.

use std::collections::BTreeMap;

use llmtrace_model::{Erasure, ErasureId, TenantScope, Timestamp};

use crate::meta::MAX_ERASURES;

/// Erasures kept at most; beyond it the receipt of the oldest that is done is forgotten.
const MAX_KEPT: usize = 10 * MAX_ERASURES;

/// The erasures by their id.
#[derive(Debug, Default)]
pub(super) struct Erasures(BTreeMap<ErasureId, Erasure>);

impl Erasures {
    /// Adds an erasure, or changes how far it is.
    pub(super) fn put(&mut self, erasure: &Erasure) {
        if let Some(stored) = self.0.get_mut(&erasure.id) {
            stored.done_at = erasure.done_at;
            stored.repeat_until = erasure.repeat_until;
            stored.erased = erasure.erased;
            return;
        }
        if self.0.len() >= MAX_KEPT {
            let done = self.0.values().filter(|kept| kept.done_at.is_some());
            if let Some(id) = done.min_by_key(|kept| (kept.requested_at, kept.id)).map(|kept| kept.id) {
                self.0.remove(&id);
            }
        }
        self.0.insert(erasure.id, erasure.clone());
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

    /// Those that are not done, and behind them those that are repeated at `now`.
    pub(super) fn due(&self, now: Timestamp) -> Vec<Erasure> {
        let is_due = |kept: &&Erasure| kept.done_at.is_none() || kept.repeat_until > now;
        let mut due: Vec<&Erasure> = self.0.values().filter(is_due).collect();
        due.sort_by_key(|kept| (kept.done_at.is_some(), kept.requested_at, kept.id));
        due.into_iter().take(MAX_ERASURES).cloned().collect()
    }
}

fn is_inside(scope: &TenantScope, erasure: &Erasure) -> bool {
    match scope {
        TenantScope::All => true,
        TenantScope::One(tenant) => erasure.tenant_id.as_ref() == Some(tenant),
    }
}
