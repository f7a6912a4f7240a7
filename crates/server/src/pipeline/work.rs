//! The workers: take records, process them, hand them to the writer, within a bound in bytes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use llmtrace_model::SpanRecord;
use llmtrace_store::record_bytes;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc},
};

use super::{Context, Step, decode, once::Stopped, raw, redact, write::Finished};
use crate::journal::{Deliveries, Delivery, Entry};

/// How many records a worker takes at once.
pub(super) const TAKE: usize = 128;
/// Most bytes of them; more would gain nothing.
const TAKE_BYTES: usize = 8 * 1024 * 1024;
/// How long a worker waits for the next record before it looks whether it should end.
const WAIT: Duration = Duration::from_millis(100);
/// How long a worker that was woken for a few records lets more of them gather: each wake-up, its own and the writer's, costs
/// as much CPU as several records. Below `pipeline.batch_ms`, so that the store hardly gets them later.
const GATHER: Duration = Duration::from_millis(25);
/// Larger records than this are worth a wake-up each, and would hold up memory while they wait.
const GATHER_BYTES: usize = 16 * 1024;

/// How many bytes of spans may be with the writer: handed to it, and not yet stored. Cheap to clone.
///
/// A worker that finds no room waits, and what it would have taken waits in the journal. Beside this each worker has at most a
/// take in hand, as records and as spans, each a quarter of the room at most; one record alone may be larger than any of these.
#[derive(Clone)]
pub(super) struct Room {
    free: Arc<Semaphore>,
    bytes: usize,
}

impl Room {
    pub(super) fn new(bytes: usize) -> Self {
        let bytes = bytes.clamp(1, u32::MAX as usize);
        Self { free: Arc::new(Semaphore::new(bytes)), bytes }
    }

    /// From so many bytes on the writer waits for no more: the workers need the other half to go on meanwhile.
    pub(super) fn batch_bytes(&self) -> usize {
        self.bytes / 2
    }

    /// What a worker takes at once.
    fn take_bytes(&self) -> usize {
        (self.bytes / 4).min(TAKE_BYTES)
    }
}

/// What a worker hands to the writer; its room is free again once this is dropped.
pub(super) struct Handed {
    pub(super) finished: Vec<Finished>,
    pub(super) room: OwnedSemaphorePermit,
}

/// One worker.
pub(super) struct Worker {
    step: Step,
    context: Arc<Context>,
    deliveries: Deliveries,
    to_writer: mpsc::Sender<Handed>,
    room: Room,
    runtime: Handle,
}

/// Whether anybody takes what a worker finishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    Runs,
    Ended,
}

impl Worker {
    /// Needs a runtime around it.
    pub(super) fn new(
        step: Step,
        context: Arc<Context>,
        deliveries: Deliveries,
        to_writer: mpsc::Sender<Handed>,
        room: Room,
    ) -> Self {
        Self { step, context, deliveries, to_writer, room, runtime: Handle::current() }
    }

    /// Runs until the deliveries are closed and taken, or the writer ended. Waits for the writer when the store is slow.
    pub(super) fn run(self) {
        let mut writer = Writer::Runs;
        while writer == Writer::Runs {
            // Asked before: what comes after an empty take and before the end is still taken.
            let is_closed = self.deliveries.is_closed();
            let taken = self.take();
            if taken.is_empty() && is_closed {
                return;
            }
            writer = self.process(taken);
        }
    }

    fn take(&self) -> Vec<Delivery> {
        let most = self.room.take_bytes();
        let mut taken = self.deliveries.next_within(TAKE, most, WAIT);
        let bytes: usize = taken.iter().map(|d| d.bytes).sum();
        let few = !taken.is_empty() && taken.len() < TAKE && bytes < most && bytes < taken.len() * GATHER_BYTES;
        if few && !self.deliveries.is_closed() {
            std::thread::sleep(GATHER);
            taken.extend(self.deliveries.next_within(TAKE - taken.len(), most - bytes, Duration::ZERO));
        }
        taken
    }

    /// Hands on what is finished whenever it is as much as a take: a compressed record may become many times its size.
    fn process(&self, taken: Vec<Delivery>) -> Writer {
        let (mut finished, mut bytes) = (Vec::with_capacity(taken.len()), 0);
        for Delivery { entry, receipt, bytes: _ } in taken {
            // A defect in reading one exchange must cost neither its span nor the worker, which every other span needs.
            let record = catch_unwind(AssertUnwindSafe(|| (self.step)(&self.context, &entry))).unwrap_or_else(|_| {
                self.context.events.notice("decoder_panicked");
                self.unreadable(&entry)
            });
            // What is not released is taken again after the next start.
            let Ok(record) = record else {
                if !finished.is_empty() {
                    self.hand_over(finished, bytes);
                }
                return Writer::Ended;
            };
            drop(entry);
            bytes += record_bytes(&record);
            finished.push(Finished { record: Arc::new(record), receipt });
            if bytes >= self.room.take_bytes() {
                let batch = std::mem::take(&mut finished);
                if self.hand_over(batch, std::mem::take(&mut bytes)) == Writer::Ended {
                    return Writer::Ended;
                }
            }
        }
        if finished.is_empty() { Writer::Runs } else { self.hand_over(finished, bytes) }
    }

    /// What is left of an exchange that a defect of ours kept from being read; its bytes show the defect.
    fn unreadable(&self, entry: &Entry) -> Result<SpanRecord, Stopped> {
        let mut record = decode::unreadable(entry);
        let capture = self.context.captures.of(&record.span.tenant_id, &self.context.events)?;
        if self.context.options.analysis.may_hide(&record.span.tenant_id) {
            redact::unread(&mut record);
        } else {
            record.raw = catch_unwind(AssertUnwindSafe(|| raw::of(entry, &record.span, capture))).unwrap_or_default();
        }
        Ok(record)
    }

    fn hand_over(&self, finished: Vec<Finished>, bytes: usize) -> Writer {
        let wanted = u32::try_from(bytes.min(self.room.bytes)).unwrap_or(u32::MAX);
        let free = Arc::clone(&self.room.free);
        let room = match Arc::clone(&free).try_acquire_many_owned(wanted) {
            Err(TryAcquireError::NoPermits) => {
                self.context.events.notice("pipeline_wait");
                self.runtime.block_on(free.acquire_many_owned(wanted)).ok()
            }
            room => room.ok(),
        };
        // Nobody closes the semaphore; a writer that ends drops what it holds, which wakes whoever waits for room.
        let Some(room) = room else { return Writer::Ended };
        match self.to_writer.blocking_send(Handed { finished, room }) {
            Ok(()) => Writer::Runs,
            Err(_) => Writer::Ended,
        }
    }
}
