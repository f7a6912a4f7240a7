//! Refuses what no engine counts exactly, before any of them is asked.

use std::time::Duration;

use llmtrace_model::{ExchangeId, Money};

use super::{
    Bucket, CounterName, MAX_COUNTED, MAX_COUNTERS, MAX_EXPIRED, MAX_LEASE, MAX_NOTE_BYTES, Settle, SharedNote, Take,
    Unreserved,
};
use crate::{Backend, Error, ErrorKind};

impl Take {
    /// Says what is out of bounds.
    pub(crate) fn check(&self, backend: Backend) -> Result<(), Error> {
        let check = Check { backend, op: "take" };
        check.amount("amount", self.amount)?;
        check.lease(self.lease)?;
        check.names("windows", self.windows.iter().map(|demand| &demand.window.name))?;
        check.names("slots", self.slots.iter().map(|slot| &slot.name))?;
        check.names("draws", self.draws.iter().map(|draw| &draw.bucket.name))?;
        self.windows.iter().filter_map(|demand| demand.limit).try_for_each(|limit| check.amount("limit", limit))?;
        self.draws.iter().try_for_each(|draw| check.bucket(&draw.bucket))
    }
}

impl Settle {
    /// Likewise.
    pub(crate) fn check(&self, backend: Backend) -> Result<(), Error> {
        let check = Check { backend, op: "settle" };
        check.amount("amount", self.amount)?;
        check.names("corrections", self.corrections.iter().map(|(bucket, _)| &bucket.name))?;
        if let Unreserved::Book(windows) = &self.unreserved {
            check.names("windows", windows.iter().map(|window| &window.name))?;
        }
        self.corrections.iter().try_for_each(|(bucket, _)| check.bucket(bucket))
    }
}

/// Says in which call something is out of bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Check {
    pub(crate) backend: Backend,
    pub(crate) op: &'static str,
}

impl Check {
    /// A limit, a cost or a sum.
    pub(crate) fn amount(self, what: &str, amount: Money) -> Result<(), Error> {
        let fits = (Money::ZERO..=MAX_COUNTED).contains(&amount);
        self.refuse(fits, || format!("{what} is {amount} dollars, expected 0 to {MAX_COUNTED}"))
    }

    /// The length of a lease, or the life of a note.
    pub(crate) fn lease(self, lease: Duration) -> Result<(), Error> {
        let fits = (Duration::from_millis(1)..=MAX_LEASE).contains(&lease);
        self.refuse(fits, || format!("a lease of {lease:?}, expected 1 ms to {MAX_LEASE:?}"))
    }

    /// The things one call names: not too many, and each once.
    fn names<'a>(self, what: &str, names: impl Iterator<Item = &'a CounterName>) -> Result<(), Error> {
        let mut seen: Vec<&CounterName> = Vec::new();
        for name in names {
            self.refuse(!seen.contains(&name), || format!("{name} is named twice among the {what}, expected once"))?;
            seen.push(name);
            self.number(what, seen.len())?;
        }
        Ok(())
    }

    /// How many things one call names.
    pub(crate) fn number(self, what: &str, found: usize) -> Result<(), Error> {
        self.refuse(found <= MAX_COUNTERS, || format!("{found} {what} in one call, expected at most {MAX_COUNTERS}"))
    }

    /// Leases that are renewed.
    pub(crate) fn renewal(self, exchanges: &[ExchangeId], lease: Duration) -> Result<(), Error> {
        let found = exchanges.len();
        self.refuse(found <= MAX_EXPIRED, || format!("{found} exchanges in one call, expected at most {MAX_EXPIRED}"))?;
        self.lease(lease)
    }

    /// A value that is kept.
    pub(crate) fn note(self, note: &SharedNote) -> Result<(), Error> {
        let found = note.value.len();
        self.refuse(found <= MAX_NOTE_BYTES, || format!("a note of {found} bytes, expected at most {MAX_NOTE_BYTES}"))?;
        self.lease(note.keep)
    }

    fn bucket(self, bucket: &Bucket) -> Result<(), Error> {
        let most = MAX_COUNTED.nanos().unsigned_abs();
        let fits = bucket.tokens > 0
            && bucket.tokens <= most
            && bucket.period_ms > 0
            && bucket.burst.checked_mul(bucket.period_ms).is_some_and(|full| full <= most);
        self.refuse(fits, || {
            let Bucket { name, tokens, period_ms, burst } = bucket;
            format!(
                "bucket {name} gets {tokens} tokens in {period_ms} ms and holds {burst}, expected at least one token and one \
                 millisecond, and tokens held × milliseconds of at most {most}"
            )
        })
    }

    fn refuse(self, fits: bool, why: impl FnOnce() -> String) -> Result<(), Error> {
        if fits { Ok(()) } else { Err(Error::new(ErrorKind::Rejected, self.backend, self.op, why())) }
    }
}
