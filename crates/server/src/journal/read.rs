//! Reads the records of a segment one after another, past whatever is damaged.

use std::{
    fs::File,
    io,
    ops::Range,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use llmtrace_model::MasterKeyId;
use memchr::memmem;

use super::{
    crypt::SegmentKey,
    segment::{
        Head, Kind, Packing, RECORD_HEADER_BYTES, RECORD_MAGIC, RecordHeader, SEGMENT_HEADER_BYTES, SegmentHeader,
        parse_file_name,
    },
};
use crate::config::MasterKeys;

const WINDOW_BYTES: usize = 256 * 1024;

/// What opening a segment found.
pub(super) enum Opening {
    Readable(Box<Scanner>),
    /// Sealed under another master key, whose id this is.
    OtherKey(MasterKeyId),
    /// Of a format version this build does not read.
    OtherVersion(u16),
    /// Neither its head nor its name tells what it is.
    Unrecognisable,
}

/// What comes next in a segment.
#[derive(Debug)]
pub(super) enum Found<'a> {
    Record {
        kind: Kind,
        packing: Packing,
        index: u32,
        body: &'a [u8],
    },
    /// Something that is no record was skipped.
    Damaged(&'static str),
    End,
}

/// Walks over one segment file.
pub(super) struct Scanner {
    file: File,
    path: PathBuf,
    key: SegmentKey,
    /// Keys that may be the right one instead: of a segment whose head is damaged nobody knows, until the first record opens.
    others: Vec<SegmentKey>,
    window: Vec<u8>,
    window_at: u64,
    at: u64,
    end: u64,
    head_damaged: bool,
}

impl Scanner {
    /// Opens a segment from its first record on.
    pub(super) fn open(path: &Path, keys: &MasterKeys) -> io::Result<Opening> {
        let file = File::open(path)?;
        let end = file.metadata()?.len();
        let mut head = [0; SEGMENT_HEADER_BYTES];
        let head_bytes = usize::try_from(end).unwrap_or(usize::MAX).min(head.len());
        file.read_exact_at(&mut head[..head_bytes], 0)?;
        let named = parse_file_name(path);
        let every = |id| keys.all().map(|key| SegmentKey::of(key, &id)).collect::<Vec<_>>();
        let (mut keys, at, head_damaged) = match (SegmentHeader::decode(&head[..head_bytes]), named) {
            (Head::Known(header), _) => match keys.find(header.key_id) {
                Some(key) => (vec![SegmentKey::of(key, &header.id)], SEGMENT_HEADER_BYTES as u64, false),
                None => return Ok(Opening::OtherKey(header.key_id)),
            },
            (Head::OtherVersion(version), _) => return Ok(Opening::OtherVersion(version)),
            // Its name tells the id, and that is all the key needs.
            (Head::Damaged, Some((_, id))) => (every(id), 0, true),
            (Head::Damaged, None) => return Ok(Opening::Unrecognisable),
        };
        let (key, others) = (keys.remove(0), keys);
        let path = path.to_owned();
        let scanner = Self { file, path, key, others, window: Vec::new(), window_at: 0, at, end, head_damaged };
        Ok(Opening::Readable(Box::new(scanner)))
    }

    /// Moves to `at`, the border of a record, and stops at `end`.
    pub(super) fn limit(&mut self, at: u64, end: u64) {
        self.at = at;
        self.end = end;
    }

    /// Where the next record starts.
    pub(super) fn position(&self) -> u64 {
        self.at
    }

    /// Where the segment ends.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The next record or damage.
    pub(super) fn next(&mut self) -> io::Result<Found<'_>> {
        if std::mem::take(&mut self.head_damaged) {
            self.resync(self.at)?;
            return Ok(Found::Damaged("segment head"));
        }
        if self.at >= self.end {
            return Ok(Found::End);
        }
        let Some(bytes) = self.ensure(self.at, RECORD_HEADER_BYTES)? else {
            self.at = self.end;
            return Ok(Found::Damaged("half-written record head"));
        };
        let head: [u8; RECORD_HEADER_BYTES] = *bytes.first_chunk().expect("ensured");
        let Some(header) = RecordHeader::decode(&head, self.key.id()) else {
            self.resync(self.at + 1)?;
            return Ok(Found::Damaged("record head"));
        };
        let body_at = self.at + RECORD_HEADER_BYTES as u64;
        let sealed_bytes = header.sealed_bytes as usize;
        if self.end - body_at < u64::from(header.sealed_bytes) {
            self.resync(self.at + 1)?;
            return Ok(Found::Damaged("half-written record"));
        }
        self.at = body_at + u64::from(header.sealed_bytes);
        self.fill(body_at, sealed_bytes)?;
        let from = usize::try_from(body_at - self.window_at).expect("inside the window");
        self.choose_key(header.index, &head, from..from + sealed_bytes);
        let sealed = &mut self.window[from..from + sealed_bytes];
        match self.key.open(header.index, &head, sealed) {
            Ok(body) => Ok(Found::Record { kind: header.kind, packing: header.packing, index: header.index, body }),
            Err(_) => Ok(Found::Damaged("record body")),
        }
    }

    /// Takes the key that opens a record of the window, where there is a choice.
    fn choose_key(&mut self, index: u32, head: &[u8; RECORD_HEADER_BYTES], sealed: Range<usize>) {
        if self.others.is_empty() {
            return;
        }
        // What does not open is spoilt by trying.
        let opens = |key: &SegmentKey| key.open(index, head, &mut self.window[sealed.clone()].to_vec()).is_ok();
        if opens(&self.key) {
            self.others.clear();
        } else if let Some(right) = self.others.iter().position(opens) {
            self.key = self.others.swap_remove(right);
            self.others.clear();
        }
    }

    /// Moves to the next header that is whole, from `from` on.
    fn resync(&mut self, from: u64) -> io::Result<()> {
        self.at = from;
        loop {
            let left = self.end.saturating_sub(self.at);
            if left < RECORD_HEADER_BYTES as u64 {
                self.at = self.end;
                return Ok(());
            }
            let look = usize::try_from(left).unwrap_or(usize::MAX).min(WINDOW_BYTES);
            self.fill(self.at, look)?;
            let start = usize::try_from(self.at - self.window_at).expect("inside the window");
            let seen = &self.window[start..start + look];
            let hit = memmem::find_iter(seen, &RECORD_MAGIC).find(|hit| {
                let head = seen[*hit..].first_chunk();
                head.is_some_and(|head| RecordHeader::decode(head, self.key.id()).is_some())
            });
            if let Some(hit) = hit {
                self.at += hit as u64;
                return Ok(());
            }
            // A header may begin in the last bytes of what was seen.
            self.at += (look - (RECORD_HEADER_BYTES - 1)) as u64;
        }
    }

    /// The `len` bytes at `at`; `None` where the segment ends before them.
    fn ensure(&mut self, at: u64, len: usize) -> io::Result<Option<&[u8]>> {
        if self.end.saturating_sub(at) < len as u64 {
            return Ok(None);
        }
        self.fill(at, len)?;
        let from = usize::try_from(at - self.window_at).expect("inside the window");
        Ok(Some(&self.window[from..from + len]))
    }

    /// Makes the window hold the `len` bytes at `at`, which the file has.
    fn fill(&mut self, at: u64, len: usize) -> io::Result<()> {
        let window_end = self.window_at + self.window.len() as u64;
        if at >= self.window_at && at + len as u64 <= window_end {
            return Ok(());
        }
        let left = usize::try_from(self.end - at).unwrap_or(usize::MAX);
        let want = len.max(WINDOW_BYTES).min(left);
        self.window.clear();
        // One giant record must not cost its size for as long as the segment is read.
        self.window.shrink_to(want.max(WINDOW_BYTES));
        self.window.resize(want, 0);
        self.window_at = at;
        if let Err(e) = self.file.read_exact_at(&mut self.window, at) {
            self.window.clear();
            return Err(e);
        }
        Ok(())
    }
}
