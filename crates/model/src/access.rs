//! Who may do what: roles, and the API keys that carry them.

use serde::{Deserialize, Serialize};

use crate::{KeyId, TenantId, TenantScope, Timestamp, secret_hash::secret_hash, word::words};

words! {
    /// What somebody may do within a tenant; each may what the one before it may.
    AccessRole {
        /// Read: spans with what was said in them, statistics, saved views.
        Viewer = "viewer",
        /// Send through the proxy, save views, export.
        Operator = "operator",
        /// Change the tenant: keys, users, settings, retention, erasures; read its audit log.
        Admin = "admin",
    } "viewer, operator, admin"
}

/// How far somebody reaches.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Into one tenant, in a role.
    Tenant(TenantId, AccessRole),
    /// Everywhere: makes tenants, and administers each.
    Platform,
}

impl Grant {
    /// The rows it can see at most.
    pub fn scope(&self) -> TenantScope {
        match self {
            Self::Tenant(tenant, _) => TenantScope::One(tenant.clone()),
            Self::Platform => TenantScope::All,
        }
    }

    /// The tenant it is limited to; `None` where it is to none.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Tenant(tenant, _) => Some(tenant),
            Self::Platform => None,
        }
    }

    /// The role it has in a tenant; `None` where it has none there.
    pub fn role_in(&self, tenant: &TenantId) -> Option<AccessRole> {
        match self {
            Self::Tenant(own, role) if own == tenant => Some(*role),
            Self::Tenant(..) => None,
            Self::Platform => Some(AccessRole::Admin),
        }
    }
}

/// How every API key begins, so that people and scanners recognise one.
pub const KEY_MARK: &str = "llmt_";

/// How many characters of base64url follow: those of 256 random bits.
pub const KEY_DIGITS: usize = 43;

/// Says whether a text has the form of an API key.
pub fn is_api_key(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.strip_prefix(KEY_MARK).is_some_and(|digits| digits.len() == KEY_DIGITS && digits.bytes().all(is_digit))
}

secret_hash! {
    /// The SHA-256 of a whole API key: what is stored of it. A key has 256 random bits, so that no salt and no slow hash is needed.
    KeyHash
}

/// An API key as it is stored: everything but the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its identity, which is no secret.
    pub id: KeyId,
    /// 1 when it was made, one more with every change.
    pub version: u32,
    /// What it opens.
    pub grant: Grant,
    /// What its owner calls it.
    pub name: String,
    /// How it begins, to tell it from others.
    pub prefix: String,
    /// The hash of it.
    pub hash: KeyHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing; `None` where it does not expire.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked; it never opens anything again.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// The most characters of a name.
    pub const MAX_NAME_CHARS: usize = 100;

    /// Why it opens nothing at `now`; `Ok` where it does.
    pub fn opens(&self, now: Timestamp) -> Result<(), Unfit> {
        if self.revoked_at.is_some() {
            return Err(Unfit::Revoked);
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(Unfit::Expired);
        }
        Ok(())
    }
}

/// Why a known key opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Its time is over.
    Expired,
    /// Somebody revoked it.
    Revoked,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(expires_at: Option<i64>, revoked_at: Option<i64>) -> ApiKey {
        ApiKey {
            id: KeyId::from_bytes([1; 16]),
            version: 1,
            grant: Grant::Platform,
            name: "ci".to_owned(),
            prefix: "llmt_abcdef".to_owned(),
            hash: KeyHash::of("llmt_abcdef"),
            created_at: Timestamp::from_unix_us(0),
            expires_at: expires_at.map(Timestamp::from_unix_us),
            revoked_at: revoked_at.map(Timestamp::from_unix_us),
            last_used_at: None,
        }
    }

    #[test]
    fn a_key_opens_until_it_expires_or_is_revoked() {
        let at = Timestamp::from_unix_us;
        assert_eq!(key(None, None).opens(at(i64::MAX)), Ok(()));
        assert_eq!(key(Some(10), None).opens(at(9)), Ok(()));
        assert_eq!(key(Some(10), None).opens(at(10)), Err(Unfit::Expired));
        assert_eq!(key(Some(10), Some(99)).opens(at(0)), Err(Unfit::Revoked));
    }

    #[test]
    fn a_grant_reaches_into_its_own_tenant_only() {
        let id = |name: &str| name.parse::<TenantId>().unwrap();
        let own = Grant::Tenant(id("a"), AccessRole::Operator);
        assert_eq!((own.role_in(&id("a")), own.role_in(&id("b"))), (Some(AccessRole::Operator), None));
        assert_eq!(own.scope(), TenantScope::One(id("a")));
        assert_eq!(Grant::Platform.role_in(&id("b")), Some(AccessRole::Admin));
        assert!(AccessRole::Viewer < AccessRole::Operator && AccessRole::Operator < AccessRole::Admin);
    }

    #[test]
    fn a_hash_shows_in_no_log() {
        assert_eq!(format!("{:?}", KeyHash::of("llmt_abcdef")), "***");
    }
}
