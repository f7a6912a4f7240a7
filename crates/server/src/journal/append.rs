//! The writer thread: takes what the front lane queued, writes it in batches, hands it on to the back lane.
//!
//! One thread, one `write` per batch. It naps and polls while there is traffic, because being woken for each record costs ten
//! times the record. A failed write abandons the segment: its unwritten records go into a new one under a new key.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    io,
    sync::{Arc, mpsc::SyncSender},
    time::{Duration, Instant},
};

use llmtrace_model::ExchangeId;

use super::{
    Closed, Entry, Fsync, Mode, Opened,
    active::{Active, Log},
    cap::Cap,
    deliver::{Delivery, Offered, Stretch},
    queue::{Item, Took, Wait},
    record::{self, Effort},
    release::{Place, Position, Receipt},
    segment::{Kind, RECORD_HEADER_BYTES, seal_record},
    shared::Handle,
    sync::Syncer,
};
use crate::telemetry::Shed;

/// How long the writer sleeps at most when nothing comes.
const LONG: Duration = Duration::from_secs(3600);

/// An exchange in flight.
struct Live {
    opened: Arc<Opened>,
    written: Option<Position>,
    /// Its open record is on its way to the current batch.
    queued: bool,
}

/// Ids end in 62 random bits of our own making, which are a hash already.
type ById = BuildHasherDefault<LastBytes>;

#[derive(Default)]
struct LastBytes(u64);

impl Hasher for LastBytes {
    fn write(&mut self, bytes: &[u8]) {
        // The variant bits stand at the top, where the map looks: they go to the bottom.
        self.0 = bytes.last_chunk().map_or(self.0, |last| u64::from_be_bytes(*last).rotate_left(2));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A record in the batch that is not written yet.
struct Staged {
    index: u32,
    what: StagedRecord,
}

enum StagedRecord {
    Open(ExchangeId),
    /// With its size in memory and the open record it makes superfluous.
    Close(Box<Closed>, usize, Option<Position>),
}

/// The writer. Made by `open`, runs on a thread of its own.
pub(super) struct Writer {
    pub(super) shared: Handle,
    log: Log,
    syncer: Option<Arc<Syncer>>,
    active: Option<Active>,
    /// Set while the disk refuses.
    retry_at: Option<Instant>,
    live: HashMap<ExchangeId, Live, ById>,
    /// Some exchanges in flight have no open record on disk, and the disk would take one.
    opens_missing: bool,
    cap: Cap,
    /// A segment was sealed since the cap was last looked at.
    has_sealed: bool,
    buf: Vec<u8>,
    staged: Vec<Staged>,
    deliveries: Vec<Delivery>,
    /// What was taken out of the queue and still counts as in it.
    in_hand: usize,
}

impl Writer {
    pub(super) fn new(shared: Handle, syncer: Option<Arc<Syncer>>) -> Self {
        let log = Log::new(Arc::clone(&shared));
        Self {
            shared,
            log,
            syncer,
            active: None,
            retry_at: None,
            live: HashMap::default(),
            opens_missing: false,
            cap: Cap::default(),
            has_sealed: false,
            buf: Vec::new(),
            staged: Vec::new(),
            deliveries: Vec::new(),
            in_hand: 0,
        }
    }

    /// Runs until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let tuning = self.shared.tuning;
        let mut items = Vec::new();
        let mut idle = 0;
        if self.shared.options.mode == Mode::Disk {
            // Before the first record, so that a folder that cannot be written shows at once.
            self.start_segment();
        }
        loop {
            let wait =
                if idle < tuning.naps_before_sleep { Wait::Nap(tuning.nap) } else { Wait::Park(self.patience()) };
            match self.shared.queue.take(&mut items, wait) {
                Took::Items => {
                    idle = 0;
                    self.append(&mut items);
                }
                Took::Nothing => {
                    idle += 1;
                    if !self.is_due() {
                        continue;
                    }
                }
                Took::Nudge => {}
                Took::Closed => break,
            }
            self.look_after();
        }
        self.finish();
    }

    /// How long it may sleep: a degraded journal tries again even when nothing comes.
    fn patience(&self) -> Duration {
        self.retry_at.map_or(LONG, |at| at.saturating_duration_since(Instant::now()))
    }

    /// Writes everything in `items` and empties it.
    fn append(&mut self, items: &mut Vec<Item>) {
        if self.shared.options.mode == Mode::Memory {
            return self.append_to_memory(items);
        }
        let superseded = self.note_exchanges(items);
        let mut superseded = superseded.into_iter();
        for item in items.drain(..) {
            match item {
                Item::Opened(opened, bytes) => {
                    // Where its close came in the same breath it is gone from here, and nobody needs it.
                    if self.live.get(&opened.id).is_some_and(|live| live.queued) {
                        self.stage_open(&opened);
                    }
                    self.in_hand += bytes;
                }
                Item::Closed(closed, bytes) => {
                    let open = superseded.next().flatten();
                    self.stage_close(closed, bytes, open);
                    self.in_hand += bytes;
                }
                Item::GivenUp(_) => self.release_open(superseded.next().flatten()),
                Item::Flush(done) => {
                    self.commit();
                    self.flush(&done);
                }
            }
            // Not only when all of it is written: a full queue is larger than some caps.
            if std::mem::take(&mut self.has_sealed) {
                self.commit();
                self.hold_cap();
            }
        }
        self.commit();
    }

    fn append_to_memory(&mut self, items: &mut Vec<Item>) {
        let mut batch = Vec::new();
        for item in items.drain(..) {
            match item {
                Item::Opened(..) | Item::GivenUp(_) => {}
                Item::Closed(closed, bytes) => batch.push(unwritten(closed, bytes)),
                Item::Flush(done) => {
                    self.shared.deliver_unwritten(std::mem::take(&mut batch));
                    answer(&done);
                }
            }
        }
        self.shared.deliver_unwritten(batch);
    }

    /// Keeps the exchanges in flight; returns for each that ends, in order, where its open record was written.
    fn note_exchanges(&mut self, items: &[Item]) -> Vec<Option<Position>> {
        let mut superseded = Vec::new();
        for item in items {
            match item {
                Item::Opened(opened, _) => {
                    let live = Live { opened: Arc::clone(opened), written: None, queued: true };
                    self.live.insert(opened.id, live);
                }
                Item::Closed(closed, _) => superseded.push(self.end_exchange(&closed.opened.id)),
                Item::GivenUp(id) => superseded.push(self.end_exchange(id)),
                Item::Flush(_) => {}
            }
        }
        superseded
    }

    fn end_exchange(&mut self, id: &ExchangeId) -> Option<Position> {
        self.live.remove(id).and_then(|live| live.written)
    }

    fn stage_open(&mut self, opened: &Opened) {
        let Some(index) = self.make_room() else {
            // Degraded: it stays in `live`, and is written when the disk recovers.
            if let Some(live) = self.live.get_mut(&opened.id) {
                live.queued = false;
            }
            return;
        };
        if self.encode(Kind::Open, index, opened) == Encoded::Yes {
            self.staged.push(Staged { index, what: StagedRecord::Open(opened.id) });
        }
    }

    fn stage_close(&mut self, closed: Box<Closed>, bytes: usize, open: Option<Position>) {
        let room = if self.fits_a_log(bytes) { self.make_room() } else { None };
        let encoded = room.filter(|index| self.encode(Kind::Close, *index, closed.as_ref()) == Encoded::Yes);
        if let Some(index) = encoded {
            self.staged.push(Staged { index, what: StagedRecord::Close(closed, bytes, open) });
        } else {
            self.shared.deliver_unwritten(vec![unwritten(closed, bytes)]);
            self.release_open(open);
        }
    }

    /// A record that would take a quarter of the whole journal would shed everything else; it goes through memory.
    fn fits_a_log(&self, bytes: usize) -> bool {
        bytes as u64 <= self.shared.options.max_bytes / 4
    }

    /// Makes sure that a segment takes the next record, and says its index; `None` while the disk refuses.
    fn make_room(&mut self) -> Option<u32> {
        let tuning = self.shared.tuning;
        let full = self.active.as_ref().is_some_and(|active| {
            active.bytes() + self.buf.len() as u64 >= tuning.segment_bytes && active.has_records()
        });
        if full || self.buf.len() >= tuning.batch_bytes {
            self.commit();
        }
        if full {
            self.seal_active();
            self.has_sealed = true;
        }
        if self.active.is_none() {
            self.start_segment();
        }
        self.active.as_mut().map(Active::take_index)
    }

    fn encode<T: serde::Serialize>(&mut self, kind: Kind, index: u32, what: &T) -> Encoded {
        let Some(active) = &self.active else { return Encoded::No };
        let start = self.buf.len();
        self.buf.resize(start + RECORD_HEADER_BYTES, 0);
        let behind = self.shared.gate.bytes() > self.shared.tuning.compress_below;
        let effort = if behind { Effort::Fast } else { Effort::Small };
        let packing = match record::encode(what, effort, &mut self.buf) {
            Ok(packing) => packing,
            Err(e) => {
                tracing::error!(error = &e as &dyn std::error::Error, "journal record cannot be encoded");
                self.buf.truncate(start);
                return Encoded::No;
            }
        };
        seal_record(active.key(), kind, packing, index, &mut self.buf, start);
        Encoded::Yes
    }

    /// Writes the batch, hands it on, and forgets it.
    fn commit(&mut self) {
        self.write_staged();
        // Also what needed no writing.
        self.shared.left(std::mem::take(&mut self.in_hand));
    }

    fn write_staged(&mut self) {
        if self.staged.is_empty() {
            return;
        }
        match self.write_batch() {
            Ok(stretch) => self.register(stretch),
            Err(e) => self.rewrite(&e),
        }
        self.buf.clear();
        if self.buf.capacity() > 4 * self.shared.tuning.batch_bytes {
            // One giant record must not cost its size for ever.
            self.buf.shrink_to(self.shared.tuning.batch_bytes);
        }
    }

    fn write_batch(&mut self) -> io::Result<Stretch> {
        let Some(active) = &mut self.active else { return Err(io::ErrorKind::NotConnected.into()) };
        let stretch = active.write(&self.shared.disk, &self.buf)?;
        match (self.shared.options.fsync, &self.syncer) {
            (Fsync::Each, _) => active.sync(&self.shared.disk)?,
            (Fsync::Interval(_), Some(syncer)) => syncer.dirty(active.file()),
            (Fsync::Interval(_) | Fsync::Never, _) => {}
        }
        Ok(stretch)
    }

    /// The batch is written: the ledger learns of it before the back lane can release any of it.
    fn register(&mut self, stretch: Stretch) {
        let log = stretch.log;
        let now = self.shared.clock.now();
        let position = |index| Position { log, segment: stretch.segment, index };
        let mut superseded = Vec::new();
        let mut ledger = self.shared.ledger();
        ledger.grew(log, stretch.segment, stretch.to - stretch.from);
        for Staged { index, what } in self.staged.drain(..) {
            match what {
                StagedRecord::Open(id) => {
                    let at = position(index);
                    ledger.record(at, Kind::Open, now);
                    match self.live.get_mut(&id) {
                        Some(live) => {
                            live.queued = false;
                            superseded.extend(live.written.replace(at).map(|at| Receipt(Place::Disk(at))));
                        }
                        None => superseded.push(Receipt(Place::Disk(at))),
                    }
                }
                StagedRecord::Close(closed, bytes, open) => {
                    let at = position(index);
                    ledger.record(at, Kind::Close, now);
                    superseded.extend(open.map(|at| Receipt(Place::Disk(at))));
                    let receipt = Receipt(Place::Disk(at));
                    self.deliveries.push(Delivery { entry: Entry::Closed(closed), receipt, bytes });
                }
            }
        }
        drop(ledger);
        let closes = u32::try_from(self.deliveries.len()).unwrap_or(u32::MAX);
        if closes > 0 && self.shared.outbox.offer(&mut self.deliveries, stretch) == Offered::Queued {
            self.shared.ledger().handed_over(log, stretch.segment, closes);
        }
        if !superseded.is_empty() {
            self.shared.release(&superseded);
        }
    }
}

impl Drop for Writer {
    /// Also on a panic: nobody may wait for a writer that is gone.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.degrade(&io::Error::other("the writer thread panicked, see the log"));
        }
        self.shared.gate.set_degraded(true);
        let lost = self.shared.queue.abandon();
        self.shared.shed(Shed::JournalQueue, lost);
        self.shared.writer_ended();
    }
}

/// Whether a record got into the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoded {
    Yes,
    No,
}

fn unwritten(closed: Box<Closed>, bytes: usize) -> Delivery {
    Delivery { entry: Entry::Closed(closed), receipt: Receipt(Place::Memory), bytes }
}

fn answer(done: &SyncSender<()>) {
    // Whoever asked may have gone; then nobody waits for the answer.
    done.try_send(()).unwrap_or_default();
}

mod segments;
mod upkeep;
