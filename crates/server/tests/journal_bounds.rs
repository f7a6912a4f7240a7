//! The journal at its bounds: the cap, full memory, long streams, a neighbour on the same folder, a folder that is none.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod journal_kit;

use std::{fs, sync::Arc, time::Duration};

use journal_kit::{Bench, closed, id, ids, opened};
use llmtrace_server::journal::{Delivery, Entry, Receipt};

fn receipts(deliveries: &[Delivery]) -> Vec<Receipt> {
    deliveries.iter().map(|d| d.receipt).collect()
}

#[test]
fn acknowledgements_in_reverse_order_release_every_segment() {
    let bench = Bench::with(|o| o.max_bytes = 8 << 20);
    let (journal, deliveries) = bench.open();
    for n in 0..1000 {
        journal.closed(closed(n, 2000));
        if n % 50 == 0 {
            journal.flush();
        }
    }
    journal.flush();
    let out = bench.take(&deliveries, 1000);
    assert!(bench.segments().len() > 5, "several segments: {}", bench.segments().len());
    for delivery in out.iter().rev() {
        deliveries.release(&[delivery.receipt]);
    }
    journal.flush();
    assert_eq!(bench.segments().len(), 1, "only the one being written");
    assert_eq!(journal.status().records, 0);
}

#[test]
fn what_finds_no_room_in_memory_is_read_back_in_order_and_nothing_is_lost() {
    let bench = Bench::with(|o| o.delivery_bytes = 40_000);
    let (journal, deliveries) = bench.open();
    for n in 0..500 {
        journal.opened(Arc::new(opened(n)));
        journal.flush();
        journal.closed(closed(n, 2000));
    }
    journal.flush();
    let mut out = Vec::new();
    while out.len() < 500 {
        let some = bench.take(&deliveries, 10);
        deliveries.release(&receipts(&some));
        out.extend(some);
    }
    let order: Vec<_> = out.iter().map(id).collect();
    assert_eq!(order, (0..500).map(|n| opened(n).id).collect::<Vec<_>>());
    for (n, delivery) in (0..).zip(&out) {
        let Entry::Closed(record) = &delivery.entry else { panic!("nothing was interrupted") };
        assert_eq!(**record, closed(n, 2000));
    }
    assert_eq!(journal.status().records, 0);
    journal.shutdown();
    assert_eq!(bench.folders(), 0);
}

#[test]
fn memory_stays_within_its_bound_while_the_back_lane_stands_still() {
    let bench = Bench::with(|o| o.delivery_bytes = 100_000);
    let (journal, deliveries) = bench.open();
    for n in 0..400 {
        journal.closed(closed(n, 2000));
    }
    journal.flush();
    let in_memory = bench.metric("llmtrace_queue_bytes");
    assert!(in_memory <= 110_000, "{in_memory}");
    assert_eq!(ids(&bench.take(&deliveries, 400)).len(), 400);
}

#[test]
fn the_cap_sheds_the_oldest_and_counts_every_record() {
    let bench = Bench::with(|o| {
        o.max_bytes = 512 * 1024;
        o.delivery_bytes = 100_000;
    });
    let (journal, deliveries) = bench.open();
    for n in 0..1000 {
        journal.closed(closed(n, 2000));
        journal.flush();
        assert!(journal.status().bytes <= 512 * 1024, "never above the cap: {}", journal.status().bytes);
    }
    let status = journal.status();
    assert!(status.shed_cap > 300, "{status:?}");
    let left = usize::try_from(1000 - status.shed_cap).unwrap();
    let out = bench.take(&deliveries, left);
    assert!(deliveries.next(1, Duration::ZERO).is_empty(), "delivered and shed are all there was");
    assert_eq!(id(out.last().unwrap()), opened(999).id, "the newest stays");
    assert_eq!(bench.metric("llmtrace_shed_total{reason=\"journal_cap\"}"), status.shed_cap);
    assert_eq!(bench.metric("llmtrace_notices_total{event=\"journal_cap_reached\"}"), 1, "said once");
    deliveries.release(&receipts(&out));
    assert_eq!(journal.status().records, 0);
}

#[test]
fn what_a_dead_instance_left_counts_towards_the_cap_and_is_shed_first() {
    let bench = Bench::with(|o| o.max_bytes = 2 << 20);
    let (journal, _deliveries) = bench.open();
    for n in 0..400 {
        journal.closed(closed(n, 2000));
    }
    journal.flush();
    let mut after = bench.crash();
    after.options.max_bytes = 512 * 1024;
    after.options.delivery_bytes = 50_000;
    let (journal, deliveries) = after.open();
    after.until(|| journal.status().bytes > 0);
    journal.closed(closed(1000, 2000));
    journal.flush();
    let status = journal.status();
    assert!(status.bytes <= 512 * 1024);
    let left = usize::try_from(401 - status.shed_cap).unwrap();
    let out = after.take(&deliveries, left);
    assert!(ids(&out).contains(&opened(1000).id), "our own record is newer");
    assert!(ids(&out).contains(&opened(399).id));
}

#[test]
fn a_long_stream_pins_no_segment_and_is_still_interrupted_by_a_crash() {
    let bench = Bench::with(|o| o.max_bytes = 4 << 20);
    let (journal, deliveries) = bench.open();
    journal.opened(Arc::new(opened(5000)));
    journal.flush();
    for n in 0..1000 {
        journal.opened(Arc::new(opened(n)));
        journal.flush();
        journal.closed(closed(n, 2000));
        let out = bench.take(&deliveries, 1);
        deliveries.release(&receipts(&out));
    }
    journal.flush();
    journal.flush();
    assert!(bench.segments().len() <= 2, "{} segments", bench.segments().len());
    assert_eq!(journal.status().records, 1, "the stream");

    let interrupted = |bench: &Bench| {
        let after = bench.crash();
        let (_journal, deliveries) = after.open();
        after.until_replayed();
        let out = deliveries.next(10_000, Duration::ZERO);
        let cut = out.iter().filter(|d| matches!(d.entry, Entry::Interrupted(_)));
        cut.map(id).collect::<Vec<_>>()
    };
    assert_eq!(interrupted(&bench), [opened(5000).id]);
    journal.closed(closed(5000, 100));
    journal.flush();
    assert_eq!(interrupted(&bench), []);
    deliveries.release(&receipts(&bench.take(&deliveries, 1)));
    journal.shutdown();
    assert_eq!(bench.folders(), 0);
}

#[test]
fn a_stored_exchange_is_never_taken_for_an_interrupted_one() {
    // The open is in the first segment, kept there by an unreleased neighbour; its close is in the last, and stored.
    let bench = Bench::with(|o| o.max_bytes = 4 << 20);
    let (journal, deliveries) = bench.open();
    journal.opened(Arc::new(opened(1)));
    journal.closed(closed(2, 2000));
    for n in 10..210 {
        journal.closed(closed(n, 2000));
        journal.flush();
    }
    journal.closed(closed(1, 2000));
    journal.flush();
    let out = bench.take(&deliveries, 202);
    assert!(bench.segments().len() > 2);
    let stored: Vec<_> = out.iter().filter(|d| id(d) != opened(2).id).map(|d| d.receipt).collect();
    deliveries.release(&stored);

    let after = bench.crash();
    let (journal, deliveries) = after.open();
    after.until_replayed();
    journal.flush();
    let again = after.take(&deliveries, 202);
    assert!(again.iter().all(|d| matches!(d.entry, Entry::Closed(_))), "all of them ended");
}

#[test]
fn a_living_neighbour_on_the_same_folder_is_not_adopted() {
    let bench = Bench::new();
    let (first, first_deliveries) = bench.open();
    first.closed(closed(1, 100));
    first.flush();
    let (second, second_deliveries) = bench.open();
    second.closed(closed(2, 100));
    second.flush();
    assert_eq!(bench.folders(), 2);
    assert_eq!(ids(&bench.take(&second_deliveries, 1)), [opened(2).id].into());
    assert!(second_deliveries.next(1, Duration::ZERO).is_empty());
    assert_eq!(ids(&bench.take(&first_deliveries, 1)), [opened(1).id].into());
    second.shutdown();
    first.shutdown();
}

#[test]
fn a_folder_that_cannot_be_made_degrades_and_says_why() {
    let bench = Bench::with(|o| {
        fs::create_dir_all(o.path.parent().unwrap()).unwrap();
        fs::write(&o.path, "a file stands where the folder should").unwrap();
    });
    let (journal, deliveries) = bench.open();
    journal.closed(closed(1, 100));
    journal.flush();
    let status = journal.status();
    assert!(
        status.degraded.as_deref().is_some_and(|why| why.contains("exists") || why.contains("directory")),
        "{status:?}"
    );
    assert_eq!(bench.metric("llmtrace_journal_degraded"), 1);
    let out = bench.take(&deliveries, 1);
    deliveries.release(&receipts(&out));
    assert_eq!(journal.status().records, 0);
}

#[test]
fn exchanges_that_were_never_sent_have_no_promise_and_are_counted_where_the_queue_is_full() {
    let bench = Bench::with(|o| o.queue_bytes = 1);
    let (journal, deliveries) = bench.open();
    for n in 0..5000 {
        journal.closed_without_room(closed(n, 100));
    }
    journal.flush();
    let shed = journal.status().shed_queue;
    let kept = usize::try_from(5000 - shed).unwrap();
    assert!(shed > 0, "one record at a time fits");
    assert_eq!(ids(&bench.take(&deliveries, kept)).len(), kept);
    assert!(deliveries.next(1, Duration::ZERO).is_empty());
}

#[test]
fn large_bodies_survive_compressed() {
    let bench = Bench::new();
    let (journal, deliveries) = bench.open();
    let mut record = closed(1, 100);
    record.request.head = bytes::Bytes::from("a prompt that repeats itself. ".repeat(20_000));
    record.request.total_bytes = record.request.head.len() as u64;
    journal.closed(record.clone());
    journal.flush();
    assert!(journal.status().bytes < 100_000, "{}", journal.status().bytes);
    let after = bench.crash();
    let (_second, replayed) = after.open();
    for out in [bench.take(&deliveries, 1), after.take(&replayed, 1)] {
        assert_eq!(out[0].entry, Entry::Closed(Box::new(record.clone())));
    }
}

#[test]
fn after_shutdown_records_are_refused_and_counted_and_what_was_not_stored_comes_back() {
    let bench = Bench::new();
    let (journal, deliveries) = bench.open();
    journal.closed(closed(1, 100));
    journal.shutdown();
    journal.closed(closed(2, 100));
    assert_eq!(journal.status().shed_queue, 1);
    assert_eq!(bench.take(&deliveries, 1).len(), 1);
    let after = bench.crash();
    let (_journal, deliveries) = after.open();
    assert_eq!(ids(&after.take(&deliveries, 1)), [opened(1).id].into());
}
