//! What every test needs: spans, stores, stores that fail on demand, and a way to ask.

mod house;
mod meta;

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::BodyExt;
use llmtrace_detect::Engine;
use llmtrace_model::{
    BodyCoverage, Content, Coverage, EndReason, Erased, ExchangeId, Message, Money, Page, PageRequest, Part, Raw,
    Retention, Retentions, Role, SessionSummary, Source, Span, SpanFilter, SpanId, SpanRecord, StatsQuery, StatsRow,
    Status, Subject, TenantId, TenantScope, Timestamp, Timing, TraceId, TraceSummary, Usage, UsageSource,
};
use llmtrace_server::{
    analysis::Analysts,
    api::{Access, Api, Installation, router, tail_event},
    clock::Clock,
    config::{CaptureContent, CaptureRaw, Guarding, MasterKey, MasterKeys, Secret},
    pipeline::Tail,
    tasks::Tasks,
    telemetry::{Events, Metrics},
    tenancy::{AdminKey, Lifetimes, Mode, Parts, Tenancy, Token, vault::Vault},
};
use llmtrace_store::{
    Backend, Backlog, Error, ErrorKind, MetaStore, ModelTraffic, Options, Reprice, SessionStore, SpanRead, SpanStore,
    SpanWrite, open_counters, open_spans,
};
use llmtrace_wire::PriceBook;
use parking_lot::Mutex;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) use self::{
    house::{House, houses},
    meta::FickleMeta,
};

/// 2025-10-09T08:53:20Z in microseconds.
pub(crate) const START: i64 = 1_760_000_000_000_000;

/// 2026-11-01, in microseconds.
pub(crate) const NOW: i64 = 1_793_491_200_000_000;

/// The `n`th exchange: each a second after the one before, ten to a trace, of tenant `default`.
pub(crate) fn record(n: u16) -> SpanRecord {
    let started_at = Timestamp::from_unix_us(START + i64::from(n) * 1_000_000);
    let [high, low] = n.to_be_bytes();
    let exchange_id =
        ExchangeId::mint(u64::try_from(started_at.unix_ms()).unwrap(), [1, 2, 3, 4, 5, 6, 7, 8, high, low]);
    let mut trace = [7; 16];
    trace[14..].copy_from_slice(&(n / 10).to_be_bytes());
    let span = Span {
        exchange_id,
        version: 0,
        trace_id: TraceId::new(trace).unwrap(),
        span_id: exchange_id.span_id(),
        parent_span_id: SpanId::new([9; 8]),
        tenant_id: "default".parse().unwrap(),
        agent_id: Some("agent-1".into()),
        session_id: Some("session-1".into()),
        user_id: Some("user-1".into()),
        tags: vec!["blue".into()],
        environment: Some("test".into()),
        release: Some("1.2.3".into()),
        client_address: Some("127.0.0.1".into()),
        source: Source::Proxy,
        operation: "chat".into(),
        provider: "openai".into(),
        dialect: "openai_chat".into(),
        upstream: "default".into(),
        method: "POST".into(),
        path: "/v1/chat/completions".into(),
        request_model: Some("gpt-4o".into()),
        response_model: Some("gpt-4o-2024-08-06".into()),
        params: BTreeMap::from([("temperature".to_owned(), Value::from(0.5))]),
        stream: true,
        status: Status::Ok,
        http_status: Some(200),
        end_reason: EndReason::Complete,
        error: None,
        usage: Some(Usage { input: 10, cache_read: 5, output: 7, ..Usage::default() }),
        usage_source: UsageSource::Provider,
        units: Default::default(),
        cost: Some(Money::from_nanos(250_000)),
        price_version: Some("2026-01".into()),
        started_at,
        timing: Timing {
            connect_us: Some(1_500),
            first_byte_us: Some(20_250),
            first_token_us: Some(30_001),
            duration_us: 120_000,
            overhead_us: 42,
        },
        request_bytes: 100,
        response_bytes: 2_000,
        finish_reasons: vec!["stop".into()],
        response_id: Some(format!("chatcmpl-{n}")),
        provider_request_id: Some(format!("req-{n}")),
        rate_limits: BTreeMap::from([("x-ratelimit-remaining-requests".to_owned(), "99".to_owned())]),
        findings: Vec::new(),
        coverage: Coverage {
            request: BodyCoverage::Whole,
            response: BodyCoverage::Whole,
            analysis: "disabled".into(),
            ..Coverage::default()
        },
    };
    let say = |role, text: &str, finish_reason: Option<&str>| Message {
        role,
        name: None,
        parts: vec![Part::Text { content: text.to_owned() }],
        finish_reason: finish_reason.map(str::to_owned),
    };
    let content = Content {
        system_instructions: Vec::new(),
        input_messages: vec![say(Role::User, &format!("question {n}"), None)],
        output_messages: vec![say(Role::Assistant, &format!("answer {n}"), Some("stop"))],
        tool_definitions: Vec::new(),
    };
    SpanRecord { span, content: Some(content), raw: None }
}

/// The same, changed.
pub(crate) fn changed(n: u16, change: impl FnOnce(&mut SpanRecord)) -> SpanRecord {
    let mut record = record(n);
    change(&mut record);
    record
}

/// Both engines, empty; the folder lives as long as the test keeps it.
pub(crate) async fn stores() -> (Vec<Arc<dyn SpanStore>>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("spans.db").display());
    let mut stores = Vec::new();
    for url in ["memory:", &sqlite] {
        stores.push(open_spans("storage.spans", url, &Options::default()).await.unwrap());
    }
    (stores, folder)
}

/// Both engines with these spans.
pub(crate) async fn stores_of(records: Vec<SpanRecord>) -> (Vec<Arc<dyn SpanStore>>, TempDir) {
    let (stores, folder) = stores().await;
    let batch: Vec<Arc<SpanRecord>> = records.into_iter().map(Arc::new).collect();
    for store in &stores {
        store.write(&batch).await.unwrap();
    }
    (stores, folder)
}

/// The router over a store.
pub(crate) fn app(store: Arc<dyn SpanStore>) -> Router {
    app_with(store, Access::default())
}

/// The router over a store, with rules of access.
pub(crate) fn app_with(store: Arc<dyn SpanStore>, access: Access) -> Router {
    let fickle = FickleMeta::new(Mood::Well);
    router(api(store, fickle, events(), Arc::new(access)))
}

/// The API over stores, with the bundled prices and the clock at 2026-11-01; nobody is asked for a key.
pub(crate) fn api(spans: Arc<dyn SpanStore>, meta: Arc<dyn MetaStore>, events: Events, access: Arc<Access>) -> Api {
    api_of(spans, meta, memory_sessions(), events, access, None)
}

/// Logins in memory.
pub(crate) fn memory_sessions() -> Arc<dyn SessionStore> {
    let options = Options::default();
    let opened = open_counters("storage.counters", "memory:", &options).now_or_never();
    opened.expect("memory opens at once").unwrap()
}

/// The same, where keys are asked for and this one opens everything.
pub(crate) fn api_of(
    spans: Arc<dyn SpanStore>,
    meta: Arc<dyn MetaStore>,
    sessions: Arc<dyn SessionStore>,
    events: Events,
    access: Arc<Access>,
    admin: Option<&Token>,
) -> Api {
    api_sealing(spans, meta, sessions, events, access, admin, Some(&master_keys(7)))
}

/// A master key of tests.
pub(crate) fn master_keys(n: u8) -> MasterKeys {
    MasterKey::new([n; 32]).into()
}

/// The same with other master keys, or none.
pub(crate) fn api_sealing(
    spans: Arc<dyn SpanStore>,
    meta: Arc<dyn MetaStore>,
    sessions: Arc<dyn SessionStore>,
    events: Events,
    access: Arc<Access>,
    admin: Option<&Token>,
    keys: Option<&MasterKeys>,
) -> Api {
    let clock = Clock::fixed(Timestamp::from_unix_us(NOW));
    let prices = Arc::new(ArcSwap::from_pointee(PriceBook::bundled()));
    let (installation, tail) = (Arc::new(installation()), Tail::new(tail_event, events.clone()));
    let retention = Retention { content_days: Some(30), span_days: Some(90) };
    let tasks = Tasks::new();
    let parts = Parts {
        mode: if admin.is_some() { Mode::Required } else { Mode::Open },
        admin_key: admin.map(|token| AdminKey::of(&Secret::new(token.expose())).unwrap()),
        vault: keys.map(Vault::new),
        meta: Arc::clone(&meta),
        sessions,
        lifetimes: Lifetimes { idle: Duration::from_secs(3_600), total: Duration::from_secs(8 * 3_600) },
        oidc: None,
        guarding: Guarding::default(),
        clock: clock.clone(),
        events: events.clone(),
    };
    let tenancy = Tenancy::start(parts, &tasks);
    let analysts = Analysts::new(Arc::new(Engine::new()), events.clone());
    Api { spans, meta, events, access, tenancy, prices, retention, clock, installation, tail, tasks, analysts }
}

/// An installation with an upstream of its own.
pub(crate) fn installation() -> Installation {
    Installation {
        profile: "lite".to_owned(),
        capture_content: CaptureContent::Full,
        capture_raw: CaptureRaw::Off,
        upstreams: vec!["default".to_owned(), "azure".to_owned()],
        proxy: None,
    }
}

/// Fresh metrics.
pub(crate) fn events() -> Events {
    Events::new(Arc::new(Metrics::new()))
}

/// An answer, whole; of one that never ends the beginning.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The exchange ids of a list, in order.
    pub(crate) fn exchanges(&self) -> Vec<String> {
        let items = self.json()["items"].as_array().cloned().unwrap();
        items.iter().map(|item| item["exchange_id"].as_str().unwrap().to_owned()).collect()
    }
}

/// Asks with a GET from localhost.
pub(crate) async fn get(app: &Router, uri: &str) -> Answer {
    ask(app, Request::get(uri).header("host", "localhost:8080")).await
}

/// Asks.
pub(crate) async fn ask(app: &Router, request: axum::http::request::Builder) -> Answer {
    answer_to(app, request.body(Body::empty()).unwrap()).await
}

/// Sends a request and reads its answer.
pub(crate) async fn answer_to(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let (head, mut body) = response.into_parts();
    let never_ends = head.headers.get("content-type").is_some_and(|media| media == "text/event-stream");
    let body = if never_ends {
        body.frame().await.unwrap().unwrap().into_data().unwrap()
    } else {
        body.collect().await.unwrap().to_bytes()
    };
    Answer { status: head.status, headers: head.headers, body }
}

/// What a [`Fickle`] store does when asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Answers.
    Well,
    /// Fails so.
    Fails(ErrorKind),
    /// Never answers.
    Hangs,
    /// Answers so many reads, then fails.
    WellFor(usize),
}

/// A store in front of another, whose mood a test sets; it counts and notes what it is asked.
pub(crate) struct Fickle {
    inner: Arc<dyn SpanStore>,
    pub(crate) mood: Mutex<Mood>,
    pub(crate) reads: AtomicUsize,
    pub(crate) pings: AtomicUsize,
    pub(crate) limits: Mutex<Vec<u32>>,
    /// What it says it has put off, in place of what it has.
    pub(crate) backlog: Mutex<Option<Backlog>>,
}

impl Fickle {
    pub(crate) fn new(inner: Arc<dyn SpanStore>, mood: Mood) -> Arc<Self> {
        Arc::new(Self {
            inner,
            mood: Mutex::new(mood),
            reads: AtomicUsize::new(0),
            pings: AtomicUsize::new(0),
            limits: Mutex::default(),
            backlog: Mutex::default(),
        })
    }

    async fn decide(&self, op: &'static str) -> Result<(), Error> {
        let error =
            |kind| Error { kind, backend: Backend::Memory, op, source: "SELECT secret FROM /var/lib/spans.db".into() };
        let before = self.reads.fetch_add(1, Ordering::SeqCst);
        let mood = *self.mood.lock();
        // A real store never answers at once.
        tokio::task::yield_now().await;
        match mood {
            Mood::Well => Ok(()),
            Mood::WellFor(reads) if before < reads => Ok(()),
            Mood::WellFor(_) => Err(error(ErrorKind::Unavailable)),
            Mood::Fails(kind) => Err(error(kind)),
            Mood::Hangs => pending().await,
        }
    }
}

#[async_trait]
impl SpanWrite for Fickle {
    async fn write(&self, batch: &[Arc<SpanRecord>]) -> Result<(), Error> {
        self.inner.write(batch).await
    }

    async fn reprice(&self, batch: &[Reprice]) -> Result<u64, Error> {
        self.inner.reprice(batch).await
    }

    async fn erase(&self, scope: &TenantScope, subject: &Subject, until: Timestamp) -> Result<Erased, Error> {
        self.inner.erase(scope, subject, until).await
    }

    async fn expire(&self, rules: &Retentions, now: Timestamp) -> Result<Erased, Error> {
        self.inner.expire(rules, now).await
    }
}

#[async_trait]
impl SpanRead for Fickle {
    async fn list(&self, scope: &TenantScope, filter: &SpanFilter, page: &PageRequest) -> Result<Page<Span>, Error> {
        self.decide("list").await?;
        self.inner.list(scope, filter, page).await
    }

    async fn list_records(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<SpanRecord>, Error> {
        self.limits.lock().push(page.limit);
        self.decide("list").await?;
        self.inner.list_records(scope, filter, page).await
    }

    async fn list_traces(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<TraceSummary>, Error> {
        self.decide("list").await?;
        self.inner.list_traces(scope, filter, page).await
    }

    async fn list_sessions(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> Result<Page<SessionSummary>, Error> {
        self.decide("list").await?;
        self.inner.list_sessions(scope, filter, page).await
    }

    async fn span(&self, scope: &TenantScope, id: SpanId) -> Result<Option<SpanRecord>, Error> {
        self.decide("read").await?;
        self.inner.span(scope, id).await
    }

    async fn exchange(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<SpanRecord>, Error> {
        self.decide("read").await?;
        self.inner.exchange(scope, id).await
    }

    async fn trace(&self, scope: &TenantScope, id: TraceId) -> Result<Vec<SpanRecord>, Error> {
        self.decide("read").await?;
        self.inner.trace(scope, id).await
    }

    async fn raw(&self, scope: &TenantScope, id: ExchangeId) -> Result<Option<Raw>, Error> {
        self.decide("read").await?;
        self.inner.raw(scope, id).await
    }

    async fn billed(&self, tenant: &TenantId, provider: &str, response_id: &str) -> Result<Option<ExchangeId>, Error> {
        self.decide("read").await?;
        self.inner.billed(tenant, provider, response_id).await
    }

    async fn count(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<u64, Error> {
        self.decide("count").await?;
        self.inner.count(scope, filter).await
    }

    async fn models(&self, scope: &TenantScope, filter: &SpanFilter) -> Result<Vec<ModelTraffic>, Error> {
        self.decide("models").await?;
        self.inner.models(scope, filter).await
    }

    async fn stats(&self, scope: &TenantScope, query: &StatsQuery) -> Result<Vec<StatsRow>, Error> {
        self.decide("stats").await?;
        self.inner.stats(scope, query).await
    }
}

#[async_trait]
impl SpanStore for Fickle {
    fn backend(&self) -> Backend {
        self.inner.backend()
    }

    async fn tend(&self, now: Timestamp) -> Result<Backlog, Error> {
        self.inner.tend(now).await
    }

    fn backlog(&self) -> Backlog {
        self.backlog.lock().unwrap_or_else(|| self.inner.backlog())
    }

    async fn ping(&self) -> Result<(), Error> {
        self.pings.fetch_add(1, Ordering::SeqCst);
        self.decide("ping").await
    }

    async fn close(&self) -> Result<(), Error> {
        self.inner.close().await
    }
}
