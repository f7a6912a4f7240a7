use llmtrace_model::{Erased, SpanFilter};
use llmtrace_store::{
    Options,
    conformance::builders::{START, numbered},
    open_meta, open_spans,
};

use super::*;
use crate::telemetry::Metrics;

const SECOND_US: i64 = 1_000_000;
const HOUR_US: i64 = 3_600 * SECOND_US;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_unix_us(START.unix_us() + hours * HOUR_US)
}

async fn stores() -> (Arc<dyn SpanStore>, Arc<dyn MetaStore>) {
    let spans = open_spans("test", "memory:", &Options::default()).await.unwrap();
    (spans, open_meta("test", "memory:", &Options::default()).await.unwrap())
}

fn erasing(spans: &Arc<dyn SpanStore>, meta: &Arc<dyn MetaStore>, now: Timestamp) -> Erasing {
    let events = Events::new(Arc::new(Metrics::new()));
    let eraser = Eraser::new(Arc::clone(spans), Arc::clone(meta), Clock::fixed(now), Arc::new(|_, _, _| {}));
    Erasing::new(eraser, events)
}

fn asked(id: u8) -> Erasure {
    let id = ErasureId::from_bytes([id; 16]);
    Erasure::asked(id, Some("a".parse().unwrap()), Subject::Session("s".to_owned()), at(1))
}

async fn receipt(meta: &Arc<dyn MetaStore>) -> Erasure {
    meta.erasure(&TenantScope::All, asked(1).id).await.unwrap().unwrap()
}

async fn left(spans: &Arc<dyn SpanStore>) -> u64 {
    spans.count(&TenantScope::All, &SpanFilter::default()).await.unwrap()
}

#[tokio::test]
async fn what_was_asked_for_is_done_and_its_receipt_says_so() {
    let (spans, meta) = stores().await;
    let of = |n: u64, owner: &str| numbered(n).tenant(owner).session("s").record();
    spans.write(&[of(1, "a"), of(2, "a"), of(3, "b")]).await.unwrap();
    meta.add_erasure(&asked(1)).await.unwrap();
    assert_eq!(erasing(&spans, &meta, at(2)).round().await, EVERY);
    let done = receipt(&meta).await;
    assert_eq!((done.done_at, done.erased.spans), (Some(at(2)), 2));
    assert_eq!(left(&spans).await, 1);
}

#[tokio::test]
async fn who_holds_copies_is_told() {
    let (spans, meta) = stores().await;
    meta.add_erasure(&asked(1)).await.unwrap();
    let told = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let gone: Gone = Arc::new({
        let told = Arc::clone(&told);
        move |scope, subject, until| told.lock().push((scope.clone(), subject.clone(), until))
    });
    let eraser = Eraser::new(spans, Arc::clone(&meta), Clock::fixed(at(2)), gone);
    Erasing::new(eraser, Events::new(Arc::new(Metrics::new()))).round().await;
    let expected = (TenantScope::One("a".parse().unwrap()), Subject::Session("s".to_owned()), at(1));
    assert_eq!(*told.lock(), [expected]);
}

#[tokio::test]
async fn what_arrives_afterwards_is_erased_too_and_counted() {
    let (spans, meta) = stores().await;
    meta.add_erasure(&asked(1)).await.unwrap();
    erasing(&spans, &meta, at(2)).round().await;
    assert_eq!(receipt(&meta).await.erased, Erased::default());
    spans.write(&[numbered(1).tenant("a").session("s").record()]).await.unwrap();
    erasing(&spans, &meta, at(3)).round().await;
    let done = receipt(&meta).await;
    assert_eq!((done.done_at, done.erased.spans), (Some(at(2)), 1));

    // The last time it is looked for more.
    let end = asked(1).repeat_until;
    spans.write(&[numbered(2).tenant("a").session("s").record()]).await.unwrap();
    erasing(&spans, &meta, end).round().await;
    let over = receipt(&meta).await;
    assert_eq!((over.erased.spans, over.due_at), (2, None));
    spans.write(&[numbered(3).tenant("a").session("s").record()]).await.unwrap();
    erasing(&spans, &meta, Timestamp::from_unix_us(i64::MAX)).round().await;
    assert_eq!(left(&spans).await, 1);
}

#[test]
fn an_erasure_is_repeated_often_at_first_and_to_the_end() {
    let asked = asked(1);
    let pause = |after_s: i64| {
        let now = Timestamp::from_unix_us(asked.requested_at.unix_us() + after_s * SECOND_US);
        next(&asked, now).map(|next| (next.unix_us() - now.unix_us()) / SECOND_US)
    };
    let week = 7 * 86_400;
    let pauses = [0, 10, 60, 1_200, 86_400, week - 300, week - 1, week].map(pause);
    assert_eq!(pauses, [Some(10), Some(10), Some(30), Some(600), Some(600), Some(300), Some(1), None]);
}

#[tokio::test]
async fn an_erasure_that_failed_stays_due() {
    let (spans, meta) = stores().await;
    meta.add_erasure(&asked(1)).await.unwrap();
    spans.close().await.unwrap();
    let mut erasing = erasing(&spans, &meta, at(2));
    let pauses = [erasing.round().await, erasing.round().await, erasing.round().await];
    assert_eq!(pauses.map(|pause| pause.as_secs()), [1, 2, 4]);
    let receipt = receipt(&meta).await;
    assert_eq!((receipt.done_at, receipt.due_at), (None, Some(at(2))));
}

#[tokio::test]
async fn erasures_that_fail_let_the_others_go_ahead() {
    let (spans, meta) = stores().await;
    for id in 1..=4 {
        let later = Timestamp::from_unix_us(at(1).unix_us() + i64::from(id));
        meta.add_erasure(&Erasure { requested_at: later, due_at: Some(later), ..asked(id) }).await.unwrap();
    }
    spans.close().await.unwrap();
    erasing(&spans, &meta, at(2)).round().await;
    let due = meta.erasures_due(at(3)).await.unwrap();
    assert_eq!(due.iter().map(|it| it.id).collect::<Vec<_>>(), [4, 1, 2, 3].map(|id| asked(id).id));
}

#[tokio::test]
async fn an_erasure_that_always_fails_does_not_keep_back_the_repeated_ones() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("llmtrace.db");
    let spans = open_spans("test", &format!("sqlite:{}", file.display()), &Options::default()).await.unwrap();
    let meta = open_meta("test", "memory:", &Options::default()).await.unwrap();
    let of = |n: u64, session: &str| numbered(n).tenant("a").session(session).record();
    meta.add_erasure(&asked(1)).await.unwrap();
    erasing(&spans, &meta, at(2)).round().await;
    assert!(receipt(&meta).await.done_at.is_some());

    rusqlite::Connection::open(&file)
        .unwrap()
        .execute_batch(
            "CREATE TRIGGER broken BEFORE DELETE ON spans WHEN OLD.session_id = 'broken' BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .unwrap();
    meta.add_erasure(&Erasure { subject: Subject::Session("broken".to_owned()), ..asked(2) }).await.unwrap();
    spans.write(&[of(1, "broken"), of(2, "s")]).await.unwrap();
    let pause = erasing(&spans, &meta, at(3)).round().await;
    assert!(pause < EVERY, "the failure was not seen");
    assert_eq!(receipt(&meta).await.erased.spans, 1);
    assert_eq!(left(&spans).await, 1);
}

#[tokio::test]
async fn two_at_once_carry_out_each_erasure_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("llmtrace.db").display());
    for url in ["memory:", &file] {
        let spans = open_spans("test", url, &Options::default()).await.unwrap();
        let meta = open_meta("test", url, &Options::default()).await.unwrap();
        let batch: Vec<_> = (0..2_000).map(|n| numbered(n).tenant("a").session("s").record()).collect();
        spans.write(&batch).await.unwrap();
        meta.add_erasure(&asked(1)).await.unwrap();
        let mut upkeeps: Vec<_> = (0..4).map(|_| erasing(&spans, &meta, at(2))).collect();
        let rounds = futures_util::future::join_all(upkeeps.iter_mut().map(Erasing::round)).await;
        assert_eq!(rounds, [EVERY; 4], "{url}");
        assert_eq!(left(&spans).await, 0, "{url}");
        let done = receipt(&meta).await;
        assert_eq!((done.done_at, done.erased.spans), (Some(at(2)), 2_000), "{url}");
    }
}

#[tokio::test]
async fn who_dies_at_work_leaves_it_to_the_next() {
    let (spans, meta) = stores().await;
    spans.write(&[numbered(1).tenant("a").session("s").record()]).await.unwrap();
    meta.add_erasure(&asked(1)).await.unwrap();
    // One that began, and was never heard of again.
    let lease_us = i64::try_from(LEASE.as_micros()).unwrap();
    let lease_ends = Timestamp::from_unix_us(at(2).unix_us() + lease_us);
    assert!(meta.move_erasure(asked(1).id, at(1), lease_ends).await.unwrap());
    erasing(&spans, &meta, at(2)).round().await;
    assert_eq!(receipt(&meta).await.done_at, None, "it is left to the first");
    erasing(&spans, &meta, lease_ends).round().await;
    assert_eq!((receipt(&meta).await.erased.spans, left(&spans).await), (1, 0));
}
