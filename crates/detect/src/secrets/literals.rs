//! Finds where the literals of all rules stand, in any case, in one pass.
//!
//! An automaton over some nine hundred literals has states of more than a megabyte, and most steps through prose miss the
//! nearest cache. Here each three bytes are folded to fifteen bits that index a bitmap of 4 KiB. Of each literal the three
//! bytes are marked that are rarest in prose, so that there are few places where literals are compared.

use std::ops::ControlFlow;

/// The shortest literal.
pub(super) const LEAST: usize = 3;

/// What a byte counts as: letters without case, digits as one, four marks, all other ASCII as one.
const CODES: [u8; 256] = codes();

const fn codes() -> [u8; 256] {
    let mut codes = [0; 256];
    let mut byte = 0_u8;
    loop {
        codes[byte as usize] = match byte {
            b'a'..=b'z' => byte - b'a' + 1,
            b'A'..=b'Z' => byte - b'A' + 1,
            b'0'..=b'9' => 27,
            b'_' | 0x80.. => 28,
            b'-' => 29,
            b'.' => 30,
            b' ' => 31,
            _ => 0,
        };
        if byte == u8::MAX {
            return codes;
        }
        byte += 1;
    }
}

/// The letters from the most to the least frequent in European prose; what is no letter is rarer, but for the space.
const FREQUENT: &[u8; 27] = b" etaoinsrhldcumfpgwybvkxjqz";

/// The literals by the rarest three bytes of each.
pub(super) struct Literals {
    /// A bit for each three bytes that are the rarest of a literal.
    marks: Box<[u64; 512]>,
    /// For each three bytes: where their literals begin in `sorted`.
    places: Vec<u16>,
    sorted: Vec<Literal>,
}

/// One literal.
struct Literal {
    /// Its rarest three bytes.
    key: u16,
    /// Where in it they stand.
    offset: usize,
    /// It, in small letters.
    text: Box<[u8]>,
    number: usize,
}

impl Literals {
    /// Takes literals of at least three bytes in small letters; each is known by its number.
    pub(super) fn new(literals: &[String]) -> Self {
        let mut sorted: Vec<_> = literals.iter().enumerate().map(|(number, text)| Literal::new(number, text)).collect();
        sorted.sort_by_key(|literal| (literal.key, literal.number));
        let mut marks = Box::new([0_u64; 512]);
        let mut places = vec![0; 512 * 64];
        for (place, literal) in sorted.iter().enumerate().rev() {
            marks[usize::from(literal.key >> 6)] |= 1 << (literal.key & 63);
            places[usize::from(literal.key)] = u16::try_from(place).expect("some thousand literals");
        }
        Self { marks, places, sorted }
    }

    /// Calls with the number and the place of every literal in a text, until told to stop.
    pub(super) fn each(&self, bytes: &[u8], mut with: impl FnMut(usize, usize) -> ControlFlow<()>) {
        let mut key = 0_u16;
        for (at, byte) in bytes.iter().enumerate() {
            key = ((key << 5) | u16::from(CODES[usize::from(*byte)])) & 0x7FFF;
            if (self.marks[usize::from(key >> 6)] >> (key & 63)) & 1 == 0 {
                continue;
            }
            let place = usize::from(self.places[usize::from(key)]);
            for literal in self.sorted[place..].iter().take_while(|literal| literal.key == key) {
                let Some(start) = (at + 1).checked_sub(LEAST + literal.offset) else { continue };
                let text = bytes.get(start..start + literal.text.len());
                if text.is_some_and(|text| text.eq_ignore_ascii_case(&literal.text))
                    && with(literal.number, start).is_break()
                {
                    return;
                }
            }
        }
    }
}

impl Literal {
    fn new(number: usize, text: &str) -> Self {
        let bytes = text.as_bytes();
        let rank = |byte: &u8| FREQUENT.iter().position(|letter| letter == byte).unwrap_or(FREQUENT.len());
        let rarity = |offset: &usize| bytes[*offset..offset + LEAST].iter().map(rank).sum::<usize>();
        let offset = (0..=bytes.len() - LEAST).max_by_key(rarity).expect("at least three bytes");
        let key =
            bytes[offset..offset + LEAST].iter().fold(0, |key, byte| (key << 5) | u16::from(CODES[usize::from(*byte)]));
        Self { key, offset, text: bytes.into(), number }
    }
}
