//! What the other rooms hold: the front lane's end, the back lane's end, and how the journal is.

use std::{sync::Arc, time::Duration};

use super::{
    Closed, Delivery, Full, Mode, Opened, Receipt, Recorded, Room, memory_bytes, memory_bytes_of_open,
    queue::{Item, Limit, Pushed},
    shared::Handle,
};
use crate::telemetry::Shed;

/// The front lane's end of the journal. Cheap to clone; nothing here waits unless it says so.
#[derive(Clone)]
pub struct Journal(pub(super) Handle);

/// The back lane's end of the journal. Cheap to clone.
#[derive(Clone)]
pub struct Deliveries(Handle);

/// How the journal is, for `/health`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Where records are meant to live.
    pub mode: Mode,
    /// Why the disk is not written, while it is not or too slowly: records are then kept in memory.
    pub degraded: Option<String>,
    /// Records that are still needed: exchanges the store has not acknowledged, and open ones. A segment that an earlier
    /// process left behind and that is not read to its end counts as one more.
    pub records: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// What earlier processes left behind is not read to its end: `records` will grow.
    pub scanning: bool,
    /// How long the oldest record on disk has been needed, to about a second.
    pub oldest_age: Option<Duration>,
    /// Requests that wait for room in the queue to the writer.
    pub waiting: usize,
    /// Records given up because the queue to the writer was full: of exchanges that were never sent.
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

    /// Asks for a place in the queue before an exchange is sent, so that its record is not given up when it ends.
    ///
    /// Waits where the writer is behind, in order and for a bounded time; never for a disk that is broken. `known_bytes` is
    /// what the record will hold at least. Cancel-safe.
    pub async fn admit(&self, known_bytes: usize) -> Result<Room, Full> {
        match self.admit_now() {
            Some(room) => Ok(room),
            None => self.0.wait_for_room(known_bytes).await,
        }
    }

    /// As [`Journal::admit`], where nobody has to wait: the usual case, without a clock.
    pub fn admit_now(&self) -> Option<Room> {
        self.0.gate.admit()
    }

    /// An exchange was sent upstream. If the process dies before its close, it is replayed as [`super::Entry::Interrupted`].
    /// Only for exchanges whose room was [promised](Room::Promised); the close of another may come alone.
    pub fn opened(&self, record: Arc<Opened>) {
        if self.0.options.mode == Mode::Memory {
            return;
        }
        let bytes = memory_bytes_of_open(&record);
        if self.push(Item::Opened(record, bytes), bytes, Limit::None) == Pushed::Refused {
            self.0.events.notice("journal_open_skipped");
        }
    }

    /// An exchange ended whose room was [promised](Room::Promised).
    pub fn closed(&self, record: Closed) {
        self.close(record, Limit::None);
    }

    /// An exchange ended that was never sent, or was sent without a promise. Where the writer is behind, only what happened
    /// is kept of it and not what was said; beyond the reserve for that it is given up, counted.
    pub fn closed_without_room(&self, mut record: Closed) {
        let gate = &self.0.gate;
        if gate.bytes() + memory_bytes(&record) <= gate.mark() {
            return self.close(record, Limit::Bytes(gate.reserve()));
        }
        for body in [&mut record.request, &mut record.response] {
            if !body.head.is_empty() {
                *body = Recorded { total_bytes: body.total_bytes, ..Recorded::default() };
                self.0.events.notice("journal_copy_dropped");
            }
        }
        self.close(record, Limit::Bytes(gate.reserve()));
    }

    fn close(&self, record: Closed, limit: Limit) {
        let bytes = memory_bytes(&record);
        let id = record.opened.id;
        if self.push(Item::Closed(Box::new(record), bytes), bytes, limit) == Pushed::Refused {
            self.0.queue.give_up(id);
            self.0.shed(if self.0.keeps_up() { Shed::JournalQueue } else { Shed::Memory }, 1);
        }
    }

    fn push(&self, item: Item, bytes: usize, limit: Limit) -> Pushed {
        self.0.queue.push(item, bytes, &self.0.gate, limit)
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
        self.next_within(max, usize::MAX, wait)
    }

    /// As [`Deliveries::next`], and stops before `most_bytes` of memory; the first is taken however large it is.
    pub fn next_within(&self, max: usize, most_bytes: usize, wait: Duration) -> Vec<Delivery> {
        let taken = self.0.outbox.next(max, most_bytes, wait);
        if self.0.options.mode == Mode::Memory {
            // There the queue ends at the back lane: nothing else takes what does not fit.
            self.0.left(taken.iter().map(|d| d.bytes).sum());
        }
        taken
    }

    /// The store acknowledged these, in any order, at any time; twice is as good as once.
    pub fn release(&self, receipts: &[Receipt]) {
        self.0.release(receipts);
        self.0.stored();
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
