//! What the journal's tests share: records, a folder, a crash.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test file takes what it needs")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use llmtrace_model::{EndReason, ExchangeId, TenantId, Timestamp, Timing};
use llmtrace_server::{
    clock::Clock,
    journal::{
        self, Closed, Deliveries, Delivery, Entry, Fsync, Journal, Labels, MasterKey, MasterKeys, Mode, Opened,
        Options, Recorded,
    },
    tasks::Tasks,
    telemetry::{Events, Metrics},
};

/// A folder for a journal, and how to open one on it.
pub struct Bench {
    dir: Arc<tempfile::TempDir>,
    pub options: Options,
    pub keys: MasterKeys,
    pub events: Events,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Options)) -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let mut options = Options {
            mode: Mode::Disk,
            max_bytes: 64 << 20,
            fsync: Fsync::Never,
            path: dir.path().join("journal"),
            queue_bytes: 64 << 20,
            delivery_bytes: 64 << 20,
        };
        change(&mut options);
        Self { dir, options, keys: MasterKey::new([7; 32]).into(), events: Events::new(Arc::new(Metrics::new())) }
    }

    pub fn open(&self) -> (Journal, Deliveries) {
        let events = self.events.clone();
        journal::open(self.options.clone(), self.keys.clone(), events, &Tasks::new(), &Clock::system()).unwrap()
    }

    /// What the disk holds if the process dies now, for a process that starts after.
    pub fn crash(&self) -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let path = dir.path().join("journal");
        copy(&self.options.path, &path);
        let options = Options { path, ..self.options.clone() };
        Self { dir, options, keys: self.keys.clone(), events: Events::new(Arc::new(Metrics::new())) }
    }

    /// Takes exactly `count` deliveries.
    pub fn take(&self, deliveries: &Deliveries, count: usize) -> Vec<Delivery> {
        let out = take_within(deliveries, count, Duration::from_secs(20));
        assert_eq!(out.len(), count, "deliveries within 20 s");
        out
    }

    /// How many instances left something.
    pub fn folders(&self) -> usize {
        self.instances().len()
    }

    pub fn instances(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.options.path) else { return Vec::new() };
        let all = entries.map(|e| e.unwrap().path());
        all.filter(|p| p.file_name().unwrap() != "damaged").collect()
    }

    /// Every segment, in order.
    pub fn segments(&self) -> Vec<PathBuf> {
        let mut all: Vec<_> = self.instances().iter().flat_map(|p| files(p)).collect();
        all.retain(|p| p.extension().is_some_and(|e| e == "seg"));
        all.sort();
        all
    }

    /// The value of a metric, 0 where it was never counted.
    pub fn metric(&self, name: &str) -> u64 {
        let text = self.events.metrics().render();
        let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// Damaged segments that were kept.
    pub fn aside(&self) -> usize {
        let folder = self.options.path.join("damaged");
        if folder.exists() { files(&folder).len() } else { 0 }
    }

    /// Waits until `done`; fails after 20 s.
    pub fn until(&self, done: impl Fn() -> bool) {
        let until = Instant::now() + Duration::from_secs(20);
        while !done() {
            assert!(Instant::now() < until, "not within 20 s; metrics:\n{}", self.events.metrics().render());
            std::thread::yield_now();
        }
    }

    pub fn until_metric(&self, name: &str, value: u64) {
        self.until(|| self.metric(name) >= value);
    }

    /// Waits until every folder that was adopted is worked off, given that all it held is released, or read if not.
    pub fn until_replayed(&self) {
        self.until_metric("llmtrace_notices_total{event=\"journal_adopted\"}", 1);
    }
}

pub fn take_within(deliveries: &Deliveries, count: usize, time: Duration) -> Vec<Delivery> {
    let until = Instant::now() + time;
    let mut out = Vec::new();
    while out.len() < count && Instant::now() < until {
        out.extend(deliveries.next(count - out.len(), until - Instant::now()));
    }
    out
}

pub fn files(path: &Path) -> Vec<PathBuf> {
    fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for path in files(from) {
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else if let Err(error) = fs::copy(&path, &target) {
            // The journal goes on while it is copied, and removes what it has released.
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{}: {error}", path.display());
        }
    }
}

pub fn opened(n: u64) -> Opened {
    let id = ExchangeId::mint(1_760_000_000_000 + n, [u8::try_from(n % 251).unwrap(); 10]);
    Opened {
        id,
        started_at: Timestamp::from_unix_us(1_760_000_000_000_000 + i64::try_from(n).unwrap()),
        tenant: TenantId::default_tenant(),
        trace_id: id.trace_id(),
        parent_span_id: None,
        client_address: Some("192.0.2.1".into()),
        labels: Labels { agent_id: Some("agent".into()), ..Labels::default() },
        upstream: "default".into(),
        upstream_host: "api.openai.com".into(),
        provider: None,
        method: "POST".into(),
        target: "/v1/chat/completions".into(),
        headers: vec![("content-type".into(), "application/json".into())],
    }
}

pub fn closed(n: u64, bytes: usize) -> Closed {
    let body = |salt: u64| {
        let mut state = n.wrapping_mul(31).wrapping_add(salt);
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        });
        let head: Bytes = noise.take(bytes / 2).collect();
        Recorded { total_bytes: head.len() as u64, head, tail: Bytes::new() }
    };
    Closed {
        opened: Arc::new(opened(n)),
        request: body(1),
        answer: None,
        response: body(2),
        end_reason: EndReason::Complete,
        error: None,
        timing: Timing::default(),
        meter: None,
    }
}

pub fn id(delivery: &Delivery) -> ExchangeId {
    match &delivery.entry {
        Entry::Closed(closed) => closed.opened.id,
        Entry::Interrupted(opened) => opened.id,
    }
}

pub fn ids<'a>(deliveries: impl IntoIterator<Item = &'a Delivery>) -> BTreeSet<ExchangeId> {
    deliveries.into_iter().map(id).collect()
}
