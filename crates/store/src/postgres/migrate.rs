//! The schema: numbered files, each applied once, in order, by one process at a time.

use sqlx::{Connection, PgConnection, Row};

use super::failure::failed;
use crate::{Error, Migrate, Schema};

/// The files; the one at index `n` makes version `n + 1`.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_meta.sql"),
    include_str!("../../migrations/postgres/0002_erasures_due.sql"),
    include_str!("../../migrations/postgres/0003_keys_and_audit.sql"),
    include_str!("../../migrations/postgres/0004_users.sql"),
    include_str!("../../migrations/postgres/0005_settings_and_credentials.sql"),
];

/// The version this program writes.
#[expect(clippy::cast_possible_truncation, reason = "there are fewer than 2^32 migrations")]
pub(super) const KNOWN: u32 = MIGRATIONS.len() as u32;

/// The oldest server that is used, as it says it: 13.0.
const OLDEST: i64 = 130_000;

/// Changes nothing. The last column: whether the schema holds anything at all.
const LOOK: &str = "SELECT current_setting('server_version_num')::bigint, current_setting('server_encoding'), \
    to_regnamespace('llmtrace') IS NOT NULL, to_regclass('llmtrace.schema_versions') IS NOT NULL, \
    EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('llmtrace'))";
const VERSION: &str = "SELECT coalesce(max(version), 0) FROM llmtrace.schema_versions";
/// Held until the end of the transaction: whoever comes second finds the work done.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1280068948, 1)";
const CREATE_SCHEMA: &str = "CREATE SCHEMA llmtrace";
const CREATE_VERSIONS: &str = "CREATE TABLE IF NOT EXISTS llmtrace.schema_versions \
    (version BIGINT PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())";
const APPLIED: &str = "INSERT INTO llmtrace.schema_versions (version) VALUES ($1)";

/// Why a server is not used.
#[derive(Debug)]
pub(super) enum Fault {
    /// The schema, or the server itself, is not one this program writes to: only an operator helps.
    Refused(String),
    /// The engine failed.
    Engine(Error),
}

/// What is found before anything is asked.
struct Found {
    schema: Schema,
    has_namespace: bool,
}

/// Brings the schema up to date, or refuses to, as the options say. Returns it as it was found.
pub(super) async fn bring(connection: &mut PgConnection, mode: Migrate, place: &str) -> Result<Schema, Fault> {
    let schema = look(connection, place).await?.schema;
    if schema.is_current() {
        return Ok(schema);
    }
    match mode {
        Migrate::Auto => apply(connection, place).await?,
        Migrate::Refuse => {
            let Schema { found, known } = schema;
            return Err(Fault::Refused(format!(
                "postgres.url: {place} has schema {found}, expected {known}: run `llmtrace-proxy migrate`, or set storage.auto_migrate"
            )));
        }
    }
    Ok(schema)
}

/// Reads the version and changes nothing.
pub(super) async fn read(connection: &mut PgConnection, place: &str) -> Result<Schema, Fault> {
    look(connection, place).await.map(|found| found.schema)
}

/// Reads the version, and refuses a server or a schema that this program must not touch.
async fn look(connection: &mut PgConnection, place: &str) -> Result<Found, Fault> {
    let engine = |error| Fault::Engine(failed("read schema", &error));
    let row = sqlx::query(LOOK).fetch_one(&mut *connection).await.map_err(engine)?;
    let server: i64 = row.try_get(0).map_err(engine)?;
    if server < OLDEST {
        return Err(Fault::Refused(format!(
            "postgres.url: {place} is PostgreSQL {}, expected 13 or newer: upgrade the server",
            server / 10_000
        )));
    }
    let encoding: &str = row.try_get(1).map_err(engine)?;
    if encoding != "UTF8" {
        return Err(Fault::Refused(format!(
            "postgres.url: {place} stores text as {encoding}, expected UTF8: create the database with ENCODING 'UTF8' TEMPLATE template0"
        )));
    }
    let [has_namespace, has_versions, is_used] = [row.try_get(2), row.try_get(3), row.try_get(4)];
    let (has_namespace, has_versions, is_used): (bool, bool, bool) =
        (has_namespace.map_err(engine)?, has_versions.map_err(engine)?, is_used.map_err(engine)?);
    if is_used && !has_versions {
        return Err(Fault::Refused(format!(
            "postgres.url: {place} has a schema llmtrace of another program, expected none, an empty or our own one: use another database"
        )));
    }
    let found: i64 = if has_versions {
        let row = sqlx::query(VERSION).fetch_one(connection).await.map_err(engine)?;
        row.try_get(0).map_err(engine)?
    } else {
        0
    };
    // A number that is none of ours counts as newer than all we know.
    let found = u32::try_from(found).unwrap_or(u32::MAX);
    if found > KNOWN {
        return Err(Fault::Refused(format!(
            "postgres.url: {place} has schema {found}, this program knows up to {KNOWN}: it was written by a newer version, use that one"
        )));
    }
    Ok(Found { schema: Schema { found, known: KNOWN }, has_namespace })
}

/// Applies what is missing in one transaction, after whoever else does the same.
async fn apply(connection: &mut PgConnection, place: &str) -> Result<(), Fault> {
    let engine = |error| Fault::Engine(failed("migrate", &error));
    let mut change = connection.begin().await.map_err(engine)?;
    sqlx::query(LOCK).execute(&mut *change).await.map_err(engine)?;
    let Found { schema, has_namespace } = look(&mut change, place).await?;
    // Asked before, since whoever may only use a schema that an operator made may not even try to create one.
    if !has_namespace {
        sqlx::query(CREATE_SCHEMA).execute(&mut *change).await.map_err(engine)?;
    }
    sqlx::query(CREATE_VERSIONS).execute(&mut *change).await.map_err(engine)?;
    for (version, migration) in (1_i64..).zip(MIGRATIONS).skip(schema.found as usize) {
        sqlx::raw_sql(*migration).execute(&mut *change).await.map_err(engine)?;
        sqlx::query(APPLIED).bind(version).execute(&mut *change).await.map_err(engine)?;
    }
    change.commit().await.map_err(engine)
}
