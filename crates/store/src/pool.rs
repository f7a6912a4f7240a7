//! Threads that own connections: an engine that blocks or computes never does so on the runtime's threads.
//!
//! SQLite has one pool of one thread that writes and one of a few that read; the memory engine has one for both. Jobs are closures over the thread's connection; their answers come
//! back over a one-shot channel.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::{Backend, Error, ErrorKind};

/// Jobs that wait at most; a caller beyond it waits for a place.
const QUEUE: usize = 64;

/// Does one piece of work on a connection.
type Job<C> = Box<dyn FnOnce(&mut C) + Send>;

/// Threads that each own a `C` and take jobs from one queue. Dropping or closing the pool ends them after the last job.
#[derive(Debug)]
pub(crate) struct Pool<C> {
    backend: Backend,
    jobs: Mutex<Option<mpsc::Sender<Job<C>>>>,
    /// Every thread holds a sender; this ends when the last thread has.
    ended: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

/// Says whether the caller of a job has gone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// True once nobody waits for the answer.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Cancels its job when the caller's future ends.
struct Caller(Cancel);

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

impl<C: Send + 'static> Pool<C> {
    /// Starts one thread per connection.
    pub(crate) fn start(backend: Backend, name: &str, connections: Vec<C>) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job<C>>(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        let (running, ended) = mpsc::channel(1);
        for connection in connections {
            let (queue, running) = (Arc::clone(&queue), running.clone());
            spawn(name, move || {
                work(backend, connection, &queue);
                drop(running);
            })?;
        }
        Ok(Self { backend, jobs: Mutex::new(Some(jobs)), ended: tokio::sync::Mutex::new(ended) })
    }

    /// Runs a job on one of the threads. Dropping the future cancels the job, which then ends when it looks.
    pub(crate) async fn run<T, F>(&self, op: &'static str, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut C, &Cancel) -> Result<T, Error> + Send + 'static,
    {
        let closed = || Error::closed(self.backend, op);
        let jobs = self.jobs.lock().clone().ok_or_else(closed)?;
        let (answer, answered) = oneshot::channel();
        let caller = Caller(Cancel::default());
        let cancel = caller.0.clone();
        let job: Job<C> = Box::new(move |connection| {
            // Where the receiver is gone nobody waits for the answer: there is nobody to tell.
            drop(answer.send(job(connection, &cancel)));
        });
        jobs.send(job).await.map_err(|_| closed())?;
        drop(jobs);
        let result = answered.await;
        drop(caller);
        result.unwrap_or_else(|_| Err(Error::new(ErrorKind::Corrupt, self.backend, op, "the operation panicked")))
    }

    /// Takes no more jobs, finishes those that wait and drops the connections. Safe to call twice.
    pub(crate) async fn close(&self) {
        drop(self.jobs.lock().take());
        while self.ended.lock().await.recv().await.is_some() {}
    }
}

/// Takes jobs until the queue is closed and empty.
fn work<C>(backend: Backend, mut connection: C, queue: &Mutex<mpsc::Receiver<Job<C>>>) {
    loop {
        let job = queue.lock().blocking_recv();
        let Some(job) = job else { return };
        // A job that panics answers by dropping its sender; the thread and its connection serve the next one.
        if catch_unwind(AssertUnwindSafe(|| job(&mut connection))).is_err() {
            tracing::error!(%backend, "a store operation panicked");
        }
    }
}

/// Runs blocking work on a thread of its own and waits for it.
pub(crate) async fn blocking<T, F>(op: &'static str, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let failed = |source| Error::new(ErrorKind::Unavailable, Backend::Sqlite, op, source);
    let (answer, answered) = oneshot::channel();
    spawn("store-open", move || drop(answer.send(work()))).map_err(|error| failed(error.to_string()))?;
    answered.await.map_err(|_| Error::new(ErrorKind::Corrupt, Backend::Sqlite, op, "the operation panicked"))
}

#[expect(clippy::disallowed_methods, reason = "the threads belong to the store: closing or dropping it ends them")]
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}
