//! `/api/v1/sessions`: lists of sessions, and one session with its traces.

use axum::{
    Json,
    extract::{Path, rejection::PathRejection},
};
use llmtrace_model::{PageRequest, SpanFilter, TenantScope};

use super::{
    error::{Problem, ProblemView, ReadProblems},
    query::{ListParams, MAX_TEXT, PageParams, Question},
    read::{Asked, Listing, missing, text_part},
    view::{SessionDetail, SessionList, SessionTraces, SessionView, TraceView},
};

/// Tenants that are named where several have a session of the same name.
const TENANTS_NAMED: u32 = 20;

/// Lists sessions that have a matching span, newest first by their first matching span. Each adds up all its spans, also those
/// that do not match.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "query", operation_id = "list_sessions", params(ListParams),
    responses((status = 200, description = "A page of sessions", body = SessionList), ReadProblems)
)]
pub(super) async fn list(asked: Asked<ListParams>) -> Result<Json<SessionList>, Problem> {
    let Listing { api, scope, filter, page, question, text_index } = asked.listing("sessions")?;
    let found = api.read("list_sessions", api.spans.list_sessions(&scope, &filter, &page)).await?;
    let items = found.items.into_iter().map(SessionView::from).collect();
    Ok(Json(SessionList { items, next: question.next(found.next), text_index }))
}

/// One session with its traces, newest first. Where several tenants have a session of that name, `tenant_id` must say whose.
#[utoipa::path(
    get, path = "/api/v1/sessions/{session_id}", tag = "query", operation_id = "get_session",
    params(
        ("session_id" = String, Path, description = "The session, percent-encoded", min_length = 1, max_length = 1024, example = "chat-17"),
        PageParams,
    ),
    responses(
        (status = 200, description = "The session", body = SessionDetail),
        (status = 404, description = "There is no such session", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn one(
    Asked { api, query, scope, asking, .. }: Asked<PageParams>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<SessionDetail>, Problem> {
    let id = text_part("session_id", id, MAX_TEXT)?;
    let question = Question::new(&format!("session {id}"), &scope, &query);
    let page = query.page(&question)?;
    let filter = SpanFilter { session_id: Some(id.clone()), ..SpanFilter::default() };
    let first = PageRequest::first(TENANTS_NAMED);
    let mut found = api.read("get_session", api.spans.list_sessions(&scope, &filter, &first)).await?.items;
    if found.len() > 1 {
        let mut tenants: Vec<&str> = found.iter().map(|session| session.tenant_id.as_str()).collect();
        tenants.sort_unstable();
        let expected = format!("one of the tenants that have this session: {}", tenants.join(", "));
        return Err(Problem::bad("tenant_id", "", expected));
    }
    let session = SessionView::from(found.pop().ok_or_else(|| missing("session", &id))?);
    let own = TenantScope::One(session.sums.tenant_id.clone());
    asking.is_about(&own);
    let traces = api.read("list_traces", api.spans.list_traces(&own, &filter, &page)).await?;
    let items = traces.items.into_iter().map(TraceView::from).collect();
    let traces = SessionTraces { items, next: question.next(traces.next) };
    Ok(Json(SessionDetail { sums: session.sums, traces }))
}
