//! What every store of spans does.
#![expect(missing_docs, reason = "each function's name is the sentence it tests")]

use std::sync::Arc;

use llmtrace_model::{PageRequest, Span, SpanFilter, SpanRecord, TenantScope};

use super::builders::{numbered, span};
use crate::SpanStore;

/// The store under test.
type Store = Arc<dyn SpanStore>;

fn tenant(name: &str) -> TenantScope {
    TenantScope::One(name.parse().expect("the test names a valid tenant"))
}

async fn write(store: &Store, batch: &[Arc<SpanRecord>]) {
    store.write(batch).await.expect("the store takes the batch");
}

async fn list(store: &Store, scope: &TenantScope, filter: &SpanFilter, limit: u32) -> Vec<Span> {
    store.list(scope, filter, &PageRequest::first(limit)).await.expect("the store lists").items
}

async fn everything(store: &Store) -> Vec<Span> {
    list(store, &TenantScope::All, &SpanFilter::default(), PageRequest::MAX).await
}

pub async fn a_written_span_is_read_back_unchanged(store: Store) {
    let record = span().said("hello", "hi").tokens(3, 5).record();
    write(&store, &[Arc::clone(&record)]).await;
    let read = store.exchange(&TenantScope::All, record.span.exchange_id).await.expect("the store reads");
    assert_eq!(read.as_ref(), Some(&*record));
    let read = store.span(&tenant("default"), record.span.span_id).await.expect("the store reads");
    assert_eq!(read.as_ref(), Some(&*record));
    assert_eq!(everything(&store).await, std::slice::from_ref(&record.span));
}

pub async fn writing_a_batch_twice_leaves_each_span_once(store: Store) {
    let batch: Vec<_> = (1..=50).map(|n| numbered(n).said("q", "a").record()).collect();
    write(&store, &batch).await;
    write(&store, &batch).await;
    assert_eq!(everything(&store).await.len(), 50);
    assert_eq!(store.count(&TenantScope::All, &SpanFilter::default()).await.expect("the store counts"), 50);
}
