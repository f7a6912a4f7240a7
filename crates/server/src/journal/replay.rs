//! The reader thread: reads back what found no room in memory, and what dead instances left behind.
//!
//! Our own backlog comes first, in order. Adopted folders are worked off beside the traffic, within half of the memory
//! bound, so that starting never waits for them and new exchanges are not queued behind them.

use std::{
    collections::VecDeque,
    io,
    path::Path,
    sync::{atomic::Ordering, mpsc::SyncSender},
    time::{Duration, Instant},
};

use super::{
    Closed, Entry,
    adopt::{Adoption, Step, adopt_orphans},
    deliver::{Adopting, Delivery, Stretch, Turn},
    memory_bytes,
    read::{Found, Opening, Scanner},
    record,
    release::{Place, Position, Receipt, Registered},
    segment::Kind,
    shared::Handle,
};

/// The reader. Made by `open`, runs on a thread of its own.
pub(super) struct Reader {
    shared: Handle,
    adoptions: VecDeque<Adoption>,
    /// The segment of our own that is being read back.
    current: Option<(u64, Box<Scanner>)>,
}

impl Reader {
    pub(super) fn new(shared: Handle) -> Self {
        Self { shared, adoptions: VecDeque::new(), current: None }
    }

    /// Runs until the journal ends. The other end of `looked` hears when every folder that is an orphan by now is counted.
    pub(super) fn run(mut self, looked: &SyncSender<()>) {
        let mut every = self.shared.tuning.adopt_first;
        let mut look_at = Instant::now();
        loop {
            if self.adoptions.is_empty() && Instant::now() >= look_at {
                self.adoptions.extend(adopt_orphans(&self.shared));
                self.shared.looked.store(true, Ordering::Release);
                // Whoever waited may have gone, and later looks have nobody who waits.
                looked.try_send(()).unwrap_or_default();
                look_at = Instant::now() + every;
                // An instance may die just after its successor started: the first looks are close together.
                every = (every * 2).min(self.shared.tuning.adopt_every);
            }
            let adopting = if self.adoptions.is_empty() { Adopting::No } else { Adopting::Yes };
            let patience = look_at.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            match self.shared.outbox.turn(adopting, patience) {
                Turn::Backlog(stretch) => self.read_back(&stretch),
                Turn::Adopt => self.adopt(),
                Turn::Nothing => {}
                Turn::Stop => return,
            }
        }
    }

    fn adopt(&mut self) {
        let Some(adoption) = self.adoptions.front_mut() else { return };
        match adoption.step(&self.shared) {
            Step::Again => {}
            Step::Finished => {
                self.adoptions.pop_front();
            }
        }
    }

    /// Hands over the next record of our own backlog.
    fn read_back(&mut self, stretch: &Stretch) {
        let Some(path) = self.shared.ledger().path(stretch.log, stretch.segment) else {
            // Shed, or all of it was damaged and is gone.
            return self.shared.outbox.forget(stretch.segment);
        };
        if let Err(e) = self.read_one(stretch, &path) {
            tracing::error!(error = &e as &dyn std::error::Error, "journal segment cannot be read back");
            self.lost(stretch, &path, stretch.first..stretch.after, "segment that cannot be read back");
            self.shared.outbox.advance(stretch.segment, stretch.to, stretch.after);
            self.current = None;
        }
    }

    fn read_one(&mut self, stretch: &Stretch, path: &Path) -> io::Result<()> {
        if self.current.as_ref().is_none_or(|(segment, _)| *segment != stretch.segment) {
            let Opening::Readable(scanner) = Scanner::open(path, &self.shared.keys)? else {
                return Err(io::Error::other("its head changed since it was written"));
            };
            self.current = Some((stretch.segment, scanner));
        }
        let Some((_, scanner)) = &mut self.current else { return Ok(()) };
        scanner.limit(stretch.from, stretch.to);
        let (index, delivery) = match scanner.next()? {
            Found::Record { kind: Kind::Close, packing, index, body } => {
                (index, record::decode::<Closed>(packing, body).ok())
            }
            Found::Record { kind: Kind::Open, index, .. } => (index, None),
            Found::Damaged(_) => {
                // The index of the next whole record tells which ones are missing; here only the end is known.
                let to = scanner.position();
                if to >= stretch.to {
                    self.lost(stretch, path, stretch.first..stretch.after, "record");
                }
                self.shared.outbox.advance(stretch.segment, to, stretch.first);
                return Ok(());
            }
            Found::End => {
                self.shared.outbox.advance(stretch.segment, stretch.to, stretch.after);
                return Ok(());
            }
        };
        let to = scanner.position();
        self.lost(stretch, path, stretch.first..index, "record");
        match delivery {
            Some(closed) => self.hand_over(stretch, index, closed),
            // An open record, which nobody waits for, or a body that is none.
            None => self.lost(stretch, path, index..index + 1, "record body"),
        }
        self.shared.outbox.advance(stretch.segment, to, index + 1);
        Ok(())
    }

    fn hand_over(&self, stretch: &Stretch, index: u32, closed: Closed) {
        if self.shared.ledger().handed_over(stretch.log, stretch.segment, 1) == Registered::SegmentGone {
            return;
        }
        let at = Position { log: stretch.log, segment: stretch.segment, index };
        let bytes = memory_bytes(&closed);
        let entry = Entry::Closed(Box::new(closed));
        self.shared.outbox.push_read(Delivery { entry, receipt: Receipt(Place::Disk(at)), bytes });
    }

    /// Gives up the closes among `records`, which could not be read.
    fn lost(&self, stretch: &Stretch, path: &Path, records: std::ops::Range<u32>, what: &str) {
        let lost = self.shared.ledger().lose(stretch.log, stretch.segment, records);
        for _ in 0..lost {
            self.shared.events.journal_damaged(path, what);
        }
        if lost > 0 {
            self.shared.reap();
        }
    }
}
