//! What is installed.

use std::sync::Arc;

use axum::http::Request;
use llmtrace_server::api::{Access, Api, ProxyAddress, router};
use llmtrace_store::Backlog;
use serde_json::json;

use crate::world::{Fickle, FickleMeta, Mood, api, app, ask, events, get, installation, stores};

async fn some_api() -> Api {
    let spans = stores().await.0.swap_remove(0);
    api(spans, FickleMeta::new(Mood::Well), events(), Arc::new(Access::default()))
}

#[tokio::test]
async fn it_says_what_is_installed_and_how_far_it_has_come() {
    let fickle = Fickle::new(stores().await.0.swap_remove(0), Mood::Well);
    *fickle.backlog.lock() = Some(Backlog { rollup_hours: 3, text_spans: 7 });
    let app = app(fickle);
    let expected = json!({
        "version": env!("CARGO_PKG_VERSION"), "profile": "lite", "capture_content": "full", "capture_raw": "off",
        "upstreams": ["default", "azure"], "proxy_url": null, "storage": { "spans": "memory", "meta": "memory" },
        "text_index": { "behind_spans": 7 }, "rollups": { "behind_hours": 3 },
    });
    assert_eq!(get(&app, "/api/v1/info").await.json(), expected);
    assert_eq!(get(&app, "/api/v1/info?tenant_id=a").await.status, 400, "it has no parameters");
}

#[tokio::test]
async fn another_listener_is_named_as_the_asker_would_reach_it() {
    for (listens, asked_as, url) in [
        ("127.0.0.1:8080", "localhost:8081", "http://127.0.0.1:8080"),
        ("0.0.0.0:8080", "localhost:8081", "http://localhost:8080"),
        ("[::]:8080", "[::1]:8081", "http://[::1]:8080"),
        ("0.0.0.0:8080", "10.0.0.7", "http://10.0.0.7:8080"),
    ] {
        let proxy = Some(ProxyAddress { scheme: "http", addr: listens.parse().unwrap() });
        let installation = Arc::new(llmtrace_server::api::Installation { proxy, ..installation() });
        let app = router(Api { installation, ..some_api().await });
        let answer = ask(&app, Request::get("/api/v1/info").header("host", asked_as)).await;
        assert_eq!(answer.json()["proxy_url"], url, "{listens} {asked_as}");
    }
}
