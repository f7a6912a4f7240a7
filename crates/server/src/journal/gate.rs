//! How much waits for the writer, and who waits until it is less: the journal's bound slows clients, it loses nothing.
//!
//! ```text
//! bytes   0 ───────────────── mark ─────────── mark + a quarter ─────────────▶ mark + what was promised
//!         everybody is let in │ newcomers wait, in order │ without a promise: given up │ promised: taken
//! ```
//!
//! [`Gate::admit`] is asked before a request is sent. Below the mark it promises a place: the close of that exchange is
//! taken whatever the queue holds by then. So what waits never passes the mark by more than the copies of the exchanges
//! in flight, which are in memory before they get here, and the reserve. Above the mark newcomers wait in their order, at
//! most for the time it was made with; who waited in vain is refused. Nobody waits for a disk that does not move: see
//! [`Gate::wait`].
//!
//! The same line waits where the back lane is behind by most of `journal.max_bytes`, so that its oldest records are not given
//! up for new ones. There nobody is refused: a back lane that does not catch up in time is not waited for any more.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::sync::oneshot;

use super::shared::lock;

/// Whether the journal will take the close of an exchange in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It will.
    Promised,
    /// Only where it fits: the disk does not keep up, and traffic must not wait for it.
    NotPromised,
}

/// Says that the queue to the journal's writer stayed full for as long as a request may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal's queue is full")]
pub struct Full;

/// What became of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    LetIn(Room),
    /// Nothing moved meanwhile: from now on nobody waits.
    Stalled,
    /// The back lane did not catch up: from now on nobody waits for it.
    Outrun,
    /// Others were let in, for as long as a request may wait.
    InVain,
}

pub(super) struct Gate {
    /// What was pushed and has not left.
    bytes: AtomicUsize,
    /// What ever left.
    left: AtomicU64,
    mark: usize,
    patience: Duration,
    line: Mutex<Line>,
    /// The length of the line, to be read without its lock.
    waiting: AtomicUsize,
    /// The disk refuses: records go through memory.
    degraded: AtomicBool,
    /// The writer takes too little to be waited for.
    stalled: AtomicBool,
    backlog: Backlog,
}

/// What is written and the back lane is behind with.
struct Backlog {
    bytes: AtomicU64,
    mark: u64,
    /// It takes too long to be waited for.
    outrun: AtomicBool,
}

impl Backlog {
    /// Bytes until somebody has to wait.
    fn room(&self) -> u64 {
        if self.outrun.load(SeqCst) { u64::MAX } else { self.mark.saturating_sub(self.bytes.load(SeqCst)) }
    }
}

#[derive(Default)]
struct Line {
    next: u64,
    first_come: BTreeMap<u64, Waiter>,
}

struct Waiter {
    bytes: usize,
    tell: oneshot::Sender<Room>,
}

/// A place in the line, given up on every path.
struct Place<'a> {
    gate: &'a Gate,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut line = lock(&self.gate.line);
        line.first_come.remove(&self.number);
        self.gate.waiting.store(line.first_come.len(), SeqCst);
    }
}

impl Gate {
    pub(super) fn new(mark: usize, backlog_mark: u64, patience: Duration) -> Self {
        Self {
            bytes: AtomicUsize::new(0),
            left: AtomicU64::new(0),
            mark,
            patience,
            line: Mutex::default(),
            waiting: AtomicUsize::new(0),
            degraded: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            backlog: Backlog { bytes: AtomicU64::new(0), mark: backlog_mark, outrun: AtomicBool::new(false) },
        }
    }

    /// Asks for a place without waiting; `None` where somebody has to wait.
    pub(super) fn admit(&self) -> Option<Room> {
        if self.waiting.load(SeqCst) == 0 && self.room() > 0 {
            return Some(Room::Promised);
        }
        self.nobody_waits().then_some(Room::NotPromised)
    }

    /// Bytes until somebody has to wait.
    fn room(&self) -> usize {
        let backlog = usize::try_from(self.backlog.room()).unwrap_or(usize::MAX);
        self.mark.saturating_sub(self.bytes()).min(backlog)
    }

    /// Waits for a place, behind those who came before. `bytes` is what the exchange is known to need.
    ///
    /// Where less than a sixteenth of the mark left while somebody waited in vain, the disk is broken rather than busy: then
    /// nobody waits or is refused until half of the mark is free. Cancel-safe: whoever goes gives up his place.
    pub(super) async fn wait(&self, bytes: usize) -> Waited {
        let (tell, told) = oneshot::channel();
        let place = {
            let mut line = lock(&self.line);
            // Before looking again, so that whoever leaves from here on sees that somebody waits.
            self.waiting.store(line.first_come.len() + 1, SeqCst);
            let place = Place { gate: self, number: line.next };
            line.next += 1;
            line.first_come.insert(place.number, Waiter { bytes, tell });
            place
        };
        self.let_in();
        if self.nobody_waits() {
            return Waited::LetIn(Room::NotPromised);
        }
        let left_before = self.left.load(SeqCst);
        let waited = tokio::time::timeout(self.patience, told).await;
        drop(place);
        match waited {
            Ok(Ok(room)) => Waited::LetIn(room),
            // The line is gone: so is the journal.
            Ok(Err(_)) => Waited::LetIn(Room::NotPromised),
            Err(_) if self.backlog.room() == 0 => Waited::Outrun,
            Err(_) if self.left.load(SeqCst) - left_before >= (self.mark / 16) as u64 => Waited::InVain,
            Err(_) => Waited::Stalled,
        }
    }

    /// Something was pushed.
    pub(super) fn entered(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, SeqCst);
    }

    /// What was pushed is written, or went another way. Says whether a stalled writer has caught up.
    pub(super) fn left(&self, bytes: usize) -> CaughtUp {
        if bytes == 0 {
            return CaughtUp::No;
        }
        let before = self.bytes.fetch_sub(bytes, SeqCst);
        self.left.fetch_add(bytes as u64, SeqCst);
        if self.waiting.load(SeqCst) > 0 {
            self.let_in();
        }
        let half_empty = before - bytes <= self.mark / 2;
        if half_empty && self.stalled.load(SeqCst) && self.stalled.swap(false, SeqCst) {
            return CaughtUp::Yes;
        }
        CaughtUp::No
    }

    /// Lets in those who come first, for as much as there is room for now: what leaves next lets in more.
    fn let_in(&self) {
        let mut line = lock(&self.line);
        let mut room = self.room();
        while room > 0
            && let Some((_, waiter)) = line.first_come.pop_first()
        {
            // Whoever went meanwhile needs no room.
            if waiter.tell.send(Room::Promised).is_ok() {
                room = room.saturating_sub(waiter.bytes.max(1));
            }
        }
        self.waiting.store(line.first_come.len(), SeqCst);
    }

    /// What the back lane is behind with.
    pub(super) fn set_backlog(&self, bytes: u64) {
        self.backlog.bytes.store(bytes, SeqCst);
        if self.waiting.load(SeqCst) > 0 {
            self.let_in();
        }
    }

    /// The back lane stored something. Says whether one that was outrun has caught up; what the cap took off the backlog
    /// meanwhile would not say that.
    pub(super) fn stored(&self) -> CaughtUp {
        let outrun = &self.backlog.outrun;
        let half_empty = self.backlog.bytes.load(SeqCst) <= self.backlog.mark / 2;
        if half_empty && outrun.load(SeqCst) && outrun.swap(false, SeqCst) {
            return CaughtUp::Yes;
        }
        CaughtUp::No
    }

    /// Nobody waits for the back lane from now on, until it caught up. True for the first who says so.
    pub(super) fn outrun(&self) -> bool {
        let first = !self.backlog.outrun.swap(true, SeqCst);
        self.let_in();
        first
    }

    /// Whether it is the back lane that is waited for.
    pub(super) fn waits_for_back_lane(&self) -> bool {
        self.backlog.room() == 0
    }

    /// Sends everybody on who waits.
    fn let_all_pass(&self) {
        let mut line = lock(&self.line);
        for (_, waiter) in std::mem::take(&mut line.first_come) {
            // An error means that he went.
            waiter.tell.send(Room::NotPromised).unwrap_or_default();
        }
        self.waiting.store(0, SeqCst);
    }

    /// Nobody waits from now on, until the writer caught up. True for the first who says so.
    pub(super) fn stall(&self) -> bool {
        let first = !self.stalled.swap(true, SeqCst);
        self.let_all_pass();
        first
    }

    /// The disk refuses, or takes records again.
    pub(super) fn set_degraded(&self, degraded: bool) {
        self.degraded.store(degraded, SeqCst);
        if degraded {
            self.let_all_pass();
        }
    }

    fn nobody_waits(&self) -> bool {
        self.degraded.load(SeqCst) || self.stalled.load(SeqCst)
    }

    pub(super) fn is_stalled(&self) -> bool {
        self.stalled.load(SeqCst)
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(SeqCst)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(SeqCst)
    }

    /// Most bytes with whose copies an exchange without a promise may be pushed.
    pub(super) fn mark(&self) -> usize {
        self.mark
    }

    /// Most bytes with which the bare facts of an exchange without a promise may be pushed.
    pub(super) fn reserve(&self) -> usize {
        self.mark + self.mark / 4
    }
}

/// Whether a stalled writer has caught up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CaughtUp {
    Yes,
    No,
}

#[cfg(test)]
mod tests;
