//! `audit list`: who did what, for people.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, builder::NonEmptyStringValueParser};
use llmtrace_model::{Actor, AuditRecord, TenantId, TenantScope};
use llmtrace_store::{AuditCursor, AuditFilter, MAX_AUDIT, MetaStore};

use super::{super::when::When, open};
use crate::{api::view::AuditView, clock::Clock, config::Config};

/// Options of `audit list`.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only the chain of this tenant; else all, and that of the installation.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// Done by: key:UUID, user:UUID, cli, system or anonymous.
    #[arg(long, value_name = "ACTOR")]
    actor: Option<Actor>,
    /// Exactly this action; with a dot at its end every action that begins so (`erasures.`).
    #[arg(long, value_name = "ACTION", value_parser = NonEmptyStringValueParser::new())]
    action: Option<String>,
    /// Done at or after: an RFC 3339 time, or so long before now (90m, 24h, 7d).
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// Done before.
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// The most records.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Print one JSON object a line, with what was before and after.
    #[arg(long)]
    json: bool,
}

/// The columns of the table.
const COLUMNS: [&str; 8] = ["AT", "CHAIN", "SEQ", "ACTOR", "ADDRESS", "ACTION", "TARGET", "OUTCOME"];

impl List {
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let now = Clock::system().now();
        let (since, until) = (self.since.map(|when| when.from(now)), self.until.map(|when| when.from(now)));
        if let (Some(since), Some(until)) = (since, until)
            && until < since
        {
            bail!("--until is {until}, which is before --since ({since})");
        }
        let actor = self.actor.map(|actor| actor.to_string());
        let filter = AuditFilter { actor, action: self.action.clone(), since, until };
        let meta = open(config).await?;
        let found = self.read(meta.as_ref(), &filter).await;
        meta.close().await.context("closing the store of the log")?;
        let found = found.context("reading the audit log")?;
        if self.json {
            for record in found {
                println!("{}", serde_json::to_string(&AuditView::from(record))?);
            }
        } else {
            print!("{}", table(&found));
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn read(
        &self,
        meta: &dyn MetaStore,
        filter: &AuditFilter,
    ) -> Result<Vec<AuditRecord>, llmtrace_store::Error> {
        let scope = self.tenant.clone().map_or(TenantScope::All, TenantScope::One);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut found: Vec<AuditRecord> = Vec::new();
        loop {
            let asked = (limit - found.len()).min(MAX_AUDIT);
            let after = found.last().map(|last| AuditCursor { at: last.entry.at, id: last.entry.id });
            let page = meta.audit(&scope, filter, after.as_ref(), asked).await?;
            let is_last = page.len() < asked;
            found.extend(page);
            if is_last || found.len() == limit {
                return Ok(found);
            }
        }
    }
}

/// The records under the names of the columns, each as wide as its widest cell.
fn table(records: &[AuditRecord]) -> String {
    let rows: Vec<[String; 8]> = [COLUMNS.map(str::to_owned)].into_iter().chain(records.iter().map(row)).collect();
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default())
        .collect();
    let line = |row: &[String; 8]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn row(record: &AuditRecord) -> [String; 8] {
    let entry = &record.entry;
    [
        entry.at.to_string(),
        entry.tenant.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
        record.seq.to_string(),
        entry.actor.to_string(),
        entry.client_address.as_deref().map_or_else(|| "-".to_owned(), printable),
        printable(&entry.action),
        printable(&entry.target),
        entry.outcome.to_string(),
    ]
}

/// A text without what a terminal obeys or hides: clients choose the names of sessions and users.
fn printable(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    text.chars().flat_map(|c| if c == '"' || c == '\'' { vec![c] } else { c.escape_debug().collect() }).collect()
}

#[cfg(test)]
mod tests {
    use llmtrace_model::{AuditEntry, AuditHead, AuditId, Outcome, Timestamp};

    use super::*;

    #[test]
    fn a_table_is_aligned_and_obeyed_by_no_terminal() {
        let entry = AuditEntry {
            id: AuditId::from_bytes([1; 16]),
            tenant: Some("team-a".parse().unwrap()),
            at: Timestamp::from_unix_us(1_760_000_000_123_456),
            actor: Actor::CommandLine,
            client_address: None,
            action: "sessions.read".to_owned(),
            target: "a\u{1b}[2J\u{202e}\n\"ü\"".to_owned(),
            before: None,
            after: None,
            outcome: Outcome::Done,
        };
        let second = AuditEntry { tenant: None, target: String::new(), ..entry.clone() };
        let first = AuditRecord::behind(AuditHead::default(), entry);
        let second = AuditRecord::behind(first.head(), second);
        assert_eq!(
            table(&[first, second]),
            "AT                           CHAIN   SEQ  ACTOR  ADDRESS  ACTION         TARGET                   OUTCOME\n\
             2025-10-09T08:53:20.123456Z  team-a  1    cli    -        sessions.read  a\\u{1b}[2J\\u{202e}\\n\"ü\"  done\n\
             2025-10-09T08:53:20.123456Z  -       2    cli    -        sessions.read  -                        done\n"
        );
    }
}
