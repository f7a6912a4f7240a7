//! `audit verify`: walks chains, from the store or from a file, and says of each whether it is what was written.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Read as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use llmtrace_model::{AuditHead, AuditRecord};
use llmtrace_store::{ErrorKind, MAX_AUDIT, MetaStore};

use super::{
    super::WRONG_USAGE,
    Chain, Chains,
    head::{Kept, written},
    name, open,
    walk::{Lost, Walk},
};
use crate::{api::view::AuditLine, config::Config};

/// The longest line of a file: longer than any record.
const MAX_LINE: u64 = 64 * 1024 * 1024;

/// Options of `audit verify`.
#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    chains: Chains,
    /// The end of a chain that was kept elsewhere (`[TENANT:]SEQ:HASH`): it must still be in the chain. May be repeated.
    #[arg(long, value_name = "HEAD")]
    head: Vec<Kept>,
    /// Chains that were exported, instead of the store; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// What was walked.
struct Walked {
    walks: BTreeMap<Chain, Walk>,
    /// What in a file is no record.
    stumbled: Option<String>,
}

impl Verify {
    /// Checks and prints what was found; the exit code is 1 where something is not as it was.
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        if let Some(one) = self.chains.one()
            && let Some(other) = self.head.iter().filter_map(|kept| kept.chain.as_ref()).find(|chain| **chain != one)
        {
            eprintln!("llmtrace-proxy: --head is of {}, but {} is to be verified", name(other), name(&one));
            return Ok(ExitCode::from(WRONG_USAGE));
        }
        let walked = match &self.file {
            Some(file) => self.of_file(file)?,
            None => {
                let meta = open(config).await?;
                let walked = self.of_store(meta.as_ref()).await;
                meta.close().await.context("closing the store of the log")?;
                walked?
            }
        };
        let mut is_whole = tell(&walked);
        for kept in &self.head {
            is_whole &= self.tell_kept(kept, &walked);
        }
        Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// A walk along a chain, which looks for the ends that may be its own.
    fn walk(&self, chain: &Chain) -> Walk {
        let own = self.head.iter().filter(|kept| kept.chain.as_ref().is_none_or(|of| of == chain));
        Walk::new(own.map(|kept| kept.head))
    }

    async fn of_store(&self, meta: &dyn MetaStore) -> anyhow::Result<Walked> {
        let mut walks = BTreeMap::new();
        for chain in self.chains.in_store(meta).await? {
            let mut walk = self.walk(&chain);
            while walk.broken().is_none() {
                match meta.audit_chain(chain.as_ref(), walk.place()).await {
                    Ok(page) => {
                        page.iter().for_each(|record| walk.take(record));
                        if page.len() < MAX_AUDIT {
                            break;
                        }
                    }
                    Err(error) if error.kind == ErrorKind::Corrupt => walk.stumble(error.source.to_string()),
                    Err(error) => return Err(error).with_context(|| format!("reading the chain of {}", name(&chain))),
                }
            }
            walks.insert(chain, walk);
        }
        Ok(Walked { walks, stumbled: None })
    }

    fn of_file(&self, path: &PathBuf) -> anyhow::Result<Walked> {
        let shown = path.display();
        let mut from: Box<dyn BufRead> = if path.as_os_str() == "-" {
            Box::new(io::stdin().lock())
        } else {
            Box::new(BufReader::new(File::open(path).with_context(|| format!("--file: opening {shown}"))?))
        };
        let mut walks: BTreeMap<Chain, Walk> =
            self.chains.one().map(|one| (one.clone(), self.walk(&one))).into_iter().collect();
        let mut number = 0_u64;
        while let Some(record) = next(&mut from).with_context(|| format!("--file: reading {shown}"))? {
            number += 1;
            let record = match record {
                Ok(record) => record,
                Err(why) => {
                    let stumbled = Some(format!("line {number} of {shown} is no record: {why}"));
                    return Ok(Walked { walks, stumbled });
                }
            };
            let chain = &record.entry.tenant;
            if self.chains.one().is_none_or(|one| one == *chain) {
                walks.entry(chain.clone()).or_insert_with(|| self.walk(chain)).take(&record);
            }
        }
        Ok(Walked { walks, stumbled: None })
    }

    /// Says whether an end that was kept is still there, and returns it.
    fn tell_kept(&self, kept: &Kept, walked: &Walked) -> bool {
        let Kept { chain, head } = kept;
        let AuditHead { seq, .. } = *head;
        let own = || walked.walks.iter().filter(|(of, _)| chain.as_ref().is_none_or(|chain| chain == *of));
        if let Some((of, _)) = own().find(|(_, walk)| walk.lost(*head).is_none()) {
            println!("{}: record {seq} is the one whose hash was kept", name(of));
            return true;
        }
        let called = chain.as_ref().or(self.chains.one().as_ref()).map(name);
        let why = match (own().next(), own().nth(1)) {
            (Some((_, walk)), None) => walk.lost(*head).map(|lost| lost.to_string()),
            (None, _) => Some(Lost::Cut { end: 0 }.to_string()),
            (Some(_), Some(_)) => None,
        };
        let why = why.unwrap_or_else(|| "no chain has it: say whose it is, as TENANT:SEQ:HASH".to_owned());
        println!(
            "{}: record {seq} with the hash that was kept is not there: {why}",
            called.as_deref().unwrap_or("all chains")
        );
        false
    }
}

/// The next record of a file; the inner error says why what stands there is none.
fn next(from: &mut impl BufRead) -> io::Result<Option<Result<AuditRecord, String>>> {
    let mut line = String::new();
    match from.take(MAX_LINE).read_line(&mut line) {
        Ok(0) => Ok(None),
        Ok(_) => Ok(Some(AuditLine::read(&line).map_err(|error| error.to_string()))),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Some(Err(error.to_string()))),
        Err(error) => Err(error),
    }
}

/// Says of each chain what was found, and returns whether all are whole.
fn tell(Walked { walks, stumbled }: &Walked) -> bool {
    for (chain, walk) in walks {
        let (name, records) = (name(chain), walk.records());
        match walk.broken() {
            Some(found) => println!("{name}: broken behind {records} whole records: {found}"),
            None if records == 0 => println!("{name}: no records"),
            None => println!("{name}: {records} records, whole; head {}", written(chain, walk.head())),
        }
    }
    if let Some(stumbled) = stumbled {
        println!("{stumbled}");
    }
    if walks.is_empty() && stumbled.is_none() {
        println!("no chain has a record");
    }
    stumbled.is_none() && walks.values().all(|walk| walk.broken().is_none())
}
