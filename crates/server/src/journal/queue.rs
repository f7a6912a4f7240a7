//! The front lane's end: a queue that is never waited for. What it may hold is decided at the `gate`, before.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use llmtrace_model::ExchangeId;

use super::{Closed, Opened, gate::Gate};

/// What the writer finds in the queue.
pub(super) enum Item {
    /// With its size in memory.
    Opened(Arc<Opened>, usize),
    /// With its size in memory.
    Closed(Box<Closed>, usize),
    /// The close of this exchange was refused: it is not in flight any more.
    GivenUp(ExchangeId),
    /// Answered once everything before it is written.
    Flush(SyncSender<()>),
}

/// Whether an item was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    Taken,
    /// The queue holds too much, or nobody reads it any more.
    Refused,
}

/// How the writer waits when there is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Look again after this time; nobody is asked to wake the writer.
    Nap(Duration),
    /// Sleep until somebody pushes or nudges, or this time has passed.
    Park(Duration),
}

/// What became of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Took {
    Items,
    Nothing,
    /// Somebody asks to be looked after.
    Nudge,
    /// Nothing, and nothing will come.
    Closed,
}

pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

/// How full the gate may be for an item to be pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// The item has a promise.
    None,
    /// With the item so many bytes; an item alone always passes.
    Bytes(usize),
}

#[derive(Default)]
struct State {
    items: Vec<Item>,
    parked: bool,
    nudged: bool,
    closed: bool,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), wake: Condvar::new() }
    }

    /// Puts an item of `bytes` in; wakes the writer only where it sleeps, because a wake-up costs more than the item.
    pub(super) fn push(&self, item: Item, bytes: usize, gate: &Gate, limit: Limit) -> Pushed {
        let mut state = self.lock();
        // Under the lock nobody else pushes: what is seen here can only become less.
        let passes = match limit {
            Limit::None => true,
            Limit::Bytes(most) => gate.bytes() == 0 || gate.bytes() + bytes <= most,
        };
        if state.closed || !passes {
            return Pushed::Refused;
        }
        gate.entered(bytes);
        state.items.push(item);
        if std::mem::take(&mut state.parked) {
            drop(state);
            self.wake.notify_one();
        }
        Pushed::Taken
    }

    /// Says that the close of an exchange was refused. Passes the bound: it is small, and there is one per exchange in flight.
    pub(super) fn give_up(&self, id: ExchangeId) {
        let mut state = self.lock();
        if !state.closed {
            state.items.push(Item::GivenUp(id));
        }
    }

    /// Puts a marker in whatever the bound; `None` where nobody reads the queue any more.
    pub(super) fn mark(&self) -> Option<Receiver<()>> {
        let (sender, receiver) = sync_channel(1);
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        state.items.push(Item::Flush(sender));
        state.nudged = true;
        self.wake.notify_one();
        Some(receiver)
    }

    /// Wakes the writer to look after its segments.
    pub(super) fn nudge(&self) {
        self.lock().nudged = true;
        self.wake.notify_one();
    }

    /// Refuses what comes from now on; what is in is still taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    /// Closes, and drops what is in: nobody will ever take it. Returns how many closed exchanges that were.
    pub(super) fn abandon(&self) -> u64 {
        let mut state = self.lock();
        state.closed = true;
        let items = std::mem::take(&mut state.items);
        drop(state);
        items.iter().filter(|item| matches!(item, Item::Closed(..))).count() as u64
    }

    /// Swaps everything into the empty `into`, waiting once where there is nothing.
    pub(super) fn take(&self, into: &mut Vec<Item>, wait: Wait) -> Took {
        let mut state = self.lock();
        if state.items.is_empty() && !state.closed && !state.nudged {
            let time = match wait {
                Wait::Nap(time) => time,
                Wait::Park(time) => {
                    state.parked = true;
                    time
                }
            };
            state = self.wake.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.parked = false;
        let nudged = std::mem::take(&mut state.nudged);
        if state.items.is_empty() {
            return match (state.closed, nudged) {
                (true, _) => Took::Closed,
                (false, true) => Took::Nudge,
                (false, false) => Took::Nothing,
            };
        }
        // Swapping keeps both buffers, so that the front lane seldom pays for growing one.
        std::mem::swap(&mut state.items, into);
        Took::Items
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code under this lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_TIME: Wait = Wait::Nap(Duration::ZERO);

    fn flush() -> Item {
        Item::Flush(sync_channel(1).0)
    }

    #[test]
    fn a_limit_refuses_until_something_left() {
        let (queue, gate) = (Queue::new(), Gate::new(10, u64::MAX, Duration::ZERO));
        let push = |bytes, limit| queue.push(flush(), bytes, &gate, limit);
        assert_eq!(push(50, Limit::Bytes(10)), Pushed::Taken, "alone");
        assert_eq!(push(1, Limit::Bytes(10)), Pushed::Refused);
        assert_eq!(push(4, Limit::None), Pushed::Taken, "promised");
        let mut items = Vec::new();
        assert_eq!(queue.take(&mut items, NO_TIME), Took::Items);
        assert_eq!(items.len(), 2);
        assert_eq!(push(1, Limit::Bytes(10)), Pushed::Refused, "what the writer has in hand still counts");
        gate.left(50);
        assert_eq!(push(6, Limit::Bytes(10)), Pushed::Taken);
    }

    #[test]
    fn a_closed_queue_gives_out_what_it_has_and_takes_nothing() {
        let (queue, gate) = (Queue::new(), Gate::new(10, u64::MAX, Duration::ZERO));
        assert_eq!(queue.push(flush(), 1, &gate, Limit::None), Pushed::Taken);
        queue.close();
        assert_eq!(queue.push(flush(), 1, &gate, Limit::None), Pushed::Refused);
        let mut items = Vec::new();
        assert_eq!(queue.take(&mut items, NO_TIME), Took::Items);
        items.clear();
        assert_eq!(queue.take(&mut items, NO_TIME), Took::Closed);
    }
}
