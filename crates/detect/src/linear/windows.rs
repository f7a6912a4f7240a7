//! Walks windows of two sizes over a text in one pass.
//!
//! A window is two blocks of words, and the next one starts a block later: any stretch of up to a block lies whole in some
//! window, and only the block before the present one has to be kept.

use std::ops::Range;

use super::{
    Head,
    ngrams::{Before, ending_in},
    words::Words,
};
use crate::Deadline;

/// The words of a window, of either size. The smaller one finds a sentence among others, the larger one what is spread out.
pub const SIZES: [usize; 2] = [24, 128];

/// Words between two looks at the clock.
const PATIENCE: usize = 256;

/// What a head says of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The highest score of a window, by size of window, in log-odds.
    pub scores: [f32; 2],
    /// The bytes of that window, by size.
    pub windows: [Range<usize>; 2],
    /// How many words were read.
    pub words: usize,
    /// Whether all of the text was.
    pub extent: Extent,
}

/// How much of a text was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// What there was time for.
    Part,
}

/// Sums of the words of a block, or of some blocks.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    sum: i32,
    grams: u16,
    words: u16,
    start: usize,
    end: usize,
}

impl Block {
    fn followed_by(self, next: Self) -> Self {
        if self.words == 0 {
            return next;
        }
        Self {
            sum: self.sum.saturating_add(next.sum),
            grams: self.grams.saturating_add(next.grams),
            words: self.words + next.words,
            start: self.start,
            end: next.end,
        }
    }
}

/// One size of window on its way over a text.
struct Walk {
    block: u16,
    last: Block,
    current: Block,
    full: usize,
    best: f32,
    window: Range<usize>,
}

impl Walk {
    fn with(size: usize) -> Self {
        let block = u16::try_from(size / 2).unwrap_or(u16::MAX);
        let (last, current) = (Block::default(), Block::default());
        Self { block, last, current, full: 0, best: f32::NEG_INFINITY, window: 0..0 }
    }

    fn add(&mut self, word: Block, score: impl Fn(i32, u16) -> f32) {
        self.current = self.current.followed_by(word);
        if self.current.words == self.block {
            if self.full > 0 {
                self.close(score);
            }
            self.full += 1;
            self.last = std::mem::take(&mut self.current);
        }
    }

    fn end(&mut self, score: impl Fn(i32, u16) -> f32) {
        if self.current.words > 0 || self.full < 2 {
            self.close(score);
        }
    }

    fn close(&mut self, score: impl Fn(i32, u16) -> f32) {
        let current = if self.current.words == 0 { self.last } else { self.last.followed_by(self.current) };
        let score = score(current.sum, current.grams);
        if score > self.best {
            (self.best, self.window) = (score, current.start..current.end);
        }
    }
}

impl Head {
    /// Reads a folded text until the deadline.
    pub fn read(&self, text: &str, deadline: Deadline) -> Reading {
        let mut walks = SIZES.map(Walk::with);
        let mut words = Words::of(text);
        let mut before = Before::NOTHING;
        let mut count = 0;
        let mut extent = Extent::Whole;
        while let Some(word) = words.next() {
            if count % PATIENCE == PATIENCE - 1 && deadline.is_over() {
                extent = Extent::Part;
                break;
            }
            let (mut sums, mut grams) = ([0_i32; 2], 0_u16);
            ending_in(&word, before, words.letters(), |name, _| {
                let weights = self.weights(name);
                sums[0] += i32::from(weights[0]);
                sums[1] += i32::from(weights[1]);
                grams += 1;
            });
            before = before.and(&word);
            count += 1;
            for (size, (walk, sum)) in walks.iter_mut().zip(sums).enumerate() {
                walk.add(Block { sum, grams, words: 1, start: word.start, end: word.end }, |sum, grams| {
                    self.score(size, sum, grams)
                });
            }
        }
        for (size, walk) in walks.iter_mut().enumerate() {
            walk.end(|sum, grams| self.score(size, sum, grams));
        }
        let [small, large] = walks;
        Reading { scores: [small.best, large.best], windows: [small.window, large.window], words: count, extent }
    }
}

/// Gives the n-grams of every window of a text: which size it has (an index of [`SIZES`], or both for a text that fits the
/// smaller) and the hashes, in order and as often as they stand there. For training; the weights are made of nothing else.
pub fn windows_of(text: &str, mut each: impl FnMut(&[usize], &[u32])) {
    let mut words = Words::of(text);
    let (mut names, mut ends) = (Vec::new(), vec![0]);
    let mut before = Before::NOTHING;
    while let Some(word) = words.next() {
        ending_in(&word, before, words.letters(), |name, _| names.push(name));
        before = before.and(&word);
        ends.push(names.len());
    }
    let count = ends.len() - 1;
    if count <= SIZES[0] {
        return each(&[0, 1], &names);
    }
    for (index, size) in SIZES.into_iter().enumerate() {
        let mut start = 0;
        loop {
            let end = (start + size).min(count);
            each(&[index], &names[ends[start]..ends[end]]);
            if end == count {
                break;
            }
            start += size / 2;
        }
    }
}

/// How many words a folded text has, as readings count them.
pub fn words_of(text: &str) -> usize {
    Words::of(text).count()
}
