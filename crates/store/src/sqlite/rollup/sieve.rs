//! What occurs in an hour or day: which values each field that can be filtered by has. Lists pass over the hours in which
//! nothing can match, so that no index is needed for each field.
//!
//! A version; for each set how many values (`ANYTHING` where they were too many to keep) and their hashes, sorted, all as
//! 32 bits, little-endian; for each range whether there is a value (one byte), the lowest and the highest (64 bits).

use std::collections::HashSet;

use llmtrace_model::{Between, Found, Money, SpanFilter};

use super::{
    Stop,
    family::{Column, wanted_words},
};
use crate::{
    matching::{CAP, capped},
    stats::Sample,
};

/// `rollups.family` of a sieve: no family of groups has it.
pub(super) const FAMILY: i64 = 0;
/// The first byte; another one was written by another version of the program.
const VERSION: u8 = 1;
/// Instead of a number of values.
const ANYTHING: u32 = u32::MAX;
/// The most values of one set that are kept.
const VALUES_MAX: usize = 20_000;

/// The sets: those of the columns, then these.
const MODELS: usize = super::family::WIDTH;
const TAGS: usize = MODELS + 1;
const FINDINGS: usize = MODELS + 2;
const SETS: usize = MODELS + 3;

/// The ranges: cost, duration, time to first token, tokens.
const RANGES: usize = 4;
const RANGE_BYTES: usize = 17;

/// What occurs, while it is gathered.
pub(super) struct Sieve {
    sets: [Option<HashSet<u32>>; SETS],
    ranges: [Option<(i64, i64)>; RANGES],
}

impl Sieve {
    pub(super) fn new() -> Self {
        Self { sets: std::array::from_fn(|_| Some(HashSet::new())), ranges: [None; RANGES] }
    }

    /// Notes a value of a column.
    pub(super) fn value(&mut self, column: Column, value: &str) {
        self.hash(column as usize, hash(value));
        if matches!(column, Column::Asked | Column::Answered) {
            self.hash(MODELS, hash(value));
        }
    }

    /// Notes a tag.
    pub(super) fn tag(&mut self, tag: &str) {
        self.hash(TAGS, hash(tag));
    }

    /// Notes the kind of a finding.
    pub(super) fn finding(&mut self, kind: &str) {
        self.hash(FINDINGS, hash(kind));
    }

    /// Notes the numbers of one span.
    pub(super) fn sample(&mut self, sample: &Sample) {
        let signed = |number: u64| number.min(CAP).cast_signed();
        let tokens = sample.usage.map(|usage| signed(usage.total()));
        let first_token = sample.first_token_us.map(signed);
        let numbers = [sample.cost.map(Money::nanos), Some(signed(sample.duration_us)), first_token, tokens];
        for (range, number) in self.ranges.iter_mut().zip(numbers) {
            if let Some(number) = number {
                let (low, high) = range.unwrap_or((number, number));
                *range = Some((low.min(number), high.max(number)));
            }
        }
    }

    /// Notes all that occurs in a smaller one; `None` says that anything may.
    pub(super) fn add(&mut self, content: Option<&[u8]>) -> Result<(), Stop> {
        let Some(mut from) = content.and_then(Reader::open) else {
            self.sets = std::array::from_fn(|_| None);
            self.ranges = [Some((i64::MIN, i64::MAX)); RANGES];
            return Ok(());
        };
        for set in 0..SETS {
            match from.set()? {
                Some(hashes) => hashes.iter().for_each(|bytes| self.hash(set, u32::from_le_bytes(*bytes))),
                None => self.sets[set] = None,
            }
        }
        for range in 0..RANGES {
            if let Some((low, high)) = from.range()? {
                let (known_low, known_high) = self.ranges[range].unwrap_or((low, high));
                self.ranges[range] = Some((known_low.min(low), known_high.max(high)));
            }
        }
        Ok(())
    }

    fn hash(&mut self, set: usize, hash: u32) {
        if let Some(values) = &mut self.sets[set] {
            values.insert(hash);
            if values.len() > VALUES_MAX {
                self.sets[set] = None;
            }
        }
    }

    /// As bytes.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut to = vec![VERSION];
        for set in self.sets {
            let Some(set) = set else {
                to.extend(ANYTHING.to_le_bytes());
                continue;
            };
            let mut hashes: Vec<u32> = set.into_iter().collect();
            hashes.sort_unstable();
            to.extend(u32::try_from(hashes.len()).unwrap_or(ANYTHING).to_le_bytes());
            hashes.iter().for_each(|hash| to.extend(hash.to_le_bytes()));
        }
        for range in self.ranges {
            to.push(u8::from(range.is_some()));
            let (low, high) = range.unwrap_or_default();
            to.extend(low.to_le_bytes());
            to.extend(high.to_le_bytes());
        }
        to
    }
}

/// FNV-1a, folded to 32 bits: fixed for ever, stored sieves are by it. Two values with one hash cost a look at the spans.
#[expect(clippy::cast_possible_truncation, reason = "the lower half")]
fn hash(value: &str) -> u32 {
    let long = value
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    ((long >> 32) ^ long) as u32
}

/// What a filter asks of a sieve.
#[derive(Debug)]
pub(super) struct Asked {
    sets: Vec<(usize, u32)>,
    any_finding: bool,
    ranges: [Between<i64>; RANGES],
}

impl Asked {
    /// `None` where a sieve tells nothing about it.
    pub(super) fn of(filter: &SpanFilter) -> Option<Self> {
        let mut sets: Vec<(usize, u32)> =
            wanted_words(filter).into_iter().map(|(column, value)| (column as usize, hash(&value))).collect();
        sets.extend(filter.model.iter().map(|model| (MODELS, hash(model))));
        sets.extend(filter.tags.iter().map(|tag| (TAGS, hash(tag))));
        let mut any_finding = false;
        match filter.finding {
            Some(Found::Any) => any_finding = true,
            Some(Found::Kind(kind)) => sets.push((FINDINGS, hash(kind.as_str()))),
            None => {}
        }
        let signed = |range: &Between<u64>| {
            let range = capped(range);
            Between { min: range.min.map(u64::cast_signed), max: range.max.map(u64::cast_signed) }
        };
        let cost = Between { min: filter.cost.min.map(|m| m.nanos()), max: filter.cost.max.map(|m| m.nanos()) };
        let ranges = [cost, signed(&filter.duration_us), signed(&filter.first_token_us), signed(&filter.tokens)];
        let asks = any_finding || !sets.is_empty() || ranges.iter().any(|range| !range.is_open());
        asks.then_some(Self { sets, any_finding, ranges })
    }

    /// Says whether it asks for a value of this column and nothing else.
    pub(super) fn is_only(&self, column: Column) -> bool {
        let no_numbers = self.ranges.iter().all(Between::is_open);
        no_numbers && !self.any_finding && matches!(self.sets[..], [(set, _)] if set == column as usize)
    }

    /// Says whether anything in the hour or day may match.
    pub(super) fn may_be_in(&self, content: &[u8]) -> Result<bool, Stop> {
        let Some(mut from) = Reader::open(content) else { return Ok(true) };
        for set in 0..SETS {
            let Some(hashes) = from.set()? else { continue };
            let has = |hash: u32| hashes.binary_search_by_key(&hash, |bytes| u32::from_le_bytes(*bytes)).is_ok();
            let is_missing = self.sets.iter().any(|(of, hash)| *of == set && !has(*hash));
            if is_missing || (set == FINDINGS && self.any_finding && hashes.is_empty()) {
                return Ok(false);
            }
        }
        for wanted in &self.ranges {
            let found = from.range()?;
            let fits = |(low, high): (i64, i64)| {
                wanted.min.is_none_or(|min| high >= min) && wanted.max.is_none_or(|max| low <= max)
            };
            if !wanted.is_open() && !found.is_some_and(fits) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What is left to be read of a sieve.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// `None` where another version of the program wrote it.
    fn open(content: &'a [u8]) -> Option<Self> {
        content.strip_prefix(&[VERSION]).map(Self)
    }

    /// The hashes of the next set; `None` where they were too many.
    fn set(&mut self) -> Result<Option<&'a [[u8; 4]]>, Stop> {
        let (count, rest) = self.0.split_first_chunk().ok_or(Stop::Damaged)?;
        self.0 = rest;
        let count = u32::from_le_bytes(*count);
        if count == ANYTHING {
            return Ok(None);
        }
        let (all, _) = self.0.as_chunks();
        let hashes = all.get(..count as usize).ok_or(Stop::Damaged)?;
        self.0 = self.0.get(4 * hashes.len()..).ok_or(Stop::Damaged)?;
        Ok(Some(hashes))
    }

    fn range(&mut self) -> Result<Option<(i64, i64)>, Stop> {
        let (range, rest) = self.0.split_first_chunk::<RANGE_BYTES>().ok_or(Stop::Damaged)?;
        self.0 = rest;
        let [is_there, low @ .., _, _, _, _, _, _, _, _] = range;
        let high = range.last_chunk().ok_or(Stop::Damaged)?;
        Ok((*is_there != 0).then_some((i64::from_le_bytes(*low), i64::from_le_bytes(*high))))
    }
}
