//! What the journal's threads and its two faces share, and the steps that more than one of them takes.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    Full, Mode, Options, Room, Status,
    deliver::{Delivery, Outbox},
    disk::Disk,
    gate::{CaughtUp, Gate, Waited},
    queue::Queue,
    release::{Gone, Ledger, Place, Receipt, Released},
};
use crate::{
    clock::Clock,
    config::MasterKeys,
    telemetry::{Events, Shed, Step},
};

/// Damaged segments that are kept for a person to look at; the oldest go first.
const ASIDE_FILES: usize = 16;
/// The folder they are kept in.
const ASIDE: &str = "damaged";

/// Times and sizes that no operator sets; tests do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tuning {
    pub(super) segment_bytes: u64,
    pub(super) batch_bytes: usize,
    pub(super) nap: Duration,
    /// How many naps without an item until the writer sleeps.
    pub(super) naps_before_sleep: u32,
    pub(super) retry_every: Duration,
    /// How often the reader looks for folders whose instance died: at first, then half as often each time.
    pub(super) adopt_first: Duration,
    pub(super) adopt_every: Duration,
    /// How long starting waits for the first look.
    pub(super) first_look: Duration,
    /// While more bytes than this wait for the writer, it compresses nothing.
    pub(super) compress_below: usize,
    /// How long a request may wait for room in the queue.
    pub(super) patience: Duration,
}

impl Tuning {
    pub(super) fn for_size(max_bytes: u64) -> Self {
        Self {
            segment_bytes: (max_bytes / 64).clamp(32 * 1024, 64 * 1024 * 1024),
            batch_bytes: 256 * 1024,
            // Each nap costs about 10 µs of CPU, and a record waits for half of one: below the 5 ms a commit may take.
            nap: Duration::from_millis(4),
            naps_before_sleep: 25,
            retry_every: Duration::from_secs(1),
            adopt_first: Duration::from_secs(1),
            adopt_every: Duration::from_secs(60),
            // It takes a few milliseconds, unless the file system hangs: then nobody waits for it.
            first_look: Duration::from_secs(1),
            // What a nap brings at 100 MB/s, twice.
            compress_below: 1024 * 1024,
            patience: Duration::from_secs(2),
        }
    }
}

pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) tuning: Tuning,
    pub(super) keys: MasterKeys,
    pub(super) events: Events,
    pub(super) clock: Clock,
    pub(super) disk: Disk,
    pub(super) gate: Gate,
    pub(super) queue: Queue,
    pub(super) outbox: Outbox,
    ledger: Mutex<Ledger>,
    /// Held while files are removed, so that they go in the ledger's order.
    reaping: Mutex<()>,
    degraded: Mutex<Option<String>>,
    /// Records without a file that the store has not acknowledged.
    unwritten: AtomicU64,
    shed_queue: AtomicU64,
    shed_cap: AtomicU64,
    shed_memory: AtomicU64,
    writer_ended: Mutex<bool>,
    writer_end: Condvar,
    /// The writer must start a new segment: what the device made of the current one is unknown.
    pub(super) distrust_segment: AtomicBool,
    /// The folders of dead instances were counted once.
    pub(super) looked: AtomicBool,
}

impl Shared {
    pub(super) fn new(
        options: Options,
        tuning: Tuning,
        keys: MasterKeys,
        events: Events,
        clock: Clock,
        disk: Disk,
    ) -> Self {
        let mark = match options.mode {
            Mode::Disk => options.queue_bytes,
            Mode::Memory => options.delivery_bytes,
        };
        // Without a disk there are none.
        let looked = AtomicBool::new(options.mode == Mode::Memory);
        Self {
            gate: Gate::new(mark, options.max_bytes / 4 * 3, tuning.patience),
            queue: Queue::new(),
            outbox: Outbox::new(options.delivery_bytes),
            options,
            tuning,
            keys,
            events,
            clock,
            disk,
            ledger: Mutex::default(),
            reaping: Mutex::default(),
            degraded: Mutex::default(),
            unwritten: AtomicU64::new(0),
            shed_queue: AtomicU64::new(0),
            shed_cap: AtomicU64::new(0),
            shed_memory: AtomicU64::new(0),
            writer_ended: Mutex::new(false),
            writer_end: Condvar::new(),
            distrust_segment: AtomicBool::new(false),
            looked,
        }
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    /// Counts records that were given up.
    pub(super) fn shed(&self, why: Shed, records: u64) {
        if records == 0 {
            return;
        }
        let counter = match why {
            Shed::JournalQueue => &self.shed_queue,
            Shed::JournalCap => &self.shed_cap,
            Shed::Memory | Shed::DeadLetter => &self.shed_memory,
        };
        counter.fetch_add(records, Ordering::Relaxed);
        self.events.shed(why, records);
    }

    /// Waits for room in the queue; counts it, and says it where it was in vain.
    pub(super) async fn wait_for_room(&self, known_bytes: usize) -> Result<Room, Full> {
        let since = Instant::now();
        self.events.notice("journal_wait");
        let waited = self.gate.wait(known_bytes).await;
        self.events.overhead(Step::Limits, since.elapsed());
        match waited {
            Waited::LetIn(room) => Ok(room),
            Waited::Stalled => {
                if self.gate.stall() {
                    self.events.journal_stalled(self.gate.bytes());
                }
                Ok(Room::NotPromised)
            }
            Waited::Outrun => {
                if self.gate.outrun() {
                    self.events.notice("journal_outrun");
                    tracing::warn!("the store does not keep up, new exchanges do not wait for it");
                }
                Ok(self.gate.admit().unwrap_or(Room::NotPromised))
            }
            Waited::InVain => {
                self.events.notice("journal_full");
                Err(Full)
            }
        }
    }

    /// Bytes of the queue are written, or went another way.
    pub(super) fn left(&self, bytes: usize) {
        if self.gate.left(bytes) == CaughtUp::Yes && lock(&self.degraded).is_none() {
            self.events.journal_recovered();
        }
    }

    /// The store acknowledged something.
    pub(super) fn stored(&self) {
        if self.gate.stored() == CaughtUp::Yes {
            tracing::info!("the store keeps up again");
        }
    }

    /// Says whether the disk takes what comes.
    pub(super) fn keeps_up(&self) -> bool {
        !self.gate.is_stalled() && lock(&self.degraded).is_none()
    }

    /// Hands over records that have no file; what finds no room is shed, unless it was let in for memory in the first place.
    pub(super) fn deliver_unwritten(&self, batch: Vec<Delivery>) {
        // Before they can be released.
        self.unwritten.fetch_add(batch.len() as u64, Ordering::Relaxed);
        let refused = self.outbox.offer_unwritten(batch, self.options.mode);
        if self.options.mode == Mode::Memory {
            self.left(refused.iter().map(|d| d.bytes).sum());
        }
        let refused = refused.len() as u64;
        self.unwritten.fetch_sub(refused, Ordering::Relaxed);
        self.shed(Shed::Memory, refused);
    }

    /// Releases what the store acknowledged.
    pub(super) fn release(&self, receipts: &[Receipt]) {
        let mut done = Released::NothingToDo;
        {
            let mut ledger = self.ledger();
            for receipt in receipts {
                match receipt.0 {
                    Place::Memory => {
                        let less = |n: u64| Some(n.saturating_sub(1));
                        // `less` always returns a value, so this cannot be refused.
                        self.unwritten.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).unwrap_or_default();
                    }
                    Place::Disk(at) => match ledger.release(at) {
                        Released::NothingToDo => {}
                        Released::SegmentDone => done = Released::SegmentDone,
                        Released::OnlyOpensLeft if done == Released::NothingToDo => done = Released::OnlyOpensLeft,
                        Released::OnlyOpensLeft => {}
                    },
                }
            }
        }
        match done {
            Released::NothingToDo => {}
            Released::SegmentDone => self.reap(),
            Released::OnlyOpensLeft => self.queue.nudge(),
        }
        // Without traffic the writer is parked and would leave the gauges where they were.
        self.measure();
    }

    /// Removes every file and folder that is not needed any more.
    pub(super) fn reap(&self) {
        let _in_order = lock(&self.reaping);
        let gone = self.ledger().reap();
        for one in gone {
            let removed = match &one {
                Gone::Segment(path) => remove(path),
                Gone::Damaged(path) => self.keep_aside(path),
                Gone::Folder(folder) => folder.remove(),
            };
            if let Err(e) = removed {
                tracing::warn!(error = &e as &dyn std::error::Error, what = ?one, "journal file cannot be removed");
            }
        }
    }

    /// Moves a damaged segment to where it costs at most [`ASIDE_FILES`] files and a quarter of the journal's size.
    fn keep_aside(&self, path: &Path) -> io::Result<()> {
        let folder = self.options.path.join(ASIDE);
        fs::create_dir_all(&folder)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let instance = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        fs::rename(path, folder.join(format!("{instance}-{name}.damaged")))?;
        let mut kept: Vec<(PathBuf, u64)> = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            kept.push((entry.path(), entry.metadata()?.len()));
        }
        // Instances are UUIDv7 and segments numbered: the name orders by age.
        kept.sort();
        let mut bytes: u64 = kept.iter().map(|(_, bytes)| bytes).sum();
        let mut files = kept.len();
        for (oldest, size) in kept {
            if files <= ASIDE_FILES && bytes <= self.options.max_bytes / 4 {
                break;
            }
            remove(&oldest)?;
            files -= 1;
            bytes -= size;
        }
        Ok(())
    }

    /// The disk refused.
    pub(super) fn degrade(&self, cause: &io::Error) {
        let mut degraded = lock(&self.degraded);
        if degraded.is_none() {
            self.events.journal_degraded(cause);
        }
        *degraded = Some(cause.to_string());
        drop(degraded);
        self.gate.set_degraded(true);
    }

    /// The disk takes records again.
    pub(super) fn recover(&self) {
        if lock(&self.degraded).take().is_some() {
            self.gate.set_degraded(false);
            self.events.journal_recovered();
        }
    }

    /// The writer is gone.
    pub(super) fn writer_ended(&self) {
        *lock(&self.writer_ended) = true;
        self.writer_end.notify_all();
    }

    /// Waits until the writer is gone.
    pub(super) fn wait_for_writer(&self) {
        let waited = self.writer_end.wait_while(lock(&self.writer_ended), |ended| !*ended);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Tells the gauges.
    pub(super) fn measure(&self) {
        let (records, bytes) = {
            let ledger = self.ledger();
            (ledger.records(), ledger.bytes())
        };
        self.events.journal_size(records + self.unwritten.load(Ordering::Relaxed), bytes);
        let waiting = self.outbox.size();
        self.events.queue_size(waiting.records, waiting.bytes);
        // What a dead instance left is no reason to wait: it is worked off beside the traffic.
        let behind = if waiting.has_backlog { bytes } else { 0 };
        self.gate.set_backlog(behind);
        self.events.journal_queue_size(self.gate.bytes());
    }

    /// Why records are not on disk when they should be.
    fn trouble(&self) -> Option<String> {
        if self.options.mode == Mode::Disk
            && let Some(cause) = lock(&self.degraded).clone()
        {
            return Some(cause);
        }
        let (bytes, waiting) = (self.gate.bytes(), self.gate.waiting());
        if self.gate.is_stalled() {
            return Some(format!(
                "{bytes} bytes wait to be written and hardly any are: new exchanges do not wait for them"
            ));
        }
        let what = if self.gate.waits_for_back_lane() {
            "the store is behind".to_owned()
        } else {
            format!("{bytes} bytes wait to be written")
        };
        (waiting > 0).then(|| format!("{waiting} requests wait, because {what}"))
    }

    pub(super) fn status(&self) -> Status {
        // Before the ledger: what the look finds is there once it is over.
        let looked = self.looked.load(Ordering::Acquire);
        let (records, bytes, oldest, unread) = {
            let ledger = self.ledger();
            (ledger.records(), ledger.bytes(), ledger.oldest(), ledger.has_unread())
        };
        let age = |since: llmtrace_model::Timestamp| {
            let us = self.clock.now().unix_us().saturating_sub(since.unix_us());
            Duration::from_micros(u64::try_from(us).unwrap_or(0))
        };
        Status {
            mode: self.options.mode,
            degraded: self.trouble(),
            records: records + self.unwritten.load(Ordering::Relaxed),
            bytes,
            scanning: !looked || unread,
            oldest_age: oldest.map(age),
            waiting: self.gate.waiting(),
            shed_queue: self.shed_queue.load(Ordering::Relaxed),
            shed_cap: self.shed_cap.load(Ordering::Relaxed),
            shed_memory: self.shed_memory.load(Ordering::Relaxed),
        }
    }
}

pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        // Whoever removed it did what we want.
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these guard stays whole between two statements, so a panic elsewhere does not spoil it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shared by every face and thread.
pub(super) type Handle = Arc<Shared>;
