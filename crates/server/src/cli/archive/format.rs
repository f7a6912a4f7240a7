//! The format of an archive: a head, then blocks, the last of which counts what the others hold.
//!
//! ```text
//! file   magic 8 │ version 2 │ 0 2 │ check 4
//! block  kind 1 │ 0 3 │ rows 4 │ number 8 │ plain length 4 │ packed length 4 │ check of packed 4 │ check of this head 4 │ packed
//! row    JSON length 4 │ JSON │ the bytes whose lengths the JSON names
//! ```
//!
//! Numbers are little-endian, checks are CRC-32, `packed` is a zstd frame of rows. Blocks are numbered from 0, so that a
//! missing one is seen. Blocks come in this order: one `About`, `Meta`, `Spans`, one `End`; nothing follows it. The version
//! counts every change of head, blocks and rows; a program reads all versions up to its own.

use std::io;

/// The version this program writes.
pub(super) const VERSION: u16 = 1;
const MAGIC: [u8; 8] = *b"LLMTRAR\n";
pub(super) const FILE_HEAD_BYTES: usize = 16;
pub(super) const BLOCK_HEAD_BYTES: usize = 32;
/// The most that one block unpacks to: more is a row no store would have taken, or a damaged file.
pub(super) const MAX_BLOCK_BYTES: usize = 1 << 30;

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Which archive this is.
    About,
    /// Tenants, views, retentions, erasures.
    Meta,
    /// Spans, newest first.
    Spans,
    /// What all of it adds up to.
    End,
}

impl Kind {
    const ALL: [Self; 4] = [Self::About, Self::Meta, Self::Spans, Self::End];

    const fn code(self) -> u8 {
        match self {
            Self::About => 1,
            Self::Meta => 2,
            Self::Spans => 3,
            Self::End => 4,
        }
    }
}

/// The head of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockHead {
    pub(super) kind: Kind,
    pub(super) rows: u32,
    pub(super) number: u64,
    pub(super) plain_bytes: u32,
    pub(super) packed_bytes: u32,
    pub(super) check: u32,
}

/// The first bytes of every archive.
pub(super) fn file_head() -> [u8; FILE_HEAD_BYTES] {
    let mut out = [0; FILE_HEAD_BYTES];
    out[..8].copy_from_slice(&MAGIC);
    out[8..10].copy_from_slice(&VERSION.to_le_bytes());
    let check = crc32fast::hash(&out[..12]);
    out[12..].copy_from_slice(&check.to_le_bytes());
    out
}

/// Says whether these first bytes are of an archive that this program reads.
pub(super) fn check_file_head(bytes: &[u8; FILE_HEAD_BYTES]) -> Result<(), Problem> {
    if bytes[..8] != MAGIC {
        return Err(Problem::NotOne);
    }
    if bytes[12..] != crc32fast::hash(&bytes[..12]).to_le_bytes() {
        return Err(Problem::Damaged { at: 0 });
    }
    match u16::from_le_bytes(array(&bytes[8..10])) {
        VERSION => Ok(()),
        other => Err(Problem::Version(other)),
    }
}

impl BlockHead {
    pub(super) fn encode(&self) -> [u8; BLOCK_HEAD_BYTES] {
        let mut out = [0; BLOCK_HEAD_BYTES];
        out[0] = self.kind.code();
        out[4..8].copy_from_slice(&self.rows.to_le_bytes());
        out[8..16].copy_from_slice(&self.number.to_le_bytes());
        out[16..20].copy_from_slice(&self.plain_bytes.to_le_bytes());
        out[20..24].copy_from_slice(&self.packed_bytes.to_le_bytes());
        out[24..28].copy_from_slice(&self.check.to_le_bytes());
        let check = crc32fast::hash(&out[..28]);
        out[28..].copy_from_slice(&check.to_le_bytes());
        out
    }

    /// Reads a head; `None` where these bytes are none.
    pub(super) fn decode(bytes: &[u8; BLOCK_HEAD_BYTES]) -> Option<Self> {
        if bytes[28..] != crc32fast::hash(&bytes[..28]).to_le_bytes() {
            return None;
        }
        let number = |from: usize| u32::from_le_bytes(array(&bytes[from..from + 4]));
        let head = Self {
            kind: Kind::ALL.into_iter().find(|kind| kind.code() == bytes[0])?,
            rows: number(4),
            number: u64::from_le_bytes(array(&bytes[8..16])),
            plain_bytes: number(16),
            packed_bytes: number(20),
            check: number(24),
        };
        (head.plain_bytes as usize <= MAX_BLOCK_BYTES).then_some(head)
    }

    /// How long the block is, with this head.
    pub(super) fn block_bytes(&self) -> u64 {
        BLOCK_HEAD_BYTES as u64 + u64::from(self.packed_bytes)
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    *bytes.first_chunk().expect("the caller slices exactly")
}

/// Why a file cannot be read as an archive.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("is no archive: its first bytes are not those `llmtrace-proxy export --format archive` writes")]
    NotOne,
    #[error(
        "has format version {0}, this program reads {VERSION}: import it with the version that wrote it, or a newer one"
    )]
    Version(u16),
    #[error("is cut short: it ends at byte {at}, before its last block; copy it again, or write it again")]
    Cut { at: u64 },
    #[error("is damaged at byte {at}: a checksum differs; copy it again, or write it again")]
    Damaged { at: u64 },
    #[error("is damaged: after its last block, at byte {at}, something follows; copy it again, or write it again")]
    Trailing { at: u64 },
    #[error("is damaged: its last block counts {said}, but it holds {found}; write it again")]
    Counts { said: String, found: String },
    #[error("has a row this program does not understand, in the block at byte {at}")]
    Row { at: u64, source: serde_json::Error },
    #[error("cannot be read")]
    Io(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_survives_and_every_flipped_bit_is_seen() {
        let head =
            BlockHead { kind: Kind::Spans, rows: 3, number: 4, plain_bytes: 5, packed_bytes: 6, check: 0xdead_beef };
        let bytes = head.encode();
        assert_eq!(BlockHead::decode(&bytes), Some(head));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(BlockHead::decode(&flipped), None, "bit {bit}");
        }
    }

    #[test]
    fn another_version_is_told_from_damage_and_from_other_files() {
        let mut bytes = file_head();
        assert!(check_file_head(&bytes).is_ok());
        bytes[8] = 9;
        assert!(matches!(check_file_head(&bytes), Err(Problem::Damaged { at: 0 })));
        let check = crc32fast::hash(&bytes[..12]);
        bytes[12..].copy_from_slice(&check.to_le_bytes());
        assert!(matches!(check_file_head(&bytes), Err(Problem::Version(9))));
        assert!(matches!(check_file_head(b"{\"exchange_id\":\""), Err(Problem::NotOne)));
    }
}
