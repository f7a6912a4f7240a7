//! Notes which tenants were seen, so that they can be listed without scanning spans.

use std::{collections::HashMap, sync::Arc, time::Duration};

use llmtrace_model::{SpanRecord, TenantId, Timestamp};
use llmtrace_store::MetaStore;
use tokio::time::Instant;

use crate::telemetry::Events;

/// A tenant is noted again when it was seen this much later.
const EVERY_US: i64 = 10_000_000;
/// More tenants than this are forgotten here; they are then noted more often than need be.
const KNOWN_MAX: usize = 10_000;

/// The longest that the writer of spans waits for the store of tenants.
const WAIT: Duration = Duration::from_secs(1);
/// How long it is left alone after it failed: spans do not wait for it again and again.
const PAUSE: Duration = Duration::from_secs(10);

/// What was noted so far, so that a busy tenant costs one write in a while.
pub(super) struct Tenants {
    meta: Arc<dyn MetaStore>,
    noted: HashMap<TenantId, Timestamp>,
    /// What the store has not taken yet.
    owed: Vec<(TenantId, Timestamp)>,
    failed_at: Option<Instant>,
}

impl Tenants {
    pub(super) fn new(meta: Arc<dyn MetaStore>) -> Self {
        Self { meta, noted: HashMap::new(), owed: Vec::new(), failed_at: None }
    }

    /// Notes the tenants of stored spans. What the store does not take in time is counted and owed until it does.
    pub(super) async fn note(&mut self, records: impl Iterator<Item = &SpanRecord>, events: &Events) {
        for span in records.map(|r| &r.span) {
            let at = span.started_at;
            let is_due = |noted: &Timestamp| at.unix_us().abs_diff(noted.unix_us()) >= EVERY_US.unsigned_abs();
            if self.noted.get(&span.tenant_id).is_none_or(is_due) {
                self.noted.insert(span.tenant_id.clone(), at);
                self.owed.push((span.tenant_id.clone(), at));
            }
        }
        if self.failed_at.is_none_or(|at| at.elapsed() >= PAUSE) {
            self.pay(events).await;
        }
        self.forget_some();
    }

    /// When what is owed should be tried again though no span comes; `None` where nothing is.
    pub(super) fn due(&self) -> Option<Instant> {
        self.failed_at.filter(|_| !self.owed.is_empty()).map(|at| at + PAUSE)
    }

    /// Tells the store what it is owed.
    pub(super) async fn pay(&mut self, events: &Events) {
        if self.owed.is_empty() {
            return;
        }
        // Cancelling may leave the tenants noted: noting them once more changes nothing.
        match tokio::time::timeout(WAIT, self.meta.touch_tenants(&self.owed)).await {
            Ok(Ok(())) => {
                self.owed.clear();
                self.failed_at = None;
            }
            Ok(Err(error)) => {
                events.store_failed(&error);
                self.failed_at = Some(Instant::now());
            }
            Err(_elapsed) => {
                tracing::debug!("the store of tenants did not answer in time");
                self.failed_at = Some(Instant::now());
            }
        }
    }

    /// Keeps within the bound; the next span of a tenant that is forgotten here notes it anew.
    fn forget_some(&mut self) {
        if self.noted.len() > KNOWN_MAX || self.owed.len() > KNOWN_MAX {
            self.noted.clear();
            self.owed.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_store::{Options, conformance::builders::span, open_meta};

    use super::*;
    use crate::telemetry::Metrics;

    #[tokio::test]
    async fn a_store_that_fails_is_left_alone_and_told_later() {
        let away = open_meta("test", "memory:", &Options::default()).await.unwrap();
        away.close().await.unwrap();
        let events = Events::new(Arc::new(Metrics::new()));
        let failures = || {
            let text = events.metrics().render();
            let line =
                text.lines().find(|line| line.starts_with("llmtrace_store_failures_total{kind=\"unavailable\"}"));
            line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse::<u32>().unwrap())
        };
        let record = |name: &str| span().tenant(name).record();
        let mut tenants = Tenants::new(away);
        tenants.note([&*record("a")].into_iter(), &events).await;
        tenants.note([&*record("b")].into_iter(), &events).await;
        assert_eq!((failures(), tenants.owed.len()), (1, 2), "the second was not tried");
        assert_eq!(tenants.due(), tenants.failed_at.map(|at| at + PAUSE));
        tenants.meta = open_meta("test", "memory:", &Options::default()).await.unwrap();
        tenants.pay(&events).await;
        assert_eq!(tenants.due(), None, "nothing is owed");
        let names = tenants.meta.tenants().await.unwrap().into_iter().map(|tenant| tenant.id.to_string());
        assert_eq!((names.collect::<Vec<_>>(), tenants.owed.len()), (vec!["a".to_owned(), "b".to_owned()], 0));
    }
}
