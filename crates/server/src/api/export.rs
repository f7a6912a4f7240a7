//! `/api/v1/export`: every matching span with its content, as JSON Lines, in bounded memory.

use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use llmtrace_model::{Cursor, Page, PageRequest, SpanFilter, SpanRecord, TenantScope};

use super::{
    Api,
    error::{Problem, ReadProblems},
    query::ExportParams,
    read::Asked,
    view::SpanDetail,
};

/// Rows of the first page, before it is known how large they are.
const FIRST_ROWS: u32 = 32;
/// The size a page should have: what an export holds in memory, give or take one page's surprise.
const PAGE_BYTES: usize = 1024 * 1024;

/// Streams every matching span with what was said in it, newest first, one JSON object per line.
///
/// A whole export ends with its last line; where the store fails midway the connection is broken instead, so that no
/// client takes a part for the whole.
#[utoipa::path(
    get, path = "/api/v1/export", tag = "query", operation_id = "export_spans", params(ExportParams),
    responses(
        (status = 200, description = "One span per line", body = SpanDetail, content_type = "application/jsonl"),
        ReadProblems,
    )
)]
pub(super) async fn export(Asked { api, query, scope, .. }: Asked<ExportParams>) -> Result<Response, Problem> {
    query.check_format()?;
    let source = Source { api, scope, filter: query.filter()? };
    // The first page comes before the answer's head: a store that is away is a plain 503.
    let first = source.page(PageRequest::first(FIRST_ROWS)).await?;
    let body = Body::from_stream(stream::unfold(Next::Ready(first), move |next| {
        let source = source.clone();
        async move { source.step(next).await }
    }));
    let head = [
        (header::CONTENT_TYPE, "application/jsonl"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"llmtrace-spans.jsonl\""),
    ];
    Ok((head, body).into_response())
}

/// Where an export reads.
#[derive(Clone)]
struct Source {
    api: Api,
    scope: TenantScope,
    filter: SpanFilter,
}

/// What an export does next.
enum Next {
    /// Writes a page.
    Ready(Page<SpanRecord>),
    /// Reads a page.
    Read(PageRequest),
    /// Nothing: the last line is written, or the body was broken off.
    Done,
}

/// Says that an export broke off; its cause is in the log already.
#[derive(Debug, thiserror::Error)]
#[error("the export broke off because the span store failed")]
struct BrokenOff;

impl Source {
    async fn page(&self, page: PageRequest) -> Result<Page<SpanRecord>, Problem> {
        self.api.read("export", self.api.spans.list_records(&self.scope, &self.filter, &page)).await
    }

    async fn step(&self, next: Next) -> Option<(Result<Bytes, BrokenOff>, Next)> {
        let page = match next {
            Next::Done => return None,
            Next::Ready(page) => page,
            Next::Read(request) => match self.page(request).await {
                Ok(page) => page,
                Err(_said_by_read) => return Some((Err(BrokenOff), Next::Done)),
            },
        };
        let rows = page.items.len();
        if rows == 0 {
            return None;
        }
        let after = page.next;
        let lines = match lines(page.items) {
            Ok(lines) => lines,
            Err(error) => {
                tracing::error!(
                    error = &error as &(dyn std::error::Error + 'static),
                    "a span cannot be written as JSON"
                );
                return Some((Err(BrokenOff), Next::Done));
            }
        };
        let next = after.map_or(Next::Done, |after| Next::Read(sized(after, rows, lines.len())));
        Some((Ok(Bytes::from(lines)), next))
    }
}

/// The request for the next page, with as many rows as should fill [`PAGE_BYTES`] by the size of the last ones.
fn sized(after: Cursor, rows: usize, bytes: usize) -> PageRequest {
    let per_row = (bytes / rows.max(1)).max(1);
    let limit = u32::try_from(PAGE_BYTES / per_row).unwrap_or(PageRequest::MAX).clamp(1, PageRequest::MAX);
    PageRequest { limit, after: Some(after) }
}

fn lines(records: Vec<SpanRecord>) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(records.len() * 1024);
    for record in records {
        serde_json::to_writer(&mut out, &SpanDetail::from(record))?;
        out.push(b'\n');
    }
    Ok(out)
}
