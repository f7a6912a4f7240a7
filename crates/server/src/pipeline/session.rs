//! What takes more than one exchange to see: findings that add up over the turns of a session, and tools that change once they
//! are trusted.
//!
//! What is known of a session is a note in the store of counters, so that the replicas of an installation know the same. It holds
//! scores, the names of tools and digests of what they say of themselves, and no word of what was said. Of two turns of a session that two replicas finish in the same moment, one may
//! be forgotten: then a limit is crossed a turn later.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use llmtrace_detect::exchange::{self, Limits, Tool, ToolSet, turn_weight};
use llmtrace_model::{Content, ExchangeId, Finding, Role, Span, SpanRecord, TenantId, Timestamp};
use llmtrace_store::{CounterName, CounterStore, Put, SharedNote};
use parking_lot::Mutex;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use tokio::{runtime::Handle, time::timeout};

use crate::telemetry::Events;

/// How long a session is known after its last turn.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long the store may take for one answer: nobody's span waits longer for this.
const PATIENCE: Duration = Duration::from_secs(1);
/// Of so many turns it is remembered what was found, for records that come again.
const REMEMBERED: usize = 32;
/// The most tools of a session whose changes are seen.
const MAX_TOOLS: usize = 256;
/// Sessions that are looked at at once: turns of one session wait for each other.
const TURNSTILES: usize = 64;

/// What is known of sessions.
pub(super) struct Sessions {
    counters: Arc<dyn CounterStore>,
    runtime: Handle,
    turnstiles: [Mutex<()>; TURNSTILES],
}

/// What is known of one session.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Known {
    score: exchange::Session,
    /// The tools that were offered in it so far, as they were last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tools: Option<ToolSet>,
    /// The last turns, with what was found by them.
    turns: VecDeque<(ExchangeId, Vec<Finding>)>,
}

impl Sessions {
    /// Made inside the runtime, used by threads outside it.
    pub(super) fn new(counters: Arc<dyn CounterStore>) -> Self {
        Self { counters, runtime: Handle::current(), turnstiles: [const { Mutex::new(()) }; TURNSTILES] }
    }

    /// Of sessions that nobody else knows of.
    #[cfg(test)]
    pub(super) fn alone() -> Self {
        // In memory: it never waits, so that it is there the first time it is asked.
        let options = llmtrace_store::Options::default();
        let opened = llmtrace_store::open_counters("test", "memory:", &options);
        let counters = futures_util::FutureExt::now_or_never(opened);
        Self::new(counters.expect("memory answers at once").expect("memory opens"))
    }

    /// What an exchange adds to its session, as findings: the same again for a record that comes again. Blocks for a moment; an
    /// exchange without a session, or one that adds nothing, costs nothing.
    pub(super) fn findings(&self, record: &SpanRecord, events: &Events) -> Vec<Finding> {
        let span = &record.span;
        let Some(id) = span.session_id.as_deref().filter(|id| !id.is_empty()) else { return Vec::new() };
        let weight = turn_weight(new_in_turn(record));
        let tools = record.content.as_ref().map(offered).filter(|tools| !tools.tools().is_empty());
        if weight == 0.0 && tools.is_none() {
            return Vec::new();
        }
        let name = digest(&SHA256, id.as_bytes());
        let turnstile = usize::from(name.as_ref()[0]) % TURNSTILES;
        let name = format!("guard.session/{}", hex::encode(&name.as_ref()[..16]));
        let name: CounterName = name.parse().expect("short and visible");
        let _turn = self.turnstiles[turnstile].lock();
        let now = ended_at(span);
        let turn = self.turn(&span.tenant_id, &name, span, weight, tools, now);
        match self.runtime.block_on(async { timeout(PATIENCE, turn).await }) {
            Ok(Ok(findings)) => findings,
            Ok(Err(error)) => {
                events.store_failed(&error);
                events.notice("session_unknown");
                Vec::new()
            }
            Err(_) => {
                events.notice("session_unknown");
                Vec::new()
            }
        }
    }

    async fn turn(
        &self,
        tenant: &TenantId,
        name: &CounterName,
        span: &Span,
        weight: f64,
        tools: Option<ToolSet>,
        now: Timestamp,
    ) -> Result<Vec<Finding>, llmtrace_store::Error> {
        let note = self.counters.note(tenant, name, now).await?;
        // A note of a newer version is none.
        let mut known: Known = note.and_then(|note| serde_json::from_slice(&note).ok()).unwrap_or_default();
        if let Some((_, found)) = known.turns.iter().find(|(id, _)| *id == span.exchange_id) {
            return Ok(found.clone());
        }
        let findings = known.after(span, weight, tools);
        let value = serde_json::to_vec(&known).expect("text keys and numbers are JSON");
        self.counters.put_note(tenant, name, &SharedNote { value, keep: KEPT }, Put::Always, now).await?;
        Ok(findings)
    }
}

impl Known {
    fn after(&mut self, span: &Span, weight: f64, tools: Option<ToolSet>) -> Vec<Finding> {
        let now_ms = u64::try_from(ended_at(span).unix_us() / 1_000).unwrap_or(0);
        let (score, mut findings) = exchange::after_turn(self.score, weight, now_ms, Limits::default());
        self.score = score;
        if let Some(now) = tools {
            let known = self.tools.take().unwrap_or_default();
            let changes = known.changes(&now).into_iter().filter(|change| change.is_of_words());
            findings.extend(changes.map(exchange::Change::finding));
            // Told once: what a tool is now is what it is measured by from here on.
            self.tools = Some(known.and(&now)).filter(|tools| tools.tools().len() <= MAX_TOOLS);
        }
        self.turns.push_back((span.exchange_id, findings.clone()));
        if self.turns.len() > REMEMBERED {
            self.turns.pop_front();
        }
        findings
    }
}

/// What was found in what is new in this turn: a conversation is sent again with every turn, with the same tools and instructions,
/// and what was found in them before was found then.
fn new_in_turn(record: &SpanRecord) -> impl Iterator<Item = &Finding> {
    let messages = record.content.as_ref().map_or(&[][..], |content| &content.input_messages);
    let first_new = messages.iter().rposition(|message| message.role == Role::Assistant).map_or(0, |last| last + 1);
    record.span.findings.iter().filter(move |finding| {
        let Some(place) = &finding.place else { return true };
        let message = place.path.strip_prefix("/input_messages/").and_then(|at| at.split('/').next());
        match message {
            Some(n) => n.parse().is_ok_and(|n: usize| n >= first_new),
            None => place.path.starts_with("/output_messages/"),
        }
    })
}

fn offered(content: &Content) -> ToolSet {
    let tools = llmtrace_wire::tools(&content.tool_definitions);
    ToolSet::of(tools.map(|tool| Tool {
        server: tool.server,
        name: tool.name,
        description: tool.description,
        schema: tool.schema,
    }))
}

fn ended_at(span: &Span) -> Timestamp {
    let took = i64::try_from(span.timing.duration_us).unwrap_or(0);
    Timestamp::from_unix_us(span.started_at.unix_us().saturating_add(took))
}

#[cfg(test)]
mod tests;
