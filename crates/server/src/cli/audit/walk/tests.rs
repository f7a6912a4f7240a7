//! What is done to a chain is told by where it breaks.

use llmtrace_model::{Actor, AuditEntry, AuditId, Outcome, Timestamp};

use super::*;

fn entry(n: u8) -> AuditEntry {
    AuditEntry {
        id: AuditId::from_bytes([n; 16]),
        tenant: None,
        at: Timestamp::from_unix_us(i64::from(n)),
        actor: Actor::System,
        client_address: None,
        action: "keys.create".to_owned(),
        target: n.to_string(),
        before: None,
        after: None,
        outcome: Outcome::Done,
    }
}

/// A chain of these entries.
fn chain_of(entries: impl IntoIterator<Item = AuditEntry>) -> Vec<AuditRecord> {
    let mut head = AuditHead::default();
    let mut behind = |entry| {
        let record = AuditRecord::behind(head, entry);
        head = record.head();
        record
    };
    entries.into_iter().map(&mut behind).collect()
}

fn chain() -> Vec<AuditRecord> {
    chain_of((1..=6).map(entry))
}

fn walked(records: &[AuditRecord], kept: &[AuditHead]) -> Walk {
    let mut walk = Walk::new(kept.iter().copied());
    records.iter().for_each(|record| walk.take(record));
    walk
}

fn broken(records: &[AuditRecord]) -> Break {
    walked(records, &[]).broken().expect("it breaks").clone()
}

#[test]
fn a_chain_as_it_was_written_is_whole() {
    let chain = chain();
    for length in 0..=chain.len() {
        let walk = walked(&chain[..length], &[]);
        assert_eq!((walk.broken(), walk.records()), (None, length as u64));
        assert_eq!(walk.head(), chain[..length].last().map_or(AuditHead::default(), AuditRecord::head));
    }
}

#[test]
fn the_first_break_says_what_was_done() {
    let whole = chain();
    let changed = |at: usize, change: fn(&mut AuditRecord)| {
        let mut records = whole.clone();
        change(&mut records[at]);
        broken(&records)
    };
    assert_eq!(changed(2, |it| it.entry.target = "other".to_owned()), Break::Changed { seq: 3 });
    assert_eq!(changed(2, |it| it.previous.0[0] ^= 1), Break::Changed { seq: 3 });
    assert_eq!(changed(2, |it| it.hash.0[0] ^= 1), Break::Changed { seq: 3 });

    let without = |range: std::ops::Range<usize>| {
        let mut records = whole.clone();
        records.drain(range);
        records
    };
    assert_eq!(broken(&without(2..3)), Break::Missing { first: 3, last: 3 });
    assert_eq!(broken(&without(0..2)), Break::Missing { first: 1, last: 2 });
    let numbered_anew = |mut records: Vec<AuditRecord>| {
        records.iter_mut().zip(1..).for_each(|(record, seq)| record.seq = seq);
        broken(&records)
    };
    assert_eq!(numbered_anew(without(1..3)), Break::Moved { seq: 2, stood: 4 });

    let mut swapped = whole.clone();
    swapped.swap(2, 3);
    assert_eq!(broken(&swapped), Break::Missing { first: 3, last: 3 });
    (swapped[2].seq, swapped[3].seq) = (3, 4);
    assert_eq!(broken(&swapped), Break::Moved { seq: 3, stood: 4 });
}

#[test]
fn what_is_put_in_shows_where_it_stands_or_right_behind_it() {
    let whole = chain();
    let mut more = whole.clone();
    more.insert(3, AuditRecord::behind(whole[2].head(), entry(9)));
    assert_eq!(broken(&more), Break::Disordered { seq: 4, behind: 4 }, "the one that was there comes twice");
    more[4..].iter_mut().for_each(|record| record.seq += 1);
    assert_eq!(broken(&more), Break::Moved { seq: 5, stood: 4 });

    // Changed together with its hash: what follows no longer does.
    let mut forged = whole.clone();
    forged[2] = AuditRecord::behind(whole[1].head(), entry(9));
    assert_eq!(broken(&forged), Break::Unlinked { seq: 4 });
    // From another chain.
    let other = chain_of((11..=16).map(entry));
    let spliced = [&whole[..3], &other[3..]].concat();
    assert_eq!(broken(&spliced), Break::Unlinked { seq: 4 });
    let repeated = [&whole[..3], &whole[1..]].concat();
    assert_eq!(broken(&repeated), Break::Disordered { seq: 2, behind: 3 });
}

#[test]
fn a_head_that_was_kept_shows_what_a_chain_alone_does_not() {
    let whole = chain();
    let kept = [whole[1].head(), whole[5].head()];
    assert_eq!(kept.map(|head| walked(&whole, &kept).lost(head)), [None, None]);
    assert_eq!(kept.map(|head| walked(&whole[..5], &kept).lost(head)), [None, Some(Lost::Cut { end: 5 })]);
    assert_eq!(walked(&[], &kept).lost(kept[0]), Some(Lost::Cut { end: 0 }));
    let anew = chain_of((11..=16).map(entry));
    assert_eq!(walked(&anew, &kept).broken(), None, "it is whole in itself");
    assert_eq!(kept.map(|head| walked(&anew, &kept).lost(head)), [Some(Lost::Other); 2]);
    let cut = [&whole[..3], &whole[4..]].concat();
    assert_eq!(kept.map(|head| walked(&cut, &kept).lost(head)), [None, Some(Lost::Broken)]);
}

#[test]
fn a_later_part_is_checked_from_the_head_before_it() {
    let whole = chain();
    let kept = [whole[0].head(), whole[2].head(), whole[5].head()];
    let walk = walked(&whole[3..], &kept);
    assert_eq!((walk.broken(), walk.records(), walk.head()), (None, 3, whole[5].head()));
    assert_eq!(kept.map(|head| walk.lost(head)), [Some(Lost::Before), None, None]);
    let other = AuditHead { seq: 3, ..whole[1].head() };
    assert_eq!(walked(&whole[3..], &[other]).broken(), Some(&Break::Missing { first: 1, last: 3 }));
}

#[test]
fn what_cannot_be_read_ends_the_walk() {
    let whole = chain();
    let mut walk = walked(&whole[..2], &[]);
    walk.stumble("found root, expected an actor".to_owned());
    whole[2..].iter().for_each(|record| walk.take(record));
    let said = walk.broken().unwrap().to_string();
    assert_eq!(said, "what stands behind record 2 is no record: it was changed (found root, expected an actor)");
    assert_eq!(walk.records(), 2);
}
