//! Background responses through the steps of the back lane, against a real store.

use arc_swap::ArcSwap;
use llmtrace_model::{EndReason, Money, SpanRecord, TenantCapture, TenantScope, Timestamp, Timing};
use llmtrace_wire::PriceBook;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::*;
use crate::{
    config::{CaptureContent, CaptureRaw, UnknownModel},
    journal::{AnswerHead, Closed, Entry, Labels, Opened, Recorded},
    pipeline::{Analysis, Batch, Capture, Context, Options, TokenKey, capture::Captures, process, session::Sessions},
    telemetry::Metrics,
};

/// A store, and the back lane's steps before it; a new one of these is a process that has just started.
struct Lane<'r> {
    runtime: &'r Runtime,
    spans: Arc<dyn SpanStore>,
    context: Context,
    tasks: Tasks,
}

fn store(runtime: &Runtime, url: &str) -> Arc<dyn SpanStore> {
    runtime.block_on(llmtrace_store::open_spans("test", url, &llmtrace_store::Options::default())).unwrap()
}

impl<'r> Lane<'r> {
    fn on(runtime: &'r Runtime, spans: &Arc<dyn SpanStore>) -> Self {
        let _entered = runtime.enter();
        let tasks = Tasks::new();
        let capture = Capture { content: CaptureContent::Full, raw: CaptureRaw::All };
        let context = Context {
            options: Options {
                memory_bytes: 1 << 20,
                workers: 1,
                batch: Batch { rows: 1, wait: Duration::from_millis(1) },
                capture,
                analysis: Analysis::Disabled,
                tokens: TokenKey::new(None),
                on_unknown_model: UnknownModel::Warn,
            },
            prices: Arc::new(ArcSwap::from_pointee(PriceBook::bundled())),
            events: Events::new(Arc::new(Metrics::new())),
            once: Once::new(Arc::clone(spans), tasks.clone()),
            captures: Captures::new(capture, Arc::new(|_| Some(TenantCapture::default())), tasks.clone()),
            sessions: Sessions::alone(),
        };
        Self { runtime, spans: Arc::clone(spans), context, tasks }
    }

    fn read(&self, entry: &Entry) -> SpanRecord {
        process(&self.context, entry).expect("the store answers")
    }

    fn store(&self, record: &SpanRecord) {
        self.runtime.block_on(self.spans.write(&[Arc::new(record.clone())])).unwrap();
    }

    fn read_and_store(&self, entry: &Entry) -> SpanRecord {
        let record = self.read(entry);
        self.store(&record);
        record
    }

    fn stored(&self, entry: &Entry) -> SpanRecord {
        let id = id_of(entry);
        let record = self.runtime.block_on(self.spans.exchange(&TenantScope::All, id)).unwrap().expect("it is stored");
        let raw = self.runtime.block_on(self.spans.raw(&TenantScope::All, id)).unwrap();
        SpanRecord { raw, ..record }
    }
}

fn id_of(entry: &Entry) -> ExchangeId {
    match entry {
        Entry::Closed(closed) => closed.opened.id,
        Entry::Interrupted(_) => panic!("none is made here"),
    }
}

/// One exchange of a tenant: `n` orders them.
fn exchange(n: u8, tenant: &str, method: &str, target: &str, request: Option<&Value>, answer: &Value) -> Entry {
    let id = ExchangeId::mint(u64::from(n), [n; 10]);
    let json = vec![("content-type".to_owned(), "application/json".to_owned())];
    let body = |value: &Value| {
        let head = value.to_string().into_bytes();
        Recorded { total_bytes: head.len() as u64, head: head.into(), ..Recorded::default() }
    };
    let opened = Opened {
        id,
        started_at: Timestamp::from_unix_us(1_790_000_000_000_000 + i64::from(n)),
        tenant: tenant.parse().unwrap(),
        trace_id: id.trace_id(),
        parent_span_id: None,
        labels: Labels::default(),
        client_address: None,
        upstream: "default".to_owned(),
        upstream_host: "api.openai.com".to_owned(),
        provider: None,
        method: method.to_owned(),
        target: target.to_owned(),
        headers: json.clone(),
    };
    Entry::Closed(Box::new(Closed {
        opened: opened.into(),
        request: request.map(body).unwrap_or_default(),
        answer: Some(AnswerHead { status: 200, headers: json }),
        response: body(answer),
        end_reason: EndReason::Complete,
        error: None,
        timing: Timing::default(),
        meter: None,
    }))
}

fn response(status: &str, background: bool) -> Value {
    let usage = json!({"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100});
    let is_done = status == "completed";
    json!({"id": "resp_1", "object": "response", "status": status, "background": background, "model": "gpt-4.1-2025-04-14",
        "output": [{"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}}],
        "usage": if is_done { usage } else { Value::Null }})
}

/// A response is made in the background, asked for too early, then read three times, at last to be cancelled too late.
fn story(tenant: &str) -> Vec<Entry> {
    let get = |n, status| exchange(n, tenant, "GET", "/v1/responses/resp_1", None, &response(status, true));
    let asked = json!({"model": "gpt-4.1", "input": "x", "background": true});
    vec![
        exchange(1, tenant, "POST", "/v1/responses", Some(&asked), &response("queued", true)),
        get(2, "in_progress"),
        get(3, "completed"),
        get(4, "completed"),
        get(5, "completed"),
        exchange(6, tenant, "POST", "/v1/responses/resp_1/cancel", None, &response("completed", true)),
    ]
}

/// 1000 tokens in and 100 out of GPT-4.1: 2 and 8 dollars per million (OpenAI, "Pricing", 2026-10).
const TOKENS: i64 = 2_000_000 + 800_000;
/// The same and one search: 10 dollars a thousand.
const COST: Money = Money::from_nanos(TOKENS + 10_000_000);

fn costs(records: &[SpanRecord]) -> Vec<Option<Money>> {
    records.iter().map(|record| record.span.cost).collect()
}

#[test]
fn a_background_response_is_billed_by_the_first_exchange_that_reports_its_usage() {
    let runtime = Runtime::new().unwrap();
    for url in ["memory:".to_owned(), format!("sqlite:{}", tempfile::tempdir().unwrap().path().join("s.db").display())]
    {
        let spans = store(&runtime, &url);
        // A process that has just started, and knows only what is stored, and one that remembers.
        let (remembers, started) = (Lane::on(&runtime, &spans), || Lane::on(&runtime, &spans));
        let told: Vec<_> = story("a").iter().map(|entry| remembers.read_and_store(entry)).collect();
        assert_eq!(costs(&told), [None, None, Some(COST), None, None, None], "{url}");
        let told: Vec<_> = story("b")
            .iter()
            .map(|entry| {
                let record = started().read(entry);
                // Another tenant's exchanges have other ids.
                SpanRecord { span: Span { exchange_id: other(record.span.exchange_id), ..record.span }, ..record }
            })
            .inspect(|record| started().store(record))
            .collect();
        assert_eq!(costs(&told), [None, None, Some(COST), None, None, None], "{url}");
        let later = &told[4].span;
        assert_eq!((later.usage, later.units.is_empty()), (None, true));
        assert_eq!(later.params[REPEATED_USAGE]["total"], 1100);
    }
}

fn other(id: ExchangeId) -> ExchangeId {
    let mut bytes = *id.as_bytes();
    bytes[15] ^= 0x55;
    ExchangeId::from_bytes(bytes)
}

#[test]
fn every_record_replayed_twice_gives_the_span_it_gave() {
    let runtime = Runtime::new().unwrap();
    let spans = store(&runtime, "memory:");
    let story = story("a");
    let first: Vec<_> = {
        let lane = Lane::on(&runtime, &spans);
        story.iter().map(|entry| lane.read_and_store(entry)).collect()
    };
    // In one process that goes on, in one that starts anew, and in another order.
    let lane = Lane::on(&runtime, &spans);
    for _ in 0..2 {
        for (entry, record) in story.iter().zip(&first).rev() {
            assert_eq!(lane.read_and_store(entry), *record);
            assert_eq!(Lane::on(&runtime, &spans).read(entry), *record);
            assert_eq!(lane.stored(entry), *record);
        }
    }
}

#[test]
fn a_claim_that_a_crash_lost_is_made_again() {
    let runtime = Runtime::new().unwrap();
    let spans = store(&runtime, "memory:");
    let story = story("a");
    let (billed, later) = (&story[2], &story[3]);
    {
        let lane = Lane::on(&runtime, &spans);
        assert_eq!(lane.read(billed).span.cost, Some(COST));
        // The later one is stored, the process dies before the billed one is.
        lane.read_and_store(later);
    }
    let lane = Lane::on(&runtime, &spans);
    let again = [lane.read_and_store(later), lane.read_and_store(billed)];
    assert_eq!(costs(&again), [None, Some(COST)]);
    assert_eq!(costs(&[lane.stored(later), lane.stored(billed)]), [None, Some(COST)]);
}

#[test]
fn a_response_made_in_the_foreground_is_billed_where_it_was_made() {
    let runtime = Runtime::new().unwrap();
    let lane = Lane::on(&runtime, &store(&runtime, "memory:"));
    let asked = json!({"model": "gpt-4.1", "input": "x"});
    let made = exchange(1, "a", "POST", "/v1/responses", Some(&asked), &response("completed", false));
    let read = exchange(2, "a", "GET", "/v1/responses/resp_1", None, &response("completed", false));
    let told = [lane.read_and_store(&read), lane.read_and_store(&made), lane.read_and_store(&read)];
    assert_eq!(costs(&told), [None, Some(COST), None]);
    assert_eq!(told[0].span.params[REPEATED_USAGE]["total"], 1100);
}

#[test]
fn what_another_exchange_is_billed_for_is_not_estimated() {
    let runtime = Runtime::new().unwrap();
    let lane = Lane::on(&runtime, &store(&runtime, "memory:"));
    let asked = json!({"model": "gpt-4.1", "input": "Name a river.", "background": true, "stream": true});
    let mut said = response("completed", true);
    said["output"] =
        json!([{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Elbe"}]}]);
    let make = |n, answer: &Value| exchange(n, "a", "POST", "/v1/responses", Some(&asked), answer);
    let (first, mut untold) = (lane.read(&make(1, &said)), said.clone());
    untold["usage"] = Value::Null;
    let told = [first, lane.read(&make(2, &said)), lane.read(&make(3, &untold))];
    assert_eq!(costs(&told), [Some(Money::from_nanos(TOKENS)), None, None]);
    assert!(told[1..].iter().all(|record| record.span.usage.is_none()));
}

#[test]
fn of_many_readers_at_the_same_time_one_is_billed() {
    let runtime = Runtime::new().unwrap();
    let lane = Lane::on(&runtime, &store(&runtime, "memory:"));
    let get = |n| exchange(n, "a", "GET", "/v1/responses/resp_1", None, &response("completed", true));
    let lane = &lane;
    let told: Vec<_> = std::thread::scope(|threads| {
        let readers: Vec<_> = (0..16).map(|n| threads.spawn(move || lane.read(&get(n)))).collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    assert_eq!(costs(&told).into_iter().flatten().collect::<Vec<_>>(), [COST]);
}

#[test]
fn a_store_that_is_away_at_shutdown_leaves_the_record_to_the_next_start() {
    let runtime = Runtime::new().unwrap();
    let spans = store(&runtime, "memory:");
    let lane = Lane::on(&runtime, &spans);
    runtime.block_on(spans.close()).unwrap();
    lane.tasks.stop();
    assert!(process(&lane.context, &story("a")[2]).is_err());
    // What needs no store is read all the same.
    assert!(process(&lane.context, &story("a")[0]).is_ok());
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut claims = Claims::default();
    let key = |n: usize| ("a".parse().unwrap(), "openai".to_owned(), format!("resp_{n}"));
    let (one, two) = (ExchangeId::mint(1, [1; 10]), ExchangeId::mint(2, [2; 10]));
    for n in 0..REMEMBERED + 3 {
        assert_eq!(claims.claim(key(n), one), one);
    }
    assert_eq!((claims.owners.len(), claims.order.len()), (REMEMBERED, REMEMBERED));
    assert_eq!(claims.claim(key(REMEMBERED), two), one);
    assert_eq!(claims.claim(key(0), two), two, "the oldest is forgotten");
}
