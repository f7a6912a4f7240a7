//! The stream load: many answers at once, each a paced event stream whose chunks carry their send time.

use std::{net::SocketAddr, rc::Rc, time::Duration};

use anyhow::{Context as _, ensure};
use tokio::task::JoinSet;

use crate::{
    clock,
    connection::Connection,
    plan::{STAMP, StreamPlan},
    prompt::Requests,
};

/// What one wave of streams saw; nanoseconds, sorted.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// From sending the request to the first chunk.
    pub(crate) first: Vec<u64>,
    /// From the provider's send time to the client's read, one per chunk.
    pub(crate) delays: Vec<u64>,
}

/// Opens connections for [`wave`].
pub(crate) async fn open(addr: SocketAddr, count: usize) -> anyhow::Result<Vec<Connection>> {
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        open.push(Connection::open(addr).await?);
    }
    Ok(open)
}

/// Plays one stream on every connection at once, starts spread over one interval. Fails when a chunk is missing.
pub(crate) async fn wave(
    connections: &mut Vec<Connection>,
    addr: SocketAddr,
    plan: StreamPlan,
) -> anyhow::Result<Seen> {
    let requests = Rc::new(Requests::stream(addr, plan));
    let count = u32::try_from(connections.len())?.max(1);
    let mut tasks = JoinSet::new();
    for (turn, mut connection) in (0_u32..).zip(connections.drain(..)) {
        let requests = requests.clone();
        tasks.spawn_local(async move {
            tokio::time::sleep(plan.interval * turn / count).await;
            let sent = clock::monotonic_nanos();
            let mut events = Events::default();
            connection.exchange_with(requests.get(turn as usize), |part| events.feed(part)).await?;
            let chunks = events.delays.len();
            ensure!(chunks == plan.chunks as usize, "{chunks} chunks instead of {}", plan.chunks);
            anyhow::Ok((connection, events.first_at.context("no chunk")? - sent, events.delays))
        });
    }
    let mut seen = Seen::default();
    while let Some(done) = tasks.join_next().await {
        let (connection, first, delays) = done??;
        connections.push(connection);
        seen.first.push(first);
        seen.delays.extend(delays);
    }
    seen.first.sort_unstable();
    seen.delays.sort_unstable();
    Ok(seen)
}

/// Holds `count` streams that never end while `during` runs; `during` starts when every stream has carried
/// `chunks` chunks, and the streams are hung up when it returns.
pub(crate) async fn held<T>(
    addr: SocketAddr,
    count: usize,
    interval: Duration,
    chunks: usize,
    during: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let requests = Rc::new(Requests::stream(addr, StreamPlan { chunks: u32::MAX, interval }));
    let (carried, mut ready) = tokio::sync::mpsc::channel::<()>(count.max(1));
    let mut tasks = JoinSet::new();
    for turn in 0..count {
        let mut connection = Connection::open(addr).await?;
        let (requests, mut carried) = (requests.clone(), Some(carried.clone()));
        tasks.spawn_local(async move {
            let mut events = Events::default();
            let carry = |part: &[u8]| {
                events.feed(part);
                if events.delays.len() >= chunks
                    && let Some(carried) = carried.take()
                {
                    // The channel holds one place for each stream, so this cannot be refused.
                    carried.try_send(()).unwrap_or_default();
                }
            };
            connection.exchange_with(requests.get(turn), carry).await
        });
    }
    drop(carried);
    for _ in 0..count {
        tokio::select! {
            arrived = ready.recv() => arrived.context("a stream ended before its time")?,
            Some(ended) = tasks.join_next() => ended?.context("a stream that should not end")?,
        }
    }
    let result = during();
    // Aborted tasks keep their connections until the runtime drops them; nobody may wait for those streams to end.
    tasks.shutdown().await;
    result
}

/// Finds the send times in a byte stream, however it was cut.
#[derive(Debug, Default)]
struct Events {
    held: Vec<u8>,
    first_at: Option<u64>,
    delays: Vec<u64>,
}

impl Events {
    fn feed(&mut self, part: &[u8]) {
        let now = clock::monotonic_nanos();
        self.held.extend_from_slice(part);
        let mut from = 0;
        while let Some(at) = memchr::memmem::find(&self.held[from..], b"\n\n") {
            if let Some(stamp) = stamp(&self.held[from..from + at]) {
                self.first_at.get_or_insert(now);
                self.delays.push(now.saturating_sub(stamp));
            }
            from += at + 2;
        }
        self.held.drain(..from);
    }
}

fn stamp(event: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(event, STAMP)? + STAMP.len();
    let digits = event[at..].split(|byte| *byte == b'"').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_found_however_the_bytes_are_cut() {
        let bytes =
            b"data: {\"content\":\" t123\"}\n\ndata: {\"x\":1}\n\ndata: {\"content\":\" t456\"}\n\ndata: [DONE]\n\n";
        for cut in 1..bytes.len() {
            let mut events = Events::default();
            bytes.chunks(cut).for_each(|part| events.feed(part));
            assert_eq!(events.delays.len(), 2, "cut {cut}");
            assert!(events.held.is_empty());
        }
    }
}
