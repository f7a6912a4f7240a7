//! Measures the journal alone: `cargo run --release -p llmtrace-server --example journal_bench [FOLDER [ROW]]`; with ROW only
//! the loads whose names contain it.
//!
//! CPU is user and system time of the whole process, all threads, per exchange (open and close). The column `journal` is what
//! is left of it without the generator, which is measured by itself: the same loop that drops the records instead. So the
//! journal's share holds enqueueing, writing, delivering, and taking and releasing on the other side.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss, reason = "a measuring tool")]

use std::{
    collections::VecDeque,
    error::Error,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use llmtrace_model::{EndReason, TenantId, Timing};
use llmtrace_server::{
    clock::Clock,
    journal::{self, Closed, Deliveries, Entry, Fsync, Journal, Labels, MasterKey, Mode, Opened, Options, Recorded},
    tasks::Tasks,
    telemetry::{Events, Metrics},
};

/// The product's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let root = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from).join("llmtrace-journal-bench");
    let only = std::env::args().nth(2).unwrap_or_default();
    println!(
        "{:<34}{:>12}{:>12}{:>14}{:>14}{:>14}",
        "load", "journal µs", "generator", "enqueue p50", "p99", "commit p99"
    );
    for (name, fsync) in [("never", Fsync::Never), ("200 ms", Fsync::Interval(Duration::from_millis(200)))] {
        let loads = [(2_000, 20_000, 200_000), (20_000, 5_000, 50_000), (100_000, 1_000, 10_000), (2_000, 200, 2_000)];
        for (bytes, rate, count) in loads {
            let name = format!("{bytes} B at {rate}/s, fsync {name}");
            if !name.contains(&only) {
                continue;
            }
            let disk = load(&root, fsync, bytes, rate, count)?;
            let generator = generate(bytes, rate, count, |_| {}, drop).cpu_us(count);
            println!(
                "{:<34}{:>12.2}{:>12.2}{:>11} ns{:>11} ns{:>11} µs",
                name,
                disk.cpu_us - generator,
                generator,
                disk.enqueue_p50,
                disk.enqueue_p99,
                disk.commit_p99 / 1000,
            );
            if rate >= 1000 {
                println!("    bytes written per payload byte {:.4}", disk.written_per_payload);
            }
        }
    }
    if only.is_empty() {
        leftover(&root)?;
    }
    Ok(())
}

struct Measured {
    cpu_us: f64,
    enqueue_p50: u64,
    enqueue_p99: u64,
    commit_p99: u64,
    written_per_payload: f64,
}

/// A load through the journal; acknowledged as it is delivered.
fn load(root: &Path, fsync: Fsync, bytes: usize, rate: u64, count: u64) -> Result<Measured, Box<dyn Error>> {
    let threads_before = threads();
    let (journal, deliveries) = open(root, Mode::Disk, fsync)?;
    let done = AtomicBool::new(false);
    let acknowledged = AtomicU64::new(0);
    let measured = std::thread::scope(|scope| {
        let consumer = scope.spawn(|| consume(&deliveries, &done, &acknowledged));
        let written_before = written();
        let mut generated =
            generate(bytes, rate, count, |opened| journal.opened(Arc::clone(opened)), |closed| journal.closed(closed));
        while acknowledged.load(Ordering::Relaxed) < count {
            std::thread::sleep(Duration::from_millis(1));
        }
        let cpu_us = generated.cpu_us(count);
        let payload = (bytes as u64 + postcard_bytes(&Clock::system())) * count;
        let written_per_payload = (written() - written_before) as f64 / payload as f64;
        done.store(true, Ordering::Relaxed);
        let mut commit = consumer.join().unwrap();
        Measured {
            cpu_us,
            enqueue_p50: percentile(&mut generated.enqueue, 50),
            enqueue_p99: percentile(&mut generated.enqueue, 99),
            commit_p99: percentile(&mut commit, 99),
            written_per_payload,
        }
    });
    let status = journal.status();
    assert_eq!((status.shed_queue, status.shed_cap, status.shed_memory), (0, 0, 0));
    journal.shutdown();
    // Their CPU must not be counted into what is measured next, and vanish from it when they have ended.
    while threads() > threads_before {
        std::thread::sleep(Duration::from_millis(1));
    }
    clear(root)?;
    Ok(measured)
}

struct Generated {
    cpu_before: Duration,
    enqueue: Vec<Duration>,
}

impl Generated {
    /// CPU per exchange from the start of the load until now.
    fn cpu_us(&self, count: u64) -> f64 {
        (cpu() - self.cpu_before).as_secs_f64() * 1e6 / count as f64
    }
}

/// `count` exchanges at `rate` a second: opened, and closed 100 exchanges later.
fn generate(bytes: usize, rate: u64, count: u64, open: impl Fn(&Arc<Opened>), close: impl Fn(Closed)) -> Generated {
    let clock = Clock::system();
    let body = Bytes::from(noise(bytes / 2));
    let cpu_before = cpu();
    let start = Instant::now();
    let mut enqueue = Vec::with_capacity(usize::try_from(count * 2).unwrap());
    let mut in_flight = VecDeque::new();
    // In bursts of a millisecond: a sleep for each exchange would be most of what is measured.
    let burst = (rate / 1000).max(1);
    for n in 0..count {
        if n % burst == 0 {
            let due = start + Duration::from_nanos(n * 1_000_000_000 / rate);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        let opened = Arc::new(opened(&clock));
        let t = Instant::now();
        open(&opened);
        enqueue.push(t.elapsed());
        in_flight.push_back(opened);
        if in_flight.len() > 100
            && let Some(opened) = in_flight.pop_front()
        {
            let closed = closed(&opened, &body);
            let t = Instant::now();
            close(closed);
            enqueue.push(t.elapsed());
        }
    }
    for opened in in_flight {
        close(closed(&opened, &body));
    }
    Generated { cpu_before, enqueue }
}

/// How long from the mint of an exchange's close to its delivery, which follows the write.
fn consume(deliveries: &Deliveries, done: &AtomicBool, acknowledged: &AtomicU64) -> Vec<Duration> {
    let clock = Clock::system();
    let mut commit = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let some = deliveries.next(1024, Duration::from_millis(100));
        let now = clock.now().unix_us();
        for delivery in &some {
            let Entry::Closed(closed) = &delivery.entry else { continue };
            let closed_at = i64::try_from(closed.timing.duration_us).unwrap();
            commit.push(Duration::from_micros(u64::try_from(now - closed_at).unwrap_or(0)));
        }
        let receipts: Vec<_> = some.iter().map(|d| d.receipt).collect();
        deliveries.release(&receipts);
        acknowledged.fetch_add(some.len() as u64, Ordering::Relaxed);
    }
    commit
}

/// How soon a journal serves with 1 GiB left over, and how long reading that takes.
fn leftover(root: &Path) -> Result<(), Box<dyn Error>> {
    let clock = Clock::system();
    let (journal, deliveries) = open(root, Mode::Disk, Fsync::Never)?;
    let body = Bytes::from(noise(1000));
    let mut count = 0_u64;
    while journal.status().bytes < 1 << 30 {
        for _ in 0..1000 {
            journal.closed(closed(&Arc::new(opened(&clock)), &body));
        }
        count += 1000;
        journal.flush();
        // Nothing is acknowledged; what is in memory would only hide the disk.
        deliveries.next(1000, Duration::ZERO);
    }
    deliveries.close();
    journal.shutdown();
    drop((journal, deliveries));
    // The folder stays locked while anything of the old journal lives; a copy of it is what a crash leaves.
    let left = root.with_extension("left");
    std::fs::rename(root, &left)?;
    for instance in std::fs::read_dir(&left)? {
        std::fs::remove_file(instance?.path().join("lock"))?;
    }
    let start = Instant::now();
    let (journal, deliveries) = open(&left, Mode::Disk, Fsync::Never)?;
    journal.closed(closed(&Arc::new(opened(&clock)), &body));
    journal.flush();
    println!("serving after {:?} with {count} exchanges (1 GiB) left over", start.elapsed());
    let before = cpu();
    let mut got = 0;
    while got <= count {
        let some = deliveries.next(1024, Duration::from_secs(10));
        assert!(!some.is_empty(), "{got} of {count}");
        got += some.len() as u64;
        deliveries.release(&some.iter().map(|d| d.receipt).collect::<Vec<_>>());
    }
    println!(
        "replayed after {:?}, {:.2} µs CPU each",
        start.elapsed(),
        (cpu() - before).as_secs_f64() * 1e6 / got as f64
    );
    journal.shutdown();
    clear(&left)?;
    Ok(())
}

fn open(root: &Path, mode: Mode, fsync: Fsync) -> Result<(Journal, Deliveries), Box<dyn Error>> {
    let options = Options {
        mode,
        max_bytes: 2 << 30,
        fsync,
        path: root.to_owned(),
        queue_bytes: 64 << 20,
        delivery_bytes: 64 << 20,
    };
    let events = Events::new(Arc::new(Metrics::new()));
    Ok(journal::open(options, MasterKey::new([1; 32]), events, &Tasks::new(), &Clock::system())?)
}

fn opened(clock: &Clock) -> Opened {
    let now = clock.now();
    let id = clock.mint(now);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Opened {
        id,
        started_at: now,
        tenant: TenantId::default_tenant(),
        trace_id: id.trace_id(),
        parent_span_id: None,
        client_address: Some("127.0.0.1".into()),
        labels: Labels::default(),
        upstream: "default".into(),
        upstream_host: "api.openai.com".into(),
        provider: None,
        method: "POST".into(),
        target: "/v1/chat/completions".into(),
        headers: vec![header("content-type", "application/json"), header("user-agent", "OpenAI/Python 2.0.0")],
    }
}

/// Carries the time of its close where the journal does not look.
fn closed(opened: &Arc<Opened>, body: &Bytes) -> Closed {
    let half = || Recorded { head: body.clone(), tail: Bytes::new(), total_bytes: body.len() as u64 };
    let now = u64::try_from(Clock::system().now().unix_us()).unwrap();
    Closed {
        opened: Arc::clone(opened),
        request: half(),
        answer: None,
        response: half(),
        end_reason: EndReason::Complete,
        error: None,
        timing: Timing { duration_us: now, ..Timing::default() },
        meter: None,
    }
}

/// Size of what is recorded of an exchange besides its bodies: the open record, and the same again in the close.
fn postcard_bytes(clock: &Clock) -> u64 {
    let opened = Arc::new(opened(clock));
    let open = postcard::to_stdvec(&opened).unwrap().len();
    let close = postcard::to_stdvec(&closed(&opened, &Bytes::new())).unwrap().len();
    (open + close) as u64
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b'a' + state.to_be_bytes()[0] % 26
    })
    .take(bytes)
    .collect()
}

fn percentile(times: &mut [Duration], p: usize) -> u64 {
    times.sort_unstable();
    let at = (times.len() * p / 100).min(times.len().saturating_sub(1));
    times.get(at).map_or(0, |t| u64::try_from(t.as_nanos()).unwrap())
}

/// User and system time of this process, all its threads that live: the kernel counts them in nanoseconds, while
/// `/proc/self/stat` has hundredths of a second.
fn cpu() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let ran = |thread: std::io::Result<std::fs::DirEntry>| -> u64 {
        // A thread may end in between; the journal's end when nothing is measured.
        let Ok(text) = std::fs::read_to_string(thread.unwrap().path().join("schedstat")) else { return 0 };
        text.split(' ').next().unwrap().parse().unwrap()
    };
    Duration::from_nanos(threads.map(ran).sum())
}

/// The threads of this process.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Bytes this process gave to `write`.
fn written() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap();
    io.lines().find_map(|l| l.strip_prefix("wchar: ")).unwrap().parse().unwrap()
}

fn clear(root: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(root) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
