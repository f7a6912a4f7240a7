//! Asking for rows: filters, keyset pages and their cursors.

use std::{fmt, str::FromStr};

use crate::{EndReason, ExchangeId, FindingKind, IdError, Money, Source, Status, Terms, Timestamp, TraceId};

/// Which spans are meant; every field that is set must match. Always inside a `TenantScope`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpanFilter {
    /// Started at or after.
    pub from: Option<Timestamp>,
    /// Started before.
    pub until: Option<Timestamp>,
    /// Belongs to this trace.
    pub trace_id: Option<TraceId>,
    /// Belongs to this session.
    pub session_id: Option<String>,
    /// Sent by this agent.
    pub agent_id: Option<String>,
    /// Sent for this user.
    pub user_id: Option<String>,
    /// Carries every one of these tags.
    pub tags: Vec<String>,
    /// Sent from this environment.
    pub environment: Option<String>,
    /// Sent by this release.
    pub release: Option<String>,
    /// How we came to know of it.
    pub source: Option<Source>,
    /// Went to this provider.
    pub provider: Option<String>,
    /// In this wire format.
    pub dialect: Option<String>,
    /// OpenTelemetry's operation name.
    pub operation: Option<String>,
    /// Asked for or answered by this model.
    pub model: Option<String>,
    /// Went well or not.
    pub status: Option<Status>,
    /// The client saw this HTTP status.
    pub http_status: Option<u16>,
    /// Ended so.
    pub end_reason: Option<EndReason>,
    /// Something was found.
    pub finding: Option<Found>,
    /// Cost; what has no price is outside every range.
    pub cost: Between<Money>,
    /// From the start to the last byte, in microseconds.
    pub duration_us: Between<u64>,
    /// From the start to the first token, in microseconds; what has none is outside every range.
    pub first_token_us: Between<u64>,
    /// All tokens; what has no usage is outside every range. Exact up to `i64::MAX`, which stands for everything above.
    pub tokens: Between<u64>,
    /// Every term stands in what was said; spans whose content was not kept, or is not indexed yet, do not match.
    pub text: Option<Terms>,
}

/// Which findings a span must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Any.
    Any,
    /// One of this kind.
    Kind(FindingKind),
}

/// An inclusive range, open where an end is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Between<T> {
    /// The lowest value inside.
    pub min: Option<T>,
    /// The highest value inside.
    pub max: Option<T>,
}

impl<T: PartialOrd> Between<T> {
    /// Says whether a value is inside; an absent one is, where nothing is asked.
    pub fn holds(&self, value: Option<T>) -> bool {
        match value {
            Some(value) => {
                self.min.as_ref().is_none_or(|min| value >= *min) && self.max.as_ref().is_none_or(|max| value <= *max)
            }
            None => self.is_open(),
        }
    }

    /// Says whether everything is inside.
    pub fn is_open(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }
}

/// One page of a list: at most `limit` rows after `after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows wanted; stores cap it at [`PageRequest::MAX`].
    pub limit: u32,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

impl PageRequest {
    /// The most rows of one page.
    pub const MAX: u32 = 1000;

    /// The first page.
    pub fn first(limit: u32) -> Self {
        Self { limit, after: None }
    }
}

/// Rows, and where the next page starts (`None` at the end).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, newest first.
    pub items: Vec<T>,
    /// The place after the last row.
    pub next: Option<Cursor>,
}

/// A place in a list that is ordered by start time and id, newest first; stable while rows are added.
///
/// Its text form is `TIME.ID`, where TIME is in microseconds; clients treat it as opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Start of the last row.
    pub started_at: Timestamp,
    /// Its identity: the exchange of a span, or of the first matching span of a trace.
    pub id: ExchangeId,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.started_at.unix_us(), self.id)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(s: &str) -> Result<Self, CursorError> {
        let (time, id) = s.split_once('.').ok_or(CursorError)?;
        let us = time.parse().map_err(|_| CursorError)?;
        let id = id.parse().map_err(|_: IdError| CursorError)?;
        Ok(Self { started_at: Timestamp::from_unix_us(us), id })
    }
}

/// Says that a text is no cursor of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor, expected the value of \"next\" from the page before")]
pub struct CursorError;
