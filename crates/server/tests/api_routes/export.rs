//! The export: all of it, in bounded pages, and visibly broken where it is not all.

use std::sync::{Arc, atomic::Ordering};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use llmtrace_model::{Content, Part, SpanRecord};
use llmtrace_server::{api::view::SpanDetail, tasks::Tasks};
use llmtrace_store::{ErrorKind, SpanStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

use crate::world::{Answer, Fickle, Mood, app, changed, get, record, stores, stores_of};

fn lines(answer: &Answer) -> Vec<SpanDetail> {
    let text = std::str::from_utf8(&answer.body).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn five_thousand_spans_come_once_each_newest_first_with_content() {
    let (stores, _folder) = stores_of((0..5000).map(record).collect()).await;
    for store in stores {
        let fickle = Fickle::new(store, Mood::Well);
        let answer = get(&app(fickle.clone()), "/api/v1/export?format=jsonl").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/jsonl");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let expected: Vec<SpanDetail> = (0..5000).rev().map(|n| record(n).into()).collect();
        let found = lines(&answer);
        assert_eq!(found.len(), 5000);
        assert!(found == expected, "an export holds what was written, in order");
        let limits = fickle.limits.lock().clone();
        assert!(limits[0] == 32 && limits[1] > 100 && limits.len() < 30, "small rows come in large pages: {limits:?}");
    }
}

#[tokio::test]
async fn large_spans_come_in_small_pages() {
    let large = |n| {
        changed(n, |r| {
            let text = "x".repeat(300_000);
            r.content = Some(Content { system_instructions: vec![Part::Text { content: text }], ..Content::default() });
        })
    };
    let (stores, _folder) = stores_of((0..50).map(large).collect()).await;
    for store in stores {
        let fickle = Fickle::new(store, Mood::Well);
        let answer = get(&app(fickle.clone()), "/api/v1/export").await;
        assert_eq!(lines(&answer).len(), 50);
        let limits = fickle.limits.lock().clone();
        assert!(limits.iter().skip(1).all(|limit| *limit <= 3), "{limits:?}");
    }
}

#[tokio::test]
async fn an_export_is_narrowed_as_a_list_is() {
    let records: Vec<SpanRecord> = (0..100)
        .map(|n| changed(n, |r| r.span.tenant_id = if n % 10 == 0 { "b" } else { "a" }.parse().unwrap()))
        .collect();
    let (stores, _folder) = stores_of(records).await;
    for store in stores {
        let app = app(store);
        let found = lines(&get(&app, "/api/v1/export?tenant_id=b").await);
        assert!(found.len() == 10 && found.iter().all(|line| line.span.tenant_id.as_str() == "b"));
        let id = record(20).span.trace_id;
        assert_eq!(lines(&get(&app, &format!("/api/v1/export?tenant_id=b&trace_id={id}")).await).len(), 1);
        let nothing = get(&app, "/api/v1/export?model=none").await;
        assert_eq!((nothing.status, nothing.body.len()), (StatusCode::OK, 0));
    }
}

#[tokio::test]
async fn a_store_that_is_away_at_the_start_is_a_plain_503() {
    let fickle = Fickle::new(stores().await.0.swap_remove(0), Mood::Fails(ErrorKind::Unavailable));
    let answer = get(&app(fickle), "/api/v1/export").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn an_export_that_breaks_off_ends_in_an_error() {
    let (stores, _folder) = stores_of((0..200).map(record).collect()).await;
    for store in stores {
        let request = Request::get("/api/v1/export").header("host", "localhost").body(Body::empty()).unwrap();
        let response = app(Fickle::new(store, Mood::WellFor(1))).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let error = response.into_body().collect().await.unwrap_err();
        assert_eq!(error.to_string(), "the export broke off because the span store failed");
    }
}

#[tokio::test]
async fn a_client_sees_on_the_wire_whether_an_export_is_whole() {
    let (mut stores, _folder) = stores_of((0..200).map(record).collect()).await;
    let store = stores.swap_remove(0);
    let whole = raw(Arc::clone(&store)).await;
    assert!(whole.ends_with(b"0\r\n\r\n"), "the last chunk closes a whole export");
    let broken = raw(Fickle::new(store, Mood::WellFor(1))).await;
    assert!(broken.starts_with(b"HTTP/1.1 200 OK\r\n") && broken.len() > 1000, "some rows were sent");
    assert!(!broken.ends_with(b"0\r\n\r\n"), "a part must not look whole");
}

/// The raw answer of one export over a real connection.
async fn raw(store: Arc<dyn SpanStore>) -> Vec<u8> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    let tasks = Tasks::new();
    tasks.spawn("serve", async move {
        let service = TowerToHyperService::new(app(store));
        // A broken body is an error of the connection, which is what the test is about.
        if let Err(error) =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service).await
        {
            tracing::debug!(%error, "connection ended");
        }
    });
    let head = b"GET /api/v1/export HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    client.write_all(head).await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_reading() {
    let (mut stores, _folder) = stores_of((0..5000).map(record).collect()).await;
    let fickle = Fickle::new(stores.swap_remove(0), Mood::Well);
    let request = Request::get("/api/v1/export").header("host", "localhost").body(Body::empty()).unwrap();
    let mut body = app(fickle.clone()).oneshot(request).await.unwrap().into_body();
    assert!(body.frame().await.unwrap().is_ok());
    drop(body);
    tokio::task::yield_now().await;
    assert_eq!(fickle.reads.load(Ordering::SeqCst), 1, "pages are read when the client takes them, not before");
}
