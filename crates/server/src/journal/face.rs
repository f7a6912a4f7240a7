//! What the other rooms hold: the front lane's end, the back lane's end, and how the journal is.

use std::{sync::Arc, time::Duration};

use super::{
    Closed, Delivery, Mode, Opened, Receipt, memory_bytes, memory_bytes_of_open,
    queue::{Item, Pushed},
    shared::Handle,
};
use crate::telemetry::Shed;

/// The front lane's end of the journal. Cheap to clone; nothing here waits unless it says so.
#[derive(Clone)]
pub struct Journal(Handle);

/// The back lane's end of the journal. Cheap to clone.
#[derive(Clone)]
pub struct Deliveries(Handle);

/// How the journal is, for `/health`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Where records are meant to live.
    pub mode: Mode,
    /// Why the disk is not written, while it is not: records are then kept in memory.
    pub degraded: Option<String>,
    /// Records that are still needed: exchanges the store has not acknowledged, and open ones.
    pub records: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// How long the oldest record on disk has been needed, to about a second.
    pub oldest_age: Option<Duration>,
    /// Records given up because the queue to the writer was full.
    pub shed_queue: u64,
    /// Records given up because of `journal.max_bytes`.
    pub shed_cap: u64,
    /// Records given up because there was no disk and memory was full.
    pub shed_memory: u64,
}

impl Journal {
    pub(super) fn new(shared: Handle) -> Self {
        Self(shared)
    }

    /// An exchange was sent upstream. If the process dies before its close, it is replayed as [`super::Entry::Interrupted`].
    pub fn opened(&self, record: Arc<Opened>) {
        if self.0.options.mode == Mode::Memory {
            return;
        }
        let bytes = memory_bytes_of_open(&record);
        // An open record that finds no room is no loss yet: its close carries the same.
        if self.0.queue.push(Item::Opened(record), bytes) == Pushed::Refused {
            self.0.events.notice("journal_open_skipped");
        }
    }

    /// An exchange ended. A full queue sheds the record, counted.
    pub fn closed(&self, record: Closed) {
        let bytes = memory_bytes(&record);
        let id = record.opened.id;
        if self.0.queue.push(Item::Closed(Box::new(record), bytes), bytes) == Pushed::Refused {
            self.0.queue.give_up(id);
            self.0.shed(Shed::JournalQueue, 1);
        }
    }

    /// How the journal is.
    pub fn status(&self) -> Status {
        self.0.status()
    }

    /// Waits until everything queued before is written, and forced to the device unless `fsync` is `never`. Blocks.
    pub fn flush(&self) {
        if let Some(done) = self.0.queue.mark() {
            // An error means that the writer ended, which it does only after writing everything.
            done.recv().unwrap_or_default();
        }
    }

    /// Takes no more records and writes those it has. What the store acknowledges later is still released; what it does
    /// not stays for the next start. Blocks until the writer is gone.
    pub fn shutdown(&self) {
        self.flush();
        self.0.queue.close();
        self.0.wait_for_writer();
    }
}

impl Deliveries {
    pub(super) fn new(shared: Handle) -> Self {
        Self(shared)
    }

    /// Takes up to `max` exchanges, waiting up to `wait` for the first. Blocks: for threads of the back lane.
    ///
    /// After [`Deliveries::close`] it returns what is in memory without waiting, then nothing.
    pub fn next(&self, max: usize, wait: Duration) -> Vec<Delivery> {
        self.0.outbox.next(max, wait)
    }

    /// The store acknowledged these, in any order, at any time; twice is as good as once.
    pub fn release(&self, receipts: &[Receipt]) {
        self.0.release(receipts);
    }

    /// Says whether [`Deliveries::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.0.outbox.is_closed()
    }

    /// Hands out nothing that is not in memory already; the rest stays for the next start.
    pub fn close(&self) {
        self.0.outbox.close();
    }
}
