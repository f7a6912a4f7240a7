//! How long things are kept, and what is erased before its time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ErasureId, Span, SpanId, TenantId, Timestamp, TraceId};

/// How long the spans of a tenant are kept, in days; `None` keeps for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Retention {
    /// What was said, and the bytes as they passed: never longer than the span itself.
    pub content_days: Option<u32>,
    /// Everything else of a span.
    pub span_days: Option<u32>,
}

impl Retention {
    /// The most days; who keeps longer keeps for ever.
    pub const MAX_DAYS: u32 = 36_500;

    /// Spans that started before this time are removed; `None` where all stay.
    pub fn spans_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.span_days.map(|days| before(now, days))
    }

    /// The content of spans that started before this time is removed; `None` where all stays.
    pub fn content_until(&self, now: Timestamp) -> Option<Timestamp> {
        let days = [self.content_days, self.span_days].into_iter().flatten().min()?;
        Some(before(now, days))
    }
}

fn before(now: Timestamp, days: u32) -> Timestamp {
    Timestamp::from_unix_us(now.unix_us().saturating_sub(i64::from(days) * 86_400_000_000))
}

/// The retention of every tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retentions {
    /// Of tenants without one of their own.
    pub default: Retention,
    /// Tenants with one of their own.
    pub of: BTreeMap<TenantId, Retention>,
}

impl Retentions {
    /// That of one tenant.
    pub fn of(&self, tenant: &TenantId) -> Retention {
        self.of.get(tenant).copied().unwrap_or(self.default)
    }
}

/// Whose or what spans are erased, inside one scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The spans of one trace.
    Trace(TraceId),
    /// One span, and every other that was sent with this id.
    Span(SpanId),
    /// The spans of one session.
    Session(String),
    /// The spans of one end user.
    User(String),
    /// All of the scope.
    Everything,
}

impl Subject {
    /// Says whether a span is one of these.
    pub fn includes(&self, span: &Span) -> bool {
        match self {
            Self::Trace(id) => span.trace_id == *id,
            Self::Span(id) => span.span_id == *id,
            Self::Session(id) => span.session_id.as_ref() == Some(id),
            Self::User(id) => span.user_id.as_ref() == Some(id),
            Self::Everything => true,
        }
    }
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Erased {
    /// Spans.
    pub spans: u64,
    /// What was said in them: contents, or bytes as they passed, of a span that may itself stay.
    pub contents: u64,
}

/// An erasure that was asked for, and its receipt once it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Its identity.
    pub id: ErasureId,
    /// Whose spans; `None` for those of the whole installation.
    pub tenant_id: Option<TenantId>,
    /// Which of them.
    pub subject: Subject,
    /// When it was asked for: spans that started later stay.
    pub requested_at: Timestamp,
    /// When everything that was stored had been removed; `None` until then.
    pub done_at: Option<Timestamp>,
    /// When it is carried out next; `None` once its time is over.
    pub due_at: Option<Timestamp>,
    /// Until when it is done again and again, since a span that started before may still be on its way.
    pub repeat_until: Timestamp,
    /// What was removed so far.
    pub erased: Erased,
}

impl Erasure {
    /// How long it is repeated after it was asked for. A journal record that waits longer for a store is not erased when it
    /// comes.
    pub const REPEATED_US: i64 = 7 * 86_400_000_000;

    /// An erasure that is asked for now, and due at once.
    pub fn asked(id: ErasureId, tenant_id: Option<TenantId>, subject: Subject, now: Timestamp) -> Self {
        Self {
            id,
            tenant_id,
            subject,
            requested_at: now,
            done_at: None,
            due_at: Some(now),
            repeat_until: Timestamp::from_unix_us(now.unix_us().saturating_add(Self::REPEATED_US)),
            erased: Erased::default(),
        }
    }

    /// Says whether a span is to be erased by it.
    pub fn covers(&self, span: &Span) -> bool {
        span.started_at <= self.requested_at
            && self.tenant_id.as_ref().is_none_or(|tenant| *tenant == span.tenant_id)
            && self.subject.includes(span)
    }
}

impl std::ops::AddAssign for Erased {
    fn add_assign(&mut self, other: Self) {
        self.spans = self.spans.saturating_add(other.spans);
        self.contents = self.contents.saturating_add(other.contents);
    }
}
