//! `/api/v1/traces`: lists of traces, and one trace with its spans.

use axum::{
    Json,
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::HeaderMap,
};
use llmtrace_model::{PageRequest, SpanFilter, TraceId};

use super::{
    Api,
    error::{Problem, ProblemView},
    query::{LIST, ListParams, ONE, OneParams},
    read::{missing, part},
    view::{TraceDetail, TraceList},
};

/// Lists traces that have a matching span, newest first.
#[utoipa::path(
    get, path = "/api/v1/traces", tag = "query", operation_id = "list_traces", params(ListParams),
    responses(
        (status = 200, description = "A page of traces", body = TraceList),
        (status = 400, description = "A parameter is wrong", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "The host is not served", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "The store is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<TraceList>, Problem> {
    let (query, scope) = api.asked(&headers, query.as_deref(), LIST)?;
    let (filter, page) = (query.filter()?, query.page()?);
    let found = api.read("list_traces", api.spans.list_traces(&scope, &filter, &page)).await?;
    Ok(Json(found.into()))
}

/// One trace with its spans and what was said in them, oldest first.
#[utoipa::path(
    get, path = "/api/v1/traces/{trace_id}", tag = "query", operation_id = "get_trace",
    params(("trace_id" = String, Path, description = "32 hex digits"), OneParams),
    responses(
        (status = 200, description = "The trace", body = TraceDetail),
        (status = 400, description = "A parameter is wrong", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "The host is not served", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "There is no such trace", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "The store is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(super) async fn one(
    State(api): State<Api>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<TraceDetail>, Problem> {
    let (_, scope) = api.asked(&headers, query.as_deref(), ONE)?;
    let id: TraceId = part("trace_id", id, "32 hex digits, not all zero")?;
    let records = api.read("get_trace", api.spans.trace(&scope, id)).await?;
    let mut count = records.len() as u64;
    if count >= u64::from(PageRequest::MAX) {
        let all = SpanFilter { trace_id: Some(id), ..SpanFilter::default() };
        count = api.read("count_spans", api.spans.count(&scope, &all)).await?;
    }
    TraceDetail::of(records, count).map(Json).ok_or_else(|| missing("trace", id))
}
