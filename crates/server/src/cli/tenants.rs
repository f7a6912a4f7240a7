//! `tenants`: lists tenants, and makes one before it sends anything.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use llmtrace_model::TenantId;
use llmtrace_store::Tenant;

use super::access::{Access, print_json, print_table};
use crate::{
    api::view::{TenantList, TenantView},
    config::Config,
};

/// Options of `tenants`.
#[derive(Debug, Args)]
pub(super) struct Tenants {
    #[command(subcommand)]
    what: What,
    /// Print JSON, as the API has it.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the tenants that were seen or made.
    List,
    /// Make a tenant; one that is there stays as it is.
    Create {
        /// Its name: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit.
        tenant: TenantId,
    },
}

impl Tenants {
    /// Does what is asked.
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let access = Access::open(config).await?;
        let done = match &self.what {
            What::List => self.list(&access).await,
            What::Create { tenant } => self.create(&access, tenant).await,
        };
        access.close(done).await?;
        Ok(ExitCode::SUCCESS)
    }

    async fn list(&self, access: &Access) -> anyhow::Result<()> {
        let found = access.meta.tenants().await.context("reading tenants")?;
        if self.json {
            let items = found.into_iter().map(TenantView::from).collect();
            return print_json(&TenantList { items, next: None });
        }
        let row = |it: Tenant| [it.id.to_string(), it.first_seen.to_string(), it.last_seen.to_string()];
        print_table(["TENANT", "FIRST SEEN", "LAST SEEN"], &found.into_iter().map(row).collect::<Vec<_>>());
        Ok(())
    }

    async fn create(&self, access: &Access, tenant: &TenantId) -> anyhow::Result<()> {
        let found = access.meta.tenants().await.context("reading tenants")?;
        let there = found.into_iter().find(|it| it.id == *tenant);
        let is_new = there.is_none();
        let now = access.clock.now();
        let made = there.unwrap_or_else(|| Tenant { id: tenant.clone(), first_seen: now, last_seen: now });
        let view = TenantView::from(made);
        if is_new {
            access.meta.touch_tenants(&[(tenant.clone(), now)]).await.context("making the tenant")?;
            access.note("tenants.create", Some(tenant), tenant.as_str(), None, Some(&view)).await?;
        }
        if self.json {
            return print_json(&view);
        }
        println!("tenant {tenant} {}", if is_new { "was made" } else { "is there already" });
        Ok(())
    }
}
