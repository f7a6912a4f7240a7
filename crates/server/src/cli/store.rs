//! `migrate` and `export`: commands that open the store themselves.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use llmtrace_model::{PageRequest, SpanFilter, TenantId, TenantScope};
use llmtrace_store::{MetaStore, Migrate, Options, SpanStore};

use super::archive::{self, Start};
use crate::{
    api::{self, Part, Writer},
    boot,
    config::{Config, StoreUrl},
};

/// Rows read at once: each may carry a body of `capture.max_bytes` each way.
const PAGE_ROWS: u32 = 64;

/// Brings the schema of every store up to date, and says what it was.
pub(super) async fn migrate(config: &Config) -> anyhow::Result<ExitCode> {
    let storage = &config.storage;
    let mut done: Vec<&str> = Vec::new();
    for (setting, url) in [("storage.spans", &storage.spans), ("storage.meta", &storage.meta)] {
        if done.contains(&url.as_str()) {
            continue;
        }
        done.push(url.as_str());
        if let Some(folder) = sqlite_folder(url.as_str()) {
            std::fs::create_dir_all(&folder).with_context(|| format!("{setting}: making {}", folder.display()))?;
        }
        let schema = llmtrace_store::migrate(setting, url.as_str(), &boot::store_options(config)?).await?;
        match (schema.known, schema.is_current()) {
            (0, _) => println!("{setting}: {url} has no schema"),
            (known, true) => println!("{setting}: {url} has schema {known} already"),
            (known, false) => println!("{setting}: {url} went from schema {} to {known}", schema.found),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder of an SQLite file, where the URL names one.
fn sqlite_folder(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    PathBuf::from(path).parent().filter(|folder| !folder.as_os_str().is_empty()).map(PathBuf::from)
}

/// Options of `export`.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// Form of the output.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// File to write; else standard output. An existing file is not overwritten.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only the spans of this tenant; else of all.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// Go on with an archive whose export was stopped.
    #[arg(long)]
    resume: bool,
}

/// Form of an export, newest first; all but the archive are what `/api/v1/export` writes.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values, one span a line.
    Csv,
    /// One Apache Parquet file.
    Parquet,
    /// Everything, for `import`: content, bytes as they passed, versions; tenants, views, retentions, erasures.
    Archive,
}

impl Export {
    /// Writes every stored span.
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let format = match self.format {
            Format::Jsonl => api::Format::Jsonl,
            Format::Csv => api::Format::Csv,
            Format::Parquet => api::Format::Parquet,
            Format::Archive => return self.archive(config).await,
        };
        if self.resume {
            bail!("--resume: only an archive goes on, expected --format archive");
        }
        let spans = open_existing(config, "ask its /api/v1/export").await?;
        let written = match &self.out {
            Some(path) => {
                let file = File::create_new(path).with_context(|| format!("--out: making {}", path.display()))?;
                self.write(format, spans.as_ref(), BufWriter::new(file)).await
            }
            None => self.write(format, spans.as_ref(), BufWriter::new(io::stdout())).await,
        };
        spans.close().await.context("closing the span store")?;
        match written {
            Ok(rows) => eprintln!("{rows} spans"),
            // The reader, such as `head`, has what it wanted.
            Err(error) if is_broken_pipe(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn archive(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let Some(path) = &self.out else { bail!("--out: found nothing, expected the file of the archive") };
        let start = if self.resume { Start::Resume } else { Start::Anew };
        let spans = open_existing(config, "its spans end with it").await?;
        let meta = boot::open_meta(config).await?;
        let written = archive::export(spans.as_ref(), meta.as_ref(), &self.scope(), path, start).await;
        spans.close().await.context("closing the span store")?;
        meta.close().await.context("closing the store of tenants")?;
        eprintln!("{}", written?);
        Ok(ExitCode::SUCCESS)
    }

    fn scope(&self) -> TenantScope {
        self.tenant.clone().map_or(TenantScope::All, TenantScope::One)
    }

    async fn write(&self, format: api::Format, spans: &dyn SpanStore, mut out: impl Write) -> anyhow::Result<usize> {
        let scope = self.scope();
        let mut writer = Writer::new(format, Part::First)?;
        let (mut page, mut rows) = (PageRequest::first(PAGE_ROWS), 0);
        loop {
            let read = spans.list_records(&scope, &SpanFilter::default(), &page).await.context("reading spans")?;
            rows += read.items.len();
            out.write_all(&writer.rows(read.items)?)?;
            let Some(after) = read.next else { break };
            page.after = Some(after);
        }
        out.write_all(&writer.end()?)?;
        out.flush()?;
        Ok(rows)
    }
}

pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Opens the span store without making one or changing its schema; `of_memory` says what to do where it lives in the proxy.
pub(super) async fn open_existing(config: &Config, of_memory: &str) -> anyhow::Result<Arc<dyn SpanStore>> {
    let (setting, url) = ("storage.spans", &config.storage.spans);
    let options = of_existing(config, setting, url, of_memory).await?;
    boot::heard(config, llmtrace_store::open_spans(setting, url.as_str(), &options).await?).await
}

/// The same for the store of everything that is no span.
pub(super) async fn open_existing_meta(config: &Config, of_memory: &str) -> anyhow::Result<Arc<dyn MetaStore>> {
    let (setting, url) = ("storage.meta", &config.storage.meta);
    let options = of_existing(config, setting, url, of_memory).await?;
    Ok(llmtrace_store::open_meta(setting, url.as_str(), &options).await?)
}

/// What opens a store that is there.
async fn of_existing(
    config: &Config,
    setting: &'static str,
    url: &StoreUrl,
    of_memory: &str,
) -> anyhow::Result<Options> {
    if url.scheme() == "memory" {
        bail!("{setting} is {url}, which lives in the running proxy: {of_memory}");
    }
    let options = Options { migrate: Migrate::Refuse, ..boot::store_options(config)? };
    if llmtrace_store::schema(setting, url.as_str(), &options).await?.found == 0 {
        bail!("{setting}: there is no store at {url} yet: start the proxy once, or run `llmtrace-proxy migrate`");
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_store_is_found_in_its_url() {
        assert_eq!(sqlite_folder("sqlite:/a/b.db"), Some("/a".into()));
        assert_eq!(sqlite_folder("sqlite:///a/b.db"), Some("/a".into()));
        assert_eq!(sqlite_folder("sqlite:b.db"), None);
        assert_eq!(sqlite_folder("memory:"), None);
    }
}
