//! Reads an archive, block by block, and believes nothing that its checks do not confirm.

use std::io::{self, Read, Seek, SeekFrom};

use llmtrace_model::SpanRecord;
use serde::de::DeserializeOwned;
use zstd::bulk::Decompressor;

use super::{
    format::{BLOCK_HEAD_BYTES, BlockHead, FILE_HEAD_BYTES, Kind, Problem, check_file_head},
    row,
};

/// An archive that is being read.
pub(super) struct Reader<R> {
    from: R,
    at: u64,
    number: u64,
}

/// One block whose checks hold.
pub(super) struct Block {
    pub(super) kind: Kind,
    rows: u32,
    at: u64,
    plain: Vec<u8>,
}

impl<R: Read + Seek> Reader<R> {
    /// Reads the head of the file.
    pub(super) fn open(mut from: R) -> Result<Self, Problem> {
        from.seek(SeekFrom::Start(0))?;
        let mut head = [0; FILE_HEAD_BYTES];
        match fill(&mut from, &mut head)? {
            Filled::Whole => check_file_head(&head)?,
            Filled::Part(bytes) => return Err(Problem::Cut { at: bytes }),
        }
        Ok(Self { from, at: FILE_HEAD_BYTES as u64, number: 0 })
    }

    /// Goes on at a place that was behind a block before.
    pub(super) fn go_to(&mut self, at: u64, number: u64) -> io::Result<()> {
        (self.at, self.number) = (self.from.seek(SeekFrom::Start(at))?, number);
        Ok(())
    }

    /// Where the next block begins, and its number.
    pub(super) fn place(&self) -> (u64, u64) {
        (self.at, self.number)
    }

    /// Looks at the heads of all blocks, so that a file that is cut is known before anything of it is used.
    pub(super) fn walk(&mut self) -> Result<(), Problem> {
        let place = self.place();
        loop {
            let head = self.head()?;
            let end = self.at + head.block_bytes();
            if self.from.seek(SeekFrom::End(0))? < end {
                return Err(Problem::Cut { at: self.at });
            }
            self.go_to(end, head.number + 1)?;
            if head.kind == Kind::End {
                break;
            }
        }
        if fill(&mut self.from, &mut [0])? == Filled::Whole {
            return Err(Problem::Trailing { at: self.at });
        }
        Ok(self.go_to(place.0, place.1)?)
    }

    /// The next block.
    pub(super) fn next(&mut self) -> Result<Block, Problem> {
        let head = self.head()?;
        let at = self.at;
        // Grows with what is there: the length is believed only as far as the file goes.
        let mut packed = Vec::new();
        let bytes = u64::from(head.packed_bytes);
        if (&mut self.from).take(bytes).read_to_end(&mut packed)? as u64 != bytes {
            return Err(Problem::Cut { at });
        }
        if crc32fast::hash(&packed) != head.check {
            return Err(Problem::Damaged { at });
        }
        let plain = Decompressor::new()?.decompress(&packed, head.plain_bytes as usize);
        let plain = plain.map_err(|_| Problem::Damaged { at })?;
        (self.at, self.number) = (at + head.block_bytes(), head.number + 1);
        Ok(Block { kind: head.kind, rows: head.rows, at, plain })
    }

    fn head(&mut self) -> Result<BlockHead, Problem> {
        let mut bytes = [0; BLOCK_HEAD_BYTES];
        match fill(&mut self.from, &mut bytes)? {
            Filled::Part(_) => Err(Problem::Cut { at: self.at }),
            Filled::Whole => BlockHead::decode(&bytes)
                .filter(|head| head.number == self.number)
                .ok_or(Problem::Damaged { at: self.at }),
        }
    }
}

impl Block {
    /// How long its rows are.
    pub(super) fn bytes(&self) -> usize {
        self.plain.len()
    }

    /// Its spans.
    pub(super) fn spans(&self) -> Result<Vec<SpanRecord>, Problem> {
        self.each(row::read)
    }

    /// Its rows that are no spans.
    pub(super) fn values<T: DeserializeOwned>(&self) -> Result<Vec<T>, Problem> {
        self.each(row::read_json)
    }

    /// The one row of a block that has one.
    pub(super) fn one<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let mut rows = self.values()?;
        rows.pop().filter(|_| rows.is_empty()).ok_or(Problem::Damaged { at: self.at })
    }

    fn each<T>(&self, read: impl Fn(&mut &[u8]) -> serde_json::Result<T>) -> Result<Vec<T>, Problem> {
        let mut rest = self.plain.as_slice();
        let mut rows = Vec::new();
        while !rest.is_empty() {
            rows.push(read(&mut rest).map_err(|source| Problem::Row { at: self.at, source })?);
        }
        if rows.len() == self.rows as usize { Ok(rows) } else { Err(Problem::Damaged { at: self.at }) }
    }
}

#[derive(PartialEq, Eq)]
enum Filled {
    Whole,
    /// The file ended after so many bytes.
    Part(u64),
}

fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<Filled> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => return Ok(Filled::Part(filled as u64)),
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Filled::Whole)
}
