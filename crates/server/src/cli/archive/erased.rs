//! What was erased stays erased: spans of an old archive that a receipt of the store covers are passed over.

use anyhow::Context as _;
use llmtrace_model::{Erasure, Span, TenantScope};
use llmtrace_store::{MAX_ERASURES, MetaStore};

/// The erasures a store knows.
pub(super) struct Erasures(Vec<Erasure>);

impl Erasures {
    /// Those that were asked for last, as many as a store gives.
    pub(super) async fn of(store: &dyn MetaStore) -> anyhow::Result<Self> {
        let known = store.erasures(&TenantScope::All).await.context("reading erasures")?;
        if known.len() == MAX_ERASURES {
            eprintln!(
                "this store has {MAX_ERASURES} erasures or more, and only the last {MAX_ERASURES} keep spans of the archive out: \
                 repeat older ones with `llmtrace-proxy erase`"
            );
        }
        Ok(Self(known))
    }

    /// Says whether a span was to be erased.
    pub(super) fn cover(&self, span: &Span) -> bool {
        self.0.iter().any(|erasure| erasure.covers(span))
    }
}
