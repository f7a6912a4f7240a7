//! What only a file can do: be locked, foreign, newer, damaged, refused.

mod access;
mod settings;
mod text;

use std::{sync::Arc, time::Duration};

use llmtrace_model::{PageRequest, SpanFilter, Status, TenantScope};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{
    migrate::{APPLICATION_ID, KNOWN, MIGRATIONS},
    query,
    search::{self, Text},
};
use crate::{
    Backend, Error, ErrorKind, Migrate, OpenError, Options, Schema, SpanStore, SqliteOptions,
    conformance::builders::{numbered, span},
    migrate, open_meta, open_spans, schema,
};

const ALL: TenantScope = TenantScope::All;

/// A folder, the URL of a file in it, and a second connection to that file, as another process has one.
struct File {
    folder: TempDir,
}

impl File {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("spans.db")
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    fn other(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    async fn open(&self, options: &Options) -> Result<Arc<dyn SpanStore>, OpenError> {
        open_spans("storage.spans", &self.url(), options).await
    }
}

fn impatient() -> Options {
    let sqlite = SqliteOptions { busy_timeout: Duration::from_millis(20), ..SqliteOptions::default() };
    Options { sqlite, ..Options::default() }
}

fn schema_problem(result: Result<Arc<dyn SpanStore>, OpenError>) -> String {
    match result.map(|_| ()) {
        Err(error @ OpenError::Schema { .. }) => error.to_string(),
        other => panic!("expected a refused schema, found {other:?}"),
    }
}

fn assert_is(error: &Error, kind: ErrorKind) {
    assert_eq!((error.kind, error.backend), (kind, Backend::Sqlite), "{error}: {}", error.source);
}

#[tokio::test]
async fn spans_outlive_the_store() {
    let file = File::new();
    let record = span().said("q", &"long ".repeat(5000)).record();
    let store = file.open(&Options::default()).await.unwrap();
    store.write(std::slice::from_ref(&record)).await.unwrap();
    store.close().await.unwrap();
    assert!(!file.folder.path().join("spans.db-wal").exists(), "closing folds the log into the file");
    let store = file.open(&Options::default()).await.unwrap();
    assert_eq!(store.exchange(&ALL, record.span.exchange_id).await.unwrap().as_ref(), Some(&*record));
}

#[tokio::test]
async fn what_was_written_survives_a_process_that_never_closes() {
    let file = File::new();
    let store = file.open(&Options::default()).await.unwrap();
    store.write(&[span().record()]).await.unwrap();
    // A copy of the files as they are now is what a killed process leaves behind.
    let copy = File::new();
    for name in ["spans.db", "spans.db-wal"] {
        std::fs::copy(file.folder.path().join(name), copy.folder.path().join(name)).unwrap();
    }
    let revived = copy.open(&Options::default()).await.unwrap();
    assert_eq!(revived.count(&ALL, &SpanFilter::default()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_locked_file_is_worth_another_try_and_still_reads() {
    let file = File::new();
    let store = file.open(&impatient()).await.unwrap();
    store.write(&[numbered(1).record()]).await.unwrap();
    let other = file.other();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for error in [store.write(&[numbered(2).record()]).await.unwrap_err(), store.ping().await.unwrap_err()] {
        assert_is(&error, ErrorKind::Unavailable);
        assert!(error.kind.is_retryable());
    }
    assert_eq!(store.count(&ALL, &SpanFilter::default()).await.unwrap(), 1);
    other.execute_batch("ROLLBACK").unwrap();
    store.write(&[numbered(2).record()]).await.unwrap();
    store.ping().await.unwrap();
    assert_eq!(store.count(&ALL, &SpanFilter::default()).await.unwrap(), 2);
}

#[tokio::test]
async fn a_refused_row_leaves_nothing_of_its_batch() {
    let file = File::new();
    let store = file.open(&impatient()).await.unwrap();
    store.write(&[numbered(1).record()]).await.unwrap();
    let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON spans WHEN NEW.agent_id = 'refuse' \
        BEGIN SELECT RAISE(ABORT, 'refused by the test'); END";
    file.other().execute_batch(trigger).unwrap();
    let batch = [numbered(2).record(), numbered(3).agent("refuse").record(), numbered(4).record()];
    assert_is(&store.write(&batch).await.unwrap_err(), ErrorKind::Rejected);
    assert_eq!(store.count(&ALL, &SpanFilter::default()).await.unwrap(), 1);
    store.write(&batch[..1]).await.unwrap();
    assert_eq!(store.count(&ALL, &SpanFilter::default()).await.unwrap(), 2);
}

#[tokio::test]
async fn two_stores_may_share_a_file() {
    let file = File::new();
    let (a, b) = (file.open(&Options::default()).await.unwrap(), file.open(&Options::default()).await.unwrap());
    let meta = open_meta("storage.meta", &file.url(), &Options::default()).await.unwrap();
    let seen = [("a".parse().unwrap(), numbered(1).build().started_at)];
    for n in 0..20 {
        let (one, two) = ([numbered(n).record()], [numbered(n + 10).record()]);
        let (x, y, z) = tokio::join!(a.write(&one), b.write(&two), meta.touch_tenants(&seen));
        assert_eq!((x.map_err(|e| e.kind), y.map_err(|e| e.kind), z.map_err(|e| e.kind)), (Ok(()), Ok(()), Ok(())));
    }
    assert_eq!(a.count(&ALL, &SpanFilter::default()).await.unwrap(), 30);
    assert_eq!(meta.tenants().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let file = File::new();
    file.open(&Options::default()).await.unwrap().close().await.unwrap();
    file.other().pragma_update(None, "user_version", 99).unwrap();
    let problem = schema_problem(file.open(&Options::default()).await);
    assert!(problem.starts_with("storage.spans: sqlite:"), "{problem}");
    let expected = format!("has schema 99, this program knows up to {KNOWN}");
    assert!(problem.contains(&expected), "{problem}");
    assert!(schema("s", &file.url(), &Options::default()).await.is_err());
    assert_eq!(file.other().pragma_query_value(None, "user_version", |row| row.get(0)), Ok(99));
}

#[tokio::test]
async fn an_older_schema_is_migrated_only_where_that_is_allowed() {
    let file = File::new();
    let refuse = Options { migrate: Migrate::Refuse, ..Options::default() };
    let (before, after) = (Schema { found: 0, known: KNOWN }, Schema { found: KNOWN, known: KNOWN });
    assert_eq!(schema("s", &file.url(), &refuse).await.unwrap(), before);
    assert!(!file.path().exists(), "asking for the version creates nothing");
    let problem = schema_problem(file.open(&refuse).await);
    let expected = format!("has schema 0, expected {KNOWN}: run `llmtrace-proxy migrate`");
    assert!(problem.contains(&expected), "{problem}");
    assert_eq!(migrate("s", &file.url(), &refuse).await.unwrap(), before);
    assert_eq!(migrate("s", &file.url(), &refuse).await.unwrap(), after);
    assert!(schema("s", &file.url(), &refuse).await.unwrap().is_current());
    file.open(&refuse).await.unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn a_row_from_before_a_migration_reads_as_zero_in_the_new_columns() {
    let (new, file) = (File::new(), File::new());
    let store = new.open(&Options::default()).await.unwrap();
    let record = span().tokens(3, 5).record();
    store.write(std::slice::from_ref(&record)).await.unwrap();
    store.close().await.unwrap();
    let old = file.other();
    old.execute_batch(MIGRATIONS[0]).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    old.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    let columns = "SELECT group_concat('\"' || name || '\"') FROM pragma_table_info('spans')";
    let columns: String = old.query_row(columns, [], |row| row.get(0)).unwrap();
    old.execute("ATTACH ? AS new", [new.path().to_str()]).unwrap();
    old.execute_batch(&format!("INSERT INTO spans ({columns}) SELECT {columns} FROM new.spans")).unwrap();
    drop(old);
    let store = file.open(&Options::default()).await.unwrap();
    assert_eq!(store.span(&ALL, record.span.span_id).await.unwrap(), Some((*record).clone()));
}

#[tokio::test]
async fn a_file_of_another_program_is_refused_and_left_alone() {
    let file = File::new();
    file.other().execute_batch("CREATE TABLE spans (a); INSERT INTO spans VALUES (1)").unwrap();
    let problem = schema_problem(file.open(&Options::default()).await);
    assert!(problem.contains("is a database of another program"), "{problem}");
    assert_eq!(file.other().query_row("SELECT a FROM spans", [], |row| row.get(0)), Ok(1));

    let file = File::new();
    std::fs::write(file.path(), "no database at all, but a text that is long enough for a header".repeat(20)).unwrap();
    let Err(OpenError::Engine { source, .. }) = file.open(&Options::default()).await else {
        panic!("expected the engine to refuse")
    };
    assert_is(&source, ErrorKind::Corrupt);
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    let file = File::new();
    std::fs::write(file.folder.path().join("plain"), "").unwrap();
    let url = format!("sqlite:{}/plain/spans.db", file.folder.path().display());
    let Err(error @ OpenError::Engine { .. }) = open_spans("storage.spans", &url, &Options::default()).await else {
        panic!("expected the engine to refuse")
    };
    assert!(error.to_string().starts_with("storage.spans: opening sqlite:"), "{error}");
    assert!(error.to_string().contains("plain/spans.db failed"), "{error}");
}

#[tokio::test]
async fn a_damaged_row_is_named_and_the_rest_is_read() {
    let file = File::new();
    let store = file.open(&Options::default()).await.unwrap();
    let (bad, good) = (numbered(1).said("q", "a").record(), numbered(2).said("q", "a").record());
    store.write(&[Arc::clone(&bad), Arc::clone(&good)]).await.unwrap();
    for (damage, column) in [
        ("UPDATE spans SET status = 'weird' WHERE id = 1", "column status"),
        ("UPDATE spans SET status = 'ok', coverage = '{' WHERE id = 1", "column coverage"),
        ("UPDATE spans SET coverage = NULL, trace_id = zeroblob(16) WHERE id = 1", "column trace_id"),
        (
            "UPDATE spans SET trace_id = exchange_id WHERE id = 1; UPDATE bodies SET codec = 7 WHERE span = 1",
            "codec is 7",
        ),
        ("UPDATE bodies SET codec = 1, size_bytes = 1 << 62 WHERE span = 1", "size_bytes is"),
        ("UPDATE bodies SET size_bytes = 10 WHERE span = 1", ""),
    ] {
        file.other().execute_batch(damage).unwrap();
        let error = store.exchange(&ALL, bad.span.exchange_id).await.unwrap_err();
        assert_is(&error, ErrorKind::Corrupt);
        assert!(error.source.to_string().contains(column), "{damage}: {}", error.source);
        assert!(store.exchange(&ALL, good.span.exchange_id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_read_that_takes_too_long_ends() {
    let file = File::new();
    let sqlite = SqliteOptions { read_timeout: Duration::ZERO, ..SqliteOptions::default() };
    let store = file.open(&Options { sqlite, ..Options::default() }).await.unwrap();
    let batch: Vec<_> = (0..5000).map(|n| numbered(n).record()).collect();
    store.write(&batch).await.unwrap();
    let filter = SpanFilter { agent_id: Some("nobody".to_owned()), ..SpanFilter::default() };
    assert_is(&store.count(&ALL, &filter).await.unwrap_err(), ErrorKind::Timeout);
    // The connection serves the next read.
    assert!(store.exchange(&ALL, batch[0].span.exchange_id).await.unwrap().is_some());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let url = format!("sqlite:{}/spans.db", data.display());
    let store = open_spans("s", &url, &Options::default()).await.unwrap();
    store.write(&[span().record()]).await.unwrap();
    let mode = |name: &str| std::fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("."), mode("spans.db"), mode("spans.db-wal"), mode("spans.db-shm")), (0o700, 0o600, 0o600, 0o600));
}

/// One page's query.
type Form = fn(&Text, &TenantScope, &SpanFilter, query::Time, &PageRequest) -> query::Query;
const SPANS: Form = query::spans;
const TRACES: Form = query::traces;

#[tokio::test]
async fn lists_of_a_tenant_stop_when_the_page_is_full() {
    let file = File::new();
    file.open(&Options::default()).await.unwrap();
    let connection = file.other();
    search::register(&connection).unwrap();
    let session = SpanFilter { session_id: Some("s".to_owned()), ..SpanFilter::default() };
    let trace = SpanFilter { trace_id: Some(numbered(1).build().trace_id), ..SpanFilter::default() };
    let user = SpanFilter { user_id: Some("u".to_owned()), ..SpanFilter::default() };
    let agent = SpanFilter { agent_id: Some("a".to_owned()), ..SpanFilter::default() };
    let error = SpanFilter { status: Some(Status::Error), ..SpanFilter::default() };
    let one = TenantScope::One("a".parse().unwrap());
    for scope in [ALL, one] {
        for filter in [&SpanFilter::default(), &session, &trace, &user, &agent, &error] {
            for (query, text) in [(SPANS, Text::Any), (SPANS, Text::Many), (TRACES, Text::Any), (TRACES, Text::Many)] {
                let sql = query(&text, &scope, filter, query::Time::of(filter), &PageRequest::first(10)).sql;
                let plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
                let steps = plan_steps(plan);
                assert!(
                    steps
                        .iter()
                        .all(|step| step.contains("INDEX") || step.contains("CORRELATED") || step.contains("B-TREE")),
                    "{sql}: {steps:?}"
                );
                // Of all tenants, one session or trace is sorted whole; it is small.
                let sorts_all = steps.iter().any(|step| step == "USE TEMP B-TREE FOR ORDER BY");
                let is_small = scope == ALL && (filter.session_id.is_some() || filter.trace_id.is_some());
                assert!(!sorts_all || is_small, "{sql}: {steps:?}");
            }
        }
    }
}

fn plan_steps(mut plan: rusqlite::Statement<'_>) -> Vec<String> {
    let values = (0..plan.parameter_count()).map(|_| rusqlite::types::Value::Integer(1));
    let rows = plan.query_map(rusqlite::params_from_iter(values), |row| row.get("detail")).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}
