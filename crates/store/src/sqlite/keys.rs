//! API keys in SQLite. They are few: [`MAX_KEYS`] bounds every query here.
//!
//! Whoever changes one holds the immediate transaction, of which there is one at a time, until its number is there to be read:
//! numbers become visible in their order.

use llmtrace_model::{ApiKey, Grant, KeyHash, KeyId, TenantId, TenantScope, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::row::Columns;
use crate::{
    AccessChanges, Replacing, Written,
    access::{MAX_CHANGES, MAX_KEYS},
};

/// The columns of a key, in the order of [`read`], and behind them the number of its last change.
macro_rules! key {
    ($rest:literal) => {
        concat!(
            "SELECT id, version, tenant_id, role, name, prefix, hash, created_at, expires_at, revoked_at, last_used_at, \
             changed FROM api_keys ",
            $rest
        )
    };
}

/// How many columns [`read`] takes.
const WIDTH: usize = 11;

const ALL: &str = key!("INDEXED BY api_keys_time ORDER BY created_at DESC, id LIMIT ?");
const OF_TENANT: &str = key!("INDEXED BY api_keys_tenant WHERE tenant_id = ?2 ORDER BY created_at DESC, id LIMIT ?1");
/// By the primary key, as are the statements that change one; the tenant is NULL where the scope is everybody's.
const ONE: &str = key!("WHERE id = ?1 AND (?2 IS NULL OR tenant_id = ?2)");
const OF_HASH: &str = key!("INDEXED BY api_keys_hash WHERE hash = ?");
const CHANGED: &str = key!("INDEXED BY api_keys_changed WHERE changed > ?2 ORDER BY changed LIMIT ?1");
const IS_THERE: &str = "SELECT EXISTS (SELECT 1 FROM api_keys WHERE id = ?1) \
    OR EXISTS (SELECT 1 FROM api_keys INDEXED BY api_keys_hash WHERE hash = ?2)";
const IS_FULL: &str = "SELECT count(*) >= ? FROM api_keys INDEXED BY api_keys_changed";
const ADD: &str = "INSERT INTO api_keys (id, version, tenant_id, role, name, prefix, hash, created_at, expires_at, \
    revoked_at, last_used_at, changed) VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const REPLACE: &str = "UPDATE api_keys SET version = version + 1, name = ?4, expires_at = ?5, \
    revoked_at = coalesce(revoked_at, ?6), changed = ?7 \
    WHERE id = ?1 AND version = ?2 AND (?3 IS NULL OR tenant_id = ?3)";
const TOUCH: &str =
    "UPDATE api_keys SET last_used_at = ?2 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)";
/// Each row gets a number of its own, so that what has changed can be told in pieces.
const REVOKE: &str = "UPDATE api_keys SET version = version + 1, revoked_at = ?2, changed = ?3 + open.place \
    FROM (SELECT id AS key_id, row_number() OVER (ORDER BY id) AS place \
    FROM api_keys INDEXED BY api_keys_tenant WHERE tenant_id = ?1 AND revoked_at IS NULL) AS open WHERE id = open.key_id";
const LAST: &str = "SELECT last FROM access_changes WHERE id = 1";
const ADVANCE: &str = "UPDATE access_changes SET last = last + ? WHERE id = 1";

/// The keys of a scope, the ones made last first.
pub(super) fn list(connection: &Connection, scope: &TenantScope) -> rusqlite::Result<Vec<ApiKey>> {
    let most = MAX_KEYS.cast_signed();
    match tenant(scope) {
        None => connection.prepare_cached(ALL)?.query_map([most], read)?.collect(),
        Some(tenant) => connection.prepare_cached(OF_TENANT)?.query_map((most, tenant), read)?.collect(),
    }
}

/// One key of a scope.
pub(super) fn one(connection: &Connection, scope: &TenantScope, id: KeyId) -> rusqlite::Result<Option<ApiKey>> {
    connection.prepare_cached(ONE)?.query_row((id.as_bytes(), tenant(scope)), read).optional()
}

/// The key of a hash.
pub(super) fn of_hash(connection: &Connection, hash: &KeyHash) -> rusqlite::Result<Option<ApiKey>> {
    connection.prepare_cached(OF_HASH)?.query_row([hash.as_bytes()], read).optional()
}

/// Adds a key, or changes one of its versions.
pub(super) fn put(
    connection: &mut Connection,
    scope: &TenantScope,
    key: &ApiKey,
    replacing: Replacing,
) -> rusqlite::Result<Written> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = last(&change)? + 1;
    let written = match replacing {
        Replacing::Nothing => add(&change, key, number)?,
        Replacing::Version(version) => replace(&change, scope, key, version, number)?,
    };
    if written == Written::Done {
        advance(&change, 1)?;
    }
    change.commit()?;
    Ok(written)
}

/// Notes when keys were used last.
pub(super) fn touch(connection: &mut Connection, used: &[(KeyId, Timestamp)]) -> rusqlite::Result<()> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (id, at) in used {
        change.prepare_cached(TOUCH)?.execute((id.as_bytes(), at.unix_us()))?;
    }
    change.commit()
}

/// What has changed after `since`.
pub(super) fn changed(connection: &Connection, since: u64) -> rusqlite::Result<AccessChanges> {
    let mut told = AccessChanges { seen: since, keys: Vec::new() };
    let since = i64::try_from(since).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(CHANGED)?;
    let mut rows = statement.query((MAX_CHANGES.cast_signed(), since))?;
    while let Some(row) = rows.next()? {
        told.keys.push(read(row)?);
        told.seen = Columns::after(row, WIDTH).number()?;
    }
    Ok(told)
}

/// Revokes the keys of a tenant inside a transaction that writes; says how many were not yet.
pub(super) fn revoke_all(change: &Connection, tenant: &TenantId, at: Timestamp) -> rusqlite::Result<usize> {
    let last = last(change)?;
    let rows = change.prepare_cached(REVOKE)?.execute((tenant.as_str(), at.unix_us(), last))?;
    advance(change, rows)?;
    Ok(rows)
}

/// The number of the last change, inside a transaction that writes.
pub(super) fn last(change: &Connection) -> rusqlite::Result<i64> {
    change.prepare_cached(LAST)?.query_row([], |row| row.get(0))
}

/// Notes that there were so many changes more.
pub(super) fn advance(change: &Connection, changes: usize) -> rusqlite::Result<()> {
    change.prepare_cached(ADVANCE)?.execute([changes.cast_signed()]).map(drop)
}

fn add(change: &Connection, key: &ApiKey, number: i64) -> rusqlite::Result<Written> {
    let says = |row: &Row<'_>| row.get::<_, bool>(0);
    if change.prepare_cached(IS_THERE)?.query_row((key.id.as_bytes(), key.hash.as_bytes()), says)? {
        return Ok(Written::Changed);
    }
    if change.prepare_cached(IS_FULL)?.query_row([MAX_KEYS.cast_signed()], says)? {
        return Ok(Written::Full);
    }
    let (tenant, role) = match &key.grant {
        Grant::Tenant(tenant, role) => (Some(tenant.as_str()), Some(role.as_str())),
        Grant::Platform => (None, None),
    };
    change.prepare_cached(ADD)?.execute(params![
        key.id.as_bytes(),
        tenant,
        role,
        key.name,
        key.prefix,
        key.hash.as_bytes(),
        key.created_at.unix_us(),
        key.expires_at.map(Timestamp::unix_us),
        key.revoked_at.map(Timestamp::unix_us),
        key.last_used_at.map(Timestamp::unix_us),
        number,
    ])?;
    Ok(Written::Done)
}

fn replace(
    change: &Connection,
    scope: &TenantScope,
    key: &ApiKey,
    version: u32,
    number: i64,
) -> rusqlite::Result<Written> {
    let rows = change.prepare_cached(REPLACE)?.execute(params![
        key.id.as_bytes(),
        version,
        tenant(scope),
        key.name,
        key.expires_at.map(Timestamp::unix_us),
        key.revoked_at.map(Timestamp::unix_us),
        number,
    ])?;
    if rows > 0 {
        return Ok(Written::Done);
    }
    // No row fitted: it is not there, or of another version.
    Ok(if one(change, scope, key.id)?.is_some() { Written::Changed } else { Written::Absent })
}

fn tenant(scope: &TenantScope) -> Option<&str> {
    match scope {
        TenantScope::One(tenant) => Some(tenant.as_str()),
        TenantScope::All => None,
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    let mut from = Columns::of(row);
    let time = |us: Option<i64>| us.map(Timestamp::from_unix_us);
    Ok(ApiKey {
        id: KeyId::from_bytes(from.take()?),
        version: from.take()?,
        grant: match (from.optional_word()?, from.optional_word()?) {
            (Some(tenant), Some(role)) => Grant::Tenant(tenant, role),
            (None, None) => Grant::Platform,
            (Some(_), None) | (None, Some(_)) => return Err(from.damaged(3, "a tenant and a role go together")),
        },
        name: from.take()?,
        prefix: from.take()?,
        hash: KeyHash::from_bytes(from.take()?),
        created_at: Timestamp::from_unix_us(from.take()?),
        expires_at: time(from.take()?),
        revoked_at: time(from.take()?),
        last_used_at: time(from.take()?),
    })
}
