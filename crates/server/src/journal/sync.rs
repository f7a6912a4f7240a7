//! Forces written segments to the device: on a thread of its own, so that no write waits for it.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use super::{
    active::SegmentFile,
    disk::Folder,
    shared::{Handle, lock},
};

/// Collects what was written and forces it every so often.
pub(super) struct Syncer {
    shared: Handle,
    interval: Duration,
    state: Mutex<State>,
    wake: Condvar,
    /// Held while forcing, so that a flush also waits for what the thread has in hand.
    forcing: Mutex<()>,
}

#[derive(Default)]
struct State {
    files: Vec<Arc<SegmentFile>>,
    folders: Vec<Arc<Folder>>,
    stopping: bool,
}

impl Syncer {
    pub(super) fn new(shared: Handle, interval: Duration) -> Self {
        Self { shared, interval, state: Mutex::default(), wake: Condvar::new(), forcing: Mutex::default() }
    }

    /// Notes that a file was written.
    pub(super) fn dirty(&self, file: &Arc<SegmentFile>) {
        let mut state = lock(&self.state);
        if state.files.last().is_some_and(|last| Arc::ptr_eq(last, file)) {
            return;
        }
        state.files.push(Arc::clone(file));
        self.wake.notify_one();
    }

    /// Notes that a folder got a new name.
    pub(super) fn new_name(&self, folder: &Arc<Folder>) {
        let mut state = lock(&self.state);
        if state.folders.is_empty() {
            state.folders.push(Arc::clone(folder));
            self.wake.notify_one();
        }
    }

    /// Runs until [`Syncer::stop`]: waits for something dirty, then the interval, then forces.
    pub(super) fn run(&self) {
        let mut state = lock(&self.state);
        while !state.stopping {
            if state.files.is_empty() && state.folders.is_empty() {
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let waited = self.wake.wait_timeout_while(state, self.interval, |s| !s.stopping);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            self.force();
            state = lock(&self.state);
        }
        drop(state);
        self.force();
    }

    /// Forces everything noted so far.
    pub(super) fn force(&self) {
        let _alone = lock(&self.forcing);
        let (files, folders) = {
            let mut state = lock(&self.state);
            (std::mem::take(&mut state.files), std::mem::take(&mut state.folders))
        };
        // A segment that nobody needs any more costs the device nothing.
        let needed = files.iter().filter(|f| !f.gone.load(Ordering::Relaxed));
        let disk = &self.shared.disk;
        let failed = needed
            .map(|f| disk.sync(&f.file))
            .chain(folders.iter().map(|f| disk.sync_folder(f.path())))
            .find_map(Result::err);
        if let Some(e) = failed {
            // What the device made of the pages is unknown: the records are still delivered, new ones go elsewhere.
            self.shared.events.journal_sync_failed(&e);
            self.shared.distrust_segment.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn stop(&self) {
        lock(&self.state).stopping = true;
        self.wake.notify_one();
    }
}
