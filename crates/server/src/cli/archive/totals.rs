//! What an archive adds up to: kept while it is written, in its last block, and again while it is read.

use std::fmt;

use llmtrace_model::{ExchangeId, SpanRecord, TenantId};
use serde::{Deserialize, Serialize};

use super::meta::MetaRow;

/// Which archive this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    /// Its identity, which an interrupted import finds its place by.
    pub(super) id: ExchangeId,
    /// The version of the program that wrote it.
    pub(super) program: String,
    /// The one tenant it is of; `None` for all.
    pub(super) tenant: Option<TenantId>,
}

/// What rows add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct Totals {
    pub(super) spans: u64,
    /// Spans with content.
    pub(super) contents: u64,
    /// Spans with their bytes as they passed.
    pub(super) raws: u64,
    /// Those bytes.
    pub(super) raw_bytes: u64,
    /// Spans with a cost.
    pub(super) priced: u64,
    /// Nano-dollars; the sum of any number of costs fits.
    pub(super) cost_nanos: i128,
    pub(super) tenants: u64,
    pub(super) views: u64,
    pub(super) retentions: u64,
    pub(super) erasures: u64,
}

impl Totals {
    /// Counts a span.
    pub(super) fn add(&mut self, record: &SpanRecord) {
        self.spans += 1;
        self.contents += u64::from(record.content.is_some());
        if let Some(raw) = &record.raw {
            self.raws += 1;
            for body in [&raw.request, &raw.response] {
                self.raw_bytes += (body.head.len() + body.tail.len()) as u64;
            }
        }
        if let Some(cost) = record.span.cost {
            self.priced += 1;
            self.cost_nanos += i128::from(cost.nanos());
        }
    }

    /// Counts something else.
    pub(super) fn add_meta(&mut self, row: &MetaRow) {
        match row {
            MetaRow::Tenant { .. } => self.tenants += 1,
            MetaRow::View { .. } => self.views += 1,
            MetaRow::Retention { .. } => self.retentions += 1,
            MetaRow::Erasure { .. } => self.erasures += 1,
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { spans, contents, raws, raw_bytes, priced, cost_nanos, tenants, views, retentions, erasures } = self;
        let (sign, nanos) = (if *cost_nanos < 0 { "-" } else { "" }, cost_nanos.unsigned_abs());
        let (dollars, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        write!(
            f,
            "{spans} spans ({contents} with content, {raws} with {raw_bytes} bytes as they passed, {priced} that cost \
             {sign}{dollars}.{rest:09} USD), {tenants} tenants, {views} views, {retentions} retentions, {erasures} erasures"
        )
    }
}
