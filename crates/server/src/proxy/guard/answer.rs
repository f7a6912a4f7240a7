//! What is done to an answer before it leaves, where the operator has it held: what the policy hides is masked, an answer that it
//! blocks is cut off, and placeholders of the request become again what they stand for.
//!
//! Everything that an answer says in pieces is one text here, so that nothing slips through between two pieces.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use llmtrace_detect::{Decides, Engine, Masks, Restorer, StreamScanner};
use llmtrace_model::Channel;
use llmtrace_wire::edit::{self, Censor, NotEditable, TextKind, TextOf};

use super::{Guard, NotAnalysed};
use crate::{
    config::{OnFailure, OnOpaque, Ruling, Stances},
    proxy::relay::OnUnread,
    telemetry::Events,
};

/// What is done to one answer.
pub(in crate::proxy) struct Answering {
    engine: Arc<Engine>,
    /// What is done about what is found; `None` where nothing is looked for.
    decides: Option<Decides>,
    /// What happens where nobody can look.
    stances: Stances,
    /// What placeholders stand for; `None` where they stay.
    masks: Option<Arc<Masks>>,
    /// The texts that come in pieces and have not ended.
    open: BTreeMap<TextOf, Passing>,
    events: Events,
    has_masked: bool,
    is_cut: bool,
}

/// A text on its way.
struct Passing {
    scanner: Option<StreamScanner>,
    restorer: Option<Restorer>,
}

/// What became of an answer that came whole.
pub(in crate::proxy) enum Looked {
    /// It leaves as it came.
    Same,
    /// It leaves as this.
    Changed(Bytes),
    /// It does not leave.
    Cut,
    /// Nobody could look at it, for this reason.
    Unread(String),
}

/// An answer that is one document.
pub(in crate::proxy) struct Document {
    pub(in crate::proxy) body: Bytes,
    /// Whether it is JSON; else it is one text.
    pub(in crate::proxy) is_json: bool,
}

impl Answering {
    /// `held_by`: what the answer is held against; `None` where nothing is looked for in it.
    pub(super) fn new(guard: &Guard, ruling: &Ruling, held_by: Option<Arc<Ruling>>, masks: Option<Arc<Masks>>) -> Self {
        let decides = held_by
            .map(|ruling| -> Decides { Arc::new(move |channel, hit, text| ruling.enforced(channel, hit, text)) });
        Self {
            engine: guard.analysts.engine(),
            decides,
            stances: ruling.stances,
            masks,
            open: BTreeMap::new(),
            events: guard.events.clone(),
            has_masked: false,
            is_cut: false,
        }
    }

    /// Whether anything is looked for in the answer; else placeholders are put back, and no more.
    pub(in crate::proxy) fn is_looking(&self) -> bool {
        self.decides.is_some()
    }

    fn passing(&self, of: TextOf) -> Passing {
        // Where a signature holds for a text, a placeholder stays one: so it was signed, and so it has to come back.
        let masks = self.masks.as_ref().filter(|_| of.kind != TextKind::Signed);
        let scanner = self
            .decides
            .as_ref()
            .map(|decides| StreamScanner::by(Arc::clone(&self.engine), Arc::clone(decides), Channel::Output));
        let restorer = masks.map(|masks| Restorer::new(Arc::clone(masks), of.is_json()));
        Passing { scanner, restorer }
    }

    /// What of a text may leave: `piece` is more of it, `None` its end.
    fn pass(&mut self, mut passing: Passing, piece: Option<&str>) -> (Passing, String) {
        let is_end = piece.is_none();
        let mut text = piece.unwrap_or_default().to_owned();
        if let Some(scanner) = &mut passing.scanner {
            let mut released = scanner.push(&text);
            if is_end && !released.is_cut {
                released = scanner.finish();
            }
            self.note(!released.masked.is_empty(), released.is_cut);
            text = released.text;
        }
        if let Some(restorer) = &mut passing.restorer {
            text = restorer.push(&text);
            if is_end {
                text.push_str(&restorer.finish());
            }
        }
        (passing, text)
    }

    fn note(&mut self, is_masked: bool, is_cut: bool) {
        if is_masked && !std::mem::replace(&mut self.has_masked, true) {
            self.events.notice("answer_masked");
        }
        if is_cut && !std::mem::replace(&mut self.is_cut, true) {
            self.events.notice("answer_cut");
        }
    }

    /// What becomes of a document.
    fn look(&mut self, document: &Document) -> Looked {
        let edited = if document.is_json {
            edit::document(&document.body, self)
        } else {
            match std::str::from_utf8(&document.body) {
                Ok(text) => Ok(self.whole(TextOf::TEXT, text).map(String::into_bytes)),
                Err(_) => Err(NotEditable::Syntax),
            }
        };
        match edited {
            _ if self.is_cut => Looked::Cut,
            Ok(None) => Looked::Same,
            Ok(Some(changed)) => Looked::Changed(changed.into()),
            Err(why) => Looked::Unread(why.to_string()),
        }
    }
}

impl Censor for Answering {
    fn more(&mut self, of: TextOf, piece: &str) -> String {
        let passing = self.open.remove(&of).unwrap_or_else(|| self.passing(of));
        let (passing, text) = self.pass(passing, Some(piece));
        self.open.insert(of, passing);
        text
    }

    fn end(&mut self, of: TextOf) -> String {
        self.open.remove(&of).map(|passing| self.pass(passing, None).1).unwrap_or_default()
    }

    fn whole(&mut self, of: TextOf, text: &str) -> Option<String> {
        let (passing, mut changed) = self.pass(self.passing(of), Some(text));
        changed.push_str(&self.pass(passing, None).1);
        (changed != text).then_some(changed)
    }

    fn holds_signed(&self) -> bool {
        self.is_looking()
    }

    fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl Guard {
    /// Whether an answer that nobody can look at does not leave, where anything is looked for in it.
    pub(in crate::proxy) fn refuses_unread(&self, answering: &Answering) -> bool {
        answering.is_looking() && answering.stances.opaque == OnOpaque::Block
    }

    /// What happens with a stream of which an event cannot be read.
    pub(in crate::proxy) fn on_unread(&self, answering: &Answering) -> OnUnread {
        if self.refuses_unread(answering) { OnUnread::Cut } else { OnUnread::Pass }
    }

    /// Looks at an answer that came whole, within the time that a request may take.
    pub(in crate::proxy) async fn look_at(&self, mut answering: Answering, document: Document) -> Looked {
        let (is_looking, on_timeout) = (answering.is_looking(), answering.stances.on_timeout);
        let looked = self.analysts.run(self.timeout, move |_, _| answering.look(&document)).await;
        match looked {
            Ok(looked) => looked,
            Err(NotAnalysed::Late | NotAnalysed::Failed) => {
                self.events.notice("guard_timeout");
                match on_timeout {
                    OnFailure::Deny if is_looking => Looked::Cut,
                    OnFailure::Deny | OnFailure::Allow => Looked::Same,
                }
            }
        }
    }
}
