//! The writer: batches spans into the store and releases their journal records once the store has them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use llmtrace_model::SpanRecord;
use llmtrace_store::{Error, ErrorKind, SpanStore};
use tokio::sync::mpsc;

use super::{Stores, options::Batch, tail::Tail, tenants::Tenants, work::Handed};
use crate::{
    journal::{Deliveries, Receipt},
    tasks::Tasks,
    telemetry::{Events, Shed},
};

/// The first and the longest pause after a failed write.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// A span that is ready to be stored.
pub(super) struct Finished {
    pub(super) record: Arc<SpanRecord>,
    pub(super) receipt: Receipt,
}

pub(super) struct Writer {
    store: Arc<dyn SpanStore>,
    tenants: Tenants,
    tail: Tail,
    deliveries: Deliveries,
    batch: Batch,
    batch_bytes: usize,
    events: Events,
    tasks: Tasks,
}

impl Writer {
    /// A writer of batches of `batch.rows`, or of `batch_bytes` where those are fewer.
    pub(super) fn new(
        stores: Stores,
        deliveries: Deliveries,
        batch: Batch,
        batch_bytes: usize,
        events: Events,
        tasks: Tasks,
    ) -> Self {
        let tenants = Tenants::new(stores.meta);
        Self { store: stores.spans, tenants, tail: stores.tail, deliveries, batch, batch_bytes, events, tasks }
    }

    /// Writes until every worker has ended and everything they finished is stored.
    pub(super) async fn run(mut self, mut from_workers: mpsc::Receiver<Handed>) {
        while let Some(Handed { finished: mut batch, mut room }) = self.next(&mut from_workers).await {
            let due = tokio::time::Instant::now() + self.batch.wait;
            while batch.len() < self.batch.rows && room.num_permits() < self.batch_bytes {
                // Cancel-safe: a message that is not received stays in the channel.
                match tokio::time::timeout_at(due, from_workers.recv()).await {
                    Ok(Some(more)) => {
                        batch.extend(more.finished);
                        room.merge(more.room);
                    }
                    Ok(None) | Err(_) => break,
                }
            }
            if !self.store(&batch).await {
                return;
            }
            self.tenants.note(batch.iter().map(|f| &*f.record), &self.events).await;
        }
        self.tenants.pay(&self.events).await;
    }

    /// The next spans; meanwhile the store of tenants is told what it is owed, since no span of theirs may ever come again.
    async fn next(&mut self, from_workers: &mut mpsc::Receiver<Handed>) -> Option<Handed> {
        loop {
            let Some(due) = self.tenants.due() else { return from_workers.recv().await };
            // Cancel-safe: a message that is not received stays in the channel.
            match tokio::time::timeout_at(due, from_workers.recv()).await {
                Ok(handed) => return handed,
                Err(_elapsed) => self.tenants.pay(&self.events).await,
            }
        }
    }

    /// Stores a batch, however long the store needs; false when the process ends first and the journal keeps the rest.
    async fn store(&self, batch: &[Finished]) -> bool {
        let records: Vec<_> = batch.iter().map(|f| Arc::clone(&f.record)).collect();
        match self.write(&records).await {
            Written::Yes => self.stored(batch).await,
            Written::Never if batch.len() == 1 => self.give_up(&batch[0]),
            // One bad row must not take its neighbours with it.
            Written::Never => {
                for one in batch {
                    match self.write(std::slice::from_ref(&one.record)).await {
                        Written::Yes => self.stored(std::slice::from_ref(one)).await,
                        Written::Never => self.give_up(one),
                        Written::Stopped => return false,
                    }
                }
            }
            Written::Stopped => return false,
        }
        true
    }

    /// Writes, retrying with growing pauses for as long as it may help.
    async fn write(&self, records: &[Arc<SpanRecord>]) -> Written {
        let mut pause = BACKOFF.0;
        loop {
            let started = Instant::now();
            let result = self.store.write(records).await;
            self.events.store_done("write", started.elapsed());
            let error: Error = match result {
                Ok(()) => {
                    self.events.store_takes_spans(true);
                    return Written::Yes;
                }
                Err(error) => error,
            };
            self.events.store_failed(&error);
            if error.kind == ErrorKind::Rejected {
                return Written::Never;
            }
            self.events.store_takes_spans(false);
            if pause == BACKOFF.0 {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    spans = records.len(),
                    "store write failed, retrying"
                );
            }
            // Cancel-safe: neither side holds anything.
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.tasks.stopping() => return Written::Stopped,
            }
            pause = (pause * 2).min(BACKOFF.1);
        }
    }

    async fn stored(&self, batch: &[Finished]) {
        let receipts: Vec<Receipt> = batch.iter().map(|f| f.receipt).collect();
        self.deliveries.release(&receipts);
        self.events.spans_stored(batch.len() as u64);
        self.tail.tell(batch.iter().map(|f| &*f.record)).await;
    }

    /// The store will never take this row: it is counted and logged, and its record is released.
    fn give_up(&self, one: &Finished) {
        tracing::error!(exchange.id = %one.record.span.exchange_id, "store refuses this span, it is given up");
        self.events.shed(Shed::DeadLetter, 1);
        self.deliveries.release(std::slice::from_ref(&one.receipt));
    }
}

enum Written {
    Yes,
    Never,
    Stopped,
}
