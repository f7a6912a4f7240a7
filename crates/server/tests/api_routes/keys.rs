//! API keys: made, changed and revoked; what each opens, here and in another process.

use std::{
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use axum::http::Method;
use llmtrace_model::{TenantScope, Timestamp};
use llmtrace_server::tenancy::{Denied, Token};
use llmtrace_store::{ErrorKind, MetaStore};
use serde_json::{Value, json};

use crate::world::{FickleMeta, House, Mood, houses};

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[tokio::test]
async fn nothing_is_told_without_a_key() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        for key in [None, Some("llmt_x"), Some(""), Some(Token::mint().unwrap().expose())] {
            let answer = house.get(key, "/api/v1/spans").await;
            assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Bearer realm=\"llmtrace\""));
            assert_eq!(answer.json()["type"], "urn:llmtrace:problem:no-access");
        }
        assert_eq!(house.get(None, "/api/v1/openapi.json").await.status, 200, "what there is, is no secret");
        assert_eq!(house.get(Some(house.admin.expose()), "/api/v1/spans").await.status, 200);
    }
}

#[tokio::test]
async fn a_key_is_shown_once_and_opens_at_once() {
    let houses = houses().await;
    for (house, meta) in &houses.all {
        let made = house.key("a", "viewer").await;
        let key = text(&made, "key");
        assert_eq!((text(&made, "prefix"), text(&made, "state")), (&key[..11], "active"));
        assert_eq!(house.get(Some(key), "/api/v1/spans").await.status, 200);
        let bearer = house
            .ask(None, Method::GET, "/api/v1/spans", &[("authorization", &format!("Bearer {key}"))], &Value::Null)
            .await;
        assert_eq!(bearer.status, 200);
        let list = house.get(Some(house.admin.expose()), "/api/v1/keys").await;
        assert_eq!(list.json()["items"].as_array().unwrap().len(), 1);
        assert!(!String::from_utf8_lossy(&list.body).contains(key), "never again");
        let stored = meta.keys(&TenantScope::All).await.unwrap();
        assert!(!format!("{stored:?}").contains(key));
    }
}

#[tokio::test]
async fn a_revoked_or_expired_key_opens_nothing() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        let made = house.key("a", "operator").await;
        let (key, id) = (text(&made, "key"), text(&made, "key_id"));
        let admin = Some(house.admin.expose());
        let uri = format!("/api/v1/keys/{id}");
        let ends = (house.api.clock.now().unix_us() + 60_000_000, "2026-11-01T00:01:00Z");
        let body = json!({"name": "ends", "expires_at": ends.1});
        let stale = house.ask(admin, Method::PUT, &uri, &[("if-match", "\"7\"")], &body).await;
        assert_eq!(stale.status, 412);
        assert_eq!(house.ask(admin, Method::PUT, &uri, &[], &body).await.status, 428);
        let changed = house.ask(admin, Method::PUT, &uri, &[("if-match", "\"1\"")], &body).await;
        assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"2\""), "{:?}", changed.json());
        assert_eq!(house.get(Some(key), "/api/v1/spans").await.status, 200);
        house.api.clock.set(Timestamp::from_unix_us(ends.0));
        let expired = house.get(Some(key), "/api/v1/spans").await;
        assert_eq!(expired.status, 401);
        assert!(text(&expired.json(), "detail").contains("expired"));
        for _ in 0..2 {
            let revoked = house.ask(admin, Method::DELETE, &uri, &[], &Value::Null).await;
            assert_eq!((revoked.status.as_u16(), revoked.header("etag")), (200, "\"3\""));
            assert_eq!(text(&revoked.json(), "state"), "revoked");
        }
        assert!(text(&house.get(Some(key), "/api/v1/spans").await.json(), "detail").contains("revoked"));
    }
}

#[tokio::test]
async fn what_one_process_makes_and_revokes_another_knows_within_two_seconds() {
    let houses = houses().await;
    for (house, meta) in &houses.all {
        let other = House::over(Arc::clone(meta), &house.admin).await;
        let made = house.key("a", "viewer").await;
        let (key, id) = (text(&made, "key"), text(&made, "key_id"));
        assert_eq!(other.get(Some(key), "/api/v1/spans").await.status, 200, "a key that is new here is asked for");
        let started = Instant::now();
        let uri = format!("/api/v1/keys/{id}");
        assert_eq!(house.ask(Some(house.admin.expose()), Method::DELETE, &uri, &[], &Value::Null).await.status, 200);
        while other.get(Some(key), "/api/v1/spans").await.status == 200 {
            assert!(started.elapsed().as_secs() < 2, "it still opens");
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_key_reaches_no_further_than_its_tenant_and_its_role() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        let viewer = house.key("a", "viewer").await;
        let viewer = Some(text(&viewer, "key"));
        let admin = house.key("a", "admin").await;
        let (admin, admin_id) = (Some(text(&admin, "key")), text(&admin, "key_id").to_owned());
        let other = house.key("b", "admin").await;
        let other_id = text(&other, "key_id");
        assert_eq!(house.get(viewer, "/api/v1/spans?tenant_id=b").await.status, 403);
        assert_eq!(house.get(viewer, "/api/v1/keys").await.status, 403);
        assert_eq!(house.get(admin, "/api/v1/tenants/b/retention").await.status, 404);
        assert_eq!(house.get(admin, "/api/v1/tenants/a/retention").await.status, 200);
        assert_eq!(house.get(admin, &format!("/api/v1/keys/{other_id}")).await.status, 404);
        assert_eq!(house.get(admin, &format!("/api/v1/keys/{admin_id}")).await.status, 200);
        let platform = json!({"name": "up", "role": "platform"});
        assert_eq!(house.ask(admin, Method::POST, "/api/v1/keys", &[], &platform).await.status, 403);
        assert_eq!(house.ask(admin, Method::PUT, "/api/v1/tenants/c", &[], &Value::Null).await.status, 403);
        let root = Some(house.admin.expose());
        assert_eq!(house.ask(root, Method::PUT, "/api/v1/tenants/c", &[], &Value::Null).await.status, 200);
        let me = house.get(admin, "/api/v1/me").await.json();
        assert_eq!((&me["platform"], &me["tenants"]), (&json!(false), &json!([{"tenant_id": "a", "role": "admin"}])));
        let seen = house.get(root, "/api/v1/tenants").await.json();
        assert_eq!(seen["items"].as_array().unwrap().len(), 1);
        assert_eq!(house.get(admin, "/api/v1/tenants").await.json()["items"], json!([]), "another's is not listed");
        let made = house.ask(root, Method::POST, "/api/v1/keys", &[], &platform).await;
        assert_eq!(made.status, 201);
        let no_tenant = json!({"name": "x", "role": "viewer"});
        assert_eq!(house.ask(root, Method::POST, "/api/v1/keys", &[], &no_tenant).await.status, 400);
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_no_wrong_key() {
    let meta = FickleMeta::new(Mood::Fails(ErrorKind::Unavailable));
    let house = House::over(Arc::clone(&meta) as Arc<dyn MetaStore>, &Token::mint().unwrap()).await;
    let answer = house.get(Some(Token::mint().unwrap().expose()), "/api/v1/spans").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"));
    assert_eq!(
        house.get(Some(house.admin.expose()), "/api/v1/info").await.status,
        200,
        "the administrator's needs no store"
    );
    *meta.mood.lock() = Mood::Well;
    assert_eq!(house.get(Some(Token::mint().unwrap().expose()), "/api/v1/spans").await.status, 401);
}

#[tokio::test]
async fn wrong_keys_are_bounded_and_right_ones_are_not() {
    let meta = FickleMeta::new(Mood::Well);
    let house = House::over(meta as Arc<dyn MetaStore>, &Token::mint().unwrap()).await;
    let mut refused = 0;
    for _ in 0..30 {
        let answer = house.get(Some("llmt_wrong"), "/api/v1/spans").await;
        assert_eq!(answer.status, 401, "it needs no store to be told wrong");
    }
    for _ in 0..3 {
        let unknown = Token::mint().unwrap();
        refused += u32::from(house.get(Some(unknown.expose()), "/api/v1/spans").await.status == 429);
    }
    assert!(refused >= 2, "{refused} of 3");
    assert_eq!(house.get(Some(house.admin.expose()), "/api/v1/spans").await.status, 200);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_asks_the_store_ten_times_a_second_at_most() {
    let meta = FickleMeta::new(Mood::Well);
    let house = House::over(Arc::clone(&meta) as Arc<dyn MetaStore>, &Token::mint().unwrap()).await;
    let (started, before) = (Instant::now(), meta.asked.load(Ordering::Relaxed));
    let mut asked = 0_u32;
    while started.elapsed() < Duration::from_millis(1_500) {
        // Each from an address of its own, so that nobody is sent away by address.
        let flood = (0..200).map(|n| {
            let address = IpAddr::V4((0x0a00_0000 + asked + n).into());
            let (key, tenancy) = (Token::mint().unwrap(), Arc::clone(&house.api.tenancy));
            async move { tenancy.who(Some(key.expose()), address).await }
        });
        let answers = futures_util::future::join_all(flood).await;
        assert!(answers.iter().all(|answer| *answer == Err(Denied::UnknownKey)));
        asked += 200;
    }
    let questions = meta.asked.load(Ordering::Relaxed) - before;
    let bound = usize::try_from(started.elapsed().as_millis() / 100).unwrap() + 1;
    assert!(questions <= bound, "{questions} questions for {asked} keys, at most {bound}");
}
