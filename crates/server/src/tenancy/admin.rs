//! The key that opens everything: given in the settings, or made at the first start.

use std::path::Path;

use llmtrace_model::{KeyHash, KeyId};

use super::token::Token;
use crate::config::{KeyFileError, Secret, load_or_create};

/// The administrator's key; prints as `***`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminKey(Token);

/// Says why there is no administrator's key.
#[derive(Debug, thiserror::Error)]
pub enum AdminKeyError {
    /// It has not the form of a key.
    #[error("found {found} characters, expected llmt_ and 43 of A-Z a-z 0-9 - _")]
    Malformed {
        /// How long it is.
        found: usize,
    },
    /// Its file cannot be used.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// None could be made.
    #[error(transparent)]
    Random(#[from] super::token::NoRandomness),
}

impl AdminKey {
    /// Its id in the audit log: no stored key has it.
    pub const ID: KeyId = KeyId::from_bytes([0; 16]);

    /// Takes the key of the settings.
    pub fn of(secret: &Secret) -> Result<Self, AdminKeyError> {
        Self::read(secret.expose())
    }

    /// Reads the key at `path`, or makes one there; says whether it did.
    pub fn load_or_create(path: &Path) -> Result<(Self, bool), AdminKeyError> {
        let (text, is_new) = load_or_create(path, Token::mint()?.expose())?;
        Ok((Self::read(&text)?, is_new))
    }

    fn read(text: &str) -> Result<Self, AdminKeyError> {
        Token::of(text).map(Self).ok_or_else(|| AdminKeyError::Malformed { found: text.chars().count() })
    }

    pub(super) fn hash(&self) -> KeyHash {
        self.0.hash()
    }
}
