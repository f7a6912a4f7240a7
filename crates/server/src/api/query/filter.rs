//! The filter that a query asks for.

use llmtrace_model::{
    Actor, Between, EndReason, FindingKind, Found, Source, SpanFilter, Status, Terms, Timestamp, TraceId,
};
use llmtrace_store::AuditFilter;

use super::{Query, kind::ANY, values};
use crate::api::error::Problem;

impl Query {
    /// The filter it asks for; a parameter that the route does not take is no part of it.
    pub(in crate::api) fn filter(&self) -> Result<SpanFilter, Problem> {
        let text = |name| self.one(name, values::text);
        let filter = SpanFilter {
            from: self.one("from", values::time)?,
            until: self.one("until", values::time)?,
            trace_id: self.one("trace_id", |v| v.parse::<TraceId>().ok())?,
            session_id: text("session_id")?,
            agent_id: text("agent_id")?,
            user_id: text("user_id")?,
            tags: self.all("tag", values::text).collect::<Result<_, _>>()?,
            environment: text("environment")?,
            release: text("release")?,
            source: self.one("source", |v| v.parse::<Source>().ok())?,
            provider: text("provider")?,
            dialect: text("dialect")?,
            operation: text("operation")?,
            model: text("model")?,
            status: self.one("status", |v| v.parse::<Status>().ok())?,
            http_status: self.one("http_status", values::http_status)?,
            end_reason: self.one("end_reason", |v| v.parse::<EndReason>().ok())?,
            finding: self.one("finding", found)?,
            cost: self.between("min_cost_usd", "max_cost_usd", values::usd)?,
            duration_us: self.between("min_duration_ms", "max_duration_ms", values::ms)?,
            first_token_us: self.between("min_time_to_first_token_ms", "max_time_to_first_token_ms", values::ms)?,
            tokens: self.between("min_tokens", "max_tokens", values::whole)?,
            text: self.one("text", terms)?,
        };
        in_order(filter.from, filter.until)?;
        Ok(filter)
    }

    /// The records of the audit log that it asks for.
    pub(in crate::api) fn audit_filter(&self) -> Result<AuditFilter, Problem> {
        let actor = self.one("actor", |v| v.parse::<Actor>().ok())?;
        let filter = AuditFilter {
            actor: actor.map(|actor| actor.to_string()),
            action: self.one("action", values::text)?,
            since: self.one("from", values::time)?,
            until: self.one("until", values::time)?,
        };
        in_order(filter.since, filter.until)?;
        Ok(filter)
    }

    /// An inclusive range whose ends are in order.
    fn between<T: PartialOrd>(
        &self,
        min: &'static str,
        max: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Between<T>, Problem> {
        let range = Between { min: self.one(min, &read)?, max: self.one(max, &read)? };
        match (&range.min, &range.max) {
            (Some(low), Some(high)) if high < low => {
                let expected = format!("a number that is not less than {min} ({})", self.raw(min));
                Err(Problem::bad(max, self.raw(max), expected))
            }
            _ => Ok(range),
        }
    }
}

/// Refuses a time that ends before it begins.
fn in_order(from: Option<Timestamp>, until: Option<Timestamp>) -> Result<(), Problem> {
    match (from, until) {
        (Some(from), Some(until)) if until < from => {
            Err(Problem::bad("until", &until.to_string(), format!("a time not before \"from\" ({from})")))
        }
        _ => Ok(()),
    }
}

fn found(word: &str) -> Option<Found> {
    if word == ANY { Some(Found::Any) } else { word.parse::<FindingKind>().ok().map(Found::Kind) }
}

fn terms(text: &str) -> Option<Terms> {
    values::text(text).and_then(|text| Terms::parse(&text))
}
