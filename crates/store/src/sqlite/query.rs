//! Filters as SQL: constant pieces and bound values. Each query names its index and its row bound.

use llmtrace_model::{Cursor, PageRequest, SpanFilter, Status, TenantScope};
use rusqlite::types::Value;

/// A statement's text with the values of its parameters.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

/// The place after a page, or before the first.
type After = Option<Cursor>;

/// The keys of one page of spans: rowid, start time, exchange id.
pub(super) fn spans(scope: &TenantScope, filter: &SpanFilter, page: &PageRequest) -> Query {
    let mut query = Query::default();
    query.push("SELECT s.id, s.started_at, s.exchange_id FROM spans s INDEXED BY ");
    query.push(index(scope, filter));
    query.push(" WHERE TRUE");
    conditions(&mut query, "s", scope, filter);
    newest_first(&mut query, page.after, page);
    query
}

/// The keys of one page of traces: those matching spans before which no span of their trace matches.
pub(super) fn traces(scope: &TenantScope, filter: &SpanFilter, page: &PageRequest) -> Query {
    let mut query = Query::default();
    query.push("SELECT s.tenant_id, s.trace_id, s.started_at, s.exchange_id FROM spans s INDEXED BY ");
    query.push(index(scope, filter));
    query.push(" WHERE TRUE");
    conditions(&mut query, "s", scope, filter);
    query.push(
        " AND NOT EXISTS (SELECT 1 FROM spans e INDEXED BY spans_trace \
         WHERE e.trace_id = s.trace_id AND e.tenant_id = s.tenant_id \
         AND (e.started_at, e.exchange_id) < (s.started_at, s.exchange_id)",
    );
    conditions(&mut query, "e", &TenantScope::All, filter);
    query.push(")");
    newest_first(&mut query, page.after, page);
    query
}

/// The number of matching spans.
pub(super) fn count(scope: &TenantScope, filter: &SpanFilter) -> Query {
    let mut query = Query::default();
    query.push("SELECT count(*) FROM spans s INDEXED BY ");
    query.push(index(scope, filter));
    query.push(" WHERE TRUE");
    conditions(&mut query, "s", scope, filter);
    query
}

/// What [`crate::matching::Traffic`] needs of the matching spans, newest first; the only bound is the read timeout.
pub(super) fn models(scope: &TenantScope, filter: &SpanFilter) -> Query {
    let mut query = Query::default();
    query.push(
        "SELECT s.provider, coalesce(s.response_model, s.request_model), s.started_at, s.cost, s.units IS NOT NULL, \
         s.input, s.cache_read, s.cache_write_5m, s.cache_write_1h, s.output, s.reasoning, s.audio_input, \
         s.audio_output, s.image_input, s.image_output, s.audio_cache_read, s.image_cache_read \
         FROM spans s INDEXED BY ",
    );
    query.push(index(scope, filter));
    query.push(" WHERE TRUE");
    conditions(&mut query, "s", scope, filter);
    query.push(" ORDER BY s.started_at DESC, s.exchange_id DESC");
    query
}

/// The narrowest index for a filter. The planner has no statistics; it would guess.
fn index(scope: &TenantScope, filter: &SpanFilter) -> &'static str {
    match scope {
        _ if filter.trace_id.is_some() => "spans_trace",
        _ if filter.session_id.is_some() => "spans_session",
        TenantScope::One(_) if filter.status == Some(Status::Error) => "spans_error",
        TenantScope::One(_) => "spans_tenant_time",
        TenantScope::All => "spans_time",
    }
}

/// Every field of scope and filter that is set, as `AND` terms over the table called `table`.
fn conditions(query: &mut Query, table: &'static str, scope: &TenantScope, filter: &SpanFilter) {
    let SpanFilter { from, until, trace_id, session_id, agent_id, user_id, provider, model, status, end_reason } =
        filter;
    if let TenantScope::One(tenant) = scope {
        query.and(table, ".tenant_id = ?", tenant.as_str().to_owned());
    }
    if let Some(id) = trace_id {
        query.and(table, ".trace_id = ?", id.as_bytes().to_vec());
    }
    let texts = [
        (".session_id = ?", session_id),
        (".agent_id = ?", agent_id),
        (".user_id = ?", user_id),
        (".provider = ?", provider),
    ];
    for (term, wanted) in texts {
        if let Some(text) = wanted {
            query.and(table, term, text.clone());
        }
    }
    if let Some(from) = from {
        query.and(table, ".started_at >= ?", from.unix_us());
    }
    if let Some(until) = until {
        query.and(table, ".started_at < ?", until.unix_us());
    }
    match status {
        // A literal, so that the partial index is known to fit.
        Some(Status::Error) => query.term(table, ".status = 'error'"),
        Some(Status::Ok) => query.term(table, ".status = 'ok'"),
        None => {}
    }
    if let Some(reason) = end_reason {
        query.and(table, ".end_reason = ?", reason.as_str().to_owned());
    }
    if let Some(model) = model {
        query.push(" AND ? IN (");
        query.values.push(model.clone().into());
        query.push(table);
        query.push(".request_model, ");
        query.push(table);
        query.push(".response_model)");
    }
}

/// Order and bound of a page: one row more than asked for tells whether there is a next page.
fn newest_first(query: &mut Query, after: After, page: &PageRequest) {
    if let Some(cursor) = after {
        query.push(" AND (s.started_at, s.exchange_id) < (?, ?)");
        query.values.push(cursor.started_at.unix_us().into());
        query.values.push(cursor.id.as_bytes().to_vec().into());
    }
    query.push(" ORDER BY s.started_at DESC, s.exchange_id DESC LIMIT ?");
    query.values.push((i64::from(page.limit.min(PageRequest::MAX)) + 1).into());
}

impl Query {
    fn push(&mut self, sql: &'static str) {
        self.sql.push_str(sql);
    }

    fn term(&mut self, table: &'static str, term: &'static str) {
        self.push(" AND ");
        self.push(table);
        self.push(term);
    }

    fn and(&mut self, table: &'static str, term: &'static str, value: impl Into<Value>) {
        self.term(table, term);
        self.values.push(value.into());
    }
}
