//! Rows that end by themselves, and the bound of how many there are.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

use crate::counting::Ms;

/// Rows kept of each kind at most; settled exchanges beyond it are forgotten, the oldest first, anything else is refused.
pub(super) const MAX_ROWS: usize = if cfg!(test) { 1 << 10 } else { 1 << 20 };
/// Rows whose time has passed that one call drops.
pub(super) const DROPS: usize = 32;

/// Rows by their key, each with the time until which it is kept.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    rows: HashMap<K, (V, Ms)>,
    /// When rows end, soonest first; an entry whose row was kept longer is stale.
    ends: BTreeSet<(Ms, K)>,
}

/// As many rows as are kept.
#[derive(Debug)]
pub(super) struct Full;

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: HashMap::new(), ends: BTreeSet::new() }
    }
}

impl<K: Clone + Eq + Ord + Hash, V: Clone> Table<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.rows.get(key).map(|(value, _)| value.clone())
    }

    pub(super) fn put(&mut self, key: K, value: V, until: Option<Ms>) -> Result<(), Full> {
        let until = until.unwrap_or(Ms::MAX);
        if let Some((old, ends)) = self.rows.get_mut(&key) {
            *old = value;
            if *ends != until {
                let before = std::mem::replace(ends, until);
                self.ends.remove(&(before, key.clone()));
                self.note_end(key, until);
            }
            return Ok(());
        }
        if self.rows.len() >= MAX_ROWS {
            return Err(Full);
        }
        self.rows.insert(key.clone(), (value, until));
        self.note_end(key, until);
        Ok(())
    }

    /// Whether there is room for these: a call that puts several rows asks first, so that it puts all of them or none.
    pub(super) fn room(&self, keys: impl Iterator<Item = K>) -> Result<(), Full> {
        let new = keys.filter(|key| !self.rows.contains_key(key)).count();
        if self.rows.len() + new <= MAX_ROWS { Ok(()) } else { Err(Full) }
    }

    pub(super) fn note_end(&mut self, key: K, until: Ms) {
        if until < Ms::MAX {
            self.ends.insert((until, key));
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let (value, until) = self.rows.remove(key)?;
        self.ends.remove(&(until, key.clone()));
        Some(value)
    }

    pub(super) fn drop_ended(&mut self, now: Ms) {
        for _ in 0..DROPS {
            let Some((until, _)) = self.ends.first() else { return };
            if *until > now {
                return;
            }
            if let Some((_, key)) = self.ends.pop_first() {
                self.rows.remove(&key);
            }
        }
    }

    /// Unless its time has passed and it was not dropped yet.
    pub(super) fn live(&self, key: &K, now: Ms) -> Option<&V> {
        self.rows.get(key).filter(|(_, until)| *until > now).map(|(value, _)| value)
    }
}
