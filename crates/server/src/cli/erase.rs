//! `erase`: removes what one trace, span, session or user has stored, or everything of a tenant.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use clap::{Args, builder::NonEmptyStringValueParser};
use llmtrace_model::{
    Actor, AuditEntry, AuditId, Erasure, ErasureId, Outcome, SpanId, Subject, TenantId, TenantScope, TraceId,
};
use llmtrace_store::{MetaStore, SpanStore};

use super::store::open_existing;
use crate::{api::view::ErasureView, boot, clock::Clock, config::Config, upkeep::Eraser};

/// How often it is looked whether somebody else has done it.
const LOOK: Duration = Duration::from_millis(200);

/// Options of `erase`.
#[derive(Debug, Args)]
pub(super) struct Erase {
    #[command(flatten)]
    what: What,
    /// Only the spans of this tenant; else of all.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// Carry it out here and now, and say what was removed; else a running proxy does.
    #[arg(long)]
    wait: bool,
}

/// Of what the spans are erased.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// The spans of this trace.
    #[arg(long, value_name = "TRACE_ID")]
    trace: Option<TraceId>,
    /// This span.
    #[arg(long, value_name = "SPAN_ID")]
    span: Option<SpanId>,
    /// The spans of this session.
    #[arg(long, value_name = "SESSION", value_parser = NonEmptyStringValueParser::new())]
    session: Option<String>,
    /// The spans of this end user.
    #[arg(long, value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
    user: Option<String>,
    /// All spans of the tenant that --tenant names.
    #[arg(long, requires = "tenant")]
    all_of_tenant: bool,
}

impl What {
    fn subject(&self) -> Subject {
        let trace = self.trace.map(Subject::Trace);
        let span = self.span.map(Subject::Span);
        let session = self.session.clone().map(Subject::Session);
        let user = self.user.clone().map(Subject::User);
        trace.or(span).or(session).or(user).unwrap_or(Subject::Everything)
    }
}

/// What the audit log is told of it.
fn line_of(asked: &Erasure, clock: &Clock) -> AuditEntry {
    let at = asked.requested_at;
    AuditEntry {
        id: AuditId::from_bytes(*clock.mint(at).as_bytes()),
        tenant: asked.tenant_id.clone(),
        at,
        actor: Actor::CommandLine,
        client_address: None,
        action: "erasures.create".to_owned(),
        target: asked.id.to_string(),
        before: None,
        after: serde_json::to_string(&ErasureView::from(asked.clone())).ok(),
        outcome: Outcome::Done,
    }
}

impl Erase {
    /// Writes the erasure down, and with `--wait` sees to it that it is done.
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let kept = &config.storage.meta;
        if kept.scheme() == "memory" {
            bail!("storage.meta is {kept}, which lives in the running proxy: ask its /api/v1/erasures");
        }
        let spans = open_existing(config, "ask its /api/v1/erasures").await?;
        let meta = boot::open_meta(config).await?;
        let erased = self.erase(&spans, &meta).await;
        spans.close().await.context("closing the span store")?;
        meta.close().await.context("closing the store of tenants")?;
        let receipt = erased?;
        println!("erasure {} was asked for at {}", receipt.id, receipt.requested_at);
        match receipt.done_at {
            Some(at) => {
                println!("{} spans removed, {} of them with content", receipt.erased.spans, receipt.erased.contents);
                println!("done at {at}; a running proxy repeats it until {}", receipt.repeat_until);
            }
            None => println!("a running proxy carries it out within seconds"),
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn erase(&self, spans: &Arc<dyn SpanStore>, meta: &Arc<dyn MetaStore>) -> anyhow::Result<Erasure> {
        let clock = Clock::system();
        let id = ErasureId::from_bytes(*uuid::Uuid::new_v4().as_bytes());
        let asked = Erasure::asked(id, self.tenant.clone(), self.what.subject(), clock.now());
        meta.add_erasure(&asked).await.context("writing the erasure down")?;
        let line = meta.append_audit(&[line_of(&asked, &clock)]).await;
        line.with_context(|| format!("erasure {id} is asked for, but the audit log could not be written"))?;
        if !self.wait {
            return Ok(asked);
        }
        let eraser = Eraser::new(Arc::clone(spans), Arc::clone(meta), clock.clone(), Arc::new(|_, _, _| {}));
        loop {
            let now = meta.erasure(&TenantScope::All, id).await.context("reading the erasure")?;
            let now = now.with_context(|| format!("erasure {id} is gone"))?;
            if now.done_at.is_some() {
                return Ok(now);
            }
            // A running proxy may have begun it: then that one does it.
            if now.due_at.is_some_and(|due| due <= clock.now())
                && let Some(carried_out) = eraser.carry_out(&now).await.context("erasing")?
            {
                meta.note_erased(id, &carried_out).await.context("writing the receipt")?;
            } else {
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}
