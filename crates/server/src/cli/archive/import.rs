//! `import`: puts an archive into the stores of the configuration.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::Args;
use llmtrace_model::{SpanFilter, TenantScope};
use llmtrace_store::{MetaStore, SpanStore};

use super::{
    format::Kind,
    load::{self, Done, Target},
    position::PositionFile,
    reader::Reader,
    totals::{About, Totals},
};
use crate::{boot, config::Config};

/// Options of `import`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// Archive to read: what `export --format archive` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Read all of it, store nothing.
    #[arg(long)]
    check: bool,
}

impl Import {
    /// Stores everything of the archive that the stores do not have.
    pub(in crate::cli) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        if self.check {
            let (reader, _, _) = open(&self.file)?;
            let totals = load::check(reader).with_context(|| self.file.display().to_string())?;
            println!("{} is whole: {totals}", self.file.display());
            return Ok(ExitCode::SUCCESS);
        }
        let storage = &config.storage;
        for (setting, url) in [("storage.spans", &storage.spans), ("storage.meta", &storage.meta)] {
            if url.scheme() == "memory" {
                bail!("{setting} is {url}, which lives in the running proxy: import into another profile");
            }
        }
        // Before a store is made: a file that cannot be used leaves nothing behind.
        open(&self.file)?;
        let spans = boot::heard(config, boot::open_spans(config).await?).await?;
        let meta = boot::open_meta(config).await?;
        let names = [storage.spans.to_string(), storage.meta.to_string()];
        let before = spans.count(&TenantScope::All, &SpanFilter::default()).await.context("counting spans")?;
        let imported = import(&self.file, spans.as_ref(), meta.as_ref(), names, &storage.path).await;
        let after = spans.count(&TenantScope::All, &SpanFilter::default()).await;
        spans.close().await.context("closing the span store")?;
        meta.close().await.context("closing the store of tenants")?;
        let (totals, done) = imported?;
        println!("read: {totals}");
        println!("the span store had {before} spans and has {} now", after.context("counting spans")?);
        Ok(tell(&done))
    }
}

/// Says what did not go the usual way.
fn tell(done: &Done) -> ExitCode {
    let Done { spans: _, erased, refused, kept, full } = done;
    for (count, what) in [
        (erased, "spans were erased here and stay so"),
        (kept, "views, retentions or erasures are there already and stay as they are"),
        (full, "views found no room"),
        (refused, "spans were refused by the store"),
    ] {
        if *count > 0 {
            println!("{count} {what}");
        }
    }
    if *refused > 0 || *full > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Stores everything of an archive; `folder` is where its position is kept until it is done.
pub(super) async fn import(
    file: &Path,
    spans: &dyn SpanStore,
    meta: &dyn MetaStore,
    names: [String; 2],
    folder: &Path,
) -> anyhow::Result<(Totals, Done)> {
    let (reader, about, bytes) = open(file)?;
    let target = Target { spans, meta, names, position: PositionFile::of(about.id, folder)? };
    load::load(reader, &about, target, bytes).await.with_context(|| file.display().to_string())
}

/// Opens an archive, and refuses one that is not whole as far as its heads tell.
fn open(path: &Path) -> anyhow::Result<(Reader<BufReader<File>>, About, u64)> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let bytes = file.metadata()?.len();
    let read = || -> anyhow::Result<_> {
        let mut reader = Reader::open(BufReader::new(file))?;
        reader.walk()?;
        let about = reader.next()?;
        if about.kind != Kind::About {
            bail!("does not begin with what it is: it is no archive of this program");
        }
        Ok((reader, about.one()?))
    };
    let (reader, about) = read().with_context(|| path.display().to_string())?;
    Ok((reader, about, bytes))
}
