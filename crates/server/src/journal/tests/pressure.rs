//! More exchanges than the disk takes: clients are slowed down, nothing is lost, memory has a bound.

use std::sync::{Condvar, OnceLock};

use futures_util::future::join_all;

use super::*;

/// A disk that finishes a write only when `may` says so.
fn disk_that(may: impl Fn() -> bool + Send + Sync + 'static) -> Disk {
    Disk::with_faults(move |op| {
        while op == Op::Write && !may() {
            std::thread::yield_now();
        }
        None
    })
}

/// One that stands still while it is shut.
#[derive(Default)]
struct Valve {
    shut: Mutex<bool>,
    moved: Condvar,
}

impl Valve {
    fn set(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.moved.notify_all();
    }

    fn disk(self: &Arc<Self>) -> Disk {
        let valve = Arc::clone(self);
        Disk::with_faults(move |op| {
            if op == Op::Write {
                drop(valve.moved.wait_while(valve.shut.lock().unwrap(), |shut| *shut).unwrap());
            }
            None
        })
    }
}

fn large(n: u64, bytes: usize) -> Closed {
    let mut record = closed(n);
    record.request.head = Bytes::from(vec![b'x'; bytes]);
    record.request.total_bytes = bytes as u64;
    record
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// Threads with tasks that send exchanges as fast as they are let, against a disk (or a back lane) that moves only
/// when somebody has to wait for it, so that the queue is always as full as it gets.
fn hammer(mode: Mode, body: usize) {
    const THREADS: u64 = 4;
    const TASKS: u64 = 8;
    const EACH: u64 = 12;
    let mut bad = Bad::new(Fsync::Never);
    bad.options.mode = mode;
    bad.options.max_bytes = 256 << 20;
    (bad.options.queue_bytes, bad.options.delivery_bytes) = (256 << 10, 256 << 10);
    let sent_all = Arc::new(AtomicBool::new(false));
    let journal = Arc::new(OnceLock::<Journal>::new());
    let somebody_waits = {
        let (sent_all, journal) = (Arc::clone(&sent_all), Arc::clone(&journal));
        // Before the journal is open it makes its first segment.
        move || sent_all.load(Ordering::SeqCst) || journal.get().is_none_or(|j| j.status().waiting > 0)
    };
    let tuning = Tuning { patience: Duration::from_secs(60), ..Tuning::for_size(bad.options.max_bytes) };
    let (opened_journal, deliveries) = bad.open_tuned(disk_that(somebody_waits.clone()), tuning);
    let journal = journal.get_or_init(|| opened_journal);
    let most = AtomicUsize::new(0);
    let mut got = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..THREADS)
            .map(|thread| {
                let most = &most;
                scope.spawn(move || {
                    block_on(join_all((0..TASKS).map(|task| async move {
                        for n in 0..EACH {
                            let n = (thread * TASKS + task) * EACH + n;
                            assert_eq!(journal.admit(body).await, Ok(Room::Promised));
                            journal.opened(Arc::new(opened(n)));
                            tokio::task::yield_now().await;
                            journal.closed(large(n, body));
                            most.fetch_max(journal.0.gate.bytes(), Ordering::SeqCst);
                        }
                    })));
                })
            })
            .collect();
        let done = Arc::clone(&sent_all);
        scope.spawn(move || {
            senders.into_iter().for_each(|sender| sender.join().unwrap());
            done.store(true, Ordering::SeqCst);
        });
        let mut got = Vec::new();
        while got.len() < usize::try_from(THREADS * TASKS * EACH).unwrap() {
            if mode == Mode::Memory && !somebody_waits() {
                std::thread::yield_now();
                continue;
            }
            got.extend(take(&deliveries, 1));
        }
        got
    });
    journal.flush();
    got.sort();
    assert_eq!(got, expected(0..THREADS * TASKS * EACH), "each exactly once");
    let status = journal.status();
    assert_eq!((status.shed_queue, status.shed_cap, status.shed_memory), (0, 0, 0));
    let one = memory_bytes(&large(0, body)) + memory_bytes_of_open(&opened(0));
    let bound = (256 << 10) + usize::try_from(THREADS * TASKS).unwrap() * one;
    let most = most.into_inner();
    assert!((256 << 10..=bound).contains(&most), "{most} of at most {bound}");
    assert_eq!(journal.0.gate.bytes(), 0, "all of it left");
}

#[test]
fn a_slow_disk_slows_clients_and_loses_nothing() {
    hammer(Mode::Disk, 20_000);
}

#[test]
fn a_slow_disk_with_records_larger_than_the_queue_loses_nothing() {
    hammer(Mode::Disk, 400_000);
}

#[test]
fn without_a_disk_a_slow_back_lane_slows_clients_and_loses_nothing() {
    hammer(Mode::Memory, 20_000);
}

#[test]
fn a_back_lane_that_is_behind_slows_clients_before_the_cap_takes_a_record() {
    const COUNT: u64 = 400;
    let mut bad = Bad::new(Fsync::Never);
    // 400 records of 20 KB through a journal of 1 MiB: without waiting most of them would be given up.
    (bad.options.max_bytes, bad.options.delivery_bytes) = (1 << 20, 64 << 10);
    let tuning = Tuning { patience: Duration::from_secs(60), ..Tuning::for_size(bad.options.max_bytes) };
    let (journal, deliveries) = bad.open_tuned(Disk::default(), tuning);
    let sent_all = AtomicBool::new(false);
    let mut got = std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..COUNT {
                assert_eq!(block_on(journal.admit(20_000)), Ok(Room::Promised));
                journal.closed(large(n, 20_000));
                journal.flush();
            }
            sent_all.store(true, Ordering::SeqCst);
        });
        let mut got = Vec::new();
        while got.len() < usize::try_from(COUNT).unwrap() {
            // The back lane moves only when somebody waits for it, and at the end.
            if journal.status().waiting == 0 && !sent_all.load(Ordering::SeqCst) {
                std::thread::yield_now();
                continue;
            }
            let more = deliveries.next(8, Duration::from_secs(20));
            assert!(!more.is_empty(), "{} of {COUNT}", got.len());
            deliveries.release(&more.iter().map(|d| d.receipt).collect::<Vec<_>>());
            got.extend(more.into_iter().map(|d| match d.entry {
                Entry::Closed(closed) => closed.opened.id,
                Entry::Interrupted(opened) => opened.id,
            }));
        }
        got
    });
    got.sort();
    assert_eq!(got, expected(0..COUNT));
    let status = journal.status();
    assert_eq!((status.shed_queue, status.shed_cap, status.shed_memory), (0, 0, 0));
}

#[test]
fn a_queue_larger_than_the_cap_does_not_pass_it() {
    let mut bad = Bad::new(Fsync::Never);
    (bad.options.max_bytes, bad.options.delivery_bytes) = (1 << 20, 64 << 10);
    let tuning = Tuning::for_size(bad.options.max_bytes);
    let (valve, most, root) = (Arc::new(Valve::default()), Arc::new(AtomicUsize::new(0)), bad.options.path.clone());
    let disk = {
        let (valve, most) = (Arc::clone(&valve), Arc::clone(&most));
        Disk::with_faults(move |op| {
            if op == Op::Write {
                most.fetch_max(size_of_files(&root), Ordering::SeqCst);
                drop(valve.moved.wait_while(valve.shut.lock().unwrap(), |shut| *shut).unwrap());
            }
            None
        })
    };
    let (journal, deliveries) = bad.open_tuned(disk, tuning);
    journal.flush();
    valve.set(true);
    for n in 0..200 {
        journal.closed(large(n, 20_000));
    }
    valve.set(false);
    journal.flush();
    let most = u64::try_from(most.load(Ordering::SeqCst)).unwrap();
    let batch = tuning.segment_bytes + 2 * u64::try_from(tuning.batch_bytes).unwrap();
    assert!(most <= bad.options.max_bytes + batch, "{most} bytes on disk");
    // What was handed over before its segment went is not lost.
    let handed_over = u64::try_from(deliveries.next(1000, Duration::from_secs(20)).len()).unwrap();
    let status = journal.status();
    assert!(status.shed_cap > 0, "{status:?}");
    assert_eq!(status.shed_cap + status.records + handed_over, 200, "{status:?}");
}

#[test]
fn what_is_on_disk_leaves_half_of_the_memory_to_the_way_to_the_store() {
    let mut bad = Bad::new(Fsync::Never);
    let one = memory_bytes(&closed(0));
    bad.options.delivery_bytes = 10 * one;
    let (journal, deliveries) = bad.open(Disk::default());
    for n in 0..20 {
        journal.closed(closed(n));
        journal.flush();
        assert!(journal.0.outbox.size().bytes <= 5 * one, "{:?}", journal.0.outbox.size());
    }
    assert_eq!(take(&deliveries, 20), expected(0..20));
}

fn size_of_files(root: &std::path::Path) -> usize {
    let files =
        std::fs::read_dir(root).into_iter().flatten().flatten().flat_map(|folder| std::fs::read_dir(folder.path()));
    files.flatten().flatten().filter_map(|file| Some(usize::try_from(file.metadata().ok()?.len()).unwrap())).sum()
}

#[test]
fn a_disk_that_stands_still_delays_once_then_forwarding_goes_on_and_comes_back() {
    let valve = Arc::new(Valve::default());
    let mut bad = Bad::new(Fsync::Never);
    bad.options.queue_bytes = 64 << 10;
    let tuning = Tuning { patience: Duration::from_millis(1), ..Tuning::for_size(bad.options.max_bytes) };
    let (journal, deliveries) = bad.open_tuned(valve.disk(), tuning);
    journal.flush();
    valve.set(true);
    let mut promised = 0;
    while block_on(journal.admit(1000)) == Ok(Room::Promised) {
        journal.closed(large(promised, 1000));
        promised += 1;
    }
    assert!(journal.status().degraded.is_some_and(|why| why.contains("wait to be written")));
    assert_eq!(journal.admit_now(), Some(Room::NotPromised), "nobody waits any more");
    // Without a promise what happened is kept as long as there is room for it, and what was said is not.
    let mut kept = promised;
    while journal.status().shed_memory == 0 {
        journal.closed_without_room(large(kept, 1000));
        kept += 1;
    }
    assert!(kept - promised > 2, "{} found room", kept - promised);
    assert_eq!(journal.status().shed_queue, 0);
    valve.set(false);
    let mut whole = 0;
    for _ in 0..kept - 1 {
        let more = deliveries.next(1, Duration::from_secs(20));
        let Some(Entry::Closed(record)) = more.into_iter().next().map(|d| d.entry) else { panic!("{kept} come") };
        whole += u64::from(record.request.is_whole());
        assert_eq!(record.request.total_bytes, 1000);
    }
    assert_eq!(whole, promised);
    journal.flush();
    assert_eq!(journal.status().degraded, None);
    assert_eq!(journal.admit_now(), Some(Room::Promised));
}

#[test]
fn a_disk_that_moves_too_slowly_for_the_traffic_refuses_and_keeps_a_small_record() {
    let mut bad = Bad::new(Fsync::Never);
    bad.options.queue_bytes = 64 << 10;
    // Each look takes a sixteenth of the queue and more away from under whoever waits, and never enough.
    let gate = gate::Gate::new(64 << 10, u64::MAX, Duration::from_millis(1));
    gate.entered(1 << 20);
    let waited = block_on(async {
        let move_on = async {
            gate.left(8 << 10);
        };
        futures_util::future::join(gate.wait(1000), move_on).await.0
    });
    assert_eq!(waited, gate::Waited::InVain);

    let valve = Arc::new(Valve::default());
    let (journal, deliveries) = bad.open_tuned(valve.disk(), Tuning::for_size(bad.options.max_bytes));
    journal.flush();
    valve.set(true);
    journal.closed(large(0, 70_000));
    journal.closed_without_room(large(1, 70_000));
    valve.set(false);
    let records: Vec<_> = [1, 1]
        .into_iter()
        .flat_map(|one| deliveries.next(one, Duration::from_secs(20)))
        .map(|d| match d.entry {
            Entry::Closed(record) => (record.request.head.len(), record.request.total_bytes),
            Entry::Interrupted(_) => panic!("it ended"),
        })
        .collect();
    assert_eq!(records, [(70_000, 70_000), (0, 70_000)]);
}
