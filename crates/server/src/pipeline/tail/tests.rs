//! Listeners of all kinds beside a writer that never waits.

use std::sync::atomic::AtomicU64;

use llmtrace_model::TenantId;
use llmtrace_store::conformance::builders::{SpanBuilder, numbered};
use proptest::prelude::*;

use super::*;
use crate::telemetry::Metrics;

/// How often [`render`] wrote a span out; each test that counts has spans of its own tenant.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

fn render(span: &Span) -> Bytes {
    if span.tenant_id.as_str() == "counted" {
        WRITTEN.fetch_add(1, Ordering::SeqCst);
    }
    span.exchange_id.to_string().into()
}

fn tail() -> (Tail, Events) {
    let events = Events::new(Arc::new(Metrics::new()));
    (Tail::new(render, events.clone()), events)
}

async fn tell(tail: &Tail, spans: impl IntoIterator<Item = SpanBuilder>) {
    let records: Vec<_> = spans.into_iter().map(SpanBuilder::record).collect();
    tail.tell(records.iter().map(|record| &**record)).await;
}

fn id(n: u64) -> Heard {
    Heard::Span(render(&numbered(n).build()))
}

fn all(tail: &Tail) -> Subscription {
    tail.subscribe(TenantScope::All, SpanFilter::default()).unwrap()
}

#[tokio::test]
async fn what_is_erased_waits_for_nobody() {
    let (tail, _) = tail();
    let (everything, of_a) = (all(&tail), TenantScope::One("a".parse::<TenantId>().unwrap()));
    let started = numbered(3).build().started_at;
    let of = |n: u64| numbered(n).tenant(if n == 2 { "b" } else { "a" }).session("s");
    tell(&tail, (1..=4).map(of)).await;
    tail.forget(&of_a, &Subject::Session("t".to_owned()), started);
    tail.forget(&of_a, &Subject::Session("s".to_owned()), started);
    assert_eq!(everything.next().await, [id(2), id(4)]);
    // What was forgotten left its room.
    tell(&tail, (0..QUEUE_SPANS as u64).map(of)).await;
    tail.forget(&TenantScope::All, &Subject::Everything, Timestamp::from_unix_us(i64::MAX));
    tell(&tail, [of(9)]).await;
    assert_eq!(everything.next().await, [id(9)]);
}

#[tokio::test]
async fn each_listener_hears_what_it_may_and_wants_in_order() {
    let (tail, _) = tail();
    let everything = all(&tail);
    let of_a = tail.subscribe(TenantScope::One("a".parse::<TenantId>().unwrap()), SpanFilter::default()).unwrap();
    let refunds = SpanFilter { text: llmtrace_model::Terms::parse("refund"), ..SpanFilter::default() };
    let refunds = tail.subscribe(TenantScope::All, refunds).unwrap();
    let spans = [
        numbered(1).tenant("a").said("Refund, please", "no"),
        numbered(2).tenant("b").said("hi", "your refund came"),
        numbered(3).tenant("a"),
    ];
    tell(&tail, spans).await;
    assert_eq!(everything.next().await, [id(1), id(2), id(3)]);
    assert_eq!(of_a.next().await, [id(1), id(3)]);
    assert_eq!(refunds.next().await, [id(1), id(2)]);
    drop(everything);
    tell(&tail, [numbered(4).tenant("b"), numbered(5).tenant("a")]).await;
    assert_eq!(of_a.next().await, [id(5)]);
}

#[tokio::test]
async fn a_span_is_written_out_once_for_all_and_never_for_nobody() {
    let (tail, _) = tail();
    tell(&tail, (1..10).map(|n| numbered(n).tenant("counted"))).await;
    assert_eq!(WRITTEN.load(Ordering::SeqCst), 0);
    let listeners: Vec<_> = (0..5).map(|_| all(&tail)).collect();
    tell(&tail, (1..10).map(|n| numbered(n).tenant("counted"))).await;
    assert_eq!(WRITTEN.load(Ordering::SeqCst), 9);
    for listener in listeners {
        assert_eq!(listener.next().await.len(), 9);
    }
}

#[tokio::test]
async fn who_is_too_slow_hears_how_many_spans_are_missing_and_where() {
    let (tail, events) = tail();
    let slow = all(&tail);
    let room = QUEUE_SPANS as u64;
    tell(&tail, (0..room + 7).map(numbered)).await;
    let heard = slow.next().await;
    assert_eq!(heard.len(), QUEUE_SPANS + 1);
    assert_eq!((&heard[0], &heard[QUEUE_SPANS]), (&id(0), &Heard::Dropped(7)));
    tell(&tail, [numbered(9999)]).await;
    assert_eq!(slow.next().await, [id(9999)]);
    let metrics = events.metrics().render();
    assert!(metrics.contains("llmtrace_tail_dropped_total 7"), "{metrics}");
}

#[test]
fn a_huge_span_finds_room_alone() {
    let mut queue = Queue::default();
    let told = |event: Bytes| Arc::new(Told { event, whose: Whose::of(&numbered(1).build()) });
    assert_eq!(queue.push(&told(vec![0; QUEUE_BYTES + 1].into())), Pushed::Waits);
    assert_eq!(queue.push(&told(Bytes::from_static(b"x"))), Pushed::Dropped);
}

#[tokio::test]
async fn the_places_are_counted_and_come_back() {
    let (tail, events) = tail();
    let mut listeners: Vec<_> = (0..MAX_SUBSCRIBERS).map(|_| all(&tail)).collect();
    assert_eq!(tail.subscribe(TenantScope::All, SpanFilter::default()).map(|_| ()), Err(TooMany));
    let metrics = events.metrics().render();
    assert!(metrics.contains("llmtrace_tail_subscribers 64"), "{metrics}");
    assert!(metrics.contains(r#"llmtrace_notices_total{event="tail_refused"} 1"#), "{metrics}");
    listeners.pop();
    listeners.push(all(&tail));
    drop(listeners);
    assert!(events.metrics().render().contains("llmtrace_tail_subscribers 0"));
    assert_eq!(tail.0.count.load(Ordering::SeqCst), 0);
}

proptest! {
    // However telling and listening alternate, what is heard and what is missing add up, in order.
    #[test]
    fn every_span_is_heard_or_counted(turns in proptest::collection::vec((0u64..1500, any::<bool>()), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (tail, _) = tail();
            let listener = all(&tail);
            let (mut told, mut next) = (0, 0);
            for (more, listens) in turns.into_iter().chain([(1, true)]) {
                tell(&tail, (told..told + more).map(numbered)).await;
                told += more;
                if !listens || told == next {
                    continue;
                }
                for heard in listener.next().await {
                    match heard {
                        Heard::Dropped(count) => next += count,
                        span => {
                            assert_eq!(span, id(next));
                            next += 1;
                        }
                    }
                }
                assert_eq!(next, told);
            }
        });
    }
}
