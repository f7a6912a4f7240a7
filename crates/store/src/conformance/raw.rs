//! The bytes of an exchange: given with the span, read back by their own read and by no other.

use std::sync::Arc;

use bytes::Bytes;
use llmtrace_model::{ExchangeId, PageRequest, Raw, RawBody, SpanFilter, SpanRecord};

use super::{
    ask::{ALL, Store, everything, tenant, write},
    builders::{numbered, span},
};

fn body(media: &str, bytes: impl Into<Bytes>) -> RawBody {
    let head = bytes.into();
    RawBody { media_type: Some(media.to_owned()), size_bytes: head.len() as u64, head, ..RawBody::default() }
}

/// A chat whose content stands in its bytes too.
fn chat(question: &str, answer: &str) -> Raw {
    let request = serde_json::json!({"model": "gpt-4o", "messages": [{"role": "user", "content": question}]});
    let response = serde_json::json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": answer}}]});
    Raw {
        request: body("application/json", request.to_string()),
        response: body("application/json; charset=utf-8", response.to_string()),
    }
}

/// Bytes in which nothing repeats.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(step).collect()
}

async fn raw(store: &Store, record: &SpanRecord) -> Option<Raw> {
    store.raw(&ALL, record.span.exchange_id).await.unwrap()
}

async fn survives(store: &Store, record: Arc<SpanRecord>) {
    write(store, &[Arc::clone(&record)]).await;
    assert_eq!(raw(store, &record).await, record.raw);
}

pub(super) async fn bytes_are_read_back_as_they_were_written(store: Store) {
    let long = "word after word, and \"quotes\" \\ \n ü 東京 ".repeat(200);
    let huge = "0123456789abcdef".repeat(1 << 17);
    for text in ["hi", &long, &huge] {
        survives(&store, span().said(text, text).raw(chat(text, text)).record()).await;
    }
    survives(&store, span().raw(chat(&long, "without content")).record()).await;
    let every_byte: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    for bytes in [Vec::new(), vec![0], b"{}".to_vec(), noise(33), noise(100_000), every_byte, noise(10 << 20)] {
        let bytes = Bytes::from(bytes);
        let both = Raw { request: body("a/b", bytes.clone()), response: body("\0 ü", bytes) };
        survives(&store, span().raw(both.clone()).record()).await;
        survives(&store, span().said("q", "a").raw(both).record()).await;
    }
    let coded = |coding: &str| RawBody { content_encoding: Some(coding.to_owned()), ..body("text/plain", noise(5000)) };
    survives(&store, span().said("q", "a").raw(Raw { request: coded("gzip"), response: coded("br") }).record()).await;
}

pub(super) async fn empty_bodies_and_absent_ones_stay_apart(store: Store) {
    survives(&store, span().raw(Raw::default()).record()).await;
    survives(&store, span().raw(Raw { response: body("text/plain", "x"), ..Raw::default() }).record()).await;
    let none = span().said("q", "a").record();
    survives(&store, Arc::clone(&none)).await;
    assert_eq!(raw(&store, &none).await, None);
    assert_eq!(store.raw(&ALL, ExchangeId::MIN).await.unwrap(), None);
}

pub(super) async fn a_cut_body_keeps_its_head_its_tail_and_its_size(store: Store) {
    for size_bytes in [8, 9, 1 << 40, u64::MAX] {
        let cut = RawBody { head: "head".into(), tail: "tail".into(), size_bytes, ..RawBody::default() };
        let uncopied = RawBody { size_bytes, ..RawBody::default() };
        let record = span().said("head", "tail").raw(Raw { request: cut, response: uncopied }).record();
        survives(&store, Arc::clone(&record)).await;
        let read = raw(&store, &record).await.unwrap();
        assert_eq!((read.request.omitted_bytes(), read.response.omitted_bytes()), (size_bytes - 8, size_bytes));
    }
}

pub(super) async fn bytes_of_another_tenant_do_not_exist(store: Store) {
    let record = span().tenant("a").said("q", "a").raw(chat("q", "a")).record();
    write(&store, &[Arc::clone(&record)]).await;
    let id = record.span.exchange_id;
    assert_eq!(store.raw(&tenant("a"), id).await.unwrap(), record.raw);
    assert_eq!(store.raw(&tenant("b"), id).await.unwrap(), None);
}

pub(super) async fn bytes_go_with_the_row_they_belong_to(store: Store) {
    let old = numbered(1).said("q", "old").raw(chat("q", "old"));
    let (new, bare) = (old.clone().version(1).said("q", "new").raw(chat("q", "new")), numbered(1).version(2));
    let (old, new, bare) = (old.record(), new.record(), bare.record());
    for batch in [&[Arc::clone(&old)], &[Arc::clone(&old)]] {
        write(&store, batch).await;
        assert_eq!(raw(&store, &old).await, old.raw);
    }
    for batch in [[Arc::clone(&new)], [Arc::clone(&old)], [Arc::clone(&new)]] {
        write(&store, &batch).await;
        assert_eq!(raw(&store, &old).await, new.raw, "of two versions the higher stays, a replay changes nothing");
    }
    write(&store, &[bare, Arc::clone(&new)]).await;
    assert_eq!(raw(&store, &old).await, None, "what replaced it has none");
    // Inside one batch, and next to a row whose content must not be taken for its own.
    let batch: Vec<_> = (2..40)
        .map(|n| {
            let text = format!("text number {n} of many");
            let one = numbered(n).raw(chat(&text, "a"));
            if n % 3 == 0 { one } else { one.said(&text, "a") }.record()
        })
        .collect();
    write(&store, &batch).await;
    write(&store, &batch).await;
    for record in &batch {
        assert_eq!(raw(&store, record).await, record.raw);
    }
}

pub(super) async fn no_other_read_loads_bytes(store: Store) {
    let record = span().trace(7).said("q", "a").raw(chat("q", "a")).record();
    write(&store, &[Arc::clone(&record)]).await;
    let (id, page) = (record.span.exchange_id, PageRequest::first(10));
    let listed = store.list_records(&ALL, &SpanFilter::default(), &page).await.unwrap().items;
    let read = [store.span(&ALL, record.span.span_id).await.unwrap(), store.exchange(&ALL, id).await.unwrap()];
    let traced = store.trace(&ALL, record.span.trace_id).await.unwrap();
    let without = SpanRecord { raw: None, ..(*record).clone() };
    for found in listed.into_iter().chain(read.into_iter().flatten()).chain(traced) {
        assert_eq!(found, without);
    }
    assert_eq!(everything(&store).await, std::slice::from_ref(&record.span));
}

pub(super) async fn bytes_of_several_exchanges_come_in_the_order_of_their_ids(store: Store) {
    let of = |n: u64, owner: &str| numbered(n).tenant(owner).raw(chat(&format!("q{n}"), "a")).record();
    let bare = numbered(9).tenant("a").record();
    let batch = [of(1, "a"), of(2, "a"), of(3, "b"), bare];
    write(&store, &batch).await;
    let unknown = numbered(99).record();
    let asked = [&batch[2], &batch[1], &unknown, &batch[3], &batch[0], &batch[1]];
    let ids: Vec<_> = asked.iter().map(|record| record.span.exchange_id).collect();
    let expected: Vec<_> = asked.iter().map(|record| record.raw.clone()).collect();
    assert_eq!(store.raws(&ALL, &ids).await.unwrap(), expected);
    let of_a: Vec<_> = expected.iter().cloned().enumerate().map(|(n, raw)| raw.filter(|_| n != 0)).collect();
    assert_eq!(store.raws(&tenant("a"), &ids).await.unwrap(), of_a);
    assert_eq!(store.raws(&ALL, &[]).await.unwrap(), []);
    assert_eq!(store.raws(&ALL, &[unknown.span.exchange_id]).await.unwrap(), [None]);
}
