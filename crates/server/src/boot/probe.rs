//! What only the world outside the configuration can tell: files, folders, stores, upstreams. Looks and changes nothing.

use std::path::Path;

use anyhow::{Context as _, bail};
use llmtrace_store::{Migrate, Options, Schema};
use rustix::fs::{Access, access};

use super::{redis, wiring};
use crate::{
    config::{Config, JournalMode},
    listen::Certificates,
};

/// What a setting names, and whether it is fit.
pub struct Finding {
    /// The setting.
    pub setting: String,
    /// What was found, in a few words.
    pub outcome: anyhow::Result<String>,
}

/// Looks at everything the configuration names.
pub async fn all(config: &Config) -> Vec<Finding> {
    let mut found = all_but_stores(config).await;
    let mut note = |setting: &str, outcome| found.push(Finding { setting: setting.to_owned(), outcome });
    note("storage.spans", spans(config).await);
    note("storage.meta", meta(config).await);
    note("storage.counters", counters(config).await);
    found
}

/// Looks at folders, files and upstreams.
pub(super) async fn all_but_stores(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut note = |setting: &str, outcome| found.push(Finding { setting: setting.to_owned(), outcome });
    note("storage.path", folder(&config.storage.path));
    if config.enable_trace_storage && config.journal.mode == JournalMode::Disk {
        note("journal.path", folder(&config.journal.path));
    }
    if let Some(path) = &config.prices.overrides {
        note("prices.overrides", wiring::prices(config).map(|_| format!("{} is read", path.display())));
    }
    if let Some((cert, key)) = config.tls.files() {
        let loaded = Certificates::load(cert, key).map(|_| format!("{} fits its key", cert.display()));
        note("tls", loaded.map_err(Into::into));
    }
    match wiring::upstreams(config) {
        Err(error) => note("upstreams", Err(error)),
        Ok(upstreams) => {
            for upstream in upstreams.all() {
                let reached = upstream.reach().await.map(|status| format!("{} answers ({status})", upstream.host()));
                let outcome = reached.map_err(|error| anyhow::anyhow!(error).context(upstream.host().to_owned()));
                note(&format!("upstream {}", upstream.name()), outcome);
            }
        }
    }
    found
}

/// A folder is fit when it, or what it will be made in, can be written.
fn folder(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let here = Path::new(".");
    let existing = path.ancestors().map(|p| if p.as_os_str().is_empty() { here } else { p }).find(|p| p.exists());
    let existing = existing.unwrap_or(here);
    if !existing.is_dir() {
        bail!("{} is no folder", existing.display());
    }
    access(existing, Access::WRITE_OK | Access::EXEC_OK)
        .with_context(|| format!("{} cannot be written", existing.display()))?;
    Ok(if existing == path { format!("{shown} can be written") } else { format!("{shown} will be made") })
}

async fn spans(config: &Config) -> anyhow::Result<String> {
    let (setting, url) = ("storage.spans", config.storage.spans.as_str());
    let (text, is_there) = schema(setting, url, config).await?;
    if is_there {
        let store = llmtrace_store::open_spans(setting, url, &untouched(config)?).await?;
        store.ping().await?;
        store.close().await?;
    }
    Ok(text)
}

async fn meta(config: &Config) -> anyhow::Result<String> {
    let (setting, url) = ("storage.meta", config.storage.meta.as_str());
    Ok(schema(setting, url, config).await?.0)
}

async fn counters(config: &Config) -> anyhow::Result<String> {
    let counters = &config.storage.counters;
    if counters.scheme() == "redis" {
        return redis::probe(config).await;
    }
    Ok(schema("storage.counters", counters.as_str(), config).await?.0)
}

/// Reads the schema of a store; says what it is, and whether the store can be opened as it is.
async fn schema(setting: &str, url: &str, config: &Config) -> anyhow::Result<(String, bool)> {
    let schema = llmtrace_store::schema(setting, url, &untouched(config)?).await?;
    let Schema { found, known } = schema;
    match (found, schema.is_current(), config.storage.auto_migrate) {
        (0, true, _) if schema.known == 0 => Ok((format!("{url} is in memory"), false)),
        (_, true, _) => Ok((format!("{url} has schema {found}"), true)),
        (0, false, true) => Ok((format!("{url} will be made"), false)),
        (_, false, true) => Ok((format!("{url} has schema {found}, the start brings it to {known}"), false)),
        (_, false, false) => {
            bail!(
                "{url} has schema {found}, expected {known}: run `llmtrace-proxy migrate`, or set storage.auto_migrate"
            )
        }
    }
}

fn untouched(config: &Config) -> anyhow::Result<Options> {
    Ok(Options { migrate: Migrate::Refuse, ..wiring::store_options(config)? })
}
