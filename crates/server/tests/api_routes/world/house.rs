//! Installations that ask for keys, over each engine that keeps them.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Method, Request},
};
use llmtrace_server::{
    api::{Access, Api, router},
    config::MasterKeys,
    tenancy::Token,
};
use llmtrace_store::{MetaStore, Options, SessionStore, SpanStore, conformance::engines, open_counters, open_meta};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answer, answer_to, api_sealing, events, master_keys, memory_sessions, stores};

/// An installation that asks for keys.
pub(crate) struct House {
    pub(crate) app: Router,
    pub(crate) api: Api,
    pub(crate) admin: Token,
    sessions: Arc<dyn SessionStore>,
}

/// One over each engine; what they need lives as long as this.
pub(crate) struct Houses {
    pub(crate) all: Vec<(House, Arc<dyn MetaStore>)>,
    _folder: TempDir,
    _servers: [engines::Guard; 2],
}

impl House {
    pub(crate) async fn over(meta: Arc<dyn MetaStore>, admin: &Token) -> Self {
        Self::with(stores().await.0.swap_remove(0), meta, admin).await
    }

    pub(crate) async fn with(spans: Arc<dyn SpanStore>, meta: Arc<dyn MetaStore>, admin: &Token) -> Self {
        Self::of(spans, meta, memory_sessions(), admin).await
    }

    /// One whose master keys are these.
    pub(crate) async fn sealing(meta: Arc<dyn MetaStore>, admin: &Token, keys: Option<&MasterKeys>) -> Self {
        Self::made(stores().await.0.swap_remove(0), meta, memory_sessions(), admin, keys).await
    }

    async fn of(
        spans: Arc<dyn SpanStore>,
        meta: Arc<dyn MetaStore>,
        sessions: Arc<dyn SessionStore>,
        admin: &Token,
    ) -> Self {
        Self::made(spans, meta, sessions, admin, Some(&master_keys(7))).await
    }

    async fn made(
        spans: Arc<dyn SpanStore>,
        meta: Arc<dyn MetaStore>,
        sessions: Arc<dyn SessionStore>,
        admin: &Token,
        keys: Option<&MasterKeys>,
    ) -> Self {
        let access =
            Access { any_host: true, trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..Access::default() };
        let api = api_sealing(spans, meta, Arc::clone(&sessions), events(), Arc::new(access), Some(admin), keys);
        api.tenancy.load().await;
        Self { app: router(api.clone()), api, admin: admin.clone(), sessions }
    }

    /// Another process of the same installation.
    pub(crate) async fn beside(&self, admin: &Token) -> Self {
        let (spans, meta) = (Arc::clone(&self.api.spans), Arc::clone(&self.api.meta));
        Self::of(spans, meta, Arc::clone(&self.sessions), admin).await
    }

    pub(crate) async fn ask(
        &self,
        key: Option<&str>,
        method: Method,
        uri: &str,
        with: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(uri).header("host", "anywhere.example");
        for (name, value) in key.map(|key| ("x-llmtrace-token", key)).iter().chain(with) {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        answer_to(&self.app, request).await
    }

    pub(crate) async fn get(&self, key: Option<&str>, uri: &str) -> Answer {
        self.ask(key, Method::GET, uri, &[], &Value::Null).await
    }

    /// Makes a key with the administrator's and returns it whole.
    pub(crate) async fn key(&self, tenant: &str, role: &str) -> Value {
        let body = json!({"name": format!("{tenant} {role}"), "role": role});
        let uri = format!("/api/v1/keys?tenant_id={tenant}");
        let made = self.ask(Some(self.admin.expose()), Method::POST, &uri, &[], &body).await;
        assert_eq!(made.status, 201, "{:?}", made.json());
        made.json()
    }
}

/// An installation over memory, SQLite, and PostgreSQL with Redis each.
pub(crate) async fn houses() -> Houses {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("meta.db").display());
    let ((postgres, one), (redis, _, other)) = (engines::postgres(), engines::redis());
    let options = Options { postgres, redis, ..Options::default() };
    let mut all = Vec::new();
    for (meta, sessions) in [("memory:", "memory:"), (&sqlite, &sqlite), ("postgres:", "redis:")] {
        let meta = open_meta("storage.meta", meta, &options).await.unwrap();
        let sessions = open_counters("storage.counters", sessions, &options).await.unwrap();
        let spans = stores().await.0.swap_remove(0);
        all.push((House::of(spans, Arc::clone(&meta), sessions, &Token::mint().unwrap()).await, meta));
    }
    Houses { all, _folder: folder, _servers: [one, other] }
}
