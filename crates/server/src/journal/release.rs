//! Which records are still needed, segment by segment, and which segments can go.
//!
//! A close record is needed until the store acknowledged it. An open record is needed until the close of its exchange is
//! written, or, after a crash, until the store acknowledged the interrupted exchange.
//!
//! The segments of one folder go strictly in their order. A close can therefore never go before the open it ends, which a
//! later adoption would take for an interrupted exchange. So that one long stream does not pin everything behind its open
//! record, the writer carries such records forward into its current segment (see [`Ledger::carry_candidate`]).

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use llmtrace_model::Timestamp;

use self::bits::Bits;
use super::{disk::Folder, segment::Kind};

/// What the back lane hands back when the store has acknowledged a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Receipt(pub(super) Place);

/// Where a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Memory,
    Disk(Position),
}

/// A record in a segment of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Position {
    pub(super) log: LogId,
    pub(super) segment: u64,
    pub(super) index: u32,
}

/// A log: the segments of one folder, our own or an adopted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct LogId(u32);

/// How far a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Left behind by a dead instance, and not read to its end.
    Unread,
    /// Records are being added by the writer.
    Growing,
    /// All its records are known.
    Sealed,
}

/// What must happen to a file or folder that is not needed any more.
#[derive(Debug)]
pub(super) enum Gone {
    Segment(PathBuf),
    /// It held damage; it is kept aside for a person to look at.
    Damaged(PathBuf),
    Folder(Arc<Folder>),
}

/// What shedding a segment gave up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) log: LogId,
    pub(super) segment: u64,
    /// Closed exchanges that will never be delivered.
    pub(super) records: u64,
    pub(super) path: PathBuf,
}

/// All logs.
#[derive(Default)]
pub(super) struct Ledger {
    logs: BTreeMap<LogId, Log>,
    next: u32,
    bytes: u64,
    records: u64,
    /// Segments in [`Phase::Unread`].
    unread: u64,
}

struct Log {
    folder: Arc<Folder>,
    segments: VecDeque<Segment>,
    /// No segment will be added.
    complete: bool,
}

struct Segment {
    number: u64,
    path: PathBuf,
    bytes: u64,
    phase: Phase,
    damaged: bool,
    /// Not released.
    closes: u32,
    opens: u32,
    /// Closes in the file that the back lane was not given yet.
    waiting: u32,
    /// Closes that were ever registered.
    seen: u32,
    released: Bits,
    /// Which records are closes; the others are opens.
    is_close: Bits,
    /// Since when records from this index on are here; at most one a second.
    marks: Vec<(u32, Timestamp)>,
    gone: Arc<AtomicBool>,
}

impl Ledger {
    pub(super) fn add_log(&mut self, folder: Arc<Folder>) -> LogId {
        let id = LogId(self.next);
        self.next += 1;
        self.logs.insert(id, Log { folder, segments: VecDeque::new(), complete: false });
        id
    }

    /// Adds the next segment of our own log; the flag it returns says when the file is not needed any more.
    pub(super) fn add_segment(&mut self, log: LogId, number: u64, path: PathBuf, bytes: u64) -> Arc<AtomicBool> {
        self.add(log, number, path, bytes, Phase::Growing)
    }

    /// Adds the next segment of an adopted log, whose records are registered as they are read.
    pub(super) fn add_unread(&mut self, log: LogId, number: u64, path: PathBuf, bytes: u64) {
        self.add(log, number, path, bytes, Phase::Unread);
    }

    fn add(&mut self, log: LogId, number: u64, path: PathBuf, bytes: u64, phase: Phase) -> Arc<AtomicBool> {
        let gone = Arc::new(AtomicBool::new(false));
        if let Some(log) = self.logs.get_mut(&log) {
            self.bytes += bytes;
            self.unread += u64::from(phase == Phase::Unread);
            log.segments.push_back(Segment {
                number,
                path,
                bytes,
                phase,
                damaged: false,
                closes: 0,
                opens: 0,
                waiting: 0,
                seen: 0,
                released: Bits::default(),
                is_close: Bits::default(),
                marks: Vec::new(),
                gone: Arc::clone(&gone),
            });
        }
        gone
    }

    /// The file of a segment grew.
    pub(super) fn grew(&mut self, log: LogId, number: u64, bytes: u64) {
        if let Some(segment) = segment(&mut self.logs, log, number) {
            segment.bytes += bytes;
            self.bytes += bytes;
        }
    }

    /// Registers a record, unless its segment was shed meanwhile.
    pub(super) fn record(&mut self, at: Position, kind: Kind, now: Timestamp) -> Registered {
        let Some(segment) = segment(&mut self.logs, at.log, at.segment) else { return Registered::SegmentGone };
        match kind {
            Kind::Open => segment.opens += 1,
            Kind::Close => {
                segment.closes += 1;
                segment.waiting += 1;
                segment.seen += 1;
                segment.is_close.set(at.index);
            }
        }
        self.records += 1;
        let due = segment.marks.last().is_none_or(|(_, last)| now.unix_us() - last.unix_us() >= 1_000_000);
        if due {
            segment.marks.push((at.index, now));
        }
        Registered::Yes
    }

    /// `records` closes of a segment were given to the back lane; says whether the segment is still there.
    pub(super) fn handed_over(&mut self, log: LogId, number: u64, records: u32) -> Registered {
        let Some(segment) = segment(&mut self.logs, log, number) else { return Registered::SegmentGone };
        segment.waiting = segment.waiting.saturating_sub(records);
        Registered::Yes
    }

    /// Releases a record, once however often it is asked; says whether a segment may now go or move on.
    pub(super) fn release(&mut self, at: Position) -> Released {
        let Some(log) = self.logs.get_mut(&at.log) else { return Released::NothingToDo };
        let Ok(found) = log.segments.binary_search_by_key(&at.segment, |s| s.number) else {
            return Released::NothingToDo;
        };
        let segment = &mut log.segments[found];
        if !segment.released.set(at.index) {
            return Released::NothingToDo;
        }
        let left = if segment.is_close.has(at.index) { &mut segment.closes } else { &mut segment.opens };
        *left = left.saturating_sub(1);
        self.records = self.records.saturating_sub(1);
        if found == 0 && segment.phase == Phase::Sealed && segment.closes == 0 {
            if segment.opens == 0 { Released::SegmentDone } else { Released::OnlyOpensLeft }
        } else {
            Released::NothingToDo
        }
    }

    /// Gives up the closes among records that turned out to be damaged; returns how many there were.
    pub(super) fn lose(&mut self, log: LogId, number: u64, records: std::ops::Range<u32>) -> u32 {
        let Some(segment) = segment(&mut self.logs, log, number) else { return 0 };
        let mut lost = 0;
        for index in records {
            if segment.is_close.has(index) && segment.released.set(index) {
                lost += 1;
            }
        }
        if lost > 0 {
            segment.damaged = true;
        }
        segment.closes = segment.closes.saturating_sub(lost);
        segment.waiting = segment.waiting.saturating_sub(lost);
        self.records = self.records.saturating_sub(u64::from(lost));
        lost
    }

    /// Where a segment is; `None` once it is gone.
    pub(super) fn path(&self, log: LogId, number: u64) -> Option<PathBuf> {
        let segments = &self.logs.get(&log)?.segments;
        let found = segments.binary_search_by_key(&number, |s| s.number).ok()?;
        segments.get(found).map(|s| s.path.clone())
    }

    /// No record will be added to this segment.
    pub(super) fn seal(&mut self, log: LogId, number: u64) {
        if let Some(segment) = segment(&mut self.logs, log, number) {
            let was = std::mem::replace(&mut segment.phase, Phase::Sealed);
            self.unread -= u64::from(was == Phase::Unread);
        }
    }

    /// No segment will be added to this log.
    pub(super) fn complete(&mut self, log: LogId) {
        if let Some(log) = self.logs.get_mut(&log) {
            log.complete = true;
        }
    }

    /// The file is kept aside instead of removed.
    pub(super) fn damaged(&mut self, log: LogId, number: u64) {
        if let Some(segment) = segment(&mut self.logs, log, number) {
            segment.damaged = true;
        }
    }

    /// Takes out what is not needed any more; the caller removes it in this order.
    pub(super) fn reap(&mut self) -> Vec<Gone> {
        let mut gone = Vec::new();
        let bytes = &mut self.bytes;
        self.logs.retain(|_, log| {
            while log.segments.front().is_some_and(Segment::is_done) {
                let Some(segment) = log.segments.pop_front() else { break };
                *bytes = bytes.saturating_sub(segment.bytes);
                segment.gone.store(true, Ordering::Relaxed);
                gone.push(if segment.damaged { Gone::Damaged(segment.path) } else { Gone::Segment(segment.path) });
            }
            let finished = log.complete && log.segments.is_empty();
            if finished {
                gone.push(Gone::Folder(Arc::clone(&log.folder)));
            }
            !finished
        });
        gone
    }

    /// The oldest segment of a log, where nothing but at most `most` open records keeps it.
    pub(super) fn carry_candidate(&self, log: LogId, most: u32) -> Option<u64> {
        let front = self.logs.get(&log)?.segments.front()?;
        let only_opens = front.phase == Phase::Sealed && front.closes == 0 && front.opens > 0;
        (only_opens && front.opens <= most).then_some(front.number)
    }

    /// The segment that shedding would take next: adopted logs before our own, the oldest first, never a growing one of
    /// our own. Says how many of its closes are known, if all are.
    pub(super) fn shed_candidate(&self, own: Option<LogId>) -> Option<ShedCandidate> {
        let adopted = self.logs.iter().filter(|(id, _)| Some(**id) != own);
        let ours = self.logs.iter().filter(|(id, _)| Some(**id) == own);
        adopted.chain(ours).find_map(|(id, log)| {
            let front = log.segments.front()?;
            let is_own = Some(*id) == own;
            let whole = front.phase == Phase::Sealed;
            (whole || !is_own).then(|| ShedCandidate {
                log: *id,
                segment: front.number,
                path: front.path.clone(),
                opens: front.opens,
                unknown: if whole { Unknown::Nothing } else { Unknown::Records },
            })
        })
    }

    /// Gives a segment up; `all_closes` is how many its file holds, where not all were registered.
    pub(super) fn shed(&mut self, log: LogId, number: u64, all_closes: Option<u32>) -> Option<Lost> {
        let segments = &mut self.logs.get_mut(&log)?.segments;
        if segments.front()?.number != number {
            return None;
        }
        let segment = segments.pop_front()?;
        self.bytes = self.bytes.saturating_sub(segment.bytes);
        self.records = self.records.saturating_sub(u64::from(segment.closes) + u64::from(segment.opens));
        self.unread -= u64::from(segment.phase == Phase::Unread);
        segment.gone.store(true, Ordering::Relaxed);
        let unread = all_closes.map_or(0, |all| all.saturating_sub(segment.seen));
        Some(Lost { log, segment: number, records: u64::from(segment.waiting) + u64::from(unread), path: segment.path })
    }

    /// Bytes on disk.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Records that are still needed. Nobody knows what a segment holds that is not read to its end: it counts as one more,
    /// so that there are none only when everything is stored.
    pub(super) fn records(&self) -> u64 {
        self.records + self.unread
    }

    /// Says whether an adopted segment is not read to its end.
    pub(super) fn has_unread(&self) -> bool {
        self.unread > 0
    }

    /// Since when the oldest record that is still needed is here.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.logs.values().filter_map(|log| log.segments.iter().find_map(Segment::oldest)).min()
    }
}

/// Whether the ledger still knows the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registered {
    Yes,
    SegmentGone,
}

/// What releasing a record made possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Released {
    NothingToDo,
    SegmentDone,
    OnlyOpensLeft,
}

/// What would be shed next.
pub(super) struct ShedCandidate {
    pub(super) log: LogId,
    pub(super) segment: u64,
    pub(super) path: PathBuf,
    pub(super) opens: u32,
    pub(super) unknown: Unknown,
}

/// Whether the file of a segment holds records that were not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    Nothing,
    Records,
}

impl Segment {
    fn is_done(&self) -> bool {
        self.phase == Phase::Sealed && self.closes == 0 && self.opens == 0
    }

    fn oldest(&self) -> Option<Timestamp> {
        if self.closes == 0 && self.opens == 0 {
            return None;
        }
        let first = self.released.first_unset();
        let after = self.marks.partition_point(|(index, _)| *index <= first);
        self.marks.get(after.saturating_sub(1)).map(|(_, at)| *at)
    }
}

fn segment(logs: &mut BTreeMap<LogId, Log>, log: LogId, number: u64) -> Option<&mut Segment> {
    let segments = &mut logs.get_mut(&log)?.segments;
    let found = segments.binary_search_by_key(&number, |s| s.number).ok()?;
    segments.get_mut(found)
}

mod bits;
#[cfg(test)]
mod tests;
