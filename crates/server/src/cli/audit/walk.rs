//! Walking a chain: whether each record follows on the one before it, and if not, what was done to it.

use std::fmt;

use llmtrace_model::{AuditHead, AuditRecord};

/// How far from its place it is looked for where a record stood when it was written.
const MOVED_AT_MOST: u64 = 1_000;

/// A chain that is walked, record by record.
#[derive(Debug)]
pub(super) struct Walk {
    /// The end of what was found whole.
    head: AuditHead,
    /// The place of the last record that was seen, whole or not.
    place: u64,
    records: u64,
    broken: Option<Break>,
    /// Ends that the chain had once, and whether each was met.
    kept: Vec<(AuditHead, bool)>,
}

/// Where a chain breaks first, and what that means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Break {
    /// A record does not hold what it did.
    Changed { seq: u64 },
    /// A record stood elsewhere when it was written.
    Moved { seq: u64, stood: u64 },
    /// Records are not there.
    Missing { first: u64, last: u64 },
    /// A record comes behind one that it should come before.
    Disordered { seq: u64, behind: u64 },
    /// A record is whole, and not the one that followed.
    Unlinked { seq: u64 },
    /// What stands there is no record.
    Unreadable { behind: u64, why: String },
}

/// Why an end that was kept is not in a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// The chain breaks before it.
    Broken,
    /// The chain ends before it.
    Cut { end: u64 },
    /// Another record stands there.
    Other,
    /// What was walked begins behind it.
    Before,
}

impl Walk {
    /// A walk from the first record on, which looks for these ends on its way.
    pub(super) fn new(kept: impl IntoIterator<Item = AuditHead>) -> Self {
        let kept = kept.into_iter().map(|head| (head, false)).collect();
        Self { head: AuditHead::default(), place: 0, records: 0, broken: None, kept }
    }

    /// Takes the next record; behind a break nothing is judged.
    pub(super) fn take(&mut self, record: &AuditRecord) {
        self.place = record.seq;
        if self.broken.is_some() {
            return;
        }
        if self.records == 0 {
            self.begin(record);
        }
        if let Some(found) = Break::between(self.head, record) {
            self.broken = Some(found);
            return;
        }
        self.head = record.head();
        self.records += 1;
        self.meet();
    }

    /// A part of a chain begins behind an end that was kept.
    fn begin(&mut self, record: &AuditRecord) {
        let before = self.kept.iter().find(|(kept, _)| kept.seq.checked_add(1) == Some(record.seq));
        if let Some((before, _)) = before.filter(|(before, _)| record.follows(*before)) {
            self.head = *before;
            self.meet();
        }
    }

    fn meet(&mut self) {
        for (kept, is_met) in &mut self.kept {
            *is_met |= *kept == self.head;
        }
    }

    /// Ends the walk at what is no record.
    pub(super) fn stumble(&mut self, why: String) {
        self.broken.get_or_insert(Break::Unreadable { behind: self.place, why });
    }

    /// The place behind which it goes on.
    pub(super) fn place(&self) -> u64 {
        self.place
    }

    /// How many records were found whole.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// The end of what was found whole.
    pub(super) fn head(&self) -> AuditHead {
        self.head
    }

    /// Where it breaks.
    pub(super) fn broken(&self) -> Option<&Break> {
        self.broken.as_ref()
    }

    /// Why an end that was kept was not met; `None` where it was.
    pub(super) fn lost(&self, head: AuditHead) -> Option<Lost> {
        if self.kept.contains(&(head, true)) {
            return None;
        }
        let first = self.head.seq.saturating_add(1) - self.records.min(self.head.seq);
        Some(if self.records > 0 && head.seq < first {
            Lost::Before
        } else if head.seq <= self.head.seq {
            Lost::Other
        } else if self.broken.is_some() {
            Lost::Broken
        } else {
            Lost::Cut { end: self.head.seq }
        })
    }
}

impl Break {
    /// What lies between the end of a chain and a record that does not follow on it; `None` where it does.
    fn between(head: AuditHead, record: &AuditRecord) -> Option<Self> {
        let seq = record.seq;
        if record.follows(head) {
            return None;
        }
        if !record.was_written_at(seq) {
            let near = seq.saturating_sub(MOVED_AT_MOST).max(1)..=seq.saturating_add(MOVED_AT_MOST);
            let stood = near.into_iter().find(|place| record.was_written_at(*place));
            return Some(stood.map_or(Self::Changed { seq }, |stood| Self::Moved { seq, stood }));
        }
        Some(if seq <= head.seq {
            Self::Disordered { seq, behind: head.seq }
        } else if seq > head.seq + 1 {
            Self::Missing { first: head.seq + 1, last: seq - 1 }
        } else {
            Self::Unlinked { seq }
        })
    }
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { seq } => write!(f, "record {seq} was changed since it was written"),
            Self::Moved { seq, stood } if stood < seq => {
                write!(
                    f,
                    "record {seq} was written as record {stood}: something was put in before it, or records were swapped"
                )
            }
            Self::Moved { seq, stood } => {
                write!(
                    f,
                    "record {seq} was written as record {stood}: something before it was removed, or records were swapped"
                )
            }
            Self::Missing { first: 1, last } => write!(
                f,
                "records 1 to {last} are missing: they were removed, or this is the later part of a chain, which is checked \
                 from the head before it (--head)"
            ),
            Self::Missing { first, last } if first == last => write!(f, "record {first} is missing: it was removed"),
            Self::Missing { first, last } => write!(f, "records {first} to {last} are missing: they were removed"),
            Self::Disordered { seq, behind } => {
                write!(f, "record {seq} comes behind record {behind}: it was put in, or records were moved")
            }
            Self::Unlinked { seq } => write!(
                f,
                "record {seq} does not follow on record {}: one of them was put in, or changed together with its hash",
                seq - 1
            ),
            Self::Unreadable { behind, why } => {
                write!(f, "what stands behind record {behind} is no record: it was changed ({why})")
            }
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken => f.write_str("the chain breaks before it"),
            Self::Cut { end: 0 } => f.write_str("nothing of the chain is there: it was removed"),
            Self::Cut { end } => write!(f, "the chain ends at record {end}: what was behind it was cut off"),
            Self::Other => f.write_str("another record stands there: the chain was written anew"),
            Self::Before => f.write_str("what was read begins behind it"),
        }
    }
}

#[cfg(test)]
mod tests;
