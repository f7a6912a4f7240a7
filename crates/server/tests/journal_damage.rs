//! What a crash, a bad disk or a wrong key leaves behind, and what comes back of it.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod journal_kit;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, OpenOptions},
    sync::{Arc, OnceLock},
};

use journal_kit::{Bench, closed, id, ids, opened};
use llmtrace_server::journal::{Entry, MasterKey, MasterKeys};
use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};

const SEGMENT_HEAD: u64 = 56;
const RECORD_HEAD: u64 = 16;

/// A crashed journal of one segment, written record by record: where each ends, and what it is.
struct Crashed {
    bench: Bench,
    /// (end in the file, exchange, whether it closes)
    records: Vec<(u64, u64, bool)>,
}

fn crashed() -> &'static Crashed {
    static ONCE: OnceLock<Crashed> = OnceLock::new();
    ONCE.get_or_init(|| {
        let bench = Bench::new();
        let (journal, _deliveries) = bench.open();
        let mut records = Vec::new();
        let mut wrote = |n, closes| {
            journal.flush();
            let end = fs::metadata(&bench.segments()[0]).unwrap().len();
            records.push((end, n, closes));
        };
        for n in 0..12 {
            journal.opened(Arc::new(opened(n)));
            wrote(n, false);
            if n >= 2 {
                journal.closed(closed(n - 2, 400));
                wrote(n - 2, true);
            }
        }
        let after = bench.crash();
        Crashed { bench: after, records }
    })
}

impl Crashed {
    /// What must come back when the records at these places are lost.
    fn expected(&self, lost: impl Fn(usize) -> bool) -> BTreeMap<u64, bool> {
        let mut out = BTreeMap::new();
        for (place, (_, n, closes)) in self.records.iter().enumerate() {
            if lost(place) {
                continue;
            }
            let known = out.entry(*n).or_insert(false);
            *known |= *closes;
        }
        out
    }

    /// Which records the byte at `at` belongs to.
    fn record_at(&self, at: u64) -> Option<usize> {
        (at >= SEGMENT_HEAD).then(|| self.records.iter().position(|(end, ..)| at < *end)).flatten()
    }
}

/// Replays `bench` and says what came: exchange and whether it was whole.
fn replay(bench: &Bench, count: usize) -> BTreeMap<u64, bool> {
    let (journal, deliveries) = bench.open();
    let out = bench.take(&deliveries, count);
    let number = |exchange| (0..100).find(|n| opened(*n).id == exchange).unwrap();
    let found: BTreeMap<_, _> = out.iter().map(|d| (number(id(d)), matches!(d.entry, Entry::Closed(_)))).collect();
    assert_eq!(found.len(), count, "nothing comes twice");
    for delivery in &out {
        if let Entry::Closed(record) = &delivery.entry {
            assert_eq!(**record, closed(number(record.opened.id), 400), "what comes back is what went in");
        }
    }
    deliveries.release(&out.iter().map(|d| d.receipt).collect::<Vec<_>>());
    bench.until_replayed();
    assert!(deliveries.next(1, std::time::Duration::ZERO).is_empty(), "nothing more comes");
    journal.shutdown();
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tail_cut_off_anywhere_loses_only_what_was_cut(cut in any::<prop::sample::Index>()) {
        let crashed = crashed();
        let bench = crashed.bench.crash();
        let path = &bench.segments()[0];
        let bytes = fs::metadata(path).unwrap().len();
        let keep = cut.index(usize::try_from(bytes).unwrap()) as u64;
        OpenOptions::new().write(true).open(path).unwrap().set_len(keep).unwrap();
        let expected = crashed.expected(|place| crashed.records[place].0 > keep);
        prop_assert_eq!(replay(&bench, expected.len()), expected);
        prop_assert_eq!(bench.folders(), 0);
        let at_border = keep == SEGMENT_HEAD || crashed.records.iter().any(|(end, ..)| *end == keep);
        prop_assert_eq!(bench.metric("llmtrace_journal_damaged_total") == 0, at_border);
    }

    #[test]
    fn a_flipped_bit_loses_exactly_one_record(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let crashed = crashed();
        let bench = crashed.bench.crash();
        let path = &bench.segments()[0];
        let mut bytes = fs::read(path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        fs::write(path, bytes).unwrap();
        let hit = crashed.record_at(at as u64);
        let expected = crashed.expected(|place| Some(place) == hit);
        prop_assert_eq!(replay(&bench, expected.len()), expected);
        prop_assert_eq!(bench.metric("llmtrace_journal_damaged_total"), 1);
        prop_assert_eq!(bench.aside(), 1, "the damaged segment is kept for a person");
    }

    #[test]
    fn arbitrary_bytes_in_a_segment_never_stop_the_journal(
        from in any::<prop::sample::Index>(),
        noise in prop::collection::vec(any::<u8>(), 0..4000),
        whole in any::<bool>(),
    ) {
        let crashed = crashed();
        let bench = crashed.bench.crash();
        let path = &bench.segments()[0];
        let mut bytes = fs::read(path).unwrap();
        let from = if whole { 0 } else { from.index(bytes.len()) };
        bytes.splice(from.., noise);
        fs::write(path, bytes).unwrap();
        let expected = crashed.expected(|place| crashed.records[place].0 > from as u64);
        prop_assert!(replay(&bench, expected.len()).len() == expected.len());
    }
}

#[test]
fn every_bit_of_a_record_head_resyncs_at_the_next_record() {
    let crashed = crashed();
    let start = crashed.records[5].0;
    for at in start..start + RECORD_HEAD {
        let bench = crashed.bench.crash();
        let path = &bench.segments()[0];
        let mut bytes = fs::read(path).unwrap();
        bytes[usize::try_from(at).unwrap()] ^= 0x10;
        fs::write(path, bytes).unwrap();
        let expected = crashed.expected(|place| place == 6);
        assert_eq!(replay(&bench, expected.len()), expected, "byte {at}");
    }
}

#[test]
fn a_segment_of_another_master_key_is_left_alone_and_comes_back_with_its_key() {
    let right = crashed().bench.crash();
    let mut wrong = crashed().bench.crash();
    wrong.keys = MasterKey::new([8; 32]).into();
    let before = wrong.segments();
    let (journal, deliveries) = wrong.open();
    wrong.until_metric("llmtrace_notices_total{event=\"journal_left_alone\"}", 1);
    assert!(deliveries.next(1, std::time::Duration::ZERO).is_empty());
    journal.shutdown();
    assert_eq!(wrong.segments(), before);
    wrong.keys = right.keys.clone();
    assert_eq!(replay(&wrong, 12).len(), 12);
}

#[test]
fn what_a_previous_master_key_sealed_is_read_and_new_segments_are_the_newest_ones() {
    let right = crashed();
    let new = MasterKey::new([8; 32]);
    for is_damaged in [false, true] {
        let mut bench = right.bench.crash();
        let old = bench.keys.newest().clone();
        bench.keys = MasterKeys::new(new.clone(), &[MasterKey::new([6; 32]), old]);
        if is_damaged {
            let path = bench.segments()[0].clone();
            let mut bytes = fs::read(&path).unwrap();
            bytes[20] ^= 0x10;
            fs::write(path, bytes).unwrap();
        }
        assert_eq!(replay(&bench, 12).len(), 12, "damaged: {is_damaged}");
    }
    let mut fresh = Bench::new();
    fresh.keys = MasterKeys::new(new.clone(), &[MasterKey::new([7; 32])]);
    let (journal, _deliveries) = fresh.open();
    journal.flush();
    let head = fs::read(&fresh.segments()[0]).unwrap();
    assert_eq!(head[12..20], *new.id().as_bytes());
    journal.shutdown();
}

#[test]
fn a_newer_format_is_left_alone() {
    let bench = crashed().bench.crash();
    let path = bench.segments()[0].clone();
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 2;
    let check = fnv(&bytes[..52]);
    bytes[52..56].copy_from_slice(&check.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let (journal, _deliveries) = bench.open();
    bench.until_metric("llmtrace_notices_total{event=\"journal_left_alone\"}", 1);
    journal.shutdown();
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

/// The format's check, written down a second time on purpose.
fn fnv(bytes: &[u8]) -> u32 {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    u32::try_from((hash >> 32) ^ (hash & 0xffff_ffff)).unwrap()
}

#[test]
fn a_second_crash_during_the_replay_loses_nothing() {
    let first = crashed().bench.crash();
    let (_journal, deliveries) = first.open();
    let out = first.take(&deliveries, 12);
    deliveries.release(&[out[0].receipt, out[7].receipt]);
    let second = first.crash();
    let (_journal, deliveries) = second.open();
    let again = second.take(&deliveries, 12);
    assert_eq!(ids(&again), ids(&out));
    let all: BTreeSet<_> = (0..12).map(|n| opened(n).id).collect();
    assert_eq!(ids(&again), all);
}

#[test]
fn a_record_damaged_before_it_is_read_back_is_given_up_alone() {
    let bench = Bench::with(|o| o.delivery_bytes = 10_000);
    let (journal, deliveries) = bench.open();
    for n in 0..100 {
        journal.closed(closed(n, 2000));
        journal.flush();
    }
    // The first records are in memory; the last but one is on disk only.
    let path = &bench.segments()[0];
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.len() - 3000;
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
    let out = bench.take(&deliveries, 99);
    let missing: Vec<_> = (0..100).filter(|n| !ids(&out).contains(&opened(*n).id)).collect();
    assert_eq!(missing, [98]);
    assert_eq!(bench.metric("llmtrace_journal_damaged_total"), 1);
    deliveries.release(&out.iter().map(|d| d.receipt).collect::<Vec<_>>());
    assert_eq!(journal.status().records, 0, "what is lost is not waited for");
    journal.shutdown();
    assert_eq!((bench.folders(), bench.aside()), (0, 1));
}

#[test]
fn a_segment_cut_short_before_it_is_read_back_is_given_up_and_counted() {
    let bench = Bench::with(|o| o.delivery_bytes = 10_000);
    let (journal, deliveries) = bench.open();
    for n in 0..100 {
        journal.closed(closed(n, 2000));
        journal.flush();
    }
    OpenOptions::new().write(true).open(&bench.segments()[0]).unwrap().set_len(SEGMENT_HEAD).unwrap();
    let taken = std::cell::RefCell::new(Vec::new());
    bench.until(|| {
        taken.borrow_mut().extend(deliveries.next(100, std::time::Duration::ZERO));
        bench.metric("llmtrace_journal_damaged_total") + taken.borrow().len() as u64 == 100
    });
    assert!(taken.borrow().len() < 50, "what was on disk only is lost");
    journal.closed(closed(100, 2000));
    journal.flush();
    assert_eq!(ids(&bench.take(&deliveries, 1)), [opened(100).id].into(), "it goes on");
}
