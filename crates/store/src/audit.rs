//! The port for the audit log: one chain per tenant and one of the installation, to which is only ever appended.

use async_trait::async_trait;
use llmtrace_model::{AuditEntry, AuditHead, AuditId, AuditRecord, TenantError, TenantId, TenantScope, Timestamp};

use crate::Error;

/// Where the audit log is kept. Nothing here changes or removes a record; deleting a tenant leaves its chain.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Appends entries to their chains in this order, all of them or none, and returns them as they stand there.
    ///
    /// One writer at a time per engine: of several processes that append to a chain, each finds the end that the one before
    /// left. Idempotent by the entry's id, whose first record stays: an entry that is there already is returned as it stands.
    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<Vec<AuditRecord>, Error>;

    /// The records of a scope, the latest first by time and then by id: those of one tenant's chain, or of all chains
    /// with that of the installation. Starts behind `after`, at most `limit` and never more than [`MAX_AUDIT`].
    async fn audit(
        &self,
        scope: &TenantScope,
        filter: &AuditFilter,
        after: Option<&AuditCursor>,
        limit: usize,
    ) -> Result<Vec<AuditRecord>, Error>;

    /// The records of one chain behind a place in it, the earliest first, at most [`MAX_AUDIT`].
    async fn audit_chain(&self, tenant: Option<&TenantId>, after: u64) -> Result<Vec<AuditRecord>, Error>;

    /// The end of every chain there is, the installation's first and then by tenant, at most [`MAX_CHAINS`].
    async fn audit_heads(&self) -> Result<Vec<(Option<TenantId>, AuditHead)>, Error>;
}

/// Which records are looked for; what is `None` matches all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Exactly this actor, as it is written.
    pub actor: Option<String>,
    /// Exactly this action, or with a dot at its end every action that begins so.
    pub action: Option<String>,
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditCursor {
    /// The time of its last record.
    pub at: Timestamp,
    /// Its id.
    pub id: AuditId,
}

/// The most records of one answer.
pub const MAX_AUDIT: usize = 1_000;

/// The most chains of one answer.
pub const MAX_CHAINS: usize = 10_001;

/// What of the order of time and id a page is cut out of, as engines compare it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// The first time.
    pub(crate) from: i64,
    /// The time and the bytes of the id that everything is before.
    pub(crate) before: (i64, Vec<u8>),
}

impl AuditFilter {
    /// Says whether an entry is looked for.
    pub(crate) fn matches(&self, entry: &AuditEntry) -> bool {
        let is_action = |wanted: &String| {
            if wanted.ends_with('.') { entry.action.starts_with(wanted.as_str()) } else { entry.action == *wanted }
        };
        self.actor.as_ref().is_none_or(|actor| entry.actor.to_string() == *actor)
            && self.action.as_ref().is_none_or(is_action)
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
    }

    /// Where a page behind `after` lies.
    pub(crate) fn stretch(&self, after: Option<&AuditCursor>) -> Stretch {
        // Longer than any id, and so behind all of them.
        let mut before = (i64::MAX, vec![u8::MAX; 17]);
        if let Some(until) = self.until {
            before = before.min((until.unix_us(), Vec::new()));
        }
        if let Some(after) = after {
            before = before.min((after.at.unix_us(), after.id.as_bytes().to_vec()));
        }
        Stretch { from: self.since.map_or(i64::MIN, Timestamp::unix_us), before }
    }

    /// The first action that is looked for and what comes right behind the last one, as bytes compare; `None` for all.
    pub(crate) fn actions(&self) -> Option<(&str, String)> {
        let first = self.action.as_deref()?;
        let behind = match first.strip_suffix('.') {
            // The sign that follows the dot.
            Some(family) => format!("{family}/"),
            None => format!("{first}\0"),
        };
        Some((first, behind))
    }
}

/// The word for a chain in a table: the tenant's name, which is never empty, or nothing for the installation.
pub(crate) fn chain_word(tenant: Option<&TenantId>) -> &str {
    tenant.map_or("", TenantId::as_str)
}

/// The chain of such a word.
pub(crate) fn chain_of(word: &str) -> Result<Option<TenantId>, TenantError> {
    if word.is_empty() { Ok(None) } else { word.parse().map(Some) }
}
