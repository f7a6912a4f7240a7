//! What `users`, `keys` and `tenants` share: the store of tenants, opened beside a proxy that may run; roles; tables; a line in
//! the audit log for every change.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use llmtrace_model::{AccessRole, Actor, AuditEntry, Grant, TenantId};
use llmtrace_store::MetaStore;
use serde::Serialize;

use super::store;
use crate::{clock::Clock, config::Config, tenancy::audit_entry};

/// The store that keeps who may do what.
pub(super) struct Access {
    pub(super) meta: Arc<dyn MetaStore>,
    pub(super) clock: Clock,
}

impl Access {
    /// Opens the store without making one or changing its schema.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        let meta = store::open_existing_meta(config, "ask its API").await?;
        Ok(Self { meta, clock: Clock::system() })
    }

    /// Closes the store, whatever came of the work with it.
    pub(super) async fn close<T>(self, done: anyhow::Result<T>) -> anyhow::Result<T> {
        let closed = self.meta.close().await.context("closing the store of tenants");
        let done = done?;
        closed?;
        Ok(done)
    }

    /// Writes down what was changed; `tenant` says in whose chain.
    pub(super) async fn note<T: Serialize>(
        &self,
        action: &str,
        tenant: Option<&TenantId>,
        target: &str,
        before: Option<&T>,
        after: Option<&T>,
    ) -> anyhow::Result<()> {
        let json =
            |it: Option<&T>| it.map(serde_json::to_string).transpose().context("writing a line of the audit log");
        let entry = AuditEntry {
            target: target.to_owned(),
            before: json(before)?,
            after: json(after)?,
            ..audit_entry(&self.clock, Actor::CommandLine, tenant.cloned(), action)
        };
        self.meta.append_audit(&[entry]).await.context("it is done, but the audit log could not be written")?;
        Ok(())
    }
}

/// What somebody gets.
#[derive(Debug, Args)]
pub(super) struct Reach {
    /// The tenant that they reach into.
    #[arg(long, value_name = "TENANT", requires = "role", conflicts_with = "platform")]
    tenant: Option<TenantId>,
    /// What they may do there.
    #[arg(long, value_enum, requires = "tenant")]
    role: Option<Role>,
    /// They administer the whole installation.
    #[arg(long)]
    platform: bool,
}

/// What somebody may do in a tenant; each may what the one before it may.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Role {
    /// Read.
    Viewer,
    /// Send through the proxy, save views, export.
    Operator,
    /// Change the tenant: keys, people, retention, erasures.
    Admin,
}

impl Reach {
    /// The grant that this is.
    pub(super) fn grant(&self) -> anyhow::Result<Grant> {
        match (&self.tenant, self.role, self.platform) {
            (Some(tenant), Some(role), false) => Ok(Grant::Tenant(tenant.clone(), role.of())),
            (None, None, true) => Ok(Grant::Platform),
            _ => bail!("found no role, expected --tenant with --role, or --platform"),
        }
    }
}

impl Role {
    fn of(self) -> AccessRole {
        match self {
            Self::Viewer => AccessRole::Viewer,
            Self::Operator => AccessRole::Operator,
            Self::Admin => AccessRole::Admin,
        }
    }
}

/// How a grant is shown.
pub(super) fn shown(grant: &Grant) -> String {
    match grant {
        Grant::Tenant(tenant, role) => format!("{tenant}:{}", role.as_str()),
        Grant::Platform => "platform".to_owned(),
    }
}

/// Prints one value as JSON.
pub(super) fn print_json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value).context("writing JSON")?);
    Ok(())
}

/// Prints rows below their heads, each column as wide as its widest cell.
pub(super) fn print_table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) {
    let heads = heads.map(str::to_owned);
    let all = || std::iter::once(&heads).chain(rows);
    let widths: Vec<usize> =
        (0..N).map(|n| all().map(|row| row[n].chars().count()).max().unwrap_or_default()).collect();
    for row in all() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
