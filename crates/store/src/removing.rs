//! Why a row goes, once for the engines that look at rows one by one.

use llmtrace_model::{Retentions, Span, SpanId, Subject, TenantId, TenantScope, Timestamp, TraceId};

/// Why rows are removed.
#[derive(Debug, Clone)]
pub(crate) enum Cause {
    /// Somebody asked for it.
    Asked {
        /// Whose rows.
        scope: TenantScope,
        /// Which of them.
        subject: Subject,
        /// Up to this start.
        until: Timestamp,
    },
    /// They are older than their tenant keeps them.
    Aged {
        /// How long each tenant does.
        rules: Retentions,
        /// The time that counts.
        now: Timestamp,
    },
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It stays as it is.
    Stays,
    /// What was said in it goes, and its bytes.
    LosesContent,
    /// All of it goes.
    Goes,
}

/// What decides about a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) started_at: Timestamp,
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) session_id: Option<&'a str>,
    pub(crate) user_id: Option<&'a str>,
}

impl<'a> Traits<'a> {
    /// Those of a span.
    pub(crate) fn of(span: &'a Span) -> Self {
        Self {
            tenant: &span.tenant_id,
            started_at: span.started_at,
            trace_id: span.trace_id,
            span_id: span.span_id,
            session_id: span.session_id.as_deref(),
            user_id: span.user_id.as_deref(),
        }
    }
}

impl Cause {
    /// What becomes of such a row.
    pub(crate) fn fate(&self, row: &Traits<'_>) -> Fate {
        match self {
            Self::Asked { scope, subject, until } => {
                let goes = row.started_at <= *until && scope.allows(row.tenant) && belongs(subject, row);
                if goes { Fate::Goes } else { Fate::Stays }
            }
            Self::Aged { rules, now } => {
                let rule = rules.of(row.tenant);
                let is_before = |end: Option<Timestamp>| end.is_some_and(|end| row.started_at < end);
                if is_before(rule.spans_until(*now)) {
                    Fate::Goes
                } else if is_before(rule.content_until(*now)) {
                    Fate::LosesContent
                } else {
                    Fate::Stays
                }
            }
        }
    }
}

fn belongs(subject: &Subject, row: &Traits<'_>) -> bool {
    match subject {
        Subject::Trace(id) => row.trace_id == *id,
        Subject::Span(id) => row.span_id == *id,
        Subject::Session(id) => row.session_id == Some(id),
        Subject::User(id) => row.user_id == Some(id),
        Subject::Everything => true,
    }
}
