//! Writing the audit log: in order, in the background, and until it stands there.
//!
//! A change is written down before its answer leaves, as far as the store lets it; a read of content is queued, and refused
//! where the queue is full, so that nothing is read that the log does not know.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use llmtrace_model::{Actor, AuditEntry, AuditHead, AuditId, Outcome, TenantId};
use llmtrace_store::AuditStore;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{clock::Clock, tasks::Tasks, telemetry::Events};

/// The most entries that wait for the store.
const MAX_WAITING: usize = 10_000;
/// The most that are appended at once.
const BATCH: usize = 200;
/// The longest that a change waits for its line in the log.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a failed write waits before it is tried again, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How often the ends of the chains are told to the log of the process.
const HEADS_EVERY: Duration = Duration::from_secs(60);

/// Writes to the audit log. Cheap to clone.
#[derive(Clone)]
pub struct Trail {
    queue: mpsc::Sender<Item>,
    events: Events,
}

/// Says that so much waits for the store that nothing more is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit log cannot be written, and too much waits for it")]
pub struct TrailFull;

enum Item {
    Entry(Box<AuditEntry>, Option<oneshot::Sender<()>>),
    Flush(oneshot::Sender<()>),
}

/// A new entry, of now.
pub fn entry(clock: &Clock, actor: Actor, tenant: Option<TenantId>, action: &str) -> AuditEntry {
    let at = clock.now();
    AuditEntry {
        id: AuditId::from_bytes(*clock.mint(at).as_bytes()),
        tenant,
        at,
        actor,
        client_address: None,
        action: action.to_owned(),
        target: String::new(),
        before: None,
        after: None,
        outcome: Outcome::Done,
    }
}

impl Trail {
    /// A trail, and what writes it.
    pub(super) fn new(store: Arc<dyn AuditStore>, events: Events) -> (Self, Writer) {
        let (queue, items) = mpsc::channel(MAX_WAITING);
        let writer = Writer { store, items, events: events.clone(), heads: BTreeMap::new(), told: None };
        (Self { queue, events }, writer)
    }

    /// Takes an entry that is written soon.
    pub fn note(&self, entry: AuditEntry) -> Result<(), TrailFull> {
        self.queue.try_send(Item::Entry(Box::new(entry), None)).map_err(|_| {
            self.events.notice("audit_full");
            TrailFull
        })
    }

    /// Takes an entry and waits until it stands in the log; where that takes too long it stays queued, and where there is no
    /// room for it, it is in the log of the process.
    pub async fn record(&self, entry: AuditEntry) -> Result<(), TrailFull> {
        let Ok(Ok(room)) = timeout(PATIENCE, self.queue.reserve()).await else {
            self.events.notice("audit_full");
            lost(&self.events, &entry, &TrailFull);
            return Err(TrailFull);
        };
        let (done, is_done) = oneshot::channel();
        room.send(Item::Entry(Box::new(entry), Some(done)));
        if timeout(PATIENCE, is_done).await.is_err() {
            self.events.notice("audit_late");
        }
        Ok(())
    }

    /// Waits until everything that was taken so far stands in the log.
    pub(super) async fn flush(&self) {
        let (done, is_done) = oneshot::channel();
        if self.queue.send(Item::Flush(done)).await.is_ok() {
            // An error says that the writer has ended: then there is nothing to wait for.
            drop(is_done.await);
        }
    }
}

/// Appends what is queued, one batch after the other.
pub(super) struct Writer {
    store: Arc<dyn AuditStore>,
    items: mpsc::Receiver<Item>,
    events: Events,
    /// The ends of the chains that were written to and not told yet.
    heads: BTreeMap<Option<TenantId>, AuditHead>,
    told: Option<Instant>,
}

impl Writer {
    /// Runs until the process stops; whoever stops it flushes first.
    pub(super) async fn run(mut self, tasks: Tasks) {
        let mut items = Vec::new();
        loop {
            tokio::select! {
                biased;
                taken = self.items.recv_many(&mut items, BATCH) => if taken == 0 { return },
                // Also where nothing comes any more: an end that nobody was told proves nothing.
                () = due(self.told), if !self.heads.is_empty() => {}
                () = tasks.stopping() => return,
            }
            let (mut entries, mut waiting) = (Vec::new(), Vec::new());
            let mut is_flush = false;
            for item in items.drain(..) {
                match item {
                    Item::Entry(entry, done) => {
                        entries.push(*entry);
                        waiting.extend(done);
                    }
                    Item::Flush(done) => {
                        is_flush = true;
                        waiting.push(done);
                    }
                }
            }
            self.append(&entries, &tasks).await;
            for done in waiting {
                // Whoever waited may have left.
                done.send(()).ok();
            }
            if is_flush || self.told.is_none_or(|told| told.elapsed() >= HEADS_EVERY) {
                self.tell_heads();
            }
        }
    }

    /// Appends entries, again and again until it succeeds; the ids make that safe. What the store refuses for good is written
    /// to the log of the process, so that it is somewhere.
    async fn append(&mut self, entries: &[AuditEntry], tasks: &Tasks) {
        let (mut pause, longest) = PAUSES;
        while !entries.is_empty() {
            let error = match self.store.append_audit(entries).await {
                Ok(records) => {
                    self.heads.extend(records.iter().map(|record| (record.entry.tenant.clone(), record.head())));
                    return;
                }
                Err(error) => error,
            };
            self.events.store_failed(&error);
            if let [_, _, ..] = entries
                && !error.kind.is_retryable()
            {
                // One that the store refuses takes none of its neighbours along.
                for entry in entries {
                    Box::pin(self.append(std::slice::from_ref(entry), tasks)).await;
                }
                return;
            }
            if !error.kind.is_retryable() || tasks.is_stopping() {
                entries.iter().for_each(|entry| lost(&self.events, entry, &error));
                return;
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = tasks.stopping() => {}
            }
            pause = (pause * 2).min(longest);
        }
    }

    /// Tells the log of the process where chains end: whoever keeps that log can tell later whether they are whole.
    fn tell_heads(&mut self) {
        self.told = Some(Instant::now());
        for (tenant, head) in std::mem::take(&mut self.heads) {
            let tenant = tenant.as_ref().map_or("", TenantId::as_str);
            tracing::info!(audit.tenant = tenant, audit.seq = head.seq, audit.hash = %head.hash, "end of an audit chain");
        }
    }
}

/// Puts what does not reach the audit log into the log of the process, so that it is somewhere.
fn lost(events: &Events, entry: &AuditEntry, why: &(dyn std::error::Error + 'static)) {
    events.notice("audit_lost");
    tracing::error!(audit.action = entry.action, audit.actor = %entry.actor, audit.target = entry.target, error = why,
        "an entry did not reach the audit log");
}

/// When the ends of the chains are told next; cancel-safe.
async fn due(told: Option<Instant>) {
    if let Some(told) = told {
        sleep_until(told + HEADS_EVERY).await;
    }
}

#[cfg(test)]
mod tests;
