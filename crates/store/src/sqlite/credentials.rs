//! Credentials of providers in SQLite, sealed. They are few: [`MAX_CREDENTIALS`] bounds every query here.
//!
//! Changes are numbered as those of keys are, and with them: see `keys`.

use llmtrace_model::{CredentialId, MasterKeyId, ProviderCredential, Sealed, TenantId, TenantScope, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{keys, row::Columns};
use crate::{CredentialChange, CredentialChanges, MAX_CHANGES, MAX_CREDENTIALS, Replacing, Written};

/// The columns in the order of [`read`], and behind them the number of the last change.
macro_rules! credential {
    ($rest:literal) => {
        concat!(
            "SELECT tenant_id, upstream, id, version, sealed, sealed_with, hint, created_at, updated_at, changed \
             FROM provider_credentials ",
            $rest
        )
    };
}

/// How many columns [`read`] takes.
const WIDTH: usize = 9;

/// All by the primary key, as are the statements that change one.
pub(super) const ALL: &str = credential!("WHERE sealed IS NOT NULL ORDER BY tenant_id, upstream LIMIT ?");
pub(super) const OF_TENANT: &str =
    credential!("WHERE sealed IS NOT NULL AND tenant_id = ?2 ORDER BY upstream LIMIT ?1");
pub(super) const ONE: &str = credential!("WHERE tenant_id = ? AND upstream = ? AND sealed IS NOT NULL");
pub(super) const CHANGED: &str =
    credential!("INDEXED BY provider_credentials_changed WHERE changed > ?2 ORDER BY changed LIMIT ?1");
const IS_THERE: &str =
    "SELECT EXISTS (SELECT 1 FROM provider_credentials INDEXED BY provider_credentials_id WHERE id = ?)";
const IS_FULL: &str = "SELECT (SELECT count(*) FROM provider_credentials INDEXED BY provider_credentials_changed) \
    - (SELECT count(*) FROM provider_credentials INDEXED BY provider_credentials_deleted WHERE sealed IS NULL) >= ?";
/// What is there already was deleted.
const ADD: &str = "INSERT INTO provider_credentials \
    (tenant_id, upstream, id, version, sealed, sealed_with, hint, created_at, updated_at, changed) \
    VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (tenant_id, upstream) DO UPDATE SET id = excluded.id, \
    version = version + 1, sealed = excluded.sealed, sealed_with = excluded.sealed_with, hint = excluded.hint, \
    created_at = excluded.created_at, updated_at = excluded.updated_at, changed = excluded.changed";
const REPLACE: &str = "UPDATE provider_credentials SET version = version + 1, sealed = ?5, sealed_with = ?6, hint = ?7, \
    updated_at = ?8, changed = ?9 WHERE tenant_id = ?1 AND upstream = ?2 AND id = ?3 AND version = ?4";
const DELETE: &str = "UPDATE provider_credentials \
    SET id = NULL, sealed = NULL, sealed_with = NULL, hint = NULL, changed = ?4 \
    WHERE tenant_id = ?1 AND upstream = ?2 AND version = ?3 AND sealed IS NOT NULL";
/// Each row gets a number of its own, so that what has changed can be told in pieces.
const DELETE_ALL: &str = "UPDATE provider_credentials \
    SET id = NULL, sealed = NULL, sealed_with = NULL, hint = NULL, changed = ?2 + own.place \
    FROM (SELECT upstream AS name, row_number() OVER (ORDER BY upstream) AS place \
    FROM provider_credentials WHERE tenant_id = ?1 AND sealed IS NOT NULL) AS own \
    WHERE tenant_id = ?1 AND upstream = own.name";
/// The oldest of those deleted, where they are too many.
const FORGET: &str = "DELETE FROM provider_credentials INDEXED BY provider_credentials_deleted WHERE sealed IS NULL \
    AND changed <= (SELECT changed FROM provider_credentials INDEXED BY provider_credentials_deleted \
    WHERE sealed IS NULL ORDER BY changed DESC LIMIT 1 OFFSET ?)";

/// The credentials of a scope, by tenant and then by upstream.
pub(super) fn list(connection: &Connection, scope: &TenantScope) -> rusqlite::Result<Vec<ProviderCredential>> {
    let most = MAX_CREDENTIALS.cast_signed();
    let found: rusqlite::Result<Vec<_>> = match scope {
        TenantScope::All => connection.prepare_cached(ALL)?.query_map([most], read)?.collect(),
        TenantScope::One(tenant) => {
            connection.prepare_cached(OF_TENANT)?.query_map((most, tenant.as_str()), read)?.collect()
        }
    };
    Ok(found?.into_iter().filter_map(|change| change.credential).collect())
}

/// The credential of a tenant for an upstream.
pub(super) fn one(
    connection: &Connection,
    tenant: &TenantId,
    upstream: &str,
) -> rusqlite::Result<Option<ProviderCredential>> {
    let found = connection.prepare_cached(ONE)?.query_row((tenant.as_str(), upstream), read).optional()?;
    Ok(found.and_then(|change| change.credential))
}

/// Adds a credential, or changes one of its versions.
pub(super) fn put(
    connection: &mut Connection,
    credential: &ProviderCredential,
    replacing: Replacing,
) -> rusqlite::Result<Written> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = keys::last(&change)? + 1;
    let written = match replacing {
        Replacing::Nothing => add(&change, credential, number)?,
        Replacing::Version(version) => replace(&change, credential, version, number)?,
    };
    if written == Written::Done {
        keys::advance(&change, 1)?;
    }
    change.commit()?;
    Ok(written)
}

/// Deletes one version of a credential.
pub(super) fn delete(
    connection: &mut Connection,
    tenant: &TenantId,
    upstream: &str,
    version: u32,
) -> rusqlite::Result<Written> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = keys::last(&change)? + 1;
    let rows = change.prepare_cached(DELETE)?.execute((tenant.as_str(), upstream, version, number))?;
    let written = if rows > 0 { Written::Done } else { why_not(&change, tenant, upstream)? };
    keys::advance(&change, rows)?;
    change.prepare_cached(FORGET)?.execute([MAX_CREDENTIALS.cast_signed()])?;
    change.commit()?;
    Ok(written)
}

/// What has changed after `since`.
pub(super) fn changed(connection: &Connection, since: u64) -> rusqlite::Result<CredentialChanges> {
    let mut told = CredentialChanges { seen: since, credentials: Vec::new() };
    let since = i64::try_from(since).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(CHANGED)?;
    let mut rows = statement.query((MAX_CHANGES.cast_signed(), since))?;
    while let Some(row) = rows.next()? {
        told.credentials.push(read(row)?);
        told.seen = Columns::after(row, WIDTH).number()?;
    }
    Ok(told)
}

/// Deletes the credentials of a tenant inside a transaction that writes; says how many there were.
pub(super) fn forget(change: &Connection, tenant: &TenantId) -> rusqlite::Result<usize> {
    let last = keys::last(change)?;
    let rows = change.prepare_cached(DELETE_ALL)?.execute((tenant.as_str(), last))?;
    keys::advance(change, rows)?;
    change.prepare_cached(FORGET)?.execute([MAX_CREDENTIALS.cast_signed()])?;
    Ok(rows)
}

fn add(change: &Connection, credential: &ProviderCredential, number: i64) -> rusqlite::Result<Written> {
    let says = |row: &Row<'_>| row.get::<_, bool>(0);
    if one(change, &credential.tenant, &credential.upstream)?.is_some()
        || change.prepare_cached(IS_THERE)?.query_row([credential.id.as_bytes()], says)?
    {
        return Ok(Written::Changed);
    }
    if change.prepare_cached(IS_FULL)?.query_row([MAX_CREDENTIALS.cast_signed()], says)? {
        return Ok(Written::Full);
    }
    change.prepare_cached(ADD)?.execute(params![
        credential.tenant.as_str(),
        credential.upstream,
        credential.id.as_bytes(),
        credential.sealed.as_bytes(),
        credential.sealed_with.as_bytes(),
        credential.hint,
        credential.created_at.unix_us(),
        credential.updated_at.unix_us(),
        number,
    ])?;
    Ok(Written::Done)
}

fn replace(
    change: &Connection,
    credential: &ProviderCredential,
    version: u32,
    number: i64,
) -> rusqlite::Result<Written> {
    let rows = change.prepare_cached(REPLACE)?.execute(params![
        credential.tenant.as_str(),
        credential.upstream,
        credential.id.as_bytes(),
        version,
        credential.sealed.as_bytes(),
        credential.sealed_with.as_bytes(),
        credential.hint,
        credential.updated_at.unix_us(),
        number,
    ])?;
    if rows > 0 { Ok(Written::Done) } else { why_not(change, &credential.tenant, &credential.upstream) }
}

/// Why no row fitted: it is not there, or another.
fn why_not(change: &Connection, tenant: &TenantId, upstream: &str) -> rusqlite::Result<Written> {
    Ok(if one(change, tenant, upstream)?.is_some() { Written::Changed } else { Written::Absent })
}

fn read(row: &Row<'_>) -> rusqlite::Result<CredentialChange> {
    let mut from = Columns::of(row);
    let (tenant, upstream): (TenantId, String) = (from.word()?, from.take()?);
    let (id, version): (Option<[u8; 16]>, u32) = (from.take()?, from.take()?);
    let (sealed, sealed_with): (Option<Vec<u8>>, Option<[u8; 8]>) = (from.take()?, from.take()?);
    let (hint, times): (Option<String>, [i64; 2]) = (from.take()?, [from.take()?, from.take()?]);
    let [created_at, updated_at] = times.map(Timestamp::from_unix_us);
    let Some(sealed) = sealed else { return Ok(CredentialChange { tenant, upstream, credential: None }) };
    let credential = ProviderCredential {
        id: CredentialId::from_bytes(id.ok_or_else(|| from.damaged(2, "a credential has an id"))?),
        version,
        tenant: tenant.clone(),
        upstream: upstream.clone(),
        sealed: Sealed::new(sealed),
        sealed_with: MasterKeyId::from_bytes(
            sealed_with.ok_or_else(|| from.damaged(5, "a credential has a master key"))?,
        ),
        hint,
        created_at,
        updated_at,
    };
    Ok(CredentialChange { tenant, upstream, credential: Some(credential) })
}
