//! The wall clock, and the randomness of ids. The only room that reads either.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::SystemTime,
};

use llmtrace_model::{ExchangeId, Timestamp};

/// Tells the time. Cheap to clone; tests hold it still.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `at` until [`Clock::set`] moves it.
    pub fn fixed(at: Timestamp) -> Self {
        Self(Source::Fixed(Arc::new(AtomicI64::new(at.unix_us()))))
    }

    /// Moves a fixed clock; the machine's clock stays as it is.
    pub fn set(&self, at: Timestamp) {
        if let Source::Fixed(us) = &self.0 {
            us.store(at.unix_us(), Ordering::Relaxed);
        }
    }

    /// The time now. A machine clock before 1970 reads as 1970.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_unix_us(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
            }
            Source::Fixed(us) => Timestamp::from_unix_us(us.load(Ordering::Relaxed)),
        }
    }

    /// Mints the id of an exchange that starts at `now`.
    pub fn mint(&self, now: Timestamp) -> ExchangeId {
        // Ten of the sixteen random bytes of a v4 UUID; the six with fixed version and variant bits stay out.
        let random = *uuid::Uuid::new_v4().as_bytes();
        let mut ten = [0u8; 10];
        ten[..6].copy_from_slice(&random[..6]);
        ten[6] = random[7];
        ten[7..].copy_from_slice(&random[13..]);
        ExchangeId::mint(u64::try_from(now.unix_ms()).unwrap_or(0), ten)
    }
}
