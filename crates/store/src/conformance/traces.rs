//! Traces: what their spans add up to, in which order, page by page.

use std::sync::Arc;

use llmtrace_model::{Money, PageRequest, SpanFilter, Timestamp, TraceSummary};

use super::{
    ask::{ALL, Store, tenant, traces, write},
    builders::{START, SpanBuilder, numbered},
};

fn after_start(us: i64) -> Timestamp {
    Timestamp::from_unix_us(START.unix_us() + us)
}

pub(super) async fn a_trace_adds_up_its_spans(store: Store) {
    let first = numbered(1).trace(5).at(after_start(100)).lasting_us(1000).session("s").model("b").tokens(1, 2);
    let second = numbered(2).trace(5).at(after_start(200)).lasting_us(50).model("a").tokens(10, 20).cost_nanos(7);
    let third = numbered(3).trace(5).at(after_start(900)).lasting_us(300).model("b").cost_nanos(5).failed();
    let asked = numbered(4).trace(5).at(after_start(901)).lasting_us(0).session("t").with(|span| {
        (span.request_model, span.response_model) = (Some("c".to_owned()), None);
    });
    let batch = [third, asked, first, second].map(SpanBuilder::record);
    write(&store, &batch).await;
    let expected = TraceSummary {
        trace_id: batch[0].span.trace_id,
        tenant_id: batch[0].span.tenant_id.clone(),
        started_at: after_start(100),
        duration_us: 1100,
        spans: 4,
        errors: 1,
        models: vec!["a".to_owned(), "b".to_owned(), "c".to_owned()],
        total_tokens: 33,
        cost: Money::from_nanos(12),
        session_id: Some("s".to_owned()),
    };
    for scope in [ALL, tenant("default")] {
        assert_eq!(traces(&store, &scope, &SpanFilter::default()).await, std::slice::from_ref(&expected));
    }
}

pub(super) async fn a_trace_that_matches_is_summed_whole(store: Store) {
    let batch = [numbered(1).trace(1), numbered(2).trace(1).agent("a"), numbered(3).trace(2)].map(SpanBuilder::record);
    write(&store, &batch).await;
    let filter = SpanFilter { agent_id: Some("a".to_owned()), ..SpanFilter::default() };
    let found = traces(&store, &ALL, &filter).await;
    let seen: Vec<_> = found.iter().map(|trace| (trace.trace_id, trace.spans, trace.started_at)).collect();
    assert_eq!(seen, [(batch[0].span.trace_id, 2, batch[0].span.started_at)]);
}

pub(super) async fn traces_are_ordered_by_their_first_matching_span(store: Store) {
    // Trace 1 begins first and matches last; trace 2 the other way round.
    let batch = [
        numbered(1).trace(1),
        numbered(2).trace(2).user("u"),
        numbered(3).trace(2).user("u"),
        numbered(4).trace(3).user("u"),
        numbered(5).trace(1).user("u"),
    ];
    let numbers =
        |found: Vec<TraceSummary>| found.iter().map(|trace| trace.trace_id.as_bytes()[15]).collect::<Vec<_>>();
    write(&store, &batch.map(SpanBuilder::record)).await;
    assert_eq!(numbers(traces(&store, &ALL, &SpanFilter::default()).await), [3, 2, 1]);
    let filter = SpanFilter { user_id: Some("u".to_owned()), ..SpanFilter::default() };
    assert_eq!(numbers(traces(&store, &ALL, &filter).await), [1, 3, 2]);
    let until = SpanFilter { until: Some(numbered(5).build().started_at), ..filter.clone() };
    assert_eq!(numbers(traces(&store, &tenant("default"), &until).await), [3, 2]);
    let from = SpanFilter { from: Some(numbered(3).build().started_at), ..filter };
    assert_eq!(numbers(traces(&store, &ALL, &from).await), [1, 3, 2]);
}

pub(super) async fn pages_of_traces_join(store: Store) {
    // Interleaved: span n belongs to trace n modulo 17, several begin at the same time.
    let batch: Vec<_> = (0u64..120)
        .map(|n| numbered(n).trace(u128::from(n % 17) + 1).at(after_start(i64::try_from(n / 6).unwrap())).record())
        .collect();
    write(&store, &batch).await;
    let whole = traces(&store, &ALL, &SpanFilter::default()).await;
    assert_eq!(whole.len(), 17);
    assert_eq!(whole.iter().map(|trace| trace.spans).sum::<u64>(), 120);
    assert!(whole.windows(2).all(|pair| pair[0].started_at >= pair[1].started_at));
    for limit in [1, 2, 5, 16, 17, 18] {
        let mut page = PageRequest::first(limit);
        let mut found = Vec::new();
        loop {
            let one = store.list_traces(&ALL, &SpanFilter::default(), &page).await.unwrap();
            found.extend(one.items);
            page.after = one.next;
            if page.after.is_none() {
                break;
            }
            // A newer trace belongs before the first page: it moves nothing.
            let later = numbered(1000 + found.len() as u64).trace(1000 + found.len() as u128).record();
            write(&store, &[later]).await;
        }
        assert_eq!(found.iter().filter(|t| whole.contains(t)).count(), 17, "by {limit}");
        assert_eq!(found[found.len() - 17..], whole[..], "by {limit}");
        assert_no_trace_came_twice(&mut found, limit);
    }
}

/// Says that no trace came twice.
fn assert_no_trace_came_twice(found: &mut Vec<TraceSummary>, limit: u32) {
    let before = found.len();
    found.sort_by_key(|trace| trace.trace_id);
    found.dedup_by_key(|trace| trace.trace_id);
    assert_eq!(found.len(), before, "by {limit}");
}

pub(super) async fn one_trace_id_of_two_tenants_is_two_traces(store: Store) {
    let batch = [numbered(1).trace(1).tenant("a"), numbered(2).trace(1).tenant("b"), numbered(3).trace(1).tenant("b")];
    write(&store, &batch.map(SpanBuilder::record)).await;
    let found = traces(&store, &ALL, &SpanFilter::default()).await;
    let seen: Vec<_> = found.iter().map(|trace| (trace.tenant_id.as_str(), trace.spans)).collect();
    assert_eq!(seen, [("b", 2), ("a", 1)]);
    assert_eq!(store.trace(&ALL, found[0].trace_id).await.unwrap().len(), 3);
    assert_eq!(store.trace(&tenant("a"), found[0].trace_id).await.unwrap().len(), 1);
}

pub(super) async fn sums_saturate(store: Store) {
    let huge = |n: u64, us| {
        numbered(n)
            .trace(1)
            .at(Timestamp::from_unix_us(us))
            .tokens(u64::MAX, 1)
            .cost_nanos(i64::MAX)
            .lasting_us(u64::MAX)
    };
    let batch = [huge(1, i64::MIN), huge(2, 0), huge(3, i64::MAX)].map(SpanBuilder::record);
    write(&store, &[Arc::clone(&batch[2]), Arc::clone(&batch[0]), Arc::clone(&batch[1])]).await;
    let found = traces(&store, &ALL, &SpanFilter::default()).await;
    let [trace] = &found[..] else { panic!("expected one trace, found {found:?}") };
    assert_eq!((trace.total_tokens, trace.cost), (u64::MAX, Money::from_nanos(i64::MAX)));
    assert_eq!((trace.duration_us, trace.spans), (u64::MAX, 3));
}
