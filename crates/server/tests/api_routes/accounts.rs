//! People: added, changed and removed, by whom.

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    login::{browse, log_in, person},
    world::{House, houses},
};

const PASSWORD: &str = "correct horse battery";

fn path(person: &Value) -> String {
    format!("/api/v1/accounts/{}", person["user_id"].as_str().unwrap())
}

async fn key(house: &House, tenant: &str) -> String {
    house.key(tenant, "admin").await["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn of_two_who_change_a_person_the_first_counts() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        let ada = person(house, "ada", "a", "viewer").await;
        let admin = key(house, "a").await;
        let admin = Some(admin.as_str());
        let got = house.get(admin, &path(&ada)).await;
        assert_eq!((got.header("etag"), got.json()), ("\"1\"", ada.clone()));
        let body = |display: &str| json!({"display": display, "disabled": false, "role": "operator"});
        assert_eq!(house.ask(admin, Method::PUT, &path(&ada), &[], &body("x")).await.status, 428);
        let tag = [("if-match", "\"1\"")];
        let first = house.ask(admin, Method::PUT, &path(&ada), &tag, &body("first")).await;
        assert_eq!((first.status.as_u16(), first.header("etag")), (200, "\"2\""));
        assert_eq!(first.json()["tenants"], json!([{"tenant_id": "a", "role": "operator"}]));
        let second = house.ask(admin, Method::PUT, &path(&ada), &tag, &body("second")).await;
        assert_eq!(
            (second.status.as_u16(), second.json()["type"].as_str()),
            (412, Some("urn:llmtrace:problem:changed-meanwhile"))
        );
        assert_eq!(house.get(admin, &path(&ada)).await.json()["display"], "first");
    }
}

#[tokio::test]
async fn who_administers_a_tenant_takes_nobody_of_another_over() {
    let houses = houses().await;
    for (house, _) in &houses.all {
        let root = Some(house.admin.expose());
        let any = [("if-match", "*")];
        let ada = person(house, "ada", "a", "viewer").await;
        let both = json!({"display": "", "disabled": false, "role": "admin"});
        let into_b = format!("{}?tenant_id=b", path(&ada));
        assert_eq!(house.ask(root, Method::PUT, &into_b, &any, &both).await.status, 200);
        let all = house.get(root, &path(&ada)).await.json();
        assert_eq!(all["tenants"].as_array().unwrap().len(), 2);

        let (of_a, of_c) = (key(house, "a").await, key(house, "c").await);
        let (of_a, of_c) = (Some(of_a.as_str()), Some(of_c.as_str()));
        let seen = house.get(of_a, &path(&ada)).await.json();
        assert_eq!(seen["tenants"], json!([{"tenant_id": "a", "role": "viewer"}]), "what is elsewhere is not told");
        let further = "urn:llmtrace:problem:reaches-further";
        for body in [
            json!({"display": "", "disabled": false, "role": "viewer", "password": "another password"}),
            json!({"display": "", "disabled": true, "role": "viewer"}),
            json!({"display": "other", "disabled": false, "role": "viewer"}),
        ] {
            let answer = house.ask(of_a, Method::PUT, &path(&ada), &any, &body).await;
            assert_eq!((answer.status.as_u16(), answer.json()["type"].as_str()), (409, Some(further)), "{body}");
        }
        for (method, end) in [(Method::DELETE, ""), (Method::POST, "/logout")] {
            let answer = house.ask(of_a, method, &format!("{}{end}", path(&ada)), &[], &Value::Null).await;
            assert_eq!(answer.json()["type"], further);
        }
        log_in(house, "ada", PASSWORD).await;
        assert_eq!(house.get(of_c, &path(&ada)).await.status, 404);
        let taken = json!({"name": "ADA", "display": "", "password": "another password", "role": "admin"});
        let answer = house.ask(of_c, Method::POST, "/api/v1/accounts", &[], &taken).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["type"].as_str()),
            (409, Some("urn:llmtrace:problem:name-taken"))
        );
        let none = json!({"display": "", "disabled": false, "role": null});
        let gone = house.ask(of_a, Method::PUT, &path(&ada), &any, &none).await;
        assert_eq!((gone.status.as_u16(), &gone.json()["tenants"]), (200, &json!([])));
        assert_eq!(house.get(of_a, &path(&ada)).await.status, 404, "nobody of theirs any more");
        assert_eq!(house.ask(root, Method::DELETE, &path(&ada), &[], &Value::Null).await.status, 204);
        assert_eq!(house.get(root, &path(&ada)).await.status, 404);
        person(house, "ada", "c", "viewer").await;
    }
}

#[tokio::test]
async fn nobody_gives_more_than_they_have() {
    let houses = houses().await;
    let (house, _) = &houses.all[0];
    let root = Some(house.admin.expose());
    let of_a = key(house, "a").await;
    let of_a = Some(of_a.as_str());
    let new = |role: &str| json!({"name": format!("new-{role}"), "display": "", "role": role});
    let list = "/api/v1/accounts";
    assert_eq!(house.ask(of_a, Method::POST, list, &[], &new("platform")).await.status, 403);
    assert_eq!(house.ask(of_a, Method::POST, "/api/v1/accounts?tenant_id=b", &[], &new("viewer")).await.status, 403);
    assert_eq!(house.ask(root, Method::POST, list, &[], &new("viewer")).await.status, 400, "of which tenant");
    assert_eq!(house.ask(root, Method::POST, "/api/v1/accounts?tenant_id=a", &[], &new("platform")).await.status, 400);
    let made = house.ask(root, Method::POST, list, &[], &new("platform")).await;
    assert_eq!((made.status.as_u16(), made.json()["platform"].as_bool()), (201, Some(true)), "{:?}", made.json());
    let boss = made.json();
    assert_eq!(house.get(of_a, &path(&boss)).await.status, 404);
    let any = [("if-match", "*")];
    let role = |role: Value| json!({"display": "", "disabled": false, "role": role});
    let within = format!("{}?tenant_id=a", path(&boss));
    assert_eq!(house.ask(root, Method::PUT, &within, &any, &role("viewer".into())).await.status, 400);
    assert_eq!(house.ask(root, Method::PUT, &path(&boss), &any, &role(Value::Null)).await.json()["platform"], false);
    let back = house.ask(root, Method::PUT, &within, &any, &role("viewer".into())).await.json();
    assert_eq!(back["tenants"], json!([{"tenant_id": "a", "role": "viewer"}]));
}

#[tokio::test]
async fn what_is_no_person_is_refused_and_said() {
    let houses = houses().await;
    let (house, _) = &houses.all[0];
    let admin = key(house, "a").await;
    for (body, field) in [
        (json!({"name": "", "display": "", "role": "viewer"}), "name"),
        (json!({"name": "a:b", "display": "", "role": "viewer"}), "name"),
        (json!({"name": "x".repeat(300), "display": "", "role": "viewer"}), "name"),
        (json!({"name": "x", "display": "y".repeat(255), "role": "viewer"}), "display"),
        (json!({"name": "x", "display": "a\u{7}b", "role": "viewer"}), "display"),
        (json!({"name": "x", "display": "", "role": "root"}), "role"),
        (json!({"name": "x", "display": "", "role": "viewer", "password": "short"}), "password"),
        (json!({"name": "x@example.org", "display": "", "role": "viewer", "password": "X@example.org"}), "password"),
        (json!({"name": "x", "display": "", "role": "viewer", "grants": []}), "grants"),
    ] {
        let answer = house.ask(Some(&admin), Method::POST, "/api/v1/accounts", &[], &body).await;
        assert_eq!((answer.status.as_u16(), answer.json()["parameter"].as_str()), (400, Some(field)), "{body}");
    }
}

#[tokio::test]
async fn somebody_of_several_tenants_says_which() {
    let houses = houses().await;
    let (house, _) = &houses.all[0];
    let ada = person(house, "ada", "a", "viewer").await;
    let body = json!({"display": "", "disabled": false, "role": "operator"});
    let into_b = format!("{}?tenant_id=b", path(&ada));
    house.ask(Some(house.admin.expose()), Method::PUT, &into_b, &[("if-match", "*")], &body).await;
    let cookie = log_in(house, "ada", PASSWORD).await;
    for (uri, status) in [
        ("/api/v1/spans", 400),
        ("/api/v1/spans?tenant_id=a", 200),
        ("/api/v1/spans?tenant_id=b", 200),
        ("/api/v1/spans?tenant_id=c", 403),
        ("/api/v1/export?tenant_id=a", 403),
        ("/api/v1/export?tenant_id=b", 200),
        ("/api/v1/me", 200),
    ] {
        assert_eq!(browse(house, &cookie, Method::GET, uri, &Value::Null).await.status, status, "{uri}");
    }
}
