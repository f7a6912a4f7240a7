//! A waker that spares a task being woken by itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Wake, Waker},
};

use futures_util::task::AtomicWaker;

/// Wakes the task that owns a part of it, unless the task is just looking after that part.
///
/// The two ends of one of hyper's channels wake each other even where one task polls both. The runtime would put such a
/// task at the end of its queue and wake another thread to fetch it from there; the owner of a nudge looks once more.
#[derive(Debug, Default)]
pub(crate) struct Nudge {
    state: AtomicU8,
    owner: AtomicWaker,
}

/// What happened since the owner last looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// Nobody called.
    Nothing,
    /// Somebody called.
    Called,
    /// The owner never looked away, so it may have left something.
    Attended,
}

/// Somebody called since the owner began to look.
const CALLED: u8 = 1;
/// The owner is looking, or will look again by itself.
const ATTENDED: u8 = 2;

impl Nudge {
    /// A nudge that nobody owns yet, and the waker that calls it.
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let nudge = Arc::new(Self::default());
        let waker = Waker::from(Arc::clone(&nudge));
        (nudge, waker)
    }

    /// Makes the task of `owner` the one to wake, and says what it has missed.
    pub(crate) fn look(&self, owner: &Waker) -> Since {
        self.owner.register(owner);
        match self.state.load(Ordering::Acquire) {
            0 => Since::Nothing,
            CALLED => Since::Called,
            _ => Since::Attended,
        }
    }

    /// The owner looks: calls until [`Nudge::rest`] wake nobody.
    pub(crate) fn attend(&self) {
        self.state.swap(ATTENDED, Ordering::AcqRel);
    }

    /// The owner looks away; refused where somebody called meanwhile.
    pub(crate) fn rest(&self) -> bool {
        matches!(self.state.compare_exchange(ATTENDED, 0, Ordering::AcqRel, Ordering::Acquire), Ok(_) | Err(0))
    }

    /// Notes a call of the owner itself.
    pub(crate) fn call(&self) {
        self.state.fetch_or(CALLED, Ordering::AcqRel);
    }

    /// Says whether somebody called since the owner looked away.
    pub(crate) fn is_called(&self) -> bool {
        self.state.load(Ordering::Acquire) & CALLED != 0
    }

    /// Wakes nobody until the next [`Nudge::look`]; lets go of the owner's task.
    pub(crate) fn disown(&self) {
        drop(self.owner.take());
    }
}

impl Wake for Nudge {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.fetch_or(CALLED, Ordering::AcqRel) & ATTENDED == 0 {
            self.owner.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_call_wakes_the_owner_only_while_it_looks_away() {
        let task = Arc::new(Task::default());
        let woken = || task.0.load(Ordering::Relaxed);
        let (owner, (nudge, waker)) = (Waker::from(Arc::clone(&task)), Nudge::new());
        assert_eq!(nudge.look(&owner), Since::Nothing);
        waker.wake_by_ref();
        assert_eq!((woken(), nudge.look(&owner)), (1, Since::Called));
        nudge.attend();
        waker.wake_by_ref();
        assert_eq!((woken(), nudge.look(&owner)), (1, Since::Attended));
        assert!(!nudge.rest(), "somebody called");
        nudge.attend();
        assert!(nudge.rest());
        waker.wake_by_ref();
        assert_eq!((woken(), nudge.is_called()), (2, true));
    }

    #[test]
    fn without_an_owner_a_call_is_only_noted() {
        let task = Arc::new(Task::default());
        let (nudge, waker) = Nudge::new();
        nudge.look(&Waker::from(Arc::clone(&task)));
        nudge.disown();
        waker.wake_by_ref();
        assert_eq!((task.0.load(Ordering::Relaxed), nudge.is_called()), (0, true));
        assert_eq!(Arc::strong_count(&task), 1);
    }
}
