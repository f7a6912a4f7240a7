//! `/api/v1/spans`: lists of exchanges, and one exchange with what was said in it.

use axum::{
    Json,
    extract::{Path, rejection::PathRejection},
};
use llmtrace_model::{ExchangeId, SpanId};

use super::{
    error::{Problem, ProblemView, ReadProblems},
    query::{ListParams, OneParams},
    read::{Asked, Listing, missing, part},
    view::{SpanDetail, SpanList, SpanView},
};

/// Lists spans, newest first, without what was said in them.
#[utoipa::path(
    get, path = "/api/v1/spans", tag = "query", operation_id = "list_spans", params(ListParams),
    responses(
        (status = 200, description = "A page of spans", body = SpanList),
        ReadProblems,
    )
)]
pub(super) async fn list(asked: Asked<ListParams>) -> Result<Json<SpanList>, Problem> {
    let Listing { api, scope, filter, page, question, text_index } = asked.listing("spans")?;
    let found = api.read("list_spans", api.spans.list(&scope, &filter, &page)).await?;
    let items = found.items.into_iter().map(SpanView::from).collect();
    Ok(Json(SpanList { items, next: question.next(found.next), text_index }))
}

/// One span with what was said in it.
#[utoipa::path(
    get, path = "/api/v1/spans/{span_id}", tag = "query", operation_id = "get_span",
    params(("span_id" = String, Path, description = "16 hex digits, or the exchange's UUID"), OneParams),
    responses(
        (status = 200, description = "The span", body = SpanDetail),
        (status = 404, description = "There is no such span", body = ProblemView, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(super) async fn one(
    Asked { api, scope, asking, .. }: Asked<OneParams>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<SpanDetail>, Problem> {
    let id: Wanted = part("span_id", id, SPAN_EXPECTED)?;
    let found = match id {
        Wanted::Span(id) => api.read("get_span", api.spans.span(&scope, id)).await?.ok_or_else(|| missing("span", id)),
        Wanted::Exchange(id) => {
            api.read("get_span", api.spans.exchange(&scope, id)).await?.ok_or_else(|| missing("exchange", id))
        }
    }?;
    asking.is_of(Some(&found.span.tenant_id));
    Ok(Json(found.into()))
}

/// What names a span in a path.
pub(super) const SPAN_EXPECTED: &str = "16 hex digits, not all zero, or the exchange's UUID";

/// The two names of a span.
pub(super) enum Wanted {
    Span(SpanId),
    Exchange(ExchangeId),
}

impl std::str::FromStr for Wanted {
    type Err = llmtrace_model::IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::Span).or_else(|_| text.parse().map(Self::Exchange))
    }
}
