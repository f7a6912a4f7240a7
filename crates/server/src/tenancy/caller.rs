//! Somebody who was told apart, and why somebody was not.

use std::sync::Arc;

use llmtrace_model::{AccessRole, Actor, Grant, TenantId};

/// Who asks, and how far they reach. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who, for the audit log.
    pub actor: Actor,
    grants: Arc<[Grant]>,
    /// What others may read of them.
    name: Option<Arc<str>>,
}

impl Caller {
    /// Somebody with these grants.
    pub fn new(actor: Actor, grants: Arc<[Grant]>) -> Self {
        Self { actor, grants, name: None }
    }

    /// The same with what others may read of them.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: (!name.is_empty()).then(|| name.into()), ..self }
    }

    /// Whoever comes in open mode.
    pub fn anybody() -> Self {
        Self::new(Actor::Anonymous, Arc::new([Grant::Platform]))
    }

    /// What others may read of them, where they have something.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Says whether they reach everything.
    pub fn is_platform(&self) -> bool {
        self.grants.contains(&Grant::Platform)
    }

    /// Their role in a tenant; `None` where they have none there.
    pub fn role_in(&self, tenant: &TenantId) -> Option<AccessRole> {
        self.grants.iter().filter_map(|grant| grant.role_in(tenant)).max()
    }

    /// The highest role they have anywhere.
    pub fn highest(&self) -> Option<AccessRole> {
        let role = |grant: &Grant| match grant {
            Grant::Tenant(_, role) => *role,
            Grant::Platform => AccessRole::Admin,
        };
        self.grants.iter().map(role).max()
    }

    /// The one tenant they reach; `None` where they reach several.
    pub fn only_tenant(&self) -> Option<&TenantId> {
        match &*self.grants {
            [grant] => grant.tenant(),
            _ => None,
        }
    }

    /// The tenants in which they have at least a role.
    pub fn tenants(&self, role: AccessRole) -> impl Iterator<Item = &TenantId> {
        self.grants.iter().filter_map(move |grant| match grant {
            Grant::Tenant(tenant, has) if *has >= role => Some(tenant),
            Grant::Tenant(..) | Grant::Platform => None,
        })
    }

    /// Everything they reach.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }
}

/// Why somebody was not told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// There is no key, and one is needed.
    #[error("an LLMTrace API key is needed")]
    NoKey,
    /// What is shown has not the form of a key.
    #[error("what is shown is no LLMTrace API key: one is llmt_ and 43 more characters")]
    NotAKey,
    /// Nobody knows the key.
    #[error("the LLMTrace API key is unknown")]
    UnknownKey,
    /// Its time is over.
    #[error("the LLMTrace API key has expired")]
    Expired,
    /// It was revoked.
    #[error("the LLMTrace API key was revoked")]
    Revoked,
    /// Nobody knows the cookie's session, or it has ended.
    #[error("the login has ended, log in again")]
    NoSession,
    /// The address has shown too many wrong keys.
    #[error("this address has shown too many unknown keys or logins, try again shortly")]
    TooManyFailures,
    /// The key is new here, and the store that would know it is away.
    #[error("the LLMTrace API key or login cannot be looked up, because a store is away; try again shortly")]
    StoreAway,
}

impl Denied {
    /// Its stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoKey => "key_missing",
            Self::NotAKey => "key_malformed",
            Self::UnknownKey => "key_unknown",
            Self::Expired => "key_expired",
            Self::Revoked => "key_revoked",
            Self::NoSession => "login_ended",
            Self::TooManyFailures => "too_many_unknown_keys",
            Self::StoreAway => "keys_unavailable",
        }
    }
}
