//! Starting, ending and abandoning the writer's segments, and what becomes of a batch that could not be written.

use std::{io, sync::Arc, time::Instant};

use super::{Encoded, Staged, StagedRecord, Writer, unwritten};
use crate::journal::{
    Fsync,
    active::{Active, Trust},
    release::{Place, Position, Receipt},
    segment::Kind,
};

impl Writer {
    /// The write failed: tries the same records once in a new segment, else keeps them in memory.
    pub(super) fn rewrite(&mut self, error: &io::Error) {
        let staged = std::mem::take(&mut self.staged);
        self.abandon_active();
        self.buf.clear();
        self.start_segment();
        if self.active.is_none() {
            return self.keep_in_memory(staged, error);
        }
        for Staged { what, .. } in staged {
            let Some(index) = self.active.as_mut().map(Active::take_index) else { break };
            let encoded = match &what {
                StagedRecord::Open(id) => match self.live.get(id).map(|live| Arc::clone(&live.opened)) {
                    Some(opened) => self.encode(Kind::Open, index, opened.as_ref()),
                    None => continue,
                },
                StagedRecord::Close(closed, ..) => self.encode(Kind::Close, index, closed.as_ref()),
            };
            if encoded == Encoded::Yes {
                self.staged.push(Staged { index, what });
            }
        }
        match self.write_batch() {
            Ok(stretch) => self.register(stretch),
            Err(error) => {
                self.abandon_active();
                let staged = std::mem::take(&mut self.staged);
                self.keep_in_memory(staged, &error);
            }
        }
    }

    pub(super) fn keep_in_memory(&mut self, staged: Vec<Staged>, error: &io::Error) {
        self.refused(error);
        let mut batch = Vec::new();
        for Staged { what, .. } in staged {
            match what {
                StagedRecord::Open(id) => {
                    if let Some(live) = self.live.get_mut(&id) {
                        live.queued = false;
                    }
                }
                StagedRecord::Close(closed, bytes, open) => {
                    batch.push(unwritten(closed, bytes));
                    self.release_open(open);
                }
            }
        }
        self.shared.deliver_unwritten(batch);
    }

    pub(super) fn release_open(&self, open: Option<Position>) {
        if let Some(at) = open {
            self.shared.release(&[Receipt(Place::Disk(at))]);
        }
    }

    /// Starts the next segment, unless the disk refused a moment ago.
    pub(super) fn start_segment(&mut self) {
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let trust = if self.retry_at.is_some() { Trust::Regained } else { Trust::Usual };
        let started = self.log.start_segment(trust).and_then(|active| match self.sync_name(&active) {
            Ok(()) => Ok(active),
            Err(e) => {
                self.log.seal(&active);
                Err(e)
            }
        });
        match started {
            Ok(active) => {
                self.active = Some(active);
                self.retry_at = None;
                self.shared.recover();
                self.opens_missing |= trust == Trust::Regained;
            }
            Err(e) => self.refused(&e),
        }
    }

    /// A file whose name a power loss takes is lost with all that was forced into it.
    pub(super) fn sync_name(&self, active: &Active) -> io::Result<()> {
        match (self.shared.options.fsync, &self.syncer) {
            (Fsync::Each, _) => self.shared.disk.sync_folder(active.folder().path()),
            (Fsync::Interval(_), Some(syncer)) => {
                syncer.new_name(active.folder());
                Ok(())
            }
            (Fsync::Interval(_) | Fsync::Never, _) => Ok(()),
        }
    }

    pub(super) fn refused(&mut self, error: &io::Error) {
        self.shared.degrade(error);
        self.retry_at = Some(Instant::now() + self.shared.tuning.retry_every);
    }

    pub(super) fn seal_active(&mut self) {
        if let Some(active) = self.active.take() {
            self.log.seal(&active);
            self.shared.reap();
        }
    }

    pub(super) fn abandon_active(&mut self) {
        if let Some(active) = self.active.take() {
            active.cut_off_failed_batch();
            self.log.seal(&active);
            self.shared.reap();
        }
    }
}
