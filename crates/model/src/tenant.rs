//! Who owns an exchange, and whose rows a query may see.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// The name of a tenant: 1 to 64 of `A-Z a-z 0-9 . _ -`, starting with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// The tenant of an exchange that names none.
    pub fn default_tenant() -> Self {
        Self(Arc::from("default"))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = TenantError;

    fn from_str(s: &str) -> Result<Self, TenantError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let first_is_plain = s.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if s.len() <= 64 && first_is_plain && s.bytes().all(plain) { Ok(Self(Arc::from(s))) } else { Err(TenantError) }
    }
}

impl TryFrom<String> for TenantId {
    type Error = TenantError;

    fn try_from(s: String) -> Result<Self, TenantError> {
        s.parse()
    }
}

impl From<TenantId> for String {
    fn from(id: TenantId) -> String {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says that a text is no tenant name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a tenant id, expected 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit")]
pub struct TenantError;

/// Who sends a request, as far as the front lane established it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The owner of the exchange.
    pub tenant: TenantId,
}

/// Whose rows a query may see: every tenant-owned read or write takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantScope {
    /// The rows of one tenant.
    One(TenantId),
    /// The rows of all tenants: operators of the whole installation only.
    All,
}

impl TenantScope {
    /// Says whether a row of `tenant` is inside the scope.
    pub fn allows(&self, tenant: &TenantId) -> bool {
        match self {
            Self::One(one) => one == tenant,
            Self::All => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_names_are_narrow() {
        for good in ["a", "team-1", "A.b_c", &"x".repeat(64)] {
            assert!(good.parse::<TenantId>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a b", "a/b", "ü", "a\n", "'; drop", &"x".repeat(65)] {
            assert!(bad.parse::<TenantId>().is_err(), "{bad}");
        }
    }
}
