//! The one list of routes: what answers there, who may ask, and what the audit log is told.

use axum::{
    http::Method,
    routing::{MethodRouter, get, post, put},
};
use llmtrace_model::AccessRole;

use super::{
    Api, accounts, audit, credentials, docs, document, erasures, export, info, keys, login, me, models, oidc, people,
    policies, raw, retention, scan, sessions, settings, spans, stats, tail, tenants, traces, views,
};

/// A route.
pub(super) struct Route {
    /// Its path, with names for what varies.
    pub(super) path: &'static str,
    /// What answers there.
    pub(super) serve: fn() -> MethodRouter<Api>,
    /// What each method takes; another one is no method of this route.
    pub(super) rules: &'static [(&'static str, Rule)],
}

/// What a question takes, and whether it is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    /// Who may ask it.
    pub(super) need: Need,
    /// What the audit log is told.
    pub(super) logged: Logged,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Everybody, without being told apart.
    Nothing,
    /// Whoever is told apart.
    Anybody,
    /// Who has at least this role in the tenant that it is about.
    Role(AccessRole),
    /// Who administers the installation.
    Platform,
}

/// What the audit log is told; the word is the entry's action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logged {
    /// Nothing.
    No,
    /// That content was read.
    Read(&'static str),
    /// That something was changed.
    Change(&'static str),
}

impl Rule {
    /// The rule of what is no route: it is answered so to everybody.
    pub(super) const NONE: Self = Self { need: Need::Nothing, logged: Logged::No };
}

impl Route {
    /// The rule of a method; `HEAD` is a `GET` without a body.
    pub(super) fn rule(&self, method: &Method) -> Rule {
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        self.rules.iter().find(|(of, _)| *of == method).map_or(Rule::NONE, |(_, rule)| *rule)
    }
}

const VIEWER: Need = Need::Role(AccessRole::Viewer);
const OPERATOR: Need = Need::Role(AccessRole::Operator);
const ADMIN: Need = Need::Role(AccessRole::Admin);

const fn quiet(method: &'static str, need: Need) -> (&'static str, Rule) {
    (method, Rule { need, logged: Logged::No })
}

/// A read of what was said.
const fn read(need: Need, action: &'static str) -> (&'static str, Rule) {
    ("GET", Rule { need, logged: Logged::Read(action) })
}

const fn change(method: &'static str, need: Need, action: &'static str) -> (&'static str, Rule) {
    (method, Rule { need, logged: Logged::Change(action) })
}

const fn route(path: &'static str, serve: fn() -> MethodRouter<Api>, rules: &'static [(&'static str, Rule)]) -> Route {
    Route { path, serve, rules }
}

/// Every route. A new one is an item here and a line in `document.rs`; a test compares the two.
pub(super) const ROUTES: &[Route] = &[
    route("/api/v1/traces", || get(traces::list), &[quiet("GET", VIEWER)]),
    route(
        "/api/v1/traces/{trace_id}",
        || get(traces::one).delete(erasures::remove_trace),
        &[read(VIEWER, "traces.read"), change("DELETE", ADMIN, "traces.erase")],
    ),
    route("/api/v1/spans", || get(spans::list), &[quiet("GET", VIEWER)]),
    route("/api/v1/spans/{span_id}", || get(spans::one), &[read(VIEWER, "spans.read")]),
    route("/api/v1/spans/{span_id}/raw", || get(raw::raw), &[read(VIEWER, "raw.read")]),
    route("/api/v1/tail", || get(tail::tail), &[quiet("GET", VIEWER)]),
    route("/api/v1/sessions", || get(sessions::list), &[quiet("GET", VIEWER)]),
    route("/api/v1/sessions/{session_id}", || get(sessions::one), &[read(VIEWER, "sessions.read")]),
    route("/api/v1/stats", || get(stats::stats), &[quiet("GET", VIEWER)]),
    route("/api/v1/top", || get(stats::top), &[quiet("GET", VIEWER)]),
    route("/api/v1/users", || get(people::users), &[quiet("GET", VIEWER)]),
    route("/api/v1/agents", || get(people::agents), &[quiet("GET", VIEWER)]),
    route("/api/v1/scan", || post(scan::scan), &[quiet("POST", Need::Anybody)]),
    route(
        "/api/v1/policies/evaluate",
        || post(policies::evaluate),
        // What is found in stored exchanges says something of what was said in them, and a draft may ask for a text.
        &[("POST", Rule { need: OPERATOR, logged: Logged::Read("policies.evaluate") })],
    ),
    route("/api/v1/info", || get(info::info), &[quiet("GET", Need::Anybody)]),
    route(
        "/api/v1/login",
        || get(login::ways).post(login::log_in),
        // Who logs in is known by the answer: that writes the line. A failure is one of the log's refusals.
        &[quiet("GET", Need::Nothing), change("POST", Need::Nothing, "logins.open")],
    ),
    route("/api/v1/logout", || post(login::log_out), &[change("POST", Need::Nothing, "logins.close")]),
    route("/api/v1/me", || get(me::me), &[quiet("GET", Need::Anybody)]),
    route("/api/v1/me/password", || put(me::password), &[change("PUT", Need::Anybody, "me.password")]),
    route(
        "/api/v1/accounts",
        || get(accounts::list).post(accounts::create),
        &[quiet("GET", ADMIN), change("POST", ADMIN, "accounts.create")],
    ),
    route(
        "/api/v1/accounts/{user_id}",
        || get(accounts::one).put(accounts::replace).delete(accounts::remove),
        &[quiet("GET", ADMIN), change("PUT", ADMIN, "accounts.change"), change("DELETE", ADMIN, "accounts.remove")],
    ),
    route("/api/v1/accounts/{user_id}/logout", || post(accounts::log_out), &[change("POST", ADMIN, "accounts.logout")]),
    route(
        "/api/v1/keys",
        || get(keys::list).post(keys::create),
        &[quiet("GET", ADMIN), change("POST", ADMIN, "keys.create")],
    ),
    route(
        "/api/v1/keys/{key_id}",
        || get(keys::one).put(keys::replace).delete(keys::revoke),
        &[quiet("GET", ADMIN), change("PUT", ADMIN, "keys.change"), change("DELETE", ADMIN, "keys.revoke")],
    ),
    route("/api/v1/tenants", || get(tenants::list), &[quiet("GET", Need::Anybody)]),
    route(
        "/api/v1/tenants/{tenant_id}",
        || put(tenants::make).delete(erasures::remove_tenant),
        &[change("PUT", Need::Platform, "tenants.create"), change("DELETE", Need::Platform, "tenants.delete")],
    ),
    route(
        "/api/v1/tenants/{tenant_id}/retention",
        || get(retention::get).put(retention::put).delete(retention::remove),
        &[quiet("GET", VIEWER), change("PUT", ADMIN, "retention.change"), change("DELETE", ADMIN, "retention.delete")],
    ),
    route(
        "/api/v1/tenants/{tenant_id}/settings",
        || get(settings::get).put(settings::put),
        &[quiet("GET", VIEWER), change("PUT", ADMIN, "settings.change")],
    ),
    route("/api/v1/tenants/{tenant_id}/credentials", || get(credentials::list), &[quiet("GET", ADMIN)]),
    route(
        "/api/v1/tenants/{tenant_id}/credentials/{upstream}",
        || get(credentials::one).put(credentials::put).delete(credentials::remove),
        &[
            quiet("GET", ADMIN),
            change("PUT", ADMIN, "credentials.store"),
            change("DELETE", ADMIN, "credentials.delete"),
        ],
    ),
    route(
        "/api/v1/erasures",
        || get(erasures::list).post(erasures::create),
        &[quiet("GET", ADMIN), change("POST", ADMIN, "erasures.create")],
    ),
    route("/api/v1/erasures/{erasure_id}", || get(erasures::one), &[quiet("GET", ADMIN)]),
    route("/api/v1/audit", || get(audit::list), &[quiet("GET", ADMIN)]),
    route("/api/v1/audit/chain", || get(audit::chain), &[read(ADMIN, "audit.export")]),
    route("/api/v1/models/prices", || get(models::prices), &[quiet("GET", VIEWER)]),
    route("/api/v1/export", || get(export::export), &[read(OPERATOR, "spans.export")]),
    route(
        "/api/v1/views",
        || get(views::list).post(views::create),
        &[quiet("GET", VIEWER), change("POST", OPERATOR, "views.create")],
    ),
    route(
        "/api/v1/views/{view_id}",
        || get(views::one).put(views::replace).delete(views::remove),
        &[quiet("GET", VIEWER), change("PUT", OPERATOR, "views.change"), change("DELETE", OPERATOR, "views.delete")],
    ),
    route("/api/v1/openapi.json", || get(document::serve), &[quiet("GET", Need::Nothing)]),
];

/// The page that shows the document, and what it is made of; no part of the API itself.
pub(super) const PAGES: &[Route] = &[
    route("/api/docs", || get(docs::page), &[quiet("GET", Need::Nothing)]),
    // A browser goes there, and is sent on; nobody asks them anything.
    route("/api/v1/oidc/start", || get(oidc::start), &[quiet("GET", Need::Nothing)]),
    route("/api/v1/oidc/callback", || get(oidc::callback), &[change("GET", Need::Nothing, "logins.open")]),
    route("/api/v1/docs/{file}", || get(docs::file), &[quiet("GET", Need::Nothing)]),
];
