//! Names the n-grams that end in a word by a hash each: one to three words, two words with one between them, three to five
//! letters inside the borders of a word.
//!
//! An n-gram belongs to the word it ends in, so that a window's sum is a sum over its words and any number of windows costs one
//! pass. A hash has 32 bits: the upper ones choose a slot of the table, the
//! lower ones tell what is in it from what is not.

use super::words::{BORDER, Word};

/// The mark of this way of cutting and hashing. Weights name the one they were trained on; a change here is a new number.
pub const MARK: u32 = 1;

/// Words up to this many letters give no n-grams of letters: they are their own.
const TOO_SHORT: usize = 3;

const WORD: u64 = 0x0001_0000_0001;
const PAIR: u64 = 0x0002_0000_0003;
const TRIPLE: u64 = 0x0003_0000_0005;
const SKIP: u64 = 0x0004_0000_0007;
const LETTERS: u64 = 0x0005_0000_000b;

/// How much of the text an n-gram is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The last so many words.
    Words(usize),
    /// Part of the last word.
    Letters,
}

/// The words before the one that is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    last: u64,
    last_but_one: u64,
}

impl Before {
    /// Nothing: the text begins.
    pub(super) const NOTHING: Self = Self { last: 0x5151, last_but_one: 0x5252 };

    /// What stands before the word after this one.
    pub(super) fn and(self, word: &Word) -> Self {
        Self { last: word.hash, last_but_one: self.last }
    }
}

/// Calls `each` for every n-gram that ends in a word.
#[inline]
pub(super) fn ending_in(word: &Word, before: Before, letters: &[u32], mut each: impl FnMut(u32, Reach)) {
    each(name(WORD, word.hash), Reach::Words(1));
    let pair = mix(before.last, word.hash);
    each(name(PAIR, pair), Reach::Words(2));
    each(name(TRIPLE, mix(before.last_but_one, pair)), Reach::Words(3));
    each(name(SKIP, mix(before.last_but_one, word.hash)), Reach::Words(3));
    if letters.len() <= TOO_SHORT + 2 {
        return;
    }
    for start in 0..letters.len() {
        let mut hash = LETTERS;
        for (taken, &letter) in letters[start..].iter().take(5).enumerate() {
            hash = mix(hash, u64::from(letter));
            if taken >= 2 {
                each(name(LETTERS, hash), Reach::Letters);
            }
        }
    }
    debug_assert_eq!(letters.first(), Some(&BORDER), "letters come with their borders");
}

/// One hash out of two.
#[inline]
pub(super) fn mix(left: u64, right: u64) -> u64 {
    let mixed = (left.rotate_left(23) ^ right).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

#[inline]
fn name(kind: u64, hash: u64) -> u32 {
    ((hash ^ kind).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 32) as u32
}
