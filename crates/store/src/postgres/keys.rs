//! API keys in PostgreSQL. They are few: [`MAX_KEYS`] bounds every query here.
//!
//! Whoever writes a key, or a person, holds one lock until the end of the transaction: the numbers of changes become visible in their order,
//! and of two that change several keys neither waits for the other half way.

use llmtrace_model::{ApiKey, Grant, KeyHash, KeyId, TenantId, TenantScope, Timestamp};
use sqlx::{Connection, PgConnection, Result, Row, postgres::PgRow};

use super::row;
use crate::{
    AccessChanges, Replacing, Written,
    access::{MAX_CHANGES, MAX_KEYS},
};

/// The columns of a key, in the order of [`read`], and behind them the number of its last change.
macro_rules! key {
    ($rest:literal) => {
        concat!(
            "SELECT id, version, tenant_id, role, name, prefix, hash, created_at, expires_at, revoked_at, last_used_at, \
             changed FROM llmtrace.api_keys ",
            $rest
        )
    };
}

/// Where the number stands.
const NUMBER: usize = 11;

const ALL: &str = key!("ORDER BY created_at DESC, id LIMIT $1");
const OF_TENANT: &str = key!("WHERE tenant_id = $2 ORDER BY created_at DESC, id LIMIT $1");
/// The tenant is NULL where the scope is everybody's.
const ONE: &str = key!("WHERE id = $1 AND ($2::text IS NULL OR tenant_id = $2)");
const OF_HASH: &str = key!("WHERE hash = $1");
const CHANGED: &str = key!("WHERE changed > $2 ORDER BY changed LIMIT $1");
const LOCK: &str = "SELECT pg_advisory_xact_lock(1280068948, 3)";
/// Asked once the lock is held: a statement sees what was there when it began.
const LAST: &str = "SELECT last FROM llmtrace.access_changes WHERE id = 1";
const ADVANCE: &str = "UPDATE llmtrace.access_changes SET last = last + $1 WHERE id = 1";
const ROOM: &str = "SELECT EXISTS (SELECT FROM llmtrace.api_keys WHERE id = $1) \
    OR EXISTS (SELECT FROM llmtrace.api_keys WHERE hash = $2), (SELECT count(*) FROM llmtrace.api_keys)";
const ADD: &str = "INSERT INTO llmtrace.api_keys (id, version, tenant_id, role, name, prefix, hash, created_at, \
    expires_at, revoked_at, last_used_at, changed) VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const REPLACE: &str = "UPDATE llmtrace.api_keys SET version = version + 1, name = $4, expires_at = $5, \
    revoked_at = coalesce(revoked_at, $6), changed = $7 \
    WHERE id = $1 AND version = $2 AND ($3::text IS NULL OR tenant_id = $3)";
const TOUCH: &str = "UPDATE llmtrace.api_keys AS kept SET last_used_at = used.at \
    FROM (SELECT id, max(at) AS at FROM unnest($1::bytea[], $2::bigint[]) AS used (id, at) GROUP BY id) AS used \
    WHERE kept.id = used.id AND (kept.last_used_at IS NULL OR kept.last_used_at < used.at)";
/// Each row gets a number of its own, so that what has changed can be told in pieces.
const REVOKE: &str = "UPDATE llmtrace.api_keys AS kept \
    SET version = kept.version + 1, revoked_at = $2, changed = $3 + open.place \
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM llmtrace.api_keys \
    WHERE tenant_id = $1 AND revoked_at IS NULL) AS open WHERE kept.id = open.id";

/// The keys of a scope, the ones made last first.
pub(super) async fn list(connection: &mut PgConnection, scope: &TenantScope) -> Result<Vec<ApiKey>> {
    let most = row::limit(MAX_KEYS);
    let question = match scope {
        TenantScope::All => sqlx::query(ALL).bind(most),
        TenantScope::One(tenant) => sqlx::query(OF_TENANT).bind(most).bind(tenant.as_str()),
    };
    question.fetch_all(connection).await?.iter().map(read).collect()
}

/// One key of a scope.
pub(super) async fn one(connection: &mut PgConnection, scope: &TenantScope, id: KeyId) -> Result<Option<ApiKey>> {
    let question = sqlx::query(ONE).bind(&id.as_bytes()[..]).bind(row::tenant(scope));
    question.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// The key of a hash.
pub(super) async fn of_hash(connection: &mut PgConnection, hash: &KeyHash) -> Result<Option<ApiKey>> {
    let question = sqlx::query(OF_HASH).bind(&hash.as_bytes()[..]);
    question.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// Adds a key, or changes one of its versions.
pub(super) async fn put(
    connection: &mut PgConnection,
    scope: &TenantScope,
    key: &ApiKey,
    replacing: Replacing,
) -> Result<Written> {
    let mut change = connection.begin().await?;
    let number = last(&mut change).await? + 1;
    let written = match replacing {
        Replacing::Nothing => add(&mut change, key, number).await?,
        Replacing::Version(version) => replace(&mut change, scope, key, version, number).await?,
    };
    if written == Written::Done {
        advance(&mut change, 1).await?;
    }
    change.commit().await?;
    Ok(written)
}

/// Notes when keys were used last.
pub(super) async fn touch(connection: &mut PgConnection, used: &[(KeyId, Timestamp)]) -> Result<()> {
    if used.is_empty() {
        return Ok(());
    }
    let (ids, times): (Vec<&[u8]>, Vec<i64>) = used.iter().map(|(id, at)| (&id.as_bytes()[..], at.unix_us())).unzip();
    let mut change = connection.begin().await?;
    lock(&mut change).await?;
    sqlx::query(TOUCH).bind(ids).bind(times).execute(&mut *change).await?;
    change.commit().await
}

/// What has changed after `since`.
pub(super) async fn changed(connection: &mut PgConnection, since: u64) -> Result<AccessChanges> {
    let behind = i64::try_from(since).unwrap_or(i64::MAX);
    let rows = sqlx::query(CHANGED).bind(row::limit(MAX_CHANGES)).bind(behind).fetch_all(connection).await?;
    let seen = rows.last().map_or(Ok(since), |last| row::count(last, NUMBER))?;
    Ok(AccessChanges { seen, keys: rows.iter().map(read).collect::<Result<_>>()? })
}

/// Revokes the keys of a tenant inside a transaction; says how many were not yet.
pub(super) async fn revoke_all(change: &mut PgConnection, tenant: &TenantId, at: Timestamp) -> Result<u64> {
    let last = last(&mut *change).await?;
    let revoke = sqlx::query(REVOKE).bind(tenant.as_str()).bind(at.unix_us()).bind(last);
    let rows = revoke.execute(&mut *change).await?.rows_affected();
    advance(change, rows.cast_signed()).await?;
    Ok(rows)
}

/// Waits for whoever writes keys, or what is told beside them, until the end of the transaction.
pub(super) async fn lock(change: &mut PgConnection) -> Result<()> {
    sqlx::query(LOCK).execute(change).await.map(drop)
}

/// Waits likewise, and reads the number of the last change.
pub(super) async fn last(change: &mut PgConnection) -> Result<i64> {
    lock(&mut *change).await?;
    sqlx::query(LAST).fetch_one(change).await?.try_get(0)
}

/// Notes that there were so many changes more.
pub(super) async fn advance(change: &mut PgConnection, changes: i64) -> Result<()> {
    sqlx::query(ADVANCE).bind(changes).execute(change).await.map(drop)
}

async fn add(change: &mut PgConnection, key: &ApiKey, number: i64) -> Result<Written> {
    let (id, hash) = (&key.id.as_bytes()[..], &key.hash.as_bytes()[..]);
    let room = sqlx::query(ROOM).bind(id).bind(hash).fetch_one(&mut *change).await?;
    if room.try_get(0)? {
        return Ok(Written::Changed);
    }
    if room.try_get::<i64, _>(1)? >= row::limit(MAX_KEYS) {
        return Ok(Written::Full);
    }
    let (tenant, role) = match &key.grant {
        Grant::Tenant(tenant, role) => (Some(tenant.as_str()), Some(role.as_str())),
        Grant::Platform => (None, None),
    };
    sqlx::query(ADD)
        .bind(id)
        .bind(tenant)
        .bind(role)
        .bind(key.name.as_bytes())
        .bind(&key.prefix)
        .bind(hash)
        .bind(key.created_at.unix_us())
        .bind(key.expires_at.map(Timestamp::unix_us))
        .bind(key.revoked_at.map(Timestamp::unix_us))
        .bind(key.last_used_at.map(Timestamp::unix_us))
        .bind(number)
        .execute(change)
        .await?;
    Ok(Written::Done)
}

async fn replace(
    change: &mut PgConnection,
    scope: &TenantScope,
    key: &ApiKey,
    version: u32,
    number: i64,
) -> Result<Written> {
    let rows = sqlx::query(REPLACE)
        .bind(&key.id.as_bytes()[..])
        .bind(i64::from(version))
        .bind(row::tenant(scope))
        .bind(key.name.as_bytes())
        .bind(key.expires_at.map(Timestamp::unix_us))
        .bind(key.revoked_at.map(Timestamp::unix_us))
        .bind(number)
        .execute(&mut *change)
        .await?
        .rows_affected();
    if rows > 0 {
        return Ok(Written::Done);
    }
    // No row fitted: it is not there, or of another version.
    Ok(if one(change, scope, key.id).await?.is_some() { Written::Changed } else { Written::Absent })
}

fn read(row: &PgRow) -> Result<ApiKey> {
    Ok(ApiKey {
        id: KeyId::from_bytes(row::id(row, 0)?),
        version: row::version(row, 1)?,
        grant: match (row::optional_word(row, 2)?, row::optional_word(row, 3)?) {
            (Some(tenant), Some(role)) => Grant::Tenant(tenant, role),
            (None, None) => Grant::Platform,
            (Some(_), None) | (None, Some(_)) => return Err(row::damaged(row, 3, "a tenant and a role go together")),
        },
        name: row::text(row, 4)?,
        prefix: row.try_get(5)?,
        hash: KeyHash::from_bytes(row::id(row, 6)?),
        created_at: row::time(row, 7)?,
        expires_at: row::optional_time(row, 8)?,
        revoked_at: row::optional_time(row, 9)?,
        last_used_at: row::optional_time(row, 10)?,
    })
}
