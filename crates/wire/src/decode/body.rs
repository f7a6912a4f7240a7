//! The bytes of a recorded body: both pieces of the copy, expanded where they were compressed.

use std::borrow::Cow;

use llmtrace_model::BodyCoverage;

use super::{BodyCopy, Limits, header};
use crate::inflate::{Bounded, Coding, Inflate};

/// A body as far as it is there.
pub(super) struct Copied<'a> {
    head: Cow<'a, [u8]>,
    /// Bytes behind a gap; a tail without a gap is part of the head where the whole is needed.
    tail: &'a [u8],
    whole: Whole,
}

/// Whether bytes are missing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    Yes,
    No,
}

impl<'a> Copied<'a> {
    /// Opens a copy; an empty or unreadable one gives the coverage to report.
    pub(super) fn open(
        copy: &BodyCopy<'a>,
        headers: &[(String, String)],
        limits: &Limits,
    ) -> Result<Self, BodyCoverage> {
        if copy.total_bytes == 0 {
            return Err(BodyCoverage::Empty);
        }
        let whole = if (copy.head.len() + copy.tail.len()) as u64 == copy.total_bytes { Whole::Yes } else { Whole::No };
        if copy.head.is_empty() && copy.tail.is_empty() {
            return Err(BodyCoverage::NotKept);
        }
        let (head, tail) = match whole {
            Whole::Yes if !copy.tail.is_empty() => (Cow::Owned([copy.head, copy.tail].concat()), &[][..]),
            Whole::Yes | Whole::No => (Cow::Borrowed(copy.head), copy.tail),
        };
        match Coding::of(header(headers, "content-encoding")) {
            Coding::Identity => Ok(Self { head, tail, whole }),
            Coding::Unknown => Err(BodyCoverage::Opaque("unknown content-encoding".to_owned())),
            coding => expand(coding, &head, whole, limits),
        }
    }

    /// All there is before a gap.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// What is there after a gap.
    pub(super) fn tail(&self) -> Option<&[u8]> {
        (!self.tail.is_empty()).then_some(self.tail)
    }

    pub(super) fn is_whole(&self) -> bool {
        self.whole == Whole::Yes
    }

    /// The head as text; a character that was cut at its end is left out.
    pub(super) fn text(&self) -> Option<&str> {
        match std::str::from_utf8(&self.head) {
            Ok(text) => Some(text),
            Err(e) if e.error_len().is_none() && !self.is_whole() => {
                std::str::from_utf8(&self.head[..e.valid_up_to()]).ok()
            }
            Err(_) => None,
        }
    }

    pub(super) fn coverage(&self) -> BodyCoverage {
        match self.whole {
            Whole::Yes => BodyCoverage::Whole,
            Whole::No => BodyCoverage::Truncated,
        }
    }
}

/// Expands a compressed head; the tail behind a gap cannot be.
fn expand<'a>(coding: Coding, head: &[u8], whole: Whole, limits: &Limits) -> Result<Copied<'a>, BodyCoverage> {
    let opaque = |reason: &str| BodyCoverage::Opaque(reason.to_owned());
    let sink = Bounded { bytes: Vec::new(), max: limits.max_inflated_bytes, full: false };
    let Some(mut inflate) = Inflate::new(coding, sink) else { return Err(opaque("unknown content-encoding")) };
    let result = inflate.feed(head);
    let Some(sink) = inflate.sink_mut() else { return Err(opaque("broken compression")) };
    let bytes = std::mem::take(&mut sink.bytes);
    match result {
        Ok(()) => Ok(Copied { head: Cow::Owned(bytes), tail: &[], whole }),
        Err(_) if sink.full => Ok(Copied { head: Cow::Owned(bytes), tail: &[], whole: Whole::No }),
        Err(_) => Err(opaque("broken compression")),
    }
}
