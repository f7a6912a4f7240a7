//! Putting an archive into stores: batch by batch, each stored before the next position is noted.

use std::{
    io::{Read, Seek},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use llmtrace_model::{ExchangeId, SpanRecord, TenantScope};
use llmtrace_store::{Error, ErrorKind, MetaStore, SpanStore};
use serde::{Deserialize, Serialize};

use super::{
    erased::Erasures,
    format::{Kind, Problem},
    meta::{self, Put},
    position::{Position, PositionFile},
    progress::Progress,
    reader::Reader,
    totals::{About, Totals},
};

/// A batch is written once it has so many spans, or so many bytes.
const BATCH_ROWS: usize = 10_000;
const BATCH_BYTES: usize = 16 << 20;
/// Pauses before a write is tried again, a minute in all.
const PAUSES_MS: [u64; 9] = [100, 400, 1500, 3000, 5000, 10_000, 10_000, 15_000, 15_000];

/// What became of the rows of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Done {
    /// Spans that the store took, or had.
    pub(super) spans: u64,
    /// Spans that an erasure of the store covers: passed over.
    pub(super) erased: u64,
    /// Spans that the store refused for good.
    pub(super) refused: u64,
    /// Views, retentions and erasures of which the store has its own: left as they are.
    pub(super) kept: u64,
    /// Views the store had no room for.
    pub(super) full: u64,
}

/// Where an archive goes.
pub(super) struct Target<'a> {
    pub(super) spans: &'a dyn SpanStore,
    pub(super) meta: &'a dyn MetaStore,
    /// As the settings name them.
    pub(super) names: [String; 2],
    pub(super) position: PositionFile,
}

/// Reads an archive that was walked, from the position of an earlier import on, and stores what it holds.
pub(super) async fn load<R: Read + Seek>(
    reader: Reader<R>,
    about: &About,
    target: Target<'_>,
    file_bytes: u64,
) -> anyhow::Result<(Totals, Done)> {
    let mut load = Load::begin(reader, about, target).await?;
    let mut progress = Progress::start(load.reader.place().0);
    let mut erasures = Erasures::of(load.target.meta).await?;
    loop {
        let block = load.reader.next()?;
        match block.kind {
            Kind::About => {}
            Kind::Meta => {
                for row in block.values()? {
                    load.put(row).await?;
                }
                erasures = Erasures::of(load.target.meta).await?;
            }
            Kind::Spans => {
                for record in block.spans()? {
                    load.add(record, &erasures);
                }
                load.batch_bytes += block.bytes();
                if load.batch.len() >= BATCH_ROWS || load.batch_bytes >= BATCH_BYTES {
                    load.store().await?;
                }
                let at = load.reader.place().0;
                progress.at(load.read.spans, at, at, file_bytes);
            }
            Kind::End => {
                load.store().await?;
                let said: Totals = block.one()?;
                if said != load.read {
                    return Err(Problem::Counts { said: said.to_string(), found: load.read.to_string() }.into());
                }
                load.target.position.remove()?;
                return Ok((load.read, load.done));
            }
        }
    }
}

struct Load<'a, R> {
    reader: Reader<R>,
    archive: ExchangeId,
    target: Target<'a>,
    read: Totals,
    done: Done,
    batch: Vec<Arc<SpanRecord>>,
    batch_bytes: usize,
    /// The last span that was stored.
    stored: Option<ExchangeId>,
}

impl<'a, R: Read + Seek> Load<'a, R> {
    async fn begin(mut reader: Reader<R>, about: &About, target: Target<'a>) -> anyhow::Result<Self> {
        let (mut read, mut done, mut stored) = (Totals::default(), Done::default(), None);
        if let Some(position) = target.position.read().filter(|position| position.archive == about.id) {
            if target.knows(&position).await? {
                eprintln!("an earlier import was stopped: going on behind {} spans", position.read.spans);
                reader.go_to(position.at, position.number).map_err(Problem::Io)?;
                (read, done, stored) = (position.read, position.done, position.stored);
            } else {
                eprintln!("an earlier import went to another store: beginning anew");
            }
        }
        Ok(Self { reader, archive: about.id, target, read, done, batch: Vec::new(), batch_bytes: 0, stored })
    }

    async fn put(&mut self, row: meta::MetaRow) -> anyhow::Result<()> {
        self.read.add_meta(&row);
        match meta::put(self.target.meta, row).await? {
            Put::Done => {}
            Put::Kept => self.done.kept += 1,
            Put::Full => self.done.full += 1,
        }
        Ok(())
    }

    fn add(&mut self, record: SpanRecord, erasures: &Erasures) {
        self.read.add(&record);
        if erasures.cover(&record.span) {
            self.done.erased += 1;
        } else {
            self.batch.push(Arc::new(record));
        }
    }

    /// Stores the batch, and notes that everything read so far is.
    async fn store(&mut self) -> anyhow::Result<()> {
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        match self.write(&batch).await {
            Ok(()) => {
                self.done.spans += batch.len() as u64;
                self.stored = batch.last().map(|record| record.span.exchange_id).or(self.stored);
            }
            // One row spoils its batch: its neighbours go one by one.
            Err(error) if error.kind == ErrorKind::Rejected => self.write_each(&batch).await?,
            Err(error) => return Err(error).context("storing spans (run it again: it goes on where it stopped)"),
        }
        let (at, number) = self.reader.place();
        self.target.position.write(&Position {
            archive: self.archive,
            stores: self.target.names.clone(),
            at,
            number,
            stored: self.stored,
            read: self.read,
            done: self.done,
        })
    }

    async fn write_each(&mut self, batch: &[Arc<SpanRecord>]) -> anyhow::Result<()> {
        for record in batch {
            match self.write(std::slice::from_ref(record)).await {
                Ok(()) => {
                    self.done.spans += 1;
                    self.stored = Some(record.span.exchange_id);
                }
                Err(error) if error.kind == ErrorKind::Rejected => {
                    self.done.refused += 1;
                    eprintln!("exchange {} was refused: {}", record.span.exchange_id, error.source);
                }
                Err(error) => return Err(error).context("storing spans (run it again: it goes on where it stopped)"),
            }
        }
        Ok(())
    }

    async fn write(&self, batch: &[Arc<SpanRecord>]) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut pauses = PAUSES_MS.into_iter();
        loop {
            let error = match self.target.spans.write(batch).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            match pauses.next() {
                Some(ms) if error.kind.is_retryable() => tokio::time::sleep(Duration::from_millis(ms)).await,
                Some(_) | None => return Err(error),
            }
        }
    }
}

impl Target<'_> {
    /// Says whether what stands before a position is in these stores.
    async fn knows(&self, position: &Position) -> anyhow::Result<bool> {
        if position.stores != self.names {
            return Ok(false);
        }
        let Some(id) = position.stored else { return Ok(true) };
        Ok(self.spans.exchange(&TenantScope::All, id).await.context("looking for the last span stored")?.is_some())
    }
}

/// Reads the whole archive and stores nothing: every check holds, every row is understood, and the counts agree.
pub(super) fn check<R: Read + Seek>(mut reader: Reader<R>) -> anyhow::Result<Totals> {
    let mut read = Totals::default();
    loop {
        let block = reader.next()?;
        match block.kind {
            Kind::About => {}
            Kind::Meta => block.values()?.iter().for_each(|row| read.add_meta(row)),
            Kind::Spans => block.spans()?.iter().for_each(|record| read.add(record)),
            Kind::End => {
                let said: Totals = block.one()?;
                if said != read {
                    bail!(Problem::Counts { said: said.to_string(), found: read.to_string() });
                }
                return Ok(read);
            }
        }
    }
}
