//! The settings of tenants in PostgreSQL. They are few: [`MAX_TENANTS`] bounds every query here.
//!
//! Changes are numbered as those of keys are, and with them, under the same lock: see `keys`.

use llmtrace_model::{TenantId, TenantSettings};
use sqlx::{Connection, PgConnection, Result, Row, postgres::PgRow};

use super::{keys, row};
use crate::{MAX_CHANGES, MAX_TENANTS, Replacing, SettingsChanges, Written};

/// The columns in the order of [`read`], and behind them the number of the last change.
macro_rules! settings {
    ($rest:literal) => {
        concat!("SELECT tenant_id, version, document, updated_at, changed FROM llmtrace.tenant_settings ", $rest)
    };
}

/// Where the number stands.
const NUMBER: usize = 4;

const ONE: &str = settings!("WHERE tenant_id = $1 AND document IS NOT NULL");
const CHANGED: &str = settings!("WHERE changed > $2 ORDER BY changed LIMIT $1");
const COUNT: &str = "SELECT count(*) FROM llmtrace.tenant_settings WHERE document IS NOT NULL";
/// What is there already was taken away.
const ADD: &str = "INSERT INTO llmtrace.tenant_settings AS kept (tenant_id, version, document, updated_at, changed) \
    VALUES ($1, 1, $2, $3, $4) ON CONFLICT (tenant_id) DO UPDATE SET version = kept.version + 1, \
    document = excluded.document, updated_at = excluded.updated_at, changed = excluded.changed";
const REPLACE: &str = "UPDATE llmtrace.tenant_settings \
    SET version = version + 1, document = $3, updated_at = $4, changed = $5 \
    WHERE tenant_id = $1 AND version = $2 AND document IS NOT NULL";
const TAKE: &str = "UPDATE llmtrace.tenant_settings SET document = NULL, changed = $2 \
    WHERE tenant_id = $1 AND document IS NOT NULL";
/// The oldest of those taken away, where they are too many.
const FORGET: &str = "DELETE FROM llmtrace.tenant_settings WHERE document IS NULL \
    AND changed <= (SELECT changed FROM llmtrace.tenant_settings WHERE document IS NULL \
    ORDER BY changed DESC LIMIT 1 OFFSET $1)";

/// The settings of a tenant.
pub(super) async fn one(connection: &mut PgConnection, tenant: &TenantId) -> Result<Option<TenantSettings>> {
    let found = sqlx::query(ONE).bind(tenant.as_str()).fetch_optional(connection).await?;
    Ok(found.as_ref().map(read).transpose()?.and_then(|(_, settings)| settings))
}

/// Gives a tenant settings, or changes one version of them.
pub(super) async fn put(
    connection: &mut PgConnection,
    tenant: &TenantId,
    settings: &TenantSettings,
    replacing: Replacing,
) -> Result<Written> {
    let mut change = connection.begin().await?;
    let number = keys::last(&mut change).await? + 1;
    let written = match replacing {
        Replacing::Nothing => add(&mut change, tenant, settings, number).await?,
        Replacing::Version(version) => replace(&mut change, tenant, settings, version, number).await?,
    };
    if written == Written::Done {
        keys::advance(&mut change, 1).await?;
    }
    change.commit().await?;
    Ok(written)
}

/// What has changed after `since`.
pub(super) async fn changed(connection: &mut PgConnection, since: u64) -> Result<SettingsChanges> {
    let behind = i64::try_from(since).unwrap_or(i64::MAX);
    let rows = sqlx::query(CHANGED).bind(row::limit(MAX_CHANGES)).bind(behind).fetch_all(connection).await?;
    let seen = rows.last().map_or(Ok(since), |last| row::count(last, NUMBER))?;
    Ok(SettingsChanges { seen, settings: rows.iter().map(read).collect::<Result<_>>()? })
}

/// Takes the settings of a tenant away inside a transaction; says how many there were.
pub(super) async fn forget(change: &mut PgConnection, tenant: &TenantId) -> Result<u64> {
    let number = keys::last(&mut *change).await? + 1;
    let rows = sqlx::query(TAKE).bind(tenant.as_str()).bind(number).execute(&mut *change).await?.rows_affected();
    keys::advance(&mut *change, rows.cast_signed()).await?;
    sqlx::query(FORGET).bind(row::limit(MAX_TENANTS)).execute(change).await?;
    Ok(rows)
}

async fn add(change: &mut PgConnection, tenant: &TenantId, settings: &TenantSettings, number: i64) -> Result<Written> {
    if one(&mut *change, tenant).await?.is_some() {
        return Ok(Written::Changed);
    }
    if sqlx::query(COUNT).fetch_one(&mut *change).await?.try_get::<i64, _>(0)? >= row::limit(MAX_TENANTS) {
        return Ok(Written::Full);
    }
    let addition = sqlx::query(ADD).bind(tenant.as_str()).bind(settings.document());
    addition.bind(settings.updated_at.unix_us()).bind(number).execute(change).await?;
    Ok(Written::Done)
}

async fn replace(
    change: &mut PgConnection,
    tenant: &TenantId,
    settings: &TenantSettings,
    version: u32,
    number: i64,
) -> Result<Written> {
    let rows = sqlx::query(REPLACE)
        .bind(tenant.as_str())
        .bind(i64::from(version))
        .bind(settings.document())
        .bind(settings.updated_at.unix_us())
        .bind(number)
        .execute(&mut *change)
        .await?
        .rows_affected();
    if rows > 0 {
        return Ok(Written::Done);
    }
    // No row fitted: there are none, or of another version.
    Ok(if one(change, tenant).await?.is_some() { Written::Changed } else { Written::Absent })
}

fn read(row: &PgRow) -> Result<(TenantId, Option<TenantSettings>)> {
    let (version, updated_at) = (row::version(row, 1)?, row::time(row, 3)?);
    let document = row.try_get::<Option<&str>, _>(2)?;
    let settings = document.map(|document| TenantSettings::read(version, document, updated_at)).transpose();
    Ok((row::word(row, 0)?, settings.map_err(|error| row::damaged(row, 2, error))?))
}
