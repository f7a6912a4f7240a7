//! `audit`: who did what, a chain of it as a file, and whether it is still what was written.

mod export;
mod head;
mod list;
mod verify;
mod walk;

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use llmtrace_model::TenantId;
use llmtrace_store::MetaStore;

use super::store;
use crate::config::Config;

/// Options of `audit`.
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print what was done, the latest first.
    List(list::List),
    /// Write chains, one JSON object a line: for `verify --file`, here or elsewhere.
    Export(export::Export),
    /// Check that nothing in a chain was changed, taken out, put in or moved since it was written.
    Verify(verify::Verify),
}

/// Which chains are meant; all where nothing is said.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Chains {
    /// The chain of this tenant, which need not exist any more.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// The chain of the installation: what belongs to no tenant.
    #[arg(long)]
    installation: bool,
    /// Every chain there is; the default.
    #[arg(long)]
    all: bool,
}

/// The chain of a tenant, or with `None` that of the installation.
type Chain = Option<TenantId>;

impl Audit {
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        match &self.what {
            What::List(list) => list.run(config).await,
            What::Export(export) => export.run(config).await,
            What::Verify(verify) => verify.run(config).await,
        }
    }
}

impl Chains {
    /// The one chain that is meant; `None` for all.
    fn one(&self) -> Option<Chain> {
        match (&self.tenant, self.installation) {
            (Some(tenant), _) => Some(Some(tenant.clone())),
            (None, true) => Some(None),
            (None, false) => None,
        }
    }

    /// Every chain that is meant.
    async fn in_store(&self, meta: &dyn MetaStore) -> anyhow::Result<Vec<Chain>> {
        if let Some(one) = self.one() {
            return Ok(vec![one]);
        }
        let heads = meta.audit_heads().await.context("reading the ends of the chains")?;
        if heads.len() >= llmtrace_store::MAX_CHAINS {
            eprintln!("llmtrace-proxy: there may be more than {} chains: name others with --tenant", heads.len());
        }
        Ok(heads.into_iter().map(|(chain, _)| chain).collect())
    }
}

/// How a chain is called in what is printed.
fn name(chain: &Chain) -> String {
    chain.as_ref().map_or_else(|| "installation".to_owned(), |tenant| format!("tenant {tenant}"))
}

/// Opens the store of the log without making one or changing its schema.
async fn open(config: &Config) -> anyhow::Result<Arc<dyn MetaStore>> {
    store::open_existing_meta(config, "ask its /api/v1/audit").await
}
