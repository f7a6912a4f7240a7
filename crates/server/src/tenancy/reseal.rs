//! Moves stored credentials from previous master keys to the newest, so that the previous ones can go.
//!
//! Done once by each process that starts with previous keys: of processes that are restarted one after the other the last one
//! finds what the others stored meanwhile. Whoever changes a credential at the same time wins; it is then looked at again.

use std::{sync::Arc, time::Duration};

use llmtrace_model::{Actor, AuditEntry, TenantScope};
use llmtrace_store::{Error, MetaStore, Replacing, Written};
use tokio::time::sleep;

use super::{
    trail::{Trail, entry},
    vault::{Vault, VaultError},
};
use crate::{clock::Clock, tasks::Tasks, telemetry::Events};

/// How long it waits to ask a store again that did not answer, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How often it looks at what others keep changing.
const ROUNDS: usize = 5;

/// What became of the credentials.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resealed {
    /// So many are sealed under the newest key now.
    pub sealed: usize,
    /// So many of them were not before.
    pub moved: usize,
    /// Why the rest is not.
    pub closed: Vec<VaultError>,
    /// So many others changed again and again.
    pub crossed: usize,
}

impl Resealed {
    /// What the audit log is told, where anything was moved.
    pub fn told(&self) -> Option<String> {
        let Self { sealed, moved, .. } = self;
        (*moved > 0).then(|| serde_json::json!({ "sealed": sealed, "moved": moved }).to_string())
    }

    /// Says whether the newest key opens all there is.
    pub fn is_whole(&self) -> bool {
        self.closed.is_empty() && self.crossed == 0
    }
}

/// Seals every credential that a previous key opens under the newest. Harmless however often it is done, and by whom.
pub async fn reseal(store: &dyn MetaStore, vault: &Vault) -> Result<Resealed, Error> {
    let mut sum = Resealed::default();
    for _ in 0..ROUNDS {
        (sum.sealed, sum.crossed) = (0, 0);
        sum.closed.clear();
        for credential in store.credentials(&TenantScope::All).await? {
            match vault.reseal(&credential) {
                Ok(None) => sum.sealed += 1,
                Err(error) => sum.closed.push(error),
                Ok(Some(moved)) => match store.put_credential(&moved, Replacing::Version(credential.version)).await? {
                    Written::Done => {
                        sum.sealed += 1;
                        sum.moved += 1;
                    }
                    // It is gone, or another's, which the next look finds.
                    Written::Changed | Written::Absent | Written::Full | Written::Taken | Written::Outside => {
                        sum.crossed += 1;
                    }
                },
            }
        }
        if sum.crossed == 0 {
            break;
        }
    }
    Ok(sum)
}

/// Reseals until it has been done once, and says what came of it.
pub(super) async fn run(
    store: Arc<dyn MetaStore>,
    vault: Arc<Vault>,
    events: Events,
    tasks: Tasks,
) -> Option<Resealed> {
    let (mut pause, longest) = PAUSES;
    loop {
        match reseal(store.as_ref(), &vault).await {
            Ok(resealed) => {
                tell(&resealed);
                return Some(resealed);
            }
            Err(error) => events.store_failed(&error),
        }
        tokio::select! {
            () = tasks.stopping() => return None,
            () = sleep(pause) => {}
        }
        pause = (pause * 2).min(longest);
    }
}

/// Writes down what came of it, where anything was moved.
pub(super) async fn noted(resealing: impl Future<Output = Option<Resealed>>, trail: Trail, clock: Clock) {
    if let Some(after) = resealing.await.and_then(|resealed| resealed.told()) {
        // Where there is no room for it, that is counted.
        trail.note(AuditEntry { after: Some(after), ..entry(&clock, Actor::System, None, "credentials.reseal") }).ok();
    }
}

fn tell(resealed: &Resealed) {
    let Resealed { sealed, moved, closed, crossed } = resealed;
    if resealed.is_whole() {
        tracing::info!(sealed, moved, "no stored credential needs a previous master key any more");
    } else {
        let others = closed.len() + crossed;
        tracing::warn!(sealed, moved, others, "some stored credentials are not sealed under the newest master key");
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_model::{CredentialId, ProviderCredential, Timestamp};
    use llmtrace_store::{Options, open_meta};

    use super::*;
    use crate::config::{MasterKey, MasterKeys, Secret};

    fn key(n: u8) -> MasterKey {
        MasterKey::new([n; 32])
    }

    fn vault(newest: u8, previous: &[u8]) -> Vault {
        let previous: Vec<MasterKey> = previous.iter().map(|n| key(*n)).collect();
        Vault::new(&MasterKeys::new(key(newest), &previous))
    }

    async fn store(sealed_with: &[u8]) -> Arc<dyn MetaStore> {
        let store = open_meta("storage.meta", "memory:", &Options::default()).await.unwrap();
        for (n, of) in sealed_with.iter().enumerate() {
            let id = CredentialId::from_bytes([u8::try_from(n).unwrap(); 16]);
            let (team, upstream) = ("team".parse().unwrap(), n.to_string());
            let secret = Secret::new(format!("secret-{n}"));
            let sealed = vault(*of, &[]).seal(id, &team, &upstream, &secret, Timestamp::from_unix_us(1)).unwrap();
            assert_eq!(store.put_credential(&sealed, Replacing::Nothing).await.unwrap(), Written::Done);
        }
        store
    }

    async fn all(store: &Arc<dyn MetaStore>) -> Vec<ProviderCredential> {
        store.credentials(&TenantScope::All).await.unwrap()
    }

    #[tokio::test]
    async fn everything_moves_to_the_newest_key_once_and_opens_with_it_alone() {
        let store = store(&[1, 2, 3]).await;
        let first = reseal(store.as_ref(), &vault(3, &[1, 2])).await.unwrap();
        assert_eq!(first, Resealed { sealed: 3, moved: 2, ..Resealed::default() });
        assert!(first.is_whole());
        let versions = |them: &[ProviderCredential]| them.iter().map(|it| it.version).collect::<Vec<_>>();
        let moved = all(&store).await;
        assert_eq!(versions(&moved), [2, 2, 1], "what was there already is not touched");
        for (n, credential) in moved.iter().enumerate() {
            assert_eq!(vault(3, &[]).open(credential).unwrap().expose(), format!("secret-{n}"));
        }
        let again = reseal(store.as_ref(), &vault(3, &[1, 2])).await.unwrap();
        assert_eq!((again.sealed, again.moved, all(&store).await), (3, 0, moved));
    }

    #[tokio::test]
    async fn two_at_once_do_it_once() {
        let store = store(&[1; 40]).await;
        let (a, b) = (vault(2, &[1]), vault(2, &[1]));
        let (a, b) = tokio::join!(reseal(store.as_ref(), &a), reseal(store.as_ref(), &b));
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!((a.moved + b.moved, a.sealed, b.sealed, a.is_whole() && b.is_whole()), (40, 40, 40, true));
        assert!(all(&store).await.iter().all(|it| it.version == 2));
    }

    #[tokio::test]
    async fn what_no_key_opens_stays_and_is_told() {
        let store = store(&[1, 9]).await;
        let before = all(&store).await.remove(1);
        let resealed = reseal(store.as_ref(), &vault(2, &[1])).await.unwrap();
        let gone = VaultError::OtherKey { id: before.id, key: key(9).id() };
        assert_eq!(resealed, Resealed { sealed: 1, moved: 1, closed: vec![gone], crossed: 0 });
        assert!(!resealed.is_whole());
        assert_eq!(all(&store).await.remove(1), before);
    }
}
