//! Saved views: made, changed and deleted by who saw them last, each tenant's its own.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Method, Request, request::Builder},
};
use http_body_util::BodyExt;
use llmtrace_server::api::{Access, router};
use llmtrace_store::{ErrorKind, MAX_VIEWS_OF_TENANT, MetaStore, Options, Replacing, open_meta};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::world::{Answer, FickleMeta, Mood, api, ask, events, get, stores};

const VIEWS: &str = "/api/v1/views";

/// The router over each engine's meta store, beside that store.
async fn apps() -> (Vec<(Router, Arc<dyn MetaStore>)>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("meta.db").display());
    let mut apps = Vec::new();
    for url in ["memory:", &sqlite] {
        let meta = open_meta("storage.meta", url, &Options::default()).await.unwrap();
        apps.push((app(Arc::clone(&meta)).await, meta));
    }
    (apps, folder)
}

async fn app(meta: Arc<dyn MetaStore>) -> Router {
    let spans = stores().await.0.swap_remove(0);
    router(api(spans, meta, events(), Arc::new(Access::default())))
}

fn request(method: Method, uri: &str) -> Builder {
    Request::builder().method(method).uri(uri).header("host", "localhost:8080")
}

async fn send(app: &Router, request: Builder, body: impl Into<Body>) -> Answer {
    let response = app.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    Answer { status: head.status, headers: head.headers, body: body.collect().await.unwrap().to_bytes() }
}

async fn post(app: &Router, uri: &str, body: &Value) -> Answer {
    let request = request(Method::POST, uri).header("content-type", "application/json");
    send(app, request, body.to_string()).await
}

async fn put(app: &Router, uri: &str, tag: &str, body: &Value) -> Answer {
    let request = request(Method::PUT, uri).header("content-type", "application/json").header("if-match", tag);
    send(app, request, body.to_string()).await
}

async fn delete(app: &Router, uri: &str, tag: &str) -> Answer {
    ask(app, request(Method::DELETE, uri).header("if-match", tag)).await
}

fn body(name: &str) -> Value {
    json!({ "name": name, "page": "traces", "query": { "model": "gpt-4o", "status": "error" } })
}

fn problem(answer: &Answer) -> (u16, String) {
    let kind = answer.json()["type"].as_str().unwrap_or_default().replace("urn:llmtrace:problem:", "");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    (answer.status.as_u16(), kind)
}

fn is_problem(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(problem(answer), (status, kind.to_owned()), "{:?}", answer.body);
}

#[tokio::test]
async fn a_view_is_made_read_changed_and_deleted() {
    let (apps, _folder) = apps().await;
    for (app, _) in apps {
        let made = post(&app, VIEWS, &body("errors of gpt-4o")).await;
        assert_eq!((made.status.as_u16(), made.header("etag")), (201, "\"1\""));
        let place = made.header("location").to_owned();
        let id = made.json()["view_id"].as_str().unwrap().to_owned();
        assert_eq!(place, format!("{VIEWS}/{id}"));
        let expected = json!({
            "view_id": id, "tenant_id": null, "name": "errors of gpt-4o", "page": "traces",
            "query": { "model": "gpt-4o", "status": "error" },
            "created_at": "2026-11-01T00:00:00.000000Z", "updated_at": "2026-11-01T00:00:00.000000Z",
        });
        assert_eq!(made.json(), expected);

        let read = get(&app, &place).await;
        assert_eq!((read.status.as_u16(), read.header("etag"), read.json()), (200, "\"1\"", expected.clone()));
        assert_eq!(get(&app, VIEWS).await.json(), json!({ "items": [expected] }));

        let changed = put(&app, &place, "\"1\"", &json!({ "name": "n", "page": "users", "query": {} })).await;
        assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"2\""));
        assert_eq!(get(&app, &place).await.json(), changed.json());
        assert_eq!((&changed.json()["name"], &changed.json()["page"]), (&json!("n"), &json!("users")));

        let deleted = delete(&app, &place, "\"2\"").await;
        assert_eq!((deleted.status.as_u16(), deleted.body.len()), (204, 0));
        is_problem(&get(&app, &place).await, 404, "not-found");
        assert_eq!(get(&app, VIEWS).await.json(), json!({ "items": [] }));
    }
}

#[tokio::test]
async fn a_change_says_what_it_changes_and_comes_first() {
    let (apps, _folder) = apps().await;
    for (app, _) in apps {
        let place = post(&app, VIEWS, &body("v")).await.header("location").to_owned();
        let bare = request(Method::PUT, &place).header("content-type", "application/json");
        is_problem(&send(&app, bare, body("w").to_string()).await, 428, "no-condition");
        is_problem(&ask(&app, request(Method::DELETE, &place)).await, 428, "no-condition");

        assert_eq!(put(&app, &place, "\"1\"", &body("first")).await.status, 200);
        for late in ["\"1\"", "\"3\"", "W/\"2\"", "\"x\""] {
            is_problem(&put(&app, &place, late, &body("second")).await, 412, "changed-meanwhile");
            is_problem(&delete(&app, &place, late).await, 412, "changed-meanwhile");
        }
        assert_eq!(get(&app, &place).await.json()["name"], "first");
        is_problem(&put(&app, &place, "2", &body("x")).await, 400, "bad-parameter");
        assert_eq!(put(&app, &place, "\"9\", \"2\"", &body("third")).await.header("etag"), "\"3\"");
        assert_eq!(delete(&app, &place, "*").await.status, 204);
        is_problem(&put(&app, &place, "*", &body("x")).await, 404, "not-found");
        is_problem(&delete(&app, &place, "*").await, 404, "not-found");
    }
}

#[tokio::test]
async fn a_view_of_one_tenant_does_not_exist_for_another() {
    let (apps, _folder) = apps().await;
    for (app, _) in apps {
        let mut places = Vec::new();
        for tenant in ["?tenant_id=a", "?tenant_id=b", ""] {
            let made = post(&app, &format!("{VIEWS}{tenant}"), &body(&format!("view {tenant}"))).await;
            places.push(made.header("location").to_owned());
        }
        let count = async |uri: &str| get(&app, uri).await.json()["items"].as_array().unwrap().len();
        assert_eq!(count("/api/v1/views?tenant_id=a").await, 1);
        assert_eq!(count("/api/v1/views?tenant_id=c").await, 0);
        assert_eq!(count(VIEWS).await, 3);
        for foreign in &places[1..] {
            let uri = format!("{foreign}?tenant_id=a");
            is_problem(&get(&app, &uri).await, 404, "not-found");
            is_problem(&put(&app, &uri, "\"1\"", &body("stolen")).await, 404, "not-found");
            is_problem(&delete(&app, &uri, "\"1\"").await, 404, "not-found");
            let as_a = request(Method::DELETE, foreign).header("if-match", "*").header("x-llmtrace-tenant-id", "a");
            is_problem(&ask(&app, as_a).await, 404, "not-found");
            assert_eq!(get(&app, foreign).await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_body_is_strict_and_the_answer_names_what_is_wrong() {
    let (apps, _folder) = apps().await;
    let (app, _) = &apps[0];
    let many: serde_json::Map<String, Value> = (0..41).map(|n| (format!("p{n}"), json!("v"))).collect();
    for (sent, parameter, says) in [
        (json!({ "page": "traces", "query": {} }).to_string(), Value::Null, "missing field `name`"),
        (
            json!({ "name": "n", "page": "traces", "query": {}, "color": 1 }).to_string(),
            json!("color"),
            "unknown field `color`",
        ),
        (json!({ "name": 1, "page": "traces", "query": {} }).to_string(), json!("name"), "invalid type"),
        (json!({ "name": "", "page": "traces", "query": {} }).to_string(), json!("name"), "0 characters"),
        (
            json!({ "name": "ü".repeat(101), "page": "traces", "query": {} }).to_string(),
            json!("name"),
            "101 characters",
        ),
        (json!({ "name": "n", "page": "settings", "query": {} }).to_string(), json!("page"), "settings"),
        (json!({ "name": "n", "page": "traces", "query": [] }).to_string(), json!("query"), "object"),
        (json!({ "name": "n", "page": "traces", "query": { "modle": "x" } }).to_string(), json!("query"), "\"modle\""),
        (json!({ "name": "n", "page": "traces", "query": { "model": "" } }).to_string(), json!("query"), "\"model\""),
        (json!({ "name": "n", "page": "traces", "query": many }).to_string(), json!("query"), "\"p0\""),
        (r#"{"name":"n","page":"traces","query":{"model":"a","model":"b"}}"#.to_owned(), json!("query"), "twice"),
        (r#"{"name":"n","name":"m","page":"traces","query":{}}"#.to_owned(), Value::Null, "duplicate field `name`"),
        (format!("{} x", body("n")), Value::Null, "trailing"),
        ("[]".to_owned(), Value::Null, "found an array, expected an object"),
        (String::new(), Value::Null, "EOF"),
    ] {
        let request = request(Method::POST, VIEWS).header("content-type", "application/json; charset=utf-8");
        let answer = send(app, request, sent.clone()).await;
        is_problem(&answer, 400, "bad-body");
        let said = answer.json();
        assert!(said["detail"].as_str().unwrap().contains(says), "{sent}: {said}");
        if parameter != Value::Null {
            assert!(said["parameter"].as_str().unwrap().starts_with(parameter.as_str().unwrap()), "{sent}: {said}");
        }
    }
    assert_eq!(get(app, VIEWS).await.json(), json!({ "items": [] }));
    let widest = json!({ "name": "ü".repeat(100), "page": "agents", "query": { "model": "x".repeat(1024) } });
    assert_eq!(post(app, VIEWS, &widest).await.status, 201);
}

#[tokio::test]
async fn only_small_json_is_taken() {
    let (apps, _folder) = apps().await;
    let (app, _) = &apps[0];
    for media_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "multipart/form-data"]
    {
        let request = request(Method::POST, VIEWS).header("content-type", media_type);
        is_problem(&send(app, request, body("n").to_string()).await, 415, "not-json");
    }
    is_problem(&send(app, request(Method::POST, VIEWS), body("n").to_string()).await, 415, "not-json");
    let packed =
        request(Method::POST, VIEWS).header("content-type", "application/json").header("content-encoding", "gzip");
    is_problem(&send(app, packed, body("n").to_string()).await, 415, "not-json");
    for size in [16 * 1024 + 1, 1 << 20] {
        let request = request(Method::POST, VIEWS).header("content-type", "application/json");
        is_problem(&send(app, request, " ".repeat(size)).await, 413, "body-too-large");
    }
    let padded = format!("{:>16384}", body("n"));
    let request = request(Method::POST, VIEWS).header("content-type", "application/json");
    assert_eq!(send(app, request, padded).await.status, 201);
}

#[tokio::test]
async fn a_web_page_of_another_origin_writes_nothing() {
    let (apps, _folder) = apps().await;
    let (app, _) = &apps[0];
    let place = post(app, VIEWS, &body("v")).await.header("location").to_owned();
    for origin in ["http://evil.example", "null", "http://localhost:9999"] {
        for (method, uri) in [(Method::POST, VIEWS), (Method::PUT, &place), (Method::DELETE, &place)] {
            let request = request(method, uri).header("content-type", "application/json");
            let request = request.header("if-match", "*").header("origin", origin);
            is_problem(&send(app, request, body("evil").to_string()).await, 403, "origin-refused");
        }
        let read = request(Method::GET, &place).header("origin", origin);
        assert_eq!(ask(app, read).await.status, 200, "what it may not read, the browser keeps from it");
    }
    let own = request(Method::DELETE, &place).header("if-match", "\"1\"").header("origin", "http://localhost:8080");
    assert_eq!(ask(app, own).await.status, 204);
}

#[tokio::test]
async fn a_tenant_has_five_hundred_views_at_most() {
    let (apps, _folder) = apps().await;
    for (app, meta) in apps {
        let made = post(&app, "/api/v1/views?tenant_id=a", &body("first")).await;
        let id = made.json()["view_id"].as_str().unwrap().parse().unwrap();
        let scope = llmtrace_model::TenantScope::All;
        let first = meta.view(&scope, id).await.unwrap().unwrap();
        for n in 1..u32::try_from(MAX_VIEWS_OF_TENANT).unwrap() {
            let mut id = [3; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            let id = llmtrace_model::ViewId::from_bytes(id);
            let view = llmtrace_model::SavedView { id, ..first.clone() };
            let written = meta.put_view(&scope, &view, Replacing::Nothing).await.unwrap();
            assert_eq!(written, llmtrace_store::Written::Done);
        }
        is_problem(&post(&app, "/api/v1/views?tenant_id=a", &body("one more")).await, 409, "too-many");
        assert_eq!(post(&app, "/api/v1/views?tenant_id=b", &body("another's")).await.status, 201);
        assert_eq!(put(&app, &format!("{VIEWS}/{}", first.id), "\"1\"", &body("changed")).await.status, 200);
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_a_503() {
    let app = app(FickleMeta::new(Mood::Fails(ErrorKind::Unavailable))).await;
    let place = format!("{VIEWS}/00000000-0000-4000-8000-000000000001");
    for answer in [
        get(&app, VIEWS).await,
        get(&app, &place).await,
        post(&app, VIEWS, &body("v")).await,
        put(&app, &place, "*", &body("v")).await,
        delete(&app, &place, "*").await,
    ] {
        is_problem(&answer, 503, "store-away");
    }
}

#[tokio::test]
async fn what_is_no_id_is_refused_by_name() {
    let (apps, _folder) = apps().await;
    let answer = get(&apps[0].0, "/api/v1/views/7").await;
    is_problem(&answer, 400, "bad-parameter");
    assert_eq!(answer.json()["parameter"], "view_id");
    let answer = post(&apps[0].0, "/api/v1/views?page=2", &body("v")).await;
    is_problem(&answer, 400, "unknown-parameter");
}
