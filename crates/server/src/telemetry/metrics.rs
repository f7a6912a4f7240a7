//! Every metric, one field each. Labels have bounded values: never a tenant's text, a free-text model or an id.

use super::{
    events::Step,
    process::Process,
    series::{Fixed, Seen, Series, Spent},
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::{Registry, Unit},
};

/// One label with a bounded, static value.
pub(super) type Label = [(&'static str, &'static str); 1];

/// What a finished exchange is counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ExchangeLabels {
    pub(super) provider: &'static str,
    pub(super) dialect: &'static str,
    pub(super) status_class: &'static str,
    pub(super) end_reason: &'static str,
}

/// What durations are grouped by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ProviderLabels {
    pub(super) provider: &'static str,
    pub(super) dialect: &'static str,
}

/// What tokens are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TokenLabels {
    pub(super) provider: &'static str,
    pub(super) bucket: &'static str,
}

/// What an answer of the API is counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ApiLabels {
    pub(super) route: &'static str,
    pub(super) status_class: &'static str,
}

/// Every metric of the process. Made once by boot, shared by [`super::Events`].
pub struct Metrics {
    registry: Registry,
    /// Names without our prefix.
    process: Registry,
    pub(super) requests: Family<ExchangeLabels, Counter>,
    pub(super) duration: Family<ProviderLabels, Histogram>,
    pub(super) first_token: Family<ProviderLabels, Histogram>,
    pub(super) overhead: Family<Label, Histogram>,
    pub(super) tokens: Family<TokenLabels, Counter>,
    pub(super) cost_nano_usd: Family<Label, Counter>,
    pub(super) unpriced: Family<Label, Counter>,
    pub(super) estimated: Family<Label, Counter>,
    pub(super) in_flight: Gauge,
    pub(super) in_flight_streams: Gauge,
    pub(super) connections: Gauge,
    pub(super) connections_rejected: Family<Label, Counter>,
    pub(super) buffered_bytes: Gauge,
    pub(super) queue_records: Gauge,
    pub(super) queue_bytes: Gauge,
    pub(super) journal_records: Gauge,
    pub(super) journal_bytes: Gauge,
    pub(super) journal_queue_bytes: Gauge,
    pub(super) journal_degraded: Gauge,
    pub(super) journal_replayed: Counter,
    pub(super) journal_damaged: Counter,
    pub(super) shed: Family<Label, Counter>,
    pub(super) store_seconds: Family<Label, Histogram>,
    pub(super) store_failures: Family<Label, Counter>,
    pub(super) store_failing: Gauge,
    pub(super) store_backlog: Family<Label, Gauge>,
    pub(super) cache_reads: Family<Label, Counter>,
    pub(super) cache_failures: Family<Label, Counter>,
    pub(super) spans_stored: Counter,
    pub(super) tail_subscribers: Gauge,
    pub(super) tail_dropped: Counter,
    pub(super) notices: Family<Label, Counter>,
    pub(super) api_requests: Family<ApiLabels, Counter>,
    pub(super) api_seconds: Family<Label, Histogram>,
    pub(super) seen: Seen<ExchangeLabels, Series>,
    pub(super) spent: Seen<&'static str, Spent>,
    pub(super) by_step: Fixed<Histogram, { Step::ALL.len() }>,
}

impl Metrics {
    /// Registers every metric.
    pub fn new() -> Self {
        let mut r = Registry::with_prefix("llmtrace");
        let mut process = Registry::default();
        process.register_collector(Box::new(Process));
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        r.register("build", "The running build", build);
        let long =
            || Histogram::new([0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]);
        let short = || Histogram::new(exponential_buckets(1e-6, 4.0, 11));
        macro_rules! add {
            ($name:literal, $help:literal, $metric:expr) => {{
                let metric = $metric;
                r.register($name, $help, metric.clone());
                metric
            }};
            ($name:literal, $help:literal, $unit:expr, $metric:expr) => {{
                let metric = $metric;
                r.register_with_unit($name, $help, $unit, metric.clone());
                metric
            }};
        }
        Self {
            requests: add!("requests", "Finished exchanges", Family::default()),
            duration: add!(
                "request_duration",
                "Time from the request head to the last byte",
                Unit::Seconds,
                Family::new_with_constructor(long as fn() -> Histogram)
            ),
            first_token: add!(
                "time_to_first_token",
                "Time from the request head to the first token of a stream",
                Unit::Seconds,
                Family::new_with_constructor(long as fn() -> Histogram)
            ),
            overhead: add!(
                "overhead",
                "Time the proxy itself took before the request left, by step",
                Unit::Seconds,
                Family::new_with_constructor(short as fn() -> Histogram)
            ),
            tokens: add!("tokens", "Tokens, by provider and exclusive bucket", Family::default()),
            cost_nano_usd: add!(
                "cost_nano_usd",
                "Cost of priced exchanges in nano-dollars, by provider",
                Family::default()
            ),
            unpriced: add!(
                "unpriced_exchanges",
                "Exchanges that used something and whose model has no price, by provider",
                Family::default()
            ),
            estimated: add!(
                "estimated_exchanges",
                "Exchanges whose tokens were counted here because the provider reported none, by provider",
                Family::default()
            ),
            in_flight: add!("in_flight_requests", "Exchanges being forwarded", Gauge::default()),
            in_flight_streams: add!("in_flight_streams", "Streamed answers being relayed", Gauge::default()),
            connections: add!("client_connections", "Open client connections", Gauge::default()),
            connections_rejected: add!(
                "connection_rejected",
                "Connections or heads that never became a request, by reason",
                Family::default()
            ),
            buffered_bytes: add!("buffered", "Request bodies held in memory", Unit::Bytes, Gauge::default()),
            queue_records: add!("queue_records", "Exchanges waiting for the back lane in memory", Gauge::default()),
            queue_bytes: add!("queue", "Bytes waiting for the back lane in memory", Unit::Bytes, Gauge::default()),
            journal_records: add!("journal_records", "Records the store has not acknowledged", Gauge::default()),
            journal_bytes: add!("journal", "Size of the journal on disk", Unit::Bytes, Gauge::default()),
            journal_queue_bytes: add!(
                "journal_queue",
                "Bytes waiting for the journal's writer",
                Unit::Bytes,
                Gauge::default()
            ),
            journal_degraded: add!("journal_degraded", "1 while the journal cannot write to disk", Gauge::default()),
            journal_replayed: add!("journal_replayed", "Records replayed after a restart", Counter::default()),
            journal_damaged: add!(
                "journal_damaged",
                "Records or segments found damaged and kept aside",
                Counter::default()
            ),
            shed: add!("shed", "Exchanges whose record was given up, by reason", Family::default()),
            store_seconds: add!(
                "store_duration",
                "Time of store operations",
                Unit::Seconds,
                Family::new_with_constructor(short as fn() -> Histogram)
            ),
            store_failures: add!("store_failures", "Failed store operations, by kind", Family::default()),
            store_failing: add!(
                "store_failing",
                "1 while spans cannot be written and wait in the journal",
                Gauge::default()
            ),
            store_backlog: add!(
                "store_backlog",
                "Work that writes put off and the span store has still to do, by kind",
                Family::default()
            ),
            cache_reads: add!(
                "cache_reads",
                "Reads of the API that may be kept in Redis, by outcome",
                Family::default()
            ),
            cache_failures: add!(
                "cache_failures",
                "Failures of Redis, answers it was not given and changes it did not hear of, by cause",
                Family::default()
            ),
            spans_stored: add!("spans_stored", "Spans the store acknowledged", Counter::default()),
            tail_subscribers: add!("tail_subscribers", "Listeners of the live tail", Gauge::default()),
            tail_dropped: add!(
                "tail_dropped",
                "Spans that a listener of the live tail was too slow for",
                Counter::default()
            ),
            notices: add!("notices", "Rare events on the data path, by event", Family::default()),
            api_requests: add!("api_requests", "Answers of the API, by route", Family::default()),
            api_seconds: add!(
                "api_duration",
                "Time until the API's answer began, by route",
                Unit::Seconds,
                Family::new_with_constructor(short as fn() -> Histogram)
            ),
            seen: Seen::default(),
            by_step: Fixed::default(),
            spent: Seen::default(),
            registry: r,
            process,
        }
    }

    /// The metrics in the OpenMetrics text format.
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(16 * 1024);
        // Writing into a String cannot fail.
        let written = text::encode_registry(&mut out, &self.registry)
            .and_then(|()| text::encode_registry(&mut out, &self.process))
            .and_then(|()| text::encode_eof(&mut out));
        if written.is_err() {
            out.clear();
        }
        out
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
