//! The OpenAPI 3.1 document, generated from the handlers and the views.

use std::{collections::BTreeSet, sync::LazyLock};

use axum::{http::header, response::IntoResponse};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        RefOr,
        path::ParameterIn,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::{
    accounts, audit, credentials, erasures, error, export, health, info, keys, login, me, models, people, policies,
    raw, retention, scan, sessions, settings, spans, stats, tail, tenants, traces, view, views,
};

/// The document's head and its parts; a test compares the paths with the list of routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "LLMTrace",
        description = "Reads what LLMTrace recorded. Times are RFC 3339 in UTC, money is a decimal string of US dollars, \
                       what is not known is null.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
        contact(name = "LLMTrace", url = "https://github.com/llmtrace/llmtrace")
    ),
    security(("token" = []), ("bearer" = [])),
    modifiers(&Schemes),
    tags(
        (name = "query", description = "Traces, spans, sessions, and what they add up to"),
        (name = "detection", description = "Attacks, secrets, personal data"),
        (name = "views", description = "Saved views"),
        (name = "erasure", description = "What is erased, and how long things are kept"),
        (name = "access", description = "Who may do what"),
        (name = "audit", description = "Who did what"),
        (name = "operation", description = "Health and metrics; exact paths, no key")
    ),
    paths(
        traces::list,
        traces::one,
        erasures::remove_trace,
        spans::list,
        spans::one,
        raw::raw,
        tail::tail,
        sessions::list,
        sessions::one,
        stats::stats,
        stats::top,
        people::users,
        people::agents,
        scan::scan,
        policies::evaluate,
        info::info,
        login::ways,
        login::log_in,
        login::log_out,
        me::me,
        me::password,
        accounts::list,
        accounts::create,
        accounts::one,
        accounts::replace,
        accounts::remove,
        accounts::log_out,
        keys::list,
        keys::create,
        keys::one,
        keys::replace,
        keys::revoke,
        tenants::make,
        tenants::list,
        erasures::remove_tenant,
        retention::get,
        retention::put,
        retention::remove,
        settings::get,
        settings::put,
        credentials::list,
        credentials::one,
        credentials::put,
        credentials::remove,
        erasures::list,
        erasures::create,
        erasures::one,
        audit::list,
        audit::chain,
        models::prices,
        export::export,
        views::list,
        views::create,
        views::one,
        views::replace,
        views::remove,
        serve,
        health::health,
        health::livez,
        health::readyz,
        health::metrics,
    ),
    components(schemas(
        view::SpanList, view::SpanView, view::SpanDetail, view::RawView, view::TraceList, view::TraceView, view::TraceDetail, view::TenantList, view::TenantView,
        view::SessionList, view::SessionView, view::SessionDetail, view::StatsView, view::PointView, view::GroupView, view::MeasuresView,
        view::TopView, view::TopItemView, view::UserList, view::UserView, view::AgentList, view::AgentView, view::InfoView,
        view::ModelPriceList, view::ModelPriceView, view::SavedViewList, view::SavedViewView, view::SavedViewBody,
        view::ErasureList, view::ErasureView, view::ErasureBody, view::RetentionView, view::RetentionBody,
        view::KeyList, view::KeyView, view::NewKeyView, view::NewKeyBody, view::KeyBody, view::MeView,
        view::AuditList, view::AuditView, view::AuditLine,
        view::LoginWaysView, view::LoginBody, view::PasswordBody, view::AccountList, view::AccountView, view::NewAccountBody, view::AccountBody,
        view::SettingsView, view::EffectiveView, view::SettingsBody, view::EffectiveGuardView,
        view::EvaluationBody, view::EvaluationView,
        view::CredentialList, view::CredentialView, view::CredentialBody,
        error::ProblemView, health::HealthView,
    ))
)]
struct Document;

/// How a key is shown.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let token = ApiKeyValue::with_description("X-LLMTrace-Token", "An API key; not needed in open mode");
        components.add_security_scheme("token", SecurityScheme::ApiKey(ApiKey::Header(token)));
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// The OpenAPI document as indented JSON with a closing line feed.
pub fn openapi() -> String {
    let mut text = Document::openapi().to_pretty_json().expect("the document holds only strings, numbers and maps");
    text.push('\n');
    text
}

/// The text, made once.
static TEXT: LazyLock<String> = LazyLock::new(openapi);

/// Says whether a route of ours has such a query parameter.
pub(super) fn is_query_parameter(name: &str) -> bool {
    static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let items = Document::openapi().paths.paths.into_values();
        let operations = items.flat_map(|item| [item.get, item.post, item.put, item.delete]).flatten();
        let parameters = operations.flat_map(|operation| operation.parameters.unwrap_or_default());
        let named = parameters.filter_map(|it| match it {
            RefOr::T(it) if it.parameter_in == ParameterIn::Query => Some(it.name),
            RefOr::T(_) | RefOr::Ref(_) => None,
        });
        named.collect()
    });
    NAMES.contains(name)
}

/// This document.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "query", operation_id = "get_openapi", security(()),
    responses((status = 200, description = "The OpenAPI 3.1 document", body = Object, content_type = "application/json"))
)]
pub(super) async fn serve() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str())
}
