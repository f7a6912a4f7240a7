//! The settings of tenants in SQLite. They are few: [`MAX_TENANTS`] bounds every query here.
//!
//! Changes are numbered as those of keys are, and with them: see `keys`.

use llmtrace_model::{TenantId, TenantSettings, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{keys, row::Columns};
use crate::{MAX_CHANGES, MAX_TENANTS, Replacing, SettingsChanges, Written};

/// The columns in the order of [`read`], and behind them the number of the last change.
macro_rules! settings {
    ($rest:literal) => {
        concat!("SELECT tenant_id, version, document, updated_at, changed FROM tenant_settings ", $rest)
    };
}

/// How many columns [`read`] takes.
const WIDTH: usize = 4;

/// By the primary key, as are the statements that change one.
const ONE: &str = settings!("WHERE tenant_id = ? AND document IS NOT NULL");
pub(super) const CHANGED: &str =
    settings!("INDEXED BY tenant_settings_changed WHERE changed > ?2 ORDER BY changed LIMIT ?1");
const IS_FULL: &str = "SELECT (SELECT count(*) FROM tenant_settings INDEXED BY tenant_settings_changed) \
    - (SELECT count(*) FROM tenant_settings INDEXED BY tenant_settings_taken WHERE document IS NULL) >= ?";
/// What is there already was taken away.
const ADD: &str = "INSERT INTO tenant_settings (tenant_id, version, document, updated_at, changed) \
    VALUES (?1, 1, ?2, ?3, ?4) ON CONFLICT (tenant_id) DO UPDATE SET version = version + 1, \
    document = excluded.document, updated_at = excluded.updated_at, changed = excluded.changed";
const REPLACE: &str = "UPDATE tenant_settings SET version = version + 1, document = ?3, updated_at = ?4, changed = ?5 \
    WHERE tenant_id = ?1 AND version = ?2 AND document IS NOT NULL";
const TAKE: &str =
    "UPDATE tenant_settings SET document = NULL, changed = ?2 WHERE tenant_id = ?1 AND document IS NOT NULL";
/// The oldest of those taken away, where they are too many.
const FORGET: &str = "DELETE FROM tenant_settings INDEXED BY tenant_settings_taken WHERE document IS NULL \
    AND changed <= (SELECT changed FROM tenant_settings INDEXED BY tenant_settings_taken WHERE document IS NULL \
    ORDER BY changed DESC LIMIT 1 OFFSET ?)";

/// The settings of a tenant.
pub(super) fn one(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<Option<TenantSettings>> {
    let found = connection.prepare_cached(ONE)?.query_row([tenant.as_str()], read).optional()?;
    Ok(found.and_then(|(_, settings)| settings))
}

/// Gives a tenant settings, or changes one version of them.
pub(super) fn put(
    connection: &mut Connection,
    tenant: &TenantId,
    settings: &TenantSettings,
    replacing: Replacing,
) -> rusqlite::Result<Written> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = keys::last(&change)? + 1;
    let written = match replacing {
        Replacing::Nothing => add(&change, tenant, settings, number)?,
        Replacing::Version(version) => replace(&change, tenant, settings, version, number)?,
    };
    if written == Written::Done {
        keys::advance(&change, 1)?;
    }
    change.commit()?;
    Ok(written)
}

/// What has changed after `since`.
pub(super) fn changed(connection: &Connection, since: u64) -> rusqlite::Result<SettingsChanges> {
    let mut told = SettingsChanges { seen: since, settings: Vec::new() };
    let since = i64::try_from(since).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(CHANGED)?;
    let mut rows = statement.query((MAX_CHANGES.cast_signed(), since))?;
    while let Some(row) = rows.next()? {
        told.settings.push(read(row)?);
        told.seen = Columns::after(row, WIDTH).number()?;
    }
    Ok(told)
}

/// Takes the settings of a tenant away inside a transaction that writes; says how many there were.
pub(super) fn forget(change: &Connection, tenant: &TenantId) -> rusqlite::Result<usize> {
    let number = keys::last(change)? + 1;
    let rows = change.prepare_cached(TAKE)?.execute((tenant.as_str(), number))?;
    keys::advance(change, rows)?;
    change.prepare_cached(FORGET)?.execute([MAX_TENANTS.cast_signed()])?;
    Ok(rows)
}

fn add(change: &Connection, tenant: &TenantId, settings: &TenantSettings, number: i64) -> rusqlite::Result<Written> {
    if one(change, tenant)?.is_some() {
        return Ok(Written::Changed);
    }
    let is_full = |row: &Row<'_>| row.get::<_, bool>(0);
    if change.prepare_cached(IS_FULL)?.query_row([MAX_TENANTS.cast_signed()], is_full)? {
        return Ok(Written::Full);
    }
    let (document, at) = (settings.document(), settings.updated_at.unix_us());
    change.prepare_cached(ADD)?.execute((tenant.as_str(), document, at, number))?;
    Ok(Written::Done)
}

fn replace(
    change: &Connection,
    tenant: &TenantId,
    settings: &TenantSettings,
    version: u32,
    number: i64,
) -> rusqlite::Result<Written> {
    let (document, at) = (settings.document(), settings.updated_at.unix_us());
    let rows = change.prepare_cached(REPLACE)?.execute(params![tenant.as_str(), version, document, at, number])?;
    if rows > 0 {
        return Ok(Written::Done);
    }
    // No row fitted: there are none, or of another version.
    Ok(if one(change, tenant)?.is_some() { Written::Changed } else { Written::Absent })
}

fn read(row: &Row<'_>) -> rusqlite::Result<(TenantId, Option<TenantSettings>)> {
    let mut from = Columns::of(row);
    let (tenant, version, document) = (from.word()?, from.take()?, from.text()?);
    let updated_at = Timestamp::from_unix_us(from.take()?);
    let settings = document.map(|document| TenantSettings::read(version, document, updated_at)).transpose();
    Ok((tenant, settings.map_err(|error| from.damaged(2, error))?))
}
