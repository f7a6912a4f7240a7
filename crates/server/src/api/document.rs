//! The OpenAPI 3.1 document, generated from the handlers and the views.

use std::sync::LazyLock;

use axum::{http::header, response::IntoResponse};
use utoipa::OpenApi;

use super::{error, export, health, info, models, people, sessions, spans, stats, tenants, traces, view};

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
    tags(
        (name = "query", description = "Traces, spans, sessions, and what they add up to"),
        (name = "operation", description = "Health and metrics; exact paths, no key")
    ),
    paths(
        traces::list,
        traces::one,
        spans::list,
        spans::one,
        sessions::list,
        sessions::one,
        stats::stats,
        stats::top,
        people::users,
        people::agents,
        info::info,
        tenants::list,
        models::prices,
        export::export,
        serve,
        health::health,
        health::livez,
        health::readyz,
        health::metrics,
    ),
    components(schemas(
        view::SpanList, view::SpanView, view::SpanDetail, view::TraceList, view::TraceView, view::TraceDetail, view::TenantList, view::TenantView,
        view::SessionList, view::SessionView, view::SessionDetail, view::StatsView, view::PointView, view::GroupView, view::MeasuresView,
        view::TopView, view::TopItemView, view::UserList, view::UserView, view::AgentList, view::AgentView, view::InfoView,
        view::ModelPriceList, view::ModelPriceView,
        error::ProblemView, health::HealthView,
    ))
)]
struct Document;

/// The OpenAPI document as indented JSON with a closing line feed.
pub fn openapi() -> String {
    let mut text = Document::openapi().to_pretty_json().expect("the document holds only strings, numbers and maps");
    text.push('\n');
    text
}

/// The text, made once.
static TEXT: LazyLock<String> = LazyLock::new(openapi);

/// This document.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "query", operation_id = "get_openapi",
    responses((status = 200, description = "The OpenAPI 3.1 document", body = Object, content_type = "application/json"))
)]
pub(super) async fn serve() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str())
}
