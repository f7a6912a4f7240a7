//! What was erased stays erased: spans of an old archive that a receipt of the store covers are passed over.

use anyhow::Context as _;
use llmtrace_model::{Erasure, Span, Subject, TenantScope};
use llmtrace_store::MetaStore;

/// The erasures a store knows.
pub(super) struct Erasures(Vec<Erasure>);

impl Erasures {
    /// Those that were asked for last, as many as a store gives.
    pub(super) async fn of(store: &dyn MetaStore) -> anyhow::Result<Self> {
        Ok(Self(store.erasures(&TenantScope::All).await.context("reading erasures")?))
    }

    /// Says whether a span was to be erased.
    pub(super) fn cover(&self, span: &Span) -> bool {
        self.0.iter().any(|erasure| {
            span.started_at <= erasure.requested_at
                && erasure.tenant_id.as_ref().is_none_or(|tenant| *tenant == span.tenant_id)
                && is_of(span, &erasure.subject)
        })
    }
}

fn is_of(span: &Span, subject: &Subject) -> bool {
    match subject {
        Subject::Trace(id) => span.trace_id == *id,
        Subject::Span(id) => span.span_id == *id,
        Subject::Session(id) => span.session_id.as_ref() == Some(id),
        Subject::User(id) => span.user_id.as_ref() == Some(id),
        Subject::Everything => true,
    }
}
