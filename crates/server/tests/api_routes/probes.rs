//! `/health`, `/livez`, `/readyz`, `/metrics`.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    Router,
    http::{Method, Request},
};
use llmtrace_server::{
    api::{Condition, Dependency, HealthReport, JournalHealth, Phase, Probes, probes},
    telemetry::{Events, Shed},
};
use llmtrace_store::ErrorKind;
use parking_lot::Mutex;
use serde_json::json;

use crate::world::{Fickle, FickleMeta, Mood, ask, events, get, stores};

fn well() -> HealthReport {
    HealthReport {
        phase: Phase::Serving,
        uptime: Duration::from_millis(61_500),
        journal: Some(JournalHealth {
            status: Condition::Ok,
            mode: "disk".into(),
            error: None,
            records: 3,
            bytes: 4096,
            scanning: true,
            oldest_seconds: Some(2),
            shed: BTreeMap::new(),
        }),
        other: BTreeMap::new(),
    }
}

struct Probed {
    app: Router,
    store: Arc<Fickle>,
    meta: Arc<FickleMeta>,
    report: Arc<Mutex<HealthReport>>,
    events: Events,
}

async fn probed() -> Probed {
    let store = Fickle::new(stores().await.0.swap_remove(0), Mood::Well);
    let meta = FickleMeta::new(Mood::Well);
    let report = Arc::new(Mutex::new(well()));
    let (events, said) = (events(), Arc::clone(&report));
    let app = probes(Probes::new(store.clone(), meta.clone(), events.clone(), move || said.lock().clone()));
    Probed { app, store, meta, report, events }
}

#[tokio::test]
async fn health_names_every_dependency() {
    let Probed { app, events, .. } = probed().await;
    events.shed(Shed::JournalCap, 7);
    let answer = get(&app, "/health").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({
            "status": "ok",
            "version": env!("CARGO_PKG_VERSION"),
            "uptime_seconds": 61,
            "dependencies": {
                "spans": {
                    "status": "ok", "backend": "memory", "backlog": { "text_spans": 0, "rollup_hours": 0 }
                },
                "meta": { "status": "ok", "backend": "memory" },
                "journal": {
                    "status": "ok", "mode": "disk", "records": 3, "bytes": 4096, "scanning": true, "oldest_seconds": 2,
                    "shed": { "journal_cap": 7, "journal_queue": 0, "memory": 0, "dead_letter": 0 }
                }
            }
        })
    );
}

#[tokio::test]
async fn health_is_200_while_degraded_and_says_what_is() {
    let Probed { app, store, .. } = probed().await;
    *store.mood.lock() = Mood::Fails(ErrorKind::Unavailable);
    let answer = get(&app, "/health").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &json!("degraded")));
    let spans = &answer.json()["dependencies"]["spans"];
    assert_eq!(
        (&spans["status"], &spans["error"]),
        (&json!("degraded"), &json!("ping on memory failed (unavailable)"))
    );

    let Probed { app, meta, .. } = probed().await;
    *meta.mood.lock() = Mood::Fails(ErrorKind::Corrupt);
    let answer = get(&app, "/health").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &json!("degraded")));
    assert_eq!(answer.json()["dependencies"]["meta"]["error"], "ping on memory failed (corrupt)");

    let Probed { app, report, .. } = probed().await;
    if let Some(journal) = &mut report.lock().journal {
        (journal.status, journal.error) = (Condition::Degraded, Some("no space left on device".into()));
    }
    let answer = get(&app, "/health").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &json!("degraded")));
    assert_eq!(answer.json()["dependencies"]["journal"]["error"], "no space left on device");

    let Probed { app, report, .. } = probed().await;
    let broken = Dependency {
        status: Condition::Degraded,
        backend: None,
        error: Some("line 3: no such model".into()),
        backlog: None,
    };
    report.lock().other.insert("prices", broken);
    let answer = get(&app, "/health").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &json!("degraded")));
    assert_eq!(answer.json()["dependencies"]["prices"]["error"], "line 3: no such model");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_no_probe_longer_than_a_second() {
    let Probed { app, store, meta, .. } = probed().await;
    *store.mood.lock() = Mood::Hangs;
    *meta.mood.lock() = Mood::Hangs;
    let started = tokio::time::Instant::now();
    let answer = get(&app, "/health").await;
    assert_eq!(started.elapsed(), Duration::from_secs(1));
    assert_eq!(answer.json()["dependencies"]["spans"]["error"], "no answer within 1 s");
}

#[tokio::test(start_paused = true)]
async fn many_probes_ask_the_store_once_a_second() {
    let Probed { app, store, .. } = probed().await;
    let ask_all = || futures_util::future::join_all((0..100).map(|_| get(&app, "/health")));
    assert!(ask_all().await.iter().all(|answer| answer.status == 200));
    assert!(ask_all().await.iter().all(|answer| answer.status == 200));
    assert_eq!(store.pings.load(Ordering::SeqCst), 1);
    tokio::time::advance(Duration::from_millis(1001)).await;
    *store.mood.lock() = Mood::Fails(ErrorKind::Timeout);
    assert!(ask_all().await.iter().all(|answer| answer.json()["status"] == "degraded"));
    assert_eq!(store.pings.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn readiness_follows_the_phase_and_not_the_store() {
    let Probed { app, store, report, .. } = probed().await;
    *store.mood.lock() = Mood::Hangs;
    for (phase, status, text) in
        [(Phase::Starting, 503, "starting\n"), (Phase::Serving, 200, "ready\n"), (Phase::Stopping, 503, "stopping\n")]
    {
        report.lock().phase = phase;
        let answer = get(&app, "/readyz").await;
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (status, text.as_bytes()));
        assert_eq!(get(&app, "/livez").await.status, 200, "{phase:?}");
    }
    assert_eq!(store.pings.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn metrics_are_open_metrics() {
    let Probed { app, events, .. } = probed().await;
    events.spans_stored(5);
    let answer = get(&app, "/metrics").await;
    assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(text.contains("\nllmtrace_spans_stored_total 5\n"), "{text}");
    assert!(text.contains(&format!("llmtrace_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn probes_answer_any_host_on_exact_paths_only() {
    let Probed { app, .. } = probed().await;
    for path in ["/health", "/livez", "/readyz", "/metrics"] {
        let answer = ask(&app, Request::get(path).header("host", "10.1.2.3.evil.example")).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let head = ask(&app, Request::head(path)).await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0), "{path}");
        assert_eq!(ask(&app, Request::builder().method(Method::POST).uri(path)).await.status, 405, "{path}");
    }
    for path in ["/health/", "/healthz", "/metrics/x", "/", "/v1/chat/completions"] {
        assert_eq!(get(&app, path).await.status, 404, "{path} belongs to the proxy");
    }
}
