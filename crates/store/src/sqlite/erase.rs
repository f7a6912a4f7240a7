//! Finds rows that are to go and takes them away: what was asked for, and what is older than its tenant keeps it.
//!
//! Finding walks an index on a reading connection, a bounded stretch at a time. Taking away is done by the writer in short
//! transactions, which look at each row again: it may have been replaced since.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, Ordering},
};

use llmtrace_model::{Erased, ExchangeId, Retentions, SpanId, Subject, TenantId, TenantScope, Timestamp, TraceId};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, Transaction, TransactionBehavior};

use super::{raw, rollup::Marks, row::Columns};
use crate::removing::{Cause, Fate, Traits};

/// Rows that one transaction of the writer removes: what else is written waits for it.
pub(super) const PIECE: usize = 128;
/// Rows that one look walks over.
const WALKED: i64 = 20_000;
/// How long the walk for old content trusts where it was: another process may have written behind it.
const TRUST_US: i64 = 86_400_000_000;

macro_rules! find {
    ($from:literal) => {
        concat!(
            "SELECT s.exchange_id, s.tenant_id, s.started_at, s.trace_id, s.span_id, s.session_id, s.user_id FROM ",
            $from,
            " AND (s.started_at, s.exchange_id) > (?2, ?3) AND s.started_at <= ?4 \
             ORDER BY s.started_at, s.exchange_id LIMIT ?5"
        )
    };
}

const OF_TENANT: &str = find!("spans s INDEXED BY spans_tenant_time WHERE s.tenant_id = ?1");
const OF_ALL: &str = find!("spans s INDEXED BY spans_time WHERE ?1 IS NULL");
const OF_TRACE: &str = find!("spans s INDEXED BY spans_trace WHERE s.trace_id = ?1");
const OF_SESSION: &str = find!("spans s INDEXED BY spans_session WHERE s.session_id = ?1");
/// Asks each part of the index, as `read.rs` does.
const OF_SPAN: &str = find!(
    "(WITH RECURSIVE part(n) AS (SELECT max(id) >> 14 FROM spans UNION ALL \
     SELECT n - 1 FROM part WHERE n > (SELECT min(id) >> 14 FROM spans)) SELECT n FROM part) part \
     CROSS JOIN spans s INDEXED BY spans_span WHERE (s.id >> 14) = part.n AND s.span_id = ?1"
);

/// By `spans_tenant_time`, one step from tenant to tenant.
const NEXT_TENANT: &str = "SELECT tenant_id FROM spans INDEXED BY spans_tenant_time WHERE tenant_id > ? \
    ORDER BY tenant_id LIMIT 1";
const AGED: &str = "SELECT exchange_id FROM spans INDEXED BY spans_tenant_time WHERE tenant_id = ? AND started_at < ? \
    ORDER BY started_at, exchange_id LIMIT ?";
const AGED_CONTENT: &str = "SELECT s.started_at, s.exchange_id, \
    EXISTS (SELECT 1 FROM bodies WHERE span = s.id) OR EXISTS (SELECT 1 FROM raws WHERE span = s.id) \
    FROM spans s INDEXED BY spans_tenant_time \
    WHERE s.tenant_id = ? AND (s.started_at, s.exchange_id) > (?, ?) AND s.started_at < ? \
    ORDER BY s.started_at, s.exchange_id LIMIT ?";

/// By the unique index of exchanges.
const AGAIN: &str = "SELECT exchange_id, tenant_id, started_at, trace_id, span_id, session_id, user_id, id \
    FROM spans INDEXED BY spans_exchange WHERE exchange_id = ?";
/// By the primary key; a trigger takes the row out of the text index.
const REMOVE: &str = "DELETE FROM spans WHERE id = ?";
const REMOVE_BODY: &str = "DELETE FROM bodies WHERE span = ?";
const LEAVE_TEXT: &str = "DELETE FROM spans_text WHERE rowid = ?";
/// What was read of the row for the index before now is not put there any more.
const OUTDATE_TEXT: &str = "UPDATE text_progress SET removed = removed + (?1 > indexed) WHERE id = 1";

/// The place of a row in the order of time, then exchange id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(i64, Vec<u8>);

impl Place {
    /// Before every row.
    pub(super) const FIRST: Self = Self::before(i64::MIN);

    const fn before(start_us: i64) -> Self {
        Self(start_us, Vec::new())
    }
}

/// What one look found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) ids: Vec<ExchangeId>,
    /// From where to look on; `None` at the end.
    pub(super) next: Option<Place>,
}

/// Finds what was asked for after a place.
pub(super) fn asked(view: &Transaction<'_>, cause: &Cause, after: &Place) -> rusqlite::Result<Found> {
    let Cause::Asked { scope, subject, until } = cause else { return Ok(Found { ids: Vec::new(), next: None }) };
    let (sql, name): (&str, Box<dyn ToSql>) = match (subject, scope) {
        (Subject::Trace(id), _) => (OF_TRACE, Box::new(id.as_bytes().to_vec())),
        (Subject::Span(id), _) => (OF_SPAN, Box::new(id.as_bytes().to_vec())),
        (Subject::Session(id), _) => (OF_SESSION, Box::new(id.clone())),
        // A user has no index, see migration 0001.
        (Subject::User(_) | Subject::Everything, TenantScope::One(tenant)) => {
            (OF_TENANT, Box::new(tenant.as_str().to_owned()))
        }
        (Subject::User(_) | Subject::Everything, TenantScope::All) => (OF_ALL, Box::new(rusqlite::types::Null)),
    };
    let mut find = view.prepare_cached(sql)?;
    let mut rows = find.query(rusqlite::params![name, after.0, after.1, until.unix_us(), WALKED])?;
    let (mut ids, mut walked, mut last) = (Vec::new(), 0, None);
    while let Some(row) = rows.next()? {
        let row = Stored::of(row)?;
        walked += 1;
        if cause.fate(&row.traits()) != Fate::Stays {
            ids.push(row.exchange_id);
        }
        last = Some(Place(row.started_at.unix_us(), row.exchange_id.as_bytes().to_vec()));
    }
    Ok(Found { ids, next: last.filter(|_| walked == WALKED) })
}

/// Finds spans that are older than their tenant keeps them: one piece.
pub(super) fn aged(view: &Transaction<'_>, rules: &Retentions, now: Timestamp) -> rusqlite::Result<Vec<ExchangeId>> {
    let mut ids = Vec::new();
    each_tenant(view, |tenant| {
        let Some(until) = rules.of(tenant).spans_until(now) else { return Ok(true) };
        let left = i64::try_from(PIECE - ids.len()).unwrap_or(0);
        let mut find = view.prepare_cached(AGED)?;
        let found =
            find.query_map((tenant.as_str(), until.unix_us(), left), |row| row.get(0).map(ExchangeId::from_bytes))?;
        for id in found {
            ids.push(id?);
        }
        Ok(ids.len() < PIECE)
    })?;
    Ok(ids)
}

/// How far the content of each tenant was walked over: up to there, none is left that should go.
#[derive(Debug)]
pub(super) struct Swept {
    places: Mutex<Places>,
    /// Rows that start before it may lie behind a place.
    newest: AtomicI64,
}

#[derive(Debug, Default)]
struct Places {
    of: BTreeMap<TenantId, Place>,
    /// What was written behind a place since the last look began.
    late: BTreeMap<TenantId, Place>,
    trusted_since: Option<Timestamp>,
}

impl Default for Swept {
    fn default() -> Self {
        Self { places: Mutex::default(), newest: AtomicI64::new(i64::MIN) }
    }
}

impl Swept {
    /// A row was written, and its transaction has ended: it may lie behind what was walked over.
    pub(super) fn wrote(&self, tenant: &TenantId, started_at: Timestamp) {
        if started_at.unix_us() >= self.newest.load(Ordering::SeqCst) {
            return;
        }
        let place = Place::before(started_at.unix_us());
        let mut places = self.places.lock();
        let late = places.late.entry(tenant.clone()).or_insert_with(|| place.clone());
        if place < *late {
            *late = place;
        }
    }

    /// Begins a look: what is written from now on says so where it lies behind the look's end.
    pub(super) fn begin(&self, rules: &Retentions, now: Timestamp) -> BTreeMap<TenantId, Place> {
        let every = std::iter::once(&rules.default).chain(rules.of.values());
        let end = every.filter_map(|rule| rule.content_until(now)).max();
        self.newest.fetch_max(end.map_or(i64::MIN, Timestamp::unix_us), Ordering::SeqCst);
        let mut places = self.places.lock();
        let is_fresh = |since: Timestamp| now.unix_us().saturating_sub(since.unix_us()) < TRUST_US;
        if !places.trusted_since.is_some_and(is_fresh) {
            *places = Places { trusted_since: Some(now), ..Places::default() };
        }
        for (tenant, late) in std::mem::take(&mut places.late) {
            if let Some(place) = places.of.get_mut(&tenant).filter(|place| **place > late) {
                *place = late;
            }
        }
        places.of.clone()
    }

    /// Takes over how far a look came, once what it found is gone.
    pub(super) fn moved(&self, to: Vec<(TenantId, Place)>) {
        self.places.lock().of.extend(to);
    }
}

/// What one look for old content found.
#[derive(Debug)]
pub(super) struct Sweep {
    pub(super) ids: Vec<ExchangeId>,
    pub(super) moved: Vec<(TenantId, Place)>,
    /// Whether it came to the end.
    pub(super) is_done: bool,
}

/// Finds spans whose content is older than their tenant keeps it: one piece, or none in a long stretch.
pub(super) fn aged_content(
    view: &Transaction<'_>,
    rules: &Retentions,
    now: Timestamp,
    swept: &BTreeMap<TenantId, Place>,
) -> rusqlite::Result<Sweep> {
    let mut sweep = Sweep { ids: Vec::new(), moved: Vec::new(), is_done: true };
    let mut walked = 0;
    each_tenant(view, |tenant| {
        let Some(until) = rules.of(tenant).content_until(now) else { return Ok(true) };
        let mut place = swept.get(tenant).cloned().unwrap_or(Place::FIRST);
        let mut find = view.prepare_cached(AGED_CONTENT)?;
        let values = (tenant.as_str(), place.0, place.1.clone(), until.unix_us(), WALKED);
        let mut rows = find.query(values)?;
        while let Some(row) = rows.next()? {
            let (start_us, id, has_content): (i64, [u8; 16], bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
            walked += 1;
            place = Place(start_us, id.to_vec());
            if has_content {
                sweep.ids.push(ExchangeId::from_bytes(id));
            }
            if sweep.ids.len() == PIECE || walked == WALKED {
                sweep.is_done = false;
                break;
            }
        }
        sweep.moved.push((tenant.clone(), place));
        Ok(sweep.is_done)
    })?;
    Ok(sweep)
}

/// Calls `look` with every tenant that has spans, until it has seen enough.
fn each_tenant(
    view: &Transaction<'_>,
    mut look: impl FnMut(&TenantId) -> rusqlite::Result<bool>,
) -> rusqlite::Result<()> {
    let mut next = view.prepare_cached(NEXT_TENANT)?;
    let mut last = String::new();
    let mut tenant = |last: &str| next.query_row([last], |row| Columns::of(row).word::<TenantId>()).optional();
    while let Some(found) = tenant(&last)? {
        if !look(&found)? {
            return Ok(());
        }
        found.as_str().clone_into(&mut last);
    }
    Ok(())
}

/// Removes those of the rows for which there still is a cause, in one transaction.
///
/// Their pages are overwritten, so that the file does not hold on to what was said.
pub(super) fn remove(connection: &mut Connection, ids: &[ExchangeId], cause: &Cause) -> rusqlite::Result<Erased> {
    connection.pragma_update(None, "secure_delete", true)?;
    let removed = removing(connection, ids, cause);
    connection.pragma_update(None, "secure_delete", false)?;
    removed
}

fn removing(connection: &mut Connection, ids: &[ExchangeId], cause: &Cause) -> rusqlite::Result<Erased> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (mut erased, mut marks) = (Erased::default(), Marks::default());
    {
        let mut find = change.prepare_cached(AGAIN)?;
        for id in ids {
            let found =
                find.query_row([id.as_bytes()], |row| Ok((Stored::of(row)?, row.get::<_, i64>(7)?))).optional()?;
            let Some((row, number)) = found else { continue };
            let fate = cause.fate(&row.traits());
            if fate == Fate::Stays {
                continue;
            }
            if fate == Fate::Goes {
                change.prepare_cached(REMOVE)?.execute([number])?;
                marks.note(&row.tenant, row.started_at);
                erased.spans += 1;
            } else {
                change.prepare_cached(LEAVE_TEXT)?.execute([number])?;
                change.prepare_cached(OUTDATE_TEXT)?.execute([number])?;
            }
            // The frame of the bytes refers to the content: neither stays without the other.
            let bodies = change.prepare_cached(REMOVE_BODY)?.execute([number])?;
            let raws = change.prepare_cached(raw::REMOVE)?.execute([number])?;
            erased.contents += u64::from(bodies + raws > 0);
        }
    }
    marks.write(&change)?;
    change.commit()?;
    Ok(erased)
}

/// What decides about a stored row.
struct Stored {
    exchange_id: ExchangeId,
    tenant: TenantId,
    started_at: Timestamp,
    trace_id: TraceId,
    span_id: SpanId,
    session_id: Option<String>,
    user_id: Option<String>,
}

impl Stored {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut from = Columns::of(row);
        Ok(Self {
            exchange_id: ExchangeId::from_bytes(from.take()?),
            tenant: from.word()?,
            started_at: Timestamp::from_unix_us(from.take()?),
            trace_id: from.id(TraceId::new)?,
            span_id: from.id(SpanId::new)?,
            session_id: from.take()?,
            user_id: from.take()?,
        })
    }

    fn traits(&self) -> Traits<'_> {
        Traits {
            tenant: &self.tenant,
            started_at: self.started_at,
            trace_id: self.trace_id,
            span_id: self.span_id,
            session_id: self.session_id.as_deref(),
            user_id: self.user_id.as_deref(),
        }
    }
}
