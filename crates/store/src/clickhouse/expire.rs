//! Retention: what is older than its tenant keeps it is removed by condition, a month of spans or of content at a time.
//!
//! All ends are beginnings of days (UTC), so that there is work once a day and none after it. A month that is over for every rule
//! is dropped; of another the parts are written once more, without the rows of all tenants whose time is over. Conditions are
//! on key columns alone: each version of a row, and what hides it, goes together. What is too old is looked for in the table
//! that is changed last, so work that was cut is found again. See docs/adr/0025.

use std::collections::BTreeMap;

use llmtrace_model::{Erased, Retention, Retentions, TenantId, Timestamp};

use super::{
    client::{Engine, Removal},
    query::{Query, escaped},
    wire::Values,
};
use crate::{Backend, Error, ErrorKind};

const OP: &str = "expire";
const DAY_US: i64 = 86_400_000_000;
const HOUR_US: i64 = 3_600_000_000;
/// Rows up to which contents are counted one by one; the number of more is an estimate, mostly within 1 %.
const COUNTED: u64 = 2_000_000;
/// The last partition has no end.
const LAST_MONTH: u32 = 210_501;

/// Removes the oldest piece of what is too old.
pub(super) async fn expire(engine: &Engine, rules: &Retentions, now: Timestamp) -> Result<Erased, Error> {
    let today = Timestamp::from_unix_us(now.unix_us().div_euclid(DAY_US).saturating_mul(DAY_US));
    let spans = Ends::of(rules, |rule| rule.spans_until(today));
    let contents = Ends::of(rules, |rule| rule.content_until(today));
    if is_at_it(engine).await? {
        return Ok(Erased::default());
    }
    loop {
        let erased = match piece(engine, &spans, &contents).await {
            // The server goes on, and the next call finds it at work.
            Err(error) if error.kind == ErrorKind::Timeout => return Ok(Erased::default()),
            piece => piece?,
        };
        // Rows that only hide others count as nothing: there may be more behind them.
        if erased != Some(Erased::default()) {
            return Ok(erased.unwrap_or_default());
        }
    }
}

/// One month of spans with all of them, or of content; `None` where nothing is too old.
async fn piece(engine: &Engine, spans: &Ends<'_>, contents: &Ends<'_>) -> Result<Option<Erased>, Error> {
    if let Some(month) = spans.oldest(engine, &["spans"]).await? {
        let erased = Erased {
            spans: spans.counted(engine, "spans", &month).await?,
            contents: spans.contents(engine, &month).await?,
        };
        // The place of an exchange is small and in no partition: its row is masked, and goes when parts are merged.
        let mut places = Query::default();
        spans.rows(&mut places, &month);
        engine.remove(OP, Removal::Masked, "exchanges", places).await?;
        for table in ["bodies", "raws", "spans"] {
            spans.remove(engine, table, &month).await?;
        }
        return Ok(Some(erased));
    }
    // Sums after their spans: an hour without spans and without sums is as it should be.
    while let Some(month) = spans.oldest(engine, &["rollups"]).await? {
        spans.remove(engine, "rollups", &month).await?;
    }
    let Some(month) = contents.oldest(engine, &["bodies", "raws"]).await? else { return Ok(None) };
    let erased = Erased { spans: 0, contents: contents.contents(engine, &month).await? };
    for table in ["bodies", "raws"] {
        contents.remove(engine, table, &month).await?;
    }
    Ok(Some(erased))
}

/// Whether rows are being removed already: removals must not pile up. One that fails on the server is an error.
async fn is_at_it(engine: &Engine) -> Result<bool, Error> {
    let mut query = Query::of(
        "SELECT count(), toString(anyIf(table, latest_fail_reason != '')), toString(anyIf(latest_fail_reason, latest_fail_reason != '')) \
         FROM system.mutations WHERE NOT is_done AND database = ",
    );
    query.bind("String", escaped(&engine.database));
    let answer = engine.rows(OP, query).await?;
    let mut from = Values::of(&answer, OP);
    let (unfinished, table, why) = (from.u64()?, from.text()?, from.text()?);
    if !why.is_empty() {
        let why = format!("removing rows of {table} fails on the server, see system.mutations there: {why}");
        return Err(Error::new(ErrorKind::Unavailable, Backend::Clickhouse, OP, why));
    }
    Ok(unfinished > 0)
}

/// Until when rows are too old: one end for tenants without a rule of their own, others for those with one.
struct Ends<'a> {
    default: Option<i64>,
    of: BTreeMap<i64, Vec<&'a TenantId>>,
    /// Who has a rule.
    named: Vec<&'a TenantId>,
    /// The first of all ends, unless a rule keeps for ever.
    first: Option<i64>,
}

/// A month in which something is too old.
struct Month {
    partition: u32,
    /// The first microsecond after it.
    end: i64,
}

impl<'a> Ends<'a> {
    fn of(rules: &'a Retentions, until: impl Fn(&Retention) -> Option<Timestamp>) -> Self {
        let until = |rule: &Retention| until(rule).map(Timestamp::unix_us);
        let mut of: BTreeMap<i64, Vec<&TenantId>> = BTreeMap::new();
        for (tenant, rule) in &rules.of {
            if let Some(end) = until(rule) {
                of.entry(end).or_default().push(tenant);
            }
        }
        let all = std::iter::once(&rules.default).chain(rules.of.values());
        let ends: Option<Vec<i64>> = all.map(until).collect();
        let first = ends.and_then(|ends| ends.into_iter().min());
        Self { default: until(&rules.default), of, named: rules.of.keys().collect(), first }
    }

    /// Whether every rule is through with a month: what is written into it meanwhile is too old, too.
    fn are_after(&self, month: &Month) -> bool {
        month.partition != LAST_MONTH && self.first.is_some_and(|end| month.end <= end)
    }

    /// That a row is too old: its tenant, and that `time` is before an end; by the primary key.
    fn too_old(&self, query: &mut Query, time: impl Fn(i64) -> (&'static str, i64)) {
        query.push("(FALSE");
        for (end, tenants) in &self.of {
            query.push(" OR (tenant_id IN ");
            query.bind_texts(tenants.iter().map(|tenant| tenant.as_str()));
            let (term, value) = time(*end);
            query.and(term, "Int64", value.to_string());
            query.push(")");
        }
        if let Some(end) = self.default {
            query.push(" OR (TRUE");
            if !self.named.is_empty() {
                query.push(" AND tenant_id NOT IN ");
                query.bind_texts(self.named.iter().map(|tenant| tenant.as_str()));
            }
            let (term, value) = time(end);
            query.and(term, "Int64", value.to_string());
            query.push(")");
        }
        query.push(")");
    }

    /// The rows of a month that are too old.
    fn rows(&self, query: &mut Query, month: &Month) {
        self.too_old(query, |end| ("started_at <", end));
        if month.partition != LAST_MONTH {
            query.and("started_at <", "Int64", month.end.to_string());
        }
    }

    /// The oldest month in which these tables have something too old; sums of hours without a span are nothing.
    async fn oldest(&self, engine: &Engine, tables: &[&str]) -> Result<Option<Month>, Error> {
        if self.default.is_none() && self.of.is_empty() {
            return Ok(None);
        }
        let mut query = Query::of(
            "SELECT toYYYYMM(a_month), toInt64(toUnixTimestamp(toDateTime(addMonths(toStartOfMonth(a_month), 1), 'UTC'))) * 1000000 \
             FROM (SELECT toDateTime(intDiv(least(greatest(min(a_first), 0), 4260211200000000), 1000000), 'UTC') AS a_month FROM (",
        );
        for (n, table) in tables.iter().enumerate() {
            if n > 0 {
                query.push(" UNION ALL ");
            }
            if *table == "rollups" {
                query.push("SELECT least(greatest(min(hour), 0), 1183392) * 3600000000 AS a_first FROM rollups WHERE notEmpty(errors) AND ");
                self.too_old(&mut query, |end| ("hour <", end.div_euclid(HOUR_US)));
            } else {
                query.push(&format!("SELECT min(started_at) AS a_first FROM {table} WHERE "));
                self.too_old(&mut query, |end| ("started_at <", end));
            }
            query.push(" HAVING count() > 0");
        }
        query.push(") HAVING count() > 0)");
        let answer = engine.rows(OP, query).await?;
        let mut from = Values::of(&answer, OP);
        if !from.more() {
            return Ok(None);
        }
        Ok(Some(Month { partition: from.u32()?, end: from.i64()? }))
    }

    async fn counted(&self, engine: &Engine, table: &str, month: &Month) -> Result<u64, Error> {
        let mut query = Query::of(&format!("SELECT count() FROM {table} FINAL WHERE "));
        self.rows(&mut query, month);
        engine.number(OP, query).await
    }

    /// How many exchanges of a month have content or bytes that are too old.
    async fn contents(&self, engine: &Engine, month: &Month) -> Result<u64, Error> {
        let bodies = self.counted(engine, "bodies", month).await?;
        let raws = self.counted(engine, "raws", month).await?;
        if bodies == 0 || raws == 0 {
            return Ok(bodies + raws);
        }
        let distinct = if bodies + raws <= COUNTED { "uniqExact" } else { "uniq" };
        let mut query =
            Query::of(&format!("SELECT {distinct}(exchange_id) FROM (SELECT exchange_id FROM bodies FINAL WHERE "));
        self.rows(&mut query, month);
        query.push(" UNION ALL SELECT exchange_id FROM raws FINAL WHERE ");
        self.rows(&mut query, month);
        query.push(")");
        engine.number(OP, query).await
    }

    /// Removes what is too old of one table and month.
    async fn remove(&self, engine: &Engine, table: &str, month: &Month) -> Result<(), Error> {
        let partition = month.partition;
        if self.are_after(month) {
            return engine.remove(OP, Removal::Dropped(partition), table, Query::default()).await;
        }
        let mut query = Query::default();
        match table {
            "rollups" => self.too_old(&mut query, |end| ("hour <", end.div_euclid(HOUR_US))),
            _ => self.rows(&mut query, month),
        }
        engine.remove(OP, Removal::Within(partition), table, query).await
    }
}
