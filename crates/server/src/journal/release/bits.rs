//! Which records of a segment are what, one bit each.

/// A growing set of small numbers.
#[derive(Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// Adds `bit`; says whether it was new.
    pub(super) fn set(&mut self, bit: u32) -> bool {
        let word = (bit / 64) as usize;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let mask = 1 << (bit % 64);
        let new = self.0[word] & mask == 0;
        self.0[word] |= mask;
        new
    }

    pub(super) fn has(&self, bit: u32) -> bool {
        self.0.get((bit / 64) as usize).is_some_and(|word| word & (1 << (bit % 64)) != 0)
    }

    pub(super) fn first_unset(&self) -> u32 {
        let full = self.0.iter().take_while(|word| **word == u64::MAX).count();
        let ones = self.0.get(full).map_or(0, |word| word.trailing_ones());
        u32::try_from(full * 64).unwrap_or(u32::MAX).saturating_add(ones)
    }
}
