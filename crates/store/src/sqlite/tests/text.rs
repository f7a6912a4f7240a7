//! The text index in a file: what other processes, crashes and damage do to it.

use std::sync::Arc;

use llmtrace_model::{SpanFilter, SpanRecord, Terms};

use super::{ALL, File};
use crate::{
    Backlog, Options, SpanStore, SqliteOptions,
    conformance::builders::{START, numbered},
    pool::Cancel,
    sqlite::{
        connection::{Reader, writing},
        text::{Lag, Piece},
    },
};

async fn open(file: &File) -> Arc<dyn SpanStore> {
    file.open(&Options::default()).await.unwrap()
}

async fn tend(store: &Arc<dyn SpanStore>) {
    while store.tend(START).await.unwrap() != Backlog::default() {}
}

async fn found(store: &Arc<dyn SpanStore>, text: &str) -> u64 {
    let filter = SpanFilter { text: Terms::parse(text), ..SpanFilter::default() };
    store.count(&ALL, &filter).await.unwrap()
}

fn batch(numbers: std::ops::Range<u64>) -> Vec<Arc<SpanRecord>> {
    numbers.map(|n| numbered(n).said(&format!("word number{n}"), "a").record()).collect()
}

/// Rows in the index, counted from the inside.
fn indexed(file: &File) -> i64 {
    file.other().query_row("SELECT count(*) FROM spans_text_docsize", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn the_backlog_is_what_no_search_finds_yet() {
    let file = File::new();
    let store = open(&file).await;
    assert_eq!(store.backlog(), Backlog::default());
    store.write(&batch(0..30)).await.unwrap();
    assert_eq!((store.backlog().text_spans, found(&store, "word").await), (30, 0));
    // Another process, or this one after a restart.
    let other = open(&file).await;
    assert_eq!(other.backlog().text_spans, 30);
    tend(&store).await;
    assert_eq!((store.backlog().text_spans, found(&store, "word").await), (0, 30));
    assert_eq!(found(&other, "word").await, 30);
    tend(&other).await;
    assert_eq!((other.backlog().text_spans, indexed(&file)), (0, 30));
}

#[tokio::test]
async fn two_stores_index_one_file_together() {
    let file = File::new();
    let (a, b) = (open(&file).await, open(&file).await);
    for n in 0..6 {
        a.write(&batch(n * 1500..(n + 1) * 1500)).await.unwrap();
        let (x, y, z) = tokio::join!(a.tend(START), b.tend(START), a.tend(START));
        assert!(x.is_ok() && y.is_ok() && z.is_ok());
    }
    tokio::join!(tend(&a), tend(&b));
    assert_eq!((indexed(&file), found(&b, "word").await), (9000, 9000));
    for n in [0, 1023, 1024, 8999] {
        assert_eq!(found(&a, &format!("number{n}")).await, 1, "{n}");
    }
}

#[tokio::test]
async fn a_process_that_dies_while_indexing_leaves_a_whole_index() {
    let file = File::new();
    let store = open(&file).await;
    store.write(&batch(0..3000)).await.unwrap();
    let left = store.tend(START).await.unwrap().text_spans;
    assert!(left > 0 && left < 3000, "{left}");
    let copy = File::new();
    for name in ["spans.db", "spans.db-wal"] {
        std::fs::copy(file.folder.path().join(name), copy.folder.path().join(name)).unwrap();
    }
    let revived = open(&copy).await;
    assert_eq!(revived.backlog().text_spans, left);
    tend(&revived).await;
    assert_eq!((indexed(&copy), found(&revived, "word").await), (3000, 3000));
}

#[tokio::test]
async fn a_row_that_goes_leaves_the_index_whoever_removes_it() {
    let file = File::new();
    let store = open(&file).await;
    store.write(&batch(0..10)).await.unwrap();
    tend(&store).await;
    let other = file.other();
    other
        .execute_batch("DELETE FROM spans WHERE id IN (3, 9, 10); DELETE FROM bodies WHERE span IN (3, 9, 10)")
        .unwrap();
    assert_eq!((indexed(&file), found(&store, "word").await), (7, 7));
    // The next rows get the numbers of the last ones that went.
    store.write(&batch(20..23)).await.unwrap();
    assert_eq!(found(&store, "word").await, 7);
    tend(&store).await;
    assert_eq!((indexed(&file), found(&store, "word").await), (10, 10));
    assert_eq!((found(&store, "number9").await, found(&store, "number20").await), (0, 1));
    other.execute_batch("DELETE FROM spans; DELETE FROM bodies").unwrap();
    tend(&store).await;
    assert_eq!((indexed(&file), store.backlog().text_spans), (0, 0));
    store.write(&batch(30..31)).await.unwrap();
    tend(&store).await;
    assert_eq!(found(&store, "number30").await, 1);
}

#[tokio::test]
async fn a_piece_is_not_put_in_once_one_of_its_rows_went() {
    let file = File::new();
    let store = open(&file).await;
    store.write(&batch(0..3)).await.unwrap();
    let (lag, options) = (Lag::default(), SqliteOptions::default());
    let mut reader = Reader::open(&file.path(), &options).unwrap();
    let piece = Piece::read(&mut reader, &lag, &Cancel::default()).unwrap();
    // The last row goes, and another takes its number.
    store.write(&[numbered(2).version(1).said("another", "a").record()]).await.unwrap();
    let mut connection = writing(&file.path(), &options).unwrap();
    piece.put(&mut connection, &lag).unwrap();
    assert_eq!(indexed(&file), 0);
    // Read again, and put in twice: as two processes would.
    let piece = Piece::read(&mut reader, &lag, &Cancel::default()).unwrap();
    piece.put(&mut connection, &lag).unwrap();
    piece.put(&mut connection, &lag).unwrap();
    assert_eq!((indexed(&file), lag.rows()), (3, 0));
    assert_eq!((found(&store, "number2").await, found(&store, "another").await), (0, 1));
}

#[tokio::test]
async fn a_damaged_row_keeps_no_other_out_of_the_index() {
    let file = File::new();
    let store = open(&file).await;
    store.write(&batch(0..4)).await.unwrap();
    let damage = "UPDATE bodies SET codec = 7 WHERE span = 1; UPDATE bodies SET content = x'7b' WHERE span = 2; \
        UPDATE spans SET tenant_id = '' WHERE id = 3";
    file.other().execute_batch(damage).unwrap();
    tend(&store).await;
    assert_eq!((found(&store, "word").await, found(&store, "number3").await), (1, 1));
}

#[tokio::test]
async fn rows_that_come_late_are_found_by_their_time() {
    let file = File::new();
    let store = open(&file).await;
    let hour = |n: i64| llmtrace_model::Timestamp::from_unix_us(n * 3_600_000_000);
    // The rows of one hour lie at both ends of the file, those of others between.
    for (number, at) in [(1, 5), (2, 7), (3, -2), (4, i64::MIN / 3_600_000_000), (5, 6), (6, 5)] {
        store.write(&[numbered(number).at(hour(at)).said("late", "a").record()]).await.unwrap();
        tend(&store).await;
    }
    let terms = Terms::parse("late");
    for (from, until, expected) in [
        (Some(5), Some(6), 2),
        (Some(6), Some(7), 1),
        (None, Some(5), 2),
        (Some(8), None, 0),
        (Some(-2), Some(-1), 1),
        (None, None, 6),
    ] {
        let filter =
            SpanFilter { from: from.map(hour), until: until.map(hour), text: terms.clone(), ..SpanFilter::default() };
        assert_eq!(store.count(&ALL, &filter).await.unwrap(), expected, "{from:?} {until:?}");
    }
}
