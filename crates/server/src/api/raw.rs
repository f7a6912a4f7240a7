//! `/api/v1/spans/{span_id}/raw`: the bytes of an exchange as they passed. Clients and providers wrote them: no browser may
//! take them for a page of ours.

use axum::{
    Json,
    extract::{Path, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::BytesMut;
use llmtrace_model::{ExchangeId, Raw, TenantScope};

use super::{
    error::{Problem, ProblemView, ReadProblems},
    query::{Part, RawParams},
    read::{Asked, missing, part},
    spans::{SPAN_EXPECTED, Wanted},
    view::RawView,
};

/// How many bytes are missing between the first and the last ones of a body.
const OMITTED: HeaderName = HeaderName::from_static("x-llmtrace-omitted-bytes");
/// Whoever opens an answer in a browser all the same gets a page without scripts, frames, forms and sources.
const NOTHING_RUNS: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");

/// The bytes of one exchange as they passed, compressed ones as they came. `part` names one body, which is sent as it is:
/// its first bytes and, where the middle was not kept, its last.
#[utoipa::path(
    get, path = "/api/v1/spans/{span_id}/raw", tag = "query", operation_id = "get_raw",
    params(("span_id" = String, Path, description = "16 hex digits, or the exchange's UUID"), RawParams),
    responses(
        (
            status = 200, description = "Both bodies; with `part` the bytes of one",
            content((RawView = "application/json"), (String = "application/octet-stream")),
            headers(("x-llmtrace-omitted-bytes" = u64, description = "With `part`: bytes missing between the first and the last ones"))
        ),
        (
            status = 404, description = "There is no such span, its bytes were not kept, or it had no such body",
            body = ProblemView, content_type = "application/problem+json"
        ),
        ReadProblems,
    )
)]
pub(super) async fn raw(
    Asked { api, query, scope, asking, .. }: Asked<RawParams>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let wanted = query.part()?;
    let exchange = match part("span_id", id, SPAN_EXPECTED)? {
        Wanted::Exchange(id) => {
            if scope == TenantScope::All {
                // The bytes alone do not say whose they are.
                let found = api.read("get_raw", api.spans.exchange(&scope, id)).await?;
                asking.is_of(found.as_ref().map(|found| &found.span.tenant_id));
            }
            id
        }
        Wanted::Span(id) => {
            let found = api.read("get_raw", api.spans.span(&scope, id)).await?;
            let span = found.ok_or_else(|| missing("span", id))?.span;
            asking.is_of(Some(&span.tenant_id));
            span.exchange_id
        }
    };
    let found = api.read("get_raw", api.spans.raw(&scope, exchange)).await?;
    let raw = found.ok_or_else(|| missing("copy of the bytes of exchange", exchange))?;
    let mut response = match wanted {
        None => Json(RawView::from(raw)).into_response(),
        Some(part) => bytes(part, exchange, &raw)?,
    };
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, NOTHING_RUNS);
    Ok(response)
}

/// One body as a file.
fn bytes(part: Part, exchange: ExchangeId, raw: &Raw) -> Result<Response, Problem> {
    let (body, what) = match part {
        Part::Request => (&raw.request, "request body in exchange"),
        Part::Response => (&raw.response, "response body in exchange"),
    };
    if body.size_bytes == 0 {
        return Err(missing(what, exchange));
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    let name = format!("attachment; filename=\"{exchange}-{}.bin\"", part.as_str());
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::try_from(name).expect("an id and a word are plain ASCII"));
    headers.insert(OMITTED, HeaderValue::from(body.omitted_bytes()));
    let whole = if body.tail.is_empty() {
        body.head.clone()
    } else {
        let mut whole = BytesMut::with_capacity(body.head.len() + body.tail.len());
        whole.extend_from_slice(&body.head);
        whole.extend_from_slice(&body.tail);
        whole.freeze()
    };
    Ok((headers, whole).into_response())
}
