//! Who reaches what: every route of the OpenAPI document, asked by every role, of the own and of another tenant, each of which
//! has one of everything.
//!
//! The table below says it once more, apart from the program's own: a route that is new or whose rule was changed fails here
//! until somebody has decided about it.

use std::{fmt::Write as _, sync::Arc};

use axum::http::Method;
use llmtrace_model::{BodyCoverage, Raw, RawBody, SpanRecord, TenantId, Timestamp};
use llmtrace_server::{api::openapi, tenancy::Token};
use llmtrace_store::{MetaStore, SpanStore};
use serde_json::{Value, json};

use crate::world::{Answer, House, NOW, changed, houses, stores};

/// What a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Takes {
    /// Nothing.
    Nothing,
    /// Any key.
    AnyKey,
    Viewer,
    Operator,
    Admin,
    Platform,
}

use Takes::{Admin, AnyKey, Nothing, Operator, Platform, Viewer};

/// Every operation of the document, by its id.
const OPERATIONS: &[(&str, Takes)] = &[
    ("get_openapi", Nothing),
    ("get_info", AnyKey),
    ("scan_text", AnyKey),
    ("evaluate_policy", Operator),
    ("get_me", AnyKey),
    ("get_login", Nothing),
    ("log_in", Nothing),
    ("log_out", Nothing),
    ("change_password", AnyKey),
    ("list_accounts", Admin),
    ("create_account", Admin),
    ("get_account", Admin),
    ("replace_account", Admin),
    ("remove_account", Admin),
    ("log_out_account", Admin),
    ("list_model_prices", Viewer),
    ("list_tenants", AnyKey),
    ("list_traces", Viewer),
    ("get_trace", Viewer),
    ("delete_trace", Admin),
    ("list_spans", Viewer),
    ("get_span", Viewer),
    ("get_raw", Viewer),
    ("follow_tail", Viewer),
    ("list_sessions", Viewer),
    ("get_session", Viewer),
    ("get_stats", Viewer),
    ("get_top", Viewer),
    ("list_users", Viewer),
    ("list_agents", Viewer),
    ("export_spans", Operator),
    ("list_views", Viewer),
    ("create_view", Operator),
    ("get_view", Viewer),
    ("replace_view", Operator),
    ("delete_view", Operator),
    ("list_erasures", Admin),
    ("create_erasure", Admin),
    ("get_erasure", Admin),
    ("create_tenant", Platform),
    ("delete_tenant", Platform),
    ("get_retention", Viewer),
    ("put_retention", Admin),
    ("delete_retention", Admin),
    ("get_settings", Viewer),
    ("put_settings", Admin),
    ("list_credentials", Admin),
    ("get_credential", Admin),
    ("put_credential", Admin),
    ("delete_credential", Admin),
    ("list_keys", Admin),
    ("create_key", Admin),
    ("get_key", Admin),
    ("replace_key", Admin),
    ("revoke_key", Admin),
    ("list_audit", Admin),
    ("export_audit_chain", Admin),
];

/// Somebody who asks; all but the last are of tenant `a` or `b`.
struct Caller {
    name: &'static str,
    key: Option<String>,
    /// Whether the key opens anything.
    opens: bool,
    tenant: Option<&'static str>,
    has: Takes,
}

/// One of everything that a tenant has.
struct Things {
    tenant: &'static str,
    ids: Vec<(&'static str, String)>,
}

impl Things {
    /// A path with these in the place of their names, the last one of a name.
    fn fill_in(&self, path: &str) -> String {
        self.ids.iter().rev().fold(path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
    }
}

/// An operation of the document.
struct Operation {
    id: String,
    method: Method,
    path: String,
    takes: Takes,
}

/// What must come of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// It is let through: whatever it says is about the question.
    Through,
    /// 401.
    Unknown,
    /// 403.
    Forbidden,
    /// 404, as for a thing that nobody has.
    Absent,
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reaches_what_is_theirs_and_nothing_else() {
    let operations = operations();
    let houses = houses().await;
    for (_, meta) in &houses.all {
        let asked = walk(&operations, meta).await;
        println!("{asked} questions over {} operations", operations.len());
        assert!(asked > 2_200, "{asked}");
    }
}

async fn walk(operations: &[Operation], meta: &Arc<dyn MetaStore>) -> usize {
    let spans = stores().await.0.swap_remove(0);
    fill(&spans).await;
    let house = House::with(spans, Arc::clone(meta), &Token::mint().unwrap()).await;
    let (a, b) = (things(&house, "a").await, things(&house, "b").await);
    let callers = callers(&house).await;
    let (mut wrong, mut asked) = (String::new(), 0);
    for operation in operations {
        for caller in &callers {
            for named in [None, Some("a"), Some("b")] {
                for things in [&a, &b] {
                    let expected = expected(operation, caller, named, things);
                    let answer = question(&house, operation, caller, named, things, expected).await;
                    asked += 1;
                    if let Some(why) = differs(operation, caller, expected, &answer) {
                        let Operation { id, method, path, .. } = operation;
                        let of = things.tenant;
                        writeln!(wrong, "{id} {method} {path} by {}, of {of}, naming {named:?}: {why}", caller.name)
                            .unwrap();
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    // Its own admin has deleted it.
    store_credential(&house, b.tenant).await;
    // What was asked of another tenant's things did nothing to them.
    for (name, _) in &b.ids {
        let path = operations.iter().find(|it| it.method == Method::GET && it.path.ends_with(&format!("{{{name}}}")));
        let Some(path) = path.map(|it| b.fill_in(&it.path)) else { continue };
        let answer = house.get(Some(house.admin.expose()), &path).await;
        assert_eq!(answer.status, 200, "{path}");
        let said = String::from_utf8_lossy(&answer.body);
        let foreign = callers.iter().filter(|it| it.tenant.is_some_and(|own| own != b.tenant));
        let changed_by = foreign.map(changed_by).find(|change| said.contains(change));
        assert_eq!(changed_by, None, "{path}");
    }
    asked
}

/// Every operation of the API, each with its line of the table.
fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&openapi()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/api/") {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let takes = OPERATIONS.iter().find(|(of, _)| *of == id).map(|(_, takes)| *takes);
            let takes = takes.unwrap_or_else(|| panic!("{id} is new: decide who may ask it, and add a line above"));
            let method = method.to_uppercase().parse().unwrap();
            all.push(Operation { id, method, path: path.clone(), takes });
        }
    }
    assert_eq!(all.len(), OPERATIONS.len(), "the table has a line for nothing");
    // What takes a whole tenant away comes last.
    all.sort_by_key(|operation| operation.id == "delete_tenant");
    all
}

/// Two spans, each with a mark of its tenant in whatever a caller may see.
async fn fill(spans: &Arc<dyn SpanStore>) {
    let of = |n: u16, tenant: &'static str| {
        changed(n, |record: &mut SpanRecord| {
            let span = &mut record.span;
            span.tenant_id = tenant.parse::<TenantId>().unwrap();
            span.started_at = Timestamp::from_unix_us(NOW - 3_600_000_000);
            span.session_id = Some(mark(tenant, "session"));
            span.user_id = Some(mark(tenant, "user"));
            span.agent_id = Some(mark(tenant, "agent"));
            span.request_model = Some(mark(tenant, "model"));
            span.coverage.request = BodyCoverage::Whole;
            let head = mark(tenant, "raw").into_bytes();
            let request = RawBody { size_bytes: head.len() as u64, head: head.into(), ..RawBody::default() };
            record.raw = Some(Raw { request, ..Raw::default() });
        })
    };
    // Of different traces.
    spans.write(&[Arc::new(of(1, "a")), Arc::new(of(11, "b"))]).await.unwrap();
}

fn mark(tenant: &str, what: &str) -> String {
    format!("mark-of-{tenant}-{what}")
}

async fn things(house: &House, tenant: &'static str) -> Things {
    let admin = Some(house.admin.expose());
    let with = [("x-llmtrace-tenant-id", tenant)];
    let span = &house.get(admin, &format!("/api/v1/spans?tenant_id={tenant}")).await.json()["items"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut ids = vec![
        ("tenant_id", tenant.to_owned()),
        ("trace_id", text(&span["trace_id"])),
        ("span_id", text(&span["span_id"])),
        ("session_id", text(&span["session_id"])),
    ];
    let made = [
        ("view_id", "/api/v1/views", json!({"name": mark(tenant, "view"), "page": "traces", "query": {}})),
        ("key_id", "/api/v1/keys", json!({"name": mark(tenant, "key"), "role": "viewer"})),
        ("erasure_id", "/api/v1/erasures", json!({"subject": "session", "subject_id": mark(tenant, "erased")})),
        ("user_id", "/api/v1/accounts", account(&format!("{tenant}@example.org"), &mark(tenant, "person"))),
    ];
    for (name, path, body) in made {
        let answer = house.ask(admin, Method::POST, path, &with, &body).await;
        assert!(answer.status.is_success(), "{path}: {:?}", answer.json());
        ids.push((name, text(&answer.json()[name])));
    }
    ids.push(("upstream", "default".to_owned()));
    store_credential(house, tenant).await;
    Things { tenant, ids }
}

async fn callers(house: &House) -> Vec<Caller> {
    let mut all = vec![
        Caller { name: "nobody", key: None, opens: false, tenant: None, has: Nothing },
        Caller {
            name: "the platform",
            key: Some(house.admin.expose().to_owned()),
            opens: true,
            tenant: None,
            has: Platform,
        },
        // One that is well-formed and unknown is asked about, and bounded by address.
        Caller { name: "a forged key", key: Some("llmt_forged".to_owned()), opens: false, tenant: None, has: Nothing },
    ];
    for (name, tenant, role, has) in [
        ("a viewer of a", "a", "viewer", Viewer),
        ("an operator of a", "a", "operator", Operator),
        ("an admin of a", "a", "admin", Admin),
        ("an admin of b", "b", "admin", Admin),
        ("an admin of c", "c", "admin", Admin),
    ] {
        let key = house.key(tenant, role).await["key"].as_str().unwrap().to_owned();
        all.push(Caller { name, key: Some(key), opens: true, tenant: Some(tenant), has });
    }
    let revoked = house.key("a", "admin").await;
    let path = format!("/api/v1/keys/{}", revoked["key_id"].as_str().unwrap());
    house.ask(Some(house.admin.expose()), Method::DELETE, &path, &[], &Value::Null).await;
    let key = revoked["key"].as_str().map(str::to_owned);
    all.push(Caller { name: "a revoked admin of a", key, opens: false, tenant: Some("a"), has: Admin });
    all
}

/// What the rules of access say, in their own words.
fn expected(operation: &Operation, caller: &Caller, named: Option<&str>, things: &Things) -> Expected {
    let Operation { takes, path, .. } = operation;
    if *takes == Nothing {
        return Expected::Through;
    }
    if !caller.opens {
        return Expected::Unknown;
    }
    if *takes == AnyKey {
        return Expected::Through;
    }
    if caller.has < *takes {
        return Expected::Forbidden;
    }
    let reaches = |tenant: &str| caller.tenant.is_none_or(|own| own == tenant);
    if named.is_some_and(|tenant| !reaches(tenant)) {
        return Expected::Forbidden;
    }
    let is_in_scope = reaches(things.tenant) && named.is_none_or(|tenant| tenant == things.tenant);
    // A trace is erased of the tenants in scope, and there need not be any.
    if !path.contains('{') || is_in_scope || operation.id == "delete_trace" {
        return Expected::Through;
    }
    // The platform names the tenant that somebody is to come into.
    if operation.id == "replace_account" && caller.has == Platform {
        return Expected::Through;
    }
    Expected::Absent
}

async fn question(
    house: &House,
    operation: &Operation,
    caller: &Caller,
    named: Option<&'static str>,
    things: &Things,
    expected: Expected,
) -> Answer {
    let mut things = Things { tenant: things.tenant, ids: things.ids.clone() };
    let mut named = named;
    if expected == Expected::Through {
        // What is taken away for good was made for this.
        match operation.id.as_str() {
            "revoke_key" => {
                let spare = house.key(things.tenant, "viewer").await["key_id"].as_str().unwrap().to_owned();
                things.ids.push(("key_id", spare));
            }
            "remove_account" => things.ids.push(("user_id", person(house, things.tenant).await)),
            "delete_view" => things.ids.push(("view_id", view(house, things.tenant).await)),
            "delete_credential" => store_credential(house, things.tenant).await,
            "delete_tenant" => {
                named = None;
                things.ids.push(("tenant_id", "spare".to_owned()));
            }
            _ => {}
        }
    }
    let mut path = things.fill_in(&operation.path);
    assert!(!path.contains('{'), "{path}: make one of these for each tenant");
    if operation.id == "get_top" {
        path.push_str("?by=model");
    }
    let changed = changed_by(caller);
    let body = match operation.id.as_str() {
        "create_view" | "replace_view" => json!({"name": changed, "page": "traces", "query": {}}),
        "create_key" => json!({"name": changed, "role": "viewer"}),
        "replace_key" => json!({"name": changed, "expires_at": null}),
        "create_account" => account(&uuid::Uuid::new_v4().to_string(), &changed),
        "replace_account" => {
            // Nobody is put into another tenant, so that what is asked afterwards finds everybody in one.
            let role = named.is_none_or(|tenant| tenant == things.tenant).then_some("viewer");
            json!({"display": changed, "disabled": false, "role": role})
        }
        "create_erasure" => json!({"subject": "session", "subject_id": changed}),
        "put_settings" => json!({"capture_content": null, "capture_raw": "off"}),
        "evaluate_policy" => json!({"policy": {"preset": "strict"}}),
        "put_credential" => json!({"secret": "of-a-provider"}),
        "put_retention" => json!({"content_days": 1, "span_days": 1}),
        _ => Value::Null,
    };
    let mut with = vec![("if-match", "*")];
    with.extend(named.map(|tenant| ("x-llmtrace-tenant-id", tenant)));
    house.ask(caller.key.as_deref(), operation.method.clone(), &path, &with, &body).await
}

/// How what somebody writes shows who did.
fn changed_by(caller: &Caller) -> String {
    format!("changed by {}", caller.name)
}

fn account(name: &str, display: &str) -> Value {
    json!({"name": name, "display": display, "role": "viewer"})
}

async fn person(house: &House, tenant: &str) -> String {
    let body = account(&uuid::Uuid::new_v4().to_string(), "spare");
    let with = [("x-llmtrace-tenant-id", tenant)];
    let made = house.ask(Some(house.admin.expose()), Method::POST, "/api/v1/accounts", &with, &body).await;
    made.json()["user_id"].as_str().unwrap().to_owned()
}

/// Sees to it that a tenant has one.
async fn store_credential(house: &House, tenant: &str) {
    let (uri, body) = (format!("/api/v1/tenants/{tenant}/credentials/default"), json!({"secret": "of-a-provider"}));
    let with = [("if-none-match", "*")];
    let stored = house.ask(Some(house.admin.expose()), Method::PUT, &uri, &with, &body).await;
    assert!(matches!(stored.status.as_u16(), 201 | 412), "{:?}", stored.json());
}

async fn view(house: &House, tenant: &str) -> String {
    let body = json!({"name": "spare", "page": "traces", "query": {}});
    let with = [("x-llmtrace-tenant-id", tenant)];
    let made = house.ask(Some(house.admin.expose()), Method::POST, "/api/v1/views", &with, &body).await;
    made.json()["view_id"].as_str().unwrap().to_owned()
}

/// How an answer is not what must come; what is told of a tenant goes to who reaches it only.
fn differs(operation: &Operation, caller: &Caller, expected: Expected, answer: &Answer) -> Option<String> {
    let status = answer.status.as_u16();
    let is_right = match expected {
        Expected::Through => !matches!(status, 401 | 403 | 404 | 500..),
        Expected::Unknown => status == 401,
        Expected::Forbidden => status == 403,
        Expected::Absent => status == 404,
    };
    let said = String::from_utf8_lossy(&answer.body);
    if !is_right {
        return Some(format!("expected {expected:?}, found {status} {said}"));
    }
    let is_told = |tenant: &str| said.contains(&format!("mark-of-{tenant}")) && answer.status.is_success();
    let foreign =
        ["a", "b"].into_iter().find(|tenant| caller.tenant.is_some_and(|own| own != *tenant) && is_told(tenant));
    let (method, id) = (&operation.method, &operation.id);
    foreign.map(|tenant| format!("{method} {id} tells {} of {tenant}: {said}", caller.name))
}
