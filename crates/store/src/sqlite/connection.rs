//! Opening connections: file, flags, pragmas.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    failure::failed,
    search::{self, Found},
};
use crate::{Backend, Error, ErrorKind, SqliteOptions, pool::Cancel};

/// Prepared statements a connection keeps; lists have a few dozen shapes.
const STATEMENTS: usize = 64;
/// Pages the log holds before it is folded into the file (128 MiB): a page that changed ten times is folded in once.
const WAL_PAGES: i64 = 16_384;
/// Virtual-machine steps between two looks at a read's deadline: about a millisecond.
const STEPS: std::ffi::c_int = 20_000;

/// Held while a file is made; see [`create`].
static MAKING: Mutex<()> = Mutex::new(());

/// Opens the connection that writes, creating folder and file where they are missing.
pub(super) fn writing(path: &Path, options: &SqliteOptions) -> Result<Connection, Error> {
    create(path).map_err(|error| Error::new(ErrorKind::Unavailable, Backend::Sqlite, "create file", error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed("open"))?;
    settle(&connection, options.busy_timeout, options.cache_kib).map_err(failed("open"))?;
    Ok(connection)
}

/// Makes the connection durable as the store promises: a write-ahead log that is synced at checkpoints.
pub(super) fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    // Counts for a new file only. Twice the usual size: half the writes for what is appended, which is most of it.
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
    // After a long read held the log open, its file shrinks back to this.
    connection.pragma_update(None, "journal_size_limit", 256 << 20)
}

/// A connection that reads, and how long one read may take.
pub(super) struct Reader {
    pub(super) connection: Connection,
    /// What its last search found.
    pub(super) found: Arc<Mutex<Found>>,
    timeout: Duration,
}

impl Reader {
    /// Opens a connection that cannot write.
    pub(super) fn open(path: &Path, options: &SqliteOptions) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed("open"))?;
        settle(&connection, options.busy_timeout, options.cache_kib / 4).map_err(failed("open"))?;
        let found = search::register(&connection).map_err(failed("open"))?;
        Ok(Self { connection, found, timeout: options.read_timeout })
    }

    /// Lets the coming read end at the deadline, or when its caller has gone.
    pub(super) fn bound(&mut self, cancel: &Cancel) -> rusqlite::Result<()> {
        let (cancel, started, timeout) = (cancel.clone(), Instant::now(), self.timeout);
        self.connection.progress_handler(STEPS, Some(move || cancel.is_cancelled() || started.elapsed() >= timeout))
    }
}

fn settle(connection: &Connection, busy_timeout: Duration, cache_kib: u32) -> rusqlite::Result<()> {
    connection.busy_timeout(busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without it, binding a value may throw the plan away and parse the statement again: 100 us a time, for plans that the
    // named indexes fix anyway.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Negative: KiB instead of pages.
    connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

/// Makes folder and file, readable by their owner only: they hold what people said. SQLite gives the log the same mode.
fn create(path: &Path) -> io::Result<()> {
    let folder: PathBuf = path.parent().map(Path::to_owned).unwrap_or_default();
    if !folder.as_os_str().is_empty() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
    }
    // A file that is there is not opened: a connection of this process may have it open, and closing it here would give up that
    // one's locks (POSIX; "How To Corrupt An SQLite Database File", 2.2). Another process that closed it last would then take
    // the log away from under us. One at a time: who finds the file made opens it only after who made it has closed it.
    let mut file = fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    let _one = MAKING.lock();
    match file.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}
