//! Keys: the master key of an installation, and the key of one segment that is derived from it.
//!
//! A segment's key is HKDF-SHA256(master, segment id); each record is sealed with AES-256-GCM under a nonce that is its index
//! in the segment. An index is never given out twice: after a failed write the segment is abandoned, never continued.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf,
    rand::{SecureRandom as _, SystemRandom},
};

/// Bytes that sealing adds to a record.
pub(super) const TAG_BYTES: usize = 16;

/// The secret that every segment's key is derived from; prints as `***`.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

/// Says why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is there and is no key.
    #[error("{}: found {found}, expected 64 hex digits", path.display())]
    Malformed {
        /// The key file.
        path: PathBuf,
        /// What it holds, without saying it.
        found: String,
    },
    /// The file could be neither read nor made.
    #[error("cannot {op} the key file {}", path.display())]
    Io {
        /// What was tried.
        op: &'static str,
        /// The key file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The machine gives no random bytes.
    #[error("the machine gives no random bytes for a key")]
    Random,
}

impl MasterKey {
    /// Takes the 32 bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key for this process alone.
    pub fn random() -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        random(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads the key at `path` (64 hex digits), or makes one with mode 600 where there is no file.
    ///
    /// Two processes that start at once end with the same key: the file appears whole or not at all.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        match Self::load(path) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Self::create(path)?;
                Self::load(path)
            }
            loaded => loaded,
        }
    }

    fn load(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io { op: "read", path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o007 != 0 {
            tracing::warn!(path = %path.display(), mode = format!("{:o}", mode & 0o777), "the key file is open to everyone, expected mode 600");
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        let digits = text.trim();
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| KeyError::Malformed {
            path: path.to_owned(),
            found: format!("{} characters", digits.len()),
        })?;
        Ok(Self(bytes))
    }

    fn create(path: &Path) -> Result<(), KeyError> {
        let failed = |source| KeyError::Io { op: "create", path: path.to_owned(), source };
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut suffix = [0; 8];
        random(&mut suffix)?;
        let draft = folder.join(format!(".master-{}.key", hex::encode(suffix)));
        let mut bytes = [0; 32];
        random(&mut bytes)?;
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(hex::encode(bytes).as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            // A link refuses to replace: whoever comes second reads the first one's key.
            match std::fs::hard_link(&draft, path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                linked => linked,
            }?;
            File::open(folder)?.sync_all()
        })();
        let removed = std::fs::remove_file(&draft);
        written.and(removed).map_err(failed)
    }

    /// What names this key in segment headers, without telling it.
    pub(super) fn id(&self) -> [u8; 8] {
        let mut id = [0; 8];
        expand(&self.0, b"llmtrace journal", &[b"key id"], &mut id);
        id
    }

    pub(super) fn segment(&self, id: &SegmentId) -> SegmentKey {
        let mut bytes = [0; 32];
        expand(&self.0, b"llmtrace journal", &[b"segment", &id.0], &mut bytes);
        let key = UnboundKey::new(&AES_256_GCM, &bytes).expect("AES-256 takes 32 bytes");
        SegmentKey { id: *id, key: LessSafeKey::new(key) }
    }
}

fn random(bytes: &mut [u8]) -> Result<(), KeyError> {
    SystemRandom::new().fill(bytes).map_err(|_| KeyError::Random)
}

fn expand(secret: &[u8], salt: &[u8], info: &[&[u8]], out: &mut [u8]) {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    let filled = prk.expand(info, Length(out.len())).and_then(|okm| okm.fill(out));
    filled.expect("at most 32 bytes, far below the limit of HKDF");
}

/// The random name of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SegmentId(pub(super) [u8; 16]);

impl SegmentId {
    pub(super) fn random() -> Result<Self, KeyError> {
        let mut id = [0; 16];
        random(&mut id)?;
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
    fn a_key_file_is_made_once_with_mode_600_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/master.key");
        let made = MasterKey::load_or_create(&path).unwrap();
        let read = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(made.0, read.0);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let names: Vec<_> =
            std::fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["master.key"], "no draft is left over");
    }

    #[test]
    fn a_malformed_key_file_is_refused_and_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        std::fs::write(&path, "secret").unwrap();
        let error = MasterKey::load_or_create(&path).unwrap_err().to_string();
        assert!(error.contains("found 6 characters, expected 64 hex digits"), "{error}");
        assert!(!error.contains("secret"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "secret");
    }

    #[test]
    fn a_key_never_prints() {
        assert_eq!(format!("{:?}", MasterKey::new([7; 32])), "MasterKey(***)");
    }

    #[test]
    fn a_record_opens_only_under_its_own_segment_index_and_header() {
        let master = MasterKey::new([1; 32]);
        let key = master.segment(&SegmentId([2; 16]));
        let mut sealed = b"hello".to_vec();
        key.seal(3, &[4; 16], &mut sealed, 0);
        assert_eq!(key.open(3, &[4; 16], &mut sealed.clone()), Ok(&b"hello"[..]));
        assert_eq!(key.open(4, &[4; 16], &mut sealed.clone()), Err(NotAuthentic));
        assert_eq!(key.open(3, &[5; 16], &mut sealed.clone()), Err(NotAuthentic));
        let other = master.segment(&SegmentId([3; 16]));
        assert_eq!(other.open(3, &[4; 16], &mut sealed.clone()), Err(NotAuthentic));
        let other = MasterKey::new([2; 32]).segment(&SegmentId([2; 16]));
        assert_eq!(other.open(3, &[4; 16], &mut sealed.clone()), Err(NotAuthentic));
    }
}
