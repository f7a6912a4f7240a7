//! Writes an archive, block by block.

use std::io::{self, Write};

use anyhow::{Context as _, bail};
use llmtrace_model::SpanRecord;
use serde::Serialize;
use zstd::bulk::Compressor;

use super::{
    format::{BlockHead, Kind, MAX_BLOCK_BYTES, file_head},
    meta::MetaRow,
    row,
    totals::{About, Totals},
};

/// A block is closed once its rows are this long: few enough to hold, enough to pack well.
const BLOCK_BYTES: usize = 4 << 20;
/// zstd's default level: a disk is slower.
const LEVEL: i32 = 3;

/// An archive that is being written.
pub(super) struct Writer<W> {
    out: W,
    at: u64,
    number: u64,
    kind: Kind,
    rows: u32,
    plain: Vec<u8>,
    packed: Vec<u8>,
    zstd: Compressor<'static>,
    totals: Totals,
}

impl<W: Write> Writer<W> {
    /// Begins an archive.
    pub(super) fn begin(mut out: W, about: &About) -> anyhow::Result<Self> {
        let head = file_head();
        out.write_all(&head)?;
        let mut writer = Self::resume(out, head.len() as u64, 0, Totals::default())?;
        writer.row(Kind::About, about)?;
        Ok(writer)
    }

    /// Goes on behind what is there: so many bytes, so many blocks, which add up to that.
    pub(super) fn resume(out: W, at: u64, number: u64, totals: Totals) -> io::Result<Self> {
        let mut zstd = Compressor::new(LEVEL)?;
        zstd.include_checksum(false)?;
        let (plain, packed) = (Vec::new(), Vec::new());
        Ok(Self { out, at, number, kind: Kind::About, rows: 0, plain, packed, zstd, totals })
    }

    /// Adds something that is no span; before all spans.
    pub(super) fn meta(&mut self, meta: &MetaRow) -> anyhow::Result<()> {
        self.totals.add_meta(meta);
        self.row(Kind::Meta, meta)
    }

    /// Adds a span.
    pub(super) fn span(&mut self, record: SpanRecord) -> anyhow::Result<()> {
        self.totals.add(&record);
        self.turn_to(Kind::Spans)?;
        let id = record.span.exchange_id;
        row::write(record, &mut self.plain).with_context(|| format!("writing exchange {id}"))?;
        self.added().with_context(|| format!("writing exchange {id}"))
    }

    /// Ends the archive with what it adds up to; everything is written when this returns.
    pub(super) fn end(mut self) -> anyhow::Result<(W, Totals)> {
        let totals = self.totals;
        self.row(Kind::End, &totals)?;
        self.flush()?;
        self.out.flush()?;
        Ok((self.out, totals))
    }

    /// Bytes written so far.
    pub(super) fn bytes(&self) -> u64 {
        self.at
    }

    /// What is written, or about to be.
    pub(super) fn totals(&self) -> &Totals {
        &self.totals
    }

    fn row(&mut self, kind: Kind, value: &impl Serialize) -> anyhow::Result<()> {
        self.turn_to(kind)?;
        row::write_json(value, &mut self.plain)?;
        self.added()
    }

    fn turn_to(&mut self, kind: Kind) -> anyhow::Result<()> {
        if self.kind != kind {
            self.flush()?;
            self.kind = kind;
        }
        Ok(())
    }

    fn added(&mut self) -> anyhow::Result<()> {
        self.rows += 1;
        if self.plain.len() > MAX_BLOCK_BYTES {
            bail!("a row of {} bytes is more than an archive holds", self.plain.len());
        }
        if self.plain.len() >= BLOCK_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(self.plain.len()));
        self.zstd.compress_to_buffer(&self.plain, &mut self.packed)?;
        let head = BlockHead {
            kind: self.kind,
            rows: self.rows,
            number: self.number,
            plain_bytes: u32::try_from(self.plain.len())?,
            packed_bytes: u32::try_from(self.packed.len())?,
            check: crc32fast::hash(&self.packed),
        };
        self.out.write_all(&head.encode())?;
        self.out.write_all(&self.packed)?;
        self.at += head.block_bytes();
        self.number += 1;
        self.rows = 0;
        self.plain.clear();
        // Gives back what one huge row made the buffers grow to.
        self.plain.shrink_to(2 * BLOCK_BYTES);
        self.packed.shrink_to(2 * BLOCK_BYTES);
        Ok(())
    }
}
