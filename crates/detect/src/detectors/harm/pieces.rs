//! Hashes of four-byte pieces, and the places of a text whose piece may be one of a set: what stands in for words that nobody
//! spells out.
//!
//! Every second place is looked at; a bitmap says whether the piece that begins there may be one of the set.

/// Bytes of a piece.
pub(super) const PIECE: usize = 4;
/// Every so manieth place is looked at.
const STRIDE: usize = 2;
/// How many pieces are looked at together.
const TOGETHER: usize = 3;

/// A bit for each hash of a piece.
#[derive(Debug)]
pub(super) struct Filter(Box<[u64; 1024]>);

impl Default for Filter {
    fn default() -> Self {
        Self(Box::new([0; 1024]))
    }
}

impl Filter {
    /// Lets pieces of this hash through.
    pub(super) fn add(&mut self, hash: u16) {
        self.0[usize::from(hash >> 6)] |= 1 << (hash & 63);
    }

    fn has(&self, hash: u16) -> bool {
        self.0[usize::from(hash >> 6)] >> (hash & 63) & 1 == 1
    }

    /// Calls with every place, two apart, whose piece comes through.
    pub(super) fn each(&self, bytes: &[u8], mut found: impl FnMut(usize) -> Go) {
        let mut at = 0;
        // Eight bytes in one look, of which six are done with: three pieces, and one branch for all of them.
        while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let eight = u64::from_le_bytes(*eight);
            let hashes: [u16; TOGETHER] = std::array::from_fn(|i| mixed(eight >> (8 * STRIDE * i)));
            if hashes.iter().fold(false, |any, &hash| any | self.has(hash)) {
                for (i, hash) in hashes.into_iter().enumerate() {
                    if self.has(hash) && found(at + i * STRIDE) == Go::Stop {
                        return;
                    }
                }
            }
            at += STRIDE * TOGETHER;
        }
        for (i, four) in bytes[at..].windows(PIECE).enumerate().step_by(STRIDE) {
            let hash = piece_hash(four);
            if self.has(hash) && found(at + i) == Go::Stop {
                return;
            }
        }
    }
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Go {
    On,
    Stop,
}

/// The hash of the first four bytes.
pub(super) fn piece_hash(bytes: &[u8]) -> u16 {
    mixed(bytes.first_chunk::<PIECE>().map_or(0, |four| u32::from_le_bytes(*four).into()))
}

/// The hash of the lower four bytes.
fn mixed(bytes: u64) -> u16 {
    let mixed = (bytes & 0xffff_ffff).wrapping_mul(0x9e37_79b1) >> 16 & 0xffff;
    u16::try_from(mixed).unwrap_or(0)
}
