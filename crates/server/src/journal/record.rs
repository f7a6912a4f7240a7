//! The body of a record: postcard, and LZ4 where it is large.

use lz4_flex::block;
use postcard::ser_flavors::Flavor;
use serde::{Serialize, de::DeserializeOwned};

use super::segment::Packing;

/// Bodies above this size are compressed: below it the ratio does not pay for the time.
const COMPRESS_ABOVE: usize = 64 * 1024;
/// So much from the middle of a body tells whether compressing it pays.
const SAMPLE: usize = 8 * 1024;
/// No record is larger, so that a damaged length cannot ask for all memory.
pub(super) const MAX_BODY_BYTES: usize = 1 << 30;
/// LZ4 cannot expand further than this.
const LZ4_MAX_RATIO: usize = 255;

/// Says that a body cannot be a record.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body is not of the record's format")]
    Format(#[from] postcard::Error),
    #[error("the compressed body is damaged")]
    Lz4,
    #[error("the body is larger than any record may be")]
    TooLarge,
}

/// How much work the size of a record is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// Large bodies are compressed: LZ4 takes longer than everything else that is done with a record.
    Small,
    /// They stay as they are: the writer is behind.
    Fast,
}

/// Appends the body of `record` to `out`, compressed where that pays.
pub(super) fn encode<T: Serialize>(record: &T, effort: Effort, out: &mut Vec<u8>) -> Result<Packing, BodyError> {
    let start = out.len();
    postcard::serialize_with_flavor(record, Append(out))?;
    let plain_bytes = out.len() - start;
    if plain_bytes > MAX_BODY_BYTES {
        return Err(BodyError::TooLarge);
    }
    if plain_bytes <= COMPRESS_ABOVE || effort == Effort::Fast {
        return Ok(Packing::Plain);
    }
    let middle = start + plain_bytes / 2 - SAMPLE / 2;
    if !pays(block::compress(&out[middle..middle + SAMPLE]).len(), SAMPLE) {
        return Ok(Packing::Plain);
    }
    let packed = block::compress_prepend_size(&out[start..]);
    if !pays(packed.len(), plain_bytes) {
        return Ok(Packing::Plain);
    }
    out.truncate(start);
    out.extend_from_slice(&packed);
    Ok(Packing::Lz4)
}

fn pays(packed_bytes: usize, plain_bytes: usize) -> bool {
    packed_bytes < plain_bytes / 8 * 7
}

/// Reads a body; never allocates more than a record may have.
pub(super) fn decode<T: DeserializeOwned>(packing: Packing, body: &[u8]) -> Result<T, BodyError> {
    match packing {
        Packing::Plain => Ok(postcard::from_bytes(body)?),
        Packing::Lz4 => {
            let (plain_bytes, packed) = block::uncompressed_size(body).map_err(|_| BodyError::Lz4)?;
            if plain_bytes > MAX_BODY_BYTES || plain_bytes > packed.len().saturating_mul(LZ4_MAX_RATIO) {
                return Err(BodyError::TooLarge);
            }
            let plain = block::decompress(packed, plain_bytes).map_err(|_| BodyError::Lz4)?;
            Ok(postcard::from_bytes(&plain)?)
        }
    }
}

/// Serialises to the end of a buffer; postcard's own flavour for that copies byte by byte.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(data);
        Ok(())
    }

    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.0.push(data);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_body_is_compressed_and_survives() {
        let text = "the same again and again ".repeat(10_000);
        let mut out = vec![1, 2, 3];
        assert_eq!(encode(&text, Effort::Small, &mut out).unwrap(), Packing::Lz4);
        assert!(out.len() < text.len() / 10);
        assert_eq!(decode::<String>(Packing::Lz4, &out[3..]).unwrap(), text);
    }

    #[test]
    fn in_a_hurry_a_large_body_stays_as_it_is() {
        let text = "the same again and again ".repeat(10_000);
        let mut out = Vec::new();
        assert_eq!(encode(&text, Effort::Fast, &mut out).unwrap(), Packing::Plain);
        assert_eq!(decode::<String>(Packing::Plain, &out).unwrap(), text);
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        let mut bomb = u32::MAX.to_le_bytes().to_vec();
        bomb.extend_from_slice(&[0x1f; 64]);
        assert!(matches!(decode::<String>(Packing::Lz4, &bomb), Err(BodyError::TooLarge)));
        let mut bomb = 100_000_u32.to_le_bytes().to_vec();
        bomb.extend_from_slice(&[0x1f; 64]);
        assert!(matches!(decode::<String>(Packing::Lz4, &bomb), Err(BodyError::TooLarge)));
    }

    #[test]
    fn what_does_not_shrink_is_kept_plain() {
        let mut state = 1_u64;
        let noise: Vec<u64> = (0..20_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state
            })
            .collect();
        let mut out = Vec::new();
        assert_eq!(encode(&noise, Effort::Small, &mut out).unwrap(), Packing::Plain);
        assert_eq!(decode::<Vec<u64>>(Packing::Plain, &out).unwrap(), noise);
    }
}
