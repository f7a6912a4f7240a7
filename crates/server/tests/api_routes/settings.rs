//! What tenants set for themselves: by whom it is changed, what applies, and in which process.

use std::{sync::Arc, time::Instant};

use axum::http::Method;
use llmtrace_model::{CaptureContent, TenantSettings, Timestamp};
use llmtrace_server::tenancy::Token;
use llmtrace_store::{ErrorKind, MetaStore, Replacing, Written};
use serde_json::{Value, json};

use crate::world::{Answer, FickleMeta, House, Mood, houses};

const URI: &str = "/api/v1/tenants/team/settings";

async fn put(house: &House, with: &[(&str, &str)], body: Value) -> Answer {
    house.ask(Some(house.admin.expose()), Method::PUT, URI, with, &body).await
}

fn less() -> Value {
    json!({"capture_content": "metadata", "capture_raw": null})
}

#[tokio::test]
async fn settings_are_changed_by_who_has_seen_them_and_say_what_applies() {
    let houses = houses().await;
    for (house, meta) in &houses.all {
        let unset = house.get(Some(house.admin.expose()), URI).await;
        assert_eq!((unset.status.as_u16(), unset.header("etag")), (200, "\"0\""));
        let guard = json!({
            "policy": "installation", "may_block": false, "may_redact": false, "answers": "pass",
            "restore": true, "on_timeout": "allow", "opaque": "allow",
        });
        let effective = json!({"capture_content": "full", "capture_raw": "off", "guard": guard});
        let expected = json!({
            "tenant_id": "team", "capture_content": null, "capture_raw": null, "guard": null, "effective": effective,
            "updated_at": null,
        });
        assert_eq!(unset.json(), expected);
        assert_eq!(put(house, &[], less()).await.status, 428);
        assert_eq!(put(house, &[("if-match", "\"1\"")], less()).await.status, 412);
        let first = put(house, &[("if-match", "\"0\"")], less()).await;
        assert_eq!((first.status.as_u16(), first.header("etag")), (200, "\"1\""), "{:?}", first.json());
        let effective = json!({"capture_content": "metadata", "capture_raw": "off", "guard": guard});
        let expected = json!({
            "tenant_id": "team", "capture_content": "metadata", "capture_raw": null, "guard": null,
            "effective": effective,
            "updated_at": "2026-11-01T00:00:00.000000Z",
        });
        assert_eq!(first.json(), expected);
        assert_eq!(house.get(Some(house.admin.expose()), URI).await.json(), expected);
        assert_eq!(put(house, &[("if-match", "\"0\"")], less()).await.status, 412, "another has made them");
        let more = json!({"capture_content": null, "capture_raw": "all"});
        let second = put(house, &[("if-match", "\"1\"")], more).await;
        assert_eq!((second.status.as_u16(), second.header("etag")), (200, "\"2\""));
        assert_eq!(second.json()["effective"]["capture_raw"], "off", "no more than the installation keeps");
        let stored = meta.settings(&"team".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!((stored.version, stored.document()), (2, r#"{"capture":{"raw":"all"}}"#.to_owned()));
    }
}

#[tokio::test]
async fn of_two_admins_at_once_one_is_told_that_the_other_was_first() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        for seen in ["\"0\"", "\"1\"", "*"] {
            let with = [("if-match", seen)];
            let answers = tokio::join!(put(house, &with, less()), put(house, &with, less()));
            let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
            statuses.sort_unstable();
            assert!(statuses == [200, 412] || (seen == "*" && statuses == [200, 200]), "{seen}: {statuses:?}");
        }
    }
}

#[tokio::test]
async fn what_one_process_sets_applies_in_another_within_two_seconds() {
    let houses = houses().await;
    for (house, meta) in &houses.all {
        let other = House::over(Arc::clone(meta), &house.admin).await;
        let started = Instant::now();
        assert_eq!(put(house, &[("if-match", "*")], less()).await.status, 200);
        let applies = |of: &House| of.api.tenancy.capture_of(&"team".parse().unwrap()).unwrap().content;
        assert_eq!(applies(house), Some(CaptureContent::Metadata), "at once here");
        while applies(&other).is_none() {
            assert!(started.elapsed().as_secs() < 2, "it does not apply there yet");
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn what_a_newer_version_has_set_beside_stays() {
    let houses = houses().await;
    for (house, meta) in &houses.all {
        let document = r#"{"capture":{"content":"hashed","sampled":0.5},"limits":{"a":[1]}}"#;
        let newer = TenantSettings::read(1, document, Timestamp::from_unix_us(1)).unwrap();
        let written = meta.put_settings(&"team".parse().unwrap(), &newer, Replacing::Nothing).await.unwrap();
        assert_eq!(written, Written::Done);
        let there = house.get(Some(house.admin.expose()), URI).await;
        assert_eq!(there.json()["capture_content"], "metadata", "a word that is not known keeps least");
        let body = json!({"capture_content": null, "capture_raw": "errors"});
        assert_eq!(put(house, &[("if-match", there.header("etag"))], body).await.status, 200);
        let stored = meta.settings(&"team".parse().unwrap()).await.unwrap().unwrap();
        let expected = json!({"capture": {"raw": "errors", "sampled": 0.5}, "limits": {"a": [1]}});
        assert_eq!(serde_json::from_str::<Value>(&stored.document()).unwrap(), expected);
    }
}

#[tokio::test]
async fn a_policy_is_set_left_and_taken_away_and_says_what_applies() {
    let houses = houses().await;
    for (house, meta) in &houses.all {
        let with = |guard: Value| json!({"capture_content": null, "capture_raw": null, "guard": guard});
        let own = json!({"preset": "strict", "rules": [{"min_score": 0.9, "action": "redact"}], "on_timeout": "deny"});
        let set = put(house, &[("if-match", "*")], with(own.clone())).await;
        assert_eq!((set.status.as_u16(), &set.json()["guard"]), (200, &own), "{:?}", set.json());
        let applies = json!({
            "policy": "tenant@1", "may_block": true, "may_redact": true, "answers": "pass",
            "restore": true, "on_timeout": "deny", "opaque": "allow",
        });
        assert_eq!(set.json()["effective"]["guard"], applies);
        let left = put(house, &[("if-match", "*")], less()).await.json();
        assert_eq!((&left["guard"], &left["effective"]["guard"]["policy"]), (&own, &json!("tenant@2")));
        let broken = put(house, &[("if-match", "*")], with(json!({"rules": [{"action": "explode"}]}))).await;
        assert_eq!((broken.status.as_u16(), &broken.json()["parameter"]), (400, &json!("guard.rules[0].action")));
        let there = house.get(Some(house.admin.expose()), URI).await.json();
        assert_eq!(there["guard"], own);
        let gone = put(house, &[("if-match", "*")], with(Value::Null)).await.json();
        assert_eq!((&gone["guard"], &gone["effective"]["guard"]["policy"]), (&Value::Null, &json!("installation")));

        // One of a newer version is shown as it is, and stays where nobody changes it.
        let newer = TenantSettings {
            guard: Some(json!({"preset": "paranoid"})),
            ..TenantSettings::new(Timestamp::from_unix_us(1))
        };
        let written = meta.put_settings(&"team".parse().unwrap(), &newer, Replacing::Version(3)).await.unwrap();
        assert_eq!(written, Written::Done);
        let kept = put(house, &[("if-match", "*")], less()).await.json();
        assert_eq!(
            (&kept["guard"], &kept["effective"]["guard"]["policy"]),
            (&json!({"preset": "paranoid"}), &json!("installation"))
        );
    }
}

#[tokio::test]
async fn what_is_no_setting_is_refused() {
    let meta = FickleMeta::new(Mood::Well);
    let house = House::over(Arc::clone(&meta) as Arc<dyn MetaStore>, &Token::mint().unwrap()).await;
    for body in [
        json!({}),
        json!({"capture_content": "full"}),
        json!({"capture_content": "some", "capture_raw": null}),
        json!({"capture_content": 1, "capture_raw": null}),
        json!({"capture_content": null, "capture_raw": null, "more": 1}),
        json!({"capture_content": null, "capture_raw": null, "guard": "strict"}),
        json!({"capture_content": null, "capture_raw": null, "guard": {"timeout_ms": 5}}),
        json!([null, null]),
    ] {
        let answer = put(&house, &[("if-match", "*")], body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["type"], "urn:llmtrace:problem:bad-body");
    }
    let full = put(&house, &[("if-match", "*")], less()).await;
    assert_eq!((full.status.as_u16(), full.json()["type"].as_str()), (409, Some("urn:llmtrace:problem:too-many")));
    *meta.mood.lock() = Mood::Fails(ErrorKind::Unavailable);
    assert_eq!(house.get(Some(house.admin.expose()), URI).await.status, 503);
}
