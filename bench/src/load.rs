//! The closed-loop load: a number of connections, each sending its next request when the last is answered.
//!
//! The load client runs on one thread; all its futures live on the runtime that calls it (a `LocalSet`).

use std::{cell::Cell, net::SocketAddr, rc::Rc, time::Duration};

use tokio::task::JoinSet;

use crate::{
    clock,
    connection::Connection,
    paced,
    plan::StreamPlan,
    prompt::{Requests, Size},
    stats::{float, percentile},
    streams,
};

/// One kind of load against one address, for looking into a single figure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where to send to.
    #[arg(long)]
    addr: SocketAddr,
    /// Size of the prompts.
    #[arg(long, value_enum, default_value = "kb1")]
    size: Size,
    /// How many requests (closed loop, or open loop with `--rate`).
    #[arg(long, default_value_t = 20_000)]
    requests: usize,
    /// How many connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Requests per second in an open loop.
    #[arg(long)]
    rate: Option<u32>,
    /// Streams instead of plain requests, as `CHUNKS/MICROSECONDS`, one per connection.
    #[arg(long)]
    streams: Option<StreamPlan>,
}

/// What a closed loop saw.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) elapsed: Duration,
    /// Nanoseconds per exchange, sorted.
    pub(crate) latencies: Vec<u64>,
}

impl Closed {
    /// Exchanges per second.
    pub(crate) fn rate(&self) -> f64 {
        float(self.latencies.len() as u64) / self.elapsed.as_secs_f64()
    }
}

/// Sends `count` requests over `connections` connections. Fails on the first answer that is not 200.
pub(crate) async fn closed(
    addr: SocketAddr,
    requests: Rc<Requests>,
    connections: usize,
    count: usize,
) -> anyhow::Result<Closed> {
    let next = Rc::new(Cell::new(0_usize));
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(addr).await?);
    }
    let started = clock::monotonic_nanos();
    let mut tasks = JoinSet::new();
    for mut connection in open {
        let (next, requests) = (next.clone(), requests.clone());
        tasks.spawn_local(async move {
            let mut latencies = Vec::with_capacity(count / connections + 1);
            while next.get() < count {
                let turn = next.replace(next.get() + 1);
                let sent = clock::monotonic_nanos();
                connection.exchange(requests.get(turn)).await?;
                latencies.push(clock::monotonic_nanos() - sent);
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::with_capacity(count);
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
    }
    let elapsed = Duration::from_nanos(clock::monotonic_nanos() - started);
    latencies.sort_unstable();
    Ok(Closed { elapsed, latencies })
}

/// Runs one load and prints what it saw.
#[expect(clippy::print_stdout, reason = "a command that prints its result")]
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    runtime.block_on(local.run_until(async {
        if let Some(plan) = options.streams {
            let mut open = streams::open(options.addr, options.connections).await?;
            let seen = streams::wave(&mut open, options.addr, plan).await?;
            println!("first chunk {}", summary(&seen.first));
            println!("chunk delay {}", summary(&seen.delays));
            return anyhow::Ok(());
        }
        let requests = Rc::new(Requests::chat(options.addr, options.size));
        if let Some(rate) = options.rate {
            let seen = paced::paced(options.addr, requests, rate, options.requests, options.connections).await?;
            println!("{:.0} req/s, {}", seen.rate(), summary(&seen.latencies));
        } else {
            let seen = closed(options.addr, requests, options.connections, options.requests).await?;
            println!("{:.0} req/s, {}", seen.rate(), summary(&seen.latencies));
        }
        Ok(())
    }))
}

fn summary(sorted: &[u64]) -> String {
    let at = |share| float(percentile(sorted, share).unwrap_or_default()) / 1000.0;
    format!("n {}, p50 {:.1} µs, p99 {:.1} µs, max {:.1} µs", sorted.len(), at(0.5), at(0.99), at(1.0))
}
