//! Filters as SQL: constant pieces and bound values. Each query names its index and its row bound.

use llmtrace_model::{Between, Cursor, Dimension, Found, PageRequest, SpanFilter, Status, TenantScope, Timestamp};
use rusqlite::types::Value;

use super::search::Text;
use crate::matching::capped;

/// Compares an unsigned number, which is kept as signed 64 bits: a negative one stands above all others.
macro_rules! capped_column {
    ($column:literal, $compare:literal) => {
        concat!(" AND iif(", $column, " < 0, 9223372036854775807, ", $column, ") ", $compare, " ?")
    };
}

/// Compares the sum of all buckets, up to the largest number; NULL, which is outside every range, where there is no usage.
macro_rules! total_tokens {
    ($compare:literal) => {
        concat!(
            " AND input IS NOT NULL AND min(9223372036854775807, ",
            bucket!("input"),
            " + ",
            bucket!("cache_read"),
            " + ",
            bucket!("cache_write_5m"),
            " + ",
            bucket!("cache_write_1h"),
            " + ",
            bucket!("output"),
            " + ",
            bucket!("reasoning"),
            " + ",
            bucket!("audio_input"),
            " + ",
            bucket!("audio_output"),
            " + ",
            bucket!("image_input"),
            " + ",
            bucket!("image_output"),
            " + ",
            bucket!("audio_cache_read"),
            " + ",
            bucket!("image_cache_read"),
            ") ",
            $compare,
            " ?"
        )
    };
}

macro_rules! bucket {
    ($column:literal) => {
        concat!("iif(coalesce(", $column, ", 0) < 0, 9223372036854775807, coalesce(", $column, ", 0))")
    };
}

/// A statement's text with the values of its parameters.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

/// The place after a page, or before the first.
type After = Option<Cursor>;

/// When the spans started that a list walks: all that its filter is about, or a part of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    /// At or after.
    pub(super) from: Option<Timestamp>,
    /// Before.
    pub(super) until: Option<Timestamp>,
}

impl Time {
    /// All of it.
    pub(super) fn of(filter: &SpanFilter) -> Self {
        Self { from: filter.from, until: filter.until }
    }
}

/// The keys of one page of spans: rowid, start time, exchange id.
pub(super) fn spans(text: &Text, scope: &TenantScope, filter: &SpanFilter, time: Time, page: &PageRequest) -> Query {
    let mut query = Query::default();
    query.push("SELECT s.id, s.started_at, s.exchange_id FROM spans s ");
    query.push(index(text, scope, filter));
    query.push(" WHERE TRUE");
    conditions(&mut query, "s", scope, &walked(filter, time, page));
    said(&mut query, text);
    newest_first(&mut query, page.after, page);
    query
}

/// The keys of one page of traces: those matching spans before which no span of their trace matches.
pub(super) fn traces(text: &Text, scope: &TenantScope, filter: &SpanFilter, time: Time, page: &PageRequest) -> Query {
    let mut query = Query::default();
    query.push("SELECT s.tenant_id, s.trace_id, s.started_at, s.exchange_id FROM spans s ");
    query.push(index(text, scope, filter));
    query.push(" WHERE TRUE");
    conditions(&mut query, "s", scope, &walked(filter, time, page));
    said(&mut query, text);
    query.push(
        " AND NOT EXISTS (SELECT 1 FROM spans e INDEXED BY spans_trace \
         WHERE e.trace_id = s.trace_id AND e.tenant_id = s.tenant_id \
         AND (e.started_at, e.exchange_id) < (s.started_at, s.exchange_id)",
    );
    conditions(&mut query, "e", &TenantScope::All, filter);
    said_before(&mut query, text);
    query.push(")");
    newest_first(&mut query, page.after, page);
    query
}

/// The keys of one page of sessions: those matching spans before which no span of their session matches.
pub(super) fn sessions(text: &Text, scope: &TenantScope, filter: &SpanFilter, time: Time, page: &PageRequest) -> Query {
    let mut query = Query::default();
    query.push("SELECT s.tenant_id, s.session_id, s.started_at, s.exchange_id FROM spans s ");
    query.push(index(text, scope, filter));
    query.push(" WHERE s.session_id IS NOT NULL");
    conditions(&mut query, "s", scope, &walked(filter, time, page));
    said(&mut query, text);
    query.push(
        " AND NOT EXISTS (SELECT 1 FROM spans e INDEXED BY spans_session \
         WHERE e.session_id = s.session_id AND e.tenant_id = s.tenant_id \
         AND (e.started_at, e.exchange_id) < (s.started_at, s.exchange_id)",
    );
    conditions(&mut query, "e", &TenantScope::All, filter);
    said_before(&mut query, text);
    query.push(")");
    newest_first(&mut query, page.after, page);
    query
}

/// What a span adds to a sum, see [`Columns::sample`](super::row::Columns::sample).
const SAMPLE: &str = "s.started_at, s.status, s.units IS NOT NULL, s.cost, s.duration_us, s.first_token_us, \
    s.input, s.cache_read, s.cache_write_5m, s.cache_write_1h, s.output, s.reasoning, s.audio_input, s.audio_output, \
    s.image_input, s.image_output, s.audio_cache_read, s.image_cache_read";

/// What each matching span adds to a sum, and the values of its dimensions; `stats::Groups` bounds the rows.
pub(super) fn stats(text: &Text, scope: &TenantScope, filter: &SpanFilter, group_by: &[Dimension]) -> Query {
    samples(text, scope, filter, group_by.iter().map(|dimension| value_of(*dimension)))
}

/// What each matching span adds to a sum, and more columns of it.
pub(super) fn samples(
    text: &Text,
    scope: &TenantScope,
    filter: &SpanFilter,
    more: impl IntoIterator<Item = &'static str>,
) -> Query {
    let mut query = Query::default();
    query.push("SELECT ");
    query.push(SAMPLE);
    more.into_iter().for_each(|columns| query.push(columns));
    query.push(" FROM spans s ");
    query.push(index(text, scope, filter));
    query.push(" WHERE TRUE");
    conditions(&mut query, "s", scope, filter);
    said(&mut query, text);
    query
}

/// A dimension as one more column.
const fn value_of(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Tenant => ", s.tenant_id",
        Dimension::Provider => ", s.provider",
        Dimension::Dialect => ", s.dialect",
        Dimension::Operation => ", s.operation",
        Dimension::Model => ", coalesce(s.response_model, s.request_model)",
        Dimension::Agent => ", s.agent_id",
        Dimension::User => ", s.user_id",
        Dimension::Session => ", s.session_id",
        Dimension::Environment => ", s.environment",
        Dimension::Release => ", s.\"release\"",
        Dimension::Source => ", s.source",
        Dimension::Status => ", s.status",
        Dimension::HttpStatus => ", CAST(s.http_status AS TEXT)",
        Dimension::EndReason => ", s.end_reason",
    }
}

/// The number of matching spans.
pub(super) fn count(text: &Text, scope: &TenantScope, filter: &SpanFilter) -> Query {
    let mut query = Query::default();
    query.push("SELECT count(*) FROM spans s ");
    query.push(index(text, scope, filter));
    query.push(" WHERE TRUE");
    conditions(&mut query, "s", scope, filter);
    said(&mut query, text);
    query
}

/// What [`crate::matching::Traffic`] needs of the matching spans, newest first; the only bound is the read timeout.
pub(super) fn models(text: &Text, scope: &TenantScope, filter: &SpanFilter) -> Query {
    let mut query = Query::default();
    query.push(
        "SELECT s.provider, coalesce(s.response_model, s.request_model), s.started_at, s.cost, s.units IS NOT NULL, \
         s.input, s.cache_read, s.cache_write_5m, s.cache_write_1h, s.output, s.reasoning, s.audio_input, \
         s.audio_output, s.image_input, s.image_output, s.audio_cache_read, s.image_cache_read \
         FROM spans s ",
    );
    query.push(index(text, scope, filter));
    query.push(" WHERE TRUE");
    conditions(&mut query, "s", scope, filter);
    said(&mut query, text);
    query.push(" ORDER BY s.started_at DESC, s.exchange_id DESC");
    query
}

/// The narrowest index for a filter. The planner has no statistics; it would guess.
fn index(text: &Text, scope: &TenantScope, filter: &SpanFilter) -> &'static str {
    match (text, scope) {
        // By the row numbers that the text index gives.
        (Text::Few(..), _) => "NOT INDEXED",
        _ if filter.trace_id.is_some() => "INDEXED BY spans_trace",
        _ if filter.session_id.is_some() => "INDEXED BY spans_session",
        (_, TenantScope::One(_)) if filter.status == Some(Status::Error) => "INDEXED BY spans_error",
        (_, TenantScope::One(_)) => "INDEXED BY spans_tenant_time",
        (_, TenantScope::All) => "INDEXED BY spans_time",
    }
}

/// That the terms stand in the content of `s`.
fn said(query: &mut Query, text: &Text) {
    match text {
        Text::Any => {}
        Text::Few(expression, first, last) => {
            query
                .push(" AND s.id IN (SELECT rowid FROM spans_text WHERE spans_text MATCH ? AND rowid BETWEEN ? AND ?)");
            query.values.extend([expression.clone().into(), (*first).into(), (*last).into()]);
        }
        Text::Many => query.push(" AND text_holds(s.id)"),
    }
}

/// That they stand in the content of `e`, a span before it.
fn said_before(query: &mut Query, text: &Text) {
    match text {
        Text::Any => {}
        Text::Few(..) | Text::Many => query.push(" AND text_holds(e.id)"),
    }
}

/// Every field of scope and filter that is set, as `AND` terms over the table called `table`.
fn conditions(query: &mut Query, table: &'static str, scope: &TenantScope, filter: &SpanFilter) {
    let SpanFilter {
        from,
        until,
        trace_id,
        session_id,
        agent_id,
        user_id,
        tags,
        environment,
        release,
        source,
        provider,
        dialect,
        operation,
        model,
        status,
        http_status,
        end_reason,
        finding,
        cost,
        duration_us,
        first_token_us,
        tokens,
        text: _,
    } = filter;
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
        (".environment = ?", environment),
        (".\"release\" = ?", release),
        (".provider = ?", provider),
        (".dialect = ?", dialect),
        (".operation = ?", operation),
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
    if let Some(source) = source {
        query.and(table, ".source = ?", source.as_str().to_owned());
    }
    if let Some(status) = http_status {
        query.and(table, ".http_status = ?", i64::from(*status));
    }
    if let Some(model) = model {
        query.push(" AND ? IN (");
        query.values.push(model.clone().into());
        query.push(table);
        query.push(".request_model, ");
        query.push(table);
        query.push(".response_model)");
    }
    between(
        query,
        table,
        [".cost >= ?", ".cost <= ?"],
        &Between { min: cost.min.map(|m| m.nanos()), max: cost.max.map(|m| m.nanos()) },
    );
    ranges(query, duration_us, [capped_column!("duration_us", ">="), capped_column!("duration_us", "<=")]);
    ranges(query, first_token_us, [capped_column!("first_token_us", ">="), capped_column!("first_token_us", "<=")]);
    ranges(query, tokens, [total_tokens!(">="), total_tokens!("<=")]);
    for tag in tags {
        query.push(" AND EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)");
        query.values.push(tag.clone().into());
    }
    match finding {
        Some(Found::Any) => query.term(table, ".findings IS NOT NULL"),
        Some(Found::Kind(kind)) => {
            query.push(" AND EXISTS (SELECT 1 FROM json_each(findings) WHERE value ->> 'kind' = ?)");
            query.values.push(kind.as_str().to_owned().into());
        }
        None => {}
    }
}

/// A range of a signed column.
fn between(query: &mut Query, table: &'static str, [min, max]: [&'static str; 2], range: &Between<i64>) {
    if let Some(low) = range.min {
        query.and(table, min, low);
    }
    if let Some(high) = range.max {
        query.and(table, max, high);
    }
}

/// A range of an unsigned number; the columns have no table's name: each stands in one table of its query alone, or in the
/// inner one, which SQL takes first.
fn ranges(query: &mut Query, range: &Between<u64>, [min, max]: [&'static str; 2]) {
    let range = capped(range);
    for (term, end) in [(min, range.min), (max, range.max)] {
        if let Some(end) = end {
            query.push(term);
            query.values.push(end.cast_signed().into());
        }
    }
}

/// The filter of the spans that a list walks. What ends at the page before is said as a time too: of two upper ends of an
/// index SQLite takes the one it likes.
fn walked(filter: &SpanFilter, time: Time, page: &PageRequest) -> SpanFilter {
    let last = page.after.map(|cursor| cursor.started_at.unix_us()).and_then(|us| us.checked_add(1));
    let ends = [time.until, last.map(Timestamp::from_unix_us)];
    SpanFilter { from: time.from, until: ends.into_iter().flatten().min(), ..filter.clone() }
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
