//! The master key of an installation: from the configuration, or from a file that the first start makes; and what is derived
//! from it. Nothing is sealed with the key itself.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    str::FromStr,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use llmtrace_model::MasterKeyId;
use ring::{
    hkdf,
    rand::{SecureRandom as _, SystemRandom},
};

use super::values::written_as_text;

/// The 32 bytes that keys of this instance are derived from; prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; 32]);

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

fn random(bytes: &mut [u8]) -> Result<(), KeyError> {
    SystemRandom::new().fill(bytes).map_err(|_| KeyError::Random)
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
        assert_eq!(format!("{:?}", MasterKey::new([7; 32])), "***");
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
