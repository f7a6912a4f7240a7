//! Credentials of providers that a tenant has stored, sealed.

use std::fmt;

use crate::{CredentialId, TenantId, Timestamp};

/// A credential of a tenant for one upstream, as it is stored: only who has the master key reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderCredential {
    /// Its identity, which it was sealed with.
    pub id: CredentialId,
    /// 1 when it was made, one more with every change.
    pub version: u32,
    /// Owner.
    pub tenant: TenantId,
    /// The name of the upstream that it is sent to.
    pub upstream: String,
    /// The credential itself.
    pub sealed: Sealed,
    /// The master key that opens it.
    pub sealed_with: MasterKeyId,
    /// How it ends, to tell it from others; `None` where that would tell too much of it.
    pub hint: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When another took its place last.
    pub updated_at: Timestamp,
}

impl ProviderCredential {
    /// The fewest characters of a credential that a hint is given of.
    const HINTED_CHARS: usize = 20;

    /// How a credential ends: its last 4 characters, where it has at least 20.
    pub fn hint(secret: &str) -> Option<String> {
        let chars = secret.chars().count();
        (chars >= Self::HINTED_CHARS).then(|| secret.chars().skip(chars - 4).collect())
    }
}

/// Bytes that only who has the key reads; they show in no log all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Takes what was sealed.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What names a master key without telling it: 8 bytes, written as 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MasterKeyId([u8; 8]);

impl MasterKeyId {
    /// Takes the bytes.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_given_of_long_credentials_only() {
        assert_eq!(ProviderCredential::hint(&"x".repeat(19)), None);
        assert_eq!(ProviderCredential::hint("0123456789abcdefghij").as_deref(), Some("ghij"));
        assert_eq!(ProviderCredential::hint(&"ü".repeat(20)).as_deref(), Some("üüüü"));
    }

    #[test]
    fn sealed_bytes_show_in_no_log_and_the_name_of_a_key_does() {
        assert_eq!(format!("{:?}", Sealed::new(b"sealed".to_vec())), "***");
        assert_eq!(MasterKeyId::from_bytes([0, 1, 2, 3, 0xab, 5, 6, 7]).to_string(), "00010203ab050607");
    }
}
