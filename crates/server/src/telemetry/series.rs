//! The series that every exchange counts into, found once: a family looks one up by hashing its labels under a lock.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use llmtrace_model::Usage;
use prometheus_client::metrics::{counter::Counter, histogram::Histogram};

use super::metrics::{ExchangeLabels, ProviderLabels};

/// The series of a family with `N` fixed label values. One appears when it is first counted into.
pub(super) struct Fixed<M, const N: usize>([OnceLock<M>; N]);

impl<M, const N: usize> Fixed<M, N> {
    /// The series of the `n`-th value.
    pub(super) fn get(&self, n: usize, find: impl FnOnce() -> M) -> &M {
        self.0[n].get_or_init(find)
    }
}

impl<M, const N: usize> Default for Fixed<M, N> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| OnceLock::new()))
    }
}

/// What one kind of exchange counts into.
#[derive(Clone)]
pub(super) struct Series {
    pub(super) requests: Counter,
    pub(super) duration: Histogram,
}

/// What the exchanges of one provider count into.
#[derive(Clone, Default)]
pub(super) struct Spent {
    pub(super) tokens: Arc<Fixed<Counter, { Usage::BUCKETS.len() }>>,
    pub(super) cost_nano_usd: Arc<OnceLock<Counter>>,
}

/// The series of the labels seen so far. The labels have few values, so there are few.
pub(super) struct Seen<L, S>(ArcSwap<Vec<(L, S)>>);

impl<L, S> Default for Seen<L, S> {
    fn default() -> Self {
        Self(ArcSwap::default())
    }
}

impl<L: PartialEq + Clone, S: Clone> Seen<L, S> {
    /// The series of `labels`.
    pub(super) fn with<T>(&self, labels: &L, find: impl FnOnce() -> S, count: impl FnOnce(&S) -> T) -> T {
        let seen = self.0.load();
        if let Some((_, series)) = seen.iter().find(|(known, _)| known == labels) {
            return count(series);
        }
        let found = find();
        // Two at once may both add it; either is the family's own.
        self.0.rcu(|seen| Vec::clone(seen).into_iter().chain([(labels.clone(), found.clone())]).collect::<Vec<_>>());
        count(&found)
    }
}

impl ExchangeLabels {
    /// The labels of its durations.
    pub(super) fn of_durations(&self) -> ProviderLabels {
        ProviderLabels { provider: self.provider, dialect: self.dialect }
    }
}
