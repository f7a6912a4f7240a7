//! `/api/v1/traces`: lists of traces, and one trace with its spans.

use axum::{
    Json,
    extract::{Path, rejection::PathRejection},
};
use llmtrace_model::{PageRequest, SpanFilter, TraceId};

use super::{
    error::{Problem, ProblemView, ReadProblems},
    query::{ListParams, OneParams},
    read::{Asked, Listing, missing, part},
    view::{TraceDetail, TraceList, TraceView},
};

/// Lists traces that have a matching span, newest first.
#[utoipa::path(
    get, path = "/api/v1/traces", tag = "query", operation_id = "list_traces", params(ListParams),
    responses(
        (status = 200, description = "A page of traces", body = TraceList),
        ReadProblems,
    )
)]
pub(super) async fn list(asked: Asked<ListParams>) -> Result<Json<TraceList>, Problem> {
    let Listing { api, scope, filter, page, question, text_index } = asked.listing("traces")?;
    let found = api.read("list_traces", api.spans.list_traces(&scope, &filter, &page)).await?;
    let items = found.items.into_iter().map(TraceView::from).collect();
    Ok(Json(TraceList { items, next: question.next(found.next), text_index }))
}

/// One trace with its spans and what was said in them, oldest first.
#[utoipa::path(
    get, path = "/api/v1/traces/{trace_id}", tag = "query", operation_id = "get_trace",
    params(("trace_id" = String, Path, description = "32 hex digits"), OneParams),
    responses(
        (status = 200, description = "The trace", body = TraceDetail),
        (status = 404, description = "There is no such trace", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn one(
    Asked { api, scope, asking, .. }: Asked<OneParams>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<TraceDetail>, Problem> {
    let id: TraceId = part("trace_id", id, "32 hex digits, not all zero")?;
    let records = api.read("get_trace", api.spans.trace(&scope, id)).await?;
    let mut tenants = records.iter().map(|record| &record.span.tenant_id);
    // One of several tenants is nobody's in particular.
    let tenant = tenants.next().filter(|first| tenants.all(|other| other == *first));
    asking.is_of(tenant);
    let mut count = records.len() as u64;
    if count >= u64::from(PageRequest::MAX) {
        let all = SpanFilter { trace_id: Some(id), ..SpanFilter::default() };
        count = api.read("count_spans", api.spans.count(&scope, &all)).await?;
    }
    TraceDetail::of(records, count).map(Json).ok_or_else(|| missing("trace", id))
}
