//! The live tail without anything to tell: beats, the end, and what may be asked.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, http::Request};
use bytes::Bytes;
use http_body_util::BodyExt;
use llmtrace_server::{api::router, tasks::Tasks};
use tokio::time::Instant;
use tower::ServiceExt;

use crate::world::{FickleMeta, Mood, api, app, events, get, stores};

fn ask() -> Request<Body> {
    Request::get("/api/v1/tail").header("host", "localhost").body(Body::empty()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_quiet_tail_beats_every_fifteen_seconds_and_ends_when_the_process_stops() {
    let (mut stores, _folder) = stores().await;
    let tasks = Tasks::new();
    let mut api = api(stores.remove(0), FickleMeta::new(Mood::Well), events(), Arc::default());
    api.tasks = tasks.clone();
    let mut body = router(api).oneshot(ask()).await.unwrap().into_body();
    let started = Instant::now();
    for beat in 0..5 {
        let comment = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(comment, Bytes::from_static(b": tail\n\n"));
        let due = Duration::from_secs(15) * beat;
        let late = started.elapsed().saturating_sub(due);
        assert!(started.elapsed() >= due && late < Duration::from_millis(10), "{beat}: {:?}", started.elapsed());
    }
    tasks.stop();
    assert!(body.frame().await.is_none(), "it ends without waiting for a beat");
    assert!(started.elapsed() < Duration::from_secs(61));
}

#[tokio::test]
async fn the_tail_has_no_past_and_no_pages() {
    let (mut stores, _folder) = stores().await;
    let app = app(stores.remove(0));
    for name in ["from=2026-01-01T00:00:00Z", "until=2026-01-01T00:00:00Z", "limit=5", "after=x", "part=request"] {
        let answer = get(&app, &format!("/api/v1/tail?{name}")).await;
        assert_eq!(answer.status, 400, "{name}");
        assert_eq!(answer.json()["type"], "urn:llmtrace:problem:unknown-parameter");
    }
    assert_eq!(get(&app, "/api/v1/tail?status=odd").await.status, 400);
}
