//! Adding up spans, once for all engines: what one span brings, and the groups it goes to.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use llmtrace_model::{Measures, Money, Span, StatsQuery, StatsRow, Status, Timestamp, Usage};

use crate::{MAX_GROUPS, MAX_SCANNED};

/// What one span brings to its group.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) started_at: Timestamp,
    pub(crate) status: Status,
    pub(crate) usage: Option<Usage>,
    /// Whether anything is billed by the piece.
    pub(crate) has_units: bool,
    pub(crate) cost: Option<Money>,
    pub(crate) duration_us: u64,
    pub(crate) first_token_us: Option<u64>,
}

impl Sample {
    /// That of a span.
    pub(crate) fn of(span: &Span) -> Self {
        Self {
            started_at: span.started_at,
            status: span.status,
            usage: span.usage,
            has_units: !span.units.is_empty(),
            cost: span.cost,
            duration_us: span.timing.duration_us,
            first_token_us: span.timing.first_token_us,
        }
    }

    /// Adds itself to what others add up to.
    pub(crate) fn add_to(&self, sum: &mut Sum) {
        let Sum { measures, cost_nanos } = sum;
        measures.requests = measures.requests.saturating_add(1);
        measures.errors = measures.errors.saturating_add(u64::from(self.status == Status::Error));
        let used = self.has_units || self.usage.is_some_and(|usage| usage.total() > 0);
        measures.unpriced = measures.unpriced.saturating_add(u64::from(used && self.cost.is_none()));
        if let Some(usage) = &self.usage {
            measures.usage = measures.usage.saturating_add(usage);
        }
        *cost_nanos += i128::from(self.cost.unwrap_or_default().nanos());
        measures.duration.add(self.duration_us);
        if let Some(us) = self.first_token_us {
            measures.first_token.add(us);
        }
        measures.saw(self.started_at, self.started_at);
    }
}

/// What spans add up to, while it grows.
///
/// Money has a sign, so a sum that saturates on the way depends on the order: it is kept wide to the end, and
/// `measures.cost` is zero until then.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sum {
    pub(crate) measures: Measures,
    pub(crate) cost_nanos: i128,
}

impl Sum {
    /// Adds what others add up to.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.measures.merge(&other.measures);
        self.cost_nanos += other.cost_nanos;
    }

    fn finish(mut self) -> Measures {
        let nanos = self.cost_nanos.clamp(i64::MIN.into(), i64::MAX.into());
        self.measures.cost = Money::from_nanos(i64::try_from(nanos).unwrap_or_default());
        self.measures
    }
}

/// A value of a dimension by its number among those of one [`Names`]; 0 is the absent one.
pub(crate) type Name = u32;

/// Values of dimensions, each kept once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    numbers: HashMap<Arc<str>, Name>,
    names: Vec<Arc<str>>,
}

impl Names {
    /// The number of a value, a new one where it is seen first.
    pub(crate) fn number(&mut self, name: Option<&str>) -> Name {
        let Some(name) = name else { return 0 };
        if let Some(known) = self.numbers.get(name) {
            return *known;
        }
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        // At most one for each of MAX_SCANNED spans and MAX_GROUPS groups, three dimensions each: it fits.
        let number = u32::try_from(self.names.len()).unwrap_or(Name::MAX);
        self.numbers.insert(name, number);
        number
    }

    /// The value of a number.
    pub(crate) fn name(&self, number: Name) -> Option<&str> {
        self.names.get(usize::try_from(number).ok()?.checked_sub(1)?).map(|name| &**name)
    }
}

/// The values of a query's dimensions; 0 beyond them.
pub(crate) type Key = [Name; StatsQuery::MAX_DIMENSIONS];

/// Says why a query is not answered.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TooLarge(pub(crate) String);

/// The groups of one query, bounded.
#[derive(Debug)]
pub(crate) struct Groups<'a> {
    query: &'a StatsQuery,
    /// Values of dimensions, of all groups together.
    pub(crate) names: Names,
    places: HashMap<(Option<Timestamp>, Key), usize, BuildHasherDefault<Mix>>,
    sums: Vec<Sum>,
    scanned: u64,
}

impl<'a> Groups<'a> {
    /// None yet.
    pub(crate) fn new(query: &'a StatsQuery) -> Self {
        Self { query, names: Names::default(), places: HashMap::default(), sums: Vec::new(), scanned: 0 }
    }

    /// Adds one span, read by itself.
    pub(crate) fn add(&mut self, span: &Span) -> Result<(), TooLarge> {
        self.scan()?;
        let mut key = Key::default();
        for (name, dimension) in key.iter_mut().zip(&self.query.group_by) {
            *name = self.names.number(dimension.of(span).as_deref());
        }
        Sample::of(span).add_to(self.sum(span.started_at, key)?);
        Ok(())
    }

    /// Counts one span that is read by itself.
    pub(crate) fn scan(&mut self) -> Result<(), TooLarge> {
        self.scanned += 1;
        if self.scanned > MAX_SCANNED {
            return Err(TooLarge(format!("it needs more than {MAX_SCANNED} spans to be read one by one")));
        }
        Ok(())
    }

    /// The sum of the group and step that spans of this time and these values belong to.
    pub(crate) fn sum(&mut self, started_at: Timestamp, key: Key) -> Result<&mut Sum, TooLarge> {
        let groups = self.sums.len();
        let place = match self.places.entry((self.query.step(started_at), key)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(_) if groups >= MAX_GROUPS => {
                return Err(TooLarge(format!("it tells more than {MAX_GROUPS} groups apart")));
            }
            Entry::Vacant(new) => {
                self.sums.push(Sum::default());
                *new.insert(groups)
            }
        };
        Ok(&mut self.sums[place])
    }

    /// By time step, then by key.
    pub(crate) fn finish(mut self) -> Vec<StatsRow> {
        let (names, width) = (&self.names, self.query.group_by.len());
        let mut found: Vec<_> = self.places.into_iter().collect();
        let key = |key: &Key| key.map(|number| names.name(number));
        found.sort_unstable_by(|((a_step, a), _), ((b_step, b), _)| (a_step, key(a)).cmp(&(b_step, key(b))));
        let row = |((step, numbers), place): ((Option<Timestamp>, Key), usize)| StatsRow {
            step,
            key: key(&numbers)[..width].iter().map(|name| name.map(str::to_owned)).collect(),
            measures: std::mem::take(&mut self.sums[place]).finish(),
        };
        found.into_iter().map(row).collect()
    }
}

/// A hash of small numbers that we gave ourselves, so that nobody outside can choose them to collide.
#[derive(Debug, Default)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        // The table takes its place from the low bits and its tag from the high ones.
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.chunks(8).for_each(|chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        });
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }

    fn write_i64(&mut self, word: i64) {
        self.write_u64(word.cast_unsigned());
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
