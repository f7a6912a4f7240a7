//! The format of a segment file: a header, then records, each with a header of its own.
//!
//! ```text
//! segment header  magic 8 │ version 2 │ 0 2 │ key id 8 │ segment id 16 │ number 8 │ started at 8 │ check 4
//! record          magic 2 │ version 1 │ kind 1 │ sealed length 4 │ index 4 │ check 4 │ sealed body and tag
//! ```
//!
//! Numbers are little-endian. A check is a 32-bit hash of what precedes it (of a record also of the segment's id), so that
//! a damaged length is known before it is believed. Magic, version and check of the segment header keep their place in
//! every version; the version counts every change of what records hold. The segment's id is in the file's name too, so that a damaged header does not take the segment along.

use std::path::Path;

use llmtrace_model::MasterKeyId;

use super::crypt::{SegmentId, SegmentKey, TAG_BYTES};

pub(super) const SEGMENT_HEADER_BYTES: usize = 56;
pub(super) const RECORD_HEADER_BYTES: usize = 16;
/// The first bytes of every record header; what a reader that lost its place looks for.
pub(super) const RECORD_MAGIC: [u8; 2] = [0xE7, 0x4A];

const SEGMENT_MAGIC: [u8; 8] = *b"LLMTRJN\n";
const SEGMENT_VERSION: u16 = 1;
const RECORD_VERSION: u8 = 1;
const COMPRESSED: u8 = 0x80;
const EXTENSION: &str = "seg";

/// The head of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) key_id: MasterKeyId,
    pub(super) id: SegmentId,
    pub(super) number: u64,
    pub(super) started_us: i64,
}

/// What the first bytes of a file turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    Known(SegmentHeader),
    /// Of a format version this build does not read.
    OtherVersion(u16),
    Damaged,
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut out = [0; SEGMENT_HEADER_BYTES];
        out[..8].copy_from_slice(&SEGMENT_MAGIC);
        out[8..10].copy_from_slice(&SEGMENT_VERSION.to_le_bytes());
        out[12..20].copy_from_slice(self.key_id.as_bytes());
        out[20..36].copy_from_slice(&self.id.0);
        out[36..44].copy_from_slice(&self.number.to_le_bytes());
        out[44..52].copy_from_slice(&self.started_us.to_le_bytes());
        let check = check(&[&out[..52]]);
        out[52..].copy_from_slice(&check.to_le_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Head {
        let Some(bytes) = bytes.first_chunk::<SEGMENT_HEADER_BYTES>() else { return Head::Damaged };
        if bytes[..8] != SEGMENT_MAGIC || bytes[52..] != check(&[&bytes[..52]]).to_le_bytes() {
            return Head::Damaged;
        }
        let version = u16::from_le_bytes(array(&bytes[8..10]));
        if version != SEGMENT_VERSION {
            return Head::OtherVersion(version);
        }
        Head::Known(Self {
            key_id: MasterKeyId::from_bytes(array(&bytes[12..20])),
            id: SegmentId(array(&bytes[20..36])),
            number: u64::from_le_bytes(array(&bytes[36..44])),
            started_us: i64::from_le_bytes(array(&bytes[44..52])),
        })
    }
}

/// The name of a segment's file: its number, which orders, and its id.
pub(super) fn file_name(number: u64, id: &SegmentId) -> String {
    format!("{number:012}-{}.{EXTENSION}", hex::encode(id.0))
}

/// Reads a file's name; `None` where it names no segment.
pub(super) fn parse_file_name(path: &Path) -> Option<(u64, SegmentId)> {
    let (number, id) = path.file_name()?.to_str()?.strip_suffix(".seg")?.split_once('-')?;
    let mut bytes = [0; 16];
    hex::decode_to_slice(id, &mut bytes).ok()?;
    Some((number.parse().ok()?, SegmentId(bytes)))
}

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An exchange was sent upstream.
    Open,
    /// An exchange ended.
    Close,
}

/// Whether a body was compressed before it was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Lz4,
}

/// The head of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordHeader {
    pub(super) kind: Kind,
    pub(super) packing: Packing,
    /// Length of the sealed body with its tag.
    pub(super) sealed_bytes: u32,
    pub(super) index: u32,
}

impl RecordHeader {
    pub(super) fn encode(&self, segment: &SegmentId) -> [u8; RECORD_HEADER_BYTES] {
        let mut out = [0; RECORD_HEADER_BYTES];
        out[..2].copy_from_slice(&RECORD_MAGIC);
        out[2] = RECORD_VERSION;
        out[3] = match self.kind {
            Kind::Open => 1,
            Kind::Close => 2,
        } | match self.packing {
            Packing::Plain => 0,
            Packing::Lz4 => COMPRESSED,
        };
        out[4..8].copy_from_slice(&self.sealed_bytes.to_le_bytes());
        out[8..12].copy_from_slice(&self.index.to_le_bytes());
        let check = check(&[&segment.0, &out[..12]]);
        out[12..].copy_from_slice(&check.to_le_bytes());
        out
    }

    /// Reads a header; `None` where these bytes are none of this segment.
    pub(super) fn decode(bytes: &[u8; RECORD_HEADER_BYTES], segment: &SegmentId) -> Option<Self> {
        if bytes[..2] != RECORD_MAGIC || bytes[2] != RECORD_VERSION {
            return None;
        }
        if bytes[12..] != check(&[&segment.0, &bytes[..12]]).to_le_bytes() {
            return None;
        }
        let kind = match bytes[3] & !COMPRESSED {
            1 => Kind::Open,
            2 => Kind::Close,
            _ => return None,
        };
        let packing = if bytes[3] & COMPRESSED == 0 { Packing::Plain } else { Packing::Lz4 };
        let sealed_bytes = u32::from_le_bytes(array(&bytes[4..8]));
        let index = u32::from_le_bytes(array(&bytes[8..12]));
        (sealed_bytes as usize >= TAG_BYTES).then_some(Self { kind, packing, sealed_bytes, index })
    }
}

/// Frames and seals the body at `buf[start + RECORD_HEADER_BYTES..]`, whose header's room is at `buf[start..]`.
pub(super) fn seal_record(key: &SegmentKey, kind: Kind, packing: Packing, index: u32, buf: &mut Vec<u8>, start: usize) {
    let body = start + RECORD_HEADER_BYTES;
    let sealed_bytes = u32::try_from(buf.len() - body + TAG_BYTES).expect("the writer bounds a record");
    let header = RecordHeader { kind, packing, sealed_bytes, index }.encode(key.id());
    buf[start..body].copy_from_slice(&header);
    key.seal(index, &header, buf, body);
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    *bytes.first_chunk().expect("the caller slices exactly")
}

/// FNV-1a, folded to 32 bits: against accidents, not against people; the tag is for those.
fn check(parts: &[&[u8]]) -> u32 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().flat_map(|part| part.iter()) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    u32::try_from((hash >> 32) ^ (hash & 0xffff_ffff)).expect("32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> SegmentHeader {
        SegmentHeader { key_id: MasterKeyId::from_bytes([1; 8]), id: SegmentId([2; 16]), number: 3, started_us: 4 }
    }

    #[test]
    fn a_header_survives_and_every_flipped_bit_is_seen() {
        let bytes = header().encode();
        assert_eq!(SegmentHeader::decode(&bytes), Head::Known(header()));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(SegmentHeader::decode(&flipped), Head::Damaged, "bit {bit}");
        }
        assert_eq!(SegmentHeader::decode(&bytes[..55]), Head::Damaged);
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let mut bytes = header().encode();
        bytes[8] = 9;
        let check = check(&[&bytes[..52]]).to_le_bytes();
        bytes[52..].copy_from_slice(&check);
        assert_eq!(SegmentHeader::decode(&bytes), Head::OtherVersion(9));
    }

    #[test]
    fn a_record_header_survives_and_every_flipped_bit_is_seen() {
        let id = SegmentId([2; 16]);
        let header = RecordHeader { kind: Kind::Close, packing: Packing::Lz4, sealed_bytes: 70_000, index: 5 };
        let bytes = header.encode(&id);
        assert_eq!(RecordHeader::decode(&bytes, &id), Some(header));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(RecordHeader::decode(&flipped, &id), None, "bit {bit}");
        }
        assert_eq!(RecordHeader::decode(&bytes, &SegmentId([3; 16])), None);
    }

    #[test]
    fn file_names_order_by_number_and_tell_the_id() {
        let id = SegmentId([0xab; 16]);
        assert!(file_name(9, &id) < file_name(10, &id));
        assert_eq!(parse_file_name(Path::new(&file_name(9, &id))), Some((9, id)));
        for other in ["lock", "1-ab.seg", "x-abababababababababababababababab.seg", "1.seg"] {
            assert_eq!(parse_file_name(Path::new(other)), None, "{other}");
        }
    }
}
