//! Installations that ask for keys, over each engine that keeps them.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Method, Request},
};
use llmtrace_server::{
    api::{Access, Api, router},
    tenancy::Token,
};
use llmtrace_store::{MetaStore, Options, SpanStore, conformance::engines, open_meta};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answer, answer_to, api_of, events, stores};

/// An installation that asks for keys.
pub(crate) struct House {
    pub(crate) app: Router,
    pub(crate) api: Api,
    pub(crate) admin: Token,
}

/// One over each engine; what they need lives as long as this.
pub(crate) struct Houses {
    pub(crate) all: Vec<(House, Arc<dyn MetaStore>)>,
    _folder: TempDir,
    _postgres: engines::Guard,
}

impl House {
    pub(crate) async fn over(meta: Arc<dyn MetaStore>, admin: &Token) -> Self {
        Self::with(stores().await.0.swap_remove(0), meta, admin).await
    }

    pub(crate) async fn with(spans: Arc<dyn SpanStore>, meta: Arc<dyn MetaStore>, admin: &Token) -> Self {
        let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let access = Access { any_host: true, trusted_proxies, ..Access::default() };
        let api = api_of(spans, meta, events(), Arc::new(access), Some(admin));
        api.tenancy.load().await;
        Self { app: router(api.clone()), api, admin: admin.clone() }
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
        answer_to(&self.app, request.body(body).unwrap()).await
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

/// An installation over memory, SQLite and PostgreSQL each.
pub(crate) async fn houses() -> Houses {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("meta.db").display());
    let (server, guard) = engines::postgres();
    let options = Options { postgres: server, ..Options::default() };
    let mut all = Vec::new();
    for url in ["memory:", &sqlite, "postgres:"] {
        let meta = open_meta("storage.meta", url, &options).await.unwrap();
        all.push((House::over(Arc::clone(&meta), &Token::mint().unwrap()).await, meta));
    }
    Houses { all, _folder: folder, _postgres: guard }
}
