//! Durations in fixed log buckets, so that percentiles add up over hours and agree between stores.

/// Sub-buckets of each power of two, as a power of two.
const FINE_BITS: u32 = 4;
/// Values below this have a bucket each.
const EXACT: u64 = 1 << FINE_BITS;

/// Counts of durations in microseconds. Every power of two is cut into 16 equal buckets, values below 16 have one each: a
/// bucket is at most 6.25 % wide, and a percentile, told as the middle of its bucket, at most 3.2 % off.
///
/// The bucket of a value is integer arithmetic alone, so every store computes the same: with `e` the position of the highest
/// bit, `16 * (e - 3) + (value >> (e - 4)) - 16`, and the value itself below 16.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    /// The buckets that hold any, lowest first, and their counts. Apart, and no tree: every span and every row of a roll-up
    /// looks buckets up, and thousands of histograms at once do not stay in the processor's cache.
    buckets: Vec<u16>,
    counts: Vec<u64>,
    count: u64,
}

impl Histogram {
    /// The bucket of a duration.
    #[expect(clippy::cast_possible_truncation, reason = "at most 16 * 59 + 31 = 975")]
    pub const fn bucket(us: u64) -> u16 {
        if us < EXACT {
            return us as u16;
        }
        let shift = us.ilog2() - FINE_BITS;
        (EXACT * shift as u64 + (us >> shift)) as u16
    }

    /// The middle of a bucket, in microseconds, rounded down.
    pub const fn middle(bucket: u16) -> u64 {
        let bucket = bucket as u64;
        if bucket < 2 * EXACT {
            return bucket;
        }
        let shift = bucket / EXACT - 1;
        let low = (bucket - EXACT * shift) << shift;
        low + (((1 << shift) - 1) >> 1)
    }

    /// Counts one duration.
    pub fn add(&mut self, us: u64) {
        self.add_bucket(Self::bucket(us), 1);
    }

    /// Counts so many in one bucket, as a store kept them; saturates.
    pub fn add_bucket(&mut self, bucket: u16, count: u64) {
        if count == 0 {
            return;
        }
        self.count = self.count.saturating_add(count);
        match self.buckets.binary_search(&bucket) {
            Ok(at) => self.counts[at] = self.counts[at].saturating_add(count),
            Err(at) => {
                self.buckets.insert(at, bucket);
                self.counts.insert(at, count);
            }
        }
    }

    /// Adds all counts of another.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in other.buckets() {
            self.add_bucket(bucket, count);
        }
    }

    /// How many durations there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Every bucket that holds any, lowest first.
    pub fn buckets(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        self.buckets.iter().copied().zip(self.counts.iter().copied())
    }

    /// The duration that so many of a hundred do not exceed (nearest rank), in microseconds; `None` where there are none.
    pub fn percentile(&self, of_hundred: u8) -> Option<u64> {
        let rank = (u128::from(self.count) * u128::from(of_hundred.min(100))).div_ceil(100).max(1);
        let mut seen = 0u128;
        for (bucket, count) in self.buckets() {
            seen += u128::from(count);
            if seen >= rank {
                return Some(Self::middle(bucket));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let mut all = Histogram::default();
        assert_eq!(all.percentile(50), None);
        (1..=100).for_each(|n| all.add(n * 1000));
        let near = |of_hundred: u8, us: u64| {
            let found = all.percentile(of_hundred).unwrap();
            assert!(found.abs_diff(us) * 1000 <= us * 32, "p{of_hundred}: {found}");
        };
        near(50, 50_000);
        near(95, 95_000);
        near(99, 99_000);
        near(0, 1000);
    }

    #[test]
    fn buckets_are_where_the_formula_says() {
        // Fixed for ever: stored counts are by these numbers.
        let fixed =
            [(0, 0), (15, 15), (16, 16), (31, 31), (32, 32), (33, 32), (1000, 111), (1_000_000, 270), (u64::MAX, 975)];
        for (us, bucket) in fixed {
            assert_eq!(Histogram::bucket(us), bucket, "{us}");
        }
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_middle_and_is_narrow(us in any::<u64>(), shift in 0u32..64) {
            let us = us >> shift;
            let bucket = Histogram::bucket(us);
            let middle = Histogram::middle(bucket);
            prop_assert_eq!(Histogram::bucket(middle), bucket);
            prop_assert!(u128::from(middle.abs_diff(us)) * 1000 <= u128::from(us) * 32, "{} for {}", middle, us);
        }

        #[test]
        fn buckets_keep_the_order(a in any::<u64>(), b in any::<u64>()) {
            let (a, b) = (a.min(b), a.max(b));
            prop_assert!(Histogram::bucket(a) <= Histogram::bucket(b));
        }

        #[test]
        fn it_does_not_matter_in_which_pieces_durations_are_counted(all in prop::collection::vec(any::<u64>(), 0..50), cut in 0usize..50) {
            let whole = all.iter().fold(Histogram::default(), |mut h, us| { h.add(*us); h });
            let (left, right) = all.split_at(cut.min(all.len()));
            let of = |part: &[u64]| part.iter().fold(Histogram::default(), |mut h, us| { h.add(*us); h });
            let mut merged = of(right);
            merged.merge(&of(left));
            prop_assert_eq!(merged, whole);
        }
    }
}
