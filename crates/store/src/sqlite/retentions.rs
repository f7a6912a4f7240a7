//! The tenants' rules of retention in SQLite, and forgetting a tenant.

use std::collections::BTreeMap;

use llmtrace_model::{Retention, TenantId, Timestamp};
use rusqlite::{Connection, TransactionBehavior};

use super::{credentials, keys, row::Columns, settings, users};

/// All of them: a rule left out would let a tenant's spans go by the default, or stay. As many as operators made.
const LIST: &str = "SELECT tenant_id, content_days, span_days FROM retentions ORDER BY tenant_id";
const PUT: &str = "INSERT INTO retentions (tenant_id, content_days, span_days) VALUES (?1, ?2, ?3) \
    ON CONFLICT (tenant_id) DO UPDATE SET content_days = excluded.content_days, span_days = excluded.span_days";
const TAKE_AWAY: &str = "DELETE FROM retentions WHERE tenant_id = ?";
const FORGET: [&str; 3] = [
    "DELETE FROM tenants WHERE id = ?",
    "DELETE FROM saved_views INDEXED BY saved_views_tenant WHERE tenant_id = ?",
    TAKE_AWAY,
];

/// The rules, by tenant.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<BTreeMap<TenantId, Retention>> {
    let mut statement = connection.prepare_cached(LIST)?;
    let rows = statement.query_map([], |row| {
        let mut from = Columns::of(row);
        Ok((from.word()?, Retention { content_days: from.take()?, span_days: from.take()? }))
    })?;
    rows.collect()
}

/// Gives a tenant a rule, or takes it away.
pub(super) fn put(connection: &Connection, tenant: &TenantId, rule: Option<Retention>) -> rusqlite::Result<()> {
    let changed = match rule {
        Some(rule) => connection.prepare_cached(PUT)?.execute((tenant.as_str(), rule.content_days, rule.span_days)),
        None => connection.prepare_cached(TAKE_AWAY)?.execute([tenant.as_str()]),
    };
    changed.map(drop)
}

/// Forgets all of a tenant but its erasures and its audit log, revokes its keys, and takes what people were granted in it; says
/// whether there was anything.
pub(super) fn forget(connection: &mut Connection, tenant: &TenantId, now: Timestamp) -> rusqlite::Result<bool> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut rows = keys::revoke_all(&change, tenant, now)?;
    rows += users::forget(&change, tenant)?;
    rows += settings::forget(&change, tenant)?;
    rows += credentials::forget(&change, tenant)?;
    for statement in FORGET {
        rows += change.prepare_cached(statement)?.execute([tenant.as_str()])?;
    }
    change.commit()?;
    Ok(rows > 0)
}
