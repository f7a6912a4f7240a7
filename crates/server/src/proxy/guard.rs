//! Whether a request may leave, by what detection finds in it: the one step that reads what was said before it is sent.
//!
//! Nobody waits where the policy in force can neither refuse nor change a request; then the back lane looks, behind the answer.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use llmtrace_detect::{Deadline, Engine, Found, Policy, Quoting};
use llmtrace_model::{Action, BodyCoverage, Channel, ExchangeId};
use llmtrace_wire::{BodyCopy, Decoded, Exchange, Limits};

use super::refusal::Refusal;
use crate::{
    analysis::{Analysts, NotAnalysed},
    config::{OnFailure, OnOpaque},
    telemetry::Events,
};

/// The guard of the front lane.
pub struct Guard {
    /// What is done about what is found.
    pub policy: Arc<Policy>,
    /// Who looks.
    pub analysts: Analysts,
    /// How long a request waits (`guard.timeout_ms`).
    pub timeout: Duration,
    /// What happens then (`guard.on_timeout`).
    pub on_timeout: OnFailure,
    /// What happens with a body that cannot be read (`guard.opaque`).
    pub opaque: OnOpaque,
    /// Counts what happens.
    pub events: Events,
}

/// A request as far as the guard reads it.
pub(super) struct Question {
    pub(super) id: ExchangeId,
    pub(super) method: String,
    pub(super) host: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) said: Said,
}

/// The body of a request.
#[derive(Clone)]
pub(super) enum Said {
    /// It is held whole.
    Held(Bytes),
    /// It passes as a stream, so that nobody has read it before it leaves.
    Streamed,
}

impl Guard {
    /// Whether a request has to wait for a verdict.
    pub fn is_asked(&self) -> bool {
        self.policy.may_enforce(Channel::ALL)
    }

    /// Whether it has anything to say to requests.
    pub(super) fn is_curious(&self) -> bool {
        self.is_asked() || self.opaque == OnOpaque::Block
    }

    /// What happens with a body that nobody here can read.
    fn opaque(&self, why: String) -> Result<(), Refusal> {
        match self.opaque {
            OnOpaque::Allow | OnOpaque::Flag => Ok(()),
            OnOpaque::Block => {
                self.events.notice("guard_opaque");
                Err(Refusal::Unreadable(why))
            }
        }
    }

    /// Looks at a request and says whether it may leave. Never fails by itself: what keeps it from looking is a verdict, too, by
    /// the stance of the operator.
    pub(super) async fn check(&self, question: Question) -> Result<(), Refusal> {
        if let Said::Streamed = question.said {
            // Files pass as streams, in the forms that their formats have for it. What else does cannot be looked at.
            return if question.is_form() { Ok(()) } else { self.opaque("not json".to_owned()) };
        }
        let policy = Arc::clone(&self.policy);
        let looked =
            self.analysts.run(self.timeout, move |engine, deadline| look(engine, &policy, &question, deadline));
        match looked.await {
            Ok(Verdict::Pass) => Ok(()),
            Ok(Verdict::Opaque(why)) => self.opaque(why),
            Ok(Verdict::Block(findings)) => {
                self.events.notice("guard_blocked");
                Err(Refusal::Blocked { findings })
            }
            Ok(Verdict::Late) | Err(NotAnalysed::Late | NotAnalysed::Failed) => self.late(),
        }
    }

    fn late(&self) -> Result<(), Refusal> {
        self.events.notice("guard_timeout");
        match self.on_timeout {
            OnFailure::Allow => Ok(()),
            OnFailure::Deny => Err(Refusal::NotGuarded(self.timeout)),
        }
    }
}

enum Verdict {
    Pass,
    /// It cannot be read, for this reason.
    Opaque(String),
    /// The ids of the findings that say so.
    Block(Vec<String>),
    /// Not everything was looked at, and what was says nothing against it.
    Late,
}

fn look(engine: &Engine, policy: &Policy, question: &Question, deadline: Deadline) -> Verdict {
    let Decoded { content, coverage, .. } = question.read();
    if let BodyCoverage::Opaque(why) = coverage.request {
        return Verdict::Opaque(why);
    }
    if !policy.may_enforce(Channel::ALL) {
        return Verdict::Pass;
    }
    // Also what the model is said to have answered before: it is sent again with the request.
    let examined = engine.examine(&content, Channel::ALL, deadline);
    let is_whole = examined.late.is_empty() && examined.unread.is_empty();
    let blocks = |found: &Found<'_>| found.action(policy) == Some(Action::Block);
    let blocking = examined.found.into_iter().filter(blocks);
    let ids: Vec<_> = blocking
        .map(|found| found.hit.into_finding(&found.segment, Action::Block, Quoting::Refused).id(question.id))
        .collect();
    match (ids.is_empty(), is_whole) {
        (false, _) => Verdict::Block(ids),
        (true, false) => Verdict::Late,
        (true, true) => Verdict::Pass,
    }
}

impl Question {
    /// Whether it is a form with files, to a path whose format takes one.
    fn is_form(&self) -> bool {
        let path = self.target.split('?').next().unwrap_or_default();
        let media = self.headers.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value);
        llmtrace_wire::dialect_of(&self.method, path).is_some()
            && media.to_ascii_lowercase().starts_with("multipart/form-data")
    }

    /// What is said in the request, as the back lane will read it.
    fn read(&self) -> Decoded {
        let body: &[u8] = match &self.said {
            Said::Held(body) => body,
            Said::Streamed => &[],
        };
        let request = BodyCopy { head: body, tail: &[], total_bytes: body.len() as u64 };
        let exchange = Exchange {
            host: &self.host,
            method: &self.method,
            target: &self.target,
            request_headers: &self.headers,
            request,
            status: None,
            answer_headers: &[],
            response: BodyCopy::default(),
            scanned: None,
        };
        llmtrace_wire::decode(&exchange, &Limits::default())
    }
}
