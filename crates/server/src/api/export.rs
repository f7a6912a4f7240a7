//! `/api/v1/export`: every matching span with its content, in bounded memory, resumable at any span.
//!
//! Pages are read when the client has taken the ones before, so that a slow one holds no connection of the store's. They are
//! turned into bytes off the threads that forward exchanges.

mod columns;
mod csv;
mod format;
mod parquet;

use std::io;

use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use llmtrace_model::{Cursor, ExchangeId, Page, PageRequest, SpanFilter, SpanRecord, TenantScope};
use llmtrace_store::record_bytes;

use super::{
    Api,
    error::{Problem, ReadProblems},
    query::ExportParams,
    read::Asked,
    view::SpanDetail,
};
use crate::tasks::off_runtime;

pub use format::{Format, Part, Writer};

/// Rows of the first page, before it is known how large they are.
const FIRST_ROWS: u32 = 32;
/// The size a page should have: what an export reads at once, give or take one page's surprise.
const PAGE_BYTES: usize = 1024 * 1024;

/// Streams every matching span with what was said in it, newest first: one JSON object per line, comma-separated values, or
/// one Parquet file.
///
/// A whole export ends properly; where the store fails midway the connection is broken instead, so that no client takes a
/// part for the whole. What was cut, or was to be only `limit` rows, goes on with `after`: lines join to the same text, of
/// CSV the first part alone names the columns; a Parquet file is useful only whole, and goes on in another file.
#[utoipa::path(
    get, path = "/api/v1/export", tag = "query", operation_id = "export_spans", params(ExportParams),
    responses(
        (status = 200, description = "The spans", content(
            (SpanDetail = "application/jsonl"), (String = "text/csv"), (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        ReadProblems,
    )
)]
pub(super) async fn export(Asked { api, query, scope, .. }: Asked<ExportParams>) -> Result<Response, Problem> {
    let (format, limit) = (query.format()?, query.limit()?);
    let source = Source { filter: query.filter()?, api, scope };
    let after = match query.resume()? {
        Some(id) => Some(source.place(id).await?),
        None => None,
    };
    let part = if after.is_some() { Part::Later } else { Part::First };
    let left = limit.map_or(u64::MAX, u64::from);
    // The first page comes before the answer's head: a store that is away is a plain 503.
    let first = source.page(PageRequest { limit: bounded(FIRST_ROWS, left), after }).await?;
    let writer = Writer::new(format, part).map_err(|error| {
        tracing::error!(error = &error as &(dyn std::error::Error + 'static), "an export cannot begin");
        Problem::StoreBroken
    })?;
    let running = Running { source, writer, left, next: Next::Ready(first) };
    let body = Body::from_stream(stream::unfold(Some(running), |running| async { running?.step().await }));
    let name = format!("attachment; filename=\"llmtrace-spans.{}\"", format.as_str());
    let head = [(header::CONTENT_TYPE, format.media_type(part).to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((head, body).into_response())
}

/// Where an export reads.
struct Source {
    api: Api,
    scope: TenantScope,
    filter: SpanFilter,
}

/// An export on its way.
struct Running {
    source: Source,
    writer: Writer,
    /// Rows that it may still have.
    left: u64,
    next: Next,
}

/// What an export does next.
enum Next {
    /// Writes a page.
    Ready(Page<SpanRecord>),
    /// Reads a page.
    Read(PageRequest),
}

/// Says that an export broke off; its cause is in the log already.
#[derive(Debug, thiserror::Error)]
#[error("the export broke off because the span store failed")]
struct BrokenOff;

impl Source {
    async fn page(&self, page: PageRequest) -> Result<Page<SpanRecord>, Problem> {
        self.api.read("export", self.api.spans.list_records(&self.scope, &self.filter, &page)).await
    }

    /// The place in the order where a span stands.
    async fn place(&self, id: ExchangeId) -> Result<Cursor, Problem> {
        let found = self.api.read("export", self.api.spans.exchange(&self.scope, id)).await?;
        let unknown = || Problem::bad("after", &id.to_string(), "the exchange_id of a stored span");
        found.map(|record| Cursor { started_at: record.span.started_at, id }).ok_or_else(unknown)
    }
}

impl Running {
    /// The next piece, and the export after it; nothing after the last piece, or where it broke off.
    async fn step(mut self) -> Option<(Result<Bytes, BrokenOff>, Option<Self>)> {
        loop {
            let Page { items, next } = match self.next {
                Next::Ready(page) => page,
                Next::Read(request) => match self.source.page(request).await {
                    Ok(page) => page,
                    Err(_said_by_read) => return Some((Err(BrokenOff), None)),
                },
            };
            let rows = items.len();
            self.left = self.left.saturating_sub(rows as u64);
            let fitting = fitting(&items);
            let after = next.filter(|_| self.left > 0);
            let writer = self.writer;
            let done = off_runtime(move || match after {
                Some(_) => more(writer, items),
                None => last(writer, items),
            });
            let (bytes, writer) = match done.await {
                Ok(Ok(piece)) => piece,
                Ok(Err(error)) => return Some((Err(broken_off(&error)), None)),
                Err(error) => return Some((Err(broken_off(&error)), None)),
            };
            let bytes = Bytes::from(bytes);
            let (Some(after), Some(writer)) = (after, writer) else {
                // An empty piece is none: it would stand for the end of a body that has no length.
                return (!bytes.is_empty()).then_some((Ok(bytes), None));
            };
            self.writer = writer;
            self.next = Next::Read(PageRequest { limit: bounded(fitting, self.left), after: Some(after) });
            if !bytes.is_empty() {
                return Some((Ok(bytes), Some(self)));
            }
        }
    }
}

/// Bytes, and the writer where they are not the last ones.
type Piece = (Vec<u8>, Option<Writer>);

fn more(mut writer: Writer, records: Vec<SpanRecord>) -> io::Result<Piece> {
    let bytes = writer.rows(records)?;
    Ok((bytes, Some(writer)))
}

fn last(mut writer: Writer, records: Vec<SpanRecord>) -> io::Result<Piece> {
    let mut bytes = writer.rows(records)?;
    bytes.extend(writer.end()?);
    Ok((bytes, None))
}

fn broken_off(error: &(dyn std::error::Error + 'static)) -> BrokenOff {
    tracing::error!(error, "an export cannot be written");
    BrokenOff
}

/// As many rows as should fill [`PAGE_BYTES`] by the size of the last ones.
fn fitting(records: &[SpanRecord]) -> u32 {
    let bytes: usize = records.iter().map(record_bytes).sum();
    let per_row = (bytes / records.len().max(1)).max(1);
    u32::try_from(PAGE_BYTES / per_row).unwrap_or(PageRequest::MAX)
}

/// The rows of the next page, where so many may still come.
fn bounded(rows: u32, left: u64) -> u32 {
    rows.clamp(1, PageRequest::MAX).min(u32::try_from(left).unwrap_or(PageRequest::MAX))
}
