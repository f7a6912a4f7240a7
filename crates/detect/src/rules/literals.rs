//! Finds the literals of all rules in one pass over a text.
//!
//! Few bytes of a text begin a literal. So a pass looks at each three bytes' hash in a bitmap of 8 KiB, which stays in the
//! nearest cache whatever the number of rules, and compares literals only where the bitmap says so: 1 µs per KB where an
//! automaton over the same literals, its table far bigger than that cache, took three to six.

use std::ops::{ControlFlow, Range};

/// The literals of one rule: `needs`, `with` and `also`.
pub(super) type Needs = [Vec<String>; 3];

/// How many bytes are looked at together: no literal is shorter.
pub(super) const SHORTEST: usize = 3;

const HASHES: usize = 1 << 16;

/// How many bytes of a literal are compared in one step.
const HEAD: usize = 8;

/// A rule, and which of its lists the literal stands in, as a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wake {
    pub(super) rule: u16,
    pub(super) list: u8,
}

/// Which rules a literal wakes.
pub(super) struct Literals {
    /// Hashes of what may begin a literal where no letter stands before it.
    at_start: Bits,
    /// The same inside a word.
    inside: Bits,
    /// For each hash, which of `literals` begin with it: where the first stands and how many there are.
    slots: Box<[(u16, u16)]>,
    literals: Vec<Literal>,
    wakes: Vec<Wake>,
}

struct Literal {
    /// Its first eight bytes, what is missing being zero, and which of them count.
    head: u64,
    mask: u64,
    /// What comes behind them.
    tail: Box<[u8]>,
    place: Place,
    /// Where what it wakes stands in `wakes`.
    wakes: Range<u32>,
}

/// Where a literal may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Where no letter stands before it.
    WordStart,
    /// Inside a word, too: written with a `*` before it.
    Anywhere,
}

impl Literal {
    fn ends_at(&self, text: &[u8], at: usize) -> bool {
        self.tail.is_empty() || text.get(at..).is_some_and(|rest| rest.starts_with(&self.tail))
    }
}

struct Bits(Box<[u64]>);

impl Bits {
    fn new() -> Self {
        Self(vec![0; HASHES / 64].into())
    }

    fn set(&mut self, hash: usize) {
        self.0[hash / 64] |= 1 << (hash % 64);
    }

    fn has(&self, hash: usize) -> bool {
        self.0[hash / 64] >> (hash % 64) & 1 == 1
    }
}

impl Literals {
    /// Takes the literals of those rules that `takes` says; `needs` has those of all, by the number of the rule.
    pub(super) fn new(needs: &[Needs], takes: impl Fn(usize) -> bool) -> Self {
        let mut all: Vec<(usize, &str, Place, Wake)> = Vec::new();
        for (rule, needs) in (0u16..).zip(needs).filter(|(rule, _)| takes(usize::from(*rule))) {
            for (list, literal) in (0..).zip(needs).flat_map(|(i, list)| list.iter().map(move |l| (i, l))) {
                let (literal, place) = placed(literal);
                all.push((hash_of(literal.as_bytes()), literal, place, Wake { rule, list: 1 << list }));
            }
        }
        all.sort_unstable();
        all.dedup();
        let mut made = Self {
            at_start: Bits::new(),
            inside: Bits::new(),
            slots: vec![(0, 0); HASHES].into(),
            literals: Vec::new(),
            wakes: Vec::new(),
        };
        for same in all.chunk_by(|a, b| (a.1, a.2) == (b.1, b.2)) {
            made.push(same[0].0, same[0].1, same[0].2, same.iter().map(|(.., wake)| *wake));
        }
        made
    }

    fn push(&mut self, hash: usize, literal: &str, place: Place, wakes: impl Iterator<Item = Wake>) {
        let (Ok(at), Ok(from)) = (u16::try_from(self.literals.len()), u32::try_from(self.wakes.len())) else {
            // 65,536 literals are more than the 4,096 rules that are let in come near to; what is over is not looked for.
            return;
        };
        self.wakes.extend(wakes);
        let to = u32::try_from(self.wakes.len()).unwrap_or(u32::MAX);
        let (head, tail) = literal.as_bytes().split_at(literal.len().min(HEAD));
        let mask = u64::MAX >> (8 * (HEAD - head.len()));
        self.literals.push(Literal { head: word(head), mask, tail: tail.into(), place, wakes: from..to });
        let slot = &mut self.slots[hash];
        *slot = if slot.1 == 0 { (at, 1) } else { (slot.0, slot.1 + 1) };
        self.at_start.set(hash);
        if place == Place::Anywhere {
            self.inside.set(hash);
        }
    }

    /// Calls `hit` with the place of each literal and what it wakes, in the order of the text, until it says to stop.
    pub(super) fn find(&self, text: &[u8], mut hit: impl FnMut(usize, &[Wake]) -> ControlFlow<()>) {
        let mut window = 0u32;
        for (end, byte) in text.iter().enumerate() {
            let before = window & 0xff;
            window = window >> 8 | u32::from(*byte) << 16;
            let is_inside = (before | 0x20).wrapping_sub(u32::from(b'a')) < 26;
            let hash = hash(window);
            if !(if is_inside { &self.inside } else { &self.at_start }).has(hash) || end + 1 < SHORTEST {
                continue;
            }
            let at = end + 1 - SHORTEST;
            let (first, many) = self.slots[hash];
            let here = word(&text[at..]);
            for literal in &self.literals[usize::from(first)..usize::from(first) + usize::from(many)] {
                let is_placed = !is_inside || literal.place == Place::Anywhere;
                if here & literal.mask == literal.head && is_placed && literal.ends_at(text, at + HEAD) {
                    let wakes = &self.wakes[literal.wakes.start as usize..literal.wakes.end as usize];
                    if hit(at, wakes).is_break() {
                        return;
                    }
                }
            }
        }
    }
}

/// The first eight bytes as a number, what is missing being zero.
fn word(bytes: &[u8]) -> u64 {
    match bytes.first_chunk::<HEAD>() {
        Some(whole) => u64::from_le_bytes(*whole),
        None => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

fn hash(window: u32) -> usize {
    (window.wrapping_mul(0x9e37_79b1) >> 16) as usize
}

fn hash_of(literal: &[u8]) -> usize {
    hash(literal.iter().take(SHORTEST).rev().fold(0, |window, byte| window << 8 | u32::from(*byte)))
}

/// The literal and its place, as written in `needs`, `with` and `also`.
fn placed(literal: &str) -> (&str, Place) {
    match literal.strip_prefix('*') {
        Some(literal) => (literal, Place::Anywhere),
        // What begins with no letter of ASCII has no such border.
        None if !literal.starts_with(|c: char| c.is_ascii_alphabetic()) => (literal, Place::Anywhere),
        None => (literal, Place::WordStart),
    }
}
