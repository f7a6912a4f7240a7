//! Holds `journal.max_bytes`: gives up the oldest segment, counts what was in it, says so once.

use super::{
    read::{Found, Opening, Scanner},
    release::{LogId, ShedCandidate, Unknown},
    segment::Kind,
    shared::{Handle, remove},
};
use crate::telemetry::Shed;

/// Whether the journal is at its cap.
#[derive(Default)]
pub(super) struct Cap {
    /// Records given up since it was reached; `None` while there is room.
    episode: Option<u64>,
}

impl Cap {
    /// The next segment that must go for the journal to fit, if any.
    pub(super) fn due(&mut self, shared: &Handle, own: Option<LogId>) -> Option<ShedCandidate> {
        let max = shared.options.max_bytes;
        let ledger = shared.ledger();
        let bytes = ledger.bytes();
        if bytes > max {
            return ledger.shed_candidate(own);
        }
        drop(ledger);
        if bytes < max / 4 * 3
            && let Some(records) = self.episode.take()
        {
            shared.events.journal_cap_left(records);
        }
        None
    }

    /// Gives `candidate` up.
    pub(super) fn shed(&mut self, shared: &Handle, own: Option<LogId>, candidate: &ShedCandidate) {
        let all_closes = match candidate.unknown {
            Unknown::Nothing => None,
            Unknown::Records => count_closes(shared, candidate),
        };
        let Some(lost) = shared.ledger().shed(candidate.log, candidate.segment, all_closes) else { return };
        if Some(lost.log) == own {
            shared.outbox.forget(lost.segment);
        }
        if let Err(e) = remove(&lost.path) {
            tracing::warn!(error = &e as &dyn std::error::Error, "shed journal segment cannot be removed");
        }
        if self.episode.is_none() {
            shared.events.journal_cap_reached(shared.options.max_bytes);
        }
        *self.episode.get_or_insert(0) += lost.records;
        shared.shed(Shed::JournalCap, lost.records);
        // Whatever stood behind it may be done already.
        shared.reap();
    }
}

/// How many closed exchanges a segment holds that nobody read yet.
fn count_closes(shared: &Handle, candidate: &ShedCandidate) -> Option<u32> {
    let Ok(Opening::Readable(mut scanner)) = Scanner::open(&candidate.path, &shared.keys) else { return None };
    let mut closes = 0;
    loop {
        match scanner.next() {
            Ok(Found::Record { kind: Kind::Close, .. }) => closes += 1,
            Ok(Found::Record { kind: Kind::Open, .. } | Found::Damaged(_)) => {}
            Ok(Found::End) | Err(_) => return Some(closes),
        }
    }
}
