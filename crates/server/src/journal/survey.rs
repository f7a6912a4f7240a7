//! What lies in the journal's folder, seen from outside: for an operator, beside a running proxy or without one.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use llmtrace_model::Timestamp;
use rustix::fs::FlockOperation;

use super::{
    MasterKeys,
    disk::{LOCK, orphan_candidates},
    segment::{Head, SEGMENT_HEADER_BYTES, SegmentHeader, parse_file_name},
};

/// The folder of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// Whether a process holds it.
    pub is_held: bool,
    /// How many segments it has.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the oldest of them was begun: no record in it is older.
    pub oldest: Option<Timestamp>,
    /// Why nobody with these keys and this program takes it over.
    pub unreadable: Option<String>,
}

/// Looks at every instance's folder, the oldest first; changes nothing. Without `keys`, no folder counts as sealed by another.
///
/// Locks each folder for a moment, as every reader may: an instance that looks for orphans just then looks again later.
pub fn survey(root: &Path, keys: Option<&MasterKeys>) -> io::Result<Vec<Instance>> {
    let folders = match orphan_candidates(root) {
        Ok(folders) => folders,
        // Nobody journaled here yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::with_capacity(folders.len());
    for folder in folders {
        match look(&folder, keys) {
            Ok(instance) => found.push(instance),
            // It ended, or was taken over, while we looked.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn look(folder: &Path, keys: Option<&MasterKeys>) -> io::Result<Instance> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut instance =
        Instance { name, is_held: is_held(folder)?, segments: 0, bytes: 0, oldest: None, unreadable: None };
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if parse_file_name(&entry.path()).is_none() {
            continue;
        }
        instance.segments += 1;
        instance.bytes += entry.metadata()?.len();
        let mut head = Vec::with_capacity(SEGMENT_HEADER_BYTES);
        File::open(entry.path())?.take(SEGMENT_HEADER_BYTES as u64).read_to_end(&mut head)?;
        match SegmentHeader::decode(&head) {
            Head::Known(header) => {
                let started = Timestamp::from_unix_us(header.started_us);
                instance.oldest = Some(instance.oldest.map_or(started, |oldest| oldest.min(started)));
                if keys.is_some_and(|keys| keys.find(header.key_id).is_none()) {
                    instance.unreadable = Some(format!("sealed under another master key, {}", header.key_id));
                }
            }
            Head::OtherVersion(version) => {
                instance.unreadable = Some(format!("of format version {version}, which this program does not read"));
            }
            // The replay finds its records by its name.
            Head::Damaged => {}
        }
    }
    Ok(instance)
}

fn is_held(folder: &Path) -> io::Result<bool> {
    let lock = match File::open(folder.join(LOCK)) {
        Ok(lock) => lock,
        // Without a lock nobody holds it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(false),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use llmtrace_model::MasterKeyId;

    use super::*;
    use crate::journal::{MasterKey, crypt::SegmentId, disk::Disk, segment::file_name};

    const NAME: &str = "019a0000-0000-7000-8000-000000000001";

    fn segment(folder: &Path, key_id: MasterKeyId, number: u64, started_us: i64) {
        let id = SegmentId([u8::try_from(number).unwrap(); 16]);
        let header = SegmentHeader { key_id, id, number, started_us };
        fs::write(folder.join(file_name(number, &id)), header.encode()).unwrap();
    }

    #[test]
    fn a_folder_is_held_until_its_instance_ends_and_its_oldest_record_is_known() {
        let root = tempfile::tempdir().unwrap();
        let key = MasterKey::new([1; 32]);
        let keys = key.clone().into();
        assert_eq!(survey(&root.path().join("none"), Some(&keys)).unwrap(), []);
        let held = Disk::default().create_folder(root.path(), NAME).unwrap();
        segment(held.path(), key.id(), 2, 500);
        segment(held.path(), key.id(), 1, 400);
        let found = survey(root.path(), Some(&keys)).unwrap();
        let expected = Instance {
            name: NAME.to_owned(),
            is_held: true,
            segments: 2,
            bytes: 2 * SEGMENT_HEADER_BYTES as u64,
            oldest: Some(Timestamp::from_unix_us(400)),
            unreadable: None,
        };
        assert_eq!(found, std::slice::from_ref(&expected));
        drop(held);
        assert_eq!(survey(root.path(), None).unwrap(), [Instance { is_held: false, ..expected }]);
    }

    #[test]
    fn a_folder_of_another_key_is_told() {
        let root = tempfile::tempdir().unwrap();
        let folder = Disk::default().create_folder(root.path(), NAME).unwrap();
        segment(folder.path(), MasterKeyId::from_bytes([9; 8]), 1, 400);
        let found = survey(root.path(), Some(&MasterKey::new([1; 32]).into())).unwrap();
        assert_eq!(found[0].unreadable.as_deref(), Some("sealed under another master key, 0909090909090909"));
    }
}
