//! Whether a request may leave, and as what, by what detection finds in it: the one step that reads what was said before it is
//! sent. What is done about answers is in [`answer`].
//!
//! Nobody waits where the policy in force can neither refuse nor change a request; then the back lane looks, behind the answer.

mod answer;
mod request;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use llmtrace_detect::{Answers, Deadline, Engine, Masks, Quoting, exchange::forbidden_tools};
use llmtrace_model::{Action, BodyCoverage, Channel};
use llmtrace_wire::Decoded;

pub(super) use self::{
    answer::{Answering, Document, Looked},
    request::{Question, Said},
};
use super::refusal::Refusal;
use crate::{
    analysis::{Analysts, NotAnalysed},
    config::{OnFailure, OnOpaque, Ruling},
    telemetry::Events,
};

/// The guard of the front lane.
pub struct Guard {
    /// Who looks.
    pub analysts: Analysts,
    /// How long a request waits (`guard.timeout_ms`).
    pub timeout: Duration,
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
    /// What happens with a body that nobody here can read.
    fn opaque(&self, ruling: &Ruling, why: String) -> Result<(), Refusal> {
        match ruling.stances.opaque {
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
            let opaque = || self.opaque(&question.ruling, "not json".to_owned());
            return if question.is_form() { Ok(None) } else { opaque().map(|()| None) };
        }
        let ruling = Arc::clone(&question.ruling);
        // A tenant may have asked for it since the start, and nobody who waits for a verdict may run out of time for that.
        self.analysts.ready().await;
        let looked = self.analysts.run(self.timeout, move |engine, deadline| look(engine, &question, deadline));
        match looked.await {
            Ok(Verdict::Pass) => Ok(None),
            Ok(Verdict::Opaque(why)) => self.opaque(&ruling, why).map(|()| None),
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
            Ok(Verdict::Late) | Err(NotAnalysed::Late | NotAnalysed::Failed) => self.late(&ruling).map(|()| None),
        }
    }

    /// Whether a connection may become a session, of which nothing can be looked at before it passes.
    pub(super) fn session(&self, ruling: &Ruling) -> Result<(), Refusal> {
        if !ruling.may_enforce(Channel::ALL) {
            return Ok(());
        }
        self.opaque(ruling, "a session on a WebSocket".to_owned())
    }

    fn late(&self, ruling: &Ruling) -> Result<(), Refusal> {
        self.events.notice("guard_timeout");
        match ruling.stances.on_timeout {
            OnFailure::Allow => Ok(()),
            OnFailure::Deny => Err(Refusal::NotGuarded(self.timeout)),
        }
    }

    /// What is done to the answer of a request that was let pass; `None` where it leaves as it comes.
    pub(super) fn answering(&self, ruling: &Arc<Ruling>, redacted: Option<Arc<Masks>>) -> Option<Answering> {
        let is_held = ruling.answers == Answers::Hold && ruling.may_enforce(&[Channel::Output]);
        let masks = redacted.filter(|_| ruling.restore);
        let held_by = is_held.then(|| Arc::clone(ruling));
        (is_held || masks.is_some()).then(|| Answering::new(self, ruling, held_by, masks))
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

fn look(engine: &Engine, question: &Question, deadline: Deadline) -> Verdict {
    let ruling = &question.ruling;
    let Decoded { content, coverage, .. } = question.read();
    if let BodyCoverage::Opaque(why) = coverage.request {
        return Verdict::Opaque(why);
    }
    if !ruling.may_enforce(Channel::ALL) {
        return Verdict::Pass;
    }
    // Also what the model is said to have answered before: it is sent again with the request.
    let mut examined = engine.examine(&content, Channel::ALL, deadline);
    let offered = llmtrace_wire::tools(&content.tool_definitions).map(|tool| (tool.definition, tool.name));
    let forbidden = forbidden_tools(&content, offered, question.agent.as_deref(), &ruling.tools);
    examined.found.extend(forbidden);
    let is_whole = examined.late.is_empty() && examined.unread.is_empty();
    let (mut masks, mut blocking, mut is_maskable) = (Masks::default(), Vec::new(), true);
    for found in examined.found {
        match ruling.does(&found) {
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
