//! Logging in and out: what a cookie opens, for how long, and what ends it.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request},
};
use llmtrace_model::{TenantScope, Timestamp};
use llmtrace_server::tenancy::Token;
use llmtrace_store::{AuditCursor, AuditFilter, ErrorKind, MetaStore};
use serde_json::{Value, json};

use crate::world::{Answer, FickleMeta, House, Mood, houses};

const PASSWORD: &str = "correct horse battery";
const ORIGIN: (&str, &str) = ("origin", "http://anywhere.example");

/// What a browser keeps: the cookie, as it sends it.
type Cookie = String;

/// The cookie that an answer sets.
pub(crate) fn cookie(answer: &Answer) -> Cookie {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

/// Adds somebody to a tenant, with a password.
pub(crate) async fn person(house: &House, name: &str, tenant: &str, role: &str) -> Value {
    let body = json!({"name": name, "display": "", "password": PASSWORD, "role": role});
    let path = format!("/api/v1/accounts?tenant_id={tenant}");
    let made = house.ask(Some(house.admin.expose()), Method::POST, &path, &[], &body).await;
    assert_eq!(made.status, 201, "{:?}", made.json());
    made.json()
}

async fn log_in_as(house: &House, body: &Value) -> Answer {
    house.ask(None, Method::POST, "/api/v1/login", &[], body).await
}

pub(crate) async fn log_in(house: &House, name: &str, password: &str) -> Cookie {
    let answer = log_in_as(house, &json!({"name": name, "password": password})).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    cookie(&answer)
}

/// Asks as a browser does.
pub(crate) async fn browse(house: &House, cookie: &str, method: Method, path: &str, body: &Value) -> Answer {
    house.ask(None, method, path, &[("cookie", cookie), ORIGIN], body).await
}

async fn status(house: &House, cookie: &str) -> u16 {
    browse(house, cookie, Method::GET, "/api/v1/spans", &Value::Null).await.status.as_u16()
}

fn later(house: &House, seconds: i64) {
    let now = house.api.clock.now().unix_us();
    house.api.clock.set(Timestamp::from_unix_us(now + seconds * 1_000_000));
}

#[tokio::test]
async fn a_person_logs_in_and_is_known_by_the_cookie_until_they_log_out() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        let ways = house.get(None, "/api/v1/login").await.json();
        assert_eq!(ways, json!({"auth_required": true, "password": false, "oidc": null}));
        person(house, "Ada@Example.org", "a", "viewer").await;
        assert_eq!(house.get(None, "/api/v1/login").await.json()["password"], true);
        let answer = log_in_as(house, &json!({"name": "ada@example.org", "password": PASSWORD})).await;
        let me = answer.json();
        assert_eq!(
            (&me["kind"], &me["name"], &me["platform"]),
            (&"user".into(), &"ada@example.org".into(), &false.into())
        );
        let set = answer.header("set-cookie");
        assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
        let cookie = cookie(&answer);
        assert_eq!(browse(house, &cookie, Method::GET, "/api/v1/me", &Value::Null).await.json(), me);
        assert_eq!(status(house, &cookie).await, 200);
        assert_eq!(browse(house, &cookie, Method::GET, "/api/v1/keys", &Value::Null).await.status, 403, "a viewer");
        let out = browse(house, &cookie, Method::POST, "/api/v1/logout", &Value::Null).await;
        assert_eq!(out.status, 204);
        assert!(out.header("set-cookie").ends_with("; Max-Age=0"), "{}", out.header("set-cookie"));
        let ended = browse(house, &cookie, Method::GET, "/api/v1/spans", &Value::Null).await;
        assert_eq!(
            (ended.status.as_u16(), ended.json()["type"].as_str()),
            (401, Some("urn:llmtrace:problem:no-access"))
        );
        assert!(ended.header("set-cookie").ends_with("; Max-Age=0"), "the browser forgets it");
        assert_eq!(browse(house, &cookie, Method::POST, "/api/v1/logout", &Value::Null).await.status, 204, "again");
    }
}

#[tokio::test]
async fn whatever_is_wrong_is_refused_in_the_same_words() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        person(house, "ada", "a", "viewer").await;
        let disabled = person(house, "eve", "a", "viewer").await;
        let path = format!("/api/v1/accounts/{}?tenant_id=a", disabled["user_id"].as_str().unwrap());
        let body = json!({"display": "", "disabled": true, "role": "viewer"});
        let admin = Some(house.admin.expose());
        assert_eq!(house.ask(admin, Method::PUT, &path, &[("if-match", "*")], &body).await.status, 200);
        let mut words = Vec::new();
        for body in [
            json!({"name": "ada", "password": "wrong"}),
            json!({"name": "nobody", "password": PASSWORD}),
            json!({"name": "a\u{0}b", "password": PASSWORD}),
            json!({"name": "eve", "password": PASSWORD}),
            json!({"name": "ada", "password": "x".repeat(9_999)}),
            json!({"key": "llmt_wrong"}),
            json!({"key": Token::mint().unwrap().expose()}),
        ] {
            let answer = log_in_as(house, &body).await;
            assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (401, ""));
            words.push(answer.json());
        }
        assert_eq!(words[0]["type"], "urn:llmtrace:problem:login-refused");
        assert!(words.iter().all(|word| *word == words[0]), "{words:?}");
        for body in [json!({}), json!({"name": "ada"}), json!({"key": "llmt_x", "name": "ada", "password": "x"})] {
            assert_eq!(log_in_as(house, &body).await.status, 400);
        }
    }
}

#[tokio::test]
async fn the_login_of_a_key_ends_with_the_key() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        let made = house.key("a", "viewer").await;
        let answer = log_in_as(house, &json!({"key": made["key"]})).await;
        assert_eq!((&answer.json()["kind"], &answer.json()["id"]), (&"key".into(), &made["key_id"]));
        let by_key = cookie(&answer);
        assert_eq!(status(house, &by_key).await, 200);
        let path = format!("/api/v1/keys/{}", made["key_id"].as_str().unwrap());
        house.ask(Some(house.admin.expose()), Method::DELETE, &path, &[], &Value::Null).await;
        assert_eq!(status(house, &by_key).await, 401);

        let by_admin = cookie(&log_in_as(house, &json!({"key": house.admin.expose()})).await);
        assert_eq!(status(house, &by_admin).await, 200);
        assert_eq!(status(&house.beside(&house.admin).await, &by_admin).await, 200, "another process knows it");
        let other = house.beside(&Token::mint().unwrap()).await;
        assert_eq!(status(&other, &by_admin).await, 401, "where the settings name another key it is none");
    }
}

#[tokio::test]
async fn each_login_has_a_new_cookie_and_ends_the_one_before() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        person(house, "ada", "a", "viewer").await;
        let first = log_in(house, "ada", PASSWORD).await;
        // What somebody else put into the browser before is never made somebody's.
        for planted in [first.clone(), format!("llmtrace_session=s{}", "x".repeat(43))] {
            let body = json!({"name": "ada", "password": PASSWORD});
            let answer = house.ask(None, Method::POST, "/api/v1/login", &[("cookie", &planted)], &body).await;
            assert_ne!(cookie(&answer), planted);
            assert_eq!((status(house, &cookie(&answer)).await, status(house, &planted).await), (200, 401));
        }
        let twice = format!("{}; {first}", log_in(house, "ada", PASSWORD).await);
        assert_eq!(status(house, &twice).await, 401, "one of two is somebody else's");
    }
}

#[tokio::test]
async fn a_write_by_cookie_says_that_it_comes_from_our_page() {
    let houses = houses().await;
    let (house, _) = &houses.all[0];
    person(house, "ada", "a", "operator").await;
    let cookie = log_in(house, "ada", PASSWORD).await;
    let body = json!({"name": "v", "page": "traces", "query": {}});
    for (origin, expected) in [
        (None, 403),
        (Some("http://evil.example"), 403),
        (Some("null"), 403),
        (Some("http://anywhere.example:81"), 403),
        (Some("http://anywhere.example"), 201),
    ] {
        let mut with = vec![("cookie", cookie.as_str())];
        with.extend(origin.map(|origin| ("origin", origin)));
        let answer = house.ask(None, Method::POST, "/api/v1/views", &with, &body).await;
        assert_eq!(answer.status, expected, "{origin:?}");
    }
    assert_eq!(house.ask(None, Method::GET, "/api/v1/spans", &[("cookie", &cookie)], &Value::Null).await.status, 200);
    let foreign = [("origin", "http://evil.example")];
    let body = json!({"name": "ada", "password": PASSWORD});
    assert_eq!(house.ask(None, Method::POST, "/api/v1/login", &foreign, &body).await.status, 403);
    let form = Request::post("/api/v1/login").header("host", "anywhere.example").header("cookie", &cookie);
    let form = form.header("content-type", "text/plain").body(Body::from(body.to_string())).unwrap();
    assert_eq!(house.send(form).await.status, 415, "a form cannot log somebody in");
}

#[tokio::test]
async fn the_cookie_is_secure_where_the_browser_speaks_tls() {
    let houses = houses().await;
    let (house, _) = &houses.all[0];
    let body = json!({"key": house.admin.expose()}).to_string();
    let send = |peer: &str, proto: &str| {
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        let request = Request::post("/api/v1/login").header("host", "anywhere.example").extension(ConnectInfo(peer));
        let request = request.header("content-type", "application/json").header("x-forwarded-proto", proto);
        house.send(request.body(Body::from(body.clone())).unwrap())
    };
    let by_proxy = send("10.0.0.1", "https").await;
    let set = by_proxy.header("set-cookie").to_owned();
    assert!(set.starts_with("__Host-llmtrace_session=a") && set.ends_with("; Secure"), "{set}");
    let by_anybody = send("192.0.2.1", "https").await;
    assert!(!by_anybody.header("set-cookie").contains("Secure"), "whoever says so is believed only as a proxy");
}

#[tokio::test]
async fn a_login_ends_when_nobody_uses_it_and_at_its_end() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        person(house, "ada", "a", "viewer").await;
        let idle = log_in(house, "ada", PASSWORD).await;
        later(house, 3_599);
        assert_eq!(status(house, &idle).await, 200);
        later(house, 3_601);
        assert_eq!(status(house, &idle).await, 401, "an hour without use");
        let used = log_in(house, "ada", PASSWORD).await;
        for _ in 0..15 {
            later(house, 30 * 60);
            assert_eq!(status(house, &used).await, 200);
        }
        later(house, 30 * 60);
        assert_eq!(status(house, &used).await, 401, "eight hours in all");
    }
}

#[tokio::test]
async fn a_new_password_ends_every_other_login() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        person(house, "ada", "a", "viewer").await;
        let (mine, other) = (log_in(house, "ada", PASSWORD).await, log_in(house, "ada", PASSWORD).await);
        let path = "/api/v1/me/password";
        let wrong = browse(house, &mine, Method::PUT, path, &json!({"old": "wrong", "new": "another horse"})).await;
        assert_eq!(
            (wrong.status.as_u16(), wrong.json()["type"].as_str()),
            (403, Some("urn:llmtrace:problem:wrong-password"))
        );
        for weak in ["short", "ada", &"x".repeat(300), "            "] {
            let refused = browse(house, &mine, Method::PUT, path, &json!({"old": PASSWORD, "new": weak})).await;
            assert_eq!((refused.status.as_u16(), refused.json()["parameter"].as_str()), (400, Some("new")), "{weak}");
        }
        let changed = browse(house, &mine, Method::PUT, path, &json!({"old": PASSWORD, "new": "another horse"})).await;
        assert_eq!(changed.status, 204, "{:?}", changed.body);
        let renewed = cookie(&changed);
        assert_ne!(renewed, mine);
        assert_eq!((status(house, &mine).await, status(house, &other).await), (401, 401));
        assert_eq!(status(house, &renewed).await, 200);
        assert_eq!(log_in_as(house, &json!({"name": "ada", "password": PASSWORD})).await.status, 401);
        log_in(house, "ada", "another horse").await;
        let by_key =
            house.ask(Some(house.admin.expose()), Method::PUT, path, &[], &json!({"old": "x", "new": "y"})).await;
        assert_eq!(by_key.status, 403, "a key has no password");
    }
}

#[tokio::test]
async fn who_is_disabled_logged_out_or_removed_is_out_everywhere_within_two_seconds() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        let other = house.beside(&house.admin).await;
        for (n, (method, end, body)) in [
            (Method::PUT, "", json!({"display": "", "disabled": true, "role": "viewer"})),
            (Method::POST, "/logout", Value::Null),
            (Method::DELETE, "", Value::Null),
        ]
        .into_iter()
        .enumerate()
        {
            let name = format!("ada{n}");
            let ada = person(house, &name, "a", "viewer").await;
            let cookie = log_in(house, &name, PASSWORD).await;
            assert_eq!(status(&other, &cookie).await, 200, "who was added a moment ago is asked for");
            let started = Instant::now();
            let path = format!("/api/v1/accounts/{}{end}?tenant_id=a", ada["user_id"].as_str().unwrap());
            let answer = house.ask(Some(house.admin.expose()), method, &path, &[("if-match", "*")], &body).await;
            assert!(answer.status.is_success(), "{path} {:?}", answer.body);
            assert_eq!(status(house, &cookie).await, 401, "here at once");
            while status(&other, &cookie).await == 200 {
                assert!(started.elapsed().as_secs() < 2, "{path}: the login is still good elsewhere");
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test]
async fn guessing_is_bounded_by_address_and_by_name() {
    let houses = houses().await;
    let (house, _) = &houses.all[0];
    person(house, "ada", "a", "viewer").await;
    let from = async |address: &str, name: &str, password: &str| {
        let peer = SocketAddr::new(address.parse().unwrap(), 1);
        let body = json!({"name": name, "password": password}).to_string();
        let request = Request::post("/api/v1/login").header("host", "anywhere.example").extension(ConnectInfo(peer));
        let request = request.header("content-type", "application/json").body(Body::from(body)).unwrap();
        house.send(request).await
    };
    let mut refused = 0;
    for n in 0..25 {
        let answer = from("192.0.2.1", &format!("nobody{n}"), "wrong").await;
        refused += u32::from(answer.status == 429);
    }
    assert!(refused >= 1, "an address");
    let mut refused = 0;
    for n in 0..25 {
        refused += u32::from(from(&format!("198.51.100.{n}"), "ada", "wrong").await.status == 429);
    }
    assert!(refused >= 1, "a name, from wherever");
    let known = from("203.0.113.1", "ada", PASSWORD).await;
    assert_eq!((known.status.as_u16(), known.header("retry-after")), (429, "1"), "so is the right one, for a while");
}

#[tokio::test]
async fn a_flood_of_cookies_does_not_keep_out_who_was_in() {
    let houses = houses().await;
    let (house, _) = &houses.all[0];
    let good = cookie(&log_in_as(house, &json!({"key": house.admin.expose()})).await);
    let mut refused = 0;
    for n in 0..120 {
        let forged = format!("llmtrace_session=s{n:043}");
        refused += u32::from(browse(house, &forged, Method::GET, "/api/v1/spans", &Value::Null).await.status == 429);
    }
    assert!(refused >= 1);
    assert_eq!(status(house, &good).await, 200);
}

#[tokio::test]
async fn a_store_that_is_away_is_no_wrong_password() {
    let meta = FickleMeta::new(Mood::Well);
    let house = House::over(Arc::clone(&meta) as Arc<dyn MetaStore>, &Token::mint().unwrap()).await;
    *meta.mood.lock() = Mood::Fails(ErrorKind::Unavailable);
    let answer = log_in_as(&house, &json!({"name": "ada", "password": PASSWORD})).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"));
    assert_eq!(
        log_in_as(&house, &json!({"key": house.admin.expose()})).await.status,
        200,
        "the settings' key needs none"
    );
}

#[tokio::test]
async fn the_log_says_who_was_let_in_and_no_secret() {
    let houses = houses().await;
    for (house, meta) in &houses.all {
        let ada = person(house, "ada", "a", "viewer").await;
        let cookie = log_in(house, "ada", PASSWORD).await;
        log_in_as(house, &json!({"name": "ada", "password": "a wrong password"})).await;
        let body = json!({"old": PASSWORD, "new": "another horse"});
        let changed = browse(house, &cookie, Method::PUT, "/api/v1/me/password", &body).await;
        let renewed = self::cookie(&changed);
        browse(house, &renewed, Method::POST, "/api/v1/logout", &Value::Null).await;
        house.api.tenancy.finish(std::time::Duration::from_secs(5)).await;
        let mut rows = Vec::new();
        for chain in [None, Some("a".parse().unwrap())] {
            let filter = AuditFilter::default();
            let scope = chain.map_or(TenantScope::All, TenantScope::One);
            rows.extend(meta.audit(&scope, &filter, None::<&AuditCursor>, 100).await.unwrap());
        }
        let lines: Vec<String> = rows.iter().map(|row| format!("{} {}", row.entry.action, row.entry.actor)).collect();
        let user = format!("user:{}", ada["user_id"].as_str().unwrap());
        for action in ["logins.open", "me.password", "logins.close"] {
            assert!(lines.contains(&format!("{action} {user}")), "{action}: {lines:?}");
        }
        let all = format!("{rows:?}");
        assert!(all.contains("login_wrong") && all.contains("accounts.create"), "{all}");
        let metrics = house.api.events.metrics().render();
        let secrets = [PASSWORD, "another horse", "a wrong password", &cookie[18..], &renewed[18..], "argon2id"];
        for secret in secrets {
            assert!(!all.contains(secret) && !metrics.contains(secret), "{secret}");
        }
        assert!(!all.contains("\"ada\"") && !all.contains("ada@"), "who they are is not in what outlives them: {all}");
    }
}
