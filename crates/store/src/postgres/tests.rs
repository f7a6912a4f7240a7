//! What only an engine behind a network can do to its callers.

mod access;
mod settings;
mod tls;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use llmtrace_model::{TenantId, Timestamp};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::migrate::KNOWN;
use crate::{
    Error, ErrorKind, MetaStore, Migrate, OpenError, Options, Schema, Secret, ServerOptions, conformance::engines,
    migrate, open_meta, schema,
};

fn options(postgres: ServerOptions) -> Options {
    Options { postgres, ..Options::default() }
}

fn at(url: &str) -> Options {
    options(ServerOptions { url: Some(Secret::new(url)), ..ServerOptions::default() })
}

async fn open(options: &Options) -> Result<Arc<dyn MetaStore>, OpenError> {
    open_meta("storage.meta", "postgres:", options).await
}

fn url(server: &ServerOptions) -> String {
    server.url.as_ref().unwrap().expose().to_owned()
}

async fn execute(server: &ServerOptions, statement: &str) {
    let mut connection = PgConnection::connect(&url(server)).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// What a store says that opened without its server.
async fn complaint(options: &Options) -> Error {
    open(options).await.unwrap().ping().await.unwrap_err()
}

fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// The same server, as it is reached through `relay`.
fn through(server: &ServerOptions, relay: SocketAddr) -> (Options, String) {
    let url = url(server);
    let (before, database) = url.rsplit_once('/').unwrap();
    let (user, real) = before.rsplit_once('@').unwrap();
    (at(&format!("{user}@{relay}/{database}")), real.to_owned())
}

/// Passes connections on until it is dropped, and with it all of them.
fn relay(listener: TcpListener, real: String) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut passed = JoinSet::new();
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let real = real.clone();
            passed.spawn(async move {
                let mut server = TcpStream::connect(real).await.unwrap();
                drop(copy_bidirectional(&mut client, &mut server).await);
            });
        }
    });
    tasks
}

/// Asks until the store answers.
async fn recovered(store: &Arc<dyn MetaStore>) {
    let started = Instant::now();
    while let Err(error) = store.ping().await {
        assert!(error.kind.is_retryable(), "{error}");
        assert!(started.elapsed() < Duration::from_secs(30), "{}", told(&error));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_store_opens_without_its_server_and_works_once_it_is_there_and_whenever_it_is_back() {
    let (server, _guard) = engines::postgres();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let relayed = listener.local_addr().unwrap();
    drop(listener);
    let (options, real) = through(&server, relayed);
    let store = open(&options).await.unwrap();
    let error = store.tenants().await.unwrap_err();
    assert_eq!((error.kind, error.op), (ErrorKind::Unavailable, "list tenants"));
    assert!(told(&error).contains("refused"), "{}", told(&error));

    for outage in 1..=2 {
        let up = relay(TcpListener::bind(relayed).await.unwrap(), real.clone());
        recovered(&store).await;
        let id: TenantId = format!("t{outage}").parse().unwrap();
        store.touch_tenants(&[(id, Timestamp::from_unix_us(1))]).await.unwrap();
        assert_eq!(store.tenants().await.unwrap().len(), outage);
        drop(up);
        let error = store.tenants().await.unwrap_err();
        assert!(error.kind.is_retryable(), "{error}");
    }
}

#[tokio::test]
async fn an_answer_about_a_server_that_is_away_stands_for_a_second() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let store = open(&at(&format!("postgres://u@{}/db", listener.local_addr().unwrap()))).await;
    drop(listener);
    drop(store.unwrap());
    // From here on nobody listens: a thousand questions cost no more than a few attempts.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let store = open(&at(&format!("postgres://u@{closed}/db"))).await.unwrap();
    let started = Instant::now();
    for _ in 0..1000 {
        assert_eq!(store.ping().await.unwrap_err().kind, ErrorKind::Unavailable);
    }
    assert!(started.elapsed() < Duration::from_secs(5));
}

/// A server that answers the login with one error.
async fn refusing(code: &'static str) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut login = [0; 1024];
            let _length = client.read(&mut login).await.unwrap();
            let fields = format!("SFATAL\0VFATAL\0C{code}\0Mno, \"user\" hunter2\0\0");
            let mut answer = vec![b'E'];
            answer.extend(u32::try_from(fields.len() + 4).unwrap().to_be_bytes());
            answer.extend(fields.as_bytes());
            client.write_all(&answer).await.unwrap();
        }
    });
    (address, tasks)
}

#[tokio::test]
async fn a_refused_login_is_told_with_its_way_out_and_without_what_was_said() {
    for (code, way_out) in [("28P01", "postgres.password: "), ("28000", "pg_hba.conf"), ("3D000", "CREATE DATABASE")] {
        let (address, _server) = refusing(code).await;
        let error = complaint(&at(&format!("postgres://user:hunter2@{address}/db?sslmode=disable"))).await;
        assert_eq!(error.kind, ErrorKind::Unavailable, "{code}: later it may be right");
        let text = told(&error);
        assert!(text.contains(way_out) && text.contains(code), "{text}");
        assert!(!text.contains("hunter2") && !text.contains("\"user\""), "{text}");
    }
}

#[tokio::test]
async fn a_missing_database_is_named_as_such() {
    let (server, guard) = engines::postgres();
    drop(guard);
    let error = complaint(&options(server.clone())).await;
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(told(&error).contains("postgres.url: the database does not exist, create it"), "{}", told(&error));
    let error = schema("storage.meta", "postgres:", &options(server)).await.unwrap_err();
    assert!(matches!(error, OpenError::Engine { .. }), "{error}");
    assert!(error.to_string().starts_with("storage.meta: opening postgres://"), "{error}");
    assert!(!error.to_string().contains('@'), "{error}");
}

#[tokio::test]
async fn tls_that_the_server_does_not_speak_is_named_as_such() {
    let (server, _guard) = engines::postgres();
    let error = complaint(&at(&format!("{}?sslmode=require", url(&server)))).await;
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(told(&error).contains("postgres.url: the server speaks no TLS"), "{}", told(&error));
}

#[tokio::test]
async fn what_is_no_postgresql_is_named_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut web = JoinSet::new();
    web.spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        }
    });
    let error = complaint(&at(&format!("postgres://u@{address}/db"))).await;
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(told(&error).contains("postgres.url: what answers is not PostgreSQL"), "{}", told(&error));
}

#[tokio::test]
async fn a_server_that_never_answers_holds_nobody_for_long() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let started = Instant::now();
    let store = open(&at(&format!("postgres://u@{}/db", listener.local_addr().unwrap()))).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(9));
    assert_eq!(store.ping().await.unwrap_err().kind, ErrorKind::Timeout);
}

#[tokio::test]
async fn a_wrong_url_names_its_setting_and_not_itself() {
    for (wrong, said) in [
        ("http://u:hunter2@h/db", "postgres.url: scheme \"http\" is none of postgres://, postgresql://"),
        ("postgres://u:hunter2@h/db?sslmod=require", "postgres.url: has the parameter \"sslmod\""),
        ("", "postgres.url: nothing is set"),
    ] {
        let Err(error) = open(&at(wrong)).await else { panic!("{wrong} is opened") };
        assert!(error.to_string().starts_with(said) && !error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn the_schema_is_made_once_by_whoever_comes_first() {
    let (server, _guard) = engines::postgres();
    let options = options(server);
    let fresh = schema("storage.meta", "postgres:", &options).await.unwrap();
    assert_eq!(fresh, Schema { found: 0, known: KNOWN });
    let mut opened = JoinSet::new();
    for _ in 0..8 {
        let options = options.clone();
        opened.spawn(async move { open(&options).await.unwrap().ping().await.unwrap() });
    }
    assert_eq!(opened.join_all().await.len(), 8);
    let made = Schema { found: KNOWN, known: KNOWN };
    assert_eq!(migrate("storage.meta", "postgres:", &options).await.unwrap(), made);
    assert_eq!(schema("storage.meta", "postgres:", &options).await.unwrap(), made);
}

#[tokio::test]
async fn everything_is_in_one_schema_of_its_own() {
    let (server, _guard) = engines::postgres();
    let options = options(server.clone());
    open(&options).await.unwrap();
    let mut connection = PgConnection::connect(&url(&server)).await.unwrap();
    let elsewhere = "SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
        WHERE nspname NOT IN ('llmtrace', 'pg_catalog', 'information_schema', 'pg_toast')";
    let tables: i64 = sqlx::query_scalar(elsewhere).fetch_one(&mut connection).await.unwrap();
    assert_eq!(tables, 0);
}

#[tokio::test]
async fn an_older_schema_is_refused_where_migrating_is_by_hand() {
    let (server, _guard) = engines::postgres();
    let by_hand = Options { migrate: Migrate::Refuse, ..options(server) };
    let Err(error) = open(&by_hand).await else { panic!("it opened") };
    let expected = format!("has schema 0, expected {KNOWN}: run `llmtrace-proxy migrate`");
    assert!(error.to_string().contains(&expected), "{error}");
    migrate("storage.meta", "postgres:", &by_hand).await.unwrap();
    open(&by_hand).await.unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let (server, _guard) = engines::postgres();
    let options = options(server.clone());
    migrate("storage.meta", "postgres:", &options).await.unwrap();
    execute(&server, "INSERT INTO llmtrace.schema_versions (version) VALUES (99)").await;
    let expected = format!("has schema 99, this program knows up to {KNOWN}: it was written by a newer version");
    let Err(error) = open(&options).await else { panic!("it opened") };
    assert!(matches!(error, OpenError::Schema { .. }) && error.to_string().contains(&expected), "{error}");
    let error = migrate("storage.meta", "postgres:", &options).await.unwrap_err();
    assert!(error.to_string().contains(&expected), "{error}");
}

#[tokio::test]
async fn a_schema_of_another_program_is_left_alone() {
    let (server, _guard) = engines::postgres();
    execute(&server, "CREATE SCHEMA llmtrace; CREATE TABLE llmtrace.theirs (id int)").await;
    let Err(error) = open(&options(server)).await else { panic!("it opened") };
    assert!(error.to_string().contains("a schema llmtrace of another program"), "{error}");
}

#[tokio::test]
async fn a_user_who_only_owns_the_schema_can_use_it() {
    let (server, _guard) = engines::postgres();
    let name = url(&server).rsplit_once('/').unwrap().1.to_owned();
    execute(&server, &format!("CREATE ROLE {name} LOGIN; CREATE SCHEMA llmtrace AUTHORIZATION {name}")).await;
    let url = url(&server);
    let theirs = format!("postgres://{name}@{}", url.rsplit_once('@').unwrap().1);
    let result = async { open(&at(&theirs)).await?.ping().await.map_err(|error| panic!("{}", told(&error))) };
    let result: Result<(), OpenError> = result.await;
    execute(&server, &format!("DROP OWNED BY {name}; DROP ROLE {name}")).await;
    result.unwrap();
}

#[tokio::test]
async fn a_database_that_was_emptied_is_made_anew() {
    let (server, _guard) = engines::postgres();
    let store = open(&options(server.clone())).await.unwrap();
    store.ping().await.unwrap();
    execute(&server, "DROP SCHEMA llmtrace CASCADE").await;
    let error = store.ping().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{}", told(&error));
    recovered(&store).await;
}
