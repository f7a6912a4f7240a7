//! The port for counters that several processes share: what budgets have left, how fast a bucket fills, small notes.
//!
//! Nothing here knows what a budget means. A caller names counters inside a tenant; one call touches the counters of one tenant
//! only. Money is exact up to [`MAX_COUNTED`] a window.

mod check;
mod values;

use std::time::Duration;

use async_trait::async_trait;
use llmtrace_model::{ExchangeId, Money, TenantId, Timestamp};

pub(crate) use self::check::Check;
pub use self::values::{
    Bucket, Counter, CounterName, Demand, Draw, Level, NameError, Put, Rebuild, Rebuilt, Settle, Settled, SharedNote,
    Slot, Take, Taken, Unreserved, Window,
};
use crate::{Backend, Error, SessionStore};

/// The most one window counts, in money: nine million dollars, which every engine adds exactly. Sums stay there.
pub const MAX_COUNTED: Money = Money::from_nanos(9_000_000_000_000_000);

/// The most windows, slots and buckets of one call, each.
pub const MAX_COUNTERS: usize = 32;

/// The most bytes of a note.
pub const MAX_NOTE_BYTES: usize = 64 << 10;

/// How long a counter is kept beyond the end of its window, and a settled exchange is remembered: a day more than the seven that a
/// record may wait in a journal.
pub const REMEMBERED: Duration = Duration::from_secs(8 * 24 * 3600);

/// The longest lease and the longest life of a note.
pub const MAX_LEASE: Duration = REMEMBERED;

/// Leases that one call looks after, of those that expired: the next call goes on.
pub(crate) const MAX_EXPIRED: usize = 64;

/// A store of counters, and of login sessions.
///
/// `now` is the caller's clock. An engine that several machines share goes by its own clock instead, so that theirs may differ.
///
/// Every call that touches counters first looks after leases of the tenant that expired: what they hold of windows becomes spent, at
/// the amount that was reserved, and is marked as estimated until the exchange is settled; their slots are given back.
#[async_trait]
pub trait CounterStore: SessionStore {
    /// The engine.
    fn backend(&self) -> Backend;

    /// Reserves an amount in windows, takes slots and draws from buckets: all of it, or nothing and the answer says why.
    ///
    /// Never lets what a window has spent and what is reserved in it exceed its limit. Idempotent by exchange for windows and
    /// slots: what the exchange holds already is not taken twice, so a second call may add to the first. Buckets are drawn from by
    /// every call that is granted. A draw of no tokens reads a bucket. Cancelling the call may still do it: then the lease
    /// expires.
    async fn take(&self, tenant: &TenantId, take: &Take, now: Timestamp) -> Result<Taken, Error>;

    /// Lets the leases of exchanges end so long from now, at most `MAX_EXPIRED` of them in one call; returns those that hold
    /// nothing any more.
    async fn renew(
        &self,
        tenant: &TenantId,
        exchanges: &[ExchangeId],
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<ExchangeId>, Error>;

    /// Gives back the slots of an exchange, and leaves what it holds of windows. Says whether it had any.
    async fn release_slots(&self, tenant: &TenantId, exchange: ExchangeId, now: Timestamp) -> Result<bool, Error>;

    /// Books what an exchange cost in the windows it was reserved in, whenever that was, gives the rest and its slots back, and
    /// corrects buckets. An amount of zero gives all back.
    ///
    /// Idempotent by exchange, which is remembered for [`REMEMBERED`]: the first amount stays. What an expired lease booked is
    /// replaced by the amount. A window that has been over for longer than [`REMEMBERED`] is left out.
    async fn settle(&self, tenant: &TenantId, settle: &Settle, now: Timestamp) -> Result<Settled, Error>;

    /// Reads counters; `None` for one that is missing. In the order asked for.
    async fn counters(
        &self,
        tenant: &TenantId,
        windows: &[CounterName],
        now: Timestamp,
    ) -> Result<Vec<Option<Counter>>, Error>;

    /// Claims the rebuilding of a counter for so long: true for one claimant at a time. Claiming again with the same token
    /// lengthens the claim.
    async fn claim(
        &self,
        tenant: &TenantId,
        window: &CounterName,
        token: u64,
        lease: Duration,
        now: Timestamp,
    ) -> Result<bool, Error>;

    /// Sets what a window has spent, for whoever claimed it, if that is still what was found: `None` for a missing counter.
    ///
    /// Reservations and what is estimated stay as they are; `spent` contains what is estimated. Nothing that is settled while a
    /// counter is missing gets lost or counted twice: [`CounterStore::settle`] refuses then, and is called again. A window that
    /// has not begun is made with zero beforehand. Ends the claim, except where it is somebody else's.
    async fn rebuild(&self, tenant: &TenantId, rebuild: &Rebuild, now: Timestamp) -> Result<Rebuilt, Error>;

    /// Keeps a note for so long. With [`Put::IfAbsent`] one that is there stays, and the answer is false.
    async fn put_note(
        &self,
        tenant: &TenantId,
        name: &CounterName,
        note: &SharedNote,
        put: Put,
        now: Timestamp,
    ) -> Result<bool, Error>;

    /// A note, unless its time has passed.
    async fn note(&self, tenant: &TenantId, name: &CounterName, now: Timestamp) -> Result<Option<Vec<u8>>, Error>;

    /// Drops a note; says whether it was there.
    async fn drop_note(&self, tenant: &TenantId, name: &CounterName, now: Timestamp) -> Result<bool, Error>;

    /// What an operator should change about the engine, in a sentence; `None` where nothing is known to be wrong.
    fn complaint(&self) -> Option<String> {
        None
    }

    /// Says whether the engine would take a write now.
    async fn ping(&self) -> Result<(), Error>;

    /// Finishes what runs and closes; later calls fail as `Unavailable`.
    async fn close(&self) -> Result<(), Error>;
}
