//! Credentials of providers in PostgreSQL, sealed. They are few: [`MAX_CREDENTIALS`] bounds every query here.
//!
//! Changes are numbered as those of keys are, and with them, under the same lock: see `keys`.

use llmtrace_model::{CredentialId, MasterKeyId, ProviderCredential, Sealed, TenantId, TenantScope};
use sqlx::{Connection, PgConnection, Result, Row, postgres::PgRow};

use super::{keys, row};
use crate::{CredentialChange, CredentialChanges, MAX_CHANGES, MAX_CREDENTIALS, Replacing, Written};

/// The columns in the order of [`read`], and behind them the number of the last change.
macro_rules! credential {
    ($rest:literal) => {
        concat!(
            "SELECT tenant_id, upstream, id, version, sealed, sealed_with, hint, created_at, updated_at, changed \
             FROM llmtrace.provider_credentials ",
            $rest
        )
    };
}

/// Where the number stands.
const NUMBER: usize = 9;

const ALL: &str = credential!("WHERE sealed IS NOT NULL ORDER BY tenant_id, upstream LIMIT $1");
const OF_TENANT: &str = credential!("WHERE sealed IS NOT NULL AND tenant_id = $2 ORDER BY upstream LIMIT $1");
const ONE: &str = credential!("WHERE tenant_id = $1 AND upstream = $2 AND sealed IS NOT NULL");
const CHANGED: &str = credential!("WHERE changed > $2 ORDER BY changed LIMIT $1");
const ROOM: &str = "SELECT EXISTS (SELECT FROM llmtrace.provider_credentials WHERE id = $1), \
    (SELECT count(*) FROM llmtrace.provider_credentials WHERE sealed IS NOT NULL)";
/// What is there already was deleted.
const ADD: &str = "INSERT INTO llmtrace.provider_credentials AS kept \
    (tenant_id, upstream, id, version, sealed, sealed_with, hint, created_at, updated_at, changed) \
    VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id, upstream) DO UPDATE SET id = excluded.id, \
    version = kept.version + 1, sealed = excluded.sealed, sealed_with = excluded.sealed_with, hint = excluded.hint, \
    created_at = excluded.created_at, updated_at = excluded.updated_at, changed = excluded.changed";
const REPLACE: &str = "UPDATE llmtrace.provider_credentials \
    SET version = version + 1, sealed = $5, sealed_with = $6, hint = $7, updated_at = $8, changed = $9 \
    WHERE tenant_id = $1 AND upstream = $2 AND id = $3 AND version = $4";
const DELETE: &str = "UPDATE llmtrace.provider_credentials \
    SET id = NULL, sealed = NULL, sealed_with = NULL, hint = NULL, changed = $4 \
    WHERE tenant_id = $1 AND upstream = $2 AND version = $3 AND sealed IS NOT NULL";
/// Each row gets a number of its own, so that what has changed can be told in pieces.
const DELETE_ALL: &str = "UPDATE llmtrace.provider_credentials AS kept \
    SET id = NULL, sealed = NULL, sealed_with = NULL, hint = NULL, changed = $2 + own.place \
    FROM (SELECT upstream, row_number() OVER (ORDER BY upstream) AS place FROM llmtrace.provider_credentials \
    WHERE tenant_id = $1 AND sealed IS NOT NULL) AS own WHERE kept.tenant_id = $1 AND kept.upstream = own.upstream";
/// The oldest of those deleted, where they are too many.
const FORGET: &str = "DELETE FROM llmtrace.provider_credentials WHERE sealed IS NULL \
    AND changed <= (SELECT changed FROM llmtrace.provider_credentials WHERE sealed IS NULL \
    ORDER BY changed DESC LIMIT 1 OFFSET $1)";

/// The credentials of a scope, by tenant and then by upstream.
pub(super) async fn list(connection: &mut PgConnection, scope: &TenantScope) -> Result<Vec<ProviderCredential>> {
    let most = row::limit(MAX_CREDENTIALS);
    let question = match scope {
        TenantScope::All => sqlx::query(ALL).bind(most),
        TenantScope::One(tenant) => sqlx::query(OF_TENANT).bind(most).bind(tenant.as_str()),
    };
    let found: Vec<_> = question.fetch_all(connection).await?.iter().map(read).collect::<Result<_>>()?;
    Ok(found.into_iter().filter_map(|change| change.credential).collect())
}

/// The credential of a tenant for an upstream.
pub(super) async fn one(
    connection: &mut PgConnection,
    tenant: &TenantId,
    upstream: &str,
) -> Result<Option<ProviderCredential>> {
    let question = sqlx::query(ONE).bind(tenant.as_str()).bind(upstream.as_bytes());
    let found = question.fetch_optional(connection).await?.as_ref().map(read).transpose()?;
    Ok(found.and_then(|change| change.credential))
}

/// Adds a credential, or changes one of its versions.
pub(super) async fn put(
    connection: &mut PgConnection,
    credential: &ProviderCredential,
    replacing: Replacing,
) -> Result<Written> {
    let mut change = connection.begin().await?;
    let number = keys::last(&mut change).await? + 1;
    let written = match replacing {
        Replacing::Nothing => add(&mut change, credential, number).await?,
        Replacing::Version(version) => replace(&mut change, credential, version, number).await?,
    };
    if written == Written::Done {
        keys::advance(&mut change, 1).await?;
    }
    change.commit().await?;
    Ok(written)
}

/// Deletes one version of a credential.
pub(super) async fn delete(
    connection: &mut PgConnection,
    tenant: &TenantId,
    upstream: &str,
    version: u32,
) -> Result<Written> {
    let mut change = connection.begin().await?;
    let number = keys::last(&mut change).await? + 1;
    let deletion = sqlx::query(DELETE).bind(tenant.as_str()).bind(upstream.as_bytes()).bind(i64::from(version));
    let rows = deletion.bind(number).execute(&mut *change).await?.rows_affected();
    let written = if rows > 0 { Written::Done } else { why_not(&mut change, tenant, upstream).await? };
    keys::advance(&mut change, rows.cast_signed()).await?;
    sqlx::query(FORGET).bind(row::limit(MAX_CREDENTIALS)).execute(&mut *change).await?;
    change.commit().await?;
    Ok(written)
}

/// What has changed after `since`.
pub(super) async fn changed(connection: &mut PgConnection, since: u64) -> Result<CredentialChanges> {
    let behind = i64::try_from(since).unwrap_or(i64::MAX);
    let rows = sqlx::query(CHANGED).bind(row::limit(MAX_CHANGES)).bind(behind).fetch_all(connection).await?;
    let seen = rows.last().map_or(Ok(since), |last| row::count(last, NUMBER))?;
    Ok(CredentialChanges { seen, credentials: rows.iter().map(read).collect::<Result<_>>()? })
}

/// Deletes the credentials of a tenant inside a transaction; says how many there were.
pub(super) async fn forget(change: &mut PgConnection, tenant: &TenantId) -> Result<u64> {
    let last = keys::last(&mut *change).await?;
    let rows = sqlx::query(DELETE_ALL).bind(tenant.as_str()).bind(last).execute(&mut *change).await?.rows_affected();
    keys::advance(&mut *change, rows.cast_signed()).await?;
    sqlx::query(FORGET).bind(row::limit(MAX_CREDENTIALS)).execute(change).await?;
    Ok(rows)
}

async fn add(change: &mut PgConnection, credential: &ProviderCredential, number: i64) -> Result<Written> {
    let id = &credential.id.as_bytes()[..];
    let room = sqlx::query(ROOM).bind(id).fetch_one(&mut *change).await?;
    if room.try_get(0)? || one(&mut *change, &credential.tenant, &credential.upstream).await?.is_some() {
        return Ok(Written::Changed);
    }
    if room.try_get::<i64, _>(1)? >= row::limit(MAX_CREDENTIALS) {
        return Ok(Written::Full);
    }
    sqlx::query(ADD)
        .bind(credential.tenant.as_str())
        .bind(credential.upstream.as_bytes())
        .bind(id)
        .bind(credential.sealed.as_bytes())
        .bind(&credential.sealed_with.as_bytes()[..])
        .bind(credential.hint.as_deref().map(str::as_bytes))
        .bind(credential.created_at.unix_us())
        .bind(credential.updated_at.unix_us())
        .bind(number)
        .execute(change)
        .await?;
    Ok(Written::Done)
}

async fn replace(
    change: &mut PgConnection,
    credential: &ProviderCredential,
    version: u32,
    number: i64,
) -> Result<Written> {
    let rows = sqlx::query(REPLACE)
        .bind(credential.tenant.as_str())
        .bind(credential.upstream.as_bytes())
        .bind(&credential.id.as_bytes()[..])
        .bind(i64::from(version))
        .bind(credential.sealed.as_bytes())
        .bind(&credential.sealed_with.as_bytes()[..])
        .bind(credential.hint.as_deref().map(str::as_bytes))
        .bind(credential.updated_at.unix_us())
        .bind(number)
        .execute(&mut *change)
        .await?
        .rows_affected();
    if rows > 0 { Ok(Written::Done) } else { why_not(change, &credential.tenant, &credential.upstream).await }
}

/// Why no row fitted: it is not there, or another.
async fn why_not(change: &mut PgConnection, tenant: &TenantId, upstream: &str) -> Result<Written> {
    Ok(if one(change, tenant, upstream).await?.is_some() { Written::Changed } else { Written::Absent })
}

fn read(row: &PgRow) -> Result<CredentialChange> {
    let (tenant, upstream): (TenantId, String) = (row::word(row, 0)?, row::text(row, 1)?);
    let sealed = row.try_get::<Option<Vec<u8>>, _>(4)?;
    let credential = sealed.map(|sealed| {
        Ok::<_, sqlx::Error>(ProviderCredential {
            id: CredentialId::from_bytes(row::id(row, 2)?),
            version: row::version(row, 3)?,
            tenant: tenant.clone(),
            upstream: upstream.clone(),
            sealed: Sealed::new(sealed),
            sealed_with: MasterKeyId::from_bytes(row::id(row, 5)?),
            hint: row::optional_text(row, 6)?,
            created_at: row::time(row, 7)?,
            updated_at: row::time(row, 8)?,
        })
    });
    let credential = credential.transpose()?;
    Ok(CredentialChange { tenant, upstream, credential })
}
