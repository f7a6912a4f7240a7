//! Writing: all of a batch, each span once.

use std::sync::Arc;

use llmtrace_model::{SpanFilter, SpanRecord};

use super::{
    ask::{ALL, Store, everything, list, tenant, traces, write},
    builders::{numbered, span},
};

async fn stored(store: &Store, record: &SpanRecord) -> SpanRecord {
    store.exchange(&ALL, record.span.exchange_id).await.unwrap().unwrap()
}

pub(super) async fn a_written_span_is_read_back_unchanged(store: Store) {
    let record = span().said("hello", "hi").tokens(3, 5).record();
    write(&store, &[Arc::clone(&record)]).await;
    assert_eq!(stored(&store, &record).await, *record);
    assert_eq!(store.span(&tenant("default"), record.span.span_id).await.unwrap().as_ref(), Some(&*record));
    assert_eq!(store.trace(&ALL, record.span.trace_id).await.unwrap(), std::slice::from_ref(&*record));
    assert_eq!(everything(&store).await, std::slice::from_ref(&record.span));
}

pub(super) async fn writing_a_batch_twice_leaves_each_span_once(store: Store) {
    let batch: Vec<_> = (1..=50).map(|n| numbered(n).said("q", "a").record()).collect();
    write(&store, &batch).await;
    write(&store, &batch).await;
    write(&store, &batch[20..]).await;
    write(&store, &[]).await;
    assert_eq!(everything(&store).await.len(), 50);
    assert_eq!(store.count(&ALL, &SpanFilter::default()).await.unwrap(), 50);
    assert_eq!(stored(&store, &batch[7]).await, *batch[7]);
}

pub(super) async fn of_two_versions_the_higher_stays(store: Store) {
    let old = span().said("q", "old").cost_nanos(1);
    let new = old.clone().version(1).said("q", "new").cost_nanos(2).record();
    let old = old.record();
    write(&store, &[Arc::clone(&old)]).await;
    write(&store, &[Arc::clone(&new)]).await;
    assert_eq!(stored(&store, &old).await, *new);
    write(&store, &[old]).await;
    assert_eq!(stored(&store, &new).await, *new);
}

pub(super) async fn of_equal_versions_the_first_stays(store: Store) {
    let first = span().version(3).said("q", "first");
    let second = first.clone().said("q", "second").model("other").record();
    let first = first.record();
    write(&store, &[Arc::clone(&first)]).await;
    write(&store, &[second]).await;
    assert_eq!(stored(&store, &first).await, *first);
}

pub(super) async fn duplicates_inside_a_batch_follow_the_same_rules(store: Store) {
    let zero = numbered(1).said("q", "0");
    let (one, again) = (zero.clone().version(1).said("q", "1"), zero.clone().version(1).said("q", "1 again"));
    let (zero, one, again) = (zero.record(), one.record(), again.record());
    let other = numbered(2).record();
    write(&store, &[Arc::clone(&zero), Arc::clone(&one), Arc::clone(&other), again, zero]).await;
    assert_eq!(stored(&store, &one).await, *one);
    assert_eq!(everything(&store).await.len(), 2);
}

pub(super) async fn a_higher_version_leaves_no_trace_of_the_lower(store: Store) {
    let old = numbered(9).trace(1).id(1).session("old").tenant("a").failed().said("q", "a");
    let mut new = numbered(2).trace(2).id(2).session("new").tenant("b").version(1).build();
    let old = old.record();
    new.exchange_id = old.span.exchange_id;
    let new = Arc::new(SpanRecord::bare(new));
    write(&store, &[Arc::clone(&old), Arc::clone(&new)]).await;
    assert_eq!(everything(&store).await, std::slice::from_ref(&new.span));
    assert_eq!(stored(&store, &old).await.content, None);
    assert_eq!(store.span(&ALL, old.span.span_id).await.unwrap(), None);
    assert!(store.trace(&ALL, old.span.trace_id).await.unwrap().is_empty());
    assert_eq!(list(&store, &tenant("a"), &SpanFilter::default()).await, []);
    let by_session = SpanFilter { session_id: Some("old".to_owned()), ..SpanFilter::default() };
    assert_eq!(list(&store, &ALL, &by_session).await, []);
    let traces = traces(&store, &ALL, &SpanFilter::default()).await;
    assert_eq!(traces.iter().map(|trace| (trace.trace_id, trace.spans)).collect::<Vec<_>>(), [(new.span.trace_id, 1)]);
}

pub(super) async fn writers_at_the_same_time_lose_nothing(store: Store) {
    let part = |from: u64| {
        let store = Arc::clone(&store);
        async move {
            for n in from..from + 20 {
                // Each span is written by two of the writers.
                write(&store, &[numbered(n).record(), numbered(n + 20).record()]).await;
            }
        }
    };
    tokio::join!(part(0), part(20), part(40), part(60));
    assert_eq!(everything(&store).await.len(), 100);
}
