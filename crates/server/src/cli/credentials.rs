//! `credentials`: lists, stores and deletes what tenants have stored for their providers, and seals it under the newest master
//! key.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use llmtrace_model::{ProviderCredential, TenantId, TenantScope};
use llmtrace_store::{MAX_CREDENTIALS, Replacing, Written};

use super::{
    access::{Access, print_json, print_table},
    secret_input,
};
use crate::{
    api::view::{CredentialList, CredentialState, CredentialView, ProviderSecret},
    boot,
    config::Config,
    tenancy::{reseal, vault::Vault},
};

/// Options of `credentials`.
#[derive(Debug, Args)]
pub(super) struct Credentials {
    #[command(subcommand)]
    what: What,
    /// Print JSON, as the API has it.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List credentials, without the credentials themselves, and the master key that each is sealed under.
    List {
        /// Only those of this tenant; else of all.
        #[arg(long, value_name = "TENANT")]
        tenant: Option<TenantId>,
    },
    /// Store a credential, a new one or in the place of one. It is read from standard input, or asked for at a terminal, and
    /// sent by a running proxy within two seconds.
    Store(Place),
    /// Delete a credential. A running proxy sends it no more within two seconds.
    Delete(Place),
    /// Seal everything under the newest master key, so that previous ones can go. A proxy that starts does the same.
    Reseal,
}

/// Whose credential, for what.
#[derive(Debug, Args)]
struct Place {
    /// Owner.
    #[arg(long, value_name = "TENANT")]
    tenant: TenantId,
    /// The name of the upstream that it is sent to; `default` is the one of `upstream_url`.
    #[arg(long, value_name = "UPSTREAM")]
    upstream: String,
}

/// The stores and keys that a command works with.
struct Work<'a> {
    access: &'a Access,
    vault: Option<Vault>,
    upstreams: Vec<String>,
}

impl Credentials {
    /// Does what is asked.
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let access = Access::open(config).await?;
        let done = match boot::vault(config) {
            Ok(vault) => {
                let work = Work { access: &access, vault, upstreams: boot::upstream_names(config) };
                match &self.what {
                    What::List { tenant } => self.list(&work, tenant.clone()).await,
                    What::Store(place) => self.store(&work, place).await,
                    What::Delete(place) => work.delete(place).await,
                    What::Reseal => work.reseal().await,
                }
            }
            Err(error) => Err(error),
        };
        access.close(done).await
    }

    async fn list(&self, work: &Work<'_>, tenant: Option<TenantId>) -> anyhow::Result<ExitCode> {
        let scope = tenant.map_or(TenantScope::All, TenantScope::One);
        let found = work.access.meta.credentials(&scope).await.context("reading credentials")?;
        if self.json {
            print_json(&CredentialList { items: found.iter().map(|it| work.view(it)).collect() })?;
            return Ok(ExitCode::SUCCESS);
        }
        let row = |it: &ProviderCredential| {
            let CredentialView { tenant_id, upstream, hint, state, updated_at, .. } = work.view(it);
            let state = match state {
                CredentialState::Usable => "usable",
                CredentialState::Unused => "unused",
                CredentialState::Unreadable => "unreadable",
            };
            let ends = hint.map_or_else(String::new, |hint| format!("…{hint}"));
            [
                tenant_id.to_string(),
                upstream,
                ends,
                state.to_owned(),
                it.sealed_with.to_string(),
                updated_at.to_string(),
            ]
        };
        print_table(
            ["TENANT", "UPSTREAM", "ENDS", "STATE", "SEALED UNDER", "STORED"],
            &found.iter().map(row).collect::<Vec<_>>(),
        );
        Ok(ExitCode::SUCCESS)
    }

    async fn store(&self, work: &Work<'_>, place: &Place) -> anyhow::Result<ExitCode> {
        let Place { tenant, upstream } = place;
        if !work.upstreams.contains(upstream) {
            bail!("--upstream: found {upstream:?}, expected one of {}", work.upstreams.join(", "));
        }
        let vault = work.vault()?;
        let secret = ProviderSecret::new(secret_input::credential()?).context("the credential on standard input")?;
        let (meta, now) = (&work.access.meta, work.access.clock.now());
        let before = work.find(place).await?;
        let after = vault.seal_over(before.as_ref(), tenant, upstream, secret.secret(), now)?;
        let replacing = before.as_ref().map_or(Replacing::Nothing, |before| Replacing::Version(before.version));
        match meta.put_credential(&after, replacing).await.context("storing the credential")? {
            Written::Done => {}
            Written::Full => bail!("there are {MAX_CREDENTIALS} credentials already"),
            Written::Changed | Written::Absent | Written::Taken | Written::Outside => {
                bail!("somebody else has changed it just now: try again");
            }
        }
        let (shown_before, shown) = (before.as_ref().map(|it| work.view(it)), work.view(&after));
        let target = format!("{tenant}/{upstream}");
        work.access.note("credentials.store", Some(tenant), &target, shown_before.as_ref(), Some(&shown)).await?;
        if self.json {
            print_json(&shown)?;
        } else {
            let done = if before.is_some() { "was put in the place of the former one" } else { "was stored" };
            println!("the credential of {tenant} for {upstream} {done}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Work<'_> {
    async fn delete(&self, place: &Place) -> anyhow::Result<ExitCode> {
        let Place { tenant, upstream } = place;
        let before = self.find(place).await?.with_context(|| format!("{tenant} has stored none for {upstream}"))?;
        let deleted = self.access.meta.delete_credential(tenant, upstream, before.version).await;
        match deleted.context("deleting the credential")? {
            Written::Done => {}
            Written::Changed | Written::Absent | Written::Full | Written::Taken | Written::Outside => {
                bail!("somebody else has changed it just now: try again");
            }
        }
        let target = format!("{tenant}/{upstream}");
        self.access.note("credentials.delete", Some(tenant), &target, Some(&self.view(&before)), None).await?;
        println!("the credential of {tenant} for {upstream} was deleted");
        Ok(ExitCode::SUCCESS)
    }

    async fn reseal(&self) -> anyhow::Result<ExitCode> {
        let resealed = reseal(self.access.meta.as_ref(), self.vault()?).await.context("sealing credentials")?;
        if let Some(after) = resealed.told() {
            let after: serde_json::Value = serde_json::from_str(&after).context("writing a line of the audit log")?;
            self.access.note("credentials.reseal", None, "", None, Some(&after)).await?;
        }
        println!(
            "{} credentials are sealed under the newest master key, {} were moved",
            resealed.sealed, resealed.moved
        );
        for why in &resealed.closed {
            eprintln!("{why}");
        }
        if resealed.crossed > 0 {
            eprintln!("{} were being changed by others: try again", resealed.crossed);
        }
        Ok(if resealed.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn find(&self, place: &Place) -> anyhow::Result<Option<ProviderCredential>> {
        self.access.meta.credential(&place.tenant, &place.upstream).await.context("reading the credential")
    }

    fn vault(&self) -> anyhow::Result<&Vault> {
        self.vault.as_ref().context("secrets.master_key is not set: processes that keep tenants on a server share one")
    }

    fn view(&self, credential: &ProviderCredential) -> CredentialView {
        CredentialView::of(credential, self.vault.as_ref(), &self.upstreams)
    }
}
