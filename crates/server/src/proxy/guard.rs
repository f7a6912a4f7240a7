//! Whether a request may leave, and as what, by what detection finds in it: the one step that reads what was said before it is
//! sent. What is done about answers is in [`answer`](self::answer).
//!
//! Nobody waits where the policy in force can neither refuse nor change a request; then the back lane looks, behind the answer.

mod answer;
mod request;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use llmtrace_detect::{Answers, Deadline, Engine, Masks, Policy, Quoting};
use llmtrace_model::{Action, BodyCoverage, Channel};
use llmtrace_wire::Decoded;

pub(super) use self::{
    answer::{Answering, Document, Looked},
    request::{Question, Said},
};
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

/// A request from which something was taken before it leaves.
pub(super) struct Redacted {
    /// What leaves in the place of the body.
    pub(super) body: Bytes,
    /// What stands in it for what.
    pub(super) masks: Arc<Masks>,
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

    /// Looks at a request and says whether it may leave, and what it leaves as where that is not as it came. Never fails by
    /// itself: what keeps it from looking is a verdict, too, by the stance of the operator.
    pub(super) async fn check(&self, question: Question) -> Result<Option<Redacted>, Refusal> {
        if let Said::Streamed = question.said {
            // Files pass as streams, in the forms that their formats have for it. What else does cannot be looked at.
            return if question.is_form() { Ok(None) } else { self.opaque("not json".to_owned()).map(|()| None) };
        }
        let policy = Arc::clone(&self.policy);
        let looked =
            self.analysts.run(self.timeout, move |engine, deadline| look(engine, &policy, &question, deadline));
        match looked.await {
            Ok(Verdict::Pass) => Ok(None),
            Ok(Verdict::Opaque(why)) => self.opaque(why).map(|()| None),
            Ok(Verdict::Block(findings)) => {
                self.events.notice("guard_blocked");
                Err(Refusal::Blocked { findings })
            }
            Ok(Verdict::Redact(redacted)) => {
                self.events.notice("guard_redacted");
                Ok(Some(redacted))
            }
            // What the operator wants hidden does not leave as it is.
            Ok(Verdict::Unredactable(why)) => {
                self.events.notice("guard_unredactable");
                Err(Refusal::Unredactable(why))
            }
            Ok(Verdict::Late) | Err(NotAnalysed::Late | NotAnalysed::Failed) => self.late().map(|()| None),
        }
    }

    /// Whether a connection may become a session, of which nothing can be looked at before it passes.
    pub(super) fn session(&self) -> Result<(), Refusal> {
        if self.is_asked() { self.opaque("a session on a WebSocket".to_owned()) } else { Ok(()) }
    }

    fn late(&self) -> Result<(), Refusal> {
        self.events.notice("guard_timeout");
        match self.on_timeout {
            OnFailure::Allow => Ok(()),
            OnFailure::Deny => Err(Refusal::NotGuarded(self.timeout)),
        }
    }

    /// What is done to the answer of a request that was let pass; `None` where it leaves as it comes.
    pub(super) fn answering(&self, redacted: Option<Arc<Masks>>) -> Option<Answering> {
        let is_held = self.policy.answers == Answers::Hold && self.policy.may_enforce(&[Channel::Output]);
        let masks = redacted.filter(|_| self.policy.restore);
        let policy = is_held.then(|| Arc::clone(&self.policy));
        (is_held || masks.is_some()).then(|| Answering::new(self, policy, masks))
    }
}

enum Verdict {
    Pass,
    /// It cannot be read, for this reason.
    Opaque(String),
    /// The ids of the findings that say so.
    Block(Vec<String>),
    /// It leaves as something else.
    Redact(Redacted),
    /// Something in it has to be hidden, and cannot be, for this reason.
    Unredactable(String),
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
    let (mut masks, mut blocking, mut is_maskable) = (Masks::default(), Vec::new(), true);
    for found in examined.found {
        match found.action(policy) {
            Some(Action::Block) => {
                let finding = found.hit.into_finding(&found.segment, Action::Block, Quoting::Refused);
                blocking.push(finding.id(question.id));
            }
            Some(Action::Redact) => {
                let is_masked = masks.mask(&found.hit.subtype, found.text(), |placeholder| question.says(placeholder));
                is_maskable &= is_masked;
            }
            Some(Action::Observe | Action::Flag) | None => {}
        }
    }
    match (blocking.is_empty(), is_whole) {
        (false, _) => Verdict::Block(blocking),
        (true, false) => Verdict::Late,
        (true, true) if !is_maskable => Verdict::Unredactable("it is too short to be told from other text".to_owned()),
        (true, true) if masks.is_empty() => Verdict::Pass,
        (true, true) => match question.without(&masks) {
            Ok(body) => Verdict::Redact(Redacted { body, masks: Arc::new(masks) }),
            Err(why) => Verdict::Unredactable(why),
        },
    }
}
