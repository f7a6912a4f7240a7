//! Seals the credentials of tenants for their providers, and opens them again. It stores nothing.
//!
//! ```text
//! format 1 │ id of the master key 8 │ nonce 12 │ AES-256-GCM of the secret, and tag 16
//! ```
//!
//! The key is HKDF-SHA256(master key, "llmtrace credential 1"), the nonce is random. What is sealed is bound to its place: the
//! tenant, the upstream and the credential's id are authenticated with it, so that a row which was moved opens nothing.

#[cfg(test)]
mod tests;

use std::fmt;

use llmtrace_model::{CredentialId, MasterKeyId, ProviderCredential, Sealed, TenantId, Timestamp};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};

use crate::config::{MasterKey, MasterKeys, Secret};

/// The most bytes of a secret: more than a header takes anywhere.
pub const MAX_SECRET_BYTES: usize = 8 * 1024;

const FORMAT: u8 = 1;
/// Format and master key, before the nonce.
const HEAD: usize = 1 + 8;

/// The keys that credentials are sealed with: the newest seals, all of them open.
pub struct Vault {
    /// The newest first.
    keys: Vec<Key>,
    random: SystemRandom,
}

struct Key {
    id: MasterKeyId,
    key: LessSafeKey,
}

/// Why a credential was not sealed, or not opened. It says nothing of the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It is too long, or empty.
    #[error("a credential of {0} bytes cannot be stored, expected 1 to {MAX_SECRET_BYTES}")]
    Length(usize),
    /// The machine gives no random bytes.
    #[error("the machine gives no random bytes to seal a credential with")]
    Random,
    /// A newer version sealed it.
    #[error(
        "the credential {0} is of a format that this version does not know: it was stored by a newer one, use that one"
    )]
    Format(CredentialId),
    /// There is no key at all.
    #[error(
        "the credential {0} needs a master key, and secrets.master_key is not set: processes that share a server share it"
    )]
    NoKey(CredentialId),
    /// Its key is not here.
    #[error(
        "the credential {id} was sealed under another master key, {key}: bring that key back, as secrets.master_key or among secrets.previous_master_keys, or store it again"
    )]
    OtherKey {
        /// The credential.
        id: CredentialId,
        /// Its key.
        key: MasterKeyId,
    },
    /// It is not what was sealed.
    #[error(
        "the credential {0} is not what was stored for its tenant and upstream: it was changed or moved, store it again"
    )]
    NotAuthentic(CredentialId),
}

impl Vault {
    /// A vault that seals with the newest key, and opens what the previous ones sealed, too.
    pub fn new(keys: &MasterKeys) -> Self {
        Self { keys: keys.all().map(Key::of).collect(), random: SystemRandom::new() }
    }

    /// A new credential, of version 1, with its secret sealed.
    pub fn seal(
        &self,
        id: CredentialId,
        tenant: &TenantId,
        upstream: &str,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<ProviderCredential, VaultError> {
        let empty = ProviderCredential {
            id,
            version: 1,
            tenant: tenant.clone(),
            upstream: upstream.to_owned(),
            sealed: Sealed::new(Vec::new()),
            sealed_with: self.newest().id,
            hint: None,
            created_at: now,
            updated_at: now,
        };
        self.replace(&empty, secret, now)
    }

    /// The same credential with another secret, to be put in the place of its version.
    pub fn replace(
        &self,
        credential: &ProviderCredential,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<ProviderCredential, VaultError> {
        let key = self.newest();
        Ok(ProviderCredential {
            sealed: self.sealed(key, credential, secret.expose())?,
            sealed_with: key.id,
            hint: ProviderCredential::hint(secret.expose()),
            updated_at: now,
            ..credential.clone()
        })
    }

    /// What takes the place of a credential, or where there is none a new one.
    pub fn seal_over(
        &self,
        before: Option<&ProviderCredential>,
        tenant: &TenantId,
        upstream: &str,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<ProviderCredential, VaultError> {
        match before {
            Some(before) => self.replace(before, secret, now),
            None => {
                let id = CredentialId::from_bytes(*uuid::Uuid::new_v4().as_bytes());
                self.seal(id, tenant, upstream, secret, now)
            }
        }
    }

    /// The secret of a credential.
    pub fn open(&self, credential: &ProviderCredential) -> Result<Secret, VaultError> {
        let not_authentic = || VaultError::NotAuthentic(credential.id);
        let (head, rest) = credential.sealed.as_bytes().split_first_chunk::<HEAD>().ok_or_else(not_authentic)?;
        let (format, key_id) = take_apart(*head);
        if format != FORMAT {
            return Err(VaultError::Format(credential.id));
        }
        let Some(key) = self.keys.iter().find(|key| key.id == key_id) else {
            return Err(VaultError::OtherKey { id: credential.id, key: key_id });
        };
        if key_id != credential.sealed_with {
            return Err(not_authentic());
        }
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(not_authentic)?;
        let mut secret = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = key.key.open_in_place(nonce, Aad::from(place(head, credential)), &mut secret);
        let length = opened.map_err(|_| not_authentic())?.len();
        secret.truncate(length);
        String::from_utf8(secret).map(Secret::new).map_err(|_| not_authentic())
    }

    /// The same credential with the same secret, sealed with the newest key; `None` where it is already.
    pub fn reseal(&self, credential: &ProviderCredential) -> Result<Option<ProviderCredential>, VaultError> {
        let key = self.newest();
        if credential.sealed_with == key.id {
            return Ok(None);
        }
        let secret = self.open(credential)?;
        let sealed = self.sealed(key, credential, secret.expose())?;
        Ok(Some(ProviderCredential { sealed, sealed_with: key.id, ..credential.clone() }))
    }

    /// Says whether there are keys that only open.
    pub fn has_previous(&self) -> bool {
        self.keys.len() > 1
    }

    fn newest(&self) -> &Key {
        &self.keys[0]
    }

    fn sealed(&self, key: &Key, credential: &ProviderCredential, secret: &str) -> Result<Sealed, VaultError> {
        if secret.is_empty() || secret.len() > MAX_SECRET_BYTES {
            return Err(VaultError::Length(secret.len()));
        }
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| VaultError::Random)?;
        let head = put_together(key.id);
        let start = HEAD + NONCE_LEN;
        let mut sealed = Vec::with_capacity(start + secret.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&head);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(secret.as_bytes());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = key.key.seal_in_place_separate_tag(nonce, Aad::from(place(&head, credential)), &mut sealed[start..]);
        sealed.extend_from_slice(tag.expect("a secret is far below the 64 GiB of GCM").as_ref());
        Ok(Sealed::new(sealed))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| key.id)).finish()
    }
}

impl Key {
    fn of(master: &MasterKey) -> Self {
        let bytes = master.derive(b"", &[b"llmtrace credential 1"]);
        let key = UnboundKey::new(&AES_256_GCM, &bytes).expect("AES-256 takes 32 bytes");
        Self { id: master.id(), key: LessSafeKey::new(key) }
    }
}

fn put_together(key: MasterKeyId) -> [u8; HEAD] {
    let mut head = [FORMAT; HEAD];
    head[1..].copy_from_slice(key.as_bytes());
    head
}

fn take_apart([format, key @ ..]: [u8; HEAD]) -> (u8, MasterKeyId) {
    (format, MasterKeyId::from_bytes(key))
}

/// What is authenticated beside the secret: the head, and the place with the length of each text before it, so that no two
/// places are the same bytes.
fn place(head: &[u8; HEAD], credential: &ProviderCredential) -> Vec<u8> {
    let mut place = head.to_vec();
    place.extend_from_slice(credential.id.as_bytes());
    for text in [credential.tenant.as_str(), &credential.upstream] {
        place.extend_from_slice(&(text.len() as u64).to_be_bytes());
        place.extend_from_slice(text.as_bytes());
    }
    place
}
