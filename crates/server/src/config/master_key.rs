//! The master key of an installation: from the configuration, or from a file that the first start makes; and what is derived
//! from it. Nothing is sealed with the key itself.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use llmtrace_model::MasterKeyId;
use ring::{
    hkdf,
    rand::{SecureRandom as _, SystemRandom},
};

use super::{
    key_file::{self, KeyFileError},
    values::written_as_text,
};

/// The 32 bytes that keys of this instance are derived from; prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; 32]);

/// The master keys of an installation: the newest seals, all of them open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterKeys {
    newest: MasterKey,
    /// Each by its name, the newest first.
    all: Vec<(MasterKeyId, MasterKey)>,
}

impl MasterKeys {
    /// The newest key, and those that only open.
    pub fn new(newest: MasterKey, previous: &[MasterKey]) -> Self {
        let all = std::iter::once(&newest).chain(previous).map(|key| (key.id(), key.clone())).collect();
        Self { newest, all }
    }

    /// The key that seals.
    pub fn newest(&self) -> &MasterKey {
        &self.newest
    }

    /// The key of a name, where it is one of these.
    pub fn find(&self, id: MasterKeyId) -> Option<&MasterKey> {
        self.all.iter().find(|(of, _)| *of == id).map(|(_, key)| key)
    }

    /// Every key, the newest first.
    pub fn all(&self) -> impl Iterator<Item = &MasterKey> {
        self.all.iter().map(|(_, key)| key)
    }
}

impl From<MasterKey> for MasterKeys {
    fn from(only: MasterKey) -> Self {
        Self::new(only, &[])
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
    #[error(transparent)]
    File(#[from] KeyFileError),
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
        SystemRandom::new().fill(&mut bytes).map_err(|_| KeyError::Random)?;
        Ok(Self(bytes))
    }

    /// Reads the key at `path` (64 hex digits), or makes one with mode 600 where there is no file.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        let (digits, _) = key_file::load_or_create(path, &hex::encode(Self::random()?.0))?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(&digits, &mut bytes).map_err(|_| KeyError::Malformed {
            path: path.to_owned(),
            found: format!("{} characters", digits.len()),
        })?;
        Ok(Self(bytes))
    }

    /// What names this key without telling it.
    pub fn id(&self) -> MasterKeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.derive(b"llmtrace journal", &[b"key id"])[..8]);
        MasterKeyId::from_bytes(id)
    }

    /// A key of its own for one use: HKDF-SHA256 (RFC 5869) of this one.
    pub fn derive(&self, salt: &[u8], info: &[&[u8]]) -> [u8; 32] {
        let mut key = [0; 32];
        let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&self.0);
        let filled = derived.expand(info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut key));
        filled.expect("32 bytes, far below the limit of HKDF");
        key
    }
}

impl FromStr for MasterKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok());
        let Some(bytes) = bytes else {
            return Err("neither hex nor base64".to_owned());
        };
        let length = bytes.len();
        bytes.try_into().map(Self).map_err(|_| format!("{length} bytes"))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

written_as_text!(MasterKey, "MasterKey", {
    "type": "string",
    "x-secret": true,
    "x-expected": "32 bytes in hex or base64, literally, as env:NAME or as file:PATH",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/master.key");
        let made = MasterKey::load_or_create(&path).unwrap();
        assert!(made == MasterKey::load_or_create(&path).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap().trim(), hex::encode(made.0));
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
        assert_eq!(format!("{:?}", MasterKey::new([7; 32])), "***");
        assert!(
            !format!("{:?}", MasterKeys::new(MasterKey::new([7; 32]), &[MasterKey::new([9; 32])])).contains("9, 9")
        );
    }

    #[test]
    fn every_key_is_found_by_its_name_and_the_newest_is_first() {
        let [new, old, other] = [1, 2, 3].map(|n| MasterKey::new([n; 32]));
        let keys = MasterKeys::new(new.clone(), std::slice::from_ref(&old));
        assert_eq!((keys.newest(), keys.all().collect::<Vec<_>>()), (&new, vec![&new, &old]));
        assert_eq!((keys.find(new.id()), keys.find(old.id()), keys.find(other.id())), (Some(&new), Some(&old), None));
    }

    /// What was sealed under a key is found by this name.
    #[test]
    fn the_name_of_a_key_never_changes() {
        assert_eq!(MasterKey::new([1; 32]).id().to_string(), "b999952537dd824f");
    }

    #[test]
    fn keys_for_two_uses_are_two_keys_and_stay_the_same() {
        let key = MasterKey::new([7; 32]);
        assert_eq!(key.derive(b"salt", &[b"a", b"b"]), key.derive(b"salt", &[b"ab"]));
        assert_ne!(key.derive(b"salt", &[b"a"]), key.derive(b"salt", &[b"b"]));
        assert_ne!(key.derive(b"salt", &[b"a"]), key.derive(b"pepper", &[b"a"]));
        assert_ne!(key.derive(b"salt", &[b"a"]), MasterKey::new([8; 32]).derive(b"salt", &[b"a"]));
    }
}
