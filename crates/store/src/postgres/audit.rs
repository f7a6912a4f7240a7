//! The audit log in PostgreSQL. Whoever appends holds one lock until the end of the transaction, and reads the ends of the chains
//! once it has it.

use std::collections::BTreeMap;

use llmtrace_model::{AuditEntry, AuditHash, AuditHead, AuditId, AuditRecord, TenantId, TenantScope};
use sqlx::{Connection, PgConnection, Result, Row, postgres::PgRow};

use super::row;
use crate::{
    AuditCursor, AuditFilter,
    audit::{MAX_AUDIT, MAX_CHAINS, Stretch, chain_of, chain_word},
};

/// The columns of a record, in the order of [`read`].
macro_rules! record {
    ($($rest:literal),+) => {
        concat!(
            "SELECT chain, seq, id, at, actor, client_address, action, target, before, after, outcome, previous, hash \
             FROM llmtrace.audit_log WHERE ",
            $($rest),+
        )
    };
}

/// What a page is filtered by, and its order. Bytes are compared, so that any text may be asked for.
macro_rules! page {
    ($chain:literal) => {
        record!(
            $chain,
            "at >= $2 AND (at, id) < ($3, $4) AND ($5::bytea IS NULL OR convert_to(actor, 'UTF8') = $5) \
             AND ($6::bytea IS NULL OR (action >= $6 AND action < $7)) ORDER BY at DESC, id DESC LIMIT $1"
        )
    };
}

/// By the index `audit_log_time`.
const ALL: &str = page!("");
/// By the index `audit_log_chain_time`.
const OF_TENANT: &str = page!("chain = $8 AND ");
/// By the index `audit_log_chain`, as are the ends of chains.
const CHAIN: &str = record!("chain = $2 AND seq > $3 ORDER BY seq LIMIT $1");
const THERE: &str = record!("id = ANY($1)");
const HEADS_OF: &str = "SELECT wanted.chain, head.seq, head.hash FROM unnest($1::text[]) AS wanted (chain) \
    CROSS JOIN LATERAL (SELECT seq, hash FROM llmtrace.audit_log WHERE audit_log.chain = wanted.chain \
    ORDER BY seq DESC LIMIT 1) AS head";
/// From each chain to the next, however long they are.
const HEADS: &str = "WITH RECURSIVE heads AS ( \
    (SELECT chain, seq, hash, 1 AS place FROM llmtrace.audit_log ORDER BY chain, seq DESC LIMIT 1) \
    UNION ALL SELECT next.chain, next.seq, next.hash, heads.place + 1 FROM heads CROSS JOIN LATERAL \
    (SELECT chain, seq, hash FROM llmtrace.audit_log WHERE audit_log.chain > heads.chain \
    ORDER BY chain, seq DESC LIMIT 1) AS next WHERE heads.place < $1) \
    SELECT chain, seq, hash FROM heads ORDER BY place";
const LOCK: &str = "SELECT pg_advisory_xact_lock(1280068948, 4)";
const APPEND: &str = "INSERT INTO llmtrace.audit_log \
    (chain, seq, id, at, actor, client_address, action, target, before, after, outcome, previous, hash) \
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bigint[], $5::text[], $6::bytea[], $7::bytea[], \
    $8::bytea[], $9::bytea[], $10::bytea[], $11::text[], $12::bytea[], $13::bytea[])";

/// Appends entries to their chains, all or none.
pub(super) async fn append(connection: &mut PgConnection, entries: &[AuditEntry]) -> Result<Vec<AuditRecord>> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut change = connection.begin().await?;
    sqlx::query(LOCK).execute(&mut *change).await?;
    let mut known = there(&mut change, entries).await?;
    let mut heads = heads_of(&mut change, entries).await?;
    let mut new = Vec::new();
    for entry in entries {
        if known.contains_key(&entry.id) {
            continue;
        }
        let head = heads.entry(entry.tenant.clone()).or_default();
        let record = AuditRecord::behind(*head, entry.clone());
        *head = record.head();
        new.push(record.clone());
        known.insert(entry.id, record);
    }
    insert(&mut change, &new).await?;
    change.commit().await?;
    Ok(entries.iter().filter_map(|entry| known.get(&entry.id).cloned()).collect())
}

/// The records of a scope, the latest first.
pub(super) async fn page(
    connection: &mut PgConnection,
    scope: &TenantScope,
    filter: &AuditFilter,
    after: Option<&AuditCursor>,
    limit: usize,
) -> Result<Vec<AuditRecord>> {
    let Stretch { from, before: (at, id) } = filter.stretch(after);
    let (first, behind) = filter.actions().unzip();
    let sql = match scope {
        TenantScope::All => ALL,
        TenantScope::One(_) => OF_TENANT,
    };
    let question = sqlx::query(sql)
        .bind(row::limit(limit.min(MAX_AUDIT)))
        .bind(from)
        .bind(at)
        .bind(id)
        .bind(filter.actor.as_ref().map(String::as_bytes))
        .bind(first.map(str::as_bytes))
        .bind(behind.map(String::into_bytes));
    let question = match scope {
        TenantScope::All => question,
        TenantScope::One(tenant) => question.bind(tenant.as_str()),
    };
    question.fetch_all(connection).await?.iter().map(read).collect()
}

/// The records of one chain behind a place in it.
pub(super) async fn chain(
    connection: &mut PgConnection,
    tenant: Option<&TenantId>,
    after: u64,
) -> Result<Vec<AuditRecord>> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let question = sqlx::query(CHAIN).bind(row::limit(MAX_AUDIT)).bind(chain_word(tenant)).bind(after);
    question.fetch_all(connection).await?.iter().map(read).collect()
}

/// The end of every chain.
pub(super) async fn heads(connection: &mut PgConnection) -> Result<Vec<(Option<TenantId>, AuditHead)>> {
    let rows = sqlx::query(HEADS).bind(row::limit(MAX_CHAINS)).fetch_all(connection).await?;
    rows.iter().map(head).collect()
}

/// Which of the entries stand in the log already.
async fn there(change: &mut PgConnection, entries: &[AuditEntry]) -> Result<BTreeMap<AuditId, AuditRecord>> {
    let ids: Vec<&[u8]> = entries.iter().map(|entry| &entry.id.as_bytes()[..]).collect();
    let rows = sqlx::query(THERE).bind(ids).fetch_all(change).await?;
    rows.iter().map(|row| read(row).map(|record| (record.entry.id, record))).collect()
}

/// The ends of the entries' chains.
async fn heads_of(change: &mut PgConnection, entries: &[AuditEntry]) -> Result<BTreeMap<Option<TenantId>, AuditHead>> {
    let chains: Vec<&str> = entries.iter().map(|entry| chain_word(entry.tenant.as_ref())).collect();
    let rows = sqlx::query(HEADS_OF).bind(chains).fetch_all(change).await?;
    rows.iter().map(head).collect()
}

/// One statement, however many they are.
async fn insert(change: &mut PgConnection, records: &[AuditRecord]) -> Result<()> {
    let texts = |text: fn(&AuditEntry) -> &str| records.iter().map(|it| text(&it.entry)).collect::<Vec<_>>();
    let bytes = |text: fn(&AuditEntry) -> Option<&str>| {
        records.iter().map(|it| text(&it.entry).map(str::as_bytes)).collect::<Vec<_>>()
    };
    sqlx::query(APPEND)
        .bind(texts(|entry| chain_word(entry.tenant.as_ref())))
        .bind(records.iter().map(|it| it.seq.cast_signed()).collect::<Vec<_>>())
        .bind(records.iter().map(|it| &it.entry.id.as_bytes()[..]).collect::<Vec<_>>())
        .bind(records.iter().map(|it| it.entry.at.unix_us()).collect::<Vec<_>>())
        .bind(records.iter().map(|it| it.entry.actor.to_string()).collect::<Vec<_>>())
        .bind(bytes(|entry| entry.client_address.as_deref()))
        .bind(bytes(|entry| Some(&entry.action)))
        .bind(bytes(|entry| Some(&entry.target)))
        .bind(bytes(|entry| entry.before.as_deref()))
        .bind(bytes(|entry| entry.after.as_deref()))
        .bind(texts(|entry| entry.outcome.as_str()))
        .bind(records.iter().map(|it| &it.previous.0[..]).collect::<Vec<_>>())
        .bind(records.iter().map(|it| &it.hash.0[..]).collect::<Vec<_>>())
        .execute(change)
        .await
        .map(drop)
}

fn head(row: &PgRow) -> Result<(Option<TenantId>, AuditHead)> {
    let tenant = chain_of(row.try_get(0)?).map_err(|error| row::damaged(row, 0, error))?;
    Ok((tenant, AuditHead { seq: row::count(row, 1)?, hash: AuditHash(row::id(row, 2)?) }))
}

fn read(row: &PgRow) -> Result<AuditRecord> {
    let entry = AuditEntry {
        tenant: chain_of(row.try_get(0)?).map_err(|error| row::damaged(row, 0, error))?,
        id: AuditId::from_bytes(row::id(row, 2)?),
        at: row::time(row, 3)?,
        actor: row::word(row, 4)?,
        client_address: row::optional_text(row, 5)?,
        action: row::text(row, 6)?,
        target: row::text(row, 7)?,
        before: row::optional_text(row, 8)?,
        after: row::optional_text(row, 9)?,
        outcome: row::word(row, 10)?,
    };
    Ok(AuditRecord {
        entry,
        seq: row::count(row, 1)?,
        previous: AuditHash(row::id(row, 11)?),
        hash: AuditHash(row::id(row, 12)?),
    })
}
