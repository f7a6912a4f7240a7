//! Adds up the spans of an hour, and the hours of a day, in every family.

use std::{
    collections::{HashMap, HashSet},
    hash::BuildHasherDefault,
};

use llmtrace_model::Timestamp;

use super::{
    Stop,
    blob::{self, Blob, Sink},
    family::{Column, FAMILIES, Ids, WIDEST, WIDTH},
    sieve::{self, Sieve},
};
use crate::stats::{Mix, Names, Sum};

/// The most groups of one family in one hour or day. A family with more is not kept: its spans are read one by one, as before.
pub(super) const GROUPS_MAX: usize = 50_000;

/// Groups by their values.
pub(super) type Sums = HashMap<Ids, Sum, BuildHasherDefault<Mix>>;

/// What one roll-up of an hour or day is kept as, by `rollups.family`; `None` where it has too many groups.
pub(super) type Contents = Vec<(i64, Option<Vec<u8>>)>;

/// The sums of one hour or day; `None` for a family that has too many groups.
pub(super) struct Builder {
    pub(super) names: Names,
    pub(super) sieve: Sieve,
    families: [Option<Sums>; FAMILIES.len()],
    /// The groups of the widest family that the others have not been told of.
    pending: Sums,
}

impl Builder {
    pub(super) fn new() -> Self {
        let families = std::array::from_fn(|_| Some(Sums::default()));
        Self { names: Names::default(), sieve: Sieve::new(), families, pending: Sums::default() }
    }

    /// The sum that a span of these values is added to.
    pub(super) fn span(&mut self, ids: Ids) -> &mut Sum {
        if self.pending.len() >= GROUPS_MAX && !self.pending.contains_key(&ids) {
            self.tell();
        }
        self.pending.entry(ids).or_default()
    }

    /// Adds the groups of a smaller roll-up to one family; `None` says that this one has too many.
    pub(super) fn add(&mut self, place: usize, blob: Option<Blob<'_>>) -> Result<(), Stop> {
        let (Some(blob), Some(sums)) = (blob, &mut self.families[place]) else {
            self.families[place] = None;
            return Ok(());
        };
        let mut numbers: [Vec<u32>; WIDTH] = std::array::from_fn(|_| vec![0]);
        for (column, values) in &blob.columns {
            numbers[*column].extend(values.iter().map(|value| self.names.number(Some(value))));
        }
        let mut into = Into { numbers, sums };
        blob.read(&mut into)?;
        if into.sums.len() > GROUPS_MAX {
            self.families[place] = None;
        }
        Ok(())
    }

    /// All of it, as it is kept.
    pub(super) fn finish(mut self, start: Timestamp) -> Contents {
        self.tell();
        let Self { names, families, sieve, .. } = self;
        let groups = FAMILIES
            .iter()
            .zip(families)
            .map(|(family, sums)| (family.number, sums.map(|sums| blob::write(family, start, &names, &sums))));
        std::iter::once((sieve::FAMILY, Some(sieve.finish()))).chain(groups).collect()
    }

    /// Adds what is pending to every family.
    fn tell(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        for column in Column::ALL {
            let numbers: HashSet<u32> = pending.keys().map(|ids| ids[column as usize]).collect();
            numbers
                .iter()
                .filter_map(|number| self.names.name(*number))
                .for_each(|name| self.sieve.value(column, name));
        }
        for (family, slot) in FAMILIES.iter().zip(&mut self.families).take(WIDEST) {
            if let Some(sums) = slot {
                pending.iter().for_each(|(ids, sum)| sums.entry(family.narrow(ids)).or_default().merge(sum));
                if sums.len() > GROUPS_MAX {
                    *slot = None;
                }
            }
        }
        if let Some(widest) = &mut self.families[WIDEST] {
            pending.into_iter().for_each(|(ids, sum)| widest.entry(ids).or_default().merge(&sum));
            if widest.len() > GROUPS_MAX {
                self.families[WIDEST] = None;
            }
        }
    }
}

/// Takes the groups of one roll-up into the sums of a longer one.
struct Into<'a> {
    /// By column and the number within the roll-up: the builder's number.
    numbers: [Vec<u32>; WIDTH],
    sums: &'a mut Sums,
}

impl Sink for Into<'_> {
    fn sum(&mut self, ids: &Ids, _: Timestamp) -> Result<Option<&mut Sum>, Stop> {
        let ids = std::array::from_fn(|column| self.numbers[column].get(ids[column] as usize).copied().unwrap_or(0));
        Ok(Some(self.sums.entry(ids).or_default()))
    }
}
