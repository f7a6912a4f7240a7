//! From rows of the store to sums: everything together, step by step, group by group.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use llmtrace_model::{Measures, StatsRow, Timestamp};

use super::query::Order;

/// The values of the dimensions, in the order of the question.
pub(super) type Key = Vec<Option<String>>;

/// Rows that are added up before other tasks of the thread get their turn: forwarding runs beside this.
const ROWS_AT_ONCE: usize = 256;

/// Steps of time and what each adds up to, oldest first.
pub(super) type Points = Vec<(Timestamp, Measures)>;

/// What all rows add up to.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) total: Measures,
    pub(super) points: BTreeMap<Timestamp, Measures>,
    groups: HashMap<Key, (Measures, Points)>,
}

/// Groups in order, and those that are left out.
#[derive(Debug, Default)]
pub(super) struct Ranked {
    pub(super) kept: Vec<(Key, Measures, Points)>,
    pub(super) rest: Measures,
    pub(super) left_out: usize,
}

impl Sums {
    /// Adds up rows that come ordered by step.
    pub(super) async fn of(rows: Vec<StatsRow>) -> Self {
        let mut sums = Self::default();
        for (n, row) in rows.into_iter().enumerate() {
            if n % ROWS_AT_ONCE == ROWS_AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
            sums.add(row);
        }
        sums
    }

    fn add(&mut self, StatsRow { step, key, measures }: StatsRow) {
        self.total.merge(&measures);
        let (total, points) = self.groups.entry(key).or_default();
        total.merge(&measures);
        if let Some(step) = step {
            self.points.entry(step).or_default().merge(&measures);
            points.push((step, measures));
        }
    }

    /// What one group adds up to.
    pub(super) fn group(&self, key: &Key) -> Option<&Measures> {
        self.groups.get(key).map(|(total, _)| total)
    }

    /// Drops the groups whose key is not wanted; the total stays.
    pub(super) fn keep(&mut self, wanted: impl Fn(&Key) -> bool) {
        self.groups.retain(|key, _| wanted(key));
    }

    /// Every key, in no order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.groups.keys()
    }

    /// The first groups by `order`, greatest first; of equals the lower key comes first, and no value before any.
    pub(super) fn rank(self, order: Order, limit: usize) -> Ranked {
        let groups = self.groups.into_iter().map(|(key, (total, points))| (key, total, points));
        let mut kept: Vec<(Key, Measures, Points)> = groups.collect();
        kept.sort_unstable_by(|(key, total, _), (other_key, other_total, _)| {
            (Reverse(order.of(total)), key).cmp(&(Reverse(order.of(other_total)), other_key))
        });
        let left_out = kept.split_off(kept.len().min(limit));
        let mut rest = Measures::default();
        left_out.iter().for_each(|(_, total, _)| rest.merge(total));
        Ranked { kept, rest, left_out: left_out.len() }
    }
}
