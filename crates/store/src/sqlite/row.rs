//! A span as a row of `spans`: the one place that names the columns, in one order for writing and reading.

use std::str::FromStr;

use llmtrace_model::{ErrorInfo, ExchangeId, Money, Span, SpanId, Timestamp, Timing, TraceId, Usage, UsageSource};
use rusqlite::{
    Row, Statement, ToSql,
    types::{FromSql, ToSqlOutput, Type, ValueRef},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::stats::Sample;

/// The columns of a span, in the order of [`bind`] and [`read`].
macro_rules! columns {
    () => {
        "exchange_id, version, tenant_id, started_at, trace_id, span_id, parent_span_id, agent_id, session_id, \
         user_id, provider, request_model, response_model, status, end_reason, http_status, duration_us, connect_us, \
         first_byte_us, first_token_us, overhead_us, usage_source, \
         input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output, image_input, \
         image_output, audio_cache_read, image_cache_read, \
         cost, price_version, environment, \"release\", client_address, source, operation, dialect, upstream, method, path, stream, \
         error_kind, error_message, request_bytes, \
         response_bytes, response_id, provider_request_id, tags, params, finish_reasons, rate_limits, findings, coverage, units"
    };
}
pub(super) use columns;

/// How many columns [`read`] takes; what a query selects beyond them starts at this index.
pub(super) const WIDTH: usize = 59;

/// Writes a span unless its exchange is there.
pub(super) const INSERT: &str = concat!(
    "INSERT INTO spans (",
    columns!(),
    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \
     ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (exchange_id) DO NOTHING"
);

/// Binds a span to [`INSERT`]; `scratch` is a buffer that is reused from row to row.
pub(super) fn bind(statement: &mut Statement<'_>, scratch: &mut Vec<u8>, span: &Span) -> rusqlite::Result<()> {
    let mut to = Binder { statement, scratch, next: 1 };
    to.put(span.exchange_id.as_bytes())?;
    to.put(span.version)?;
    to.put(span.tenant_id.as_str())?;
    to.put(span.started_at.unix_us())?;
    to.put(span.trace_id.as_bytes())?;
    to.put(span.span_id.as_bytes())?;
    to.put(span.parent_span_id.as_ref().map(SpanId::as_bytes))?;
    to.put(span.agent_id.as_deref())?;
    to.put(span.session_id.as_deref())?;
    to.put(span.user_id.as_deref())?;
    to.put(span.provider.as_str())?;
    to.put(span.request_model.as_deref())?;
    to.put(span.response_model.as_deref())?;
    to.put(span.status.as_str())?;
    to.put(span.end_reason.as_str())?;
    to.put(span.http_status)?;
    to.number(Some(span.timing.duration_us))?;
    to.number(span.timing.connect_us)?;
    to.number(span.timing.first_byte_us)?;
    to.number(span.timing.first_token_us)?;
    to.number(Some(span.timing.overhead_us))?;
    to.put(usage_source_word(span.usage_source))?;
    bind_usage(&mut to, span.usage.as_ref())?;
    to.put(span.cost.map(Money::nanos))?;
    to.put(span.price_version.as_deref())?;
    to.put(span.environment.as_deref())?;
    to.put(span.release.as_deref())?;
    to.put(span.client_address.as_deref())?;
    to.put(span.source.as_str())?;
    for text in [&span.operation, &span.dialect, &span.upstream, &span.method, &span.path] {
        to.put(text.as_str())?;
    }
    to.put(span.stream)?;
    to.put(span.error.as_ref().map(|error| error.kind.as_str()))?;
    to.put(span.error.as_ref().map(|error| error.message.as_str()))?;
    to.number(Some(span.request_bytes))?;
    to.number(Some(span.response_bytes))?;
    to.put(span.response_id.as_deref())?;
    to.put(span.provider_request_id.as_deref())?;
    to.json(&span.tags, span.tags.is_empty())?;
    to.json(&span.params, span.params.is_empty())?;
    to.json(&span.finish_reasons, span.finish_reasons.is_empty())?;
    to.json(&span.rate_limits, span.rate_limits.is_empty())?;
    to.json(&span.findings, span.findings.is_empty())?;
    to.json(&span.coverage, false)?;
    to.json(&span.units, span.units.is_empty())
}

fn bind_usage(to: &mut Binder<'_, '_>, usage: Option<&Usage>) -> rusqlite::Result<()> {
    let buckets = usage.map(Usage::buckets);
    (0..Usage::BUCKETS.len()).try_for_each(|at| to.number(buckets.map(|buckets| buckets[at])))
}

/// Binds values to the parameters of a statement from left to right.
struct Binder<'a, 'c> {
    statement: &'a mut Statement<'c>,
    scratch: &'a mut Vec<u8>,
    next: usize,
}

impl Binder<'_, '_> {
    fn put<T: ToSql>(&mut self, value: T) -> rusqlite::Result<()> {
        let index = self.next;
        self.next += 1;
        self.statement.raw_bind_parameter(index, value)
    }

    /// SQLite's integers are signed: the same 64 bits are kept.
    fn number(&mut self, value: Option<u64>) -> rusqlite::Result<()> {
        self.put(value.map(u64::cast_signed))
    }

    fn json<T: Serialize>(&mut self, value: &T, is_empty: bool) -> rusqlite::Result<()> {
        let index = self.next;
        self.next += 1;
        if is_empty {
            return self.statement.raw_bind_parameter(index, rusqlite::types::Null);
        }
        self.scratch.clear();
        serde_json::to_writer(&mut *self.scratch, value)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.statement.raw_bind_parameter(index, ToSqlOutput::Borrowed(ValueRef::Text(self.scratch)))
    }
}

/// Reads a span from a row that selects the columns of this file first.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Span> {
    let mut from = Columns::of(row);
    Ok(Span {
        exchange_id: ExchangeId::from_bytes(from.take()?),
        version: from.take()?,
        tenant_id: from.word()?,
        started_at: Timestamp::from_unix_us(from.take()?),
        trace_id: from.id(TraceId::new)?,
        span_id: from.id(SpanId::new)?,
        parent_span_id: from.take::<Option<[u8; 8]>>()?.and_then(SpanId::new),
        agent_id: from.take()?,
        session_id: from.take()?,
        user_id: from.take()?,
        provider: from.take()?,
        request_model: from.take()?,
        response_model: from.take()?,
        status: from.word()?,
        end_reason: from.word()?,
        http_status: from.take()?,
        timing: from.timing()?,
        usage_source: from.usage_source()?,
        usage: from.usage()?,
        cost: from.take::<Option<i64>>()?.map(Money::from_nanos),
        price_version: from.take()?,
        environment: from.take()?,
        release: from.take()?,
        client_address: from.take()?,
        source: from.word()?,
        operation: from.take()?,
        dialect: from.take()?,
        upstream: from.take()?,
        method: from.take()?,
        path: from.take()?,
        stream: from.take()?,
        error: from.error()?,
        request_bytes: from.number()?,
        response_bytes: from.number()?,
        response_id: from.take()?,
        provider_request_id: from.take()?,
        tags: from.json()?,
        params: from.json()?,
        finish_reasons: from.json()?,
        rate_limits: from.json()?,
        findings: from.json()?,
        coverage: from.json()?,
        units: from.json()?,
    })
}

/// Takes values from the columns of a row from left to right.
pub(super) struct Columns<'a, 'r> {
    row: &'a Row<'r>,
    next: usize,
}

impl<'a, 'r> Columns<'a, 'r> {
    /// Begins at the first column.
    pub(super) fn of(row: &'a Row<'r>) -> Self {
        Self { row, next: 0 }
    }

    /// Begins at a later one.
    pub(super) fn after(row: &'a Row<'r>, columns: usize) -> Self {
        Self { row, next: columns }
    }

    pub(super) fn take<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let index = self.next;
        self.next += 1;
        self.row.get(index)
    }

    /// A text, without a copy.
    pub(super) fn text(&mut self) -> rusqlite::Result<Option<&'a str>> {
        let index = self.next;
        self.next += 1;
        match self.row.get_ref(index)? {
            ValueRef::Null => Ok(None),
            value => Ok(Some(value.as_str()?)),
        }
    }

    pub(super) fn number(&mut self) -> rusqlite::Result<u64> {
        self.take().map(i64::cast_unsigned)
    }

    fn optional_number(&mut self) -> rusqlite::Result<Option<u64>> {
        Ok(self.take::<Option<i64>>()?.map(i64::cast_unsigned))
    }

    /// A text that only a closed set of words, or a narrow form, may hold.
    pub(super) fn word<T>(&mut self) -> rusqlite::Result<T>
    where
        T: FromStr,
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        let index = self.next;
        self.next += 1;
        self.row.get_ref(index)?.as_str()?.parse().map_err(|error| self.damaged(index, error))
    }

    /// Likewise, where there may be none.
    pub(super) fn optional_word<T>(&mut self) -> rusqlite::Result<Option<T>>
    where
        T: FromStr,
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        let index = self.next;
        let word = self.text()?.map(str::parse).transpose();
        word.map_err(|error| self.damaged(index, error))
    }

    pub(super) fn id<const N: usize, T>(&mut self, make: fn([u8; N]) -> Option<T>) -> rusqlite::Result<T> {
        let index = self.next;
        make(self.take()?).ok_or_else(|| self.damaged(index, "all bytes are zero"))
    }

    pub(super) fn json<T: DeserializeOwned + Default>(&mut self) -> rusqlite::Result<T> {
        let index = self.next;
        self.next += 1;
        match self.row.get_ref(index)? {
            ValueRef::Null => Ok(T::default()),
            value => {
                let mut reader = serde_json::Deserializer::from_slice(value.as_bytes()?);
                // What was written is read, however deep: see `body::parse`.
                reader.disable_recursion_limit();
                T::deserialize(&mut reader).map_err(|error| self.damaged(index, error))
            }
        }
    }

    fn timing(&mut self) -> rusqlite::Result<Timing> {
        Ok(Timing {
            duration_us: self.number()?,
            connect_us: self.optional_number()?,
            first_byte_us: self.optional_number()?,
            first_token_us: self.optional_number()?,
            overhead_us: self.number()?,
        })
    }

    fn usage_source(&mut self) -> rusqlite::Result<UsageSource> {
        let index = self.next;
        let word: String = self.take()?;
        let known = [UsageSource::Provider, UsageSource::Estimated, UsageSource::None];
        let found = known.into_iter().find(|source| usage_source_word(*source) == word);
        found.ok_or_else(|| self.damaged(index, format!("{word:?} is unknown, expected provider, estimated or none")))
    }

    /// The buckets; where any is there, what is absent is zero (columns that are younger than the row).
    pub(super) fn usage(&mut self) -> rusqlite::Result<Option<Usage>> {
        let mut buckets = [0; Usage::BUCKETS.len()];
        let mut known = false;
        for bucket in &mut buckets {
            if let Some(tokens) = self.optional_number()? {
                (*bucket, known) = (tokens, true);
            }
        }
        Ok(known.then(|| Usage::from_buckets(buckets)))
    }

    fn error(&mut self) -> rusqlite::Result<Option<ErrorInfo>> {
        let (kind, message): (Option<String>, Option<String>) = (self.take()?, self.take()?);
        Ok(kind.map(|kind| ErrorInfo { kind, message: message.unwrap_or_default() }))
    }

    /// What a span adds to a sum: the columns of `query::SAMPLE`.
    pub(super) fn sample(&mut self) -> rusqlite::Result<Sample> {
        Ok(Sample {
            started_at: Timestamp::from_unix_us(self.take()?),
            status: self.word()?,
            has_units: self.take()?,
            cost: self.take::<Option<i64>>()?.map(Money::from_nanos),
            duration_us: self.number()?,
            first_token_us: self.optional_number()?,
            usage: self.usage()?,
        })
    }

    /// Says which column of a stored row is not what was written.
    pub(super) fn damaged(
        &self,
        index: usize,
        why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> rusqlite::Error {
        let column = self.row.as_ref().column_name(index).unwrap_or("?");
        let why = format!("column {column}: {}", why.into());
        rusqlite::Error::FromSqlConversionFailure(index, Type::Text, why.into())
    }
}

const fn usage_source_word(source: UsageSource) -> &'static str {
    match source {
        UsageSource::Provider => "provider",
        UsageSource::Estimated => "estimated",
        UsageSource::None => "none",
    }
}
