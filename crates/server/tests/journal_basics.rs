//! The journal through its face, on real files: what goes in comes out, what is released goes, what a crash leaves returns.

mod journal_kit;

use std::{collections::BTreeSet, sync::Arc};

use journal_kit::{Bench, closed, ids, opened};
use llmtrace_server::journal::{Entry, Mode};

#[test]
fn what_goes_in_comes_out_unchanged_and_in_order() {
    let bench = Bench::new();
    let (journal, deliveries) = bench.open();
    let records: Vec<_> = (0..100).map(|n| closed(n, 2_000)).collect();
    for record in &records {
        journal.opened(Arc::clone(&record.opened));
    }
    journal.flush();
    for record in &records {
        journal.closed(record.clone());
    }
    let out = bench.take(&deliveries, 100);
    let out: Vec<_> = out
        .into_iter()
        .map(|d| match d.entry {
            Entry::Closed(closed) => *closed,
            Entry::Interrupted(_) => panic!("nothing was interrupted"),
        })
        .collect();
    assert_eq!(out, records);
}

#[test]
fn a_released_journal_leaves_nothing_behind_after_shutdown() {
    let bench = Bench::new();
    let (journal, deliveries) = bench.open();
    for n in 0..50 {
        journal.opened(Arc::new(opened(n)));
        journal.closed(closed(n, 100));
    }
    let out = bench.take(&deliveries, 50);
    deliveries.release(&out.iter().map(|d| d.receipt).collect::<Vec<_>>());
    journal.flush();
    assert_eq!(journal.status().records, 0);
    journal.shutdown();
    assert_eq!(bench.folders(), 0);
}

#[test]
fn the_gauges_fall_with_the_last_release_though_no_traffic_follows() {
    let bench = Bench::new();
    let (journal, deliveries) = bench.open();
    for n in 0..10 {
        journal.closed(closed(n, 100));
    }
    let out = bench.take(&deliveries, 10);
    journal.flush();
    bench.until_metric("llmtrace_journal_records", 10);
    deliveries.release(&out.iter().map(|d| d.receipt).collect::<Vec<_>>());
    assert_eq!(bench.metric("llmtrace_journal_records"), 0);
}

#[test]
fn a_crash_returns_every_flushed_record_once_and_interrupts_what_was_open() {
    let bench = Bench::new();
    let (journal, _deliveries) = bench.open();
    for n in 0..20 {
        journal.opened(Arc::new(opened(n)));
    }
    journal.flush();
    for n in 0..15 {
        journal.closed(closed(n, 3_000));
    }
    journal.flush();

    let after = bench.crash();
    let (journal, deliveries) = after.open();
    let out = after.take(&deliveries, 20);
    let (whole, cut): (Vec<_>, Vec<_>) = out.iter().partition(|d| matches!(d.entry, Entry::Closed(_)));
    assert_eq!(ids(whole), (0..15).map(|n| opened(n).id).collect::<BTreeSet<_>>());
    assert_eq!(ids(cut), (15..20).map(|n| opened(n).id).collect::<BTreeSet<_>>());

    deliveries.release(&out.iter().map(|d| d.receipt).collect::<Vec<_>>());
    after.until_replayed();
    journal.shutdown();
    assert_eq!(after.folders(), 0, "the adopted folder goes with its last record");
}

#[test]
fn memory_mode_delivers_and_writes_nothing() {
    let bench = Bench::with(|o| o.mode = Mode::Memory);
    let (journal, deliveries) = bench.open();
    journal.opened(Arc::new(opened(1)));
    journal.closed(closed(1, 100));
    let out = bench.take(&deliveries, 1);
    assert_eq!(journal.status().records, 1);
    deliveries.release(&[out[0].receipt]);
    assert_eq!(journal.status().records, 0);
    assert_eq!(bench.folders(), 0);
}
