//! Open, and closed.

use llmtrace_model::{PageRequest, Retentions, SpanFilter, Subject};

use super::{
    ask::{ALL, Store, write},
    builders::span,
};
use crate::ErrorKind;

pub(super) async fn an_open_store_takes_writes(store: Store) {
    store.ping().await.unwrap();
    write(&store, &[span().record()]).await;
    store.ping().await.unwrap();
    assert_eq!(store.count(&ALL, &SpanFilter::default()).await.unwrap(), 1);
    assert_eq!(store.dropped(), 0);
}

pub(super) async fn a_closed_store_answers_nothing(store: Store) {
    let record = span().record();
    write(&store, std::slice::from_ref(&record)).await;
    store.close().await.unwrap();
    store.close().await.unwrap();
    let (none, page, id) = (SpanFilter::default(), PageRequest::first(1), &record.span);
    let errors = [
        store.write(std::slice::from_ref(&record)).await.unwrap_err(),
        store.ping().await.unwrap_err(),
        store.list(&ALL, &none, &page).await.unwrap_err(),
        store.list_records(&ALL, &none, &page).await.unwrap_err(),
        store.list_traces(&ALL, &none, &page).await.unwrap_err(),
        store.span(&ALL, id.span_id).await.unwrap_err(),
        store.exchange(&ALL, id.exchange_id).await.unwrap_err(),
        store.trace(&ALL, id.trace_id).await.unwrap_err(),
        store.count(&ALL, &none).await.unwrap_err(),
        store.models(&ALL, &none).await.unwrap_err(),
        store.reprice(&[]).await.unwrap_err(),
        store.erase(&ALL, &Subject::Everything, id.started_at).await.unwrap_err(),
        store.expire(&Retentions::default(), id.started_at).await.unwrap_err(),
        store.billed(&id.tenant_id, &id.provider, "resp_1").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind, error.backend), (ErrorKind::Unavailable, store.backend()), "{error}");
    }
}
