//! The credentials that tenants have stored for their providers: opened as they are learnt, and kept in memory.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use llmtrace_model::{ProviderCredential, TenantId};
use llmtrace_store::{Error, MetaStore};

use super::vault::{Vault, VaultError};
use crate::{config::Secret, telemetry::Events};

/// The most credentials of one answer that the log names when they do not open.
const TOLD: usize = 20;

/// Why a credential that may be stored is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unavailable {
    /// There is one, and it cannot be opened here.
    Unreadable,
    /// Nobody knows whether there is one, because no store has answered yet.
    StoreAway,
}

/// What one tenant has for each upstream; `None` for what does not open.
type Own = HashMap<String, Option<Arc<Secret>>>;

/// The credentials of every tenant that has some.
pub(super) struct Credentials {
    vault: Option<Arc<Vault>>,
    of: ArcSwap<HashMap<TenantId, Own>>,
    /// The number of the last change that is known.
    seen: AtomicU64,
    is_loaded: AtomicBool,
    events: Events,
}

impl Credentials {
    pub(super) fn new(vault: Option<Arc<Vault>>, events: Events) -> Self {
        let (of, seen, is_loaded) = Default::default();
        Self { vault, of, seen, is_loaded, events }
    }

    /// The credential of a tenant for an upstream, where it has stored one.
    pub(super) fn find(&self, tenant: &TenantId, upstream: &str) -> Result<Option<Arc<Secret>>, Unavailable> {
        match self.of.load().get(tenant).and_then(|own| own.get(upstream)) {
            Some(Some(secret)) => Ok(Some(Arc::clone(secret))),
            Some(None) => Err(Unavailable::Unreadable),
            None if self.is_loaded.load(Ordering::Acquire) => Ok(None),
            None => Err(Unavailable::StoreAway),
        }
    }

    /// Asks the store what has changed, until it has told all.
    pub(super) async fn learn(&self, store: &dyn MetaStore) -> Result<(), Error> {
        loop {
            let changes = store.credential_changes(self.seen.load(Ordering::Relaxed)).await?;
            if changes.credentials.is_empty() {
                self.is_loaded.store(true, Ordering::Release);
                return Ok(());
            }
            let mut of = HashMap::clone(&self.of.load());
            let mut closed = Vec::new();
            for change in changes.credentials {
                let own = of.entry(change.tenant).or_default();
                match change.credential {
                    Some(credential) => {
                        let secret = self.open(&credential).map(Arc::new);
                        own.insert(change.upstream, secret.as_ref().ok().cloned());
                        closed.extend(secret.err().map(|why| (credential, why)));
                    }
                    None => {
                        own.remove(&change.upstream);
                    }
                }
            }
            of.retain(|_, own| !own.is_empty());
            self.of.store(of.into());
            self.seen.store(changes.seen, Ordering::Relaxed);
            self.tell(&closed);
        }
    }

    fn open(&self, credential: &ProviderCredential) -> Result<Secret, VaultError> {
        let vault = self.vault.as_ref().ok_or(VaultError::NoKey(credential.id))?;
        vault.open(credential)
    }

    /// Says once of each change which credentials do not open, and why: requests that would need them are refused.
    fn tell(&self, closed: &[(ProviderCredential, VaultError)]) {
        for (ProviderCredential { tenant, upstream, .. }, why) in closed.iter().take(TOLD) {
            tracing::error!(tenant.id = %tenant, upstream, %why, "a stored credential cannot be opened, requests that need it are refused");
        }
        if let Some(more @ 1..) = closed.len().checked_sub(TOLD) {
            tracing::error!(more, "more stored credentials cannot be opened");
        }
        closed.iter().for_each(|_| self.events.notice("credential_unreadable"));
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_model::{CredentialId, Timestamp};
    use llmtrace_store::{Options, Replacing, Written, open_meta};

    use super::*;
    use crate::{config::MasterKey, telemetry::Metrics};

    fn vault(n: u8) -> Arc<Vault> {
        Arc::new(Vault::new(&MasterKey::new([n; 32]).into()))
    }

    #[tokio::test]
    async fn what_opens_is_told_and_what_does_not_is_no_absent_one() {
        let store = open_meta("storage.meta", "memory:", &Options::default()).await.unwrap();
        let credentials = Credentials::new(Some(vault(1)), Events::new(Arc::new(Metrics::new())));
        let team: TenantId = "team".parse().unwrap();
        let found = |upstream: &str| credentials.find(&team, upstream).map(|it| it.map(|it| it.expose().to_owned()));
        assert_eq!(found("a"), Err(Unavailable::StoreAway));
        let now = Timestamp::from_unix_us(1);
        for (n, upstream, vault) in [(1, "a", vault(1)), (2, "b", vault(2))] {
            let id = CredentialId::from_bytes([n; 16]);
            let sealed = vault.seal(id, &team, upstream, &Secret::new("of-a-provider"), now).unwrap();
            assert_eq!(store.put_credential(&sealed, Replacing::Nothing).await.unwrap(), Written::Done);
        }
        credentials.learn(store.as_ref()).await.unwrap();
        assert_eq!(found("a"), Ok(Some("of-a-provider".to_owned())));
        assert_eq!((found("b"), found("c")), (Err(Unavailable::Unreadable), Ok(None)));
        assert_eq!(store.delete_credential(&team, "b", 1).await.unwrap(), Written::Done);
        credentials.learn(store.as_ref()).await.unwrap();
        assert_eq!(found("b"), Ok(None));
    }

    #[tokio::test]
    async fn nothing_opens_without_a_master_key() {
        let store = open_meta("storage.meta", "memory:", &Options::default()).await.unwrap();
        let team: TenantId = "team".parse().unwrap();
        let (id, now) = (CredentialId::from_bytes([1; 16]), Timestamp::from_unix_us(1));
        let sealed = vault(1).seal(id, &team, "a", &Secret::new("of-a-provider"), now).unwrap();
        assert_eq!(store.put_credential(&sealed, Replacing::Nothing).await.unwrap(), Written::Done);
        let credentials = Credentials::new(None, Events::new(Arc::new(Metrics::new())));
        credentials.learn(store.as_ref()).await.unwrap();
        assert_eq!(credentials.find(&team, "a").map(|_| ()), Err(Unavailable::Unreadable));
        let why = credentials.open(&sealed).unwrap_err().to_string();
        assert!(why.contains("secrets.master_key is not set"), "{why}");
    }
}
