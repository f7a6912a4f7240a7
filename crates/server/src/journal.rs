//! The door between the lanes: every exchange passes it, and what passed it survives the process.
//!
//! ```text
//! front lane ─▶ queue ─▶ append (one thread, one write per batch) ─▶ segment files
//!                           └──▶ deliver (memory, bounded) ─▶ back lane ─▶ release ─▶ segments go
//! dead instances' folders ─▶ adopt ─┘        ▲
//! what found no room in memory ─▶ replay ────┘
//! ```
//!
//! The front lane waits here for one thing, before a request is sent: [`Journal::admit`], where the writer is behind.
//! [`Journal::opened`] and [`Journal::closed`] queue and return. The back lane takes [`Delivery`]s and releases their receipts once the store has them, in any order. Delivery is at least once, and
//! idempotent by exchange id. The format is in `segment`, what keeps a segment in `release`, why it is our own in
//! `docs/adr/0002-own-journal-segments.md`.

mod active;
mod adopt;
mod append;
mod cap;
mod crypt;
mod deliver;
mod disk;
mod exchange;
mod face;
mod gate;
mod options;
mod queue;
mod read;
mod record;
mod release;
mod replay;
mod segment;
mod shared;
mod survey;
mod sync;
#[cfg(test)]
mod tests;

pub use crate::config::{KeyError, MasterKey, MasterKeys};
pub use deliver::{Delivery, Entry};
pub use exchange::{AnswerHead, Closed, Headers, Labels, Opened, Recorded};
pub use face::{Deliveries, Journal, Status};
pub use gate::{Full, Room};
pub use options::{Fsync, Mode, OpenError, Options};
pub use release::Receipt;
pub use survey::{Instance, survey};

use std::sync::{Arc, mpsc::sync_channel};

use self::{append::Writer, disk::Disk, replay::Reader, shared::Shared, shared::Tuning, sync::Syncer};
use crate::{clock::Clock, tasks::Tasks, telemetry::Events};

/// Opens the journal: at once, whatever was left over, because replay runs beside the traffic. It is counted before this
/// returns, unless the file system takes longer than a second to list it.
///
/// A folder that cannot be written is no error: the journal then keeps records in memory, says so, and tries again.
/// New segments are sealed under the newest key; what was left over under a previous one is read, too.
pub fn open(
    options: Options,
    keys: impl Into<MasterKeys>,
    events: Events,
    tasks: &Tasks,
    clock: &Clock,
) -> Result<(Journal, Deliveries), OpenError> {
    let tuning = Tuning::for_size(options.max_bytes);
    open_on(Disk::default(), tuning, options, keys.into(), events, tasks, clock)
}

fn open_on(
    disk: Disk,
    tuning: Tuning,
    options: Options,
    keys: MasterKeys,
    events: Events,
    tasks: &Tasks,
    clock: &Clock,
) -> Result<(Journal, Deliveries), OpenError> {
    options.check()?;
    let shared = Arc::new(Shared::new(options, tuning, keys, events, clock.clone(), disk));
    let start = |thread: &'static str, work: Box<dyn FnOnce() + Send>| {
        tasks.thread(thread, work).map_err(|source| OpenError::Thread { thread, source })
    };
    let syncer = match (shared.options.mode, shared.options.fsync) {
        (Mode::Disk, Fsync::Interval(interval)) => Some(Arc::new(Syncer::new(Arc::clone(&shared), interval))),
        (Mode::Disk, Fsync::Never | Fsync::Each) | (Mode::Memory, _) => None,
    };
    if let Some(syncer) = syncer.clone() {
        start("journal-sync", Box::new(move || syncer.run()))?;
    }
    if shared.options.mode == Mode::Disk {
        let reader = Reader::new(Arc::clone(&shared));
        let (looked, first_look) = sync_channel(1);
        start("journal-read", Box::new(move || reader.run(&looked)))?;
        // On a timeout `Status::scanning` says that there may be more.
        first_look.recv_timeout(shared.tuning.first_look).unwrap_or_default();
    }
    let writer = Writer::new(Arc::clone(&shared), syncer);
    start("journal-write", Box::new(move || writer.run()))?;
    Ok((Journal::new(Arc::clone(&shared)), Deliveries::new(shared)))
}

/// About how much memory a closed exchange takes.
fn memory_bytes(closed: &Closed) -> usize {
    let bodies = [&closed.request, &closed.response].map(|body| body.head.len() + body.tail.len());
    bodies[0] + bodies[1] + closed.opened.target.len() + 2048
}

/// About how much memory an open exchange takes.
fn memory_bytes_of_open(opened: &Opened) -> usize {
    opened.target.len() + 1024
}
