//! The master keys, and what is made of them: for the journal, and for the credentials that tenants store.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::{
    config::{Config, JournalMode, KeyError, MasterKey, MasterKeys},
    tenancy::vault::Vault,
};

/// What the journal seals with, and opens what was left over.
pub(super) fn of_journal(config: &Config) -> anyhow::Result<MasterKeys> {
    let newest = match (&config.secrets.master_key, config.journal.mode) {
        (Some(key), _) => key.clone(),
        // What never reaches a disk needs no key that outlives the process.
        (None, JournalMode::Memory) => MasterKey::random()?,
        (None, JournalMode::Disk) => own_key(config)?,
    };
    Ok(with_previous(newest, config))
}

/// What seals the credentials of tenants; `None` where that takes a key of the settings and there is none: processes that
/// share a server have to share the key, too.
pub(crate) fn vault(config: &Config) -> anyhow::Result<Option<Vault>> {
    let newest = match (&config.secrets.master_key, config.storage.meta.scheme()) {
        (Some(key), _) => key.clone(),
        (None, "memory") => MasterKey::random()?,
        (None, "sqlite") => own_key(config)?,
        (None, _) => return Ok(None),
    };
    Ok(Some(Vault::new(&with_previous(newest, config))))
}

/// What the tokens are made with that stand for hidden text; `None` where that takes a key of the settings and there is none, as with
/// [`vault`].
pub(super) fn tokens(config: &Config) -> anyhow::Result<Option<[u8; 32]>> {
    let key = match (&config.secrets.master_key, config.storage.spans.scheme()) {
        (Some(key), _) => key.clone(),
        (None, "memory") => MasterKey::random()?,
        (None, "sqlite") => own_key(config)?,
        (None, _) => return Ok(None),
    };
    Ok(Some(key.derive(b"llmtrace redaction", &[b"tokens 1"])))
}

/// The keys that are there already, for who only looks: `None` where none was made yet.
pub(super) fn at_hand(config: &Config) -> Result<Option<MasterKeys>, KeyError> {
    let file = key_file(config);
    let newest = match &config.secrets.master_key {
        Some(key) => Some(key.clone()),
        None if file.exists() => Some(MasterKey::load_or_create(&file)?),
        None => None,
    };
    Ok(newest.map(|newest| with_previous(newest, config)))
}

/// The key that this installation made for itself.
fn own_key(config: &Config) -> anyhow::Result<MasterKey> {
    MasterKey::load_or_create(&key_file(config))
        .context("secrets.master_key is not set, and the key file in storage.path cannot be used")
}

fn key_file(config: &Config) -> PathBuf {
    config.storage.path.join("master.key")
}

fn with_previous(newest: MasterKey, config: &Config) -> MasterKeys {
    MasterKeys::new(newest, &config.secrets.previous_master_keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn config(pairs: &[(&str, &str)]) -> Config {
        let env = pairs.iter().map(|(key, value)| (format!("LLMTRACE_{key}"), (*value).to_owned())).collect();
        Config::load(&Sources { env, ..Sources::default() }).unwrap()
    }

    #[test]
    fn a_server_takes_a_key_of_the_settings() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").display().to_string();
        let server = [("STORAGE__PATH", &*path), ("STORAGE__META", "postgres:"), ("POSTGRES_URL", "postgres://h/d")];
        assert!(vault(&config(&server)).unwrap().is_none());
        let key = "07".repeat(32);
        assert!(vault(&config(&[&server[..], &[("SECRETS__MASTER_KEY", &key)]].concat())).unwrap().is_some());
        assert!(vault(&config(&[("STORAGE__PROFILE", "memory")])).unwrap().is_some());
        assert_eq!(at_hand(&config(&server)).unwrap(), None, "none of these made a file");
        let file = [("STORAGE__PATH", &*path)];
        let (first, again) = (vault(&config(&file)).unwrap(), vault(&config(&file)).unwrap());
        assert_eq!(format!("{first:?}"), format!("{again:?}"), "a file has one, which stays");
    }

    #[test]
    fn what_was_sealed_before_is_opened_by_all() {
        let (old, new) = (MasterKey::new([7; 32]), "08".repeat(32));
        let listed = format!("['{}']", "07".repeat(32));
        let keys = config(&[("SECRETS__MASTER_KEY", &new), ("SECRETS__PREVIOUS_MASTER_KEYS", &listed)]);
        let both = at_hand(&keys).unwrap().unwrap();
        assert_eq!(both, of_journal(&keys).unwrap());
        assert_eq!((both.newest(), both.find(old.id())), (&MasterKey::new([8; 32]), Some(&old)));
    }
}
