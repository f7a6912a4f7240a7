//! Erasures in PostgreSQL: what was asked for, and the receipts.

use llmtrace_model::{Erased, Erasure, ErasureId, TenantScope, Timestamp};
use sqlx::{PgConnection, Result, postgres::PgRow};

use super::row;
use crate::{CarriedOut, meta::MAX_ERASURES};

/// The columns of an erasure, in the order of [`read`].
macro_rules! erasure {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant_id, subject, requested_at, done_at, due_at, repeat_until, spans, contents \
             FROM llmtrace.erasures ",
            $rest
        )
    };
}

const ALL: &str = erasure!("ORDER BY requested_at DESC, id LIMIT $1");
const OF_TENANT: &str = erasure!("WHERE tenant_id = $2 ORDER BY requested_at DESC, id LIMIT $1");
const ONE: &str = erasure!("WHERE id = $1 AND ($2::text IS NULL OR tenant_id = $2)");
const OPEN: &str = erasure!("WHERE done_at IS NULL AND due_at <= $2 ORDER BY due_at, id LIMIT $1");
const REPEATED: &str = erasure!("WHERE done_at IS NOT NULL AND due_at <= $2 ORDER BY due_at, id LIMIT $1");
const ADD: &str = "INSERT INTO llmtrace.erasures \
    (id, tenant_id, subject, requested_at, done_at, due_at, repeat_until, spans, contents) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING";
const MOVE: &str = "UPDATE llmtrace.erasures SET due_at = $3 WHERE id = $1 AND due_at = $2";
/// Adds in one statement: two may note at once.
const NOTE: &str = "UPDATE llmtrace.erasures SET done_at = coalesce(done_at, $2), due_at = $3, spans = spans + $4, \
    contents = contents + $5 WHERE id = $1";

/// Adds an erasure; says whether there was none of its id.
pub(super) async fn add(connection: &mut PgConnection, erasure: &Erasure) -> Result<bool> {
    let subject = serde_json::to_string(&erasure.subject).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let added = sqlx::query(ADD)
        .bind(&erasure.id.as_bytes()[..])
        .bind(erasure.tenant_id.as_ref().map(|tenant| tenant.as_str()))
        .bind(subject)
        .bind(erasure.requested_at.unix_us())
        .bind(erasure.done_at.map(Timestamp::unix_us))
        .bind(erasure.due_at.map(Timestamp::unix_us))
        .bind(erasure.repeat_until.unix_us())
        .bind(erasure.erased.spans.cast_signed())
        .bind(erasure.erased.contents.cast_signed())
        .execute(connection)
        .await?;
    Ok(added.rows_affected() == 1)
}

/// Moves when one is due; says whether it was due at `from`.
pub(super) async fn shift(
    connection: &mut PgConnection,
    id: ErasureId,
    from: Timestamp,
    to: Timestamp,
) -> Result<bool> {
    let moved = sqlx::query(MOVE).bind(&id.as_bytes()[..]).bind(from.unix_us()).bind(to.unix_us());
    Ok(moved.execute(connection).await?.rows_affected() == 1)
}

/// Notes that one was carried out.
pub(super) async fn note(connection: &mut PgConnection, id: ErasureId, carried_out: &CarriedOut) -> Result<()> {
    let CarriedOut { at, removed, due_at } = carried_out;
    sqlx::query(NOTE)
        .bind(&id.as_bytes()[..])
        .bind(at.unix_us())
        .bind(due_at.map(Timestamp::unix_us))
        .bind(removed.spans.cast_signed())
        .bind(removed.contents.cast_signed())
        .execute(connection)
        .await
        .map(drop)
}

/// The erasures of a scope, those asked for last first.
pub(super) async fn list(connection: &mut PgConnection, scope: &TenantScope) -> Result<Vec<Erasure>> {
    let most = row::limit(MAX_ERASURES);
    let question = match scope {
        TenantScope::All => sqlx::query(ALL).bind(most),
        TenantScope::One(tenant) => sqlx::query(OF_TENANT).bind(most).bind(tenant.as_str()),
    };
    question.fetch_all(connection).await?.iter().map(read).collect()
}

/// One erasure of a scope.
pub(super) async fn one(connection: &mut PgConnection, scope: &TenantScope, id: ErasureId) -> Result<Option<Erasure>> {
    let question = sqlx::query(ONE).bind(&id.as_bytes()[..]).bind(row::tenant(scope));
    question.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// Those that are due at `now`: those that are not done, and behind them those that are repeated.
pub(super) async fn due(connection: &mut PgConnection, now: Timestamp) -> Result<Vec<Erasure>> {
    let most = row::limit(MAX_ERASURES);
    let mut rows = sqlx::query(OPEN).bind(most).bind(now.unix_us()).fetch_all(&mut *connection).await?;
    let room = most - row::limit(rows.len());
    rows.extend(sqlx::query(REPEATED).bind(room).bind(now.unix_us()).fetch_all(connection).await?);
    let mut due = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    // One that was done between the two questions is in both answers.
    let mut seen = std::collections::BTreeSet::new();
    due.retain(|erasure| seen.insert(erasure.id));
    Ok(due)
}

fn read(row: &PgRow) -> Result<Erasure> {
    Ok(Erasure {
        id: ErasureId::from_bytes(row::id(row, 0)?),
        tenant_id: row::optional_word(row, 1)?,
        subject: row::json(row, 2)?,
        requested_at: row::time(row, 3)?,
        done_at: row::optional_time(row, 4)?,
        due_at: row::optional_time(row, 5)?,
        repeat_until: row::time(row, 6)?,
        erased: Erased { spans: row::count(row, 7)?, contents: row::count(row, 8)? },
    })
}
