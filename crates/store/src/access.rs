//! The port for who may do what: API keys, by their hash.
//!
//! Every process keeps what it was told in memory and asks every second what has changed since, so that a key that was
//! revoked opens nothing anywhere two seconds later.

use async_trait::async_trait;
use llmtrace_model::{ApiKey, KeyHash, KeyId, TenantScope, Timestamp};

use crate::{Error, Replacing, Written};

/// Where keys are kept.
#[async_trait]
pub trait AccessStore: Send + Sync {
    /// The keys of a scope, the ones made last first (then by id), at most [`MAX_KEYS`]. Those of the platform are only in the
    /// scope of all, for this call and for the ones below that take a scope.
    async fn keys(&self, scope: &TenantScope) -> Result<Vec<ApiKey>, Error>;

    /// One key; one outside the scope does not exist.
    async fn key(&self, scope: &TenantScope, id: KeyId) -> Result<Option<ApiKey>, Error>;

    /// The key of a hash, whosever it is and whether or not it still opens anything.
    async fn key_of(&self, hash: &KeyHash) -> Result<Option<ApiKey>, Error>;

    /// Adds a key, which gets version 1 whatever it says, or changes the name, the expiry and the revocation of one version of
    /// it, which gets the next version; nothing else of it changes, and one that was revoked stays it.
    ///
    /// Of two changes of one version the first counts, the second is told that it came late. At most [`MAX_KEYS`] keys are
    /// kept. A new one whose id or hash is there already is `Changed`.
    async fn put_key(&self, scope: &TenantScope, key: &ApiKey, replacing: Replacing) -> Result<Written, Error>;

    /// Notes when keys were used last. It only rises, counts as no change, and a key that is gone is passed over.
    async fn touch_keys(&self, used: &[(KeyId, Timestamp)]) -> Result<(), Error>;

    /// What has changed after `since`, as far as one answer goes: ask again with its `seen` until nothing comes. 0 is before
    /// everything.
    async fn access_changes(&self, since: u64) -> Result<AccessChanges, Error>;
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessChanges {
    /// The number of the last change that this answer knows; what is asked next goes on behind it.
    pub seen: u64,
    /// The keys that were added or changed, as they are now, by their last change; at most [`MAX_CHANGES`].
    pub keys: Vec<ApiKey>,
}

/// The most keys of an installation.
pub const MAX_KEYS: usize = 20_000;

/// The most changes of one answer.
pub const MAX_CHANGES: usize = 1_000;
