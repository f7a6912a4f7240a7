//! What is asked of counters, and what they answer.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use llmtrace_model::{ExchangeId, Money, Timestamp};

#[cfg(doc)]
use super::MAX_NOTE_BYTES;

/// The name of a counter, bucket or note inside its tenant: 1 to 200 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterName(Arc<str>);

impl CounterName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CounterName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let fits = (1..=200).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(Arc::from(name))) } else { Err(NameError) }
    }
}

impl fmt::Display for CounterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says that a text is no name of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a counter, expected 1 to 200 visible ASCII characters")]
pub struct NameError;

/// One stretch of time of one budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Its counter: a name that no other window of the tenant ever has.
    pub name: CounterName,
    /// When it ends; `None` for one that never does.
    pub ends_at: Option<Timestamp>,
}

/// A window, and the most that may be spent in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The window.
    pub window: Window,
    /// The limit; `None` to count only.
    pub limit: Option<Money>,
}

/// A thing of which so many can be held at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its name, apart from those of windows.
    pub name: CounterName,
    /// How many there are.
    pub limit: u64,
}

/// A bucket that holds `burst` tokens and gets `tokens` more in each period, evenly: the generic cell rate algorithm. One that was
/// never drawn from is full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: CounterName,
    /// Tokens per period; at least one.
    pub tokens: u64,
    /// The period, in milliseconds; at least one.
    pub period_ms: u64,
    /// Tokens it holds.
    pub burst: u64,
}

/// Tokens drawn from a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// The bucket.
    pub bucket: Bucket,
    /// How many; more than `burst` are never granted.
    pub tokens: u64,
}

/// What an exchange asks for before it is let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Take {
    /// Who asks.
    pub exchange_id: ExchangeId,
    /// The most it may cost.
    pub amount: Money,
    /// The windows the amount is reserved in.
    pub windows: Vec<Demand>,
    /// Slots, one of each.
    pub slots: Vec<Slot>,
    /// Draws.
    pub draws: Vec<Draw>,
    /// How long the reservation holds without being renewed.
    pub lease: Duration,
}

/// The answer to a [`Take`]. Where several things stand in the way, the first of this order is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Taken {
    /// All of it was taken; what is there now, in the order asked for.
    Granted {
        /// The windows.
        windows: Vec<Counter>,
        /// The buckets.
        buckets: Vec<Level>,
    },
    /// The exchange was settled, or its lease expired.
    Late,
    /// These counters are missing and have to be rebuilt.
    Missing(Vec<CounterName>),
    /// The window at this index has too little left, even if nothing else that is reserved were spent.
    Spent(usize),
    /// A bucket has too few tokens.
    Limited {
        /// Its index.
        draw: usize,
        /// When there will be enough; `None` for never.
        retry_after: Option<Duration>,
    },
    /// The window at this index has too little left while others hold their reservations.
    Reserved(usize),
    /// No slot of the kind at this index is free.
    NoSlot(usize),
}

/// What a bucket holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Whole tokens.
    pub tokens: u64,
    /// When it will be full.
    pub full_after: Duration,
}

/// What a window counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counter {
    /// Spent, with what is estimated.
    pub spent: Money,
    /// The part of it that expired leases booked.
    pub estimated: Money,
    /// Reserved and not spent yet.
    pub reserved: Money,
}

/// What an exchange cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settle {
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// Its cost; not negative.
    pub amount: Money,
    /// What to do where nothing is known of the exchange.
    pub unreserved: Unreserved,
    /// Corrections of buckets: tokens that it used beyond its draw, or with a minus sign those it did not use. A bucket never
    /// gets fuller than full.
    pub corrections: Vec<(Bucket, i64)>,
}

/// What to do with an exchange that holds nothing and was not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreserved {
    /// Say so: the caller looks whether its span is stored, and thus in a sum that a counter was rebuilt from.
    Report,
    /// Book it in these windows.
    Book(Vec<Window>),
}

/// The answer to a [`Settle`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Settled {
    /// It is booked.
    Done,
    /// It was settled before; nothing changed.
    Before,
    /// Nothing is known of the exchange; nothing changed.
    Unknown,
    /// These counters are missing and have to be rebuilt; nothing changed.
    Missing(Vec<CounterName>),
}

/// A new sum for a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuild {
    /// The window.
    pub window: Window,
    /// The token of the claim.
    pub token: u64,
    /// What was found; `None` for a missing counter.
    pub found: Option<Money>,
    /// What it has spent.
    pub spent: Money,
}

/// The answer to a [`Rebuild`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Rebuilt {
    /// It is done.
    Done,
    /// The counter is not as it was found; nothing changed.
    Changed,
    /// The claim ended, or is somebody else's; nothing changed.
    NotClaimed,
}

/// A small value under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedNote {
    /// At most [`MAX_NOTE_BYTES`].
    pub value: Vec<u8>,
    /// How long it is kept.
    pub keep: Duration,
}

/// What to do where a note is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Replace it.
    Always,
    /// Leave it.
    IfAbsent,
}
