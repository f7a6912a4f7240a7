//! `keys`: lists, makes and revokes API keys; also prints one for the settings.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use llmtrace_model::{ApiKey, KeyId, TenantId, TenantScope, Timestamp};
use llmtrace_store::{MAX_KEYS, Replacing, Written};

use super::access::{Access, Reach, print_json, print_table, shown};
use crate::{
    api::view::{KeyList, KeyState, KeyView, NewKeyView},
    config::Config,
    tenancy::Token,
};

/// Microseconds of a day.
const DAY_US: i64 = 24 * 3600 * 1_000_000;

/// Options of `keys`.
#[derive(Debug, Args)]
pub(super) struct Keys {
    #[command(subcommand)]
    what: What,
    /// Print JSON, as the API has it.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List keys, without the keys themselves.
    List {
        /// Only those of this tenant; else of all.
        #[arg(long, value_name = "TENANT")]
        tenant: Option<TenantId>,
    },
    /// Make a key. It is printed once, alone on standard output, and opens within a second.
    Create {
        /// What it is called.
        name: String,
        #[command(flatten)]
        reach: Reach,
        /// Days after which it opens nothing any more; else it does not expire.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
        expires_in_days: Option<u16>,
    },
    /// Revoke a key for good, on every replica within two seconds.
    Revoke {
        /// Its id, as `keys list` shows it.
        key_id: KeyId,
    },
    /// Print a fresh key for `auth.admin_key`; nothing is stored.
    Generate,
}

impl Keys {
    /// Does what is asked.
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        if let What::Generate = self.what {
            println!("{}", Token::mint()?.expose());
            return Ok(ExitCode::SUCCESS);
        }
        let access = Access::open(config).await?;
        let done = match &self.what {
            What::List { tenant } => self.list(&access, tenant.clone()).await,
            What::Create { name, reach, expires_in_days } => self.create(&access, name, reach, *expires_in_days).await,
            What::Revoke { key_id } => self.revoke(&access, *key_id).await,
            What::Generate => Ok(()),
        };
        access.close(done).await?;
        Ok(ExitCode::SUCCESS)
    }

    async fn list(&self, access: &Access, tenant: Option<TenantId>) -> anyhow::Result<()> {
        let scope = tenant.map_or(TenantScope::All, TenantScope::One);
        let found = access.meta.keys(&scope).await.context("reading keys")?;
        let now = access.clock.now();
        if self.json {
            return print_json(&KeyList { items: found.into_iter().map(|key| KeyView::of(key, now)).collect() });
        }
        let row = |key: ApiKey| {
            let (grant, used) = (shown(&key.grant), key.last_used_at.map_or("never".to_owned(), |at| at.to_string()));
            let view = KeyView::of(key, now);
            let state = match view.state {
                KeyState::Active => "active",
                KeyState::Expired => "expired",
                KeyState::Revoked => "revoked",
            };
            [view.key_id.to_string(), view.prefix, grant, state.to_owned(), used, view.name]
        };
        print_table(
            ["KEY ID", "BEGINS", "REACHES", "STATE", "LAST USED", "NAME"],
            &found.into_iter().map(row).collect::<Vec<_>>(),
        );
        Ok(())
    }

    async fn create(&self, access: &Access, name: &str, reach: &Reach, days: Option<u16>) -> anyhow::Result<()> {
        if name.is_empty() || name.chars().count() > ApiKey::MAX_NAME_CHARS {
            bail!("the name has {} characters, expected 1 to {}", name.chars().count(), ApiKey::MAX_NAME_CHARS);
        }
        let (token, now, grant) = (Token::mint()?, access.clock.now(), reach.grant()?);
        let (scope, tenant) = (grant.scope(), grant.tenant().cloned());
        let in_days = |days: u16| Timestamp::from_unix_us(now.unix_us().saturating_add(i64::from(days) * DAY_US));
        let key = token.to_key(name.to_owned(), grant, now, days.map(in_days));
        match access.meta.put_key(&scope, &key, Replacing::Nothing).await.context("making the key")? {
            Written::Done => {}
            Written::Full => bail!("there are {MAX_KEYS} keys already"),
            other @ (Written::Changed | Written::Absent | Written::Taken | Written::Outside) => {
                bail!("the key was not made: {other:?}");
            }
        }
        let view = KeyView::of(key, now);
        access.note("keys.create", tenant.as_ref(), &view.key_id.to_string(), None, Some(&view)).await?;
        if self.json {
            return print_json(&NewKeyView::of(&token, view));
        }
        eprintln!("key {} was made; it is shown this once:", view.key_id);
        println!("{}", token.expose());
        Ok(())
    }

    async fn revoke(&self, access: &Access, id: KeyId) -> anyhow::Result<()> {
        loop {
            let before = access.meta.key(&TenantScope::All, id).await.context("reading the key")?;
            let before = before.with_context(|| format!("there is no key {id}"))?;
            let now = access.clock.now();
            let after = ApiKey { revoked_at: Some(before.revoked_at.unwrap_or(now)), ..before.clone() };
            if before.revoked_at.is_none() {
                let replacing = Replacing::Version(before.version);
                match access.meta.put_key(&TenantScope::All, &after, replacing).await.context("revoking the key")? {
                    Written::Done => {}
                    // Somebody changed it meanwhile: whoever revokes a key means that one, too.
                    Written::Changed | Written::Absent | Written::Full | Written::Taken | Written::Outside => continue,
                }
                let tenant = before.grant.tenant().cloned();
                let (old, new) = (KeyView::of(before, now), KeyView::of(after.clone(), now));
                access.note("keys.revoke", tenant.as_ref(), &id.to_string(), Some(&old), Some(&new)).await?;
            }
            if self.json {
                return print_json(&KeyView::of(after, now));
            }
            println!("key {id} opens nothing any more, on every replica within two seconds");
            return Ok(());
        }
    }
}
