//! The back lane between a real journal and a real store, with a defect in its middle.

use std::time::Duration;

use arc_swap::ArcSwap;
use llmtrace_model::{
    BodyCoverage, EndReason, ExchangeId, PageRequest, SpanFilter, TenantId, TenantScope, Timestamp, Timing,
};
use llmtrace_wire::PriceBook;

use super::*;
use crate::{
    clock::Clock,
    config::{CaptureContent, UnknownModel},
    journal::{self, AnswerHead, Closed, Fsync, Labels, MasterKey, Mode, Opened, Recorded},
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
fn defective(context: &Context, entry: &Entry) -> SpanRecord {
    match entry {
        Entry::Closed(closed) if closed.opened.tenant.as_str() == BROKEN => panic!("a defect, made for this test"),
        Entry::Closed(_) | Entry::Interrupted(_) => process(context, entry),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_reading_one_exchange_costs_neither_its_span_nor_those_after_it() {
    let (metrics, tasks) = (Arc::new(Metrics::new()), Tasks::new());
    let events = Events::new(Arc::clone(&metrics));
    let options = journal::Options {
        mode: Mode::Memory,
        max_bytes: 1 << 20,
        fsync: Fsync::Never,
        path: "unused".into(),
        queue_bytes: 1 << 20,
        delivery_bytes: 1 << 20,
    };
    let key = MasterKey::new([7; 32]);
    let (journal, deliveries) = journal::open(options, key, events.clone(), &Tasks::new(), &Clock::system()).unwrap();
    let memory = llmtrace_store::Options::default();
    let spans = llmtrace_store::open_spans("test", "memory:", &memory).await.unwrap();
    let meta = llmtrace_store::open_meta("test", "memory:", &memory).await.unwrap();
    let context = Context {
        options: Options {
            workers: 1,
            batch: Batch { rows: 1, wait: Duration::from_millis(1) },
            capture: CaptureContent::Full,
            analysis: Analysis::Enabled,
            on_unknown_model: UnknownModel::Warn,
        },
        prices: Arc::new(ArcSwap::from_pointee(PriceBook::bundled())),
        events,
    };
    start_with(defective, &deliveries, Stores { spans: Arc::clone(&spans), meta }, context, &tasks).unwrap();
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
