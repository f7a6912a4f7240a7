//! Places of their own in real engines, for one test each: a fresh database, or a fresh prefix of keys.
//!
//! The engines are started once for all tests, by `make test` or `scripts/engines.sh`, and named by environment variables. A test without
//! its engine fails and says so; it is never skipped. What was lent is removed when its guard is dropped.

use std::{
    collections::hash_map::RandomState,
    future::Future,
    hash::BuildHasher,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{ClickhouseOptions, Secret, ServerOptions, ServerUrl};

/// Removes what was lent to a test when it is dropped.
#[derive(Debug)]
#[must_use = "dropping the guard drops the database"]
pub struct Guard(Lent);

#[derive(Debug)]
enum Lent {
    Clickhouse(ClickhouseOptions),
    Postgres { server: String, database: String },
    Redis { server: String, prefix: String },
}

/// A database of its own on the current ClickHouse. The adapter makes it, as it makes any database that is missing.
pub fn clickhouse() -> (ClickhouseOptions, Guard) {
    clickhouse_at(&server("LLMTRACE_TEST_CLICKHOUSE_URL"))
}

/// A database of its own on the oldest ClickHouse that is supported.
pub fn clickhouse_old() -> (ClickhouseOptions, Guard) {
    clickhouse_at(&server("LLMTRACE_TEST_CLICKHOUSE_OLD_URL"))
}

fn clickhouse_at(url: &str) -> (ClickhouseOptions, Guard) {
    let options = ClickhouseOptions { server: at(url), database: fresh(), cluster: None };
    (options.clone(), Guard(Lent::Clickhouse(options)))
}

/// An empty database of its own on PostgreSQL.
pub fn postgres() -> (ServerOptions, Guard) {
    let server = server("LLMTRACE_TEST_POSTGRES_URL");
    let database = fresh();
    let url = with_database(&server, &database);
    wait(execute(&server, format!("CREATE DATABASE {database}")));
    (at(&url), Guard(Lent::Postgres { server, database }))
}

/// Redis, and a text with which every key of the test begins.
pub fn redis() -> (ServerOptions, String, Guard) {
    let server = server("LLMTRACE_TEST_REDIS_URL");
    let prefix = fresh();
    (at(&server), prefix.clone(), Guard(Lent::Redis { server, prefix }))
}

impl Drop for Guard {
    fn drop(&mut self) {
        match &self.0 {
            Lent::Clickhouse(options) => wait(drop_clickhouse(options)),
            Lent::Postgres { server, database } => {
                wait(execute(server, format!("DROP DATABASE {database} WITH (FORCE)")));
            }
            Lent::Redis { server, prefix } => wait(drop_keys(server, prefix)),
        }
    }
}

fn server(variable: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "which engines tests may use is no configuration of the program")]
    let found = std::env::var(variable).ok().filter(|url| !url.is_empty());
    found.unwrap_or_else(|| {
        panic!("{variable} is not set: run the tests with `make test`, or start the engines with `scripts/engines.sh`")
    })
}

fn at(url: &str) -> ServerOptions {
    ServerOptions { url: Some(Secret::new(url)), ..ServerOptions::default() }
}

/// A name that no other test has, in this process or another.
fn fresh() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("t{:016x}", RandomState::new().hash_one((std::process::id(), number)))
}

fn with_database(url: &str, database: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, String::new()), |(a, b)| (a, format!("?{b}")));
    let authority = before.find("://").map_or(0, |at| at + 3);
    let end = before[authority..].find('/').map_or(before.len(), |at| authority + at);
    format!("{}/{database}{query}", &before[..end])
}

/// Runs to its end on a thread of its own, since guards are dropped within a test's runtime and without one.
fn wait(work: impl Future<Output = Result<(), String>> + Send) {
    let result = thread::scope(|scope| {
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|e| e.to_string())?.block_on(work)
        };
        scope.spawn(run).join().expect("nothing in there panics")
    });
    // A test that fails already says why; a second panic would hide it.
    if let Err(error) = result
        && !thread::panicking()
    {
        panic!("the engine for tests: {error}");
    }
}

async fn drop_clickhouse(options: &ClickhouseOptions) -> Result<(), String> {
    let url =
        ServerUrl::parse(&options.server, &["http", "https"], "http://127.0.0.1:8123").map_err(|e| e.to_string())?;
    let host = &url.hosts[0];
    let mut client =
        clickhouse::Client::default().with_url(format!("{}://{}:{}", url.scheme, host.name, host.port.unwrap_or(8123)));
    if let Some(user) = &url.user {
        client = client.with_user(user);
    }
    if let Some(password) = &url.password {
        client = client.with_password(password.expose());
    }
    let drop = format!("DROP DATABASE IF EXISTS {}", options.database);
    client.query(&drop).execute().await.map_err(|e| e.to_string())
}

async fn execute(server: &str, statement: String) -> Result<(), String> {
    let mut connection = PgConnection::connect(server).await.map_err(|e| e.to_string())?;
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.map_err(|e| e.to_string())?;
    connection.close().await.map_err(|e| e.to_string())
}

async fn drop_keys(server: &str, prefix: &str) -> Result<(), String> {
    let drop = async {
        let client = redis::Client::open(server)?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        // Hash tags put a brace before it.
        let pattern = format!("*{prefix}*");
        let mut cursor = 0u64;
        loop {
            let (next, keys): (u64, Vec<Vec<u8>>) = redis::cmd("SCAN")
                .arg(cursor)
                .arg("MATCH")
                .arg(&pattern)
                .arg("COUNT")
                .arg(1000)
                .query_async(&mut connection)
                .await?;
            if !keys.is_empty() {
                redis::cmd("UNLINK").arg(keys).exec_async(&mut connection).await?;
            }
            cursor = next;
            if cursor == 0 {
                return Ok::<(), redis::RedisError>(());
            }
        }
    };
    drop.await.map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_has_a_database_of_its_own_that_goes_with_its_guard() {
        let (options, guard) = postgres();
        let url = options.url.unwrap().expose().to_owned();
        wait(execute(&url, "CREATE TABLE mine (id int)".to_owned()));
        drop(guard);
        let gone = thread::scope(|scope| {
            let connect = || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(PgConnection::connect(&url)).is_err()
            };
            scope.spawn(connect).join().unwrap()
        });
        assert!(gone);
        let (_, prefix, _guard) = redis();
        assert_ne!(prefix, redis().1);
        let (current, _first) = clickhouse();
        let (old, _second) = clickhouse_old();
        assert_ne!(current.database, old.database);
    }

    #[test]
    fn a_database_takes_the_place_of_the_one_in_the_url() {
        assert_eq!(
            with_database("postgres://u:p@h:1/old?sslmode=disable", "new"),
            "postgres://u:p@h:1/new?sslmode=disable"
        );
        assert_eq!(with_database("postgres://u@h", "new"), "postgres://u@h/new");
    }
}
