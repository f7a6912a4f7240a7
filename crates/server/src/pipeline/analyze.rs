//! What detection says of an exchange. There is no detector yet; the span says so rather than looking clean.

use llmtrace_model::{Finding, SpanRecord};

/// Whether exchanges are analysed (`enable_security_analysis`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Analysis {
    /// By every detector there is.
    Enabled,
    /// Not at all.
    Disabled,
}

/// Analyses what was said, and names in `coverage.analysis` what did it.
pub(super) fn findings(analysis: Analysis, record: &mut SpanRecord) -> Vec<Finding> {
    record.span.coverage.analysis = match analysis {
        Analysis::Enabled => "no detector",
        Analysis::Disabled => "disabled",
    }
    .to_owned();
    Vec::new()
}
