//! How buckets fill, and are drawn from.

use std::time::Duration;

use super::{Store, granted, make, name, nanos, read, settle, settled, take, took};
use crate::{Bucket, Draw, Level, Settle, Settled, Take, Taken, Unreserved};

fn bucket(tokens: u64, period_ms: u64, burst: u64) -> Bucket {
    Bucket { name: name("rate"), tokens, period_ms, burst }
}

fn draw(exchange: u8, bucket: &Bucket, tokens: u64) -> Take {
    Take { draws: vec![Draw { bucket: bucket.clone(), tokens }], ..take(exchange, 0, &[]) }
}

pub(in crate::conformance) async fn a_bucket_fills_evenly(store: Store) {
    let three = bucket(3, 1000, 2);
    let limited = |ms| Taken::Limited { draw: 0, retry_after: Some(Duration::from_millis(ms)) };
    let level = |tokens, full| Taken::Granted {
        windows: Vec::new(),
        buckets: vec![Level { tokens, full_after: Duration::from_millis(full) }],
    };
    assert_eq!(took(&store, &draw(1, &three, 1), 0).await, level(1, 334));
    assert_eq!(took(&store, &draw(1, &three, 1), 0).await, level(0, 667));
    assert_eq!(took(&store, &draw(1, &three, 1), 0).await, limited(334));
    assert_eq!(took(&store, &draw(1, &three, 1), 333).await, limited(1));
    assert_eq!(took(&store, &draw(1, &three, 1), 334).await, level(0, 666));
    assert_eq!(took(&store, &draw(1, &three, 0), 334).await, level(0, 666), "no tokens: only read");
    assert_eq!(took(&store, &draw(1, &three, 1), 100).await, limited(333), "a clock that goes back gives nothing");
    assert_eq!(took(&store, &draw(1, &three, 3), 5000).await, Taken::Limited { draw: 0, retry_after: None });
    assert_eq!(took(&store, &draw(1, &three, 2), 5000).await, level(0, 667));
    let mut admitted = 0;
    for step in 0..30_000 / 7 {
        admitted += usize::from(granted(&took(&store, &draw(1, &three, 1), 10_000 + step * 7).await));
    }
    assert!((90..=92).contains(&admitted), "{admitted} in 30 s at 3 a second with a burst of 2");
}

pub(in crate::conformance) async fn a_refused_take_draws_nothing(store: Store) {
    make(&store, "a", 0).await;
    let two = bucket(1, 1000, 2);
    let both = Take { draws: vec![Draw { bucket: two.clone(), tokens: 2 }], ..take(1, 11, &[("a", 10)]) };
    assert_eq!(took(&store, &both, 0).await, Taken::Spent(0));
    assert!(granted(&took(&store, &draw(2, &two, 2), 0).await));
    let both = Take { amount: nanos(1), ..both };
    assert!(matches!(took(&store, &both, 0).await, Taken::Limited { draw: 0, .. }));
    assert_eq!(read(&store, "a", 0).await, Some(super::counter(0, 0, 0)));
}

pub(in crate::conformance) async fn a_correction_never_overfills_a_bucket(store: Store) {
    make(&store, "a", 0).await;
    let ten = bucket(10, 1000, 10);
    let take = Take { draws: vec![Draw { bucket: ten.clone(), tokens: 8 }], ..take(1, 1, &[("a", 10)]) };
    assert!(granted(&took(&store, &take, 0).await));
    let back = Settle { corrections: vec![(ten.clone(), -6)], ..settle(1, 1) };
    for answer in [Settled::Done, Settled::Before] {
        assert_eq!(settled(&store, &back, 500).await, answer);
    }
    // 8 drawn, 5 regained, 6 given back: full, and not fuller.
    assert!(granted(&took(&store, &draw(2, &ten, 10), 500).await));
    assert!(!granted(&took(&store, &draw(2, &ten, 1), 500).await));
    let more = Settle {
        unreserved: Unreserved::Book(vec![super::window("a")]),
        corrections: vec![(ten.clone(), 10)],
        ..settle(3, 0)
    };
    assert_eq!(settled(&store, &more, 500).await, Settled::Done);
    assert!(!granted(&took(&store, &draw(4, &ten, 1), 1599).await));
    assert!(granted(&took(&store, &draw(4, &ten, 1), 1600).await));
}
