//! `audit export`: chains as lines of JSON, as `/api/v1/audit/chain` writes them.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{ArgGroup, Args};
use llmtrace_model::AuditHead;
use llmtrace_store::{MAX_AUDIT, MetaStore};

use super::{super::store::is_broken_pipe, Chain, Chains, head::written, name, open};
use crate::{api::view::AuditLine, config::Config};

/// Options of `audit export`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("one chain").args(["tenant", "installation"]))]
pub(super) struct Export {
    #[command(flatten)]
    chains: Chains,
    /// Only the records behind this one, of one chain: what was exported before ended with it.
    #[arg(long, value_name = "SEQ", requires = "one chain")]
    after: Option<u64>,
    /// File to write; else standard output. An existing file is not overwritten.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let meta = open(config).await?;
        let written = match &self.out {
            Some(path) => {
                let file = File::create_new(path).with_context(|| format!("--out: making {}", path.display()))?;
                self.write(meta.as_ref(), BufWriter::new(file)).await
            }
            None => self.write(meta.as_ref(), BufWriter::new(io::stdout())).await,
        };
        meta.close().await.context("closing the store of the log")?;
        match written {
            Ok(()) => {}
            // The reader, such as `head`, has what it wanted.
            Err(error) if is_broken_pipe(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn write(&self, meta: &dyn MetaStore, mut out: impl Write) -> anyhow::Result<()> {
        for chain in self.chains.in_store(meta).await? {
            let (records, head) = self.write_one(meta, &chain, &mut out).await?;
            match head {
                Some(head) => eprintln!("{}: {records} records, head {}", name(&chain), written(&chain, head)),
                None => eprintln!("{}: no records", name(&chain)),
            }
        }
        Ok(out.flush()?)
    }

    async fn write_one(
        &self,
        meta: &dyn MetaStore,
        chain: &Chain,
        out: &mut impl Write,
    ) -> anyhow::Result<(u64, Option<AuditHead>)> {
        let (mut place, mut records, mut head) = (self.after.unwrap_or(0), 0, None);
        let mut lines = Vec::new();
        loop {
            let page = meta.audit_chain(chain.as_ref(), place).await;
            let page = page.with_context(|| format!("reading the chain of {}", name(chain)))?;
            let is_last = page.len() < MAX_AUDIT;
            for record in page {
                (place, head) = (record.seq, Some(record.head()));
                records += 1;
                AuditLine::write(record, &mut lines);
            }
            out.write_all(&lines)?;
            lines.clear();
            if is_last {
                return Ok((records, head));
            }
        }
    }
}
