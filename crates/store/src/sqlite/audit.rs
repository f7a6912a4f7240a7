//! The audit log in SQLite. Whoever appends holds the immediate transaction, of which there is one at a time, from reading the
//! end of a chain until the record behind it is there.

use llmtrace_model::{AuditEntry, AuditHash, AuditHead, AuditId, AuditRecord, TenantId, TenantScope, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params, params_from_iter, types::Value};

use super::row::Columns;
use crate::{
    AuditCursor, AuditFilter,
    audit::{MAX_AUDIT, MAX_CHAINS, Stretch, chain_of, chain_word},
};

/// The columns of a record, in the order of [`read`].
macro_rules! record {
    ($($rest:literal),+) => {
        concat!(
            "SELECT chain, seq, id, at, actor, client_address, action, target, before, after, outcome, previous, hash \
             FROM audit_log ",
            $($rest),+
        )
    };
}

/// What a page is filtered by, and its order.
macro_rules! page {
    ($from:literal) => {
        record!(
            $from,
            "at >= ?2 AND (at, id) < (?3, ?4) AND (?5 IS NULL OR actor = ?5) \
             AND (?6 IS NULL OR (action >= ?6 AND action < ?7)) ORDER BY at DESC, id DESC LIMIT ?1"
        )
    };
}

pub(super) const ALL: &str = page!("INDEXED BY audit_log_time WHERE ");
pub(super) const OF_TENANT: &str = page!("INDEXED BY audit_log_chain_time WHERE chain = ?8 AND ");
pub(super) const CHAIN: &str =
    record!("INDEXED BY audit_log_chain WHERE chain = ?2 AND seq > ?3 ORDER BY seq LIMIT ?1");
const ONE: &str = record!("INDEXED BY audit_log_id WHERE id = ?");
const HEAD: &str =
    "SELECT seq, hash FROM audit_log INDEXED BY audit_log_chain WHERE chain = ? ORDER BY seq DESC LIMIT 1";
/// The end of the chain behind another one.
pub(super) const NEXT_HEAD: &str = "SELECT chain, seq, hash FROM audit_log INDEXED BY audit_log_chain WHERE chain > ? \
    ORDER BY chain, seq DESC LIMIT 1";
const APPEND: &str = "INSERT INTO audit_log \
    (chain, seq, id, at, actor, client_address, action, target, before, after, outcome, previous, hash) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

/// Appends entries to their chains, all or none.
pub(super) fn append(connection: &mut Connection, entries: &[AuditEntry]) -> rusqlite::Result<Vec<AuditRecord>> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let records = entries.iter().map(|entry| append_one(&change, entry)).collect::<Result<_, _>>()?;
    change.commit()?;
    Ok(records)
}

/// The records of a scope, the latest first.
pub(super) fn page(
    connection: &Connection,
    scope: &TenantScope,
    filter: &AuditFilter,
    after: Option<&AuditCursor>,
    limit: usize,
) -> rusqlite::Result<Vec<AuditRecord>> {
    let Stretch { from, before: (at, id) } = filter.stretch(after);
    let (first, behind) = filter.actions().map(|(first, behind)| (first.to_owned(), behind)).unzip();
    let mut values: Vec<Value> = vec![
        limit.min(MAX_AUDIT).cast_signed().into(),
        from.into(),
        at.into(),
        id.into(),
        filter.actor.clone().into(),
        first.into(),
        behind.into(),
    ];
    let sql = match scope {
        TenantScope::All => ALL,
        TenantScope::One(tenant) => {
            values.push(tenant.to_string().into());
            OF_TENANT
        }
    };
    connection.prepare_cached(sql)?.query_map(params_from_iter(values), read)?.collect()
}

/// The records of one chain behind a place in it.
pub(super) fn chain(
    connection: &Connection,
    tenant: Option<&TenantId>,
    after: u64,
) -> rusqlite::Result<Vec<AuditRecord>> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let asked = (MAX_AUDIT.cast_signed(), chain_word(tenant), after);
    connection.prepare_cached(CHAIN)?.query_map(asked, read)?.collect()
}

/// The end of every chain, as they all are at one moment.
pub(super) fn heads(connection: &mut Connection) -> rusqlite::Result<Vec<(Option<TenantId>, AuditHead)>> {
    let look = connection.transaction()?;
    let installation = head(&look, chain_word(None))?;
    let mut heads: Vec<_> = installation.map(|head| (None, head)).into_iter().collect();
    let mut statement = look.prepare_cached(NEXT_HEAD)?;
    while heads.len() < MAX_CHAINS {
        let last = heads.last().and_then(|(tenant, _)| tenant.as_ref());
        let next = statement.query_row([chain_word(last)], |row| {
            let mut from = Columns::of(row);
            Ok((Some(from.word()?), read_head(&mut from)?))
        });
        let Some(next) = next.optional()? else { break };
        heads.push(next);
    }
    Ok(heads)
}

fn append_one(change: &Connection, entry: &AuditEntry) -> rusqlite::Result<AuditRecord> {
    let there = change.prepare_cached(ONE)?.query_row([entry.id.as_bytes()], read).optional()?;
    if let Some(there) = there {
        return Ok(there);
    }
    let chain = chain_word(entry.tenant.as_ref());
    let record = AuditRecord::behind(head(change, chain)?.unwrap_or_default(), entry.clone());
    change.prepare_cached(APPEND)?.execute(params![
        chain,
        record.seq.cast_signed(),
        entry.id.as_bytes(),
        entry.at.unix_us(),
        entry.actor.to_string(),
        entry.client_address,
        entry.action,
        entry.target,
        entry.before,
        entry.after,
        entry.outcome.as_str(),
        record.previous.0,
        record.hash.0,
    ])?;
    Ok(record)
}

fn head(connection: &Connection, chain: &str) -> rusqlite::Result<Option<AuditHead>> {
    connection.prepare_cached(HEAD)?.query_row([chain], |row| read_head(&mut Columns::of(row))).optional()
}

fn read_head(from: &mut Columns<'_, '_>) -> rusqlite::Result<AuditHead> {
    Ok(AuditHead { seq: from.number()?, hash: AuditHash(from.take()?) })
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    let mut from = Columns::of(row);
    let tenant = chain_of(from.text()?.unwrap_or_default()).map_err(|error| from.damaged(0, error))?;
    let seq = from.number()?;
    let entry = AuditEntry {
        tenant,
        id: AuditId::from_bytes(from.take()?),
        at: Timestamp::from_unix_us(from.take()?),
        actor: from.word()?,
        client_address: from.take()?,
        action: from.take()?,
        target: from.take()?,
        before: from.take()?,
        after: from.take()?,
        outcome: from.word()?,
    };
    Ok(AuditRecord { entry, seq, previous: AuditHash(from.take()?), hash: AuditHash(from.take()?) })
}
