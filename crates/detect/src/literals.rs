//! Finds many literals in one pass over a text, in any case of ASCII: the one prefilter of all rules.
//!
//! Few bytes of a text begin a literal. So a pass looks at each three bytes' hash in a bitmap of 8 KiB, which stays in the
//! nearest cache whatever the number of rules, and compares literals only where the bitmap says so: about 1 µs per KB where an
//! automaton over the same literals, its table far bigger than that cache, took three to six.

use std::ops::ControlFlow;

#[cfg(test)]
mod tests;

/// How many bytes are looked at together: no literal is shorter.
pub(crate) const SHORTEST: usize = 3;

const HASHES: usize = 1 << 16;

/// How many bytes of a literal are compared in one step.
const HEAD: usize = 8;

/// Literals to look for.
#[derive(Debug)]
pub(crate) struct Literals {
    /// Hashes of what may begin a literal where no letter stands before it.
    at_start: Bits,
    /// The same inside a word.
    inside: Bits,
    /// For each hash, which of `literals` begin with it: where the first stands and how many there are.
    slots: Box<[(u16, u16)]>,
    literals: Vec<Literal>,
}

#[derive(Debug)]
struct Literal {
    /// Its first eight bytes in small letters, what is missing being zero, and which of them count.
    head: u64,
    mask: u64,
    /// What comes behind them.
    tail: Box<[u8]>,
    place: Place,
    number: usize,
}

/// Where a literal may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// Where no letter stands before it.
    WordStart,
    /// Inside a word, too.
    Anywhere,
}

impl Literal {
    fn ends_at(&self, text: &[u8], at: usize) -> bool {
        let rest = || text.get(at..at + self.tail.len());
        self.tail.is_empty() || rest().is_some_and(|rest| rest.eq_ignore_ascii_case(&self.tail))
    }
}

#[derive(Debug)]
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
    /// Takes literals of at least [`SHORTEST`] bytes and at most 65,535 of them, what is over is not looked for; each is known by its number in their order.
    pub(crate) fn new<'a>(literals: impl IntoIterator<Item = (&'a str, Place)>) -> Self {
        let numbered = literals.into_iter().enumerate();
        let mut all: Vec<_> =
            numbered.map(|(number, (text, place))| (text.to_ascii_lowercase(), place, number)).collect();
        all.sort_by_cached_key(|(text, _, number)| (hash_of(text.as_bytes()), *number));
        let mut made = Self {
            at_start: Bits::new(),
            inside: Bits::new(),
            slots: vec![(0, 0); HASHES].into(),
            literals: Vec::with_capacity(all.len()),
        };
        for (text, place, number) in all {
            debug_assert!(text.len() >= SHORTEST, "{text:?}");
            let Ok(at) = u16::try_from(made.literals.len()) else { break };
            let hash = hash_of(text.as_bytes());
            let slot = &mut made.slots[hash];
            *slot = if slot.1 == 0 { (at, 1) } else { (slot.0, slot.1 + 1) };
            made.at_start.set(hash);
            if place == Place::Anywhere {
                made.inside.set(hash);
            }
            let (head, tail) = text.as_bytes().split_at(text.len().min(HEAD));
            let mask = u64::MAX >> (8 * (HEAD - head.len()));
            made.literals.push(Literal { head: word(head), mask, tail: tail.into(), place, number });
        }
        made
    }

    /// Calls with the number of each literal and the place where it stands, in the order of the text, until told to stop.
    pub(crate) fn each(&self, text: &[u8], mut with: impl FnMut(usize, usize) -> ControlFlow<()>) {
        let mut window = 0u32;
        for (end, byte) in text.iter().enumerate() {
            let before = window & 0xff;
            window = window >> 8 | u32::from(byte.to_ascii_lowercase()) << 16;
            let is_inside = before.wrapping_sub(u32::from(b'a')) < 26;
            let hash = hash(window);
            if !(if is_inside { &self.inside } else { &self.at_start }).has(hash) || end + 1 < SHORTEST {
                continue;
            }
            let at = end + 1 - SHORTEST;
            let (first, many) = self.slots[hash];
            let here = word(&text[at..]);
            for literal in &self.literals[usize::from(first)..usize::from(first) + usize::from(many)] {
                let is_placed = !is_inside || literal.place == Place::Anywhere;
                if here & literal.mask == literal.head
                    && is_placed
                    && literal.ends_at(text, at + HEAD)
                    && with(literal.number, at).is_break()
                {
                    return;
                }
            }
        }
    }
}

/// The first eight bytes in small letters as a number, what is missing being zero.
fn word(bytes: &[u8]) -> u64 {
    let mut head = [0; HEAD];
    let known = bytes.len().min(HEAD);
    head[..known].copy_from_slice(&bytes[..known]);
    head.make_ascii_lowercase();
    u64::from_le_bytes(head)
}

fn hash(window: u32) -> usize {
    (window.wrapping_mul(0x9e37_79b1) >> 16) as usize
}

fn hash_of(literal: &[u8]) -> usize {
    hash(literal.iter().take(SHORTEST).rev().fold(0, |window, byte| window << 8 | u32::from(*byte)))
}
