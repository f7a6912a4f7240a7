//! Values in memory that others are told of when they change, and when they are taken away.

use std::collections::BTreeMap;

use crate::{MAX_CHANGES, Written};

/// The values by their key, each with the number of its last change.
#[derive(Debug)]
pub(super) struct Told<K, V> {
    of: BTreeMap<K, Row<V>>,
    /// How many values there are.
    values: usize,
    /// The most values, and the most that are remembered of those taken away.
    most: usize,
}

#[derive(Debug)]
struct Row<V> {
    number: u64,
    version: u32,
    /// `None` where it was taken away.
    value: Option<V>,
}

impl<K: Ord + Clone, V: Clone> Told<K, V> {
    /// Holds so many.
    pub(super) fn new(most: usize) -> Self {
        Self { of: BTreeMap::new(), values: 0, most }
    }

    /// One value.
    pub(super) fn one(&self, key: &K) -> Option<&V> {
        self.of.get(key)?.value.as_ref()
    }

    /// Every value, by its key.
    pub(super) fn all(&self) -> impl Iterator<Item = &V> {
        self.of.values().filter_map(|row| row.value.as_ref())
    }

    /// Adds what is made of its version.
    pub(super) fn add(&mut self, changes: &mut u64, key: K, make: impl FnOnce(u32) -> V) -> Written {
        let before = match self.of.get(&key) {
            Some(Row { value: Some(_), .. }) => return Written::Changed,
            Some(Row { version, value: None, .. }) => *version,
            None => 0,
        };
        if self.values >= self.most {
            return Written::Full;
        }
        let version = before.saturating_add(1);
        self.values += 1;
        self.of.insert(key, Row { number: next(changes), version, value: Some(make(version)) });
        Written::Done
    }

    /// Changes one version of a value, into what is made of it and of its new version.
    pub(super) fn replace(
        &mut self,
        changes: &mut u64,
        key: &K,
        version: u32,
        make: impl FnOnce(&V, u32) -> V,
    ) -> Written {
        let Some(row) = self.of.get_mut(key) else { return Written::Absent };
        let Some(value) = &row.value else { return Written::Absent };
        if row.version != version {
            return Written::Changed;
        }
        let version = version.saturating_add(1);
        *row = Row { number: next(changes), version, value: Some(make(value, version)) };
        Written::Done
    }

    /// Takes one version of a value away.
    pub(super) fn take(&mut self, changes: &mut u64, key: &K, version: u32) -> Written {
        let Some(row) = self.of.get_mut(key).filter(|row| row.value.is_some()) else { return Written::Absent };
        if row.version != version {
            return Written::Changed;
        }
        (row.number, row.value) = (next(changes), None);
        self.values -= 1;
        self.forget();
        Written::Done
    }

    /// Takes the values of these keys away; says whether there was any.
    pub(super) fn take_all(&mut self, changes: &mut u64, of: impl Fn(&K) -> bool) -> bool {
        let before = self.values;
        for (_, row) in self.of.iter_mut().filter(|(key, row)| row.value.is_some() && of(key)) {
            (row.number, row.value) = (next(changes), None);
            self.values -= 1;
        }
        self.forget();
        self.values < before
    }

    /// What has changed after `since`, up to which number.
    pub(super) fn changed(&self, since: u64) -> (u64, Vec<(K, Option<V>)>) {
        let mut changed: Vec<(&K, &Row<V>)> = self.of.iter().filter(|(_, row)| row.number > since).collect();
        changed.sort_by_key(|(_, row)| row.number);
        changed.truncate(MAX_CHANGES);
        let seen = changed.last().map_or(since, |(_, row)| row.number);
        (seen, changed.into_iter().map(|(key, row)| (key.clone(), row.value.clone())).collect())
    }

    /// Forgets of what was taken away what is too much.
    fn forget(&mut self) {
        let Some(over) = (self.of.len() - self.values).checked_sub(self.most + 1) else { return };
        let mut taken: Vec<u64> = self.of.values().filter(|row| row.value.is_none()).map(|row| row.number).collect();
        taken.sort_unstable();
        let last = taken[over];
        self.of.retain(|_, row| row.value.is_some() || row.number > last);
    }
}

fn next(changes: &mut u64) -> u64 {
    *changes += 1;
    *changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bounded_and_so_is_what_is_remembered_of_those_taken_away() {
        let (mut told, mut changes) = (Told::new(2), 0);
        for n in 0..5 {
            assert_eq!(told.add(&mut changes, n, |version| version), Written::Done);
            assert_eq!(told.take(&mut changes, &n, 1), Written::Done);
        }
        assert_eq!(told.changed(0), (10, vec![(3, None), (4, None)]));
        assert_eq!(told.add(&mut changes, 3, |version| version), Written::Done);
        assert_eq!(told.add(&mut changes, 0, |version| version), Written::Done);
        assert_eq!((told.one(&3), told.one(&0)), (Some(&2), Some(&1)), "what is remembered counts on");
        assert_eq!(told.add(&mut changes, 4, |version| version), Written::Full);
        assert!(told.take_all(&mut changes, |_| true) && !told.take_all(&mut changes, |_| true));
        assert_eq!(told.changed(12), (14, vec![(0, None), (3, None)]));
        assert_eq!(told.all().count(), 0);
    }
}
