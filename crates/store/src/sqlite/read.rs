//! Reads on a connection that cannot write. Each runs in one transaction: it sees one state of the file.

use std::{borrow::Cow, sync::Arc};

use llmtrace_model::{
    Cursor, ExchangeId, Money, Page, PageRequest, Raw, SessionSummary, Span, SpanFilter, SpanId, SpanRecord, TenantId,
    TenantScope, Timestamp, TraceId, TraceSummary,
};
use parking_lot::Mutex;
use rusqlite::{OptionalExtension, Row, Transaction, params_from_iter, types::ValueRef};

use super::{
    body,
    connection::Reader,
    query::{self, Query, Time},
    raw,
    rollup::{Slice, Slices, Stop},
    row::{Columns, WIDTH, columns, read},
    search::{Extent, Found, Search, Text},
};
use crate::{
    ModelTraffic,
    matching::{SessionRow, SummaryRow, Traffic, TrafficRow, summarize, summarize_session},
    pool::Cancel,
};

const SPAN: &str = concat!("SELECT ", columns!(), " FROM spans WHERE id = ?");
const RECORD: &str = concat!(
    "SELECT ",
    columns!(),
    ", codec, size_bytes, content FROM spans LEFT JOIN bodies ON bodies.span = spans.id WHERE spans.id = ?"
);
const BY_EXCHANGE: &str = "SELECT id, tenant_id FROM spans INDEXED BY spans_exchange WHERE exchange_id = ?";
/// Asks each part of the index, see the migration that makes it.
macro_rules! by_span {
    ($($and_tenant:literal)?) => {
        concat!(
            "WITH RECURSIVE part(n) AS (SELECT max(id) >> 14 FROM spans UNION ALL \
             SELECT n - 1 FROM part WHERE n > (SELECT min(id) >> 14 FROM spans)) \
             SELECT s.id FROM part CROSS JOIN spans s INDEXED BY spans_span \
             WHERE (s.id >> 14) = part.n AND s.span_id = ?",
            $($and_tenant,)?
            " ORDER BY s.started_at DESC, s.exchange_id DESC LIMIT 1"
        )
    };
}
const BY_SPAN: &str = by_span!();
const BY_SPAN_OF_TENANT: &str = by_span!(" AND s.tenant_id = ?");
const TRACE: &str = "SELECT id FROM spans INDEXED BY spans_trace WHERE trace_id = ? \
    ORDER BY started_at, exchange_id LIMIT ?";
const TRACE_OF_TENANT: &str = "SELECT id FROM spans INDEXED BY spans_trace WHERE trace_id = ? AND tenant_id = ? \
    ORDER BY started_at, exchange_id LIMIT ?";
/// Every span of one trace: a summary adds them all up, so the only bound is the read timeout.
const SUMMARY: &str = "SELECT started_at, duration_us, status, coalesce(response_model, request_model), cost, session_id, \
    input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_input, \
    image_output, audio_cache_read, image_cache_read \
    FROM spans INDEXED BY spans_trace WHERE trace_id = ? AND tenant_id = ? ORDER BY started_at, exchange_id";

/// Every span of one session; the only bound is the read timeout.
const SESSION: &str = "SELECT trace_id, agent_id, user_id, \
    started_at, duration_us, status, coalesce(response_model, request_model), cost, session_id, \
    input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_input, \
    image_output, audio_cache_read, image_cache_read \
    FROM spans INDEXED BY spans_session WHERE session_id = ? AND tenant_id = ? ORDER BY started_at, exchange_id";

/// The last two conditions repeat those of the index word for word: that is how SQLite knows that it may use it.
const BILLED: &str = "SELECT exchange_id FROM spans INDEXED BY spans_billed_once \
    WHERE response_id = ? AND tenant_id = ? AND provider = ? \
    AND input IS NOT NULL AND instr(params, '\"billed_once\":true') > 0 ORDER BY started_at, exchange_id LIMIT 1";

/// The query for the keys of one kind of list.
type Walk = fn(&Text, &TenantScope, &SpanFilter, Time, &PageRequest) -> Query;
/// Reads a key and its place in the list.
type Key<T> = fn(&Row<'_>) -> rusqlite::Result<(T, Cursor)>;

/// One state of the file, while a read lasts.
pub(super) struct View<'a> {
    pub(super) transaction: Transaction<'a>,
    found: Arc<Mutex<Found>>,
}

impl<'a> View<'a> {
    /// Begins a read that ends at the reader's deadline, or when its caller has gone.
    pub(super) fn of(reader: &'a mut Reader, cancel: &Cancel) -> rusqlite::Result<Self> {
        reader.bound(cancel)?;
        let found = Arc::clone(&reader.found);
        Ok(Self { transaction: reader.connection.transaction()?, found })
    }

    /// Finds every row that holds a filter's terms; the next query of this view is made from the answer.
    pub(super) fn search(&self, scope: &TenantScope, filter: &SpanFilter) -> rusqlite::Result<Text> {
        Ok(Search::begin(&self.transaction, &self.found, scope, filter, Extent::All)?.text)
    }

    /// One page of spans.
    pub(super) fn list(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> rusqlite::Result<Page<Span>> {
        let keys = self.page(query::spans, scope, filter, page, span_key)?;
        let mut one = self.transaction.prepare_cached(SPAN)?;
        let items = keys.items.into_iter().map(|id: i64| one.query_row([id], read)).collect::<Result<_, _>>()?;
        Ok(Page { items, next: keys.next })
    }

    /// One page of spans with their content.
    pub(super) fn list_records(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> rusqlite::Result<Page<SpanRecord>> {
        let keys = self.page(query::spans, scope, filter, page, span_key)?;
        Ok(Page { items: self.records(keys.items)?, next: keys.next })
    }

    /// One page of traces.
    pub(super) fn list_traces(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> rusqlite::Result<Page<TraceSummary>> {
        let keys = self.page(query::traces, scope, filter, page, trace_key)?;
        let mut items = Vec::with_capacity(keys.items.len());
        for (tenant, trace) in keys.items {
            items.extend(self.summary(tenant, trace)?);
        }
        Ok(Page { items, next: keys.next })
    }

    /// One page of sessions.
    pub(super) fn list_sessions(
        &self,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
    ) -> rusqlite::Result<Page<SessionSummary>> {
        let keys = self.page(query::sessions, scope, filter, page, session_key)?;
        let mut statement = self.transaction.prepare_cached(SESSION)?;
        let mut items = Vec::with_capacity(keys.items.len());
        for (tenant, session) in keys.items {
            let rows = statement.query_map((&session, tenant.as_str()), session_row)?;
            let rows: Vec<SessionRow> = rows.collect::<Result<_, _>>()?;
            items.extend(summarize_session(&tenant, &session, rows));
        }
        Ok(Page { items, next: keys.next })
    }

    /// The newest span of that id.
    pub(super) fn span(&self, scope: &TenantScope, id: SpanId) -> rusqlite::Result<Option<SpanRecord>> {
        let id = id.as_bytes();
        let found: Option<i64> = match scope {
            TenantScope::One(tenant) => self
                .transaction
                .prepare_cached(BY_SPAN_OF_TENANT)?
                .query_row((id, tenant.as_str()), |row| row.get(0))
                .optional()?,
            TenantScope::All => {
                self.transaction.prepare_cached(BY_SPAN)?.query_row([id], |row| row.get(0)).optional()?
            }
        };
        Ok(self.records(found)?.pop())
    }

    /// The span of that exchange.
    pub(super) fn exchange(&self, scope: &TenantScope, id: ExchangeId) -> rusqlite::Result<Option<SpanRecord>> {
        Ok(self.records(self.by_exchange(scope, id)?)?.pop())
    }

    /// The bytes of that exchange as they passed.
    pub(super) fn raw(&self, scope: &TenantScope, id: ExchangeId) -> rusqlite::Result<Option<Raw>> {
        let Some(span) = self.by_exchange(scope, id)? else { return Ok(None) };
        let mut find = self.transaction.prepare_cached(raw::FIND)?;
        find.query_row([span], |row| raw::read(row, || json(row, raw::CONTENT))).optional()
    }

    /// The spans of a trace, oldest first.
    pub(super) fn trace(&self, scope: &TenantScope, id: TraceId) -> rusqlite::Result<Vec<SpanRecord>> {
        let (id, key) = (id.as_bytes(), |row: &Row<'_>| row.get(0));
        let ids: Vec<i64> = match scope {
            TenantScope::One(tenant) => self
                .transaction
                .prepare_cached(TRACE_OF_TENANT)?
                .query_map((id, tenant.as_str(), PageRequest::MAX), key)?
                .collect::<Result<_, _>>()?,
            TenantScope::All => self
                .transaction
                .prepare_cached(TRACE)?
                .query_map((id, PageRequest::MAX), key)?
                .collect::<Result<_, _>>()?,
        };
        self.records(ids)
    }

    /// The exchange that is billed for an answer which others report as well.
    pub(super) fn billed(
        &self,
        tenant: &TenantId,
        provider: &str,
        response_id: &str,
    ) -> rusqlite::Result<Option<ExchangeId>> {
        let mut find = self.transaction.prepare_cached(BILLED)?;
        let found = find.query_row((response_id, tenant.as_str(), provider), |row| {
            Ok(ExchangeId::from_bytes(Columns::of(row).take()?))
        });
        found.optional()
    }

    /// The number of matching spans.
    pub(super) fn count(&self, scope: &TenantScope, filter: &SpanFilter) -> rusqlite::Result<u64> {
        let Query { sql, values } = query::count(&self.search(scope, filter)?, scope, filter);
        let mut statement = self.transaction.prepare_cached(&sql)?;
        statement.query_row(params_from_iter(values), |row| Columns::of(row).number())
    }

    /// What each model was used for.
    pub(super) fn models(&self, scope: &TenantScope, filter: &SpanFilter) -> rusqlite::Result<Vec<ModelTraffic>> {
        let Query { sql, values } = query::models(&self.search(scope, filter)?, scope, filter);
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut traffic = Traffic::default();
        while let Some(row) = rows.next()? {
            let text = |index| row.get_ref(index).and_then(|value| value.as_str_or_null().map_err(Into::into));
            let (provider, model) = (text(0)?.unwrap_or_default(), text(1)?);
            let mut from = Columns::after(row, 2);
            let started_at = Timestamp::from_unix_us(from.take()?);
            let (cost, has_units) = (from.take::<Option<i64>>()?.map(Money::from_nanos), from.take()?);
            let total_tokens = from.usage()?.map_or(0, |usage| usage.total());
            traffic.add(&TrafficRow {
                provider,
                model,
                started_at,
                total_tokens,
                used_something: total_tokens > 0 || has_units,
                cost,
            });
        }
        Ok(traffic.finish())
    }

    /// Finds the keys of a page and cuts off the one that only told that there are more.
    fn page<T>(
        &self,
        walk: Walk,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
        key: Key<T>,
    ) -> rusqlite::Result<Page<T>> {
        let limit = page.limit.min(PageRequest::MAX) as usize;
        if limit == 0 {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let extent = Extent::Page(page.after);
        let mut search = Search::begin(&self.transaction, &self.found, scope, filter, extent)?;
        let mut keys = loop {
            match self.walked(&search.text, walk, scope, filter, page, key) {
                Ok(keys) => break keys,
                Err(error) if !search.again()? => return Err(error),
                Err(_more_is_read_now) => {}
            }
        };
        let more = keys.len() > limit;
        keys.truncate(limit);
        let next = keys.last().map(|(_, cursor)| *cursor).filter(|_| more);
        Ok(Page { items: keys.into_iter().map(|(key, _)| key).collect(), next })
    }

    fn walked<T>(
        &self,
        text: &Text,
        walk: Walk,
        scope: &TenantScope,
        filter: &SpanFilter,
        page: &PageRequest,
        key: Key<T>,
    ) -> rusqlite::Result<Vec<(T, Cursor)>> {
        let slices = match text {
            Text::Any | Text::Many => Slices::of(&self.transaction, scope, filter, page.after),
            // What leads to few rows needs no walk.
            Text::Few(..) => None,
        };
        match slices {
            Some(slices) => self.sliced(text, walk, filter, page, key, slices),
            None => self.keys(&walk(text, scope, filter, Time::of(filter), page), key),
        }
    }

    /// The keys of a page, from the hours in which something may match.
    fn sliced<T>(
        &self,
        text: &Text,
        walk: Walk,
        filter: &SpanFilter,
        page: &PageRequest,
        key: Key<T>,
        mut slices: Slices<'_>,
    ) -> rusqlite::Result<Vec<(T, Cursor)>> {
        let mut keys: Vec<(T, Cursor)> = Vec::new();
        while keys.len() <= page.limit.min(PageRequest::MAX) as usize {
            let Some(Slice { scopes, from, until }) = slices.next().map_err(Stop::into_engine)? else { break };
            let first = keys.len();
            for scope in &scopes {
                keys.extend(self.keys(&walk(text, scope, filter, Time { from, until }, page), key)?);
            }
            keys[first..].sort_by_key(|(_, cursor)| std::cmp::Reverse((cursor.started_at, cursor.id)));
        }
        Ok(keys)
    }

    fn keys<T>(&self, query: &Query, key: Key<T>) -> rusqlite::Result<Vec<(T, Cursor)>> {
        let mut statement = self.transaction.prepare_cached(&query.sql)?;
        statement.query_map(params_from_iter(&query.values), key)?.collect()
    }

    /// The row of that exchange, where the scope allows it.
    fn by_exchange(&self, scope: &TenantScope, id: ExchangeId) -> rusqlite::Result<Option<i64>> {
        let mut find = self.transaction.prepare_cached(BY_EXCHANGE)?;
        let found = find.query_row([id.as_bytes()], |row| {
            let mut from = Columns::of(row);
            Ok((from.take::<i64>()?, from.word::<TenantId>()?))
        });
        Ok(found.optional()?.filter(|(_, tenant)| scope.allows(tenant)).map(|(id, _)| id))
    }

    fn records(&self, ids: impl IntoIterator<Item = i64>) -> rusqlite::Result<Vec<SpanRecord>> {
        let mut one = self.transaction.prepare_cached(RECORD)?;
        ids.into_iter().map(|id| one.query_row([id], record)).collect()
    }

    fn summary(&self, tenant: TenantId, trace: TraceId) -> rusqlite::Result<Option<TraceSummary>> {
        let mut statement = self.transaction.prepare_cached(SUMMARY)?;
        let rows = statement.query_map((trace.as_bytes(), tenant.as_str()), summary_row)?;
        let rows: Vec<SummaryRow> = rows.collect::<Result<_, _>>()?;
        Ok(summarize(tenant, trace, rows))
    }
}

fn span_key(row: &Row<'_>) -> rusqlite::Result<(i64, Cursor)> {
    let mut from = Columns::of(row);
    Ok((from.take()?, cursor(&mut from)?))
}

fn trace_key(row: &Row<'_>) -> rusqlite::Result<((TenantId, TraceId), Cursor)> {
    let mut from = Columns::of(row);
    Ok(((from.word()?, from.id(TraceId::new)?), cursor(&mut from)?))
}

fn session_key(row: &Row<'_>) -> rusqlite::Result<((TenantId, String), Cursor)> {
    let mut from = Columns::of(row);
    Ok(((from.word()?, from.take()?), cursor(&mut from)?))
}

fn cursor(from: &mut Columns<'_, '_>) -> rusqlite::Result<Cursor> {
    Ok(Cursor { started_at: Timestamp::from_unix_us(from.take()?), id: ExchangeId::from_bytes(from.take()?) })
}

fn record(row: &Row<'_>) -> rusqlite::Result<SpanRecord> {
    let content = match row.get_ref(WIDTH)? {
        ValueRef::Null => None,
        codec => {
            let unpacked = body::unpack(codec.as_i64()?, row.get(WIDTH + 1)?, row.get_ref(WIDTH + 2)?.as_blob()?);
            let damaged =
                |error| rusqlite::Error::FromSqlConversionFailure(WIDTH + 2, rusqlite::types::Type::Blob, error);
            Some(unpacked.map_err(damaged)?)
        }
    };
    Ok(SpanRecord { span: read(row)?, content, raw: None })
}

/// The JSON of the content whose columns begin at `first`; empty where there is none.
fn json(row: &Row<'_>, first: usize) -> rusqlite::Result<Vec<u8>> {
    let codec = row.get_ref(first)?;
    if codec == ValueRef::Null {
        return Ok(Vec::new());
    }
    let json = body::json(codec.as_i64()?, row.get(first + 1)?, row.get_ref(first + 2)?.as_blob()?);
    let damaged = |error| rusqlite::Error::FromSqlConversionFailure(first + 2, rusqlite::types::Type::Blob, error);
    json.map(Cow::into_owned).map_err(damaged)
}

fn session_row(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    let mut from = Columns::of(row);
    Ok(SessionRow {
        trace_id: from.id(TraceId::new)?,
        agent_id: from.take()?,
        user_id: from.take()?,
        row: summary(&mut from)?,
    })
}

fn summary_row(row: &Row<'_>) -> rusqlite::Result<SummaryRow> {
    summary(&mut Columns::of(row))
}

fn summary(from: &mut Columns<'_, '_>) -> rusqlite::Result<SummaryRow> {
    Ok(SummaryRow {
        started_at: Timestamp::from_unix_us(from.take()?),
        duration_us: from.number()?,
        status: from.word()?,
        model: from.take()?,
        cost: from.take::<Option<i64>>()?.map(Money::from_nanos),
        session_id: from.take()?,
        total_tokens: from.usage()?.map_or(0, |usage| usage.total()),
    })
}
