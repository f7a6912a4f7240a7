//! Cursors: each belongs to one question, and a forged one finds nothing strange.

use axum::{Router, http::Request};
use serde_json::{Value, json};

use crate::world::{app, ask, changed, get, record, stores_of};

async fn next(app: &Router, uri: &str) -> String {
    get(app, uri).await.json()["next"].as_str().unwrap_or_else(|| panic!("{uri} has a second page")).to_owned()
}

fn assert_is_of_another_query(answer: &Value, uri: &str) {
    assert_eq!(answer["parameter"], "after", "{uri}: {answer}");
    assert!(answer["expected"].as_str().unwrap().ends_with("from another query"), "{uri}: {answer}");
}

#[tokio::test]
async fn a_cursor_of_another_list_filter_or_tenant_is_refused() {
    let records = (0..30).map(|n| changed(n, |r| r.span.session_id = Some(format!("s{}", n / 10))));
    let (stores, _folder) = stores_of(records.collect()).await;
    for store in stores {
        let app = app(store);
        let own = next(&app, "/api/v1/spans?model=gpt-4o&limit=2").await;
        for uri in [
            "/api/v1/traces?model=gpt-4o",
            "/api/v1/sessions?model=gpt-4o",
            "/api/v1/sessions/s1?limit=1",
            "/api/v1/spans",
            "/api/v1/spans?model=gpt-4o&status=ok",
            "/api/v1/spans?model=other",
            "/api/v1/spans?model=gpt-4o&tenant_id=default",
            "/api/v1/spans?request=gpt-4o&model=gpt-4o",
        ] {
            let separator = if uri.contains('?') { '&' } else { '?' };
            let answer = get(&app, &format!("{uri}{separator}after={own}")).await;
            assert_eq!(answer.status, 400, "{uri}");
            if !uri.contains("request=") {
                assert_is_of_another_query(&answer.json(), uri);
            }
        }
        for uri in [
            "/api/v1/spans?model=gpt-4o&limit=7",
            "/api/v1/spans?model=gpt%2D4o",
            "/api/v1/spans?limit=1000&model=gpt-4o",
        ] {
            let page = get(&app, &format!("{uri}&after={own}")).await;
            assert_eq!(
                (page.status.as_u16(), &page.json()["items"][0]["exchange_id"]),
                (200, &json!(record(27).span.exchange_id.to_string()))
            );
        }
        let of_session = get(&app, "/api/v1/sessions/s1").await.json();
        assert_eq!(of_session["traces"]["next"], Value::Null);
    }
}

#[tokio::test]
async fn a_tenant_is_the_same_by_header_and_by_parameter() {
    let (stores, _folder) = stores_of((0..5).map(record).collect()).await;
    for store in stores {
        let app = app(store);
        let own = next(&app, "/api/v1/spans?tenant_id=default&limit=2").await;
        let request = Request::get(format!("/api/v1/spans?after={own}")).header("host", "localhost");
        let page = ask(&app, request.header("x-llmtrace-tenant-id", "default")).await;
        assert_eq!((page.status.as_u16(), page.exchanges().len()), (200, 3));
        assert_is_of_another_query(&get(&app, &format!("/api/v1/spans?after={own}")).await.json(), "all tenants");
    }
}

#[tokio::test]
async fn a_cursor_of_one_replica_is_good_on_another() {
    let (stores, _folder) = stores_of((0..5).map(record).collect()).await;
    let [one, other] = <[_; 2]>::try_from(stores).map(|stores| stores.map(app)).ok().unwrap();
    let own = next(&one, "/api/v1/spans?limit=2").await;
    assert_eq!(get(&other, &format!("/api/v1/spans?after={own}")).await.exchanges().len(), 3);
}

#[tokio::test]
async fn a_forged_cursor_is_refused() {
    let (stores, _folder) = stores_of((0..5).map(record).collect()).await;
    for store in stores {
        let app = app(store);
        let own = next(&app, "/api/v1/spans?limit=2").await;
        for at in 0..own.len() {
            let mut forged = own.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            let answer = get(&app, &format!("/api/v1/spans?after={forged}")).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["parameter"]), (400, &json!("after")), "{forged}");
        }
        let old = format!("{}.{}", i64::MAX, record(1).span.exchange_id);
        assert_eq!(get(&app, &format!("/api/v1/spans?after={old}")).await.status, 400);
    }
}
