//! The back lane's end: what was written waits here in memory, and what found no room is read back from disk, in order.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Closed, Mode, Opened, Receipt, release::LogId};

/// One exchange on its way to the store.
#[derive(Debug)]
pub struct Delivery {
    /// What happened.
    pub entry: Entry,
    /// To be released once the store has it.
    pub receipt: Receipt,
    /// About how much memory the entry takes.
    pub bytes: usize,
}

/// What the journal knows of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// It ended.
    Closed(Box<Closed>),
    /// The process ended before it did. Never delivered while the close may still come; an effect of it must not replace
    /// an effect of a `Closed` with the same id.
    Interrupted(Arc<Opened>),
}

/// A stretch of a segment of our own whose closes were not handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) log: LogId,
    pub(super) segment: u64,
    /// Bytes in the file.
    pub(super) from: u64,
    pub(super) to: u64,
    /// The index of the first record, and the one after the last.
    pub(super) first: u32,
    pub(super) after: u32,
}

/// Where a batch went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offered {
    /// It waits in memory.
    Queued,
    /// It will be read back from disk.
    LeftOnDisk,
}

pub(super) struct Outbox {
    state: Mutex<State>,
    ready: Condvar,
    /// Something for the reader: room, a stretch, the end.
    reader: Condvar,
    /// For what is nowhere else.
    limit_bytes: usize,
    /// For what can be read back from disk as well: reading is quick, and the memory is worth more elsewhere.
    written_bytes: usize,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Delivery>,
    bytes: usize,
    takers: usize,
    backlog: VecDeque<Stretch>,
    closed: bool,
    stopping: bool,
}

/// What the reader should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Read this stretch on: it comes before anything else, because order is kept.
    Backlog(Stretch),
    /// There is room for adopted records.
    Adopt,
    /// Look again: the time is over.
    Nothing,
    /// The journal ends.
    Stop,
}

impl Outbox {
    pub(super) fn new(limit_bytes: usize) -> Self {
        let written_bytes = limit_bytes / 2;
        Self { state: Mutex::default(), ready: Condvar::new(), reader: Condvar::new(), limit_bytes, written_bytes }
    }

    /// Takes a written batch, or leaves it on disk where memory is full or older records still wait there.
    pub(super) fn offer(&self, batch: &mut Vec<Delivery>, stretch: Stretch) -> Offered {
        let bytes: usize = batch.iter().map(|d| d.bytes).sum();
        let mut state = self.lock();
        let fits = state.bytes + bytes <= self.written_bytes;
        if fits && state.backlog.is_empty() {
            state.push_all(bytes, batch);
            self.wake_takers(state);
            return Offered::Queued;
        }
        match state.backlog.back_mut() {
            Some(last) if last.segment == stretch.segment && last.to == stretch.from => {
                last.to = stretch.to;
                last.after = stretch.after;
            }
            _ => state.backlog.push_back(stretch),
        }
        batch.clear();
        self.reader.notify_one();
        Offered::LeftOnDisk
    }

    /// Takes records that are nowhere else; returns those there is no room for. With [`Mode::Memory`] room was made sure
    /// of before they came.
    pub(super) fn offer_unwritten(&self, batch: Vec<Delivery>, mode: Mode) -> Vec<Delivery> {
        let mut refused = Vec::new();
        let mut state = self.lock();
        for delivery in batch {
            let fits =
                mode == Mode::Memory || state.bytes + delivery.bytes <= self.limit_bytes || state.queue.is_empty();
            if fits && !state.closed {
                state.bytes += delivery.bytes;
                state.queue.push_back(delivery);
            } else {
                refused.push(delivery);
            }
        }
        self.wake_takers(state);
        refused
    }

    /// Takes what the reader read, whatever the bound: the reader waited for room.
    pub(super) fn push_read(&self, delivery: Delivery) {
        let mut state = self.lock();
        state.bytes += delivery.bytes;
        state.queue.push_back(delivery);
        self.wake_takers(state);
    }

    /// The reader got to the byte `to` and the record `next` in the first stretch.
    pub(super) fn advance(&self, segment: u64, to: u64, next: u32) {
        let mut state = self.lock();
        let Some(first) = state.backlog.front_mut().filter(|first| first.segment == segment) else { return };
        first.from = to;
        first.first = next;
        if first.from >= first.to {
            state.backlog.pop_front();
        }
    }

    /// The segment was shed.
    pub(super) fn forget(&self, segment: u64) {
        self.lock().backlog.retain(|stretch| stretch.segment != segment);
    }

    /// Waits until there is something to read and room for it. Adopted records get half of the room, so that new ones
    /// still find some while a long backlog of a dead instance is worked off.
    pub(super) fn turn(&self, adopting: Adopting, timeout: Duration) -> Turn {
        let until = Instant::now() + timeout;
        let mut state = self.lock();
        loop {
            if state.stopping || state.closed {
                return Turn::Stop;
            }
            if let Some(stretch) = state.backlog.front().filter(|_| state.bytes < self.written_bytes) {
                return Turn::Backlog(*stretch);
            }
            if adopting == Adopting::Yes && state.backlog.is_empty() && state.bytes < self.written_bytes / 2 {
                return Turn::Adopt;
            }
            let Some(left) = until.checked_duration_since(Instant::now()) else { return Turn::Nothing };
            state = self.reader.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends the reader.
    pub(super) fn stop_reader(&self) {
        self.lock().stopping = true;
        self.reader.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
        self.reader.notify_all();
    }

    /// Takes up to `max` deliveries of `most_bytes` together, one at least, waiting up to `wait` for the first.
    pub(super) fn next(&self, max: usize, most_bytes: usize, wait: Duration) -> Vec<Delivery> {
        let until = Instant::now() + wait;
        let mut state = self.lock();
        while state.queue.is_empty() && !state.closed {
            let Some(left) = until.checked_duration_since(Instant::now()) else { return Vec::new() };
            state.takers += 1;
            state = self.ready.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            state.takers -= 1;
        }
        let (mut take, mut bytes) = (0, 0);
        for delivery in state.queue.iter().take(max) {
            if take > 0 && bytes + delivery.bytes > most_bytes {
                break;
            }
            take += 1;
            bytes += delivery.bytes;
        }
        let taken: Vec<_> = state.queue.drain(..take).collect();
        let was_full = state.bytes >= self.written_bytes / 2;
        state.bytes -= bytes;
        if was_full || !state.backlog.is_empty() {
            self.reader.notify_one();
        }
        // One push wakes one taker; what that one leaves is for the next.
        self.wake_takers(state);
        taken
    }

    /// What waits for the back lane.
    pub(super) fn size(&self) -> Size {
        let state = self.lock();
        Size { records: state.queue.len(), bytes: state.bytes, has_backlog: !state.backlog.is_empty() }
    }

    fn wake_takers(&self, state: MutexGuard<'_, State>) {
        let wake = state.takers > 0 && !state.queue.is_empty();
        drop(state);
        if wake {
            self.ready.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code under this lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What waits for the back lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// In memory.
    pub(super) records: usize,
    pub(super) bytes: usize,
    /// Whether more of our own waits on disk.
    pub(super) has_backlog: bool,
}

/// Whether adopted records wait for their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adopting {
    Yes,
    No,
}

impl State {
    fn push_all(&mut self, bytes: usize, batch: &mut Vec<Delivery>) {
        self.bytes += bytes;
        self.queue.extend(batch.drain(..));
    }
}
