//! Settings of what is kept, where, and for how long: stores, journal, pipeline, the master key, the end of the process.

use std::time::{Duration, Instant};

use llmtrace_model::EndReason;
use llmtrace_server::boot::{self, Running};
use llmtrace_testkit::{Answer, FakeProvider, Fault, tcp::RawClient};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::app::{TestApp, config, post, stored};

const CHAT: &str = "/v1/chat/completions";
const BODY: &str = r#"{"model":"gpt-4o","messages":[]}"#;

/// What `/metrics` says behind this beginning of a line, 0 where there is none.
async fn metric(running: &Running, start: &str) -> u64 {
    let mut client = RawClient::connect(running.addr).await.unwrap();
    client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let answer = client.answer().await.unwrap();
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let line = text.lines().find(|line| line.starts_with(start));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
}

/// Waits until a metric is at least `least`.
async fn until(running: &Running, start: &str, least: u64) {
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let reached = async {
        while metric(running, start).await < least {
            tick.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached).await.unwrap_or_else(|_| panic!("{start} < {least}"));
}

/// Leaves one open exchange in the journal, as a crash would, and returns a copy of the folder.
async fn crashed(app: &TestApp) -> (TempDir, RawClient) {
    app.provider.script(Answer::empty(200).fault(Fault::NoAnswer));
    let mut client = app.client().await;
    client.send(post(CHAT, BODY, "")).await.unwrap();
    app.provider.next_received().await;
    app.running.journal_flush();
    let copy = TempDir::new().unwrap();
    crate::ends::copy_folder(&app.folder.path().join("data"), &copy.path().join("data"));
    (copy, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_and_tenants_may_each_have_a_store_of_their_own() {
    let elsewhere = TempDir::new().unwrap();
    let url = |name: &str| format!("sqlite:{}", elsewhere.path().join(name).display());
    let app = TestApp::with(&[("STORAGE__SPANS", &url("spans.db")), ("STORAGE__META", &url("meta.db"))]).await;
    app.send(post(CHAT, BODY, "X-LLMTrace-Tenant-ID: team-1\r\n")).await;
    app.span().await;
    let data = app.folder.path().join("data");
    app.running.shutdown().await;
    assert!(!data.join("llmtrace.db").exists(), "the profile's file was made all the same");
    let options = llmtrace_store::Options::default();
    let spans = llmtrace_store::open_spans("test", &url("spans.db"), &options).await.unwrap();
    assert_eq!(stored(&spans, 1).await[0].span.tenant_id.as_str(), "team-1");
    let meta = llmtrace_store::open_meta("test", &url("meta.db"), &options).await.unwrap();
    assert_eq!(meta.tenants().await.unwrap()[0].id.as_str(), "team-1");
    let others = llmtrace_store::open_meta("test", &url("spans.db"), &options).await.unwrap();
    assert!(others.tenants().await.unwrap().is_empty(), "tenants went to the store of spans");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_where_and_what_its_settings_say() {
    let elsewhere = TempDir::new().unwrap();
    let path = elsewhere.path().join("wal").display().to_string();
    let moved = TestApp::with(&[("JOURNAL__PATH", &path)]).await;
    let _open = crashed(&moved).await;
    assert!(std::fs::read_dir(&path).unwrap().next().is_some(), "an open exchange has a record in journal.path");
    assert!(!moved.folder.path().join("data/journal").exists());

    let memory = TestApp::with(&[("JOURNAL__MODE", "memory")]).await;
    let _open = crashed(&memory).await;
    assert!(!memory.folder.path().join("data/journal").exists(), "journal.mode: memory writes no file");
    assert!(memory.folder.path().join("data/llmtrace.db").exists(), "the store stays the profile's");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_journal_max_bytes_the_oldest_are_shed_counted_and_shown() {
    let app = TestApp::with(&[("JOURNAL__MAX_BYTES", "1MiB"), ("PIPELINE__QUEUE_MAX_BYTES", "256KiB")]).await;
    app.send(post(CHAT, BODY, "")).await;
    app.spans(1).await;
    let lock = rusqlite::Connection::open(app.folder.path().join("data/llmtrace.db")).unwrap();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    // Nothing that compresses: every record is as large as its bodies.
    let noise: String = (0..6_000_u64)
        .map(|n| format!("{:016x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(13) ^ n.pow(5)))
        .collect();
    let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": noise}]}).to_string();
    for _ in 0..40 {
        assert_eq!(app.send(post(CHAT, &body, "")).await.status, 200, "forwarding goes on");
        app.running.journal_flush();
    }
    until(&app.running, "llmtrace_shed_total{reason=\"journal_cap\"}", 1).await;
    let health = app.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let health: Value = serde_json::from_slice(&health.body).unwrap();
    assert!(health["dependencies"]["journal"]["shed"]["journal_cap"].as_u64() > Some(0), "{health}");
    assert!(metric(&app.running, "llmtrace_journal_bytes").await <= 1 << 20);
    // The bound, and the one record that was read back into the last of the room.
    let queued = metric(&app.running, "llmtrace_queue_bytes").await;
    assert!(queued <= 512 << 10, "{queued}");
    lock.execute_batch("COMMIT").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_are_written_when_the_batch_is_full_or_its_time_is_over() {
    const WRITES: &str = "llmtrace_store_duration_seconds_count{op=\"write\"}";
    let started = Instant::now();
    let full = TestApp::with(&[("PIPELINE__BATCH_ROWS", "3"), ("PIPELINE__BATCH_MS", "10000")]).await;
    for _ in 0..3 {
        full.send(post(CHAT, BODY, "")).await;
    }
    full.spans(3).await;
    assert!(started.elapsed() < Duration::from_secs(9), "three rows are a batch, whatever the time");
    assert_eq!(metric(&full.running, WRITES).await, 1);

    let late = TestApp::with(&[("PIPELINE__BATCH_MS", "1000")]).await;
    let started = Instant::now();
    late.send(post(CHAT, BODY, "")).await;
    late.spans(1).await;
    assert!(started.elapsed() >= Duration::from_secs(1), "it was written after {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_of_one_master_key_is_closed_to_another() {
    let (own, other) = ("11".repeat(32), "22".repeat(32));
    let app = TestApp::with(&[("SECRETS__MASTER_KEY", &own)]).await;
    let (copy, _open) = crashed(&app).await;
    assert!(!copy.path().join("data/master.key").exists(), "a key of one's own needs no file");
    let upstream = app.provider.url();
    let stranger = boot::start(&config(&copy, &upstream, &[("SECRETS__MASTER_KEY", &other)])).await.unwrap();
    until(&stranger, "llmtrace_notices_total{event=\"journal_left_alone\"}", 1).await;
    assert!(stored(&stranger.spans, 0).await.is_empty());
    stranger.shutdown().await;
    let owner = boot::start(&config(&copy, &upstream, &[("SECRETS__MASTER_KEY", &own)])).await.unwrap();
    assert_eq!(stored(&owner.spans, 1).await[0].span.end_reason, EndReason::Interrupted);

    let without = TestApp::start().await;
    assert!(without.folder.path().join("data/master.key").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_waits_for_open_streams_no_longer_than_its_setting() {
    let provider = FakeProvider::start().await;
    let url = provider.url();
    let app = TestApp::in_front_of(provider, &url, &[("SHUTDOWN__TIMEOUT_SECONDS", "1")]).await;
    app.provider.script(Answer::empty(200).fault(Fault::NoAnswer));
    let mut client = app.client().await;
    client.send(post(CHAT, BODY, "")).await.unwrap();
    app.provider.next_received().await;
    let started = Instant::now();
    tokio::time::timeout(Duration::from_secs(20), app.running.shutdown()).await.expect("the default is 30 s");
    assert!(started.elapsed() >= Duration::from_secs(1), "an open exchange had {:?}", started.elapsed());
    // What was cut is in the journal: the next start stores it. (This process still holds the folder, so that it is copied.)
    let copy = TempDir::new().unwrap();
    crate::ends::copy_folder(&app.folder.path().join("data"), &copy.path().join("data"));
    let next = boot::start(&config(&copy, &url, &[])).await.unwrap();
    assert_eq!(stored(&next.spans, 1).await[0].span.end_reason, EndReason::Interrupted);
}
