//! Erasures in SQLite: what was asked for, and the receipts.

use llmtrace_model::{Erased, Erasure, ErasureId, Subject, TenantScope, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::row::Columns;
use crate::{CarriedOut, meta::MAX_ERASURES};

/// The columns of an erasure, in the order of [`read`].
macro_rules! erasure {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant_id, subject, requested_at, done_at, due_at, repeat_until, spans, contents \
             FROM erasures ",
            $rest
        )
    };
}

const ALL: &str = erasure!("INDEXED BY erasures_time ORDER BY requested_at DESC, id LIMIT ?");
const OF_TENANT: &str =
    erasure!("INDEXED BY erasures_tenant WHERE tenant_id = ?2 ORDER BY requested_at DESC, id LIMIT ?1");
const ONE: &str = erasure!("WHERE id = ?1 AND (?2 IS NULL OR tenant_id = ?2)");
const OPEN: &str =
    erasure!("INDEXED BY erasures_open WHERE done_at IS NULL AND due_at <= ?2 ORDER BY due_at, id LIMIT ?1");
const REPEATED: &str =
    erasure!("INDEXED BY erasures_repeated WHERE done_at IS NOT NULL AND due_at <= ?2 ORDER BY due_at, id LIMIT ?1");
const ADD: &str = "INSERT INTO erasures \
    (id, tenant_id, subject, requested_at, done_at, due_at, repeat_until, spans, contents) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO NOTHING";
const MOVE: &str = "UPDATE erasures SET due_at = ?3 WHERE id = ?1 AND due_at = ?2";
/// Adds in one statement: two may note at once.
const NOTE: &str = "UPDATE erasures SET done_at = coalesce(done_at, ?2), due_at = ?3, spans = spans + ?4, \
    contents = contents + ?5 WHERE id = ?1";

/// Adds an erasure; says whether there was none of its id.
pub(super) fn add(connection: &Connection, erasure: &Erasure) -> rusqlite::Result<bool> {
    let subject = serde_json::to_string(&erasure.subject);
    let subject = subject.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let changed = connection.prepare_cached(ADD)?.execute(params![
        erasure.id.as_bytes(),
        erasure.tenant_id.as_ref().map(|tenant| tenant.as_str()),
        subject,
        erasure.requested_at.unix_us(),
        erasure.done_at.map(Timestamp::unix_us),
        erasure.due_at.map(Timestamp::unix_us),
        erasure.repeat_until.unix_us(),
        erasure.erased.spans.cast_signed(),
        erasure.erased.contents.cast_signed(),
    ])?;
    Ok(changed == 1)
}

/// Moves when one is due; says whether it was due at `from`.
pub(super) fn shift(connection: &Connection, id: ErasureId, from: Timestamp, to: Timestamp) -> rusqlite::Result<bool> {
    let moved = connection.prepare_cached(MOVE)?.execute(params![id.as_bytes(), from.unix_us(), to.unix_us()])?;
    Ok(moved == 1)
}

/// Notes that one was carried out.
pub(super) fn note(connection: &Connection, id: ErasureId, carried_out: &CarriedOut) -> rusqlite::Result<()> {
    let CarriedOut { at, removed, due_at } = carried_out;
    let due_at = due_at.map(Timestamp::unix_us);
    let removed = (removed.spans.cast_signed(), removed.contents.cast_signed());
    let noted = params![id.as_bytes(), at.unix_us(), due_at, removed.0, removed.1];
    connection.prepare_cached(NOTE)?.execute(noted).map(drop)
}

/// The erasures of a scope, those asked for last first.
pub(super) fn list(connection: &Connection, scope: &TenantScope) -> rusqlite::Result<Vec<Erasure>> {
    let most = MAX_ERASURES.cast_signed();
    match scope {
        TenantScope::All => connection.prepare_cached(ALL)?.query_map([most], read)?.collect(),
        TenantScope::One(tenant) => {
            connection.prepare_cached(OF_TENANT)?.query_map((most, tenant.as_str()), read)?.collect()
        }
    }
}

/// One erasure of a scope.
pub(super) fn one(connection: &Connection, scope: &TenantScope, id: ErasureId) -> rusqlite::Result<Option<Erasure>> {
    let tenant = match scope {
        TenantScope::One(tenant) => Some(tenant.as_str()),
        TenantScope::All => None,
    };
    connection.prepare_cached(ONE)?.query_row((id.as_bytes(), tenant), read).optional()
}

/// Those that are due at `now`: those that are not done, and behind them those that are repeated.
pub(super) fn due(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<Erasure>> {
    let most = MAX_ERASURES.cast_signed();
    let mut due =
        connection.prepare_cached(OPEN)?.query_map((most, now.unix_us()), read)?.collect::<Result<Vec<_>, _>>()?;
    let room = most - due.len().cast_signed();
    for erasure in connection.prepare_cached(REPEATED)?.query_map((room, now.unix_us()), read)? {
        due.push(erasure?);
    }
    Ok(due)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Erasure> {
    let mut from = Columns::of(row);
    Ok(Erasure {
        id: ErasureId::from_bytes(from.take()?),
        tenant_id: from.optional_word()?,
        subject: from.json::<Option<Subject>>()?.ok_or_else(|| from.damaged(2, "no subject"))?,
        requested_at: Timestamp::from_unix_us(from.take()?),
        done_at: from.take::<Option<i64>>()?.map(Timestamp::from_unix_us),
        due_at: from.take::<Option<i64>>()?.map(Timestamp::from_unix_us),
        repeat_until: Timestamp::from_unix_us(from.take()?),
        erased: Erased { spans: from.number()?, contents: from.number()? },
    })
}
