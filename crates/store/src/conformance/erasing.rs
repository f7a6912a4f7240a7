//! What goes before its time: what was asked for, and what is older than its tenant keeps it. Nothing of it is found any more.

use std::sync::Arc;

use llmtrace_model::{
    Erased, Raw, RawBody, Retention, Retentions, SpanFilter, SpanRecord, StatsQuery, Subject, TenantScope, Terms,
    Timestamp,
};

use super::{
    ask::{ALL, Store, everything, list, tenant, write},
    builders::{START, SpanBuilder, numbered},
};
use crate::Backlog;

const DAY_US: i64 = 86_400_000_000;
/// After every span of these tests.
const LATE: Timestamp = Timestamp::from_unix_us(START.unix_us() + 1000 * DAY_US);

fn days(count: i64) -> Timestamp {
    Timestamp::from_unix_us(START.unix_us() + count * DAY_US)
}

/// A span with everything that can be kept of one.
fn full(number: u64) -> SpanBuilder {
    let body = |text: &str| RawBody {
        head: text.to_owned().into(),
        size_bytes: text.len() as u64,
        media_type: Some("application/json".to_owned()),
        ..RawBody::default()
    };
    let text = format!("a secret of number{number} that is told at some length");
    let raw = Raw { request: body(&text), response: body(&text) };
    numbered(number).said(&text, "an answer").raw(raw).tokens(3, 5).cost_nanos(10)
}

async fn tended(store: &Store) {
    while store.tend(LATE).await.unwrap() != Backlog::default() {}
}

async fn searched(store: &Store, text: &str) -> usize {
    let filter = SpanFilter { text: Terms::parse(text), ..SpanFilter::default() };
    list(store, &ALL, &filter).await.len()
}

/// Spans and nano-dollars of a scope, as the sums have them.
async fn sums(store: &Store, scope: &TenantScope) -> (u64, i64) {
    let filter = SpanFilter { from: Some(days(-1)), until: Some(LATE), ..SpanFilter::default() };
    let query = StatsQuery { filter, group_by: Vec::new(), interval_us: None };
    let rows = store.stats(scope, &query).await.unwrap();
    rows.first().map_or((0, 0), |row| (row.measures.requests, row.measures.cost.nanos()))
}

/// That no read finds a span.
async fn assert_gone(store: &Store, record: &SpanRecord) {
    let span = &record.span;
    assert_eq!(store.exchange(&ALL, span.exchange_id).await.unwrap(), None);
    assert_eq!(store.raw(&ALL, span.exchange_id).await.unwrap(), None);
    assert_ne!(
        store.span(&ALL, span.span_id).await.unwrap().map(|found| found.span.exchange_id),
        Some(span.exchange_id)
    );
    let trace = store.trace(&ALL, span.trace_id).await.unwrap();
    assert!(trace.iter().all(|found| found.span.exchange_id != span.exchange_id));
    assert!(everything(store).await.iter().all(|found| found.exchange_id != span.exchange_id));
}

/// That a span is there as it was written.
async fn assert_kept(store: &Store, record: &SpanRecord) {
    let id = record.span.exchange_id;
    let whole = SpanRecord { raw: None, ..record.clone() };
    assert_eq!(store.exchange(&ALL, id).await.unwrap(), Some(whole));
    assert_eq!(store.raw(&ALL, id).await.unwrap(), record.raw);
}

pub(super) async fn each_subject_goes_with_everything_of_it(store: Store) {
    let mine = |n| full(n).trace(7).session("s").with(|span| span.user_id = Some("u".to_owned()));
    let subjects = [
        Subject::Trace(mine(1).build().trace_id),
        Subject::Session("s".to_owned()),
        Subject::User("u".to_owned()),
        Subject::Everything,
    ];
    let other = full(100).tenant("other").trace(7).session("s").record();
    write(&store, &[Arc::clone(&other)]).await;
    for subject in subjects {
        // Indexed and rolled up before it goes, and not.
        for is_tended in [true, false] {
            let batch: Vec<_> = (1..=3).map(|n| mine(n).record()).collect();
            write(&store, &batch).await;
            if is_tended {
                tended(&store).await;
                assert_eq!(searched(&store, "number2").await, 1);
            }
            assert_eq!(sums(&store, &ALL).await, (4, 40));
            let erased = store.erase(&tenant("default"), &subject, LATE).await.unwrap();
            assert_eq!(erased, Erased { spans: 3, contents: 3 }, "{subject:?}");
            for record in &batch {
                assert_gone(&store, record).await;
            }
            assert_eq!(sums(&store, &ALL).await, (1, 10), "at once");
            tended(&store).await;
            assert_eq!(sums(&store, &ALL).await, (1, 10), "rolled up anew");
            assert_eq!((searched(&store, "number2").await, searched(&store, "secret").await), (0, 1));
            let again = store.erase(&tenant("default"), &subject, LATE).await.unwrap();
            assert_eq!(again, Erased::default());
            assert_kept(&store, &other).await;
        }
    }
    let all = store.erase(&ALL, &Subject::Session("s".to_owned()), LATE).await.unwrap();
    assert_eq!(all.spans, 1, "the scope of all");
}

pub(super) async fn every_span_of_one_id_is_erased(store: Store) {
    let twins = [full(1).id(9), full(2).id(9), full(3)].map(SpanBuilder::record);
    write(&store, &twins).await;
    let erased = store.erase(&ALL, &Subject::Span(twins[0].span.span_id), LATE).await.unwrap();
    assert_eq!(erased, Erased { spans: 2, contents: 2 });
    assert_gone(&store, &twins[0]).await;
    assert_gone(&store, &twins[1]).await;
    assert_kept(&store, &twins[2]).await;
}

pub(super) async fn spans_after_its_time_are_not_erased(store: Store) {
    let batch: Vec<_> = (1..=4).map(|n| full(n).at(days(i64::try_from(n).unwrap())).record()).collect();
    write(&store, &batch).await;
    let erased = store.erase(&ALL, &Subject::Everything, days(2)).await.unwrap();
    assert_eq!(erased.spans, 2, "its time belongs to it");
    assert_gone(&store, &batch[1]).await;
    assert_kept(&store, &batch[2]).await;
    let ends = [i64::MIN, i64::MAX].map(|us| {
        full(10)
            .with(|s| s.exchange_id = numbered(us.unsigned_abs() % 97).build().exchange_id)
            .at(Timestamp::from_unix_us(us))
            .record()
    });
    write(&store, &ends).await;
    let erased = store.erase(&ALL, &Subject::Everything, Timestamp::from_unix_us(i64::MIN)).await.unwrap();
    assert_eq!(erased.spans, 1);
    let erased = store.erase(&ALL, &Subject::Everything, Timestamp::from_unix_us(i64::MAX)).await.unwrap();
    assert_eq!(erased.spans, 3);
    assert_eq!(everything(&store).await, []);
}

pub(super) async fn names_of_subjects_are_values(store: Store) {
    let odd = "a' OR '1'='1 \" % _ \\ ü";
    let record = full(1).session(odd).with(|span| span.user_id = Some(odd.to_owned())).record();
    write(&store, &[Arc::clone(&record), full(2).session("a").record(), full(3).record()]).await;
    for subject in
        [Subject::Session("%".to_owned()), Subject::User("' OR '1'='1".to_owned()), Subject::User(String::new())]
    {
        assert_eq!(store.erase(&ALL, &subject, LATE).await.unwrap(), Erased::default(), "{subject:?}");
    }
    assert_eq!(store.erase(&ALL, &Subject::User(odd.to_owned()), LATE).await.unwrap().spans, 1);
    assert_gone(&store, &record).await;
}

pub(super) async fn many_spans_are_erased_in_one_call(store: Store) {
    let batch: Vec<_> = (1..=1000).map(|n| numbered(n).session("long").said("word", "a").record()).collect();
    write(&store, &batch).await;
    let erased = store.erase(&ALL, &Subject::Session("long".to_owned()), LATE).await.unwrap();
    assert_eq!(erased, Erased { spans: 1000, contents: 1000 });
    assert_eq!(everything(&store).await, []);
}

pub(super) async fn what_is_written_after_an_erasure_is_found_and_erased_again(store: Store) {
    write(&store, &[full(1).record()]).await;
    store.erase(&ALL, &Subject::Everything, LATE).await.unwrap();
    // A row may take the place of the erased one: nothing of that may stick to it.
    let (back, bare) = (full(1).record(), numbered(2).record());
    write(&store, &[Arc::clone(&back), Arc::clone(&bare)]).await;
    tended(&store).await;
    assert_kept(&store, &back).await;
    assert_kept(&store, &bare).await;
    assert_eq!(searched(&store, "number1").await, 1);
    assert_eq!(store.erase(&ALL, &Subject::Everything, LATE).await.unwrap(), Erased { spans: 2, contents: 1 });
}

fn rule(content_days: Option<u32>, span_days: Option<u32>) -> Retention {
    Retention { content_days, span_days }
}

/// Expires until there is nothing left; returns what went.
async fn expired(store: &Store, rules: &Retentions, now: Timestamp) -> Erased {
    let mut all = Erased::default();
    loop {
        let piece = store.expire(rules, now).await.unwrap();
        if piece == Erased::default() {
            return all;
        }
        all += piece;
    }
}

pub(super) async fn each_tenant_keeps_as_long_as_its_rule_says(store: Store) {
    let of = |n: u64, name: &str, day: i64| full(n).tenant(name).at(days(day)).record();
    let batch = [
        of(1, "usual", 0),
        of(2, "usual", 60),
        of(3, "usual", 99),
        of(4, "brief", 95),
        of(5, "brief", 99),
        of(6, "ever", 0),
        of(7, "quiet", 0),
    ];
    write(&store, &batch).await;
    tended(&store).await;
    let own = [("brief", rule(None, Some(3))), ("ever", rule(None, None)), ("quiet", rule(Some(0), None))];
    let of = own.into_iter().map(|(name, rule)| (name.parse().unwrap(), rule)).collect();
    let rules = Retentions { default: rule(Some(30), Some(90)), of };
    assert_eq!(expired(&store, &rules, days(100)).await, Erased { spans: 2, contents: 4 });
    for gone in [&batch[0], &batch[3]] {
        assert_gone(&store, gone).await;
    }
    for kept in [&batch[2], &batch[4], &batch[5]] {
        assert_kept(&store, kept).await;
    }
    for silent in [&batch[1], &batch[6]] {
        assert_kept(&store, &SpanRecord { content: None, raw: None, ..(**silent).clone() }).await;
    }
    assert_eq!(sums(&store, &ALL).await, (5, 50), "a span without its content counts as before");
    tended(&store).await;
    assert_eq!(sums(&store, &ALL).await, (5, 50));
    assert_eq!((searched(&store, "number2").await, searched(&store, "number3").await), (0, 1));
    assert_eq!(expired(&store, &rules, days(100)).await, Erased::default());
    assert_eq!(expired(&store, &rules, days(140)).await, Erased { spans: 1, contents: 2 }, "time goes on");
    assert_eq!(expired(&store, &Retentions::default(), LATE).await, Erased::default(), "for ever");
}

pub(super) async fn a_span_at_the_end_of_its_time_is_kept(store: Store) {
    let batch = [full(1).at(days(0)).record(), full(2).at(Timestamp::from_unix_us(START.unix_us() - 1)).record()];
    write(&store, &batch).await;
    let rules = Retentions { default: rule(None, Some(10)), ..Retentions::default() };
    assert_eq!(expired(&store, &rules, days(10)).await.spans, 1);
    assert_kept(&store, &batch[0]).await;
}

pub(super) async fn content_that_comes_late_expires_too(store: Store) {
    let rules = Retentions { default: rule(Some(10), None), ..Retentions::default() };
    let at = |n: u64, day: i64| full(n).at(days(day)).record();
    write(&store, &[at(1, 5), at(2, 80)]).await;
    assert_eq!(expired(&store, &rules, days(50)).await, Erased { spans: 0, contents: 1 });
    // Before what was walked over, of another tenant, and not yet in the index.
    let other = full(4).tenant("other").at(days(1)).record();
    write(&store, &[at(3, 2), other]).await;
    assert_eq!(expired(&store, &rules, days(50)).await, Erased { spans: 0, contents: 2 });
    // A replay does not bring it back; a new version does, until the next time.
    write(&store, &[at(3, 2)]).await;
    assert_eq!(expired(&store, &rules, days(50)).await, Erased::default());
    write(&store, &[full(3).at(days(2)).version(1).record()]).await;
    assert_eq!(expired(&store, &rules, days(50)).await, Erased { spans: 0, contents: 1 });
    tended(&store).await;
    assert_eq!(searched(&store, "secret").await, 1);
    assert_eq!(everything(&store).await.len(), 4);
}

pub(super) async fn much_that_is_old_goes_piece_by_piece(store: Store) {
    let old: Vec<_> = (1..=500).map(|n| numbered(n).said("word", "a").record()).collect();
    write(&store, &old).await;
    write(&store, &[full(1000).at(days(99)).record()]).await;
    let contents = Retentions { default: rule(Some(30), None), ..Retentions::default() };
    assert_eq!(expired(&store, &contents, days(100)).await, Erased { spans: 0, contents: 500 });
    let spans = Retentions { default: rule(Some(30), Some(30)), ..Retentions::default() };
    assert_eq!(expired(&store, &spans, days(100)).await, Erased { spans: 500, contents: 0 });
    assert_eq!(everything(&store).await.len(), 1);
}
