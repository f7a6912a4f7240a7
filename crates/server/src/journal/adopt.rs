//! Takes over the folders of instances that died, our own former ones included, and replays what is in them.
//!
//! A folder is taken as a whole or left as it is: where one segment is of another key or format version, nobody here can
//! tell which of its exchanges ended, so it stays for whoever can.

use std::{
    collections::{HashMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use llmtrace_model::ExchangeId;

use super::{
    Closed, Entry, Opened,
    deliver::Delivery,
    disk::{Folder, orphan_candidates},
    memory_bytes, memory_bytes_of_open,
    read::{Found, Opening, Scanner},
    record,
    release::{LogId, Place, Position, Receipt, Registered},
    segment::{Kind, Packing, parse_file_name},
    shared::Handle,
};
use crate::telemetry::Shed;

/// Most exchanges in flight that one dead instance is believed to have had.
const MOST_OPEN: usize = 200_000;
/// Records read in one step, so that our own backlog never waits long.
const STEP_RECORDS: usize = 64;

/// A folder that is being replayed.
pub(super) struct Adoption {
    log: LogId,
    segments: VecDeque<(u64, PathBuf)>,
    current: Option<(u64, Box<Scanner>)>,
    open: HashMap<ExchangeId, (Position, Arc<Opened>)>,
    /// Once all records are read: those that stayed open, the youngest first.
    interrupted: Vec<(Position, Arc<Opened>)>,
}

/// Whether a replay goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Again,
    Finished,
}

/// Finds and locks every folder whose instance is gone.
pub(super) fn adopt_orphans(shared: &Handle) -> Vec<Adoption> {
    let candidates = match orphan_candidates(&shared.options.path) {
        Ok(candidates) => candidates,
        // Nobody journaled here yet.
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(e) => {
            tracing::warn!(error = &e as &dyn std::error::Error, "journal folder cannot be listed");
            return Vec::new();
        }
    };
    let mut adoptions = Vec::new();
    for path in candidates {
        match Folder::adopt(path.clone()).and_then(|folder| folder.map(|f| take_over(shared, f)).transpose()) {
            Ok(adoption) => adoptions.extend(adoption.flatten()),
            Err(e) => {
                tracing::warn!(error = &e as &dyn std::error::Error, path = %path.display(), "journal folder cannot be adopted");
            }
        }
    }
    adoptions
}

/// Registers the segments of a locked folder; `None` where it must be left as it is.
fn take_over(shared: &Handle, folder: Folder) -> io::Result<Option<Adoption>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(folder.path())? {
        let path = entry?.path();
        let Some((number, _)) = parse_file_name(&path) else { continue };
        match Scanner::open(&path, &shared.keys)? {
            Opening::Readable(scanner) => segments.push((number, path, scanner.end())),
            Opening::OtherKey(key) => {
                let why = format!("sealed under another master key, {}", key);
                shared.events.journal_left_alone(folder.path(), &why);
                return Ok(None);
            }
            Opening::OtherVersion(version) => {
                shared.events.journal_left_alone(
                    folder.path(),
                    &format!("of format version {version}, which this build does not read"),
                );
                return Ok(None);
            }
            Opening::Unrecognisable => {}
        }
    }
    // Directory entries come in any order.
    segments.sort_by_key(|(number, ..)| *number);
    segments.dedup_by_key(|(number, ..)| *number);
    let mut ledger = shared.ledger();
    let log = ledger.add_log(Arc::new(folder));
    let mut queue = VecDeque::new();
    for (number, path, bytes) in segments {
        ledger.add_unread(log, number, path.clone(), bytes);
        queue.push_back((number, path));
    }
    Ok(Some(Adoption { log, segments: queue, current: None, open: HashMap::new(), interrupted: Vec::new() }))
}

impl Adoption {
    /// Reads a few records and hands over what they say.
    pub(super) fn step(&mut self, shared: &Handle) -> Step {
        for _ in 0..STEP_RECORDS {
            if let Some((number, scanner)) = self.current.take() {
                match self.next_record(shared, number, scanner) {
                    Next::Delivered => return Step::Again,
                    Next::Skipped => {}
                    Next::SegmentEnded => {
                        shared.ledger().seal(self.log, number);
                        shared.reap();
                    }
                }
            } else if let Some((number, path)) = self.segments.pop_front() {
                self.begin(shared, number, &path);
            } else {
                return self.interrupt_one(shared);
            }
        }
        Step::Again
    }

    fn begin(&mut self, shared: &Handle, number: u64, path: &Path) {
        match Scanner::open(path, &shared.keys) {
            Ok(Opening::Readable(scanner)) => self.current = Some((number, scanner)),
            // It could be read when the folder was taken over; shed since, or the device lost it.
            Ok(Opening::OtherKey(_) | Opening::OtherVersion(_) | Opening::Unrecognisable) | Err(_) => {
                let mut ledger = shared.ledger();
                if ledger.path(self.log, number).is_some() {
                    ledger.damaged(self.log, number);
                    ledger.seal(self.log, number);
                    drop(ledger);
                    shared.events.journal_damaged(path, "segment that cannot be opened any more");
                }
            }
        }
    }

    fn next_record(&mut self, shared: &Handle, number: u64, mut scanner: Box<Scanner>) -> Next {
        let (kind, packing, index, read) = match scanner.next() {
            Ok(Found::Record { kind: Kind::Open, packing, index, body }) => {
                (Kind::Open, packing, index, decode_open(packing, body))
            }
            Ok(Found::Record { kind: Kind::Close, packing, index, body }) => {
                (Kind::Close, packing, index, decode_close(packing, body))
            }
            Ok(Found::Damaged(what)) => {
                shared.ledger().damaged(self.log, number);
                shared.events.journal_damaged(scanner.path(), what);
                self.current = Some((number, scanner));
                return Next::Skipped;
            }
            Ok(Found::End) => return Next::SegmentEnded,
            Err(e) => {
                tracing::error!(error = &e as &dyn std::error::Error, "journal segment cannot be read on");
                shared.ledger().damaged(self.log, number);
                shared.events.journal_damaged(scanner.path(), "rest of a segment that cannot be read");
                return Next::SegmentEnded;
            }
        };
        let at = Position { log: self.log, segment: number, index };
        let Some(read) = read else {
            tracing::debug!(?kind, ?packing, "journal record of an unknown shape");
            shared.ledger().damaged(self.log, number);
            shared.events.journal_damaged(scanner.path(), "record body");
            self.current = Some((number, scanner));
            return Next::Skipped;
        };
        self.current = Some((number, scanner));
        match read {
            Read::Open(opened) => self.note_open(shared, at, opened),
            Read::Close(closed) => self.deliver_close(shared, at, closed),
        }
    }

    fn note_open(&mut self, shared: &Handle, at: Position, opened: Arc<Opened>) -> Next {
        if shared.ledger().record(at, Kind::Open, opened.started_at) == Registered::SegmentGone {
            self.current = None;
            return Next::Skipped;
        }
        if self.open.len() >= MOST_OPEN {
            shared.shed(Shed::Memory, 1);
            shared.release(&[Receipt(Place::Disk(at))]);
            return Next::Skipped;
        }
        let id = opened.id;
        if let Some((older, _)) = self.open.insert(id, (at, opened)) {
            // It was carried forward.
            shared.release(&[Receipt(Place::Disk(older))]);
        }
        Next::Skipped
    }

    fn deliver_close(&mut self, shared: &Handle, at: Position, closed: Box<Closed>) -> Next {
        let registered = {
            let mut ledger = shared.ledger();
            let registered = ledger.record(at, Kind::Close, closed.opened.started_at);
            ledger.handed_over(at.log, at.segment, 1);
            registered
        };
        if registered == Registered::SegmentGone {
            self.current = None;
            return Next::Skipped;
        }
        if let Some((open, _)) = self.open.remove(&closed.opened.id) {
            shared.release(&[Receipt(Place::Disk(open))]);
        }
        let bytes = memory_bytes(&closed);
        shared.events.journal_replayed(1);
        shared.outbox.push_read(Delivery { entry: Entry::Closed(closed), receipt: Receipt(Place::Disk(at)), bytes });
        Next::Delivered
    }

    /// All records are read: what is still open was interrupted.
    fn interrupt_one(&mut self, shared: &Handle) -> Step {
        if !self.open.is_empty() {
            self.interrupted.extend(std::mem::take(&mut self.open).into_values());
            self.interrupted.sort_unstable_by_key(|(_, opened)| std::cmp::Reverse(opened.id));
        }
        let Some((at, opened)) = self.interrupted.pop() else {
            shared.ledger().complete(self.log);
            shared.reap();
            shared.events.notice("journal_adopted");
            return Step::Finished;
        };
        let bytes = memory_bytes_of_open(&opened);
        shared.events.journal_replayed(1);
        let receipt = Receipt(Place::Disk(at));
        shared.outbox.push_read(Delivery { entry: Entry::Interrupted(opened), receipt, bytes });
        Step::Again
    }
}

/// What reading one record led to.
enum Next {
    Delivered,
    Skipped,
    SegmentEnded,
}

enum Read {
    Open(Arc<Opened>),
    Close(Box<Closed>),
}

fn decode_open(packing: Packing, body: &[u8]) -> Option<Read> {
    record::decode(packing, body).ok().map(|opened| Read::Open(Arc::new(opened)))
}

fn decode_close(packing: Packing, body: &[u8]) -> Option<Read> {
    record::decode(packing, body).ok().map(|closed| Read::Close(Box::new(closed)))
}
