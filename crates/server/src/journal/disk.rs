//! The few things the journal asks of a file system, in one place so that tests can make each of them fail.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{FallocateFlags, FlockOperation};

pub(super) const LOCK: &str = "lock";

/// What may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Folder,
    Create,
    Write,
    Sync,
}

/// The file system, or a test's idea of a bad one.
#[derive(Clone, Default)]
pub(super) struct Disk {
    #[cfg(test)]
    faults: Option<std::sync::Arc<dyn Fn(Op) -> Option<Fault> + Send + Sync>>,
}

/// How an operation fails in a test: so many bytes are written before it does.
#[cfg(test)]
pub(super) struct Fault {
    pub(super) kind: io::ErrorKind,
    pub(super) after_bytes: usize,
}

impl Disk {
    #[cfg(test)]
    pub(super) fn with_faults(faults: impl Fn(Op) -> Option<Fault> + Send + Sync + 'static) -> Self {
        Self { faults: Some(std::sync::Arc::new(faults)) }
    }

    /// Makes the folder of an instance below `root` and locks it.
    pub(super) fn create_folder(&self, root: &Path, name: &str) -> io::Result<Folder> {
        self.check(Op::Folder, |_| Ok(()))?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(root)?;
        // Under another name until it is locked, so that nobody adopts it in between.
        let draft = root.join(format!(".new-{name}"));
        let path = root.join(name);
        fs::DirBuilder::new().mode(0o700).create(&draft)?;
        let lock = open_lock(&draft)?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        fs::rename(&draft, &path)?;
        self.sync_folder(root)?;
        Ok(Folder { path, _lock: lock })
    }

    /// Makes a segment with its first bytes; `reserve` makes sure there is room for more before anybody relies on it.
    pub(super) fn create_segment(&self, path: &Path, header: &[u8], reserve: Option<u64>) -> io::Result<File> {
        self.check(Op::Create, |_| Ok(()))?;
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
        let made =
            reserve.map_or(Ok(()), |bytes| self.reserve(&file, 0, bytes)).and_then(|()| self.write(&file, header));
        if let Err(e) = made {
            // Nothing refers to it yet; a leftover would be read as damaged.
            fs::remove_file(path)?;
            return Err(e);
        }
        Ok(file)
    }

    pub(super) fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<()> {
        self.check(Op::Write, |written| file.write_all(&bytes[..written.min(bytes.len())]))?;
        file.write_all(bytes)
    }

    /// Makes sure that the file has blocks between these bytes, without changing its size.
    #[expect(clippy::unused_self, reason = "what is asked of the file system stands in one place")]
    pub(super) fn reserve(&self, file: &File, from: u64, to: u64) -> io::Result<()> {
        match rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, from, to - from) {
            // Not every file system can promise; there the first write tells.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
            reserved => Ok(reserved?),
        }
    }

    pub(super) fn sync(&self, file: &File) -> io::Result<()> {
        self.check(Op::Sync, |_| Ok(()))?;
        file.sync_data()
    }

    /// Forces names to the device: a file whose name is lost is lost with it.
    pub(super) fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.check(Op::Sync, |_| Ok(()))?;
        File::open(path)?.sync_all()
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "the test's twin reads it")]
    fn check(&self, _: Op, _: impl FnOnce(usize) -> io::Result<()>) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn check(&self, op: Op, before: impl FnOnce(usize) -> io::Result<()>) -> io::Result<()> {
        let Some(fault) = self.faults.as_ref().and_then(|faults| faults(op)) else { return Ok(()) };
        before(fault.after_bytes)?;
        Err(fault.kind.into())
    }
}

fn open_lock(folder: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(folder.join(LOCK))
}

/// The folder of one instance; locked until dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes over a folder; `None` where a living instance holds it.
    pub(super) fn adopt(path: PathBuf) -> io::Result<Option<Self>> {
        let lock = open_lock(&path)?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { path, _lock: lock })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the folder; what is not ours in it keeps it.
    pub(super) fn remove(&self) -> io::Result<()> {
        fs::remove_file(self.path.join(LOCK))?;
        match fs::remove_dir(&self.path) {
            Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            removed => removed,
        }
    }
}

/// Names of instances are UUIDs; everything else below the root is not the journal's to adopt.
pub(super) fn orphan_candidates(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let named = entry.file_name().to_str().is_some_and(|name| uuid::Uuid::try_parse(name).is_ok());
        if named && entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    // Names are UUIDv7: the oldest first.
    found.sort();
    Ok(found)
}
