//! What a dead instance left behind: counted from the first look on, and delivered by whoever lives when it dies.

use super::*;
use crate::journal::{
    adopt::{Step, adopt_orphans},
    disk::Folder,
    shared::Shared,
};

/// A folder with the records of these exchanges, and no instance.
fn left_behind(count: u64) -> Bad {
    let mut bad = Bad::new(Fsync::Never);
    // Each record alone takes the half of memory that adopted ones get.
    bad.options.delivery_bytes = memory_bytes(&closed(0));
    let (journal, _) = bad.open(Disk::default());
    for n in 0..count {
        journal.closed(closed(n));
    }
    journal.shutdown();
    // Elsewhere, because the threads of that instance may hold its lock a moment longer.
    let copy = bad.options.path.with_file_name("copy");
    for instance in std::fs::read_dir(&bad.options.path).unwrap().map(|e| e.unwrap().path()) {
        let to = copy.join(instance.file_name().unwrap());
        std::fs::create_dir_all(&to).unwrap();
        for file in std::fs::read_dir(&instance).unwrap().map(|e| e.unwrap().path()) {
            std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    }
    bad.options.path = copy;
    bad
}

impl Bad {
    /// A journal without threads: it does what the test says, when it says so.
    fn still(&self) -> Arc<Shared> {
        let (tuning, events) = (Tuning::for_size(self.options.max_bytes), Events::new(Arc::new(Metrics::new())));
        let (options, keys) = (self.options.clone(), self.keys.clone());
        Arc::new(Shared::new(options, tuning, keys, events, Clock::system(), Disk::default()))
    }
}

#[test]
fn no_moment_of_a_replay_looks_as_if_there_was_nothing_left() {
    let bad = left_behind(100);
    let shared = bad.still();
    assert!(shared.status().scanning, "nobody looked yet");
    let mut adoptions = adopt_orphans(&shared);
    shared.looked.store(true, Ordering::Release);
    assert_eq!(adoptions.len(), 1);
    let (mut got, mut step) = (Vec::new(), Step::Again);
    while step == Step::Again {
        let status = shared.status();
        assert!(status.records > 0 && status.bytes > 0, "{status:?} after {}", got.len());
        assert!(status.scanning, "{status:?} after {}", got.len());
        step = adoptions[0].step(&shared);
        // A store that is faster than the reader.
        let taken = shared.outbox.next(100, usize::MAX, Duration::ZERO);
        shared.release(&taken.iter().map(|d| d.receipt).collect::<Vec<_>>());
        got.extend(taken);
    }
    assert_eq!(got.len(), 100);
    let status = shared.status();
    assert_eq!((status.records, status.bytes, status.scanning), (0, 0, false));
}

#[test]
fn what_is_left_is_counted_when_the_journal_is_open() {
    let bad = left_behind(3);
    let (journal, deliveries) = bad.open(Disk::default());
    assert!(journal.status().records > 0, "{:?}", journal.status());
    assert_eq!(take(&deliveries, 3), expected(0..3));
}

#[test]
fn an_instance_that_dies_after_its_successor_started_is_adopted_by_it_soon() {
    let bad = left_behind(3);
    let path = std::fs::read_dir(&bad.options.path).unwrap().next().unwrap().unwrap().path();
    let alive = Folder::adopt(path).unwrap().expect("nobody holds it");
    let (_journal, deliveries) = bad.open(Disk::default());
    drop(alive);
    assert_eq!(take(&deliveries, 3), expected(0..3));
}

#[test]
fn a_shed_leftover_is_not_scanned_any_more() {
    let bad = left_behind(3);
    let shared = bad.still();
    let adoptions = adopt_orphans(&shared);
    shared.looked.store(true, Ordering::Release);
    assert_eq!(adoptions.len(), 1);
    let candidate = shared.ledger().shed_candidate(None).expect("it may be shed");
    cap::Cap::default().shed(&shared, None, &candidate);
    let status = shared.status();
    assert_eq!((status.records, status.bytes, status.scanning, status.shed_cap), (0, 0, false, 3));
}
