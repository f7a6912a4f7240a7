//! One roll-up as bytes: the groups of one family of one tenant in one hour or day.
//!
//! All numbers are LEB128. A version; for each column of the family, in order, its values (count, then length and bytes of
//! each), numbered from 1; the number of groups; then each group: the number of its value in each column, when its first span
//! started (microseconds after the start of the hour or day), how long after it the last one, requests, errors, unpriced, a
//! mask of the token buckets that are not zero and those, the cost (zigzag), and both histograms (how many buckets, then for
//! each the distance to the one before and its count).

use std::collections::HashMap;

use llmtrace_model::{Histogram, Measures, Timestamp, Usage};

use super::{
    Stop,
    family::{Family, Ids, WIDTH},
};
use crate::stats::{Names, Sum};

/// The first byte; another one was written by another version of the program.
const VERSION: u8 = 1;

/// Writes the groups of one family, whose first possible start is `start`.
pub(super) fn write(
    family: &Family,
    start: Timestamp,
    names: &Names,
    groups: &HashMap<Ids, Sum, impl Sized>,
) -> Vec<u8> {
    let mut to = vec![VERSION];
    let mut local = Vec::new();
    for column in family.columns() {
        // The numbers of the builder as those of this column, in the order they are met.
        let mut numbers: HashMap<u32, u64> = HashMap::new();
        let mut values = Vec::new();
        for ids in groups.keys() {
            let id = ids[column as usize];
            if let Some(name) = names.name(id) {
                let next = numbers.len() as u64 + 1;
                numbers.entry(id).or_insert_with(|| {
                    values.push(name);
                    next
                });
            }
        }
        put(&mut to, values.len() as u64);
        for value in values {
            put(&mut to, value.len() as u64);
            to.extend_from_slice(value.as_bytes());
        }
        local.push((column as usize, numbers));
    }
    put(&mut to, groups.len() as u64);
    for (ids, sum) in groups {
        for (column, numbers) in &local {
            put(&mut to, numbers.get(&ids[*column]).copied().unwrap_or(0));
        }
        put_sum(&mut to, start, sum);
    }
    to
}

fn put_sum(to: &mut Vec<u8>, start: Timestamp, Sum { measures, cost_nanos }: &Sum) {
    let Measures { requests, errors, unpriced, usage, duration, first_token, .. } = measures;
    let first = measures.first_started_at.unwrap_or(start);
    let last = measures.last_started_at.unwrap_or(first);
    put(to, first.unix_us().wrapping_sub(start.unix_us()).cast_unsigned());
    put(to, last.unix_us().wrapping_sub(first.unix_us()).cast_unsigned());
    put(to, *requests);
    put(to, *errors);
    put(to, *unpriced);
    let buckets = usage.buckets();
    let mask = buckets.iter().enumerate().fold(0, |mask, (at, tokens)| mask | u64::from(*tokens > 0) << at);
    put(to, mask);
    buckets.into_iter().filter(|tokens| *tokens > 0).for_each(|tokens| put(to, tokens));
    put_wide(to, ((cost_nanos << 1) ^ (cost_nanos >> 127)).cast_unsigned());
    for histogram in [duration, first_token] {
        put(to, histogram.buckets().count() as u64);
        let mut before = 0;
        for (bucket, count) in histogram.buckets() {
            put(to, u64::from(bucket - before));
            put(to, count);
            before = bucket;
        }
    }
}

fn put(to: &mut Vec<u8>, number: u64) {
    put_wide(to, number.into());
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
fn put_wide(to: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// A roll-up that is being read: its values are known, its groups are to come.
pub(super) struct Blob<'a> {
    from: Bytes<'a>,
    start: Timestamp,
    /// The columns of the family, each with its values.
    pub(super) columns: Vec<(usize, Vec<&'a str>)>,
    groups: u64,
}

/// Where the groups of a roll-up go.
pub(super) trait Sink {
    /// The sum that a group is added to, by its values' numbers within the roll-up and the start of its first span; `None`
    /// where it is not wanted.
    fn sum(&mut self, ids: &Ids, first: Timestamp) -> Result<Option<&mut Sum>, Stop>;
}

impl<'a> Blob<'a> {
    /// Reads the values; `None` where another version of the program wrote it.
    pub(super) fn open(bytes: &'a [u8], family: &Family, start: Timestamp) -> Result<Option<Self>, Stop> {
        let mut from = Bytes(bytes);
        if from.byte()? != VERSION {
            return Ok(None);
        }
        let mut columns = Vec::new();
        for column in family.columns() {
            let count = from.number()?;
            // The count is only believed as far as there are bytes for it.
            let mut values = Vec::with_capacity(usize::try_from(count).unwrap_or(0).min(from.0.len()));
            for _ in 0..count {
                values.push(from.text()?);
            }
            columns.push((column as usize, values));
        }
        let groups = from.number()?;
        Ok(Some(Self { from, start, columns, groups }))
    }

    /// Adds every group to what the sink names.
    pub(super) fn read(mut self, sink: &mut impl Sink) -> Result<(), Stop> {
        let mut ids = [0; WIDTH];
        for _ in 0..self.groups {
            for (column, values) in &self.columns {
                let id = self.from.number()?;
                let id = usize::try_from(id).ok().filter(|id| *id <= values.len()).ok_or(Stop::Damaged)?;
                ids[*column] = u32::try_from(id).map_err(|_| Stop::Damaged)?;
            }
            let first = self.start.unix_us().wrapping_add(self.from.number()?.cast_signed());
            let last = first.wrapping_add(self.from.number()?.cast_signed());
            let (first, last) = (Timestamp::from_unix_us(first), Timestamp::from_unix_us(last));
            match sink.sum(&ids, first)? {
                Some(sum) => {
                    sum.measures.saw(first, last);
                    add_sum(&mut self.from, sum)?;
                }
                None => self.from.pass_sum()?,
            }
        }
        Ok(())
    }
}

fn add_sum(from: &mut Bytes<'_>, Sum { measures, cost_nanos }: &mut Sum) -> Result<(), Stop> {
    for sum in [&mut measures.requests, &mut measures.errors, &mut measures.unpriced] {
        *sum = sum.saturating_add(from.number()?);
    }
    let mut mask = from.number()?;
    let mut buckets = [0; Usage::BUCKETS.len()];
    while mask != 0 {
        let bucket = buckets.get_mut(mask.trailing_zeros() as usize).ok_or(Stop::Damaged)?;
        *bucket = from.number()?;
        mask &= mask - 1;
    }
    measures.usage = measures.usage.saturating_add(&Usage::from_buckets(buckets));
    let zigzag = from.wide()?;
    *cost_nanos += (zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed());
    add_histogram(from, &mut measures.duration)?;
    add_histogram(from, &mut measures.first_token)
}

fn add_histogram(from: &mut Bytes<'_>, histogram: &mut Histogram) -> Result<(), Stop> {
    let mut bucket = 0;
    for _ in 0..from.number()? {
        bucket =
            u64::from(bucket).checked_add(from.number()?).and_then(|b| u16::try_from(b).ok()).ok_or(Stop::Damaged)?;
        histogram.add_bucket(bucket, from.number()?);
    }
    Ok(())
}

/// What is left to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn byte(&mut self) -> Result<u8, Stop> {
        let (first, rest) = self.0.split_first().ok_or(Stop::Damaged)?;
        self.0 = rest;
        Ok(*first)
    }

    fn number(&mut self) -> Result<u64, Stop> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Stop::Damaged)
    }

    fn wide(&mut self) -> Result<u128, Stop> {
        let mut number = 0;
        for shift in (0..128).step_by(7) {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Stop::Damaged)
    }

    fn text(&mut self) -> Result<&'a str, Stop> {
        let length = usize::try_from(self.number()?).map_err(|_| Stop::Damaged)?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(Stop::Damaged)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Stop::Damaged)
    }

    /// Goes to the next group.
    fn pass_sum(&mut self) -> Result<(), Stop> {
        self.pass(3)?;
        let buckets = self.number()?.count_ones();
        self.pass(u64::from(buckets) + 1)?;
        for _ in 0..2 {
            let pairs = self.number()?;
            self.pass(pairs.saturating_mul(2))?;
        }
        Ok(())
    }

    fn pass(&mut self, numbers: u64) -> Result<(), Stop> {
        for _ in 0..numbers {
            while self.byte()? >= 0x80 {}
        }
        Ok(())
    }
}
