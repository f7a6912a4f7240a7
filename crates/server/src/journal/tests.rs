//! The journal on a bad disk: what no integration test can make a real one do.

use std::{
    io::ErrorKind,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use llmtrace_model::{EndReason, ExchangeId, TenantId, Timestamp, Timing};

use super::{
    disk::{Disk, Fault, Op},
    read::{Found, Opening, Scanner},
    shared::Tuning,
    *,
};
use crate::telemetry::Metrics;

fn opened(n: u64) -> Opened {
    let id = ExchangeId::mint(1_760_000_000_000 + n, [1; 10]);
    Opened {
        id,
        started_at: Timestamp::from_unix_us(1),
        tenant: TenantId::default_tenant(),
        trace_id: id.trace_id(),
        parent_span_id: None,
        labels: Labels::default(),
        client_address: None,
        upstream: "default".into(),
        provider: None,
        upstream_host: "h".into(),
        method: "POST".into(),
        target: "/v1/messages".into(),
        headers: Vec::new(),
    }
}

fn closed(n: u64) -> Closed {
    let body = Recorded { head: Bytes::from(vec![b'x'; 1000]), tail: Bytes::new(), total_bytes: 1000 };
    Closed {
        opened: Arc::new(opened(n)),
        request: body.clone(),
        answer: None,
        response: body,
        end_reason: EndReason::Complete,
        error: None,
        timing: Timing::default(),
        meter: None,
    }
}

struct Bad {
    _dir: tempfile::TempDir,
    options: Options,
    keys: MasterKeys,
}

impl Bad {
    fn new(fsync: Fsync) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            mode: Mode::Disk,
            max_bytes: 8 << 20,
            fsync,
            path: dir.path().join("journal"),
            queue_bytes: 8 << 20,
            delivery_bytes: 8 << 20,
        };
        Self { _dir: dir, options, keys: MasterKey::new([9; 32]).into() }
    }

    fn open(&self, disk: Disk) -> (Journal, Deliveries) {
        let tuning = Tuning { retry_every: Duration::ZERO, ..Tuning::for_size(self.options.max_bytes) };
        self.open_tuned(disk, tuning)
    }

    fn open_tuned(&self, disk: Disk, tuning: Tuning) -> (Journal, Deliveries) {
        let events = Events::new(Arc::new(Metrics::new()));
        open_on(disk, tuning, self.options.clone(), self.keys.clone(), events, &Tasks::new(), &Clock::system()).unwrap()
    }

    /// Every record on disk: segment file, index, and whether it closes.
    fn on_disk(&self) -> Vec<(PathBuf, u32, bool)> {
        let mut out = Vec::new();
        for instance in std::fs::read_dir(&self.options.path).unwrap() {
            let mut files: Vec<_> =
                std::fs::read_dir(instance.unwrap().path()).unwrap().map(|e| e.unwrap().path()).collect();
            files.sort();
            for path in files.into_iter().filter(|p| p.extension().is_some()) {
                let Opening::Readable(mut scanner) = Scanner::open(&path, &self.keys).unwrap() else {
                    panic!("readable")
                };
                loop {
                    match scanner.next().unwrap() {
                        Found::Record { kind, index, .. } => {
                            out.push((path.clone(), index, kind == segment::Kind::Close));
                        }
                        Found::Damaged(what) => panic!("{what} in {}", path.display()),
                        Found::End => break,
                    }
                }
            }
        }
        out
    }
}

fn take(deliveries: &Deliveries, count: usize) -> Vec<ExchangeId> {
    let mut out = Vec::new();
    while out.len() < count {
        let more = deliveries.next(count - out.len(), Duration::from_secs(20));
        assert!(!more.is_empty(), "{} of {count} within 20 s", out.len());
        out.extend(more.into_iter().map(|d| match d.entry {
            Entry::Closed(closed) => closed.opened.id,
            Entry::Interrupted(opened) => opened.id,
        }));
    }
    out
}

fn expected(range: std::ops::Range<u64>) -> Vec<ExchangeId> {
    range.map(|n| opened(n).id).collect()
}

#[test]
fn a_full_disk_degrades_to_memory_and_recovers_with_what_is_still_open() {
    let bad = Bad::new(Fsync::Never);
    let full = Arc::new(AtomicBool::new(false));
    let disk = {
        let full = Arc::clone(&full);
        Disk::with_faults(move |op| {
            let refuses = full.load(Ordering::SeqCst) && matches!(op, Op::Write | Op::Create);
            refuses.then_some(Fault { kind: ErrorKind::StorageFull, after_bytes: 0 })
        })
    };
    let (journal, deliveries) = bad.open(disk);
    journal.closed(closed(0));
    journal.flush();
    assert_eq!(journal.status().degraded, None);

    full.store(true, Ordering::SeqCst);
    journal.opened(Arc::new(opened(100)));
    journal.closed(closed(1));
    journal.flush();
    let why = journal.status().degraded.expect("the disk is full");
    assert!(why.contains("no storage space"), "{why}");
    assert_eq!(take(&deliveries, 2), expected(0..2), "nothing is lost while memory has room");

    full.store(false, Ordering::SeqCst);
    journal.closed(closed(2));
    journal.flush();
    assert_eq!(journal.status().degraded, None);
    assert_eq!(take(&deliveries, 1), expected(2..3));
    let records = bad.on_disk();
    assert_eq!(records.iter().filter(|(.., close)| !close).count(), 1, "the open exchange is protected again");
    assert_eq!(records.iter().filter(|(.., close)| *close).count(), 2);
}

#[test]
fn a_disk_that_never_worked_is_served_from_memory_up_to_its_bound() {
    let mut bad = Bad::new(Fsync::Never);
    bad.options.delivery_bytes = 10 * memory_bytes(&closed(0));
    let disk = Disk::with_faults(|op| {
        (op == Op::Folder).then_some(Fault { kind: ErrorKind::ReadOnlyFilesystem, after_bytes: 0 })
    });
    let (journal, deliveries) = bad.open(disk);
    for n in 0..15 {
        journal.closed(closed(n));
    }
    journal.flush();
    let status = journal.status();
    assert!(status.degraded.is_some());
    assert_eq!((status.records, status.shed_memory), (10, 5));
    assert_eq!(take(&deliveries, 10), expected(0..10));
}

#[test]
fn after_a_failed_write_the_segment_is_never_written_again() {
    for after_bytes in [0, 1, 17, 500, 100_000] {
        let bad = Bad::new(Fsync::Never);
        // Creation writes the head, then the first batch; the third write fails half-way.
        let writes = Arc::new(AtomicUsize::new(0));
        let disk = {
            let writes = Arc::clone(&writes);
            Disk::with_faults(move |op| {
                let third = op == Op::Write && writes.fetch_add(1, Ordering::SeqCst) == 2;
                third.then_some(Fault { kind: ErrorKind::Other, after_bytes })
            })
        };
        let (journal, deliveries) = bad.open(disk);
        for n in 0..3 {
            journal.closed(closed(n));
            journal.flush();
        }
        assert_eq!(take(&deliveries, 3), expected(0..3));
        let records = bad.on_disk();
        let files: Vec<_> = records.iter().map(|(path, ..)| path.clone()).collect();
        assert_eq!(files.len(), 3, "each record is on disk once");
        assert_ne!(files[0], files[1], "what failed went into a segment with a key of its own");
        assert_eq!(files[1], files[2]);
        // The half-written bytes used index 1 of the first segment: nothing else may.
        let first: Vec<_> = records.iter().filter(|(path, ..)| *path == files[0]).map(|(_, index, _)| *index).collect();
        assert_eq!(first, [0], "after {after_bytes} bytes");
    }
}

#[test]
fn with_fsync_each_names_and_records_are_forced_before_anything_is_delivered() {
    let bad = Bad::new(Fsync::Each);
    let ops = Arc::new(Mutex::new(Vec::new()));
    let disk = {
        let ops = Arc::clone(&ops);
        Disk::with_faults(move |op| {
            ops.lock().unwrap().push(op);
            None
        })
    };
    let (journal, deliveries) = bad.open(disk);
    journal.closed(closed(0));
    assert_eq!(take(&deliveries, 1), expected(0..1));
    let seen = ops.lock().unwrap().clone();
    // folder and its name; segment, its head and its name; the record and its bytes.
    assert_eq!(seen, [Op::Folder, Op::Sync, Op::Create, Op::Write, Op::Sync, Op::Write, Op::Sync]);
}

#[test]
fn with_an_interval_a_flush_forces_names_and_records() {
    let bad = Bad::new(Fsync::Interval(Duration::from_secs(3600)));
    let syncs = Arc::new(AtomicUsize::new(0));
    let disk = {
        let syncs = Arc::clone(&syncs);
        Disk::with_faults(move |op| {
            syncs.fetch_add(usize::from(op == Op::Sync), Ordering::SeqCst);
            None
        })
    };
    let (journal, deliveries) = bad.open(disk);
    journal.closed(closed(0));
    assert_eq!(take(&deliveries, 1), expected(0..1));
    assert_eq!(syncs.load(Ordering::SeqCst), 1, "only the folder's name, when it was made");
    journal.flush();
    assert_eq!(syncs.load(Ordering::SeqCst), 3, "the segment and its name");
}

#[test]
fn a_device_that_cannot_force_costs_the_segment_and_no_record() {
    let bad = Bad::new(Fsync::Interval(Duration::from_secs(3600)));
    let failing = Arc::new(AtomicBool::new(false));
    let disk = {
        let failing = Arc::clone(&failing);
        Disk::with_faults(move |op| {
            let fails = op == Op::Sync && failing.load(Ordering::SeqCst);
            fails.then_some(Fault { kind: ErrorKind::Other, after_bytes: 0 })
        })
    };
    let (journal, deliveries) = bad.open(disk);
    journal.closed(closed(0));
    assert_eq!(take(&deliveries, 1), expected(0..1));
    failing.store(true, Ordering::SeqCst);
    journal.flush();
    failing.store(false, Ordering::SeqCst);
    journal.closed(closed(1));
    journal.flush();
    assert_eq!(take(&deliveries, 1), expected(1..2));
    let records = bad.on_disk();
    assert_eq!(records.len(), 2);
    assert_ne!(records[0].0, records[1].0, "new records do not go where the device failed");
}

#[test]
fn with_fsync_each_a_failed_force_moves_the_batch_and_leaves_no_double() {
    let bad = Bad::new(Fsync::Each);
    let syncs = Arc::new(AtomicUsize::new(0));
    let disk = {
        let syncs = Arc::clone(&syncs);
        Disk::with_faults(move |op| {
            // The folder's name, the segment's name, then the first record.
            let third = op == Op::Sync && syncs.fetch_add(1, Ordering::SeqCst) == 2;
            third.then_some(Fault { kind: ErrorKind::Other, after_bytes: 0 })
        })
    };
    let (journal, deliveries) = bad.open(disk);
    journal.closed(closed(0));
    assert_eq!(take(&deliveries, 1), expected(0..1));
    assert_eq!(bad.on_disk().len(), 1);
}

#[test]
fn a_take_stops_at_its_bytes_and_takes_one_at_least() {
    let bad = Bad::new(Fsync::Never);
    let (journal, deliveries) = bad.open(Disk::default());
    for n in 0..6 {
        journal.closed(closed(n));
    }
    journal.flush();
    let one = memory_bytes(&closed(0));
    let take = |most_bytes| deliveries.next_within(10, most_bytes, Duration::from_secs(20)).len();
    assert_eq!([take(2 * one), take(3 * one - 1), take(1), take(usize::MAX)], [2, 2, 1, 1]);
}

/// What a record holds is part of the format: whoever changes it gives segments a new version and keeps a decoder of the
/// old one (or, before the first release, updates these numbers).
#[test]
fn the_shape_of_records_has_not_changed_unnoticed() {
    let mut buf = Vec::new();
    record::encode(&opened(1), record::Effort::Small, &mut buf).unwrap();
    record::encode(&closed(1), record::Effort::Small, &mut buf).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, &buf);
    assert_eq!((buf.len(), hex::encode(&digest.as_ref()[..8]).as_str()), (2179, "60fb3d946b1913e0"));
}

mod leftovers;
mod pressure;
