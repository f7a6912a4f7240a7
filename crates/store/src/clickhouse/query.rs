//! Filters as SQL: constant pieces and bound values.

use llmtrace_model::{Between, ExchangeId, Found, PageRequest, SpanFilter, TenantId, TenantScope, Terms, Timestamp};

use super::terms::hash;
use crate::matching::capped;

/// A statement's text with the values of its parameters, in the form the engine reads.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) sql: String,
    pub(super) values: Vec<String>,
}

/// Where the rows of an exchange stand: the sorting key of all tables but `exchanges`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) tenant_id: TenantId,
    pub(super) started_at: Timestamp,
    pub(super) id: ExchangeId,
}

/// How long a parameter may be: a server takes 128 KiB (`http_max_field_value_size`).
const PARAMETER_BYTES: usize = 100_000;

const KEY: &str = "(tenant_id, started_at, exchange_id)";

/// All tokens as the filter counts them: up to the largest signed number.
const TOTAL: &str = "least(toUInt128(ifNull(input, 0)) + ifNull(cache_read, 0) + ifNull(cache_write_5m, 0) \
    + ifNull(cache_write_1h, 0) + ifNull(output, 0) + ifNull(reasoning, 0) + ifNull(audio_input, 0) \
    + ifNull(audio_output, 0) + ifNull(image_input, 0) + ifNull(image_output, 0) + ifNull(audio_cache_read, 0) \
    + ifNull(image_cache_read, 0), toUInt128(9223372036854775807))";

impl Query {
    pub(super) fn of(sql: &str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new() }
    }

    pub(super) fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    /// Puts a parameter in this place.
    pub(super) fn bind(&mut self, kind: &str, value: String) {
        self.sql.push_str(&format!("{{p{}:{kind}}}", self.values.len()));
        self.values.push(value);
    }

    /// Puts a list in this place, in as many parameters as it takes: a server refuses one that is long.
    pub(super) fn bind_all(&mut self, kind: &str, values: impl Iterator<Item = String>) {
        let mut parts = vec![String::new()];
        for value in values {
            match parts.last_mut() {
                Some(part) if part.is_empty() => part.push_str(&value),
                Some(part) if part.len() + value.len() < PARAMETER_BYTES => {
                    part.push(',');
                    part.push_str(&value);
                }
                _ => parts.push(value),
            }
        }
        let is_one = parts.len() == 1;
        self.push(if is_one { "" } else { "arrayConcat(" });
        for (n, part) in parts.into_iter().enumerate() {
            self.push(if n == 0 { "" } else { ", " });
            self.bind(&format!("Array({kind})"), format!("[{part}]"));
        }
        self.push(if is_one { "" } else { ")" });
    }

    /// Texts as a list.
    pub(super) fn bind_texts<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        self.bind_all("String", texts.map(|text| format!("'{}'", escaped(text))));
    }

    pub(super) fn and(&mut self, term: &str, kind: &str, value: String) {
        self.push(" AND ");
        self.push(term);
        self.push(" ");
        self.bind(kind, value);
    }

    fn and_text(&mut self, column: &str, wanted: Option<&str>) {
        if let Some(text) = wanted {
            self.and(&format!("{column} ="), "String", escaped(text));
        }
    }

    /// Some rows by their keys.
    pub(super) fn and_keys<'a>(&mut self, keys: impl Iterator<Item = &'a Key>) {
        self.push(" AND ");
        self.push(KEY);
        self.push(" IN ");
        let keys = keys.map(|key| format!("('{}',{},{})", key.tenant_id, key.started_at.unix_us(), number(key.id)));
        self.bind_all("Tuple(String, Int64, UInt128)", keys);
    }

    /// The owner.
    pub(super) fn scope(&mut self, scope: &TenantScope) {
        if let TenantScope::One(tenant) = scope {
            self.and("tenant_id =", "String", tenant.to_string());
        }
    }

    /// Order and bound of a page.
    pub(super) fn newest_first(&mut self, page: &PageRequest, rows: usize) {
        if let Some(cursor) = page.after {
            self.and("started_at <=", "Int64", cursor.started_at.unix_us().to_string());
            self.push(" AND (started_at, exchange_id) < (");
            self.bind("Int64", cursor.started_at.unix_us().to_string());
            self.push(", ");
            self.bind("UInt128", number(cursor.id).to_string());
            self.push(")");
        }
        self.push(" ORDER BY started_at DESC, exchange_id DESC LIMIT ");
        self.bind("UInt64", rows.to_string());
    }
}

/// An exchange id as the engine keeps it: its order is that of the bytes.
pub(super) fn number(id: ExchangeId) -> u128 {
    u128::from_be_bytes(*id.as_bytes())
}

/// A text as the value of a parameter.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            '\'' => out.push_str("\\'"),
            other => out.push(other),
        }
    }
    out
}

/// The conditions of a scope and a filter, each after an `AND`.
pub(super) fn conditions(query: &mut Query, scope: &TenantScope, filter: &SpanFilter) {
    query.scope(scope);
    candidates(query, scope, filter);
    plain(query, filter);
    if let Some(terms) = &filter.text {
        said(query, scope, filter, terms);
    }
}

/// The rows in whose content all terms stand: those of any version by the index of the terms, of which the newest version counts.
/// Its rank is enough to know it, so that terms are read once.
fn said(query: &mut Query, scope: &TenantScope, filter: &SpanFilter, terms: &Terms) {
    let hashes: Vec<String> = terms.as_slice().iter().map(|term| hash(term).to_string()).collect();
    query.push(" AND (tenant_id, started_at, exchange_id) IN (SELECT tenant_id, started_at, exchange_id FROM bodies FINAL WHERE TRUE");
    query.scope(scope);
    times(query, filter);
    query.push(
        " AND (tenant_id, started_at, exchange_id, rank) IN \
        (SELECT tenant_id, started_at, exchange_id, rank FROM bodies WHERE TRUE",
    );
    query.scope(scope);
    times(query, filter);
    query.push(" AND hasAll(term_hashes, ");
    query.bind_all("UInt64", hashes.into_iter());
    query.push(")))");
}

/// Few rows that an index leads to, not yet merged: what matches is among them.
fn candidates(query: &mut Query, scope: &TenantScope, filter: &SpanFilter) {
    let few = filter.trace_id.is_some() || filter.session_id.is_some() || filter.user_id.is_some();
    if few {
        query.push(" AND ");
        query.push(KEY);
        query.push(" IN (SELECT tenant_id, started_at, exchange_id FROM spans WHERE TRUE");
        query.scope(scope);
        times(query, filter);
        narrow(query, filter);
        query.push(")");
    }
}

pub(super) fn times(query: &mut Query, filter: &SpanFilter) {
    if let Some(from) = filter.from {
        query.and("started_at >=", "Int64", from.unix_us().to_string());
    }
    if let Some(until) = filter.until {
        query.and("started_at <", "Int64", until.unix_us().to_string());
    }
}

fn narrow(query: &mut Query, filter: &SpanFilter) {
    if let Some(trace) = filter.trace_id {
        query.and("trace_id =", "UInt128", u128::from_be_bytes(*trace.as_bytes()).to_string());
    }
    query.and_text("session_id", filter.session_id.as_deref());
    query.and_text("user_id", filter.user_id.as_deref());
}

fn plain(query: &mut Query, filter: &SpanFilter) {
    let SpanFilter {
        from: _,
        until: _,
        trace_id: _,
        session_id: _,
        user_id: _,
        agent_id,
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
    times(query, filter);
    narrow(query, filter);
    for (column, wanted) in [
        ("agent_id", agent_id),
        ("environment", environment),
        ("release", release),
        ("provider", provider),
        ("dialect", dialect),
        ("operation", operation),
    ] {
        query.and_text(column, wanted.as_deref());
    }
    query.and_text("source", source.map(|word| word.as_str()));
    query.and_text("status", status.map(|word| word.as_str()));
    query.and_text("end_reason", end_reason.map(|word| word.as_str()));
    if let Some(status) = http_status {
        query.and("http_status =", "UInt16", status.to_string());
    }
    if let Some(model) = model {
        query.push(" AND (ifNull(request_model = ");
        query.bind("String", escaped(model));
        query.push(", 0) OR ifNull(response_model = ");
        query.bind("String", escaped(model));
        query.push(", 0))");
    }
    if !tags.is_empty() {
        query.push(" AND hasAll(tags, ");
        query.bind_texts(tags.iter().map(String::as_str));
        query.push(")");
    }
    match finding {
        Some(Found::Any) => query.push(" AND notEmpty(finding_kinds)"),
        Some(Found::Kind(kind)) => {
            query.push(" AND has(finding_kinds, ");
            query.bind("String", kind.as_str().to_owned());
            query.push(")");
        }
        None => {}
    }
    let cost = Between { min: cost.min.map(|money| money.nanos()), max: cost.max.map(|money| money.nanos()) };
    range(query, "cost", "Int64", &cost);
    range(query, "least(duration_us, toUInt64(9223372036854775807))", "UInt64", &capped(duration_us));
    range(query, "least(first_token_us, toUInt64(9223372036854775807))", "UInt64", &capped(first_token_us));
    if tokens.min.is_some() || tokens.max.is_some() {
        query.push(" AND input IS NOT NULL");
        range(query, TOTAL, "UInt64", &capped(tokens));
    }
}

fn range<T: ToString>(query: &mut Query, what: &str, kind: &str, range: &Between<T>) {
    // An absent value is outside every range; `least` would skip it.
    let known = what.strip_prefix("least(first_token_us").is_some();
    if known && (range.min.is_some() || range.max.is_some()) {
        query.push(" AND first_token_us IS NOT NULL");
    }
    if let Some(min) = &range.min {
        query.and(&format!("{what} >="), kind, min.to_string());
    }
    if let Some(max) = &range.max {
        query.and(&format!("{what} <="), kind, max.to_string());
    }
}
