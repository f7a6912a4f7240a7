//! What only memory does: drop the oldest at its bounds, and count them.

use std::sync::Arc;

use llmtrace_model::{PageRequest, Raw, RawBody, SpanFilter, TenantScope};

use super::{Memory, size::record_bytes};
use crate::{
    MAX_KEYS, MemoryOptions, Options, Replacing, SpanRead, SpanStore, SpanWrite, Written,
    conformance::{
        auditing::entry,
        builders::{numbered, span},
        keys::key,
    },
    open_meta,
};

async fn kept(store: &Memory) -> Vec<i64> {
    let page = PageRequest::first(PageRequest::MAX);
    let page = store.list(&TenantScope::All, &SpanFilter::default(), &page).await.unwrap();
    page.items.iter().rev().map(|span| (span.started_at.unix_us() / 1000) % 1000).collect()
}

#[tokio::test]
async fn beyond_the_rows_the_oldest_are_dropped_and_counted() {
    let store = Memory::open(MemoryOptions { max_rows: 3, max_bytes: usize::MAX }).unwrap();
    let batch: Vec<_> = [5, 2, 4, 1, 3].map(|n| numbered(n).session("s").record()).to_vec();
    store.write(&batch).await.unwrap();
    assert_eq!((kept(&store).await, store.dropped()), (vec![3, 4, 5], 2));
    // A replay of what was dropped is dropped again; the index entries are gone as well.
    store.write(&batch[1..2]).await.unwrap();
    assert_eq!((kept(&store).await, store.dropped()), (vec![3, 4, 5], 3));
    let gone = &batch[1].span;
    assert_eq!(store.exchange(&TenantScope::All, gone.exchange_id).await.unwrap(), None);
    assert_eq!(store.span(&TenantScope::All, gone.span_id).await.unwrap(), None);
    assert_eq!(store.trace(&TenantScope::All, gone.trace_id).await.unwrap(), []);
    let by_session = SpanFilter { session_id: Some("s".to_owned()), ..SpanFilter::default() };
    assert_eq!(store.count(&TenantScope::All, &by_session).await.unwrap(), 3);
}

#[tokio::test]
async fn beyond_the_bytes_the_oldest_are_dropped() {
    let text = "x".repeat(100_000);
    let one = record_bytes(&numbered(1).said(&text, "").record());
    let store = Memory::open(MemoryOptions { max_rows: usize::MAX, max_bytes: 3 * one + one / 2 }).unwrap();
    for n in 1..=10 {
        store.write(&[numbered(n).said(&text, "").record()]).await.unwrap();
    }
    assert_eq!((kept(&store).await, store.dropped()), (vec![8, 9, 10], 7));
    // A higher version takes the place of the lower: its bytes do not count twice.
    for version in 1..5 {
        store.write(&[numbered(9).said(&text, "").version(version).record()]).await.unwrap();
    }
    assert_eq!((kept(&store).await, store.dropped()), (vec![8, 9, 10], 7));
}

#[tokio::test]
async fn the_bytes_of_an_exchange_count() {
    let raw = |size: usize| {
        let half = RawBody { head: vec![0; size / 2].into(), tail: vec![0; size / 2].into(), ..RawBody::default() };
        Raw { request: half.clone(), response: half }
    };
    let (small, large) = (span().raw(raw(0)).record(), span().raw(raw(50_000)).record());
    assert_eq!(record_bytes(&large) - record_bytes(&small), 100_000);
    let store = Memory::open(MemoryOptions { max_rows: usize::MAX, max_bytes: 350_000 }).unwrap();
    for n in 1..=10 {
        store.write(&[numbered(n).raw(raw(50_000)).record()]).await.unwrap();
    }
    assert_eq!((kept(&store).await, store.dropped()), (vec![8, 9, 10], 7));
}

#[test]
fn the_size_of_a_span_follows_its_text() {
    let (small, large) = (span().said("q", "a").record(), span().said(&"q".repeat(10_000), "a").record());
    let (small, large) = (record_bytes(&small), record_bytes(&large));
    assert_eq!(large - small, 9_999);
    assert!((1000..5000).contains(&small), "{small}");
    assert!(small > std::mem::size_of_val(&*Arc::new(span().build())));
}

#[tokio::test]
async fn keys_are_bounded() {
    let store = open_meta("test", "memory:", &Options::default()).await.unwrap();
    let most = u32::try_from(MAX_KEYS).unwrap();
    for n in 0..most {
        assert_eq!(store.put_key(&TenantScope::All, &key(n, None), Replacing::Nothing).await.unwrap(), Written::Done);
    }
    for (n, told) in [(most, Written::Full), (0, Written::Changed)] {
        assert_eq!(store.put_key(&TenantScope::All, &key(n, None), Replacing::Nothing).await.unwrap(), told);
    }
}

#[tokio::test]
async fn of_a_long_audit_log_the_beginning_is_forgotten_and_the_end_goes_on() {
    let store = open_meta("test", "memory:", &Options::default()).await.unwrap();
    store.append_audit(&[entry(200_000, None)]).await.unwrap();
    let many: Vec<_> = (0..100_001).map(|n| entry(n, Some("a"))).collect();
    let last = store.append_audit(&many).await.unwrap().pop().unwrap();
    let rest = store.audit_chain(last.entry.tenant.as_ref(), 0).await.unwrap();
    assert_eq!((rest[0].seq, last.seq), (3, 100_001));
    let heads = store.audit_heads().await.unwrap();
    assert_eq!(heads.iter().map(|(_, head)| head.seq).collect::<Vec<_>>(), [1, 100_001]);
    assert_eq!(store.append_audit(&many[50..51]).await.unwrap()[0].seq, 51, "what is there is found");
}
