//! Random calls on counters: each engine against a model, and many callers at a time against the limit.

use std::{collections::BTreeMap, sync::Arc};

use proptest::{prelude::*, test_runner::TestRunner};

use super::counters::{Store, at, counter, make, nanos, read, settle, take, tenant};
use crate::{Settled, Taken};

/// The limit of the only window.
const LIMIT: i64 = 100;

#[derive(Debug, Clone)]
enum Step {
    Take { exchange: u8, amount: i64 },
    Settle { exchange: u8, amount: i64 },
    Wait { ms: i64 },
}

/// What becomes of an exchange, as a few lines of arithmetic.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Held { amount: i64, until: i64 },
    Estimated(i64),
    Settled(i64),
}

#[derive(Default)]
struct Model {
    exchanges: BTreeMap<u8, Fate>,
    now: i64,
}

impl Model {
    fn wait(&mut self, ms: i64) {
        self.now += ms;
        for fate in self.exchanges.values_mut() {
            if let Fate::Held { amount, until } = *fate
                && until <= self.now
            {
                *fate = Fate::Estimated(amount);
            }
        }
    }

    /// Spent, estimated, reserved.
    fn sums(&self) -> (i64, i64, i64) {
        self.exchanges.values().fold((0, 0, 0), |(spent, estimated, reserved), fate| match fate {
            Fate::Held { amount, .. } => (spent, estimated, reserved + amount),
            Fate::Estimated(amount) => (spent + amount, estimated + amount, reserved),
            Fate::Settled(amount) => (spent + amount, estimated, reserved),
        })
    }

    async fn play(&mut self, store: &Store, step: &Step) {
        match *step {
            Step::Wait { ms } => self.wait(ms),
            Step::Take { exchange, amount } => {
                let taken =
                    store.take(&tenant(), &take(exchange, amount, &[("w", LIMIT)]), at(self.now)).await.unwrap();
                let (spent, _, reserved) = self.sums();
                let until = self.now + 60_000;
                match self.exchanges.get_mut(&exchange) {
                    Some(Fate::Held { until: known, .. }) => {
                        assert!(matches!(taken, Taken::Granted { .. }));
                        *known = until;
                    }
                    Some(_) => assert_eq!(taken, Taken::Late),
                    None if spent + amount > LIMIT => assert_eq!(taken, Taken::Spent(0)),
                    None if spent + reserved + amount > LIMIT => assert_eq!(taken, Taken::Reserved(0)),
                    None => {
                        let windows = vec![counter(spent, self.sums().1, reserved + amount)];
                        assert_eq!(taken, Taken::Granted { windows, buckets: Vec::new() });
                        self.exchanges.insert(exchange, Fate::Held { amount, until });
                    }
                }
            }
            Step::Settle { exchange, amount } => {
                let settled = store.settle(&tenant(), &settle(exchange, amount), at(self.now)).await.unwrap();
                match self.exchanges.get_mut(&exchange) {
                    None => assert_eq!(settled, Settled::Unknown),
                    Some(Fate::Settled(_)) => assert_eq!(settled, Settled::Before),
                    Some(fate) => {
                        assert_eq!(settled, Settled::Done);
                        *fate = Fate::Settled(amount);
                    }
                }
            }
        }
        let (spent, estimated, reserved) = self.sums();
        assert_eq!(read(store, "w", self.now).await, Some(counter(spent, estimated, reserved)));
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..12u8, 0..60i64).prop_map(|(exchange, amount)| Step::Take { exchange, amount }),
        3 => (0..12u8, 0..60i64).prop_map(|(exchange, amount)| Step::Settle { exchange, amount }),
        1 => (1..50_000i64).prop_map(|ms| Step::Wait { ms }),
    ];
    prop::collection::vec(step, 1..40)
}

/// Plays random calls; `open` makes a new store for each case.
pub(super) fn agrees_with_the_model<F: Future<Output = (Store, G)>, G>(cases: u32, open: impl Fn() -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let played = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(async {
            let (store, _guard) = open().await;
            make(&store, "w", 0).await;
            let mut model = Model::default();
            for step in &steps {
                model.play(&store, step).await;
            }
        });
        Ok(())
    });
    played.unwrap();
}

/// Callers at a time that ask for more than there is, settle for less or let leases expire: the limit holds at every look.
pub(super) async fn callers_at_the_same_time_never_exceed_the_limit(store: Store) {
    make(&store, "w", 0).await;
    let caller = |number: u8| {
        let store = Arc::clone(&store);
        async move {
            let (mut granted, mut booked) = (0, 0);
            for round in 0..5u8 {
                let exchange = number * 5 + round;
                let amount = i64::from(exchange % 7) + 1;
                let taken = store.take(&tenant(), &take(exchange, amount, &[("w", LIMIT)]), at(0)).await.unwrap();
                let counter = read(&store, "w", 0).await.unwrap();
                assert!(counter.spent + counter.reserved <= nanos(LIMIT), "{counter:?}");
                if !matches!(taken, Taken::Granted { .. }) {
                    continue;
                }
                granted += 1;
                match exchange % 3 {
                    0 => booked += amount,
                    _ => {
                        let once = settle(exchange, amount / 2);
                        let (first, second) =
                            (store.settle(&tenant(), &once, at(0)).await, store.settle(&tenant(), &once, at(0)).await);
                        assert_eq!((first.unwrap(), second.unwrap()), (Settled::Done, Settled::Before));
                        booked += amount / 2;
                    }
                }
            }
            (granted, booked)
        }
    };
    #[expect(clippy::disallowed_methods, reason = "the test waits for every one of them")]
    let callers: Vec<_> = (0..40).map(|number| tokio::spawn(caller(number))).collect();
    let (mut granted, mut booked) = (0, 0);
    for caller in callers {
        let (more, sum) = caller.await.unwrap();
        granted += more;
        booked += sum;
    }
    assert!(granted > 10, "{granted}");
    let found = read(&store, "w", 120_000).await.unwrap();
    assert_eq!((found.spent, found.reserved), (nanos(booked), nanos(0)));
}
