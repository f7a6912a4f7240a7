//! The only place that spawns: every task has a name, and shutdown waits for all of them.

mod alarm;
mod nudge;

use std::{
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::task::JoinError;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use alarm::Alarm;
pub(crate) use nudge::{Nudge, Since};

/// Spawns tasks and knows which still run. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    leaving: Arc<AtomicBool>,
    stop: CancellationToken,
    /// The same as the token says, without its lock.
    stopped: Arc<AtomicBool>,
}

impl Tasks {
    /// A set of tasks of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `task` until it ends by itself; shutdown waits for it up to its deadline.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        tracing::trace!(task.name = name, "task started");
        tokio::spawn(self.tracker.track_future(task));
    }

    /// Runs `work` on a thread of its own: CPU work and blocking calls never run on the front lane's threads.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    pub fn thread<F>(&self, name: &str, work: F) -> io::Result<thread::JoinHandle<()>>
    where
        F: FnOnce() + Send + 'static,
    {
        let token = self.tracker.token();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _running = token;
            work();
        })
    }

    /// Says that [`Tasks::stop`] will be called soon: everything goes on, and whoever can be told to go elsewhere is told.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    /// Says whether [`Tasks::leave`] was called.
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// Asks every task that listens to [`Tasks::stopping`] to end.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.stop.cancel();
        self.tracker.close();
    }

    /// Resolves when [`Tasks::stop`] was called. Cancel-safe.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Says whether [`Tasks::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Resolves when every task and thread has ended. Cancel-safe.
    pub async fn drained(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// How many tasks and threads run.
    pub fn running(&self) -> usize {
        self.tracker.len()
    }
}

/// Runs one bounded piece of CPU work away from the threads that forward exchanges, and waits for it; an error where it
/// panicked. Whoever waits is a task that shutdown knows.
#[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
pub(crate) async fn off_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    tokio::task::spawn_blocking(work).await
}
