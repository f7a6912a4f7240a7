//! The weights: a file that is checked before anything is read with it.
//!
//! Layout, little-endian: `LLTNGRAM`, version (u32), [`MARK`] (u32), slots per head as a power of two (u32), heads (u32), then
//! per head two biases and two scales (f32 each) and its slots (check u16, weight i16 for either size of window), then the
//! calibration (`attack/calibration.rs` says which numbers), and a FNV-1a hash (u64) of all before it.

use super::ngrams::MARK;

/// The weights of this version.
pub static WEIGHTS: &[u8] = include_bytes!("../../model/attack.bin");

const MAGIC: &[u8; 8] = b"LLTNGRAM";
const VERSION: u32 = 1;

/// Why weights were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no file of weights, or one of another version.
    #[error("the file is not weights of version 1 for n-grams of mark {MARK}")]
    Kind,
    /// Some of it is missing or was changed.
    #[error("the file of weights is damaged: it ends early, is too long, or its hash differs")]
    Damaged,
    /// A number in it cannot be.
    #[error("the file of weights says {0}")]
    Value(&'static str),
}

/// The weights of every head and the numbers that make probabilities of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// For what a person typed.
    pub user: Head,
    /// For what a tool, document or page said.
    pub untrusted: Head,
    /// The calibration, as it stands in the file.
    pub calibration: Vec<f32>,
}

/// The weights for texts of one sort.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    slots: Box<[Slot]>,
    shift: u32,
    bias: [f32; 2],
    scale: [f32; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Slot {
    check: u16,
    weights: [i16; 2],
}

impl Model {
    /// Reads the weights of a file and refuses them unless all of it is as it should be.
    pub fn load(file: &[u8]) -> Result<Self, Error> {
        let mut rest = Bytes(file);
        if rest.take::<8>()? != *MAGIC || rest.u32()? != VERSION || rest.u32()? != MARK {
            return Err(Error::Kind);
        }
        let body = file.len().checked_sub(8).ok_or(Error::Damaged)?;
        let (body, hash) = file.split_at_checked(body).ok_or(Error::Damaged)?;
        if hash != fnv1a(body).to_le_bytes() {
            return Err(Error::Damaged);
        }
        let bits = rest.u32()?;
        if !(16..=22).contains(&bits) || rest.u32()? != 2 {
            return Err(Error::Value("a number of slots or heads that this version does not know"));
        }
        let user = Head::load(&mut rest, bits)?;
        let untrusted = Head::load(&mut rest, bits)?;
        let numbers = rest.u32()?;
        let calibration = (0..numbers).map(|_| rest.f32()).collect::<Result<Vec<_>, _>>()?;
        if rest.0.len() != 8 {
            return Err(Error::Damaged);
        }
        Ok(Self { user, untrusted, calibration })
    }

    /// The weights that came with this version.
    pub fn built_in() -> Self {
        Self::load(WEIGHTS).expect("a test loads the committed file, and it is part of the program")
    }
}

impl Head {
    fn load(rest: &mut Bytes<'_>, bits: u32) -> Result<Self, Error> {
        let bias = [rest.f32()?, rest.f32()?];
        let scale = [rest.f32()?, rest.f32()?];
        let slots = (0..1_usize << bits)
            .map(|_| Ok(Slot { check: rest.u16()?, weights: [rest.i16()?, rest.i16()?] }))
            .collect::<Result<Box<[Slot]>, Error>>()?;
        Ok(Self { slots, shift: 32 - bits, bias, scale })
    }

    /// The weights of an n-gram for either size of window; zero for one that training did not keep.
    #[inline]
    pub(super) fn weights(&self, name: u32) -> [i16; 2] {
        // Slot and check are the whole name: what training did not keep weighs nothing instead of what shares its slot.
        let slot = self.slots.get((name >> self.shift) as usize).copied().unwrap_or_default();
        if u32::from(slot.check) == name & 0xffff { slot.weights } else { [0, 0] }
    }

    /// The log-odds of a window by the sum of its weights and the number of its n-grams.
    #[inline]
    pub(super) fn score(&self, size: usize, sum: i32, grams: u16) -> f32 {
        // A sum of at most 2^29, of which a float keeps 24 bits: enough.
        #[expect(clippy::cast_precision_loss)]
        let sum = sum as f32;
        self.bias[size] + self.scale[size] * sum / f32::from(grams.max(1)).sqrt()
    }

    /// What an n-gram adds to the log-odds of a window, but for the window's length.
    pub(super) fn strength(&self, size: usize, name: u32) -> f32 {
        f32::from(self.weights(name)[size]) * self.scale[size]
    }
}

/// What is left of a file.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Error::Damaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        self.take().map(u32::from_le_bytes)
    }

    fn u16(&mut self) -> Result<u16, Error> {
        self.take().map(u16::from_le_bytes)
    }

    fn i16(&mut self) -> Result<i16, Error> {
        self.take().map(i16::from_le_bytes)
    }

    fn f32(&mut self) -> Result<f32, Error> {
        let number = self.take().map(f32::from_le_bytes)?;
        if number.is_finite() { Ok(number) } else { Err(Error::Value("a number that is none")) }
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
