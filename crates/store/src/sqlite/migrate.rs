//! The schema: numbered files, each applied once, in order.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{connection, failure::failed, place};
use crate::{Error, Migrate, Options, Schema, open::Refused};

/// The files; the one at index `n` makes version `n + 1`.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_spans_and_tenants.sql"),
    include_str!("../../migrations/sqlite/0002_units_and_modalities.sql"),
    include_str!("../../migrations/sqlite/0003_billed_once.sql"),
    include_str!("../../migrations/sqlite/0004_text_index.sql"),
    include_str!("../../migrations/sqlite/0005_rollups.sql"),
    include_str!("../../migrations/sqlite/0006_raws.sql"),
    include_str!("../../migrations/sqlite/0007_saved_views.sql"),
    include_str!("../../migrations/sqlite/0008_retention_and_erasures.sql"),
    include_str!("../../migrations/sqlite/0009_counters.sql"),
    include_str!("../../migrations/sqlite/0010_erasures_due.sql"),
    include_str!("../../migrations/sqlite/0011_keys_and_audit.sql"),
    include_str!("../../migrations/sqlite/0012_users_and_login_sessions.sql"),
    include_str!("../../migrations/sqlite/0013_settings_and_credentials.sql"),
];

/// Marks a file as ours ("LLMT"), so that another program's database is not taken for an empty one.
pub(super) const APPLICATION_ID: i64 = 0x4c4c_4d54;

/// The version this program writes.
#[expect(clippy::cast_possible_truncation, reason = "there are fewer than 2^32 migrations")]
pub(super) const KNOWN: u32 = MIGRATIONS.len() as u32;

/// Opens the connection that writes and brings the schema up to date, or refuses to, as the options say.
pub(super) fn open(path: &Path, options: &Options) -> Result<(Connection, Schema), Refused> {
    let engine = |source| Refused::Engine { place: place(path), source };
    let mut connection = connection::writing(path, &options.sqlite).map_err(engine)?;
    let schema = look(&connection, path)?;
    match options.migrate {
        Migrate::Auto => {}
        Migrate::Refuse if schema.is_current() => {}
        Migrate::Refuse => {
            let place = place(path);
            let Schema { found, known } = schema;
            return Err(Refused::Schema(format!(
                "{place} has schema {found}, expected {known}: run `llmtrace-proxy migrate`, or set storage.auto_migrate"
            )));
        }
    }
    connection::use_wal(&connection).map_err(failed("open")).map_err(engine)?;
    apply(&mut connection).map_err(failed("migrate")).map_err(engine)?;
    Ok((connection, schema))
}

/// Reads the version of a file that may not exist, and changes nothing.
pub(super) fn read(path: &Path, options: &Options) -> Result<Schema, Refused> {
    let engine = |source: Error| Refused::Engine { place: place(path), source };
    if !path.try_exists().unwrap_or(true) {
        return Ok(Schema { found: 0, known: KNOWN });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed("open")).map_err(engine)?;
    connection.busy_timeout(options.sqlite.busy_timeout).map_err(failed("open")).map_err(engine)?;
    look(&connection, path)
}

/// Reads the version, and refuses a file this program must not touch.
fn look(connection: &Connection, path: &Path) -> Result<Schema, Refused> {
    let engine = |error| Refused::Engine { place: place(path), source: failed("read schema")(error) };
    let found = version(connection).map_err(engine)?;
    if found > KNOWN {
        return Err(Refused::Schema(format!(
            "{} has schema {found}, this program knows up to {KNOWN}: it was written by a newer version, use that one",
            place(path)
        )));
    }
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(engine)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(engine)?;
    if id != APPLICATION_ID && (id != 0 || found != 0 || tables != 0) {
        let place = place(path);
        return Err(Refused::Schema(format!("{place} is a database of another program, expected a new or own file")));
    }
    Ok(Schema { found, known: KNOWN })
}

/// Applies what is missing in one transaction; another process may do the same, so the version is read inside.
fn apply(connection: &mut Connection) -> rusqlite::Result<()> {
    if version(connection)? == KNOWN {
        return Ok(());
    }
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&change)?;
    for migration in MIGRATIONS.iter().skip(found as usize) {
        change.execute_batch(migration)?;
    }
    if found < KNOWN {
        change.pragma_update(None, "application_id", APPLICATION_ID)?;
        change.pragma_update(None, "user_version", KNOWN)?;
    }
    change.commit()
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    // A negative number is none of ours; as an unsigned one it is newer than all we know.
    let found: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(found.cast_unsigned())
}
