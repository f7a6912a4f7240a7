//! The one suite every adapter passes: each function tests one sentence of the ports' contracts, on an empty store.
//!
//! A new adapter is one module in `adapters`. The builders serve the tests of other rooms too.

#[cfg(test)]
mod adapters;
#[cfg(test)]
mod agreement;
#[cfg(test)]
pub(crate) mod auditing;
#[cfg(test)]
mod billed;
pub mod builders;
#[cfg(test)]
mod counters;
#[cfg(test)]
mod counting;
#[cfg(test)]
pub(crate) mod credentials;
pub mod engines;
#[cfg(test)]
mod erasing;
#[cfg(test)]
pub(crate) mod front;
#[cfg(test)]
mod keeping;
#[cfg(test)]
pub(crate) mod keys;
#[cfg(test)]
mod life;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod meta;
#[cfg(test)]
mod prices;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod reach;
#[cfg(test)]
pub(crate) mod sessions;
#[cfg(test)]
pub(crate) mod settings;
#[cfg(test)]
mod text;
#[cfg(test)]
mod traces;
#[cfg(test)]
pub(crate) mod users;
#[cfg(test)]
mod values;
#[cfg(test)]
mod views;
#[cfg(test)]
mod writing;

#[cfg(test)]
mod ask {
    //! The calls of the suite, short.

    use std::sync::Arc;

    use llmtrace_model::{PageRequest, Span, SpanFilter, SpanRecord, TenantScope, TraceSummary};

    use crate::SpanStore;

    /// The store under test.
    pub(super) type Store = Arc<dyn SpanStore>;

    pub(super) const ALL: TenantScope = TenantScope::All;

    pub(super) fn tenant(name: &str) -> TenantScope {
        TenantScope::One(name.parse().unwrap())
    }

    pub(super) async fn write(store: &Store, batch: &[Arc<SpanRecord>]) {
        store.write(batch).await.unwrap();
    }

    pub(super) async fn list(store: &Store, scope: &TenantScope, filter: &SpanFilter) -> Vec<Span> {
        store.list(scope, filter, &PageRequest::first(PageRequest::MAX)).await.unwrap().items
    }

    pub(super) async fn everything(store: &Store) -> Vec<Span> {
        list(store, &ALL, &SpanFilter::default()).await
    }

    pub(super) async fn traces(store: &Store, scope: &TenantScope, filter: &SpanFilter) -> Vec<TraceSummary> {
        store.list_traces(scope, filter, &PageRequest::first(PageRequest::MAX)).await.unwrap().items
    }

    /// Walks all pages of spans; `between` runs after each page.
    pub(super) async fn walk(
        store: &Store,
        scope: &TenantScope,
        filter: &SpanFilter,
        limit: u32,
        mut between: impl AsyncFnMut(),
    ) -> Vec<Span> {
        let mut page = PageRequest::first(limit);
        let mut found = Vec::new();
        loop {
            let one = store.list(scope, filter, &page).await.unwrap();
            assert!(one.items.len() <= limit as usize);
            found.extend(one.items);
            let Some(next) = one.next else { return found };
            // Through its text form, as a client of the API sends it back.
            page.after = Some(next.to_string().parse().unwrap());
            between().await;
        }
    }
}
