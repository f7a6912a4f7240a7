//! What is taken stands in the log, in order, whatever the store does meanwhile.

use std::{
    io,
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering},
};

use async_trait::async_trait;
use llmtrace_model::{AuditRecord, TenantScope, Timestamp};
use llmtrace_store::{AuditCursor, AuditFilter, Backend, Error, ErrorKind, MAX_AUDIT, MetaStore, Options, open_meta};
use tokio::sync::Semaphore;

use super::*;
use crate::telemetry::Metrics;

/// A log that opens, fails and refuses as a test says.
struct Ledger {
    kept: Arc<dyn MetaStore>,
    /// How many appends fail before one succeeds.
    failures: AtomicUsize,
    /// How many of them have written all the same.
    written_all_the_same: AtomicUsize,
    /// An append takes one of these.
    open: Semaphore,
}

/// The target that is refused for good.
const REFUSED: &str = "refused";

impl Ledger {
    fn error(kind: ErrorKind) -> Error {
        Error { kind, backend: Backend::Memory, op: "append audit", source: "as scripted".into() }
    }
}

#[async_trait]
impl AuditStore for Ledger {
    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<Vec<AuditRecord>, Error> {
        self.open.acquire().await.unwrap().forget();
        if entries.iter().any(|entry| entry.target == REFUSED) {
            return Err(Self::error(ErrorKind::Rejected));
        }
        let takes_one = |left: &AtomicUsize| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        };
        if takes_one(&self.failures) {
            if takes_one(&self.written_all_the_same) {
                self.kept.append_audit(entries).await?;
            }
            return Err(Self::error(ErrorKind::Unavailable));
        }
        self.kept.append_audit(entries).await
    }

    async fn audit(
        &self,
        scope: &TenantScope,
        filter: &AuditFilter,
        after: Option<&AuditCursor>,
        limit: usize,
    ) -> Result<Vec<AuditRecord>, Error> {
        self.kept.audit(scope, filter, after, limit).await
    }

    async fn audit_chain(&self, tenant: Option<&TenantId>, after: u64) -> Result<Vec<AuditRecord>, Error> {
        self.kept.audit_chain(tenant, after).await
    }

    async fn audit_heads(&self) -> Result<Vec<(Option<TenantId>, AuditHead)>, Error> {
        self.kept.audit_heads().await
    }
}

/// A trail whose writer runs, and the store below it.
struct Bench {
    trail: Trail,
    ledger: Arc<Ledger>,
    metrics: Arc<Metrics>,
    tasks: Tasks,
}

impl Bench {
    /// A store that lets so many appends through.
    async fn letting(appends: usize) -> Self {
        let kept = open_meta("test", "memory:", &Options::default()).await.unwrap();
        let ledger = Arc::new(Ledger {
            kept,
            failures: AtomicUsize::default(),
            written_all_the_same: AtomicUsize::default(),
            open: Semaphore::new(appends),
        });
        let metrics = Arc::new(Metrics::new());
        let (trail, writer) = Trail::new(Arc::clone(&ledger) as Arc<dyn AuditStore>, Events::new(Arc::clone(&metrics)));
        let tasks = Tasks::new();
        tasks.spawn("audit", writer.run(tasks.clone()));
        Self { trail, ledger, metrics, tasks }
    }

    async fn new() -> Self {
        Self::letting(Semaphore::MAX_PERMITS).await
    }

    /// The targets in a chain, in their order.
    async fn targets(&self, tenant: Option<&str>) -> Vec<String> {
        let tenant = tenant.map(|name| name.parse().unwrap());
        let (mut found, mut place) = (Vec::new(), 0);
        loop {
            let page = self.ledger.audit_chain(tenant.as_ref(), place).await.unwrap();
            let is_last = page.len() < MAX_AUDIT;
            place = page.last().map_or(place, |last| last.seq);
            found.extend(page.into_iter().map(|record| record.entry.target));
            if is_last {
                return found;
            }
        }
    }

    fn counted(&self, event: &str) -> bool {
        self.metrics.render().contains(&format!("llmtrace_notices_total{{event=\"{event}\"}} 1\n"))
    }
}

fn about(target: &str) -> AuditEntry {
    let clock = Clock::fixed(Timestamp::from_unix_us(1));
    AuditEntry { target: target.to_owned(), ..entry(&clock, Actor::System, None, "tests.run") }
}

#[tokio::test(start_paused = true)]
async fn entries_stand_in_the_order_in_which_they_were_taken() {
    let bench = Bench::new().await;
    let wanted: Vec<String> = (0..3 * BATCH + 7).map(|n| n.to_string()).collect();
    for target in &wanted {
        bench.trail.note(about(target)).unwrap();
    }
    bench.trail.flush().await;
    assert_eq!(bench.targets(None).await, wanted);
    bench.trail.record(AuditEntry { tenant: Some("a".parse().unwrap()), ..about("of a") }).await.unwrap();
    assert_eq!(bench.targets(Some("a")).await, ["of a"], "it stands there when the wait is over");
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_until_the_store_answers_and_stands_once() {
    let bench = Bench::new().await;
    bench.ledger.failures.store(3, Ordering::Relaxed);
    bench.ledger.written_all_the_same.store(2, Ordering::Relaxed);
    let started = Instant::now();
    bench.trail.record(about("a")).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_millis(100 + 200 + 400));
    assert_eq!(bench.targets(None).await, ["a"], "an answer that was lost makes no second line");
    assert!(bench.metrics.render().contains("llmtrace_store_failures_total{kind=\"unavailable\"} 3"));
    assert!(!bench.counted("audit_late"));
}

#[tokio::test(start_paused = true)]
async fn a_change_waits_five_seconds_and_its_line_comes_all_the_same() {
    let bench = Bench::letting(0).await;
    let started = Instant::now();
    bench.trail.record(about("late")).await.unwrap();
    assert_eq!(started.elapsed(), PATIENCE);
    assert!(bench.counted("audit_late"));
    bench.ledger.open.add_permits(9);
    bench.trail.flush().await;
    assert_eq!(bench.targets(None).await, ["late"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_takes_nothing_more_and_says_so() {
    let bench = Bench::letting(0).await;
    bench.trail.note(about("first")).unwrap();
    // The writer holds the first one, and waits.
    while bench.trail.queue.capacity() < MAX_WAITING {
        tokio::task::yield_now().await;
    }
    let taken = (0..2 * MAX_WAITING).take_while(|n| bench.trail.note(about(&n.to_string())).is_ok()).count();
    assert_eq!(taken, MAX_WAITING);
    assert!(bench.counted("audit_full"));
    let started = Instant::now();
    assert_eq!(bench.trail.record(about("change")).await, Err(TrailFull));
    assert_eq!(started.elapsed(), PATIENCE);
    assert!(bench.counted("audit_lost"), "a change that was made is in the log of the process at least");
    bench.ledger.open.add_permits(MAX_WAITING);
    bench.trail.flush().await;
    assert_eq!(bench.targets(None).await.len(), MAX_WAITING + 1, "what was taken is not lost");
}

#[tokio::test(start_paused = true)]
async fn what_the_store_refuses_for_good_takes_no_neighbour_along() {
    let bench = Bench::new().await;
    for target in ["a", REFUSED, "b"] {
        bench.trail.note(about(target)).unwrap();
    }
    bench.trail.flush().await;
    assert_eq!(bench.targets(None).await, ["a", "b"]);
    assert!(bench.counted("audit_lost"));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_away_ends_with_the_process() {
    let bench = Bench::new().await;
    bench.ledger.failures.store(usize::MAX, Ordering::Relaxed);
    bench.trail.note(about("a")).unwrap();
    assert!(timeout(Duration::from_secs(60), bench.trail.flush()).await.is_err());
    bench.tasks.stop();
    bench.tasks.drained().await;
    assert!(bench.counted("audit_lost"));
}

/// Where the log of the process goes.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    /// The heads that were told: tenant, place, hash.
    fn heads(&self) -> Vec<(String, u64, String)> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let told = lines.map(|line| line["fields"].clone()).filter(|line| line["message"] == "end of an audit chain");
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        told.map(|line| (text(&line["audit.tenant"]), line["audit.seq"].as_u64().unwrap(), text(&line["audit.hash"])))
            .collect()
    }
}

#[tokio::test(start_paused = true)]
async fn the_ends_of_the_chains_are_told_within_a_minute_and_at_the_end() {
    let paper = Paper::default();
    let to = paper.clone();
    let lines = tracing_subscriber::fmt().json().with_writer(move || to.clone()).finish();
    let _telling = tracing::subscriber::set_default(lines);
    let bench = Bench::new().await;
    let of_a = |target: &str| AuditEntry { tenant: Some("a".parse().unwrap()), ..about(target) };
    bench.trail.record(about("1")).await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!(paper.heads().len(), 1, "the first at once");
    for entry in [of_a("1"), of_a("2"), about("2")] {
        bench.trail.record(entry).await.unwrap();
    }
    tokio::task::yield_now().await;
    assert_eq!(paper.heads().len(), 1, "those of a minute together");
    tokio::time::advance(HEADS_EVERY).await;
    while paper.heads().len() < 3 {
        tokio::task::yield_now().await;
    }
    bench.trail.note(of_a("3")).unwrap();
    bench.trail.flush().await;
    tokio::task::yield_now().await;
    let told = paper.heads();
    let places: Vec<(&str, u64)> = told.iter().map(|(tenant, seq, _)| (tenant.as_str(), *seq)).collect();
    assert_eq!(places, [("", 1), ("", 2), ("a", 2), ("a", 3)]);
    let head = bench.ledger.audit_heads().await.unwrap()[1].1;
    assert_eq!(told[3].2, head.hash.to_string());
}
