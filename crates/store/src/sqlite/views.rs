//! Saved views in SQLite. They are few: [`MAX_VIEWS`] bounds every query here.

use llmtrace_model::{SavedView, TenantScope, Timestamp, ViewId};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params, types::Type};

use super::row::Columns;
use crate::meta::{MAX_VIEWS, MAX_VIEWS_OF_TENANT, Replacing, Written};

/// The columns of a view, in the order of [`read`].
macro_rules! view {
    ($rest:literal) => {
        concat!("SELECT id, tenant_id, version, name, page, query, created_at, updated_at FROM saved_views ", $rest)
    };
}

const ALL: &str = view!("INDEXED BY saved_views_name ORDER BY name, id LIMIT ?");
const OF_TENANT: &str = view!("INDEXED BY saved_views_tenant WHERE tenant_id = ?2 ORDER BY name, id LIMIT ?1");
/// By the primary key, as are the statements that change one; the tenant is NULL where the scope is everybody's.
const ONE: &str = view!("WHERE id = ?1 AND (?2 IS NULL OR tenant_id = ?2)");
const IS_FULL: &str = "SELECT count(*) >= ? FROM saved_views INDEXED BY saved_views_name";
const IS_TENANT_FULL: &str =
    "SELECT count(*) >= ?1 FROM saved_views INDEXED BY saved_views_tenant WHERE tenant_id IS ?2";
const ADD: &str = "INSERT INTO saved_views (id, tenant_id, version, name, page, query, created_at, updated_at) \
    VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING";
const REPLACE: &str = "UPDATE saved_views SET version = version + 1, name = ?4, page = ?5, query = ?6, updated_at = ?7 \
    WHERE id = ?1 AND version = ?2 AND (?3 IS NULL OR tenant_id = ?3)";
const DELETE: &str = "DELETE FROM saved_views WHERE id = ?1 AND version = ?2 AND (?3 IS NULL OR tenant_id = ?3)";

/// The views of a scope, by name.
pub(super) fn list(connection: &Connection, scope: &TenantScope) -> rusqlite::Result<Vec<SavedView>> {
    let most = MAX_VIEWS.cast_signed();
    match tenant(scope) {
        None => connection.prepare_cached(ALL)?.query_map([most], read)?.collect(),
        Some(tenant) => connection.prepare_cached(OF_TENANT)?.query_map((most, tenant), read)?.collect(),
    }
}

/// One view of a scope.
pub(super) fn one(connection: &Connection, scope: &TenantScope, id: ViewId) -> rusqlite::Result<Option<SavedView>> {
    connection.prepare_cached(ONE)?.query_row((id.as_bytes(), tenant(scope)), read).optional()
}

/// Adds a view, or puts it in the place of one of its versions.
pub(super) fn put(
    connection: &mut Connection,
    scope: &TenantScope,
    view: &SavedView,
    replacing: Replacing,
) -> rusqlite::Result<Written> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let written = match replacing {
        Replacing::Nothing => add(&change, view)?,
        Replacing::Version(version) => replace(&change, scope, view, version)?,
    };
    change.commit()?;
    Ok(written)
}

/// Deletes one version of a view.
pub(super) fn delete(
    connection: &mut Connection,
    scope: &TenantScope,
    id: ViewId,
    version: u32,
) -> rusqlite::Result<Written> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let rows = change.prepare_cached(DELETE)?.execute((id.as_bytes(), version, tenant(scope)))?;
    let written = if rows > 0 { Written::Done } else { why_not(&change, scope, id)? };
    change.commit()?;
    Ok(written)
}

fn add(connection: &Connection, view: &SavedView) -> rusqlite::Result<Written> {
    let tenant = view.tenant.as_ref().map(|tenant| tenant.as_str());
    let is_full = |row: &Row<'_>| row.get::<_, bool>(0);
    let most = (MAX_VIEWS_OF_TENANT.cast_signed(), tenant);
    if connection.prepare_cached(IS_FULL)?.query_row([MAX_VIEWS.cast_signed()], is_full)?
        || connection.prepare_cached(IS_TENANT_FULL)?.query_row(most, is_full)?
    {
        return Ok(Written::Full);
    }
    let rows = connection.prepare_cached(ADD)?.execute(params![
        view.id.as_bytes(),
        tenant,
        view.name,
        view.page.as_str(),
        query(view)?,
        view.created_at.unix_us(),
        view.updated_at.unix_us(),
    ])?;
    Ok(if rows > 0 { Written::Done } else { Written::Changed })
}

fn replace(connection: &Connection, scope: &TenantScope, view: &SavedView, version: u32) -> rusqlite::Result<Written> {
    let rows = connection.prepare_cached(REPLACE)?.execute(params![
        view.id.as_bytes(),
        version,
        tenant(scope),
        view.name,
        view.page.as_str(),
        query(view)?,
        view.updated_at.unix_us(),
    ])?;
    if rows > 0 { Ok(Written::Done) } else { why_not(connection, scope, view.id) }
}

/// Why no row fitted: it is not there, or of another version.
fn why_not(connection: &Connection, scope: &TenantScope, id: ViewId) -> rusqlite::Result<Written> {
    Ok(if one(connection, scope, id)?.is_some() { Written::Changed } else { Written::Absent })
}

fn tenant(scope: &TenantScope) -> Option<&str> {
    match scope {
        TenantScope::One(tenant) => Some(tenant.as_str()),
        TenantScope::All => None,
    }
}

fn query(view: &SavedView) -> rusqlite::Result<String> {
    serde_json::to_string(&view.query).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn read(row: &Row<'_>) -> rusqlite::Result<SavedView> {
    let mut from = Columns::of(row);
    Ok(SavedView {
        id: ViewId::from_bytes(from.take()?),
        tenant: from.take::<Option<String>>()?.map(|name| name.parse()).transpose().map_err(damaged)?,
        version: from.take()?,
        name: from.take()?,
        page: from.word()?,
        query: from.json()?,
        created_at: Timestamp::from_unix_us(from.take()?),
        updated_at: Timestamp::from_unix_us(from.take()?),
    })
}

fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error))
}
