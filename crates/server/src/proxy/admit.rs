//! Whether a request may go on: rate limits before its body is read, the memory that held bodies take, and a place in the
//! journal's queue before it is sent.
//!
//! Limits and budgets do not exist yet: [`rate`] admits everybody and [`reserve`] books nothing. They stand in the order
//! of the steps so that nothing moves when they come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use llmtrace_model::{Principal, Usage};
use llmtrace_wire::{Priced, Request as Asked};

use super::{options::Unpriced, refusal::Refusal, slot::Door, upstreams::Upstream};
use crate::{
    clock::Clock,
    journal::{Full, Room},
    telemetry::Events,
};

/// Admits a request before its body is read.
pub(super) fn rate(_principal: &Principal) -> Result<(), Refusal> {
    Ok(())
}

/// Books what a request may cost at most, once its body is known; refuses what has no price where the operator says so.
pub(super) fn reserve(
    _principal: &Principal,
    asked: Option<&Asked>,
    upstream: &Upstream,
    path: &str,
    unpriced: &Unpriced,
    clock: &Clock,
) -> Result<(), Refusal> {
    let (Unpriced::Deny(prices), Some(asked)) = (unpriced, asked) else { return Ok(()) };
    let Some(model) = &asked.model else { return Ok(()) };
    let provider = upstream.provider().unwrap_or_else(|| llmtrace_wire::provider_of(upstream.host(), path).id);
    match prices.load().price(provider, model, &Usage::default(), clock.now().unix_seconds()) {
        Priced::Known { .. } => Ok(()),
        Priced::Unknown => Err(Refusal::Unpriced { model: model.chars().take(128).collect() }),
    }
}

/// Makes sure that what the exchange becomes finds its place in the journal; says how long that took.
///
/// Waits a bounded time where exchanges come faster than they are written, which slows clients down instead of losing
/// records; beyond it the request is refused. A disk that is broken is not waited for.
pub(super) async fn record(door: &Door, body: &impl http_body::Body) -> Result<(Room, Duration), Refusal> {
    let Door::Journal(journal) = door else { return Ok((Room::NotPromised, Duration::ZERO)) };
    if let Some(room) = journal.admit_now() {
        return Ok((room, Duration::ZERO));
    }
    let since = Instant::now();
    let known_bytes = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let room = journal.admit(known_bytes).await.map_err(|Full| Refusal::Unrecorded)?;
    Ok((room, since.elapsed()))
}

/// The memory that all held bodies share (`buffer.max_bytes`).
#[derive(Clone)]
pub(super) struct Buffer {
    used: Arc<AtomicUsize>,
    max: usize,
    events: Events,
}

/// A part of the [`Buffer`]; given back when it drops.
pub(super) struct Held {
    buffer: Buffer,
    bytes: usize,
}

impl Buffer {
    pub(super) fn new(max: usize, events: Events) -> Self {
        Self { used: Arc::default(), max, events }
    }

    /// An empty part, to grow.
    pub(super) fn hold(&self) -> Held {
        Held { buffer: self.clone(), bytes: 0 }
    }
}

impl Held {
    /// Grows the part to `bytes`; refused where all parts together would pass the bound.
    pub(super) fn grow_to(&mut self, bytes: usize) -> Result<(), Refusal> {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        let used = self.buffer.used.fetch_add(more, Ordering::Relaxed) + more;
        self.bytes += more;
        if used > self.buffer.max {
            self.buffer.events.notice("buffer_full");
            return Err(Refusal::Busy);
        }
        self.buffer.events.buffered_bytes(used);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.bytes > 0 {
            let before = self.buffer.used.fetch_sub(self.bytes, Ordering::Relaxed);
            self.buffer.events.buffered_bytes(before - self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_bodies_share_one_bound_and_give_it_back() {
        let buffer = Buffer::new(10, Events::new(Arc::default()));
        let mut a = buffer.hold();
        a.grow_to(6).unwrap();
        assert!(matches!(buffer.hold().grow_to(5), Err(Refusal::Busy)));
        drop(a);
        buffer.hold().grow_to(10).unwrap();
        assert_eq!(buffer.used.load(Ordering::Relaxed), 0);
    }
}
