//! Notes which tenants were seen, so that they can be listed without scanning spans.

use std::{collections::HashMap, sync::Arc};

use llmtrace_model::{SpanRecord, TenantId, Timestamp};
use llmtrace_store::MetaStore;

use crate::telemetry::Events;

/// A tenant is noted again when it was seen this much later.
const EVERY_US: i64 = 10_000_000;
/// More tenants than this are forgotten here; they are then noted more often than need be.
const KNOWN_MAX: usize = 10_000;

/// What was noted so far, so that a busy tenant costs one write in a while.
pub(super) struct Tenants {
    meta: Arc<dyn MetaStore>,
    noted: HashMap<TenantId, Timestamp>,
}

impl Tenants {
    pub(super) fn new(meta: Arc<dyn MetaStore>) -> Self {
        Self { meta, noted: HashMap::new() }
    }

    /// Notes the tenants of stored spans. A failure is counted and made up for by the next span of the tenant.
    pub(super) async fn note(&mut self, records: impl Iterator<Item = &SpanRecord>, events: &Events) {
        let mut seen: Vec<(TenantId, Timestamp)> = Vec::new();
        for span in records.map(|r| &r.span) {
            let at = span.started_at;
            let is_due = |noted: &Timestamp| at.unix_us().abs_diff(noted.unix_us()) >= EVERY_US.unsigned_abs();
            if self.noted.get(&span.tenant_id).is_none_or(is_due) {
                self.noted.insert(span.tenant_id.clone(), at);
                seen.push((span.tenant_id.clone(), at));
            }
        }
        if seen.is_empty() {
            return;
        }
        if let Err(error) = self.meta.touch_tenants(&seen).await {
            events.store_failed(&error);
            self.noted.clear();
        }
        if self.noted.len() > KNOWN_MAX {
            self.noted.clear();
        }
    }
}
