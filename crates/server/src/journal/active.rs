//! Our own log: the instance's folder, and the segment that is being written.

use std::{
    fs::File,
    io,
    sync::{Arc, atomic::AtomicBool},
};

use super::{
    crypt::{SegmentId, SegmentKey},
    deliver::Stretch,
    disk::{Disk, Folder},
    release::LogId,
    segment::{SEGMENT_HEADER_BYTES, SegmentHeader, file_name},
    shared::Handle,
};

/// Room that a disk which was full must have before records are entrusted to it again.
const RECOVERY_ROOM_BYTES: u64 = 1024 * 1024;

/// How far ahead of the records a segment's blocks are asked for: block by block they cost a fifth of the write.
const AHEAD_BYTES: u64 = 1024 * 1024;

/// The log of this instance; its folder is made when the first segment is.
pub(super) struct Log {
    shared: Handle,
    home: Option<(Arc<Folder>, LogId)>,
    next_number: u64,
}

/// What the segment's first write must prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// The disk was fine so far.
    Usual,
    /// It refused before: it must promise room.
    Regained,
}

impl Log {
    pub(super) fn new(shared: Handle) -> Self {
        Self { shared, home: None, next_number: 1 }
    }

    pub(super) fn id(&self) -> Option<LogId> {
        self.home.as_ref().map(|(_, id)| *id)
    }

    /// Makes the next segment, and the folder where there is none.
    pub(super) fn start_segment(&mut self, trust: Trust) -> io::Result<Active> {
        let made = self.try_start(trust);
        if made.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::NotFound) {
            // Somebody removed the folder: the next try makes a new one.
            if let Some((_, id)) = self.home.take() {
                self.shared.ledger().complete(id);
            }
        }
        made
    }

    fn try_start(&mut self, trust: Trust) -> io::Result<Active> {
        let shared = Arc::clone(&self.shared);
        let (folder, log) = self.home()?;
        let id = SegmentId::random().map_err(io::Error::other)?;
        let number = self.next_number;
        let header =
            SegmentHeader { key_id: shared.keys.newest().id(), id, number, started_us: shared.clock.now().unix_us() }
                .encode();
        let path = folder.path().join(file_name(number, &id));
        let reserve = match trust {
            Trust::Usual => None,
            Trust::Regained => Some(RECOVERY_ROOM_BYTES.min(shared.tuning.segment_bytes)),
        };
        let file = shared.disk.create_segment(&path, &header, reserve)?;
        self.next_number += 1;
        let bytes = SEGMENT_HEADER_BYTES as u64;
        let gone = shared.ledger().add_segment(log, number, path, bytes);
        let file = Arc::new(SegmentFile { file, gone });
        Ok(Active {
            file,
            folder,
            log,
            key: SegmentKey::of(shared.keys.newest(), &id),
            number,
            next_index: 0,
            first_unwritten: 0,
            bytes,
            sound: bytes,
            reserved: bytes,
            ahead: AHEAD_BYTES.min(shared.tuning.segment_bytes),
        })
    }

    fn home(&mut self) -> io::Result<(Arc<Folder>, LogId)> {
        if let Some((folder, id)) = &self.home {
            return Ok((Arc::clone(folder), *id));
        }
        let shared = &self.shared;
        let name = shared.clock.mint(shared.clock.now()).to_string();
        let folder = Arc::new(shared.disk.create_folder(&shared.options.path, &name)?);
        let id = shared.ledger().add_log(Arc::clone(&folder));
        self.home = Some((Arc::clone(&folder), id));
        Ok((folder, id))
    }

    /// No record will be added to `active`.
    pub(super) fn seal(&self, active: &Active) {
        self.shared.ledger().seal(active.log, active.number);
    }

    /// No segment will be added: the folder goes with its last record.
    pub(super) fn complete(&self) {
        if let Some(id) = self.id() {
            self.shared.ledger().complete(id);
        }
    }
}

/// A segment's file, and whether anybody still needs it.
pub(super) struct SegmentFile {
    pub(super) file: File,
    pub(super) gone: Arc<AtomicBool>,
}

/// The segment that is being written.
pub(super) struct Active {
    file: Arc<SegmentFile>,
    folder: Arc<Folder>,
    log: LogId,
    key: SegmentKey,
    number: u64,
    next_index: u32,
    /// The index of the first record of the next batch.
    first_unwritten: u32,
    bytes: u64,
    /// Up to here the file is known to be as written.
    sound: u64,
    /// Up to here it has blocks.
    reserved: u64,
    ahead: u64,
}

impl Active {
    /// The index of the next record; never the same twice, whatever becomes of the record.
    pub(super) fn take_index(&mut self) -> u32 {
        let index = self.next_index;
        self.next_index += 1;
        index
    }

    /// Appends a batch.
    pub(super) fn write(&mut self, disk: &Disk, batch: &[u8]) -> io::Result<Stretch> {
        self.sound = self.bytes;
        let first = std::mem::replace(&mut self.first_unwritten, self.next_index);
        let end = self.bytes + batch.len() as u64;
        if end > self.reserved {
            // Where there are none, the write tells; where blocks cannot be asked for, it does without.
            self.reserved = end + self.ahead;
            disk.reserve(&self.file.file, self.bytes, self.reserved).unwrap_or_default();
        }
        disk.write(&self.file.file, batch)?;
        self.bytes += batch.len() as u64;
        Ok(Stretch {
            log: self.log,
            segment: self.number,
            from: self.sound,
            to: self.bytes,
            first,
            after: self.next_index,
        })
    }

    /// Takes back what the failed batch left behind, because its records go into another segment.
    pub(super) fn cut_off_failed_batch(&self) {
        if let Err(e) = self.file.file.set_len(self.sound) {
            // A record may then be found twice after a crash, which the exchange id makes harmless.
            tracing::debug!(error = &e as &dyn std::error::Error, "failed batch stays in its journal segment");
        }
    }

    pub(super) fn sync(&self, disk: &Disk) -> io::Result<()> {
        disk.sync(&self.file.file)
    }

    pub(super) fn has_records(&self) -> bool {
        self.next_index > 0
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn key(&self) -> &SegmentKey {
        &self.key
    }

    pub(super) fn file(&self) -> &Arc<SegmentFile> {
        &self.file
    }

    pub(super) fn folder(&self) -> &Arc<Folder> {
        &self.folder
    }
}
