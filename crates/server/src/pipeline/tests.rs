//! The back lane between a real journal and a real store, with a defect in its middle.

use std::{
    collections::BTreeMap,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use llmtrace_detect::Engine;
use llmtrace_model::{
    BodyCoverage, EndReason, ExchangeId, PageRequest, SpanFilter, TenantCapture, TenantId, TenantScope, Timestamp,
    Timing,
};
use llmtrace_store::record_bytes;
use llmtrace_wire::PriceBook;

use super::*;
use crate::{
    clock::Clock,
    config::{CaptureContent, CaptureRaw, Guarding, UnknownModel},
    journal::{self, AnswerHead, Closed, Fsync, Journal, Labels, MasterKey, Mode, Opened, Recorded},
    telemetry::Metrics,
};

/// The tenant whose exchanges [`defective`] cannot read.
const BROKEN: &str = "broken";

fn closed(n: u8, tenant: &str) -> Closed {
    let id = ExchangeId::mint(u64::from(n), [n; 10]);
    let opened = Opened {
        id,
        started_at: Timestamp::from_unix_us(i64::from(n)),
        tenant: tenant.parse::<TenantId>().unwrap(),
        trace_id: id.trace_id(),
        parent_span_id: None,
        labels: Labels::default(),
        client_address: None,
        upstream: "default".to_owned(),
        upstream_host: "api.openai.com".to_owned(),
        provider: None,
        method: "GET".to_owned(),
        target: "/v1/models".to_owned(),
        headers: Vec::new(),
    };
    Closed {
        opened: opened.into(),
        request: Recorded::default(),
        answer: Some(AnswerHead { status: 200, headers: Vec::new() }),
        response: Recorded::default(),
        end_reason: EndReason::Complete,
        error: None,
        timing: Timing::default(),
        meter: None,
    }
}

/// What a decoder with a defect would do to one tenant's exchanges.
fn defective(context: &Context, entry: &Entry) -> Result<SpanRecord, Stopped> {
    match entry {
        Entry::Closed(closed) if closed.opened.tenant.as_str() == BROKEN => panic!("a defect, made for this test"),
        Entry::Closed(_) | Entry::Interrupted(_) => process(context, entry),
    }
}

fn in_memory(events: &Events) -> (Journal, Deliveries) {
    let options = journal::Options {
        mode: Mode::Memory,
        max_bytes: 1 << 20,
        fsync: Fsync::Never,
        path: "unused".into(),
        queue_bytes: 1 << 20,
        delivery_bytes: 1 << 20,
    };
    let key = MasterKey::new([7; 32]);
    journal::open(options, key, events.clone(), &Tasks::new(), &Clock::system()).unwrap()
}

async fn stores() -> Stores {
    let memory = llmtrace_store::Options::default();
    Stores {
        spans: llmtrace_store::open_spans("test", "memory:", &memory).await.unwrap(),
        meta: llmtrace_store::open_meta("test", "memory:", &memory).await.unwrap(),
        counters: llmtrace_store::open_counters("test", "memory:", &memory).await.unwrap(),
        tail: Tail::new(|_| bytes::Bytes::new(), Events::new(Arc::new(Metrics::new()))),
    }
}

fn context(batch: Batch, memory_bytes: usize, events: Events, spans: Arc<dyn SpanStore>, tasks: &Tasks) -> Context {
    let capture = Capture { content: CaptureContent::Full, raw: CaptureRaw::All };
    Context {
        options: Options {
            workers: 1,
            batch,
            memory_bytes,
            capture,
            analysis: Analysis::Enabled {
                engine: Arc::new(Engine::new()),
                ruling_of: {
                    let ruling = Arc::new(Guarding::default().installation());
                    Arc::new(move |_| Arc::clone(&ruling))
                },
                timeout: Duration::from_secs(60),
            },
            tokens: TokenKey::new(None),
            on_unknown_model: UnknownModel::Warn,
        },
        prices: Arc::new(ArcSwap::from_pointee(PriceBook::bundled())),
        events,
        once: Once::new(spans, tasks.clone()),
        captures: Captures::new(capture, Arc::new(|_| Some(TenantCapture::default())), tasks.clone()),
        sessions: Sessions::alone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_reading_one_exchange_costs_neither_its_span_nor_those_after_it() {
    let (metrics, tasks) = (Arc::new(Metrics::new()), Tasks::new());
    let events = Events::new(Arc::clone(&metrics));
    let (journal, deliveries) = in_memory(&events);
    let stores = stores().await;
    let spans = Arc::clone(&stores.spans);
    let batch = Batch { rows: 1, wait: Duration::from_millis(1) };
    start_with(defective, &deliveries, stores, context(batch, 1 << 20, events, Arc::clone(&spans), &tasks), &tasks)
        .unwrap();
    for (n, tenant) in [(1, "well"), (2, BROKEN), (3, BROKEN), (4, "well")] {
        journal.closed(closed(n, tenant));
    }
    tokio::task::block_in_place(|| journal.flush());
    deliveries.close();
    tokio::time::timeout(Duration::from_secs(20), tasks.drained()).await.expect("the back lane drains");

    let page = PageRequest::first(PageRequest::MAX);
    let mut stored = spans.list(&TenantScope::All, &SpanFilter::default(), &page).await.unwrap().items;
    stored.reverse();
    let read: Vec<_> = stored.iter().map(|span| (span.tenant_id.as_str(), span.dialect.as_str())).collect();
    let models = "openai_models";
    assert_eq!(read, [("well", models), (BROKEN, "opaque"), (BROKEN, "opaque"), ("well", models)]);
    for span in &stored[1..3] {
        assert_eq!(span.coverage.response, BodyCoverage::Opaque("the decoder failed".to_owned()));
        assert_eq!((span.http_status, span.end_reason), (Some(200), EndReason::Complete));
    }
    assert_eq!(journal.status().records, 0, "nothing is left to be read again and again");
    let counted = metrics.render();
    assert!(counted.contains("llmtrace_notices_total{event=\"decoder_panicked\"} 2"), "{counted}");
    tokio::task::block_in_place(|| journal.shutdown());
}

/// What the tenants of the next test have set, once somebody knows.
static KNOWN: OnceLock<BTreeMap<&str, TenantCapture>> = OnceLock::new();

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_stored_before_it_is_known_what_its_tenant_wants_and_then_no_more_than_that() {
    let (metrics, tasks) = (Arc::new(Metrics::new()), Tasks::new());
    let events = Events::new(Arc::clone(&metrics));
    let (journal, deliveries) = in_memory(&events);
    let stores = stores().await;
    let spans = Arc::clone(&stores.spans);
    let mut context = context(Batch { rows: 1, wait: Duration::ZERO }, 1 << 20, events, Arc::clone(&spans), &tasks);
    let own = |tenant: &TenantId| KNOWN.get().map(|of| of.get(tenant.as_str()).cloned().unwrap_or_default());
    context.captures = Captures::new(context.options.capture, Arc::new(own), tasks.clone());
    start_with(process, &deliveries, stores, context, &tasks).unwrap();
    for (n, tenant) in [(1, "all"), (2, "less"), (3, "no-bytes")] {
        let response = Recorded { head: "{}".into(), total_bytes: 2, ..Recorded::default() };
        journal.closed(Closed { response, ..closed(n, tenant) });
    }
    tokio::task::block_in_place(|| journal.flush());
    let until = Instant::now() + Duration::from_secs(20);
    while !metrics.render().contains("event=\"settings_awaited\"} 1") {
        assert!(Instant::now() < until, "the worker waits: {}", metrics.render());
        tokio::task::yield_now().await;
    }
    let (filter, page) = (SpanFilter::default(), PageRequest::first(PageRequest::MAX));
    let stored = || spans.list_records(&TenantScope::All, &filter, &page);
    assert_eq!(stored().await.unwrap().items, [], "nobody knows yet");
    let capture = |content, raw| TenantCapture { content, raw, ..TenantCapture::default() };
    let (less, no_bytes) = (capture(Some(CaptureContent::Metadata), None), capture(None, Some(CaptureRaw::Off)));
    KNOWN.set(BTreeMap::from([("less", less), ("no-bytes", no_bytes)])).unwrap();
    deliveries.close();
    tokio::time::timeout(Duration::from_secs(20), tasks.drained()).await.expect("the back lane drains");
    let stored = stored().await.unwrap().items;
    let mut kept = BTreeMap::new();
    for SpanRecord { span, content, .. } in &stored {
        let raw = spans.raw(&TenantScope::All, span.exchange_id).await.unwrap();
        kept.insert(span.tenant_id.as_str(), (content.is_some(), raw.is_some()));
    }
    assert_eq!(kept, BTreeMap::from([("all", (true, true)), ("less", (false, false)), ("no-bytes", (true, false))]));
    tokio::task::block_in_place(|| journal.shutdown());
}

/// Bytes of every span that [`counting`] made.
static MADE: AtomicUsize = AtomicUsize::new(0);

fn counting(context: &Context, entry: &Entry) -> Result<SpanRecord, Stopped> {
    let record = process(context, entry)?;
    MADE.fetch_add(record_bytes(&record), Ordering::SeqCst);
    Ok(record)
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_away_the_workers_stop_at_their_bound_in_bytes() {
    const ROOM: usize = 32 << 10;
    let metrics = Arc::new(Metrics::new());
    let events = Events::new(Arc::clone(&metrics));
    let (journal, deliveries) = in_memory(&events);
    for n in 0..100 {
        journal.closed(closed(n, "well"));
    }
    tokio::task::block_in_place(|| journal.flush());
    // A channel that never fills: only the room can stop the worker.
    let (to_writer, mut from_worker) = mpsc::channel(1000);
    let (tasks, spans) = (Tasks::new(), stores().await.spans);
    let context = Arc::new(context(Batch { rows: 1, wait: Duration::ZERO }, ROOM, events, spans, &tasks));
    let worker = Worker::new(counting, context, deliveries.clone(), to_writer, Room::new(ROOM));
    tasks.thread("worker", move || worker.run()).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while !metrics.render().contains("event=\"pipeline_wait\"} 1") {
        assert!(Instant::now() < until, "the worker waits: {}", metrics.render());
        tokio::task::yield_now().await;
    }
    deliveries.close();
    let (mut stored, mut records, mut largest) = (0, 0, 0);
    while let Some(handed) = from_worker.recv().await {
        records += handed.finished.len();
        let sizes = handed.finished.iter().map(|f| record_bytes(&f.record));
        stored += sizes.clone().sum::<usize>();
        largest = largest.max(sizes.max().unwrap_or(0));
        drop(handed);
        let alive = MADE.load(Ordering::SeqCst) - stored;
        assert!(alive <= ROOM + ROOM / 4 + largest, "{alive} bytes");
    }
    assert_eq!(records, 100);
    assert!(stored > 3 * ROOM, "{stored} bytes are more than there is room for");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_waits_for_no_more_rows_than_there_is_room_for() {
    let tasks = Tasks::new();
    let events = Events::new(Arc::new(Metrics::new()));
    let (journal, deliveries) = in_memory(&events);
    let stores = stores().await;
    let spans = Arc::clone(&stores.spans);
    let batch = Batch { rows: 1_000_000, wait: Duration::from_secs(3600) };
    start_with(process, &deliveries, stores, context(batch, 32 << 10, events, Arc::clone(&spans), &tasks), &tasks)
        .unwrap();
    for n in 0..100 {
        journal.closed(closed(n, "well"));
    }
    tokio::task::block_in_place(|| journal.flush());
    deliveries.close();
    tokio::time::timeout(Duration::from_secs(20), tasks.drained()).await.expect("the back lane drains");
    let page = PageRequest::first(PageRequest::MAX);
    let stored = spans.list(&TenantScope::All, &SpanFilter::default(), &page).await.unwrap();
    assert_eq!(stored.items.len(), 100);
}
