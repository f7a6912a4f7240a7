//! What an open connection and an open stream cost in resident memory, each on a fresh contestant.

use std::{net::SocketAddr, rc::Rc, time::Duration};

use crate::{
    connection::Connection,
    contestant::Contestant,
    load,
    prompt::{Requests, Size},
    stats::float,
    streams,
};

/// How often a slow stream speaks, and how often it has spoken when its memory is read.
const SLOW_INTERVAL: Duration = Duration::from_millis(500);
const SLOW_CHUNKS: usize = 4;

/// Requests that warm a fresh contestant, so that what every process allocates once is not counted.
const WARM_REQUESTS: usize = 400;

/// Warms a fresh contestant with a few connections.
pub(crate) async fn warm(addr: SocketAddr) -> anyhow::Result<()> {
    load::closed(addr, Rc::new(Requests::chat(addr, Size::Kb1)), 8, WARM_REQUESTS).await?;
    Ok(())
}

/// KiB per connection that has said nothing.
pub(crate) async fn silent(contestant: &Contestant, count: usize) -> anyhow::Result<Option<f64>> {
    warm(contestant.addr).await?;
    let before = contestant.rss_bytes()?;
    let open = streams::open(contestant.addr, count).await?;
    // Connections are accepted in order: when a later one is answered, all before it have been taken in.
    let requests = Requests::chat(contestant.addr, Size::Kb1);
    let mut last = Connection::open(contestant.addr).await?;
    for turn in 0..10 {
        last.exchange(requests.get(turn)).await?;
    }
    let after = contestant.rss_bytes()?;
    drop(open);
    Ok(kib_each(before, after, count))
}

/// KiB per connection that has had one exchange and keeps itself open.
pub(crate) async fn idle(contestant: &Contestant, count: usize) -> anyhow::Result<Option<f64>> {
    warm(contestant.addr).await?;
    let before = contestant.rss_bytes()?;
    let requests = Requests::chat(contestant.addr, Size::Kb1);
    let mut open = Vec::with_capacity(count);
    for turn in 0..count {
        let mut connection = Connection::open(contestant.addr).await?;
        connection.exchange(requests.get(turn)).await?;
        open.push(connection);
    }
    let after = contestant.rss_bytes()?;
    drop(open);
    Ok(kib_each(before, after, count))
}

/// KiB per open stream that speaks now and then.
pub(crate) async fn slow_streams(contestant: &Contestant, count: usize) -> anyhow::Result<Option<f64>> {
    warm(contestant.addr).await?;
    let before = contestant.rss_bytes()?;
    let after = streams::held(contestant.addr, count, SLOW_INTERVAL, SLOW_CHUNKS, || contestant.rss_bytes()).await?;
    Ok(kib_each(before, after, count))
}

fn kib_each(before: Option<u64>, after: Option<u64>, count: usize) -> Option<f64> {
    Some((float(after?) - float(before?)) / 1024.0 / float(count as u64))
}
