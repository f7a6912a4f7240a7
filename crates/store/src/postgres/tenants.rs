//! Tenants and their rules of retention in PostgreSQL, and forgetting a tenant.

use std::collections::BTreeMap;

use llmtrace_model::{Retention, TenantId, Timestamp};
use sqlx::{Connection, PgConnection, Result, Row};

use super::{credentials, keys, row, settings, users};
use crate::{Tenant, meta::MAX_TENANTS};

/// In the order of the names, so that two processes take the rows' locks in one order.
const TOUCH: &str = "INSERT INTO llmtrace.tenants AS kept (id, first_seen, last_seen) \
    SELECT id, first_seen, last_seen FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS seen (id, first_seen, last_seen) \
    ORDER BY id COLLATE \"C\" ON CONFLICT (id) DO UPDATE SET \
    first_seen = least(kept.first_seen, excluded.first_seen), last_seen = greatest(kept.last_seen, excluded.last_seen) \
    WHERE excluded.first_seen < kept.first_seen OR excluded.last_seen > kept.last_seen";
const LIST: &str = "SELECT id, first_seen, last_seen FROM llmtrace.tenants ORDER BY id LIMIT $1";
/// All of them: a rule left out would let a tenant's spans go by the default, or stay. As many as operators made.
const RULES: &str = "SELECT tenant_id, content_days, span_days FROM llmtrace.retentions ORDER BY tenant_id";
const PUT_RULE: &str = "INSERT INTO llmtrace.retentions (tenant_id, content_days, span_days) VALUES ($1, $2, $3) \
    ON CONFLICT (tenant_id) DO UPDATE SET content_days = excluded.content_days, span_days = excluded.span_days";
const TAKE_RULE: &str = "DELETE FROM llmtrace.retentions WHERE tenant_id = $1";
const PING: &str = "UPDATE llmtrace.pings SET pings = pings + 1 WHERE id = 1";
const FORGET: [&str; 3] =
    ["DELETE FROM llmtrace.tenants WHERE id = $1", "DELETE FROM llmtrace.saved_views WHERE tenant_id = $1", TAKE_RULE];

/// Notes when tenants were seen, in one statement.
pub(super) async fn touch(connection: &mut PgConnection, seen: &[(TenantId, Timestamp)]) -> Result<()> {
    // One row each: a statement may not change a row twice.
    let mut times: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for (id, at) in seen {
        let at = at.unix_us();
        let (first, last) = times.entry(id.as_str()).or_insert((at, at));
        (*first, *last) = ((*first).min(at), (*last).max(at));
    }
    if times.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = times.keys().copied().collect();
    let (first, last): (Vec<i64>, Vec<i64>) = times.values().copied().unzip();
    sqlx::query(TOUCH).bind(ids).bind(first).bind(last).execute(connection).await.map(drop)
}

/// The tenants that were seen, by name.
pub(super) async fn list(connection: &mut PgConnection) -> Result<Vec<Tenant>> {
    let rows = sqlx::query(LIST).bind(row::limit(MAX_TENANTS)).fetch_all(connection).await?;
    let tenant = |row: &sqlx::postgres::PgRow| {
        Ok(Tenant { id: row::word(row, 0)?, first_seen: row::time(row, 1)?, last_seen: row::time(row, 2)? })
    };
    rows.iter().map(tenant).collect()
}

/// The rules of retention, by tenant.
pub(super) async fn rules(connection: &mut PgConnection) -> Result<BTreeMap<TenantId, Retention>> {
    let rows = sqlx::query(RULES).fetch_all(connection).await?;
    let days = |row: &sqlx::postgres::PgRow, index: usize| -> Result<Option<u32>> {
        let days = row.try_get::<Option<i64>, _>(index)?;
        days.map(u32::try_from).transpose().map_err(|error| row::damaged(row, index, error))
    };
    let rule = |row: &sqlx::postgres::PgRow| {
        Ok((row::word(row, 0)?, Retention { content_days: days(row, 1)?, span_days: days(row, 2)? }))
    };
    rows.iter().map(rule).collect()
}

/// Gives a tenant a rule, or takes it away.
pub(super) async fn put_rule(connection: &mut PgConnection, tenant: &TenantId, rule: Option<Retention>) -> Result<()> {
    let statement = match rule {
        Some(rule) => sqlx::query(PUT_RULE)
            .bind(tenant.as_str())
            .bind(rule.content_days.map(i64::from))
            .bind(rule.span_days.map(i64::from)),
        None => sqlx::query(TAKE_RULE).bind(tenant.as_str()),
    };
    statement.execute(connection).await.map(drop)
}

/// Forgets all of a tenant but its erasures and its audit log, revokes its keys, and takes what people were granted in it; says
/// whether there was anything.
pub(super) async fn forget(connection: &mut PgConnection, tenant: &TenantId, now: Timestamp) -> Result<bool> {
    let mut change = connection.begin().await?;
    let mut rows = keys::revoke_all(&mut change, tenant, now).await?;
    rows += users::forget(&mut change, tenant).await?;
    rows += settings::forget(&mut change, tenant).await?;
    rows += credentials::forget(&mut change, tenant).await?;
    for statement in FORGET {
        rows += sqlx::query(statement).bind(tenant.as_str()).execute(&mut *change).await?.rows_affected();
    }
    change.commit().await?;
    Ok(rows > 0)
}

/// Writes, so that a server that only reads is found out.
pub(super) async fn ping(connection: &mut PgConnection) -> Result<()> {
    sqlx::query(PING).execute(connection).await.map(drop)
}
