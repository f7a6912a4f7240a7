//! An installation that asks for keys, and whose log is read.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, extract::ConnectInfo, http::Request};
use llmtrace_model::{AccessRole, ApiKey, Grant, KeyId, TenantScope, Timestamp};
use llmtrace_server::tenancy::{AdminKey, Token};
use llmtrace_store::{MetaStore, Replacing, Written};
use serde_json::Value;

use crate::world::{Answer, House, NOW, answer_to, changed, stores_of};

/// Where everybody comes from.
pub(super) const PEER: &str = "203.0.113.9";

/// Tenants `a` and `b`, with a span each.
pub(super) struct Audited {
    pub(super) meta: Arc<dyn MetaStore>,
    house: House,
    now: AtomicI64,
    keys: Vec<(&'static str, KeyId, Token)>,
}

/// Who asks in the tests: a name, and what the key opens.
const KEYS: [(&str, Option<(&str, AccessRole)>); 5] = [
    ("root", None),
    ("admin of a", Some(("a", AccessRole::Admin))),
    ("operator of a", Some(("a", AccessRole::Operator))),
    ("viewer of a", Some(("a", AccessRole::Viewer))),
    ("admin of b", Some(("b", AccessRole::Admin))),
];

impl Audited {
    pub(super) async fn over(meta: &Arc<dyn MetaStore>) -> Self {
        let records = ["a", "b"].into_iter().zip(0..).map(|(owner, n)| {
            changed(n, |record| {
                record.span.tenant_id = owner.parse().unwrap();
                record.span.session_id = Some(format!("chat of {owner}"));
            })
        });
        let spans = stores_of(records.collect()).await.0.swap_remove(0);
        let mut keys = Vec::new();
        for ((name, opens), n) in KEYS.into_iter().zip(1..) {
            let (id, token) = (KeyId::from_bytes([n; 16]), Token::mint().unwrap());
            put(meta, &key(id, name, opens, &token)).await;
            keys.push((name, id, token));
        }
        let settings = Token::mint().unwrap();
        let house = House::with(spans, Arc::clone(meta), &settings).await;
        keys.push(("the settings", AdminKey::ID, settings));
        Self { meta: Arc::clone(meta), house, now: AtomicI64::new(NOW), keys }
    }

    /// The id of somebody's key.
    pub(super) fn id(&self, who: &str) -> String {
        self.keys.iter().find(|(name, ..)| *name == who).unwrap().1.to_string()
    }

    /// Asks as somebody, or with a key, a millisecond after the question before.
    pub(super) async fn ask(&self, who: &str, method: &str, uri: &str, with: &[(&str, &str)], body: &Value) -> Answer {
        let token = self.keys.iter().find(|(name, ..)| *name == who).map_or(who, |(.., token)| token.expose());
        let now = self.now.fetch_add(1_000, Ordering::Relaxed);
        self.house.api.clock.set(Timestamp::from_unix_us(now));
        let mut request = Request::builder().method(method).uri(uri).header("host", "traces.example");
        let is_forwarded = with.iter().any(|(name, _)| *name == "x-forwarded-for");
        let peer = SocketAddr::new(if is_forwarded { "10.0.0.1" } else { PEER }.parse().unwrap(), 4711);
        request = request.header("x-llmtrace-token", token).extension(ConnectInfo(peer));
        for (name, value) in with {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        };
        answer_to(&self.house.app, request.body(body).unwrap()).await
    }

    pub(super) async fn get(&self, who: &str, uri: &str) -> Answer {
        self.ask(who, "GET", uri, &[], &Value::Null).await
    }

    /// Waits until everything that happened so far stands in the log.
    pub(super) async fn settle(&self) {
        self.house.api.tenancy.finish(Duration::from_secs(60)).await;
    }

    /// The items of a page of the log, as somebody sees it.
    pub(super) async fn log(&self, who: &str, query: &str) -> Vec<Value> {
        self.settle().await;
        let answer = self.get(who, &format!("/api/v1/audit{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {:?}", answer.body);
        answer.json()["items"].as_array().unwrap().clone()
    }
}

fn key(id: KeyId, name: &str, opens: Option<(&str, AccessRole)>, token: &Token) -> ApiKey {
    ApiKey {
        id,
        version: 1,
        grant: opens.map_or(Grant::Platform, |(owner, role)| Grant::Tenant(owner.parse().unwrap(), role)),
        name: name.to_owned(),
        prefix: token.prefix().to_owned(),
        hash: token.hash(),
        created_at: Timestamp::from_unix_us(NOW),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    }
}

async fn put(meta: &Arc<dyn MetaStore>, key: &ApiKey) {
    assert_eq!(meta.put_key(&TenantScope::All, key, Replacing::Nothing).await.unwrap(), Written::Done);
}
