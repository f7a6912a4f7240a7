//! The schema: numbered files, applied in order by one process while others wait.
//!
//! Every statement can run twice, so a process that dies between two leaves nothing that stands in the way of the next. The lock is a
//! table: of several that create it the server, or every server of a cluster, lets the same one through.

use std::time::Duration;

use tokio::time::sleep;

use super::{client::Engine, query::Query, wire::Values};
use crate::{Backend, Error, ErrorKind, Migrate, Schema, open::Refused};

/// In order; the version of a schema is how many were applied.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/clickhouse/0001_spans.sql"),
    include_str!("../../migrations/clickhouse/0002_rollups.sql"),
    include_str!("../../migrations/clickhouse/0003_rollups_by_month.sql"),
    include_str!("../../migrations/clickhouse/0004_term_hashes.sql"),
    include_str!("../../migrations/clickhouse/0005_finding_places.sql"),
];

/// The version this program writes.
#[expect(clippy::cast_possible_truncation, reason = "there are fewer than 2^32 migrations")]
pub(super) const KNOWN: u32 = MIGRATIONS.len() as u32;

/// The oldest server this program speaks to: major and minor.
const OLDEST: (u32, u32) = (25, 3);

const OP: &str = "migrate";
/// A lock this old was left by a process that died.
const LOCK_SECONDS: u32 = 60;
/// Between two looks at the lock of another process.
const LOOK: Duration = Duration::from_millis(200);

const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_versions (version UInt32, at DateTime DEFAULT now()) \
    ENGINE = MergeTree ORDER BY version";
/// Makes the lock. On a cluster it is made on every server: those take statements for the cluster in one order, so that of
/// two the second is refused on each of them.
fn locking(cluster: Option<&str>) -> String {
    format!("CREATE TABLE schema_lock{} (at DateTime) ENGINE = MergeTree ORDER BY at", on(cluster))
}

fn unlocking(cluster: Option<&str>) -> String {
    format!("DROP TABLE IF EXISTS schema_lock{} SYNC", on(cluster))
}

/// Brings the schema up to date, or refuses to; returns it as it was found.
pub(super) async fn bring(engine: &Engine, migrate: Migrate) -> Result<Schema, Refused> {
    let fail = |source| Refused::Engine { place: engine.place.clone(), source };
    let schema = read(engine).await?;
    match migrate {
        _ if schema.is_current() => return Ok(schema),
        Migrate::Auto => {}
        Migrate::Refuse => {
            let Schema { found, known } = schema;
            return Err(Refused::Schema(format!(
                "clickhouse.database: {} at {} has schema {found}, expected {known}: run `llmtrace-proxy migrate`, or set \
                 storage.auto_migrate",
                engine.database, engine.place
            )));
        }
    }
    create_database(engine).await.map_err(fail)?;
    make(engine, VERSIONS).await.map_err(fail)?;
    loop {
        if lock(engine).await.map_err(fail)? {
            let applied = apply(engine).await;
            let unlocked = engine.run(OP, engine.own(), &unlocking(engine.cluster.as_deref())).await;
            applied.and(unlocked).map_err(fail)?;
            return Ok(schema);
        }
        sleep(LOOK).await;
        if read(engine).await?.is_current() {
            return Ok(schema);
        }
    }
}

/// Reads the version and changes nothing; refuses a server or schema this program must not touch.
pub(super) async fn read(engine: &Engine) -> Result<Schema, Refused> {
    let fail = |source| Refused::Engine { place: engine.place.clone(), source };
    let version = text(engine, "SELECT version()").await.map_err(fail)?;
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < OLDEST {
        let (major, minor) = OLDEST;
        return Err(Refused::Schema(format!(
            "clickhouse.url: the server at {} is ClickHouse {version}, expected {major}.{minor} or newer: \
             upgrade the server, or name another one",
            engine.place
        )));
    }
    let found = found_version(engine).await.map_err(fail)?;
    match found {
        Found::Nothing => Ok(Schema { found: 0, known: KNOWN }),
        Found::Foreign => Err(Refused::Schema(format!(
            "clickhouse.database: {} at {} has tables of another program, expected a new or own database: name another \
             one",
            engine.database, engine.place
        ))),
        Found::Version(found) if found > KNOWN => Err(Refused::Schema(format!(
            "clickhouse.database: {} at {} has schema {found}, this program knows up to {KNOWN}: it was written by a \
             newer version, use that one",
            engine.database, engine.place
        ))),
        Found::Version(found) => Ok(Schema { found, known: KNOWN }),
    }
}

enum Found {
    Nothing,
    Foreign,
    Version(u32),
}

async fn found_version(engine: &Engine) -> Result<Found, Error> {
    let mut query = Query::of(
        "SELECT countIf(name = 'schema_versions'), countIf(name IN ('spans', 'bodies')) \
        FROM system.tables WHERE database = ",
    );
    query.bind("String", super::query::escaped(&engine.database));
    let answer = engine.answer(OP, engine.client.clone(), query).await?;
    let mut values = Values::of(&answer, OP);
    match (values.u64()?, values.u64()?) {
        (0, 0) => Ok(Found::Nothing),
        (0, _) => Ok(Found::Foreign),
        _ => {
            let answer = engine.answer(OP, engine.own(), Query::of("SELECT max(version) FROM schema_versions")).await?;
            Values::of(&answer, OP).u32().map(Found::Version)
        }
    }
}

async fn text(engine: &Engine, sql: &'static str) -> Result<String, Error> {
    let answer = engine.answer(OP, engine.client.clone(), Query::of(sql)).await?;
    Values::of(&answer, OP).text()
}

async fn create_database(engine: &Engine) -> Result<(), Error> {
    let mut query = Query::of("SELECT count() FROM system.databases WHERE name = ");
    query.bind("String", super::query::escaped(&engine.database));
    let answer = engine.answer(OP, engine.client.clone(), query).await?;
    if Values::of(&answer, OP).u64()? > 0 {
        return Ok(());
    }
    let sql =
        format!("CREATE DATABASE IF NOT EXISTS `{}`{} ENGINE = Atomic", engine.database, on(engine.cluster.as_deref()));
    engine.run(OP, engine.client.clone(), &sql).await
}

/// Takes the lock; false where another process has it.
async fn lock(engine: &Engine) -> Result<bool, Error> {
    let taken = engine.own().query_raw(&locking(engine.cluster.as_deref())).execute().await;
    match taken {
        Ok(()) => return Ok(true),
        // TABLE_ALREADY_EXISTS
        Err(clickhouse::error::Error::BadResponse(text)) if super::failure::code(&text) == Some(57) => {}
        Err(error) => return Err(super::failure::failed(OP)(error)),
    }
    let mut query = Query::of(
        "SELECT count() FROM system.tables WHERE name = 'schema_lock' AND metadata_modification_time < now() - ",
    );
    query.bind("UInt32", LOCK_SECONDS.to_string());
    query.push(" AND database = ");
    query.bind("String", super::query::escaped(&engine.database));
    let answer = engine.answer(OP, engine.client.clone(), query).await?;
    if Values::of(&answer, OP).u64()? > 0 {
        tracing::warn!(store.place = %engine.place, "a process died while it made the schema, it is made again");
        engine.run(OP, engine.own(), &unlocking(engine.cluster.as_deref())).await?;
    }
    Ok(false)
}

/// Applies what is missing.
async fn apply(engine: &Engine) -> Result<(), Error> {
    let Found::Version(found) = found_version(engine).await? else {
        return Err(Error::new(ErrorKind::Conflict, Backend::Clickhouse, OP, "the database went away"));
    };
    for (version, migration) in (1u32..).zip(MIGRATIONS).skip(found as usize) {
        for statement in statements(migration) {
            make(engine, statement).await?;
        }
        let sql = format!("INSERT INTO schema_versions (version) SELECT {version}");
        engine.run(OP, engine.own(), &sql).await?;
    }
    Ok(())
}

/// Makes a database as an earlier version left it.
#[cfg(test)]
pub(super) async fn make_old(engine: &Engine, version: u32) -> Result<(), Error> {
    create_database(engine).await?;
    make(engine, VERSIONS).await?;
    for (version, migration) in (1..=version).zip(MIGRATIONS) {
        for statement in statements(migration) {
            make(engine, statement).await?;
        }
        engine.run(OP, engine.own(), &format!("INSERT INTO schema_versions (version) SELECT {version}")).await?;
    }
    Ok(())
}

/// Makes a table: on a cluster the replicated one and the one that spreads over the shards.
async fn make(engine: &Engine, statement: &str) -> Result<(), Error> {
    let rendered = render(statement, &engine.database, engine.cluster.as_deref());
    for sql in rendered {
        engine.run(OP, engine.own(), &sql).await?;
    }
    Ok(())
}

/// The statements of a file, without its comments.
fn statements(migration: &str) -> impl Iterator<Item = &str> {
    let verbs = ["CREATE TABLE", "ALTER TABLE", "DROP TABLE"];
    let start = move |statement: &str| verbs.into_iter().filter_map(|verb| statement.find(verb)).min();
    migration.split(';').filter_map(move |statement| Some(statement[start(statement)?..].trim()))
}

/// How one `CREATE TABLE`, `ALTER TABLE` or `DROP TABLE` is said to a server, or to a cluster.
fn render(statement: &str, database: &str, cluster: Option<&str>) -> Vec<String> {
    let Some(cluster) = cluster else { return vec![statement.to_owned()] };
    if let Some(name) = statement.strip_prefix("DROP TABLE IF EXISTS ") {
        let drop = |name: &str| format!("DROP TABLE IF EXISTS {name} ON CLUSTER `{cluster}` SYNC");
        return vec![drop(name), drop(&format!("{name}_local"))];
    }
    if let Some((name, change)) = statement.strip_prefix("ALTER TABLE ").and_then(|rest| rest.split_once(' ')) {
        let local = format!("ALTER TABLE {name}_local ON CLUSTER `{cluster}` {change}");
        // What spreads over the shards knows columns and nothing else.
        let spread = format!("ALTER TABLE {name} ON CLUSTER `{cluster}` {change}");
        return if change.starts_with("ADD COLUMN") { vec![local, spread] } else { vec![local] };
    }
    let rest = statement.strip_prefix("CREATE TABLE IF NOT EXISTS ").unwrap_or(statement);
    let (name, body) = rest.split_once(' ').unwrap_or((rest, ""));
    let (columns, engine) = body.split_once("ENGINE = ").unwrap_or((body, ""));
    let end = engine.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(engine.len());
    let (kind, rest) = engine.split_at(end);
    let (arguments, tail) = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((arguments, tail)) => (format!(", {arguments}"), tail),
        None => (String::new(), rest),
    };
    let replicated = format!(
        "CREATE TABLE IF NOT EXISTS {name}_local ON CLUSTER `{cluster}` {columns}ENGINE = \
         Replicated{kind}('/clickhouse/tables/{{shard}}/{database}/{name}_local', '{{replica}}'{arguments}){tail}"
    );
    // All versions of an exchange meet on one shard, and so do the sums of a tenant.
    let key = match name {
        "spans" | "bodies" | "raws" | "exchanges" => "cityHash64(exchange_id)",
        "schema_versions" => "0",
        _ => "cityHash64(tenant_id)",
    };
    let distributed = format!(
        "CREATE TABLE IF NOT EXISTS {name} ON CLUSTER `{cluster}` AS {name}_local ENGINE = \
         Distributed('{cluster}', '{database}', '{name}_local', {key})"
    );
    vec![replicated, distributed]
}

fn on(cluster: Option<&str>) -> String {
    cluster.map_or_else(String::new, |cluster| format!(" ON CLUSTER `{cluster}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every statement as a cluster gets it: what is made on servers of others is promised.
    #[test]
    fn a_cluster_gets_replicated_tables_and_distributed_ones_over_them() {
        let all = MIGRATIONS.iter().flat_map(|migration| statements(migration)).chain([VERSIONS]);
        let mut made: Vec<String> = all.flat_map(|statement| render(statement, "llmtrace", Some("main"))).collect();
        made.extend([locking(Some("main")), unlocking(Some("main"))]);
        let made = made.join(";\n\n") + ";\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/clickhouse/cluster.snapshot.sql");
        let known = std::fs::read_to_string(path).unwrap_or_default();
        if made != known {
            let new = std::env::temp_dir().join("cluster.snapshot.sql");
            std::fs::write(&new, &made).unwrap();
            panic!("the statements changed: compare {path} with {}", new.display());
        }
    }

    #[test]
    fn one_server_gets_the_statements_as_they_stand_in_the_file() {
        for statement in MIGRATIONS.iter().flat_map(|migration| statements(migration)) {
            let made = render(statement, "llmtrace", None);
            assert_eq!(made, [statement]);
            let can_run_twice = ["CREATE TABLE IF NOT EXISTS", "ALTER TABLE ", "DROP TABLE IF EXISTS"];
            assert!(can_run_twice.iter().any(|start| statement.starts_with(start)), "{statement}");
        }
    }
}
