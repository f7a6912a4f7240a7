//! The key of one segment, which is derived from the master key of the installation.
//!
//! A segment's key is HKDF-SHA256(master, segment id); each record is sealed with AES-256-GCM under a nonce that is its index
//! in the segment. An index is never given out twice: after a failed write the segment is abandoned, never continued.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};

use crate::config::{KeyError, MasterKey};

/// Bytes that sealing adds to a record.
pub(super) const TAG_BYTES: usize = 16;

/// The random name of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SegmentId(pub(super) [u8; 16]);

impl SegmentId {
    pub(super) fn random() -> Result<Self, KeyError> {
        let mut id = [0; 16];
        SystemRandom::new().fill(&mut id).map_err(|_| KeyError::Random)?;
        Ok(Self(id))
    }
}

/// Says that bytes were not sealed with this key under this index and header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAuthentic;

/// Seals and opens the records of one segment.
pub(super) struct SegmentKey {
    id: SegmentId,
    key: LessSafeKey,
}

impl SegmentKey {
    /// The key of a segment.
    pub(super) fn of(master: &MasterKey, id: &SegmentId) -> Self {
        let bytes = master.derive(b"llmtrace journal", &[b"segment", &id.0]);
        let key = UnboundKey::new(&AES_256_GCM, &bytes).expect("AES-256 takes 32 bytes");
        Self { id: *id, key: LessSafeKey::new(key) }
    }

    pub(super) fn id(&self) -> &SegmentId {
        &self.id
    }

    /// Encrypts `buf[start..]` in place and appends the tag; `header` and the segment's id are authenticated with it.
    pub(super) fn seal(&self, index: u32, header: &[u8; 16], buf: &mut Vec<u8>, start: usize) {
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce(index), self.aad(header), &mut buf[start..])
            .expect("records are far below the 64 GiB of GCM");
        buf.extend_from_slice(tag.as_ref());
    }

    /// Decrypts `sealed` (ciphertext and tag) in place.
    pub(super) fn open<'a>(
        &self,
        index: u32,
        header: &[u8; 16],
        sealed: &'a mut [u8],
    ) -> Result<&'a [u8], NotAuthentic> {
        match self.key.open_in_place(nonce(index), self.aad(header), sealed) {
            Ok(plain) => Ok(plain),
            Err(_) => Err(NotAuthentic),
        }
    }

    fn aad(&self, header: &[u8; 16]) -> Aad<[u8; 32]> {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.id.0);
        bytes[16..].copy_from_slice(header);
        Aad::from(bytes)
    }
}

fn nonce(index: u32) -> Nonce {
    let mut bytes = [0; 12];
    bytes[8..].copy_from_slice(&index.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_opens_only_under_its_own_segment_index_and_header() {
        let master = MasterKey::new([1; 32]);
        let key = SegmentKey::of(&master, &SegmentId([2; 16]));
        let mut sealed = b"hello".to_vec();
        key.seal(3, &[4; 16], &mut sealed, 0);
        assert_eq!(key.open(3, &[4; 16], &mut sealed.clone()), Ok(&b"hello"[..]));
        assert_eq!(key.open(4, &[4; 16], &mut sealed.clone()), Err(NotAuthentic));
        assert_eq!(key.open(3, &[5; 16], &mut sealed.clone()), Err(NotAuthentic));
        let other = SegmentKey::of(&master, &SegmentId([3; 16]));
        assert_eq!(other.open(3, &[4; 16], &mut sealed.clone()), Err(NotAuthentic));
        let other = SegmentKey::of(&MasterKey::new([2; 32]), &SegmentId([2; 16]));
        assert_eq!(other.open(3, &[4; 16], &mut sealed.clone()), Err(NotAuthentic));
    }
}
