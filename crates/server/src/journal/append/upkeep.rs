//! What the writer does between batches: recovery, old open records, the cap, flushing, the end.

use std::{
    sync::{Arc, atomic::Ordering, mpsc::SyncSender},
    time::Instant,
};

use super::{Writer, answer};
use crate::journal::{Fsync, Mode, Opened};

/// About how large an open record is.
const OPEN_BYTES: u64 = 512;
/// Most segments shed between two batches.
const SHED_AT_ONCE: usize = 64;

/// Which open records are written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Those in this segment, so that it can go.
    InSegment(u64),
    /// Those that are nowhere.
    Unwritten,
}

impl Writer {
    /// Whether time alone, or another thread, made something due.
    pub(super) fn is_due(&self) -> bool {
        self.retry_at.is_some_and(|at| Instant::now() >= at) || self.shared.distrust_segment.load(Ordering::Relaxed)
    }

    /// Everything that is due besides records.
    pub(super) fn look_after(&mut self) {
        if self.shared.options.mode == Mode::Disk {
            if self.shared.distrust_segment.swap(false, Ordering::Relaxed) {
                self.seal_active();
            }
            if self.active.is_none() && self.retry_at.is_some_and(|at| Instant::now() >= at) {
                self.start_segment();
            }
            if std::mem::take(&mut self.opens_missing) {
                self.carry(Which::Unwritten);
            }
            self.carry_old_opens();
            self.hold_cap();
        }
        self.shared.measure();
    }

    /// Moves open records out of the oldest segment where they alone keep it: at once where they are few, else only when
    /// half of the room is taken, because most exchanges end soon and their records need not be moved.
    fn carry_old_opens(&mut self) {
        let Some(log) = self.log.id() else { return };
        let few = self.shared.tuning.segment_bytes / 16 / OPEN_BYTES;
        let candidate = {
            let ledger = self.shared.ledger();
            let crowded = ledger.bytes() > self.shared.options.max_bytes / 2;
            let most = if crowded { u32::MAX } else { u32::try_from(few).unwrap_or(u32::MAX) };
            ledger.carry_candidate(log, most)
        };
        if let Some(segment) = candidate {
            self.carry(Which::InSegment(segment));
        }
    }

    fn carry(&mut self, which: Which) {
        let log = self.log.id();
        let wanted = |live: &super::Live| match (which, live.written) {
            (Which::InSegment(segment), Some(at)) => Some(at.log) == log && at.segment == segment,
            (Which::Unwritten, None) => !live.queued,
            (Which::InSegment(_), None) | (Which::Unwritten, Some(_)) => false,
        };
        let opens: Vec<Arc<Opened>> =
            self.live.values().filter(|live| wanted(live)).map(|live| Arc::clone(&live.opened)).collect();
        for opened in opens {
            self.stage_open(&opened);
        }
        self.commit();
    }

    /// Gives up the oldest segments while the journal is larger than it may be.
    pub(super) fn hold_cap(&mut self) {
        for _ in 0..SHED_AT_ONCE {
            let own = self.log.id();
            let Some(candidate) = self.cap.due(&self.shared, own) else { return };
            let opens_bytes = u64::from(candidate.opens) * OPEN_BYTES;
            if Some(candidate.log) == own && candidate.opens > 0 && opens_bytes < self.shared.tuning.segment_bytes / 2 {
                // Those exchanges still run: they lose nothing but their place.
                self.carry(Which::InSegment(candidate.segment));
            }
            self.cap.shed(&self.shared, own, &candidate);
        }
    }

    /// Answers that everything before is written, and forced where the setting forces at all.
    pub(super) fn flush(&mut self, done: &SyncSender<()>) {
        match (self.shared.options.fsync, &self.syncer) {
            (Fsync::Interval(_), Some(syncer)) => syncer.force(),
            (Fsync::Interval(_) | Fsync::Never | Fsync::Each, _) => {}
        }
        self.look_after();
        answer(done);
    }

    /// The last act: what the store has not acknowledged stays on disk, everything else goes.
    pub(super) fn finish(&mut self) {
        if let Some(syncer) = &self.syncer {
            syncer.stop();
        }
        self.seal_active();
        self.log.complete();
        self.shared.reap();
        self.shared.outbox.stop_reader();
        self.shared.measure();
    }
}
