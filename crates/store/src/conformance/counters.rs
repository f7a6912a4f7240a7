//! What every store of counters does.

mod buckets;

use std::{sync::Arc, time::Duration};

use llmtrace_model::{ExchangeId, Money, TenantId, Timestamp};

pub(super) use self::buckets::{
    a_bucket_fills_evenly, a_correction_never_overfills_a_bucket, a_refused_take_draws_nothing,
};
use crate::{
    Counter, CounterName, CounterStore, Demand, ErrorKind, MAX_COUNTED, MAX_COUNTERS, MAX_NOTE_BYTES, Put, Rebuild,
    Rebuilt, Settle, Settled, SharedNote, Slot, Take, Taken, Unreserved, Window,
};

/// The store under test.
pub(super) type Store = Arc<dyn CounterStore>;

/// When the suite plays.
const START_MS: i64 = 1_790_000_000_000;
const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_us((START_MS + ms) * 1000)
}

pub(super) fn tenant() -> TenantId {
    "t".parse().unwrap()
}

pub(super) fn id(number: u8) -> ExchangeId {
    ExchangeId::mint(START_MS.unsigned_abs(), [number; 10])
}

pub(super) fn name(name: &str) -> CounterName {
    name.parse().unwrap()
}

pub(super) fn nanos(nanos: i64) -> Money {
    Money::from_nanos(nanos)
}

pub(super) fn window(text: &str) -> Window {
    Window { name: name(text), ends_at: Some(at(3_600_000)) }
}

pub(super) fn counter(spent: i64, estimated: i64, reserved: i64) -> Counter {
    Counter { spent: nanos(spent), estimated: nanos(estimated), reserved: nanos(reserved) }
}

/// A request of an exchange to reserve an amount in windows with limits.
pub(super) fn take(exchange: u8, amount: i64, windows: &[(&str, i64)]) -> Take {
    let windows = windows.iter().map(|(name, limit)| Demand { window: window(name), limit: Some(nanos(*limit)) });
    Take {
        exchange_id: id(exchange),
        amount: nanos(amount),
        windows: windows.collect(),
        slots: Vec::new(),
        draws: Vec::new(),
        lease: MINUTE,
    }
}

pub(super) fn settle(exchange: u8, amount: i64) -> Settle {
    Settle { exchange_id: id(exchange), amount: nanos(amount), unreserved: Unreserved::Report, corrections: Vec::new() }
}

/// Makes a window that has spent so much.
pub(super) async fn make(store: &Store, name: &str, spent: i64) {
    let window = window(name);
    assert!(store.claim(&tenant(), &window.name, 1, MINUTE, at(0)).await.unwrap());
    let rebuild = Rebuild { window, token: 1, found: None, spent: nanos(spent) };
    assert_eq!(store.rebuild(&tenant(), &rebuild, at(0)).await.unwrap(), Rebuilt::Done);
}

pub(super) async fn read(store: &Store, text: &str, ms: i64) -> Option<Counter> {
    store.counters(&tenant(), &[name(text)], at(ms)).await.unwrap()[0]
}

async fn took(store: &Store, take: &Take, ms: i64) -> Taken {
    store.take(&tenant(), take, at(ms)).await.unwrap()
}

fn granted(taken: &Taken) -> bool {
    matches!(taken, Taken::Granted { .. })
}

async fn settled(store: &Store, settle: &Settle, ms: i64) -> Settled {
    store.settle(&tenant(), settle, at(ms)).await.unwrap()
}

pub(super) async fn a_reservation_is_made_in_all_windows_or_none(store: Store) {
    make(&store, "day", 0).await;
    make(&store, "hour", 60).await;
    let both = [("day", 1000), ("hour", 100)];
    let taken = took(&store, &take(1, 30, &both), 0).await;
    let windows = vec![counter(0, 0, 30), counter(60, 0, 30)];
    assert_eq!(taken, Taken::Granted { windows, buckets: Vec::new() });
    assert_eq!(took(&store, &take(2, 20, &both), 0).await, Taken::Reserved(1));
    assert_eq!(took(&store, &take(3, 41, &both), 0).await, Taken::Spent(1));
    assert!(granted(&took(&store, &take(4, 10, &both), 0).await), "up to the limit");
    assert_eq!(read(&store, "day", 0).await, Some(counter(0, 0, 40)));
    assert_eq!(read(&store, "hour", 0).await, Some(counter(60, 0, 40)));
    let mut counting = take(5, 500, &[("hour", 0)]);
    counting.windows[0].limit = None;
    assert!(granted(&took(&store, &counting, 0).await), "a window without a limit only counts");
}

pub(super) async fn taking_twice_takes_once_and_may_add(store: Store) {
    make(&store, "a", 0).await;
    make(&store, "b", 0).await;
    let slot = |limit| vec![Slot { name: name("running"), limit }];
    let first = Take { slots: slot(1), ..take(1, 0, &[]) };
    for _again in 0..2 {
        assert!(granted(&took(&store, &first, 0).await));
    }
    for windows in [&[("a", 10)][..], &[("a", 10), ("b", 10)], &[("b", 10)]] {
        let again = Take { slots: slot(1), ..take(1, 10, windows) };
        assert!(granted(&took(&store, &again, 0).await), "{windows:?}");
    }
    assert_eq!(read(&store, "a", 0).await, Some(counter(0, 0, 10)));
    assert_eq!(read(&store, "b", 0).await, Some(counter(0, 0, 10)));
    assert_eq!(settled(&store, &settle(1, 4), 0).await, Settled::Done);
    assert_eq!(read(&store, "b", 0).await, Some(counter(4, 0, 0)));
    assert_eq!(took(&store, &first, 0).await, Taken::Late);
}

pub(super) async fn settling_twice_changes_nothing(store: Store) {
    make(&store, "a", 5).await;
    assert!(granted(&took(&store, &take(1, 50, &[("a", 100)]), 0).await));
    assert_eq!(settled(&store, &settle(1, 20), 1).await, Settled::Done);
    let week = 7 * 24 * 3_600_000;
    for (amount, ms) in [(20, 2), (90, 3), (20, week)] {
        assert_eq!(settled(&store, &settle(1, amount), ms).await, Settled::Before);
        assert_eq!(read(&store, "a", ms).await, Some(counter(25, 0, 0)));
    }
    assert!(granted(&took(&store, &take(2, 50, &[("a", 100)]), 4).await));
    assert_eq!(settled(&store, &settle(2, 0), 5).await, Settled::Done, "all of it is given back");
    assert_eq!(read(&store, "a", 5).await, Some(counter(25, 0, 0)));
}

pub(super) async fn an_expired_lease_is_booked_and_corrected_later(store: Store) {
    make(&store, "a", 0).await;
    assert!(granted(&took(&store, &take(1, 70, &[("a", 100)]), 0).await));
    assert_eq!(read(&store, "a", 59_999).await, Some(counter(0, 0, 70)));
    assert_eq!(took(&store, &take(2, 40, &[("a", 100)]), 59_999).await, Taken::Reserved(0));
    assert_eq!(took(&store, &take(2, 40, &[("a", 100)]), 60_000).await, Taken::Spent(0));
    assert_eq!(read(&store, "a", 60_000).await, Some(counter(70, 70, 0)));
    assert_eq!(took(&store, &take(1, 1, &[("a", 100)]), 60_001).await, Taken::Late);
    assert_eq!(settled(&store, &settle(1, 20), 70_000).await, Settled::Done);
    assert_eq!(settled(&store, &settle(1, 20), 70_000).await, Settled::Before);
    assert_eq!(read(&store, "a", 70_000).await, Some(counter(20, 0, 0)));
}

pub(super) async fn a_renewed_lease_holds_on(store: Store) {
    make(&store, "a", 0).await;
    assert!(granted(&took(&store, &take(1, 70, &[("a", 100)]), 0).await));
    let tenant = tenant();
    assert_eq!(store.renew(&tenant, &[id(1), id(9)], MINUTE, at(50_000)).await.unwrap(), [id(9)]);
    assert_eq!(read(&store, "a", 109_999).await, Some(counter(0, 0, 70)));
    assert_eq!(read(&store, "a", 110_000).await, Some(counter(70, 70, 0)));
    assert_eq!(store.renew(&tenant, &[id(1)], MINUTE, at(110_001)).await.unwrap(), [id(1)]);
}

pub(super) async fn many_leases_expire_at_once(store: Store) {
    make(&store, "a", 0).await;
    for number in 0..200 {
        assert!(granted(&took(&store, &take(number, 1, &[("a", 1000)]), 0).await));
    }
    assert_eq!(read(&store, "a", 60_000).await, Some(counter(200, 200, 0)));
    for number in 0..200 {
        assert_eq!(settled(&store, &settle(number, 2), 60_000).await, Settled::Done);
    }
    assert_eq!(read(&store, "a", 60_000).await, Some(counter(400, 0, 0)));
}

pub(super) async fn a_late_settle_goes_to_its_window(store: Store) {
    make(&store, "old", 0).await;
    make(&store, "new", 0).await;
    assert!(granted(&took(&store, &take(1, 70, &[("old", 100)]), 0).await));
    let days = |days: i64| days * 24 * 3_600_000;
    let mut late = settle(1, 10);
    late.unreserved = Unreserved::Book(vec![window("new")]);
    assert_eq!(settled(&store, &late, days(7)).await, Settled::Done);
    assert_eq!(read(&store, "old", days(7)).await, Some(counter(10, 0, 0)));
    assert_eq!(read(&store, "new", days(7)).await, Some(counter(0, 0, 0)));
}

pub(super) async fn what_was_not_reserved_is_told_or_booked(store: Store) {
    make(&store, "a", 0).await;
    make(&store, "b", 0).await;
    assert_eq!(settled(&store, &settle(1, 10), 0).await, Settled::Unknown);
    let book = Settle { unreserved: Unreserved::Book(vec![window("a"), window("b")]), ..settle(1, 10) };
    assert_eq!(settled(&store, &book, 0).await, Settled::Done);
    assert_eq!(settled(&store, &book, 0).await, Settled::Before);
    assert_eq!(read(&store, "a", 0).await, Some(counter(10, 0, 0)));
    assert_eq!(read(&store, "b", 0).await, Some(counter(10, 0, 0)));
}

pub(super) async fn a_missing_counter_is_never_taken_as_zero(store: Store) {
    make(&store, "there", 0).await;
    let missing = || vec![name("gone")];
    let both = take(1, 1, &[("there", 10), ("gone", 10)]);
    assert_eq!(took(&store, &both, 0).await, Taken::Missing(missing()));
    let book = Settle { unreserved: Unreserved::Book(vec![window("there"), window("gone")]), ..settle(2, 1) };
    assert_eq!(settled(&store, &book, 0).await, Settled::Missing(missing()));
    assert_eq!(read(&store, "there", 0).await, Some(counter(0, 0, 0)));
    assert_eq!(read(&store, "gone", 0).await, None);
    make(&store, "gone", 9).await;
    assert!(granted(&took(&store, &both, 0).await));
    assert_eq!(settled(&store, &book, 0).await, Settled::Done);
    assert_eq!(read(&store, "gone", 0).await, Some(counter(10, 0, 1)));
}

pub(super) async fn one_claimant_rebuilds_what_is_as_it_was_found(store: Store) {
    let (tenant, a) = (tenant(), name("a"));
    let claim = |token, ms| store.claim(&tenant, &a, token, MINUTE, at(ms));
    let rebuild = |token, found: Option<i64>, spent, ms| {
        let rebuild = Rebuild { window: window("a"), token, found: found.map(nanos), spent: nanos(spent) };
        let (store, tenant) = (store.clone(), tenant.clone());
        async move { store.rebuild(&tenant, &rebuild, at(ms)).await.unwrap() }
    };
    assert!(claim(1, 0).await.unwrap());
    assert!(!claim(2, 1).await.unwrap());
    assert!(claim(1, 1).await.unwrap());
    assert_eq!(rebuild(2, None, 5, 2).await, Rebuilt::NotClaimed);
    assert!(claim(u64::MAX, 70_000).await.unwrap(), "a claim ends");
    assert_eq!(rebuild(1, None, 5, 70_000).await, Rebuilt::NotClaimed);
    assert_eq!(rebuild(u64::MAX, None, 7, 70_000).await, Rebuilt::Done);
    assert_eq!(rebuild(u64::MAX, Some(7), 8, 70_000).await, Rebuilt::NotClaimed, "it ended with that");
    assert!(granted(&took(&store, &take(1, 2, &[("a", 100)]), 70_000).await));
    for (found, spent, answer) in
        [(None, 1, Rebuilt::Changed), (Some(6), 1, Rebuilt::Changed), (Some(7), 3, Rebuilt::Done)]
    {
        assert!(claim(3, 70_000).await.unwrap());
        assert_eq!(rebuild(3, found, spent, 70_000).await, answer);
    }
    assert_eq!(read(&store, "a", 70_000).await, Some(counter(3, 0, 2)));
}

pub(super) async fn slots_are_held_until_released_settled_or_expired(store: Store) {
    make(&store, "a", 0).await;
    let with = |exchange, windows: &[(&str, i64)]| Take {
        slots: vec![Slot { name: name("running"), limit: 2 }],
        ..take(exchange, 1, windows)
    };
    assert!(granted(&took(&store, &with(1, &[]), 0).await));
    assert!(granted(&took(&store, &with(2, &[("a", 10)]), 0).await));
    assert_eq!(took(&store, &with(3, &[("a", 10)]), 0).await, Taken::NoSlot(0));
    assert_eq!(read(&store, "a", 0).await, Some(counter(0, 0, 1)));
    for first in [true, false] {
        assert_eq!(store.release_slots(&tenant(), id(2), at(1)).await.unwrap(), first);
    }
    assert_eq!(read(&store, "a", 1).await, Some(counter(0, 0, 1)), "what is reserved stays");
    assert!(granted(&took(&store, &with(3, &[("a", 10)]), 30_000).await));
    assert_eq!(settled(&store, &settle(3, 0), 30_000).await, Settled::Done);
    assert!(granted(&took(&store, &with(4, &[]), 30_000).await));
    assert_eq!(took(&store, &with(5, &[]), 59_999).await, Taken::NoSlot(0));
    assert!(granted(&took(&store, &with(5, &[]), 60_000).await), "the first lease expired");
    assert_eq!(took(&store, &with(6, &[]), 60_000).await, Taken::NoSlot(0));
}

pub(super) async fn nine_million_dollars_are_counted_exactly(store: Store) {
    let most = MAX_COUNTED.nanos();
    make(&store, "a", most - 3).await;
    let limit = [("a", most)];
    assert_eq!(took(&store, &take(1, 4, &limit), 0).await, Taken::Spent(0));
    assert!(granted(&took(&store, &take(1, 2, &limit), 0).await));
    assert_eq!(read(&store, "a", 0).await, Some(counter(most - 3, 0, 2)));
    assert_eq!(took(&store, &take(2, 2, &limit), 0).await, Taken::Reserved(0));
    assert!(granted(&took(&store, &take(2, 1, &limit), 0).await));
    assert_eq!(settled(&store, &settle(1, 1), 0).await, Settled::Done);
    assert_eq!(read(&store, "a", 0).await, Some(counter(most - 2, 0, 1)));
    assert_eq!(settled(&store, &settle(2, most), 0).await, Settled::Done);
    assert_eq!(read(&store, "a", 0).await, Some(counter(most, 0, 0)), "sums stay at the most");
    for wrong in
        [take(3, -1, &limit), take(3, most + 1, &limit), take(3, 1, &[("a", -1)]), take(3, 1, &[("a", 1), ("a", 1)])]
    {
        let error = store.take(&tenant(), &wrong, at(0)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Rejected, "{wrong:?}");
    }
    let error = store.settle(&tenant(), &settle(3, -1), at(0)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    let too_many = vec![name("a"); MAX_COUNTERS + 1];
    let error = store.counters(&tenant(), &too_many, at(0)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
}

pub(super) async fn tenants_do_not_share(store: Store) {
    make(&store, "a", 1).await;
    let other: TenantId = "other".parse().unwrap();
    assert_eq!(store.counters(&other, &[name("a")], at(0)).await.unwrap(), [None]);
    assert!(granted(&took(&store, &take(1, 1, &[("a", 10)]), 0).await));
    assert_eq!(store.settle(&other, &settle(1, 1), at(0)).await.unwrap(), Settled::Unknown);
    let note = SharedNote { value: vec![1], keep: MINUTE };
    assert!(store.put_note(&tenant(), &name("n"), &note, Put::Always, at(0)).await.unwrap());
    assert_eq!(store.note(&other, &name("n"), at(0)).await.unwrap(), None);
}

pub(super) async fn notes_are_kept_for_their_time(store: Store) {
    let (tenant, n) = (tenant(), name("session:1/{x}"));
    let note = |value: &[u8]| SharedNote { value: value.to_vec(), keep: MINUTE };
    assert!(store.put_note(&tenant, &n, &note(b"\0\xff"), Put::IfAbsent, at(0)).await.unwrap());
    assert!(!store.put_note(&tenant, &n, &note(b"b"), Put::IfAbsent, at(1)).await.unwrap());
    assert_eq!(store.note(&tenant, &n, at(1)).await.unwrap(), Some(b"\0\xff".to_vec()));
    assert!(store.put_note(&tenant, &n, &note(b""), Put::Always, at(1)).await.unwrap());
    assert_eq!(store.note(&tenant, &n, at(1)).await.unwrap(), Some(Vec::new()));
    for there in [true, false] {
        assert_eq!(store.drop_note(&tenant, &n, at(1)).await.unwrap(), there);
    }
    let long = note(&[7; MAX_NOTE_BYTES]);
    assert!(store.put_note(&tenant, &n, &long, Put::IfAbsent, at(2)).await.unwrap());
    assert_eq!(store.note(&tenant, &n, at(2)).await.unwrap(), Some(long.value));
    let longer = note(&[7; MAX_NOTE_BYTES + 1]);
    let error = store.put_note(&tenant, &n, &longer, Put::Always, at(2)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
}

pub(super) async fn a_closed_counter_store_answers_nothing(store: Store) {
    store.ping().await.unwrap();
    store.close().await.unwrap();
    store.close().await.unwrap();
    let (tenant, a) = (tenant(), name("a"));
    for error in [
        store.ping().await.unwrap_err(),
        store.take(&tenant, &take(1, 1, &[]), at(0)).await.unwrap_err(),
        store.settle(&tenant, &settle(1, 1), at(0)).await.unwrap_err(),
        store.counters(&tenant, std::slice::from_ref(&a), at(0)).await.unwrap_err(),
        store.claim(&tenant, &a, 1, MINUTE, at(0)).await.unwrap_err(),
        store.note(&tenant, &a, at(0)).await.unwrap_err(),
    ] {
        assert_eq!((error.kind, error.backend), (ErrorKind::Unavailable, store.backend()), "{error}");
    }
}
