//! The probes: `/health`, `/livez`, `/readyz` and `/metrics`. Exact paths, no key, cheap however often they are asked.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::get,
};
use llmtrace_store::{Backend, Backlog, CounterStore, Error, MetaStore, SpanStore};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use utoipa::ToSchema;

use super::router::harden;
use crate::telemetry::Events;

/// The longest the store may take to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// How long its word counts; however many probes ask, the store is asked no more often.
const PING_LIFETIME: Duration = Duration::from_secs(1);

/// What boot knows of the process's state; made anew for every question.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthReport {
    /// Where the process is in its life.
    pub phase: Phase,
    /// Since the process started.
    pub uptime: Duration,
    /// The journal; `None` where nothing is journaled.
    pub journal: Option<JournalHealth>,
    /// Whatever else can fail, by its name in the answer.
    pub other: BTreeMap<&'static str, Dependency>,
}

/// Where the process is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It does not serve yet.
    Starting,
    /// It serves.
    Serving,
    /// It finishes what runs and takes nothing new.
    Stopping,
}

/// The state of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalHealth {
    /// Whether it does what it should; `degraded` while it cannot write to disk.
    pub status: Condition,
    /// `journal.mode` as configured.
    pub mode: String,
    /// Why it is degraded, without paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Records the store has not acknowledged. A file that an earlier process left behind counts as one more until it is read.
    pub records: u64,
    /// Their size.
    pub bytes: u64,
    /// What earlier processes left behind is still being read: `records` may grow.
    #[serde(default)]
    pub scanning: bool,
    /// Age of the oldest of them.
    #[schema(required)]
    pub oldest_seconds: Option<u64>,
    /// Records given up since the start, by reason; filled in by the probe from the metrics.
    #[serde(default)]
    pub shed: BTreeMap<String, u64>,
}

/// The state of one thing we depend on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dependency {
    /// Whether it does what it should.
    pub status: Condition,
    /// The engine, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Work that is put off and still to do, where it puts off any. It is no reason to be degraded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backlog: Option<BacklogView>,
}

/// Work that writes of spans put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Backlog)]
pub struct BacklogView {
    /// Spans that no text search finds yet.
    pub text_spans: u64,
    /// Hours that ended and are not rolled up: statistics of them take longer.
    pub rollup_hours: u64,
}

impl From<Backlog> for BacklogView {
    fn from(Backlog { rollup_hours, text_spans }: Backlog) -> Self {
        Self { text_spans, rollup_hours }
    }
}

/// Whether something does what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It does.
    Ok,
    /// It does not; forwarding goes on.
    Degraded,
}

/// The answer of `/health`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Health)]
pub(super) struct HealthView {
    /// `degraded` where any dependency is.
    status: Condition,
    /// The running version.
    version: String,
    /// Since the process started.
    uptime_seconds: u64,
    /// Each dependency by name.
    dependencies: Dependencies,
}

/// Each thing the process depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(super) struct Dependencies {
    /// The span store.
    spans: Dependency,
    /// The store of everything that is not a span.
    meta: Dependency,
    /// The journal; absent where nothing is journaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    journal: Option<JournalHealth>,
    /// The others.
    #[serde(flatten)]
    other: BTreeMap<String, Dependency>,
}

/// What the probes need; cheap to clone.
#[derive(Clone)]
pub struct Probes {
    spans: Arc<dyn SpanStore>,
    meta: Arc<dyn MetaStore>,
    counters: Option<Arc<dyn CounterStore>>,
    events: Events,
    report: Arc<dyn Fn() -> HealthReport + Send + Sync>,
    pinged: Arc<Mutex<Option<Pinged>>>,
}

/// What the stores said, and when.
#[derive(Clone)]
struct Pinged {
    at: Instant,
    spans: Dependency,
    meta: Dependency,
    counters: Option<Dependency>,
}

impl Probes {
    /// Probes of these stores and these metrics; `report` says what only boot knows, and must be quick.
    pub fn new(
        spans: Arc<dyn SpanStore>,
        meta: Arc<dyn MetaStore>,
        events: Events,
        report: impl Fn() -> HealthReport + Send + Sync + 'static,
    ) -> Self {
        Self { spans, meta, counters: None, events, report: Arc::new(report), pinged: Arc::default() }
    }

    /// Shows the store of counters as well.
    #[must_use]
    pub fn with_counters(self, counters: Arc<dyn CounterStore>) -> Self {
        Self { counters: Some(counters), ..self }
    }

    /// The stores' state, asked at most once a second however many probes wait for it. Cancel-safe.
    async fn stores(&self) -> Pinged {
        let mut last = self.pinged.lock().await;
        if let Some(word) = last.as_ref()
            && word.at.elapsed() < PING_LIFETIME
        {
            return word.clone();
        }
        let counters = async {
            let counters = self.counters.as_ref()?;
            Some(state(counters.backend(), counters.ping()).await)
        };
        let (spans, meta, counters) = tokio::join!(
            state(self.spans.backend(), self.spans.ping()),
            state(self.meta.backend(), self.meta.ping()),
            counters
        );
        let word = Pinged { at: Instant::now(), spans, meta, counters };
        *last = Some(word.clone());
        word
    }
}

/// What one store says within the time it has.
async fn state(backend: Backend, ping: impl Future<Output = Result<(), Error>>) -> Dependency {
    let error = match timeout(PING_TIMEOUT, ping).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(sentence(&error)),
        Err(_elapsed) => Some(late(backend)),
    };
    let status = if error.is_none() { Condition::Ok } else { Condition::Degraded };
    Dependency { status, backend: Some(backend.as_str().to_owned()), error, backlog: None }
}

/// What is said of a store that takes too long for a probe.
fn late(backend: Backend) -> String {
    let late = format!("no answer within {} s", PING_TIMEOUT.as_secs());
    match backend {
        Backend::Memory | Backend::Sqlite => late,
        Backend::Clickhouse | Backend::Postgres | Backend::Redis => format!(
            "{backend}.url: {late}, see whether the server is overloaded or a firewall is between, or correct host and port"
        ),
    }
}

/// What failed and, where a setting may be to blame, which: adapters name it before the engine's own words, which stand in
/// brackets and stay in the log.
fn sentence(error: &Error) -> String {
    if let Some(complaint) = error.complaint() {
        return format!("{error}: {complaint}");
    }
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let ours = cause.split(" (").next().unwrap_or_default();
    let settings = ["clickhouse.", "postgres.", "redis."];
    if settings.iter().any(|section| ours.contains(section)) { format!("{error}: {ours}") } else { error.to_string() }
}

/// `/health`, `/livez`, `/readyz` and `/metrics`.
pub fn probes(probes: Probes) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .layer(map_response(|mut response: Response| async {
            harden(response.headers_mut());
            response
        }))
        .with_state(probes)
}

/// The state of each dependency. Always 200 while the process answers: a degraded proxy still forwards.
#[utoipa::path(
    get, path = "/health", tag = "operation", security(()),
    responses((status = 200, description = "The state of each dependency", body = HealthView))
)]
pub(super) async fn health(State(probes): State<Probes>) -> Json<HealthView> {
    let Pinged { at: _, mut spans, meta, counters } = probes.stores().await;
    if spans.status == Condition::Ok && !probes.events.does_store_take_spans() {
        // A disk may have room for the little that a ping writes and none for a batch.
        spans.status = Condition::Degraded;
        spans.error = Some("spans cannot be written, they wait in the journal; the log says why".to_owned());
    }
    spans.backlog = Some(probes.spans.backlog().into());
    let HealthReport { phase: _, uptime, mut journal, other } = (probes.report)();
    if let Some(journal) = &mut journal {
        journal.shed = probes.events.shed_so_far().map(|(why, n)| (why.as_str().to_owned(), n)).collect();
    }
    let other = other.into_iter().chain(counters.map(|counters| ("counters", counters)));
    let other: BTreeMap<String, Dependency> = other.map(|(name, d)| (name.to_owned(), d)).collect();
    let well = |condition: Condition| condition == Condition::Ok;
    let all_well = well(spans.status)
        && well(meta.status)
        && journal.as_ref().is_none_or(|j| well(j.status))
        && other.values().all(|dependency| well(dependency.status));
    Json(HealthView {
        status: if all_well { Condition::Ok } else { Condition::Degraded },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: uptime.as_secs(),
        dependencies: Dependencies { spans, meta, journal, other },
    })
}

/// Says that the process answers at all; a failure means: restart it.
#[utoipa::path(
    get, path = "/livez", tag = "operation", security(()),
    responses((status = 200, description = "It answers", body = String, content_type = "text/plain"))
)]
pub(super) async fn livez() -> &'static str {
    "live\n"
}

/// Says whether to send traffic here. The store has no part in it: forwarding does not need it.
#[utoipa::path(
    get, path = "/readyz", tag = "operation", security(()),
    responses(
        (status = 200, description = "It serves", body = String, content_type = "text/plain"),
        (status = 503, description = "It is starting or stopping", body = String, content_type = "text/plain"),
    )
)]
pub(super) async fn readyz(State(probes): State<Probes>) -> (StatusCode, &'static str) {
    match (probes.report)().phase {
        Phase::Serving => (StatusCode::OK, "ready\n"),
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        Phase::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    }
}

/// The metrics in the OpenMetrics text format.
#[utoipa::path(
    get, path = "/metrics", tag = "operation", security(()),
    responses((status = 200, description = "Every metric", body = String, content_type = "application/openmetrics-text"))
)]
pub(super) async fn metrics(State(probes): State<Probes>) -> impl IntoResponse {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], probes.events.metrics().render())
}
