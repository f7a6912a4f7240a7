//! The series that every exchange counts into, found once: a family looks one up by hashing its labels under a lock.

use std::sync::OnceLock;

use arc_swap::ArcSwap;
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

/// The series of the exchanges seen so far. Their labels have few values, so there are few.
#[derive(Default)]
pub(super) struct Seen(ArcSwap<Vec<(ExchangeLabels, Series)>>);

impl Seen {
    /// The series of `labels`.
    pub(super) fn with<T>(
        &self,
        labels: &ExchangeLabels,
        find: impl FnOnce() -> Series,
        count: impl FnOnce(&Series) -> T,
    ) -> T {
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
