//! Credentials that tenants store for their providers: who changes them, what is told of them, and what of a lost key.

use std::{sync::Arc, time::Instant};

use axum::http::Method;
use llmtrace_model::{CredentialId, TenantScope, Timestamp};
use llmtrace_server::{
    config::{MasterKey, MasterKeys, Secret},
    tenancy::{Token, Unavailable, vault::Vault},
};
use llmtrace_store::{AuditFilter, MetaStore, Replacing, Written};
use serde_json::{Value, json};

use crate::world::{Answer, House, houses, master_keys};

const LIST: &str = "/api/v1/tenants/team/credentials";
const URI: &str = "/api/v1/tenants/team/credentials/default";
/// What must be found nowhere.
const SECRET: &str = "a-providers-secret-of-some-length";
const OTHER: &str = "another-secret-of-some-length-too";
const NEW: &[(&str, &str)] = &[("if-none-match", "*")];

async fn ask(house: &House, method: Method, uri: &str, with: &[(&str, &str)], body: &Value) -> Answer {
    let answer = house.ask(Some(house.admin.expose()), method, uri, with, body).await;
    let said = String::from_utf8_lossy(&answer.body).into_owned() + &format!("{:?}", answer.headers);
    assert!(!said.contains(SECRET) && !said.contains(OTHER), "{said}");
    answer
}

async fn put(house: &House, with: &[(&str, &str)], secret: &str) -> Answer {
    ask(house, Method::PUT, URI, with, &json!({"secret": secret})).await
}

fn sent(house: &House) -> Result<Option<String>, Unavailable> {
    let found = house.api.tenancy.credential(&"team".parse().unwrap(), "default");
    found.map(|secret| secret.map(|secret| secret.expose().to_owned()))
}

#[tokio::test]
async fn a_credential_is_stored_replaced_and_deleted_and_told_by_nothing() {
    let houses = houses().await;
    for (house, meta) in &houses.all {
        assert_eq!(ask(house, Method::GET, LIST, &[], &Value::Null).await.json(), json!({"items": []}));
        assert_eq!(put(house, &[], SECRET).await.status, 428);
        assert_eq!(put(house, &[("if-match", "*")], SECRET).await.status, 404, "there is none to replace");
        let stored = put(house, NEW, SECRET).await;
        assert_eq!((stored.status.as_u16(), stored.header("etag")), (201, "\"1\""), "{:?}", stored.json());
        let now = "2026-11-01T00:00:00.000000Z";
        let shown = json!({
            "tenant_id": "team", "upstream": "default", "hint": "ngth", "state": "usable", "created_at": now,
            "updated_at": now,
        });
        assert_eq!(stored.json(), shown);
        assert_eq!(sent(house), Ok(Some(SECRET.to_owned())), "at once here");
        assert_eq!(put(house, NEW, OTHER).await.status, 412);
        assert_eq!(put(house, &[("if-match", "\"7\"")], OTHER).await.status, 412);
        let replaced = put(house, &[("if-match", "\"1\"")], OTHER).await;
        assert_eq!((replaced.status.as_u16(), replaced.header("etag")), (200, "\"2\""));
        assert_eq!(replaced.json()["hint"], "-too");
        assert_eq!(sent(house), Ok(Some(OTHER.to_owned())));
        let one = ask(house, Method::GET, URI, &[], &Value::Null).await;
        assert_eq!((one.json(), one.header("etag")), (replaced.json(), "\"2\""));
        assert_eq!(ask(house, Method::GET, LIST, &[], &Value::Null).await.json()["items"], json!([one.json()]));
        let stored = meta.credentials(&TenantScope::All).await.unwrap();
        assert!(!stored[0].sealed.as_bytes().windows(OTHER.len()).any(|bytes| bytes == OTHER.as_bytes()));
        assert_eq!(ask(house, Method::DELETE, URI, &[], &Value::Null).await.status, 428);
        assert_eq!(ask(house, Method::DELETE, URI, &[("if-match", "\"1\"")], &Value::Null).await.status, 412);
        assert_eq!(ask(house, Method::DELETE, URI, &[("if-match", "\"2\"")], &Value::Null).await.status, 204);
        assert_eq!(ask(house, Method::GET, URI, &[], &Value::Null).await.status, 404);
        assert_eq!(sent(house), Ok(None));
        let anew = put(house, NEW, SECRET).await;
        assert_eq!((anew.status.as_u16(), anew.header("etag")), (201, "\"3\""), "nobody changes it by an old version");
        of_the_log(meta, shown).await;
    }
}

/// What the log was told: who did what, and no secret.
async fn of_the_log(meta: &Arc<dyn MetaStore>, first: Value) {
    let filter = AuditFilter { action: Some("credentials.".to_owned()), ..AuditFilter::default() };
    let scope = TenantScope::One("team".parse().unwrap());
    let mut lines = meta.audit(&scope, &filter, None, 100).await.unwrap();
    assert!(!format!("{lines:?}").contains("of-some-length"));
    // They are all of one moment, and the log's order is that of their numbers.
    lines.sort_by_key(|line| line.seq);
    let done: Vec<_> = lines.iter().filter(|line| line.entry.outcome.as_str() == "done").collect();
    let actions: Vec<&str> = done.iter().map(|line| line.entry.action.as_str()).collect();
    assert_eq!(actions, ["credentials.store", "credentials.store", "credentials.delete", "credentials.store"]);
    assert!(done.iter().all(|line| line.entry.target == "team/default"));
    let json = |text: &Option<String>| text.as_ref().map(|text| serde_json::from_str::<Value>(text).unwrap());
    assert_eq!((json(&done[0].entry.before), json(&done[0].entry.after)), (None, Some(first.clone())));
    assert_eq!(json(&done[1].entry.before), Some(first));
    assert_eq!(json(&done[2].entry.after), None);
    assert!(lines.len() > done.len(), "what was refused is told, too");
}

#[tokio::test]
async fn of_two_admins_at_once_one_is_told_that_the_other_was_first() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        for with in [("if-none-match", "*"), ("if-match", "\"1\"")] {
            let with = [with];
            let answers = tokio::join!(put(house, &with, SECRET), put(house, &with, OTHER));
            let (a, b) = (answers.0.status.as_u16(), answers.1.status.as_u16());
            assert!(a.min(b) < 202 && a.max(b) == 412, "{with:?}: {a} and {b}");
            let first = if a < b { SECRET } else { OTHER };
            assert_eq!(sent(house), Ok(Some(first.to_owned())));
        }
    }
}

#[tokio::test]
async fn what_one_process_stores_another_sends_within_two_seconds() {
    let houses = houses().await;
    for (house, meta) in &houses.all {
        let other = House::over(Arc::clone(meta), &house.admin).await;
        assert_eq!(sent(&other), Ok(None));
        for (with, secret) in [(("if-none-match", "*"), SECRET), (("if-match", "*"), OTHER)] {
            let started = Instant::now();
            assert!(put(house, &[with], secret).await.status.is_success());
            while sent(&other) != Ok(Some(secret.to_owned())) {
                assert!(started.elapsed().as_secs() < 2, "it is not sent there yet");
                tokio::task::yield_now().await;
            }
        }
        let started = Instant::now();
        assert_eq!(ask(house, Method::DELETE, URI, &[("if-match", "*")], &Value::Null).await.status, 204);
        while sent(&other) != Ok(None) {
            assert!(started.elapsed().as_secs() < 2, "it is still sent there");
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn what_is_no_upstream_or_no_credential_is_refused_without_saying_it() {
    let houses = houses().await;
    let (house, _) = &houses.all[0];
    let elsewhere = format!("{LIST}/elsewhere");
    let unknown = ask(house, Method::PUT, &elsewhere, NEW, &json!({"secret": SECRET})).await;
    assert_eq!(unknown.status, 400);
    let problem = unknown.json();
    let said = [&problem["parameter"], &problem["found"], &problem["expected"]].map(|it| it.as_str().unwrap());
    assert_eq!(said, ["upstream", "elsewhere", "one of default, azure"]);
    let ours = format!("{SECRET}{}", Token::mint().unwrap().expose());
    let unfit = [format!("{SECRET} {SECRET}"), format!("{SECRET}\n"), format!("{SECRET}ü"), SECRET.repeat(300), ours];
    let mut bodies: Vec<Value> = unfit.iter().map(|secret| json!({"secret": secret})).collect();
    bodies.extend([
        json!(SECRET),
        json!([SECRET]),
        json!({SECRET: SECRET}),
        json!({"secret": [SECRET]}),
        json!({"secret": SECRET, "more": SECRET}),
        json!({"secret": ""}),
        json!({"secret": null}),
    ]);
    for body in bodies {
        let answer = ask(house, Method::PUT, URI, NEW, &body).await;
        assert_eq!((answer.status.as_u16(), answer.json()["parameter"].as_str()), (400, Some("secret")), "{body}");
    }
    assert_eq!(ask(house, Method::GET, LIST, &[], &Value::Null).await.json()["items"], json!([]));
    let longest = put(house, NEW, &"x".repeat(8192)).await;
    assert_eq!(longest.status, 201);
}

#[tokio::test]
async fn an_upstream_that_is_configured_no_more_leaves_what_can_be_deleted() {
    let houses = houses().await;
    for (house, meta) in &houses.all {
        let vault = Vault::new(&master_keys(7));
        let (id, team) = (CredentialId::from_bytes([1; 16]), "team".parse().unwrap());
        let former = vault.seal(id, &team, "former", &Secret::new(SECRET), Timestamp::from_unix_us(1)).unwrap();
        assert_eq!(meta.put_credential(&former, Replacing::Nothing).await.unwrap(), Written::Done);
        let uri = format!("{LIST}/former");
        let one = ask(house, Method::GET, &uri, &[], &Value::Null).await;
        assert_eq!((one.status.as_u16(), one.json()["state"].as_str()), (200, Some("unused")));
        let again = ask(house, Method::PUT, &uri, &[("if-match", "*")], &json!({"secret": OTHER})).await;
        assert_eq!(again.status, 400, "nothing is stored for it any more");
        let deleted = ask(house, Method::DELETE, &uri, &[("if-match", "*")], &Value::Null).await;
        assert_eq!(deleted.status, 204);
    }
}

#[tokio::test]
async fn a_lost_master_key_is_told_and_what_is_stored_anew_is_sent() {
    let houses = houses().await;
    for (house, meta) in &houses.all {
        assert_eq!(put(house, NEW, SECRET).await.status, 201);
        let lost = House::sealing(Arc::clone(meta), &house.admin, Some(&master_keys(9))).await;
        assert_eq!(sent(&lost), Err(Unavailable::Unreadable));
        let one = ask(&lost, Method::GET, URI, &[], &Value::Null).await;
        assert_eq!((one.json()["state"].as_str(), one.json()["hint"].as_str()), (Some("unreadable"), Some("ngth")));
        let both = MasterKeys::new(MasterKey::new([9; 32]), &[MasterKey::new([7; 32])]);
        let found = House::sealing(Arc::clone(meta), &house.admin, Some(&both)).await;
        assert_eq!(sent(&found), Ok(Some(SECRET.to_owned())), "a previous key opens it");
        let started = Instant::now();
        while meta.credentials(&TenantScope::All).await.unwrap()[0].sealed_with != both.newest().id() {
            assert!(started.elapsed().as_secs() < 20, "and it is sealed under the newest");
            tokio::task::yield_now().await;
        }
        assert!(put(&lost, &[("if-match", "*")], OTHER).await.status.is_success());
        assert_eq!(sent(&lost), Ok(Some(OTHER.to_owned())));
    }
}

#[tokio::test]
async fn without_a_master_key_nothing_is_stored_and_what_there_is_is_not_sent() {
    let houses = houses().await;
    let (house, meta) = &houses.all[0];
    assert_eq!(put(house, NEW, SECRET).await.status, 201);
    let keyless = House::sealing(Arc::clone(meta), &house.admin, None).await;
    let refused = put(&keyless, &[("if-match", "*")], OTHER).await;
    let problem = refused.json();
    assert_eq!((refused.status.as_u16(), &problem["type"]), (409, &json!("urn:llmtrace:problem:no-master-key")));
    assert!(problem["detail"].as_str().unwrap().contains("secrets.master_key"), "{problem}");
    assert_eq!(sent(&keyless), Err(Unavailable::Unreadable));
    assert_eq!(ask(&keyless, Method::DELETE, URI, &[("if-match", "*")], &Value::Null).await.status, 204);
}
