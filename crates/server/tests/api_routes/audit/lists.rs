//! The log as a list: filters, pages, and who sees what.

use llmtrace_model::{Actor, AuditEntry, AuditId, KeyId, Outcome, Timestamp};
use serde_json::{Value, json};

use super::house::Audited;
use crate::world::{NOW, houses};

/// The `n`th entry: each a second after the one before.
pub(super) fn entry(n: u8, owner: Option<&str>, action: &str) -> AuditEntry {
    AuditEntry {
        id: AuditId::from_bytes([n; 16]),
        tenant: owner.map(|owner| owner.parse().unwrap()),
        at: Timestamp::from_unix_us(NOW - 1_000_000_000 + i64::from(n) * 1_000_000),
        actor: Actor::Key(KeyId::from_bytes([n % 2; 16])),
        client_address: None,
        action: action.to_owned(),
        target: n.to_string(),
        before: None,
        after: None,
        outcome: Outcome::Done,
    }
}

/// Three chains.
async fn filled(house: &Audited) {
    let entries = [
        entry(1, Some("a"), "keys.create"),
        entry(2, Some("b"), "keys.create"),
        entry(3, None, "access.refuse"),
        entry(4, Some("a"), "keys.revoke"),
        entry(5, Some("a"), "keysets.create"),
        AuditEntry { actor: Actor::CommandLine, ..entry(6, Some("a"), "erasures.create") },
    ];
    house.meta.append_audit(&entries).await.unwrap();
}

fn targets(log: &[Value]) -> String {
    log.iter().map(|line| line["target"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_item_says_all_there_is() {
    let houses = houses().await;
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        filled(&house).await;
        let log = house.log("root", "?tenant_id=a").await;
        let last = &log[0];
        let expected = json!({
            "id": "06060606-0606-0606-0606-060606060606", "seq": 4, "tenant_id": "a", "at": "2026-10-31T23:43:26.000000Z",
            "actor": { "kind": "cli", "id": null }, "client_address": null, "action": "erasures.create", "target": "6",
            "before": null, "after": null, "outcome": "done", "previous": log[1]["hash"], "hash": last["hash"],
        });
        assert_eq!(*last, expected);
        assert_eq!(log[3]["previous"], "0".repeat(64));
        assert_eq!(log[3]["actor"], json!({ "kind": "key", "id": "01010101-0101-0101-0101-010101010101" }));
    }
}

#[tokio::test]
async fn filters_are_joined() {
    let houses = houses().await;
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        filled(&house).await;
        let key = |n: u8| format!("actor=key:{}", KeyId::from_bytes([n; 16]));
        for (query, found) in [
            (String::new(), "654321"),
            ("tenant_id=a".into(), "6541"),
            ("action=keys.create".into(), "21"),
            ("action=keys.".into(), "421"),
            ("action=keys".into(), ""),
            ("action=.".into(), ""),
            (key(1), "531"),
            (key(0), "42"),
            ("actor=cli".into(), "6"),
            ("actor=system".into(), ""),
            ("from=2026-10-31T23:43:24Z".into(), "654"),
            ("until=2026-10-31T23:43:24Z".into(), "321"),
            ("from=2026-10-31T23:43:22Z&until=2026-10-31T23:43:25Z".into(), "432"),
            (format!("{}&action=keys.&from=2026-10-31T23:43:22Z", key(0)), "42"),
        ] {
            assert_eq!(targets(&house.log("root", &format!("?{query}")).await), found, "{query}");
        }
        let upper = format!("?{}", key(1).to_uppercase().replace("ACTOR=KEY", "actor=key"));
        assert_eq!(targets(&house.log("root", &upper).await), "531");
        let turned = house.get("root", "/api/v1/audit?from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z").await;
        assert_eq!((turned.status.as_u16(), &turned.json()["parameter"]), (400, &json!("until")));
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            assert_eq!(
                house.ask("root", method, "/api/v1/audit", &[], &Value::Null).await.status,
                405,
                "nothing changes the log"
            );
        }
    }
}

#[tokio::test]
async fn pages_follow_a_place_and_belong_to_their_question() {
    let houses = houses().await;
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        filled(&house).await;
        for limit in 1..=7 {
            let (mut found, mut next) = (String::new(), String::new());
            loop {
                let page = house.get("root", &format!("/api/v1/audit?limit={limit}{next}")).await.json();
                found += &targets(page["items"].as_array().unwrap());
                // What comes meanwhile moves nothing.
                house.meta.append_audit(&[entry(100 + limit, Some("a"), "later")]).await.unwrap();
                let Some(place) = page["next"].as_str() else { break };
                next = format!("&after={place}");
            }
            assert!(found.ends_with("654321"), "{limit}: {found}");
        }
        let place = house.get("root", "/api/v1/audit?limit=2").await.json()["next"].as_str().unwrap().to_owned();
        for other in ["audit?action=keys.", "audit?tenant_id=a", "spans?limit=2", "audit?actor=cli"] {
            let answer = house.get("root", &format!("/api/v1/{other}&after={place}")).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["parameter"]), (400, &json!("after")), "{other}");
        }
        let many = house.get("root", "/api/v1/audit?limit=501").await;
        assert_eq!((many.status.as_u16(), &many.json()["expected"]), (400, &json!("a whole number from 1 to 500")));
    }
}

#[tokio::test]
async fn each_sees_the_chains_of_their_own() {
    let houses = houses().await;
    for (_, meta) in &houses.all {
        let house = Audited::over(meta).await;
        filled(&house).await;
        for (who, query, found) in [
            ("root", "", "654321"),
            ("the settings", "?tenant_id=b", "2"),
            ("admin of a", "", "6541"),
            ("admin of a", "?tenant_id=a", "6541"),
            ("admin of b", "", "2"),
        ] {
            assert_eq!(targets(&house.log(who, query).await), found, "{who} {query}");
        }
        for (who, path) in [
            ("viewer of a", "audit"),
            ("operator of a", "audit"),
            ("operator of a", "audit/chain"),
            ("viewer of a", "audit/chain"),
            ("admin of b", "audit?tenant_id=a"),
            ("admin of b", "audit/chain?tenant_id=a"),
        ] {
            assert_eq!(house.get(who, &format!("/api/v1/{path}")).await.status, 403, "{who} {path}");
        }
        assert_eq!(house.get("llmt_nobody", "/api/v1/audit").await.status, 401);
        let mine = [("x-llmtrace-tenant-id", "a")];
        assert_eq!(house.ask("admin of b", "GET", "/api/v1/audit", &mine, &Value::Null).await.status, 403);
    }
}
