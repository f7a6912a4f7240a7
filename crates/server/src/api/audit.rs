//! `/api/v1/audit`: who did what, and a whole chain of the log, to be kept and verified elsewhere.

use axum::{
    Json,
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use llmtrace_model::{AuditId, AuditRecord, Cursor, ExchangeId, TenantId};
use llmtrace_store::{AuditCursor, MAX_AUDIT};

use super::{
    Api,
    error::{Problem, ReadProblems},
    query::{AuditParams, ChainParams, Question},
    read::Asked,
    view::{AuditLine, AuditList, AuditView},
    views::owner,
};
use crate::tasks::off_runtime;

/// The media type of lines of JSON.
const LINES: &str = "application/jsonl";

/// Lists what was done, the latest first: in the tenant that is named, else in all tenants and the installation.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "audit", operation_id = "list_audit", params(AuditParams),
    responses(
        (status = 200, description = "A page of the audit log", body = AuditList),
        ReadProblems,
    )
)]
pub(super) async fn list(Asked { api, query, scope, .. }: Asked<AuditParams>) -> Result<Json<AuditList>, Problem> {
    let question = Question::new("audit", &scope, &query);
    let (filter, page) = (query.audit_filter()?, query.page(&question)?);
    let after =
        page.after.map(|place| AuditCursor { at: place.started_at, id: AuditId::from_bytes(*place.id.as_bytes()) });
    let limit = usize::try_from(page.limit).unwrap_or(MAX_AUDIT);
    // One more than is shown says whether there is another page.
    let mut found = api.read("list_audit", api.meta.audit(&scope, &filter, after.as_ref(), limit + 1)).await?;
    let is_last = found.len() <= limit;
    found.truncate(limit);
    let end = found
        .last()
        .filter(|_| !is_last)
        .map(|last| Cursor { started_at: last.entry.at, id: ExchangeId::from_bytes(*last.entry.id.as_bytes()) });
    Ok(Json(AuditList { items: found.into_iter().map(AuditView::from).collect(), next: question.next(end) }))
}

/// Streams one chain of the log, the earliest record first, one JSON object a line, each with all that its hash covers: the
/// chain of the tenant that is named, else that of the installation.
///
/// `llmtrace-proxy audit verify --file` reads it. Where the store fails midway the connection is broken, and what was cut goes
/// on with `after`.
#[utoipa::path(
    get, path = "/api/v1/audit/chain", tag = "audit", operation_id = "export_audit_chain", params(ChainParams),
    responses(
        (status = 200, description = "The records of the chain", body = AuditLine, content_type = "application/jsonl"),
        ReadProblems,
    )
)]
pub(super) async fn chain(Asked { api, query, scope, .. }: Asked<ChainParams>) -> Result<Response, Problem> {
    let chain = Chain { api, tenant: owner(&scope) };
    let name = chain.tenant.as_ref().map_or("installation", TenantId::as_str);
    let name = format!("attachment; filename=\"llmtrace-audit-{name}.jsonl\"");
    // The first page comes before the answer's head: a store that is away is a plain 503.
    let first = chain.page(query.place()?).await?;
    let running = Running { chain, next: Next::Ready(first) };
    let body = Body::from_stream(stream::unfold(Some(running), |running| async { running?.step().await }));
    Ok(([(header::CONTENT_TYPE, LINES.to_owned()), (header::CONTENT_DISPOSITION, name)], body).into_response())
}

/// A chain that is read.
struct Chain {
    api: Api,
    tenant: Option<TenantId>,
}

/// An export of it on its way.
struct Running {
    chain: Chain,
    next: Next,
}

/// What an export does next.
enum Next {
    /// Writes a page.
    Ready(Vec<AuditRecord>),
    /// Reads the page behind a place.
    Behind(u64),
}

/// Says that an export broke off; its cause is in the log already.
#[derive(Debug, thiserror::Error)]
#[error("the export broke off because the store of the audit log failed")]
struct BrokenOff;

impl Chain {
    async fn page(&self, after: u64) -> Result<Vec<AuditRecord>, Problem> {
        self.api.read("export_audit", self.api.meta.audit_chain(self.tenant.as_ref(), after)).await
    }
}

impl Running {
    /// The next piece, and the export after it; nothing after the last piece, or where it broke off.
    async fn step(self) -> Option<(Result<Bytes, BrokenOff>, Option<Self>)> {
        let Self { chain, next } = self;
        let page = match next {
            Next::Ready(page) => page,
            Next::Behind(place) => match chain.page(place).await {
                Ok(page) => page,
                Err(_said_by_read) => return Some((Err(BrokenOff), None)),
            },
        };
        // A page that is not full is the last one: an export that is itself written down would find no end otherwise.
        let last = page.last().filter(|_| page.len() == MAX_AUDIT).map(|last| last.seq);
        let lines = off_runtime(move || {
            let mut lines = Vec::with_capacity(page.len() * 512);
            page.into_iter().for_each(|record| AuditLine::write(record, &mut lines));
            lines
        });
        match lines.await {
            // An empty piece is none: it would stand for the end of a body that has no length.
            Ok(lines) if lines.is_empty() => None,
            Ok(lines) => {
                let rest = last.map(|last| Self { chain, next: Next::Behind(last) });
                Some((Ok(Bytes::from(lines)), rest))
            }
            Err(error) => {
                tracing::error!(error = &error as &(dyn std::error::Error + 'static), "an export cannot be written");
                Some((Err(BrokenOff), None))
            }
        }
    }
}
