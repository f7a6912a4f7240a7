//! A look at an SQLite file.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};

use super::{Note, size};
use crate::{SqliteOptions, error::causes, pool};

/// A log of this size is folded into the file by now, unless somebody reads an old state of it.
const LONG_LOG_BYTES: u64 = 1 << 30;
/// Free pages are worth giving back from here on, where they are also a third of the file.
const MUCH_FREE_BYTES: u64 = 256 << 20;

pub(super) async fn examine(setting: &str, path: PathBuf, options: &SqliteOptions) -> Vec<Note> {
    let (key, options) = (setting.to_owned(), *options);
    let looked = pool::blocking("examine", move || look(&key, &path, &options)).await;
    match looked {
        Ok(Ok(notes)) => notes,
        Ok(Err(error)) => vec![failed(setting, &error)],
        Err(error) => vec![failed(setting, &error)],
    }
}

fn failed(setting: &str, error: &dyn std::error::Error) -> Note {
    let remedy = "see that no other program holds it, and check it with `sqlite3 FILE 'PRAGMA integrity_check'`";
    Note::fail(setting, causes(error), remedy)
}

fn look(setting: &str, path: &Path, options: &SqliteOptions) -> rusqlite::Result<Vec<Note>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    let number = |pragma: &str| {
        connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).map(|n| u64::try_from(n).unwrap_or(0))
    };
    let page = number("page_size")?;
    let (all, free) = (number("page_count")? * page, number("freelist_count")? * page);
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let (spans, tenants) = (count("SELECT count(*) FROM spans")?, count("SELECT count(*) FROM tenants")?);
    let version = rusqlite::version();
    let mut notes = vec![
        Note::ok(setting, format!("SQLite {version}")),
        Note::ok(setting, format!("{spans} spans, {tenants} tenants, {} of which {} are free", size(all), size(free))),
    ];
    if free > MUCH_FREE_BYTES && free > all / 3 {
        let remedy = format!("stop the proxy and run `sqlite3 {} VACUUM`: the file shrinks", path.display());
        notes.push(Note::warn(setting, format!("{} of the file are free", size(free)), remedy));
    }
    let log = fs::metadata(with_suffix(path, "-wal")).map_or(0, |log| log.len());
    if log > LONG_LOG_BYTES {
        let found = format!("the write-ahead log is {} long", size(log));
        notes.push(Note::warn(
            setting,
            found,
            "find the program that reads the file and does not end, such as a shell",
        ));
    }
    if let Ok(file) = fs::metadata(path)
        && file.permissions().mode() & 0o077 != 0
    {
        let found = format!("others may read what people said: mode {:o}", file.permissions().mode() & 0o777);
        notes.push(Note::warn(setting, found, format!("chmod 600 {}", path.display())));
    }
    Ok(notes)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
