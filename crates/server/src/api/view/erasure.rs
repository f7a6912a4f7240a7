//! Erasures, and how long things are kept, in JSON; and what of them a caller may send.

use llmtrace_model::{Erasure, ErasureId, Retention, Subject, TenantId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use utoipa::ToSchema;

use crate::api::{
    error::{Problem, shorten},
    query::MAX_TEXT,
};

/// Erasures, those asked for last first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasureList {
    /// The rows.
    pub items: Vec<ErasureView>,
}

/// Of what the spans are erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureSubject {
    /// One trace: `subject_id` is 32 hex digits.
    Trace,
    /// One span: `subject_id` is 16 hex digits.
    Span,
    /// One session: `subject_id` is its name.
    Session,
    /// One end user: `subject_id` is the user's name.
    User,
    /// A tenant: there is no `subject_id`.
    Everything,
}

/// How far an erasure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureState {
    /// It was not carried out yet.
    Pending,
    /// It is done, and repeated, since something older may still come.
    Repeating,
    /// Its time is over.
    Done,
}

/// An erasure that was asked for, and its receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Erasure)]
pub struct ErasureView {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    pub erasure_id: ErasureId,
    /// Whose spans; `null` for those of all tenants.
    #[schema(value_type = Option<String>, required)]
    pub tenant_id: Option<TenantId>,
    /// Of what the spans are erased.
    pub subject: ErasureSubject,
    /// Of which; `null` for everything.
    #[schema(required)]
    pub subject_id: Option<String>,
    /// How far it is.
    pub state: ErasureState,
    /// When it was asked for: spans that start later stay.
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Timestamp,
    /// When everything that was stored had been removed; `null` until then.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub done_at: Option<Timestamp>,
    /// Until when it is repeated.
    #[schema(value_type = String, format = DateTime)]
    pub repeat_until: Timestamp,
    /// Spans removed so far.
    pub erased_spans: u64,
    /// Of them, those of which content or bytes were stored.
    pub erased_contents: u64,
}

impl From<Erasure> for ErasureView {
    fn from(erasure: Erasure) -> Self {
        let state = match (erasure.done_at, erasure.due_at) {
            (None, _) => ErasureState::Pending,
            (Some(_), Some(_)) => ErasureState::Repeating,
            (Some(_), None) => ErasureState::Done,
        };
        let (subject, subject_id) = match erasure.subject {
            Subject::Trace(id) => (ErasureSubject::Trace, Some(id.to_string())),
            Subject::Span(id) => (ErasureSubject::Span, Some(id.to_string())),
            Subject::Session(name) => (ErasureSubject::Session, Some(name)),
            Subject::User(name) => (ErasureSubject::User, Some(name)),
            Subject::Everything => (ErasureSubject::Everything, None),
        };
        Self {
            erasure_id: erasure.id,
            tenant_id: erasure.tenant_id,
            subject,
            subject_id,
            state,
            requested_at: erasure.requested_at,
            done_at: erasure.done_at,
            repeat_until: erasure.repeat_until,
            erased_spans: erasure.erased.spans,
            erased_contents: erasure.erased.contents,
        }
    }
}

/// What a caller wants to be erased; nothing else is taken.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = ErasureBody)]
#[serde(deny_unknown_fields)]
pub struct ErasureBody {
    /// Of what the spans are erased.
    pub(in crate::api) subject: ErasureSubject,
    /// Of which: an id, or a name of 1 to 1024 characters; left out for everything of a tenant.
    #[serde(default)]
    pub(in crate::api) subject_id: Option<String>,
    /// A UUID of the caller's choice: sent again, it is the same erasure. Else one is made.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub(in crate::api) erasure_id: Option<ErasureId>,
}

impl ErasureBody {
    /// What is meant.
    pub(in crate::api) fn subject(&self) -> Result<Subject, Problem> {
        let id = self.subject_id.as_deref();
        let wrong = |expected: &str| {
            let found = id.map_or("nothing".to_owned(), |id| format!("{:?}", shorten(id)));
            Problem::BadBody { field: "subject_id".to_owned(), why: format!("found {found}, expected {expected}") }
        };
        let name = || {
            let named = id.filter(|name| !name.is_empty() && name.chars().nth(MAX_TEXT).is_none());
            named.map(str::to_owned).ok_or_else(|| wrong("1 to 1024 characters of text"))
        };
        match self.subject {
            ErasureSubject::Trace => {
                let trace = id.and_then(|id| id.parse().ok());
                trace.map(Subject::Trace).ok_or_else(|| wrong("32 hex digits, not all zero"))
            }
            ErasureSubject::Span => {
                let span = id.and_then(|id| id.parse().ok());
                span.map(Subject::Span).ok_or_else(|| wrong("16 hex digits, not all zero"))
            }
            ErasureSubject::Session => name().map(Subject::Session),
            ErasureSubject::User => name().map(Subject::User),
            ErasureSubject::Everything if id.is_none() => Ok(Subject::Everything),
            ErasureSubject::Everything => Err(wrong("none: everything of the tenant goes")),
        }
    }
}

/// Where a rule of retention comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetentionSource {
    /// The tenant has one of its own.
    Tenant,
    /// The setting `retention`, else the storage profile.
    Setting,
}

/// How long the spans of a tenant are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Retention)]
pub struct RetentionView {
    /// The tenant.
    #[schema(value_type = String)]
    pub tenant_id: TenantId,
    /// What was said, and the bytes as they passed: so many days; `null` for ever.
    #[schema(required)]
    pub content_days: Option<u32>,
    /// Spans: so many days; `null` for ever.
    #[schema(required)]
    pub span_days: Option<u32>,
    /// Whose rule this is.
    pub source: RetentionSource,
}

impl RetentionView {
    /// What applies to a tenant.
    pub(in crate::api) fn of(tenant_id: TenantId, own: Option<Retention>, setting: Retention) -> Self {
        let source = if own.is_some() { RetentionSource::Tenant } else { RetentionSource::Setting };
        let Retention { content_days, span_days } = own.unwrap_or(setting);
        Self { tenant_id, content_days, span_days, source }
    }
}

/// A tenant's own rule; both must be said, so that a forgotten one keeps nothing for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = RetentionBody)]
#[serde(deny_unknown_fields)]
pub struct RetentionBody {
    /// What was said, and the bytes as they passed: 1 to 36500 days, or `null` for ever.
    #[serde(deserialize_with = "days")]
    #[schema(required, minimum = 1, maximum = 36500)]
    content_days: Option<u32>,
    /// Spans: 1 to 36500 days, or `null` for ever.
    #[serde(deserialize_with = "days")]
    #[schema(required, minimum = 1, maximum = 36500)]
    span_days: Option<u32>,
}

impl From<RetentionBody> for Retention {
    fn from(body: RetentionBody) -> Self {
        Self { content_days: body.content_days, span_days: body.span_days }
    }
}

fn days<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let days = Option::<u64>::deserialize(from)?;
    let known = |days: u64| u32::try_from(days).ok().filter(|days| (1..=Retention::MAX_DAYS).contains(days));
    let wrong =
        |days| D::Error::custom(format!("found {days}, expected 1 to {} days, or null for ever", Retention::MAX_DAYS));
    days.map(|days| known(days).ok_or_else(|| wrong(days))).transpose()
}
