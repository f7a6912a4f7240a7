//! Saved views in PostgreSQL. They are few: [`MAX_VIEWS`] bounds every query here.

use llmtrace_model::{SavedView, TenantScope, ViewId};
use sqlx::{Connection, PgConnection, Result, Row, postgres::PgRow};

use super::row;
use crate::meta::{MAX_VIEWS, MAX_VIEWS_OF_TENANT, Replacing, Written};

/// The columns of a view, in the order of [`read`].
macro_rules! view {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant_id, version, name, page, query, created_at, updated_at FROM llmtrace.saved_views ",
            $rest
        )
    };
}

/// The tenant is NULL where the scope is everybody's.
const LIST: &str = view!("WHERE ($2::text IS NULL OR tenant_id = $2) ORDER BY name, id LIMIT $1");
const ONE: &str = view!("WHERE id = $1 AND ($2::text IS NULL OR tenant_id = $2)");
/// Held by whoever adds a view until it has: two that count at the same time would both find room.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1280068948, 2)";
const ROOM: &str =
    "SELECT count(*), count(*) FILTER (WHERE tenant_id IS NOT DISTINCT FROM $1) FROM llmtrace.saved_views";
const ADD: &str = "INSERT INTO llmtrace.saved_views \
    (id, tenant_id, version, name, page, query, created_at, updated_at) \
    VALUES ($1, $2, 1, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
const REPLACE: &str = "UPDATE llmtrace.saved_views \
    SET version = version + 1, name = $4, page = $5, query = $6, updated_at = $7 \
    WHERE id = $1 AND version = $2 AND ($3::text IS NULL OR tenant_id = $3)";
const DELETE: &str = "DELETE FROM llmtrace.saved_views \
    WHERE id = $1 AND version = $2 AND ($3::text IS NULL OR tenant_id = $3)";

/// The views of a scope, by name.
pub(super) async fn list(connection: &mut PgConnection, scope: &TenantScope) -> Result<Vec<SavedView>> {
    let question = sqlx::query(LIST).bind(row::limit(MAX_VIEWS)).bind(row::tenant(scope));
    question.fetch_all(connection).await?.iter().map(read).collect()
}

/// One view of a scope.
pub(super) async fn one(connection: &mut PgConnection, scope: &TenantScope, id: ViewId) -> Result<Option<SavedView>> {
    let question = sqlx::query(ONE).bind(&id.as_bytes()[..]).bind(row::tenant(scope));
    question.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// Adds a view, or puts it in the place of one of its versions.
pub(super) async fn put(
    connection: &mut PgConnection,
    scope: &TenantScope,
    view: &SavedView,
    replacing: Replacing,
) -> Result<Written> {
    match replacing {
        Replacing::Nothing => add(connection, view).await,
        Replacing::Version(version) => replace(connection, scope, view, version).await,
    }
}

/// Deletes one version of a view.
pub(super) async fn delete(
    connection: &mut PgConnection,
    scope: &TenantScope,
    id: ViewId,
    version: u32,
) -> Result<Written> {
    let change = sqlx::query(DELETE).bind(&id.as_bytes()[..]).bind(i64::from(version)).bind(row::tenant(scope));
    let rows = change.execute(&mut *connection).await?.rows_affected();
    if rows > 0 { Ok(Written::Done) } else { why_not(connection, scope, id).await }
}

async fn add(connection: &mut PgConnection, view: &SavedView) -> Result<Written> {
    let tenant = view.tenant.as_ref().map(|tenant| tenant.as_str());
    let mut change = connection.begin().await?;
    sqlx::query(LOCK).execute(&mut *change).await?;
    let room = sqlx::query(ROOM).bind(tenant).fetch_one(&mut *change).await?;
    if room.try_get::<i64, _>(0)? >= row::limit(MAX_VIEWS)
        || room.try_get::<i64, _>(1)? >= row::limit(MAX_VIEWS_OF_TENANT)
    {
        return Ok(Written::Full);
    }
    let rows = sqlx::query(ADD)
        .bind(&view.id.as_bytes()[..])
        .bind(tenant)
        .bind(view.name.as_bytes())
        .bind(view.page.as_str())
        .bind(query(view)?)
        .bind(view.created_at.unix_us())
        .bind(view.updated_at.unix_us())
        .execute(&mut *change)
        .await?
        .rows_affected();
    change.commit().await?;
    Ok(if rows > 0 { Written::Done } else { Written::Changed })
}

/// One statement: of two that want to change the same version, the second waits for the first and then finds another one.
async fn replace(
    connection: &mut PgConnection,
    scope: &TenantScope,
    view: &SavedView,
    version: u32,
) -> Result<Written> {
    let rows = sqlx::query(REPLACE)
        .bind(&view.id.as_bytes()[..])
        .bind(i64::from(version))
        .bind(row::tenant(scope))
        .bind(view.name.as_bytes())
        .bind(view.page.as_str())
        .bind(query(view)?)
        .bind(view.updated_at.unix_us())
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if rows > 0 { Ok(Written::Done) } else { why_not(connection, scope, view.id).await }
}

/// Why no row fitted: it is not there, or of another version.
async fn why_not(connection: &mut PgConnection, scope: &TenantScope, id: ViewId) -> Result<Written> {
    Ok(if one(connection, scope, id).await?.is_some() { Written::Changed } else { Written::Absent })
}

fn query(view: &SavedView) -> Result<String> {
    serde_json::to_string(&view.query).map_err(|error| sqlx::Error::Encode(error.into()))
}

fn read(row: &PgRow) -> Result<SavedView> {
    Ok(SavedView {
        id: ViewId::from_bytes(row::id(row, 0)?),
        tenant: row::optional_word(row, 1)?,
        version: row::version(row, 2)?,
        name: row::text(row, 3)?,
        page: row::word(row, 4)?,
        query: row::json(row, 5)?,
        created_at: row::time(row, 6)?,
        updated_at: row::time(row, 7)?,
    })
}
