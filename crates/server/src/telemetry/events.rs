//! Everything worth counting or logging on its way through, one function each: it counts and it logs.

mod cached;

use std::{sync::Arc, time::Duration};

use llmtrace_model::{EndReason, Money, Usage};
use llmtrace_store::{Backlog, Error, ErrorKind};

use super::{
    metrics::{ApiLabels, ExchangeLabels, Metrics, TokenLabels},
    series::{Series, Spent},
};

/// Counts and logs what happens. Cheap to clone; every room gets one from boot.
#[derive(Clone)]
pub struct Events(Arc<Metrics>);

/// Why a record was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shed {
    /// `journal.max_bytes` was reached; the oldest records went.
    JournalCap,
    /// The queue in front of the journal was full.
    JournalQueue,
    /// The disk refused and the memory kept instead was full.
    Memory,
    /// The store refused the row for good.
    DeadLetter,
}

impl Shed {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::JournalCap, Self::JournalQueue, Self::Memory, Self::DeadLetter];

    /// The label value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JournalCap => "journal_cap",
            Self::JournalQueue => "journal_queue",
            Self::Memory => "memory",
            Self::DeadLetter => "dead_letter",
        }
    }
}

/// Why something on the wire never became a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rejected {
    /// `max_connections` was reached.
    TooManyConnections,
    /// The TLS handshake failed.
    Tls,
    /// The head was malformed, too large or too slow.
    BadHead,
}

impl Rejected {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::TooManyConnections, Self::Tls, Self::BadHead];

    const fn as_str(self) -> &'static str {
        match self {
            Self::TooManyConnections => "too_many_connections",
            Self::Tls => "tls",
            Self::BadHead => "bad_head",
        }
    }
}

/// A step of the front lane whose own time is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Reading and inspecting the request (without waiting for the client).
    Parse,
    /// Rate limits and reservations.
    Limits,
    /// Detection before sending.
    Guard,
    /// Opening a connection upstream.
    Connect,
}

impl Step {
    /// Every step, in their order.
    pub const ALL: [Self; 4] = [Self::Parse, Self::Limits, Self::Guard, Self::Connect];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Limits => "limits",
            Self::Guard => "guard",
            Self::Connect => "connect",
        }
    }
}

impl Events {
    /// Counts into `metrics`.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self(metrics)
    }

    /// The metrics, for `/metrics`.
    pub fn metrics(&self) -> &Metrics {
        &self.0
    }

    /// An exchange was decoded and priced by the back lane.
    pub fn exchange_finished(
        &self,
        provider: &'static str,
        dialect: &'static str,
        http_status: Option<u16>,
        end_reason: EndReason,
        duration: Duration,
        first_token: Option<Duration>,
    ) {
        let status_class = http_status.map_or("none", status_class);
        let labels = ExchangeLabels { provider, dialect, status_class, end_reason: end_reason.as_str() };
        let find = || Series {
            requests: self.0.requests.get_or_create_owned(&labels),
            duration: self.0.duration.get_or_create_owned(&labels.of_durations()),
        };
        self.0.seen.with(&labels, find, |series| {
            series.requests.inc();
            series.duration.observe(duration.as_secs_f64());
        });
        if let Some(first) = first_token {
            self.0.first_token.get_or_create(&labels.of_durations()).observe(first.as_secs_f64());
        }
    }

    /// An exchange used something; `cost` is `None` where its model has no price.
    pub fn used(&self, provider: &'static str, usage: &Usage, cost: Option<Money>) {
        self.0.spent.with(&provider, Spent::default, |spent| {
            let buckets = Usage::BUCKETS.into_iter().zip(usage.buckets());
            for (n, (bucket, tokens)) in buckets.enumerate().filter(|(_, (_, tokens))| *tokens > 0) {
                let find = || self.0.tokens.get_or_create_owned(&TokenLabels { provider, bucket });
                spent.tokens.get(n, find).inc_by(tokens);
            }
            let label = [("provider", provider)];
            match cost {
                Some(cost) => {
                    let find = || self.0.cost_nano_usd.get_or_create_owned(&label);
                    spent.cost_nano_usd.get_or_init(find).inc_by(u64::try_from(cost.nanos()).unwrap_or(0));
                }
                None => {
                    self.0.unpriced.get_or_create(&label).inc();
                }
            }
        });
    }

    /// The tokens of an exchange were counted here, because its provider reported none.
    pub fn usage_estimated(&self, provider: &'static str) {
        self.0.estimated.get_or_create(&[("provider", provider)]).inc();
    }

    /// The proxy itself took `time` in `step`.
    pub fn overhead(&self, step: Step, time: Duration) {
        let find = || self.0.overhead.get_or_create_owned(&[("step", step.as_str())]);
        self.0.by_step.get(step as usize, find).observe(time.as_secs_f64());
    }

    /// Something on the wire never became a request.
    pub fn connection_rejected(&self, why: Rejected) {
        self.0.connections_rejected.get_or_create(&[("reason", why.as_str())]).inc();
        tracing::debug!(reason = why.as_str(), "connection rejected");
    }

    /// Something rare happened on the data path; `event` is a constant of the caller.
    pub fn notice(&self, event: &'static str) {
        self.0.notices.get_or_create(&[("event", event)]).inc();
        tracing::debug!(event, "notice");
    }

    /// Records were given up: the promise "nothing lost" met a bound.
    pub fn shed(&self, why: Shed, records: u64) {
        self.0.shed.get_or_create(&[("reason", why.as_str())]).inc_by(records);
    }

    /// What was given up so far, by reason.
    pub fn shed_so_far(&self) -> impl Iterator<Item = (Shed, u64)> {
        Shed::ALL.into_iter().map(|why| (why, self.0.shed.get_or_create(&[("reason", why.as_str())]).get()))
    }

    /// The API answered; `route` is one of its own list, never a caller's path.
    pub fn api_answered(&self, route: &'static str, http_status: u16, time: Duration) {
        let labels = ApiLabels { route, status_class: status_class(http_status) };
        self.0.api_requests.get_or_create(&labels).inc();
        self.0.api_seconds.get_or_create(&[("route", route)]).observe(time.as_secs_f64());
    }

    /// A read of the store was given up because it took too long.
    pub fn store_read_timed_out(&self, op: &'static str) {
        self.0.store_failures.get_or_create(&[("kind", ErrorKind::Timeout.as_str())]).inc();
        tracing::warn!(store.op = op, "a read of a store was given up");
    }

    /// A store operation took `time`.
    pub fn store_done(&self, op: &'static str, time: Duration) {
        self.0.store_seconds.get_or_create(&[("op", op)]).observe(time.as_secs_f64());
    }

    /// The store acknowledged `spans`.
    pub fn spans_stored(&self, spans: u64) {
        self.0.spans_stored.inc_by(spans);
    }

    /// How many spans the store has acknowledged.
    pub fn spans_stored_so_far(&self) -> u64 {
        self.0.spans_stored.get()
    }

    /// The store took spans, or did not; while it does not, they wait in the journal and are tried again.
    pub fn store_takes_spans(&self, takes: bool) {
        self.0.store_failing.set(i64::from(!takes));
    }

    /// Whether the store took the last spans it was given.
    pub fn does_store_take_spans(&self) -> bool {
        self.0.store_failing.get() == 0
    }

    /// The span store did a piece of the work that writes put off, in `time`; this is left.
    pub fn store_tended(&self, left: Backlog, time: Duration) {
        let Backlog { rollup_hours, text_spans } = left;
        for (kind, left) in [("rollup_hours", rollup_hours), ("text_spans", text_spans)] {
            let left = i64::try_from(left).unwrap_or(i64::MAX);
            self.0.store_backlog.get_or_create(&[("kind", kind)]).set(left);
        }
        self.store_done("tend", time);
    }

    /// A store operation failed; the caller decides about a retry and logs where it stops.
    pub fn store_failed(&self, error: &Error) {
        let kind: ErrorKind = error.kind;
        self.0.store_failures.get_or_create(&[("kind", kind.as_str())]).inc();
    }

    /// Size of what waits for the back lane in memory.
    pub fn queue_size(&self, records: usize, bytes: usize) {
        self.0.queue_records.set(clamp(records));
        self.0.queue_bytes.set(clamp(bytes));
    }

    /// How many exchanges wait for the back lane in memory.
    pub fn waiting_records(&self) -> u64 {
        u64::try_from(self.0.queue_records.get()).unwrap_or(0)
    }

    /// Size of what the store has not acknowledged.
    pub fn journal_size(&self, records: u64, bytes: u64) {
        self.0.journal_records.set(i64::try_from(records).unwrap_or(i64::MAX));
        self.0.journal_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Bytes that wait for the journal's writer.
    pub fn journal_queue_size(&self, bytes: usize) {
        self.0.journal_queue_bytes.set(clamp(bytes));
    }

    /// The journal's disk takes so little that waiting for it has no sense.
    pub fn journal_stalled(&self, bytes: usize) {
        self.notice("journal_stalled");
        self.0.journal_degraded.set(1);
        tracing::error!(journal.queue_bytes = bytes, "journal hardly moves, new exchanges do not wait for it");
    }

    /// The journal stopped writing to disk.
    pub fn journal_degraded(&self, cause: &(dyn std::error::Error + 'static)) {
        self.0.journal_degraded.set(1);
        tracing::error!(error = cause, "journal cannot write to disk, records are kept in memory only");
    }

    /// The journal writes to disk again.
    pub fn journal_recovered(&self) {
        self.0.journal_degraded.set(0);
        tracing::info!("journal writes to disk again");
    }

    /// The device refused to take what was written; the records are delivered all the same.
    pub fn journal_sync_failed(&self, cause: &(dyn std::error::Error + 'static)) {
        self.notice("journal_sync_failed");
        tracing::error!(error = cause, "journal cannot be forced to the device, a power loss may take records");
    }

    /// The journal reached its cap: once per episode.
    pub fn journal_cap_reached(&self, max_bytes: u64) {
        self.notice("journal_cap_reached");
        tracing::error!(journal.max_bytes = max_bytes, "journal is full, the oldest records are given up");
    }

    /// The journal has room again after giving up `records`.
    pub fn journal_cap_left(&self, records: u64) {
        tracing::warn!(journal.shed_records = records, "journal has room again");
    }

    /// The folder of another instance can neither be read nor judged; it stays as it is.
    pub fn journal_left_alone(&self, folder: &std::path::Path, why: &str) {
        self.notice("journal_left_alone");
        tracing::warn!(journal.folder = %folder.display(), why, "journal folder left as it is");
    }

    /// Records were replayed.
    pub fn journal_replayed(&self, records: u64) {
        self.0.journal_replayed.inc_by(records);
    }

    /// A record or segment was damaged and is kept aside.
    pub fn journal_damaged(&self, segment: &std::path::Path, what: &str) {
        self.0.journal_damaged.inc();
        tracing::warn!(journal.segment = %segment.display(), what, "damaged journal record skipped");
    }

    /// Counts one exchange in flight until the guard drops.
    pub fn in_flight(&self) -> Gauged {
        Gauged::new(&self.0, |m| &m.in_flight)
    }

    /// Counts one relayed stream until the guard drops.
    pub fn in_flight_stream(&self) -> Gauged {
        Gauged::new(&self.0, |m| &m.in_flight_streams)
    }

    /// Counts one listener of the live tail until the guard drops.
    pub fn tail_subscriber(&self) -> Gauged {
        Gauged::new(&self.0, |m| &m.tail_subscribers)
    }

    /// A listener of the live tail was too slow for a span.
    pub fn tail_dropped(&self) {
        self.0.tail_dropped.inc();
    }

    /// There are as many listeners of the live tail as may be.
    pub fn tail_refused(&self) {
        self.notice("tail_refused");
    }

    /// Counts one client connection until the guard drops.
    pub fn connection(&self) -> Gauged {
        Gauged::new(&self.0, |m| &m.connections)
    }

    /// Bytes of request bodies held in memory.
    pub fn buffered_bytes(&self, bytes: usize) {
        self.0.buffered_bytes.set(clamp(bytes));
    }
}

/// Counts one of something; dropped on every path, including cancellation.
pub struct Gauged {
    metrics: Arc<Metrics>,
    gauge: fn(&Metrics) -> &prometheus_client::metrics::gauge::Gauge,
}

impl Gauged {
    fn new(metrics: &Arc<Metrics>, gauge: fn(&Metrics) -> &prometheus_client::metrics::gauge::Gauge) -> Self {
        gauge(metrics).inc();
        Self { metrics: Arc::clone(metrics), gauge }
    }
}

impl Drop for Gauged {
    fn drop(&mut self) {
        (self.gauge)(&self.metrics).dec();
    }
}

const fn status_class(http_status: u16) -> &'static str {
    match http_status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

fn clamp(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
